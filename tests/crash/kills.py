"""A run is killed without warning: at any moment, or at the worst ones."""

import subprocess
import threading
import time
from collections.abc import Callable
from random import Random

from tests.crash.harness import JOB, PATIENCE_SECONDS, Trial, Verdict
from tests.crash.points import (
    GATE_IN_COMMIT,
    GATE_IN_INSERT,
    NOTIFY_CLAIMS,
    AtCount,
    own_connection,
    prepare,
    standing_at_gate,
)
from tests.fakes.aws_server import BUCKET

START_SECONDS = 1.5
END_SECONDS = 0.4


class Victim:
    """The run that will be killed; what is to kill it is known before it starts."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def kill(self) -> None:
        """Kill it without warning."""
        if self.process:
            self.process.kill()

    def kill_after(self, seconds: float) -> Callable[[], None]:
        """Return what kills it some time after it is called."""
        return threading.Timer(seconds, self.kill).start


def kill_at_random(trial: Trial, random: Random) -> Verdict:
    """Kill while the run starts (1 of 10), works (8 of 10) or ends (1 of 10), at any moment of that time."""
    gemini, share, victim = trial.cloud.gemini, random.random(), Victim()
    part = random.choices(("start", "work", "end"), (1, 8, 1))[0]
    if part == "work":
        delay = random.uniform(0, trial.size.latency)
        gemini.on_request = AtCount(1 + int(share * trial.size.items), victim.kill_after(delay))
    elif part == "end":
        gemini.on_reply = AtCount(trial.size.items, victim.kill_after(share * END_SECONDS))
    victim.process = trial.start()
    if part == "start":
        victim.kill_after(share * START_SECONDS)()
    return _continued(trial, "random", victim.process)


def kill_after_claim(trial: Trial, random: Random) -> Verdict:
    """Kill when the rows of a claim are committed."""
    prepare(trial, NOTIFY_CLAIMS)
    number = random.randint(1, 10)
    with own_connection(trial) as connection:
        connection.execute("LISTEN crash_claimed")
        process = trial.start()
        for _ in connection.notifies(timeout=PATIENCE_SECONDS, stop_after=number):
            number -= 1
            if not number:
                process.kill()
    return _continued(trial, "claim", process)


def kill_at_call(trial: Trial, random: Random) -> Verdict:
    """Kill when the stand-in has read a call."""
    victim = Victim()
    trial.cloud.gemini.on_request = AtCount(random.randint(1, trial.size.items), victim.kill)
    victim.process = trial.start()
    return _continued(trial, "call", victim.process)


def kill_at_reply(trial: Trial, random: Random) -> Verdict:
    """Kill when the last byte of a reply has been sent."""
    victim = Victim()
    trial.cloud.gemini.on_reply = AtCount(random.randint(1, trial.size.items), victim.kill)
    victim.process = trial.start()
    return _continued(trial, "reply", victim.process)


def kill_in_insert(trial: Trial, random: Random) -> Verdict:
    """Kill while PostgreSQL executes an INSERT INTO queries, which then goes on by itself or is broken too."""
    return _kill_at_gate(trial, random, "insert", GATE_IN_INSERT)


def kill_in_commit(trial: Trial, random: Random) -> Verdict:
    """Kill while PostgreSQL executes a COMMIT with questions, which is then done after all or is broken too."""
    return _kill_at_gate(trial, random, "commit", GATE_IN_COMMIT)


def kill_at_s3(trial: Trial, random: Random) -> Verdict:
    """Kill when S3 has the request that writes the result."""
    return _kill_at_aws(trial, "s3", f"PUT /{BUCKET}/query/{JOB}/results.json", 1)


def kill_at_dynamodb(trial: Trial, random: Random) -> Verdict:
    """Kill when DynamoDB has the request that writes an event."""
    return _kill_at_aws(trial, "dynamodb", "PutItem", random.randint(1, 8))


POINTS: dict[str, Callable[[Trial, Random], Verdict]] = {
    "claim": kill_after_claim,
    "call": kill_at_call,
    "reply": kill_at_reply,
    "insert": kill_in_insert,
    "commit": kill_in_commit,
    "s3": kill_at_s3,
    "dynamodb": kill_at_dynamodb,
}


def _kill_at_aws(trial: Trial, kind: str, operation: str, number: int) -> Verdict:
    victim = Victim()
    due = AtCount(number, victim.kill)
    trial.cloud.aws.on_call = lambda called: due() if called == operation else None
    victim.process = trial.start()
    return _continued(trial, kind, victim.process)


def _kill_at_gate(trial: Trial, random: Random, kind: str, gate: str) -> Verdict:
    prepare(trial, gate)
    process = trial.start()
    with standing_at_gate(trial, process, random.randint(0, trial.size.items * 3 // 4)) as break_it:
        time.sleep(random.uniform(0, 2 * trial.size.latency))
        process.kill()
        process.wait()
        if random.random() < 0.5:
            break_it()
    return _continued(trial, kind, process)


def _continued(trial: Trial, kind: str, process: "subprocess.Popen[str]") -> Verdict:
    """Wait for the kill, go on with the job until it has ended, and judge."""
    in_flight = trial.wait_for_kill(process)
    trial.go_on()
    return trial.judge(kind, in_flight)
