"""The standard set-up on a database that may fail, and a job on it that can be held in its midst."""

import json
import subprocess
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from secrets_cache import RdsConfig
from tests.conftest import Cloud, Ended, wait_until
from tests.fakes.aws_server import RDS_SECRET
from tests.fakes.pg_server import PgServer
from tests.support.real_sizes import records

PRODUCTS = records(30)
ITEMS = 2 * len(PRODUCTS)
QUESTIONS = 5
CONCURRENCY = 6
STORED_IN_MIDST = 12
LIMITS = ("--job-id", "job", "--num-questions", str(QUESTIONS))
WHOLE: dict[str, object] = {  # every item has its questions once, in the rows and in the result
    "items by questions, and different ones": {(QUESTIONS, QUESTIONS): ITEMS},
    "states": {"succeeded": ITEMS},
    "operations": [("completed", ITEMS, ITEMS)],
    "succeeded and failed": [(ITEMS, 0)],
    "result": "completed",
    "ids in the result, and different ones": (ITEMS * QUESTIONS, ITEMS * QUESTIONS),
    "completed": 1,
}
ARGUMENTS = (*LIMITS, "--products-json", json.dumps(PRODUCTS))


def secret_of(config: RdsConfig, port: int) -> dict[str, Any]:
    """The standard RDS JSON; the job goes to `port`."""
    names = ("host", "username", "password", "dbname")
    return {name: value for name, value in config.items() if name in names} | {"port": port}


@dataclass
class Site(Cloud):
    """One job named `job`. Its secret leads to `port`; the test looks in as the superuser, past a proxy."""

    server: PgServer
    port: int
    started: "list[subprocess.Popen[str]]" = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def begin(self, **more: str) -> "subprocess.Popen[str]":
        """Start the job and go on."""
        self.started.append(self.start(*ARGUMENTS, **{"MAX_CONCURRENCY": str(CONCURRENCY), **more}))
        return self.started[-1]

    def begin_to_midst(self, **more: str) -> "subprocess.Popen[str]":
        """Start the job, up to where 12 items are stored and all further calls wait for `answer`."""
        self.pause(STORED_IN_MIDST)
        process = self.begin(**more)
        wait_until(lambda: self.stored_items() == STORED_IN_MIDST and self.gemini.in_flight == CONCURRENCY)
        return process

    def finish(self, **more: str) -> Ended:
        """Run the job to its end."""
        return self.run(*ARGUMENTS, **{"MAX_CONCURRENCY": str(CONCURRENCY), **more})

    def pause(self, calls: int) -> None:
        """Let so many calls be answered, and the others wait for `answer`."""
        numbers = count()

        def wait(_: tuple[str, str]) -> None:
            if next(numbers) >= calls:
                self.gate.wait()

        self.gemini.on_request = wait

    def answer(self) -> None:
        """Answer the calls that wait, and all others."""
        self.gate.set()

    def bill(self) -> int:
        """Calls paid for until now."""
        return sum(self.gemini.billed.values())

    def stored_items(self) -> int:
        """Items whose questions are committed; 0 while there is no table."""
        if not self.rows("SELECT FROM pg_tables WHERE tablename = 'queries'"):
            return 0
        (row,) = self.rows("SELECT count(DISTINCT (product_id, query_type)) AS n FROM queries")
        return int(row.n)

    def rotate_secret(self) -> None:
        """Give the RDS secret a new version with the server's password of now."""
        self.put_secret(secret_of(self.server.config, self.port))

    def put_secret(self, login: Mapping[str, Any]) -> None:
        """Give the RDS secret a new version."""
        self.aws.client("secretsmanager").put_secret_value(SecretId=RDS_SECRET, SecretString=json.dumps(login))

    def event_counts(self) -> Counter[str]:
        """How often each event was published."""
        return Counter(event["eventName"] for event in self.aws.events("job"))

    def account(self) -> dict[str, object]:
        """What the rows, the result and the events say of the job; of one that is done and whole it is `WHOLE`."""
        sizes = "SELECT count(*) AS n, count(DISTINCT query_hash) AS d FROM queries GROUP BY product_id, query_type"
        states = self.rows("SELECT state, count(*) AS n FROM job_items GROUP BY 1")
        operations = self.rows("SELECT * FROM batch_operations")
        result = self.aws.result("job")
        ids = [query_id for product in result["products"] for query_id in product["query_ids"]]
        return {
            "items by questions, and different ones": dict(Counter((row.n, row.d) for row in self.rows(sizes))),
            "states": {row.state: row.n for row in states},
            "operations": [(row.status, row.total_items, row.processed_items) for row in operations],
            "succeeded and failed": [(row.successful_items, row.failed_items) for row in operations],
            "result": result["status"],
            "ids in the result, and different ones": (len(ids), len(set(ids))),
            "completed": self.event_counts()["job_completed"],
        }

    def close(self) -> None:
        """Leave no process and no waiting call behind."""
        self.answer()
        for process in self.started:
            process.kill()
            process.communicate()


def ended(process: "subprocess.Popen[str]", seconds: float = 90) -> Ended:
    """Wait for the end of a job."""
    out, log = process.communicate(timeout=seconds)
    return Ended(process.returncode, out, log)
