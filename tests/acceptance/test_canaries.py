"""A secret that a service repeats in whatever disguise shows up nowhere; real runs, all sinks."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Cloud, Ended, run_command
from tests.fakes.aws_server import CREDENTIALS
from tests.fakes.repeating_server import RepeatingServer, product_of
from tests.support.disguises import DISGUISES, reveals

KEY = "AIza/Sy+Canary-0123_456789.xyz=="
PROVIDERS = ("gemini", "google-genai", "openai", "anthropic")
KEY_OF_GOOGLE = "AIzaSyCanary4711-0123456789"
NOBODY = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
NO_RDS = {"RDS_SECRET_NAME": ""}
SOON = {"CIRCUIT_BREAKER_THRESHOLD": "1", "CIRCUIT_BREAKER_TIMEOUT": "1"}
OFF = {"LLM_PROVIDERS": "offline"}
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


def run_against(
    service: RepeatingServer, cloud: Cloud, provider: str, products: list[dict[str, str]], *arguments: str
) -> Ended:
    """Run a job at DEBUG whose provider is this service."""
    vendor = {"gemini": "GEMINI", "google-genai": "GEMINI"}.get(provider, provider.upper())
    cloud.aws.client("secretsmanager").create_secret(Name="canary", SecretString=KEY)
    return cloud.run(
        *("--job-id", "job", "--products-json", json.dumps(products), "--provider", provider, "--verbose", *arguments),
        **{f"{vendor}_SECRET_NAME": "canary"},
        GEMINI_API_ENDPOINT=service.url,
        OPENAI_BASE_URL=service.url,
        ANTHROPIC_BASE_URL=service.url,
    )


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
    ("provider", "log_format"), list(zip(PROVIDERS, ("text", "json", "text", "json"), strict=True))
)
def test_a_key_that_the_service_repeats_in_disguise_is_seen_nowhere(
    cloud: Cloud, provider: str, log_format: str
) -> None:
    """Each disguise, by each provider: not in the log at DEBUG, the summary, the objects, the events or the tables."""
    with RepeatingServer(KEY) as service:
        ended = run_against(service, cloud, provider, PRODUCTS, "--log-format", log_format)
        assert ended.code == 65, ended.log
        assert service.calls == 2 * CASES
    found = [(where, text) for where, text in sinks(cloud, ended.out, ended.log) if reveals(text, KEY)]
    failed = cloud.rows("SELECT error FROM job_items WHERE state = 'failed'")
    assert len(failed) == 2 * CASES
    assert found == []
    assert all("***" in row.error for row in failed)


ENDING = ("JSON in JSON", "base64 in URL", "HTML of JSON of URL", "basic auth")


@pytest.mark.parametrize(("provider", "disguise"), list(zip(PROVIDERS, ENDING, strict=True)))
def test_a_key_in_the_error_that_ends_a_run_is_seen_nowhere(cloud: Cloud, provider: str, disguise: str) -> None:
    """The reason stands in the job's row and in an event besides, and exit code 77 is told in the log."""
    number = list(DISGUISES).index(disguise)
    with RepeatingServer(KEY, 401, everywhere=True) as service:
        ended = run_against(service, cloud, provider, [{"name": product_of(number)}])
    assert ended.code == 77, ended.log
    assert [where for where, text in sinks(cloud, ended.out, ended.log) if reveals(text, KEY)] == []
    (job,) = cloud.rows("SELECT error_message FROM batch_operations")
    (reason,) = [event["details"]["reason"] for event in cloud.aws.events("job") if event["eventName"] == "job_failed"]
    assert job.error_message == reason
    assert "refused the API key" in reason


TYPED = "Canary-pw/4711@x"
WRITTEN = "Canary-pw%2F4711%40x"
PRODUCT = ("--products-json", '[{"name": "Boot"}]')
FIXED = {"OUTPUT_S3_BUCKET": "b", "GEMINI_API_KEY": "AIzaSyOther-0123456789", "RDS_SECRET_NAME": "r", **CREDENTIALS}
MISTAKES: dict[str, tuple[int, tuple[str, ...], dict[str, str]]] = {
    "an option that is none": (64, ("--api-key", TYPED), {}),
    "a value that is none": (64, ("--rpm", TYPED), {}),
    "a key as a secret's name": (77, PRODUCT, {"GEMINI_SECRET_NAME": KEY_OF_GOOGLE, **NOBODY}),
    "a key as a model": (64, (*PRODUCT, "--model", KEY_OF_GOOGLE, "--max-cost", "1"), {}),
    "AWS behind a password": (75, PRODUCT, {"AWS_ENDPOINT_URL": f"http://u:{WRITTEN}@127.0.0.1:9"}),
    "AWS at no address": (64, PRODUCT, {"AWS_ENDPOINT_URL": f"http//u:{WRITTEN}@x"}),
    "a database that is away": (75, PRODUCT, {**NO_RDS, "DATABASE_URL": f"postgresql://u:{WRITTEN}@127.0.0.1:9/d"}),
    "a database at no address": (64, PRODUCT, {**NO_RDS, "DATABASE_URL": f"postgresql://u:{TYPED}@h/d"}),
    "a database of no host": (75, PRODUCT, {**NO_RDS, "DATABASE_URL": f"postgresql://u:{WRITTEN}@no.invalid/d"}),
    "a database with odd options": (64, PRODUCT, {**NO_RDS, "DATABASE_URL": f"postgresql://u@h/d?sslmode={TYPED}"}),
    "a cache at no address": (64, ("--local", "L", *PRODUCT), {"CACHE_URL": f"redis:/:{TYPED}@h"}),
    "a cache that is away": (0, ("--local", "L", *PRODUCT), {"CACHE_URL": f"redis://:{WRITTEN}@127.0.0.1:9", **OFF}),
    "a proxy that is none": (64, ("--local", "L", *PRODUCT), {"HTTPS_PROXY": f"ftp://u:{WRITTEN}@h:1"}),
    "a proxy that is away": (
        75,
        ("--local", "L", *PRODUCT),
        {"HTTPS_PROXY": f"http://u:{WRITTEN}@127.0.0.1:9", **SOON},
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_password_in_a_wrong_setting_is_told_to_nobody(mistake: str, tmp_path: Path) -> None:
    """Typed in the wrong place, or in an address that does not work: the error helps, and does not repeat it."""
    code, arguments, variables = MISTAKES[mistake]
    arguments = tuple(str(tmp_path / "local") if word == "L" else word for word in arguments)
    environment = {name: value for name, value in {**FIXED, **variables}.items() if value}
    ended = run_command(*arguments, "--verbose", env={**environment, "RETRY_MAX_ATTEMPTS": "1", "HOME": str(tmp_path)})
    assert ended.code == code, ended.log
    for word in ("Canary", "4711"):
        assert word not in ended.out + ended.log
    assert not [path for path in tmp_path.rglob("*") if "Canary" in path.name]
