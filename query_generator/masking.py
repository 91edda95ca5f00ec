"""Takes secrets out of texts, whatever they are disguised as. Knows the secrets of this process, and shows none."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from query_generator.disguises import decoded, squeezed, with_positions
from query_generator.one_line import one_line

MASK = "***"
WORD_BEGINS = r"(?<!\w)"
SHORT = 6  # characters; a shorter secret is part of too many words
LONG = 8  # characters; a longer one that is no word either is found in any case, and across line breaks
KEY = 12  # characters; a longer one that is no word is masked in data as well
QUOTED = 200  # characters of another's message that ours repeat

View = Callable[[str], str]


class Finder(NamedTuple):
    """What is looked for in one view of a text."""

    view: View
    pattern: re.Pattern[str]


class Masker:
    """Masks the secrets that it was told of. Safe for threads; what it looks for is made once for each new secret.

    A secret shorter than 6 characters is masked only as a whole word: with no letter, digit or underscore before or
    after it. Otherwise a secret such as `7` would be masked inside every number.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: frozenset[str] = frozenset()
        self._finders: tuple[Finder, ...] | None = ()

    @property
    def secrets(self) -> frozenset[str]:
        """What is masked."""
        return self._secrets

    def hide(self, secrets: Iterable[str]) -> None:
        """Mask these from now on, beside those that are masked already: an old password may still be good."""
        self.hide_only(self._secrets.union(secrets))

    def hide_only(self, secrets: Iterable[str]) -> None:
        """Mask these and no others from now on."""
        wanted = frozenset(secret for secret in secrets if secret.strip())
        with self._lock:
            if wanted != self._secrets:
                self._secrets, self._finders = wanted, None

    def masked(self, text: str) -> str:
        """Return a text without the secrets: as they are, escaped for JSON, URL or HTML, in base64, in hexadecimal.

        Escapes are undone layer by layer, and what is found then is masked where it stood, escapes and all.
        """
        for finder in self._made():
            if finder.pattern.search(finder.view(text)):
                text = _replaced(text, finder)
        return text

    def _made(self) -> tuple[Finder, ...]:
        finders = self._finders
        if finders is None:
            with self._lock:
                finders = self._finders = tuple(_finders(self._secrets))
        return finders


_PROCESS, _KEYS = Masker(), Masker()
masked, without_keys = _PROCESS.masked, _KEYS.masked
"""Both mask the secrets of this process: `masked` all of them, in messages; `without_keys` only those that can be part
of no other text, in data such as questions and names, which a password that is a word would spoil."""


def hide(secrets: Iterable[str]) -> None:
    """Mask these secrets of this process from now on, beside those that are masked already."""
    hide_only(hidden().union(secrets))


def hide_only(secrets: Iterable[str]) -> None:
    """Mask these and no others from now on."""
    wanted = frozenset(secrets)
    _PROCESS.hide_only(wanted)
    _KEYS.hide_only(secret for secret in wanted if len(secret) >= KEY and not secret.isalpha())


def hidden() -> frozenset[str]:
    """Return the secrets of this process."""
    return _PROCESS.secrets


def quoted(message: object) -> str:
    """Return another's message for ours: without secrets, and only then on one line and shortened."""
    return " ".join(masked(str(message)).split())[:QUOTED].rstrip(".")


def shown(line: str) -> str:
    """Return a line as people may see it: without secrets, and nothing in it can pass for another line."""
    return one_line(masked(line))


def values_without_keys(value: Any) -> Any:
    """Return a JSON value whose texts are `without_keys`; numbers and names of fields stay."""
    if isinstance(value, str):
        return without_keys(value)
    if isinstance(value, dict):
        return {name: values_without_keys(part) for name, part in value.items()}
    return [values_without_keys(part) for part in value] if isinstance(value, list | tuple) else value


def _replaced(text: str, finder: Finder) -> str:
    if finder.view is _as_it_is:
        return finder.pattern.sub(MASK, text)
    seen, positions = with_positions(text, finder.view)
    pieces, end = [], 0
    for match in finder.pattern.finditer(seen):
        start, after = positions[match.start()], positions[match.end()]
        pieces += [text[end:start], MASK]
        end = start + len(text[start:after].rstrip())
    return "".join((*pieces, text[end:]))


def _as_it_is(text: str) -> str:
    return text


def _in_any_case(text: str) -> str:
    return squeezed(decoded(text)).replace("\u0130", "i").lower()


def _finders(secrets: frozenset[str]) -> Iterator[Finder]:
    """Make what is looked for: as it is, as escapes are undone, and for long secrets in any case and over breaks."""
    groups = [
        (_as_it_is, [form for secret in secrets for form in _words(secret, _plain_forms(secret))]),
        (decoded, [form for secret in secrets if not _is_no_word(secret) for form in _decoded_forms(secret)]),
        (_in_any_case, [form for secret in secrets if _is_no_word(secret) for form in _long_forms(secret)]),
    ]
    for view, forms in groups:
        if forms:
            longest_first = sorted(set(forms), key=lambda form: (form.startswith(WORD_BEGINS), -len(form), form))
            yield Finder(view, re.compile("|".join(longest_first)))


def _is_no_word(secret: str) -> bool:
    return len(secret) >= (1.5 * LONG if secret.isalpha() else LONG)


def _plain_forms(secret: str) -> set[str]:
    return {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}


def _words(secret: str, forms: Iterable[str]) -> Iterator[str]:
    """Yield patterns for forms of a secret; those of a short one match whole words alone."""
    for form in map(re.escape, forms):
        yield form if len(secret) >= SHORT else rf"{WORD_BEGINS}{form}(?!\w)"


def _decoded_forms(secret: str) -> Iterator[str]:
    plain = {secret, decoded(secret), secret.replace(" ", "+")}
    if len(secret) < SHORT:
        letters = _base64_of(secret.encode(errors="surrogatepass"))
        yield from _words(secret, {*plain, letters, letters.rstrip("=")})
    else:
        yield from map(re.escape, {form for text in plain for form in (text, text.lower(), text.upper())})
        yield from _encoded(secret, str)


def _long_forms(secret: str) -> Iterator[str]:
    whole = secret.rstrip("\\")  # before a quote in JSON, a backslash at the end looks like the quote's own
    for form in {secret, whole, whole.upper(), whole.lower(), whole.replace(" ", "+")}:
        yield from (re.escape(_in_any_case(form)), re.escape(squeezed(form).lower()))
    yield from _encoded(secret, str.lower)


def _encoded(secret: str, in_case: View) -> Iterator[str]:
    """Yield patterns of the secret in base64, wherever it begins in what is encoded, and in hexadecimal."""
    data = secret.encode(errors="surrogatepass")
    for before in range(3):
        # The letters at both ends hold bits of what stands before and after; all others are the secret's own.
        letters = _base64_of(bytes(before) + data).rstrip("=")
        is_cut = (before + len(data)) % 3 > 0
        core = letters[before + 1 if before else 0 : -1 if is_cut else None]
        for form in {core, core.translate(_URLSAFE)}:
            yield re.escape(in_case(form)) + ("[A-Za-z0-9+/_-]?=*" if is_cut else "")
    for digits in (data.hex(), in_case(data.hex().upper())):
        yield "[:-]?".join(re.findall("..", digits))


def _base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


_URLSAFE = str.maketrans("+/", "-_")
