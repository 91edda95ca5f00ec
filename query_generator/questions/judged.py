"""Replies whose texts have been checked, so that each reply is checked only once on its way to the item."""

from dataclasses import dataclass

from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.models import Question
from query_generator.questions.accept import Verdict, accept_planned
from query_generator.questions.checks import Checks, accept_questions
from query_generator.questions.prompts import instructions


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
        return accept_planned(request, reply)
    checks = Checks(request.product, request.query_type, locale=reply.locale, told=instructions(request.prompt))
    accepted = accept_questions(reply.texts, request.count, request.exclusions, checks=checks)
    return Verdict(list(map(Question, accepted.questions)), accepted.dropped)
