"""What can go wrong at a Gemini service, when it does, and Google's JSON for it."""

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """A way for one call to go; `OK` is the good one."""

    OK = "ok"
    RATE_LIMIT = "rate_limit"
    DAILY_QUOTA = "daily_quota"
    NO_CREDIT = "no_credit"  # not at Gemini
    SERVER_ERROR = "server_error"
    UNAVAILABLE = "unavailable"
    BAD_KEY = "bad_key"
    BAD_REQUEST = "bad_request"
    REGION = "region"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    ODD_ERROR = "odd_error"  # 502 whose JSON is not Google's
    TRUNCATED = "truncated"
    BROKEN_JSON = "broken_json"
    SAFETY = "safety"
    BLOCKED_PROMPT = "blocked_prompt"
    EMPTY_CANDIDATES = "empty_candidates"
    HANG = "hang"  # no reply until the server stops
    DRIP = "drip"  # a good reply, a byte at a time
    DROP = "drop"  # the connection ends without a reply
    DROP_BODY = "drop_body"  # the connection ends in the middle of the reply
    HTML = "html"  # status 200, a proxy's page
    FEW = "few"  # two thirds of the questions
    NO_QUESTIONS = "no_questions"  # as many statements
    GOOD = "good"  # varied questions for each group, as a strong model's
    CARELESS = "careless"  # the same, with mistakes in every fifth
    DIRTY = "dirty"  # every fifth item is numbered, repeated, marked up or no question


@dataclass
class FaultRule:
    """Let calls whose prompt holds `match` fail with probability `rate`, at most `times` of them (`None`: no limit)."""

    fault: Fault
    rate: float = 1.0
    match: str = ""
    times: int | None = None


class FaultPlan:
    """Decide the fate of each call: the script's next entry while it lasts, then the first rule that hits.

    Not safe for threads by itself. The same seed and order of calls give the same faults.
    """

    def __init__(self, script: Iterable[str] = (), rules: Iterable[FaultRule] = (), seed: int = 0) -> None:
        self._script = deque(Fault(entry) for entry in script)
        self._rules = list(rules)
        self._random = random.Random(seed)

    def next_fault(self, prompt: str) -> Fault:
        """Take the next call's fate."""
        if self._script:
            return self._script.popleft()
        for rule in self._rules:
            if rule.match in prompt and rule.times != 0 and self._random.random() < rule.rate:
                rule.times = None if rule.times is None else rule.times - 1
                return rule.fault
        return Fault.OK

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "FaultPlan":
        """Read `{"script": ["drop", "ok"], "rules": [{"fault": "rate_limit", "rate": 0.1, "match": "", "times": 3}]}`.

        Raises ValueError or TypeError for an unknown fault or field.
        """
        rules = [FaultRule(**{**rule, "fault": Fault(rule["fault"])}) for rule in document.get("rules", ())]
        return cls(document.get("script", ()), rules, document.get("seed", 0))


def error_reply(fault: Fault, api_key: str, model: str, retry_delay: str) -> tuple[int, Any] | None:
    """Return the status and JSON of a fault that the service itself reports, `None` for the other faults."""
    quota = "type.googleapis.com/google.rpc.QuotaFailure"
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry_delay}
    per_minute = {"@type": quota, "violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}]}
    per_day = {"@type": quota, "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}
    reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "googleapis.com"}
    bad_key = {**reason, "reason": "API_KEY_INVALID"}
    suspended = f"Permission denied: Consumer 'api_key:{api_key}' has been suspended."
    missing = f"models/{model} is not found for API version v1beta."
    region = "User location is not supported for the API use."
    replies: dict[Fault, tuple[int, Any]] = {
        Fault.RATE_LIMIT: google_error(429, "RESOURCE_EXHAUSTED", "You exceeded your quota.", per_minute, retry),
        Fault.DAILY_QUOTA: google_error(429, "RESOURCE_EXHAUSTED", "You exceeded your quota.", per_day, retry),
        Fault.SERVER_ERROR: google_error(500, "INTERNAL", "An internal error has occurred."),
        Fault.UNAVAILABLE: google_error(503, "UNAVAILABLE", "The model is overloaded."),
        Fault.BAD_KEY: google_error(400, "INVALID_ARGUMENT", "API key not valid.", bad_key),
        Fault.BAD_REQUEST: google_error(400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
        Fault.REGION: google_error(400, "FAILED_PRECONDITION", region),
        Fault.UNAUTHORIZED: google_error(401, "UNAUTHENTICATED", "Request had invalid credentials."),
        Fault.FORBIDDEN: google_error(403, "PERMISSION_DENIED", suspended),
        Fault.NOT_FOUND: google_error(404, "NOT_FOUND", missing),
        Fault.ODD_ERROR: (502, {"error": "bad gateway"}),
    }
    return replies.get(fault)


def google_error(status: int, name: str, message: str, *details: dict[str, Any]) -> tuple[int, Any]:
    """Return an HTTP status and the JSON that Google's services send with it."""
    return status, {"error": {"code": status, "message": message, "status": name, "details": list(details)}}
