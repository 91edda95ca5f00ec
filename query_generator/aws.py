"""The only place where boto3 clients are made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from query_generator.aws_codes import Outcome, meaning_of
from query_generator.errors import ConfigurationError, FatalError, PermissionRefusedError, ServiceAwayError, file_error
from query_generator.masking import hide

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

_ERRORS: dict[Outcome, type[FatalError]] = {
    Outcome.FORBIDDEN: PermissionRefusedError,
    Outcome.REFUSED: PermissionRefusedError,
    Outcome.WRONG: ConfigurationError,
    Outcome.CLOCK: ServiceAwayError,
    Outcome.AWAY: ServiceAwayError,
}
_TRUST_WORDS = ("CERTIFICATE_VERIFY_FAILED", "[X509", "No such file")  # of a certificate, or of a bundle of them
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
        FatalError: no region is set, or boto3 cannot use its settings, as `aws_errors`.
    """
    import boto3
    from botocore.config import Config

    settings = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    with aws_errors(f"AWS {service}"):
        try:
            client = boto3.client(service, region_name=region, config=settings)
            _ = urlsplit(client.meta.endpoint_url).port
        except ValueError as exc:
            words = str(exc).rstrip(".")
            raise ConfigurationError(f"AWS {service}: {words}. Check AWS_ENDPOINT_URL and AWS_REGION.") from exc
    client.meta.events.register("before-send", _hide_session_token)
    return client


def _hide_session_token(request: Any, **_: Any) -> None:
    """Mask the token that a request carries: a role's changes every few hours, and errors of AWS may repeat it."""
    token = request.headers.get("X-Amz-Security-Token")
    if token:
        hide({token.decode() if isinstance(token, bytes) else token})


@contextmanager
def aws_errors(doing: str, *, missing: type[FatalError] = ConfigurationError) -> Iterator[None]:
    """Translate botocore's exceptions into our errors.

    Args:
        doing: what is attempted, for the message, such as "reading s3://b/k".
        missing: the error to raise when the resource does not exist.

    Raises:
        PermissionRefusedError: no credentials, or the action or its KMS key was refused.
        ConfigurationError: a name, a parameter, a region or the state of an object or key is wrong.
        ServiceAwayError: AWS is out of reach, throttles, fails or answers with something else than AWS would, after
            botocore's retries; or this machine's clock is wrong, which another machine's need not be.
        FatalError: of class `missing`: the resource does not exist.
    """
    from botocore import exceptions as botocore
    from botocore.parsers import ResponseParserError

    try:
        yield
    except botocore.ClientError as exc:
        raise _refusal(exc, doing, missing) from exc
    except (
        *(botocore.NoCredentialsError, botocore.PartialCredentialsError, botocore.CredentialRetrievalError),
        *(botocore.TokenRetrievalError, botocore.ProfileNotFound, botocore.SSOError, botocore.LoginError),
    ) as exc:
        raise PermissionRefusedError(f"{doing}: {exc}. Give the job a role, or set AWS_PROFILE.") from exc
    except (
        *(botocore.ConnectionError, botocore.HTTPClientError, botocore.IncompleteReadError, botocore.ChecksumError),
        *(botocore.FlexibleChecksumError, botocore.MetadataRetrievalError, ResponseParserError),
    ) as exc:
        raise _unanswered(exc, doing) from exc
    except (botocore.NoRegionError, botocore.InvalidRegionError) as exc:
        raise ConfigurationError(f"{doing}: {exc} Set AWS_REGION, for example us-east-1.") from exc
    except botocore.BotoCoreError as exc:
        raise ConfigurationError(f"{doing}: {exc} Correct the AWS_* variables or the name.") from exc
    except OSError as exc:
        named = f" ({exc.filename})" if exc.filename else ""
        way_out = "check AWS_CA_BUNDLE, AWS_WEB_IDENTITY_TOKEN_FILE and the other files that AWS_* variables name"
        raise file_error(f"{doing}: a file of its settings{named}", exc, way_out) from exc


def _unanswered(error: Exception, doing: str) -> FatalError:
    """Return our error for a request that AWS gave no answer to: what is set wrongly here stays so at the next try."""
    from botocore import exceptions as botocore

    if isinstance(error, botocore.SSLError) and any(words in str(error) for words in _TRUST_WORDS):
        return ConfigurationError(f"{doing}: {error}. Check AWS_CA_BUNDLE and AWS_ENDPOINT_URL.")
    if isinstance(error, botocore.HTTPClientError) and isinstance(error.kwargs.get("error"), ValueError):
        return ConfigurationError(
            f"{doing}: a credential holds a line break or a letter that no header may hold. "
            "Correct AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."
        )
    return ServiceAwayError(f"{doing}: {error}. Run the same job id again when AWS can be reached.")


def told_by(error: "ClientError") -> tuple[str, int, str]:
    """Return the code, the status (0 if it is not known) and the words of a refusal."""
    told = error.response.get("Error", {})
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    return str(told.get("Code", "")), status, str(told.get("Message", "")).strip().rstrip(".")


def _refusal(error: "ClientError", doing: str, missing: type[FatalError]) -> FatalError:
    code, status, words = told_by(error)
    outcome, way_out = meaning_of(code, status, words)
    message = f"{doing}: {code}: {words}." + (f" {way_out}." if way_out else "")
    return {Outcome.MISSING: missing, **_ERRORS}[outcome](message)
