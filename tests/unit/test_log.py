"""Log lines: their shape, and what they never show."""

import json
import logging
import threading
import warnings
from collections.abc import Iterator
from datetime import datetime

import pytest

from query_generator.log import CHATTY, configure_logging
from query_generator.masking import hide


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Give the root logger back as it was."""
    root = logging.getLogger()
    hook = threading.excepthook
    before = root.handlers, root.level, {name: logging.getLogger(name).level for name in CHATTY}
    yield
    logging.captureWarnings(False)
    threading.excepthook = hook
    root.handlers, level, levels = before
    root.setLevel(level)
    for name, chatty_level in levels.items():
        logging.getLogger(name).setLevel(chatty_level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What went to standard error; standard output is kept free."""
    shown = capsys.readouterr()
    assert shown.out == ""
    return shown.err.splitlines()


def test_text_lines_begin_with_their_component(capsys: pytest.CaptureFixture[str]) -> None:
    """Every text line begins with `[COMPONENT]`, also one of a library."""
    configure_logging("INFO", "text")
    logging.getLogger("job").info("[BATCH] Processing product %d/%d: %s", 3, 100, "Boot")
    logging.getLogger("query_generator.store.ledger").info("claimed")
    logging.getLogger("botocore.retries").warning("[lower] again")
    assert lines(capsys) == ["[BATCH] Processing product 3/100: Boot", "[LEDGER] claimed", "[RETRIES] [lower] again"]


def test_json_lines_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs read time, level, component and message of every line, whatever it holds."""
    configure_logging("INFO", "json")
    logging.getLogger("job").warning('[BATCH WARNING] a "b"\nc é')
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("job").exception("no component")
    first, second = map(json.loads, lines(capsys))
    assert datetime.fromisoformat(first.pop("time")).tzinfo is not None
    assert first == {"level": "WARNING", "component": "BATCH WARNING", "message": 'a "b"\nc é'}
    assert (second["component"], second["level"]) == ("job", "ERROR")
    assert "ValueError: broken" in second["message"]


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(
    "secret", ["AIza-hidden", 'hid"den', "hid\\den", "hïd den", 'hïd"den', "hid\nden", "hid/den", "[DB] hidden"]
)
def test_no_line_shows_a_secret(capsys: pytest.CaptureFixture[str], log_format: str, secret: str) -> None:
    """A key or password is masked in messages, arguments and tracebacks, as it is and as JSON writes it."""
    configure_logging("INFO", log_format)
    hide({secret})
    log = logging.getLogger("job")
    log.info("[DB] plain %s", secret)
    log.info("body %s", json.dumps({"password": secret}))
    log.info("body %s", json.dumps({"password": secret}, ensure_ascii=False))
    try:
        raise ValueError(f"refused: {secret}")
    except ValueError:
        log.exception("[BATCH ERROR] Unexpected error")
    shown = "\n".join(lines(capsys))
    assert shown.count("***") >= 4
    assert "den" not in shown
    if log_format == "json":
        assert all(json.loads(line) for line in shown.splitlines())


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("secret", ["a", "B", "é", "1", "-", "abcde"])
def test_a_short_secret_is_masked_as_a_word_and_breaks_no_other(
    capsys: pytest.CaptureFixture[str], log_format: str, secret: str
) -> None:
    """A key or password of one to five characters is hidden where it stands alone; lines can still be read."""
    configure_logging("INFO", log_format)
    hide({secret})
    log = logging.getLogger("job")
    log.info("[BATCH] Processing product 3/100: xabcdex Bébé-111")
    try:
        raise ValueError(f"refused '{secret}'")
    except ValueError:
        log.exception("[DB] password %s and body %s", secret, json.dumps({"password": secret}))
    first, *rest = lines(capsys)
    assert "Processing product 3/100: xabcdex Bébé-111" in first
    shown = "\n".join(rest)
    assert shown.count("***") == 3
    assert "refused '***'" in shown
    if log_format == "json":
        assert json.loads(first)["component"] == "BATCH"


def test_a_secret_within_a_secret_leaves_no_rest(capsys: pytest.CaptureFixture[str]) -> None:
    """Of two secrets that begin alike, no part of the longer one is seen."""
    configure_logging("INFO", "text")
    hide({"key", "key-long", "key-longer"})
    logging.getLogger("job").info("[AI] key-longer key-long key")
    assert lines(capsys) == ["[AI] *** *** ***"]


def test_a_secret_that_is_fetched_later_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    """Logging is set up before the secrets are there."""
    configure_logging("INFO", "text")
    logging.getLogger("job").info("[AI] none yet")
    hide({"hidden"})
    logging.getLogger("job").info("[AI] hidden")
    assert lines(capsys) == ["[AI] none yet", "[AI] ***"]


@pytest.mark.parametrize(
    ("level", "seen"),
    [("DEBUG", ["d", "i", "w"]), ("INFO", ["i", "w"]), ("WARNING", ["w"]), ("ERROR", [])],
)
def test_the_level_is_the_one_that_was_set(level: str, seen: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`--verbose` and `--quiet` hold, and the SDKs' chatter, which prints whole bodies, never gets through."""
    configure_logging(level, "text")
    for name in ("job", "botocore", "urllib3.connectionpool"):
        log = logging.getLogger(name)
        log.debug("[X] d")
        log.info("[X] i")
    logging.getLogger("job").warning("[X] w")
    assert lines(capsys) == [f"[X] {letter}" for letter in seen]


