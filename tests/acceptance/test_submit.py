"""The submit script and the job definition, with the real AWS CLI against services on loopback."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from infrastructure.limits import limit
from infrastructure.options import NUMBERS, SIZES
from infrastructure.validate import request_problems
from tests.support.paths import ROOT

SCRIPT = ROOT / "submit_batch_job.sh"
BIN = Path(sys.executable).parent
REGION = "us-east-1"
BUCKET = "products-in"
CLOSED_PORT = "http://127.0.0.1:1"
PRODUCT = '[{"name": "Trail Shoe", "brand": "Acme"}]'
NASTY = """it's "quoted" $(touch owned) `id` $HOME \\n \\ % * ; & | < > ! ~ é 鞋 🥾"""
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def environment(endpoint: str, **more: str) -> dict[str, str]:
    """All that the script sees: the CLI of this environment, dummy credentials and the endpoint."""
    return {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "LANG": "C.UTF-8",
        **more,
    }


def submit(*options: str, endpoint: str = CLOSED_PORT, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, *options], env=environment(endpoint, **variables), capture_output=True, text=True, timeout=60
    )


def planned(*options: str, **variables: str) -> dict[str, Any]:
    """The request of a dry run."""
    ended = submit("--dry-run", *options, **variables)
    assert ended.returncode == 0, ended.stderr
    request: dict[str, Any] = json.loads(ended.stdout)
    assert request_problems(request, fargate="fargate" in options) == []
    return request


def variables_of(request: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in request["containerOverrides"]["environment"]}


