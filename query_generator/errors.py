"""The project's errors, classed by what the caller does about them.

Fatal errors end the run with their exit code, retryable ones are worth another try, skippable ones cost one item.
"""

import errno
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from query_generator.masking import masked

# Room, a device or a limit of open files may come back; a wrong path does not.
_TRANSIENT_FILE_ERRORS = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOMEM, errno.ENFILE, errno.EMFILE),
        *(errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN),
    }
)


class ExitCode(IntEnum):
    """Exit codes of every command; the retry rules of the job definition are written against them."""

    SUCCEEDED = 0
    BAD_CONFIGURATION = 64
    FINISHED_WITH_ERRORS = 65
    BUDGET_EXHAUSTED = 69
    UNEXPECTED = 70
    TRY_AGAIN = 75
    PERMISSION_REFUSED = 77


class Bill(NamedTuple):
    """What a provider billed for a call whose reply cannot be used: the model and its tokens.

    `cost_usd` is what they cost, as the meter priced it; None if it was not priced or the price is not known.
    """

    model: str
    prompt_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: float | None = None


class QueryGeneratorError(Exception):
    """Base of every error that this project raises on purpose. `bill` is set if a provider reported one.

    Messages quote services, drivers and SDKs, which may repeat a secret: they are masked here, where they are made.
    """

    bill: Bill | None = None

    def __init__(self, message: str = "") -> None:
        super().__init__(masked(message))


class FatalError(QueryGeneratorError):
    """The run cannot continue. The message says why.

    `happened` is a line that says what happened, `way_on` one that says what to do, with `{command}` for what to type;
    empty where what `ending` says of the exit code is good enough.
    """

    exit_code = ExitCode.UNEXPECTED
    happened = ""
    way_on = ""


class ConfigurationError(FatalError):
    """A setting, a secret or an option is wrong: the same call would fail again."""

    exit_code = ExitCode.BAD_CONFIGURATION


class CommandLineError(ConfigurationError):
    """The words of the command line cannot be understood."""

    happened = "the command line cannot be understood; nothing was done"
    way_on = "To see what there is, type: {command}"


class SettingsError(ConfigurationError):
    """Settings are missing or wrong."""

    happened = "settings are missing or wrong; nothing was done"
    way_on = "When that is corrected, type: {command}; what there is to set is told by: python batch_job.py --help"


class OtherTermsError(ConfigurationError):
    """A job is to go on with other terms than it began with."""

    happened = "the job began on other terms; nothing that was bought is lost"
    way_on = "With one of these changes, type: {command}"


class InputError(FatalError):
    """The input as a whole cannot be used."""

    exit_code = ExitCode.BAD_CONFIGURATION
    happened = "the input cannot be used; nothing that was bought is lost"


class PermissionRefusedError(FatalError):
    """A key, a secret or a permission is missing or was refused."""

    exit_code = ExitCode.PERMISSION_REFUSED


class ServiceAwayError(FatalError):
    """A service that the job needs is out of reach: the same job id continues later."""

    exit_code = ExitCode.TRY_AGAIN


class BudgetExhaustedError(FatalError):
    """The budget or a day's quota is used up: the same job id continues later."""

    exit_code = ExitCode.BUDGET_EXHAUSTED


class CostCapReachedError(BudgetExhaustedError):
    """The job's cost cap leaves too little for another call, to any provider."""

    happened = "the cap of the cost is reached; what was done is saved"
    way_on = "To go on, with a higher amount in --max-cost (MAX_COST_USD), type: {command}"


class RepliesOfNoUseError(FatalError):
    """Nothing more is bought, since what was paid for could not be used: another run by itself would pay again."""

    exit_code = ExitCode.FINISHED_WITH_ERRORS
    happened = "stopped, since what was paid for was of no use; what was done is saved"
    way_on = "With one of these changes, type: {command}"


class InterruptedRunError(FatalError):
    """The run was asked to stop: the same job id continues later."""

    exit_code = ExitCode.TRY_AGAIN
    happened = "interrupted; what was done is saved"


def file_error(doing: str, error: OSError, way_out: str = "") -> FatalError:
    """Return our error for one of the operating system about a file: a full disk is away, a wrong path is wrong."""
    is_transient = error.errno in _TRANSIENT_FILE_ERRORS
    then = "make room or mend the disk, then run the same job id again" if is_transient else way_out
    message = f"{doing}: {error.strerror or error}" + (f"; {then}" if then else "")
    return ServiceAwayError(message) if is_transient else ConfigurationError(message)


class RunFencedError(FatalError):
    """Another run declared this one dead and took over its work: this one must not write any more."""

    exit_code = ExitCode.TRY_AGAIN
    happened = "another run of the same job has taken over; what was done is saved"
    way_on = "The other run goes on with the job. If it does not, type: {command}"


class RetryableError(QueryGeneratorError):
    """A transient fault. `retry_after` is the delay in seconds that the service asked for, if it did."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimitedError(RetryableError):
    """The service refused a call because a quota of calls or tokens is used up for the moment.

    `requests_per_minute` and `tokens_per_minute` are the quota itself, if the service named it. The governor sets
    `wait_alone`: the seconds before this call alone is retried; 0 when the governor holds all calls.
    """

    def __init__(
        self,
        message: str,
        retry_after: float | None = None,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
    ) -> None:
        super().__init__(message, retry_after)
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self.wait_alone = 0.0


class OverloadedError(RetryableError):
    """The service reports that it is overloaded."""


class UnusableReplyError(RetryableError):
    """The service answered, but nothing in the model's reply can be used.

    `looks_like` is its beginning, as people may see it; `dropped` counts its texts by reason.
    """

    looks_like = ""
    dropped: Mapping[str, int] = {}


class CircuitOpenError(RetryableError):
    """The service failed too often in a row: it is not called for the next `retry_after` seconds.

    `openings` counts how often the circuit has opened since the service last answered.
    """

    def __init__(self, message: str, retry_after: float, openings: int) -> None:
        super().__init__(message, retry_after)
        self.openings = openings


class SkippableError(QueryGeneratorError):
    """This item cannot be completed, and another attempt would not help; the other items continue."""


class RefusedRequestError(SkippableError):
    """The service refuses the request as it is: the cause may be a setting, so a later run tries the item again."""
