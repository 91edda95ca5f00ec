"""Texts without the secrets that they may repeat."""

import json
import re

SHORT = 6  # characters; a shorter secret is part of too many words


def without_secret(text: str, secret: str, mask: str) -> str:
    """Put a mask in place of a secret, as it is and as JSON writes it; an empty one is none.

    A secret shorter than 6 characters is masked where it stands as a whole word: no letter, digit or underscore before
    or after it, also where it begins or ends with another sign. `-` would else be masked in every date.
    """
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]} - {""}
    for form in sorted(forms, key=len, reverse=True):
        if len(secret) >= SHORT:
            text = text.replace(form, mask)
        elif form in text:
            text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", lambda _: mask, text)
    return text


def body_without_key(body: bytes, api_key: str) -> bytes:
    """Return a service's reply, which may repeat the key in its message, without it."""
    text = body.decode(errors="surrogateescape")
    return without_secret(text, api_key, "[the key]").encode(errors="surrogateescape")
