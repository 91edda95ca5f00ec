"""Plans which questions a product gets: a few groups of slots. Pure.

The same product, type and number always get the same plan; two products of one category get different ones. What is
chosen from stands in `plan_angles.json` (what questions are after) and `plan_families.json` (what people need, do and
worry about, by family of products), besides the product's own fields.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from query_generator.models import Facets, Intent, Product, QueryType, Question, SlotGroup, Stage, Style
from query_generator.questions.families import family_of
from query_generator.questions.personas import Persona, shipped_personas

_T = TypeVar("_T")

QUESTIONS_A_GROUP = 3
"""On average. A group's name and line in the prompt cost about as much as two questions, so that smaller ones would
cost more than what they carry; larger ones let a model repeat itself."""
FEWEST_GROUPS, MOST_GROUPS = 3, 24
STYLES = ((Style.PLAIN, 0.55), (Style.SHORT, 0.25), (Style.CONVERSATIONAL, 0.2))
BRANDED = "_branded"
"""Ends the key of a group whose questions name the brand or the product."""
QUESTIONS = "_questions"
"""In each key: a small model takes `facts` for a field of the product, and fills it with facts."""
STARTS_A_QUESTION = 1.0  # starting points of a group for each of its questions, so that a model has a choice


# Names of fields stand among the instructions of a prompt; what is longer, or a sentence, stands in the data alone.
_PLAIN_NAME = re.compile(r"[^\W_][\w ()/&-]{1,38}")
_MOST_WORDS = 4


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What a plan depends on besides the product: the share of market questions without names, and who may ask."""

    unbranded_share: float = 0.7
    personas: tuple[Persona, ...] = ()


@dataclass(frozen=True, slots=True)
class _Angle:
    key: str
    intent: Intent
    stage: Stage
    weight: float
    sources: tuple[str, ...]
    branded: bool
    about: str


def plan(
    product: Product, query_type: QueryType, count: int, settings: PlanSettings | None = None
) -> tuple[SlotGroup, ...]:
    """Plan `count` questions of one type for a product; their groups have distinct facets, and distinct keys."""
    settings = settings or PlanSettings()
    draw = _Draw(f"{product.key}|{query_type}|{count}")
    angles = _angles(query_type)
    branded = _branded_count(query_type, count, settings.unbranded_share)
    family = family_of(product)
    personas = list(draw.ordered(_personas_for(family, settings.personas or shipped_personas())))
    starts = _Starts(product, family, draw)
    groups: list[SlotGroup] = []
    for is_branded, wanted in ((False, count - branded), (True, branded)):
        counts = _counts(wanted)
        chosen = _repeated(list(draw.ordered_by_weight([angle for angle in angles if angle.branded == is_branded])))
        for number, (angle, size) in enumerate(zip(chosen, counts, strict=False)):
            persona = personas[len(groups) % len(personas)].name
            style = draw.style(len(groups))
            lap = number // sum(angle.branded == is_branded for angle in angles)
            key = angle.key + QUESTIONS + (f"_{lap + 1}" if lap else "") + (BRANDED if is_branded else "")
            facets = Facets(angle.intent, angle.stage, style, persona, is_branded)
            groups.append(SlotGroup(key, facets, size, starts.take(angle.sources, math.ceil(size * STARTS_A_QUESTION))))
    return tuple(_distinct(groups))


def open_slots(groups: Sequence[SlotGroup], existing: Iterable[Question]) -> tuple[SlotGroup, ...]:
    """Return what a plan lacks, given the questions that are there; together the groups have as many as are missing.

    A question without facets, or one too many of its group, fills a slot of another group, if possible of one that is
    branded as it is.
    """
    lacking = {group.facets: group.count for group in groups}
    strays: list[bool | None] = []
    for question in existing:
        if question.facets and lacking.get(question.facets):
            lacking[question.facets] -= 1
        else:
            strays.append(question.facets.branded if question.facets else question.branded)
    for branded in strays:
        open_ = [facets for facets, count in lacking.items() if count]
        if not open_:
            break
        lacking[max(open_, key=lambda facets: (facets.branded == branded, lacking[facets]))] -= 1
    return tuple(replace(group, count=lacking[group.facets]) for group in groups if lacking[group.facets])


def about(query_type: QueryType, key: str) -> str:
    """Return what the questions of a group are about, by its key."""
    return next(angle.about for angle in _angles(query_type) if key.startswith(angle.key + QUESTIONS))


