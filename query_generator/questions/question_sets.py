"""Reads sets of questions: a job's result, or a list of questions from anywhere else."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from query_generator.errors import InputError, file_error
from query_generator.input.formats import InputBrokenOffError, NumberedRecord, read_records
from query_generator.input.text_window import TextWindow
from query_generator.models import Facets, Intent, Product, QueryType, Question, RejectedRecord, Stage, Style
from query_generator.one_line import one_line
from query_generator.questions.evaluate import QuestionSet

MOST_LIST_BYTES = 256 * 1024**2
"""Of a list without products, which is held in memory."""
TEXT_NAMES = ("question", "question_text", "query_text", "query", "prompt", "text")
PRODUCT_NAMES = ("product_name", "product", "name", "topic")
BRAND_NAMES = ("brand", "brand_name")
TYPE_NAMES = ("query_type", "type")
LISTS = {QueryType.PRODUCT: "product_questions", QueryType.MARKET: "market_questions"}

_COST = re.compile(r'"cost_usd"\s*:\s*([0-9.eE+-]+)')
_SHARED = re.compile(r'"shared_sets"\s*:\s*\{([^}]*\}[^}]*)*?\}')
_HEAD_END = re.compile(r'"products"\s*:\s*\[')
_STRINGS = re.compile(r'\s*\[\s*(?:"|\])')


class QuestionFile:
    """A file with sets of questions, read anew at each iteration; a result is never held in memory as a whole.

    Accepts results.json, its parts (JSON Lines), and lists of questions: a JSON array of strings; an array of objects,
    JSON Lines or CSV with a column of TEXT_NAMES and perhaps those of PRODUCT_NAMES, BRAND_NAMES and TYPE_NAMES; or
    text with a question on each line. Each also as gzip.

    Attributes:
        cost_usd: what the questions cost, where the file tells; known once it was read.
        shared_types: whose questions were bought once for several products; known once it was read.
        left_out: entries of the last reading that hold no question, by reason.

    Raises (while iterating):
        ConfigurationError, ServiceAwayError: the file cannot be opened or read.
        InputError: it cannot be read as any of these, or holds no question.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._name = one_line(path)
        self.cost_usd: float | None = None
        self.shared_types: frozenset[QueryType] = frozenset()
        self.left_out: Counter[str] = Counter()

    def __iter__(self) -> Iterator[QuestionSet]:
        self.left_out = Counter()
        found = False
        for entry in self._sets():
            if any(entry.questions.values()):
                found = True
            elif not entry.product.name:
                continue
            yield entry
        if not found:
            raise InputError(f"{self._name} holds no question; give a results.json, or a list of questions")

    def longest(self) -> dict[QueryType, int]:
        """Read the file and return the length of the longest list of each type."""
        longest = dict.fromkeys(QueryType, 0)
        for entry in self:
            for query_type, questions in entry.questions.items():
                longest[query_type] = max(longest[query_type], len(questions))
        return {query_type: length for query_type, length in longest.items() if length}

    def _sets(self) -> Iterator[QuestionSet]:
        with self._opened() as window:
            start = window.text
            if _STRINGS.match(start):
                return (yield from self._of_list(self._strings(_whole(window))))
            if not start.lstrip().startswith(("{", "[")):
                return (yield from self._of_list(self._rows(_whole(window))))
        head = _HEAD_END.search(start)
        cost = _COST.search(start, 0, head.start()) if head else None
        self.cost_usd = float(cost[1]) if cost else None
        shared = _SHARED.search(start, 0, head.start()) if head else None
        self.shared_types = frozenset(kind for kind in QueryType if shared and f'"{kind}"' in shared[0])
        with self._file() as stream:
            yield from self._of_records(read_records(stream, self._name))

    @contextmanager
    def _file(self) -> Iterator[Any]:
        try:
            with Path(self._path).open("rb") as stream:
                yield stream
        except OSError as exc:
            raise file_error(f"{self._name} cannot be read", exc, "give the path of a file with questions") from exc
        except InputBrokenOffError as exc:
            raise InputError(str(exc)) from exc

    @contextmanager
    def _opened(self) -> Iterator[TextWindow]:
        with self._file() as stream:
            yield TextWindow(stream, self._name)

    def _of_records(self, records: Iterable[NumberedRecord]) -> Iterator[QuestionSet]:
        rows: list[_Row] = []
        for _, record in records:
            if not isinstance(record, dict):
                self.left_out[record.reason if isinstance(record, RejectedRecord) else record.kind] += 1
            elif isinstance(record.get("questions"), list) or any(name in record for name in LISTS.values()):
                yield _set_of(record)
            elif row := _row_of(record):
                rows.append(row)
            else:
                self.left_out["no question"] += 1
        yield from self._of_list(rows)

    def _of_list(self, rows: Iterable["_Row"]) -> Iterator[QuestionSet]:
        """Yield one set for each product; rows without one are together the set of a product without a name."""
        sets: dict[str, tuple[Product, dict[QueryType, list[Question]]]] = {}
        for row in rows:
            product = Product(name=row.product, brand=row.brand)
            _, questions = sets.setdefault(product.key, (product, {}))
            questions.setdefault(row.query_type, []).append(Question(row.text))
        yield from (QuestionSet(product, questions) for product, questions in sets.values())

    def _strings(self, text: str) -> Iterator["_Row"]:
        try:
            entries = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise InputError(f"{self._name} is no JSON: {exc}") from exc
        for entry in entries:
            if isinstance(entry, str) and entry.strip():
                yield _Row(entry.strip())
            else:
                self.left_out["no question"] += 1

    def _rows(self, text: str) -> Iterator["_Row"]:
        """Yield the rows of a table whose header names a column of questions, else every line."""
        table = csv.DictReader(io.StringIO(text))
        names = [name.strip().lower().replace(" ", "_") for name in table.fieldnames or ()]
        if not set(names) & set(TEXT_NAMES):
            yield from (_Row(line.strip()) for line in text.splitlines() if line.strip())
            return
        table.fieldnames = names
        for cells in table:
            if row := _row_of(cells):
                yield row
            else:
                self.left_out["no question"] += 1