FORGED = [
    *(
        "\n[BATCH] forged",
        "\r[BATCH] forged",
        "\r\n[DB] forged",
        "\x0b[AI] forged",
        "\x0c[AI] forged",
        "\x1c[AI] forged",
    ),
    *(
        "\x85[INIT] forged",
        "\u2028[INIT] forged",
        "\u2029[INIT] forged",
        "\x1b[2K\x1b[1G[BATCH] forged",
        "\x9b2K[DB] forged",
    ),
    *("\u202e]HCTAB[", "\u2066x\u2069", "\x00", "\x07\x08\x7f", "\udcff", "\ufeff"),
]


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("text", FORGED)
def test_no_text_forges_a_line(text: str, log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name, a job id, a reply or an error with line breaks or control characters stays within its line."""
    configure_logging("DEBUG", log_format)
    log = logging.getLogger("job")
    log.info("[BATCH] Processing product 1/2: %s", f"Boot{text} end")
    log.info(text)
    (named, alone) = lines(capsys)
    assert "Boot" in named
    assert "end" in named
    for line in (named, alone):
        assert line.isprintable()
        shown = json.loads(line)["message"] if log_format == "json" else line
        assert log_format == "json" or shown.startswith("[")
    assert log_format == "json" or alone.startswith("[JOB] ")


@pytest.mark.parametrize("text", FORGED)
def test_a_traceback_can_be_read_and_forges_no_line(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line of it is marked, also those of a chained exception, of a note, and of a message with line breaks."""
    configure_logging("DEBUG", "text")
    try:
        try:
            raise ValueError(f"inner{text}")
        except ValueError as exc:
            exc.add_note(f"a note{text}")
            raise RuntimeError(f"outer{text}") from exc
    except RuntimeError:
        logging.getLogger("job").exception("[BATCH ERROR] Unexpected error")
    first, *trace = lines(capsys)
    assert first == "[BATCH ERROR] Unexpected error"
    assert all(line.startswith("  | ") and line.isprintable() for line in trace)
    shown = "\n".join(trace)
    for part in ("Traceback (most recent call last):", "ValueError: inner", "RuntimeError: outer", "a note", __file__):
        assert part in shown


def test_warnings_and_exceptions_of_threads_are_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    """What Python itself prints to standard error goes through the log."""
    configure_logging("INFO", "text")
    hide({"AIza-hidden-0123"})
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old AIza-hidden-0123", DeprecationWarning, stacklevel=1)

    def fail() -> None:
        raise ValueError("in a thread: AIza-hidden-0123")

    thread = threading.Thread(target=fail, name="pool")
    thread.start()
    thread.join()
    shown = lines(capsys)
    assert [line for line in shown if "AIza" in line or not line.startswith(("[", "  | "))] == []
    assert "  | ValueError: in a thread: ***" in shown
