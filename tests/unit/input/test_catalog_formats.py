"""The formats of catalogs that people have: which rows are products, and what is said of them."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from query_generator.input.profiles import PROFILES, profile_of
from query_generator.input.read_sums import ReadSums
from query_generator.input.sources import load_input_data, text_source
from query_generator.models import Product, RejectedRecord

Row = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """Rows of a format; the products in them as (name, brand, category, price, currency) with some attributes."""

    rows: list[Row]
    products: list[tuple[tuple[str, str, str, str, str], dict[str, str]]]
    is_table: bool = False
    parts: int = 0
    others: int = 0


def table(header: str, *lines: str) -> list[Row]:
    """Rows of a table whose cells are parted by `;`."""
    names = header.split(";")
    return [dict(zip(names, line.split(";"), strict=True)) for line in lines]


def as_text(sample: Sample) -> str:
    """A sample as its format writes it: CSV, or a JSON array."""
    if not sample.is_table:
        return json.dumps(sample.rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(sample.rows[0]))
    writer.writeheader()
    writer.writerows(sample.rows)
    return out.getvalue()


def read(text: str) -> tuple[list[Product], list[RejectedRecord], ReadSums]:
    """Read a text as the job does."""
    sums = ReadSums()
    entries = list(load_input_data(text_source("test", text), sums)[0])
    return (
        [entry for entry in entries if isinstance(entry, Product)],
        [entry for entry in entries if isinstance(entry, RejectedRecord)],
        sums,
    )


def typed(value: str, number: str = "") -> Row:
    """A value of an attribute in WooCommerce's REST interface."""
    return {"id": 1, "name": value, "options": number.split(",")}


