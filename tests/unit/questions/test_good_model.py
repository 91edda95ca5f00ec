"""The scripted model that writes well: it answers each group of a prompt with good questions, the same each time."""

from collections import Counter

import pytest

from query_generator.llm.base import GenerationRequest
from query_generator.models import Product, QueryType
from query_generator.questions.checks import Checks, standardize
from query_generator.questions.near_copies import near_duplicates
from query_generator.questions.order import Known, Order, next_request
from tests.support.good_questions import good_answer

LAMP = Product("Desk Lamp Nova", "Lumio", "Home > Lamps", "A lamp of 500 lm with a weight of 900 g.")
KETTLE = Product("电热水壶 1.7升", "净源", "小家电", "304不锈钢内胆，1800瓦快速加热。")


def request(
    product: Product, query_type: QueryType = QueryType.MARKET, known: Known | None = None
) -> GenerationRequest:
    """A request for 25 questions."""
    made = next_request(product, query_type, Order(25), known)
    assert made
    return made


def prompt(made: GenerationRequest) -> str:
    """All that the model reads."""
    return f"{made.prompt.system}\n{made.prompt.message}"


@pytest.mark.parametrize("product", [LAMP, KETTLE])
@pytest.mark.parametrize("query_type", QueryType)
def test_each_group_gets_as_many_good_questions_as_are_asked_for(product: Product, query_type: QueryType) -> None:
    """Every one passes the checks for its group, in the product's language, and none says the same as another."""
    made = request(product, query_type)
    answer = good_answer(prompt(made))
    assert {key: len(texts) for key, texts in answer.items()} == dict(
        zip((group.key for group in made.groups), made.asked, strict=True)
    )
    checks = Checks(product, query_type)
    faults = Counter(checks.fault(standardize(text), group) for group in made.groups for text in answer[group.key])
    assert set(faults) == {""}
    assert near_duplicates([text for texts in answer.values() for text in texts]) <= 1


def test_the_same_prompt_gets_the_same_answer_and_another_product_other_questions() -> None:
    """Nothing depends on the time or the process."""
    answer = good_answer(prompt(request(LAMP)))
    assert good_answer(prompt(request(LAMP))) == answer
    other = good_answer(prompt(request(Product("Desk Lamp Mira", "Lumio", "Home > Lamps"))))
    texts = {text for some in answer.values() for text in some}
    assert not texts & {text for some in other.values() for text in some}


def test_questions_that_are_there_are_not_written_again() -> None:
    """It reads the exclusions."""
    made = request(LAMP)
    first = good_answer(prompt(made))
    texts = [text for some in first.values() for text in some]
    message = prompt(made) + "\n<existing_questions>\n" + str(texts).replace("'", '"') + "\n</existing_questions>"
    again = [text for some in good_answer(message).values() for text in some]
    assert not set(texts) & set(again)


def test_mistakes_come_at_the_rate_that_is_asked_for() -> None:
    """Of a fifth, about a fifth is wrong in one of its ways; of none, none."""
    made = [request(Product(f"Lamp {number}", "Lumio"), QueryType.PRODUCT) for number in range(20)]
    good = [text for one in made for texts in good_answer(prompt(one)).values() for text in texts]
    careless = [text for one in made for texts in good_answer(prompt(one), mistakes=0.2).values() for text in texts]
    assert len(good) == len(careless)
    markup = sum(text.startswith("<b>") for text in careless) / len(careless)
    assert 0.02 < markup < 0.06
    assert not any(text.startswith("<b>") for text in good)
