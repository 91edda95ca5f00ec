"""A file of products for the submit script: what may travel, and what is wrong with it."""

import os
from pathlib import Path

import pytest

from infrastructure.limits import INLINE_CHARACTERS
from infrastructure.products_file import check_file, document_problems

PRODUCT = '[{"name": "Trail Shoe é"}]'
OPTION = "--products-file"


def seen(folder: Path, name: str, content: bytes) -> tuple[str, list[str]]:
    (folder / name).write_bytes(content)
    return check_file(folder / name, OPTION)


def test_text_travels(tmp_path: Path) -> None:
    """A text travels as it is, but for a byte order mark, up to the limit of the overrides in length."""
    assert seen(tmp_path, "a.json", PRODUCT.encode("utf-8-sig")) == (PRODUCT, [])
    longest = b"x" * INLINE_CHARACTERS
    assert seen(tmp_path, "a.csv", longest) == (longest.decode(), [])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"x" * (INLINE_CHARACTERS + 1)),
        ("a.json", b"[1" + b" " * INLINE_CHARACTERS + b"]"),
        ("a.jsonl.gz", b"\x1f\x8b\x08\xff"),
        ("a.csv", b"name\n\0\n"),
    ],
    ids=["long", "long JSON", "compressed", "a character that no variable can hold"],
)
def test_the_rest_goes_through_s3(name: str, content: bytes, tmp_path: Path) -> None:
    """What cannot be a variable has no text here, and nothing is wrong with it."""
    assert seen(tmp_path, name, content) == ("", [])


WRONG = {
    "empty": ("a.csv", b"", "empty or not a file: give a file with products"),
    "blank": ("a.csv", b" \n", "--products-file: empty: give at least one product"),
    "blank JSON": ("a.json", b" \n", "--products-file: empty: give at least one product"),
    "broken": ("a.json", b"[{", "--products-file: not valid JSON: "),
    "long and broken": ("a.JSON", b"[" + b"1," * INLINE_CHARACTERS, "--products-file: not valid JSON: "),
    "no UTF-8": ("a.json", b'["\xff"]', "--products-file: not UTF-8 text: "),
}


@pytest.mark.parametrize(("name", "content", "word"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(name: str, content: bytes, word: str, tmp_path: Path) -> None:
    """A file without products, or that is not what its name says, is named."""
    _, (problem,) = seen(tmp_path, name, content)
    assert word in problem


def test_no_file_is_a_problem(tmp_path: Path) -> None:
    """What is not there, or is no file, is named with its path."""
    assert check_file(tmp_path / "none", OPTION) == (
        "",
        [f"--products-file {tmp_path / 'none'}: cannot be read: {os.strerror(2)}"],
    )
    for path in (tmp_path, Path(os.devnull)):
        assert check_file(path, OPTION) == (
            "",
            [f"--products-file {path}: empty or not a file: give a file with products"],
        )


def test_a_long_number_is_left_to_the_job() -> None:
    """A number of more digits than Python reads is no reason to refuse all products."""
    assert list(document_problems('[{"name": "Shoe", "id": %s}]' % ("9" * 5000), OPTION)) == []


def test_products_on_the_command_line_are_json(tmp_path: Path) -> None:
    """What --products-json was given is JSON, whatever the file is called that the script keeps it in."""
    (tmp_path / "kept").write_text("name,brand\n")
    _, (problem,) = check_file(tmp_path / "kept", "--products-json")
    assert problem.startswith("--products-json: not valid JSON: ")


@pytest.mark.parametrize("text", [PRODUCT, '{"name": "x"}', '{"products": [{}]}', '{"products": {"a": 1}}'])
def test_products_are_found(text: str) -> None:
    """An array of products, one product, or an object with products has something in it; the job looks closer."""
    assert list(document_problems(text, OPTION)) == []


@pytest.mark.parametrize("text", ["[]", "{}", '{"products": []}', '{"products": null}', "3", '"x"', "null"])
def test_no_product_is_found(text: str) -> None:
    """JSON without any product in it is named."""
    (problem,) = document_problems(text, OPTION)
    assert problem.startswith("--products-file: no product in it")


def test_json_that_is_too_deep_is_a_problem() -> None:
    """JSON that is nested more deeply than Python follows is named, and breaks nothing."""
    (problem,) = document_problems("[" * 200_000, OPTION)
    assert problem.startswith("--products-file: not valid JSON: ")
