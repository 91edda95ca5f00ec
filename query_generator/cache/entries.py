"""What is kept of a reply, under which key, and in which bytes. Pure.

An entry is JSON, compressed by zlib: the standard library of Python 3.11 has no zstd, and the checksum of zlib tells
damage. It names its schema and its key, so that one that another program or another version has put there is known as
foreign. Nothing is ever unpickled.
"""

import hashlib
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from query_generator.llm.base import GenerationReply, GenerationRequest, Usage
from query_generator.llm.reported import MOST_TOKENS, can_be_name

OPERATION = "completions"
SCHEMA = 1
LARGEST_STORED = LARGEST_PLAIN = 1 << 20
"""Bytes; a reply of 200 questions has about 20,000. JSON can take twenty times as much memory as its text."""

_USAGE = tuple(field.name for field in fields(Usage))
_REPLY = tuple(field.name for field in fields(GenerationReply) if field.name not in ("usage", "cost_usd"))


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
    terms = [SCHEMA, OPERATION, provider, model, request.prompt.version, sorted(parameters.items())]
    digest = hashlib.sha256()
    for part in (json.dumps([*terms, request.query_type, request.count]), request.prompt.system, request.prompt.user):
        text = part.encode(errors="surrogatepass")
        digest.update(b"%d:" % len(text))
        digest.update(text)
    return digest.hexdigest()


def encode(key: str, entry: Entry) -> bytes:
    """Write an entry; `decode` reads it."""
    reply = {name: getattr(entry.reply, name) for name in _REPLY}
    usage = {name: getattr(entry.reply.usage, name) for name in _USAGE}
    content = {"schema": SCHEMA, "key": key, "stored_at": entry.stored_at, "reply": {**reply, "usage": usage}}
    return zlib.compress(json.dumps(content, ensure_ascii=False).encode(), 1)


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
        stored_at = float(content["stored_at"])
        if not math.isfinite(stored_at):
            raise ForeignEntryError
        return Entry(_reply(content["reply"]), stored_at)
    except (zlib.error, ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as exc:
        raise ForeignEntryError from exc


def _reply(content: Mapping[str, Any]) -> GenerationReply:
    texts, usage, keys = content["texts"], content["usage"], content.get("keys", [])
    billed = [usage.get(name, 0) for name in _USAGE]
    provider, model, truncated = content["provider"], content["model"], content["truncated"]
    if not (
        type(texts) is list
        and type(keys) is list
        and all(type(text) is str for text in (*texts, *keys))
        and len(keys) in (0, len(texts))
        and all(map(can_be_name, (provider, model)))
        and all(type(tokens) is int and 0 <= tokens <= MOST_TOKENS for tokens in billed)
        and type(truncated) is bool
    ):
        raise ForeignEntryError
    return GenerationReply(tuple(texts), provider, model, Usage(*billed), truncated, keys=tuple(keys))
