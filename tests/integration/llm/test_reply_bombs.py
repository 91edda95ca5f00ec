"""Replies without end, packed replies and stray bytes: they cost a call, not the memory, and never the next call."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from query_generator.errors import PermissionRefusedError, RetryableError
from query_generator.llm.reply_size import KIB, LONGEST_REPLY
from tests.fakes.raw_server import RawServer, response
from tests.integration.llm.test_odd_replies import BODIES, TEXTS
from tests.integration.llm.test_providers import KEY, VENDORS, Vendor, ask
from tests.support.bomb_memory import MB, bomb
from tests.support.paths import ROOT

MOST_MB = 256


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    made: Vendor = request.param
    return made


@pytest.mark.parametrize(
    "name",
    [
        "gzip",
        "gzip-gzip",
        "endless",
        "endless-error",
        "endless-redirect",
        "chunked-bytes",
        "headers",
        "continue",
        "lists",
        "one-emoji",
        "one-escape",
    ],
)
def test_a_reply_without_end_is_a_transient_fault(vendor: Vendor, name: str) -> None:
    """What is longer than any reply of use is not read on; the call fails as if there had been no reply."""
    with RawServer(bomb(name)) as server, closing(vendor.make(server.url, pool_size=1, timeout_seconds=10)) as provider:
        for _ in range(2):
            with pytest.raises(RetryableError) as caught:
                provider.generate(ask())
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(("name", "kind"), [("gemini", "parts"), ("google-genai", "gzip"), ("anthropic", "lists")])
def test_many_bombs_at_once_fit_into_a_small_container(name: str, kind: str) -> None:
    """Thirty-two calls that meet bombs at once take less than 256 MB together, the SDK included."""
    command = [sys.executable, "-m", "tests.support.bomb_memory", name, kind]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=True).stdout
    assert int(told.split()[0]) < MOST_MB, told


def test_the_longest_reply_of_use_is_read(vendor: Vendor) -> None:
    """A reply just below the limit brings its questions."""
    body = BODIES[vendor.name]('"m-1"', "12").encode()
    body += b" " * (LONGEST_REPLY - len(body))
    with (
        RawServer(lambda _: [response(body, "Content-Type: application/json")]) as server,
        closing(vendor.make(server.url, pool_size=1, timeout_seconds=10)) as provider,
    ):
        assert list(provider.generate(ask()).texts) == TEXTS
    assert LONGEST_REPLY >= 1024 * KIB


def test_an_error_is_told_however_many_values_it_holds(vendor: Vendor) -> None:
    """Of an error's body only the beginning is read, and its status counts whatever it holds."""
    with (
        RawServer(lambda _: [response(b"[" + b"," * MB, status="401 Who")]) as server,
        closing(vendor.make(server.url, pool_size=1, timeout_seconds=10)) as provider,
        pytest.raises(PermissionRefusedError),
    ):
        provider.generate(ask())


def test_bytes_behind_a_reply_answer_no_other_call(vendor: Vendor) -> None:
    """A second reply in the wake of the first is dropped with its connection: no later call takes it for its own."""

    def replies(number: int) -> Iterator[bytes]:
        good = response(BODIES[vendor.name](f'"m-{number}"', "12").encode(), "Content-Type: application/json")
        yield good + response(BODIES[vendor.name]('"stray"', "12").encode(), "Content-Type: application/json")

    with RawServer(replies) as server, closing(vendor.make(server.url, pool_size=1, timeout_seconds=10)) as provider:
        assert [provider.generate(ask()).model for _ in range(3)] == ["m-0", "m-1", "m-2"]


def test_a_reply_that_ends_too_early_costs_only_itself(vendor: Vendor) -> None:
    """A connection that closes within a reply is a transient fault, and the next call takes another."""
    good = response(BODIES[vendor.name]('"m-1"', "12").encode(), "Content-Type: application/json")

    def replies(number: int) -> Iterator[bytes]:
        yield good if number else good[:-20]

    with (
        RawServer(replies, keep=False) as server,
        closing(vendor.make(server.url, pool_size=1, timeout_seconds=10)) as provider,
    ):
        with pytest.raises(RetryableError):
            provider.generate(ask())
        assert list(provider.generate(ask()).texts) == TEXTS
