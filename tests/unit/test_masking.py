"""A secret is taken out of a text wherever it stands; a short one only where it is a word."""

import json

import pytest

from query_generator.masking import body_without_key, without_secret

LINE = "benchmark 2026-11-25 [DB] done. e=1, cost $5 (a - b) path_x"


@pytest.mark.parametrize("secret", ["a", "e", "x", "mark", "bench", "-", ".", "]", "$", "_", "[DB", "k 2", "(a"])
def test_a_short_secret_leaves_the_words_of_a_line_alone(secret: str) -> None:
    """A password of a letter or a sign garbles no word, no date and no component, and is hidden where it stands."""
    shown = without_secret(LINE, secret, "***")
    for kept in ("benchmark", "2026-11-25", "done", "cost", "path_x"):
        assert kept in shown
    for around in ("key={},", "'{}'", "user:{}@host", "\n{}\n", "{}"):
        assert without_secret(around.format(secret), secret, "***") == around.format("***")


@pytest.mark.parametrize(("secret", "masked"), [("abcde", "xabcdex ***"), ("abcdef", "x***x ***")])
def test_from_six_characters_on_a_secret_is_hidden_within_words(secret: str, masked: str) -> None:
    """A text that has grown together with a real key shows nothing of it."""
    assert without_secret(f"x{secret}x {secret}", secret, "***") == masked


@pytest.mark.parametrize("secret", ['a"', 'a"b', "é", "a\\", "a\nb", 'long "secret"', "lång", "line\nbreak\\"])
def test_the_ways_in_which_json_writes_a_secret_are_hidden_too(secret: str) -> None:
    """Escaped or not, long or short."""
    for text in (json.dumps({"k": secret}), json.dumps({"k": secret}, ensure_ascii=False), f"<{secret}>"):
        shown = without_secret(text, secret, "***")
        assert shown in ('{"k": "***"}', "<***>")


def test_an_empty_secret_is_none() -> None:
    """A database without a password changes no line."""
    assert without_secret(LINE, "", "***") == LINE


@pytest.mark.parametrize("secret", ["\\1", ".*", "a|b", "(", "\\g<0>", "[a]+\\d{3}"])
def test_a_secret_is_no_pattern(secret: str) -> None:
    """Signs that mean something in a regular expression are taken as they are."""
    assert without_secret(f"is {secret} here", secret, "\\1") == "is \\1 here"


def test_a_reply_that_repeats_the_key_stays_a_reply() -> None:
    """A key of one letter, which a local service takes, does not break the JSON of its error."""
    body = '{"error": {"message": "é: no such key: e", "code": 401}}'.encode() + b"\xff"
    cleaned = body_without_key(body, "e")
    assert cleaned == body.replace(b"key: e", b"key: [the key]")
    assert body_without_key(b"sk-LongKey-1 xsk-LongKey-1", "sk-LongKey-1") == b"[the key] x[the key]"
