"""Accepts the questions of a reply to a planned request, each for its group. Pure."""

from collections import Counter

from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.models import Question
from query_generator.questions.checks import accept_questions
from query_generator.questions.order import CUT_WHILE_REPEATING

REPEATS = ("duplicate", "near_copy")


def accept_planned(request: GenerationRequest, reply: GenerationReply) -> tuple[list[Question], Counter[str]]:
    """Return the questions to keep, at most as many as are needed of each group, and the dropped texts by reason."""
    own = f"{request.product.name} {request.product.brand}"
    groups = {group.key: group for group in request.groups}
    lacking = {group.key: group.count for group in request.groups}
    keys = reply.keys or ("",) * len(reply.texts)
    kept: list[Question] = []
    dropped: Counter[str] = Counter()
    seen = list(request.exclusions)
    for key, text in zip(keys, reply.texts, strict=True):
        accepted = accept_questions([text], 1, seen, own)
        dropped += accepted.dropped
        for question in accepted.questions:
            seen.append(question)
            group = groups.get(key)
            if len(kept) == request.count or (group and not lacking[key]):
                dropped["surplus"] += 1
                continue
            if group:
                lacking[key] -= 1
            kept.append(Question(question, group.facets if group else None, group.facets.branded if group else None))
    if reply.truncated and 2 * sum(dropped[reason] for reason in REPEATS) > len(reply.texts):
        dropped[CUT_WHILE_REPEATING] += 1
    return kept, dropped
