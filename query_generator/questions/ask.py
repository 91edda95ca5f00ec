"""Asks a provider for the questions of one product and type, and accepts the good ones."""

from collections import Counter

from query_generator.errors import RetryableError, SkippableError, UnusableReplyError
from query_generator.llm.base import GenerationRequest, Provider
from query_generator.models import Generated, Product, QueryType
from query_generator.questions.judged import judged
from query_generator.questions.prompts import build_prompt
from query_generator.unexpected import unexpected_as

CALLS_FOR_AN_ITEM = 2


def ask(
    product: Product, query_type: QueryType, num_questions: int, provider: Provider, existing: tuple[str, ...] = ()
) -> Generated:
    """Ask once for the questions that are missing.

    Args:
        product: the product that the questions are for.
        query_type: whether they are about the product or its market.
        num_questions: how many are wanted in all.
        provider: the provider to call.
        existing: questions from earlier calls; they count, and are not asked for again.

    Returns:
        The new usable questions, perhaps fewer than are missing; `error` is set if the call got no reply.

    Raises:
        FatalError: no further call makes sense.
    """
    wanted = num_questions - len(existing)
    if wanted <= 0:
        return Generated()
    try:
        with unexpected_as(SkippableError):
            prompt = build_prompt(product, query_type, wanted, existing)
            request = GenerationRequest(product, query_type, wanted, prompt, existing)
            reply = judged(request, provider.generate(request))
    except UnusableReplyError as exc:
        return Generated(dropped=Counter(exc.dropped), error=exc)
    except (RetryableError, SkippableError) as exc:
        return Generated(error=exc)
    return Generated(
        reply.accepted.questions,
        reply.accepted.dropped,
        reply.provider,
        reply.model,
        reply.usage.prompt_tokens,
        reply.usage.output_tokens,
    )


def shortage(have: int, wanted: int, dropped: Counter[str]) -> SkippableError:
    """Return the error for an item with too few questions after all its calls; it names the dropped texts by reason."""
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(dropped.items()))
    return SkippableError(
        f"only {have} of {wanted} questions after {CALLS_FOR_AN_ITEM} calls (dropped: {reasons or 'none'})"
    )
