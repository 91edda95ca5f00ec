"""The name that variants share is the product's name without colour and size, and nothing else is taken off."""

import pytest

from query_generator.models import Product
from query_generator.questions.family_name import family_name, is_variant_field


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Nimbus Tee Coral Red", "Nimbus Tee"),
        ("Nimbus Tee - Navy / XL", "Nimbus Tee"),
        ("Nimbus Tee (Light Grey)", "Nimbus Tee"),
        ("Nimbus Tee in Dark Blue", "Nimbus Tee"),
        ("Nimbus Tee, white, 3XL", "Nimbus Tee"),
        ("T-Shirt blue/white", "T-Shirt"),
        ("Kleid schwarz Gr. 40", "Kleid"),
        ("Hemd, dunkelblau", "Hemd"),
        ("Robe noire", "Robe"),
        ("Runner EU 42.5", "Runner"),
        ("Rug 200 x 300 cm", "Rug"),
        ("Orange Carrot Juice, 250 ml", "Orange Carrot Juice"),
        ("Monitor 27 inch", "Monitor"),
    ],
)
def test_colour_and_size_at_the_end_are_no_part_of_it(name: str, family: str) -> None:
    """Bare, in brackets, after a comma, dash or preposition, one after the other, in several languages."""
    assert family_name(Product(name)) == family


@pytest.mark.parametrize(
    "name",
    [
        "Black",
        "XL",
        "250 ml",
        "Black Forest Ham",
        "Red Dead Redemption",
        "Galaxy S24 Ultra",
        "iPhone X",
        "iPhone 15 128 GB",
        "Coco Noir Eau De Parfum",
        "Series 9",
        "Blueprint",
        "Light",
        "Navy (Officer's Edition)",
        "云岭高山乌龙茶",
        "",
    ],
)
def test_other_names_stay_whole(name: str) -> None:
    """A colour within a name, a number of a model, a name that is a colour: each is the product."""
    assert family_name(Product(name)) == name


def test_the_products_own_colour_may_be_any_word() -> None:
    """What its field of colour says is taken off the end of its name, also where no list has it."""
    tee = Product("Nimbus Tee Burnt Umber M", attributes=(("Colour", "Burnt Umber"), ("Size", "M")))
    assert family_name(tee) == "Nimbus Tee"
    other = Product("Nimbus Tee Burnt Umber", attributes=(("Pattern", "Burnt Umber"),))
    assert family_name(other) == "Nimbus Tee Burnt Umber"


@pytest.mark.parametrize(("name", "right"), [("Color", True), ("GRÖSSE", True), ("Size range", False), ("", False)])
def test_fields_of_colour_and_size_are_known_by_their_names(name: str, *, right: bool) -> None:
    """In any case."""
    assert is_variant_field(name) is right
