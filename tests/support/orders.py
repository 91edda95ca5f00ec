"""Orders and questions for tests that are about neither."""

from collections.abc import Iterable

from query_generator.llm.base import FIRST_PROMPT_VERSION
from query_generator.models import Question
from query_generator.questions.order import Known, Order


def plain_order(num_questions: int) -> Order:
    """An order by the first version of prompts, which asks for a plain list, at most twice."""
    return Order(num_questions, FIRST_PROMPT_VERSION, reask_limit=1)


def asked(*texts: str) -> tuple[Question, ...]:
    """Questions without anything else."""
    return tuple(map(Question, texts))


def known(texts: Iterable[str]) -> Known:
    """An item that has these questions."""
    return Known(asked(*texts))


def texts_of(questions: Iterable[Question]) -> list[str]:
    """The texts of questions."""
    return [question.text for question in questions]
