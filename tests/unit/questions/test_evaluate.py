"""The figures of an evaluation: each counts what it says, and none is made up where a set cannot tell it."""

from collections.abc import Mapping

import pytest

from query_generator.models import Facets, Intent, Product, QueryType, Question, SlotGroup, Stage, Style
from query_generator.questions.evaluate import KEYS, SHARES, Evaluation, Figures, Lengths, QuestionSet
from query_generator.questions.plan import plan

BOOT = Product("Trail Boot", "Daybird", "Shoes", attributes=(("Weight", "450 g"), ("Colour", "green")))
UNBRANDED = Facets(Intent.CHOOSE, Stage.EXPLORE, Style.PLAIN, "hiker", branded=False)
BRANDED = Facets(Intent.TRUST, Stage.DECIDE, Style.PLAIN, "hiker", branded=True)


def a_set(
    product: Product = BOOT,
    of_product: tuple[str, ...] = (),
    market: tuple[str, ...] = (),
    fields: Product | None = None,
) -> QuestionSet:
    """A product's questions as plain texts."""
    lists = {QueryType.PRODUCT: of_product, QueryType.MARKET: market}
    return QuestionSet(product, {kind: [Question(text) for text in texts] for kind, texts in lists.items()}, fields)


def figures(
    *sets: QuestionSet, wanted: Mapping[QueryType, int] | None = None, cost_usd: float | None = None
) -> Figures:
    """Evaluate some sets."""
    evaluation = Evaluation(wanted or {}, cost_usd)
    for entry in sets:
        evaluation.add(entry)
    return evaluation.figures()


def test_every_figure_is_there_and_shares_are_shares() -> None:
    """All keys are given, in their order, whatever the set is; shares are 0 to 1."""
    told = figures(a_set(of_product=("Is it waterproof?", "How heavy is it?"), market=("Which boots last longest?",)))
    assert tuple(told) == KEYS
    assert tuple(figures()) == KEYS
    assert all(0 <= value <= 1 for key in SHARES if (value := told[key]) is not None)


def test_what_a_set_cannot_tell_is_none_and_not_zero() -> None:
    """Of a plain list without products, names, plan and cost, nothing is claimed that depends on them."""
    told = figures(a_set(Product(""), ("Is it waterproof?", "What does it weigh?")))
    unknown = {key for key, value in told.items() if value is None}
    assert unknown == {
        *("products", "short_lists", "same_with_name_swapped", "brand_leaks", "market_naming", "contradictions"),
        *("ungrounded", "facet_coverage", "cost_per_question", "mean_cosine"),
    }


def test_short_lists_are_those_with_fewer_questions_than_wanted() -> None:
    """A list is one product's questions of one type."""
    wanted = {QueryType.PRODUCT: 2, QueryType.MARKET: 1}
    full = a_set(of_product=("Is it light?", "Is it warm?"), market=("Which boots are best?",))
    short = a_set(Product("Boot 2"), ("Is it light?",), ())
    assert figures(full, short, wanted=wanted)["short_lists"] == 2


def test_exact_duplicates_differ_in_case_and_marks_alone() -> None:
    """One of four is there twice; the same text in another list is no duplicate."""
    told = figures(a_set(of_product=("Is it light?", "is it  LIGHT", "Is it warm?"), market=("Is it light?",)))
    assert told["exact_duplicates"] == 0.25


