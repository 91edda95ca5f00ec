"""Checks a file of products that the submit script was given, and whether it fits into the request.

Standard library and Python 3.6, see plan.py.
"""

import json
from pathlib import Path
from typing import Iterator, List, Tuple

from infrastructure.limits import INLINE_CHARACTERS

CHECKED_BYTES = 50 * 1024 * 1024  # a larger JSON file is checked only by the job, which streams it


def check_file(path: Path, option: str) -> Tuple[str, List[str]]:
    """Return the text of a file to put into the request, and the problems with the file.

    The text is empty if the file is wrong, or has to go through S3 because of its format or length; the length of the
    whole request is not checked here. Of a file that is not JSON, only INLINE_CHARACTERS bytes are read. `option` has
    its dashes; with --products-json the file is JSON whatever its name. An unreadable file is a problem, not an
    exception.
    """
    is_json = option == "--products-json" or path.suffix.lower() == ".json"
    try:
        size = path.stat().st_size
        if not path.is_file() or size == 0:
            return "", [f"{option} {path}: empty or not a file: give a file with products"]
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
    """Yield a problem if a text is not JSON or holds no product; the job checks the products themselves.

    Integers are read as floats, since Python refuses to read those of more than 4,300 digits, and the job takes them.
    """
    try:
        document = json.loads(text, parse_int=float)
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
