"""`evaluate` as it is typed: what it reads, prints and ends with."""

import gzip
import json
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from batch_job import main
from query_generator.errors import ExitCode, InputError
from query_generator.models import QueryType
from query_generator.questions.evaluate import Evaluation
from query_generator.questions.question_sets import QuestionFile


def entry(number: int, **more: Any) -> dict[str, Any]:
    """An entry of `products` in results.json."""
    name = f"Trail Boot {number}"
    texts = {
        "product": [f"Is the {name} warm?", f"Does the {name} run small?"],
        "market": ["Which boots last longest?"],
    }
    facets = {"intent": "choose", "stage": "explore", "style": "plain", "persona": "hiker", "branded": False}
    questions = [
        {"query_id": 1, "type": kind, "text": text, **facets, "locale": "en", "grounded_in": ["weight"]}
        for kind, some in texts.items()
        for text in some
    ]
    return {
        "product_id": number, "product_key": f"acme|{name}", "name": name, "brand": "Acme", "category": "Shoes",
        "product_questions": texts["product"], "market_questions": texts["market"], "error": None,
        "questions": questions, **more,
    }  # fmt: skip


def result(entries: Iterable[dict[str, Any]], cost: float | None = 0.06) -> dict[str, Any]:
    """A results.json."""
    stats = {"total_queries_generated": 6, "llm": {"total_requests": 2, "cost_usd": cost}}
    errors = [{"product_key": "acme|x", "stage": "input", "reason": "no name"}]
    return {"job_id": "j", "status": "completed", "execution_stats": stats, "products": list(entries), "errors": errors}


def written(folder: Path, text: str | bytes, name: str = "questions.txt") -> str:
    """Write a file; returns its path."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def texts_of(path: str) -> dict[tuple[str, QueryType], list[str]]:
    """Read a file of questions."""
    return {
        (found.product.name, query_type): [question.text for question in questions]
        for found in QuestionFile(path)
        for query_type, questions in found.questions.items()
        if questions
    }


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("packed", [False, True])
def test_a_result_is_read_with_its_facets_and_cost(tmp_path: Path, indent: int | None, packed: bool) -> None:
    """Spread over lines or on one line, plain or as gzip."""
    text = json.dumps(result([entry(1), entry(2)]), indent=indent).encode()
    file = QuestionFile(written(tmp_path, gzip.compress(text) if packed else text))
    first, second = file
    assert (first.product.brand, first.product.category, second.product.name) == ("Acme", "Shoes", "Trail Boot 2")
    (question,) = first.questions[QueryType.MARKET]
    assert question.facets
    assert (question.text, question.facets.persona, question.grounded_in) == (
        "Which boots last longest?", "hiker", ("weight",),
    )  # fmt: skip
    assert file.cost_usd == 0.06
    assert file.longest() == {QueryType.PRODUCT: 2, QueryType.MARKET: 1}


def test_a_result_of_before_plans_is_read(tmp_path: Path) -> None:
    """Its entries have the texts alone, and the cost may be unknown."""
    old = entry(1)
    del old["questions"]
    file = QuestionFile(written(tmp_path, json.dumps(result([old], cost=None))))
    (found,) = file
    assert [question.facets for question in found.questions[QueryType.PRODUCT]] == [None, None]
    assert file.cost_usd is None


def test_questions_that_are_shared_on_purpose_are_not_the_same_with_the_name_swapped(tmp_path: Path) -> None:
    """Where the result says that a category's questions were bought once, they do not hide what is alike by chance."""
    entries = [entry(1), entry(2)]
    for number, found in enumerate(entries):
        for question, words in zip(found["questions"], ("warm dry", "small wide"), strict=False):
            question["text"] = f"Is it {words.split()[number]} in cold rain?"
    document = result(entries)
    assert _swapped(tmp_path, document) == round(2 / 6, 4)
    document["execution_stats"]["shared_sets"] = {"market": {"sets": 1, "calls": 1, "items": 2, "questions": 2}}
    assert _swapped(tmp_path, document) == 0.0


def _swapped(folder: Path, document: dict[str, Any]) -> float | int | None:
    file = QuestionFile(written(folder, json.dumps(document)))
    sets = list(file)
    evaluation = Evaluation({}, shared_types=file.shared_types)
    for found in sets:
        evaluation.add(found)
    return evaluation.figures()["same_with_name_swapped"]


@pytest.mark.parametrize(
    "text",
    [
        '["Is it warm?", "Is it light?"]',
        "Is it warm?\nIs it light?\n\n",
        '[{"question": "Is it warm?"}, {"question": "Is it light?"}]',
        '{"query_text": "Is it warm?"}\n{"query_text": "Is it light?"}\n',
        '\ufeffid,Question\n1,Is it warm?\n2,"Is it light?"\n',
    ],
)
def test_a_plain_list_of_another_tool_is_read(tmp_path: Path, text: str) -> None:
    """As JSON texts, lines, JSON objects, JSON Lines or CSV; without products they are one set."""
    assert texts_of(written(tmp_path, text)) == {("", QueryType.PRODUCT): ["Is it warm?", "Is it light?"]}


def test_columns_for_product_brand_and_type_are_used(tmp_path: Path) -> None:
    """Rows are grouped by product, wherever they stand; commas and line breaks in a cell of CSV are part of it."""
    table = 'product,brand,type,question\nBoot,Acme,product,"Is it warm,\nand dry?"\nTent,,market,Which tents last?\n'
    table += "Boot,Acme,market,Which boots last?\n"
    assert texts_of(written(tmp_path, table)) == {
        ("Boot", QueryType.PRODUCT): ["Is it warm,\nand dry?"],
        ("Boot", QueryType.MARKET): ["Which boots last?"],
        ("Tent", QueryType.MARKET): ["Which tents last?"],
    }


