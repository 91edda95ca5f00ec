"""What every provider promises, whatever its vendor: one suite against a service of each vendor on loopback."""

import json
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import pytest

from query_generator.errors import (
    BudgetExhaustedError,
    ConfigurationError,
    OverloadedError,
    PermissionRefusedError,
    QueryGeneratorError,
    RateLimitedError,
    RefusedRequestError,
    RetryableError,
    RunFencedError,
    SkippableError,
    UnusableReplyError,
)
from query_generator.llm.anthropic_messages import AnthropicProvider
from query_generator.llm.base import GenerationRequest, Prompt, Provider
from query_generator.llm.gemini import GeminiProvider
from query_generator.llm.google_genai import GoogleGenAIProvider
from query_generator.llm.offline import OfflineProvider
from query_generator.llm.openai_chat import OpenAIProvider
from query_generator.llm.sending import told_when_sent
from query_generator.models import Product, QueryType
from tests.fakes.anthropic_server import AnthropicServer
from tests.fakes.gemini_faults import Fault, FaultRule
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.llm_server import LlmServer
from tests.fakes.openai_server import OpenAIServer

KEY = "sk-SecretOfTheTest"


class Closable(Provider, Protocol):
    """A provider on connections of its own."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Vendor:
    """A provider's name, its maker from an address and a model, its service, and its settings for key and address."""

    name: str
    make: Callable[..., Closable]
    serve: Callable[[], LlmServer]
    key_setting: str
    address_setting: str


def gemini(address: str, *, key: str = KEY, model: str = "small-1", **limits: float) -> GeminiProvider:
    return GeminiProvider(key, dict.fromkeys(QueryType, model), endpoint=address, **limits)  # type: ignore[arg-type]


def google_genai(address: str, *, key: str = KEY, model: str = "small-1", **limits: float) -> GoogleGenAIProvider:
    return GoogleGenAIProvider(key, dict.fromkeys(QueryType, model), endpoint=address, **limits)  # type: ignore[arg-type]


def openai(address: str, *, key: str = KEY, model: str = "small-1", **limits: float) -> OpenAIProvider:
    return OpenAIProvider(key, model, base_url=f"{address}/v1", **limits)  # type: ignore[arg-type]


def anthropic(address: str, *, key: str = KEY, model: str = "small-1", **limits: float) -> AnthropicProvider:
    return AnthropicProvider(key, model, base_url=address, **limits)  # type: ignore[arg-type]


