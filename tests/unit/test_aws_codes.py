"""Which refusals of AWS end a job for good, which are worth another try, and what is to be done."""

import pytest

from query_generator.aws_codes import Outcome, meaning_of

MISSING, FORBIDDEN, REFUSED = Outcome.MISSING, Outcome.FORBIDDEN, Outcome.REFUSED
WRONG, AWAY = Outcome.WRONG, Outcome.AWAY


@pytest.mark.parametrize(
    ("code", "status", "outcome", "way_out"),
    [
        ("InvalidObjectState", 403, WRONG, "restore"),
        ("KMS.DisabledException", 400, WRONG, "KMS key"),
        ("KMS.NotFoundException", 400, WRONG, "KMS key"),
        ("KMS.KMSInvalidStateException", 400, WRONG, "KMS key"),
        ("KMS.AccessDeniedException", 400, FORBIDDEN, "KMS key"),
        ("KMS.ThrottlingException", 400, AWAY, ""),
        ("KMS.KeyUnavailableException", 500, AWAY, ""),
        ("KMS.DependencyTimeoutException", 500, AWAY, ""),
        ("KMSInternalException", 500, AWAY, ""),
        ("NoSuchVersion", 404, MISSING, "list-object-versions"),
        ("NoSuchBucket", 404, MISSING, "AWS_REGION"),
        ("NoSuchKey", 404, MISSING, "key"),
        ("NoSuchAccessPoint", 404, MISSING, "name"),
        ("InvalidRequest", 400, WRONG, ""),
        ("InvalidArgument", 400, WRONG, ""),
        ("InvalidRange", 416, WRONG, ""),
        ("InvalidBucketName", 400, WRONG, "access point"),
        ("EntityTooLarge", 400, WRONG, ""),
        ("MethodNotAllowed", 405, WRONG, "deleted"),
        ("NotImplemented", 501, AWAY, ""),
        ("NotSignedUp", 403, REFUSED, "account"),
        ("AllAccessDisabled", 403, REFUSED, "account"),
        ("AccessDenied", 403, FORBIDDEN, "role"),
        ("SomethingNew", 403, FORBIDDEN, "role"),
        ("SomethingNew", 404, MISSING, ""),
        ("SomethingNew", 400, WRONG, ""),
        ("SomethingNew", 422, WRONG, ""),
        ("SomethingNew", 500, AWAY, ""),
        ("SomethingNew", 0, AWAY, ""),
        ("ExpiredToken", 400, REFUSED, "credentials"),
        ("InvalidToken", 400, REFUSED, "credentials"),
        ("PermanentRedirect", 301, WRONG, "region"),
        ("AuthorizationHeaderMalformed", 400, WRONG, "region"),
        ("IllegalLocationConstraintException", 400, WRONG, "region"),
        ("301", 301, WRONG, "region"),
        ("400", 400, WRONG, "AWS_REGION"),
        ("403", 403, FORBIDDEN, "role"),
        ("404", 404, MISSING, "name"),
        ("503", 503, AWAY, ""),
        ("SlowDown", 503, AWAY, ""),
        ("RequestTimeout", 400, AWAY, ""),
        ("IncompleteBody", 400, AWAY, ""),
        ("BadDigest", 400, AWAY, ""),
        ("OperationAborted", 409, AWAY, ""),
        ("PreconditionFailed", 412, AWAY, ""),
        ("ThrottlingException", 400, AWAY, ""),
        ("RequestThrottledException", 400, AWAY, ""),
        ("ProvisionedThroughputExceededException", 400, AWAY, ""),
        ("ResourceInUseException", 400, AWAY, ""),
        ("ValidationException", 400, WRONG, ""),
        ("ItemCollectionSizeLimitExceededException", 400, WRONG, ""),
        ("ResourceNotFoundException", 400, MISSING, "AWS_REGION"),
        ("AccessDeniedException", 400, FORBIDDEN, "role"),
        ("DecryptionFailure", 400, FORBIDDEN, "KMS key"),
        ("InternalServiceError", 500, AWAY, ""),
    ],
)
def test_a_refusal_is_what_its_code_or_else_its_status_says(
    code: str, status: int, outcome: Outcome, way_out: str
) -> None:
    """What no retry cures is told apart from what may pass, known or not, and the way out is named."""
    meaning = meaning_of(code, status)
    assert meaning.outcome is outcome
    assert way_out in meaning.way_out


def test_words_about_the_clock_win() -> None:
    """A signature that is refused for its time is no wrong key."""
    assert meaning_of("SignatureDoesNotMatch", 403, "Signature expired: 1 is now earlier").outcome is Outcome.CLOCK
    assert meaning_of("SignatureDoesNotMatch", 403, "The signature does not match").outcome is REFUSED
