"""Texts as long as those of real catalogs: a third of the products say little, most about 2 KB, some 50 KB."""

_SENTENCES = (
    "Insulated steel keeps drinks cold for a day and hot for half of it.",
    "The wide mouth takes ice, and the lid seals when it is turned once.",
    "It fits the holder of a bicycle, a rucksack's side pocket and most cups of a car.",
    "All parts go into the dishwasher; the seal is to be taken out once a month.",
)
SMALL_EACH = 3
USUAL_CHARACTERS = 2_500
LARGE_EACH = 40
LARGE_CHARACTERS = 50_000


def description_of(number: int) -> str:
    """The description of the product with this number, the same each time."""
    text = f"Series {number}. {_SENTENCES[number % len(_SENTENCES)]}"
    if number % LARGE_EACH == 1:
        size = LARGE_CHARACTERS
    elif number % SMALL_EACH == 0:
        return text
    else:
        size = USUAL_CHARACTERS
    filler = " ".join(f"{_SENTENCES[(number + place) % len(_SENTENCES)]} ({place})" for place in range(size // 60))
    return f"{text} {filler}"[:size]


def records(count: int, first: int = 1) -> list[dict[str, str]]:
    """Records of `Product 1`, `Product 2`, … of real sizes."""
    return [
        {"name": f"Product {number}", "brand": "Acme", "description": description_of(number)}
        for number in range(first, first + count)
    ]
