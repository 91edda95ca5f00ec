"""The only place where boto3 clients are made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from query_generator.errors import ConfigurationError, FatalError, PermissionRefusedError, ServiceAwayError
from query_generator.masking import hide

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

CONNECT_SECONDS = 5
READ_SECONDS = 30
ATTEMPTS = 4


def secrets_client(region: str | None = None) -> "SecretsManagerClient":
    """Make a Secrets Manager client."""
    client: SecretsManagerClient = _client("secretsmanager", region)
    return client


def s3_client(region: str | None = None) -> "S3Client":
    """Make an S3 client."""
    client: S3Client = _client("s3", region)
    return client


def dynamodb_client(region: str | None = None) -> "DynamoDBClient":
    """Make a DynamoDB client."""
    client: DynamoDBClient = _client("dynamodb", region)
    return client


def _client(service: Literal["secretsmanager", "s3", "dynamodb"], region: str | None) -> Any:
    """Make a client with botocore's standard retries (full jitter).

    The endpoint comes from boto3's environment variables, and so does the region if it is None. boto3 does not read
    AWS_REGION, which AWS sets in its containers.

    Raises:
        ConfigurationError: no region is set, or boto3 cannot use its settings.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    settings = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    try:
        client = boto3.client(service, region_name=region, config=settings)
        client.meta.events.register("before-send", _hide_session_token)
        return client
    except (BotoCoreError, ValueError) as exc:
        raise ConfigurationError(f"AWS {service}: {exc} Set AWS_REGION, for example us-east-1.") from exc


def _hide_session_token(request: Any, **_: Any) -> None:
    """Mask the token that a request carries: a role's changes every few hours, and errors of AWS may repeat it."""
    token = request.headers.get("X-Amz-Security-Token")
    if token:
        hide({token.decode() if isinstance(token, bytes) else token})


MISSING_CODES = frozenset(
    {"ResourceNotFoundException", "NoSuchKey", "NoSuchBucket", "NotFound", "404", "InvalidRequestException"}
)
REFUSED_CODES = frozenset(
    {
        *("AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden", "403", "Unauthorized", "401"),
        *("AccountProblem", "DecryptionFailure", "KMS.AccessDeniedException", "UnrecognizedClientException"),
        *("ExpiredToken", "ExpiredTokenException", "InvalidToken", "InvalidAccessKeyId", "InvalidClientTokenId"),
        *("IncompleteSignature", "InvalidSignatureException", "MissingAuthenticationToken", "SignatureDoesNotMatch"),
    }
)
INVALID_CODES = frozenset(
    {"InvalidBucketName", "InvalidParameterException", "PermanentRedirect", "ValidationException", "400"}
)
CLOCK_CODES = frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"})
CLOCK_WORDS = ("signature expired", "signature not yet current")  # under a code that may mean a wrong key as well


@contextmanager
def aws_errors(doing: str, *, missing: type[FatalError] = ConfigurationError) -> Iterator[None]:
    """Translate botocore's exceptions into our errors.

    Args:
        doing: what is attempted, for the message, such as "reading s3://b/k".
        missing: the error to raise when the resource does not exist.

    Raises:
        PermissionRefusedError: no credentials, or the action or its KMS key was refused.
        ConfigurationError: a name or a parameter is wrong.
        ServiceAwayError: AWS is out of reach, throttles or fails, after botocore's retries; or this machine's clock is
            wrong, which another machine's need not be.
        FatalError: of class `missing`: the resource does not exist.
    """
    from botocore import exceptions as botocore

    try:
        yield
    except botocore.ClientError as exc:
        error = exc.response.get("Error", {})
        code, message = error.get("Code", ""), error.get("Message", "")
        if code in CLOCK_CODES or any(words in message.lower() for words in CLOCK_WORDS):
            raise ServiceAwayError(
                f"{doing}: {code}: {message.rstrip('.')}. The clock of this machine is wrong, so AWS takes no request "
                "from it; set the clock (chrony or NTP), then run the same job id again."
            ) from exc
        raise _class_of(code, missing)(f"{doing}: {code}: {message}") from exc
    except (
        botocore.NoCredentialsError,
        botocore.PartialCredentialsError,
        botocore.CredentialRetrievalError,
        botocore.TokenRetrievalError,
        botocore.ProfileNotFound,
    ) as exc:
        raise PermissionRefusedError(f"{doing}: {exc}. Give the job a role, or set AWS_PROFILE.") from exc
    except (botocore.ParamValidationError, botocore.NoRegionError) as exc:
        raise ConfigurationError(f"{doing}: {exc}") from exc
    except botocore.BotoCoreError as exc:
        raise ServiceAwayError(f"{doing}: {exc}. Run the same job id again when AWS can be reached.") from exc


def _class_of(code: str, missing: type[FatalError]) -> type[FatalError]:
    if code in MISSING_CODES:
        return missing
    if code in REFUSED_CODES:
        return PermissionRefusedError
    if code in INVALID_CODES:
        return ConfigurationError
    return ServiceAwayError
