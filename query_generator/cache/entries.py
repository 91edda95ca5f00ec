"""What is kept of a reply, under which key, and in which bytes. Pure.

An entry is JSON, compressed by zlib: the standard library of Python 3.11 has no zstd, and the checksum of zlib tells
damage. It names its schema and its key, so that one that another program or another version has put there is known as
foreign. Nothing is ever unpickled.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from query_generator.llm.base import GenerationReply, GenerationRequest, Usage
from query_generator.prompts import PROMPT_VERSION

OPERATION = "completions"
SCHEMA = 1
LARGEST_STORED = 1 << 20
LARGEST_PLAIN = 8 << 20
"""Bytes; a reply of 200 questions has about 20,000."""


class ForeignEntryError(Exception):
    """The bytes under a key are no entry of this schema for this key, or are damaged."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A reply with the usage that was billed for it, and when it was bought, in seconds since 1970."""

    reply: GenerationReply
    stored_at: float


def key_of(request: GenerationRequest, provider: str, model: str, parameters: Mapping[str, Any]) -> str:
    """Return the SHA-256 in hex of all that the reply depends on.

    Args:
        request: what is asked for.
        provider: name of the one that is asked.
        model: the model that is asked for this type of question.
        parameters: whatever else changes the reply: temperature, limit of tokens, address of the service.
    """
    parts = [
        *(SCHEMA, OPERATION, provider, model, PROMPT_VERSION, sorted(parameters.items())),
        *(request.query_type, request.count, request.prompt.system, request.prompt.user),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def encode(key: str, entry: Entry) -> bytes:
    """Write an entry; `decode` reads it."""
    reply = asdict(entry.reply)
    content = {"schema": SCHEMA, "key": key, "stored_at": entry.stored_at, "reply": reply}
    return zlib.compress(json.dumps(content, ensure_ascii=False).encode())


def decode(key: str, stored: bytes) -> Entry:
    """Read what `encode` made for this key.

    Raises:
        ForeignEntryError: it is anything else.
    """
    try:
        inflating = zlib.decompressobj()
        plain = inflating.decompress(stored[:LARGEST_STORED], LARGEST_PLAIN)
        if not inflating.eof:
            raise ForeignEntryError
        content = json.loads(plain)
        if (content["schema"], content["key"]) != (SCHEMA, key):
            raise ForeignEntryError
        return Entry(_reply(content["reply"]), _checked(content["stored_at"], int | float))
    except (zlib.error, ValueError, TypeError, KeyError, RecursionError) as exc:
        raise ForeignEntryError from exc


def _reply(content: Mapping[str, Any]) -> GenerationReply:
    usage = content["usage"]
    return GenerationReply(
        tuple(_checked(text, str) for text in _checked(content["texts"], list)),
        _checked(content["provider"], str),
        _checked(content["model"], str),
        Usage(**{field.name: _checked(usage.get(field.name, 0), int) for field in fields(Usage)}),
        _checked(content["truncated"], bool),
    )


def _checked(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise ForeignEntryError
    return value
