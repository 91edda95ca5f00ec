"""Promises of the offline provider."""

import hashlib
import re

import pytest

from query_generator.llm.base import GenerationReply, GenerationRequest, Prompt, Usage
from query_generator.llm.offline import OfflineProvider
from query_generator.llm.offline_grammar.wording import shorten_name, wording_of
from query_generator.models import Product, QueryType

BOOTS = Product(
    name="Ridgeline Waterproof Hiking Boots",
    brand="Northwold",
    category="Footwear > Boots",
    description="Lightweight leather boots with a breathable membrane.",
    price="129.95",
    currency="USD",
    attributes=(("Color", "Chestnut brown"), ("Size", "42"), ("soleThickness", "5 mm"), ("Vegan", "No")),
)
NAME_ONLY = Product(name="Zorbit 9000")
PHONE = Product(name="Kestrel X2 Pro", brand="Kestrel", category="smartphones", price="499", currency="EUR")
GIFT_CARD = Product(name="Gift card 50", category="Gift cards", price="50", currency="USD")
AUDIOBOOK = Product(name="Own Your Mornings", category="Audiobooks", attributes=(("Publisher", "Lark House"),))
JUICE = Product(name="Apple Juice", brand="Orchard & Co.", category="Juices", attributes=(("Flavor", "Apple"),))
MASCARA = Product(name="Velvet Hour Mascara", brand="Maison Ondine", category="Beauty", price="18.5", currency="GBP")
CHINESE = Product(name="云岭高山乌龙茶", brand="云岭", category="茶叶", price="88", attributes=(("产地", "福建"),))
LONG_NAME = Product(
    name="Orbit Foldable Aluminium Laptop Stand, Adjustable Height, Ventilated, Fits 10 to 17 Inch Notebooks (Silver)",
    brand="Orbit",
    category="Computer accessories",
)
HOSTILE = Product(
    name="What's {x} Cooking? <b>[2-pack]</b> 15\" **Board** Game",
    brand="A" * 255,
    category="Toys > {category}",
    price="free",
    attributes=(("{x}", "?"), ("", ""), ("weight", "9" * 300), ("link", "https://shop.example/")),
)
SOFA = Product(name="The Slow Sunday Sofa", brand="Halden", category="Furniture", price="1899.00")
MOTORCYCLE = Product(name="Corsa 300", brand="Veloce", category="motorcycle", price="4200", currency="EUR")
TOY = Product(name="Wooden Car", category="Toys")

PRODUCTS = {
    "boots": BOOTS,
    "name only": NAME_ONLY,
    "phone": PHONE,
    "gift card": GIFT_CARD,
    "audiobook": AUDIOBOOK,
    "juice": JUICE,
    "mascara": MASCARA,
    "Chinese": CHINESE,
    "long name": LONG_NAME,
    "hostile": HOSTILE,
    "sofa": SOFA,
    "motorcycle": MOTORCYCLE,
    "toy": TOY,
}
KNOWN = ("grammar-1", 2315, "9d32b891e13ec74cb1646da158dadd5ec71841d7b21f6e694abdc8da36bd9d20")
"""The grammar's number, how many questions it has about these products, and their hash."""
each_product = pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS.keys())
each_type = pytest.mark.parametrize("query_type", list(QueryType))


def reply_for(
    product: Product, query_type: QueryType, count: int = 25, exclusions: tuple[str, ...] = ()
) -> GenerationReply:
    request = GenerationRequest(product, query_type, count, Prompt("system", "user"), exclusions)
    return OfflineProvider().generate(request)


def ask(product: Product, query_type: QueryType, count: int = 25, exclusions: tuple[str, ...] = ()) -> tuple[str, ...]:
    return reply_for(product, query_type, count, exclusions).texts


