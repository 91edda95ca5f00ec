"""Promises of the offline provider."""

import hashlib
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from query_generator.errors import SkippableError
from query_generator.llm.base import GenerationReply, GenerationRequest, Prompt, Usage
from query_generator.llm.offline import OfflineProvider
from query_generator.llm.offline_grammar import kinds, vocabulary
from query_generator.llm.offline_grammar.latin import latin_language
from query_generator.llm.offline_grammar.parts import parts_of
from query_generator.llm.offline_grammar.verbs import gerund, plural_person, third_person
from query_generator.llm.offline_grammar.vocabulary import domains
from query_generator.llm.offline_grammar.wording import shorten_name, spoken_name, wording_of
from query_generator.models import Product, QueryType
from query_generator.questions.ask import ask as judge
from query_generator.questions.names import own_names
from query_generator.questions.order import Known, Order
from query_generator.questions.plan import plan
from query_generator.questions.styles import is_in_style

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

GERMAN_SHOES = Product(
    "Wanderschuhe Alpin Pro",
    "Nordkamm",
    "Schuhe > Wanderschuhe",
    "Leichte Schuhe aus Leder mit einer Membran und griffiger Sohle für lange Touren.",
    "129.95",
    "EUR",
    (("Farbe", "braun"), ("Gewicht", "620 g")),
)

PRODUCTS = {
    "boots": BOOTS,
    "name only": NAME_ONLY,
    "phone": PHONE,
    "gift card": GIFT_CARD,
    "audiobook": AUDIOBOOK,
    "juice": JUICE,
    "mascara": MASCARA,
    "Chinese": CHINESE,
    "German": GERMAN_SHOES,
    "long name": LONG_NAME,
    "hostile": HOSTILE,
    "sofa": SOFA,
    "motorcycle": MOTORCYCLE,
    "toy": TOY,
}
KNOWN = ("grammar-3", 2490, "16e716048969c6739a22fe6d2db065e6f8e236f225ce9ebbccbadc1198e17384")
"""The grammar's number, how many questions it has about these products, and their hash."""
OF_NO_KIND = {NAME_ONLY.name, HOSTILE.name, LONG_NAME.name}
KNOWN_KINDS = {name: product for name, product in PRODUCTS.items() if product.name not in OF_NO_KIND}
each_kind = pytest.mark.parametrize("product", KNOWN_KINDS.values(), ids=KNOWN_KINDS.keys())
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
@each_kind
def test_count_is_met(product: Product, query_type: QueryType) -> None:
    """A product of a kind that is known gets as many questions as you ask for, each different from the others."""
    questions = ask(product, query_type, 25)
    assert len(questions) == len({squeeze(question) for question in questions}) == 25


@each_type
def test_what_is_not_known_is_not_padded(query_type: QueryType) -> None:
    """Of a product with nothing but a name that tells nothing there is a short list, and all of it names it."""
    questions = ask(NAME_ONLY, query_type, 60)
    assert 3 <= len(questions) < 15
    assert all("Zorbit 9000" in question for question in questions)


@each_type
@each_product
def test_questions_are_well_formed(product: Product, query_type: QueryType) -> None:
    """Every question can be shown as it is: one question mark, at its end, no empty slot, no markup."""
    for question in ask(product, query_type, 500):
        assert 4 <= len(question) <= 200, question
        assert not question[0].islower() or question[1].isupper(), question
        assert question.endswith("?"), question
        assert question.count("?") == 1, question
        assert not re.search(r"[{}<>\[\]*`]|\s\s|\s[?,.]|\(\)|https?:|\b(a|an) (a|an|the|no)\b", question), question


@each_type
@each_kind
def test_first_questions_are_varied(product: Product, query_type: QueryType) -> None:
    """The first ten questions already begin in at least four different ways."""
    assert len({question[:6] for question in ask(product, query_type, 10)}) >= 4


