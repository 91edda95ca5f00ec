"""One job as a process against stand-ins that count: started, broken by the caller, continued, judged."""

import json
import subprocess
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from query_generator.models import QueryType
from query_generator.store.connect import APPLICATION_NAME, get_db_connection
from tests.conftest import API_KEY, Cloud, wait_until
from tests.fakes.aws_server import AwsServer
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.pg_server import PgServer

JOB = "crash"
PATIENCE_SECONDS = 90.0
LATER_RUNS = 3


class TooLateError(Exception):
    """The job had ended before it could be broken: this is no trial."""


@dataclass(frozen=True)
class Size:
    """A job: products with two items each, questions for each item, calls in flight, seconds of each reply."""

    products: int = 50
    questions: int = 5
    concurrency: int = 16
    latency: float = 0.08

    @property
    def items(self) -> int:
        """Calls that one undisturbed run pays."""
        return self.products * len(QueryType)


@dataclass(frozen=True)
class Verdict:
    """What a trial has shown; `broken` names the promises that were not kept.

    `in_flight` counts the calls that were sent, and their items not committed, when the run was broken: exact after a
    kill and a freeze, within some milliseconds where the run goes on. `repeats` counts the calls paid beyond one for
    each item. `recovery` is in seconds.
    """

    kind: str
    codes: tuple[int, ...]
    lost: int
    doubled: int
    repeats: int
    in_flight: int
    broken: tuple[str, ...]
    recovery: float | None = None


