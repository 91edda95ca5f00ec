"""What counts as short, plain and conversational, in any script."""

import pytest

from query_generator.models import Style
from query_generator.questions.choose import Candidate, choose
from query_generator.questions.styles import is_in_style
from tests.unit.questions.test_choose import group


@pytest.mark.parametrize(
    ("question", "styles"),
    [
        ("Trail boot waterproof?", {Style.SHORT, Style.PLAIN}),
        ("What is the best U.S. brand, approx. speaking, of trail boot for a 2.5 km walk?", {Style.PLAIN}),
        ("I walk to work in the rain. Which boots stay dry?", {Style.CONVERSATIONAL}),
        ("My old pair leaked! Is Trail Boot any better?", {Style.CONVERSATIONAL}),
        ("这款靴子防水吗?", {Style.SHORT, Style.PLAIN}),
        ("我每天走路上班，经常下雨，路也很滑，而且冬天非常冷。哪种靴子最合适?", {Style.CONVERSATIONAL}),
        ("每天走路上班而且经常下雨的人应该选择哪一种既防水又防滑的靴子?", {Style.PLAIN}),
        ("बारिश में चलता हूँ। कौन से जूते सूखे रहते हैं?", {Style.CONVERSATIONAL}),
        ("أمشي في المطر. ما الحذاء المناسب؟", {Style.CONVERSATIONAL}),
    ],
)
def test_the_style_is_seen_in_the_text(question: str, styles: set[Style]) -> None:
    """A situation and a question are conversational; one sentence is plain, and short if it is."""
    assert {style for style in Style if is_in_style(question, style)} == styles


def test_of_too_many_those_off_their_style_go_first() -> None:
    """Asking for somewhat more than is needed also buys the style that was asked for."""
    given = [Candidate("red boot", "a", is_off_style=True), Candidate("blue boot", "a"), Candidate("grey boot", "a")]
    assert [each.text for each in choose(given, [group("a", 2)], 2).kept] == ["blue boot", "grey boot"]
    alone = choose(given[:1], [group("a", 1)], 1)
    assert [each.text for each in alone.kept] == ["red boot"]