@each_type
@each_product
def test_same_request_gives_same_questions(product: Product, query_type: QueryType) -> None:
    """Asking again gives the same questions, and asking for more begins with them."""
    first = ask(product, query_type)
    assert ask(product, query_type) == first
    assert ask(product, query_type, 40)[: len(first)] == first


def test_other_questions_need_another_number_of_the_grammar() -> None:
    """All that the grammar says about these products is known: a cache keeps it by the grammar's number."""
    everything = [text for product in PRODUCTS.values() for kind in QueryType for text in ask(product, kind, 10_000)]
    digest = hashlib.sha256("\n".join(everything).encode()).hexdigest()
    assert (OfflineProvider.model, len(everything), digest) == KNOWN


@each_type
def test_two_products_of_a_kind_get_other_questions(query_type: QueryType) -> None:
    """Two products of one kind, maker and price do not get the same list with another name in it."""
    lists = [
        {question.replace(name, "_") for question in ask(Product(f"{name} Hiking Boots", "Northwold"), query_type)}
        for name in ("Ridgeline", "Fellwalker")
    ]
    assert len(lists[0] & lists[1]) <= 9


@each_type
@each_kind
def test_exclusions_are_left_out(product: Product, query_type: QueryType) -> None:
    """A question that you have is not offered again, however it is spelled, and there are others in its place."""
    known = ask(product, query_type, 10)
    excluded = tuple(f"  {question.upper().rstrip('?')} ?!" for question in known)
    more = ask(product, query_type, 10, excluded)
    assert len(more) == 10
    assert not {squeeze(question) for question in more} & {squeeze(question) for question in known}


def test_it_returns_what_it_has() -> None:
    """Asking for more than the grammar can say gives all there is, and asking for nothing gives nothing."""
    everything = ask(BOOTS, QueryType.PRODUCT, 10_000)
    assert 60 < len(everything) < 10_000
    assert ask(BOOTS, QueryType.PRODUCT, 0) == ()


@each_type
@pytest.mark.parametrize("product", [BOOTS, PHONE, MASCARA, JUICE, SOFA, MOTORCYCLE], ids=lambda product: product.name)
def test_the_plan_is_followed(product: Product, query_type: QueryType) -> None:
    """Each text is in the style of the group that it is written for, and nearly all that are wanted are there."""
    groups = {group.key: group for group in plan(product, query_type, 25)}
    request = GenerationRequest(product, query_type, 25, Prompt("", ""), groups=tuple(groups.values()))
    reply = OfflineProvider().generate(request)
    names = own_names(product)
    have = Counter(key for key in reply.keys if key)
    for text, key in zip(reply.texts, reply.keys, strict=True):
        if key:
            assert is_in_style(names.masked(text), groups[key].facets.style), text
    assert sum(min(have[key], group.count) for key, group in groups.items()) >= 18


@pytest.mark.parametrize(
    "product", [BOOTS, PHONE, MASCARA, SOFA, MOTORCYCLE, AUDIOBOOK], ids=lambda product: product.name
)
def test_the_market_is_asked_for_without_names(product: Product) -> None:
    """Only as many market questions name brand or product as the plan has branded slots, spares aside."""
    groups = plan(product, QueryType.MARKET, 25)
    request = GenerationRequest(product, QueryType.MARKET, 25, Prompt("", ""), groups=groups)
    reply = OfflineProvider().generate(request)
    names = own_names(product)
    branded = {group.key for group in groups if group.facets.branded}
    for text, key in zip(reply.texts, reply.keys, strict=True):
        if key and key not in branded:
            assert not names.found(text), text


