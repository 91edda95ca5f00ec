"""The short name that people say instead of a title."""

import pytest

from query_generator.models import Product
from query_generator.questions.spoken_name import spoken_name


@pytest.mark.parametrize(
    ("brand", "title", "spoken"),
    [
        ("Sony", "Sony WH-1000XM5 Wireless Noise Cancelling Headphones, Black, 30h", "Sony WH-1000XM5"),
        ("", "Organic Basmati Rice 5 kg", "Organic Basmati Rice"),
        ("", "Case for iPhone 15", "Case for iPhone 15"),
        ("Spigen", "Spigen Ultra Hybrid Case for iPhone 15 Pro Max - Crystal Clear", "Spigen Ultra Hybrid Case"),
        ("Samsung", "SAMSUNG Galaxy S24 Ultra Cell Phone, 256GB AI Smartphone", "Samsung Galaxy S24 Ultra"),
        ("Apple", "Apple MacBook Pro 14 Inch Space Grey", "Apple MacBook Pro"),
        ("Ray-Ban", "Ray-Ban RB2140 Original Wayfarer Sunglasses", "Ray-Ban RB2140"),
        ("Lindt", "Lindt EXCELLENCE 70% Cocoa Dark Chocolate Bar, 3.5 oz (Pack of 12)", "Lindt Dark Chocolate Bar"),
        ("", "【NEW 2024】Women's Summer Dress ★ Free Shipping!!!", "Women's Summer Dress"),
        ("Nike", "Nike Air Jordan 1 Red And Black", "Nike Air Jordan 1"),
        ("Zephyr", "Ascend XT Trail Running Shoes", "Zephyr Ascend XT Running Shoes"),
        ("小米", "小米（MI）Redmi Note 12 5G 智能手机 6GB+128GB 黑色", "小米 Redmi Note 12 智能手机"),
    ],
)
def test_a_title_becomes_what_people_say(brand: str, title: str, spoken: str) -> None:
    """Sizes, colours, counts, brackets, tails and praise go; brand, line, model or kind stay."""
    assert spoken_name(Product(name=title, brand=brand)) == spoken


@pytest.mark.parametrize("title", ["12345", "5 kg", "(Black)", "!!!", "★", "Red", "for with", "|", "500 ml, 6 pack"])
def test_a_title_of_nothing_but_such_things_still_has_a_name(title: str) -> None:
    """A product is never nameless."""
    assert spoken_name(Product(name=title))


def test_the_brand_is_said_once() -> None:
    """A brand that stands in the title, at whatever place, is not said twice; one that does not is put in front."""
    assert spoken_name(Product(name="Running Shoes by Acme Acme", brand="ACME")) == "ACME Running Shoes"
    assert spoken_name(Product(name="Running Shoes", brand="Acme")) == "Acme Running Shoes"
    assert spoken_name(Product(name="Apple", brand="Apple")) == "Apple"
