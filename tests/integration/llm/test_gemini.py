"""The provider `gemini` against a Gemini service on loopback: each kind of reply, and each kind of fault."""

import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import traceback
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

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
    SkippableError,
    UnusableReplyError,
)
from query_generator.llm.base import GenerationRequest, Prompt, Provider
from query_generator.llm.gemini import GeminiProvider
from query_generator.models import Product, QueryType
from tests.fakes.gemini_faults import Fault, FaultRule
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.tls_server import write_certificate

KEY = "AIzaSecretOfTheTest"
MODELS = {QueryType.PRODUCT: "gemini-3.5-flash-lite", QueryType.MARKET: "gemini-3.8-flash"}


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as running:
        yield running


@pytest.fixture
def provider(server: GeminiServer) -> Iterator[GeminiProvider]:
    with closing(GeminiProvider(KEY, MODELS, endpoint=server.url, pool_size=2, timeout_seconds=5)) as made:
        yield made


def ask(name: str = "Aero 5 Vacuum", query_type: QueryType = QueryType.PRODUCT, count: int = 5) -> GenerationRequest:
    data = json.dumps({"name": name}, ensure_ascii=False)
    user = f"Write exactly {count} {query_type} questions.\n<product_data>{data}</product_data>"
    return GenerationRequest(Product(name=name), query_type, count, Prompt("You write questions.", user))


def failure(provider: GeminiProvider, request: GenerationRequest | None = None) -> QueryGeneratorError:
    """The error of one call, after a look for the key in all that a log could print of it."""
    with pytest.raises(QueryGeneratorError) as caught:
        provider.generate(request or ask())
    assert KEY not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "product_data" not in str(caught.value)
    assert len(str(caught.value)) < 400
    return caught.value


def test_a_good_reply_brings_the_questions_and_their_bill(server: GeminiServer, provider: Provider) -> None:
    """Each question that was asked for arrives, with the model that wrote it and the tokens, thinking included."""
    reply = provider.generate(ask(name="Größe 5 “Düse”"))
    assert len(set(reply.texts)) == 5
    assert all("Größe 5 “Düse”" in text for text in reply.texts)
    assert (reply.provider, reply.model, reply.truncated) == ("gemini", "gemini-3.5-flash-lite-001", False)
    text_tokens = len(json.dumps({"questions": reply.texts}, ensure_ascii=False)) // 4
    assert reply.usage.output_tokens == text_tokens + 7
    assert reply.usage.prompt_tokens > 0
    assert provider.model == "gemini-3.5-flash-lite"


def test_instructions_schema_and_data_travel_apart(server: GeminiServer, provider: GeminiProvider) -> None:
    """Product data cannot pose as instructions, and the model is held to JSON of one shape."""
    provider.generate(ask())
    sent = server.last_request
    assert sent["systemInstruction"]["parts"] == [{"text": "You write questions."}]
    assert [part["text"] for part in sent["contents"][0]["parts"]] == [ask().prompt.user]
    assert sent["generationConfig"]["responseMimeType"] == "application/json"
    assert sent["generationConfig"]["responseSchema"]["required"] == ["questions"]


def test_market_questions_may_have_their_own_model(server: GeminiServer, provider: GeminiProvider) -> None:
    """GEMINI_MARKET_MODEL is asked for market questions."""
    assert provider.generate(ask(query_type=QueryType.MARKET)).model == "gemini-3.8-flash-001"
    assert server.calls == {("Aero 5 Vacuum", "market"): 1}


def test_a_reply_that_was_cut_keeps_its_finished_questions(server: GeminiServer, provider: GeminiProvider) -> None:
    """Questions paid for before the model ran out of tokens are kept."""
    server.set_faults(["truncated"])
    reply = provider.generate(ask())
    assert reply.truncated
    assert 1 <= len(reply.texts) < 5
    assert all(text.endswith("?") for text in reply.texts)


