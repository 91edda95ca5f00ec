"""Removes secrets from texts."""

import json
import re

SHORT = 6  # characters; a shorter secret is part of too many words


def without_secret(text: str, secret: str, mask: str) -> str:
    """Replace a secret by a mask, in its plain and its JSON-escaped form. An empty secret changes nothing.

    A secret shorter than 6 characters is masked only as a whole word: with no letter, digit or underscore before or
    after it. Otherwise a secret such as `7` would be masked inside every number.
    """
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]} - {""}
    for form in sorted(forms, key=len, reverse=True):
        if len(secret) >= SHORT:
            text = text.replace(form, mask)
        elif form in text:
            text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", lambda _: mask, text)
    return text


def body_without_key(body: bytes, api_key: str) -> bytes:
    """Return the body of a service's reply with the API key, which error messages may repeat, masked."""
    text = body.decode(errors="surrogateescape")
    return without_secret(text, api_key, "[the key]").encode(errors="surrogateescape")
