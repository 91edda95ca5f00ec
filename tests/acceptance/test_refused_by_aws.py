"""What S3 and DynamoDB refuse: told before anything is bought, with the exit code that says whether to try again."""

import json

import pytest

from tests.conftest import Cloud
from tests.fakes.aws_server import BUCKET, TABLE

PRODUCTS = json.dumps([{"name": "Trail Boot", "brand": "Daybird"}, {"name": "Trail Shoe", "brand": "Daybird"}])
JOB = ("--job-id", "job", "--num-questions", "5")
OF_ITS_BUCKET = [
    (404, "NoSuchBucket", "The specified bucket does not exist", 64, "AWS_REGION"),
    (400, "AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong; expecting 'eu-west-1'", 64, "AWS_REGION"),
    (400, "InvalidBucketName", "The specified bucket is not valid", 64, "name"),
    (400, "ExpiredToken", "The provided token has expired", 77, "credentials"),
    (403, "InvalidAccessKeyId", "The key does not exist in our records", 77, "credentials"),
    (403, "AllAccessDisabled", "All access to this object has been disabled", 77, "account"),
    (403, "NotSignedUp", "Your account is not signed up", 77, "account"),
]
OF_AN_OBJECT = [
    *OF_ITS_BUCKET,
    (403, "InvalidObjectState", "The operation is not valid for the object's storage class", 64, "restore-object"),
    (404, "NoSuchVersion", "The specified version does not exist", 64, "list-object-versions"),
    (404, "NoSuchKey", "The specified key does not exist", 64, "key"),
    (400, "InvalidRequest", "The object was stored using a form of Server Side Encryption", 64, "Server Side"),
    (400, "KMS.DisabledException", "the key is disabled", 64, "KMS key"),
    (400, "KMS.NotFoundException", "the key does not exist", 64, "KMS key"),
    (405, "MethodNotAllowed", "The specified method is not allowed", 64, "deleted"),
    (416, "InvalidRange", "The requested range cannot be satisfied", 64, "InvalidRange"),
    (418, "SomethingNew", "no", 64, "SomethingNew"),
    (403, "AccessDenied", "User is not authorized to perform: s3:GetObject", 77, "role"),
    (503, "SlowDown", "Please reduce your request rate", 75, "again"),
    (400, "RequestTimeout", "Your socket connection was not read from or written to", 75, "again"),
]


@pytest.mark.parametrize(("status", "code", "words", "exit_code", "way_out"), OF_AN_OBJECT, ids=lambda it: str(it))
def test_an_input_that_s3_refuses(
    cloud: Cloud, status: int, code: str, words: str, exit_code: int, way_out: str
) -> None:
    """What no retry cures ends 64 or 77 with S3's code and words and the way out, and only what may pass ends 75."""
    cloud.aws.fail(f"GET /{BUCKET}/in.json", status, code, words)
    ended = cloud.run(*JOB, "--input-s3", f"s3://{BUCKET}/in.json")
    assert ended.code == exit_code, ended.log
    line = ended.error
    assert f"s3://{BUCKET}/in.json: {code}: {words}" in line
    assert way_out in line
    assert cloud.gemini.calls.total() == 0


@pytest.mark.parametrize(("status", "code", "words", "exit_code", "way_out"), OF_ITS_BUCKET, ids=lambda it: str(it))
def test_a_bucket_that_results_cannot_go_to_is_told_first(
    cloud: Cloud, status: int, code: str, words: str, exit_code: int, way_out: str
) -> None:
    """A run stops before its first call, and a dry run says the same with the same code."""
    cloud.aws.fail(f"GET /{BUCKET}/", status, code, words)
    for more in ((), ("--dry-run",)):
        ended = cloud.run(*JOB, *more, "--products-json", PRODUCTS)
        assert ended.code == exit_code, ended.log + ended.out
        told = ended.out if more else ended.error
        assert f"the bucket {BUCKET}: {code}: {words}" in told
        assert way_out in told
    assert cloud.gemini.calls.total() == 0


