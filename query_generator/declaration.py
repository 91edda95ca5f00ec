"""What is told of a setting where it is declared, and what follows from that: names, bounds, texts."""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Literal, NamedTuple, TypeVar, dataclass_transform, get_args, get_origin

T = TypeVar("T")

_HARMLESS = re.compile(r"[A-Za-z./_-]{1,7}|[-+]?[0-9.]{1,12}")  # a slip of the keyboard, or a number out of bounds


class Group(Enum):
    """Settings that are told together, in this order; the value is the heading in `--help` and in the reference."""

    JOB = "the job"
    SOURCE = "where the products come from (the first given, in this order, is used)"
    WORK = "what to make"
    WRITER = "who writes the questions"
    PACE = "how fast, and for how much money"
    KEYS = "keys and addresses of the providers"
    DATABASE = "the database"
    OUTPUT = "where results and events go"
    CACHE = "replies that are kept"
    FAULTS = "when a service fails, or the run is stopped"
    EVALUATION = "how good the questions are"
    LOG = "what is logged"
    BATCH = "what AWS Batch sets"


class Setting(NamedTuple):
    """Where a setting belongs and comes from. The type of its field and `Between` say what values it takes.

    Attributes:
        group: where it is told.
        variable: of the environment.
        example: a right value.
        default: words for a default that the field cannot hold, since it depends on something.
        allowed: words for a rule that the type and the bounds do not tell.
        read: makes of the text what the type takes; raises ValueError if it cannot.
        secret: its value is not shown; the type is then SecretStr.
    """

    group: Group
    variable: str = ""
    example: str = ""
    default: str = ""
    allowed: str = ""
    read: Callable[[str], object] | None = None
    secret: bool = False


class Help(NamedTuple):
    """What a setting means, in one line for `--help` and the reference, and what the reference says besides."""

    text: str
    note: str = ""


class Between(NamedTuple):
    """The bounds of a number. `above` is one that it may not be itself."""

    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""
    above: float | None = None

    def __str__(self) -> str:
        if self.above is not None:
            span = f"more than {self.above}" + (f", at most {self.at_most}" if self.at_most is not None else "")
        else:
            span = f"{self.at_least} or more" if self.at_most is None else f"{self.at_least} to {self.at_most}"
        return f"{self.unit}, {span}" if self.unit else span


class Option(NamedTuple):
    """How a setting is given on the command line.

    Attributes:
        name: `--like-this`; the option of a yes-or-no setting takes no value.
        metavar: stands for its value in `--help`; by default what may be chosen.
        verbs: that take it.
        alone: what the option means without a value.
        arguments: verbs that take the value without a name, each with its help.
        other_help: verbs for which it means something else, each with its help.
        shorthands: options that stand for a value, each with the value and its help; `name` only describes them.
        many: it takes one or more values, which `config` gets as lines.
    """

    name: str
    metavar: str = ""
    verbs: tuple[str, ...] = ()
    alone: str | None = None
    arguments: Mapping[str, str] = {}
    other_help: Mapping[str, str] = {}
    shorthands: Mapping[str, tuple[str, str]] = {}
    many: bool = False


NO_OPTION = Option("")


def repeated(given: str) -> str:
    """Return what a message about a wrong value calls it: the value itself only where it can be no key or password."""
    return repr(given) if _HARMLESS.fullmatch(given) else "the value given"


class Declared(NamedTuple):
    """One declared setting: a field of the configuration with all that is told of it."""

    name: str
    type: Any
    default: object
    setting: Setting
    help: Help
    option: Option
    bounds: Between | None

    @property
    def variable(self) -> str:
        """The variable, or nothing."""
        return self.setting.variable

    @property
    def is_flag(self) -> bool:
        """Whether it is a yes-or-no setting."""
        return self.type is bool

    @property
    def is_list(self) -> bool:
        """Whether it takes several values."""
        return get_origin(self.type) is tuple

    @property
    def choices(self) -> tuple[str, ...]:
        """What may be chosen, if the type names it."""
        kind = get_args(self.type)[0] if self.is_list else self.type
        return get_args(kind) if get_origin(kind) is Literal else ()

    @property
    def metavar(self) -> str:
        """What stands for a value of the option."""
        return self.option.metavar or "|".join(self.choices)

    @property
    def allowed(self) -> str:
        """What a right value is, in words; nothing for a text."""
        if self.setting.allowed:
            return self.setting.allowed
        if self.is_list:
            return f"one or more of {', '.join(self.choices)}, by commas"
        if self.choices:
            return f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"
        return "true or false" if self.is_flag else str(self.bounds or "")

    @property
    def default_text(self) -> str:
        """The default in words; nothing where there is none."""
        if self.is_flag:
            return "on" if self.default else "off"
        return self.setting.default or ("" if self.default is None else str(self.default))

    @property
    def example(self) -> str:
        """A right value, and what else would be right."""
        told = self.allowed and not self.is_flag
        return f"{self.setting.example} ({self.allowed})" if told else self.setting.example

    def help_of(self, verb: str) -> str:
        """Return what `--help` of a verb says of the option."""
        if verb in self.option.other_help:
            return f"{self.option.other_help[verb]} ({self.variable})"
        span = self.allowed if self.is_list or (self.bounds and self.bounds.at_most) else ""
        default = f"default: {self.default_text}" if self.default_text not in ("", "off", "none") else ""
        more = "; ".join(part for part in (self.variable, span, default) if part)
        return f"{self.help.text} ({more})" if more else self.help.text

    def __str__(self) -> str:
        return " / ".join(name for name in (self.option.name, self.variable) if name)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def declarations(configuration: type[T]) -> type[T]:
    """Mark a class whose fields declare settings, for mypy: a frozen dataclass whose arguments have names.

    `config` makes it one. Here it would cost `--help` a fifth of its time, most of it the import of `dataclasses`.
    """
    return configuration


def declared_in(configuration: type) -> dict[str, Declared]:
    """Return what the fields of a class and of those that it is made of declare, by their names and in their order."""
    return {
        name: _declared(name, annotation, getattr(part, name, None))
        for part in configuration.__mro__
        for name, annotation in vars(part).get("__annotations__", {}).items()
    }


def _declared(name: str, annotation: Any, default: object) -> Declared:
    told = {type(part): part for part in annotation.__metadata__}
    option, bounds = told.get(Option, NO_OPTION), told.get(Between)
    return Declared(name, annotation.__origin__, default, told[Setting], told[Help], option, bounds)
