"""What a call costs: the table of this project, versions of its models, and the user's own table over it."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from query_generator.errors import ConfigurationError
from query_generator.llm.base import Usage
from query_generator.llm.prices import MAX_FILE_BYTES, Prices, cost_usd, load_prices

MILLIONS = Usage(1_000_000, 1_000_000)
TODAY = date(2026, 11, 22)
DAYS = (date(2026, 12, 31), date(2027, 1, 1))


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("gemini-3.5-flash-lite", 2.80),
        ("gemini-3.5-flash-lite-001", 2.80),
        ("models/gemini-3.5-flash-lite", 2.80),
        ("gemini-3.5-flash", 10.50),
        ("gemini-3.8-flash", 4.50),
        ("gpt-6-luna", 0.60),
        ("openai/gpt-6-luna-2026-09-22", 0.60),
        ("claude-haiku-5-5-20261007", 0.60),
        ("claude-haiku-4-5", 6.00),
        ("claude-haiku-4-5-latest", 6.00),
    ],
)
def test_a_version_costs_what_its_model_costs(model: str, usd: float) -> None:
    """A million tokens in and a million out cost the list price, whichever version answered."""
    assert load_prices(None, TODAY).cost_usd("gemini", model, MILLIONS) == pytest.approx(usd)


@pytest.mark.parametrize(
    "model", ["gemini-3.5-flash-lite-preview", "gemini-3.5", "claude-haiku-5", "gpt-6-luna-fast", ""]
)
def test_the_price_of_an_unknown_model_is_not_guessed(model: str) -> None:
    """No price is better than a wrong one."""
    assert cost_usd("gemini", model, Usage(1, 1)) is None


def test_the_grammar_costs_nothing() -> None:
    """A local run without a key is free."""
    assert cost_usd("offline", "grammar-3", MILLIONS) == 0.0


def test_a_price_that_ends_is_followed_by_the_next() -> None:
    """What is announced to become dearer is not billed at the old price after that day."""
    usd = [load_prices(None, day).cost_usd("gemini", "gemini-3.8-flash", MILLIONS) for day in DAYS]
    assert usd == [4.5, 9.0]


def test_cached_tokens_have_their_own_price() -> None:
    """Tokens that the vendor took from its cache are not billed in full where its price for them is known."""
    usage = Usage(1_000_000, 0, cached_tokens=500_000)
    assert load_prices(None, TODAY).cost_usd("openai", "gpt-6-luna", usage) == pytest.approx(0.055)
    assert load_prices(None, TODAY).cost_usd("gemini", "gemini-3.5-flash", usage) == pytest.approx(1.5)


def test_every_price_is_plausible_and_has_its_source() -> None:
    """No two prices of a model were swapped when they were copied, and each can be checked."""
    prices = load_prices(None, TODAY)
    for model in json.loads((Path(cost_usd.__code__.co_filename).parent / "prices.json").read_text()):
        price = prices.of("gemini", model)
        assert price is not None
        assert 0 < (price.cached_input or price.input / 2) < price.input < price.output
        assert (price.batch_input, price.batch_output) == (price.input / 2, price.output / 2)
        assert price.source.startswith("https://")


def own(tmp_path: Path, text: str) -> Prices:
    """The table with a user's own file over it."""
    (tmp_path / "prices.json").write_text(text)
    return load_prices(str(tmp_path / "prices.json"), TODAY)


def test_the_users_own_prices_win(tmp_path: Path) -> None:
    """A discount or a model of one's own is said in a file; all other prices stay."""
    prices = own(tmp_path, '{"gpt-6-luna": {"input": 0, "output": 1}, "org/smol": {"input": 0, "output": 0}}')
    assert prices.cost_usd("openai", "gpt-6-luna-001", MILLIONS) == 1.0
    assert prices.cost_usd("openai", "org/smol", MILLIONS) == 0.0
    assert prices.cost_usd("openai", "claude-haiku-5-5", MILLIONS) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "in JSON"),
        ("[]", "the whole"),
        ('{"m": {"input": 1}}', "m.output"),
        ('{"m": {"input": -1, "output": 1}}', "m.input"),
        ('{"m": {"input": NaN, "output": 1}}', "m.input"),
        ('{"m": {"input": 1, "output": 1, "out": 1}}', "m.out"),
        ('{"m": {"input": 1e999, "output": 1}}', "m.input"),
        ('{"m": {"input": 1e300, "output": 1}}', "m.input"),
        ('{"m": {"input": %s, "output": 1}}' % ("9" * 5000), "m.input"),
        ('{"m": {"input": 9, "output": 1}, "m": {"input": 0, "output": 0}}', "m stands there twice"),
        ('{"m": {"input": 9, "input": 0, "output": 1}}', "input stands there twice"),
        ('{"m": ' * 100_000, "in JSON"),
        ('{"m": {"input": 1, "output": 1, "until": "2026-01-01", "then": ' * 500 + "1" + "}}" * 500, "PRICES_FILE"),
        ('{"m\\n[INIT] %s": 1}' % ("m" * 1_000_000), "m\\n[INIT] mmm"),
    ],
)
def test_a_wrong_file_is_named_with_every_fault(tmp_path: Path, text: str, named: str) -> None:
    """A file that holds no prices ends the run before anything is bought, and says where and how it is wrong."""
    with pytest.raises(ConfigurationError, match="PRICES_FILE") as caught:
        own(tmp_path, text)
    assert named in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert '"output"' in str(caught.value)


@pytest.mark.parametrize("kind", ["pipe", "device", "large", "folder"])
def test_a_file_without_end_is_not_read(tmp_path: Path, kind: str) -> None:
    """A pipe is not waited for, a device not read to its end, and a file of another kind not into memory."""
    path = tmp_path / "prices"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(ConfigurationError, match=f"PRICES_FILE: {path} "):
        load_prices(str(path))


def test_a_missing_file_is_named() -> None:
    """A path that leads nowhere is said."""
    with pytest.raises(ConfigurationError, match=r"PRICES_FILE: /nowhere/p\.json cannot be read"):
        load_prices("/nowhere/p.json")
