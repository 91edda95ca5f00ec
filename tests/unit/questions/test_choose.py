"""Of somewhat more questions than are wanted, those are kept that the plan needs and that share least."""

from collections import Counter

from query_generator.models import Facets, Intent, SlotGroup, Stage, Style
from query_generator.questions.choose import Candidate, Chosen, choose, filled, missing


def anything(_candidate: Candidate, _lack: SlotGroup) -> bool:
    """Let any candidate stand in."""
    return True


def group(key: str, count: int, *, intent: Intent = Intent.LEARN, branded: bool = False) -> SlotGroup:
    """A group of a plan."""
    return SlotGroup(key, Facets(intent, Stage.EXPLORE, Style.PLAIN, "parent", branded), count)


def candidates(**texts: str) -> list[Candidate]:
    """Candidates by key, several of a key parted by a bar."""
    return [Candidate(text, key) for key, joined in texts.items() for text in joined.split("|")]


def kept(chosen: Chosen) -> list[str]:
    """The texts that were kept."""
    return [candidate.text for candidate in chosen.kept]


def test_each_group_gets_its_count() -> None:
    """However many questions the model wrote for one group, they do not push out those of another."""
    given = candidates(a="one|two|three|four", b="five|six")
    chosen = choose(given, [group("a", 2), group("b", 2)], 4)
    assert Counter(candidate.key for candidate in chosen.kept) == {"a": 2, "b": 2}
    assert not chosen.missing
    assert len(chosen.surplus) == 2


def test_the_nearest_goes() -> None:
    """Of one group too many, the one goes that shares most with what stays."""
    given = candidates(a="battery life at night|battery life at work|charging cable", b="battery price")
    chosen = choose(given, [group("a", 2), group("b", 1)], 3)
    assert "charging cable" in kept(chosen)
    assert "battery price" in kept(chosen)


def test_what_is_kept_already_counts() -> None:
    """A candidate that shares words with a question of an earlier round goes before one that does not."""
    chosen = choose(candidates(a="red boot|blue hat"), [group("a", 1)], 1, kept=["blue hat brim"])
    assert kept(chosen) == ["red boot"]


def test_the_order_of_the_answer_stays() -> None:
    """Choosing does not sort."""
    given = candidates(b="one", a="two|three", c="four")
    assert kept(choose(given, [group("a", 2), group("b", 1), group("c", 1)], 4)) == ["one", "two", "three", "four"]


def test_it_is_the_same_each_time() -> None:
    """Of equal candidates the first ones stay."""
    given = candidates(a="alpha|beta|gamma|delta")
    assert kept(choose(given, [group("a", 2)], 2)) == ["alpha", "beta"]


def test_never_more_than_wanted() -> None:
    """Whatever the groups add up to; and a lack is told."""
    groups = [group("a", 3), group("b", 3)]
    chosen = choose(candidates(a="one|two|three", b="four|five|six"), groups, 4)
    assert len(chosen.kept) == 4
    assert sum(lack.count for lack in chosen.missing) == 2


def test_candidates_of_no_group_are_surplus() -> None:
    """They stand in at the very end only."""
    chosen = choose(candidates(stray="one", a="two"), [group("a", 2)], 2)
    assert kept(chosen) == ["two"]
    assert [candidate.text for candidate in chosen.surplus] == ["one"]
    assert chosen.missing == (group("a", 1),)


def test_what_will_not_stay_makes_nothing_near() -> None:
    """A candidate of no group does not push out one that shares its words."""
    given = candidates(stray="charging cable", a="charging cable|battery life")
    assert kept(choose(given, [group("a", 1)], 1)) == ["charging cable"]


def test_missing_tells_the_counts_that_lack() -> None:
    """In the order of the plan; a group that has enough or more is not among them."""
    groups = [group("a", 2), group("b", 3), group("c", 1)]
    assert missing(groups, {"b": 1, "c": 4}) == (group("a", 2), group("b", 2))
    assert missing(groups, {"a": 2, "b": 3, "c": 1}) == ()


def test_every_candidate_is_kept_or_surplus() -> None:
    """None is lost, none is there twice, not even equal texts."""
    given = candidates(a="one|one|two", b="one", x="three")
    chosen = choose(given, [group("a", 1), group("b", 2)], 2)
    assert Counter(chosen.kept + chosen.surplus) == Counter(given)


def test_surplus_fills_a_lack_at_the_end() -> None:
    """It keeps its own key, and is told as misplaced."""
    groups = [group("a", 1), group("b", 2)]
    chosen = filled(choose(candidates(a="one|two", b="three"), groups, 3), groups, 3, anything)
    assert sorted(kept(chosen)) == ["one", "three", "two"]
    assert chosen.misplaced == ((Candidate("two", "a"), group("b", 1)),)
    assert not chosen.missing
    assert not chosen.surplus


def test_a_branded_lack_is_filled_by_a_branded_question_first() -> None:
    """Else the share of unbranded questions would move more than it has to."""
    groups = [group("a", 1), group("b", 1, intent=Intent.BUY, branded=True), group("c", 1, branded=True)]
    chosen = choose(candidates(a="one|two", b="three|four"), groups, 3)
    [(stand_in, lack)] = filled(chosen, groups, 3, anything).misplaced
    assert (stand_in.key, lack.key) == ("b", "c")


def test_what_cannot_be_filled_stays_missing() -> None:
    """Nothing is padded."""
    groups = [group("a", 3)]
    chosen = filled(choose(candidates(a="one"), groups, 3), groups, 3, anything)
    assert kept(chosen) == ["one"]
    assert chosen.missing == (group("a", 2),)


def test_nothing_is_wanted_of_nothing() -> None:
    """No candidates, no groups, no count."""
    assert choose([], [], 0) == Chosen((), (), ())
    assert choose(candidates(a="one"), [group("a", 1)], 0).kept == ()
