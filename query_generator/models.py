"""The types that several packages share: products, questions, generated replies."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from query_generator.errors import RetryableError, SkippableError
from query_generator.one_line import one_line

# Hashes with another prefix, or none, are of earlier readings: version 1 depended on the order of keys, version 2 knew
# neither formats nor variants. `products.sql` and migration 0012 have the prefix, too.
CONTENT_HASH_VERSION = "3:"
CONTENT_HASH_LENGTH = 64  # the width of job_items.content_hash


class QueryType(StrEnum):
    """What a question is about: the product itself, or its market."""

    PRODUCT = "product"
    MARKET = "market"


class Intent(StrEnum):
    """What a question wants."""

    LEARN = "learn"
    COMPARE = "compare"
    CHOOSE = "choose"
    TRUST = "trust"
    PRICE = "price"
    USE = "use"
    FIX = "fix"
    BUY = "buy"


class Stage(StrEnum):
    """How far a shopper is."""

    EXPLORE = "explore"
    COMPARE = "compare"
    DECIDE = "decide"
    OWN = "own"


class Style(StrEnum):
    """How a question is asked: a few words as in a search box, one sentence, or two or three of which the last asks."""

    SHORT = "short"
    PLAIN = "plain"
    CONVERSATIONAL = "conversational"


@dataclass(frozen=True, slots=True)
class Facets:
    """What a plan says of a question. `branded`: it names the brand or the product; `persona` is who asks."""

    intent: Intent
    stage: Stage
    style: Style
    persona: str
    branded: bool


@dataclass(frozen=True, slots=True)
class SlotGroup:
    """Planned questions of one kind: `key` names them in a model's answer, `count` of them are wanted.

    `starts_from` are the fields of the product, or the kinds of need, that they start from.
    """

    key: str
    facets: Facets
    count: int
    starts_from: tuple[str, ...] = ()


class Writer(NamedTuple):
    """Who wrote a question, and by which version of the prompts."""

    provider: str
    model: str
    prompt_version: str


@dataclass(frozen=True, slots=True)
class Question:
    """An accepted question. `facets` is None if it was written for no group of a plan.

    `branded` tells whether it names the brand or the product, None: not known. `grounded_in` are names of the
    product's fields that answer it, None: not matched against them. `writer` is set for one of a shared set.
    """

    text: str
    facets: Facets | None = None
    branded: bool | None = None
    locale: str = ""
    grounded_in: tuple[str, ...] | None = None
    writer: Writer | None = None


class StoredText(NamedTuple):
    """A question that is stored for a product, by any job.

    If it `counts`, it is active and of the type asked for, and may be given again. `former_hash` is the `query_hash` of
    what a person has replaced by `text`.
    """

    text: str
    counts: bool
    former_hash: str = ""


def normalize_key_part(text: str) -> str:
    """Fold case, compatibility forms and white space, so that different spellings of one name compare equal."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def composite_key(brand: str, name: str) -> str:
    """Return the identity of a product: `brand|name`, both normalized; a bar or backslash inside a part is escaped."""
    return "|".join(normalize_key_part(part).replace("\\", "\\\\").replace("|", "\\|") for part in (brand, name))


def content_hash(
    name: str,
    brand: str,
    category: str,
    description: str,
    price: str,
    currency: str,
    attributes: Iterable[tuple[str, str]],
) -> str:
    """Hash what a prompt may say about a product, see `Product.content_hash`. The order of attributes is ignored."""
    hashed = (name, brand, category, description, price, currency, sorted(attributes))
    digest = hashlib.sha256(json.dumps(hashed).encode()).hexdigest()
    return f"{CONTENT_HASH_VERSION}{digest}"[:CONTENT_HASH_LENGTH]


@dataclass(frozen=True)
class Product:
    """One usable record of a catalog. Texts are plain and trimmed; missing ones are empty.

    `record_json` is the original record as stored in `products.product_data`; it is empty for a product that was read
    back from the database. `others` are fields of the record that are no attributes, but tell something of the product;
    no prompt tells them. `product_id` is the row of `products` that the record claims to be; the claim counts only if
    brand and name agree. `position` counts records from 1. `attributes` are (name, value) pairs.

    `content_hash` covers everything that a prompt may say about the product: another hash means another prompt. It
    does not depend on the order of the record's keys, which databases and exports change. It is `3:` (the version of
    this definition) and the first 62 hex digits of a SHA-256.
    """

    name: str
    brand: str = ""
    category: str = ""
    description: str = ""
    price: str = ""
    currency: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    external_id: str = ""
    product_id: int | None = None
    position: int = 0
    record_json: str = field(default="", repr=False, compare=False)
    others: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    content_hash: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.content_hash:
            texts = (self.name, self.brand, self.category, self.description, self.price, self.currency)
            object.__setattr__(self, "content_hash", content_hash(*texts, self.attributes))

    def __hash__(self) -> int:
        return hash((self.content_hash, self.position))

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The attributes and what else the record tells, as (name, value) pairs."""
        return (*self.attributes, *self.others)

    def without_record(self) -> "Product":
        """Return the same product without its record, which may be far larger than all the rest."""
        return self._without_record if self.record_json else self

    @cached_property
    def _without_record(self) -> "Product":
        return replace(self, record_json="")

    @cached_property
    def key(self) -> str:
        """The composite key."""
        return composite_key(self.brand, self.name)

    @cached_property
    def product_hash(self) -> str:
        """SHA-256 of the composite key in hex, as stored in `products.product_hash`."""
        return hashlib.sha256(self.key.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record of the input that cannot be used, or the point at which the input broke off (`field` is empty).

    `field` and `reason` are each put on one line, since they may repeat what the input holds.
    """

    position: int
    field: str
    reason: str
    product_key: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "field", one_line(self.field))
        object.__setattr__(self, "reason", one_line(self.reason))

    def __str__(self) -> str:
        where = f"field '{self.field}': " if self.field else ""
        return f"record {self.position}: {where}{self.reason}"


@dataclass(frozen=True, slots=True)
class NoRecord:
    """A row or element of the input that is no record of a product; `kind` says what it is, as "repeated header"."""

    kind: str


@dataclass(slots=True)
class Generated:
    """The result of one call for one product and question type. `error` is set if there was no usable reply.

    `prompt_version` is that of the call. `dropped` counts unusable texts by reason, `examples` has the beginning of one
    for each. A RetryableError in `error` means
    that a later attempt may succeed. `shared` are those that the item takes from a set: among the `questions` if the
    call brought what else was missing, or none was needed, and else beside them. `settled_out` are texts that were good
    until the product's other type got the same.
    """

    questions: list[Question] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    provider: str = ""
    model: str = ""
    prompt_tokens: int = 0
    output_tokens: int = 0
    error: RetryableError | SkippableError | None = None
    prompt_version: str = ""
    examples: dict[str, str] = field(default_factory=dict)
    shared: list[Question] = field(default_factory=list)
    settled_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """A job against its cost cap, in US dollars; `spent_usd` includes what its runs hold for calls in flight."""

    cap_usd: float
    spent_usd: float
    done_items: int
    open_items: int
