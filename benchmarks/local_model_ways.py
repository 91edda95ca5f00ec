"""The ways to ask a small model for questions that are measured side by side. Each makes the calls of one item."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from benchmarks.local_model_server import RecordingProvider
from query_generator.errors import SkippableError, UnusableReplyError
from query_generator.llm.base import GenerationRequest, Prompt
from query_generator.models import Product, QueryType, Question
from query_generator.questions.ask import ask
from query_generator.questions.checks import Checks, standardize
from query_generator.questions.of_use import OfUseProvider
from query_generator.questions.order import Known, Order
from query_generator.questions.weakness import Weakness

Ask = Callable[[Product, QueryType, RecordingProvider], "Item"]


@dataclass
class Item:
    """The accepted questions of one product and type, and the dropped texts by reason."""

    product: Product
    query_type: QueryType
    questions: list[Question] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Way:
    """A way to ask.

    Attributes:
        about: what is done, in a line.
        begun: begins a run that wants so many questions of each type; returns what asks for an item.
        is_plain: no form of the answer is imposed.
    """

    about: str
    begun: Callable[[int], Ask]
    is_plain: bool = False


def naive(count: int, product: Product, query_type: QueryType, provider: RecordingProvider) -> Item:
    """Ask once in a sentence; keep the first `count` texts that pass the checks, copies among them or not."""
    about = product.name if query_type is QueryType.PRODUCT else f"the market for {product.name}"
    request = GenerationRequest(product, query_type, count, Prompt("", f"Write {count} questions about {about}."))
    item, checks = Item(product, query_type), Checks(product, query_type)
    try:
        texts = provider.generate(request).texts
    except UnusableReplyError:
        item.dropped["unusable_reply"] += 1
        return item
    for text in texts:
        question = standardize(text)
        reason = checks.fault(question) or ("surplus" if len(item.questions) == count else "")
        if reason:
            item.dropped[reason] += 1
        else:
            item.questions.append(Question(question))
    return item


def ordered(order: Order) -> Ask:
    """Ask as a job does: again for what is missing, until the item is complete, its calls are used up, or two replies
    in a row are of no use. What the first replies show of the model counts for the items that follow.
    """
    weakness = Weakness(order)

    def asked(product: Product, query_type: QueryType, provider: RecordingProvider) -> Item:
        chain, item = OfUseProvider(provider), Item(product, query_type)
        was_of_no_use = False
        answered = 0
        while answered < weakness.order.calls:
            known = Known(item.questions, item.dropped, answered=answered)
            result = ask(product, query_type, weakness.order, chain, known)
            weakness.learn(result)
            answered += 1
            item.questions = item.questions + result.questions
            item.dropped = item.dropped + result.dropped
            is_of_no_use = isinstance(result.error, UnusableReplyError)
            item.dropped["unusable_reply"] += is_of_no_use
            is_over = isinstance(result.error, SkippableError) or (is_of_no_use and was_of_no_use)
            if is_over or len(item.questions) >= order.num_questions:
                break
            was_of_no_use = is_of_no_use
        return item

    return asked


WAYS: Mapping[str, Way] = {
    "naive": Way("one sentence, one call, what the checks accept", lambda count: partial(naive, count), is_plain=True),
    "list": Way("prompt version 1: a plain list", lambda count: ordered(Order(count, "1", reask_limit=1))),
    "groups": Way("groups of a plan, whatever comes back", lambda count: ordered(Order(count))),
    "plan": Way("as a job asks a compatible service", lambda count: ordered(Order(count, may_ask_singly=True))),
    "small": Way("small-model mode: one question a call", lambda count: ordered(Order(count, small_model=True))),
}
