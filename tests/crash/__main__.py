"""Break many jobs, and print what was lost, doubled and paid twice: `python -m tests.crash --kills 100`."""

import argparse
import itertools
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from statistics import fmean

from tests.crash.harness import Size, TooLateError, Trial, Verdict, fresh_cloud
from tests.crash.kills import POINTS, kill_at_random
from tests.crash.outages import crash_database, cut_commit, freeze, rotate
from tests.fakes.aws_server import AwsServer
from tests.fakes.pg_proxy import PgProxy
from tests.fakes.pg_server import PgServer

Experiment = Callable[[Trial, Random], Verdict]


def main(argv: Sequence[str] | None = None) -> int:
    """Run all trials; 1 when a promise was broken."""
    options = _parser().parse_args(argv)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    size = Size(products=options.products, concurrency=options.concurrency)
    verdicts: list[Verdict] = []
    with (
        tempfile.TemporaryDirectory(prefix="query-generator-crash-") as folder,
        AwsServer() as aws,
        PgServer(Path(folder) / "postgres") as server,
        PgProxy(server.admin["port"]) as proxy,
    ):
        for place, (count, port, experiment) in enumerate(_plan(options, server, proxy)):
            for number in range(1, count + 1):
                began = time.monotonic()
                for attempt in itertools.count():
                    with fresh_cloud(aws, server, port) as cloud, suppress(TooLateError):
                        trial = Trial(cloud, size)
                        verdict = experiment(trial, Random(f"{options.seed} {place} {number} {attempt}"))
                        break
                verdicts.append(verdict)
                _tell(verdict, trial, f"{number}/{count}", time.monotonic() - began)
    print("\n" + "\n".join(table(verdicts)))
    return 1 if any(verdict.broken for verdict in verdicts) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="SIGKILLs at random moments")
    parser.add_argument("--points", type=int, default=10, help="SIGKILLs at each named point")
    parser.add_argument("--zombies", type=int, default=10, help="runs frozen past their lease and thawed")
    parser.add_argument("--database-crashes", type=int, default=10, help="crashes of PostgreSQL in mid-run")
    parser.add_argument("--cuts", type=int, default=10, help="connections cut in COMMIT")
    parser.add_argument("--rotations", type=int, default=5, help="passwords changed in mid-run")
    parser.add_argument("--concurrency", type=int, default=Size.concurrency, help="calls in flight")
    parser.add_argument("--products", type=int, default=Size.products, help="two items each")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def _plan(
    options: argparse.Namespace, server: PgServer, proxy: PgProxy
) -> Iterator[tuple[int, int | None, Experiment]]:
    """Give each experiment with the number of its trials and the port of PostgreSQL, if it is not the server's."""
    yield options.kills, None, kill_at_random
    for point in POINTS.values():
        yield options.points, None, point
    yield options.zombies, None, freeze
    yield options.database_crashes, None, partial(crash_database, server=server)
    yield options.cuts, proxy.port, partial(cut_commit, proxy=proxy)
    yield options.rotations, None, partial(rotate, server=server)


def _tell(verdict: Verdict, trial: Trial, number: str, seconds: float) -> None:
    print(
        f"{verdict.kind} {number}: lost {verdict.lost}, doubled {verdict.doubled}, "
        f"paid again {verdict.repeats} of {verdict.in_flight} in flight, exit codes {verdict.codes}, {seconds:.1f} s",
        flush=True,
    )
    if verdict.broken:
        with tempfile.NamedTemporaryFile("w", prefix="query-generator-crash-", suffix=".log", delete=False) as log:
            log.write("\n".join(trial.logs))
        print(f"    BROKEN: {'; '.join(verdict.broken)}; the runs' logs are in {log.name}", flush=True)


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Sum the verdicts up, a line for each kind of trial."""
    yield (
        f"{'trial':<20}{'trials':>8}{'lost':>6}{'doubled':>9}{'paid again: mean':>18}{'max':>5}"
        f"{'in flight: mean':>17}{'max':>5}"
        f"{'more paid than in flight':>26}{'back after':>12}{'broken':>8}"
    )
    for kind in dict.fromkeys(verdict.kind for verdict in verdicts):
        these = [verdict for verdict in verdicts if verdict.kind == kind]
        recoveries = [verdict.recovery for verdict in these if verdict.recovery is not None]
        yield (
            f"{kind:<20}{len(these):>8}{sum(v.lost for v in these):>6}{sum(v.doubled for v in these):>9}"
            f"{fmean(v.repeats for v in these):>18.1f}{max(v.repeats for v in these):>5}"
            f"{fmean(v.in_flight for v in these):>17.1f}{max(v.in_flight for v in these):>5}"
            f"{sum(v.repeats > v.in_flight for v in these):>26}"
            f"{f'{max(recoveries):.1f} s' if recoveries else '':>12}{sum(bool(v.broken) for v in these):>8}"
        )


if __name__ == "__main__":
    sys.exit(main())