class Aws:
    """A moto server with the job definition registered by the real CLI, a queue and a bucket."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        session: Any = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
        self.batch = session.client("batch", endpoint_url=endpoint)
        self.s3 = session.client("s3", endpoint_url=endpoint)
        self.s3.create_bucket(Bucket=BUCKET)
        iam = session.client("iam", endpoint_url=endpoint)
        role = iam.create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        compute = self.batch.create_compute_environment(
            computeEnvironmentName="spot", type="UNMANAGED", state="ENABLED", serviceRole=role
        )["computeEnvironmentArn"]
        for queue in ("query-generator", "other-queue"):
            self.batch.create_job_queue(
                jobQueueName=queue,
                state="ENABLED",
                priority=1,
                computeEnvironmentOrder=[{"order": 1, "computeEnvironment": compute}],
            )
        self.registered = subprocess.run(
            [BIN / "aws", "batch", "register-job-definition", "--cli-input-json", "file://job-definition.json"],
            cwd=ROOT, env=environment(endpoint), capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def submitted(self, *options: str, **variables: str) -> dict[str, Any]:
        """Submit for real; returns the job as DescribeJobs tells it."""
        ended = submit(*options, endpoint=self.endpoint, **variables)
        assert ended.returncode == 0, ended.stderr
        assert re.fullmatch(UUID + "\n", ended.stdout)
        job: dict[str, Any] = self.batch.describe_jobs(jobs=[ended.stdout.strip()])["jobs"][0]
        return job


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    without_docker = HTTPConnection(host, port)
    without_docker.request("POST", "/moto-api/reset")
    without_docker.getresponse().read()
    without_docker.request("POST", "/moto-api/config", json.dumps({"batch": {"use_docker": False}}))
    assert without_docker.getresponse().status == 201
    without_docker.close()
    yield Aws(f"http://{host}:{port}")
    server.stop()


class BatchService:
    """Speaks Batch and CloudWatch Logs over loopback HTTP, and tells the given looks at the job one by one."""

    def __init__(self) -> None:
        self.looks: list[dict[str, Any]] = []
        self.children: list[dict[str, Any]] = []
        self.log: list[str] = []
        self.job_id = "job-1"
        self.page: dict[str, Any] = {}
        self.calls: list[str] = []
        service = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                operation = self.headers.get("X-Amz-Target", self.path)
                body = json.dumps(service.answer(operation, request)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(operation)
        if operation == "/v1/submitjob":
            return {"jobId": self.job_id, "jobName": "a"}
        if operation == "/v1/listjobs":
            wanted = [child for child in self.children if child["status"] == request["jobStatus"]]
            return {"jobSummaryList": [{"jobId": "job-1:n", "jobName": "a", **child} for child in wanted]}
        if operation == "Logs_20140328.GetLogEvents":  # the end repeats the token
            told = int(request.get("nextToken", "0"))
            events = [{"message": line} for line in self.log[told:]]
            return self.page or {"events": events, "nextForwardToken": str(len(self.log))}
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return {"jobs": [{"jobId": "job-1", **look}] if look else []}


@pytest.fixture
def batch_service() -> Iterator[BatchService]:
    service = BatchService()
    thread = Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service
    service.server.shutdown()
    thread.join()
    service.server.server_close()


def follow(service: BatchService, *looks: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    service.looks = list(looks)
    options = ("--job-id", "a", "--from-job", "--wait")
    return submit(*options, endpoint=service.endpoint, POLL_SECONDS="0.01")


def test_job_definition_is_registered(aws: Aws) -> None:
    """`aws batch register-job-definition --cli-input-json` takes the file as it is."""
    assert aws.registered.returncode == 0, aws.registered.stderr
    definition = aws.batch.describe_job_definitions(jobDefinitionName="query-generator")["jobDefinitions"][0]
    assert definition["containerProperties"]["readonlyRootFilesystem"] is True


def test_inline_products_arrive(aws: Aws) -> None:
    """A small input travels with the request, with every option where the job looks for it."""
    job = aws.submitted(
        "--job-id", "spring.2027", "--products-json", PRODUCT, "--num-questions=7", "--rpm", "120",
        "--size", "small", "--queue", "other-queue", "--env", "MAX_COST_USD=20",
    )  # fmt: skip
    assert job["jobName"] == "spring-2027"
    assert job["jobQueue"].endswith("/other-queue")
    told = {entry["name"]: entry["value"] for entry in job["container"]["environment"]}
    expected = {
        "JOB_ID": "spring.2027",
        "PRODUCTS_JSON": PRODUCT,
        "NUM_QUESTIONS": "7",
        "MAX_REQUESTS_PER_MINUTE": "120",
        "MAX_COST_USD": "20",
    }
    assert {name: told[name] for name in expected} == expected


def test_no_character_is_lost_or_executed(aws: Aws) -> None:
    """Quotes, dollars, line breaks and any script arrive as they were written, and nothing is executed."""
    products = json.dumps([{"name": NASTY, "description": "two\nlines"}], ensure_ascii=False, indent=1)
    job = aws.submitted("--job-id", "n", "--products-json", products, "--env", f"NOTE={NASTY}\nsecond = line\t")
    told = {entry["name"]: entry["value"] for entry in job["container"]["environment"]}
    assert told["PRODUCTS_JSON"] == products
    assert told["NOTE"] == f"{NASTY}\nsecond = line\t"
    assert not Path("owned").exists()


def test_large_input_goes_by_s3(aws: Aws, tmp_path: Path) -> None:
    """An input that would make the overrides too long is uploaded byte for byte, with a checksum."""
    products = tmp_path / "my catalog é.json"
    products.write_text(json.dumps([{"name": f"Shoe {n}", "brand": "鞋"} for n in range(300)], ensure_ascii=False))
    job = aws.submitted("--job-id", "big", "--products-file", str(products), INPUT_S3_BUCKET=BUCKET)
    told = {entry["name"]: entry["value"] for entry in job["container"]["environment"]}
    assert "PRODUCTS_JSON" not in told
    assert told["INPUT_S3_BUCKET"] == BUCKET
    assert told["INPUT_S3_KEY"] == "query/big/input/my catalog é.json"
    stored = aws.s3.get_object(Bucket=BUCKET, Key=told["INPUT_S3_KEY"], ChecksumMode="ENABLED")
    assert stored["Body"].read() == products.read_bytes()
    assert stored["ChecksumSHA256"]


def test_array_that_waits_for_another_job(aws: Aws) -> None:
    """--array-size and --depends-on arrive: an array of that size, which waits for the job before it."""
    first = aws.submitted("--job-id", "first", "--from-job")
    array = aws.submitted("--job-id", "array", "--from-job", "--array-size", "3", "--depends-on", first["jobId"])
    assert array["arrayProperties"]["size"] == 3
    assert array["dependsOn"] == [{"jobId": first["jobId"]}]


def test_refusal_of_aws_is_no_job_id(aws: Aws) -> None:
    """When AWS refuses the request nothing is printed that a script could take for a job id."""
    ended = submit("--job-id", "a", "--from-job", "--queue", "no-such-queue", endpoint=aws.endpoint)
    assert (ended.returncode, ended.stdout) == (70, "")
    assert "No job was submitted" in ended.stderr


def test_dry_run_prints_the_request(tmp_path: Path) -> None:
    """--dry-run prints the exact request, calls no AWS, uploads nothing, and tells what it would upload."""
    depends_on = ("--depends-on", "one", "--depends-on", "two")
    request = planned("--job-id", "a", "--from-job", "--size", "large", "--array-size", "16", *depends_on)
    assert request == {
        "jobName": "a",
        "jobQueue": "query-generator",
        "jobDefinition": "query-generator",
        "arrayProperties": {"size": 16},
        "dependsOn": [{"jobId": "one"}, {"jobId": "two"}],
        "containerOverrides": {
            "environment": [{"name": "JOB_ID", "value": "a"}, {"name": "PRODUCTS_FROM_JOB", "value": "true"}],
            "resourceRequirements": [{"type": "VCPU", "value": "4"}, {"type": "MEMORY", "value": "4096"}],
        },
    }
    large = tmp_path / "large.csv.gz"
    large.write_bytes(b"\x1f\x8b\x08\xff")
    ended = submit(
        "--dry-run", "--job-id", "a", "--products-file", str(large), OUTPUT_S3_BUCKET="out", OUTPUT_S3_PREFIX="p/"
    )
    assert "Would upload the products to s3://out/p/a/input/large.csv.gz" in ended.stderr


@pytest.mark.parametrize(("filler", "by_s3"), [(5800, False), (6100, True)])
def test_limit_of_the_overrides(filler: int, by_s3: bool) -> None:
    """Overrides of up to 6,000 characters keep the products, longer ones hand them over by S3."""
    products = json.dumps([{"name": "x" * filler}])
    request = planned("--job-id", "a", "--products-json", products, INPUT_S3_BUCKET="in-bucket")
    assert ("INPUT_S3_KEY" in variables_of(request)) == by_s3
    assert len(json.dumps(request["containerOverrides"])) < 8192


def test_sources_and_defaults() -> None:
    """An S3 address is split into bucket and key; queue and job definition come from the environment if set."""
    request = planned(
        "--job-id", "a", "--input-s3", "s3://in-bucket/a dir/catalog.csv",
        BATCH_JOB_QUEUE="q", BATCH_JOB_DEFINITION="d:3",
    )  # fmt: skip
    told = variables_of(request)
    assert told == {"JOB_ID": "a", "INPUT_S3_BUCKET": "in-bucket", "INPUT_S3_KEY": "a dir/catalog.csv"}
    assert (request["jobQueue"], request["jobDefinition"]) == ("q", "d:3")


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_sizes_fit_fargate(size: str) -> None:
    """Each size is a pair of vCPU and memory that Fargate has, when the queue runs on Fargate."""
    planned("--job-id", "a", "--from-job", "--size", size, "--platform", "fargate")


WRONG = {
    "flag with a value": (("--job-id", "a", "--from-job", "--retry-failed", "yes"), "belongs to no option"),
    "flag twice": (("--from-job", "--retry-failed", "--retry-failed"), "--retry-failed is given twice"),
    "no job id": (("--from-job",), "--job-id is missing"),
    "bad job id": (("--job-id", "../x", "--from-job"), "--job-id '../x'"),
    "dots": (("--job-id", "a..b", "--from-job"), "--job-id"),
    "long job id": (("--job-id", "a" * 129, "--from-job"), "--job-id"),
    "no source": (("--job-id", "a"), "exactly one of"),
    "two sources": (("--job-id", "a", "--from-job", "--products-json", PRODUCT), "exactly one of"),
    "broken JSON": (("--job-id", "a", "--products-json", "[{"), "not valid JSON"),
    "empty array": (("--job-id", "a", "--products-json", "[]"), "no product"),
    "empty products": (("--job-id", "a", "--products-json", '{"products": []}'), "no product"),
    "no such file": (("--job-id", "a", "--products-file", "/no/such"), "No such file"),
    "folder": (("--job-id", "a", "--products-file", "/"), "not a file"),
    "empty file": (("--job-id", "a", "--products-file", os.devnull), "empty"),
    "S3 address": (("--job-id", "a", "--input-s3", "s3://bucket"), "s3://BUCKET/KEY"),
    "zero": (("--job-id", "a", "--from-job", "--num-questions", "0"), "--num-questions '0'"),
    "word": (("--job-id", "a", "--from-job", "--rpm", "many"), "--rpm 'many'"),
    "size": (("--job-id", "a", "--from-job", "--size", "huge"), "small, medium or large"),
    "queue": (("--job-id", "a", "--from-job", "--queue", "a b"), "--queue"),
    "region": (("--job-id", "a", "--from-job", "--region", "here"), "--region"),
    "no value": (("--job-id", "a", "--from-job", "--env"), "--env needs a value"),
    "env shape": (("--job-id", "a", "--from-job", "--env", "2X=1"), "NAME=VALUE"),
    "reserved": (("--job-id", "a", "--from-job", "--env", "AWS_BATCH_JOB_ID=1"), "AWS_BATCH"),
    "own option": (("--job-id", "a", "--from-job", "--env", "JOB_ID=b"), "use --job-id"),
    "twice": (("--job-id", "a", "--from-job", "--rpm", "5", "--env", "MAX_REQUESTS_PER_MINUTE=6"), "set twice"),
    "too long": (("--job-id", "a", "--from-job", "--env", "X=" + "y" * 8000), "shorten"),
    "no bucket": (("--job-id", "a", "--products-json", f'[{{"name": "{"x" * 6000}"}}]'), "INPUT_S3_BUCKET"),
    "array of one": (("--job-id", "a", "--from-job", "--array-size", "1"), "from 2 to 10000"),
    "array too large": (("--job-id", "a", "--from-job", "--array-size", "10001"), "from 2 to 10000"),
    "platform": (("--job-id", "a", "--from-job", "--platform", "eks"), "ec2 or fargate"),
    "unknown": (("--job-id", "a", "--from-job", "--fast"), "no such option"),
    "unknown with a value": (("--job-id", "a", "--from-job", "--api-key=SECRET-1"), "--api-key: no such option"),
    "a word alone": (("--job-id", "a", "--from-job", "SECRET-1"), "belongs to no option"),
}


@pytest.mark.parametrize(("options", "word"), WRONG.values(), ids=WRONG.keys())
def test_wrong_value_is_named(options: tuple[str, ...], word: str, batch_service: BatchService) -> None:
    """A wrong value is named, the script ends with 64, and AWS was not called."""
    ended = submit(*options, endpoint=batch_service.endpoint)
    assert (ended.returncode, ended.stdout) == (64, "")
    assert word in ended.stderr
    assert "SECRET-1" not in ended.stderr
    assert "Nothing was submitted" in ended.stderr
    assert batch_service.calls == []


def test_a_file_name_that_no_key_should_have_is_refused(tmp_path: Path) -> None:
    """A name whose last line break a shell would drop is refused before it goes into two places."""
    products = tmp_path / "catalog.csv\n"
    products.write_text("name\n" + "Shoe\n" * 3000)
    ended = submit("--job-id", "a", "--products-file", str(products), INPUT_S3_BUCKET=BUCKET)
    assert (ended.returncode, ended.stdout) == (64, "")
    assert "rename it" in ended.stderr


def test_all_wrong_values_at_once() -> None:
    """Every wrong value is named in one go."""
    ended = submit("--job-id", "-x", "--rpm", "0", "--size", "huge", "--env", "9=1")
    words = ("--job-id", "--rpm", "--size", "--env", "exactly one of")
    assert [word for word in words if word not in ended.stderr] == []


def test_secret_in_the_request_is_warned_about_unseen() -> None:
    """A key handed over as a variable draws a warning that does not repeat it."""
    ended = submit("--dry-run", "--job-id", "a", "--from-job", "--env", "GEMINI_API_KEY=very-secret")
    assert "can read GEMINI_API_KEY" in ended.stderr
    assert "very-secret" not in ended.stderr


def test_wait_until_success(batch_service: BatchService) -> None:
    """--wait tells each change and each log line, once, on standard error, and ends with 0."""
    batch_service.log = ["[INIT] Job a", "[BATCH] Processing product 1/1: Trail Shoe"]
    running = {"status": "RUNNING", "container": {"logStreamName": "query-generator/default/1"}}
    succeeded = {"status": "SUCCEEDED", "container": {"exitCode": 0, "logStreamName": "query-generator/default/1"}}
    ended = follow(batch_service, {"status": "RUNNABLE"}, running, succeeded)
    assert (ended.returncode, ended.stdout) == (0, "job-1\n")
    told = ended.stderr
    assert told.index("RUNNABLE") < told.index("query-generator/default/1") < told.index("SUCCEEDED")
    assert [told.count(line) for line in batch_service.log] == [1, 1]


def test_wait_for_an_array(batch_service: BatchService) -> None:
    """--wait on an array counts its children by state and ends with the highest exit code of those that failed."""
    batch_service.children = [
        {"status": "SUCCEEDED", "container": {"exitCode": 0}, "arrayProperties": {"index": 0}},
        {"status": "FAILED", "container": {"exitCode": 69}, "arrayProperties": {"index": 1}},
        {"status": "FAILED", "container": {"exitCode": 65}, "arrayProperties": {"index": 2}},
    ]
    summary = {"RUNNABLE": 0, "RUNNING": 2, "SUCCEEDED": 1}
    pending = {"status": "PENDING", "arrayProperties": {"size": 3, "statusSummary": summary}}
    failed = {"status": "FAILED", "arrayProperties": {"size": 3, "statusSummary": {"FAILED": 2, "SUCCEEDED": 1}}}
    ended = follow(batch_service, pending, failed)
    assert (ended.returncode, ended.stdout) == (69, "job-1\n")
    assert "children: RUNNING:2,SUCCEEDED:1\n" in ended.stderr
    assert "job-1:2 ended with exit code 65" in ended.stderr


@pytest.mark.parametrize(
    ("last", "code"),
    [
        ({"status": "FAILED", "container": {"exitCode": 65}}, 65),
        ({"status": "FAILED", "statusReason": "Terminated by user"}, 70),
        ({"status": "FAILED", "container": {"exitCode": 256}}, 70),
        ({"status": "FAILED", "container": {"exitCode": 2**64 + 1}}, 70),
        ({}, 75),
        ({"status": ""}, 75),
        ({"status": "$(touch owned)"}, 75),
    ],
    ids=[
        "finished with errors",
        "never started",
        "no success",
        "no exit code",
        "not to be seen",
        "nothing",
        "no state",
    ],
)
def test_wait_ends_with_the_exit_code(last: dict[str, Any], code: int, batch_service: BatchService) -> None:
    """--wait ends with the container's exit code, and with a code of its own where there is none."""
    ended = follow(batch_service, last)
    assert (ended.returncode, ended.stdout) == (code, "job-1\n")
    assert last.get("statusReason", "") in ended.stderr


