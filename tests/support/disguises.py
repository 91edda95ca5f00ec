"""The shapes in which a service may repeat a secret, and a detector that knows nothing of how they are masked."""

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from urllib.parse import quote, quote_plus, unquote

_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[:\- ]?){6,}")


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _urlsafe(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def _each(form: str) -> Callable[[str], str]:
    return lambda secret: "".join(form.format(byte) for byte in secret.encode())


def _json_units(secret: str) -> str:
    units = secret.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON, slashes": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "JSON, all": _json_units,
    "JSON, one letter": lambda secret: f"\\u{ord(secret[0]):04X}" + secret[1:],
    "JSON in JSON": lambda secret: json.dumps(json.dumps(_json_units(secret)))[1:-1],
    "JavaScript": _each("\\x{:02x}"),
    "URL": lambda secret: quote(secret, safe=""),
    "URL, lower case": lambda secret: re.sub("%..", lambda m: m[0].lower(), quote(secret, safe="")),
    "URL, all": _each("%{:02X}"),
    "URL, twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "URL, thrice": lambda secret: quote(quote(quote(secret, safe=""), safe=""), safe=""),
    "form": quote_plus,
    "HTML": lambda secret: html.escape(secret).replace("/", "&#x2F;"),
    "HTML, decimal": lambda secret: "".join(f"&#{ord(letter)};" for letter in secret),
    "HTML, hexadecimal": lambda secret: "".join(f"&#x{ord(letter):x};" for letter in secret),
    "HTML, twice": lambda secret: "".join(f"&amp;#{ord(letter)};" for letter in secret),
    "base64": _b64,
    "base64, bare": lambda secret: _b64(secret).rstrip("="),
    "base64, URL": _urlsafe,
    "base64, URL, bare": lambda secret: _urlsafe(secret).rstrip("="),
    "base64 in URL": lambda secret: quote(_b64(secret), safe=""),
    "base64 in JSON": lambda secret: _b64(secret).replace("/", "\\/").replace("=", "\\u003d"),
    "base64, one before": lambda secret: _b64(f":{secret}"),
    "base64, two before": lambda secret: _b64(f"x:{secret}"),
    "basic auth": lambda secret: "Basic " + _b64(f"user:{secret}:and more"),
    "base64, lines": lambda secret: re.sub("(.{8})", "\\1\n", _b64(f"api:{secret}")),
    "hex": lambda secret: secret.encode().hex(),
    "hex, upper case": lambda secret: secret.encode().hex().upper(),
    "hex, colons": lambda secret: secret.encode().hex(":"),
    "broken line": lambda secret: f"{secret[:7]}\n{secret[7:]}",
    "zero width": lambda secret: f"{secret[:7]}\u200b{secret[7:]}",
    "HTML of JSON of URL": lambda secret: html.escape(json.dumps(quote(secret, safe="").replace("%", "\\u0025"))),
}


def _unescaped(text: str) -> Iterator[str]:
    """Yield the text, and what is left of it when escapes are undone, again and again."""
    for _ in range(8):
        yield text
        for undo in (unquote, html.unescape, _without_backslashes, lambda it: it.replace("+", " ")):
            yield undo(text)
        text = _without_backslashes(html.unescape(unquote(text)))


def _without_backslashes(text: str) -> str:
    text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text)
    return re.sub(r"\\+x([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), text).replace("\\/", "/").replace('\\"', '"')


def _contents(text: str) -> Iterator[str]:
    """Yield what base64 and hexadecimal words in a text hold."""
    for run in _RUN.findall(text):
        for start in range(4):
            word = run[start:].rstrip("=").replace("-", "+").replace("_", "/")
            word = word[: len(word) - (len(word) % 4 == 1)]
            try:
                yield base64.b64decode(word + "=" * (-len(word) % 4)).decode("latin-1")
            except binascii.Error:
                continue
    for run in _HEX.findall(text):
        digits = re.sub("[:\\- ]", "", run)
        yield bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("latin-1")


@cache
def reveals(text: str, secret: str) -> bool:
    """Tell whether a reader of this text can make out the secret, with the usual decoders."""
    wanted, as_bytes = secret.casefold(), secret.encode().decode("latin-1").casefold()
    squeezed = re.compile(r"[\s\u200b]|\\n")
    plain = set(_unescaped(text))
    views = plain | {squeezed.sub("", view) for view in plain}
    return any(
        wanted in view.casefold() or any(as_bytes in held.casefold() for held in _contents(view)) for view in views
    )
