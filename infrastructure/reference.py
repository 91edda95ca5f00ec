"""Makes the reference of the settings from their declarations: `python -m infrastructure.reference [--check]`."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from query_generator.declaration import Declared, Group
from query_generator.settings.table import SETTINGS

PAGE = "docs/reference/configuration.md"
HEAD = """\
# Configuration

This page is made by `make reference` from `query_generator/settings/`, where each setting is declared; change it
there. `make check` says when it is stale.

- An option wins over its variable. An empty variable counts as not set.
- All wrong and all missing settings are named at once, each with an example, before anything starts (exit code 64).
- A yes-or-no option takes no value; its variable takes `true` or `false`, `1` or `0`, `yes` or `no`, `on` or `off`.
- A secret is never shown, neither in the log nor in an error.
- Without `--local` a run needs a key for each provider that it asks, a database and `OUTPUT_S3_BUCKET`.
- A job keeps the number of questions, providers, models and prompt version that it began with; other ones need another
  job id, or `--refresh`.
"""
COLUMNS = ("option", "variable", "default", "allowed", "meaning", "example")


def page() -> str:
    """Return the reference: a table for each group of settings, and what each verb takes."""
    return "\n".join([HEAD, *(line for group in Group for line in _section(group)), *_verbs()])


def _section(group: Group) -> Iterator[str]:
    yield f"## {group.value[0].upper()}{group.value[1:]}\n"
    yield _row(COLUMNS)
    yield _row(["---"] * len(COLUMNS))
    yield from (_row(_cells(declared)) for declared in SETTINGS.values() if declared.setting.group is group)
    yield ""


def _row(cells: Sequence[str]) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return "".join(f"| {cell} " if cell else "| " for cell in escaped) + "|"


def _cells(declared: Declared) -> list[str]:
    setting, default = declared.setting, declared.default_text
    meaning = f"{declared.help.text[0].upper()}{declared.help.text[1:]}"
    return [
        ", ".join(map(_code, _options(declared))),
        _code(declared.variable),
        default if setting.default or declared.is_flag else _code(default),
        "a secret" if setting.secret else declared.allowed,
        f"{meaning}. {declared.help.note}".strip(),
        _code(setting.example),
    ]


def _options(declared: Declared) -> Iterator[str]:
    option, metavar = declared.option, declared.metavar
    if option.shorthands:
        yield from option.shorthands
    elif option.arguments and not option.verbs:
        yield metavar
    elif option.name and not declared.is_flag:
        yield f"{option.name} [{metavar}]" if option.alone is not None else f"{option.name} {metavar}"
    elif option.name:
        yield option.name


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _verbs() -> Iterator[str]:
    yield "## Which verb takes which option\n"
    yield "Variables hold for every verb that has a use for them.\n"
    yield _row(["verb", "options"])
    yield _row(["---", "---"])
    options = [declared.option for declared in SETTINGS.values()]
    for verb in dict.fromkeys(verb for option in options for verb in (*option.verbs, *option.arguments)):
        taken = [name for option in options if verb in option.verbs for name in option.shorthands or [option.name]]
        arguments = [d.variable or d.metavar for d in SETTINGS.values() if verb in d.option.arguments]
        yield _row([_code(" ".join([verb, *arguments])), ", ".join(map(_code, taken))])
    yield ""


def main(arguments: Sequence[str], folder: Path = Path()) -> int:
    """Write the page, or with --check report if it is stale. Returns the exit code: 1 if it is stale."""
    path = folder / PAGE
    if "--check" not in arguments:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(), encoding="utf-8")
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == page():
        return 0
    print(f"{PAGE} is not what query_generator/settings/ declares: run `make reference`, commit it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