def _branded_count(query_type: QueryType, count: int, unbranded_share: float) -> int:
    """Return how many of the questions name brand or product; of product questions four in ten."""
    share = 1 - unbranded_share if query_type is QueryType.MARKET else 0.4
    return min(count, math.floor(count * share + 1e-9))


def _counts(wanted: int) -> list[int]:
    """Cut a number of questions into groups whose sizes differ by one at most."""
    if wanted <= 0:
        return []
    groups = min(MOST_GROUPS, max(min(wanted, FEWEST_GROUPS), round(wanted / QUESTIONS_A_GROUP)))
    return [wanted // groups + (number < wanted % groups) for number in range(groups)]


def _repeated(angles: Sequence[_Angle]) -> Iterator[_Angle]:
    while True:
        yield from angles


def _distinct(groups: Iterable[SlotGroup]) -> Iterator[SlotGroup]:
    """Merge groups of the same facets, which questions that are stored could not be told apart by."""
    by_facets: dict[Facets, SlotGroup] = {}
    for group in groups:
        if group.facets in by_facets:
            first = by_facets[group.facets]
            starts = tuple(dict.fromkeys((*first.starts_from, *group.starts_from)))
            group = SlotGroup(first.key, first.facets, first.count + group.count, starts)
        by_facets[group.facets] = group
    yield from by_facets.values()


def _personas_for(family: str, personas: Iterable[Persona]) -> list[Persona]:
    personas = list(personas)
    return [persona for persona in personas if not persona.categories or family in persona.categories] or personas


def _is_plain(name: str) -> bool:
    return bool(_PLAIN_NAME.fullmatch(name)) and len(name.split()) <= _MOST_WORDS


class _Starts:
    """Deals out starting points: the product's fields and its family's topics, each once before any comes again."""

    def __init__(self, product: Product, family: str, draw: "_Draw") -> None:
        topics, general = _families()[family], _families()["any"]
        self._pools: dict[str, list[str]] = {
            name: [*draw.ordered(topics.get(name, ())), *draw.ordered(general.get(name, ()))] for name in general
        }
        names = [
            name for name, _ in product.attributes if _PLAIN_NAME.fullmatch(name) and len(name.split()) <= _MOST_WORDS
        ]
        self._pools["fields"] = draw.ordered(names) or self._pools["needs"]
        self._taken: dict[str, int] = dict.fromkeys(self._pools, 0)

    def take(self, sources: Sequence[str], count: int) -> tuple[str, ...]:
        """Take as many from the sources in turn."""
        taken: dict[str, None] = {}
        for number in range(count):
            source = sources[number % len(sources)]
            pool = self._pools[source]
            taken[pool[self._taken[source] % len(pool)]] = None
            self._taken[source] += 1
        return tuple(taken)


class _Draw:
    """Draws that depend on a seed alone, by SHA-256, whose values no release of Python changes."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def ordered(self, items: Iterable[_T]) -> list[_T]:
        """Return items in an order of the seed's own."""
        return sorted(items, key=self._uniform)

    def ordered_by_weight(self, angles: Sequence[_Angle]) -> list[_Angle]:
        """Return angles so that heavier ones tend to come first (Efraimidis and Spirakis 2006)."""
        return sorted(angles, key=lambda angle: math.log(self._uniform(angle.key)) / angle.weight, reverse=True)

    def style(self, number: int) -> Style:
        """Return the style of a group; over some groups the styles have their shares."""
        at = (self._uniform("style") + number * 0.6180339887498949) % 1  # golden ratio: neighbours differ, shares hold
        for style, share in STYLES:
            if at < share:
                return style
            at -= share
        return STYLES[0][0]

    def _uniform(self, item: object) -> float:
        """Return a number above 0 and at most 1."""
        digest = hashlib.sha256(f"{self._seed}|{item}".encode(errors="surrogatepass")).digest()
        return (int.from_bytes(digest[:7]) + 1) / (1 << 56)


@cache
def _angles(query_type: QueryType) -> tuple[_Angle, ...]:
    return tuple(
        _Angle(
            entry["key"],
            Intent(entry["intent"]),
            Stage(entry["stage"]),
            entry["weight"],
            tuple(entry["from"]),
            entry.get("branded", False),
            entry["about"],
        )
        for entry in _data("plan_angles.json")[query_type]
    )


@cache
def _families() -> Mapping[str, Mapping[str, Sequence[str]]]:
    families: Mapping[str, Mapping[str, Sequence[str]]] = _data("plan_families.json")
    return families


def _data(name: str) -> Any:
    return json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
