"""The cache of the two secrets, on a real client whose answers are scripted."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from pydantic import SecretStr

import secrets_cache
from query_generator.config import JobConfig
from query_generator.dry_run.preflight import Findings, check_keys
from query_generator.errors import ConfigurationError, ExitCode, PermissionRefusedError, ServiceAwayError
from query_generator.masking import hidden, hide_only

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEY = "AIzaSy-hidden-0123456789"
PASSWORD = "p@ss/w:rd%hidden"
RDS = {"host": "db.example", "port": 5433, "username": "app", "password": PASSWORD, "dbname": "catalog"}


def client(**settings: Any) -> "SecretsManagerClient":
    """A real client that signs with made-up credentials."""
    made: SecretsManagerClient = boto3.client(
        "secretsmanager",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        **settings,
    )
    return made


def config(**settings: Any) -> JobConfig:
    """The standard set-up: two secrets."""
    names = {"gemini_secret_name": "the/gemini", "rds_secret_name": "the/rds"}
    return JobConfig(job_id="j", **{"providers": ("gemini",), **names, **settings})


@pytest.fixture(autouse=True)
def _none_is_known() -> None:
    """Begin as a process does."""
    hide_only(())


@pytest.fixture
def stub() -> Iterator[Stubber]:
    """Secrets Manager with an empty script; every scripted answer must be asked for."""
    made = client()
    with Stubber(made) as stubber:
        secrets_cache.configure(config(), made)
        yield stubber
        stubber.assert_no_pending_responses()
    secrets_cache.configure(config())


def holds(stub: Stubber, name: str, text: str) -> None:
    """Script one reading of a secret."""
    stub.add_response(
        "get_secret_value",
        {"ARN": f"arn:aws:secretsmanager:us-east-1:1:secret:{name}", "Name": name, "SecretString": text},
        {"SecretId": name},
    )


def test_each_secret_is_fetched_once_by_twenty_cold_threads(stub: Stubber) -> None:
    """Two GetSecretValue calls for a container, whatever the number of threads that start at once."""
    holds(stub, "the/gemini", KEY)
    start = threading.Barrier(20)

    def ask(_: int) -> str:
        start.wait()
        return secrets_cache.get_gemini_api_key()

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(ask, range(20))) == {KEY}

    holds(stub, "the/rds", json.dumps(RDS))
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: (start.wait(), secrets_cache.get_rds_config())[1], range(20)))
    assert answers == [{**RDS, "sslmode": "prefer"}] * 20


def test_the_documented_lines_are_logged(stub: Stubber, caplog: pytest.LogCaptureFixture) -> None:
    """Dashboards that look for the documented lines find them, and no line holds a secret."""
    holds(stub, "the/gemini", KEY)
    holds(stub, "the/rds", json.dumps(RDS))
    times = iter((10.0, 10.45))
    with caplog.at_level(logging.DEBUG, "secrets_cache"):
        secrets_cache.initialize_secrets(clock=lambda: next(times))
        secrets_cache.get_gemini_api_key()
        secrets_cache.get_rds_config()
    assert caplog.messages == [
        "[INIT] Pre-fetching all secrets for caching...",
        "[AI] Fetching Gemini API key from Secrets Manager (first time)",
        "[DB] Fetching RDS configuration from Secrets Manager (first time)",
        "[INIT] All secrets cached successfully in 0.45s",
        "[AI] Using cached Gemini API key for model configuration",
        "[DB] Using cached RDS credentials, connecting to host: db.example",
    ]
    assert hidden() == {KEY, PASSWORD}


def test_each_vendor_costs_one_fetch_and_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    """Three vendors and the database: four GetSecretValue calls whatever asks later, and no key is shown in a log."""
    made = client()
    keys = {"gemini": KEY, "openai": "sk-hidden-openai", "anthropic": "sk-ant-hidden"}
    named = {f"{vendor}_secret_name": f"the/{vendor}" for vendor in keys}
    with Stubber(made) as stub, caplog.at_level(logging.DEBUG, "secrets_cache"):
        secrets_cache.configure(config(**named), made)
        holds(stub, "the/gemini", KEY)
        holds(stub, "the/openai", json.dumps({"OPENAI_API_KEY": keys["openai"]}))
        holds(stub, "the/anthropic", json.dumps({"api_key": keys["anthropic"]}))
        holds(stub, "the/rds", json.dumps(RDS))
        secrets_cache.initialize_secrets(vendors=("openai", "anthropic"))
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(secrets_cache.get_api_key, list(keys) * 4)) == list(keys.values()) * 4
        stub.assert_no_pending_responses()
    assert "[AI] Fetching OpenAI API key from Secrets Manager (first time)" in caplog.messages
    assert hidden() == {*keys.values(), PASSWORD}
    secrets_cache.configure(config())


def test_a_compatible_service_needs_no_key() -> None:
    """With OPENAI_BASE_URL alone there is no key to fetch, and nothing empty to mask; OpenAI itself needs one."""
    local = {"openai_base_url": "http://127.0.0.1:11434/v1", "gemini_secret_name": None, "rds_secret_name": None}
    secrets_cache.configure(config(**local))
    secrets_cache.initialize_secrets(gemini=False, rds=False, vendors=("openai",))
    assert (secrets_cache.get_api_key("openai"), hidden()) == ("", frozenset())
    secrets_cache.configure(config())
    with pytest.raises(ConfigurationError, match="OPENAI_SECRET_NAME or OPENAI_API_KEY"):
        secrets_cache.get_api_key("openai")


@pytest.mark.parametrize(("gemini", "rds"), [(True, False), (False, True), (False, False)])
def test_a_secret_that_the_job_does_not_need_is_not_fetched(stub: Stubber, gemini: bool, rds: bool) -> None:
    """A job that asks no Gemini needs no permission for its secret."""
    if gemini:
        holds(stub, "the/gemini", KEY)
    if rds:
        holds(stub, "the/rds", json.dumps(RDS))
    secrets_cache.initialize_secrets(gemini=gemini, rds=rds)
    assert len(hidden()) == gemini + rds


def test_a_failed_fetch_is_not_remembered(stub: Stubber) -> None:
    """Who mends the permission while the process lives is served."""
    stub.add_client_error("get_secret_value", "AccessDeniedException")
    holds(stub, "the/gemini", KEY)
    with pytest.raises(PermissionRefusedError):
        secrets_cache.get_gemini_api_key()
    assert secrets_cache.get_gemini_api_key() == KEY


@pytest.mark.parametrize(
    ("code", "error", "exit_code"),
    [
        ("ResourceNotFoundException", PermissionRefusedError, 77),
        ("AccessDeniedException", PermissionRefusedError, 77),
        ("DecryptionFailure", PermissionRefusedError, 77),
        ("UnrecognizedClientException", PermissionRefusedError, 77),
        ("ExpiredTokenException", PermissionRefusedError, 77),
        ("InvalidParameterException", ConfigurationError, 64),
        ("InternalServiceError", ServiceAwayError, 75),
        ("ThrottlingException", ServiceAwayError, 75),
    ],
)
def test_a_refusal_ends_with_the_documented_exit_code(
    stub: Stubber, code: str, error: type[ConfigurationError], exit_code: int
) -> None:
    """Missing or denied stops the job for good, a fault of AWS is tried again, and the secret is named."""
    stub.add_client_error("get_secret_value", code, "AWS says no")
    with pytest.raises(error, match="secret 'the/rds'") as caught:
        secrets_cache.get_rds_config()
    assert caught.value.exit_code == ExitCode(exit_code)
    assert code in str(caught.value)


def test_secrets_manager_out_of_reach_is_a_service_away() -> None:
    """Without a network the job ends with 75, so that AWS Batch starts it again."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        unreachable = client(
            endpoint_url=f"http://127.0.0.1:{deaf.getsockname()[1]}", config=Config(retries={"total_max_attempts": 1})
        )
        secrets_cache.configure(config(), unreachable)
        with pytest.raises(ServiceAwayError, match="secret 'the/gemini'") as caught:
            secrets_cache.get_gemini_api_key()
    assert caught.value.exit_code == 75


