"""What errors of AWS mean for the job."""

import pytest
from botocore.exceptions import ClientError

from query_generator.aws import aws_errors
from query_generator.errors import FatalError


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
