"""What is stored as a question, and what is dropped."""

import random
from collections import Counter

import pytest

from query_generator.questions.checks import (
    MAX_CHARACTERS,
    READ_CHARACTERS,
    accept_questions,
    comparison_key,
    query_hash,
    standardize,
)

GOOD = "Is it good for kids?"
PIECES = [
    *("is it good", "Is it", "what", "什么", "电池能用多久", "ですか", "กันน้ำไหม"),
    *("هل المنتج", "Είναι καλό", "¿Cuánto pesa"),
    *("1. ", "1.", "(2) ", "3)", "4、", "①", "Q: ", "Q1.", "a) ", "A. ", "问题1："),
    *("- ", "-", "* ", "•", "> ", "# ", "–"),
    *('"', "'", "“", "”", "«", "»", "「", "」", "**", "*", "__", "_", "`", "(", ")", "[", "]", "{", "}", "<b>", "</b>"),
    *("?", "？", "؟", "!", "！", ".", "。", "…", ";", "⁉", "‽", "??", "?!", " ", "\u3000", "\xa0", "\n", "\t", "\x00"),
    *("\ud800", "\udfff", "\u200b", "\u200d", "\ufeff", "\u202e"),
    *("½", "²", "™", "ﬁ", "ß", "İ", "é", "e\u0301", "ﾊﾞ", "👍"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("1. Is it good for kids?", GOOD),
        ("1.Is it good for kids?", GOOD),
        ("12) Is it good for kids?", GOOD),
        ("(3) Is it good for kids?", GOOD),
        ("1) 2) Is it good for kids?", GOOD),
        ("4: Is it good for kids?", GOOD),
        ("a) Is it good for kids?", GOOD),
        ("B. Is it good for kids?", GOOD),
        ("Q: Is it good for kids?", GOOD),
        ("Q12. Is it good for kids?", GOOD),
        ("Question 3: Is it good for kids?", GOOD),
        ("- Is it good for kids?", GOOD),
        ("* Is it good for kids?", GOOD),
        ("•Is it good for kids?", GOOD),
        ("– Is it good for kids?", GOOD),
        ("## Is it good for kids?", GOOD),
        ("- 1. **Is it good for kids?**", GOOD),
        ("①电池能用多久？", "电池能用多久?"),
        ("1、电池能用多久？", "电池能用多久?"),
        ("１．これは防水ですか", "これは防水ですか?"),
        ("问题1：电池能用多久？", "电池能用多久?"),
        ("1.¿Es resistente al agua?", "¿Es resistente al agua?"),
    ],
)
def test_numbering_and_bullets_go(text: str, question: str) -> None:
    """A list that the model numbered is stored without its numbers."""
    assert standardize(text) == question


