"""`--dry-run`: everything that can be known before a job spends money. Nothing is bought or written."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial

import secrets_cache
from query_generator.config import JobConfig
from query_generator.dry_run.preflight import Finding, Findings, check_keys, check_services, token_counters
from query_generator.dry_run.provider_check import Counts, count_samples, work_by_model
from query_generator.dry_run.quote import Quote, quote, quote_lines
from query_generator.dry_run.survey import Survey, take_survey, understood
from query_generator.ending import Ending
from query_generator.llm.prices import Prices
from query_generator.masking import shown
from query_generator.pipeline.providers import in_order
from query_generator.pipeline.services import database_of
from query_generator.pipeline.spending import checked_prices
from query_generator.stopping import StopSignal
from query_generator.store.budget import spent_usd
from query_generator.store.database import Database
from query_generator.store.open_work import can_be_read, experience_of, missing_migrations, read_only
from query_generator.store.schema import require_fit


def dry_run(config: JobConfig, stop: StopSignal) -> tuple[str, Ending]:
    """Check a job, and quote its price.

    Returns:
        The summary, and the ending: with 0 if the job could run, else with the code that the run would end with.

    Raises:
        ConfigurationError: the prices cannot be used.
    """
    prices = checked_prices(config)
    secrets_cache.configure(config)
    findings, survey = Findings(), Survey()
    keys = check_keys(config, findings)
    counters = token_counters(config, keys)
    with ExitStack() as resources:
        db = _database(config, findings, resources)
        findings.check("input", partial(take_survey, config, db, stop, survey), lambda source: f"{source}: {survey}")
        check_services(config, findings)
        counts = count_samples(config, keys, counters, survey, findings)
        quotes = [_quotes(config, provider, survey, prices, counts, db) for provider in in_order(config, prices)]
        left = _left_of_cap(config, db)
    return "\n".join(map(shown, _lines(config, findings, survey, quotes, left))), findings.ending


def _database(config: JobConfig, findings: Findings, resources: ExitStack) -> Database | None:
    """Open the database for reading; None if it cannot be opened, or lacks tables that are needed."""
    if config.local_dir is not None and not (config.local_dir / "postgres" / "PG_VERSION").exists():
        findings.append(Finding("database", "embedded PostgreSQL, the run makes it"))
        return None

    def connect() -> tuple[Database, list[str]]:
        db = resources.enter_context(closing(resources.enter_context(database_of(config))(None)))
        read_only(db)
        require_fit(db)
        return db, missing_migrations(db)

    found = findings.check("database", connect, lambda it: _tables(it[1]))
    return found[0] if found and can_be_read(found[1]) else None


def _tables(missing: Sequence[str]) -> str:
    if not missing:
        return "login good, all tables are there"
    left_out = "" if can_be_read(missing) else ", so what they hold is left out here"
    return f"login good; the run makes or changes tables first ({', '.join(missing)}){left_out}"


def _quotes(
    config: JobConfig, provider: str, survey: Survey, prices: Prices, counts: Counts, db: Database | None
) -> list[Quote]:
    """Return one quote for each model of a provider."""
    quotes = []
    for model, work in work_by_model(config, provider, survey).items():
        learned = experience_of(db, config.job_id, provider, model) if db else None
        quotes.append(
            quote(
                provider,
                model,
                work,
                prices.of(provider, model),
                counts.get((provider, model), ()),
                (learned.tokens_a_question, learned.second_calls) if learned else None,
            )
        )
    return quotes


def _left_of_cap(config: JobConfig, db: Database | None) -> float | None:
    """Return how many US dollars of the job's cap are left; None without a cap."""
    if config.max_cost is None or db is None:
        return config.max_cost
    return config.max_cost - spent_usd(db, config.job_id)


def _lines(
    config: JobConfig,
    findings: Findings,
    survey: Survey,
    quotes: Sequence[Sequence[Quote]],
    left_of_cap: float | None,
) -> Iterator[str]:
    yield f"Dry run of job {config.job_id}: nothing is bought or written"
    yield from map(str, findings)
    if survey.sums.rows:
        yield f"  read       {survey.sums.line(survey.products, survey.repeated, survey.rejected)}"
    if formats := survey.sums.formats():
        yield f"  format     {formats}"
    yield from (f"  for example {understood(product)}" for product in survey.samples)
    yield from (f"     rejected {record}" for record in survey.named)
    if survey.rejected > len(survey.named):
        yield f"     … and {survey.rejected - len(survey.named)} more"
    yield f"  open       {survey.items} items, {survey.questions} questions to be written"
    for query_type, served in survey.served.items():
        sets = survey.sets[query_type]
        yield f"  shared     {sets} sets of {query_type} questions to be bought, which {served} products take from"
    for number, of_provider in enumerate(quotes):
        if number == 1:
            yield "  or, if another provider takes over:"
        yield from quote_lines(of_provider, left_of_cap)
    yield f"the run would end with exit code {int(findings.exit_code)}" if findings.exit_code else "the job could run"
