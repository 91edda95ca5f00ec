"""What is declared of a setting agrees with what is read, checked and told. Each test goes through all declarations."""

from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest
from pydantic import SecretStr

from query_generator.cli import parse_arguments
from query_generator.config import JobConfig, load_config
from query_generator.declaration import Declared
from query_generator.errors import ConfigurationError
from query_generator.settings.table import SETTINGS

TYPES = get_type_hints(JobConfig, localns={"Path": Path, "SecretStr": SecretStr})
ALL = [pytest.param(declared, id=name) for name, declared in SETTINGS.items()]
VERBS = sorted({verb for declared in SETTINGS.values() for verb in declared.option.verbs})
TAKEN = [
    pytest.param(declared, verb, id=f"{verb} {name}")
    for name, declared in SETTINGS.items()
    for verb in declared.option.verbs
]


def value_from(declared: Declared, text: str, *, by_option: bool = False) -> object:
    """The value that the configuration has when a setting is given, by its variable where it has one."""
    if declared.variable and not by_option:
        config = load_config({"verb": "function"}, {declared.variable: text})
    else:
        config = load_config({"verb": "function", declared.name: text}, {})
    value = getattr(config, declared.name)
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def is_number(declared: Declared) -> bool:
    """Whether the setting holds a number."""
    return declared.bounds is not None


def is_whole(declared: Declared) -> bool:
    """Whether it holds whole numbers only."""
    return TYPES[declared.name] in (int, int | None)


def right_texts(declared: Declared) -> list[str]:
    """Values that must be taken: the example, what may be chosen, and the bounds themselves."""
    texts = [declared.setting.example, *declared.choices]
    if declared.bounds:
        texts += [str(bound) for bound in (declared.bounds.at_least, declared.bounds.at_most) if bound is not None]
    if declared.is_flag:
        texts += ["false", "1", "no", "on"]
    return texts


def wrong_texts(declared: Declared) -> list[str]:
    """Values that must be refused: beyond each bound, of another kind, and what may not be chosen."""
    if bounds := declared.bounds:
        step = 1 if is_whole(declared) else 0.001
        beyond = ["many", "nan", *(["2.5"] if is_whole(declared) else [])]
        beyond += [str(bounds.at_least - step)] if bounds.at_least is not None else []
        beyond += [str(bounds.above)] if bounds.above is not None else []
        return beyond + ([str(bounds.at_most + step), "inf"] if bounds.at_most is not None else [])
    return ["perhaps"] if declared.is_flag or declared.choices else []


def another_text(declared: Declared) -> str:
    """A right value that is not the default."""
    for text in [*right_texts(declared), *(["7"] if is_number(declared) else ["another"])]:
        if str(declared.default).lower() not in (text.lower(), f"('{text}',)"):
            return text
    raise AssertionError(f"{declared}: no example differs from the default")


@pytest.mark.parametrize("declared", ALL)
def test_a_setting_says_what_it_is(declared: Declared) -> None:
    """Each has a way to be given, a meaning and an example; a number has bounds; a secret cannot be printed."""
    kind = TYPES[declared.name]
    assert declared.variable or declared.option.name
    assert declared.help.text
    assert declared.setting.example
    assert is_number(declared) == any(kind in (number, number | None) for number in (int, float))
    assert declared.setting.secret == (kind in (SecretStr, SecretStr | None))


def test_no_two_settings_are_given_in_the_same_way() -> None:
    """A variable and an option belong to one setting."""
    variables = [declared.variable for declared in SETTINGS.values() if declared.variable]
    options = [declared.option.name for declared in SETTINGS.values() if declared.option.name]
    assert len(set(variables)) == len(variables)
    assert len(set(options)) == len(options)


def test_every_field_is_declared() -> None:
    """The configuration is a frozen dataclass of the declared settings, and of nothing else."""
    assert sorted(field.name for field in fields(JobConfig)) == sorted(SETTINGS)


@pytest.mark.parametrize("declared", ALL)
def test_a_setting_reaches_its_field(declared: Declared) -> None:
    """A value given by its variable, or by its option where it has none, is not lost."""
    untouched = load_config({"verb": "function", "job_id": "x"}, {})
    text = another_text(declared)
    assert value_from(declared, text) != getattr(untouched, declared.name)


@pytest.mark.parametrize("declared", ALL)
def test_the_example_and_the_bounds_are_right_values(declared: Declared) -> None:
    """Who copies an example, a choice or a bound from the help or the reference gets a job."""
    for text in right_texts(declared):
        value_from(declared, text)


@pytest.mark.parametrize("declared", [one for one in ALL if wrong_texts(SETTINGS[str(one.id)])])
def test_a_value_beyond_is_refused_with_what_is_right(declared: Declared) -> None:
    """What is beyond a bound, or of another kind, is refused; the line has the names, the bounds and the example."""
    for text in wrong_texts(declared):
        with pytest.raises(ConfigurationError) as caught:
            value_from(declared, text)
        (line,) = str(caught.value).splitlines()
        assert line.casefold().startswith(f"{declared}: {text!r} is wrong (".casefold())
        assert line.endswith(f"right is, for example: {declared.example}")
        assert declared.setting.example in line
        assert declared.is_flag or declared.allowed in line


@pytest.mark.parametrize("declared", [one for one in ALL if SETTINGS[str(one.id)].default not in (None, False)])
def test_a_default_is_a_right_value_and_told(declared: Declared) -> None:
    """A default passes the checks that a given value has to pass."""
    assert value_from(declared, str(declared.default)) == declared.default
    assert declared.default_text == str(declared.default)


@pytest.mark.parametrize(("declared", "verb"), TAKEN)
def test_an_option_arrives_at_its_setting(declared: Declared, verb: str) -> None:
    """What a verb reads comes to the field that the option is declared for."""
    option, text = declared.option, another_text(declared)
    if option.shorthands:
        for shorthand, (value, _) in option.shorthands.items():
            assert parse_arguments([*verb.split(), *_positional(verb), shorthand])[declared.name] == value
            value_from(declared, value, by_option=True)
        return
    given = [option.name] if declared.is_flag else [option.name, text]
    arguments = parse_arguments([*verb.split(), *_positional(verb), *given])
    assert arguments[declared.name] == ("true" if declared.is_flag else text)
    if option.alone is not None:
        assert parse_arguments([*verb.split(), *_positional(verb), option.name])[declared.name] == option.alone


@pytest.mark.parametrize("verb", VERBS)
def test_help_tells_variable_default_and_bounds(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` says what may stand in the environment instead, what holds without both, and which numbers are right."""
    with pytest.raises(SystemExit):
        parse_arguments([*verb.split(), "--help"])
    shown = "".join(capsys.readouterr().out.split())
    for declared in (one for one in SETTINGS.values() if verb in one.option.verbs):
        told = [declared.variable]
        if not declared.option.shorthands and verb not in declared.option.other_help:
            told += [declared.help.text, f"default: {declared.default}" if declared.default else ""]
            told += [str(declared.bounds)] if declared.bounds and declared.bounds.at_most is not None else []
        assert [words for words in told if "".join(words.split()) not in shown] == []


def _positional(verb: str) -> list[str]:
    """What a verb needs besides its options."""
    return [one.setting.example for one in SETTINGS.values() if verb in one.option.arguments]
