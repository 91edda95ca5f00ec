"""Asks a provider for the questions of one product and type, and accepts the good ones."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from query_generator.errors import RetryableError, SkippableError, UnusableReplyError
from query_generator.llm.base import GenerationRequest, Provider, Usage
from query_generator.models import Generated, Product, QueryType
from query_generator.questions.accept import DUPLICATE, NEAR_COPY, Verdict
from query_generator.questions.judged import JudgedReply, judged
from query_generator.questions.near_copies import FEW_KEPT
from query_generator.questions.order import Known, Order, Surroundings, join, next_request
from query_generator.questions.sharing import SharedSet, Taken, request_for_set
from query_generator.unexpected import unexpected_as

FEWEST_COPIES = 8  # in a reply, before it is worth a warning


def ask(
    product: Product,
    query_type: QueryType,
    order: Order,
    provider: Provider,
    known: Known | None = None,
    around: Surroundings | None = None,
) -> Generated:
    """Ask once for the questions that are missing.

    Args:
        product: the product that the questions are for.
        query_type: whether they are about the product or its market.
        order: what is wanted of each item.
        provider: the provider to call.
        known: what is known of the item.
        around: what is known of other products.

    Returns:
        The new usable questions, perhaps fewer than are missing; `error` is set if the call got no reply.

    Raises:
        FatalError: no further call makes sense.
    """
    return _asked(provider, order, lambda: next_request(product, query_type, order, known, around))


def _asked(provider: Provider, order: Order, request_of: Callable[[], GenerationRequest | None]) -> Generated:
    try:
        with unexpected_as(SkippableError):
            request = request_of()
            if request is None:
                return Generated()
            reply = judged(request, provider.generate(request))
    except UnusableReplyError as exc:
        return Generated(dropped=Counter(exc.dropped), error=exc)
    except (RetryableError, SkippableError) as exc:
        return Generated(error=exc)
    return _generated(reply, reply.verdict, reply.usage, order)


def _generated(reply: JudgedReply, verdict: Verdict, usage: Usage, order: Order) -> Generated:
    return Generated(
        verdict.questions,
        verdict.dropped,
        reply.provider,
        reply.model,
        usage.prompt_tokens,
        usage.output_tokens,
        prompt_version=order.prompt_version,
        examples=verdict.examples,
    )


def ask_both(
    product: Product,
    order: Order,
    provider: Provider,
    known: Mapping[QueryType, Known],
    around: Surroundings | None = None,
) -> dict[QueryType, Generated]:
    """Ask for both types of a product's questions, in one call where they can be joined; otherwise as `ask`.

    The first type bears the tokens of such a call. Where the model refuses it, each type is asked for alone.
    """
    try:
        with unexpected_as(SkippableError):
            requests = [next_request(product, query_type, order, known[query_type], around) for query_type in QueryType]
            own, beside = requests
            request = join(own, beside, order) if own and beside else None
            reply = judged(request, provider.generate(request)) if request else None
    except UnusableReplyError as exc:
        return {query_type: Generated(dropped=Counter(exc.dropped), error=exc) for query_type in QueryType}
    except RetryableError as exc:
        return {query_type: Generated(error=exc) for query_type in QueryType}
    except SkippableError:
        reply = None
    if reply is None:
        return {kind: ask(product, kind, order, provider, known[kind], around) for kind in QueryType}
    return {
        QueryType.PRODUCT: _generated(reply, reply.verdict, reply.usage, order),
        QueryType.MARKET: _generated(reply, reply.beside, Usage(), order),
    }


def ask_for_set(
    product: Product,
    query_type: QueryType,
    order: Order,
    provider: Provider,
    shared: SharedSet,
    around: Surroundings | None = None,
) -> Generated:
    """Ask once for the questions that a set lacks, for whichever of its products; otherwise as `ask`."""
    return _asked(provider, order, lambda: request_for_set(product, query_type, order, shared, around))


def beside(taken: Taken, own: Generated) -> Generated:
    """Return what a call has brought together with what its item takes from a set."""
    shared = list(taken.known.shared)
    if own.error:
        return replace(own, shared=shared)
    questions, dropped = [*shared, *own.questions], own.dropped + taken.dropped
    return replace(own, questions=questions, dropped=dropped, examples=taken.examples | own.examples, shared=shared)


def shortage(have: int, wanted: int, calls: int, dropped: Counter[str]) -> SkippableError:
    """Return the error for an item with too few questions after all its calls; it names the dropped texts by reason."""
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(dropped.items()))
    return SkippableError(f"only {have} of {wanted} questions after {calls} calls (dropped: {reasons or 'none'})")


def are_mostly_copies(generated: Generated) -> bool:
    """Whether so much of a call's texts are copies that the model, or the rule for copies, must be off."""
    copies = generated.dropped[DUPLICATE] + generated.dropped[NEAR_COPY]
    return copies >= FEWEST_COPIES and len(generated.questions) < FEW_KEPT * (copies + len(generated.questions))
