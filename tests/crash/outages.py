"""What a run outlives, or must not outlive: a freeze, a crash of the database, a cut COMMIT, a new password."""

import json
import signal
import subprocess
import threading
import time
import urllib.request
from contextlib import ExitStack
from random import Random

from tests.conftest import wait_until
from tests.crash.harness import PATIENCE_SECONDS, TooLateError, Trial, Verdict
from tests.crash.points import GATE_IN_COMMIT, GATE_IN_INSERT, AtCount, prepare, standing_at_gate
from tests.fakes.aws_server import RDS_SECRET
from tests.fakes.pg_proxy import PgProxy
from tests.fakes.pg_server import PgServer

LEASE = "1"
DEAD = "declared dead"
QUIET_SECONDS = 0.5  # after which the stand-in has begun all that the frozen run has sent, on a busy machine too


def freeze(trial: Trial, random: Random) -> Verdict:
    """Freeze a run past its lease, let a successor take over, thaw the frozen one: it must write nothing more.

    It is frozen at a call, or in an INSERT, so that its transaction stays open, or in a COMMIT, of which it hears only
    when it is thawed. It is thawed when its successor has taken over, or when that one has ended.
    """
    place, thaw_early = random.choice(("call", "INSERT", "COMMIT")), random.random() < 0.5
    zombie, in_flight = _frozen(trial, random.randint(1, trial.size.items * 3 // 4), place)
    successor = trial.start(LEASE_SECONDS=LEASE)
    if thaw_early:
        wait_until(lambda: bool(trial.cloud.rows("SELECT 1 FROM query_generator_runs WHERE state = 'dead'")))
    else:
        trial.wait(successor)
    rows = trial.cloud.rows("SELECT count(*), max(query_id) FROM queries")
    zombie.send_signal(signal.SIGCONT)
    code, log = trial.end_of(zombie)
    notes = ""
    if code != 75 or DEAD not in log:
        notes = f"the thawed run ended with {code} and not with its own words"
    if thaw_early:
        trial.wait(successor)
    elif rows != trial.cloud.rows("SELECT count(*), max(query_id) FROM queries"):
        notes += ", the thawed run has written"
    return trial.judge(f"frozen at {place}", in_flight, notes=notes)


def crash_database(trial: Trial, random: Random, server: PgServer) -> Verdict:
    """Crash the database in mid-run and start it again after a while: the same run goes on and pays for nothing twice.

    The recovery is the time from the database's return to the first commit.
    """
    gemini, due = trial.cloud.gemini, threading.Event()
    gemini.on_request = AtCount(random.randint(1, trial.size.items * 3 // 4), due.set)
    process = trial.start()
    due.wait(PATIENCE_SECONDS)
    time.sleep(random.uniform(0, trial.size.latency))
    server.stop("immediate")
    time.sleep(random.uniform(0.2, 2))
    calls = sum(gemini.calls.values())
    server.start()
    back = time.time()
    if trial.wait(process) != 0:
        trial.go_on()
    (row,) = trial.cloud.rows(
        "SELECT count(*) FILTER (WHERE finished_at < to_timestamp(%s)) AS before, "
        "extract(epoch FROM min(finished_at) FILTER (WHERE finished_at > to_timestamp(%s))) AS first FROM job_items",
        *(back, back),
    )
    if row.first is None:
        raise TooLateError
    notes = "" if trial.codes == [0] else "the run did not outlive it"
    return trial.judge("database crash", calls - row.before, allowed=0, notes=notes, recovery=float(row.first) - back)


def cut_commit(trial: Trial, random: Random, proxy: PgProxy) -> Verdict:
    """Cut the connection in a COMMIT, before PostgreSQL has it or before the run hears of it: the same run goes on."""
    gemini, before, cuts = trial.cloud.gemini, random.random() < 0.5, proxy.counts["cuts"]
    gemini.on_request = AtCount(
        random.randint(1, trial.size.items * 3 // 4), lambda: proxy.cut_at_commit(before=before)
    )
    process = trial.start()
    wait_until(lambda: proxy.counts["cuts"] > cuts or process.poll() is not None)
    in_flight = sum(gemini.calls.values()) - trial.saved()
    code = trial.wait(process)
    if proxy.counts["cuts"] == cuts:
        raise TooLateError
    if code != 0:
        trial.go_on()
    notes = "" if trial.codes == [0] else "the run did not outlive it"
    return trial.judge(f"cut {'before' if before else 'after'} COMMIT", in_flight, allowed=0, notes=notes)


def rotate(trial: Trial, random: Random, server: PgServer) -> Verdict:
    """Change the password in PostgreSQL and in the secret while the job runs, and break its connections."""
    gemini, due = trial.cloud.gemini, threading.Event()
    gemini.on_request = AtCount(random.randint(1, trial.size.items * 3 // 4), due.set)
    process = trial.start()
    due.wait(PATIENCE_SECONDS)
    password = f"rotated {random.random()}"
    server.set_password(password)
    trial.cloud.rds["password"] = password
    secrets = trial.cloud.aws.client("secretsmanager")
    secret = json.loads(secrets.get_secret_value(SecretId=RDS_SECRET)["SecretString"])
    secrets.put_secret_value(SecretId=RDS_SECRET, SecretString=json.dumps(secret | {"password": password}))
    calls = sum(gemini.calls.values())
    before = trial.saved()
    trial.break_connections()
    if trial.wait(process) != 0:
        trial.go_on()
    fetched = trial.cloud.aws.calls["GetSecretValue"] - 1  # one was our own
    notes = "" if trial.codes == [0] and fetched == 3 else f"{fetched} GetSecretValue, 3 are allowed"
    return trial.judge("rotation", calls - before, allowed=0, notes=notes)


def _frozen(trial: Trial, number: int, place: str) -> tuple["subprocess.Popen[str]", int]:
    """Start a run and freeze it: its process, and the calls that were in flight."""
    gemini = trial.cloud.gemini
    with ExitStack() as gate:
        if place == "call":
            due = threading.Event()
            gemini.on_request = AtCount(number, due.set)
            zombie = trial.start(LEASE_SECONDS=LEASE)
            due.wait(PATIENCE_SECONDS)
        else:
            prepare(trial, GATE_IN_INSERT if place == "INSERT" else GATE_IN_COMMIT)
            zombie = trial.start(LEASE_SECONDS=LEASE)
            gate.enter_context(standing_at_gate(trial, zombie, number))
        zombie.send_signal(signal.SIGSTOP)
    calls = -1
    while gemini.in_flight or calls != sum(gemini.calls.values()):
        calls = sum(gemini.calls.values())
        urllib.request.urlopen(f"{gemini.url}/stats").close()  # what had connected before it is known now
        time.sleep(QUIET_SECONDS)
    if zombie.poll() is not None or trial.saved() == trial.size.items:
        zombie.kill()
        trial.end_of(zombie)
        raise TooLateError
    return zombie, trial.unsaved_calls() + gemini.half_sent
