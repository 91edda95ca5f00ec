"""Stores questions as rows of `queries`, each at most once."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from query_generator.errors import SkippableError
from query_generator.models import Facets, Intent, Question, Stage, Style
from query_generator.questions.checks import query_hash
from query_generator.questions.refresh import Listed
from query_generator.store.connection_errors import not_kept
from query_generator.store.database import Database

FACETS = ("intent", "stage", "style", "persona")
BATCH_SIZE = 50  # rows
BATCH_CHARACTERS = 1_000_000  # of question texts; one longer text is a batch by itself


class Query(NamedTuple):
    """A question to be stored as a row."""

    product_id: int
    query_text: str
    query_type: str
    provider: str | None = None
    model: str | None = None
    prompt_version: str | None = None
    facets: Facets | None = None
    branded: bool | None = None
    locale: str | None = None
    grounded_in: tuple[str, ...] | None = None


class _Row(NamedTuple):
    """A query with its hash, sorted like the unique index; `position` is its index in the caller's list."""

    product_id: int
    query_type: str
    query_hash: str
    position: int
    query: Query


def save_queries_to_rds(
    queries: Sequence[tuple[int, str, str] | Query], db: Database, batch_size: int = BATCH_SIZE
) -> list[int]:
    """Bulk-insert questions in batches, one statement a batch, all in one transaction.

    A question that is already stored for its product and type is not stored again; its id is returned. Rows are sorted
    like the unique index before they are cut into batches, so that concurrent writers cannot deadlock.

    Args:
        queries: (product_id, query_text, query_type) or Query.
        db: the database; if a transaction is open, it is used.
        batch_size: rows in one INSERT, at most 50.

    Returns:
        The `query_id` of each question, in the order given, without those that a person switched off or rewrote.

    Raises:
        SkippableError: a row cannot be stored; no row of this call was.
        ConfigurationError: a row was dropped, or stored with another hash.
        ServiceAwayError: the connection is lost.
    """
    return [query_id for query_id in stored_ids(queries, db, batch_size) if query_id is not None]


def stored_ids(
    queries: Sequence[tuple[int, str, str] | Query], db: Database, batch_size: int = BATCH_SIZE
) -> list[int | None]:
    """Do the same; the id of a question that a person switched off or rewrote is None, and its row is left alone."""
    rows = sorted(
        _Row(query.product_id, query.query_type, query_hash(query.query_text), position, query)
        for position, query in enumerate(Query(*row) for row in queries)
    )
    batches = list(_batches(rows, min(batch_size, BATCH_SIZE)))
    ids: list[int | None] = [None] * len(rows)
    dormant: list[int] = []
    with db.pipelined():
        added = [db.send("queries.add", **_columns(batch)) for batch in batches]
        found = [_added_or_find(db, batch, read()) for batch, read in zip(batches, added, strict=True)]
        for batch, read in zip(batches, found, strict=True):
            for row, stored in zip(batch, read(), strict=True):
                if stored.query_id is None:
                    raise not_kept("queries")
                ids[row.position] = None if stored.is_off else stored.query_id
                if stored.is_dormant and not stored.is_off:
                    dormant.append(stored.query_id)
        if dormant:
            db.send("queries.switch_on", ids=dormant)
    return ids


def switch_off(reasons: Mapping[int, str], db: Database) -> None:
    """Switch questions off, by `query_id`, each with its reason, unless a person has rewritten them."""
    if reasons:
        db.send("queries.switch_off", ids=list(reasons), reasons=list(reasons.values()))


def save_storable_queries(
    queries: Sequence[Query], db: Database
) -> tuple[list[int | None], list[tuple[Query, SkippableError]]]:
    """Store the questions that the database accepts; find those that it refuses by halving.

    To be called in a transaction.

    Returns:
        The ids of the others in the order given, as `stored_ids` does, and the refused questions with their errors.
    """
    if not queries:
        return [], []
    try:
        with db.savepoint():
            return stored_ids(queries, db), []
    except SkippableError as exc:
        if len(queries) == 1:
            return [], [(queries[0], exc)]
    middle = len(queries) // 2
    first_ids, first_refused = save_storable_queries(queries[:middle], db)
    last_ids, last_refused = save_storable_queries(queries[middle:], db)
    return first_ids + last_ids, first_refused + last_refused


def _batches(rows: Sequence[_Row], size: int) -> Iterator[list[_Row]]:
    """Cut rows into batches of at most `size` rows and BATCH_CHARACTERS characters of text."""
    batch: list[_Row] = []
    characters = 0
    for row in rows:
        if len(batch) == size or (batch and characters + len(row.query.query_text) > BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(row)
        characters += len(row.query.query_text)
    if batch:
        yield batch


def _columns(batch: Sequence[_Row]) -> dict[str, Any]:
    return {
        "product_ids": [row.product_id for row in batch],
        "types": [row.query_type for row in batch],
        "hashes": [row.query_hash for row in batch],
        "texts": [row.query.query_text for row in batch],
        "providers": [row.query.provider for row in batch],
        "models": [row.query.model for row in batch],
        "versions": [row.query.prompt_version for row in batch],
        "facets": f"[{','.join(_facets(row.query) for row in batch)}]",
    }


def _facets(query: Query) -> str:
    return _facets_json(query.facets, query.branded, query.locale, query.grounded_in)


@lru_cache(maxsize=1024)
def _facets_json(
    facets: Facets | None, branded: bool | None, locale: str | None, grounded_in: tuple[str, ...] | None
) -> str:
    """Return the columns of what a plan says of a question as JSON; those of one group have the same."""
    of_plan = {name: getattr(facets, name, None) for name in FACETS}
    branded = branded if facets is None else facets.branded
    return json.dumps(of_plan | {"branded": branded, "locale": locale or None, "grounded_in": grounded_in})


def listed_questions(rows: Iterable[Sequence[Any]]) -> list[Listed]:
    """Return the questions of an item; a row has its id, the fields of `stored_questions`, and those of `Listed`."""
    return [
        Listed(query_id, replace(stored_question(fields), grounded_in=_fields(grounded_in)), bool(is_persons))
        for query_id, *fields, grounded_in, is_persons in rows
    ]


def _fields(grounded_in: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if grounded_in is None else tuple(grounded_in)


def stored_questions(rows: Iterable[Sequence[Any]]) -> tuple[Question, ...]:
    """Return stored questions; a row has the text, FACETS, and whether it is branded."""
    return tuple(map(stored_question, rows))


def stored_question(row: Sequence[Any]) -> Question:
    """Return a stored question, see `stored_questions`."""
    return Question(row[0], _facets_of(row), row[-1])


def _facets_of(row: Sequence[Any]) -> Facets | None:
    """Return the facets of a row, None for one that lacks any, or has others than are known."""
    _, intent, stage, style, persona, branded = row
    if branded is None:
        return None
    try:
        return Facets(Intent(intent), Stage(stage), Style(style), persona or "", branded)
    except ValueError:
        return None


def _added_or_find(db: Database, batch: Sequence[_Row], added: list[Any]) -> Callable[[], list[Any]]:
    """Return the rows of a batch: those just added, or the found ones if some existed before.

    Only a new statement can see what another writer committed while the first statement ran.
    """
    if [row.query_hash for row in added] == [row.query_hash for row in batch]:
        return lambda: added
    columns = _columns(batch)
    return db.send("queries.find", **{name: columns[name] for name in ("product_ids", "types", "hashes", "texts")})
