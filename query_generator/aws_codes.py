"""What the error codes of S3, DynamoDB and Secrets Manager mean: which end a job for good, and the way out. Pure."""

from enum import Enum, auto
from typing import NamedTuple


class Outcome(Enum):
    """What a refusal of AWS means for the one who asked."""

    MISSING = auto()  # there is no such bucket, object, version, table or secret
    FORBIDDEN = auto()  # this action, to these credentials
    REFUSED = auto()  # the credentials or the account, whatever is asked
    WRONG = auto()  # the request: the same one would be refused again
    CLOCK = auto()  # the clock of this machine
    AWAY = auto()  # nothing of that: a later try may be answered


class Meaning(NamedTuple):
    """An outcome, and what to do about it (empty where the words of AWS say it all)."""

    outcome: Outcome
    way_out: str = ""


_CREDENTIALS = Meaning(Outcome.REFUSED, "Renew the credentials, or give the job a role")
_PERMISSION = Meaning(
    Outcome.FORBIDDEN,
    "Allow it in the policies of the role, of the bucket or table, and of its KMS key: docs/how-to/deploy.md",
)
_ACCOUNT = Meaning(Outcome.REFUSED, "Look at the AWS account: AWS gives it no access")
_REGION = Meaning(Outcome.WRONG, "Set AWS_REGION to the region of the bucket, and AWS_ENDPOINT_URL if you set it")
_NO_NAME = Meaning(Outcome.MISSING, "Check the name, the account and AWS_REGION")
_REQUEST = Meaning(Outcome.WRONG)
_AWAY = Meaning(Outcome.AWAY, "Run the same job id again later")
_CLOCK = Meaning(
    Outcome.CLOCK,
    "The clock of this machine is wrong, so AWS takes no request from it; set the clock (chrony or NTP), then run the "
    "same job id again",
)
_KEY_STATE = Meaning(Outcome.WRONG, "Look at the KMS key: it is disabled, deleted or not fit for this")

_BY_CODE = {
    **dict.fromkeys(("RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"), _CLOCK),
    **dict.fromkeys(
        (
            *("ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId"),
            *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidSecurity", "CredentialsNotSupported"),
            *("IncompleteSignature", "InvalidSignatureException", "SignatureDoesNotMatch"),
            *("MissingAuthenticationToken", "MissingAuthenticationTokenException", "MissingSecurityHeader"),
        ),
        _CREDENTIALS,
    ),
    **dict.fromkeys(
        ("AccessDenied", "AccessDeniedException", "Forbidden", "Unauthorized", "DecryptionFailure"), _PERMISSION
    ),
    **dict.fromkeys(("AllAccessDisabled", "AccountProblem", "NotSignedUp", "OptInRequired", "UserSuspended"), _ACCOUNT),
    **dict.fromkeys(
        (
            *("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"),
            *("InvalidRegion", "InvalidRegionName", "IncorrectEndpoint"),
        ),
        _REGION,
    ),
    **dict.fromkeys(("NoSuchBucket", "NoSuchAccessPoint", "ResourceNotFoundException", "NotFound"), _NO_NAME),
    "NoSuchKey": Meaning(Outcome.MISSING, "Check the key, letter by letter"),
    "NoSuchVersion": Meaning(Outcome.MISSING, "Give a version that `aws s3api list-object-versions` shows, or none"),
    "InvalidRequestException": Meaning(Outcome.MISSING, "Restore the secret, or name another one"),  # being deleted
    "InvalidObjectState": Meaning(
        Outcome.WRONG,
        "The object is archived: restore it (`aws s3api restore-object`), then run the same command again",
    ),
    "MethodNotAllowed": Meaning(Outcome.WRONG, "That version only marks the object as deleted: give another one"),
    "InvalidBucketName": Meaning(Outcome.WRONG, "Give the bucket's name alone, or the ARN of an access point"),
    **dict.fromkeys(
        (  # with a status of 4xx, although a later try may be answered
            *("SlowDown", "RequestTimeout", "RequestTimeoutException", "OperationAborted", "PreconditionFailed"),
            *("ConditionalRequestConflict", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch"),
            *("RequestLimitExceeded", "LimitExceededException", "BandwidthLimitExceeded", "TooManyRequestsException"),
            *("ProvisionedThroughputExceededException", "PriorRequestNotComplete", "TransactionInProgressException"),
            *("TransactionConflictException", "ReplicatedWriteConflictException", "ResourceInUseException"),
            *("InternalError", "InternalFailure", "InternalServerError", "InternalServiceError", "ServiceUnavailable"),
            *("TokenRefreshInProgress", "TemporaryRedirect", "RequestAbortedException"),
        ),
        _AWAY,
    ),
}
_BY_STATUS = {
    **dict.fromkeys((408, 409, 412, 423, 425, 429, 307), _AWAY),
    **dict.fromkeys((301, 308), _REGION),
    400: Meaning(Outcome.WRONG, "If nothing is wrong with it, renew the credentials and check AWS_REGION"),
    401: _CREDENTIALS,
    403: _PERMISSION,
    404: _NO_NAME,
}
_CLOCK_WORDS = ("signature expired", "signature not yet current")  # under a code that may mean a wrong key as well
_PASSES = ("throttl", "timeout", "unavailable", "internal")  # in a code of KMS, or one that is not known


def meaning_of(code: str, status: int = 0, message: str = "") -> Meaning:
    """Return what a refusal means.

    Args:
        code: of the error, or the status as text, as S3 gives it for a HEAD request.
        status: of the HTTP response; 0 if it is not known.
        message: the words of AWS.
    """
    if any(words in message.lower() for words in _CLOCK_WORDS):
        return _CLOCK
    if code in _BY_CODE:
        return _BY_CODE[code]
    if any(word in code.lower() for word in _PASSES):
        return _AWAY
    if code.startswith("KMS"):
        return _PERMISSION if "AccessDenied" in code else _KEY_STATE
    status = int(code) if code.isdecimal() and len(code) == 3 else status
    if status in _BY_STATUS:
        return _BY_STATUS[status] if code.isdecimal() or status != 400 else _REQUEST
    if 400 <= status < 500 or (not status and code.startswith(("Invalid", "Validation", "Malformed"))):
        return _REQUEST
    return _AWAY
