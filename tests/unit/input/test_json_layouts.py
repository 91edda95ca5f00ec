"""Where in a JSON input the products may be, and what is said where that is not clear."""

import io
import json
import logging
import random
import tracemalloc
from typing import Any

import pytest

from query_generator.errors import InputError
from query_generator.input.formats import InputBrokenOffError, read_records
from query_generator.input.sources import InputSource, load_input_data
from query_generator.models import NoRecord, Product, RejectedRecord

KETTLE = {"sku": "K-1", "name": "Copper Kettle", "brand": "Ember", "price": 59.0}
STEEL = {"sku": "K-2", "name": "Steel Kettle", "brand": "Ember", "price": 39.0}
MUG = {"name": "Enamel Mug"}


def read(text: str) -> list[Any]:
    """Return what is read, with the positions checked; no records are shown as their kind, rejected ones by reason."""
    numbered = list(read_records(io.BytesIO(text.encode()), "catalog"))
    assert [position for position, _ in numbered] == list(range(1, len(numbered) + 1))
    assert all(record.position == position for position, record in numbered if isinstance(record, RejectedRecord))
    return [
        record.kind if isinstance(record, NoRecord) else record.reason if isinstance(record, RejectedRecord) else record
        for _, record in numbered
    ]


def names(text: str) -> list[str]:
    """Return the names of the products, or the kind or reason of what is none."""
    return [record["name"] if isinstance(record, dict) else record for record in read(text)]


def until_refused(text: str) -> tuple[list[Any], str]:
    """Return what is read until the input is refused or ends, with the positions checked; and what is said then."""
    found: list[Any] = []
    try:
        for position, record in read_records(io.BytesIO(text.encode()), "catalog"):
            found.append(record)
            assert position == len(found)
    except (InputError, InputBrokenOffError) as exc:
        return found, str(exc)
    return found, ""


def refusal(text: str) -> list[str]:
    """Return the lines of the error that an input ends with."""
    source = InputSource("catalog", lambda: io.BytesIO(text.encode()))
    with pytest.raises(InputError) as raised:
        list(load_input_data(source)[0])
    return str(raised.value).splitlines()


WHERE = {
    "items": ({"items": [KETTLE, STEEL], "total": 2}, "the list at items"),
    "any key": ({"spring_2026": [KETTLE, STEEL]}, "the list at spring_2026"),
    "a name of its own": (
        {"name": "Spring export", "generated": "2026-03-01", "products": [KETTLE, STEEL]},
        "the list at products",
    ),
    "a name of its own, under items": ({"title": "Export", "items": [KETTLE, STEEL]}, "the list at items"),
    "deeper": ({"data": {"products": {"items": [KETTLE, STEEL]}}}, "the list at data.products.items"),
    "Solr": ({"responseHeader": {"status": 0}, "response": {"docs": [KETTLE, STEEL]}}, "the list at response.docs"),
    "edges and nodes": (
        {"data": {"products": {"edges": [{"node": KETTLE, "cursor": "x"}, {"node": STEEL}]}}},
        "the list at data.products.edges[].node",
    ),
    "nodes": ({"data": {"products": {"nodes": [KETTLE, STEEL]}}}, "the list at data.products.nodes"),
    "hits of a search": (
        {"took": 1, "hits": {"total": 2, "hits": [{"_index": "p", "_source": KETTLE}, {"_source": STEEL}]}},
        "the list at hits.hits[]._source",
    ),
    "aggregations beside": (
        {"hits": {"hits": [{"_source": KETTLE}, {"_source": STEEL}]}, "aggregations": {"x": {"buckets": [MUG]}}},
        "the list at hits.hits[]._source",
    ),
    "several searches": ({"results": [{"hits": [KETTLE, STEEL], "nbHits": 2}]}, "the list at results[].hits"),
    "OData": ({"@odata.context": "$metadata", "value": [KETTLE, STEEL]}, "the list at value"),
    "HAL": ({"_links": {}, "_embedded": {"items": [KETTLE, STEEL]}}, "the list at _embedded.items"),
    "by id": ({"K-1": KETTLE, "K-2": STEEL}, "the members of the outermost object"),
    "by id under a key": ({"products": {"K-1": KETTLE, "K-2": STEEL}}, "the members of products"),
    "by id, deeper": ({"data": {"shop": {"K-1": KETTLE, "K-2": STEEL}}}, "the members of data.shop"),
    "what has a name beside": (
        {"shop": {"name": "Ember's", "currency": "EUR"}, "items": [KETTLE, STEEL]},
        "the list at items",
    ),
    "facets beside": ({"items": [KETTLE, STEEL], "facets": [MUG], "filters": {"size": [MUG]}}, "the list at items"),
    "categories beside": ({"categories": [{"name": "Kitchen"}], "items": [KETTLE, STEEL]}, "the list at items"),
    "collections beside": (
        {
            "shop": {
                "collections": {"edges": [{"node": {"title": "All"}}]},
                "goods": {"edges": [{"node": KETTLE}, {"node": STEEL}]},
            }
        },
        "the list at shop.goods.edges[].node",
    ),
    "a shop": (
        {"data": {"shop": {"items": [{"name": "Copper Kettle"}, {"name": "Steel Kettle"}]}}},
        "the list at data.shop.items",
    ),
    "grouped": (
        {"categories": [{"name": "Copper", "products": [KETTLE]}, {"name": "Steel", "products": [STEEL]}]},
        "the list at categories[].products",
    ),
    "products wins": ({"related": [KETTLE], "products": [KETTLE, STEEL], "items": [MUG]}, "the list at products"),
}


