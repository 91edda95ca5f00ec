"""The field names that real feeds use for the parts of a product, and the search for them in a record."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from query_generator.input.currencies import currency_of
from query_generator.input.plain_text import fold, is_absent

FIELD_NAMES: dict[str, tuple[str, ...]] = {
    "external_id": (
        *("id", "_id", "sku", "pk", "code", "productCode", "product_id", "productID", "uniq_id", "pid", "objectID"),
        *("item_sku", "item_id", "identifier", "Handle", "Variant SKU", "item_group_id"),
        *("gtin", "gtin13", "ean", "upc", "mpn", "asin"),
    ),
    "name": (
        *("name", "title", "product_name", "productName", "content.productName", "product_title"),
        *("item_name", "item_title"),
        *("nom", "nombre", "nome", "naam", "nazwa", "имя"),
        *("наименование", "наименование_товара", "название", "bezeichnung", "artikelbezeichnung", "produktname"),
        *("titel", "titre", "titolo", "título", "titulo", "désignation"),
        *("libellé", "商品名", "商品名称", "产品名称"),
    ),
    "brand": (
        "brand",
        "brands",
        "brand_name",
        "manufacturer",
        "manufacturer_name",
        "vendor",
        *("marke", "marque", "marca", "marchio", "merk", "marka"),
        *("бренд", "производитель", "hersteller", "fabricante", "品牌"),
    ),
    "category": (
        *("category", "categories", "product_type", "productType", "type", "product_category"),
        *("product_category_tree", "category_tree", "breadcrumb", "google_product_category"),
        "hierarchicalCategories",
        *("kategorie", "kategorien", "catégorie", "catégories", "categoría", "categorías"),
        *("categorie", "categorieën", "kategoria", "категория", "категории", "category_path"),
        *("分类", "类别"),
    ),
    "description": (
        *("description", "short_description", "shortDescription", "long_description", "product_description"),
        *("body_html", "Body (HTML)", "detail", "brief", "content.productFullDescription"),
        *("content.productShortDescription", "generic_name"),
        *("beschreibung", "descripción", "descrizione", "omschrijving", "opis", "описание"),
        *("descrição",),
    ),
    "price": (
        *("salePrice", "sale_price", "special_price", "discounted_price", "final_price", "price"),
        *("regular_price", "retail_price", "list_price", "offers.price"),
        *("prices", "price_range", "price_info", "offers.lowPrice", "offers.priceSpecification"),
        *("angebotspreis", "tarif_promo", "precio_rebajado", "prezzo_in_offerta", "preis", "precio"),
        *("prix", "prezzo", "prijs", "cena", "цена", "preço"),
        *("selling_price", "unit_price", "variant_price", "item_price", "standard_price", "original_price"),
        *("mrp", "msrp", "regulärer_preis", "normaler_preis", "tarif_régulier", "precio_normal"),
        *("prezzo_di_listino", "базовая_цена", "стоимость", "price_tax_included", "price_tax_excluded", "价格"),
        *("価格",),
    ),
    "currency": ("offers.priceCurrency", "priceCurrency", "currency", "currency_code", "price_currency", "currencyId"),
    "attributes": (
        *("attributes", "additional_attributes", "specifications", "product_specifications", "properties"),
        *("custom_attributes", "additionalProperty", "param", "tags"),
        "dimensions",
    ),
}


_RANKS: dict[str, tuple[str, int]] = {}
for _part, _names in FIELD_NAMES.items():
    for _rank, _name in enumerate(_names):
        _RANKS.setdefault(fold(_name), (_part, _rank))
MOST_NAMES_KEPT, MOST_CHARACTERS_KEPT = 200, 4_000  # of the fields of a record, in the caches of such names
LONGEST_NAME = 200  # a longer name is none of ours; the cache below shall not keep it
_IN_LANGUAGES = ("name", "description")
_AFTER_ALL = 1_000  # ranks; a name without a language comes first
_LOCALIZED = re.compile(r"(?P<name>.+?)\s*(?:[-_:.@ ]|\[|\()(?!id\b)[a-z]{2}(?:[-_][A-Z][A-Za-z]{1,3})?(?:-\w+)?[\])]?")
_BARE_NUMBER = re.compile(r"[$\s]*\d[\d.,\s]*")
_WITH_CURRENCY = re.compile(r"(?P<name>.+?)[\s,_(\[/-]+(?P<currency>\w{1,4}\.?|[^\w\s])[)\]]?")
_PARENTS = {name.partition(".")[0] for name in _RANKS if "." in name}


@lru_cache(maxsize=4096)
def _known(name: str) -> tuple[tuple[str, int] | None, str]:
    """Return the part and rank of a field name, and its folded form if it is a parent of such names."""
    folded = fold(name)
    if currency_in_name(name):
        name = _WITH_CURRENCY.fullmatch(name.strip())["name"]  # type: ignore[index]
        return ("price", _RANKS[fold(name)][1] + _AFTER_ALL), ""
    if (ranked := _RANKS.get(folded)) is None and (localized := _LOCALIZED.fullmatch(name.strip())):
        part, rank = _RANKS.get(fold(localized["name"]), ("", 0))
        ranked = (part, rank + _AFTER_ALL) if part in _IN_LANGUAGES else None
    return ranked, folded if folded in _PARENTS else ""


@lru_cache(maxsize=4096)
def currency_in_name(name: str) -> str:
    """Return the currency in the name of a field such as `Price (CAD)`, `price-USD` or `Стоимость, руб`."""
    match = _WITH_CURRENCY.fullmatch(name.strip()) if len(name) <= LONGEST_NAME else None
    if match is None or _RANKS.get(fold(match["name"]), ("", 0))[0] != "price":
        return ""
    return currency_of(match["currency"])


def _with_currency(name: str, value: Any) -> Any:
    """Return a price with the currency in the name of its field, if it names none."""
    currency = currency_in_name(name)
    is_bare = bool(currency) and isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return f"{value} {currency}".lstrip("$ ") if is_bare and _BARE_NUMBER.fullmatch(str(value)) else value


def _part_and_rank(name: str) -> tuple[str, int] | None:
    return _known(name)[0] if len(name) <= LONGEST_NAME else None


def _parent(name: str) -> str:
    return _known(name)[1] if len(name) <= LONGEST_NAME else ""


def part_of(name: str) -> str:
    """Return the part of a product that a field with this name may hold, "" if none."""
    ranked = _part_and_rank(name)
    return ranked[0] if ranked else ""


def is_name_field(name: str) -> bool:
    """Return whether a field with this name may hold the product's name."""
    return part_of(name) == "name"


