"""A sliding window of decoded text over a stream of bytes, plain or gzip, UTF-8 with or without a BOM."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from query_generator.errors import InputError, QueryGeneratorError

CHUNK_BYTES = 256 * 1024
MOST_READ_BYTES = 4 * CHUNK_BYTES
MOST_BYTES = 4  # of a character in UTF-8
_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # the BOM of UTF-32 (LE) begins with the first of them


class InputBrokenOffError(QueryGeneratorError):
    """The input ends or becomes unreadable after good records. The message names the byte offset."""


class _Rejoined(io.RawIOBase):
    """A stream with the bytes put back that were already read from it."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._head[: len(buffer)] or self._stream.read(len(buffer))
        self._head = self._head[len(data) :]
        buffer[: len(data)] = data
        return len(data)


def utf8_length(text: str, start: int, end: int) -> int:
    """Return the number of bytes that a part of a window's text had; holds no copy of the whole part."""
    if text.isascii():
        return end - start
    steps = range(start, end, CHUNK_BYTES)
    return sum(len(text[at : min(at + CHUNK_BYTES, end)].encode("utf-8", "surrogateescape")) for at in steps)


class TextWindow:
    """The part of the text that is held in memory.

    `text` is that part, `ended` is set if nothing follows it, and `failure` says why the stream could not be read to
    its end (empty if it could). A byte that is not UTF-8 is a surrogate U+DC80 to U+DCFF in `text`.

    Raises:
        InputError: the stream is UTF-16 or UTF-32.
    """

    def __init__(self, stream: BinaryIO, name: str = "the input") -> None:
        self.name = name
        self.text = ""
        self.ended = False
        self.failure = ""
        self._stream = stream
        self._gzip: gzip.GzipFile | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._bytes_before = 0
        self._pending = self._head(len(_GZIP_MAGIC))
        if self._pending == _GZIP_MAGIC:
            self._gzip = gzip.GzipFile(fileobj=io.BufferedReader(_Rejoined(self._pending, stream)), mode="rb")
            self._pending = b""
        self._pending += self._head(len(codecs.BOM_UTF8) - len(self._pending))
        if self._pending.startswith(_UTF16_BOMS):
            raise InputError(f"{name} is UTF-16 or UTF-32 text; convert it to UTF-8")
        if self._pending == codecs.BOM_UTF8:
            self._pending = b""
            self._bytes_before = len(codecs.BOM_UTF8)
        self.slide(0)

    def slide(self, start: int) -> None:
        """Drop the text before `start` and read 256 KB more, of a larger record up to 1 MB at once."""
        self._bytes_before += utf8_length(self.text, 0, start)
        self.text = self.text[start:]
        parts = [self.text, self._decoder.decode(self._pending)]
        self._pending = b""
        wanted = min(max(CHUNK_BYTES, len(self.text) // 4), MOST_READ_BYTES)
        while wanted > 0 and not self.ended:
            data = self._read(min(wanted, CHUNK_BYTES))
            wanted -= len(data)
            self.ended = not data
            parts.append(self._decoder.decode(data, final=self.ended))
        self.text = "".join(parts)

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes that the window holds, and those that follow, decompressed; it holds none any more."""
        held = self.text.encode("utf-8", "surrogateescape") + self._decoder.getstate()[0]
        self.text = ""
        for at in range(0, len(held), CHUNK_BYTES):
            yield held[at : at + CHUNK_BYTES]
        del held
        while data := self._read(CHUNK_BYTES):
            yield data

    def broken_off_at_byte(self, offset: int, reason: str) -> InputBrokenOffError:
        """Return the error for input that breaks off at a byte of what `chunks` yields."""
        return self._broken_off(self._bytes_before + offset, reason)

    def broken_off(self, at: int, reason: str) -> InputBrokenOffError:
        """Return the error for input that breaks off at index `at` of the window's text."""
        return self._broken_off(self._bytes_before + utf8_length(self.text, 0, at), reason)

    def _broken_off(self, offset: int, reason: str) -> InputBrokenOffError:
        cause = f"{reason}; {self.failure}" if self.failure else reason
        return InputBrokenOffError(f"{self.name} breaks off at byte {offset} of its (decompressed) text: {cause}")

    def _head(self, size: int) -> bytes:
        head = b""
        while len(head) < size and (data := self._read(size - len(head))):
            head += data
        return head

    def _read(self, size: int) -> bytes:
        try:
            return self._gzip.read1(size) if self._gzip else self._stream.read(size)
        except (OSError, EOFError, zlib.error) as exc:
            self.failure = f"the stream cannot be read further: {exc}"
            return b""
