"""Two catalogs that are hard to ask good questions about, and their records.

`scripts`: texts in other scripts, letters that look like others, and products of which two fields are known.
`brands`: brands that are common words, an accessory named for its host, and 200 colours of one product.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import product as pairs
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

FOLDER = ROOT / "tests" / "data"
SHADES = ("light", "dark", "pale", "deep", "dusty", "bright", "soft", "warm", "cool", "matt")
COLOURS = (
    *("red", "green", "blue", "grey", "brown", "violet", "orange", "yellow", "rose", "olive"),
    *("navy", "sand", "teal", "plum", "mint", "rust", "cream", "slate", "coral", "lilac"),
)


def nasty_catalogs() -> Mapping[str, Sequence[dict[str, Any]]]:
    """Return the records of both catalogs by name."""
    return {"scripts": _records("scripts"), "brands": [*_records("brands"), *colour_variants()]}


def colour_variants(count: int = 200) -> list[dict[str, Any]]:
    """Return variants of one T-shirt that differ in colour alone."""
    colours = [f"{shade} {colour}" for shade, colour in pairs(SHADES, COLOURS)][:count]
    return [
        {
            "name": f"Everyday T-Shirt {colour}",
            "brand": "Plain & Co.",
            "category": "Apparel > T-Shirts",
            "description": f"A T-shirt of organic cotton in {colour}, 180 g/m2, regular fit, washable at 40 degrees.",
            "price": "19.90",
            "currency": "EUR",
            "attributes": {"Colour": colour, "Material": "organic cotton", "Fit": "regular"},
        }
        for colour in colours
    ]


def _records(name: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads((FOLDER / f"nasty_{name}.json").read_text(encoding="utf-8"))
    return records


def written(folder: Path) -> dict[str, Path]:
    """Write both catalogs as files; returns their paths by name."""
    paths = {name: folder / f"nasty_{name}.json" for name in nasty_catalogs()}
    for name, records in nasty_catalogs().items():
        paths[name].write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return paths
