"""A secret that a service repeats in whatever disguise shows up nowhere; real runs, all sinks."""

import json
from collections.abc import Iterator

import pytest

from tests.conftest import Cloud
from tests.fakes.repeating_server import RepeatingServer, product_of
from tests.support.disguises import DISGUISES, reveals

KEY = "AIza/Sy+Canary-0123_456789.xyz=="
CASES = 2 * len(DISGUISES)
PRODUCTS = [{"name": product_of(number), "brand": "Acme"} for number in range(CASES)]


def sinks(cloud: Cloud, out: str, log: str) -> Iterator[tuple[str, str]]:
    """Yield every text that a job leaves behind, line by line or cell by cell, with where it is."""
    for name, text in (("stdout", out), ("log", log)):
        yield from ((name, line) for line in text.splitlines())
    s3 = cloud.aws.client("s3")
    for entry in s3.list_objects_v2(Bucket="results").get("Contents", ()):
        body = s3.get_object(Bucket="results", Key=entry["Key"])["Body"].read().decode()
        yield from ((entry["Key"], value) for value in strings(json.loads(body)))
    for event in cloud.aws.events("job"):
        yield from ((f"event {event['eventName']}", value) for value in strings(event))
    for table in cloud.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"):
        for row in cloud.rows(f"SELECT to_jsonb(t)::text AS cells FROM {table.name} t"):
            yield from ((f"table {table.name}", value) for value in strings(json.loads(row.cells)))


def strings(value: object) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif value is not None:
        yield str(value)


@pytest.mark.parametrize(
    ("provider", "log_format"),
    [("gemini", "text"), ("google-genai", "json"), ("openai", "text"), ("anthropic", "json")],
)
def test_a_key_that_the_service_repeats_in_disguise_is_seen_nowhere(
    cloud: Cloud, provider: str, log_format: str
) -> None:
    """Each disguise, by each provider: not in the log at DEBUG, the summary, the objects, the events or the tables."""
    vendor = {"gemini": "GEMINI", "google-genai": "GEMINI"}.get(provider, provider.upper())
    cloud.aws.client("secretsmanager").create_secret(Name="canary", SecretString=KEY)
    with RepeatingServer(KEY) as service:
        ended = cloud.run(
            *("--job-id", "job", "--products-json", json.dumps(PRODUCTS), "--provider", provider, "--verbose"),
            *("--log-format", log_format),
            **{f"{vendor}_SECRET_NAME": "canary"},
            GEMINI_API_ENDPOINT=service.url,
            OPENAI_BASE_URL=service.url,
            ANTHROPIC_BASE_URL=service.url,
        )
        assert ended.code == 65, ended.log
        assert service.calls == 2 * CASES
    found = [(where, text) for where, text in sinks(cloud, ended.out, ended.log) if reveals(text, KEY)]
    failed = cloud.rows("SELECT error FROM job_items WHERE state = 'failed'")
    assert len(failed) == 2 * CASES
    assert found == []
    assert all("***" in row.error for row in failed)
