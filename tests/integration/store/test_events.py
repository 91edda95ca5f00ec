"""Events reach their table once and in order, and losing the table never stops a job."""

import json
import logging
import os
import resource
import tracemalloc
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from query_generator.errors import (
    ConfigurationError,
    FatalError,
    PermissionRefusedError,
    ServiceAwayError,
    SkippableError,
)
from query_generator.store.connect import open_database
from query_generator.store.database import Database
from query_generator.store.events import (
    MAX_DETAILS_BYTES,
    PAGE_SIZE,
    REMEMBERED,
    TAIL_BYTES,
    DynamoDbEvents,
    Event,
    EventLog,
    FileEvents,
    fitting,
)
from query_generator.store.queries import save_queries_to_rds
from secrets_cache import RdsConfig
from tests.fakes.aws_server import REGION, TABLE, AwsServer
from tests.support.list_sink import ListSink


def dynamodb_sink(aws: AwsServer) -> DynamoDbEvents:
    """Events in moto's table."""
    return DynamoDbEvents(aws.client("dynamodb"), TABLE)


def waiting(db: Database) -> list[str]:
    """Names of the events in the outbox."""
    return [row.event_name for row in db.run("SELECT event_name FROM query_generator_event_outbox ORDER BY event_id")]


def test_events_are_published_in_order(db: Database) -> None:
    """Events recorded before and after the database is there come out in their order, and the outbox is empty."""
    start = datetime(2026, 1, 2, tzinfo=UTC)
    times = (start + timedelta(milliseconds=number) for number in range(999))
    sink = ListSink()
    log = EventLog("job", sink, lambda: next(times))
    log.record("job_started", n=1)
    log.attach(db)
    for number in range(250):
        log.record("batch_saved", n=number)
    log.publish()
    assert sink.names() == ["job_started"] + ["batch_saved"] * 250
    assert [event.details["n"] for event in sink.events[1:]] == list(range(250))
    ids = [event.event_timestamp_id for event in sink.events]
    assert ids == sorted(set(ids))
    assert ids[0].startswith("2026-01-02T00:00:00.000000+00:00#")
    assert waiting(db) == []
    log.close()
    assert sink.tries == 251


def test_so_many_events_are_published_at_once_as_is_asked_for(db: Database) -> None:
    """A run that has calls under way publishes a few events at a time, the oldest first, and the rest later."""
    sink = ListSink()
    log = EventLog("job", sink)
    log.attach(db)
    for number in range(12):
        log.record("batch_saved", n=number)
    log.publish(5)
    assert [event.details["n"] for event in sink.events] == list(range(5))
    assert len(waiting(db)) == 7
    log.publish(5)
    log.publish(5)
    assert [event.details["n"] for event in sink.events] == list(range(12))


def test_an_event_of_an_undone_transaction_did_not_happen(db: Database) -> None:
    """An event recorded in a transaction that fails is not published."""
    sink = ListSink()
    log = EventLog("job", sink)
    log.attach(db)

    def save() -> None:
        with db.transaction():
            log.record("batch_saved")
            save_queries_to_rds([(999_999, "Is it there?", "product")], db)

    with pytest.raises(SkippableError):
        save()
    log.record("job_failed")
    log.close()
    assert sink.names() == ["job_failed"]


def test_the_item_has_the_documented_shape(db: Database, aws: AwsServer) -> None:
    """In DynamoDB an event has its keys twice, a name, and its details as a map with exact numbers."""
    log = EventLog("job.1", dynamodb_sink(aws), lambda: datetime(2026, 1, 2, 3, 4, 5, 6, UTC))
    log.attach(db)
    log.record("job_completed", count=3, cost=0.1, text="靴", none=None, nested={"list": [1.5, {"deep": True}]})
    log.close()
    (item,) = aws.events("job.1")
    key = item["event_timestamp_id"]
    assert item["expires_at"] == datetime(2026, 4, 2, 3, 4, 5, tzinfo=UTC).timestamp()
    assert key.startswith("2026-01-02T03:04:05.000006+00:00#")
    assert (item["pk"], item["sk"], item["job_id"], item["eventName"]) == ("job.1", key, "job.1", "job_completed")
    details = {name: float(value) if name == "cost" else value for name, value in item["details"].items()}
    assert details == {"count": 3, "cost": 0.1, "text": "靴", "none": None, "nested": {"list": [1.5, {"deep": True}]}}


def test_an_event_published_twice_is_there_once(db: Database, rds: RdsConfig, aws: AwsServer) -> None:
    """When a run dies between publishing and noting it, the next run adds nothing and goes on to the rest."""
    log = EventLog("job", dynamodb_sink(aws))
    log.attach(db)
    log.record("job_started")
    for row in db.rows("events.waiting", job_id="job", size=9):
        dynamodb_sink(aws).publish(Event(row.job_id, row.event_timestamp_id, row.event_name, {"first": True}))
    other = open_database(rds)
    following = EventLog("job", dynamodb_sink(aws))
    following.attach(other)
    following.record("job_completed")
    following.close()
    assert [(event["eventName"], event["details"]) for event in aws.events("job")] == [
        ("job_started", {"first": True}),
        ("job_completed", {}),
    ]
    assert waiting(other) == []
    other.close()


