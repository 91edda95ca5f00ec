"""The job with each vendor's provider, and with providers that stand in for each other, as processes."""

import json
from collections import Counter
from itertools import count

import pytest

from tests.conftest import Cloud
from tests.fakes.anthropic_server import AnthropicServer
from tests.fakes.gemini_faults import Fault, FaultRule
from tests.fakes.openai_server import OpenAIServer
from tests.support.real_sizes import records

KEYS = {"openai": "sk-test-openai-0123456789", "anthropic": "sk-ant-test-0123456789"}
PRODUCTS = records(20)
ITEMS = 2 * len(PRODUCTS)
ARGUMENTS = ("--job-id", "job", "--products-json", json.dumps(PRODUCTS), "--num-questions", "5")


def put_keys(cloud: Cloud) -> dict[str, str]:
    """Store the other vendors' keys as secrets; returns the variables that name them."""
    secrets = cloud.aws.client("secretsmanager")
    for vendor, key in KEYS.items():
        secrets.create_secret(Name=f"query-generator/{vendor}", SecretString=key)
    cloud.aws.calls.clear()
    return {f"{vendor.upper()}_SECRET_NAME": f"query-generator/{vendor}" for vendor in KEYS}


def writers(cloud: Cloud) -> Counter[tuple[str, str]]:
    """How many items each provider and model has written, by the rows."""
    rows = cloud.rows("SELECT DISTINCT product_id, query_type, provider, model FROM queries")
    return Counter((row.provider, row.model) for row in rows)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("google-genai", "gemini-3.5-flash-lite-001"),
        ("openai", "gpt-6-luna-001"),
        ("anthropic", "claude-haiku-5-5-001"),
    ],
)
def test_every_provider_brings_the_same_catalog_to_the_same_end(cloud: Cloud, provider: str, model: str) -> None:
    """Whoever is asked: all questions, each row and product with its writer, two secrets read, no key shown."""
    with OpenAIServer(api_key=KEYS["openai"]) as openai, AnthropicServer(api_key=KEYS["anthropic"]) as anthropic:
        servers = {"google-genai": cloud.gemini, "openai": openai, "anthropic": anthropic}
        ended = cloud.run(
            *(*ARGUMENTS, "--provider", provider, "--verbose"),
            OPENAI_BASE_URL=f"{openai.url}/v1",
            ANTHROPIC_BASE_URL=anthropic.url,
            **put_keys(cloud),
        )
        assert ended.code == 0, ended.log
        assert servers[provider].billed.total() == ITEMS
    assert cloud.rows("SELECT count(*) AS n FROM queries")[0].n == 5 * ITEMS
    assert writers(cloud) == {(provider, model): ITEMS}
    result = cloud.aws.result("job")
    assert {(product["provider"], product["model"]) for product in result["products"]} == {(provider, model)}
    llm = result["execution_stats"]["llm"]
    assert (llm["total_requests"], llm["successful_requests"], llm["fallback_requests"]) == (ITEMS, ITEMS, 0)
    assert llm["cost_usd"] > 0
    assert cloud.aws.calls["GetSecretValue"] == 2
    printed = ended.log + ended.out
    assert not [key for key in KEYS.values() if key in printed]
    assert "Write exactly" not in printed


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.DAILY_QUOTA])
def test_another_provider_takes_over_from_one_that_falls_out(cloud: Cloud, fault: Fault) -> None:
    """Down or used up for the day from its eleventh call on: the second provider does the rest, all adds up; exit 0."""
    answered = count(1)
    cloud.gemini.on_request = lambda _: (
        cloud.gemini.set_faults(rules=[FaultRule(fault)]) if next(answered) == 10 else None
    )
    with OpenAIServer(api_key=KEYS["openai"]) as openai:
        ended = cloud.run(
            *(*ARGUMENTS, "--provider", "gemini,openai", "--max-concurrency", "4"),
            OPENAI_BASE_URL=f"{openai.url}/v1",
            **put_keys(cloud),
        )
        assert ended.code == 0, ended.log
        by_gemini, by_openai = cloud.gemini.billed.total(), openai.calls.total()
    assert by_gemini + by_openai == ITEMS
    assert 10 <= by_gemini <= 13
    assert writers(cloud) == {
        ("gemini", "gemini-3.5-flash-lite-001"): by_gemini,
        ("openai", "gpt-6-luna-001"): by_openai,
    }
    llm = cloud.aws.result("job")["execution_stats"]["llm"]
    assert (llm["successful_requests"], llm["fallback_requests"]) == (ITEMS, by_openai)
    assert llm["failed_requests"] == cloud.gemini.calls.total() - by_gemini <= 5 + 4
    assert cloud.aws.calls["GetSecretValue"] == 3
    assert ("gemini is not asked any more in this run" in ended.log) == (fault != Fault.SERVER_ERROR)