@pytest.mark.parametrize(
    ("product", "language", "signs"),
    [
        (CHINESE, "zh", r"[a-zA-Z]"),
        (
            Product("南部鉄器 急須", "岩鋳", "急須", "内側はホーロー仕上げです。", "8800", "JPY"),
            "ja",
            r"[a-zA-IK-OQ-XZ]",
        ),
        (Product("ステンレス水筒", "", "水筒", price="3200"), "ja", r"[a-zA-Z]"),
    ],
    ids=["Chinese", "Japanese with kanji", "Japanese"],
)
@each_type
def test_questions_are_in_the_language_of_the_name(
    product: Product, language: str, signs: str, query_type: QueryType
) -> None:
    """A Chinese or Japanese product is asked about in its language, and the reply says so."""
    reply = reply_for(product, query_type)
    assert (reply.locale, len(reply.texts)) == (language, 25)
    assert not [text for text in reply.texts if re.search(signs, text)]


GERMAN_COFFEE = Product(
    "Kaffeebohnen Crema, 1 kg", "Rösterei Hahn", "Kaffee", "Kräftige Bohnen, schonend und langsam geröstet.", "18.9"
)
GERMAN_NAME_ALONE = Product("Handmixer für große Mengen", category="Küche")


@each_type
@pytest.mark.parametrize("product", [GERMAN_SHOES, GERMAN_COFFEE, GERMAN_NAME_ALONE], ids=lambda product: product.name)
def test_german_products_are_asked_about_in_german(product: Product, query_type: QueryType) -> None:
    """Texts in German get German sentences, which need neither article nor number of the name, and pass as German."""
    made = judge(product, query_type, Order(num_questions=5), OfflineProvider(), Known(answered=2))
    assert (len(made.questions), {question.locale for question in made.questions}) == (5, {"de"})
    assert not made.dropped["wrong_language"]
    reply = reply_for(product, query_type, 500)
    assert reply.locale == "de"
    nouns = "|".join(filter(None, (re.escape(product.name.split()[0]), product.category.split("> ")[-1])))
    ungrammatical = rf"\b(?:[Dd](?:er|ie|as|en|em)|[Ee]ine?[nmr]?|ist|sind|hat|haben|gute[nrs]?) (?:{nouns})\b"
    assert [text for text in reply.texts if re.search(ungrammatical, text)] == []


def test_german_prices_are_written_as_in_german() -> None:
    """A comma parts the cents, and the sign stands behind."""
    texts = ask(GERMAN_SHOES, QueryType.PRODUCT, 500)
    assert any("129,95 €" in text for text in texts)
    assert not any("129.95" in text or "€1" in text for text in texts)


@pytest.mark.parametrize(
    "description",
    [
        "Lampe de bureau avec un bras en aluminium et une prise USB pour le téléphone.",
        "Lámpara de escritorio con brazo de aluminio y una toma USB para el móvil.",
        "Lampada da scrivania con un braccio in alluminio e una porta USB per il telefono.",
        "Lampa na biurko z ramieniem z aluminium, która jest idealna do pracy i nauki oraz dla dzieci.",
    ],
)
def test_texts_in_a_language_without_sentences_are_refused(description: str) -> None:
    """No English sentence is put around a French product unasked; with an English locale it is."""
    product = Product("Lampe Arc", category="Luminaires", description=description)
    with pytest.raises(SkippableError, match=r"language of its texts .* or --locale en"):
        ask(product, QueryType.PRODUCT)
    request = GenerationRequest(product, QueryType.PRODUCT, 5, Prompt("", ""), locale="en-GB")
    assert len(OfflineProvider().generate(request).texts) == 5


@pytest.mark.parametrize(
    ("product", "language"),
    [
        (GERMAN_SHOES, "de"),
        (Product("Strumpfhose Größe M"), "de"),
        (BOOTS, "en"),
        (Product("Die Hard", category="Movies"), ""),
        (Product("Der Kaiser Watch", category="Watches"), ""),
        (NAME_ONLY, ""),
        (Product("Café moulu pur arabica 250 g", category="Épicerie > Café"), ""),
    ],
)
def test_a_language_is_told_only_where_it_is_certain(product: Product, language: str) -> None:
    """A name with one foreign word is not taken for a text in that language."""
    assert latin_language(product) == language


