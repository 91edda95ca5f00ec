"""Prices as people and programs write them: the amount to pay, and its currency by ISO 4217."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query_generator.input.currencies import CODES, currency_of
from query_generator.input.prices import MAX_PRICE_CHARACTERS, price_of
from query_generator.input.product_fields import product_from_record

TEXTS = [
    (".a-box{margin:0} 12", "", ""),
    ("Rs.499", "499", "INR"),
    ("Rs. 1,299.00", "1299.00", "INR"),
    ("Rs.1,299", "1299", "INR"),
    ("S/.25.00", "25.00", "PEN"),
    ("kr.199", "199", ""),
    ("R$1.234,56", "1234.56", "BRL"),
    ("1.299,00 €", "1299.00", "EUR"),
    ("€1.299", "1299", "EUR"),
    ("2 for $5", "5", "USD"),
    ("2 x 9.99 EUR", "9.99", "EUR"),
    ("15% off 80.00", "80.00", ""),
    ("0.00", "0.00", ""),
    ("1,29,900", "129900", ""),
    ("$1,299", "1299", "USD"),
    ("$.75", "0.75", "USD"),
    (",89 €", "0.89", "EUR"),
    ("100 g 3.99 EUR", "3.99", "EUR"),
    ("10 - 20 EUR", "10", "EUR"),
    ("10–20", "10", ""),
    ("$5 to $9", "5", "USD"),
    ("from 12.50", "12.50", ""),
    ("ab 9,99 €", "9.99", "EUR"),
    ("was $20 now $15", "15", "USD"),
    ("1'299.–", "1299", ""),
    ("12,- €", "12", "EUR"),
    ("1.299", "1.299", ""),
    ("€ 12,50", "12.50", "EUR"),
    ("free", "", ""),
    ("TBD", "", ""),
    ("１２.５０", "12.50", ""),
    ("zł 12,50", "12.50", "PLN"),
    ("12,50 Kč", "12.50", "CZK"),
    ("3.99 EUR (1.33 EUR / 100 g)", "3.99", "EUR"),
    ("£25.00 £20.00", "20.00", "GBP"),
    ("-5.00", "", ""),
    ("5-10 USD", "5", "USD"),
    ("USD 5-10", "5", "USD"),
    ("12.99 USD/kg", "12.99", "USD"),
    ("1 299,00 kr", "1299.00", ""),
    ("199 kr", "199", ""),
    ("¥1200", "1200", ""),
    ("Fr. 12.50", "12.50", "CHF"),
    ("12.50 ABC", "12.50", ""),
    ("A$ 12", "12", "AUD"),
    ("US$12.00", "12.00", "USD"),
    ("C$12", "12", "CAD"),
    ("1 299 руб.", "1299", "RUB"),
    ("1299 ₽", "1299", "RUB"),
    ("12,50", "12.50", ""),
    ("$1,299.99", "1299.99", "USD"),
    ("1,299", "1299", ""),
    ("0,99", "0.99", ""),
    ("90.000 PLN", "90000", "PLN"),
    ("EUR 1.234.567,89", "1234567.89", "EUR"),
    ("15.00 usd", "15.00", "USD"),
    ("9,99€ statt 19,99€", "9.99", "EUR"),
    ("UVP 19,99 € 14,99 €", "14.99", "EUR"),
    ("From £1,299.00", "1299.00", "GBP"),
    ("$10.00 - $20.00", "10.00", "USD"),
    ("1.5e2", "150", ""),
    ("iPhone 12", "12", ""),
    ("12.50 $ US", "12.50", "USD"),
    ("3 for 2", "2", ""),
    ("50% off", "", ""),
    ("Rs 99/-", "99", "INR"),
    ("INR 1,29,900.00", "129900.00", "INR"),
    ("S$5", "5", "SGD"),
    ("2.500 Ft", "2500", "HUF"),
    ("KWD 1.250", "1.250", "KWD"),
    ("R 120", "120", ""),
    ("$20.00 $15.00 save $5.00", "15.00", "USD"),
    ("12.00 + 3.00 shipping", "12.00", ""),
    ("Price: $12", "12", "USD"),
    ("à partir de 12,50 €", "12.50", "EUR"),
    ("12 500 ₸", "12500", "KZT"),
    ("1.299,-", "1299", ""),
    ("$20.00 $15.00", "15.00", "USD"),
    ("$20 CAD", "20", "CAD"),
    ("US $12.00", "12.00", "USD"),
    ("AU $12", "12", "AUD"),
    ("C $20.00", "20.00", "CAD"),
    ("6 ft 12.99 EUR", "12.99", "EUR"),
    ("Try 5 for $10", "10", "USD"),
    ("5 pounds $12", "12", "USD"),
    ("camera $20", "20", "USD"),
    ("gold ring 20 EUR", "20", "EUR"),
    ("-$5", "", ""),
    ("$-5", "", ""),
    ("- 5", "", ""),
    ("$20 - $15", "15", "USD"),
    ("4.86 -- 6.22 EUR", "4.86", "EUR"),
    ("12.05.2024", "", ""),
    ("555-123-4567", "", ""),
    ("$1.2k", "", ""),
    ("1.234.56", "1234.56", ""),
    ("99¢", "0.99", "USD"),
    ("99p", "0.99", "GBP"),
    ("$12<sup>99</sup>", "12.99", "USD"),
    ("5 EUR or 4.50 GBP", "5", "EUR"),
    ("12.99 ABC", "12.99", ""),
    ("SKU 12", "12", ""),
    ("NEW 12.00", "12.00", ""),
    ("1.299 kr", "1299", ""),
    ("NZ$5", "5", "NZD"),
    ("HK$ 5", "5", "HKD"),
    ("MX$5", "5", "MXN"),
    ("12,50 $CA", "12.50", "CAD"),
    ("12,50 $ CA", "12.50", "CAD"),
    ("CHF 1'299.–", "1299", "CHF"),
    ("Fr. 12.-", "12", "CHF"),
    ("€12,-", "12", "EUR"),
    ("EUR12.50", "12.50", "EUR"),
    ("12.50EUR", "12.50", "EUR"),
    ("٣٫٥٠ €", "3.50", "EUR"),
    ("१२.५०", "12.50", ""),
    ("12.00/each", "12.00", ""),
    ("2 pcs 5.00", "5.00", ""),
    ("Pack of 6 - $12.00", "12.00", "USD"),
    ("MSRP $20", "20", "USD"),
    ("Regular price $20.00 Sale price $15.00", "15.00", "USD"),
    ("$5.00 off $20.00", "20.00", "USD"),
    ("Save $5, now $20", "20", "USD"),
    ("on request", "", ""),
    ("POA", "", ""),
    ("0", "0", ""),
    ("0,00 €", "0.00", "EUR"),
    ("Free", "", ""),
    ("1 299,50 zł", "1299.50", "PLN"),
    ("S/ 25", "25", "PEN"),
    ("£1,234.56", "1234.56", "GBP"),
    ("USD 1,234,567.89", "1234567.89", "USD"),
    ("3.000 €", "3000", "EUR"),
    ("₹ 1,29,900", "129900", "INR"),
    ("Rs 5", "5", "INR"),
    ("100.00 INR", "100.00", "INR"),
    ("7.5 KWD", "7.5", "KWD"),
    ("1,000", "1000", ""),
    ("1.000,5", "1000.5", ""),
    ("ab 9,99 €*", "9.99", "EUR"),
    ("Kč 100", "100", "CZK"),
    ("250 ml, £3.99", "3.99", "GBP"),
    ("20% off $80.00", "80.00", "USD"),
    ("$80.00 (20% off)", "80.00", "USD"),
    ("$80.00 20% off", "80.00", "USD"),
    ("buy 2 get 1 free $5", "5", "USD"),
    ("12,99 € inkl. 19% MwSt.", "12.99", "EUR"),
    ("from $5 to $9", "5", "USD"),
    ("5 USD - 9 USD", "5", "USD"),
    ("10-20", "10", ""),
    ("USD", "", ""),
    ("$", "", ""),
    ("3 x $4", "4", "USD"),
    ("$4 x 3", "4", "USD"),
    ("1 kg = 5 €", "5", "EUR"),
    ("5,99 €/kg", "5.99", "EUR"),
    ("12.5 kg 30.00", "30.00", ""),
    ("size 10 $30", "30", "USD"),
    ("Price: 30", "30", ""),
    ("30.00 (was 40.00)", "30.00", ""),
    ("40.00 30.00", "30.00", ""),
    ("¥1,200", "1200", ""),
    ("199:-", "199", ""),
    ("199,00:-", "199.00", ""),
    ("12.99.", "12.99", ""),
    ("R$ 1.234", "1234", "BRL"),
    ("$ 1 234.50", "1234.50", "USD"),
    ("Rs.5-10", "5", "INR"),
    ("€ 5 – € 9", "5", "EUR"),
    ("1234567", "1234567", ""),
    ("12 months $5", "5", "USD"),
    ("$12 per month", "12", "USD"),
    ("12 USD each", "12", "USD"),
    ("USD$12", "12", "USD"),
    ("US$ 5", "5", "USD"),
    ("R 120.00", "120.00", ""),
    ("ZAR 120", "120", "ZAR"),
    ("Dh 30", "30", ""),
    ("AED30", "30", "AED"),
    ("1.5", "1.5", ""),
    ("~$5", "5", "USD"),
    ("<$5", "5", "USD"),
    ("CAD $20", "20", "CAD"),
    ("$ 20 $ 15", "15", "USD"),
    ("120 EUR 100 g", "120", "EUR"),
    ("12€-15€", "12", "EUR"),
    ("10€99", "10.99", "EUR"),
    ("20 $ CAD", "20", "CAD"),
    ("5-9 €", "5", "EUR"),
    ("$5-$9", "5", "USD"),
    ("EUR 5 EUR 4", "4", "EUR"),
    ("iPad 64 GB 499 €", "499", "EUR"),
    ("save $5", "", ""),
    ("1_000", "", ""),
    ("List Price: $20.00 Price: $15.00", "15.00", "USD"),
]


@pytest.mark.parametrize(("text", "amount", "currency"), TEXTS)
def test_a_price_in_a_text(text: str, amount: str, currency: str) -> None:
    """The number beside the currency counts, of two prices the one to pay, of a range the lower one."""
    assert price_of([text]) == (amount, currency)


@pytest.mark.parametrize(
    ("value", "own", "expected"),
    [
        ("$12", "CAD", ("12", "CAD")),
        ("Rs 12", "PKR", ("12", "PKR")),
        ("kr 199", "SEK", ("199", "SEK")),
        ("\u00a51200", "JPY", ("1200", "JPY")),
        ("$12", "EUR", ("12", "USD")),
        ("12 USD", "CAD", ("12", "USD")),
        ("12", "CAD", ("12", "")),
        ([{"value": 5, "currency": "USD"}, {"value": 4, "currency": "EUR"}], "EUR", ("4", "EUR")),
        ({"USD": 12, "EUR": 11}, "USD", ("12", "USD")),
    ],
)
def test_the_currency_of_the_record(value: Any, own: str, expected: tuple[str, str]) -> None:
    """The record's currency says what a sign of several currencies means; a code beside the amount goes first."""
    assert price_of([value], own) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"centAmount": 5900, "currencyCode": "EUR"}, ("59.00", "EUR")),
        ({"centAmount": 5900, "currencyCode": "JPY"}, ("5900", "JPY")),
        ({"centAmount": 5, "currencyCode": "KWD"}, ("0.005", "KWD")),
        ({"centAmount": 1, "currencyCode": "EUR", "fractionDigits": 2}, ("0.01", "EUR")),
        ([{"value": {"centAmount": 5900, "currencyCode": "EUR"}}], ("59.00", "EUR")),
        ({"amount": "90.000", "currency": "PLN"}, ("90.000", "PLN")),
        ({"amount": 1000, "currency": "usd"}, ("1000", "USD")),
        ({"price": "2500", "currency_minor_unit": 2, "currency_code": "USD"}, ("25.00", "USD")),
        ({"minVariantPrice": {"amount": "24.0", "currencyCode": "CAD"}}, ("24.0", "CAD")),
        (
            {"minimum_price": {"final_price": {"value": 12.5, "currency": "USD"}, "regular_price": {"value": 20}}},
            ("12.5", "USD"),
        ),
        ({"start": {"gross": {"amount": 9.99, "currency": "USD"}}}, ("9.99", "USD")),
        ([{"locale": None, "scope": None, "data": [{"amount": "29.00", "currency": "EUR"}]}], ("29.00", "EUR")),
        ({"lowPrice": "5", "highPrice": "9", "priceCurrency": "EUR"}, ("5", "EUR")),
        ({"price": 1999.0, "isoCurrencyCode": "USD"}, ("1999", "USD")),
        ({"value": -5}, ("", "")),
        ([None, [], {}, "-", 7], ("7", "")),
        (0, ("0", "")),
        (-0.0, ("0", "")),
    ],
)
def test_a_price_in_an_object(value: Any, expected: tuple[str, str]) -> None:
    """An object of a shop says amount and currency, maybe in the smallest unit or some levels down."""
    assert price_of([value]) == expected


