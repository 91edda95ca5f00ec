"""What a failed HTTP call means for the job, as far as vendors agree; pure."""

import json
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from query_generator.errors import (
    BudgetExhaustedError,
    ConfigurationError,
    OverloadedError,
    PermissionRefusedError,
    QueryGeneratorError,
    RateLimitedError,
    RefusedRequestError,
    RetryableError,
    SkippableError,
)
from query_generator.llm.reply_size import UnreadableBody
from query_generator.llm.vendor import Vendor
from query_generator.masking import quoted

LONGEST_DELAY = 600.0  # seconds; a limit per minute never asks for more, a daily quota does, and that ends the run
OVERLOADED_STATUSES = frozenset({503, 529})
TOO_LARGE = 413  # a request whatever the settings are
_TRANSIENT_CLIENT_STATUSES = frozenset({408, 409, 425, 499})  # time-out, conflict, too early, cancelled
_NUMBER = re.compile(r"\d+(\.\d+)?")


class ErrorStatus(Exception):  # noqa: N818 - it never leaves the room of the providers
    """A reply with a status other than 200. Its text is the status alone: the body may quote a key or a prompt."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Take headers with names in lower case, and the body as it came."""
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = headers
        self.body = body
        self.error = _error_object(body)
        self.usage: object = None  # what the reply bills, where the error stands in one with status 200
        self.is_inside = False

    @property
    def message(self) -> str:
        """The service's message without secrets, on one line, shortened; empty when it sent none."""
        return quoted(self.error.get("message") or "")

    def described(self) -> str:
        """Return status and message, for our own messages."""
        status = f"HTTP 200 with error {self.status}" if self.is_inside else f"HTTP {self.status}"
        return f"{status} ({self.message})" if self.message else status


_STATUS_BY_WORDS = (
    (402, re.compile(r"insufficient.?(?:credit|balance|fund)|payment.?required|billing", re.IGNORECASE)),
    (429, re.compile(r"rate.?limit|too.?many.?requests|resource.?exhausted|throttl|quota", re.IGNORECASE)),
    (503, re.compile(r"overload|unavailable|at.?capacity|too.?busy|is.?loading", re.IGNORECASE)),
    (401, re.compile(r"api.?key|authentication|unauthenticated|unauthorized", re.IGNORECASE)),
    (403, re.compile(r"permission|forbidden", re.IGNORECASE)),
    (404, re.compile(r"not.?found|does.?not.?exist", re.IGNORECASE)),
    (400, re.compile(r"invalid.?(?:request|argument)|bad.?request", re.IGNORECASE)),
)


def error_inside(reply: object, headers: Mapping[str, str] | None = None) -> ErrorStatus | None:
    """Return the error that stands in a reply with status 200, as if it had come with its own status."""
    if isinstance(reply, list) and len(reply) == 1:
        reply = reply[0]
    if not isinstance(reply, dict):
        return None
    is_error = "error" in (reply.get("type"), reply.get("object"))
    error = reply.get("error") or (reply if is_error else None)
    if not error:
        return None
    error = error if isinstance(error, dict) else {"message": str(error)}
    wait = error.get("retry_after")
    told = {"retry-after": str(wait)} if isinstance(wait, int | float | str) else {}
    found = ErrorStatus(_status_of(error), {**told, **(headers or {})}, json.dumps({"error": error}).encode())
    found.usage, found.is_inside = reply.get("usage"), True
    return found


def _status_of(error: Mapping[str, Any]) -> int:
    """Return the HTTP status that an error means, by its code or its words; 500 where neither tells."""
    codes = [error.get(name) for name in ("code", "status", "status_code", "type")]
    for code in codes:
        if re.fullmatch(r"[45]\d\d", str(code)):
            return int(str(code))
    for words in (" ".join(map(str, codes)), str(error.get("message"))):
        for status, pattern in _STATUS_BY_WORDS:
            if pattern.search(words[:2000]):
                return status
    return 500


