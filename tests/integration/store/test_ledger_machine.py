"""The ledger under any order of claims, writes, silences, deaths and take-overs, against a model of it."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from query_generator.errors import RunFencedError
from query_generator.store.connect import get_db_connection
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from query_generator.store.items import Outcome
from query_generator.store.reconnect import ReconnectPolicy
from secrets_cache import RdsConfig
from tests.support.catalog import counts_of, load, open_run, product
from tests.support.ledger_model import ENDS, Key, Row, Run, outcome_of, store_questions
from tests.support.orders import texts_of

LEASE = 30.0
PRODUCTS = 3
TERMINAL = ("succeeded", "failed")


class LedgerMachine(RuleBasedStateMachine):
    """Several runs of one job; after each step the tables must say what the model says."""

    rds: RdsConfig
    db: Database

    def __init__(self) -> None:
        super().__init__()
        self.job_id = f"job-{uuid.uuid4().hex}"
        self.now = 0.0
        self.runs: list[Run] = []
        self.rows: dict[Key, Row] = {}
        self.asked = 0
        self.done: dict[Key, list[str]] = {}

    def teardown(self) -> None:
        """A last run finishes the job: every item is then terminal, and none of its questions is lost."""
        if self.runs:
            last = self._open()
            self._take_over(last)
            self.now += LEASE
            self._take_over(last)
            while any(row.state not in TERMINAL for row in self.rows.values()):
                self._claim(last, 10)
                self._save(last, ["succeeded"])
            self.agree()
        for run in self.runs:
            run.ledger.db.close()

    @initialize()
    def begin(self) -> None:
        """Two runs open the job, and one loads its products."""
        run = self._open()
        self._open()
        entries = [product(f"{self.job_id} {number}", position=number) for number in range(1, PRODUCTS + 1)]
        load(run.ledger, entries)
        ids = self.db.run("SELECT product_id, query_type FROM job_items WHERE job_id = %(job)s", {"job": self.job_id})
        self.rows = {(row.product_id, row.query_type): Row() for row in ids}
        assert len(self.rows) == 2 * PRODUCTS

    @precondition(lambda self: len(self.runs) < 5)
    @rule()
    def open(self) -> None:
        """One more run of the same job begins; what failed for a transient reason is open again."""
        self._open()

    @rule(data=st.data(), size=st.integers(1, 4))
    def claim(self, data: st.DataObject, size: int) -> None:
        """A run claims."""
        self._claim(self._pick(data), size)

    @rule(data=st.data(), size=st.integers(1, 3))
    def claim_without_hearing_of_it(self, data: st.DataObject, size: int) -> None:
        """The answer to a claim is lost; the run then frees what it does not know of, and claims again."""
        run = self._pick(data)
        kept = dict(run.held)
        self._claim(run, size)
        run.held = kept
        if run.state == "alive":
            run.ledger.queue.forget_claims(list(kept.values()))
            for key, row in self.rows.items():
                if row.owner == run.run_id and row.state == "running" and key not in kept:
                    row.state, row.owner = "pending", None

    @rule(data=st.data(), states=st.lists(st.sampled_from(ENDS), min_size=1, max_size=3), heard=st.booleans())
    def save(self, data: st.DataObject, states: list[str], heard: bool) -> None:
        """A run commits what calls for its items have brought, and again if it did not hear of its COMMIT."""
        run = self._pick(data)
        self._save(run, states)
        if not heard and run.last:
            self._write(run, run.last)

    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        """A run gives an item back, another one claims it, and the first repeats its COMMIT: that changes nothing."""
        run = self._pick(data)
        self._save(run, ["pending"])
        others = [other for other in self.runs if other is not run and not other.gone]
        self._claim(others[0] if others else self._open(), 2 * PRODUCTS)
        if run.last:
            self._write(run, run.last)

    @rule(data=st.data())
    def break_off(self, data: st.DataObject) -> None:
        """A transaction with questions breaks before its COMMIT: nothing of it is there."""
        run = self._pick(data)
        outcomes = self._outcomes(run, ["succeeded"])
        if outcomes and run.state == "alive":
            with pytest.raises(ZeroDivisionError):
                run.ledger.queue.save(outcomes, {}, lambda: store_questions(run, outcomes), lambda new: [][1 // 0])

    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        """The heartbeat of a run, which also tells whether it lives."""
        run = self._pick(data)
        assert bool(run.ledger.db.rows("runs.beat", run_id=run.run_id)) == (run.state == "alive")
        run.beats += run.state == "alive"

    @rule(seconds=st.sampled_from([1.0, LEASE / 2, LEASE]))
    def wait(self, seconds: float) -> None:
        """Time passes in which nobody sends a heartbeat."""
        self.now += seconds

    @rule(seconds=st.sampled_from([-3600.0, 3600.0]))
    def set_clock(self, seconds: float) -> None:
        """The database's clock is set; to a run that looks, each heartbeat is another one than before."""
        sql = (
            "UPDATE query_generator_runs SET heartbeat_at = heartbeat_at - make_interval(secs => %(s)s) "
            "WHERE job_id = %(job)s"
        )
        self.db.run(sql, {"s": seconds, "job": self.job_id})
        for run in self.runs:
            run.beats += 1

    @rule(data=st.data())
    def take_over(self, data: st.DataObject) -> None:
        """A run declares dead what is dead, and frees its items."""
        self._take_over(self._pick(data))

    @precondition(lambda self: sum(run.state == "alive" for run in self.runs) > 1)
    @rule(data=st.data())
    def wake_up_too_late(self, data: st.DataObject) -> None:
        """A run wakes up after another one has declared it dead: it can write nothing."""
        frozen = data.draw(st.sampled_from([run for run in self.runs if run.state == "alive"]))
        others = [run for run in self.runs if run.state == "alive" and not run.gone and run is not frozen]
        if others:
            successor = data.draw(st.sampled_from(others))
            self._take_over(successor)
            self.now += LEASE
            self._take_over(successor)
            assert frozen.state == "dead"
            if not frozen.gone:
                self._save(frozen, ["succeeded"])
                self._claim(frozen, 1)

    @rule(data=st.data(), in_transaction=st.booleans())
    def kill(self, data: st.DataObject, in_transaction: bool) -> None:
        """A run's process vanishes, perhaps in the middle of a transaction."""
        run = self._pick(data)
        connection = run.ledger.db._connection
        outcomes = self._outcomes(run, ["succeeded"])
        process = run.ledger.db.run(
            "SELECT process FROM query_generator_runs WHERE run_id = %(id)s", {"id": run.run_id}
        )[0].process
        if in_transaction and outcomes and run.state == "alive":
            with pytest.raises(DatabaseAwayError):
                run.ledger.queue.save(
                    outcomes, {}, lambda: store_questions(run, outcomes), lambda new: connection.close()
                )
        connection.close()
        run.gone = True
        ended = process.rpartition("/")[0] + "/0"
        self.db.run(
            "UPDATE query_generator_runs SET process = %(ended)s WHERE run_id = %(id)s",
            {"ended": ended, "id": run.run_id},
        )

    @rule(data=st.data())
    def rotate(self, data: st.DataObject) -> None:
        """The server drops a run's connection; the run makes another one, and takes over from no silent run at once."""
        run = self._pick(data)
        (own,) = run.ledger.db.run("SELECT pg_backend_pid() AS pid")
        self.db.run("SELECT pg_terminate_backend(%(pid)s)", {"pid": own.pid})
        while self.db.run("SELECT 1 FROM pg_stat_activity WHERE pid = %(pid)s", {"pid": own.pid}):
            pass
        assert run.ledger.db.with_reconnect(lambda: counts_of(run.ledger)).items == len(self.rows)
        run.connections += 1
        self._take_over(run)

    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """A run ends by itself and frees what it held."""
        run = self._pick(data)
        run.ledger.lease.end()
        if run.state == "alive":
            run.state = "ended"
            self._free(run)

    @invariant()
    def agree(self) -> None:
        """States, owners and questions in the tables are those of the model, and a terminal item keeps what it has."""
        found = self.db.run(
            "SELECT i.product_id, i.query_type, i.state, i.run_id::text, i.answered, i.query_ids, i.deferred, "
            "ARRAY(SELECT q.query_text FROM unnest(i.query_ids) WITH ORDINALITY AS u (query_id, place) "
            "JOIN queries q USING (query_id) ORDER BY u.place) AS texts, "
            "(SELECT count(*) FROM queries q WHERE q.product_id = i.product_id AND q.query_type = i.query_type) AS n "
            "FROM job_items i WHERE i.job_id = %(job)s",
            {"job": self.job_id},
        )
        assert len(found) == len(self.rows)
        for item in found:
            row = self.rows[item.product_id, item.query_type]
            told = (row.state, row.answered, row.texts, row.deferred)
            assert (item.state, item.answered, item.texts, item.deferred) == told
            assert item.n == len(item.query_ids) == len(row.texts)
            if item.state == "running":
                assert item.run_id == row.owner
            if item.state == "succeeded":
                assert self.done.setdefault((item.product_id, item.query_type), item.texts) == item.texts
        states = self.db.run(
            "SELECT run_id::text, state FROM query_generator_runs WHERE job_id = %(job)s", {"job": self.job_id}
        )
        assert {row.run_id: row.state for row in states} == {run.run_id: run.state for run in self.runs}

    def _open(self) -> Run:
        def connect() -> Any:
            return get_db_connection(self.rds)

        policy = ReconnectPolicy(60, clock=lambda: self.now, sleep=lambda _: None)
        run = Run(open_run(Database(connect(), connect, policy), self.job_id, LEASE))
        self.runs.append(run)
        for row in self.rows.values():
            if (row.state == "failed" and row.transient) or (row.state == "pending" and row.deferred):
                row.state, row.owner, row.deferred = "pending", None, 0
        return run

    def _pick(self, data: st.DataObject) -> Run:
        """Choose a run whose process is there, alive or fenced; one is opened if there is none."""
        runs = [run for run in self.runs if not run.gone]
        return data.draw(st.sampled_from(runs)) if runs else self._open()

    def _claim(self, run: Run, size: int) -> None:
        if run.state != "alive":
            with pytest.raises(RunFencedError):
                run.ledger.queue.claim(size)
            return
        items = run.ledger.queue.claim(size)
        pending = sum(row.state == "pending" for row in self.rows.values())
        assert len(items) == min(size, pending)
        waits = sorted(row.deferred for row in self.rows.values() if row.state == "pending")
        assert [item.deferred for item in items] == waits[: len(items)]
        for item in items:
            key = (item.product_id, str(item.query_type))
            row = self.rows[key]
            assert row.state == "pending"
            assert (texts_of(item.existing), item.answered) == (row.texts, row.answered)
            row.state, row.owner = "running", run.run_id
            run.held[key] = item

    def _outcomes(self, run: Run, states: list[str]) -> list[Outcome]:
        """Bring something for the first items that the run believes to hold."""
        held = list(run.held.values())[: max(len(states), 1)]
        outcomes = [outcome_of(item, states[place % len(states)], self.asked) for place, item in enumerate(held)]
        self.asked += len(outcomes)
        return outcomes

    def _save(self, run: Run, states: list[str]) -> None:
        outcomes = self._outcomes(run, states)
        if not outcomes:
            return
        self._write(run, outcomes)
        run.last = outcomes
        for outcome in outcomes:
            key = (outcome.item.product_id, str(outcome.item.query_type))
            if outcome.state == "running":
                existing = (*outcome.item.existing, *outcome.generated.questions)
                run.held[key] = replace(outcome.item, existing=existing, answered=outcome.answered)
            else:
                del run.held[key]

    def _write(self, run: Run, outcomes: list[Outcome]) -> None:
        """Save, and change the model where the run still has the right to."""
        new: list[Outcome] = []
        if run.state != "alive":
            with pytest.raises(RunFencedError):
                run.ledger.queue.save(outcomes, {}, lambda: store_questions(run, outcomes), new.extend)
            assert not new
            return
        run.ledger.queue.save(outcomes, {}, lambda: store_questions(run, outcomes), new.extend)
        expected = [outcome for outcome in outcomes if self._is_due(run, outcome)]
        assert [outcome.item for outcome in new] == [outcome.item for outcome in expected]
        for outcome in expected:
            row = self.rows[outcome.item.product_id, str(outcome.item.query_type)]
            row.state, row.answered = outcome.state, outcome.answered
            row.deferred, row.transient = outcome.deferred, outcome.transient
            row.texts = [*row.texts, *texts_of(outcome.generated.questions)]

    def _is_due(self, run: Run, outcome: Outcome) -> bool:
        row = self.rows[outcome.item.product_id, str(outcome.item.query_type)]
        return (row.state, row.owner, row.answered) == ("running", run.run_id, outcome.item.answered)

    def _take_over(self, run: Run) -> None:
        others = [other for other in self.runs if other is not run and other.state == "alive"]
        if run.state != "alive":
            if others:
                with pytest.raises(RunFencedError):
                    run.ledger.lease.take_over()
            return
        dead = [other for other in others if run.sees_silent(other, self.now, LEASE) or other.gone]
        assert run.ledger.lease.take_over() == len(dead)
        for other in dead:
            other.state = "dead"
            self._free(other)

    def _free(self, run: Run) -> None:
        for row in self.rows.values():
            if row.state == "running" and row.owner == run.run_id:
                row.state, row.owner = "pending", None


def test_no_order_of_events_loses_doubles_or_lets_a_dead_run_write(rds: RdsConfig, db: Database) -> None:
    """Whatever several runs do, and whenever they fall silent or vanish: each item is done once, and wholly."""
    run_state_machine_as_test(
        type("Machine", (LedgerMachine,), {"rds": rds, "db": db}),
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