@pytest.mark.parametrize(
    "question",
    [
        "3D printers: which is the best?",
        "2-in-1 laptops: are they worth it?",
        "1.5 litre or 2 litre?",
        "10 inch pans: which is best?",
        "J. Crew jeans: do they shrink?",
        "E. coli tests: are they reliable?",
        "iPhone cases: are they good?",
        "eBay or a shop: where is it cheaper?",
        "Does size 10½ run small?",
        "Does it cover 5 m² of floor?",
        "Is the Acme™ Boot good?",
        "What does № 5 smell like?",
        "กันน้ำไหม?",
        "Is it 👨‍👩‍👧 friendly?",
        "آیا این محصول ضدآب می‌شود؟",
        "¿Sirve para todo tipo de piel?",
        "Are brand name batteries worth it?",
        "Which todo app is best for students?",
        "Is X < 5 and Y > 3 for this one?",
        'Is it "good" or "bad"?',
        '"Good" or "bad": which is it?',
        "Does it fit a 40 °C room?",
        "Is C++ support included?",
    ],
)
def test_what_belongs_to_the_question_stays(question: str) -> None:
    """Names, sizes, signs and words of other languages are stored as they were written."""
    assert accept_questions([question], 1).questions == [question]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ('"Is it good for kids?"', GOOD),
        ("“Is it good for kids?”", GOOD),
        ("«Is it good for kids?»", GOOD),
        ("'Is it good for kids?'", GOOD),
        ("「これは防水ですか？」", "これは防水ですか?"),
        ("**Is it good for kids?**", GOOD),
        ("*Is it good for kids?*", GOOD),
        ("__Is it good for kids?__", GOOD),
        ("`Is it good for kids?`", GOOD),
        ('**"Is it good for kids?"**', GOOD),
        ("is it good for kids?", GOOD),
        ("  Is\tit \n good\xa0for\u3000kids ?", GOOD),
        ("Is it good for kids??", GOOD),
        ("Is it good for kids?!", GOOD),
        ("Is it good for kids!?", GOOD),
        ("Is it good for kids⁉", GOOD),
        ("Is it good for kids‽", GOOD),
        ("Is it good for kids…?", GOOD),
        ("Is it good for kids", GOOD),
        ("Is it good for kids.", GOOD),
        ("Ｉｓ　ｉｔ　ｇｏｏｄ　ｆｏｒ　ｋｉｄｓ？", GOOD),
        ("𝐈𝐬 𝐢𝐭 𝐠𝐨𝐨𝐝 𝐟𝐨𝐫 𝐤𝐢𝐝𝐬?", GOOD),
        ("Is it good\x00for\x07kids?", GOOD),
        ("Is it \ud800good for\udfff kids?", GOOD),
        ("\ufeffIs it good for\u200b\u200e kids?", GOOD),
        ("Is the cafe\u0301 blend strong?", "Is the café blend strong?"),
        ("ｶﾊﾞｰは付きますか", "カバーは付きますか?"),
        ("ﬁnd it where in town?", "Find it where in town?"),
    ],
)
def test_wrapping_and_stray_characters_go(text: str, question: str) -> None:
    """Quotes, emphasis, full-width letters, controls and doubled marks around a question cost nothing."""
    assert accept_questions([text], 1).questions == [question]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("这个产品防水吗", "这个产品防水吗?"),
        ("电池能用多久？", "电池能用多久?"),
        ("これは防水ですか。", "これは防水ですか?"),
        ("กันน้ำได้ไหม", "กันน้ำได้ไหม?"),
        ("배터리는 얼마나 오래 가나요?", "배터리는 얼마나 오래 가나요?"),
        ("هل المنتج مقاوم للماء؟", "هل المنتج مقاوم للماء؟"),
        ("هل المنتج مقاوم للماء؟\u200f", "هل المنتج مقاوم للماء؟"),
        ("¿Es resistente al agua?", "¿Es resistente al agua?"),
        ("¿Cuánto pesa el producto", "¿Cuánto pesa el producto?"),
        ("Είναι αδιάβροχο το προϊόν;", "Είναι αδιάβροχο το προϊόν?"),
        ("क्या यह जलरोधी है?", "क्या यह जलरोधी है?"),
        ("እንዴት ነው ይህ ምርት፧", "እንዴት ነው ይህ ምርት፧"),
        ("Wie schwer ist das Produkt?", "Wie schwer ist das Produkt?"),
        ("Сколько весит этот товар?", "Сколько весит этот товар?"),
    ],
)
def test_questions_of_any_language_pass(text: str, question: str) -> None:
    """A catalog in Chinese, Japanese, Thai, Arabic, Spanish, Greek or Hindi gets its questions."""
    assert accept_questions([text], 1).questions == [question]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("???", "empty"),
        ("\x00\ud800", "empty"),
        ("\u200b", "empty"),
        ("1. ", "not_a_question"),
        ("It is the best boot.", "not_a_question"),
        ("Buy it now!", "not_a_question"),
        ("这是最好的产品。", "not_a_question"),
        ("Is it good? Yes.", "not_a_question"),
        ("Is it good for kids? 👍", "not_a_question"),
        ("<b>Is it good for kids?</b>", "markup"),
        ("Is it good &amp; light?", "markup"),
        ("Is it good&nbsp;now?", "markup"),
        ("Is https://example.com the best shop?", "address"),
        ("Is [this](that) any good?", "markup"),
        ("Is it **really** any good?", "markup"),
        ('{"question": "Is it good?"', "markup"),
        ("＜b＞Is it good for kids?", "markup"),
        ("Is [Brand] any good?", "placeholder"),
        ("Is {product} any good?", "placeholder"),
        ("Is <product name> any good?", "markup"),
        ("Is <产品> any good?", "placeholder"),
        ("Is ___ any good?", "placeholder"),
        ("Is ..... any good?", "placeholder"),
        ("Is XXX any good?", "placeholder"),
        ("Is Lorem Ipsum any good?", "placeholder"),
        ("Is TBD any good, or ſmall?", "placeholder"),
        ("Is a Category Name any good?", "placeholder"),
        ("How does Brand Name compare with others?", "placeholder"),
        ("Is the product name any good?", "placeholder"),
        ("TODO: what else is there?", "placeholder"),
        ("Is undefined any good?", "placeholder"),
        ("Does N/A come in red?", "placeholder"),
        ("Why?", "too_short"),
        ("Is it?", "too_short"),
        ("Waterproof, yes?", "too_short"),
        ("好吗?", "too_short"),
        (f"Is it {'very ' * 70}good?", "too_long"),
    ],
)
def test_what_is_no_question_is_dropped_with_its_reason(text: str, reason: str) -> None:
    """Statements, slogans, markup, placeholders and stubs never reach the database, and the reason is counted."""
    accepted = accept_questions([text], 1)
    assert (accepted.questions, accepted.dropped) == ([], Counter({reason: 1}))


@pytest.mark.parametrize(
    "name",
    ["Phone Case [Pack of 2]", "Hoodie XXX Large", "Undefined Eau", "Fill-in ____ Book", "Brand Name Tags", "S**t Mug"],
)
def test_the_products_own_name_is_no_placeholder(name: str) -> None:
    """A product whose name looks like a placeholder gets its questions, but not those with real placeholders."""
    text = f"Is the {name} good for kids?"
    assert accept_questions([text], 1).questions == []
    assert accept_questions([text, f"Is {name} any better than [Competitor]?"], 2, own=f"{name} Acme").questions == [
        text
    ]