class _Row(NamedTuple):
    text: str
    product: str = ""
    brand: str = ""
    query_type: QueryType = QueryType.PRODUCT


def _whole(window: TextWindow) -> str:
    """Read a window to its end."""
    while not window.ended:
        if len(window.text) > MOST_LIST_BYTES:
            raise InputError(f"{window.name} is a list of more than {MOST_LIST_BYTES // 1024**2} MB; cut it")
        window.slide(0)
    if window.failure:
        raise InputError(f"{window.name} cannot be read: {window.failure}")
    return window.text


def _row_of(record: Mapping[str, Any]) -> _Row | None:
    text = _first(record, TEXT_NAMES)
    if not text:
        return None
    kind = _first(record, TYPE_NAMES)
    query_type = QueryType(kind) if kind in tuple(QueryType) else QueryType.PRODUCT
    return _Row(text, _first(record, PRODUCT_NAMES), _first(record, BRAND_NAMES), query_type)


def _first(record: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((value.strip() for name in names if isinstance(value := record.get(name), str) and value.strip()), "")


def _set_of(record: Mapping[str, Any]) -> QuestionSet:
    """Return the questions of an entry of `products` in results.json; of versions before plans the texts alone."""
    product = Product(
        name=_first(record, ("name",)), brand=_first(record, ("brand",)), category=_text(record, "category")
    )
    entries = _list(record, "questions")
    lists: dict[QueryType, list[Question]] = {query_type: [] for query_type in QueryType}
    for entry in entries:
        if isinstance(entry, dict) and (text := _text(entry, "text")):
            lists[_type(entry)].append(_question(entry, text))
    if not any(lists.values()):
        of_types = {query_type: _list(record, name) for query_type, name in LISTS.items()}
        of_types[QueryType.PRODUCT] = of_types[QueryType.PRODUCT] or entries
        for query_type, texts in of_types.items():
            lists[query_type] = [Question(text) for text in texts if isinstance(text, str) and text.strip()]
    return QuestionSet(product, lists)


def _type(entry: Mapping[str, Any]) -> QueryType:
    return QueryType.MARKET if entry.get("type") == QueryType.MARKET else QueryType.PRODUCT


def _question(entry: Mapping[str, Any], text: str) -> Question:
    grounded_in = tuple(field for field in _list(entry, "grounded_in") if isinstance(field, str))
    return Question(text, _facets(entry), locale=_text(entry, "locale"), grounded_in=grounded_in)


def _facets(entry: Mapping[str, Any]) -> Facets | None:
    """Return the facets of an entry, None if it lacks any, or has others than are known."""
    try:
        intent, stage, style = Intent(entry["intent"]), Stage(entry["stage"]), Style(entry["style"])
        return Facets(intent, stage, style, _text(entry, "persona"), bool(entry["branded"]))
    except (KeyError, ValueError):
        return None


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""


def _list(record: Mapping[str, Any], name: str) -> list[Any]:
    value = record.get(name)
    return value if isinstance(value, list) else []