SAMPLES: dict[str, Sample] = {
    "Shopify CSV": Sample(
        table(
            "Handle;Title;Body (HTML);Vendor;Type;Option1 Name;Option1 Value;Variant Price;Image Src",
            "tote;Canvas Tote;<p>Sturdy.</p>;Fern;Bags;Color;Sand;24.00;http://x/1.jpg",
            "tote;;;;;;Navy;26.00;",
            "tote;;;;;;;;http://x/2.jpg",
            "mug;Enamel Mug;;Fern;Kitchen;Title;Default Title;12.50;",
        ),
        [
            (("Canvas Tote", "Fern", "Bags", "24.00", ""), {"Color": "Sand, Navy", "price range": "24.00 to 26.00"}),
            (("Enamel Mug", "Fern", "Kitchen", "12.50", ""), {}),
        ],
        is_table=True,
        parts=2,
    ),
    "Shopify CSV of 2025": Sample(
        table(
            "Title;URL handle;Description;Vendor;Type;Option1 name;Option1 value;Price",
            "Tote;tote;Sturdy.;Fern;Bags;Color;Sand;24.00",
            ";tote;;;;;Navy;24.00",
        ),
        [(("Tote", "Fern", "Bags", "24.00", ""), {"Color": "Sand, Navy"})],
        is_table=True,
        parts=1,
    ),
    "Shopify products.json": Sample(
        [
            {
                "title": "Tote",
                "handle": "tote",
                "vendor": "Fern",
                "product_type": "Bags",
                "options": [{"name": "Color", "values": ["Sand", "Olive"]}],
                "variants": [{"title": "Sand", "price": "24.00"}, {"title": "Olive", "price": "25.00"}],
            }
        ],
        [(("Tote", "Fern", "Bags", "24.00", ""), {"Color": "Sand, Olive", "price range": "24.00 to 25.00"})],
    ),
    "Shopify bulk operation": Sample(
        [
            {"id": "gid://shopify/Product/1", "title": "Tote", "vendor": "Fern"},
            {"id": "gid://shopify/Product/2", "title": "Mug", "vendor": "Fern"},
            {
                "id": "gid://shopify/ProductVariant/11",
                "title": "Sand",
                "price": "24.00",
                "selectedOptions": [{"name": "Color", "value": "Sand"}],
                "__parentId": "gid://shopify/Product/1",
            },
            {"id": "gid://shopify/Metafield/3", "key": "a", "__parentId": "gid://shopify/ProductVariant/11"},
        ],
        [(("Tote", "Fern", "", "24.00", ""), {"Color": "Sand"}), (("Mug", "Fern", "", "", ""), {})],
        parts=2,
    ),
    "WooCommerce CSV": Sample(
        table(
            "ID;Type;SKU;Name;Published;Sale price;Regular price;Categories;Parent;Attribute 1 name"
            ";Attribute 1 value(s)",
            "3;variation;H-R;Hoodie - Red;1;;45;;H;Color;Red",
            "1;variable;H;Hoodie;1;;;Clothing > Hoodies;;Color;Red, Blue",
            "2;simple;B;Belt;1;55;65;Clothing;;;",
            "4;variation;H-B;Hoodie - Blue;1;;42;;id:1;Color;Blue",
        ),
        [
            (
                ("Hoodie", "", "Clothing > Hoodies", "45", ""),
                {"Color": "Red, Blue", "price range": "42 to 45"},
            ),
            (("Belt", "", "Clothing", "55", ""), {}),
        ],
        is_table=True,
        parts=2,
    ),
    "WooCommerce REST": Sample(
        [
            {
                "id": 7,
                "name": "Hoodie",
                "permalink": "http://x",
                "type": "variable",
                "price": "21.99",
                "regular_price": "25",
                "categories": [{"id": 9, "name": "Clothing"}],
                "attributes": [typed("Color", "Black,Green"), typed("Size", "S,M")],
                "brands": [{"name": "Vale"}],
            }
        ],
        [(("Hoodie", "Vale", "Clothing", "21.99", ""), {"Color": "Black, Green", "Size": "S, M"})],
    ),
    "WooCommerce Store API": Sample(
        [
            {
                "id": 7,
                "name": "Tea",
                "permalink": "http://x",
                "is_purchasable": True,
                "categories": [{"id": 9, "name": "Tea"}],
                "prices": {"price": "899", "currency_code": "USD", "currency_minor_unit": 2},
            }
        ],
        [(("Tea", "", "Tea", "8.99", "USD"), {})],
    ),
    "Magento CSV": Sample(
        table(
            "sku;attribute_set_code;store_view_code;product_type;name;price;visibility;categories;additional_attributes"
            ";configurable_variations",
            "T-S;Top;;simple;Tee-S;19;Not Visible Individually;;;",
            "T;Top;;configurable;Tee;;Catalog, Search;Default Category/Tops;has_options=1,material=Cotton;"
            "sku=T-S,size=S,color=Red|sku=T-M,size=M,color=Red",
            "T;;fr;;Chemise;;;;;",
            "X;Top;;simple;Part of nothing;19;Not Visible Individually;;;",
        ),
        [
            (
                ("Tee", "", "Default Category > Tops", "19", ""),
                {"size": "S, M", "color": "Red", "material": "Cotton"},
            )
        ],
        is_table=True,
        parts=3,
    ),
    "Magento REST": Sample(
        [
            {
                "sku": "T",
                "name": "Tee",
                "attribute_set_id": 4,
                "type_id": "configurable",
                "price": 19,
                "visibility": 4,
                "custom_attributes": [{"attribute_code": "fabric", "value": "Cotton"}],
            }
        ],
        [(("Tee", "", "", "19", ""), {"fabric": "Cotton"})],
    ),
    "Google Merchant, Meta": Sample(
        table(
            "id;title;link;image_link;availability;price;sale_price;brand;product_type;google_product_category"
            ";item_group_id;color",
            "1;Jacket;http://x;http://y;in stock;79.00 EUR;59.00 EUR;Ridge;;1604;g;Red",
            "2;Jacket;http://x;http://y;in stock;79.00 EUR;;Ridge;;1604;g;Blue",
            "3;Socks;http://x;http://y;in stock;12.00 EUR;;Ridge;Apparel > Socks;209;;",
        ),
        [
            (("Jacket", "Ridge", "", "59.00", "EUR"), {"color": "Red, Blue"}),
            (("Socks", "Ridge", "Apparel > Socks", "12.00", "EUR"), {}),
        ],
        is_table=True,
        parts=1,
    ),
    "BigCommerce CSV": Sample(
        table(
            "Item Type;Product Name;Product Type;Product Code/SKU;Brand Name;Price;Sale Price;Category",
            "Product;Shirt;P;S-1;Halden;30.00;25.00;Tops",
            "  SKU;[S]Color=Red,[RB]Size=L;;S-1-R;;;;",
            "  SKU;[S]Color=Blue,[RB]Size=L;;S-1-B;;;;",
            "  Rule;;;S-1-B;;[ADD]4;;",
        ),
        [(("Shirt", "Halden", "Tops", "25.00", ""), {"Color": "Red, Blue", "Size": "L"})],
        is_table=True,
        parts=2,
        others=1,
    ),
    "BigCommerce CSV, version 3": Sample(
        table(
            "Item;ID;Name;Type;SKU;Options;Price;Brand ID;Categories",
            "Product;1;Shirt;physical;S-1;;30.00;12;3",
            "Variant;2;;;S-1-R;Type=Rectangle|Name=Color|Value=RedType=Rectangle|Name=Size|Value=M;30.00;;",
            "Image;3;;;;;;;",
        ),
        [(("Shirt", "", "", "30.00", ""), {"Color": "Red", "Size": "M"})],
        is_table=True,
        parts=2,
    ),
    "BigCommerce REST": Sample(
        [
            {
                "id": 1,
                "name": "Shirt",
                "type": "physical",
                "sku": "S",
                "price": 30,
                "calculated_price": 25.5,
                "categories": [12],
                "custom_fields": [{"name": "Fit", "value": "Slim"}],
                "variants": [{"price": 25.5, "option_values": [{"option_display_name": "Color", "label": "Red"}]}],
            }
        ],
        [(("Shirt", "", "", "25.5", ""), {"Color": "Red", "Fit": "Slim"})],
    ),
    "PrestaShop CSV": Sample(
        table(
            "Product ID;Active (0/1);Name *;Categories (x,y,z...);Price tax excluded;Manufacturer",
            "1;1;Player;Music;49.5;Acme",
        ),
        [(("Player", "Acme", "Music", "49.5", ""), {})],
        is_table=True,
    ),
    "PrestaShop web service": Sample(
        [
            {
                "id": 1,
                "name": [{"id": "1", "value": "Player"}],
                "id_manufacturer": "2",
                "manufacturer_name": "Acme",
                "reference": "R",
                "id_category_default": "3",
                "price": "49.500000",
            }
        ],
        [(("Player", "Acme", "", "49.500000", ""), {})],
    ),
    "Akeneo API": Sample(
        [
            {
                "identifier": "T",
                "family": "tees",
                "categories": ["summer"],
                "values": {
                    "name": [{"locale": "en_US", "scope": None, "data": "Tee"}],
                    "price": [{"locale": None, "scope": None, "data": [{"amount": "29.00", "currency": "EUR"}]}],
                },
            }
        ],
        [(("Tee", "", "summer", "29.00", "EUR"), {})],
    ),
    "Akeneo CSV": Sample(
        table("sku;family;categories;enabled;name-en_US;price-USD", "T;tees;summer;1;Tee;29.00"),
        [(("Tee", "", "summer", "29.00", "USD"), {})],
        is_table=True,
    ),
    "Open Food Facts": Sample(
        table(
            "code;product_name;brands;categories;quantity;generic_name",
            "1;Nut Spread;Ferrero,Nutella;Spreads, en:Nut spreads;250 g;A spread",
        ),
        [(("Nut Spread", "Ferrero", "Spreads > Nut spreads", "", ""), {})],
        is_table=True,
    ),
    "Open Food Facts JSON": Sample(
        [{"code": "1", "product_name": "Spread", "brands": "Ferrero,Nutella", "categories_tags": ["en:spreads"]}],
        [(("Spread", "Ferrero", "spreads", "", ""), {})],
    ),
    "Amazon flat file": Sample(
        table(
            "item_sku;item_name;brand_name;item_type;standard_price;parent_child;parent_sku;color_name",
            "P;Swim Skin;2XU;wetsuits;;Parent;;",
            "P-B;Swim Skin Black;2XU;wetsuits;399.95;Child;P;Black",
            "Q-B;Goggles Blue;2XU;goggles;20.00;Child;Q;Blue",
        ),
        [
            (("Swim Skin", "2XU", "wetsuits", "399.95", ""), {"color_name": "Black"}),
            (("Goggles Blue", "2XU", "goggles", "20.00", ""), {}),
        ],
        is_table=True,
        parts=1,
    ),
    "Amazon flat file of old": Sample(
        table(
            "sku;product-name;brand;clothing-type;item-price;parent-child;parent-sku;color;size",
            "P;Swim Skin;2XU;Shirt;;parent;;;",
            "P-B;Swim Skin;2XU;Shirt;399.95;child;P;Black;XS",
        ),
        [(("Swim Skin", "2XU", "Shirt", "399.95", ""), {"color": "Black", "size": "XS"})],
        is_table=True,
        parts=1,
    ),
    "Amazon reviews' metadata": Sample(
        [
            {
                "parent_asin": "B1",
                "title": "Kettle",
                "main_category": "Appliances",
                "store": "Ember",
                "price": 19.5,
                "categories": ["Home", "Kettles, Pots & Pans"],
                "details": {"Material": "Steel"},
            }
        ],
        [(("Kettle", "Ember", "Home > Kettles, Pots & Pans", "19.5", ""), {"Material": "Steel"})],
    ),
    "Amazon reviews' metadata of 2018": Sample(
        [
            {
                "asin": "B1",
                "title": "Kettle",
                "brand": "Ember",
                "category": ["Home", "Kettles"],
                "price": "$5.00 - $9.99",
            }
        ],
        [(("Kettle", "Ember", "Home > Kettles", "5.00", "USD"), {})],
    ),
    "Etsy CSV": Sample(
        table(
            "TITLE;DESCRIPTION;PRICE;CURRENCY_CODE;QUANTITY;TAGS;VARIATION 1 NAME;VARIATION 1 VALUES",
            "Spoon, cherry wood;Carved.;18.00;EUR;4;wood;Size;S,M",
        ),
        [(("Spoon, cherry wood", "", "", "18.00", "EUR"), {"Size": "S,M"})],
        is_table=True,
    ),
    "Square CSV": Sample(
        table(
            "Token;Item Name;Variation Name;SKU;Category;Price;Option Name 1;Option Value 1",
            "A;Vase;Small;V-S;Vases;$95.00;Size;S",
            "B;Vase;Large;V-L;Vases;$120.00;Size;L",
        ),
        [(("Vase", "", "Vases", "95.00", "USD"), {"Size": "S, L"})],
        is_table=True,
        parts=1,
    ),
    "Vendure CSV": Sample(
        table(
            "name;slug;description;assets;facets;optionGroups;optionValues;sku;price",
            "Laptop;laptop;A laptop.;;category:Electronics|brand:Apple;screen size|RAM;13 inch|8GB;L-1;1299.00",
            ";;;;;;15 inch|16GB;L-2;1599.00",
        ),
        [
            (
                ("Laptop", "Apple", "Electronics", "1299.00", ""),
                {"screen size": "13 inch, 15 inch", "RAM": "8GB, 16GB", "price range": "1299.00 to 1599.00"},
            )
        ],
        is_table=True,
        parts=1,
    ),
    "Spree CSV": Sample(
        table(
            "slug;sku;name;price;currency;category1;option1_name;option1_value",
            "shirt;S;Shirt;0;USD;Men -> Shirts;;",
            "mug;M;Mug;5.00;USD;Home;;",
            "shirt;S-B;;62.99;USD;;Color;Blue",
        ),
        [
            (("Shirt", "", "Men > Shirts", "62.99", "USD"), {"Color": "Blue"}),
            (("Mug", "", "Home", "5.00", "USD"), {}),
        ],
        is_table=True,
        parts=1,
    ),
    "Saleor CSV": Sample(
        table("id;name;description as str;category;product type;variant price", "1;Juice;Tasty.;Juices;Juice;5.99"),
        [(("Juice", "", "Juices", "5.99", ""), {})],
        is_table=True,
    ),
    "Saleor GraphQL": Sample(
        [
            {
                "id": "UHJ",
                "name": "Juice",
                "slug": "juice",
                "category": {"name": "Juices"},
                "pricing": {"priceRange": {"start": {"gross": {"amount": 5.99, "currency": "USD"}}}},
                "attributes": [{"attribute": {"name": "Flavor"}, "values": [{"name": "Carrot"}]}],
            }
        ],
        [(("Juice", "", "Juices", "5.99", "USD"), {"Flavor": "Carrot"})],
    ),
    "schema.org": Sample(
        [
            {
                "@type": "Product",
                "name": "Kettle",
                "brand": {"@type": "Brand", "name": "Ember"},
                "offers": {"@type": "AggregateOffer", "lowPrice": "59.00", "priceCurrency": "EUR"},
                "additionalProperty": [{"@type": "PropertyValue", "name": "Material", "value": "Copper"}],
            }
        ],
        [(("Kettle", "Ember", "", "59.00", "EUR"), {"Material": "Copper"})],
    ),
    "Medusa CSV": Sample(
        table(
            "Product Id;Product Handle;Product Title;Product Description;Variant Id;Variant Option 1 Name"
            ";Variant Option 1 Value;Variant Price EUR;Variant Price USD",
            "p;base;Base product;Fine.;v1;size;large;45;100",
            "p;base;Base product;Fine.;v2;size;small;45;90",
        ),
        [(("Base product", "", "", "100", "USD"), {"size": "large, small", "price range": "90 to 100"})],
        is_table=True,
        parts=1,
    ),
    "Bagisto CSV": Sample(
        table(
            "sku;parent_sku;attribute_family_code;type;name;price;categories",
            "C;;default;configurable;Hoodie;;Men/Wear",
            "C-R;C;default;simple;Hoodie Red;14;Men/Wear",
        ),
        [(("Hoodie", "", "Men > Wear", "14", ""), {})],
        is_table=True,
        parts=1,
    ),
    "Wix CSV": Sample(
        [
            {
                "handleId": "p1",
                "fieldType": kind,
                "name": name,
                "collection": collection,
                "price": "13.0",
                "productOptionName1": "Color",
                "productOptionDescription1": values,
            }
            for kind, name, collection, values in (
                ("Product", "Card", "Wedding;Cards", "Red;Blue"),
                ("Variant", "", "", ""),
            )
        ],
        [(("Card", "", "Wedding > Cards", "13.0", ""), {"Color": "Red, Blue"})],
        is_table=True,
        parts=1,
    ),
    "Google Retail": Sample(
        [
            {
                "id": "1",
                "name": "projects/1/products/1",
                "title": "Horse",
                "categories": ["Toys > Horses"],
                "priceInfo": {"price": 9.5, "currencyCode": "USD"},
                "type": "PRIMARY",
                "primaryProductId": "1",
            },
            {
                "id": "2",
                "name": "projects/1/products/2",
                "title": "Horse, red",
                "categories": ["Toys > Horses"],
                "priceInfo": {"price": 9.5, "currencyCode": "USD"},
                "type": "VARIANT",
                "primaryProductId": "1",
            },
        ],
        [(("Horse", "", "Toys > Horses", "9.5", "USD"), {})],
        parts=1,
    ),
    "Magento 1 CSV": Sample(
        table(
            "store;websites;attribute_set;type;sku;name;price;visibility",
            "admin;base;Phone;configurable;P;Phone;100;Catalog, Search",
            "admin;base;Phone;simple;P-B;Phone-Blue;100;Not Visible Individually",
        ),
        [(("Phone", "", "", "100", ""), {})],
        is_table=True,
        parts=1,
    ),
    "Yandex Market (YML)": Sample(
        [
            {
                "id": "7",
                "name": "Jacket",
                "vendor": "Ridge",
                "price": "900",
                "currencyId": "UAH",
                "categoryId": "2",
                "category": "Jackets",
                "param": [{"name": "Fabric", "value": "wool"}],
            }
        ],
        [(("Jacket", "Ridge", "Jackets", "900", "UAH"), {"Fabric": "wool"})],
    ),
    "commercetools CSV": Sample(
        [
            {
                "productType": "main",
                "variantId": "1",
                "sku": "S",
                "prices": "EUR 34375;DE-EUR 27500",
                "baseId": "79",
                "categories": "Men>Shoes",
                "name.en": "Sneakers",
                "name.de": "Turnschuhe",
            }
        ],
        [(("Sneakers", "", "Men > Shoes", "", ""), {})],
        is_table=True,
    ),
}