@pytest.mark.parametrize(("fault", "count"), [("few", 3), ("dirty", 5)])
def test_the_texts_come_as_the_model_wrote_them(
    server: GeminiServer, provider: GeminiProvider, fault: str, count: int
) -> None:
    """Too few or careless texts are no error here: what they are worth is judged later."""
    server.set_faults([fault])
    assert len(provider.generate(ask()).texts) == count


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        ("rate_limit", RateLimitedError, "HTTP 429"),
        ("server_error", RetryableError, "HTTP 500"),
        ("unavailable", OverloadedError, "HTTP 503 .*overloaded"),
        ("odd_error", RetryableError, "HTTP 502"),
        ("empty_candidates", UnusableReplyError, "no candidate"),
        ("broken_json", UnusableReplyError, "no questions"),
        ("drop", RetryableError, "connection to Gemini failed"),
        ("drop_body", RetryableError, "connection to Gemini failed"),
        ("html", RetryableError, "not the expected JSON"),
        ("safety", SkippableError, "finish reason SAFETY"),
        ("blocked_prompt", SkippableError, "block reason PROHIBITED_CONTENT"),
        ("bad_request", RefusedRequestError, "HTTP 400"),
        ("bad_key", PermissionRefusedError, "GEMINI_SECRET_NAME or GEMINI_API_KEY"),
        ("unauthorized", PermissionRefusedError, "GEMINI_SECRET_NAME or GEMINI_API_KEY"),
        ("forbidden", PermissionRefusedError, "suspended.*GEMINI_SECRET_NAME or GEMINI_API_KEY"),
        ("region", PermissionRefusedError, "location"),
        ("not_found", ConfigurationError, "gemini-3.5-flash-lite.*--model"),
        ("daily_quota", BudgetExhaustedError, "GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
    ],
)
def test_each_fault_is_classed_by_what_the_job_does_about_it(
    server: GeminiServer, provider: GeminiProvider, fault: str, kind: type[Exception], message: str
) -> None:
    """The job learns whether to try again, to leave one product out or to stop; one call sends one request."""
    server.set_faults([fault])
    error = failure(provider)
    assert type(error) is kind
    assert re.search(message, str(error))
    assert server.stats()["total"] == 1


def test_the_delay_that_gemini_asks_for_is_handed_on(server: GeminiServer, provider: GeminiProvider) -> None:
    """A rate limit says when to come back, so nobody has to guess."""
    server.set_faults(["rate_limit", "unavailable"])
    delays = [
        error.retry_after for error in (failure(provider), failure(provider)) if isinstance(error, RetryableError)
    ]
    assert delays == [0.2, None]


@pytest.mark.parametrize(
    ("timeout", "deadline", "message"), [(0.3, 120, "nothing for 0.3 seconds"), (60, 0.3, "0.3 seconds, the deadline")]
)
def test_a_service_that_hangs_ends_the_wait(
    server: GeminiServer, timeout: float, deadline: float, message: str
) -> None:
    """A call that gets no answer ends by itself and can be tried again."""
    server.set_faults(["hang"])
    with closing(
        GeminiProvider(KEY, MODELS, endpoint=server.url, timeout_seconds=timeout, deadline_seconds=deadline)
    ) as provider:
        error = failure(provider)
    assert type(error) is RetryableError
    assert message in str(error)


def test_a_reply_that_drips_in_is_a_good_one(server: GeminiServer, provider: GeminiProvider) -> None:
    """A reply that arrives a byte at a time is whole in the end."""
    server.drip_seconds = 0
    server.set_faults(["drip"])
    assert len(provider.generate(ask()).texts) == 5


def test_a_reply_that_drips_for_ever_ends_at_the_deadline(server: GeminiServer) -> None:
    """A reply whose every byte comes in time still cannot hold a call for longer than its deadline."""
    server.set_faults(["drip"])
    clock = count(step=50).__next__  # 120 seconds are over at the third read
    with closing(GeminiProvider(KEY, MODELS, endpoint=server.url, clock=clock)) as provider:
        error = failure(provider)
        assert type(error) is RetryableError
        assert "within 120 seconds, the deadline" in str(error)
        server.drip_seconds = 0
        assert len(provider.generate(ask()).texts) == 5
    assert server.stats()["connections"] == 2


def test_headers_that_drip_for_ever_end_at_the_deadline() -> None:
    """The deadline holds from the first byte on."""

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
            while True:
                connection.sendall(b"a")
                pause.wait(0.001)

    pause = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with closing(GeminiProvider(KEY, MODELS, endpoint=url, clock=count(step=10).__next__)) as provider:
            assert "the deadline" in str(failure(provider))
        thread.join()


def test_the_key_goes_to_trusted_servers_alone(
    server: GeminiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that cannot prove its name learns nothing; REQUESTS_CA_BUNDLE says whom to trust besides."""
    certificate = write_certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server._http.socket = context.wrap_socket(server._http.socket, server_side=True)
    url = server.url.replace("http://127.0.0.1", "https://localhost")
    with closing(GeminiProvider(KEY, MODELS, endpoint=url)) as provider:
        assert "its certificate is not accepted: self-signed certificate" in str(failure(provider))
    assert server.stats()["total"] == 0
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with closing(GeminiProvider(KEY, MODELS, endpoint=url)) as provider:
        assert len(provider.generate(ask()).texts) == 5


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that is left through a proxy alone is left through it; what the proxy refuses can be tried again."""

    def refuse() -> None:
        connection, _ = listener.accept()
        with connection:
            asked.append(connection.recv(65_536))
            connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse)
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{listener.getsockname()[1]}")
        with closing(GeminiProvider(KEY, MODELS, endpoint="https://gemini.example")) as provider:
            assert "ProxyError" in str(failure(provider))
        thread.join()
    assert asked[0].startswith(b"CONNECT gemini.example:443 ")
    assert b"Proxy-Authorization: Basic dXNlcjpwYXNz" in asked[0]
    assert KEY.encode() not in asked[0]