@pytest.mark.parametrize("index", [None, "1"], ids=["a job", "a child of an array"])
def test_a_bucket_that_is_not_there_is_told_first(cloud: Cloud, index: str | None) -> None:
    """A wrong name costs nothing: neither a call nor a row; with the right name the same job id goes on."""
    child = {"AWS_BATCH_JOB_ID": f"b:{index}", "AWS_BATCH_JOB_ARRAY_INDEX": index} if index else {}
    given = (*JOB, "--products-json", PRODUCTS)
    ended = cloud.run(*given, OUTPUT_S3_BUCKET="no-such-bucket", **child)
    assert ended.code == 64, ended.log
    assert "no-such-bucket: NoSuchBucket" in ended.error
    assert cloud.gemini.calls.total() == 0
    assert cloud.run(*given).code == 0


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *(
            (403, "AccessDenied"),
            (403, "Forbidden"),
            (404, "NoSuchKey"),
            (405, "MethodNotAllowed"),
            (404, ""),
            (503, ""),
        ),
        *((403, "InvalidObjectState"), (400, "KMS.DisabledException")),
    ],
)
def test_an_answer_that_says_nothing_of_the_bucket_stops_nothing(cloud: Cloud, status: int, code: str) -> None:
    """A role that may only write, an earlier result that cannot be read, or an S3 that is away are no reason to end."""
    cloud.aws.fail(f"GET /{BUCKET}/", status, code, "no")
    ended = cloud.run(*JOB, "--products-json", PRODUCTS)
    assert ended.code == 0, ended.log
    assert ("cannot be seen now" in ended.log) == (status == 503)
    cloud.aws.failing.clear()
    assert cloud.aws.result("job")["status"] == "completed"


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (503, "")])
def test_a_dry_run_needs_no_sight_of_the_bucket(cloud: Cloud, status: int, code: str) -> None:
    """It says 0 as the run would, whether a role may only write or S3 is away."""
    cloud.aws.fail(f"GET /{BUCKET}/", status, code, "no")
    assert cloud.run(*JOB, "--products-json", PRODUCTS, "--dry-run").code == 0


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [(400, "KMS.DisabledException", 64), (400, "InvalidRequest", 64), (403, "AccessDenied", 77), (503, "SlowDown", 75)],
)
def test_a_result_that_s3_refuses(cloud: Cloud, status: int, code: str, exit_code: int) -> None:
    """The job ends as the refusal says, and once its cause is gone the same id writes the result and buys nothing."""
    cloud.aws.fail(f"PUT /{BUCKET}/", status, code, "no")
    ended = cloud.run(*JOB, "--products-json", PRODUCTS)
    assert ended.code == exit_code, ended.log
    assert f"{code}: no" in ended.error
    cloud.aws.failing.clear()
    bought = cloud.gemini.calls.total()
    assert cloud.run(*JOB).code == 0
    assert cloud.gemini.calls.total() == bought == 4
    assert cloud.aws.result("job")["status"] == "completed"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((400, "ResourceNotFoundException"), (400, "AccessDeniedException"), (400, "ValidationException")),
        *((400, "UnrecognizedClientException"), (400, "ItemCollectionSizeLimitExceededException")),
    ],
)
def test_a_table_that_takes_no_event_is_warned_of_and_ends_nothing(cloud: Cloud, status: int, code: str) -> None:
    """The warning names the table, the code and the words; every event waits for the next run."""
    cloud.aws.fail("PutItem", status, code, "no")
    ended = cloud.run(*JOB, "--products-json", PRODUCTS)
    assert ended.code == 0, ended.log
    assert (
        f"[BATCH WARNING] Events are not published and wait for the next run of this job: DynamoDB table {TABLE}: "
        in (ended.log)
    )
    assert f"{code}: no" in ended.log
    cloud.aws.failing.clear()
    assert cloud.run(*JOB).code == 0
    assert [event["eventName"] for event in cloud.aws.events("job")].count("job_completed") == 1


