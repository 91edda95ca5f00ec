"""Replies whose texts have been checked, so that each reply is checked only once on its way to the item."""

from collections.abc import Callable
from dataclasses import dataclass

from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.models import Question
from query_generator.questions.accept import DUPLICATE, NEAR_COPY, Verdict, accept_planned
from query_generator.questions.checks import Checks, accept_questions, query_hash
from query_generator.questions.grounding import grounds_of
from query_generator.questions.names import OwnNames
from query_generator.questions.near_copies import NearCopies
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
    checks = Checks(
        request.product, request.query_type, locale=reply.locale or request.locale, told=instructions(request.prompt)
    )
    barred = barred_by(request) if request.stored else None
    accepted = accept_questions(reply.texts, request.count, request.exclusions, checks=checks, barred=barred)
    grounds = grounds_of(request.product, request.query_type)
    return Verdict([Question(text, grounded_in=grounds(text)) for text in accepted.questions], accepted.dropped)


def barred_by(request: GenerationRequest) -> Callable[[str], str]:
    """Return what tells why a question may not come again: it is near one that a person switched off, or rewritten."""
    rewritten = {entry.former_hash for entry in request.stored if entry.former_hash}
    names = OwnNames(request.product)
    copies = NearCopies(names.masked, [entry.text for entry in request.stored if not entry.counts])

    def reason(question: str) -> str:
        if query_hash(question) in rewritten:
            return DUPLICATE
        return NEAR_COPY if copies.copy_of(question) else ""

    return reason