def squeeze(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


@each_type
@each_product
def test_count_is_met(product: Product, query_type: QueryType) -> None:
    """Whatever the product, you get as many questions as you asked for, each different from the others."""
    questions = ask(product, query_type, 60)
    assert len(questions) == 60
    assert len({squeeze(question) for question in questions}) == 60


@each_type
@pytest.mark.parametrize("name", ["Zorbit 9000", "Gift card", "Headphones", "Apple Juice", "Sofa", "云岭乌龙茶", "App"])
def test_name_is_enough(name: str, query_type: QueryType) -> None:
    """A product with nothing but a name still gets at least 60 distinct questions of each type."""
    assert len(set(ask(Product(name=name), query_type, 60))) == 60


@each_type
@each_product
def test_questions_are_well_formed(product: Product, query_type: QueryType) -> None:
    """Every question can be shown as it is: one sentence, one question mark, no empty slot, no markup."""
    for question in ask(product, query_type, 500):
        assert 15 <= len(question) <= 200, question
        assert question[0].isupper(), question
        assert question.endswith("?"), question
        assert question.count("?") == 1, question
        assert not re.search(r"[{}<>\[\]*`]|\s\s|\s[?,.]|\(\)|https?:", question), question


@each_type
@each_product
def test_no_question_is_another_with_one_word_swapped(product: Product, query_type: QueryType) -> None:
    """No two questions of a list differ in a single word."""
    questions = [question.casefold().rstrip("?").split() for question in ask(product, query_type, 60)]
    for at, words in enumerate(questions):
        for others in questions[:at]:
            same_length = len(words) == len(others)
            assert not same_length or sum(a != b for a, b in zip(words, others, strict=True)) > 1, (words, others)


@each_type
@each_product
def test_first_questions_are_varied(product: Product, query_type: QueryType) -> None:
    """The first ten questions already begin in at least four different ways."""
    assert len({question.split()[0] for question in ask(product, query_type, 10)}) >= 4


@each_type
@each_product
def test_same_request_gives_same_questions(product: Product, query_type: QueryType) -> None:
    """Asking again gives the same questions, and asking for more begins with them."""
    first = ask(product, query_type)
    assert ask(product, query_type) == first
    assert ask(product, query_type, 40)[:25] == first


def test_questions_are_the_same_in_every_process() -> None:
    """The questions do not depend on the process: these are known beforehand."""
    assert ask(NAME_ONLY, QueryType.PRODUCT, 1) == ("Would the Zorbit 9000 make a good gift?",)
    assert ask(NAME_ONLY, QueryType.MARKET, 1) == ("How does the Zorbit 9000 stand out from the competition?",)


def test_other_questions_need_another_number_of_the_grammar() -> None:
    """All that the grammar says about these products is known: a cache keeps it by the grammar's number."""
    everything = [text for product in PRODUCTS.values() for kind in QueryType for text in ask(product, kind, 10_000)]
    digest = hashlib.sha256("\n".join(everything).encode()).hexdigest()
    assert (OfflineProvider.model, len(everything), digest) == KNOWN


def test_products_differ_in_their_order() -> None:
    """Two products of one kind do not get the same list with another name in it."""
    lists = [
        [question.replace(name, "") for question in ask(Product(name=name), QueryType.PRODUCT)]
        for name in ("Zorbit 9000", "Zorbit 9001")
    ]
    assert lists[0] != lists[1]


@each_type
@each_product
def test_exclusions_are_left_out(product: Product, query_type: QueryType) -> None:
    """A question that you have is not offered again, however it is spelled, and there are others in its place."""
    known = ask(product, query_type)
    excluded = tuple(f"  {question.upper().rstrip('?')} ?!" for question in known)
    more = ask(product, query_type, 25, excluded)
    assert len(more) == 25
    assert not {squeeze(question) for question in more} & {squeeze(question) for question in known}


def test_it_returns_what_it_has() -> None:
    """Asking for more than the grammar can say gives all there is, and asking for nothing gives nothing."""
    everything = ask(BOOTS, QueryType.PRODUCT, 10_000)
    assert 60 < len(everything) < 10_000
    assert ask(BOOTS, QueryType.PRODUCT, 10, everything) == ()
    assert ask(BOOTS, QueryType.PRODUCT, 0) == ()


def test_reply_names_its_origin_and_costs_nothing() -> None:
    """The reply says that it came from the grammar and bills no token."""
    reply = reply_for(NAME_ONLY, QueryType.PRODUCT, 1)
    assert (reply.provider, reply.model, reply.usage, reply.truncated) == ("offline", "grammar-1", Usage(), False)


def test_fields_are_used() -> None:
    """Attributes, price, brand and claims of the description show up in the default number of product questions."""
    text = " ".join(ask(BOOTS, QueryType.PRODUCT))
    for said in ("chestnut brown", "size", "sole thickness", "Northwold", "lightweight"):
        assert said in text


def test_market_questions_are_about_the_market() -> None:
    """Most market questions are about the kind, price level and brands of a product; only some name it."""
    questions = ask(BOOTS, QueryType.MARKET)
    naming = [question for question in questions if BOOTS.name in question]
    assert 3 <= len(naming) <= 12
    assert sum("hiking boots" in question for question in questions if question not in naming) >= 8
    assert "What are the best hiking boots under 150 USD?" in ask(BOOTS, QueryType.MARKET, 200)


@pytest.mark.parametrize(
    ("product", "never"),
    [
        (PHONE, r"wash|expire|taste|fabric"),
        (GIFT_CARD, r"clean|wash|weigh|heavy|made of|repair|warranty|spare"),
        (AUDIOBOOK, r"clean|wash|weigh|heavy|repair|warranty|delivery"),
        (JUICE, r"wash|repair|warranty|spare|size up|software"),
        (NAME_ONLY, r"clean|wash|wear|taste|battery|engine|expire"),
        (TOY, r"engine|insure|fuel"),
    ],
    ids=["phone", "gift card", "audiobook", "juice", "unknown kind", "toy car"],
)
def test_no_question_is_absurd_for_its_kind(product: Product, never: str) -> None:
    """Nobody is asked how to wash a phone or what warranty a juice has."""
    questions = [*ask(product, QueryType.PRODUCT, 500), *ask(product, QueryType.MARKET, 500)]
    assert [
        question for question in questions if re.search(rf"\b(?:{never})", question.replace(product.name, ""))
    ] == []


@pytest.mark.parametrize(
    ("product", "begins"),
    [
        (BOOTS, "Are the Ridgeline Waterproof Hiking Boots"),
        (SOFA, "Is The Slow Sunday Sofa"),
        (AUDIOBOOK, 'Is "Own Your Mornings"'),
        (CHINESE, "Is 云岭高山乌龙茶"),
        (Product(name="Alpine Skis"), "Are the Alpine Skis"),
        (Product(name="Summit Harness"), "Is the Summit Harness"),
        (Product(name="Pathfinder Portable GPS"), "Is the Pathfinder Portable GPS"),
    ],
)
def test_names_stand_in_a_grammatical_sentence(product: Product, begins: str) -> None:
    """Plural names take a plural verb, titles are quoted, and no article is doubled or put before another script."""
    assert any(question.startswith(f"{begins} ") for question in ask(product, QueryType.PRODUCT, 200))


@each_type
def test_verbs_agree_with_plural_names(query_type: QueryType) -> None:
    """No question about a pair of boots speaks of them as one thing."""
    questions = ask(BOOTS, query_type, 500)
    assert [
        question for question in questions if re.search(r"\b(?:is|does) the (?:Northwold )?Ridgeline", question, re.I)
    ] == []


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Short Name - Blue", "Short Name - Blue"),
        (LONG_NAME.name, "Orbit Foldable Aluminium Laptop Stand"),
        ("Handmade " * 12 + "Bowl", "Handmade " * 8 + "Handmade"),
        ("超长商品名称" * 20, ("超长商品名称" * 20)[:40]),
        ("Cold-Pressed Orange Juice, 250 ml", "Cold-Pressed Orange Juice"),
        ("Where Is Everybody?", "Where Is Everybody"),
        ("Wall Print (40x41,5cm)", "Wall Print (40x41,5cm)"),
        ("Shelf 80x29,5 cm", "Shelf 80x29,5 cm"),
        ("Wood Screw 4,5mm", "Wood Screw 4,5mm"),
        ("Lamp E27 7,5W", "Lamp E27 7,5W"),
        ("Juice, 250 ml", "Juice"),
        ("Juice (250 ml)", "Juice"),
        ("Juice (Blue, 250 ml)", "Juice (Blue, 250 ml)"),
        (
            "Wall Print 40x41,5 cm " + "of a Quiet Harbour at Dawn " * 3,
            "Wall Print 40x41,5 cm of a Quiet Harbour at Dawn of a Quiet Harbour at Dawn",
        ),
        (
            "Model Car 1:18 Scale " + "Red Roadster Classic " * 4,
            "Model Car 1:18 Scale Red Roadster Classic Red Roadster Classic Red Roadster",
        ),
        (
            "Steel Shelf for Heavy Loads in Cellars and Garages with Four Strong Boards of 12 x 80,5 cm each",
            "Steel Shelf for Heavy Loads in Cellars and Garages with Four Strong Boards",
        ),
        ("超" * 38 + "4,5mm" + "长" * 50, "超" * 38),
    ],
)
def test_long_names_are_shortened(name: str, short: str) -> None:
    """A long name is cut where a person would stop, at most at 80 characters; a short one stays whole."""
    assert shorten_name(name) == short


@pytest.mark.parametrize(
    ("name", "category", "goods"),
    [
        ("Ridgeline Waterproof Hiking Boots", "", "hiking boots"),
        ("Watch Gold for Women", "", "watches"),
        ("Velvet Hour Mascara Princess", "Beauty", "mascaras"),
        ("Kestrel X2", "smartphones", "smartphones"),
        ("Zenith", "mens-shirts", "men's shirts"),
        ("Chef Knife 20 cm", "", "knives"),
        ("Wooden Car", "Toys", "toys"),
        ("Zorbit 9000", "", ""),
    ],
)
def test_kind_is_recognized(name: str, category: str, goods: str) -> None:
    """Market questions speak of a product's kind in shoppers' words, found in its name or category."""
    assert wording_of(Product(name=name, category=category)).goods == goods
