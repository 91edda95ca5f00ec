"""The brands of a catalog in questions that should name none."""

import threading

import pytest

from query_generator.models import Product
from query_generator.questions.catalog_brands import CatalogBrands
from query_generator.questions.names import OwnNames

OWN = OwnNames(Product(name="Ultra Hybrid Case for Samsung Galaxy S24", brand="Spigen", category="Phone cases"))


def brands(*names: str) -> CatalogBrands:
    known = CatalogBrands()
    for name in names:
        known.add(name)
    return known


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Is OtterBox worth it?", "OtterBox"),
        ("is otterbox worth it", "otterbox"),
        ("Are OtterBox's cases thick?", "OtterBox"),
        ("How good is Calvin Klein?", "Calvin Klein"),
        ("Is an apple case fun?", ""),
        ("Is Apple better at cases?", "Apple"),
        ("is apple worth it for cases", "apple"),
        ("Are LG phones still sold?", "LG"),
        ("Is Urban Chic a good brand?", "Urban Chic"),
        ("Which urban chic style suits me?", ""),
        ("Which rice is best?", ""),
        ("Which case fits a Samsung?", ""),
        ("Which case is best for hiking?", ""),
        ("Is Оtterbox worth it?", "Оtterbox"),
        ("索尼的手机壳好吗?", "索尼"),
    ],
)
def test_other_brands_are_found(question: str, found: str) -> None:
    """A brand of another product is found in any spelling; common words and the host device are none."""
    known = brands("OtterBox", "Calvin Klein", "Apple", "LG", "Urban Chic", "Rice", "Samsung", "索尼", "Generic")
    assert found in known.found(question, OWN)
    assert bool(known.found(question, OWN)) == bool(found)


def test_what_is_no_brand_is_counted_and_ignored() -> None:
    """Common words, single letters, numbers and words for "none" are never brands."""
    known = brands("Generic", "no brand", "N/A", "unbranded", "X", "1883", "Rice", "water", "", "OtterBox", "OTTERBOX")
    assert len(known) == 1
    assert known.ignored == {"no_brand": 7, "common_word": 2}


def test_memory_is_bounded() -> None:
    """Beyond the cap brands are counted, not kept; those that are known stay known."""
    known = CatalogBrands(most=2)
    for name in ("Otterbox", "Zagg", "Mophie", "Zagg"):
        known.add(name)
    assert len(known) == 2
    assert known.ignored == {"full": 1}
    assert known.found("Is Zagg good?", OWN)
    assert not known.found("Is Mophie good?", OWN)


def test_one_thread_may_add_while_others_search() -> None:
    """Readers see whole brands, and each that was added before they looked."""
    known = brands("Otterbox")
    missed: list[int] = []

    def search() -> None:
        missed.extend(number for number in range(2000) if not known.found("Is Otterbox good?", OWN))

    readers = [threading.Thread(target=search) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(5000):
        known.add(f"Brandino{'abcdefghij'[number % 10]}x {'klmnopqrst'[number // 10 % 10]}q")
    for reader in readers:
        reader.join()
    assert missed == []
