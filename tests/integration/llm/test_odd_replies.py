"""What a reply says of itself, and what stands in a service's place, costs no run and no good question."""

import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from query_generator.errors import QueryGeneratorError, RetryableError
from query_generator.llm.base import BYTES_A_TOKEN, GenerationReply, Usage, estimated_usage
from query_generator.llm.metered import MeteredProvider
from query_generator.models import QueryType
from query_generator.questions.ask import ask as ask_for_item
from tests.fakes.fixed_server import FixedServer, Given
from tests.integration.llm.test_providers import VENDORS, Closable, Vendor, ask
from tests.support.orders import plain_order, texts_of

TEXTS = [f"Is the Aero 5 Vacuum good for room number {number}?" for number in range(5)]
ANSWER = json.dumps({"questions": TEXTS})
MUTATIONS = int(os.environ.get("FUZZ_REPLIES", "60"))  # a vendor; CONTRIBUTING.md says when more
HUGE = '"' + "m" * 1_000_000 + '"'
SHAPES = [
    f"<think>{ANSWER}</think>{ANSWER}",
    f"<think>{ANSWER}",
    f"```json\n{ANSWER}\n```\n```json\n{ANSWER[:-9]}",
    json.dumps([{"id": "q1", "question": text, "answer": "Is it?"} for text in TEXTS]),
    json.dumps({f"question_{at}": text for at, text in enumerate(TEXTS)}),
    json.dumps({"fit": TEXTS[:2], "care": [{"text": text} for text in TEXTS[2:]]}),
    json.dumps(json.dumps(ANSWER)),
    str(TEXTS),
    "\n".join(f"{at}. {text}" for at, text in enumerate(TEXTS, 1)),
    "\n".join(json.dumps({"question": text}) for text in TEXTS),
    ANSWER.replace('"]', '", // more\n]'),
]
ODD_COUNTS = [
    "0",
    '"12 tokens"',
    "[]",
    "{}",
    "true",
    "NaN",
    "Infinity",
    "-1",
    "9223372036854775808",
    "1e400",
    "1.5",
    "9" * 5000,
]
ODD_NAMES = ["[]", "12", "null", '""', HUGE, '"a\\u0000b"', '"\\ud800"', '"a\\nb"', '"\\u202e"']


def gemini_body(model: str, count: str) -> str:
    content = {"candidates": [{"content": {"parts": [{"text": ANSWER}]}, "finishReason": "STOP"}]}
    usage = f'{{"promptTokenCount": {count}, "candidatesTokenCount": 5, "totalTokenCount": 17}}'
    return f'{json.dumps(content)[:-1]}, "modelVersion": {model}, "usageMetadata": {usage}}}'


