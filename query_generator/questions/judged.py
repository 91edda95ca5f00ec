"""Replies whose texts have been checked, so that each reply is checked only once on its way to the item."""

from dataclasses import dataclass

from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.questions.checks import Accepted, Checks, accept_questions


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedReply(GenerationReply):
    """A reply to one request, with the usable questions among its texts."""

    accepted: Accepted


def judged(request: GenerationRequest, reply: GenerationReply) -> JudgedReply:
    """Check the texts of a reply to a request; a reply that has been checked is returned unchanged."""
    if isinstance(reply, JudgedReply):
        return reply
    told = (request.prompt.system,)
    checks = Checks(request.product, request.query_type, locale=reply.language, told=told)
    accepted = accept_questions(reply.texts, request.count, request.exclusions, checks=checks)
    return JudgedReply(
        reply.texts,
        reply.provider,
        reply.model,
        reply.usage,
        reply.truncated,
        cost_usd=reply.cost_usd,
        language=reply.language,
        accepted=accepted,
    )