def test_a_price_of_nothing_gives_way() -> None:
    """A field with 0 counts if no other field has a price."""
    assert price_of(["0.00", "25.00 EUR"]) == ("25.00", "EUR")
    assert price_of(["0.00", "n/a"]) == ("0.00", "")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"price": "79.00 EUR", "sale price": "59.00 EUR"}, ("59.00", "EUR")),
        ({"price": "12.00 EUR", "sale price": ""}, ("12.00", "EUR")),
        ({"PRICE": "18.00", "CURRENCY_CODE": "USD"}, ("18.00", "USD")),
        ({"price": "$18.00", "currency": "AUD"}, ("18.00", "AUD")),
        ({"price": "18.00", "currency": "ABC"}, ("18.00", "")),
        ({"price": "$18.00", "variants": [{"price": "$18.00"}, {"price": "$20"}], "currency": "CAD"}, ("18.00", "CAD")),
        ({"variants": [{"price": "$20"}], "currency": "CAD"}, ("20", "CAD")),
        ({"price_range": {"minimum_price": {"final_price": {"value": 5, "currency": "USD"}}}}, ("5", "USD")),
        ({"priceRange": {"minVariantPrice": {"amount": "5.0", "currencyCode": "EUR"}}}, ("5.0", "EUR")),
        ({"priceInfo": {"price": 5, "currencyCode": "EUR"}}, ("5", "EUR")),
        ({"offers": {"lowPrice": "5", "highPrice": "9", "priceCurrency": "EUR"}}, ("5", "EUR")),
        ({"offers": [{"priceSpecification": {"price": 5, "priceCurrency": "EUR"}}]}, ("5", "EUR")),
        ({"prices": {"price": "899", "currency_code": "USD", "currency_minor_unit": 2}}, ("8.99", "USD")),
        ({"masterVariant": {"prices": [{"value": {"centAmount": 5900, "currencyCode": "EUR"}}]}}, ("59.00", "EUR")),
    ],
)
def test_a_price_in_a_record(record: dict[str, Any], expected: tuple[str, str]) -> None:
    """What is paid goes before the full price, and the record's own field says the currency."""
    product = product_from_record({"name": "Lamp", **record}, 1)
    assert (product.price, product.currency) == expected


