"""Entry point of the query generator: parse the options, configure, run a command, return its exit code.

The documented functions can be imported from here; their modules are loaded on first use.
"""

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, Any

from query_generator.cli import VERBS, parse_arguments
from query_generator.ending import Ending, help_command, lines_of, same_command
from query_generator.errors import ExitCode, FatalError, ServiceAwayError, file_error
from query_generator.log import begin_outputs, configure_logging, end_outputs, last_words
from query_generator.one_line import one_line
from query_generator.pipeline.starting import in_turn
from query_generator.stopping import StopSignal

if TYPE_CHECKING:
    from query_generator.config import JobConfig

_LOG = logging.getLogger("batch_job")

LAST_SECONDS = 2.0  # for the partial result and the last event, after the time for calls in flight

_DOCUMENTED = {
    "query_generator.api": (
        "generate_questions",
        "get_db_connection",
        "get_product_ids_from_job",
        "load_input_data",
        "save_queries_to_rds",
        "save_to_s3",
    ),
    "secrets_cache": ("get_gemini_api_key", "get_rds_config", "initialize_secrets"),
}


def __getattr__(name: str) -> Any:
    for module, names in _DOCUMENTED.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code and never raises. What it writes is for its user alone."""
    os.umask(0o077)
    _fill_standard_streams()
    begin_outputs()
    if not logging.root.handlers:
        configure_logging("INFO", "text")
    stop = StopSignal()
    _stop_on_signals(stop)
    try:
        return _run(argv, stop)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _run(argv: Sequence[str] | None, stop: StopSignal) -> int:
    """Run one command; returns its exit code. One that did not succeed says what happened, why, and what to type."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = help_command(words, [*VERBS])
    unexpected: Exception | None = None
    try:
        arguments = parse_arguments(words)
        command = same_command(None)
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # the search for plugins takes 60 ms
        config = _configure(arguments)
        configure_logging(config.log_level, config.log_format)
        for note in _notes(arguments):
            _LOG.info("[INIT] %s", note)
        stop.drain_seconds = config.drain_seconds
        verb = " ".join(word for word in (arguments["verb"] or "run", arguments.get("action")) if word)
        job_id = config.job_id if verb == "run" and not config.dry_run else ""
        command = same_command(words, job_id=job_id, in_batch="AWS_BATCH_JOB_ID" in os.environ)
        ending = Ending.of(_command(verb)(config, stop))
    except SystemExit as exc:  # argparse, after --help
        return int(exc.code or 0)
    except FatalError as exc:
        ending = Ending.by(exc)
    except Exception as exc:
        if isinstance(exc, OSError) and isinstance(away := file_error("writing", exc), ServiceAwayError):
            ending = Ending.by(away)
        else:
            unexpected = exc
            ending = Ending(ExitCode.UNEXPECTED, f"Unexpected error: {type(exc).__name__}: {one_line(str(exc))}")
    for line in lines_of(ending, command):
        _LOG.error("%s", line, exc_info=unexpected if line.startswith("[BATCH ERROR]") else None)
    return int(ending.code)


def _fill_standard_streams() -> None:
    """Open what was closed before the start, or the next file or socket gets its number and other programs' output."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(opened)


_COMMANDS = {
    "run": "run.run",
    "report": "report.report",
    "evaluate": "evaluate.evaluate",
    "init-db": "init_db.init_db",
    "cache warm": "cache.warm_cache",
    "cache stats": "cache.report_cache",
}


def _command(verb: str) -> Callable[["JobConfig", StopSignal], ExitCode | Ending]:
    """Return the function of a verb, loading only that verb's modules."""
    module, _, function = _COMMANDS[verb].partition(".")
    command: Callable[[JobConfig, StopSignal], ExitCode | Ending]
    command = getattr(import_module(f"query_generator.commands.{module}"), function)
    return command


def _configure(arguments: dict[str, str | None]) -> "JobConfig":
    """Read the configuration. Children of an array take turns, and import the rest of the job as well."""
    is_child = "AWS_BATCH_JOB_ARRAY_INDEX" in os.environ
    with in_turn("start") if is_child else nullcontext():
        from query_generator.config import load_config

        config = load_config(arguments, os.environ)
        if is_child:
            import_module("query_generator.pipeline.job")
    return config


def _notes(arguments: dict[str, str | None]) -> Iterable[str]:
    from query_generator.config import notes

    return notes(arguments, os.environ)


def _cut_short(number: int, reason: str) -> Ending:
    """Return the ending of a run that leaves without waiting for the calls in flight."""
    why = f"a second signal, {signal.Signals(number).name}"
    if number == signal.SIGALRM:
        why = f"after {reason} a service neither answered nor closed the connection for longer than DRAIN_SECONDS"
    happened = "interrupted, without waiting for the calls in flight; what was saved is kept"
    return Ending(ExitCode.TRY_AGAIN, why, happened, "To go on, type: {command}, with the job id that is named above")


def _stop_on_signals(stop: StopSignal) -> None:
    """Stop cleanly on SIGTERM and Ctrl-C; a second signal exits at once, without losing anything that was saved.

    An alarm ends a run that waits for a service which neither answers nor closes the connection.
    """
    signals = 0

    def handle(number: int, _: FrameType | None) -> None:
        nonlocal signals
        signals += 1
        if signals > 1 or number == signal.SIGALRM:
            last_words(*lines_of(_cut_short(number, stop.reason), same_command(None)))
            os._exit(ExitCode.TRY_AGAIN)
        stop.set(signal.Signals(number).name)
        signal.setitimer(signal.ITIMER_REAL, stop.drain_seconds + LAST_SECONDS)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, handle)


if __name__ == "__main__":
    gc.set_threshold(10_000)  # of 700, most of what is imported would be looked through again and again
    code = main()
    gc.freeze()  # or the final collection scans all objects of the SDKs, which takes half as long as their import
    end_outputs()
    sys.exit(code)
