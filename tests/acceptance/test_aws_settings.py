"""Settings of AWS that are wrong on this machine: told as what they are, and no retry is asked for."""

from pathlib import Path

import pytest

from tests.conftest import run_command
from tests.fakes.aws_server import CREDENTIALS
from tests.fakes.raw_server import RawServer, response
from tests.fakes.tls_server import write_certificate

CLOSED = "http://127.0.0.1:9"
SETTINGS = {"GEMINI_SECRET_NAME": "x", "RDS_SECRET_NAME": "y", "OUTPUT_S3_BUCKET": "results", "AWS_MAX_ATTEMPTS": "1"}
JOB = ("--job-id", "j", "--products-json", '[{"name": "Boot"}]')
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.mark.parametrize(
    ("wrong", "code", "told"),
    [
        ({"AWS_ENDPOINT_URL": "localhost:4566"}, 64, "AWS_ENDPOINT_URL"),
        ({"AWS_ENDPOINT_URL": "http://[::1"}, 64, "AWS_ENDPOINT_URL"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:x"}, 64, "AWS_ENDPOINT_URL"),
        ({"AWS_REGION": "us east 1"}, 64, "AWS_REGION"),
        ({"AWS_REGION": ""}, 64, "Set AWS_REGION"),
        ({"AWS_PROFILE": "nobody"}, 77, "The config profile (nobody) could not be found"),
        ({"AWS_CONFIG_FILE": "/etc/passwd"}, 64, "/etc/passwd"),
        ({"AWS_ACCESS_KEY_ID": "hidden\n"}, 64, "a credential holds a line break"),
        ({"AWS_SESSION_TOKEN": "hid\nden"}, 64, "a credential holds a line break"),
        ({"AWS_REQUEST_CHECKSUM_CALCULATION": "never"}, 64, "request_checksum_calculation"),
        (
            {**NO_KEYS, "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x"},
            64,
            "(/no/token): No such file or directory",
        ),
        ({**NO_KEYS, "AWS_CONTAINER_CREDENTIALS_FULL_URI": CLOSED}, 77, "Give the job a role"),
        (NO_KEYS, 77, "Give the job a role"),
    ],
    ids=lambda it: " ".join(it) if isinstance(it, dict) else "",
)
def test_a_wrong_setting_is_named(wrong: dict[str, str], code: int, told: str) -> None:
    """64 or 77 with the setting or the file, never as unexpected, and never what a credential holds."""
    env = {**CREDENTIALS, **SETTINGS, "AWS_ENDPOINT_URL": CLOSED, **wrong}
    ended = run_command(*JOB, env={name: value for name, value in env.items() if value})
    assert ended.code == code, ended.log
    assert told in ended.error
    assert "Unexpected error" not in ended.log
    assert "hid" not in ended.log


@pytest.mark.parametrize(
    ("bundle", "told"),
    [
        ("", "CERTIFICATE_VERIFY_FAILED"),
        ("other.pem", "CERTIFICATE_VERIFY_FAILED"),
        ("no-such.pem", "No such file"),
        ("empty.pem", "X509"),
    ],
    ids=["an unknown authority", "a bundle of others", "a bundle that is not there", "a bundle without a certificate"],
)
def test_a_certificate_that_does_not_hold_is_a_setting(bundle: str, told: str, tmp_path: Path) -> None:
    """An endpoint whose certificate is not accepted ends 64 before a secret is asked for."""
    certificate = write_certificate(tmp_path, "localhost")
    write_certificate(tmp_path, "other")
    (tmp_path / "empty.pem").touch()
    with RawServer(lambda _: [response(b"{}")], certificate=certificate) as server:
        env = {**CREDENTIALS, **SETTINGS, "AWS_ENDPOINT_URL": server.url}
        if bundle:
            env["AWS_CA_BUNDLE"] = str(tmp_path / bundle)
        ended = run_command(*JOB, env=env)
        assert server.requests == []
    assert ended.code == 64, ended.log
    assert told in ended.error
    assert "AWS_CA_BUNDLE" in ended.error
    assert "Traceback" not in ended.log
