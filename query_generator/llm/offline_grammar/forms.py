"""Patterns of questions, read once: what each needs to be filled, and filling it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from query_generator.models import Intent, Style

BRANDED = "branded "
_NAMES = frozenset(("x", "brand"))
_KINDS = frozenset(("goods", "kinds"))


@dataclass(frozen=True, slots=True)
class Form:
    """A pattern in pieces: literals, each with the slot after it.

    `needs` are the slots without their endings (`part` for `{Part_is}`); `is_named`: it names the product or its brand;
    `is_against_kind`: it holds the product against others of its kind.
    """

    intent: Intent
    style: Style
    pieces: tuple[tuple[str, str], ...]
    needs: frozenset[str]
    is_named: bool
    is_against_kind: bool

    def filled(self, slots: Mapping[str, str]) -> str:
        """The text; a slot with a capital is that of small letters, capitalized."""
        said = []
        for literal, slot in self.pieces:
            said.append(literal)
            if slot:
                said.append(slots[slot] if slot in slots else capitalized(slots[slot.lower()]))
        return capitalized("".join(said))


def forms(by_intent: Mapping[str, Any]) -> tuple[Form, ...]:
    """The patterns that stand under intents and styles; those that tell no style are plain."""
    return tuple(_forms(by_intent))


def _forms(by_intent: Mapping[str, Any]) -> Iterator[Form]:
    for intent, by_style in by_intent.items():
        styles = by_style if isinstance(by_style, Mapping) else {"plain": by_style}
        for style, texts in styles.items():
            for text in texts:
                yield _form(Intent(intent.removeprefix(BRANDED)), Style(style), text)


def _form(intent: Intent, style: Style, text: str) -> Form:
    pieces = tuple((literal, slot or "") for literal, slot, _, _ in Formatter().parse(text))
    needs = frozenset(slot.lower().partition("_")[0] for _, slot in pieces if slot)
    is_against_kind = "x" in needs and not needs.isdisjoint(_KINDS)
    return Form(intent, style, pieces, needs, not needs.isdisjoint(_NAMES), is_against_kind)


def capitalized(text: str) -> str:
    """The text with a capital, unless its second sign is one: `iPhone` stays."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]
