"""Amounts in one unit are told from, and found equal to, amounts in another."""

import pytest

from query_generator.questions.quantities import number_of, quantities


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.5 l", "500 ml"),
        ("1 kg", "1000 g"),
        ("1 kg", "1,000 g"),
        ("1 TB", "1,024 GB"),
        ("2.2 kW", "2200 W"),
        ("20 Ah", "20000 mAh"),
        ("55 in", "140 cm"),
        ('55"', "55-inch"),
        ("17 fl oz", "500 ml"),
        ("17 oz", "500 ml"),
        ("7 oz", "200 g"),
        ("2 lb", "907 g"),
        ("1,5 Liter", "1500 ml"),
        ("500mlの水筒", "0.5 l"),
        ("40小时", "40 hours"),
        ("10–15 kg", "12 kg"),
        ("3 litros", "3 l"),
        ("1.8 ลิตร", "1800 ml"),
        ("๑๒ นิ้ว", "30.5 cm"),
        ("५ किलो", "5000 g"),
        ("5000 مللي أمبير", "5 Ah"),
        ("509 لترا", "509 l"),
        ("这款6升的电饭煲", "6 l"),
        ("4.5〜9時間", "6 h"),
        ("27-дюймовый", "27 in"),
        ("5.000 mAh", "5000 mAh"),
        ("1,250 kg", "1250 g"),
        ("1,1 kg", "1.140 g"),
    ],
)
def test_the_same_amount_in_other_units_agrees(one: str, other: str) -> None:
    """A question in other units than the catalog's contradicts nothing."""
    assert quantities(one)[0].agrees(quantities(other)[0]) is True


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("750 ml", "0.5 l"),
        ("12 V", "18 V"),
        ("1.3 kg", "1.6 kg"),
        ("128 GB", "256 GB"),
        ("1.5 l", "1.6 l"),
        ("0,5 l", "550 ml"),
    ],
)
def test_other_amounts_differ(one: str, other: str) -> None:
    """Sizes that shoppers tell apart are told apart."""
    assert quantities(one)[0].agrees(quantities(other)[0]) is False


def test_amounts_of_different_kinds_are_not_compared() -> None:
    """A weight says nothing of a length."""
    assert quantities("5 kg")[0].agrees(quantities("5 m")[0]) is None


@pytest.mark.parametrize(
    "text", ["Is it 5 years old?", "Node 22", "WH-1000XM5", "A4 paper", "no number", "v1.2m", "4K"]
)
def test_numbers_without_a_unit_are_no_amounts(text: str) -> None:
    """Ages, versions, model codes and paper sizes are left alone."""
    assert quantities(text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,299.00", 1299), ("1.299,50", 1299.5), ("1,7", 1.7), ("20,000", 20000), ("0,125", 0.125), ("1.5", 1.5)],
)
def test_numbers_are_read_in_both_styles(text: str, number: float) -> None:
    """Decimal commas and points, and groups of three, as catalogs of many countries write them."""
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["5 минут", "20 градусов", "25 متر مربع", "3合1咖啡", "5 вариантов"])
def test_a_word_that_begins_like_a_unit_is_none(text: str) -> None:
    """Minutes are no metres, square metres no lengths; only scripts without spaces go on behind a unit."""
    assert quantities(text) == []
