"""What is done when a service fails, how questions are judged, what is logged, and what AWS Batch sets."""

from typing import Annotated, Literal

from query_generator.declaration import Between, Group, Help, Option, Setting, declarations
from query_generator.settings.readings import EVERY_VERB, without_index


@declarations
class RunningSettings:
    """What is done when a service fails, how questions are judged, what is logged, and what AWS Batch sets."""

    llm_timeout: Annotated[
        float,
        Setting(Group.FAULTS, "LLM_TIMEOUT_SECONDS", "60"),
        Help("the longest wait for a provider's next byte; a whole call may take twice that"),
        Between(1, 3600, "seconds"),
    ] = 60
    retry_max_attempts: Annotated[
        int,
        Setting(Group.FAULTS, "RETRY_MAX_ATTEMPTS", "3"),
        Help(
            "tries of a call, with exponential backoff and full jitter",
            "Retries are at most a tenth of a run's calls, and ten.",
        ),
        Between(1, 10),
    ] = 3
    circuit_breaker_threshold: Annotated[
        int,
        Setting(Group.FAULTS, "CIRCUIT_BREAKER_THRESHOLD", "5"),
        Help("failures of a model's service in a row after which it is left alone", "429s are not counted."),
        Between(1),
    ] = 5
    circuit_breaker_timeout: Annotated[
        float,
        Setting(Group.FAULTS, "CIRCUIT_BREAKER_TIMEOUT", "300"),
        Help("time until one call tries it again", "A run whose only service fails that too ends with 75."),
        Between(1, 3600, "seconds"),
    ] = 300
    unusable_reply_limit: Annotated[
        int,
        Setting(Group.FAULTS, "UNUSABLE_REPLY_LIMIT", "5"),
        Help(
            "items in a row whose paid replies were of no use, after which nothing more is bought",
            "The run ends with 65. Of several providers each is left alone after as many such replies in a row.",
        ),
        Between(1),
    ] = 5
    drain_seconds: Annotated[
        float,
        Setting(Group.FAULTS, "DRAIN_SECONDS", "25"),
        Help("time for calls in flight after SIGTERM or Ctrl-C"),
        Between(0, 3600, "seconds"),
    ] = 25
    question_files: Annotated[
        tuple[str, ...] | None,
        Setting(Group.EVALUATION, example="results.json", allowed="paths of files", read=str.splitlines),
        Help("files of questions"),
        Option(
            "RESULTS.json",
            "RESULTS.json",
            arguments={
                "evaluate": "the result of a job, or a list of questions of another tool; several: side by side"
            },
            many=True,
        ),
    ] = None
    fail_over: Annotated[
        tuple[str, ...] | None,
        Setting(Group.EVALUATION, example="near_duplicates=0.02", allowed="KEY=VALUE", read=str.splitlines),
        Help("end with 65 if a figure of the first file is worse than this, with 64 if it cannot be told"),
        Option("--fail-over", "KEY=VALUE", ("evaluate",), many=True),
    ] = None
    embeddings: Annotated[
        bool,
        Setting(Group.EVALUATION, example="true"),
        Help(
            "tell mean_cosine as well: how alike the questions of a list are in meaning",
            "Needs the extra `embeddings` (31 MB and numpy); the job itself never uses it.",
        ),
        Option("--embeddings", verbs=("evaluate",)),
    ] = False
    plot: Annotated[
        str | None,
        Setting(Group.EVALUATION, example="figures.svg"),
        Help("write the shares as bars to this SVG file"),
        Option("--plot", "PATH", ("evaluate",)),
    ] = None
    as_json: Annotated[
        bool,
        Setting(Group.EVALUATION, example="true"),
        Help("print the figures as JSON"),
        Option("--json", verbs=("evaluate",)),
    ] = False
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        Setting(Group.LOG, "LOG_LEVEL", "DEBUG", read=str.upper),
        Help(
            "how much is logged",
            "INFO names each product of a job of up to 1,000, of a larger one a product every 5 s.",
        ),
        Option(
            "--verbose or --quiet",
            verbs=EVERY_VERB,
            shorthands={
                "--verbose": ("DEBUG", "log every detail"),
                "--quiet": ("WARNING", "log warnings and errors only"),
            },
        ),
    ] = "INFO"
    log_format: Annotated[
        Literal["text", "json"],
        Setting(Group.LOG, "LOG_FORMAT", "json"),
        Help("shape of the log lines on standard error"),
        Option("--log-format", verbs=EVERY_VERB),
    ] = "text"
    batch_job_id: Annotated[
        str | None,
        Setting(Group.BATCH, "AWS_BATCH_JOB_ID", "8f3c1c2e-5a53-4f0a-9d0c-0d2a4c7f9b11:3", read=without_index),
        Help("id of the AWS Batch job; names the job where JOB_ID does not"),
    ] = None
    batch_attempt: Annotated[
        int | None,
        Setting(Group.BATCH, "AWS_BATCH_JOB_ATTEMPT", "1"),
        Help("with it, what was paid for in vain is tried again once for each AWS Batch job, not by its every try"),
        Between(1),
    ] = None
    job_queue: Annotated[
        str | None,
        Setting(Group.BATCH, "AWS_BATCH_JQ_NAME", "query-generator"),
        Help("with it the run writes metric lines, and this is their dimension"),
    ] = None
    array_index: Annotated[
        int | None,
        Setting(Group.BATCH, "AWS_BATCH_JOB_ARRAY_INDEX", "0"),
        Help("makes the run a child of an array job"),
        Between(0, 9999),
    ] = None
    array_size: Annotated[
        int,
        Setting(Group.BATCH, "AWS_BATCH_JOB_ARRAY_SIZE", "16"),
        Help("a child's share of the limits while the database is away"),
        Between(1, 10000),
    ] = 1