VENDORS = (
    Vendor("gemini", gemini, GeminiServer, "GEMINI_API_KEY", "GEMINI_API_ENDPOINT"),
    Vendor("google-genai", google_genai, GeminiServer, "GEMINI_API_KEY", "GEMINI_API_ENDPOINT"),
    Vendor("openai", openai, OpenAIServer, "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    Vendor("anthropic", anthropic, AnthropicServer, "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
)


@pytest.fixture(scope="module", params=VENDORS, ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    made: Vendor = request.param
    return made


@pytest.fixture(scope="module")
def running(vendor: Vendor) -> Iterator[tuple[LlmServer, Closable]]:
    with vendor.serve() as server, closing(vendor.make(server.url, pool_size=4, timeout_seconds=10)) as provider:
        server.drip_seconds = 0.02
        yield server, provider


@pytest.fixture
def server(running: tuple[LlmServer, Closable]) -> LlmServer:
    running[0].set_faults()
    running[0].retry_delay = "2s"
    return running[0]


@pytest.fixture
def provider(running: tuple[LlmServer, Closable]) -> Closable:
    return running[1]


def ask(name: str = "Aero 5 Vacuum", query_type: QueryType = QueryType.PRODUCT, count: int = 5) -> GenerationRequest:
    data = json.dumps({"name": name}, ensure_ascii=False)
    user = f"Write exactly {count} {query_type} questions.\n<product_data>{data}</product_data>"
    return GenerationRequest(Product(name=name), query_type, count, Prompt("You write questions.", user))


def failure(provider: Closable, request: GenerationRequest | None = None) -> QueryGeneratorError:
    """The error of one call, after a look for the key and the prompt in all that a log could print of it."""
    with pytest.raises(QueryGeneratorError) as caught:
        provider.generate(request or ask())
    printed = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert KEY not in printed
    assert "<product_data>" not in printed
    assert len(str(caught.value)) < 400
    return caught.value


def test_a_good_reply_brings_the_questions_and_their_bill(
    vendor: Vendor, server: LlmServer, provider: Closable
) -> None:
    """Each question that was asked for arrives, with the model that wrote it and the tokens, thinking included."""
    reply = provider.generate(ask(name="Größe 5 “Düse”", query_type=QueryType.MARKET))
    assert len(set(reply.texts)) == 5
    assert all("Größe 5 “Düse”" in text for text in reply.texts)
    assert (reply.provider, reply.model, reply.truncated) == (vendor.name, "small-1-001", False)
    text_tokens = len(json.dumps({"questions": reply.texts}, ensure_ascii=False)) // 4
    assert reply.usage.output_tokens == text_tokens + 7
    assert reply.usage.prompt_tokens > 20
    assert (provider.name, provider.model) == (vendor.name, "small-1")


@pytest.mark.parametrize("fault", ["ok", "rate_limit", "unavailable"])
def test_it_is_told_when_the_request_has_gone_out(server: LlmServer, provider: Closable, fault: str) -> None:
    """Once for each call, after its body was written and before the reply: limits are counted from then on."""
    told: list[str] = []
    was_told = threading.Event()

    def tell() -> None:
        told.append("sent")
        was_told.set()

    server.on_request = lambda _: told.append("told" if was_told.wait(30) else "not told")
    server.set_faults([fault])
    with told_when_sent(tell, lambda: told.append("asked")), suppress(QueryGeneratorError):
        provider.generate(ask())
    assert told == ["asked", "sent", "told"]  # the service had the whole request, and had not begun to answer


def test_a_run_frozen_while_a_call_was_prepared_does_not_send_it(server: LlmServer, provider: Closable) -> None:
    """Asked at the last moment whether it may spend money, a run that was declared dead in the meantime sends nothing,
    and the call is no success.
    """

    def fenced() -> None:
        raise RunFencedError("declared dead")

    provider.generate(ask())  # its connection is open
    calls = server.calls.total()
    with told_when_sent(lambda: None, fenced), pytest.raises(QueryGeneratorError):
        provider.generate(ask())
    assert server.calls.total() == calls


def test_the_model_is_held_to_json_of_one_shape(server: LlmServer, provider: Closable) -> None:
    """The questions arrive as a list that a program can read: the service itself keeps the model to the schema."""
    provider.generate(ask())
    sent = json.dumps(server.last_request)
    assert '"required": ["questions"]' in sent
    assert "You write questions." not in sent[sent.index("<product_data>") - 60 : sent.index("<product_data>")]


def test_a_reply_that_was_cut_keeps_its_finished_questions(server: LlmServer, provider: Closable) -> None:
    """Questions paid for before the model ran out of tokens are kept."""
    server.set_faults(["truncated"])
    reply = provider.generate(ask())
    assert reply.truncated
    assert 1 <= len(reply.texts) < 5
    assert all(text.endswith("?") for text in reply.texts)


@pytest.mark.parametrize(("fault", "count"), [("few", 3), ("dirty", 5)])
def test_the_texts_come_as_the_model_wrote_them(server: LlmServer, provider: Closable, fault: str, count: int) -> None:
    """Too few or careless texts are no error here: what they are worth is judged later."""
    server.set_faults([fault])
    assert len(provider.generate(ask()).texts) == count


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("rate_limit", RateLimitedError),
        ("daily_quota", BudgetExhaustedError),
        ("server_error", RetryableError),
        ("odd_error", RetryableError),
        ("unavailable", OverloadedError),
        ("empty_candidates", UnusableReplyError),
        ("broken_json", UnusableReplyError),
        ("drop", RetryableError),
        ("drop_body", RetryableError),
        ("html", RetryableError),
        ("safety", SkippableError),
        ("blocked_prompt", SkippableError),
        ("bad_request", RefusedRequestError),
        ("bad_key", PermissionRefusedError),
        ("unauthorized", PermissionRefusedError),
        ("forbidden", PermissionRefusedError),
        ("not_found", ConfigurationError),
    ],
)
def test_each_fault_is_classed_by_what_the_job_does_about_it(
    vendor: Vendor, server: LlmServer, provider: Closable, fault: str, kind: type[Exception]
) -> None:
    """The job learns whether to try again, to leave one product out or to stop; one call sends one request."""
    before = server.stats()["total"]
    server.set_faults([fault])
    error = failure(provider)
    assert type(error) is kind
    assert server.stats()["total"] == before + 1
    if kind is PermissionRefusedError:
        assert vendor.key_setting in str(error)
    if kind is ConfigurationError:
        assert "'small-1'" in str(error)
    if fault in ("broken_json", "safety", "blocked_prompt"):
        assert error.bill
        assert error.bill.model == "small-1-001"
        assert error.bill.prompt_tokens > 20
    elif kind is not UnusableReplyError:
        assert error.bill is None