def test_the_longest_question_is_kept() -> None:
    """A question of exactly the greatest length passes, one more character does not."""
    longest = f"Is it {'a' * (MAX_CHARACTERS - 12)} good?"
    assert len(longest) == MAX_CHARACTERS
    assert accept_questions([longest], 1).questions == [longest]
    assert accept_questions([longest.replace("a", "aa", 1)], 1).dropped == Counter(too_long=1)


@pytest.mark.parametrize(
    "repeated",
    [
        "is it good for kids?",
        "IS IT GOOD FOR KIDS?",
        "Is it good, for kids?!",
        "2. Is it good for kids",
        "Ｉｓ it good for kids？",
        "“Is it good – for kids?”",
    ],
)
def test_a_question_in_other_spelling_is_a_duplicate(repeated: str) -> None:
    """Case, punctuation and spacing make no second question, neither in a reply nor beside what is stored."""
    assert accept_questions([GOOD, repeated], 5).dropped == Counter(duplicate=1)
    assert accept_questions([repeated], 5, existing=[GOOD]).dropped == Counter(duplicate=1)
    assert query_hash(repeated.removeprefix("2. ")) == query_hash(GOOD)


def test_a_question_is_recognized_whatever_other_letters_stand_in_it() -> None:
    """Plain and accented texts are folded alike, as the hashes that are stored already were."""
    plain = "".join(map(chr, range(128)))
    assert comparison_key(f"{plain} É") == f"{comparison_key(plain)} é"
    assert comparison_key("Is_it  (C++)\x1f$5 ~ OK?\x7f") == "is it c++ $5 ~ ok"


def test_other_questions_are_no_duplicates() -> None:
    """Questions that differ in a number, a sign or an accent are all kept."""
    texts = ["Is it 5.5 m long?", "Is it 55 m long?", "Is C good here?", "Is C++ good here?"]
    texts += ["Is it a pate?", "Is it a pâté?"]
    assert accept_questions(texts, 10).questions == texts


def test_what_is_more_than_wanted_is_surplus() -> None:
    """No product gets more questions than were asked for, and the first ones are kept."""
    texts = [f"Is it good for {age} year olds?" for age in range(5)]
    accepted = accept_questions([*texts, "No question."], 3)
    assert accepted.questions == texts[:3]
    assert accepted.dropped == Counter(surplus=2, not_a_question=1)


def test_a_text_that_never_ends_costs_little() -> None:
    """A model that repeats one sign until it is cut off does not hold up the job."""
    for sign in ("*", "_", "`", "1. ", '"', "(1)", "<a ", "[a", "? ", "- ", "q", "a" * 9 + " "):
        assert accept_questions([sign * (65_000 // len(sign))], 1).questions == []
    assert len(standardize("a" * 100_000)) == READ_CHARACTERS


def test_random_texts_keep_the_rules() -> None:
    """Whatever a model writes: never too many, never twice, never without a question mark, and every text counted."""
    chance = random.Random(20261122)
    for _ in range(3_000):
        texts = ["".join(chance.choices(PIECES, k=chance.randint(0, 9))) for _ in range(chance.randint(0, 8))]
        wanted = chance.randint(0, 4)
        existing = chance.choices(texts, k=2) if texts else []
        accepted = accept_questions(texts, wanted, existing)
        keys = [comparison_key(question) for question in accepted.questions]
        assert len(keys) <= wanted
        assert len(set(keys)) == len(keys)
        assert not set(keys) & {comparison_key(text) for text in existing}
        assert all(question[-1] in "?؟՞፧" and question.encode() for question in accepted.questions)
        assert len(accepted.questions) + accepted.dropped.total() == len(texts)


def test_standardizing_twice_changes_nothing() -> None:
    """A stored question that comes back from a model is recognized, since it is already in its final form."""
    chance = random.Random(7)
    for _ in range(30_000):
        once = standardize("".join(chance.choices(PIECES, k=chance.randint(0, 7))))
        assert standardize(once) == once


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Which shirts fit , if I am tall?", "Which shirts fit, if I am tall?"),
        ('Is the pan good for soups"?', "Is the pan good for soups?"),
        ('Does the TV with 55" fit?', 'Does the TV with 55" fit?'),
        ('Does "War and Peace" have maps?', 'Does "War and Peace" have maps?'),
        ("Quel est le meilleur : A ou B ?", "Quel est le meilleur : A ou B?"),
        ("How long do groceries last with : 3.99?", ""),
        ('Can I return it after "You mentioned returning the item?', ""),
    ],
)
def test_marks_that_break_off_are_tidied_or_refused(text: str, kept: str) -> None:
    """A shopper leaves no space before a comma, opens no quotation without an end, and breaks off at no colon."""
    accepted = accept_questions([text], 1)
    assert accepted.questions == ([kept] if kept else [])
    assert accepted.dropped == (Counter() if kept else Counter(markup=1))