class Trial:
    """One job in a database, a bucket and a bill of its own."""

    def __init__(self, cloud: Cloud, size: Size) -> None:
        self.cloud = cloud
        self.size = size
        self.codes: list[int] = []
        self.logs: list[str] = []
        cloud.gemini.latency = size.latency
        self._arguments = (
            *("--job-id", JOB, "--num-questions", str(size.questions), "--max-concurrency", str(size.concurrency)),
            *("--products-json", json.dumps([{"name": name, "brand": "Acme"} for name in self._names()])),
        )

    def start(self, **variables: str) -> "subprocess.Popen[str]":
        """Start a run of the job."""
        return self.cloud.start(*self._arguments, **variables)

    def wait(self, process: "subprocess.Popen[str]") -> int:
        """Wait until a run has ended; its exit code, which is the job's so far."""
        code, _ = self.end_of(process)
        self.codes.append(code)
        return code

    def end_of(self, process: "subprocess.Popen[str]") -> tuple[int, str]:
        """Wait until a process has ended: its exit code, negative for a signal, and its log."""
        try:
            out, log = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, log = process.communicate()
            log += f"\nThe run had not ended after {PATIENCE_SECONDS:.0f} seconds.\n"
        self.logs.append(f"{log}{out}ended with {process.returncode}\n")
        return process.returncode, log

    def wait_for_kill(self, process: "subprocess.Popen[str]") -> int:
        """Wait until a run is dead and nothing of it is under way any more: the calls that were in flight.

        Raises:
            TooLateError: it had ended by itself.
        """
        if self.wait(process) >= 0:
            raise TooLateError
        self.settle()
        return self.unsaved_calls()

    def settle(self) -> None:
        """Wait until what a dead process has sent is worked off by the stand-in and by PostgreSQL."""
        urllib.request.urlopen(f"{self.cloud.gemini.url}/stats").close()  # what had connected before it is known now
        wait_until(lambda: not self.sessions() and not self.cloud.gemini.sockets)

    def sessions(self) -> list[int]:
        """Process ids of the server for the runs' connections."""
        sql = (
            "SELECT pid FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name LIKE %s AND pid <> pg_backend_pid()"
        )
        return [row.pid for row in self.cloud.rows(sql, f"{APPLICATION_NAME}%")]

    def break_connections(self) -> None:
        """End the runs' connections, as a failover does."""
        for pid in self.sessions():
            self.cloud.rows("SELECT pg_terminate_backend(%s)", pid)

    def unsaved_calls(self) -> int:
        """Count the calls that were paid and whose items are not committed."""
        return sum(self.cloud.gemini.billed.values()) - self.saved()

    def saved(self) -> int:
        """Count the items that are committed; none before the tables are there."""
        if self.cloud.rows("SELECT to_regclass('job_items') AS name")[0].name is None:
            return 0
        return int(self.cloud.rows("SELECT count(*) AS n FROM job_items WHERE state = 'succeeded'")[0].n)

    def go_on(self) -> None:
        """Run the same job id until it has ended."""
        for _ in range(LATER_RUNS):
            if self.wait(self.start()) in (0, 65):
                return

    def judge(
        self, kind: str, in_flight: int, *, allowed: int | None = None, recovery: float | None = None, notes: str = ""
    ) -> Verdict:
        """Compare rows, ledger, result and bill with what one undisturbed run would have made.

        Args:
            kind: of trial, for the table.
            in_flight: calls in flight when the run was broken.
            allowed: repeats that are within the promise; those in flight when not given.
            recovery: seconds from the end of an outage to the first commit.
            notes: a promise that the caller has found broken.
        """
        rows = self._rows_by_item()
        lost = doubled = 0
        for item in self._items():
            distinct = len({hashed for hashed, _ in rows[item].values()})
            kept = min(distinct, self.size.questions)
            lost += self.size.questions - kept
            doubled += len(rows[item]) - kept
        repeats = sum(self.cloud.gemini.billed.values()) - self.size.items
        broken = [notes] if notes else []
        if lost:
            broken.append(f"{lost} questions are lost")
        if doubled:
            broken.append(f"{doubled} questions are doubled")
        if repeats > (in_flight if allowed is None else allowed):
            broken.append(f"{repeats} calls were paid again, {in_flight} were in flight")
        if in_flight > self.size.concurrency:
            broken.append(f"{in_flight} calls were in flight, {self.size.concurrency} are allowed")
        if self.codes[-1] != 0:
            broken.append(f"the job's last run ended with {self.codes[-1]}")
        else:
            broken += self._disagreements(rows)
        return Verdict(kind, tuple(self.codes), lost, doubled, repeats, in_flight, tuple(broken), recovery)

    def _disagreements(self, rows: dict[tuple[str, str], dict[int, tuple[str, str]]]) -> list[str]:
        """Name the places that do not agree with the rows of a job that has ended."""
        broken = []
        ledger = self.cloud.rows(
            "SELECT p.product_data ->> 'name' AS name, i.query_type, i.query_ids, i.state "
            "FROM job_items i JOIN products p USING (product_id) WHERE i.job_id = %s",
            JOB,
        )
        listed = {(row.name, row.query_type): sorted(row.query_ids) for row in ledger if row.state == "succeeded"}
        if len(ledger) != self.size.items or listed != {item: sorted(rows[item]) for item in self._items()}:
            broken.append("the ledger does not list the rows")
        result = self.cloud.aws.result(JOB)
        told = {
            (product["name"], kind): sorted(product[f"{kind}_questions"])
            for product in result["products"]
            for kind in QueryType
        }
        texts = {item: sorted(text for _, text in rows[item].values()) for item in self._items()}
        if result["status"] != "completed" or len(result["products"]) != self.size.products or told != texts:
            broken.append("results.json does not agree with the rows")
        (job,) = self.cloud.rows("SELECT * FROM batch_operations WHERE job_id = %s", JOB)
        if (job.status, job.successful_items, job.failed_items) != ("completed", self.size.items, 0):
            broken.append(
                f"batch_operations says {job.status}, {job.successful_items} items, {job.failed_items} failed"
            )
        names = [event["eventName"] for event in self.cloud.aws.events(JOB)]
        if "job_completed" not in names or self.cloud.rows("SELECT 1 FROM query_generator_event_outbox"):
            broken.append("not all events are published")
        return broken

    def _rows_by_item(self) -> dict[tuple[str, str], dict[int, tuple[str, str]]]:
        """Read (query_hash, query_text) of all rows by item and query_id."""
        rows: dict[tuple[str, str], dict[int, tuple[str, str]]] = defaultdict(dict)
        for row in self.cloud.rows(
            "SELECT p.product_data ->> 'name' AS name, q.query_type, q.query_id, q.query_hash, q.query_text "
            "FROM queries q JOIN products p USING (product_id)"
        ):
            rows[row.name, row.query_type][row.query_id] = row.query_hash, row.query_text
        return rows

    def _names(self) -> Sequence[str]:
        return [f"Product {number}" for number in range(1, self.size.products + 1)]

    def _items(self) -> list[tuple[str, str]]:
        return [(name, str(kind)) for name in self._names() for kind in QueryType]


@contextmanager
def fresh_cloud(aws: AwsServer, server: PgServer, port: int | None = None) -> Iterator[Cloud]:
    """Give a trial an empty database, an empty bucket and a new bill; the job reaches PostgreSQL at `port` if given."""
    server.new_database()
    rds = server.config.copy()
    aws.reset()
    login = {key: rds[key] for key in ("host", "port", "username", "password", "dbname")}
    aws.put_secrets(API_KEY, login | ({"port": port} if port else {}))
    aws.calls.clear()
    try:
        with GeminiServer(api_key=API_KEY) as gemini:
            yield Cloud(aws, gemini, rds)
    finally:
        with get_db_connection(server.admin | {"dbname": "postgres"}) as admin:
            admin.execute(f"DROP DATABASE {rds['dbname']} WITH (FORCE)".encode())
