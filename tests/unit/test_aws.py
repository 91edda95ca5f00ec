"""What errors of AWS mean for the job, and where its requests go."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from query_generator.aws import aws_errors, s3_client
from query_generator.errors import ConfigurationError, FatalError
from tests.fakes.aws_server import CREDENTIALS


def refusal(code: str, message: str) -> ClientError:
    """An error as botocore raises it."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetSecretValue")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
        ("RequestExpired", "Request has expired."),
        ("RequestInTheFuture", ""),
        ("InvalidSignatureException", "Signature expired: 20261126T110000Z is now earlier than 20261126T115500Z"),
        ("InvalidSignatureException", "Signature not yet current: 20261126T130000Z is still later than 20261126T1205"),
        ("SignatureDoesNotMatch", "Signature expired: 20261126T110000Z is now earlier than 20261126T115500Z"),
    ],
)
def test_a_wrong_clock_is_named(code: str, message: str) -> None:
    """A machine whose clock is wrong is no wrong key: the cause and the way out are told, and another try may help."""
    with pytest.raises(FatalError) as caught, aws_errors("secret 'x'"):
        raise refusal(code, message)
    assert str(caught.value).startswith(
        f"secret 'x': {code}: {message.rstrip('.')}. The clock of this machine is wrong"
    )
    assert "set the clock" in str(caught.value)
    assert caught.value.exit_code == 75


@pytest.mark.parametrize(
    ("code", "message", "exit_code"),
    [
        ("InvalidSignatureException", "The request signature we calculated does not match", 77),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", 77),
        ("ExpiredTokenException", "The security token included in the request is expired", 77),
        ("ThrottlingException", "Rate exceeded", 75),
        ("ResourceNotFoundException", "cannot find the specified secret", 64),
        ("ValidationException", "no good", 64),
    ],
)
def test_other_refusals_are_no_matter_of_the_clock(code: str, message: str, exit_code: int) -> None:
    """A wrong key, an expired token, a missing secret and a throttled call are told as what they are."""
    with pytest.raises(FatalError) as caught, aws_errors("secret 'x'"):
        raise refusal(code, message)
    assert caught.value.exit_code == exit_code
    assert "clock" not in str(caught.value)


@pytest.mark.parametrize(
    ("point", "host"),
    [
        ("arn:aws:s3:us-east-1:123456789012:accesspoint/ap", "ap-123456789012.s3-accesspoint.us-east-1"),
        ("arn:aws:s3:eu-west-1:123456789012:accesspoint:ap", "ap-123456789012.s3-accesspoint.eu-west-1"),
        (
            "arn:aws:s3-object-lambda:us-east-1:123456789012:accesspoint/ap",
            "ap-123456789012.s3-object-lambda.us-east-1",
        ),
        (
            "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01ac5d28/accesspoint/ap",
            "ap-123456789012.op-01ac5d28.s3-outposts.us-west-2",
        ),
    ],
)
def test_an_access_point_is_asked_in_its_own_region(point: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ARN alone says where an access point is; AWS_REGION may be another."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    client = s3_client("us-east-1")
    asked: list[str] = []

    def answer(request: Any, **_: object) -> None:
        asked.append(request.url)
        raise InterruptedError

    client.meta.events.register("before-send", answer)
    with pytest.raises(InterruptedError):
        client.get_object(Bucket=point, Key="in/a.json")
    assert asked == [f"https://{host}.amazonaws.com/in/a.json"]


def test_a_multi_region_access_point_names_the_library_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its signature needs a library that is not part of the project: the run ends with its name, and 64."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    point = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"
    with pytest.raises(ConfigurationError, match=r"botocore\[crt\]"), aws_errors("reading"):
        s3_client("us-east-1").get_object(Bucket=point, Key="a.json")
