"""What a command that did not succeed says at its end: what happened, why, and what to type."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from query_generator.errors import ExitCode, FatalError
from query_generator.masking import masked
from query_generator.settings.table import SETTINGS

PROGRAM = ("python", "batch_job.py")
LONGEST_COMMAND = 2000  # characters: what is longer holds products, which nobody types again

HAPPENED: Mapping[ExitCode, str] = {
    ExitCode.BAD_CONFIGURATION: "a setting, a secret or a table cannot be used as it is; nothing that was bought is "
    "lost",
    ExitCode.FINISHED_WITH_ERRORS: "finished, but not everything succeeded",
    ExitCode.BUDGET_EXHAUSTED: "the budget, a quota or the credit is used up; what was done is saved",
    ExitCode.UNEXPECTED: "an unexpected error, a fault of this program; what was done is saved",
    ExitCode.TRY_AGAIN: "a service or a disk cannot be used for the moment; what was done is saved",
    ExitCode.PERMISSION_REFUSED: "a key, a secret or a permission is missing or was refused",
}
# `{command}` is what to type.
WAY_ON: Mapping[ExitCode, str] = {
    ExitCode.BAD_CONFIGURATION: "When that is corrected, type: {command}",
    ExitCode.FINISHED_WITH_ERRORS: "To try again what failed for a cause that may be gone, or with --retry-failed all "
    "that failed, type: {command}",
    ExitCode.BUDGET_EXHAUSTED: "When there is quota or credit again, type: {command}",
    ExitCode.UNEXPECTED: "Report it with the lines above. To go on, type: {command}",
    ExitCode.TRY_AGAIN: "Nothing is lost or bought twice. To go on, type: {command}",
    ExitCode.PERMISSION_REFUSED: "When the key, the secret or the role is corrected, type: {command}",
}
RECORDS_ALONE = "When these records are corrected in the input, type: {command}"


class Ending(NamedTuple):
    """How a command has ended.

    Attributes:
        code: its exit code.
        why: the cause, in lines.
        happened: what happened, in one line; empty for what the exit code means.
        way_on: what to do, with `{command}` for what to type; empty for what the exit code asks for.
    """

    code: ExitCode
    why: str = ""
    happened: str = ""
    way_on: str = ""

    @classmethod
    def of(cls, ended: "ExitCode | Ending") -> "Ending":
        """Return the ending of a command, which may return its exit code alone."""
        return ended if isinstance(ended, Ending) else cls(ended)

    @classmethod
    def by(cls, error: FatalError) -> "Ending":
        """Return the ending by an error."""
        return cls(error.exit_code, str(error), error.happened, error.way_on)


def lines_of(ending: Ending, command: str) -> Iterator[str]:
    """Yield the last lines of a command: what happened, why, and what to type.

    Args:
        ending: of the command; nothing is yielded of one that succeeded.
        command: what to type, as `help_command` or `same_command` tell it.
    """
    code = ExitCode(ending.code)
    if code is ExitCode.SUCCEEDED:
        return
    prefix = "[INPUT ERROR]" if code is ExitCode.BAD_CONFIGURATION else "[BATCH ERROR]"
    yield f"[BATCH] Exit code {code:d}: {ending.happened or HAPPENED[code]}"
    for line in ending.why.splitlines():
        yield f"{prefix} {line}"
    yield f"[BATCH] {(ending.way_on or WAY_ON[code]).replace('{command}', command)}"


def help_command(words: Sequence[str], verbs: Sequence[str]) -> str:
    """Return the command that tells what a verb takes; without a known verb, what there is."""
    verb = [word for word in words[:1] if word in verbs]
    return shlex.join([*PROGRAM, *verb, "--help"])


def same_command(words: Sequence[str] | None, *, job_id: str = "", in_batch: bool = False) -> str:
    """Return what to type to go on.

    Args:
        words: of the command line, without the program; None where they are not good enough to be repeated.
        job_id: of a job to go on with.
        in_batch: whether AWS Batch started the command.
    """
    if in_batch and job_id:
        return f"the same ./submit_batch_job.sh command with --job-id {job_id}"
    if words is None or _holds_products(words):
        return "the same command again" + (f", with --job-id {job_id}" if job_id else "")
    has_id = any(word.partition("=")[0] == SETTINGS["job_id"].option.name for word in words)
    command = shlex.join([*PROGRAM, *words, *(("--job-id", job_id) if job_id and not has_id else ())])
    if len(command) > LONGEST_COMMAND or not command.isprintable() or masked(command) != command:
        return same_command(None, job_id=job_id)
    return command


def _holds_products(words: Sequence[str]) -> bool:
    secret = {declared.option.name for declared in SETTINGS.values() if declared.setting.secret}
    return any(word.partition("=")[0] in secret for word in words if word.startswith("-"))