def test_the_delay_that_a_service_asks_for_is_handed_on(server: LlmServer, provider: Closable) -> None:
    """A rate limit says when to come back, so nobody has to guess; other faults say nothing."""
    server.set_faults(["rate_limit", "unavailable"])
    delays = [
        error.retry_after for error in (failure(provider), failure(provider)) if isinstance(error, RetryableError)
    ]
    assert delays == [2.0, None]


def test_a_service_that_asks_to_wait_for_an_hour_ends_the_run(server: LlmServer, provider: Closable) -> None:
    """Nobody pays for a container that waits: the same job id continues later."""
    server.retry_delay = "3600s"
    server.set_faults(["rate_limit"])
    assert type(failure(provider)) is BudgetExhaustedError


def test_a_service_that_hangs_ends_the_wait(vendor: Vendor, server: LlmServer) -> None:
    """A call that gets no answer ends by itself and can be tried again."""
    server.set_faults(["hang"])
    with closing(vendor.make(server.url, timeout_seconds=0.2)) as impatient:
        assert type(failure(impatient)) is RetryableError


def test_a_reply_that_drips_in_for_too_long_ends_in_time(vendor: Vendor, server: LlmServer) -> None:
    """A service that keeps a connection alive with single bytes cannot hold a call for ever."""
    server.set_faults(["drip"])
    with closing(vendor.make(server.url, timeout_seconds=10, deadline_seconds=0.3)) as impatient:
        assert type(failure(impatient)) is RetryableError


def test_a_service_that_is_away_is_worth_another_try(vendor: Vendor) -> None:
    """No listener at the address is a transient fault."""
    with vendor.serve() as gone:
        address = gone.url
    with closing(vendor.make(address)) as provider:
        assert type(failure(provider)) is RetryableError


def test_a_prompt_that_is_no_unicode_text_costs_one_product(server: LlmServer, provider: Closable) -> None:
    """Half a surrogate pair in a product cannot stop the job."""
    assert type(failure(provider, ask(name="half \ud83d"))) is SkippableError


def test_threads_share_one_client_and_few_connections(vendor: Vendor, server: LlmServer) -> None:
    """Many calls at once reuse at most as many connections as the pool has, and none is lost to faults."""
    before = server.stats()
    with closing(vendor.make(server.url, pool_size=4)) as provider, ThreadPoolExecutor(16) as pool:
        server.set_faults(rules=[FaultRule(Fault.UNAVAILABLE, rate=0.2)])

        def outcome(number: int) -> int:
            try:
                return len(provider.generate(ask(f"Product {number}")).texts)
            except RetryableError:
                return 0

        counts = list(pool.map(outcome, range(64)))
    after = server.stats()
    assert after["total"] - before["total"] == 64
    assert 0 < after["connections"] - before["connections"] <= 4
    assert sum(counts) == 5 * (after["billed"] - before["billed"])
    assert set(counts) == {0, 5}


@pytest.mark.parametrize("address", ["http://example.com", "ftp://127.0.0.1", "https://u:p@h", "https://h?x=1"])
def test_an_address_that_would_leak_the_key_is_refused(vendor: Vendor, address: str) -> None:
    """The key is never sent over plain http to another machine; a wrong address is named before any call."""
    with pytest.raises(ConfigurationError, match=vendor.address_setting):
        vendor.make(address)


