"""One tree of errors, classed by what the caller does about them.

Fatal errors end the run with their exit code, retryable ones are worth another try, skippable ones cost one item.
"""

from enum import IntEnum
from typing import NamedTuple


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
    """What a provider has billed for a call though nothing of its reply can be used: the model, and tokens of it.

    `cost_usd` is what they cost, as the meter has priced it; None: not priced, or the price is not known.
    """

    model: str
    prompt_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: float | None = None


class QueryGeneratorError(Exception):
    """Root of every error that this project raises on purpose. `bill` is there where a provider has told one."""

    bill: Bill | None = None


class FatalError(QueryGeneratorError):
    """The run cannot go on. The message names the thing, the cause and the way out."""

    exit_code = ExitCode.UNEXPECTED


class ConfigurationError(FatalError):
    """A setting, a secret or an option is wrong: the same call would fail again."""

    exit_code = ExitCode.BAD_CONFIGURATION


class InputError(FatalError):
    """The input as a whole cannot be used."""

    exit_code = ExitCode.BAD_CONFIGURATION


class PermissionRefusedError(FatalError):
    """A key, a secret or a permission is missing or was refused."""

    exit_code = ExitCode.PERMISSION_REFUSED


class ServiceAwayError(FatalError):
    """A service that the job cannot do without is out of reach: the same job id continues later."""

    exit_code = ExitCode.TRY_AGAIN


class BudgetExhaustedError(FatalError):
    """The budget or a day's quota is used up: the same job id continues later."""

    exit_code = ExitCode.BUDGET_EXHAUSTED


class CostCapReachedError(BudgetExhaustedError):
    """The cap of the job's cost lets nothing more be bought, from whichever provider."""


class InterruptedRunError(FatalError):
    """The run was told to stop: the same job id continues."""

    exit_code = ExitCode.TRY_AGAIN


class RunFencedError(FatalError):
    """Another run has declared this one dead and goes on with its work: this one may write nothing more."""

    exit_code = ExitCode.TRY_AGAIN


class RetryableError(QueryGeneratorError):
    """A transient fault. `retry_after` is the delay in seconds that the service asked for, if it did."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimitedError(RetryableError):
    """The service refused a call because a quota of calls or tokens is used up for the moment.

    `requests_per_minute` and `tokens_per_minute` are the quota itself, where the service has named it. `wait_alone` is
    set by the governor: seconds for which this call alone is not made again; 0 when it holds all calls.
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
    """The service says that it has too much to do at the moment."""


class UnusableReplyError(RetryableError):
    """The service answered as it should, but nothing in the model's reply can be used."""


class CircuitOpenError(RetryableError):
    """The service has failed so often in a row that it is not asked for the next `retry_after` seconds.

    `openings` counts how often the circuit has opened since the service last answered.
    """

    def __init__(self, message: str, retry_after: float, openings: int) -> None:
        super().__init__(message, retry_after)
        self.openings = openings


class SkippableError(QueryGeneratorError):
    """This one item cannot be had, and another try would not help; the other items go on."""
