"""What a job is, where its products come from, and what it makes of them."""

from typing import TYPE_CHECKING, Annotated, Literal

from query_generator.declaration import Between, Group, Help, Option, Setting, declarations
from query_generator.settings.readings import (
    BUCKETS,
    BUYING,
    WITH_DATABASE,
    checked_bucket,
    checked_job_id,
    checked_locale,
    checked_s3_uri,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr


@declarations
class WorkSettings:
    """What a job is, where its products come from, and what it makes of them."""

    job_id: Annotated[
        str,
        Setting(
            Group.JOB,
            "JOB_ID",
            "spring-2026",
            default="the id of the AWS Batch job, else a fresh one",
            allowed="letters, digits, '.', '_', '-'; at most 128; no '..'",
            read=checked_job_id,
        ),
        Help(
            "name of the job; the same id again continues it",
            "All children of an array job share the id of the array. A fresh id is printed.",
        ),
        Option(
            "--job-id",
            "ID",
            BUYING,
            arguments={"report": "the job whose result is wanted"},
            other_help={"cache warm": "with --from-job: the job whose questions are taken"},
        ),
    ]
    local_dir: Annotated[
        "Path | None",
        Setting(Group.JOB, "LOCAL_DIR", "./local-run", default="off"),
        Help(
            "use an embedded PostgreSQL and folders under DIR (./local-run) instead of RDS, S3 and DynamoDB",
            "What is there survives between runs.",
        ),
        Option("--local", "DIR", WITH_DATABASE, alone="./local-run"),
    ] = None
    products_json: Annotated[
        "SecretStr | None",
        Setting(Group.SOURCE, "PRODUCTS_JSON", '[{"name": "Trail Boot", "brand": "Daybird"}]', secret=True),
        Help("products inline, as in a file"),
    ] = None
    input_s3: Annotated[
        str | None,
        Setting(
            Group.SOURCE,
            example="s3://my-bucket/catalog.json",
            allowed="the bucket may be the ARN of an access point; `?versionId=ID` may end it",
            read=checked_s3_uri,
        ),
        Help("an S3 object, instead of INPUT_S3_BUCKET and INPUT_S3_KEY"),
        Option("--input-s3", "s3://B/K", BUYING),
    ] = None
    input_s3_bucket: Annotated[
        str | None,
        Setting(Group.SOURCE, "INPUT_S3_BUCKET", "my-bucket", allowed=BUCKETS, read=checked_bucket),
        Help("bucket of that object; needs INPUT_S3_KEY"),
    ] = None
    input_s3_key: Annotated[
        str | None,
        Setting(Group.SOURCE, "INPUT_S3_KEY", "catalog.json"),
        Help("key of that object; needs INPUT_S3_BUCKET"),
    ] = None
    products_file: Annotated[
        str | None,
        Setting(Group.SOURCE, example="products.json"),
        Help("a JSON, JSON Lines, CSV, XML or Excel file; - is standard input"),
        Option(
            "--products-file",
            "PATH",
            (*BUYING, "evaluate"),
            other_help={"evaluate": "the catalog that the questions are for, by whose fields contradictions are found"},
        ),
    ] = None
    products_argument: Annotated[
        "SecretStr | None",
        Setting(Group.SOURCE, example='[{"name": "Trail Boot"}]', secret=True),
        Help("products on the command line"),
        Option("--products-json", "JSON", BUYING),
    ] = None
    from_job: Annotated[
        bool,
        Setting(Group.SOURCE, "PRODUCTS_FROM_JOB", "true"),
        Help(
            "products already selected for this job id in the database",
            "They are in `jobselectedproducts`; without any source a known job takes them too. `cache warm` takes the "
            "questions that the job has stored.",
        ),
        Option(
            "--from-job",
            verbs=BUYING,
            other_help={"cache warm": "questions that the job named by --job-id has stored; nothing is bought"},
        ),
    ] = False
    num_questions: Annotated[
        int,
        Setting(Group.WORK, "NUM_QUESTIONS", "25"),
        Help("questions of each type for a product"),
        Between(1, 200),
        Option("--num-questions", "N", BUYING),
    ] = 25
    locale: Annotated[
        str,
        Setting(
            Group.WORK,
            "LOCALE",
            "de-AT",
            allowed="a BCP 47 tag of language, script and country, or auto",
            read=checked_locale,
        ),
        Help(
            "whose language the questions are in, and for whose market they are",
            "`auto` is the language of each product's texts. It is fixed by a job's first run.",
        ),
        Option("--locale", "TAG", BUYING),
    ] = "auto"
    unbranded_share: Annotated[
        float,
        Setting(Group.WORK, "MARKET_UNBRANDED_SHARE", "0.7"),
        Help("share of the market questions that name neither brand nor product", "It is fixed by a job's first run."),
        Between(0, 1),
        Option("--unbranded-share", "X", (*BUYING, "evaluate")),
    ] = 0.7
    market_scope: Annotated[
        Literal["product", "category"],
        Setting(Group.WORK, "MARKET_SCOPE", "category"),
        Help(
            "whom unbranded market questions are bought for: each product, or its category",
            "With `category` they are bought once for a category, locale and currency, and stored for each of its "
            "products; branded ones stay the product's own. A job keeps what it began with.",
        ),
        Option("--market-scope", "S", BUYING),
    ] = "product"
    variant_scope: Annotated[
        Literal["product", "family"],
        Setting(Group.WORK, "VARIANT_SCOPE", "family"),
        Help(
            "whom product questions are bought for: each product, or all that differ in colour and size alone",
            "With `family` products of one brand and category whose names are the same but for colour or size share "
            "their product questions. A job keeps what it began with.",
        ),
    ] = "product"
    personas_file: Annotated[
        str | None,
        Setting(Group.WORK, "PERSONAS_FILE", "personas.json", default="the list that comes with the project"),
        Help(
            "a JSON file that says who asks",
            'A list of `{"name", "description", "categories"?}`; `categories` are families of products, as food or '
            "electronics. It is fixed by a job's first run.",
        ),
        Option("--personas", "FILE", (*BUYING, "evaluate")),
    ] = None
    ask_factor: Annotated[
        float,
        Setting(Group.WORK, "ASK_FACTOR", "1.15"),
        Help("how many times as many questions a model is asked for as are missing; the best of them are kept"),
        Between(1, 3),
    ] = 1.15
    reask_limit: Annotated[
        int,
        Setting(Group.WORK, "REASK_LIMIT", "2"),
        Help("how often a model is asked again for the questions that an item lacks"),
        Between(0, 20),
    ] = 2
    small_model: Annotated[
        bool,
        Setting(Group.WORK, "SMALL_MODEL", "true"),
        Help(
            "ask for one question at a time, with its beginning given: for small models behind OPENAI_BASE_URL",
            "Each question takes a call of its own, and up to REASK_LIMIT more. A run does so by itself once the "
            "replies of such a service show that its model cannot fill a plan.",
        ),
    ] = False
    limit: Annotated[
        int | None,
        Setting(Group.WORK, "PRODUCT_LIMIT", "100", default="none"),
        Help("only the first N products"),
        Between(1),
        Option("--limit", "N", BUYING),
    ] = None
    skip_existing: Annotated[
        bool,
        Setting(Group.WORK, "SKIP_EXISTING", "true"),
        Help("leave out products that already have N active questions of each type"),
        Option("--skip-existing", verbs=("run",)),
    ] = False
    dry_run: Annotated[
        bool,
        Setting(Group.WORK, "DRY_RUN", "true"),
        Help("check input, settings and connections, and quote calls, tokens and price; nothing is bought or written"),
        Option("--dry-run", verbs=("run",)),
    ] = False
    refresh: Annotated[
        bool,
        Setting(Group.WORK, "REFRESH", "true"),
        Help("allow another number of questions, provider, model or prompt version than the job began with"),
        Option("--refresh", verbs=("run",)),
    ] = False
    retry_failed: Annotated[
        bool,
        Setting(Group.WORK, "RETRY_FAILED", "true"),
        Help(
            "try all failed items of the job again, also those that the model refused",
            "Without it those alone whose cause may be gone. In AWS Batch it holds once a submission, not for each "
            "retry and child.",
        ),
        Option("--retry-failed", verbs=("run",)),
    ] = False
