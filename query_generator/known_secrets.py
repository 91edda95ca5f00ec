"""Which values of the environment are secrets, told by the names of their variables and by their look. Pure."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from query_generator.masking import SHORT

_SECRET = re.compile(r".*(API_KEY|ACCESS_KEY|_SECRET|TOKEN|PASSWORD)", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(AWS_ENDPOINT|CACHE|DATABASE|READ_DATABASE|WEBHOOK|\w+_BASE)_URL\w*|\w+_(ENDPOINT|PROXY)", re.IGNORECASE
)
_PARAMETER = re.compile(r"(?:password|passwd|pwd|token|secret|api_?key)=([^&\s]+)", re.IGNORECASE)
_TOKEN_LENGTH = 16  # characters from which a user without a password may be a token
_KEY = re.compile(r"\b(?:AIza|sk-)[A-Za-z0-9_-]{16,}")


def keys_in(text: str) -> frozenset[str]:
    """Return what is a key of a known vendor by its look, wherever it was put by mistake."""
    return frozenset(_KEY.findall(text))


def secrets_in(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the secrets of an environment: keys, tokens and passwords, also those within addresses.

    A value of fewer than 6 characters counts only in an address: many variables that are none of ours end in TOKEN.
    """
    found: set[str] = set()
    for name, value in environ.items():
        if _ADDRESS.fullmatch(name):
            found.update(passwords_in(value))
        found.update(keys_in(value))
        if _SECRET.fullmatch(name) and len(value.strip()) >= SHORT:
            found.add(value.strip())
    return frozenset(found)


def passwords_in(address: str) -> frozenset[str]:
    """Return the passwords of an address, as they are written and as they are meant, also if it is mistyped."""
    written = {found for part in (address, *address.split(",")) for found in _passwords(part.strip())}
    return frozenset({*written, *map(unquote, written)} - {""})


def _passwords(address: str) -> Iterator[str]:
    yield from _PARAMETER.findall(address)
    before, at, _ = address.rpartition("@")
    if at:
        userinfo = before.partition("://")[2] or before
        user, colon, password = userinfo.partition(":")
        if colon:
            yield from (password, password.lstrip("/:"))
        elif len(user) >= _TOKEN_LENGTH:
            yield user
