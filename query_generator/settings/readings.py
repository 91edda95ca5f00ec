"""What the text of a setting is read as, and the verbs that settings are for."""

import re

from query_generator.s3_address import is_bucket, object_at

MAX_KEY_PREFIX_BYTES = 512  # S3 takes keys of 1,024 bytes, and the job's id and a file's name follow
BUCKETS = "the name alone, or the ARN of an access point"
EVERY_VERB = ("run", "report", "evaluate", "init-db", "cache warm", "cache stats")
WITH_DATABASE = tuple(verb for verb in EVERY_VERB if verb != "evaluate")
BUYING = ("run", "cache warm")


def checked_job_id(text: str) -> str:
    """Return a job id; raises ValueError if it is none."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", text) or ".." in text:
        raise ValueError("not a job id")
    return text


def checked_schema(text: str) -> str:
    """Return the name of a schema; raises ValueError if it is none, or one of PostgreSQL's own."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", text) or text.startswith("pg_") or text == "information_schema":
        raise ValueError("not a schema")
    return text


def checked_s3_uri(text: str) -> str:
    """Return the address of an S3 object; raises ValueError if it is none."""
    object_at(text)
    return text


def checked_bucket(text: str) -> str:
    """Return the name of a bucket or the ARN of an access point; raises ValueError if it is neither."""
    if not is_bucket(text):
        raise ValueError("no name of a bucket; without s3:// and without a key")
    return text


def checked_table(text: str) -> str:
    """Return the name or ARN of a DynamoDB table; raises ValueError if it is neither."""
    if not re.fullmatch(r"(?:arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/)?[A-Za-z0-9_.-]{3,255}", text):
        raise ValueError("no name of a table")
    return text


def checked_key_prefix(text: str) -> str:
    """Return what the keys of objects begin with, up to a slash; raises ValueError if it leads elsewhere."""
    parts = text.split("/")
    is_path = "" not in parts[:-1] and not {".", ".."} & set(parts) and "\\" not in text
    if not is_path or not text.isprintable() or len(text.encode()) > MAX_KEY_PREFIX_BYTES:
        raise ValueError("no prefix of keys")
    return text if text.endswith("/") else f"{text}/"


def checked_locale(text: str) -> str:
    """Return a BCP 47 tag of language, script and country in its usual case, or "auto"; raises ValueError for more."""
    found = re.fullmatch(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|[0-9]{3}))?", text.strip(), re.IGNORECASE)
    if text.strip().lower() == "auto":
        return "auto"
    if not found:
        raise ValueError("no tag of a language")
    language, script, country = (part or "" for part in found.groups())
    return "-".join(filter(None, (language.lower(), script.capitalize(), country.upper())))


def names_in(text: str) -> list[str]:
    """Return what stands between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def checked_names(text: str) -> list[str]:
    """Return the names between commas; raises ValueError if there is none, or one twice."""
    names = names_in(text)
    if not names:
        raise ValueError("no provider is named")
    if len(set(names)) < len(names):
        raise ValueError("a provider is named twice")
    return names


def without_index(batch_job_id: str) -> str:
    """Return the id that the children of an array job have in common."""
    return batch_job_id.partition(":")[0]


def number_or_none(text: str) -> str | None:
    """Return None for the word."""
    return None if text.strip().lower() == "none" else text
