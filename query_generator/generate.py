"""One product and type in, accepted questions out."""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from query_generator.errors import RetryableError, SkippableError
from query_generator.input.product_fields import product_from_record
from query_generator.llm.base import GenerationRequest, Provider
from query_generator.models import Generated, Product, QueryType
from query_generator.postprocess import accept_questions
from query_generator.prompts import build_prompt

_LOG = logging.getLogger("generate")
CALLS_FOR_AN_ITEM = 2


def ask(
    product: Product, query_type: QueryType, num_questions: int, provider: Provider, existing: tuple[str, ...] = ()
) -> Generated:
    """Ask once for the questions that are missing.

    Args:
        product: whom the questions are about.
        query_type: what the questions are about.
        num_questions: how many are wanted in all.
        provider: who is asked.
        existing: questions that earlier calls have brought; they count, and are not asked for again.

    Returns:
        The new questions that are usable, perhaps fewer than are missing; `error` is set when the call brought nothing.

    Raises:
        FatalError: no further call makes sense.
    """
    wanted = num_questions - len(existing)
    if wanted <= 0:
        return Generated()
    prompt = build_prompt(product, query_type, wanted, existing)
    try:
        reply = provider.generate(GenerationRequest(product, query_type, wanted, prompt, existing))
    except (RetryableError, SkippableError) as exc:
        return Generated(error=exc)
    accepted = accept_questions(reply.texts, wanted, existing, f"{product.name} {product.brand}")
    return Generated(
        accepted.questions,
        accepted.dropped,
        reply.provider,
        reply.model,
        reply.usage.prompt_tokens,
        reply.usage.output_tokens,
    )


def shortage(have: int, wanted: int, dropped: Counter[str]) -> SkippableError:
    """Say that all calls for an item have brought too few questions, and why texts were dropped."""
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(dropped.items()))
    return SkippableError(
        f"only {have} of {wanted} questions after {CALLS_FOR_AN_ITEM} calls (dropped: {reasons or 'none'})"
    )


def generate_questions(
    product_info: Mapping[str, Any], num_questions: int = 25, provider: Provider | None = None
) -> dict[str, list[str]]:
    """Make the questions for one product: one product call and one market call, and one more for what is missing.

    Args:
        product_info: a product as a record of a catalog, see the README for the field names.
        num_questions: how many of each type.
        provider: who is asked; by default what the environment configures.

    Returns:
        `product_questions` and `market_questions`, each a list of at most `num_questions` texts.

    Raises:
        SkippableError: the record is not a product, or the model refuses it.
        RetryableError: the provider fails for a passing reason.
        FatalError: the provider cannot be used.
    """
    product = product_from_record(dict(product_info), 1)
    asked = provider or _configured_provider()
    questions: dict[str, list[str]] = {}
    for query_type in QueryType:
        texts: list[str] = []
        for _ in range(CALLS_FOR_AN_ITEM):
            result = ask(product, query_type, num_questions, asked, tuple(texts))
            texts += result.questions
            if result.error and not texts:
                raise result.error
        if len(texts) < num_questions:
            _LOG.warning("[AI] only %d %s questions for %s", len(texts), query_type, product.name)
        questions[f"{query_type}_questions"] = texts
    return questions


def _configured_provider() -> Provider:
    from query_generator.config import environment_config
    from query_generator.providers import make_provider
    from query_generator.stopping import StopSignal

    return make_provider(environment_config(), StopSignal())[0]
