"""One product and type in, accepted questions out."""

import logging
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


def generate_type(
    product: Product, query_type: QueryType, num_questions: int, provider: Provider, existing: tuple[str, ...] = ()
) -> Generated:
    """Ask for questions until `num_questions` are there: one call, and one more for the rest if some were dropped.

    What a first call brought is kept when the second one fails.

    Args:
        product: whom the questions are about.
        query_type: what the questions are about.
        num_questions: how many are wanted in all.
        provider: who is asked.
        existing: questions that an earlier try has brought; they count, and are not asked for again.

    Raises:
        FatalError: no further call makes sense.
    """
    result = Generated()
    for _ in range(CALLS_FOR_AN_ITEM):
        known = (*existing, *result.questions)
        wanted = num_questions - len(known)
        if wanted <= 0:
            return result
        prompt = build_prompt(product, query_type, wanted, known)
        try:
            reply = provider.generate(GenerationRequest(product, query_type, wanted, prompt, known))
        except (RetryableError, SkippableError) as exc:
            result.error = exc
            return result
        accepted = accept_questions(reply.texts, wanted, known, f"{product.name} {product.brand}")
        result.questions += accepted.questions
        result.dropped += accepted.dropped
        result.provider, result.model = reply.provider, reply.model
        result.prompt_tokens += reply.usage.prompt_tokens
        result.output_tokens += reply.usage.output_tokens
    have = len(existing) + len(result.questions)
    if have < num_questions:
        dropped = ", ".join(f"{count} {reason}" for reason, count in sorted(result.dropped.items()))
        result.error = SkippableError(
            f"only {have} of {num_questions} questions after {CALLS_FOR_AN_ITEM} calls (dropped: {dropped or 'none'})"
        )
    return result


def generate_questions(
    product_info: Mapping[str, Any], num_questions: int = 25, provider: Provider | None = None
) -> dict[str, list[str]]:
    """Make the questions for one product: one product call and one market call.

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
    product = product_from_record(product_info, 1)
    asked = provider or _configured_provider()
    questions: dict[str, list[str]] = {}
    for query_type in QueryType:
        result = generate_type(product, query_type, num_questions, asked)
        if result.error:
            if not result.questions:
                raise result.error
            _LOG.warning("[AI] %s questions for %s: %s", query_type, product.name, result.error)
        questions[f"{query_type}_questions"] = result.questions
    return questions


def _configured_provider() -> Provider:
    from query_generator.config import environment_config
    from query_generator.providers import make_provider
    from query_generator.stopping import StopSignal

    return make_provider(environment_config(), StopSignal())[0]
