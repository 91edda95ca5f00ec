"""The command line: verbs, options and their help. Values stay text; `config` checks them all at once."""

import argparse
from collections.abc import Sequence
from typing import NoReturn

from query_generator.errors import ConfigurationError
from query_generator.llm.registry import PROVIDERS

VERBS = {
    "run": "the job (also when no verb is given)",
    "report": "rebuild the result JSON of a job from the database",
    "init-db": "create or migrate the tables; safe to run again, also over existing data",
    "cache": "fill the response cache before a job, or tell what it holds and has saved",
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
  CACHE_URL=redis://cache:6379/0 python batch_job.py cache warm --products-file catalog.csv
      buy the answers that a job will need and that the cache does not have

exit codes:
  0 done   64 bad configuration or input   65 finished, some products failed   69 budget or day's quota used up
  70 unexpected error   75 interrupted or a service is away: run the same job id again   77 key or permission refused

Every option has an environment variable; the README lists them all. Logs go to standard error, the summary to
standard output.
"""


class _Parser(argparse.ArgumentParser):
    """Reports a wrong command line as our own error, so that it ends with our exit code."""

    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"{message}. `python batch_job.py --help` shows what there is.")


def build_parser() -> argparse.ArgumentParser:
    """Make the parser. Attribute names are the field names of `JobConfig`; an option that was not given is None."""
    common = _Parser(add_help=False, argument_default=None)
    common.add_argument(
        "--local",
        dest="local_dir",
        nargs="?",
        const="./local-run",
        metavar="DIR",
        help="use an embedded PostgreSQL and folders under DIR (./local-run) instead of RDS, S3 and DynamoDB",
    )
    volume = common.add_mutually_exclusive_group()
    volume.add_argument(
        "--verbose", dest="log_level", action="store_const", const="DEBUG", help="log every detail (LOG_LEVEL=DEBUG)"
    )
    volume.add_argument(
        "--quiet", dest="log_level", action="store_const", const="WARNING", help="log warnings and errors only"
    )
    common.add_argument("--log-format", metavar="text|json", help="shape of the log lines on standard error (text)")

    parser = _Parser(
        prog="batch_job.py",
        allow_abbrev=False,
        description="Ask an LLM for the questions that shoppers ask about products and about their markets.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, summary in VERBS.items():
        verbs.add_parser(
            verb,
            parents=[] if verb == "cache" else [common],
            allow_abbrev=False,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    _add_run_options(verbs.choices["run"])
    _add_cache_verbs(verbs.choices["cache"], common)
    verbs.choices["report"].add_argument("job_id", metavar="JOB_ID", help="the job whose result is wanted")
    return parser


def _add_cache_verbs(cache: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = cache.add_subparsers(dest="action", metavar="ACTION", required=True, help="warm or stats")
    about = {
        "warm": "buy what the cache does not have for these products, or with --from-job take what a job has stored",
        "stats": "what Redis or the folder hold, and what all runs have saved, where a database is configured",
    }
    for action, summary in about.items():
        actions.add_parser(
            action,
            parents=[common],
            allow_abbrev=False,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    warm = actions.choices["warm"]
    warm.add_argument("--job-id", metavar="ID", help="with --from-job: the job whose questions are taken (JOB_ID)")
    _add_source_options(warm, "questions that the job named by --job-id has stored; nothing is bought")
    work = warm.add_argument_group("what to make")
    _add_amount_options(work)
    _add_provider_options(warm.add_argument_group("who writes the questions"))


def _add_run_options(run: argparse.ArgumentParser) -> None:
    run.add_argument("--job-id", metavar="ID", help="name of the job; the same id again continues it (JOB_ID)")
    _add_source_options(run, "products already selected for this job id in the database (PRODUCTS_FROM_JOB)")
    work = run.add_argument_group("what to make")
    _add_amount_options(work)
    work.add_argument(
        "--skip-existing",
        action="store_const",
        const="true",
        help="leave out products that already have N active questions of each type (SKIP_EXISTING)",
    )
    work.add_argument(
        "--dry-run",
        action="store_const",
        const="true",
        help="check input, settings and connections, and quote calls, tokens and price; nothing is bought or written"
        " (DRY_RUN)",
    )
    work.add_argument(
        "--refresh",
        action="store_const",
        const="true",
        help="allow another number of questions, provider, model or prompt version than the job began with (REFRESH)",
    )
    _add_provider_options(run.add_argument_group("who writes the questions"))


def _add_source_options(parser: argparse.ArgumentParser, from_job: str) -> None:
    source = parser.add_argument_group("where the products come from (the first given, in this order, is used)")
    source.add_argument("--input-s3", metavar="s3://B/K", help="an S3 object (INPUT_S3_BUCKET and INPUT_S3_KEY)")
    source.add_argument("--products-file", metavar="PATH", help="a JSON, JSON Lines or CSV file; - is standard input")
    source.add_argument(
        "--products-json", dest="products_argument", metavar="JSON", help="products on the command line"
    )
    source.add_argument("--from-job", action="store_const", const="true", help=from_job)


def _add_amount_options(work: argparse._ArgumentGroup) -> None:
    work.add_argument("--num-questions", metavar="N", help="questions of each type for a product (NUM_QUESTIONS, 25)")
    work.add_argument("--limit", metavar="N", help="only the first N products (PRODUCT_LIMIT)")


def _add_provider_options(model: argparse._ArgumentGroup) -> None:
    model.add_argument(
        "--provider",
        metavar="NAMES",
        help=f"{', '.join(PROVIDERS)}: by commas, each stands in for those before it (LLM_PROVIDERS)",
    )
    model.add_argument("--model", dest="gemini_model", metavar="NAME", help="the Gemini model (GEMINI_MODEL)")
    model.add_argument("--max-concurrency", metavar="N", help="calls in flight at once (MAX_CONCURRENCY, 32)")
    model.add_argument(
        "--rpm",
        metavar="N",
        help="calls a minute of the whole job, all runs together (MAX_REQUESTS_PER_MINUTE, 60)",
    )
    model.add_argument("--tpm", metavar="N", help="tokens a minute of the whole job (MAX_TOKENS_PER_MINUTE)")
    model.add_argument("--max-cost", metavar="USD", help="what the whole job may cost (MAX_COST_USD)")
    model.add_argument("--rpd", metavar="N", help="calls a day of the whole job (MAX_REQUESTS_PER_DAY)")


def parse_arguments(argv: Sequence[str]) -> dict[str, str | None]:
    """Read a command line; without a verb it is `run`.

    Raises:
        ConfigurationError: an unknown verb or option, or one that is not built yet.
    """
    words = list(argv)
    if words and words[0] in LATER_VERBS:
        raise ConfigurationError(f"the verb '{words[0]}' is not available yet; there are: {', '.join(VERBS)}")
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words.insert(0, "run")
    return vars(build_parser().parse_args(words))
