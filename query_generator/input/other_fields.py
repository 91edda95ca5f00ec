"""The fields of a record that are no part of a product by their names, but tell something of it. Pure.

They are kept in the record, and no prompt tells them: what a catalog calls so may be anything. What a field of theirs
answers is not lacking, though.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from query_generator.input.field_names import LONGEST_NAME, part_of
from query_generator.input.field_values import MAX_ATTRIBUTE_CHARACTERS, MAX_ATTRIBUTES, pairs_of
from query_generator.input.plain_text import fold
from query_generator.input.profiles import Profile

_TELL_NOTHING = frozenset(
    (
        *(
            "id",
            "ids",
            "uuid",
            "guid",
            "sku",
            "skus",
            "ean",
            "gtin",
            "upc",
            "mpn",
            "isbn",
            "asin",
            "barcode",
            "barcodes",
        ),
        *(
            "code",
            "codes",
            "hash",
            "token",
            "url",
            "urls",
            "uri",
            "link",
            "links",
            "href",
            "slug",
            "handle",
            "permalink",
        ),
        *("path", "image", "images", "img", "photo", "photos", "picture", "pictures", "thumbnail", "thumb", "icon"),
        *("logo", "media", "gallery", "file", "files", "filename", "date", "dates", "timestamp", "datetime", "created"),
        *(
            "updated",
            "modified",
            "published",
            "publish",
            "expires",
            "stock",
            "inventory",
            "quantity",
            "qty",
            "warehouse",
        ),
        *("supplier", "rating", "ratings", "review", "reviews", "stars", "score", "votes", "likes", "views", "sold"),
        *(
            "sales",
            "rank",
            "position",
            "sort",
            "meta",
            "metadata",
            "metafields",
            "seo",
            "status",
            "visible",
            "visibility",
        ),
        *("active", "enabled", "featured", "template", "layout", "tax", "vat", "taxable", "margin", "discount"),
        *(
            "promotion",
            "price",
            "prices",
            "currency",
            "email",
            "version",
            "revision",
            "channel",
            "channels",
            "children",
        ),
        *(
            "parent",
            "related",
            "similar",
            "recommendations",
            "upsell",
            "crosssell",
            "variants",
            "variations",
            "variant",
        ),
        *("option", "options", "models", "count", "total", "percentage", "seller", "vendor", "user", "popularity"),
    )
)
_PARTS = frozenset({"description", "attributes"})  # of which another field may tell more than the one that counts
_WORD = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NO_TEXT = re.compile(
    r"(?:https?:)?//\S+|www\.\S+|\S+@\S+|data:\S+|\S+\.(?:jpe?g|png|webp|gif|svg|pdf|mp4|html?)"  # addresses, files
    r"|\d{4}-\d\d(?:-\d\d.*)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*|\d{8,}|0+(?:[.,]0+)?",  # dates, long numbers, nothing
    re.IGNORECASE,
)


def other_fields(
    record: Mapping[str, Any], known: Collection[str], profile: Profile | None
) -> tuple[tuple[str, str], ...]:
    """Return (name, value) pairs of the fields that tell something: at most 40, each value at most 300 characters.

    Neither do names, prices and ids, in whatever field, nor addresses, dates, stock, ratings or what the shop keeps of
    the record.

    Args:
        record: as it is stored; the order of its keys is ignored.
        known: the texts of the product, and the names of its attributes; what repeats one is left out.
        profile: the format of the record.
    """
    seen = {text.casefold() for text in known}
    ignored = profile.ignored | profile.not_attributes if profile else frozenset[str]()
    found: dict[str, str] = {}
    for name in sorted(record):
        if len(name) > LONGEST_NAME or not _may_tell(name) or (ignored and fold(name) in ignored):
            continue
        for inner, text in pairs_of(name, record[name]):
            if (
                seen.isdisjoint((inner.casefold(), text.casefold()))
                and _may_tell(inner)
                and not _NO_TEXT.fullmatch(text)
            ):
                found.setdefault(inner, text[:MAX_ATTRIBUTE_CHARACTERS])
                if len(found) == MAX_ATTRIBUTES:
                    return tuple(found.items())
    return tuple(found.items())


@lru_cache(maxsize=4096)
def _may_tell(name: str) -> bool:
    part = part_of(name)
    return (part in _PARTS if part else True) and _TELL_NOTHING.isdisjoint(_words_of(name))


def _words_of(name: str) -> Iterator[str]:
    return (word.casefold() for word in _WORD.findall(_HUMP.sub(" ", name)))