def test_every_format_has_a_sample() -> None:
    """No format is only claimed to be known."""
    assert SAMPLES.keys() == {profile.name for profile in PROFILES}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_of_the_format_is_read_right(name: str) -> None:
    """Products, brands, categories, prices and options are found where the format has them; all rows are counted."""
    sample = SAMPLES[name]
    products, rejected, sums = read(as_text(sample))
    found = [(made.name, made.brand, made.category, made.price, made.currency) for made in products]
    assert found == [expected for expected, _ in sample.products]
    for made, (_, attributes) in zip(products, sample.products, strict=True):
        assert attributes.items() <= dict(made.attributes).items()
    assert rejected == []
    assert (sums.rows, sums.parts, sums.others.total()) == (len(sample.rows), sample.parts, sample.others)
    assert sums.rows == len(products) + sums.parts + sums.others.total()
    assert sums.formats().startswith(name)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_stored_reads_the_same(name: str) -> None:
    """The record that is kept of a product, with its variants, gives the same product when it is read again."""
    for made in read(as_text(SAMPLES[name]))[0]:
        again = read(f"[{made.record_json}]")[0]
        assert [entry.content_hash for entry in again] == [made.content_hash]
        assert profile_of(json.loads(made.record_json)) is not None


def test_the_papers_name_every_format() -> None:
    """The page on inputs has a row for each format, so that a user can see whether theirs is known."""
    page = Path("docs/reference/input.md").read_text(encoding="utf-8")
    assert [profile.name for profile in PROFILES if f"\n| {profile.name} " not in page] == []
