"""The protocol of every LLM provider, with its requests and replies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from query_generator.errors import Bill, QueryGeneratorError
from query_generator.models import Product, QueryType, SlotGroup, StoredText

BYTES_A_TOKEN = 4  # of English; for Chinese this is 0.75 tokens a character
TOKENS_A_QUESTION = 40


FIRST_PROMPT_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent to a model: standing instructions, and a message with the product's data.

    `hint` ends the message and changes with what a run has seen of other products. It is no part of what the cache
    knows a reply by, so that the same product is not bought again for another hint.
    """

    system: str
    user: str
    version: str = FIRST_PROMPT_VERSION
    hint: str = ""

    @property
    def message(self) -> str:
        """The whole message."""
        return f"{self.user}\n\n{self.hint}" if self.hint else self.user


CountTokens = Callable[[str, Prompt], int]
"""Counts the tokens of a prompt for a model, as its vendor would bill them, free of charge."""


class BrandFinder(Protocol):
    """Knows the brands of other products."""

    def found(self, question: str, own: Any) -> str:
        """Return the brand of another product that a question names, or nothing; `own` are the product's own names."""
        ...


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """Ask for questions of one type about one product, none of them in `exclusions`.

    `count` of them are needed. `groups` say which ones, by a plan; then `asked` has for each group how many the prompt
    asks for, which may be more than are needed. Without groups, `count` are asked for as a plain list.

    With an `opener`, which may be empty, one question is asked for as a plain text that goes on from it.

    What the prompt does not tell, and what makes no other reply: `stored` are questions that the product has from
    elsewhere, `other_brands` knows the brands of other products, `is_last` tells that the item is not asked for
    again, and `locale` is that of the questions, as BCP 47; "" is the language of the product's texts.

    `beside` is a request for questions of another type about the product that the same call answers: its groups are
    among the `groups`, and what comes for them is checked by it.
    """

    product: Product
    query_type: QueryType
    count: int
    prompt: Prompt
    exclusions: tuple[str, ...] = ()
    groups: tuple[SlotGroup, ...] = ()
    asked: tuple[int, ...] = ()
    stored: tuple[StoredText, ...] = ()
    other_brands: BrandFinder | None = field(default=None, repr=False, compare=False)
    is_last: bool = False
    opener: str | None = None
    locale: str = ""
    beside: "GenerationRequest | None" = None

    @property
    def asked_in_all(self) -> int:
        """How many questions the prompt asks for."""
        return sum(self.asked) if self.groups else self.count


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
    prompt = len(request.prompt.system.encode(errors="replace")) + len(request.prompt.message.encode(errors="replace"))
    return Usage(
        prompt // BYTES_A_TOKEN, output_tokens if output_tokens >= 0 else TOKENS_A_QUESTION * request.asked_in_all
    )


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

    `keys` has for each text the key of the group that the model wrote it for, empty where it told none; no keys at all
    where no text has one. `model` is the version that answered, as the vendor names it. `truncated`: the model reached
    its token limit. `locale` (BCP 47) is set by a writer that knows one language only, whatever is asked for.
    `cost_usd` is what `usage` costs, as the meter has priced it; None: not priced, or the price is not known.
    """

    texts: tuple[str, ...]
    provider: str
    model: str
    usage: Usage = Usage()
    truncated: bool = False
    cost_usd: float | None = None
    keys: tuple[str, ...] = ()
    locale: str = ""


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