@pytest.mark.parametrize(
    "name", ["ساعة يد جلدية", "नीला कुर्ता", "Кожаная сумка", "กระเป๋าหนัง", "가죽 지갑", "Δερμάτινη τσάντα"]
)
def test_a_script_without_sentences_is_refused(name: str) -> None:
    """No English sentence is put around a name that it cannot hold; the reason names the way out."""
    with pytest.raises(SkippableError, match="give another --provider"):
        ask(Product(name), QueryType.PRODUCT)


@pytest.mark.parametrize(
    ("product", "locale"), [(BOOTS, "de-DE"), (BOOTS, "zh"), (CHINESE, "en-US"), (GERMAN_SHOES, "fr")]
)
def test_a_language_that_the_name_is_not_in_is_refused(product: Product, locale: str) -> None:
    """Questions are never asked for in one language and given in another."""
    request = GenerationRequest(product, QueryType.MARKET, 5, Prompt("", ""), locale=locale)
    with pytest.raises(SkippableError, match=f"in {locale}"):
        OfflineProvider().generate(request)


@pytest.mark.parametrize(
    ("description", "said"),
    [
        (
            "Boots with a waterproof leather upper and a durable rubber sole.",
            ["a waterproof leather upper", "a rubber sole"],
        ),
        (
            "It has an OLED display, 30kN rated webbing, and multiple gear loops.",
            ["an OLED display", "rated webbing", "multiple gear loops"],
        ),
        ("No removable lining. A classic case, and a camera.", []),
        ("The leather strap bag goes with the steel case.", ["a steel case"]),
    ],
)
def test_parts_are_found_in_a_description(description: str, said: list[str]) -> None:
    """What a thing has is read from its description, with the words that say what it is like, never what it lacks."""
    assert [part.part_a for part in parts_of(Product("Thing", description=description))] == said


@pytest.mark.parametrize(
    ("phrase", "thing", "things", "doing"),
    [
        ("tip over", "tips over", "tip over", "tipping over"),
        ("lose their shape", "loses their shape", "lose their shape", "losing their shape"),
        ("dry out the skin", "dries out the skin", "dry out the skin", "drying out the skin"),
        ("scratch", "scratches", "scratch", "scratching"),
        ("go stale", "goes stale", "go stale", "going stale"),
        ("be loud", "is loud", "are loud", "being loud"),
        ("have faults", "has faults", "have faults", "having faults"),
        ("wear out", "wears out", "wear out", "wearing out"),
        ("upset the stomach", "upsets the stomach", "upset the stomach", "upsetting the stomach"),
        ("crackle", "crackles", "crackle", "crackling"),
    ],
)
def test_what_goes_wrong_is_said_in_its_form(phrase: str, thing: str, things: str, doing: str) -> None:
    """`What can I do if the lamp flickers?`, `How do I keep my lamps from flickering?`."""
    assert (third_person(phrase), plural_person(phrase), gerund(phrase)) == (thing, things, doing)


def test_what_goes_wrong_can_follow_do() -> None:
    """`Does it be loud`, `will not not fit` and `does it lose their shape` are no sentences, so no trouble is so."""
    troubles = [trouble.rpartition(": ")[2] for domain in domains().values() for trouble in domain.troubles]
    assert troubles
    assert [trouble for trouble in troubles if trouble.split()[0] in {"be", "not"} or "their" in trouble] == []


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("Ridgeline Waterproof Hiking Boots", "Ridgeline Waterproof Hiking Boots"),
        ("Apple HomePod Mini Cosmic Grey", "Apple HomePod Mini"),
        ("Sports Sneakers Off White & Red", "Sports Sneakers"),
        (LONG_NAME.name, "Orbit Foldable Aluminium Laptop Stand"),
        ("Cold-Pressed Orange Carrot Juice, 250 ml", "Cold-Pressed Orange Carrot Juice"),
        ("Kestrel X2 Silicone Protective Case Slim Fit with Ring", "Kestrel X2 Silicone Protective Case Slim Fit"),
    ],
)
def test_a_product_is_spoken_of_in_few_words(name: str, spoken: str) -> None:
    """Nobody says a whole title: colour, size and what follows a comma are left out."""
    assert spoken_name(name) == spoken


