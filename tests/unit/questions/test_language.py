"""A question in another language than the asked one is dropped, and only where that is certain."""

import logging
from dataclasses import replace

import pytest

from query_generator.llm.base import GenerationRequest
from query_generator.llm.offline import OfflineProvider
from query_generator.models import Product, QueryType
from query_generator.questions import language
from query_generator.questions.checks import Checks, standardize
from query_generator.questions.judged import judged
from query_generator.questions.language import asked_language
from query_generator.questions.prompts import build_prompt


@pytest.mark.parametrize(
    ("locale", "languages"), [("de-CH", ("de",)), ("pt_BR", ("pt",)), ("ZH-Hant-TW", ("zh",)), ("en", ("en",))]
)
def test_the_locale_tells_the_language(locale: str, languages: tuple[str, ...]) -> None:
    """A told locale counts, whatever the product's texts are in."""
    asked = asked_language(Product("Wasserkocher", description="Ein Wasserkocher aus Glas für den Tisch."), locale)
    assert asked is not None
    assert asked.languages == languages


@pytest.mark.parametrize("product", [Product("Basmati Rice", "Sona"), Product("X-200"), Product("Kavo 4")])
def test_an_unknown_language_drops_nothing(product: Product) -> None:
    """A product of two short fields gets questions in any language."""
    for text in ("Wie lange muss der Reis kochen?", "How long does the rice cook?", "米饭要煮多久才好吃?"):
        assert Checks(product, QueryType.MARKET).fault(text) == ""


def test_a_product_in_two_languages_may_be_asked_about_in_both() -> None:
    """A Chinese name with an English description: both languages are those of the product's texts."""
    product = Product("无线降噪耳机", "声悦", description="Wireless headphones with noise cancelling and a hard case.")
    assert Checks(product, QueryType.PRODUCT).fault("这副耳机戴着眼镜舒服吗?") == ""
    assert Checks(product, QueryType.PRODUCT).fault("Are the headphones comfortable with glasses?") == ""
    assert Checks(product, QueryType.PRODUCT).fault("Sind die Kopfhörer mit Brille bequem?") == "wrong_language"


def test_a_name_in_another_script_is_no_other_language() -> None:
    """English questions about a product with a Chinese name are English."""
    checks = Checks(Product("无线降噪耳机 X3", "声悦"), QueryType.PRODUCT, locale="en")
    assert checks.fault("Is 无线降噪耳机 X3 good for calls?") == ""