def test_a_binary_secret_is_refused(stub: Stubber) -> None:
    """A secret that was stored as bytes is named, with the way out."""
    stub.add_response("get_secret_value", {"Name": "the/gemini", "SecretBinary": b"hidden"})
    with pytest.raises(ConfigurationError, match="secret 'the/gemini': it is binary; store it as text"):
        secrets_cache.get_gemini_api_key()


@pytest.mark.parametrize("text", ['{"api_key": "hidden"', '["hidden"]'])
def test_a_malformed_secret_stops_the_start(stub: Stubber, text: str) -> None:
    """A secret that cannot be used ends with 64 before any work, and nothing is cached or shown."""
    holds(stub, "the/gemini", text)
    with pytest.raises(ConfigurationError, match="secret 'the/gemini'") as caught:
        secrets_cache.initialize_secrets()
    assert caught.value.exit_code == 64
    assert "hidden" not in str(caught.value)
    assert hidden() == frozenset()


REFUSAL = PermissionRefusedError("PostgreSQL at db.example:5433: password authentication failed.")
ROTATED = {**RDS, "password": "hidden-new"}


def test_a_rotated_secret_is_fetched_once_more(stub: Stubber, caplog: pytest.LogCaptureFixture) -> None:
    """After a refused login the new version is fetched by one call, cached, and masked like the first."""
    holds(stub, "the/rds", json.dumps(RDS))
    refused = secrets_cache.get_rds_config()
    holds(stub, "the/rds", json.dumps(ROTATED))
    fresh = secrets_cache.refresh_rds_config(refused, REFUSAL)
    assert fresh == secrets_cache.get_rds_config() == {**ROTATED, "sslmode": "prefer"}
    assert hidden() == {PASSWORD, "hidden-new"}
    assert "hidden" not in caplog.text


