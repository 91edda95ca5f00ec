"""The protocol of every LLM provider, with its requests and replies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from query_generator.errors import Bill, QueryGeneratorError
from query_generator.models import Product, QueryType

BYTES_A_TOKEN = 4  # of English; for Chinese this is 0.75 tokens a character
TOKENS_A_QUESTION = 40


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent to a model: standing instructions, and a message with the product's data."""

    system: str
    user: str


CountTokens = Callable[[str, Prompt], int]
"""Counts the tokens of a prompt for a model, as its vendor would bill them, free of charge."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """Ask for `count` questions of one type about one product, none of them in `exclusions`."""

    product: Product
    query_type: QueryType
    count: int
    prompt: Prompt
    exclusions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens billed for one call; of the prompt's, `cached_tokens` came from the vendor's own cache."""

    prompt_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0


def estimated_usage(request: GenerationRequest, output_tokens: int = -1) -> Usage:
    """Return an estimate of the tokens of one call, for use where no reply has told them.

    Without `output_tokens`, an estimate of those of a reply that is there, it is an upper one.
    """
    prompt = len(request.prompt.system.encode(errors="replace")) + len(request.prompt.user.encode(errors="replace"))
    return Usage(prompt // BYTES_A_TOKEN, output_tokens if output_tokens >= 0 else TOKENS_A_QUESTION * request.count)


@contextmanager
def billed(model: str, usage: Usage) -> Iterator[None]:
    """Read a reply inside; an error raised there carries the bill of the call as `bill`, if there is one."""
    try:
        yield
    except QueryGeneratorError as exc:
        if usage != Usage():
            exc.bill = Bill(model, usage.prompt_tokens, usage.output_tokens, usage.cached_tokens)
        raise


def usage_of(bill: Bill) -> Usage:
    """Return the tokens of a bill."""
    return Usage(bill.prompt_tokens, bill.output_tokens, bill.cached_tokens)


@dataclass(frozen=True, slots=True)
class GenerationReply:
    """The texts as the model wrote them, not yet checked as questions, and what they cost.

    `model` is the version that answered, as the vendor names it. `truncated`: the model reached its token limit.
    `cost_usd` is what `usage` costs, as the meter has priced it; None: not priced, or the price is not known.
    `language` (BCP 47) is that of the texts where the provider writes in no other, whatever it is asked for.
    """

    texts: tuple[str, ...]
    provider: str
    model: str
    usage: Usage = Usage()
    truncated: bool = False
    cost_usd: float | None = None
    language: str = ""


class Provider(Protocol):
    """One way to get questions. Safe to call from many threads at once."""

    @property
    def name(self) -> str:
        """Name in `LLM_PROVIDERS`, recorded with every question."""
        ...

    @property
    def model(self) -> str:
        """The model that is asked for."""
        ...

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make one call.

        Raises:
            RetryableError: a transient fault: overload, rate limit (with the delay that was asked for), broken reply.
            SkippableError: the model will not answer this request, however often it is asked. Like UnusableReplyError
                it carries the bill of the call, where the vendor sent one.
            FatalError: no request will be answered: key refused, model unknown, day's quota used up.
        """
        ...


class ProviderAround:
    """Base of a provider around a provider: name and model are those of the one inside."""

    _provider: Provider

    @property
    def name(self) -> str:
        """Name of the provider inside."""
        return self._provider.name

    @property
    def model(self) -> str:
        """Model of the provider inside."""
        return self._provider.model
