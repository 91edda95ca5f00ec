"""What every benchmark needs: the LLM service, PostgreSQL, the job, catalogs."""

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.processes import ROOT, Measured, Usage
from query_generator.local import keeper
from query_generator.local.postgres import local_postgres
from secrets_cache import RdsConfig
from tests.support.real_sizes import description_of

API_KEY = "key-of-the-benchmark"
UNLIMITED = 1_000_000  # calls a minute
JOB_ID = "benchmark"


class Call(NamedTuple):
    """A call as the service saw it, in seconds of the monotonic clock."""

    arrived: float
    replied: float
    status: int


def seconds_of(calls: list[Call]) -> float:
    """Return the time from the first request received to the last reply sent."""
    return max(call.replied for call in calls) - min(call.arrived for call in calls)


@dataclass(frozen=True)
class Service:
    """A running LLM service."""

    url: str

    def calls(self) -> list[Call]:
        """Ask for the calls that were answered until now."""
        with urllib.request.urlopen(f"{self.url}/stats") as reply:
            return [Call(*call) for call in json.load(reply)["calls"]]


@dataclass(frozen=True)
class JobRun:
    """A job that has ended: what it took, its calls, its result."""

    usage: Usage
    calls: list[Call]
    result: dict[str, Any]

    def lost(self, questions: int) -> int:
        """Count items (one product and type) that have fewer questions than asked for."""
        lists = [product[f"{kind}_questions"] for product in self.result["products"] for kind in ("product", "market")]
        return sum(len(texts) < questions for texts in lists)


class Lab:
    """A folder for one run of the benchmarks; `quick` asks for sizes that take seconds, for trying."""

    def __init__(self, folder: Path, quick: bool) -> None:
        self.folder = folder
        self.quick = quick
        self._numbers = iter(range(1_000_000))

    @contextmanager
    def service(self, latency: float = 0.0, limit: str = "", stray: int = 0) -> Iterator[Service]:
        """Run an LLM service as a process; `limit` is CALLS/SECONDS, `stray` the call that is refused without cause."""
        command = [sys.executable, "-m", "benchmarks.llm_server", "--latency", str(latency)]
        command += [*(["--limit", limit] if limit else []), "--stray", str(stray)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout
        with process.stdout:
            try:
                yield Service(process.stdout.readline().strip())
            finally:
                process.terminate()
                process.wait()

    @contextmanager
    def database(self) -> Iterator[tuple[Path, RdsConfig]]:
        """Run an empty PostgreSQL: the folder for `--local`, and the login to it."""
        folder = self.folder / f"local-{next(self._numbers)}"
        try:
            with local_postgres(folder) as where:
                yield (
                    folder,
                    RdsConfig(
                        host=str(where["host"]),
                        port=int(where["port"]),
                        username=str(where["user"]),
                        password="",
                        dbname=str(where["dbname"]),
                        sslmode="disable",
                    ),
                )
        finally:
            while (folder / keeper.DATA / "postmaster.pid").exists():
                time.sleep(0.01)
            shutil.rmtree(folder, ignore_errors=True)

    def catalog(self, products: int) -> Path:
        """Write a catalog as JSON Lines, 300 bytes, 2.7 KB or 50 KB a product, unless it is there."""
        path = self.folder / f"products-{products}.jsonl"
        if not path.exists():
            with path.open("w") as file:
                for number in range(1, products + 1):
                    file.write(json.dumps(catalog_record(number)) + "\n")
        return path

    def start(self, command: list[str], **environment: str) -> Measured:
        """Start a Python command as a process that is measured; it sees this environment and PATH alone."""
        return Measured(self.folder / f"process-{next(self._numbers)}", command, environment)

    def start_job(self, local: Path, products: Path, url: str = "", *options: str, **more: str) -> Measured:
        """Start the job by its command line on a running PostgreSQL; Gemini is at `url`."""
        command = [str(ROOT / "batch_job.py"), "--local", str(local), "--products-file", str(products), "--quiet"]
        environment = {"GEMINI_API_ENDPOINT": url, "GEMINI_API_KEY": API_KEY} if url else {}
        return self.start([*command, "--job-id", JOB_ID, *options], **environment, **more)

    def job(
        self, products: int, in_flight: int, latency: float, rpm: int = UNLIMITED, limit: str = "", stray: int = 0
    ) -> JobRun:
        """Run the job from the beginning to the end on an empty database: two calls a product, 25 questions each."""
        options = ("--max-concurrency", str(in_flight), "--rpm", str(rpm))
        with self.service(latency, limit, stray) as service, self.database() as (local, _):
            usage = self.start_job(local, self.catalog(products), service.url, *options).wait(0, 65)
            result = json.loads((local / "query" / JOB_ID / "results.json").read_text())
            return JobRun(usage, service.calls(), result)


def catalog_record(number: int) -> dict[str, object]:
    """Make a product that no other number has."""
    return {
        "sku": f"B-{number:07}",
        "name": f"Trail Bottle {number}",
        "brand": f"Brand {number % 97}",
        "category": "Sports > Outdoor > Bottles",
        "description": description_of(number),
        "price": f"{number % 90 + 9}.90 EUR",
        "attributes": {"volume": f"{number % 9 + 3}00 ml", "material": "steel", "colour": f"shade {number % 31}"},
    }