@pytest.mark.parametrize("key", ["two words", "AIza\n", "AIzä"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(vendor: Vendor, key: str) -> None:
    """A key with a stray line break is named as a setting, not printed."""
    with pytest.raises(ConfigurationError, match=vendor.key_setting) as caught:
        vendor.make("https://example.com", key=key)
    assert key.strip() not in str(caught.value)


def test_a_model_without_a_name_is_refused(vendor: Vendor) -> None:
    """An empty model setting is named before any call."""
    with pytest.raises(ConfigurationError, match="MODEL"):
        vendor.make("https://example.com", model="")


def test_offline_keeps_the_same_promises_without_a_service() -> None:
    """The provider that needs no network gives as many questions, from many threads, for no bill."""
    provider = OfflineProvider()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(provider.generate, [ask(f"Product {number % 4}") for number in range(16)]))
    assert all(len(set(reply.texts)) == 5 for reply in replies)
    assert {(reply.provider, reply.usage.output_tokens, reply.truncated) for reply in replies} == {
        ("offline", 0, False)
    }
    assert len({reply.texts for reply in replies}) == 4


@pytest.mark.parametrize("vendor_name", ["openai", "anthropic"])
def test_an_account_without_credit_ends_the_run(vendor_name: str) -> None:
    """Retries cannot bring money back: the same job id continues when the account is in order."""
    vendor = next(vendor for vendor in VENDORS if vendor.name == vendor_name)
    with vendor.serve() as server, closing(vendor.make(server.url)) as provider:
        server.set_faults(["no_credit"])
        assert type(failure(provider)) is BudgetExhaustedError


def test_a_local_service_needs_no_key() -> None:
    """A model that runs beside the job is asked without an account, over plain http too."""
    with OpenAIServer() as server, closing(OpenAIProvider("", "small-1", base_url=f"{server.url}/v1")) as provider:
        assert len(provider.generate(ask()).texts) == 5
    OpenAIProvider("", "small-1", base_url="http://models.internal:8000/v1").close()


@pytest.mark.parametrize(
    ("server", "make", "unknown"),
    [
        (OpenAIServer, openai, {"response_format"}),
        (OpenAIServer, openai, {"max_tokens"}),
        (OpenAIServer, openai, {"max_tokens", "max_completion_tokens", "response_format"}),
        (AnthropicServer, anthropic, {"output_config.effort"}),
        (AnthropicServer, anthropic, {"output_config"}),
    ],
)
def test_a_service_that_knows_fewer_parameters_is_asked_without_them(
    server: Callable[..., LlmServer], make: Callable[..., Closable], unknown: set[str]
) -> None:
    """Older models and compatible services work; what they refuse is learned once."""
    with server(unknown_parameters=unknown) as running, closing(make(running.url)) as provider:
        assert len(provider.generate(ask()).texts) == 5
        learned = running.stats()["total"]
        assert len(provider.generate(ask()).texts) == 5
        assert running.stats()["total"] == learned + 1
        assert not unknown & running.last_request.keys()


@pytest.mark.parametrize("missing", ["openai", "anthropic", "google.genai", "httpx2"])
def test_an_image_without_an_sdk_says_what_to_do(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that the image was made without is a wrong setting with a way out, not a crash."""
    import_module("google.genai")  # else it would be loaded without httpx2 for all tests that follow
    for module in (missing, *(f"query_generator.llm.{part}" for part in ("http_client", "http_deadline"))):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    made = {"openai": openai, "anthropic": anthropic}.get(missing, google_genai)
    with pytest.raises(ConfigurationError, match="LLM_PROVIDERS"):
        made("https://example.com")


def test_importing_the_providers_loads_no_sdk() -> None:
    """Commands that ask no model start without the seconds that four SDKs take to load."""
    code = (
        "import sys, query_generator.llm.gemini, query_generator.llm.google_genai;"
        "import query_generator.llm.openai_chat, query_generator.llm.anthropic_messages;"
        "assert not {'openai', 'anthropic', 'httpx2', 'google.genai', 'google.api_core'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