def test_many_refused_logins_fetch_a_rotated_secret_once(stub: Stubber) -> None:
    """Connections that are refused at once share one fetch of the new version."""
    holds(stub, "the/rds", json.dumps(RDS))
    refused = secrets_cache.get_rds_config()
    holds(stub, "the/rds", json.dumps(ROTATED))
    start = threading.Barrier(20)

    def refresh(_: int) -> str:
        start.wait()
        return secrets_cache.refresh_rds_config(refused, REFUSAL)["password"]

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(refresh, range(20))) == {"hidden-new"}


def test_a_secret_that_has_not_changed_is_not_tried_again(stub: Stubber) -> None:
    """A wrong password is told after one more look at the secret, with exit code 77, and later without a look."""
    holds(stub, "the/rds", json.dumps(RDS))
    refused = secrets_cache.get_rds_config()
    holds(stub, "the/rds", json.dumps(RDS))
    with pytest.raises(PermissionRefusedError, match=r"failed\. The secret has not changed") as caught:
        secrets_cache.refresh_rds_config(refused, REFUSAL)
    assert caught.value.exit_code == 77
    with pytest.raises(PermissionRefusedError, match="authentication failed"):
        secrets_cache.refresh_rds_config(refused, REFUSAL)
    assert secrets_cache.get_rds_config() == refused


def test_two_refusals_end_it(stub: Stubber) -> None:
    """When the new version is refused too, Secrets Manager is not asked a third time."""
    holds(stub, "the/rds", json.dumps(RDS))
    refused = secrets_cache.get_rds_config()
    holds(stub, "the/rds", json.dumps(ROTATED))
    fresh = secrets_cache.refresh_rds_config(refused, REFUSAL)
    with pytest.raises(PermissionRefusedError) as caught:
        secrets_cache.refresh_rds_config(fresh, REFUSAL)
    assert caught.value is REFUSAL


def test_an_address_in_the_environment_does_not_rotate() -> None:
    """A refused DATABASE_URL is told at once, and AWS is not asked."""
    made = client()
    with Stubber(made):
        url = SecretStr("postgresql://app:x@h/d")
        secrets_cache.configure(config(rds_secret_name=None, database_url=url), made)
        with pytest.raises(PermissionRefusedError) as caught:
            secrets_cache.refresh_rds_config(secrets_cache.get_rds_config(), REFUSAL)
    assert caught.value is REFUSAL


