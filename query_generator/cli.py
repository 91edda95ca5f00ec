"""The command line: verbs, and the options that `settings` declares. Values stay text; `config` checks them all."""

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from query_generator.declaration import Declared, Group, repeated
from query_generator.errors import CommandLineError
from query_generator.log import tell
from query_generator.settings.table import SETTINGS

VERBS = {
    "run": "the job (also when no verb is given)",
    "report": "rebuild the result JSON of a job from the database",
    "evaluate": "tell in figures how good the questions of a result are, or those of another tool",
    "init-db": "create or migrate the tables; safe to run again, also over existing data",
    "cache": "fill the response cache before a job, or tell what it holds and has saved",
}
CACHE_ACTIONS = {
    "warm": "buy what the cache does not have for these products, or with --from-job take what a job has stored",
    "stats": "what Redis or the folder hold, and what all runs have saved, where a database is configured",
}
LATER_VERBS = ("status", "serve")

EPILOG = """\
examples:
  python batch_job.py --local --products-file examples/products.json
      on a laptop: no AWS account, no key, no database server
  GEMINI_API_KEY=... python batch_job.py --local --products-file catalog.csv --num-questions 10
      the same with Gemini
  python batch_job.py --job-id spring-2026 --input-s3 s3://my-bucket/catalog.jsonl.gz
      against the services that the environment names
  python batch_job.py run --job-id spring-2026
      go on with a job that was interrupted
  python batch_job.py report spring-2026 --local
      write results.json again
  python batch_job.py evaluate results.json --fail-over near_duplicates=0.02
      how good its questions are
  CACHE_URL=redis://cache:6379/0 python batch_job.py cache warm --products-file catalog.csv
      buy the answers that a job will need and that the cache does not have

exit codes:
  0 done   64 bad configuration or input   65 finished, some products failed   69 budget or day's quota used up
  70 unexpected error   75 interrupted or a service is away: run the same job id again   77 key or permission refused

The variable of an option stands in brackets after it; the option wins. docs/reference/configuration.md lists all
settings, also those that have a variable alone. Logs go to standard error, the summary to standard output.
"""


# What argparse repeats of a command line, where a key or password may stand.
_CHOICE = re.compile(r"(invalid choice:) ['\"](.*)['\"] (\(choose from )", re.DOTALL)
_EXPLICIT = re.compile(r"ignored explicit argument .*", re.DOTALL)
_OPTION = re.compile(r"--[a-z]{1,14}(?:-[a-z]{1,14})*")


class _Parser(argparse.ArgumentParser):
    """Reports a wrong command line as our own error, so that it ends with our exit code."""

    def error(self, message: str) -> NoReturn:
        message = _CHOICE.sub(lambda given: f"{given[1]} {repeated(given[2])} {given[3]}", message)
        message = _EXPLICIT.sub("takes no value", message)
        raise CommandLineError(f"{message}. `python batch_job.py --help` shows what there is.")

    def print_help(self, file: Any = None) -> None:
        tell(self.format_help().rstrip())


def build_parser() -> argparse.ArgumentParser:
    """Make the parser. Attribute names are the field names of `JobConfig`; an option that was not given is None."""
    parser = _Parser(
        prog="batch_job.py",
        allow_abbrev=False,
        description="Ask an LLM for the questions that shoppers ask about products and about their markets.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, summary in VERBS.items():
        made = _add_verb(verbs, verb, summary)
        if verb != "cache":
            _add_settings(made, verb)
            continue
        actions = made.add_subparsers(dest="action", metavar="ACTION", required=True, help=" or ".join(CACHE_ACTIONS))
        for action, about in CACHE_ACTIONS.items():
            _add_settings(_add_verb(actions, action, about), f"{verb} {action}")
    return parser


def _add_verb(verbs: "argparse._SubParsersAction[_Parser]", name: str, summary: str) -> _Parser:
    return verbs.add_parser(
        name,
        allow_abbrev=False,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_settings(parser: _Parser, verb: str) -> None:
    """Add what a verb takes, group by group, each in the order of its declarations."""
    for group in Group:
        taken = [declared for declared in SETTINGS.values() if declared.setting.group is group]
        for declared in taken:
            if verb in declared.option.arguments:
                nargs = "+" if declared.option.many else None
                metavar = declared.option.metavar if declared.option.many else declared.variable
                parser.add_argument(declared.name, nargs=nargs, metavar=metavar, help=declared.option.arguments[verb])
        options = [declared for declared in taken if verb in declared.option.verbs]
        if options:
            section = parser.add_argument_group(group.value)
            for declared in options:
                _add_option(section, declared, verb)


def _add_option(section: argparse._ArgumentGroup, declared: Declared, verb: str) -> None:
    option, name, metavar = declared.option, declared.name, declared.metavar
    text = declared.help_of(verb).replace("%", "%%")
    if option.shorthands:
        either = section.add_mutually_exclusive_group()
        for shorthand, (value, meaning) in option.shorthands.items():
            told = f"{meaning} ({declared.variable}={value})"
            either.add_argument(shorthand, dest=name, action="store_const", const=value, help=told)
    elif declared.is_flag:
        section.add_argument(option.name, dest=name, action="store_const", const="true", help=text)
    elif option.many:
        section.add_argument(option.name, dest=name, nargs="+", metavar=metavar, help=text)
    elif option.alone is not None:
        section.add_argument(option.name, dest=name, nargs="?", const=option.alone, metavar=metavar, help=text)
    else:
        section.add_argument(option.name, dest=name, metavar=metavar, help=text)


def parse_arguments(argv: Sequence[str]) -> dict[str, str | None]:
    """Read a command line; without a verb it is `run`.

    Raises:
        CommandLineError: an unknown verb or option, or one that is not built yet.
    """
    words = list(argv)
    if words and words[0] in LATER_VERBS:
        raise CommandLineError(f"the verb '{words[0]}' is not available yet; there are: {', '.join(VERBS)}")
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words.insert(0, "run")
    parser = build_parser()
    taken, unknown = parser.parse_known_args(words)
    if unknown:
        parser.error(f"unrecognized arguments: {', '.join(map(_named, unknown))}")
    return {name: "\n".join(value) if isinstance(value, list) else value for name, value in vars(taken).items()}


def _named(word: str) -> str:
    """Return what an error calls a word that is no option of ours; a value after `=` is not repeated."""
    name = word.partition("=")[0]
    return name if _OPTION.fullmatch(name) else "an option" if word.startswith("-") else repeated(word)