@pytest.mark.parametrize(
    "error", [ServiceAwayError("away"), PermissionRefusedError("denied"), OSError(28, "disk full")]
)
def test_a_sink_that_fails_is_warned_of_once(db: Database, caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    """A sink that fails is tried no more while the run works, is warned of once, and its events wait."""
    sink = ListSink(error)
    log = EventLog("job", sink)
    log.attach(db)
    with caplog.at_level(logging.WARNING):
        for name in ("job_started", "input_loaded", "job_completed"):
            log.record(name)
            log.publish()
    assert sink.tries == 1
    assert [record.message.split(" Events")[0] for record in caplog.records] == ["[BATCH WARNING]"]
    assert waiting(db) == ["job_started", "input_loaded", "job_completed"]
    sink.error = None
    EventLog("other job", sink).attach(db)
    following = EventLog("job", sink)
    following.attach(db)
    following.record("job_started")
    following.close()
    assert sink.names() == ["job_started", "input_loaded", "job_completed", "job_started"]


def test_a_sink_that_is_back_at_the_end_gets_everything(db: Database) -> None:
    """The end of a run tries a sink that has failed before once more."""
    sink = ListSink(ServiceAwayError("away"))
    log = EventLog("job", sink)
    log.attach(db)
    log.record("job_started")
    log.publish()
    sink.error = None
    log.record("job_completed")
    log.close()
    assert sink.names() == ["job_started", "job_completed"]


def test_a_table_that_refuses_costs_no_event(db: Database, aws: AwsServer, caplog: pytest.LogCaptureFixture) -> None:
    """While DynamoDB refuses, the job goes on with a warning that names the table; later every event is there once."""
    aws.fail("PutItem", 403)
    log = EventLog("job", dynamodb_sink(aws))
    log.attach(db)
    log.record("job_started")
    log.close()
    assert f"DynamoDB table {TABLE}" in caplog.text
    aws.failing.clear()
    following = EventLog("job", dynamodb_sink(aws))
    following.attach(db)
    following.close()
    assert [event["eventName"] for event in aws.events("job")] == ["job_started"]


def test_errors_of_dynamodb_are_told_apart(aws: AwsServer) -> None:
    """A table that is missing, out of reach or failing is named with the class that says what to do."""
    event = Event("job", "2026-01-02T03:04:05+00:00#id", "job_started", {})
    with pytest.raises(ConfigurationError, match="NoSuchTable"):
        DynamoDbEvents(aws.client("dynamodb"), "NoSuchTable").publish(event)
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=2)
    session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
    aws.fail("PutItem", 503)
    for url in (aws.url, "http://127.0.0.1:9"):
        client = session.client("dynamodb", endpoint_url=url, config=once)
        with pytest.raises(ServiceAwayError, match=TABLE):
            DynamoDbEvents(client, TABLE).publish(event)


@pytest.mark.parametrize(
    ("details", "first"),
    [
        ({"reason": "r" * 600_000}, "r" * 60_000),
        ({"reason": "靴" * 200_000, "exit_code": 64}, "靴" * 60_000),
        ({"addresses": [f"s3://results/part-{number}" for number in range(40_000)]}, "s3://results/part-0"),
        ({"counts": {f"reason number {number}": number for number in range(40_000)}}, "reason number 0"),
        ({"deep": [["x" * 900] * 900]}, "x" * 128),
        ({f"name {number}": "x" * 10_000 for number in range(300)}, "name 0"),
    ],
    ids=["a text", "a text of wide letters", "a list", "a map", "a list in a list", "many texts"],
)
def test_an_event_that_no_item_has_room_for_is_shortened(
    db: Database, aws: AwsServer, details: dict[str, Any], first: str
) -> None:
    """The table gets the beginning of each part, and the item says from what size; what follows it is published."""
    log = EventLog("job", dynamodb_sink(aws))
    log.attach(db)
    log.record("job_failed", **details)
    log.record("job_completed", n=1)
    log.close()
    shortened, whole = aws.events("job")
    size = len(json.dumps(details, ensure_ascii=False).encode())
    assert shortened["details"]["shortened"] == f"from {size} bytes, the table takes no more"
    assert first in json.dumps(shortened["details"], ensure_ascii=False, default=str)
    assert shortened["details"].keys() >= set(list(details)[:10])
    assert len(json.dumps(shortened, ensure_ascii=False, default=str).encode()) < 400 * 1024
    assert whole["details"] == {"n": 1}
    assert waiting(db) == []


def test_an_event_that_an_item_has_room_for_is_whole(db: Database, aws: AwsServer) -> None:
    """Nothing is taken from an event of up to 390,000 bytes."""
    log = EventLog("job", dynamodb_sink(aws))
    log.attach(db)
    text = "é" * 194_900
    log.record("job_failed", reason=text)
    log.close()
    assert [event["details"] for event in aws.events("job")] == [{"reason": text}]


