"""Ways to store questions. Each prepares its rows outside the clock, and returns the work and the number of rows."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from query_generator.models import Generated, Question
from query_generator.pipeline.outcomes import next_state, queries_of, with_ids
from query_generator.questions.order import Order
from query_generator.store.items import Item, Outcome
from query_generator.store.ledger import Ledger
from query_generator.store.queries import stored_ids
from tests.support.question_texts import questions

ITEMS = 40
QUESTIONS = 25
BATCH = 50
INSERT = "INSERT INTO queries (product_id, query_text, query_type, query_hash) "
UNNEST = INSERT + "SELECT * FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[]) RETURNING query_id"
Prepared = tuple[Callable[[], None], int]


class _Values(NamedTuple):
    product_id: int
    query_text: str
    query_type: str
    query_hash: str


def _row_by_row(connection: Any, ledger: Ledger, transactions: int) -> Prepared:
    rows = _values(ledger, transactions)

    def store() -> None:
        for row in rows:
            connection.execute(INSERT + "VALUES (%s, %s, %s, %s)", row)

    return store, len(rows)


def _executemany(connection: Any, ledger: Ledger, transactions: int) -> Prepared:
    rows = _values(ledger, transactions)

    def store() -> None:
        for start in range(0, len(rows), BATCH):
            with connection.transaction():
                connection.cursor().executemany(INSERT + "VALUES (%s, %s, %s, %s)", rows[start : start + BATCH])

    return store, len(rows)


def _unnest(connection: Any, ledger: Ledger, transactions: int) -> Prepared:
    rows = _values(ledger, transactions)

    def store() -> None:
        for start in range(0, len(rows), BATCH):
            with connection.transaction():
                columns = [list(column) for column in zip(*rows[start : start + BATCH], strict=True)]
                connection.execute(UNNEST, columns).fetchall()

    return store, len(rows)


def _unnest_in_large_transactions(connection: Any, ledger: Ledger, transactions: int) -> Prepared:
    rows = _values(ledger, transactions)
    size = ITEMS * QUESTIONS

    def store() -> None:
        for first in range(0, len(rows), size):
            with connection.transaction():
                for start in range(first, first + size, BATCH):
                    columns = [list(column) for column in zip(*rows[start : start + BATCH], strict=True)]
                    connection.execute(UNNEST, columns).fetchall()

    return store, len(rows)


def _job(_: Any, ledger: Ledger, transactions: int) -> Prepared:
    outcomes = [[_outcome(item) for item in items] for items in _claims(ledger, transactions)]

    def store() -> None:
        for together in outcomes:
            ledger.queue.save(together, {}, lambda: _stored(ledger, together), lambda _: None)  # noqa: B023 - called at once

    return store, transactions * ITEMS * QUESTIONS


def _copy(connection: Any, ledger: Ledger, transactions: int) -> Prepared:
    rows = _values(ledger, transactions)

    def store() -> None:
        with connection.cursor().copy(
            "COPY queries (product_id, query_text, query_type, query_hash) FROM STDIN"
        ) as copy:
            for row in rows:
                copy.write_row(row)

    return store, len(rows)


ONE_BY_ONE = "row by row"
BARE = "unnest of 50"
JOB = "the job's saving"
WAYS: dict[str, Callable[[Any, Ledger, int], Prepared]] = {
    ONE_BY_ONE: _row_by_row,
    "executemany of 50": _executemany,
    BARE: _unnest,
    "unnest of 50, 20 in a transaction": _unnest_in_large_transactions,
    JOB: _job,
    "one COPY": _copy,
}


def _stored(ledger: Ledger, outcomes: Sequence[Outcome]) -> list[Outcome]:
    ids = iter(stored_ids([query for outcome in outcomes for query in queries_of(outcome)], ledger.db))
    return [with_ids(outcome, ids, Order(QUESTIONS)) for outcome in outcomes]


def _claims(ledger: Ledger, transactions: int) -> list[list[Item]]:
    return [ledger.queue.claim(ITEMS) for _ in range(transactions)]


def _outcome(item: Item) -> Outcome:
    texts = questions(item.product.name, item.query_type, 0, QUESTIONS)
    return next_state(
        item, Generated(list(map(Question, texts)), provider="gemini", model="stand-in"), Order(QUESTIONS)
    )


def _values(ledger: Ledger, transactions: int) -> list[_Values]:
    """Make the rows that the job makes of the same items, in the same order, hashed beforehand."""
    return [
        _Values(item.product_id, text, str(item.query_type), hashlib.sha256(text.encode()).hexdigest())
        for items in _claims(ledger, transactions)
        for item in items
        for text in questions(item.product.name, item.query_type, 0, QUESTIONS)
    ]