@pytest.mark.parametrize(
    "text",
    ["", "[]", "[1, null]", '{"products": [], "errors": []}', '["Is it', '{"a": 1}', b"\xff\xfe\x00", "[" * 100_000],
)
def test_a_file_without_questions_is_refused_in_words(tmp_path: Path, text: str | bytes) -> None:
    """Nothing is evaluated as if it were an empty set."""
    with pytest.raises(InputError):
        list(QuestionFile(written(tmp_path, text)))


def test_what_is_left_out_is_counted_by_its_reason(tmp_path: Path) -> None:
    """Entries that hold no question are no questions, and are not passed over in silence."""
    file = QuestionFile(written(tmp_path, '[{"question": "Is it warm?"}, 3, {"note": "x"}]'))
    assert len(list(file)) == 1
    assert file.left_out.total() == 2


def test_memory_does_not_grow_with_a_result(tmp_path: Path) -> None:
    """A result of 20 MB is read in less than 5 MB."""
    padding = "x" * 2000
    lines = ",\n".join(json.dumps(entry(number, note=padding)) for number in range(6000))
    path = written(tmp_path, f'{{"job_id": "j",\n"products": [\n{lines}\n], "errors": []}}\n')
    assert Path(path).stat().st_size > 15_000_000
    tracemalloc.start()
    count = sum(1 for _ in QuestionFile(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 6000
    assert peak < 5_000_000


def test_the_figures_are_printed_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is the object alone."""
    path = written(tmp_path, json.dumps(result([entry(1), entry(2)])))
    assert main(["evaluate", path, "--json"]) == ExitCode.SUCCEEDED
    figures = json.loads(capsys.readouterr().out)
    assert (figures["products"], figures["questions"], figures["cost_per_question"]) == (2, 6, 0.01)
    assert figures["same_with_name_swapped"] == 1.0


def test_a_gate_ends_with_65_and_says_what_was_passed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Several thresholds may follow; the figures are printed all the same."""
    path = written(tmp_path, json.dumps(result([entry(1), entry(2)])))
    gate = ["--fail-over", "same_with_name_swapped=0.3", "exact_duplicates=0"]
    assert main(["evaluate", path, *gate]) == ExitCode.FINISHED_WITH_ERRORS
    told = capsys.readouterr()
    assert "same_with_name_swapped is 1, more than 0.3" in told.err
    assert "exact_duplicates" in told.out
    assert main(["evaluate", path, "--fail-over", "exact_duplicates=0"]) == ExitCode.SUCCEEDED


@pytest.mark.parametrize(
    "words", [["--fail-over", "beauty=1"], ["--fail-over", "contradictions=0"], ["--products-file", "none.json"]]
)
def test_a_wrong_key_or_file_ends_with_64(tmp_path: Path, words: list[str]) -> None:
    """As does a threshold on a figure that these questions cannot tell."""
    path = written(tmp_path, '["Is it warm?"]')
    assert main(["evaluate", path, *words]) == ExitCode.BAD_CONFIGURATION
    assert main(["evaluate", str(tmp_path / "none.json")]) == ExitCode.BAD_CONFIGURATION
    assert main(["evaluate", str(tmp_path)]) == ExitCode.BAD_CONFIGURATION


def test_two_files_stand_side_by_side_and_in_the_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A job's result against the list of another tool."""
    ours = written(tmp_path, json.dumps(result([entry(1), entry(2)])), "ours.json")
    theirs = written(tmp_path, "Is it warm?\nIs it warm?\n", "theirs.txt")
    svg = tmp_path / "figures.svg"
    assert main(["evaluate", ours, theirs, "--json", "--plot", str(svg)]) == ExitCode.SUCCEEDED
    figures = json.loads(capsys.readouterr().out)
    assert (figures[ours]["exact_duplicates"], figures[theirs]["exact_duplicates"]) == (0.0, 0.5)
    assert "theirs.txt" in svg.read_text()


def test_the_catalog_tells_contradictions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Products are found by brand and name, in whatever order the catalog has them."""
    catalog = [
        {"name": f"Trail Boot {number}", "brand": "Acme", "attributes": {"Weight": "450 g"}} for number in (3, 2, 1)
    ]
    wrong = entry(1, questions=[], product_questions=["Why does the Trail Boot 1 weigh 900 g?"], market_questions=[])
    path = written(tmp_path, json.dumps(result([wrong, entry(2)])), "results.json")
    words = ["evaluate", path, "--products-file", written(tmp_path, json.dumps(catalog), "catalog.json"), "--json"]
    assert main(words) == ExitCode.SUCCEEDED
    assert json.loads(capsys.readouterr().out)["contradictions"] == 0.25


def test_meaning_is_told_only_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--embeddings` adds mean_cosine; without it the figure is not known, and cannot be held to a limit."""
    path = written(tmp_path, json.dumps(result([entry(1), entry(2)])), "results.json")
    assert main(["evaluate", path, "--json"]) == ExitCode.SUCCEEDED
    assert json.loads(capsys.readouterr().out)["mean_cosine"] is None
    assert main(["evaluate", path, "--json", "--embeddings", "--fail-over", "mean_cosine=0.01"]) == 65
    assert 0 < json.loads(capsys.readouterr().out)["mean_cosine"] < 1
    assert main(["evaluate", path, "--fail-over", "mean_cosine=0.9"]) == ExitCode.BAD_CONFIGURATION
