"""From options and environment to one checked configuration."""

from dataclasses import FrozenInstanceError, asdict
from pathlib import Path

import pytest

from query_generator.config import JobConfig, load_config
from query_generator.errors import ConfigurationError

CLOUD = {"RDS_SECRET_NAME": "rds", "GEMINI_SECRET_NAME": "gemini", "OUTPUT_S3_BUCKET": "out", "JOB_ID": "j1"}


def load(environ: dict[str, str], **arguments: str | None) -> JobConfig:
    """The configuration of `run` in the standard set-up, with something changed."""
    return load_config({"verb": "run", **arguments}, CLOUD | environ)


def test_the_defaults_are_the_documented_ones() -> None:
    """A job that says only where its services are gets the documented defaults."""
    config = load({})
    assert config.providers == ("gemini",)
    assert config.gemini_model == "gemini-3.5-flash-lite"
    assert (config.num_questions, config.max_concurrency, config.rpm, config.batch_size) == (25, 32, 60, 50)
    assert (config.retry_max_attempts, config.output_s3_prefix) == (3, "query/")
    assert (config.orchestration_logs_table, config.db_sslmode) == ("OrchestrationLogs", "prefer")
    assert (config.log_level, config.log_format) == ("INFO", "text")
    assert (config.limit, config.connection_pool_size, config.local_dir) == (None, None, None)
    assert not config.from_job
    assert not config.skip_existing
    assert (config.lease_seconds, config.drain_seconds, config.database_reconnect_seconds) == (30, 25, 180)
    assert not config.refresh
    assert (config.tpm, config.rpd, config.array_size) == (None, None, 1)
    assert (config.circuit_breaker_threshold, config.circuit_breaker_timeout) == (5, 300)


def test_an_option_wins_over_its_variable() -> None:
    """What stands on the command line counts, whatever the job definition says."""
    config = load({"NUM_QUESTIONS": "10", "LLM_PROVIDERS": "gemini"}, num_questions="5", providers="offline")
    assert (config.num_questions, config.providers) == (5, ("offline",))


def test_a_run_may_do_without_waiting() -> None:
    """No time for calls in flight and none for a database that is away are settings like others; parts count too."""
    config = load({"DRAIN_SECONDS": "0", "DATABASE_RECONNECT_SECONDS": "0", "LEASE_SECONDS": "1.5"})
    assert (config.drain_seconds, config.database_reconnect_seconds, config.lease_seconds) == (0, 0, 1.5)