def test_reply_names_its_origin_and_costs_nothing() -> None:
    """The reply says that it came from the grammar and bills no token."""
    reply = reply_for(NAME_ONLY, QueryType.PRODUCT, 1)
    assert (reply.provider, reply.model, reply.usage, reply.truncated) == ("offline", "grammar-3", Usage(), False)


def test_fields_are_used() -> None:
    """Attributes, price, brand and what the description names show up in the default number of product questions."""
    text = " ".join(ask(BOOTS, QueryType.PRODUCT, 40))
    for said in ("chestnut brown", "size", "sole thickness", "Northwold", "breathable membrane", "$129.95"):
        assert said in text


def test_market_questions_are_about_the_market() -> None:
    """Market questions speak of the kind of product, its price level and what it has."""
    questions = ask(BOOTS, QueryType.MARKET, 200)
    assert sum("hiking boots" in question.casefold() for question in questions) > 100
    assert any("under $150" in question for question in questions)
    assert any("breathable membrane" in question for question in questions)


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
        (Product(name="Alpine Skis"), "Are the Alpine Skis"),
        (Product(name="Summit Harness"), "Is the Summit Harness"),
        (Product(name="Pathfinder Portable GPS"), "Is the Pathfinder Portable GPS"),
    ],
)
def test_names_stand_in_a_grammatical_sentence(product: Product, begins: str) -> None:
    """Plural names take a plural verb, titles are quoted, and no article is doubled or put before another script."""
    assert any(question.startswith(f"{begins} ") for question in ask(product, QueryType.PRODUCT, 400))


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
        ("Kestrel X2 Silicone Case", "mobile-accessories", "phone cases"),
        ("Party Glasses", "sunglasses", "glasses"),
        ("Flexi 20 m", "Garden > Garden hoses", "garden hoses"),
        ("Zorbit", "Kitchen accessories", ""),
        ("The Book Thief", "Books", "books"),
        ("Velvet Hour", "Beauty", ""),
    ],
)
def test_kind_is_recognized(name: str, category: str, goods: str) -> None:
    """Market questions speak of a product's kind in shoppers' words, found in its name or category."""
    assert wording_of(Product(name=name, category=category)).goods == goods


@pytest.mark.parametrize(
    ("name", "category", "goods"),
    [
        ("Vinyl Laptop Skin 15 inch", "Electronics > Laptops", "laptop skins"),
        ("Carbon Fiber Skin", "Laptops", "device skins"),
        ("iPhone 15 Skin", "Smartphones", "skins"),
        ("Phone Case iPhone 13", "Smartphones", "phone cases"),
        ("Ear Pads Replacement", "Headphones", "ear pads"),
        ("Watch Band Leather 20 mm", "Watches", "watch bands"),
        ("Coffee Filter Papers", "Coffee", "coffee filter papers"),
        ("Wine Opener", "Wine", "wine openers"),
        ("Sofa Cover", "Furniture", "sofa covers"),
        ("Ski Wax", "Ski", "ski wax"),
        ("Basketball Rim", "sports-accessories", "basketball rims"),
    ],
)
@each_type
def test_what_belongs_to_a_thing_is_not_that_thing(name: str, category: str, goods: str, query_type: QueryType) -> None:
    """Nobody asks for the battery life of a laptop skin, or what a wine opener tastes like."""
    product = Product(name, category=category)
    assert wording_of(product).goods == goods
    questions = ask(product, query_type, 500)
    foreign = r"battery (?:life|last)|update|screen|calories|taste|waterproof|seat|sound quality|edge grip|movement"
    assert [question for question in questions if re.search(foreign, question.replace(name, ""))] == []