def test_without_a_model_only_what_is_plain_is_dropped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the model is not installed the job goes on, says so once, and scripts still tell."""
    language._model.cache_clear()
    monkeypatch.setattr(language, "find_spec", lambda _: None)
    checks = Checks(Product("Boot", "Daybird"), QueryType.PRODUCT, locale="en")
    with caplog.at_level(logging.WARNING):
        assert checks.fault("Ist der Stiefel im Winter warm genug?") == ""
        assert checks.fault("Тепло ли зимой в этих ботинках?") == "wrong_language"
        assert checks.fault("Wie schwer ist der Stiefel wirklich?") == ""
    assert caplog.text.count("No language model is installed") == 1
    language._model.cache_clear()


def test_a_provider_of_one_language_is_held_against_that_language() -> None:
    """The grammar writes English about a name in Latin letters, and such questions are kept."""
    product = Product("Yunling Oolong Tea", "Yunling", description="高山乌龙茶，香气清高，回甘持久。")
    request = GenerationRequest(product, QueryType.PRODUCT, 10, build_prompt(product, QueryType.PRODUCT, 10), ())
    reply = OfflineProvider().generate(request)
    assert judged(request, reply).verdict.questions
    assert judged(request, replace(reply, locale="")).verdict.dropped["wrong_language"]


@pytest.mark.parametrize(
    ("locale", "question"),
    [
        ("zh-CN", "iPhone 15 Pro Max和Samsung Galaxy S24 Ultra哪个好？"),
        ("ja-JP", "iPhone 15 Pro MaxとGalaxy S24 Ultraの違いは？"),
        ("ko-KR", "iPhone 15 Pro Max랑 Galaxy S24 Ultra 중 뭐가 나아요?"),
        ("ar-SA", "أيهما أفضل iPhone 15 Pro Max أم Samsung Galaxy S24 Ultra؟"),
        ("hi-IN", "iPhone 15 Pro Max या Samsung Galaxy S24 Ultra?"),
        ("th-TH", "iPhone 15 Pro Max กับ Samsung Galaxy S24 Ultra อันไหนดี"),
        ("el-GR", "Samsung Galaxy S24 Ultra ή iPhone 15 Pro Max;"),
        ("yue-HK", "跑步用邊隻耳機好呀？"),
        ("cmn-Hans", "跑步用哪款耳机好？"),
        ("tg-TJ", "Кадом гӯшмонак барои давидан беҳтар аст?"),
        ("bho", "दउड़े खातिर कवन हेडफोन बढ़िया बा?"),
        ("uz", "Югуриш учун қайси қулоқчин яхши?"),
    ],
)
def test_names_in_latin_letters_and_rarer_languages_are_kept(locale: str, question: str) -> None:
    """Two long Latin names are no English, and a language that few shops speak has its script."""
    checks = Checks(Product("Phone X", "Acme"), QueryType.MARKET, locale=locale)
    assert checks.fault(standardize(question)) == ""


@pytest.mark.parametrize("locale", ["zh", "ko", "ar", "hi", "th", "ru"])
def test_a_sentence_in_latin_letters_is_not_kept_for_its_names(locale: str) -> None:
    """Nor for a word in the right script within it."""
    checks = Checks(Product("Phone X", "Acme"), QueryType.MARKET, locale=locale)
    assert checks.fault("Which Samsung Galaxy phone should I buy today?") == "wrong_language"
    assert checks.fault("Should I buy the Galaxy S24 Ultra 갤럭시 now or wait?") == "wrong_language"


@pytest.mark.parametrize(
    ("locale", "question"),
    [
        ("zh", "如果不是的话可以退货吗?"),
        ("zh", "是的士司机用的手机支架吗?"),
        ("ko", "우리 동네, 오르막이 많은데 전기자전거 괜찮을까요?"),
    ],
)
def test_a_yes_within_a_word_answers_nothing(locale: str, question: str) -> None:
    """ "If not so" in Chinese and "neighbourhood" in Korean end as an answer begins."""
    assert Checks(Product("Phone X", "Acme"), QueryType.MARKET, locale=locale).fault(question) == ""


@pytest.mark.parametrize(
    "product",
    [
        Product("Samsung Galaxy Tab S8 Plus Grey", "Samsung"),
        Product("New DELL XPS 13 9300 Laptop", category="laptops"),
        Product("Stormbreaker Waterproof Jacket"),
        Product("iPhone 6", "Apple", "smartphones", attributes=(("tags", "smartphones, apple"),)),
        Product("Calvin Klein Heel Shoes", category="womens-shoes", attributes=(("tags", "footwear, heel shoes"),)),
        Product("Cumulus Cap Black", "Nimbus", "Shirts", attributes=(("color", "Black"), ("fabric", "cotton"))),
        Product("Powder Canister", "Velvet Touch", "beauty", attributes=(("tags", "beauty, face powder"),)),
    ],
)
def test_names_alone_make_no_english_question_wrong(product: Product) -> None:
    """Without a sentence of the product's no language is certain: each reply in English would be paid for in vain."""
    for question in ("Does it keep its colour after a year of use?", "Which one is good for a small flat?"):
        assert Checks(product, QueryType.PRODUCT).fault(question) != "wrong_language"


@pytest.mark.parametrize(
    "product",
    [
        Product("Schreibtischlampe schwarz aus Metall"),
        Product("Lampe de bureau en métal pour enfants"),
        Product("Kaffeemaschine mit Mahlwerk und Milchaufschäumer"),
        Product("Lampe", description="Une lampe de bureau avec trois niveaux de lumière."),
    ],
)
def test_words_such_as_with_and_for_tell_the_language_of_a_title(product: Product) -> None:
    """Then an English question is in another language."""
    question = "Does the brightness stay the same after a year of daily use?"
    assert Checks(product, QueryType.PRODUCT).fault(question) == "wrong_language"
