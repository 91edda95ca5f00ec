"""The country whose market a locale names. Pure. `countries.json` has the names of the larger ones by ISO 3166-1."""

import json
import re
from functools import cache
from pathlib import Path

_COUNTRY = re.compile(r".+-(?P<code>[A-Z]{2})")


def country_of(locale: str) -> str:
    """Return the country of a locale (language, script and country of BCP 47): its English name, or its code.

    A locale without a country, and one of several, as Latin America (419), names none: "".
    """
    found = _COUNTRY.fullmatch(locale)
    return _names().get(found["code"], found["code"]) if found else ""


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = json.loads(Path(__file__).with_name("countries.json").read_text(encoding="utf-8"))
    return names
