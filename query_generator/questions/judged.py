"""A reply with what its texts are good for: judged where that is first asked, and not again on its way to the item."""

from dataclasses import dataclass

from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.questions.checks import Accepted, accept_questions


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedReply(GenerationReply):
    """A reply to one request, and which of its texts are usable questions for that."""

    accepted: Accepted


def judged(request: GenerationRequest, reply: GenerationReply) -> JudgedReply:
    """Judge a reply to a request; one that brings its verdict along is returned as it is."""
    if isinstance(reply, JudgedReply):
        return reply
    own = f"{request.product.name} {request.product.brand}"
    accepted = accept_questions(reply.texts, request.count, request.exclusions, own)
    return JudgedReply(
        reply.texts,
        reply.provider,
        reply.model,
        reply.usage,
        reply.truncated,
        cost_usd=reply.cost_usd,
        accepted=accepted,
    )
