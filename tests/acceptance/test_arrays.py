"""Children of an array job as processes, with the variables that AWS Batch sets."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Event
from typing import Any

import psycopg
import pytest

from query_generator.store.connection_slots import CONNECTIONS_A_RUN, SHARE
from tests.conftest import Cloud, Ended, wait_until
from tests.fakes.aws_server import BUCKET
from tests.support.real_sizes import records
from tests.support.site import ended

CHILDREN = 4
PRODUCTS = 20
KEY = "catalog/products.json"
READ = f"GET /{BUCKET}/{KEY}"
JOB = "array"


@dataclass
class Array:
    """A job of four children on one catalog in S3."""

    cloud: Cloud
    gate: Event = field(default_factory=Event)
    started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def put(self, products: int = PRODUCTS, first: int = 1) -> None:
        """Write the catalog."""
        body = json.dumps(records(products, first))
        self.cloud.aws.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=body.encode())

    def start(self, index: int, **more: str) -> "subprocess.Popen[str]":
        """Start one child."""
        batch = {
            "AWS_BATCH_JOB_ID": f"{JOB}:{index}",
            "AWS_BATCH_JOB_ARRAY_INDEX": str(index),
            "AWS_BATCH_JOB_ARRAY_SIZE": str(CHILDREN),
            "AWS_BATCH_JQ_NAME": "the-queue",
        }
        limits = {"NUM_QUESTIONS": "5", "MAX_CONCURRENCY": "3", "LEASE_SECONDS": "2"}
        source = {"INPUT_S3_BUCKET": BUCKET, "INPUT_S3_KEY": KEY}
        self.started.append(self.cloud.start(**{**batch, **limits, **source, **more}))
        return self.started[-1]

    def pause(self, free: int) -> None:
        """Answer so many calls at once, and the others when the gate is set."""
        numbers = count()

        def wait(_: tuple[str, str]) -> None:
            if next(numbers) >= free:
                self.gate.wait()

        self.cloud.gemini.on_request = wait

    def completions(self) -> int:
        """How often the job was completed."""
        return Counter(event["eventName"] for event in self.cloud.aws.events(JOB))["job_completed"]

    def account(self) -> dict[str, object]:
        """What the result, the rows and the events say of the job; of one that is done and whole it is `whole()`."""
        result = self.cloud.aws.result(JOB)
        ids = [query_id for product in result["products"] for query_id in product["query_ids"]]
        return {
            "status": result["status"],
            "products": len(result["products"]),
            "different products": len({product["name"] for product in result["products"]}),
            "questions": len(ids),
            "different questions": len(set(ids)),
            "rows": self.cloud.rows("SELECT count(*) AS n FROM queries")[0].n,
            "completed": self.completions(),
        }


def whole(products: int = PRODUCTS) -> dict[str, object]:
    """Every product has its questions once, in one result."""
    questions = dict.fromkeys(("questions", "different questions", "rows"), products * 10)
    return {"status": "completed", "products": products, "different products": products, **questions, "completed": 1}


@pytest.fixture
def array(cloud: Cloud) -> Iterator[Array]:
    """The job with its catalog."""
    made = Array(cloud)
    made.put()
    yield made
    made.gate.set()
    for process in made.started:
        process.kill()
        process.communicate()


def metrics(child: Ended) -> list[dict[str, object]]:
    """The metric lines on a child's standard output."""
    return [json.loads(line) for line in child.out.splitlines() if line.startswith('{"_aws"')]


def test_children_share_one_job_and_one_that_is_killed_is_replaced(array: Array) -> None:
    """Four children read the input once and buy each item once; the killed one's items go to the others, which end 0
    with one result; the metrics of all add up; a child that comes later has nothing to do, reads nothing and ends 0.
    """
    array.pause(free=0)
    children = [array.start(index) for index in range(CHILDREN)]
    wait_until(lambda: array.cloud.gemini.in_flight == 3 * CHILDREN)
    children[0].kill()
    children[0].communicate()
    array.gate.set()
    done = [ended(child) for child in children[1:]]
    assert [child.code for child in done] == [0] * 3, done
    assert array.account() == whole()
    assert array.cloud.rows("SELECT count(DISTINCT load_id) AS n FROM jobselectedproducts")[0].n == 1
    assert sum(array.cloud.gemini.billed.values()) <= 2 * PRODUCTS + 3
    assert sum("completed" in child.out for child in done) == 1
    assert sum("the result is written by another one" in child.out for child in done) == 2
    totals: Counter[str] = Counter()
    for child in done:
        lines = metrics(child)
        assert lines
        assert {line["JobQueue"] for line in lines} == {"the-queue"}
        assert "RunSeconds" in lines[-1]
        for line in lines:
            totals.update({name: int(str(line[name])) for name in ("Requests", "ItemsDone", "ItemsFailed")})
    rows = array.cloud.rows(
        "SELECT count(*) AS n FROM job_items JOIN query_generator_runs r USING (run_id) WHERE r.state = 'ended'"
    )
    assert (totals["ItemsDone"], totals["ItemsFailed"]) == (rows[0].n, 0)
    array.cloud.aws.calls.clear()
    late = ended(array.start(0))
    assert (late.code, array.cloud.aws.calls[READ]) == (0, 0), late.log
    assert array.account() == whole()


