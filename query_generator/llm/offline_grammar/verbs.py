"""Forms of the verb with which a phrase begins: `tip over`, `tips over`, `tipping over`. Pure."""

import re

_PRESENT = {"be": "is", "have": "has"}
_PLURAL = {"be": "are"}
_STRESSED_AT_THE_END = ("upset",)
_SIBILANT = ("s", "x", "z", "ch", "sh", "o")


def third_person(phrase: str) -> str:
    """As one thing does it."""
    verb, rest = _parted(phrase)
    if verb in _PRESENT:
        return _PRESENT[verb] + rest
    if re.search(r"[^aeiou]y$", verb):
        return f"{verb[:-1]}ies{rest}"
    return verb + ("es" if verb.endswith(_SIBILANT) else "s") + rest


def plural_person(phrase: str) -> str:
    """As several things do it."""
    verb, rest = _parted(phrase)
    return _PLURAL.get(verb, verb) + rest


def gerund(phrase: str) -> str:
    """The doing of it."""
    verb, rest = _parted(phrase)
    if verb == "be" or verb.endswith(("ee", "oe", "ye")):
        return f"{verb}ing{rest}"
    if verb.endswith("e"):
        return f"{verb[:-1]}ing{rest}"
    is_doubled = verb in _STRESSED_AT_THE_END or re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", verb)
    return f"{verb}{verb[-1] if is_doubled else ''}ing{rest}"


def _parted(phrase: str) -> tuple[str, str]:
    verb, space, rest = phrase.partition(" ")
    return verb, space + rest
