"""Plausible questions about any product or market, all distinct: 319 of each kind, then the same with a number."""

from itertools import islice

UNNAMED = "everyday goods"

_PRODUCT_ASPECTS = (
    "battery life", "warranty cover", "noise level", "cleaning routine", "overall weight", "assembly time",
    "power consumption", "fabric quality", "colour accuracy", "water resistance", "spare parts supply", "shelf life",
    "grip in wet hands", "storage size", "heat tolerance", "scratch protection", "fit for small spaces",
    "packaging waste", "allergy safety", "charging speed", "compatibility with older models", "user manual",
    "carrying comfort", "odour after unpacking", "seam stitching", "replacement filter price", "child lock",
    "surface finish", "travel case",
)  # fmt: skip
_PRODUCT_FRAMES = (
    "How good is the {aspect} of {name}?",
    "What do owners say about {name} and its {aspect}?",
    "Is the {aspect} a reason to return {name}?",
    "Does {name} keep its {aspect} after a year of daily use?",
    "Can I improve the {aspect} with accessories made for {name}?",
    "Which settings or habits affect the {aspect} when using {name}?",
    "Why would a beginner care about the {aspect} on {name}?",
    "Where is the {aspect} documented for {name}?",
    "Should I expect problems with the {aspect} if I buy {name} used?",
    "Who tested {name} for {aspect} independently?",
    "When does the {aspect} of {name} start to matter in practice?",
)
_MARKET_ASPECTS = (
    "entry-level prices", "premium alternatives", "seasonal discounts", "resale values", "sustainability claims",
    "online reviews", "regional availability", "import duties", "new competitors", "store brands",
    "subscription offers", "delivery times", "safety regulations", "energy labels", "repair services",
    "rental options", "gift buyers", "student budgets", "corporate orders", "recycling programmes", "patent disputes",
    "influencer trends", "raw material costs", "counterfeit goods", "loyalty schemes", "trade-in offers",
    "refurbished stock", "market leaders", "customer complaints",
)  # fmt: skip
_MARKET_FRAMES = (
    "How do {aspect} shape the market around {name}?",
    "Which {aspect} should shoppers compare before choosing {name}?",
    "Are {aspect} changing for products like {name} this year?",
    "What role do {aspect} play for buyers who consider {name}?",
    "Do {aspect} favour rivals over {name}?",
    "Where can I follow {aspect} in the category of {name}?",
    "Why have {aspect} become a topic among fans of {name}?",
    "Who benefits from {aspect} when {name} gets cheaper?",
    "Will {aspect} look different once a successor to {name} arrives?",
    "Is it wise to wait for better {aspect} instead of buying {name} now?",
    "Can {aspect} explain the popularity of {name} abroad?",
)
_FORMS = {"product": (_PRODUCT_ASPECTS, _PRODUCT_FRAMES), "market": (_MARKET_ASPECTS, _MARKET_FRAMES)}


def questions(name: str, kind: str, start: int, count: int) -> list[str]:
    """Return the questions of number `start` to `start + count`; neighbours share neither aspect nor frame."""
    aspects, frames = _FORMS[kind]
    return [_question(name, aspects, frames, number) for number in range(start, start + count)]


def for_groups(texts: list[str], groups: list[tuple[str, int]], name: str, kind: str) -> dict[str, list[str]]:
    """Deal texts out to groups by their keys; questions about the market name the product in branded groups alone."""
    left = iter(texts)
    dealt = {key: list(islice(left, count)) for key, count in groups}
    if kind == "product":
        return dealt
    return {
        key: [text if key.endswith("_branded") else text.replace(name, UNNAMED) for text in some]
        for key, some in dealt.items()
    }


def soiled(texts: list[str], name: str) -> list[str]:
    """Turn every fifth text into what a careless model writes; the number of items stays."""
    return [_soiled(texts, index, name) if index % 5 == 4 else text for index, text in enumerate(texts)]


def _soiled(texts: list[str], index: int, name: str) -> str:
    forms = (
        f"{index + 1}. {texts[index]}",
        f"{name} is the best choice for every home.",
        f"- **{texts[index]}**",
        texts[index - 1],
        f"<b>{texts[index]}</b>&nbsp;",
    )
    return forms[index // 5 % len(forms)]


def _question(name: str, aspects: tuple[str, ...], frames: tuple[str, ...], number: int) -> str:
    text = frames[number % len(frames)].format(aspect=aspects[number % len(aspects)], name=name)
    lap = number // (len(aspects) * len(frames))
    return text if lap == 0 else f"{text[:-1]}, seen from angle {lap + 1}?"