def is_small(names: tuple[str, ...]) -> bool:
    """Return whether the names of a record's fields may be kept in a cache."""
    return len(names) <= MOST_NAMES_KEPT and sum(map(len, names)) <= MOST_CHARACTERS_KEPT


def is_price_field(name: str) -> bool:
    """Return whether a field with this name may hold the price."""
    return part_of(name) == "price"


_folded = lru_cache(maxsize=4096)(fold)


def value_at(record: Mapping[str, Any], path: str) -> Any:
    """Return the usable value at a path, None if there is none.

    A name is compared as in `field_names`. A dot leads into an object, or into the first object of a list that has a
    usable value there, or into a text of pairs such as `brand:Acme|colour:red`; a key that itself holds the dots comes
    first.
    """
    if path in record:
        return None if is_absent(record[path]) else record[path]
    wanted = _folded(path)
    for name, value in record.items():
        if len(name) <= LONGEST_NAME and _folded(name) == wanted:
            return None if is_absent(value) else value
    head, dot, rest = path.partition(".")
    if not dot:
        return None
    inner = value_at(record, head)
    if isinstance(inner, str) and (pair := re.search(rf"(?:^|\|)\s*{re.escape(rest)}:([^|]*)", inner)):
        return pair[1].strip() or None
    objects = (item for item in (inner if isinstance(inner, list) else [inner]) if isinstance(item, Mapping))
    return next((value for item in objects if (value := value_at(item, rest)) is not None), None)


def candidates(
    record: Mapping[str, Any], first: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> dict[str, list[tuple[str, Any]]]:
    """Return the fields of a record for each part of a product: a list of (field name, value), best first.

    A dotted name is found as a flat key and as a path into a dict, or into the dicts of a list. The order of the
    record's keys is ignored. `first` has paths for `value_at`, by part, which come before the general names.
    """
    found: dict[str, list[tuple[int, str, Any]]] = {}
    for name, value in record.items():
        if ranked := _part_and_rank(name):
            found.setdefault(ranked[0], []).append((ranked[1], name, _with_currency(name, value)))
        elif parent := _parent(name):
            for path, inner in _children(value):
                if ranked := _RANKS.get(f"{parent}.{fold(path[:LONGEST_NAME])}"):
                    found.setdefault(ranked[0], []).append((ranked[1], f"{name}.{path}", inner))
    for hits in found.values():
        hits.sort(key=_rank_of)
    fields = {part: [hit[1:] for hit in hits] for part, hits in found.items()}
    for part, paths in first.items():
        given = [(path, _with_currency(path, value)) for path in paths if (value := value_at(record, path)) is not None]
        fields[part] = given + fields.get(part, [])
    return fields


def _rank_of(hit: tuple[int, str, Any]) -> tuple[int, str]:
    return hit[:2]


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, Mapping):
            yield from item.items()
