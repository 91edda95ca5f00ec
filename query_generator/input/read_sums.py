"""What became of the rows of an input: nothing is read without being counted."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class ReadSums:
    """The rows (elements, lines) of an input, by what they are; what is not counted here is a record of a product.

    `parts` belong to the product of another row, as its variant or its image; `apart` of them came so far from it that
    they tell nothing about it. `others` are no products, by what they are; `profiles` counts products by their format.
    """

    rows: int = 0
    parts: int = 0
    apart: int = 0
    others: Counter[str] = field(default_factory=Counter)
    profiles: Counter[str] = field(default_factory=Counter)

    def formats(self) -> str:
        """Return the names of the known formats that at least a fifth of the products have, the most frequent first."""
        total = self.profiles.total()
        known = [(name, count) for name, count in self.profiles.most_common() if name and 5 * count >= total]
        return ", ".join(name if count == total else f"{name} ({count} of {total} products)" for name, count in known)

    def line(self, products: int, repeated: int, rejected: int) -> str:
        """Return the sums in words, with what became of the records of products; images count with the variants."""
        others = ", ".join(f"{count} {kind}" for kind, count in self.others.most_common())
        return (
            f"{self.rows} rows = {products} products + {self.parts} variants + {rejected} rejected "
            f"+ {repeated} repeated + {self.others.total()} no products" + (f" ({others})" if others else "")
        )
