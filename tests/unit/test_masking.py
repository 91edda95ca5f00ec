"""A secret is taken out of a text wherever it stands; a short one only where it is a word."""

import json

import pytest

from query_generator.masking import MASK, QUOTED, Masker, hide, masked, quoted, shown, values_without_keys
from tests.support.disguises import DISGUISES, reveals

KEYS = (
    "AIza/Sy+Canary-0123_456789.xyz==",
    "sk-ant-canary01",
    'p&ss/w%rd+"Canary"-é-98765',
    "pass%41word 1",
    "dés😀\\x-42",
)
LINE = "benchmark 2026-11-25 [DB] done. e=1, cost $5 (a - b) path_x"


def without(text: str, secret: str) -> str:
    """Mask one secret."""
    masker = Masker()
    masker.hide({secret})
    return masker.masked(text)


@pytest.mark.parametrize("secret", ["a", "e", "x", "mark", "bench", "-", ".", "]", "$", "_", "[DB", "k 2", "(a"])
def test_a_short_secret_leaves_the_words_of_a_line_alone(secret: str) -> None:
    """A password of a letter or a sign garbles no word, no date and no component, and is hidden where it stands."""
    shown = without(LINE, secret)
    for kept in ("benchmark", "2026-11-25", "done", "cost", "path_x"):
        assert kept in shown
    for around in ("key={},", "'{}'", "user:{}@host", "\n{}\n", "{}"):
        assert without(around.format(secret), secret) == around.format("***")


@pytest.mark.parametrize(("secret", "masked"), [("abcde", "xabcdex ***"), ("abcdef", "x***x ***")])
def test_from_six_characters_on_a_secret_is_hidden_within_words(secret: str, masked: str) -> None:
    """A text that has grown together with a real key shows nothing of it."""
    assert without(f"x{secret}x {secret}", secret) == masked


@pytest.mark.parametrize("secret", ['a"', 'a"b', "é", "a\\", "a\nb", 'long "secret"', "lång", "line\nbreak\\"])
def test_the_ways_in_which_json_writes_a_secret_are_hidden_too(secret: str) -> None:
    """Escaped or not, long or short."""
    for text in (json.dumps({"k": secret}), json.dumps({"k": secret}, ensure_ascii=False), f"<{secret}>"):
        shown = without(text, secret)
        assert shown in ('{"k": "***"}', "<***>")


def test_an_empty_secret_is_none() -> None:
    """A database without a password changes no line."""
    assert without(LINE, "") == LINE


@pytest.mark.parametrize("secret", ["\\1", ".*", "a|b", "(", "\\g<0>", "[a]+\\d{3}"])
def test_a_secret_is_no_pattern(secret: str) -> None:
    """Signs that mean something in a regular expression are taken as they are."""
    assert without(f"is {secret} here", secret) == "is *** here"


@pytest.mark.parametrize("around", ["no good: {} was sent", '{{"key": "{}"}}', "{}"])
@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("secret", KEYS)
def test_a_secret_is_found_in_every_disguise(secret: str, disguise: str, around: str) -> None:
    """Escaped, encoded, both, at any place of what is encoded: nobody can make it out, and the text around it stays."""
    text = around.format(DISGUISES[disguise](secret))
    assert reveals(text, secret) or secret not in KEYS[:2]
    shown = without(text, secret)
    assert not reveals(shown, secret)
    before, after = around.format(MASK).split(MASK)
    assert MASK in shown
    assert shown.startswith(before)
    assert shown.rstrip().endswith(after.rstrip() if disguise != "base64, lines" else after[-3:])


@pytest.mark.parametrize("disguise", DISGUISES)
def test_each_of_several_secrets_is_found(disguise: str) -> None:
    """Also where one stands beside the other."""
    masker = Masker()
    masker.hide(KEYS)
    shown = masker.masked(" and ".join(map(DISGUISES[disguise], KEYS)))
    assert not [secret for secret in KEYS if reveals(shown, secret)]


@pytest.mark.parametrize("secret", ["postgres", "password", "hunter", "s3cret!"])
def test_a_password_that_is_a_word_leaves_other_spellings_of_it_alone(secret: str) -> None:
    """The line of a database whose password is `postgres` can still be read."""
    line = "[DB] PostgreSQL at db:5432; Password and Hunters"
    assert without(line, secret) == line
    for text in (secret, secret.upper(), f"%{ord(secret[0]):02x}{secret[1:]}"):
        assert without(f"is {text}.", secret) == "is ***."


@pytest.mark.parametrize(
    "unit", ["%25", "\\", "&amp;", "%41", "\\u0041", "&#65;", "%2", "AIza/Sy+Canary", "QUl", "41:", " "]
)
def test_no_text_costs_more_than_its_length(unit: str) -> None:
    """A service cannot keep a job busy with what it repeats: ten times the text is no hundred times the steps."""
    masker = Masker()
    masker.hide(KEYS)
    text = unit * (200_000 // len(unit))
    assert masker.masked(f"{text} {KEYS[0]}").endswith("***")


def test_what_is_quoted_is_masked_before_it_is_cut() -> None:
    """A key at the edge of the quoted part leaves no half of itself, and the quotation is one line."""
    hide({KEYS[0]})
    for length in range(QUOTED - len(KEYS[0]), QUOTED):
        message = quoted("x" * length + KEYS[0] + "\nand more.")
        assert "AIza" not in message
        assert len(message) <= QUOTED
    assert quoted("one\n two .") == "one two "


def test_data_loses_keys_and_keeps_its_words() -> None:
    """What goes out as JSON keeps its shape, and no password that is a word or a number spoils it."""
    hide({"7", "mountain", "internationally", KEYS[0]})
    details = {"7": 7, "names": [f"is {KEYS[0]}", "a mountain 7", 1.7, None, True], "at": ("internationally",)}
    kept = {"7": 7, "names": ["is ***", "a mountain 7", 1.7, None, True], "at": ["internationally"]}
    assert values_without_keys(details) == kept
    assert masked("a mountain 7") == "a *** ***"


@pytest.mark.parametrize(
    "name", ["a\nb", "a\r\nb", "a\x1b[31mb", "a\u2028b", "a\u2029b", "a\x85b", "a\x0bb", "a\u202eb", "a\udc80b"]
)
def test_what_is_shown_is_one_line(name: str) -> None:
    """A name from a catalog adds no line to the summary and steers no terminal, and can be printed."""
    assert len(shown(name).splitlines()) == 1
    assert shown(name).isprintable()
    assert shown(name).encode()
    assert (shown(name)[0], shown(name)[-1]) == ("a", "b")