def openai_body(model: str, count: str) -> str:
    content = {"choices": [{"message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}]}
    usage = f'{{"prompt_tokens": {count}, "completion_tokens": 5}}'
    return f'{json.dumps(content)[:-1]}, "model": {model}, "usage": {usage}}}'


def anthropic_body(model: str, count: str) -> str:
    content = {"content": [{"type": "text", "text": ANSWER}], "stop_reason": "end_turn"}
    usage = f'{{"input_tokens": {count}, "output_tokens": 5}}'
    return f'{json.dumps(content)[:-1]}, "model": {model}, "usage": {usage}}}'


BODIES: dict[str, Callable[[str, str], str]] = {
    "gemini": gemini_body,
    "google-genai": gemini_body,
    "openai": openai_body,
    "anthropic": anthropic_body,
}


@pytest.fixture(scope="module", params=VENDORS, ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    made: Vendor = request.param
    return made


@pytest.fixture(scope="module")
def running(vendor: Vendor) -> Iterator[tuple[FixedServer, Closable]]:
    with FixedServer() as server, closing(vendor.make(server.url, pool_size=2, timeout_seconds=10)) as provider:
        yield server, provider


def reply_to(running: tuple[FixedServer, Closable], given: Given) -> tuple[GenerationReply, MeteredProvider]:
    running[0].given = given
    meter = MeteredProvider(running[1], cost=lambda *_: 0.0)
    return meter.generate(ask()), meter


def is_estimate(usage: Usage) -> bool:
    """Whether a bill is an estimate by the prompt and by the length of the answer, with little around it."""
    least = len(ANSWER) // BYTES_A_TOKEN
    return usage.prompt_tokens == estimated_usage(ask()).prompt_tokens and least <= usage.output_tokens <= least + 10


@pytest.mark.parametrize("count", ODD_COUNTS, ids=lambda count: count[:20])
def test_a_count_that_is_none_costs_no_question(
    vendor: Vendor, running: tuple[FixedServer, Closable], count: str
) -> None:
    """The questions of a reply are kept whatever it bills; what cannot be read is estimated, and that is counted."""
    reply, meter = reply_to(running, Given(body=BODIES[vendor.name]('"m-1"', count).encode()))
    assert list(reply.texts) == TEXTS
    assert is_estimate(reply.usage)
    stats = meter.stats()
    assert (stats.estimated_requests, stats.successful_requests) == (1, 1)
    assert stats.prompt_tokens == estimated_usage(ask()).prompt_tokens


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: name[:20])
def test_a_name_that_is_none_costs_no_question(
    vendor: Vendor, running: tuple[FixedServer, Closable], name: str
) -> None:
    """A model whose name could stand in no row is the one that was asked for; the bill is read as ever."""
    reply, meter = reply_to(running, Given(body=BODIES[vendor.name](name, "12").encode()))
    assert (list(reply.texts), reply.model) == (TEXTS, "small-1")
    assert reply.usage == Usage(12, 5) or is_estimate(reply.usage)
    assert meter.stats().successful_requests == 1


@pytest.mark.parametrize("usage", ["null", "[]", '"none"', "{}"])
def test_a_bill_of_another_shape_costs_no_question(
    vendor: Vendor, running: tuple[FixedServer, Closable], usage: str
) -> None:
    """A text or a list in place of the bill is estimated, and so is a missing one: a cap would not hold without it."""
    body = json.loads(BODIES[vendor.name]('"m-1"', "12"))
    key = "usageMetadata" if "usageMetadata" in body else "usage"
    reply, _ = reply_to(running, Given(body=json.dumps({**body, key: json.loads(usage)}).encode()))
    assert list(reply.texts) == TEXTS
    assert is_estimate(reply.usage)


@pytest.mark.parametrize("status", [200, 301, 302, 303, 307, 308, 511])
def test_a_page_of_a_network_is_a_transient_fault(
    vendor: Vendor, running: tuple[FixedServer, Closable], status: int
) -> None:
    """A redirect and the page of a captive portal are tried again, and the key follows no redirect."""
    server, provider = running
    with FixedServer() as elsewhere:
        headers = {"Content-Type": "text/html", "Location": f"{elsewhere.url}/login"}
        server.given = Given(status, b"<html>Please log in to this network</html>", headers)
        with pytest.raises(RetryableError):
            provider.generate(ask())
        assert elsewhere.calls == 0


def test_no_mutation_of_a_reply_ends_a_run(vendor: Vendor, running: tuple[FixedServer, Closable]) -> None:
    """Whatever a service sends, a call brings questions with a bill that can be stored, or fails as a call does."""
    server, provider = running
    meter = MeteredProvider(provider, cost=lambda *_: 0.0)
    chance = random.Random(vendor.name)
    for _ in range(MUTATIONS):
        server.given = mutated(BODIES[vendor.name]('"m-1"', "12"), chance)
        try:
            reply = meter.generate(ask())
        except QueryGeneratorError as exc:
            if "unexpected" in str(exc):
                raise AssertionError(server.given) from exc
            continue
        assert reply.model.isprintable()
        assert 0 <= reply.usage.prompt_tokens + reply.usage.output_tokens <= 10_000_000
        generated = ask_for_item(ask().product, QueryType.PRODUCT, plain_order(5), _Fixed(meter, reply))
        "".join(texts_of(generated.questions)).encode()


class _Fixed:
    """Gives a reply that is there already."""

    def __init__(self, meter: MeteredProvider, reply: GenerationReply) -> None:
        self.name, self.model = meter.name, meter.model
        self._reply = reply

    def generate(self, _: object) -> GenerationReply:
        return replace(self._reply)


def mutated(good: str, chance: random.Random) -> Given:
    """Change a good reply: a value of it, its bytes, its length, its kind, its status."""
    body = good.encode()
    kind = chance.randrange(6)
    if kind <= 2:
        body = json.dumps(_changed(json.loads(good), chance)).encode("utf-8", "surrogatepass")
    elif kind == 3:
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(body))
            body = body[:at] + bytes([chance.randrange(256)]) + body[at + chance.randrange(3) :]
    elif kind == 4:
        body = body[: chance.randrange(len(body))]
    else:
        body = chance.choice([b"", b"null", b"[]", b'"x"', b"\xff\xfe", b"[" * 50_000, b"1" * 5000, b"<html>", b"NaN"])
    status = chance.choice([200] * 8 + [201, 204, 206, 300, 302, 400, 401, 404, 418, 429, 500, 503])
    kinds = ["application/json", "text/html", "application/json; charset=utf-16", "x"]
    headers = {"Content-Type": chance.choice(kinds)}
    if chance.random() < 0.1:
        headers["Retry-After"] = chance.choice(["-1", "1", "NaN", "9" * 400, "Thu, 99 Foo 9999", "\x01", "1e999"])
    return Given(status, b"" if status == 204 else body, headers)


def _changed(value: Any, chance: random.Random) -> Any:
    odd: list[Any] = [
        None,
        True,
        -1,
        2**63,
        10**400,
        float("nan"),
        float("inf"),
        "",
        "\0",
        "\ud800",
        [],
        {},
        [[]],
        "x" * 9999,
    ]
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(list(value))
        return {**value, chance.choice([key, key, key, "other"]): _changed(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        return [*value[:at], _changed(value[at], chance), *value[at + 1 :]]
    if isinstance(value, str) and value.startswith("{") and chance.random() < 0.3:
        return chance.choice(SHAPES)
    if isinstance(value, str) and value.startswith("{") and chance.random() < 0.5:
        return json.dumps(_changed(json.loads(value), chance))
    return chance.choice(odd)
