"""Reads numbers with units out of texts, in base units, so that 0.5 l is 500 ml. Pure. `units.json` lists the units.

The factors are those of the SI and of NIST SP 811 (1 in = 25.4 mm, 1 oz = 28.3495 g, 1 US fl oz = 29.5735 ml,
1 lb = 453.592 g). Data is decimal: 1 TB = 1,000 GB, as sellers count; 1,024 is within the tolerance.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SHORTEST_STEM = 4  # letters of a unit that stands with an ending, where words stand apart: "дюймовый"
TOLERANCE = 0.025  # sellers round: 55 in as 140 cm, 1 TB as 1,024 GB

MOST_ROUNDED = 0.05


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with unit: its place in the text, and its value in the base unit of each dimension that it may have.

    An ounce is both a mass and a volume. `values` are (dimension, low, high): both ends of a range, else the same.
    `rounding` is half the last place of a number with one decimal, as a share of it, else 0: 1.1 kg may be 1,140 g.
    """

    start: int
    end: int
    values: tuple[tuple[str, float, float], ...]
    rounding: float = 0.0

    def agrees(self, other: "Quantity") -> bool | None:
        """Whether both may be the same amount; None if they share no dimension."""
        shared = False
        is_rounded = min(self.rounding, other.rounding) == 0
        tolerance = max(TOLERANCE, min(self.rounding + other.rounding, MOST_ROUNDED)) if is_rounded else TOLERANCE
        for dimension, low, high in self.values:
            for other_dimension, other_low, other_high in other.values:
                if dimension == other_dimension:
                    shared = True
                    slack = tolerance * max(high, other_high)
                    if low <= other_high + slack and other_low <= high + slack:
                        return True
        return False if shared else None


@cache
def _units() -> dict[str, tuple[tuple[str, float], ...]]:
    data: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("units.json").read_text(encoding="utf-8"))
    units: dict[str, tuple[tuple[str, float], ...]] = {}
    for dimension, by_factor in data.items():
        for factor, names in by_factor.items():
            for name in names.split():
                units[name] = (*units.get(name, ()), (dimension, float(factor)))
    return units


_WRITTEN_TOGETHER = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_VOWEL_SIGNS = "\u0900-\u0963\u0970-\u0dff\u0e31-\u0e4e"  # of Indic scripts and Thai, which are no letters to `re`
_PATTERN = re.compile(
    rf"(?P<low>\d(?<!(?![{_WRITTEN_TOGETHER}])[^\W_].)(?<![.,].)"
    r"(?:\d{0,2}(?:[., \u202f]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d*(?:[.,]\d+)?))"
    r"(?:\s?[-–〜～~至]\s?(?P<high>\d+(?:[.,]\d+)?))?(?:\s-\s|\s|-)?"
    rf"(?P<unit>fl\.?\s?oz|مل?لي\sأمبير|[A-Za-zÀ-ÿ]+|°C|℃|[\"″”%]"
    rf"|(?!合[一1])(?:[^\W\da-zA-Z_]|[{_VOWEL_SIGNS}]){{1,14}})"
    r"(?!\s?(?:مربع|مكعب))",
    re.IGNORECASE,
)
_SPACELESS = re.compile(f"[{_WRITTEN_TOGETHER}]")
_ONE_DECIMAL = re.compile(r"\d+[.,]\d")
_EITHER_WAY = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")

# "The Phone 15 in hard water" tells no inches; a word after the unit is that of a measure or of a thing measured so.
_IS_A_PREPOSITION = re.compile(
    r"\s+(?!(?:wide|long|tall|high|deep|thick|across|diagonal|diameter|screens?|displays?|monitors?|tvs?|tablets?|laptops?"
    r"|versions?|models?|ones?|by|x|or|and|to|enough|for|too|big|small|large|waists?|inseams?|wheels?|rims?|pipes?)\b)\w",
    re.IGNORECASE,
)


def quantities(text: str) -> list[Quantity]:
    """Return the quantities of a text in order. Numbers may have a decimal point or comma, and groups of three."""
    found = []
    for match in _PATTERN.finditer(text):
        unit = match["unit"].lower()
        dimensions, length = _dimensions(unit)
        if not dimensions or (unit == "in" and _IS_A_PREPOSITION.match(text, match.end())):
            continue
        low = number_of(match["low"])
        high = number_of(match["high"]) if match["high"] else low
        scales = (1.0,) if match["high"] or not _EITHER_WAY.fullmatch(match["low"]) else (1.0, _other_scale(low))
        values = tuple(
            (dimension, low * factor * scale, high * factor * scale)
            for dimension, factor in dimensions
            for scale in scales
        )
        found.append(Quantity(match.start(), match.start("unit") + length, values, _rounding(match["low"])))
    return found


def _rounding(number: str) -> float:
    return 0.05 / number_of(number) if _ONE_DECIMAL.fullmatch(number) and number_of(number) else 0.0


def _other_scale(number: float) -> float:
    """ "5.000 mAh" is five thousand in German, "1,250 kg" is a kilogram and a quarter: both readings may be meant."""
    return 0.001 if number >= 1_000 else 1_000.0


def _dimensions(unit: str) -> tuple[tuple[tuple[str, float], ...], int]:
    """Return a unit's dimensions with the factor to the base unit, and its length; words may go on behind it."""
    name = unit if unit.isascii() else "".join(unit.split())
    if name in _units() or unit.isascii():
        name = "floz" if unit.startswith("fl") and unit.endswith("oz") else name
        return _units().get(name, ()), len(unit)
    shortest = 1 if _SPACELESS.match(unit) else SHORTEST_STEM
    ends = range(len(unit) - 1, shortest - 1, -1)
    return next(((_units()[unit[:end]], end) for end in ends if unit[:end] in _units()), ((), 0))


def number_of(text: str) -> float:
    """Read a number; a single comma or point before three digits groups if the number is a whole one of four and more.

    >>> number_of("1,299.00"), number_of("1,7"), number_of("20,000"), number_of("1.299,50")
    (1299.0, 1.7, 20000.0, 1299.5)
    """
    digits = text.replace(" ", "").replace("\u202f", "")
    if "," in digits and "." in digits:
        decimal = max(digits.rfind(","), digits.rfind("."))
        whole = digits[:decimal].replace(",", "").replace(".", "")
        return float(f"{whole}.{digits[decimal + 1 :]}")
    sign = "," if "," in digits else "."
    head, _, tail = digits.partition(sign)
    if sign in tail or (sign == "," and len(tail) == 3 and head not in ("", "0")):
        return float(digits.replace(sign, ""))
    return float(f"{head or 0}.{tail or 0}")
