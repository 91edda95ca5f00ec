"""A file of products that the submit script was given: may it travel with the request, and is it what it says?

Standard library and Python 3.6, see plan.py.
"""

import json
from pathlib import Path
from typing import Iterator, List, Tuple

from infrastructure.limits import INLINE_CHARACTERS

CHECKED_BYTES = 50 * 1024 * 1024  # a larger JSON file is checked by the job, which streams it


def look_at(path: Path, option: str) -> Tuple[str, List[str]]:
    """Return the text of an input that may travel with the request, and what is wrong with the input.

    The text is empty if the input is wrong, or has to go through S3 because of what it is or of its own length; whether
    the whole request is short enough is not known here. Of a file that is not JSON no more is read than could travel.
    `option` has its dashes; with --products-json the file is JSON whatever its name. A file that cannot be read is a
    problem, no error.
    """
    is_json = option == "--products-json" or path.suffix.lower() == ".json"
    try:
        size = path.stat().st_size
        if not path.is_file() or size == 0:
            return "", [f"{option} {path}: empty or no file: give a file with products"]
        with path.open("rb") as file:
            raw = file.read(CHECKED_BYTES if is_json else INLINE_CHARACTERS)
        text = raw.decode("utf-8-sig") if len(raw) == size else ""
    except OSError as error:
        return "", [f"{option} {path}: cannot be read: {error.strerror}"]
    except UnicodeDecodeError as error:
        return "", [f"{option}: not UTF-8 text: {error}"] if is_json else []
    problems = list(_text_problems(text, option, is_json)) if len(raw) == size else []
    return text if len(text) <= INLINE_CHARACTERS and "\0" not in text else "", problems


def document_problems(text: str, option: str) -> Iterator[str]:
    """Yield a problem if a text is no JSON, or holds no product; the products themselves are the job's to judge."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield f"{option}: not valid JSON: {error}"
        return
    products = document.get("products", document) if isinstance(document, dict) else document
    if not isinstance(products, (list, dict)) or not products:
        yield f'{option}: no product in it: give a JSON array of products, or an object with "products"'


def _text_problems(text: str, option: str, is_json: bool) -> Iterator[str]:
    if not text.strip():
        yield f"{option}: empty: give at least one product"
    elif is_json:
        yield from document_problems(text, option)
