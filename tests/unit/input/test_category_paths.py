"""Categories as feeds write them: which signs part levels, which part paths, and what is none."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query_generator.input.categories import category_of
from query_generator.input.plain_text import is_absent
from query_generator.input.product_fields import product_from_record


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Computers&Accessories|Cables|USB Cables", "Computers&Accessories > Cables > USB Cables"),
        ("Gear\nBags", "Gear"),
        ("Books\r\nMusic", "Books"),
        ("\n Uncategorized > Toys\nBags", "Uncategorized > Toys"),
        ("Home::Clothing::Tees", "Home > Clothing > Tees"),
        ("Kitchen » Mugs", "Kitchen > Mugs"),
        ("Kitchen › Mugs", "Kitchen > Mugs"),
        ("Kitchen->Pans", "Kitchen > Pans"),
        ("Kitchen -> Kettles", "Kitchen > Kettles"),
        ("Home; Lighting; Lamps", "Home > Lighting > Lamps"),
        ("Men's / Women's Hats", "Men's / Women's Hats"),
        ("Ski/boarding", "Ski/boarding"),
        ("Sports/Ski/boarding", "Sports > Ski/boarding"),
        ("home/kitchen/pans", "home > kitchen > pans"),
        ("Gear/iPhone cases", "Gear > iPhone cases"),
        ("Pens, Pencils & Ink > Pens", "Pens, Pencils & Ink > Pens"),
        ("Pens, Pencils", "Pens, Pencils"),
        ("Clothing,Shoes & Jewelry", "Clothing,Shoes & Jewelry"),
        ("AC/DC Adapters", "AC/DC Adapters"),
        ("TV/DVD Players", "TV/DVD Players"),
        ("A/C Units", "A/C Units"),
        ("Paper A4/A5", "Paper A4/A5"),
        ("Scale 1/18", "Scale 1/18"),
        ("Home &amp; Garden", "Home & Garden"),
        ("Default Category/Gear", "Default Category > Gear"),
        ("Electronics/TV/Audio", "Electronics > TV > Audio"),
        ("Home,Garden", "Home > Garden"),
        ("A > B | C > D", "A > B"),
        ("A > B; C > D", "A > B"),
        ("A|B;A|C", "A > B"),
        ("Home::A\nHome::B", "Home > A"),
        ("Clothing > Tshirts, Clothing > Hoodies", "Clothing > Tshirts"),
        ("Vehicles > Maintenance, Care & Decor > Fluids", "Vehicles > Maintenance, Care & Decor > Fluids"),
        ("Default Category/Gear,Default Category/Gear/Bags", "Default Category > Gear"),
        ("Gear/Bags|Gear/Straps", "Gear > Bags"),
        ("1604 - Apparel > Shirts", "Apparel > Shirts"),
        ("category:Electronics|category:Computers", "Electronics > Computers"),
        ("> Home > > Light >", "Home > Light"),
        ("None > Home", "Home"),
    ],
)
def test_a_category_in_a_text(text: str, expected: str) -> None:
    """Signs part levels and paths by one rule for all feeds; of several paths the first counts."""
    assert category_of(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["Home", "Light"], "Home > Light"),
        (["Home", "Home > Light"], "Home > Light"),
        (["Home > Light", "Sale > New"], "Home > Light"),
        (["Default Category/Gear", "Default Category/Sale"], "Default Category > Gear"),
        (["Appliances", "Refrigerators, Freezers & Ice Makers"], "Appliances > Refrigerators, Freezers & Ice Makers"),
        ([["Home", "Light"], ["Sale"]], "Home > Light"),
        ([{"id": 9, "name": "Clothing"}, {"id": 14, "name": "Hoodies"}], "Clothing"),
        ([{"id": 1, "name": "Uncategorized"}, {"id": 2, "name": "Hoodies"}], "Hoodies"),
        ([{"name": "Clothing"}, {"name": "Hoodies"}], "Clothing > Hoodies"),
        ([{"id": 2, "name": "Hoodies", "level": 2}, {"id": 1, "name": "Clothing", "level": 1}], "Clothing > Hoodies"),
        ({"name": "Hoodies", "parent": {"name": "Clothing"}}, "Clothing > Hoodies"),
        ({"id": "gid://shopify/1", "name": "Shirts", "fullName": "Apparel > Shirts"}, "Apparel > Shirts"),
        ({"lvl0": ["A"], "lvl1": ["A > B", "A > C"]}, "A > B"),
        ({"en-US": "Shoes", "de-DE": "Schuhe"}, "Shoes"),
        ({"typeId": "category", "id": "c1"}, ""),
    ],
)
def test_a_category_in_a_list_or_object(value: Any, expected: str) -> None:
    """Texts of a list are levels, or paths if each has levels; objects with ids are categories of their own."""
    assert category_of(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *("1604", 1604, "12, 14", ["1604"], "gid://shopify/TaxonomyCategory/aa-1", "https://example.com/a/b"),
        *(
            "5f1e2d3c4b5a69788796a5b4",
            "Uncategorized",
            "Default Category",
            "None",
            "-",
            "\\N",
            "#REF!",
            "tbd",
            True,
            {},
        ),
    ],
)
def test_what_is_no_category(value: Any) -> None:
    """An id, or a word for none, gives way to the next field."""
    assert category_of(value) == ""
    product = product_from_record({"name": "Lamp", "category": value, "product type": "Home > Light"}, 1)
    assert product.category == "Home > Light"


@pytest.mark.parametrize("kind", ["simple", "variable", "grouped", "physical", "simple, virtual", "Configurable"])
def test_the_kind_of_a_record_is_no_category(kind: str) -> None:
    """`type` may say what kind of record it is; as a category of its own such a word counts."""
    assert product_from_record({"name": "Lamp", "type": kind}, 1).category == ""
    assert product_from_record({"name": "Lamp", "category": "Physical"}, 1).category == "Physical"


_PIECES = st.sampled_from(["Home", "AC", " ", ">", "/", ",", "|", ";", "\n", "&", "::", "->", "»", "1", "None", "<b>"])
_TEXTS = st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=20).map("".join))


@pytest.mark.no_cover
@given(st.recursive(_TEXTS, lambda inner: st.lists(inner, max_size=4), max_leaves=8))
@settings(max_examples=500, deadline=None)
def test_any_category_is_a_path_of_levels(value: Any) -> None:
    """Whatever a category holds, it becomes a path of levels that are texts of their own, or none."""
    levels = category_of(value).split(" > ")
    assert levels == [""] or all(level.strip() == level and level and not is_absent(level) for level in levels)
    assert len(set(levels)) == len(levels)