def error_from_status(
    vendor: Vendor, reply: ErrorStatus, model: str, delay: float | None = None
) -> QueryGeneratorError:
    """Return the error that a reply means by its status, where its vendor has no rule of its own.

    Args:
        vendor: who has replied.
        reply: with an error status.
        model: that was asked for.
        delay: seconds that the reply asks to wait, if they are not in its headers.
    """
    status, message = reply.status, reply.described()
    delay = requested_delay(reply.headers) if delay is None else delay
    if status == 402:
        return budget_exhausted(vendor, message)
    if delay is not None and delay > LONGEST_DELAY and (status == 429 or status in OVERLOADED_STATUSES):
        return BudgetExhaustedError(
            f"{vendor.title} asks to wait for {delay:g} seconds: {message}; run the same job id again after that"
        )
    if status == 429:
        return RateLimitedError(f"{vendor.title} limits the rate of calls: {message}", delay)
    if status in OVERLOADED_STATUSES:
        return OverloadedError(f"{vendor.title} is overloaded: {message}", delay)
    if status < 400 or status >= 500 or status in _TRANSIENT_CLIENT_STATUSES:
        return RetryableError(f"{vendor.title} did not answer: {message}", delay)
    if status in (401, 403):
        return PermissionRefusedError(
            f"{vendor.title} refused the API key: {message}; check the setting {vendor.key_settings}"
        )
    if status == 404:
        return ConfigurationError(
            f"{vendor.title} knows no model '{model}': {message}; check the setting {vendor.model_settings}"
        )
    refused = SkippableError if status == TOO_LARGE else RefusedRequestError
    return refused(f"{vendor.title} refused the request: {message}")


def budget_exhausted(vendor: Vendor, message: str) -> BudgetExhaustedError:
    """Return the error of an account that gets no more replies for now."""
    return BudgetExhaustedError(
        f"the quota or the credit at {vendor.title} is used up: {message};"
        " raise it or wait for its reset, then run the same job id again"
    )


def requested_delay(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds to wait by `retry-after-ms` or `retry-after`, in seconds or as a date; None without either.

    A date is measured by the service's own clock, the header `date`, since ours may be wrong; without it by `now`.
    """
    milliseconds, after = headers.get("retry-after-ms", "").strip(), headers.get("retry-after", "").strip()
    if _NUMBER.fullmatch(milliseconds):
        return float(milliseconds) / 1000
    if _NUMBER.fullmatch(after):
        return float(after)
    date, service_now = _date(after), _date(headers.get("date", ""))
    if date is None:
        return None
    return max(0.0, (date - (service_now or now or datetime.now(UTC))).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=date.tzinfo or UTC)


@contextmanager
def transport_faults(vendor: Vendor, *wrappers: type[Exception]) -> Iterator[None]:
    """Turn errors of the network inside into ours; `wrappers` are the SDK's exceptions around those of httpx2.

    Raises:
        ErrorStatus: the service replied with one, wrapped or not.
        RetryableError: there was no reply, none in time, or one that is too long.
        SkippableError: the prompt cannot be sent.
    """
    import httpx2

    faults: tuple[type[Exception], ...] = (httpx2.HTTPError, OSError, UnreadableBody, *wrappers)
    try:
        yield
    except faults as exc:
        fault = exc.__cause__ if isinstance(exc, wrappers) else exc
        if isinstance(fault, ErrorStatus):
            raise fault from None
        if isinstance(fault, UnreadableBody):
            raise unreadable(vendor, fault) from None
        if isinstance(fault, httpx2.TimeoutException):
            raise RetryableError(f"{vendor.title} did not answer in time ({type(fault).__name__})") from exc
        raise no_connection(vendor.title, fault) from exc
    except UnicodeEncodeError as exc:
        raise SkippableError("the prompt holds half a surrogate pair, which cannot be sent as UTF-8") from exc


def no_connection(title: str, fault: BaseException | None) -> RetryableError:
    """Return the error of a connection that failed; a portal of a network shows a wrong certificate for a while."""
    cause = fault
    while cause and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    told = (
        f"its certificate is not accepted: {quoted(cause.verify_message)}"
        if isinstance(cause, ssl.SSLCertVerificationError)
        else type(fault).__name__
    )
    return RetryableError(f"the connection to {title} failed ({told})")


def unreadable(vendor: Vendor, fault: UnreadableBody) -> RetryableError:
    """Return the error of a reply whose body was not read: a fault of the service, like no reply at all."""
    return RetryableError(f"{vendor.title}'s reply was left unread: {fault}")


@contextmanager
def expected_shape(vendor: Vendor, *more: type[Exception]) -> Iterator[None]:
    """Read a reply inside; `more` are what an SDK raises for another shape.

    Raises:
        RetryableError: the reply does not have the shape that is read.
    """
    shape = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError)
    faults: tuple[type[Exception], ...] = (*shape, *more)
    try:
        yield
    except faults as exc:
        raise RetryableError(f"{vendor.title}'s reply is not the expected JSON; a proxy may stand between") from exc


def _error_object(body: bytes) -> Mapping[str, Any]:
    """Find the error in `{"error": {…}}`, `{"error": "…"}`, `{"message": "…"}` or `{"detail": "…"}`."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(payload, dict):
        return {}
    error = payload.get("error", payload)
    if isinstance(error, str):
        return {"message": error}
    if not isinstance(error, dict):
        return {}
    return error if "message" in error else {**error, "message": error.get("detail")}
