"""What the pages of a category lack."""

from query_generator.models import Product
from query_generator.report import lacking
from query_generator.report.lacking import Lack, Lacking


def boot(number: int, category: str = "Shoes > Boots") -> Product:
    return Product(f"Ridge {number} Boot", "Daybird", category)


def test_attributes_are_counted_by_products_and_questions_of_the_leaf_category() -> None:
    """What most products lack comes first; what no attribute could answer is told apart."""
    found = Lacking()
    found.add(boot(1), ["How heavy is the Ridge 1 Boot?", "What does the Ridge 1 Boot weigh?", "Can I wash it?"])
    found.add(boot(2), ["Can I wash the Ridge 2 Boot?", "Is the Ridge 2 Boot worth it?", "Can I return it?", "Hm?"])
    found.add(boot(3, "Outdoor / boots"), ["Where is the Ridge 3 Boot made?"])
    assert found.as_list() == [
        {
            "category": "Boots",
            "products": 3,
            "questions": 8,
            "attributes": [
                {"attribute": "care", "products": 2, "questions": 2},
                {"attribute": "weight", "products": 1, "questions": 2},
                {"attribute": "origin", "products": 1, "questions": 1},
            ],
            "other": 3,
        }
    ]
    assert found.most(1, least=1) == (Lack("Boots", "care", 2, 2),)


def test_a_catalog_of_endless_categories_takes_bounded_memory() -> None:
    """Those with the most unanswered questions stay, wherever they stand in the catalog."""
    found = Lacking()
    for number in range(3 * lacking.MOST_CATEGORIES):
        found.add(boot(number, f"Kind {number}"), ["How heavy is it?"])
        found.add(boot(number, "Boots"), ["Can I wash it?"])
    listed = found.as_list()
    assert len(listed) == lacking.CATEGORIES_SHOWN
    assert (listed[0]["category"], listed[0]["products"]) == ("Boots", 3 * lacking.MOST_CATEGORIES)
    assert len(found._categories) <= 2 * lacking.MOST_CATEGORIES


def test_products_without_category_or_name_count_as_well() -> None:
    """The category is then empty."""
    found = Lacking()
    found.add(Product(""), ["How heavy is it?"])
    assert found.most(least=1) == (Lack("", "weight", 1, 1),)


def test_words_of_the_title_ask_for_nothing() -> None:
    """Neither do they where a question says a part of it, or puts words around it."""
    found = Lacking()
    bag = Product("Padded Camera Bag with Pockets", "Roam", "Bags")
    found.add(bag, ["Does the camera bag look good?", "How heavy is the bag with its pockets?", "Is it for a camera?"])
    assert {lack.attribute for lack in found.most(9, least=1)} <= {"design", "weight", "suitability"}
    other = Lacking()
    other.add(Product("Trail Bag", "Roam", "Bags"), ["How many pockets does it have?"])
    assert other.most(least=1) == (Lack("Bags", "compartments", 1, 1),)


def test_a_reason_is_no_attribute() -> None:
    """Why something costs what it costs stands on no page."""
    found = Lacking()
    found.add(boot(1), ["Why does the Ridge 1 Boot cost 90 euros?", "What does the Ridge 1 Boot cost?"])
    assert found.most(9, least=1) == (Lack("Boots", "price", 1, 1),)
