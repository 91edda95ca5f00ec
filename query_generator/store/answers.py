"""The stored questions of a job, item by item, to fill the cache from."""

from collections.abc import Iterator
from typing import Any

from query_generator.store.database import Database

PAGE_SIZE = 500  # items


def answers_of(db: Database, job_id: str, prompt_version: str) -> Iterator[Any]:
    """Read the succeeded items of a job by keyset pages, in the order of the input.

    Returns:
        Rows with `product_id`, `query_type`, the columns that `store.canonical.stored_product` reads, `provider`,
        `model`, `prompt_tokens`, `output_tokens`, `questions` (in order, as `store.queries.stored_questions` reads
        them), and `current`: whether any of them has this prompt version.
    """
    after = (-1, -1, "")
    while rows := db.rows(
        "cache.answers",
        job_id=job_id,
        prompt_version=prompt_version,
        position=after[0],
        product_id=after[1],
        query_type=after[2],
        size=PAGE_SIZE,
    ):
        yield from rows
        after = (rows[-1].position, rows[-1].product_id, rows[-1].query_type)
