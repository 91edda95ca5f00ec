"""Filling the cache: what is asked for, and how it ends."""

from collections.abc import Iterable, Iterator

import pytest

from query_generator.cli import parse_arguments
from query_generator.commands.cache_warm import Warmed, warm
from query_generator.config import load_config
from query_generator.errors import (
    BudgetExhaustedError,
    ConfigurationError,
    FatalError,
    InterruptedRunError,
    PermissionRefusedError,
    RepliesOfNoUseError,
    RetryableError,
    SkippableError,
    UnusableReplyError,
)
from query_generator.models import RejectedRecord
from query_generator.pipeline.load import Entry
from query_generator.stopping import StopSignal
from tests.support.catalog import product, products
from tests.support.item_provider import ItemProvider


def warmed(entries: Iterable[Entry], provider: ItemProvider, **environ: str) -> Warmed:
    """Warm with two calls in flight and four questions an item."""
    environ = {"NUM_QUESTIONS": "4", "MAX_CONCURRENCY": "2", **environ}
    config = load_config({"verb": "function", "providers": "offline"}, environ)
    return warm(config, entries, provider, StopSignal())


def test_each_item_is_asked_for_as_in_a_job() -> None:
    """Both types of every product are asked for, once more where questions are missing, and repeats are left out."""
    provider = ItemProvider({("Product 2", "market"): [3]})
    entries = [*products(2), product("PRODUCT 1", position=3, description="another")]
    result = warmed(entries, provider)
    assert (result.products, result.items, result.failed) == (2, 4, 0)
    assert sorted(provider.asked()) == [
        ("Product 1", "market"), ("Product 1", "product"),
        ("Product 2", "market"), ("Product 2", "market"), ("Product 2", "product"),
    ]  # fmt: skip
    assert warmed(list(products(9)), ItemProvider(), PRODUCT_LIMIT="3").products == 3


def test_what_fails_is_named_and_the_others_go_on() -> None:
    """Failed items and rejected records are counted and named with their reasons."""
    provider = ItemProvider(
        {
            ("Product 1", "market"): [RetryableError("overloaded")],
            ("Product 2", "product"): [SkippableError("refused")],
            ("Product 2", "market"): [2, 0, 0],
        }
    )
    result = warmed([*products(3), RejectedRecord(4, "name", "is missing")], provider)
    assert (result.items, result.failed, result.rejected) == (3, 3, 1)
    assert sorted(result.problems) == [
        "generate: acme|product 1: market: overloaded",
        "generate: acme|product 2: market: only 2 of 4 questions after 3 calls (dropped: none)",
        "generate: acme|product 2: product: refused",
        "input: record 4: field 'name': is missing",
    ]


@pytest.mark.parametrize("error", [PermissionRefusedError("key refused"), BudgetExhaustedError("day")])
def test_a_fatal_error_ends_it(error: FatalError) -> None:
    """When no call makes sense any more, nothing more is asked for."""
    provider = ItemProvider({("Product 1", "product"): [error]})
    with pytest.raises(type(error)) as caught:
        warmed(list(products(50)), provider)
    assert caught.value is error
    assert len(provider.requests) < 10


def test_replies_of_no_use_end_it() -> None:
    """After five items in a row with two such replies each nothing more is bought; one is asked for again."""
    unusable = UnusableReplyError("no questions")
    provider = ItemProvider({("Product 1", "product"): [unusable]})
    assert warmed(list(products(1)), provider).items == 2
    every = {(f"Product {number}", kind): [unusable] * 2 for number in range(51) for kind in ("product", "market")}
    provider = ItemProvider(every)
    with pytest.raises(RepliesOfNoUseError, match="5 items in a row"):
        warmed(list(products(50)), provider)
    assert len(provider.requests) <= (5 + 2) * 2


def test_a_fault_of_the_input_ends_it_after_the_calls_in_flight() -> None:
    """What has been bought when the products end early is still awaited and kept."""

    def broken() -> Iterator[Entry]:
        yield from products(1)
        raise BudgetExhaustedError("spent")

    provider = ItemProvider()
    with pytest.raises(BudgetExhaustedError):
        warmed(broken(), provider)
    assert len(provider.requests) == 2


def test_a_stop_is_heard() -> None:
    """A signal ends the work with the calls in flight, and says what is kept."""
    stop = StopSignal()
    config = load_config({"verb": "function", "providers": "offline"}, {"MAX_CONCURRENCY": "1"})
    provider = ItemProvider(on_call=lambda _: stop.set("SIGTERM"))
    with pytest.raises(InterruptedRunError, match="SIGTERM; 1 items"):
        warm(config, products(50), provider, stop)
    assert len(provider.requests) == 1


def test_the_command_line_of_the_cache() -> None:
    """`cache warm` takes the products, amounts and providers of a job, `cache stats` nothing but where to look."""
    arguments = parse_arguments(["cache", "warm", "--products-file", "p.csv", "--num-questions", "5", "--local"])
    assert (arguments["verb"], arguments["action"], arguments["products_file"]) == ("cache", "warm", "p.csv")
    assert (arguments["num_questions"], arguments["local_dir"]) == ("5", "./local-run")
    assert parse_arguments(["cache", "warm", "--from-job", "--job-id", "j"])["from_job"] == "true"
    assert parse_arguments(["cache", "stats", "--local", "there"])["local_dir"] == "there"


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["cache"], "ACTION"),
        (["cache", "cool"], "cool"),
        (["cache", "warm", "--skip-existing"], "--skip-existing"),
        (["cache", "stats", "--limit", "3"], "--limit"),
    ],
)
def test_a_wrong_command_line_is_refused(argv: list[str], named: str) -> None:
    """An option that would have no effect is an error, not silence."""
    with pytest.raises(ConfigurationError, match=named):
        parse_arguments(argv)
