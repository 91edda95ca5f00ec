"""What ends a job before it has begun: secrets, connections, settings."""

import json

import pytest

from tests.conftest import API_KEY, Cloud, run_command
from tests.fakes.aws_server import GEMINI_SECRET, RDS_SECRET

ONE = json.dumps([{"name": "Trail Boot"}])
PASSWORD = "hidden-pass-word"
COMPLETE = {"host": "127.0.0.1", "port": 1, "username": "app", "password": PASSWORD, "dbname": "catalog"}


@pytest.mark.parametrize(
    ("secret", "value", "code", "words"),
    [
        (GEMINI_SECRET, None, 77, [GEMINI_SECRET, "ResourceNotFound"]),
        (GEMINI_SECRET, "", 64, [GEMINI_SECRET, "empty"]),
        (GEMINI_SECRET, json.dumps({"key": API_KEY}), 64, [GEMINI_SECRET, "api_key"]),
        (RDS_SECRET, None, 77, [RDS_SECRET, "ResourceNotFound"]),
        (RDS_SECRET, f"not json {PASSWORD}", 64, [RDS_SECRET, "JSON"]),
        (RDS_SECRET, json.dumps(COMPLETE | {"username": None}), 64, [RDS_SECRET, "username"]),
        (RDS_SECRET, json.dumps(COMPLETE | {"port": "many"}), 64, [RDS_SECRET, "port"]),
        (RDS_SECRET, json.dumps(COMPLETE), 75, ["PostgreSQL at 127.0.0.1:1"]),
    ],
)
def test_an_unusable_secret_ends_the_job_before_any_work(
    cloud: Cloud, secret: str, value: str | None, code: int, words: list[str]
) -> None:
    """Missing 77, malformed 64, database away 75: secret and field are named, values never; nothing is bought."""
    secrets = cloud.aws.client("secretsmanager")
    secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    if value is not None:
        secrets.create_secret(Name=secret, SecretString=value or " ")
    ended = cloud.run("--products-json", ONE, "--job-id", "unusable")
    assert ended.code == code, ended.log
    assert all(word in ended.log for word in words), ended.log
    assert PASSWORD not in ended.log
    assert API_KEY not in ended.log
    assert not cloud.gemini.calls
    assert cloud.aws.events("unusable")[-1]["eventName"] == "job_failed"
    assert cloud.rows("SELECT to_regclass('job_items') AS found")[0].found is None


def test_secrets_manager_out_of_reach_is_worth_another_try(cloud: Cloud) -> None:
    """Without an answer from Secrets Manager the job ends with 75, which AWS Batch retries."""
    ended = cloud.run("--products-json", ONE, AWS_ENDPOINT_URL_SECRETS_MANAGER="http://127.0.0.1:1")
    assert ended.code == 75, ended.log
    assert GEMINI_SECRET in ended.log


def test_denied_secrets_are_a_permission_error(cloud: Cloud) -> None:
    """Without credentials the job ends with 77 and says what to set."""
    ended = cloud.run("--products-json", ONE, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert ended.code == 77, ended.log
    assert "role" in ended.log


def test_every_wrong_and_missing_setting_is_named_at_once() -> None:
    """Wrong values and missing settings come in one go, each with an example, and --local is offered."""
    ended = run_command("--products-json", ONE, "--rpm", "fast", "--num-questions", "0", env={"DB_PORT": "x"})
    assert ended.code == 64
    for word in ("--rpm", "--num-questions", "DB_PORT", "RDS_SECRET_NAME", "OUTPUT_S3_BUCKET", "GEMINI_SECRET_NAME"):
        assert word in ended.log
    assert "--local" in ended.log
    assert "Traceback" not in ended.log