def test_without_secret_names_the_values_come_from_the_environment() -> None:
    """GEMINI_API_KEY and DATABASE_URL serve where no secret is named, and AWS is not asked."""
    made = client()
    with Stubber(made):
        secrets_cache.configure(
            config(
                gemini_secret_name=None,
                rds_secret_name=None,
                gemini_api_key=SecretStr(f"{KEY}\n"),
                database_url=SecretStr("postgresql://app:x@h/d"),
            ),
            made,
        )
        assert secrets_cache.get_gemini_api_key() == KEY
        assert secrets_cache.get_rds_config()["host"] == "h"


def test_a_secret_name_wins_over_the_value() -> None:
    """With both given, the secret in Secrets Manager is the one that counts."""
    made = client()
    with Stubber(made) as stub:
        holds(stub, "the/gemini", KEY)
        secrets_cache.configure(config(gemini_api_key=SecretStr("other")), made)
        assert secrets_cache.get_gemini_api_key() == KEY


OWN_ADDRESSES = {
    "gemini": ("gemini_api_endpoint", [None, "https://generativelanguage.googleapis.com/"]),
    "openai": ("openai_base_url", [None, "https://api.openai.com/v1", "https://eu.api.openai.com/v1"]),
    "anthropic": ("anthropic_base_url", [None, "https://API.anthropic.com"]),
}
SHORT_KEYS = ["q", "q-key", "q-key6", "q-key-7"]


@pytest.mark.parametrize("key", SHORT_KEYS)
@pytest.mark.parametrize(
    ("vendor", "field", "address"),
    [(vendor, field, address) for vendor, (field, urls) in OWN_ADDRESSES.items() for address in urls],
)
def test_a_key_too_short_to_be_one_is_never_sent_to_the_vendor(
    vendor: str, field: str, address: str | None, key: str
) -> None:
    """A key of fewer than 8 characters for a vendor's own address is exit 64; the error says where it is, not what."""
    made = client()
    with Stubber(made) as stub:
        for _ in range(2):
            holds(stub, "the/key", json.dumps({"api_key": key}))
        secrets_cache.configure(config(**{f"{vendor}_secret_name": "the/key", field: address}), made)
        for _ in range(2):
            with pytest.raises(ConfigurationError, match=r"secret 'the/key': .*shorter than 8 characters") as caught:
                secrets_cache.get_api_key(vendor)
        assert (caught.value.exit_code, key in str(caught.value)) == (ExitCode.BAD_CONFIGURATION, False)
    unnamed = {f"{vendor}_secret_name": None, f"{vendor}_api_key": SecretStr(f" {key}\n"), field: address}
    secrets_cache.configure(config(**unnamed))
    with pytest.raises(ConfigurationError, match=f"{vendor.upper()}_API_KEY: .*shorter than 8 characters") as caught:
        secrets_cache.initialize_secrets(gemini=vendor == "gemini", rds=False, vendors={vendor} - {"gemini"})
    assert key not in str(caught.value)
    assert hidden() == frozenset()
    findings = Findings()
    assert check_keys(config(**unnamed, providers=(vendor,)), findings) == {}
    assert findings.exit_code == 64
    assert "shorter than 8 characters" in str(findings[0])


@pytest.mark.parametrize("key", [*SHORT_KEYS, "q-key-8-"])
@pytest.mark.parametrize("vendor", OWN_ADDRESSES)
def test_a_local_service_takes_any_key_and_the_vendor_one_of_eight_characters(vendor: str, key: str) -> None:
    """A stand-in's key may be a letter; it is masked like any other."""
    field, _ = OWN_ADDRESSES[vendor]
    address = "http://127.0.0.1:8080" if len(key) < 8 else None
    unnamed = {f"{vendor}_secret_name": None, f"{vendor}_api_key": SecretStr(key), field: address}
    secrets_cache.configure(config(**unnamed))
    assert secrets_cache.get_api_key(vendor) == key
    assert hidden() == {key}
    secrets_cache.configure(config())


def test_a_missing_setting_is_named() -> None:
    """Who calls a documented function without any setting is told which one to set."""
    secrets_cache.configure(config(gemini_secret_name=None, rds_secret_name=None))
    with pytest.raises(ConfigurationError, match="GEMINI_SECRET_NAME or GEMINI_API_KEY"):
        secrets_cache.get_gemini_api_key()
    with pytest.raises(ConfigurationError, match="RDS_SECRET_NAME or DATABASE_URL"):
        secrets_cache.get_rds_config()
