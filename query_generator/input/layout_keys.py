"""What the keys of JSON objects tell: of a product, of what is around products, or of something else. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from query_generator.input.field_names import FIELD_NAMES, LONGEST_NAME, candidates, is_name_field, value_at
from query_generator.input.plain_text import fold, is_absent
from query_generator.input.profiles import profile_of
from query_generator.one_line import one_line

CODES = frozenset({"sku", "gtin", "gtin13", "ean", "upc", "mpn", "asin", "itemsku", "variantsku", "barcode"})
ENVELOPES = frozenset(  # around the record of a product
    {
        *("node", "source", "attributes", "product", "item", "fields", "document", "doc", "data", "record", "entity"),
        *("payload", "object", "content", "properties", "value", "masterdata", "current"),
    }
)
CATALOGS = frozenset(  # whose lists may hold products
    {
        *("products", "product", "productlist", "items", "item", "itemlist", "results", "result", "data", "records"),
        *("entries", "entities", "rows", "list", "docs", "documents", "hits", "edges", "nodes", "objects"),
        *("elements", "catalog", "catalogue", "goods", "articles", "listings", "value", "values", "payload"),
        *("response", "content", "collection", "itemlistelement", "member", "hydra:member", "@graph", "embedded"),
        *("search", "body", "feed"),
    }
)
GROUPS = frozenset({"products", "Products", "productList", "product_list", "itemListElement"})  # in named things
_NEVER = frozenset(  # lists of what belongs to products, or to the answer of a service
    {
        *("included", "includes", "variants", "variations", "options", "images", "media", "reviews", "relationships"),
        *("facets", "aggregations", "buckets", "filters", "suggestions", "errors", "warnings", "links", "extensions"),
    }
)
OTHER_THINGS = frozenset(  # whose name is not that of a product
    {
        *("seller", "supplier", "merchant", "parent", "collection", "collections", "author", "store", "stores"),
        *("shop", "user", "users", "owner", "company", "organization", "customer", "contact", "warehouse"),
        *("location", "address", "designer", "artist", "producer", "publisher", "distributor", "country", "currency"),
        *("department", "taxonomy", "related", "meta", "metadata", "pagination", "channel", "locale", "language"),
        *("tax", "unit", "image", "variant", "brands", "vendors", "sellers", "suppliers", "manufacturers"),
        *("categories", "tags", "tag", "status", "family"),
    }
)
_KNOWN = ENVELOPES | CATALOGS | OTHER_THINGS | _NEVER
PARTS = frozenset({"brand", "category", "description", "price", "currency", "attributes"})
_LABELS_OF_ENVELOPES = frozenset({"type", "index", "score", "version", "cursor", "typename", "seqno", "primaryterm"})
_ACTIONS = frozenset({"index", "create", "update", "delete"})
_OF_ACTIONS = frozenset(
    {
        *("_index", "_id", "_type", "_routing", "_parent", "_version", "_retry_on_conflict", "routing", "version"),
        *("version_type", "if_seq_no", "if_primary_term", "pipeline", "require_alias", "retry_on_conflict"),
        *("require_data_stream", "dynamic_templates", "list_executed_pipelines"),
    }
)
_NAME_PATHS = tuple(name for name in FIELD_NAMES["name"] if "." in name)
_PRODUCT_MODELS = frozenset({"products", "item", "article", "book"})
_PRODUCT_TYPES = frozenset(  # of schema.org
    {
        *("vehicle", "car", "book", "softwareapplication", "mobileapplication", "menuitem", "drug"),
    }
)


def has_name(record: Mapping[str, Any]) -> bool:
    """Return whether a record has a usable value in a field for the product's name."""
    for name in record:
        if is_name_field(name) and not is_absent(record[name]):
            return True
    profile = profile_of(record)
    paths = profile.fields.get("name", ()) if profile else ()
    return any(value_at(record, path) is not None for path in (*paths, *_NAME_PATHS))


def is_header(value: Any) -> bool:
    """Return whether a list is the first row of a table that has a column for the product's name."""
    return isinstance(value, list) and all(isinstance(name, str) for name in value) and any(map(is_name_field, value))


def has_price_or_brand(record: Mapping[str, Any]) -> bool:
    """Return whether an object has a price or a brand of its own."""
    found = candidates(record)
    return any(not is_absent(value) for part in ("price", "brand") for _, value in found.get(part, ()))


def tells_of_product(record: Mapping[str, Any]) -> bool:
    """Return whether an object has what only products have: a price, a brand, or a code of trade."""
    return has_price_or_brand(record) or any(folded_key(name) in CODES for name in record)


def is_action_line(element: Mapping[str, Any]) -> bool:
    """Return whether an object is one of the lines that stand between the documents of Elasticsearch's bulk format."""
    if len(element) != 1:
        return False
    ((action, about),) = element.items()
    return action in _ACTIONS and isinstance(about, dict) and _OF_ACTIONS.issuperset(about)


def other_type(record: Mapping[str, Any]) -> str:
    """Return the type of a thing of schema.org that is no product; empty for others."""
    given = record.get("@type")
    types = [str(kind) for kind in given] if isinstance(given, list) else [given] if isinstance(given, str) else []
    bare = {re.split("[/:#]", kind)[-1].casefold() for kind in types}
    if not types or bare & _PRODUCT_TYPES or any("product" in kind for kind in bare):
        return ""
    if "price" in candidates(record) or any(value_at(record, field) is not None for field in ("offers", "sku", "gtin")):
        return ""
    return one_line(f"@type {', '.join(types)[:40]}")


def other_model(element: Mapping[str, Any]) -> str:
    """Return the model of an object that Django dumped, and that is no product; empty for others."""
    if element.keys() - {"pk"} != {"model", "fields"} or not isinstance(element["model"], str):
        return ""
    kind = element["model"].rpartition(".")[2].casefold()
    return "" if kind.endswith("product") or kind in _PRODUCT_MODELS else one_line(f"model {element['model'][:40]}")


def belongs_to_products(key: str) -> bool:
    """Return whether a key is that of what belongs to products, which is no list of products whatever it holds."""
    return folded_key(key) in _NEVER


def is_kept_of_envelope(name: str, value: Any) -> bool:
    """Return whether a field of an envelope tells something about the product in it."""
    if folded_key(name) in _LABELS_OF_ENVELOPES:
        return False
    return not isinstance(value, (dict, list)) or part_of(name) in PARTS


def is_known_key(key: str) -> bool:
    """Return whether a key is the name of something, and hardly the id of a product."""
    return folded_key(key) in _KNOWN or part_of(key) != ""


def part_of(name: str) -> str:
    """Return the part of a product that a field with this name holds; empty if it is none of them."""
    return next(iter(candidates({name: ""})), "") if len(name) <= LONGEST_NAME else ""


def folded_key(key: str) -> str:
    """Return a key for comparison, without `_`; empty if it is too long to be a word."""
    return fold(key) if len(key) <= LONGEST_NAME else ""