def test_an_empty_variable_counts_as_not_given() -> None:
    """A job definition may pass variables on that are empty."""
    assert load({"NUM_QUESTIONS": "", "AWS_REGION": " ", "PRODUCT_LIMIT": ""}) == load({})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("JOB_ID", "../etc"),
        ("JOB_ID", "a..b"),
        ("JOB_ID", "-x"),
        ("JOB_ID", "a b"),
        ("JOB_ID", "a\n"),
        ("JOB_ID", "é"),
        ("JOB_ID", "x" * 129),
        ("NUM_QUESTIONS", "0"),
        ("NUM_QUESTIONS", "201"),
        ("NUM_QUESTIONS", "many"),
        ("NUM_QUESTIONS", "2.5"),
        ("PRODUCT_LIMIT", "-1"),
        ("MAX_CONCURRENCY", "0"),
        ("MAX_REQUESTS_PER_MINUTE", "0"),
        ("MAX_TOKENS_PER_MINUTE", "0"),
        ("MAX_REQUESTS_PER_DAY", "0"),
        ("CIRCUIT_BREAKER_THRESHOLD", "0"),
        ("CIRCUIT_BREAKER_TIMEOUT", "0"),
        ("CIRCUIT_BREAKER_TIMEOUT", "3601"),
        ("LLM_PROVIDERS", "mistral"),
        ("LLM_PROVIDERS", "gemini,gemini"),
        ("LLM_PROVIDERS", ","),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("DB_PORT", "65536"),
        ("DB_SSLMODE", "verify_full"),
        ("RETRY_MAX_ATTEMPTS", "11"),
        ("BATCH_SIZE", "51"),
        ("SKIP_EXISTING", "perhaps"),
        ("REFRESH", "perhaps"),
        ("LEASE_SECONDS", "0"),
        ("LEASE_SECONDS", "3601"),
        ("LEASE_SECONDS", "nan"),
        ("DRAIN_SECONDS", "-1"),
        ("DRAIN_SECONDS", "inf"),
        ("DATABASE_RECONNECT_SECONDS", "-1"),
        ("DATABASE_RECONNECT_SECONDS", "soon"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_an_example(variable: str, value: str) -> None:
    """A wrong setting ends with exit code 64 before anything starts, and the line says what a right one looks like."""
    with pytest.raises(ConfigurationError) as caught:
        load({variable: value})
    (line,) = str(caught.value).splitlines()
    assert variable in line
    assert "for example" in line


@pytest.mark.parametrize("job_id", ["j", "spring-2026", "A.b_c-1", "9" * 128])
def test_documented_job_ids_are_accepted(job_id: str) -> None:
    """Every id of the documented shape names a job."""
    assert load({}, job_id=job_id).job_id == job_id


@pytest.mark.parametrize("address", ["s3://bucket", "s3://bucket/", "https://bucket/key", "bucket/key", "s3:///key"])
def test_a_wrong_s3_address_is_refused(address: str) -> None:
    """A mistyped address is found before S3 is asked."""
    with pytest.raises(ConfigurationError, match="--input-s3"):
        load({}, input_s3=address)


def test_all_problems_are_named_at_once() -> None:
    """An operator mends the whole configuration in one go, not one line a run."""
    with pytest.raises(ConfigurationError) as caught:
        load_config({"verb": "run", "rpm": "fast"}, {"NUM_QUESTIONS": "x", "INPUT_S3_KEY": "k"})
    message = str(caught.value)
    for name in (
        *("--rpm", "NUM_QUESTIONS", "RDS_SECRET_NAME", "DATABASE_URL", "OUTPUT_S3_BUCKET"),
        *("GEMINI_SECRET_NAME", "GEMINI_API_KEY", "INPUT_S3_BUCKET", "--products-file", "--local"),
    ):
        assert name in message


@pytest.mark.parametrize(
    ("verb", "environ", "lacking"),
    [
        ("run", {}, ("RDS_SECRET_NAME", "OUTPUT_S3_BUCKET", "GEMINI_SECRET_NAME")),
        ("run", {"LLM_PROVIDERS": "offline"}, ("RDS_SECRET_NAME", "OUTPUT_S3_BUCKET")),
        ("run", {"LOCAL_DIR": "here", "LLM_PROVIDERS": "gemini"}, ("GEMINI_SECRET_NAME",)),
        ("report", {}, ("RDS_SECRET_NAME", "OUTPUT_S3_BUCKET")),
        ("init-db", {}, ("RDS_SECRET_NAME",)),
    ],
)
def test_each_verb_asks_only_for_what_it_needs(verb: str, environ: dict[str, str], lacking: tuple[str, ...]) -> None:
    """Nobody has to configure Gemini to create tables."""
    with pytest.raises(ConfigurationError) as caught:
        load_config({"verb": verb, "job_id": "j1"}, environ)
    lines = [line for line in str(caught.value).splitlines() if line.startswith("missing")]
    assert [next(name for name in lacking if name in line) for line in lines] == list(lacking)


def test_half_an_s3_address_stops_the_job_and_nothing_else() -> None:
    """A bucket without a key is named when the job would read it; other verbs do not care."""
    with pytest.raises(ConfigurationError, match="INPUT_S3_BUCKET and INPUT_S3_KEY go together"):
        load({"INPUT_S3_BUCKET": "b"})
    assert load_config({"verb": "report", "job_id": "j1"}, CLOUD | {"INPUT_S3_BUCKET": "b"}).input_s3_bucket == "b"
    assert load_config({"verb": "function"}, {"INPUT_S3_BUCKET": "b"}).input_s3_bucket == "b"


def test_local_mode_needs_nothing_and_writes_by_grammar() -> None:
    """On a laptop without key or account the job runs with the offline provider."""
    config = load_config({"verb": "run", "local_dir": "here", "products_file": "p.json"}, {})
    assert (config.local_dir, config.providers) == (Path("here"), ("offline",))


def test_local_mode_with_a_key_asks_gemini() -> None:
    """Who sets a key locally wants Gemini."""
    config = load_config({"verb": "run", "local_dir": "here", "products_file": "p.json"}, {"GEMINI_API_KEY": "k"})
    assert config.providers == ("gemini",)


@pytest.mark.parametrize(("batch_id", "job_id"), [("0f3c-9a", "0f3c-9a"), ("0f3c-9a:17", "0f3c-9a")])
def test_batch_names_the_job_when_nobody_does(batch_id: str, job_id: str) -> None:
    """All children of an array and all its retries work on one job."""
    environ = CLOUD | {"JOB_ID": "", "AWS_BATCH_JOB_ID": batch_id}
    assert load_config({"verb": "run"}, environ).job_id == job_id
    assert load_config({"verb": "run", "job_id": "mine"}, environ).job_id == "mine"


def test_a_job_without_a_name_gets_a_fresh_one() -> None:
    """Two unnamed jobs never mix, and an unnamed job without products is refused."""
    environ = CLOUD | {"JOB_ID": "", "PRODUCTS_JSON": "[]"}
    assert load_config({"verb": "run"}, environ).job_id != load_config({"verb": "run"}, environ).job_id
    with pytest.raises(ConfigurationError, match="missing: products"):
        load_config({"verb": "run", "from_job": "true"}, CLOUD | {"JOB_ID": ""})


def test_no_secret_is_shown() -> None:
    """Neither a printed configuration nor an error holds a key, a password or a customer's catalog."""
    secrets = {
        "GEMINI_API_KEY": "AIza-hidden-1",
        "DATABASE_URL": "postgresql://u:hidden-2@h/d",
        "PRODUCTS_JSON": '[{"name": "hidden-3"}]',
    }
    config = load(secrets, products_argument="hidden-4")
    with pytest.raises(ConfigurationError) as caught:
        load({**secrets, "NUM_QUESTIONS": "x"}, products_argument="hidden-4")
    assert "hidden" not in f"{config!r} {config} {asdict(config)} {caught.value}"
    assert caught.value.__cause__ is None


def test_a_configuration_does_not_change() -> None:
    """What was checked at the start holds to the end."""
    with pytest.raises(FrozenInstanceError, match="rpm"):
        setattr(load({}), "rpm", 1)  # noqa: B010 -- mypy would see it


def test_a_configuration_shows_no_secret() -> None:
    """Printed by a debugger or in an error, it holds no key, no password and no address with one."""
    environ = {
        **dict.fromkeys(("GEMINI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"), "hidden-0123456789"),
        "DATABASE_URL": "postgresql://app:hidden@h/d",
        "CACHE_URL": "redis://:hidden@h",
    }
    config = load_config({"verb": "function", "job_id": "j"}, environ)
    assert "hidden" not in f"{config!r} {config}"
    assert config.cache_url
    assert config.cache_url.get_secret_value() == environ["CACHE_URL"]