@pytest.mark.parametrize("details", [{f"name {number}": number for number in range(60_000)}, {"n" * 500_000: 1}])
def test_names_alone_that_no_item_has_room_for_are_shortened(details: dict[str, Any]) -> None:
    """A map whose names are the trouble loses names."""
    fitted = fitting(details)
    assert len(json.dumps(fitted)) <= MAX_DETAILS_BYTES
    assert "shortened" in fitted


def test_a_run_that_never_reached_the_database_tells_its_end() -> None:
    """Events of a run that fails before the database is there are published from memory."""
    sink = ListSink()
    log = EventLog("job", sink)
    log.record("job_started")
    log.record_end("job_failed", ConfigurationError("no such database"))
    log.close()
    assert sink.names() == ["job_started", "job_failed"]
    assert sink.events[1].details == {"reason": "no such database", "exit_code": 64}


def test_a_run_that_loses_the_database_tells_its_end(db: Database) -> None:
    """When the database is what fails, the end of the run is published all the same."""
    sink = ListSink()
    log = EventLog("job", sink)
    log.attach(db)
    log.record("job_started")
    db.close()
    error: FatalError = ServiceAwayError("PostgreSQL is gone")
    log.record_end("job_failed", error)
    log.close()
    assert sink.names() == ["job_failed"]


def test_the_file_holds_one_event_a_line(db: Database, tmp_path: Path) -> None:
    """In local mode events are lines of JSON in the documented shape, appended over runs of the job."""
    path = tmp_path / "new" / "events.jsonl"
    for name in ("job_started", "job_completed"):
        log = EventLog("job", FileEvents(path))
        log.attach(db)
        log.record(name, text="靴")
        log.close()
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["eventName"] for line in lines] == ["job_started", "job_completed"]
    assert lines[0].keys() == {"job_id", "event_timestamp_id", "pk", "sk", "eventName", "details"}
    assert lines[0]["details"] == {"text": "靴"}


def test_the_file_takes_an_event_once(tmp_path: Path) -> None:
    """An event published again, by this run or after a killed one that left half a line, is in the file once."""
    path = tmp_path / "events.jsonl"
    events = [Event("job", f"time#{uuid.uuid4().hex}", "batch_saved", {"n": number}) for number in range(3)]
    sink = FileEvents(path)
    for event in (events[0], events[0], events[1]):
        sink.publish(event)
    with path.open("a") as file:
        file.write('{"job_id": "job", "event_ti')
    following = FileEvents(path)
    for event in events:
        following.publish(event)
    lines = path.read_text().splitlines()
    assert [json.loads(line)["details"]["n"] for line in lines if line.endswith("}")] == [0, 1, 2]


def test_the_file_of_events_is_no_link_and_no_pipe(tmp_path: Path) -> None:
    """What somebody has put in the file's place is neither written to nor waited for."""
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "link").symlink_to(target)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError, match=name):
            FileEvents(tmp_path / name).publish(Event("job", "time#1", "batch_saved", {}))
    assert target.read_text() == "mine"


def test_an_event_that_a_full_disk_cuts_is_written_whole_later(tmp_path: Path) -> None:
    """Half a line with the event's id in it does not pass for the event, in this run or in the next one."""
    path = tmp_path / "events.jsonl"
    events = [Event("job", f"time#{number}", "batch_saved", {"text": "x" * 500}) for number in range(3)]
    sink = FileEvents(path)
    sink.publish(events[0])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for following in (sink, FileEvents(path)):
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 300, before[1]))
        try:
            with pytest.raises(OSError, match="large"):
                following.publish(events[1])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    for event in events[1:]:
        sink.publish(event)
    lines = path.read_text().splitlines()
    assert [json.loads(line)["sk"] for line in lines if line.endswith("}")] == [f"time#{number}" for number in range(3)]
    assert len(lines) == 5


def test_a_file_of_anything_is_not_read_into_memory(tmp_path: Path) -> None:
    """Of a file that holds one line without end, the last part alone is read, and the event begins its own line."""
    path = tmp_path / "events.jsonl"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    tracemalloc.start()
    FileEvents(path).publish(Event("job", "time#1", "batch_saved", {}))
    assert tracemalloc.get_traced_memory()[1] < 5 * TAIL_BYTES
    tracemalloc.stop()
    with path.open("rb") as file:
        file.seek(200_000_000)
        assert file.read(2) == b"\n{"


def test_a_file_of_many_events_is_remembered_by_its_last_ones(tmp_path: Path) -> None:
    """What a killed run may have published and not noted is known again; memory does not grow with the file."""
    events = [Event("job", f"time#{number}", "batch_saved", {}) for number in range(REMEMBERED + 20)]
    sink = FileEvents(tmp_path / "events.jsonl")
    for event in events:
        sink.publish(event)
    following = FileEvents(tmp_path / "events.jsonl")
    for event in events[-PAGE_SIZE:]:
        following.publish(event)
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == len(events)
    assert len(sink._there) == len(following._there) == REMEMBERED
