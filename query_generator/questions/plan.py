"""Plans which questions a product gets: a few groups of slots. Pure.

The same product, type and number always get the same plan; two products of one category get different ones. What is
chosen from stands in `plan_angles.json` (what questions are after) and `plan_families.json` (what people need, do and
worry about, by family of products), besides the product's own fields; `plan_market.json` has what prices and sellers
depend on.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from query_generator.models import Facets, Intent, Product, QueryType, Question, SlotGroup, Stage, Style, composite_key
from query_generator.questions.families import family_of
from query_generator.questions.personas import Persona, shipped_personas

_T = TypeVar("_T")

FIRST_PLAN, NEWEST_PLAN = "2", "4"
"""Versions of prompts. A plan stays what it was for a version, since stored questions fill its slots."""
WITHOUT_MARKET = (FIRST_PLAN, "3")
"""Plans that know neither country nor currency."""
QUESTIONS_A_GROUP = 3
"""On average. A group's name and line in the prompt cost about as much as two questions, so that smaller ones would
cost more than what they carry; larger ones let a model repeat itself."""
FEWEST_GROUPS, MOST_GROUPS = 3, 24
STYLES = ((Style.PLAIN, 0.55), (Style.SHORT, 0.25), (Style.CONVERSATIONAL, 0.2))
BRANDED = "_branded"
"""Ends the key of a group whose questions name the brand or the product."""
QUESTIONS = "_questions"
"""In each key: a small model takes `facts` for a field of the product, and fills it with facts."""

# Names of fields stand among the instructions of a prompt; what is longer, or a sentence, stands in the data alone.
_PLAIN_NAME = re.compile(r"[^\W_][\w ()/&-]{1,38}")
_MOST_WORDS = 4
_CURRENCY = re.compile("[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What a plan depends on besides the product: the share of market questions without names, who asks, and where."""

    unbranded_share: float = 0.7
    personas: tuple[Persona, ...] = ()
    country: str = ""


@dataclass(frozen=True, slots=True)
class _Angle:
    key: str
    intent: Intent
    stage: Stage
    weight: float
    sources: tuple[str, ...]
    branded: bool
    about: str
    brief: str


def plan(
    product: Product,
    query_type: QueryType,
    count: int,
    settings: PlanSettings | None = None,
    version: str = NEWEST_PLAN,
) -> tuple[SlotGroup, ...]:
    """Plan `count` questions of one type for a product, for prompts of a version.

    The groups have distinct facets, which follow from name, brand and category alone, and distinct keys. Those of the
    market that are after prices or sellers start from country and currency as well.
    """
    settings = settings or PlanSettings()
    identity = product.key if product.name else composite_key("", product.category)
    seed = f"{identity}|{query_type}|{count}"
    draw = _FirstDraw(seed) if version == FIRST_PLAN else _Draw(seed)
    branded = _branded_count(query_type, count, settings.unbranded_share)
    family = family_of(product)
    personas = draw.ordered(_personas_for(family, settings.personas or shipped_personas()))
    drawn = draw.ordered_by_weight(_angles(query_type))
    starts = _Starts(product, family, draw)
    of_market = {} if version in WITHOUT_MARKET else _of_market(product, query_type, settings.country)
    groups: list[SlotGroup] = []
    for is_branded, wanted in ((False, count - branded), (True, branded)):
        angles = [angle for angle in drawn if angle.branded == is_branded]
        for number, size in enumerate(_counts(wanted)):
            angle = angles[number % len(angles)]
            persona = personas[len(groups) % len(personas)].name
            lap = number // len(angles)
            key = angle.key + QUESTIONS + (f"_{lap + 1}" if lap else "") + (BRANDED if is_branded else "")
            facets = Facets(angle.intent, angle.stage, draw.style(len(groups)), persona, is_branded)
            topics = (*starts.take(angle.sources, size), *of_market.get(angle.intent, ()))
            groups.append(SlotGroup(key, facets, size, topics))
    return _distinct(groups)


def plans(
    product: Product, query_type: QueryType, count: int, settings: PlanSettings | None = None
) -> tuple[tuple[SlotGroup, ...], ...]:
    """Return the plan of each version, the newest first, for questions of which it is not known what asked for them."""
    return tuple(plan(product, query_type, count, settings, version) for version in (NEWEST_PLAN, FIRST_PLAN))


def open_slots(groups: Sequence[SlotGroup], existing: Iterable[Question]) -> tuple[SlotGroup, ...]:
    """Return what a plan lacks, given the questions that are there; together the groups have as many as are missing.

    A question without facets, or one too many of its group, fills a slot of another group, if possible of one that is
    branded as it is.
    """
    existing = tuple(existing)
    if not existing:
        return tuple(groups)
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