def test_what_aws_tells_steers_nothing(batch_service: BatchService) -> None:
    """Reasons and log lines are shown without what steers a terminal, and are not run."""
    batch_service.log = ["a\x1b[2Jb\x9b $(touch owned)"]
    last = {"status": "FAILED", "container": {"exitCode": 65, "logStreamName": "s", "reason": "c\x1b]0;d\x07"}}
    ended = follow(batch_service, last)
    assert ended.returncode == 65
    assert "a\\x1b[2Jb\\x9b $(touch owned)\n" in ended.stderr
    assert "c?]0;d?" in ended.stderr
    assert ended.stderr.replace("\n", "").isprintable()
    assert not Path("owned").exists()


def test_a_page_that_is_none_stops_nothing(batch_service: BatchService) -> None:
    """A log that comes in another shape is named at the end, and the job's exit code stays what it is."""
    batch_service.page = {"events": [{"message": None}]}
    ended = follow(batch_service, {"status": "FAILED", "container": {"exitCode": 65, "logStreamName": "s"}})
    assert ended.returncode == 65
    assert "The log of job-1 could not be read" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("job_id", ["", "--jobs", "two\nlines"])
def test_what_is_no_batch_job_id_is_not_printed(job_id: str, batch_service: BatchService) -> None:
    """Standard output holds a Batch job id or nothing, whatever the AWS CLI ends with."""
    batch_service.job_id = job_id
    ended = submit("--job-id", "a", "--from-job", endpoint=batch_service.endpoint)
    assert (ended.returncode, ended.stdout) == (70, "")
    assert "gave no Batch job id" in ended.stderr


