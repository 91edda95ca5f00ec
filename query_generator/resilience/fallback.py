"""Falls back to the next provider when one fails."""

import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence

from query_generator.errors import (
    BudgetExhaustedError,
    CircuitOpenError,
    ConfigurationError,
    CostCapReachedError,
    FatalError,
    PermissionRefusedError,
    QueryGeneratorError,
    RateLimitedError,
    RefusedRequestError,
    RepliesOfNoUseError,
    RetryableError,
    SkippableError,
    UnusableReplyError,
)
from query_generator.llm.base import GenerationReply, GenerationRequest, Provider
from query_generator.models import QueryType

_LOG = logging.getLogger("fallback")
OUT_FOR_THE_RUN = (BudgetExhaustedError, PermissionRefusedError, ConfigurationError)
UNUSABLE_REPLIES = 5  # in a row
_Writer = tuple[str, str]  # a provider, and its model where it has several


class FallbackProvider:
    """Calls each provider in turn until one answers.

    It moves to the next provider at once if a circuit is open or a model refuses, and after the retries if a fault is
    transient. A provider whose daily quota is used up, whose key is refused or whose model is unknown is not called
    again in this run, nor a model of one with `unusable_replies` in a row, unless no other provider is left.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        unusable_replies: int = UNUSABLE_REPLIES,
        models: Mapping[str, Mapping[QueryType, str]] | None = None,
    ) -> None:
        """Take the providers in order; `models` by provider and type of question, where they are not all the same."""
        self._providers = list(providers)
        self._limit = unusable_replies
        self._models = models or {}
        self._unusable: Counter[_Writer] = Counter()
        self._out: dict[str, FatalError] = {}
        self._in_vain: dict[_Writer, FatalError] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Names of the providers, in order."""
        return ", ".join(provider.name for provider in self._providers)

    @property
    def model(self) -> str:
        """Models of the providers, in order."""
        return ", ".join(provider.model for provider in self._providers)

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Return the reply of the first provider that answers.

        Raises:
            CircuitOpenError: the circuits of all providers that are left in this run are open.
            RetryableError, SkippableError: all providers failed; the message names each cause.
            CostCapReachedError: the job's cap leaves too little for a call to any provider.
            FatalError: no provider can be called in this run.
        """
        causes: dict[str, QueryGeneratorError] = {}
        for provider in self._providers:
            writer = provider.name, self._models.get(provider.name, {}).get(request.query_type, "")
            out = self._out.get(provider.name) or self._in_vain.get(writer)
            if out:
                causes[provider.name] = out
                continue
            try:
                reply = provider.generate(request)
            except CostCapReachedError:
                raise
            except OUT_FOR_THE_RUN as exc:
                with self._lock:
                    self._put_out(provider.name, exc)
                causes[provider.name] = exc
            except (RetryableError, SkippableError) as exc:
                causes[provider.name] = exc
                if isinstance(exc, UnusableReplyError):
                    self._count_unusable(writer, exc)
            else:
                self._unusable[writer] = 0
                return reply
        raise error_of_all(causes)

    def _count_unusable(self, writer: _Writer, error: UnusableReplyError) -> None:
        """Put a model out whose replies cost money for nothing, if another provider can stand in."""
        name, model = writer
        with self._lock:
            self._unusable[writer] += 1
            out = {name, *self._out, *(other for other, _ in self._in_vain)}
            is_last = all(provider.name in out for provider in self._providers)
            if self._unusable[writer] < self._limit or writer in self._in_vain or is_last:
                return
            reason = f"its last {self._limit} replies were of no use. The last one: {error}"
            self._in_vain[writer] = RepliesOfNoUseError(reason)
            of_model = f" ({model})" if model else ""
            _LOG.warning("[AI ERROR] %s%s is not asked any more in this run: %s", name, of_model, reason)

    def _put_out(self, name: str, error: FatalError) -> None:
        first = name not in self._out
        self._out[name] = error
        if first and len(self._providers) > 1:
            _LOG.warning("[AI ERROR] %s is not asked any more in this run: %s", name, error)


def error_of_all(causes: dict[str, QueryGeneratorError]) -> QueryGeneratorError:
    """Join the errors of the providers, by name, into the one error that decides what to do next.

    If any provider may answer later, the error is transient: CircuitOpenError if only open circuits are left,
    RateLimitedError if any provider limits calls, since an item must never fail because of a rate limit, and
    UnusableReplyError if what was paid for was of no use and no provider was away.
    """
    if len(causes) == 1:
        return next(iter(causes.values()))
    message = "every provider failed: " + "; ".join(f"{name}: {error}" for name, error in causes.items())
    lasting = [error for error in causes.values() if isinstance(error, FatalError)]
    others = [error for error in causes.values() if not isinstance(error, FatalError)]
    if not others:
        spent = next((error for error in lasting if isinstance(error, BudgetExhaustedError)), lasting[0])
        return type(spent)(message)
    circuits = [error for error in others if isinstance(error, CircuitOpenError)]
    if len(circuits) == len(others):
        soonest = min(error.retry_after or 0.0 for error in circuits)
        return CircuitOpenError(message, soonest, min(error.openings for error in circuits))
    limited = [error for error in others if isinstance(error, RateLimitedError)]
    if limited:
        return RateLimitedError(message, min(error.retry_after or 0.0 for error in limited))
    if all(isinstance(error, UnusableReplyError | SkippableError) for error in others):
        return _error_of_answers(message, others, may_be_mended=bool(lasting))
    return RetryableError(message)


def _error_of_answers(
    message: str, answers: Sequence[QueryGeneratorError], *, may_be_mended: bool
) -> QueryGeneratorError:
    """Return the error of providers which all answered or refused: an unusable reply may be another one next time, and
    a provider whose key or model is mended may answer what others refuse.
    """
    unusable = [error for error in answers if isinstance(error, UnusableReplyError)]
    if not unusable:
        may_be_mended = may_be_mended or any(isinstance(error, RefusedRequestError) for error in answers)
        return RefusedRequestError(message) if may_be_mended else SkippableError(message)
    joined = UnusableReplyError(message)
    joined.looks_like = unusable[-1].looks_like
    joined.dropped = sum((Counter(error.dropped) for error in unusable), Counter())
    return joined
