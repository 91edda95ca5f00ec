"""Secrets on Secrets Manager's stand-in, when many threads need them at the same moment."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import boto3
import pytest

import secrets_cache
from query_generator import aws as our_aws
from query_generator.config import JobConfig
from query_generator.errors import PermissionRefusedError, QueryGeneratorError, ServiceAwayError
from query_generator.masking import MASK, hidden, masked
from tests.fakes.aws_server import CREDENTIALS, GEMINI_SECRET, RDS_SECRET, AwsServer

T = TypeVar("T")
THREADS = 50
KEY = "AIzaSy-hidden-0123456789"
RDS = {"host": "db", "port": 5432, "username": "app", "password": "hidden-old-1", "dbname": "catalog"}
REFUSAL = PermissionRefusedError("PostgreSQL at db:5432: password authentication failed.")


@pytest.fixture
def secrets(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    """Two secrets, and a cache that has fetched none."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws.url, "AWS_SESSION_TOKEN": "hidden-token-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # another test's has credentials without a token
    aws.put_secrets(KEY, RDS)
    aws.calls.clear()
    config = JobConfig(job_id="j", providers=("gemini",), gemini_secret_name=GEMINI_SECRET, rds_secret_name=RDS_SECRET)
    secrets_cache.configure(config, our_aws.secrets_client("us-east-1"))
    yield aws
    secrets_cache.configure(config)


def at_once(ask: Callable[[], T]) -> list[T | QueryGeneratorError]:
    """Let all threads ask at the same moment; the answers, or how they failed."""
    start = threading.Barrier(THREADS)

    def one(_: int) -> T | QueryGeneratorError:
        start.wait()
        try:
            return ask()
        except QueryGeneratorError as exc:
            return exc

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def rotate(aws: AwsServer, **changed: Any) -> None:
    """Give the RDS secret a new version."""
    aws.client("secretsmanager").put_secret_value(SecretId=RDS_SECRET, SecretString=json.dumps({**RDS, **changed}))
    aws.calls.clear()


def test_fifty_threads_share_one_call_for_each_secret(secrets: AwsServer) -> None:
    """Cold or at a rotation: one GetSecretValue, and every thread has the value; old and new ones are masked."""
    assert at_once(secrets_cache.get_gemini_api_key) == [KEY] * THREADS
    assert secrets.calls["GetSecretValue"] == 1
    first = {**RDS, "sslmode": "prefer"}
    assert at_once(secrets_cache.get_rds_config) == [first] * THREADS
    assert secrets.calls["GetSecretValue"] == 2
    refused = secrets_cache.get_rds_config()
    rotate(secrets, password="hidden-new-2")
    rotated = {**first, "password": "hidden-new-2"}
    assert at_once(lambda: secrets_cache.refresh_rds_config(refused, REFUSAL)) == [rotated] * THREADS
    assert at_once(secrets_cache.get_rds_config) == [rotated] * THREADS
    assert secrets.calls["GetSecretValue"] == 1
    assert masked(f"{KEY} hidden-old-1 hidden-new-2 hidden-token-1") == " ".join([MASK] * 4)


def test_fifty_threads_hear_of_one_failure(secrets: AwsServer) -> None:
    """Secrets Manager is away at the rotation: all threads are told so with 75, not that the password is wrong."""
    refused = secrets_cache.get_rds_config()
    secrets.calls.clear()
    secrets.fail("GetSecretValue", 503)
    failures = at_once(lambda: secrets_cache.refresh_rds_config(refused, REFUSAL))
    assert {type(failure) for failure in failures} == {ServiceAwayError}
    assert secrets.calls["GetSecretValue"] == our_aws.ATTEMPTS


def test_a_session_token_is_masked_as_soon_as_it_is_sent(secrets: AwsServer) -> None:
    """The token of a role comes from no variable of ours, and an error of AWS may repeat what was signed."""
    assert "hidden-token-1" not in hidden()
    secrets_cache.get_gemini_api_key()
    assert "hidden-token-1" in hidden()