@cache
def briefs(query_type: QueryType, *, branded: bool | None = None) -> str:
    """Return in a line what the beginning of each key stands for: of all angles, or of the branded ones or others."""
    angles = (angle for angle in _angles(query_type) if branded in (None, angle.branded))
    return "; ".join(f"{angle.key}: {angle.brief}" for angle in angles)


def topics_of(family: str, source: str) -> Sequence[str]:
    """Return what people of a family of products need, do or worry about; where it has none, what fits anything."""
    return _families()[family].get(source) or _families()["any"][source]


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


def _of_market(product: Product, query_type: QueryType, country: str) -> Mapping[str, tuple[str, ...]]:
    """Return what questions about the market start from besides, by intent, where country or currency are known."""
    if query_type is not QueryType.MARKET:
        return {}
    known = {"country": country, "currency": product.currency if _CURRENCY.fullmatch(product.currency) else ""}
    return {
        intent: tuple(start.format(**known) for part, start in starts.items() if known[part])
        for intent, starts in _data("plan_market.json").items()
    }


def _distinct(groups: Iterable[SlotGroup]) -> tuple[SlotGroup, ...]:
    """Merge groups of the same facets, which questions that are stored could not be told apart by."""
    by_facets: dict[Facets, SlotGroup] = {}
    for group in groups:
        if group.facets in by_facets:
            first = by_facets[group.facets]
            starts = tuple(dict.fromkeys((*first.starts_from, *group.starts_from)))
            group = SlotGroup(first.key, first.facets, first.count + group.count, starts)
        by_facets[group.facets] = group
    return tuple(by_facets.values())


def _personas_for(family: str, personas: Iterable[Persona]) -> list[Persona]:
    personas = list(personas)
    return [persona for persona in personas if not persona.categories or family in persona.categories] or personas


def _is_plain(name: str) -> bool:
    return bool(_PLAIN_NAME.fullmatch(name)) and len(name.split()) <= _MOST_WORDS


class _Draw:
    """Draws that depend on a seed and on those before. `Random.random` gives the same in every release of Python."""

    def __init__(self, seed: str) -> None:
        self._random = Random(_hashed(seed)).random
        self._begin = self._number("style")

    def ordered(self, items: Iterable[_T]) -> list[_T]:
        """Return items in an order of the seed's own."""
        return sorted(items, key=self._number)

    def ordered_by_weight(self, angles: Iterable[_Angle]) -> list[_Angle]:
        """Return angles so that heavier ones tend to come first (Efraimidis and Spirakis 2006)."""
        return sorted(angles, key=lambda angle: math.log(self._number(angle.key)) / angle.weight, reverse=True)

    def style(self, number: int) -> Style:
        """Return the style of a group; over some groups the styles have their shares."""
        at = (self._begin + number * 0.6180339887498949) % 1  # golden ratio: neighbours differ, shares hold
        for style, share in STYLES:
            if at < share:
                return style
            at -= share
        return STYLES[0][0]

    def _number(self, item: object) -> float:
        """Return a number above 0 and at most 1."""
        return 1 - self._random()


class _FirstDraw(_Draw):
    """The draws of the first plans: each depends on the seed and the item, and costs a hash."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._begin = self._number("style")

    def _number(self, item: object) -> float:
        return ((_hashed(f"{self._seed}|{item}") >> 200) + 1) / (1 << 56)


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode(errors="surrogatepass")).digest())


class _Starts:
    """Deals out starting points: the product's fields and its family's topics, each once before any comes again."""

    def __init__(self, product: Product, family: str, draw: _Draw) -> None:
        self._product = product
        self._topics = (_families()[family], _families()["any"])
        self._draw = draw
        self._pools: dict[str, Iterator[str]] = {}

    def take(self, sources: Sequence[str], count: int) -> tuple[str, ...]:
        """Take as many from the sources in turn."""
        return tuple(dict.fromkeys(next(self._pool(sources[number % len(sources)])) for number in range(count)))

    def _pool(self, source: str) -> Iterator[str]:
        if source not in self._pools:
            self._pools[source] = cycle(self._fields() if source == "fields" else self._of(source))
        return self._pools[source]

    def _of(self, source: str) -> list[str]:
        return [topic for topics in self._topics for topic in self._draw.ordered(topics.get(source, ()))]

    def _fields(self) -> list[str]:
        names = [name for name, _ in self._product.attributes if _is_plain(name)]
        return self._draw.ordered(names) or self._of("needs")


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
            entry["brief"],
        )
        for entry in _data("plan_angles.json")[query_type]
    )


@cache
def _families() -> Mapping[str, Mapping[str, Sequence[str]]]:
    families: Mapping[str, Mapping[str, Sequence[str]]] = _data("plan_families.json")
    return families


@cache
def _data(name: str) -> Any:
    return json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