def test_a_ca_bundle_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong setting of the environment ends the run before any call, and says which."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(ConfigurationError, match="REQUESTS_CA_BUNDLE"):
        GeminiProvider(KEY, MODELS)


def test_a_service_that_is_away_is_worth_another_try() -> None:
    """No listener at the endpoint is a transient fault."""
    with GeminiServer() as server:
        url = server.url
    with closing(GeminiProvider(KEY, MODELS, endpoint=url)) as provider:
        assert type(failure(provider)) is RetryableError


def test_a_prompt_that_is_no_unicode_text_costs_one_product(provider: GeminiProvider) -> None:
    """Half a surrogate pair in a product cannot stop the job."""
    assert type(failure(provider, ask(name="half \ud83d"))) is SkippableError


def test_threads_share_one_client_and_few_connections(server: GeminiServer) -> None:
    """64 calls at once reuse at most as many connections as the pool has, and none is lost to faults."""
    with (
        closing(GeminiProvider(KEY, MODELS, endpoint=server.url, pool_size=8)) as provider,
        ThreadPoolExecutor(64) as pool,
    ):
        server.set_faults(rules=[FaultRule(Fault.UNAVAILABLE, rate=0.2)])

        def outcome(number: int) -> int:
            try:
                return len(provider.generate(ask(f"Product {number}")).texts)
            except RetryableError:
                return 0

        counts = list(pool.map(outcome, range(256)))
    stats = server.stats()
    assert stats["total"] == 256
    assert 0 < stats["connections"] <= 8
    assert sum(counts) == 5 * stats["billed"]
    assert set(counts) == {0, 5}


def test_more_questions_of_one_product_are_new_ones(provider: GeminiProvider) -> None:
    """The stand-in never repeats itself, so that calls for missing questions can be tried."""
    texts = [text for _ in range(20) for text in provider.generate(ask(count=25)).texts]
    assert len(set(texts)) == 500


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://example.com",
        "ftp://127.0.0.1",
        "example.com",
        "https://",
        "https://u:p@h",
        "https://h/v1",
        "http://[::1",
    ],
)
def test_an_endpoint_that_would_leak_or_fail_is_refused(endpoint: str) -> None:
    """The key is never sent over plain http to another machine; a wrong endpoint is named before any call."""
    with pytest.raises(ConfigurationError, match="GEMINI_API_ENDPOINT"):
        GeminiProvider(KEY, MODELS, endpoint=endpoint)


@pytest.mark.parametrize("key", ["", "two words", " AIza", "AIza\n", "AIzä"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(key: str) -> None:
    """A key with a stray line break is named as a setting, not printed."""
    with pytest.raises(ConfigurationError, match="GEMINI_SECRET_NAME or GEMINI_API_KEY") as caught:
        GeminiProvider(key, MODELS)
    assert not key.strip() or key.strip() not in str(caught.value)


@pytest.mark.parametrize("model", ["", "a b", "../x", "models/a/b"])
def test_a_model_name_that_cannot_be_one_is_refused(model: str) -> None:
    """A misspelt model is named before any call."""
    with pytest.raises(ConfigurationError, match="--model"):
        GeminiProvider(KEY, {**MODELS, QueryType.MARKET: model})


def test_importing_the_provider_loads_no_sdk() -> None:
    """Commands that ask no model start without the SDK's half second, and making a provider warns of nothing."""
    code = (
        "import sys, query_generator.llm.gemini as g; assert 'google.api_core' not in sys.modules;"
        "g.GeminiProvider('k', dict.fromkeys(('product', 'market'), 'm')).close()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_stand_in_can_be_steered_as_a_process() -> None:
    """Acceptance tests start the service by a command, set faults and read the bill over HTTP."""
    command = [sys.executable, "-m", "tests.fakes.gemini_server", "--script", "unavailable", "--fault", "drop=1:Aero"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        try:
            with closing(GeminiProvider(KEY, MODELS, endpoint=url)) as provider:
                assert "HTTP 503" in str(failure(provider))
                assert "connection" in str(failure(provider))
                assert len(provider.generate(ask("Other")).texts) == 5
                plan = {"script": ["ok"], "rules": [{"fault": "daily_quota", "times": 1}]}
                urllib.request.urlopen(f"{url}/faults", json.dumps(plan).encode()).close()
                assert len(provider.generate(ask()).texts) == 5
                assert type(failure(provider)) is BudgetExhaustedError
                assert len(provider.generate(ask()).texts) == 5
            with urllib.request.urlopen(f"{url}/stats") as reply:
                stats = json.load(reply)
        finally:
            process.terminate()
    assert (stats["total"], stats["billed"]) == (6, 3)
    assert process.returncode == 0
