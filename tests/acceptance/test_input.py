"""Catalogs of every kind through the command line: the good is kept, the bad is named."""

import gzip
import io
import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.conftest import Ended, run_command


def excel_of(rows: list[tuple[str, ...]]) -> bytes:
    book, file = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("Catalog")
    for row in rows:
        sheet.append(row)
    book.save(file)
    return file.getvalue()


GOOD = [{"name": "Trail Boot", "brand": "Daybird"}, {"name": "Rain Cape", "brand": "Daybird"}]


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """A folder for local mode."""
    return tmp_path / "local"


def run_local(local: Path, *arguments: str, stdin: str = "", **variables: str) -> Ended:
    return run_command(
        "--local", str(local), "--job-id", "job", "--num-questions", "3", *arguments, env=variables, stdin=stdin
    )


def result(local: Path) -> dict[str, list[dict[str, str]]]:
    document: dict[str, list[dict[str, str]]] = json.loads((local / "query/job/results.json").read_bytes())
    return document


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("array.json", json.dumps(GOOD).encode()),
        ("object.json", json.dumps({"total": 2, "products": GOOD}).encode()),
        ("answer.json", json.dumps({"data": {"list": {"edges": [{"node": item} for item in GOOD]}}}).encode()),
        ("by_id.json", json.dumps({f"id {number}": item for number, item in enumerate(GOOD)}).encode()),
        ("lines.jsonl", b"\xef\xbb\xbf" + "\r\n".join(map(json.dumps, GOOD)).encode()),
        ("concatenated.json", "".join(json.dumps(product, indent=1) for product in GOOD).encode()),
        ("table.csv", b'Name,Brand,Note\r\n"Trail Boot",Daybird,"two\nlines"\r\nRain Cape,Daybird,\r\n'),
        (
            "feed.xml",
            b'<rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>'
            b"<item><g:title>Trail Boot</g:title><g:brand>Daybird</g:brand></item>"
            b"<item><title>Rain Cape</title><g:brand>Daybird</g:brand></item></channel></rss>",
        ),
        ("book.xlsx", excel_of([("Name", "Brand"), ("Trail Boot", "Daybird"), ("Rain Cape", "Daybird")])),
        ("array.json.gz", gzip.compress(json.dumps(GOOD).encode(), mtime=0)),
        ("misnamed.txt", gzip.compress(b"name;brand\nTrail Boot;Daybird\nRain Cape;Daybird\n", mtime=0)),
    ],
)
def test_every_format_gives_the_same_products(local: Path, tmp_path: Path, name: str, content: bytes) -> None:
    """Array, object, answer of a service, lines, concatenated, CSV, gzip: told by content, the same two come out."""
    (tmp_path / name).write_bytes(content)
    ended = run_local(local, "--products-file", str(tmp_path / name))
    assert ended.code == 0, ended.log
    assert [(product["name"], product["brand"]) for product in result(local)["products"]] == [
        ("Trail Boot", "Daybird"),
        ("Rain Cape", "Daybird"),
    ]


def test_bad_records_are_named_and_the_good_ones_go_on(local: Path, tmp_path: Path) -> None:
    """Each bad record is rejected with position, field and reason; the job ends 65 with all questions of the rest."""
    lines = [
        json.dumps(GOOD[0]),
        '{"brand": "no name"}',
        '{"name": "broken',
        '{"name": ["a", "list"]}',
        '{"name": "nul \\u0000"}',
        "[" * 100_000,
        json.dumps(GOOD[1]),
    ]
    (tmp_path / "dirty.jsonl").write_text("\n".join(lines))
    ended = run_local(local, "--products-file", str(tmp_path / "dirty.jsonl"))
    assert ended.code == 65, ended.log
    assert "Traceback" not in ended.log
    assert [product["name"] for product in result(local)["products"]] == ["Trail Boot", "Rain Cape"]
    reasons = [error["reason"] for error in result(local)["errors"]]
    assert [reason.partition(":")[0] for reason in reasons] == [f"record {number}" for number in range(2, 7)]
    assert "'name'" in reasons[0]
    assert all(reason in ended.log for reason in reasons)


def test_input_that_breaks_off_keeps_what_came_before(local: Path, tmp_path: Path) -> None:
    """A file that was cut short: its whole records are done, the place is named, exit 65."""
    (tmp_path / "cut.json").write_text(json.dumps(GOOD)[:-20])
    ended = run_local(local, "--products-file", str(tmp_path / "cut.json"))
    assert ended.code == 65, ended.log
    assert [product["name"] for product in result(local)["products"]] == ["Trail Boot"]
    assert "byte" in result(local)["errors"][0]["reason"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "   \n",
        "[]",
        '{"products": []}',
        "null",
        "hello there",
        "<html></html>",
        '[{"sku": 1}]',
        '{"kitchen": [{"name": "Kettle"}], "garden": [{"name": "Spade"}]}',
        "\x00\x01\x02",
        "12",
    ],
)
def test_input_without_a_product_starts_nothing(local: Path, tmp_path: Path, content: str) -> None:
    """Input that is no catalog, or holds no product, ends 64 with a clear line, and no job is made."""
    (tmp_path / "input").write_text(content)
    ended = run_local(local, "--products-file", str(tmp_path / "input"))
    assert ended.code == 64, ended.log
    assert "[INPUT ERROR]" in ended.log
    assert "Traceback" not in ended.log
    assert not (local / "query").exists()


def test_sources_have_the_documented_order_and_ignored_ones_are_named(local: Path, tmp_path: Path) -> None:
    """PRODUCTS_JSON wins over a file and the command line; what is ignored is said in a warning."""
    ended = run_local(
        local,
        "--products-file",
        str(tmp_path / "absent.json"),
        "--products-json",
        json.dumps(GOOD),
        PRODUCTS_JSON='[{"name": "Lamp from the environment"}]',
    )
    assert ended.code == 0, ended.log
    assert [product["name"] for product in result(local)["products"]] == ["Lamp from the environment"]
    assert "absent.json, args:--products-json" in ended.log


def test_standard_input_and_a_limit(local: Path) -> None:
    """`--products-file -` reads standard input, and --limit takes the first products only."""
    ended = run_local(local, "--products-file", "-", "--limit", "1", stdin="\n".join(map(json.dumps, GOOD)))
    assert ended.code == 0, ended.log
    assert [product["name"] for product in result(local)["products"]] == ["Trail Boot"]


def test_records_of_one_product_are_one_product(local: Path) -> None:
    """Brand and name without regard to case and space: two records, one product, said once in the log."""
    products = [*GOOD, {"name": "TRAIL  boot", "brand": "daybird", "price": 3}]
    ended = run_local(local, "--products-json", json.dumps(products))
    assert ended.code == 0, ended.log
    assert len(result(local)["products"]) == 2
    assert ended.log.count("repeat a product") == 1