def test_a_child_that_died_while_it_wrote_the_result_is_replaced_by_its_retry(array: Array) -> None:
    """The child that ends the job is killed in S3 and comes back on another machine: it waits out its own lease, then
    writes the result; meanwhile no other child takes it for done.
    """
    reached, gate = Event(), Event()

    def hold(operation: str) -> None:
        if operation.endswith("results.json"):
            reached.set()
            gate.wait()

    array.cloud.aws.on_call = hold
    first = array.start(1)
    assert reached.wait(60)
    first.kill()
    first.communicate()
    array.cloud.rows("UPDATE query_generator_runs SET process = 'another/machine/1/1' RETURNING 1")
    array.cloud.rows("UPDATE query_generator_runs SET heartbeat_at = clock_timestamp() RETURNING 1")
    array.cloud.aws.on_call = lambda _: None
    gate.set()
    retried = ended(array.start(1))
    assert retried.code == 0, retried.log
    assert "completed" in retried.out
    assert array.account() == whole()


def test_an_interrupted_child_leaves_the_job_to_the_others(array: Array) -> None:
    """A child that is told to stop ends 75 without writing a result of its own over that of the others."""
    array.pause(free=4)
    one, other = array.start(0), array.start(1)
    wait_until(lambda: array.cloud.gemini.in_flight == 6)
    one.terminate()
    array.gate.set()
    codes = (ended(one).code, ended(other).code)
    assert codes == (75, 0)
    assert array.cloud.aws.calls[f"PUT /{BUCKET}/query/{JOB}/results.json"] == 1
    assert array.account() == whole()


@pytest.mark.parametrize("versions", [True, False])
def test_a_replaced_input_is_read_as_the_job_began_or_not_at_all(array: Array, versions: bool) -> None:
    """When the catalog was replaced while a child read it, its retry reads the first version, or ends with 64."""
    s3 = array.cloud.aws.client("s3")
    if versions:
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        array.put()
    child = ended(array.start(0, LLM_PROVIDERS="offline"))
    assert child.code == 0, child.log
    array.cloud.rows(
        """UPDATE batch_operations SET status = 'processing', metadata = metadata || '{"input_complete": false}'
        RETURNING 1"""
    )
    array.put(products=3, first=100)
    again = ended(array.start(0, LLM_PROVIDERS="offline"))
    if versions:
        assert again.code == 0, again.log
        assert "was replaced; reading version" in again.log
        assert array.cloud.rows("SELECT count(*) AS n FROM job_items")[0].n == 2 * PRODUCTS
    else:
        assert (again.code, "was replaced while job array was reading it" in again.log) == (64, True), again.log


def wait_for_room(child: "subprocess.Popen[str]") -> str:
    """Read what a child says until it says that it waits for room."""
    assert child.stderr
    said = ""
    for line in child.stderr:
        said += line
        if "Waiting for room on the server" in line:
            return said
    raise AssertionError(said)


@contextmanager
def room_for(array: Array, children: int) -> Iterator[None]:
    """Take so many connections that only some children have room on the server."""
    (row,) = array.cloud.rows(
        "SELECT current_setting('max_connections')::int AS most, count(*) AS used FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    rds = array.cloud.rds
    login: dict[str, Any] = {"host": rds["host"], "port": rds["port"], "user": rds["username"], "dbname": rds["dbname"]}
    with ExitStack() as stack:
        for _ in range(int(SHARE * row.most) - row.used - children * CONNECTIONS_A_RUN):
            stack.enter_context(psycopg.connect(**login))
        yield


def test_children_without_room_wait_and_leave_when_the_others_have_done_it_all(array: Array) -> None:
    """On a server with few connections two children of four work, each with two connections, limits, cap and heartbeat
    included. The others wait, and end 0 with a summary when the job is done, without having been runs of it.
    """
    array.pause(free=0)
    with room_for(array, 2):
        working = [array.start(index, MAX_COST_USD="5") for index in (0, 1)]
        wait_until(lambda: array.cloud.gemini.in_flight == 6)
        waiting = [array.start(index, MAX_COST_USD="5") for index in (2, 3)]
        for child in waiting:
            wait_for_room(child)
        connected = array.cloud.rows(
            "SELECT count(*) AS n FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND application_name IN ('query-generator', 'query-generator run')"
        )
        assert connected[0].n == 2 * 2
        array.gate.set()
        done = [ended(child) for child in (*working, *waiting)]
    assert [child.code for child in done] == [0] * 4, done
    assert all("0 succeeded, 0 failed" in child.out for child in done[2:])
    assert array.cloud.rows("SELECT count(*) AS n FROM query_generator_runs")[0].n == 2
    assert array.account() == whole()