@pytest.mark.parametrize("name", ["Redmi Note 12", "ThinkPad X1 Carbon Gen 11", "Mi Pad 6"])
def test_a_fancy_name_is_of_the_kind_of_its_category(name: str) -> None:
    """A last word that is English makes no accessory of a device."""
    category = {"Redmi Note 12": "Smartphones", "Mi Pad 6": "Tablets"}.get(name, "Laptops")
    assert wording_of(Product(name, category=category)).goods == category.lower()


def test_nothing_is_feared_of_a_product_of_no_known_kind() -> None:
    """A category alone does not tell that a shaver could smudge, or that it has a waterproof version."""
    questions = ask(Product("Gel Glider", "Norva", "Beauty"), QueryType.PRODUCT, 500)
    assert len(questions) > 20
    assert [text for text in questions if re.search(r"smudge|clump|flake|fade|waterproof version", text)] == []


@pytest.mark.parametrize(
    ("name", "never", "still"),
    [
        ("Bamboo Spatula", r"\brust", r"\bsmell"),
        ("Cherry Wood Spoon", r"\b(?:rust|bend)", r"\bsmell"),
        ("Steel Spoon", r"^$", r"\brust"),
        ("Enamel Spoon", r"^$", r"\brust"),
    ],
)
def test_a_thing_is_not_feared_to_do_what_its_material_cannot(name: str, never: str, still: str) -> None:
    """Bamboo does not rust; where no material is told, all is asked."""
    texts = [text for query_type in QueryType for text in ask(Product(name), query_type, 500)]
    assert [text for text in texts if re.search(never, text)] == []
    assert [text for text in texts if re.search(still, text)]


@each_type
def test_five_questions_are_there_for_a_name_that_tells_nothing(query_type: QueryType) -> None:
    """A name alone is enough for five questions of each type, all of which name it."""
    assert len(ask(NAME_ONLY, query_type, 5)) == 5


@each_type
@pytest.mark.parametrize(("count", "spare"), [(1, 0), (5, 0), (25, 2)])
def test_no_more_is_written_than_is_needed(count: int, spare: int, query_type: QueryType) -> None:
    """Each text that is written has to be checked, so that there are few spare ones before some did not pass."""
    groups = plan(BOOTS, query_type, count)
    request = GenerationRequest(BOOTS, query_type, count, Prompt("", ""), groups=groups)
    assert count <= len(OfflineProvider().generate(request).texts) <= count + spare
    assert len(OfflineProvider().generate(replace(request, is_last=True)).texts) >= count + 5


@pytest.mark.parametrize(
    ("product", "said"),
    [
        (GIFT_CARD, "What are the fees of the Gift card 50 like?"),
        (SOFA, "What is the quality of the joints of The Slow Sunday Sofa like?"),
    ],
)
def test_what_is_looked_at_agrees_with_its_verb(product: Product, said: str) -> None:
    """Fees are, the quality of the joints is."""
    assert said in ask(product, QueryType.PRODUCT, 10_000)


def test_threads_that_begin_together_know_the_same_domains() -> None:
    """At the first calls of a run: a mascara was of no known kind while another thread read the words anew."""
    for made in (vocabulary._domains, kinds.lexicon, kinds._by_category, kinds._all_domains):
        made.cache_clear()
    start = Barrier(8)

    def written(_: int) -> set[int]:
        start.wait()
        return {id(kinds.lexicon()["mascara"].domain), id(kinds._by_category()["beauty"]), id(domains()["makeup"])}

    with ThreadPoolExecutor(8) as pool:
        assert len(set().union(*pool.map(written, range(8)))) == 1
