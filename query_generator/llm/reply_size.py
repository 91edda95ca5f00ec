"""How much of a reply is read, with every provider: what is longer is not read on, and its connection is closed.

The longest reply of use is 200 questions of 300 characters, of which JSON inside JSON may make 7 bytes each: 420 kB,
with a megabyte of anything else around it. 32 calls at once must not fill a small container, and a value of 3 bytes
takes 72 when it is read, and more as a message of the SDK of `gemini`: so the values in a reply are counted first.
"""

import re
import zlib
from collections.abc import Iterable

KIB = 1024
LONGEST_REPLY = 1152 * KIB
MOST_VALUES = 10_000  # signs that begin a value or go before one; also those within texts
LONGEST_WIDE = 576 * 1024  # characters, where one is beyond the basic plane: then Python keeps each in 4 bytes
LONGEST_ERROR = 64 * KIB  # of a reply with another status than 200, of which only the beginning is read
LONGEST_WIRE = 1536 * KIB  # of a call: all that comes over its connection, with headers, framing and padding

_WIDE = re.compile(rb"[\xf0-\xff]|\\u[dD][89abAB]")
_LATER_BYTES = bytes(range(0x80, 0xC0))  # of a character in UTF-8
_UNPACKED = frozenset({"", "identity"})
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_BY_ITS_HEADER = 32 + zlib.MAX_WBITS


class UnreadableBody(Exception):  # noqa: N818 - it never leaves the room of the providers
    """A reply is too long or cannot be unpacked; the text says which. The rest of it was not read."""


def too_long(limit: int) -> UnreadableBody:
    """Return the error of a reply of more than `limit` bytes."""
    return UnreadableBody(f"it is longer than {limit // KIB} KiB, and was not read on")


def read_body(status: int, encoding: str, parts: Iterable[bytes]) -> bytes:
    """Return the body of a reply, unpacked; of one with another status than 200 what can be read of its beginning.

    Args:
        status: HTTP status.
        encoding: the header `Content-Encoding`: some proxies pack what nobody asked them to.
        parts: the body as it comes; they are not all taken where it is too long.

    Raises:
        UnreadableBody: a reply with status 200 is too long, holds too many values, or cannot be unpacked.
    """
    limit = LONGEST_REPLY if status == 200 else LONGEST_ERROR
    body = bytearray()
    try:
        for part in _unpacked(encoding, parts, limit + 1):
            body += part
            if len(body) > limit:
                raise too_long(limit)
    except UnreadableBody:
        if status == 200:
            raise
    if status == 200:
        _check_size_when_read(body)
    return bytes(body[:limit])


def _check_size_when_read(body: bytearray) -> None:
    if sum(body.count(sign) for sign in b"[{,") > MOST_VALUES:
        raise UnreadableBody(f"it holds more than {MOST_VALUES:,} values")
    if len(body) > LONGEST_WIDE and _WIDE.search(body) and len(body.translate(None, _LATER_BYTES)) > LONGEST_WIDE:
        raise UnreadableBody(f"it holds more than {LONGEST_WIDE:,} characters, some of them wide")


def _unpacked(encoding: str, parts: Iterable[bytes], longest: int) -> Iterable[bytes]:
    """Unpack the parts, each to at most `longest` bytes; what a part holds beyond them is lost."""
    encoding = encoding.strip().lower()
    if encoding in _UNPACKED:
        return parts
    if encoding not in _PACKED:
        raise UnreadableBody("it is packed in a way that nobody has asked for")
    return _inflated(parts, longest)


def _inflated(parts: Iterable[bytes], longest: int) -> Iterable[bytes]:
    unpacking = zlib.decompressobj(_BY_ITS_HEADER)
    try:
        for part in parts:
            yield unpacking.decompress(part, longest)
    except zlib.error as exc:
        raise UnreadableBody("its packing is damaged") from exc
