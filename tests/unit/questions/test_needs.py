"""What questions need to know."""

import json
from importlib.resources import files

import pytest

from query_generator.questions.needs import asked


def need_of(question: str) -> str:
    need = asked(question).need
    return need.name if need else ""


@pytest.mark.parametrize(
    ("question", "need"),
    [
        ("How heavy is _?", "weight"),
        ("How many grams does the _ weigh?", "weight"),
        ("Wie schwer ist _?", "weight"),
        ("_的重量是多少？", "weight"),
        ("Can I put _ in the dishwasher?", "dishwasher"),
        ("Are _ machine washable?", "machine washing"),
        ("Is it easy to clean?", "care"),
        ("What is the insulation made of?", "material"),
        ("Does it rust?", "rust resistance"),
        ("Is _ good for novices?", "skill level"),
        ("Can a beginner ride it?", "skill level"),
        ("Can I take _ on a plane?", "cabin baggage"),
        ("Does _ measure heart rate?", ""),
        ("Does it let rain in after a year?", "opinions"),
        ("Is it light or heavy?", "weight"),
        ("How much does shipping cost for _?", "delivery"),
        ("Is the price of _ fair price or too expensive?", "worth"),
        ("What does _ cost?", "price"),
        ("How long does the battery of _ last?", "battery life"),
        ("How long does _ last?", "lifespan"),
        ("Does a charger come with _?", "what is in the box"),
        ("I travel a lot. How big is _?", "size"),
        ("I care about the climate. Would it suit me?", "suitability"),
        ("What is it?", ""),
        ("Does _ keep its shape in heavy rain?", "water resistance"),
        ("Can _ take heavy loads?", "load"),
        ("Do _ start to smell in summer?", "odour"),
        ("What does the candle smell like?", "scent"),
        ("Does it distort at high volume?", "noise"),
        ("Is there storage space under the seat?", "compartments"),
        ("Does the enamel chip off?", "durability"),
        ("Does _ have good colour fastness?", "wear"),
        ("How bright is _?", "brightness"),
        ("How many calories are in _?", "calories"),
        ("How many pages does _ have?", "number of pages or length"),
        ("The shop page says little about its weight. Is it light?", "weight"),
        ("What do people who bought _ for travel say?", "opinions"),
        ("What can I do if the zipper breaks?", "remedy"),
        ("Where can I see _ for myself before buying?", "availability"),
        ("Is oak a better wood than the usual ones?", "comparison"),
        ("Does _ leave floor marks?", ""),
        ("Von welcher Marke ist _?", "brand"),
        ("Does it get hot under heavy load?", "performance"),
        ("Is it warm enough for cycling in the wind?", "wind"),
        ("How is its stability at speed?", "stability"),
        ("Is it fast enough for video editing?", "performance"),
        ("When is it time to replace _?", "remedy"),
        ("What else do I need besides _ for grilling?", "opinions"),
        ("Does the sleeve give freedom of movement?", "fit"),
        ("Who reads the book?", "narrator"),
        ("Is it comfortable for reading in bed?", "comfort"),
        ("Is it a tent for people who count grams?", "weight"),
    ],
)
def test_a_question_is_read_as_what_it_needs(question: str, need: str) -> None:
    """In English, German and Chinese, in whatever form of the word; the narrower need wins, and the last sentence."""
    assert need_of(question) == need


def test_the_list_of_needs_can_be_relied_on() -> None:
    """Each need has words that ask for it, no phrase stands twice, and its kinds of units are those of units.json."""
    folder = files("query_generator.questions")
    needs = json.loads((folder / "needs.json").read_text(encoding="utf-8"))["needs"]
    units = json.loads((folder / "units.json").read_text(encoding="utf-8"))
    for name, need in needs.items():
        assert need["asks"], name
        assert set(need.get("units", ())) <= set(units), name
        for key in ("asks", "fields", "says"):
            assert len(need.get(key, ())) == len(set(need.get(key, ()))), (name, key)


@pytest.mark.parametrize(
    ("question", "ways"),
    [
        ("How many pockets does it have?", {"asks_how", "asks_amount"}),
        ("For how long does it run?", {"asks_amount"}),
        ("Wie lange hält der Akku?", {"asks_how", "asks_amount"}),
        ("How do I clean it?", {"asks_how", "asks_how_to"}),
        ("How does it attach?", {"asks_how"}),
        ("Where is the sensor?", {"asks_how", "asks_where"}),
        ("Is it warm?", {"is_closed"}),
        ("Juice with no sugar?", {"is_closed", "is_fragment"}),
        ("The jacket or a coat with a hood?", {"is_closed", "is_fragment", "asks_advice"}),
        ("Why is it cheap?", {"asks_how", "asks_why", "asks_advice"}),
        ("Which sizes are there?", set()),
        ("它有多重？", set()),
    ],
)
def test_it_is_read_how_a_question_asks(question: str, ways: set[str]) -> None:
    """For yes or no, an amount, a way, a place, a reason or a choice; a fragment as for yes or no."""
    read = asked(question)
    known = (
        "asks_how",
        "asks_amount",
        "asks_how_to",
        "asks_where",
        "is_closed",
        "is_fragment",
        "asks_advice",
        "asks_why",
    )
    assert {way for way in known if getattr(read, way)} == ways