def test_a_dry_run_names_a_table_with_other_keys(cloud: Cloud) -> None:
    """A table that no event fits is told before the job, which would go on without it."""
    cloud.aws.client("dynamodb").create_table(
        TableName="Orders",
        KeySchema=[{"AttributeName": "order", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    ended = cloud.run(*JOB, "--products-json", PRODUCTS, "--dry-run", ORCHESTRATION_LOGS_TABLE="Orders")
    assert ended.code == 0, ended.log
    assert "table Orders has the keys order, but events have job_id and event_timestamp_id" in ended.out


@pytest.mark.parametrize("status", [200, 502])
def test_a_page_that_is_none_of_s3_is_a_service_that_is_away(cloud: Cloud, status: int) -> None:
    """A portal or proxy that answers with a page of its own ends 75, not with a traceback."""
    cloud.aws.fail(f"GET /{BUCKET}/in.json", status, "page", "<p>Sign in")
    ended = cloud.run(*JOB, "--input-s3", f"s3://{BUCKET}/in.json")
    assert "Traceback" not in ended.log
    assert ended.code == 75, ended.log


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"], ids=["a role that may list", "a role that may not"])
def test_a_key_as_events_write_it_is_read_and_told(cloud: Cloud, code: str) -> None:
    """Where the key is not there as given, the one that an event of S3 would mean is read, and both are named."""
    cloud.aws.client("s3").put_object(Bucket=BUCKET, Key="in/my file(1).json", Body=PRODUCTS.encode())
    given = "in/my+file%281%29.json"
    cloud.aws.fail(f"GET /{BUCKET}/{given.replace('%28', '(').replace('%29', ')')}", 403, code, "no")
    ended = cloud.run(*JOB, INPUT_S3_BUCKET=BUCKET, INPUT_S3_KEY=given)
    assert ended.code == 0, ended.log
    assert f"s3://{BUCKET}/{given} is not there: reading s3://{BUCKET}/in/my file(1).json" in ended.log
    assert cloud.aws.result("job")["input_source"] == f"s3://{BUCKET}/{given}"


def test_a_key_that_is_there_as_given_is_not_decoded(cloud: Cloud) -> None:
    """A name with a plus or a percent sign is that name, whatever else lies beside it."""
    s3 = cloud.aws.client("s3")
    s3.put_object(Bucket=BUCKET, Key="a+b%41.json", Body=b'[{"name": "As given"}]')
    s3.put_object(Bucket=BUCKET, Key="a bA.json", Body=b'[{"name": "Another"}]')
    ended = cloud.run(*JOB, "--input-s3", f"s3://{BUCKET}/a+b%41.json")
    assert ended.code == 0, ended.log
    assert [product["name"] for product in cloud.aws.result("job")["products"]] == ["As given"]


def test_a_key_that_is_there_in_neither_form_is_named_in_both(cloud: Cloud) -> None:
    """The error is that of the key as it was given."""
    ended = cloud.run(*JOB, "--input-s3", f"s3://{BUCKET}/no+such%28.json")
    assert ended.code == 64, ended.log
    assert f"reading s3://{BUCKET}/no+such%28.json: NoSuchKey" in ended.error
    assert f"s3://{BUCKET}/no such(.json, as events of S3 would mean it, was tried as well" in ended.error


def test_a_version_of_an_object_is_read(cloud: Cloud) -> None:
    """`?versionId=` reads what the key held then; a version that is not there ends 64."""
    s3 = cloud.aws.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=BUCKET, Key="in.json", Body=b'[{"name": "First"}]')["VersionId"]
    s3.put_object(Bucket=BUCKET, Key="in.json", Body=b'[{"name": "Second"}]')
    address = f"s3://{BUCKET}/in.json?versionId={first}"
    ended = cloud.run(*JOB, "--input-s3", address)
    assert ended.code == 0, ended.log
    result = cloud.aws.result("job")
    assert [product["name"] for product in result["products"]] == ["First"]
    assert result["input_source"] == address
    missing = cloud.run("--job-id", "two", INPUT_S3_BUCKET=BUCKET, INPUT_S3_KEY="in.json?versionId=no-such-version")
    assert missing.code == 64, missing.log


@pytest.mark.parametrize("bucket", [f"s3://{BUCKET}", f"{BUCKET}/query", f"{BUCKET} ", "arn:aws:s3:::results"])
@pytest.mark.parametrize("variable", ["OUTPUT_S3_BUCKET", "INPUT_S3_BUCKET"])
def test_a_bucket_that_is_none_is_named_with_its_variable(cloud: Cloud, bucket: str, variable: str) -> None:
    """The form of a name is known before AWS or anybody else is asked."""
    ended = cloud.run(*JOB, "--products-json", PRODUCTS, INPUT_S3_KEY="in.json", **{variable: bucket})
    assert ended.code == 64, ended.log
    assert variable in ended.log
    assert cloud.aws.calls.total() == 0


def test_a_table_that_is_none_is_named_with_its_variable(cloud: Cloud) -> None:
    """A wrong form ends the run, a table that is only missing does not."""
    ended = cloud.run(*JOB, "--products-json", PRODUCTS, ORCHESTRATION_LOGS_TABLE="Orchestration Logs")
    assert ended.code == 64, ended.log
    assert "ORCHESTRATION_LOGS_TABLE" in ended.log


def test_a_prefix_without_a_slash_gets_one(cloud: Cloud) -> None:
    """Results lie in a folder of the prefix's name, and the log says so once."""
    ended = cloud.run(*JOB, "--products-json", PRODUCTS, OUTPUT_S3_PREFIX="spring")
    assert ended.code == 0, ended.log
    assert f"s3://{BUCKET}/spring/job/results.json" in ended.out
    assert ended.log.count("[INIT] OUTPUT_S3_PREFIX ends without a slash: one is added") == 1
    assert "slash" not in cloud.run(*JOB, OUTPUT_S3_PREFIX="spring/").log
