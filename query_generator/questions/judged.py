"""Replies whose texts have been checked, so that each reply is checked only once on its way to the item."""

from collections import Counter
from dataclasses import dataclass, field

from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.models import Question
from query_generator.questions.accept import accept_planned
from query_generator.questions.checks import accept_questions


@dataclass(frozen=True, slots=True)
class Verdict:
    """The usable questions of a reply, and the number of dropped texts by reason."""

    questions: list[Question] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedReply(GenerationReply):
    """A reply to one request, with the verdict on its texts."""

    verdict: Verdict


def judged(request: GenerationRequest, reply: GenerationReply) -> JudgedReply:
    """Check the texts of a reply to a request; a reply that has been checked is returned unchanged."""
    if isinstance(reply, JudgedReply):
        return reply
    return JudgedReply(
        reply.texts,
        reply.provider,
        reply.model,
        reply.usage,
        reply.truncated,
        cost_usd=reply.cost_usd,
        keys=reply.keys,
        verdict=_verdict(request, reply),
    )


def _verdict(request: GenerationRequest, reply: GenerationReply) -> Verdict:
    if request.groups:
        return Verdict(*accept_planned(request, reply))
    own = f"{request.product.name} {request.product.brand}"
    accepted = accept_questions(reply.texts, request.count, request.exclusions, own)
    return Verdict(list(map(Question, accepted.questions)), accepted.dropped)