def test_near_duplicates_count_what_says_the_same_in_other_words() -> None:
    """A rephrasing counts; another amount does not."""
    told = figures(
        a_set(of_product=("Is the boot waterproof?", "Is this boot really waterproof?", "Does it fit 500 ml?"))
    )
    assert told["near_duplicates"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures(a_set(of_product=("Does it hold 250 ml?", "Does it hold 500 ml?")))["near_duplicates"] == 0


def test_the_same_question_with_the_name_swapped_is_found_across_products() -> None:
    """Two of four questions are the same but for the name."""
    told = figures(
        a_set(Product("Trail Boot"), ("Does the Trail Boot run small?", "Is leather better for hiking?")),
        a_set(Product("Moss Tent"), ("Does the Moss Tent run small?", "Which pole material lasts?")),
    )
    assert told["same_with_name_swapped"] == 0.5


def test_brand_leaks_are_counted_among_unbranded_market_questions() -> None:
    """A branded question may name the brand; `market_naming` counts all."""
    questions = [
        Question("Which boots last longest?", UNBRANDED),
        Question("Is Daybird any good?", UNBRANDED),
        Question("Is Daybird worth it?", BRANDED),
    ]
    told = figures(QuestionSet(BOOT, {QueryType.MARKET: questions}))
    assert told["brand_leaks"] == 0.5
    assert told["market_naming"] == pytest.approx(2 / 3, abs=1e-4)


def test_contradictions_need_the_fields_of_the_catalog() -> None:
    """A weight that the product does not have is found once its fields are known."""
    texts = ("Why does the Trail Boot weigh 900 g?", "Is the Trail Boot warm enough for snow?")
    assert figures(a_set(of_product=texts))["contradictions"] is None
    assert figures(a_set(of_product=texts, fields=BOOT))["contradictions"] == 0.5


def test_ungrounded_is_the_share_that_no_field_grounds() -> None:
    """Questions that tell no grounding at all are not called ungrounded."""
    grounded = [Question("How heavy is it?", grounded_in=("Weight",)), Question("Is it warm?")]
    assert figures(QuestionSet(BOOT, {QueryType.PRODUCT: grounded}))["ungrounded"] == 0.5
    assert figures(QuestionSet(BOOT, {QueryType.PRODUCT: grounded[1:]}))["ungrounded"] is None


@pytest.mark.parametrize("version", ["2", "3"])
def test_facet_coverage_is_the_share_of_the_plan_that_is_there(version: str) -> None:
    """All slots filled give 1; a question too many of one group fills no slot of another, nor one off its style.

    Also of a job that began when plans were drawn in another way.
    """
    groups = plan(BOOT, QueryType.MARKET, 8, version=version)
    opening = {Style.CONVERSATIONAL: "I walk a lot. "}
    every = [
        Question(f"{opening.get(group.facets.style, '')}Which is it, {n}?", group.facets)
        for group in groups
        for n in range(group.count)
    ]
    wanted = {QueryType.MARKET: 8}
    assert figures(QuestionSet(BOOT, {QueryType.MARKET: every}), wanted=wanted)["facet_coverage"] == 1.0
    plain = next(group for group in groups if group.facets.style is Style.PLAIN)
    one_group = [Question(f"Which is it, {n}?", plain.facets) for n in range(8)]
    told = figures(QuestionSet(BOOT, {QueryType.MARKET: one_group}), wanted=wanted)
    assert told["facet_coverage"] == plain.count / 8
    off_style = [Question(f"I walk a lot. Which is it, {n}?", plain.facets) for n in range(8)]
    assert figures(QuestionSet(BOOT, {QueryType.MARKET: off_style}), wanted=wanted)["facet_coverage"] == 0


def test_a_job_with_a_plan_of_its_own_is_held_to_that() -> None:
    """The plan may be another than the shipped one."""
    evaluation = Evaluation({QueryType.MARKET: 2}, plans_of=lambda *_: [[SlotGroup("choose", UNBRANDED, 2)]])
    evaluation.add(QuestionSet(BOOT, {QueryType.MARKET: [Question("Which boots last?", UNBRANDED)]}))
    assert evaluation.figures()["facet_coverage"] == 0.5


def test_cost_per_question() -> None:
    """US dollars by accepted questions."""
    assert figures(a_set(of_product=("Is it light?", "Is it warm?")), cost_usd=0.01)["cost_per_question"] == 0.005


def test_question_share_knows_the_marks_of_other_scripts() -> None:
    """Arabic, Chinese and Armenian questions end as questions; a statement does not."""
    texts = ("هل هو مقاوم للماء؟", "防水吗？", "It is waterproof.", "Is it light?")
    assert figures(a_set(of_product=texts))["question_share"] == 0.75


def test_sets_of_different_size_can_be_compared_at_the_lesser_length() -> None:
    """Figures that depend on the amount of text can be had at a smaller one, and are then those of the smaller set."""
    texts = tuple(f"Is part {number} of the kit made of material {number * 7}?" for number in range(24))
    small, large = Evaluation({}), Evaluation({})
    small.add(a_set(of_product=texts[:8]))
    large.add(a_set(of_product=texts))
    lengths = small.lengths()
    assert lengths.texts == 8
    for key in ("distinct_2", "self_bleu", "compression_ratio"):
        assert large.figures(lengths)[key] == small.figures()[key]
    assert large.figures()["distinct_2"] != small.figures()["distinct_2"]
    assert large.lengths() > Lengths(0, 0)


def test_samples_do_not_depend_on_the_order_of_the_products() -> None:
    """The same 150 products in another order, as array children give them, have the same figures of variety."""
    sets = [
        a_set(Product(f"Boot {n}"), (f"Is sole {n} of Boot {n} soft?", f"How warm is lining {n * 3}?"))
        for n in range(150)
    ]
    forward, backward = figures(*sets), figures(*reversed(sets))
    assert forward == backward
