"""Brands that the catalog shows only after a question was accepted."""

from typing import Any

from query_generator.report.late_brands import LateBrands


def entry(*texts: str, branded: bool = False, stage: str = "explore", kind: str = "market") -> dict[str, Any]:
    """A product of a result with questions of one kind."""
    questions = [{"type": kind, "text": text, "branded": branded, "stage": stage} for text in texts]
    return {"name": "Ridge Boot", "brand": "Daybird", "category": "Boots", "questions": questions}


def test_open_questions_that_name_another_brand_are_counted() -> None:
    """Those of a shopper who knows no brand yet; the own one is another rule's."""
    late = LateBrands(["Daybird", "Stonepath"])
    late.look_at(entry("Are Stonepath boots good?", "Which boots are good?"))
    late.look_at(entry("Is Daybird better than Stonepath?", branded=True))
    late.look_at(entry("Are Stonepath boots good?", stage="compare"))
    late.look_at(entry("Does it beat Stonepath boots?", kind="product"))
    assert late.count == 1


def test_a_result_that_is_made_twice_counts_once() -> None:
    """Writing may have to begin again."""
    late = LateBrands(["Stonepath"])
    for _ in range(2):
        late.begins()
        late.look_at(entry("Are Stonepath boots good?"))
    assert late.count == 1