def test_currencies() -> None:
    """A currency is one of ISO 4217, named by its code or by a sign."""
    values = ["usd", "\u20ac", "ABC", "SKU", "kr", "Euro", {"code": "EUR"}, ["GBP"], "\u00a5", None, 5]
    assert [currency_of(value) for value in values] == ["USD", "EUR", "", "", "", "EUR", "EUR", "GBP", "", "", ""]
    assert len(CODES) > 150


_PIECES = st.sampled_from(
    [
        "$",
        "\u20ac",
        "Rs.",
        "kr",
        "USD",
        "1",
        "29",
        "900",
        ".",
        ",",
        " ",
        "-",
        "%",
        "x",
        "for",
        "was",
        "(",
        ")",
        "'",
        "/",
        "g",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=20).map("".join)))
@settings(max_examples=500, deadline=None)
def test_any_text_has_a_price_or_none(text: str) -> None:
    """Whatever a text holds, the price is a decimal number that is not negative, in a currency that exists, or none."""
    amount, currency = price_of([text])
    assert not currency or (currency in CODES and amount)
    if amount:
        assert Decimal(amount) >= 0
        assert len(amount) <= MAX_PRICE_CHARACTERS


@pytest.mark.parametrize(
    "unit", ["1,", "1 ", "$", "(", "1-", "USD ", "Rs.", "1'000", "- ", "was $1 ", "<sup>1", "\u00a0"]
)
def test_a_text_without_end(unit: str) -> None:
    """Of a text without end only the beginning is read: the price of a longer one is the same."""
    assert price_of([unit * 100_000]) == price_of([unit * 2_000])
