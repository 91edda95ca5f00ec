"""Accepts the questions of a reply to a planned request: those that pass, best ones first, each for its group. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.models import QueryType, Question, SlotGroup, Stage
from query_generator.one_line import one_line
from query_generator.questions.checks import Checks, comparison_key, keyed, query_hash, standardize
from query_generator.questions.choose import Candidate, choose, filled
from query_generator.questions.grounding import grounds_of
from query_generator.questions.language import language_of
from query_generator.questions.names import OwnNames, own_names
from query_generator.questions.near_copies import NearCopies
from query_generator.questions.order import CUT_WHILE_REPEATING
from query_generator.questions.prompts import instructions
from query_generator.questions.styles import is_in_style

DUPLICATE, NEAR_COPY, SURPLUS = "duplicate", "near_copy", "surplus"
LONGEST_EXAMPLE = 120  # characters
BRAND_LEAK, OTHER_BRAND, NAMES_NEITHER = "brand_leak", "other_brand", "names_neither"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The usable questions of a reply, the number of dropped texts by reason, and the beginning of one for each."""

    questions: list[Question] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)


def accept_planned(request: GenerationRequest, reply: GenerationReply) -> Verdict:
    """Return the questions to keep, at most as many as are needed, and what was dropped.

    Besides those of `Checks.fault` the reasons are: brand_leak, other_brand and names_neither by the brand rule,
    duplicate and near_copy of a question that the product has, and surplus.
    """
    names = own_names(request.product)
    locale = reply.locale or request.locale
    groups = {group.key: group for group in request.groups}
    known = _Known(request, names.masked, locale)
    texts = _judged(request, reply, names, known, locale)
    passed: dict[Candidate, bool] = {}
    dropped: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for each, raw in zip(texts, reply.texts, strict=True):
        if each.fault:
            dropped[each.fault] += 1
            examples.setdefault(each.fault, one_line(raw[:LONGEST_EXAMPLE]))
            continue
        group = each.group
        is_off_style = group is not None and not is_in_style(names.masked(each.question), group.facets.style)
        is_stored = known.is_stored(keyed(each.question).key)
        passed[Candidate(each.question, group.key if group else "", is_stored, is_off_style)] = each.is_named
    locale = locale or language_of(request.product)
    kept = _chosen(request, reply, passed, known.copies.words_of)
    dropped[SURPLUS] += len(passed) - len(kept)
    if reply.truncated and 2 * (dropped[DUPLICATE] + dropped[NEAR_COPY]) > len(reply.texts):
        dropped[CUT_WHILE_REPEATING] += 1
    questions, grounds = [], grounds_of(request.product, request.query_type)
    for candidate in kept:
        facets = groups[candidate.key].facets if candidate.key else None
        questions.append(Question(candidate.text, facets, passed[candidate], locale, grounds(candidate.text)))
    return Verdict(questions, +dropped, examples)


@dataclass(slots=True)
class _Judged:
    """A text of a reply: the group that it answers, why it is dropped, and whether it names brand or product."""

    question: str
    slot: str
    group: SlotGroup | None
    fault: str
    is_named: bool = False


def _judged(
    request: GenerationRequest, reply: GenerationReply, names: OwnNames, known: "_Known", locale: str
) -> list[_Judged]:
    """Look at all texts of a reply, one step after the other, as `Checks.faults` does."""
    checks = Checks(request.product, request.query_type, locale=locale, told=instructions(request.prompt))
    by_key = {group.key: group for group in request.groups}
    slots = reply.keys or ("",) * len(reply.texts)
    groups = [by_key.get(slot) for slot in slots]
    questions = [standardize(text) for text in reply.texts]
    faults = checks.faults(questions, groups)
    texts = list(map(_Judged, questions, slots, groups, faults))
    left = [text for text in texts if not text.fault]
    for text in left:
        text.is_named = bool(names.found(text.question))
    for text in left:
        text.fault = _brand_fault(request, text.question, text.group, names, is_named=text.is_named)
    left = [text for text in left if not text.fault]
    known.read([text.question for text in left])
    for text in left:
        text.fault = known.copy_fault(text.question, keyed(text.question).key, text.slot)
    return texts


def _chosen(
    request: GenerationRequest,
    reply: GenerationReply,
    passed: Mapping[Candidate, bool],
    words_of: Callable[[str], frozenset[str]],
) -> tuple[Candidate, ...]:
    """Choose for each group what it needs; then from what is left for what is missing.

    One of no group may stand in at once, one that is too many for its group at the last call. In place of an unbranded
    question about the market none stands in that names brand or product; only a grammar, which has too few others, is
    not held to that at its last call.
    """

    def fits(candidate: Candidate, lack: SlotGroup) -> bool:
        if candidate.key and not request.is_last:
            return False
        is_free = request.query_type is QueryType.PRODUCT or (request.is_last and bool(reply.locale))
        return is_free or passed[candidate] == lack.facets.branded

    chosen = choose(tuple(passed), request.groups, request.count, words_of=words_of, kept=request.exclusions)
    return filled(chosen, request.groups, request.count, fits).kept if chosen.missing else chosen.kept


def _brand_fault(
    request: GenerationRequest, question: str, group: SlotGroup | None, names: OwnNames, *, is_named: bool
) -> str:
    """Return why a question does not fit the brand rule of its group; product questions may always name the product."""
    if group is None:
        return ""
    if group.facets.branded:
        return "" if is_named or names.mentioned(question) else NAMES_NEITHER
    if request.query_type is QueryType.PRODUCT:
        return ""
    if is_named:
        return BRAND_LEAK
    if group.facets.stage is not Stage.EXPLORE or request.other_brands is None:
        return ""
    return OTHER_BRAND if request.other_brands.found(question, names) else ""


class _Known:
    """The questions that a product has, and those that were accepted before in this reply."""

    def __init__(self, request: GenerationRequest, masked: Callable[[str], str], locale: str) -> None:
        self._reusable = {comparison_key(entry.text) for entry in request.stored if entry.counts}
        self._seen = {comparison_key(text) for text in request.exclusions} - self._reusable
        self._rewritten = {entry.former_hash for entry in request.stored if entry.former_hash}
        others = [entry.text for entry in request.stored if not entry.counts]
        existing = [text for text in request.exclusions if comparison_key(text) in self._seen]
        self.copies = NearCopies(masked, [*existing, *others], language=locale)
        self._stored = NearCopies(masked, [entry.text for entry in request.stored if entry.counts], language=locale)

    def is_stored(self, key: str) -> bool:
        """Whether a question of the type is stored word by word, and may count again."""
        return key in self._reusable

    def read(self, questions: Iterable[str]) -> None:
        """Read what questions ask for, those that are to be compared."""
        for question in questions:
            key = keyed(question).key
            if key not in self._seen and key not in self._reusable:
                self.copies.words_of(question)

    def copy_fault(self, question: str, key: str, slot: str) -> str:
        """Return why a question is one of those that are there; a stored one may be given again word by word."""
        if key in self._seen or (self._rewritten and query_hash(question) in self._rewritten):
            return DUPLICATE
        self._seen.add(key)
        if key not in self._reusable and (
            (self._reusable and self._stored.copy_of(question)) or self.copies.copy_of(question, slot)
        ):
            return NEAR_COPY
        self.copies.add(question, slot)
        return ""
