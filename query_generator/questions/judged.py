"""Replies whose texts have been checked, so that each reply is checked only once on its way to the item."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

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
    """A reply to one request, with the verdict on its texts, and that on those of the request `beside`."""

    verdict: Verdict
    beside: Verdict = field(default_factory=Verdict)

    @property
    def is_of_use(self) -> bool:
        """Whether any of its texts can be stored."""
        return bool(self.verdict.questions or self.beside.questions)


def judged(request: GenerationRequest, reply: GenerationReply) -> JudgedReply:
    """Check the texts of a reply to a request; a reply that has been checked is returned unchanged."""
    if isinstance(reply, JudgedReply):
        return reply
    own, beside, rest = request, Verdict(), reply
    if request.beside:
        own, rest, of_beside = _apart(request, request.beside, reply)
        beside = _verdict(request.beside, of_beside)
    return JudgedReply(
        reply.texts,
        reply.provider,
        reply.model,
        reply.usage,
        reply.truncated,
        cost_usd=reply.cost_usd,
        keys=reply.keys,
        verdict=_verdict(own, rest),
        beside=beside,
    )


def _apart(
    request: GenerationRequest, beside: GenerationRequest, reply: GenerationReply
) -> tuple[GenerationRequest, GenerationReply, GenerationReply]:
    """Return the part of a request that is not `beside` it, and the replies to both; texts of no group are its own."""
    keys = {group.key for group in beside.groups}
    slots = [
        (group, asked) for group, asked in zip(request.groups, request.asked, strict=True) if group.key not in keys
    ]
    own = replace(
        request, groups=tuple(group for group, _ in slots), asked=tuple(asked for _, asked in slots), beside=None
    )
    keyed = list(zip(reply.keys or ("",) * len(reply.texts), reply.texts, strict=True))
    parts = ([pair for pair in keyed if pair[0] not in keys], [pair for pair in keyed if pair[0] in keys])
    first, second = (
        replace(reply, texts=tuple(text for _, text in part), keys=tuple(key for key, _ in part)) for part in parts
    )
    return own, first, second


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