def test_interrupt_leaves_the_job_running(batch_service: BatchService) -> None:
    """Ctrl-C while waiting leaves the job alone and tells how to follow or stop it."""
    batch_service.looks = [{"status": "RUNNING"}]
    process = subprocess.Popen(
        [SCRIPT, "--job-id", "a", "--from-job", "--wait"],
        env=environment(batch_service.endpoint, POLL_SECONDS="60"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert process.stderr is not None
    while "RUNNING" not in process.stderr.readline():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "The job goes on" in told
    assert "describe-jobs --jobs job-1" in told
    assert {path for path in batch_service.calls if "submit" not in path} == {"/v1/describejobs"}


def test_container_runs_as_the_image_says() -> None:
    """The job definition's user is the image's, no root, and /tmp can be written though the root cannot."""
    container = json.loads((ROOT / "job-definition.json").read_text())["containerProperties"]
    user = re.search(r"^USER (\d+:\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user
    assert container["user"] == user[1] != "0:0"
    assert [mount["containerPath"] for mount in container["linuxParameters"]["tmpfs"]] == ["/tmp"]
    assert not {"vcpus", "memory"} & container.keys()


def test_script_is_portable() -> None:
    """The script is clean for shellcheck and keeps to what the bash 3.2 of macOS knows."""
    subprocess.run([BIN / "shellcheck", SCRIPT], check=True)
    newer = r"declare -A|mapfile|readarray|\$\{\w+(,,|\^\^|@Q)|\|&|&>>|\bcoproc\b"
    assert not re.search(newer, SCRIPT.read_text())


def test_help_teaches_by_example() -> None:
    """--help goes to standard output, ends with 0 and shows whole command lines."""
    ended = submit("--help")
    assert ended.returncode == 0
    assert ended.stdout.count("./submit_batch_job.sh --job-id") >= 5


def test_help_tells_the_limits() -> None:
    """--help, which needs no Python, gives the numbers by which values are checked."""
    told = " ".join(submit("--help").stdout.split())
    questions, array = NUMBERS["num-questions"], NUMBERS["array-size"]
    assert f"for a product, {questions[0]} to {questions[1]} " in told
    assert f"among N children, {array[0]} to {array[1]} " in told
    assert f"may be given up to {limit('dependencies')} times" in told
    gib = {platform: [f"{cpu}/{int(mib) // 1024}" for cpu, mib in sizes.values()] for platform, sizes in SIZES.items()}
    small, medium, large = gib["ec2"]
    assert f"small {small.replace('/', ' vCPU/')} GiB, medium {medium}, large {large}; " in told
    assert f"on Fargate {', '.join(gib['fargate'])} (default" in told


@pytest.mark.parametrize(
    "sink", ["| true", ">&-", ">/dev/full", "2>&-", "2>/dev/full", "<&- >&- 2>&-", ">/dev/full 2>&1"]
)
def test_an_output_that_takes_nothing_ends_nothing(sink: str, batch_service: BatchService) -> None:
    """Whether anybody reads the id or not, the job is submitted once and followed, and its exit code is told."""
    batch_service.looks = [{"status": "FAILED", "container": {"exitCode": 65}}]
    for options, code in ((["--help"], 0), (["--dry-run"], 0), (["--no-such"], 64), ([], 0), (["--wait"], 65)):
        ended = subprocess.run(
            ["bash", "-c", f'set -o pipefail; "$0" "$@" {sink}', SCRIPT, *options, "--job-id", "a", "--from-job"],
            env=environment(batch_service.endpoint, POLL_SECONDS="0.01"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        assert ended.returncode == code, (options, ended.stderr)
        if code in (0, 65) and options in ([], ["--wait"]) and "2>" not in sink:
            assert "--jobs job-1" in ended.stderr
    assert batch_service.calls.count("/v1/submitjob") == 2