@pytest.mark.parametrize(("value", "place"), WHERE.values(), ids=WHERE.keys())
@pytest.mark.parametrize("indent", [None, 2])
def test_the_one_list_of_named_objects_is_read(
    value: Any, place: str, indent: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """It is read wherever it is, and the log says where it was."""
    caplog.set_level(logging.INFO, "sources")
    assert names(json.dumps(value, indent=indent)) == ["Copper Kettle", "Steel Kettle"]
    assert caplog.messages == [f"[INPUT] products are {place}"]


def test_the_log_says_once_what_is_around_each_product(caplog: pytest.LogCaptureFixture) -> None:
    """In an array and in JSON Lines; nothing where they are just records."""
    caplog.set_level(logging.INFO, "sources")
    assert names(json.dumps([{"_source": KETTLE}, {"_source": STEEL}])) == ["Copper Kettle", "Steel Kettle"]
    assert names("\n".join(json.dumps({"items": [{"node": one}]}) for one in (KETTLE, STEEL)))[1:] == ["Steel Kettle"]
    read(json.dumps([KETTLE, STEEL]))
    assert caplog.messages == [
        "[INPUT] products are in each element at _source",
        "[INPUT] products are in each element at items[].node",
    ]


ENVELOPES: dict[str, tuple[Any, dict[str, Any]]] = {
    "JSON:API": (
        {"type": "products", "id": "7", "attributes": MUG, "relationships": {"brand": {"data": {"id": "1"}}}},
        {"id": "7", **MUG},
    ),
    "product": ({"id": 7, "product": KETTLE}, {"id": 7, **KETTLE}),
    "DynamoDB": ({"Item": {"name": {"S": "Mug"}}}, {"name": {"S": "Mug"}}),
    "fields": ({"id": "rec1", "createdTime": "2026", "fields": MUG}, {"id": "rec1", "createdTime": "2026", **MUG}),
    "a dump of Elasticsearch": (
        {"_index": "shop", "_type": "_doc", "_id": "1", "_score": 1, "_source": KETTLE},
        {"_id": "1", **KETTLE},
    ),
    "two around each other": ({"node": {"product": KETTLE}}, KETTLE),
    "the outer sku": ({"sku": "M-1", "product": {**MUG, "price": 3}}, {"sku": "M-1", **MUG, "price": 3}),
    "the inner sku": ({"sku": "M-1", "product": {**MUG, "sku": "M-2"}}, {**MUG, "sku": "M-2"}),
    "brand and price outside": (
        {"product": MUG, "brand": {"name": "Vale"}, "price": {"amount": 3}},
        {**MUG, "brand": {"name": "Vale"}, "price": {"amount": 3}},
    ),
    "a key of its own": ({"kettle": KETTLE}, KETTLE),
    "beside a party": ({"details": KETTLE, "supplier": {"name": "Forge", "sku": "x"}}, KETTLE),
}


@pytest.mark.parametrize(("element", "record"), ENVELOPES.values(), ids=ENVELOPES.keys())
def test_a_record_is_taken_out_of_its_envelope(element: Any, record: dict[str, Any]) -> None:
    """In an array, in JSON Lines and under a key; what the envelope says of the product is kept."""
    line = json.dumps(element)
    for text in (f"[{line}, {line}]", f"{line}\n{line}", f'{{"x": [{line}]}}'):
        assert {json.dumps(found, sort_keys=True) for found in read(text)} == {json.dumps(record, sort_keys=True)}


NAMED_BUT_NO_PRODUCT = {
    "its brand": {"sku": "A", "brand": {"name": "Acme"}},
    "its category": {"id": 1, "category": {"name": "Kettles", "description": "All of them"}},
    "its supplier": {"id": 1, "supplier": {"name": "Forge", "sku": "F", "price": 3}},
    "a thing without anything of a product": {"sku": "A", "plant": {"name": "North", "code": "N"}},
    "two things": {"left": KETTLE, "right": STEEL, "price": 3},
    "its variants": {"sku": "A", "variants": [KETTLE, STEEL]},
    "its parts": {"sku": "A", "price": 3, "items": [KETTLE, STEEL]},
}


@pytest.mark.parametrize("element", NAMED_BUT_NO_PRODUCT.values(), ids=NAMED_BUT_NO_PRODUCT.keys())
def test_the_name_of_something_else_is_not_the_products(element: dict[str, Any]) -> None:
    """A record without a name stays one: it is rejected, not sold under the name of its brand or of a part."""
    assert read(json.dumps([element, KETTLE])) == [element, KETTLE]


PRODUCTS_WITH_LISTS = [
    {"name": "Tea set", "price": 99, "items": [KETTLE, MUG]},
    {"name": "Tea set", "sku": "S", "products": [KETTLE, STEEL]},
    {"name": "Tea set", "category": "Kitchen", "items": [KETTLE]},
    {"name": "Tea set", "brand": "Ember", "categories": [{"name": "Kitchen"}], "variants": [{"title": "Red"}]},
    {"title": "Tea set", "images": [{"name": "front.png"}], "tags": [{"name": "tea"}]},
    {"name": "Tea set", "items": [{"name": "Kettle"}, {"name": "Mug"}]},
    {"name": "Tea set", "K-1": KETTLE, "K-2": STEEL},
]


@pytest.mark.parametrize("product", PRODUCTS_WITH_LISTS, ids=lambda product: json.dumps(product)[:60])
def test_a_product_with_lists_is_one_product(product: dict[str, Any]) -> None:
    """Parts of a bundle, variants and categories are no products, be it alone, in an array or in JSON Lines."""
    line = json.dumps(product)
    assert read(line) == [product]
    assert read(f"{line}\n{json.dumps(MUG)}\n{line}") == [product, MUG, product]
    assert read(f"[{line}, {line}]") == [product, product]


def test_lines_are_lines_whatever_the_first_holds() -> None:
    """Where more objects follow, the first is one of them; a page of products gives its products."""
    pages = [{"page": 1, "items": [KETTLE, {"sku": "x"}]}, {"page": 2, "items": [STEEL]}, {"page": 3, "items": []}]
    lines = "\n".join(map(json.dumps, pages))
    assert read(lines) == [KETTLE, {"sku": "x"}, STEEL, pages[2]]
    assert read(json.dumps(pages)) == [KETTLE, {"sku": "x"}, STEEL, pages[2]]
    assert read(f"{json.dumps(pages[0])}\noops\n{json.dumps(MUG)}")[2:] == [
        "not valid JSON: Expecting value (line 1 column 1 of the record)",
        MUG,
    ]


def test_action_lines_of_elasticsearch_are_no_records() -> None:
    """They are counted as what they are, in lines and in an array; the document of an update is read."""
    lines = [{"index": {"_index": "shop", "_id": "0"}}, KETTLE, {"create": {}}, STEEL, {"delete": {"_id": "9"}}]
    lines += [{"update": {"_id": "2", "retry_on_conflict": 3}}, {"doc": MUG, "doc_as_upsert": True}]
    expected = ["action line", "Copper Kettle", "action line", "Steel Kettle", *["action line"] * 2, "Enamel Mug"]
    assert names("\n".join(map(json.dumps, lines)) + "\n") == expected
    assert names(json.dumps(lines, indent=1)) == expected
    assert read(json.dumps([{"index": {"title": "no action"}}])) != ["action line"]


def test_things_of_schema_org_that_are_no_products_are_counted() -> None:
    """In a graph, and in an array of what pages hold; a list of items is one of their products."""
    product = {"@type": "Product", "name": "Kettle", "offers": {"price": 3}}
    group = {"@type": ["https://schema.org/ProductGroup"], "name": "Kettles"}
    others = [
        {"@type": "WebSite", "name": "Shop"},
        {"@type": "BreadcrumbList"},
        {"@type": "Organization", "name": "Co"},
    ]
    kinds = ["@type WebSite", "@type BreadcrumbList", "@type Organization"]
    assert names(json.dumps({"@context": "https://schema.org", "@graph": [product, *others, group]})) == [
        "Kettle",
        *kinds,
        "Kettles",
    ]
    assert names(json.dumps([*others, product])) == [*kinds, "Kettle"]
    items = [{"@type": "ListItem", "position": at, "item": product} for at in (1, 2)]
    assert read(json.dumps({"@type": "ItemList", "name": "Best kettles", "itemListElement": items})) == [
        {"position": at, **product} for at in (1, 2)
    ]


def test_a_dump_of_several_models_gives_its_products() -> None:
    """Django writes all models into one array; categories and permissions have names as well."""
    dump = [
        {"model": "auth.permission", "fields": {"name": "Can change order"}},
        {"model": "shop.category", "pk": 4, "fields": {"name": "Kitchen"}},
        {"model": "shop.product", "pk": 7, "fields": {"name": "Kettle", "category": 4}},
        {"model": "shop.producttype", "pk": 8, "fields": {"name": "Kettles"}},
    ]
    assert names(json.dumps(dump)) == [
        "model auth.permission",
        "model shop.category",
        "Kettle",
        "model shop.producttype",
    ]
    assert "no records of products, only model auth.permission" in refusal(json.dumps(dump[:1]))[0]


def test_what_json_api_includes_is_no_list_of_products() -> None:
    """Only the primary data are products."""
    data = {"type": "product", "id": "1", "attributes": KETTLE}
    included = [{"type": "brand", "id": "9", "attributes": {"name": "Ember"}}]
    assert names(json.dumps({"included": included, "data": [data]})) == ["Copper Kettle"]
    assert names(json.dumps({"data": [data], "included": included})) == ["Copper Kettle"]
    assert names(json.dumps({"data": data, "included": included})) == ["Copper Kettle"]


def test_members_by_id_keep_their_id() -> None:
    """The key is the id of a product that tells none; what is no object beside them is counted."""
    text = json.dumps({"red": {"name": "Red Mug"}, "blue": {"name": "Blue Mug", "id": 7}, "K-1": KETTLE})
    assert read(text) == [{"id": "red", "name": "Red Mug"}, {"name": "Blue Mug", "id": 7}, KETTLE]
    assert names(json.dumps({"1": KETTLE, "2": STEEL, "total": 2, "next": None})) == [
        "Copper Kettle",
        "Steel Kettle",
        *["value beside products"] * 2,
    ]


def test_a_member_without_a_name_is_rejected_and_not_lost() -> None:
    """Be it one of many or beside a single good one."""
    for text in ('{"K-1": %s, "K-2": {"sku": "x"}}', '{"data": {"K-1": %s, "K-2": {"sku": "x"}, "K-3": null}}'):
        assert read(text % json.dumps(KETTLE))[:2] == [KETTLE, {"sku": "x"}]


def test_a_table_of_lists_is_read_by_its_header() -> None:
    """An array of arrays whose first names the columns; a longer row is rejected, a shorter one lacks the rest."""
    table = [["name", "price"], ["Kettle", 59], ["Mug"], ["Lamp", 5, 5]]
    expected = ["header row", {"name": "Kettle", "price": 59}, {"name": "Mug"}, "has 3 cells, but the header has 2"]
    assert read(json.dumps(table)) == expected
    assert read(json.dumps({"range": "A1:B4", "values": table})) == expected


SEVERAL = {
    "two keys": ({"kitchen": [KETTLE, MUG], "garden": [STEEL]}, "kitchen (2 seen), garden (1 seen)"),
    "one deeper": ({"items": [KETTLE], "data": {"old": [MUG]}}, "items (1 seen), data.old (1 seen)"),
    "two products": (
        {"a": {"products": [KETTLE]}, "b": {"products": [STEEL]}},
        "a.products (1 seen), b.products (1 seen)",
    ),
    "by id": ({"a": {"K-1": KETTLE, "K-2": STEEL}, "b": [MUG]}, "the members of a (2 seen), b (1 seen)"),
}


@pytest.mark.parametrize(("value", "lists"), SEVERAL.values(), ids=SEVERAL.keys())
def test_several_lists_are_named_and_none_is_read(value: Any, lists: str) -> None:
    """Nobody can know which of them is meant: it ends 64 with their places and a command to try."""
    what, why, to_try = refusal(json.dumps(value))
    assert lists in what
    assert "`products`" in why
    assert "jq -c '." in to_try


@pytest.mark.parametrize("second", ['"garden": %s', '"more": {"garden": %s}', '"more": {"x": 1, "y": {"garden": %s}}'])
@pytest.mark.parametrize("size", [1, 4_000])
@pytest.mark.no_cover
def test_a_second_list_is_found_however_far_away(second: str, size: int) -> None:
    """Also behind megabytes of the first, and where it is itself that long."""
    rest = second % json.dumps([{"name": f"Spade {number}", "note": "x" * 500} for number in range(size)])
    first = json.dumps([{**KETTLE, "note": "x" * 500}] * 4_000)
    what, _, _ = refusal(f'{{"kitchen": {first}, {rest}}}')
    assert "kitchen (4000 seen)" in what
    assert "garden (" in what


@pytest.mark.no_cover
def test_what_is_no_list_of_products_may_follow() -> None:
    """Long lists, objects and texts after the products are passed over, whatever they hold."""
    around = {"facets": [MUG] * 100_000, "categories": [{"name": "x"}] * 60_000, "text": "y" * 2_000_000}
    text = json.dumps({"data": {"items": [KETTLE, STEEL], **around}, **around})
    assert names(text) == ["Copper Kettle", "Steel Kettle"]


NOTHING = {
    "another name": (
        {"status": "ok", "payload": {"stock": [{"sku": "1", "label": "Kettle", "cost": 3}]}},
        "the keys status, payload; payload.stock[], objects with sku, label, cost",
        "jq -c '.payload.stock[] | .name = .label'",
    ),
    "categories": ({"categories": [{"name": "Kitchen"}]}, "categories[], objects with name", "jq -c"),
    "collections": ({"data": {"collections": {"edges": [{"node": {"title": "All"}}]}}}, "the keys data", "jq -c"),
    "no list": ({"sku": "A", "price": 3}, "the keys sku, price", "jq -c"),
    "an empty list": ({"items": [], "total": 0}, "the keys items, total", "jq -c"),
    "an empty object": ({}, "an empty object", "jq -c"),
    "numbers": ({"ids": [1, 2, 3]}, "the keys ids", "jq -c"),
    "a hostile key": ({"a\nb\u202e" * 30: 1}, "the keys a\\nb\\u202ea", "jq -c"),
    "many keys": ({f"key {number}": 1 for number in range(40)}, "key 11 and 28 more", "jq -c"),
    "nameless records": ([{"sku": 1, "heading": "x"}, {"sku": 2}], "the keys sku, heading", ".name = .heading"),
    "only brands": ([{"sku": "A", "brand": {"name": "Acme"}}], "the keys sku, brand", ".name = .the_field"),
}


@pytest.mark.parametrize(("value", "seen", "to_try"), NOTHING.values(), ids=NOTHING.keys())
def test_where_nothing_fits_three_lines_say_what_was_seen(value: Any, seen: str, to_try: str) -> None:
    """What was found, that a field for the name is missing, and a command to try."""
    first, second, third = refusal(json.dumps(value))
    assert first.startswith("catalog holds no")
    assert seen in second
    assert "name, title" in second
    assert third.startswith("Try: ")
    assert to_try in third


@pytest.mark.parametrize("text", ["[1, 2]", '["a"]', "[[1, 2], [3]]", "[null]"])
def test_elements_that_are_no_objects_end_in_three_lines(text: str) -> None:
    """They are rejected, and what is read instead is told."""
    first, second, third = refusal(text)
    assert "not an object" in first
    assert "name, title" in second
    assert "names of the columns" in third


@pytest.mark.parametrize(
    "value",
    [
        {"name": {"0": "Kettle", "1": "Mug"}, "price": {"0": 3, "1": 4}},
        {"sku": ["1", "2"], "name": ["Kettle", "Mug"], "price": [3, 4]},
    ],
)
def test_a_table_by_columns_is_told_and_not_taken_for_a_product(value: Any) -> None:
    """What pandas writes by default would else be one product with the name of the first."""
    first, second, third = refusal(json.dumps(value))
    assert "column by column" in first
    assert "name" in second
    assert "records" in third
    assert read(json.dumps([{"name": ["Kettle"], "price": [3]}])) == [{"name": ["Kettle"], "price": [3]}]


WRAPPERS = {
    "list": ('{"total": 4, "items": [', "%s", '], "page": 1}'),
    "edges": ('{"data": {"shop": {"edges": [', '{"node": %s}', "]}}}"),
    "by id": ('{"data": {', '"K-%d": %%s', "}}"),
}


@pytest.mark.parametrize(("head", "unit", "tail"), WRAPPERS.values(), ids=WRAPPERS.keys())
@pytest.mark.parametrize(
    "bad", ['{"name": "x" "price": 1}', '{"sku": , "name": "x"}', "{name: 1}", "oops", '{"name": "x", "t": ["a"}']
)
@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_broken_record_in_a_wrapper_costs_only_itself(head: str, unit: str, tail: str, bad: str, at: int) -> None:
    """Also where it is the first: the others are read, and it is named by its position."""
    good = [json.dumps({"name": name, "price": 1}) for name in "ABC"]
    units = [unit % number if "%d" in unit else unit for number in range(4)]
    records = [shape % item for shape, item in zip(units, [*good[:at], bad, *good[at:]], strict=True)]
    found = names(head + ", ".join(records) + tail)
    assert found[at].startswith("not valid JSON")
    assert found[:at] + found[at + 1 :] == ["A", "B", "C"]


@pytest.mark.parametrize(("head", "unit", "tail"), WRAPPERS.values(), ids=WRAPPERS.keys())
def test_a_wrapper_cut_anywhere_gives_what_comes_before(head: str, unit: str, tail: str) -> None:
    """The records before the cut are read, and the byte is named where it breaks off."""
    text, ends = head, []
    for number in range(3):
        shape = unit % number if "%d" in unit else unit
        text += ", " * bool(number) + shape % json.dumps({"name": str(number), "price": 1})
        ends.append(len(text))
    text += tail
    for size in range(1, len(text)):
        found, message = until_refused(text[:size])
        assert [record["name"] for record in found] == [str(number) for number, end in enumerate(ends) if end <= size]
        assert message.startswith("catalog ")


class Repeated(io.RawIOBase):
    """A stream of a head, units made one by one, and a tail; it is never held."""

    def __init__(self, head: str, unit: str, count: int, tail: str) -> None:
        self._parts = (part for part in (head, *(unit.replace("#", str(at)) for at in range(count)), tail))
        self._data = b""
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._data and (part := next(self._parts, "")):
            self._data = part.encode()
        taken, self._data = self._data[: len(buffer)], self._data[len(buffer) :]
        buffer[: len(taken)] = taken
        self.given += len(taken)
        return len(taken)


@pytest.mark.parametrize(
    ("head", "unit", "tail"),
    [
        ('{"data": {"items": [{"name": "first"}', ', {"name": "Kettle #", "text": "%s"}', ']}, "total": 1}'),
        ('{"K-x": {"name": "first", "price": 1}', ', "K-#": {"name": "Kettle #", "text": "%s"}', "}"),
        ('{"items": [{"node": {"name": "first"}}', ', {"node": {"name": "Kettle #", "text": "%s"}}', "]}"),
    ],
    ids=["list", "by id", "nodes"],
)
@pytest.mark.no_cover
def test_the_memory_of_a_wrapper_is_flat(head: str, unit: str, tail: str) -> None:
    """12 MB are read in the memory of some chunks."""
    count = 2_500
    stream = io.BufferedReader(Repeated(head, unit % ("x" * 5_000), count, tail))
    tracemalloc.start()
    records = sum(isinstance(record, dict) for _, record in read_records(stream))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert records == count + 1
    assert peak < 8 * 1024 * 1024


def test_the_first_record_of_a_wrapper_comes_soon() -> None:
    """A consumer need not wait for the whole catalog, nor for a megabyte."""
    stream = Repeated('{"items": [{"name": "first"}', ', {"name": "Kettle", "text": "%s"}' % ("x" * 550), 50_000, "]}")
    next(iter(read_records(io.BufferedReader(stream))))
    assert stream.given < 600_000


@pytest.mark.parametrize("megabytes", [2, 17])
def test_a_list_that_begins_too_late_is_told(megabytes: int) -> None:
    """After more than 1 MB of other things a list is found in a record of up to 16 MB; a larger one is refused."""
    text = json.dumps({"facets": "x" * megabytes * 1024 * 1024, "items": [KETTLE, STEEL]})
    if megabytes < 16:
        assert names(text) == ["Copper Kettle", "Steel Kettle"]
    else:
        what, why, to_try = refusal(text)
        assert "larger than 16 MB" in what
        assert "first 1 MB" in why
        assert "jq -c" in to_try


@pytest.mark.no_cover
def test_hostile_nesting_costs_little() -> None:
    """Lists in lists in objects without a name, 100,000 in all, are looked through once or so, not once a level."""
    value: Any = [{"id": number} for number in range(30)]
    for key in ("items", "data", "results", "hits", "edges", "nodes", "items", "docs"):
        value = [{key: value, "node": {key: value if isinstance(value, list) and len(value) < 3 else []}}] * 2
    with pytest.raises(InputError):
        list(load_input_data(InputSource("catalog", lambda: io.BytesIO(json.dumps({"x": value}).encode())))[0])


def mutated(text: str, sizes: random.Random) -> str:
    """Return a text with some characters lost, doubled or changed, or cut."""
    for _ in range(sizes.randint(0, 3)):
        at = sizes.randrange(len(text) + 1)
        kind = sizes.randrange(5)
        if kind == 0:
            text = text[:at] + text[at + sizes.randint(1, 8) :]
        elif kind == 1:
            text = text[:at] + sizes.choice('{}[]",:\\ x0\n') + text[at:]
        elif kind == 2:
            text = text[:at] + sizes.choice('{}[]",:\\ x0\n') + text[at + 1 :]
        elif kind == 3:
            text = text[:at]
        else:
            end = min(len(text), at + sizes.randint(1, 40))
            text = text[:end] + text[at:end] + text[end:]
    return text


@pytest.mark.parametrize("seed", range(40))
def test_mutated_documents_never_end_in_a_crash_nor_lose_a_row(seed: int) -> None:
    """What is read adds up, or the input is refused with words; 25 documents each."""
    sizes = random.Random(seed)
    documents = [value for value, _ in (*WHERE.values(), *SEVERAL.values())] + [[one] for one, _ in ENVELOPES.values()]
    for _ in range(25):
        text = mutated(json.dumps(sizes.choice(documents), indent=sizes.choice([None, 2])), sizes)
        found, message = until_refused(text)
        assert all(isinstance(record, (dict, RejectedRecord, NoRecord)) for record in found)
        assert found or message.startswith("catalog ")


def test_documents_of_firestore_are_products() -> None:
    """Their `name` is a path and not that of the product; values are read without their types."""
    fields = {
        "name": {"stringValue": "Kettle"},
        "price": {"doubleValue": 59.5},
        "attributes": {"mapValue": {"fields": {"colour": {"stringValue": "red"}, "litres": {"integerValue": "2"}}}},
        "categories": {"arrayValue": {"values": [{"stringValue": "Kitchen"}]}},
    }
    text = json.dumps(
        {"documents": [{"name": "projects/p/databases/(default)/documents/products/k7", "fields": fields}]}
    )
    (product,) = load_input_data(InputSource("catalog", lambda: io.BytesIO(text.encode())))[0]
    assert isinstance(product, Product)
    assert (product.name, product.price, product.external_id, product.category) == ("Kettle", "59.5", "k7", "Kitchen")
    assert dict(product.attributes) == {"colour": "red", "litres": "2"}


def test_products_of_an_envelope_are_products() -> None:
    """From the text to products: brand, price and id of a node are those of its product."""
    node = {"id": "gid://1", "title": "Kettle", "vendor": "Ember"}
    text = json.dumps({"data": {"products": {"edges": [{"node": node}]}}})
    (product,) = load_input_data(InputSource("catalog", lambda: io.BytesIO(text.encode())))[0]
    assert isinstance(product, Product)
    assert (product.name, product.brand, product.external_id) == ("Kettle", "Ember", "gid://1")
