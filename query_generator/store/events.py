"""Events of a job: recorded in an outbox in PostgreSQL, then published to DynamoDB or a file."""

import errno
import json
import logging
import os
import re
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from query_generator.aws import aws_errors
from query_generator.errors import FatalError
from query_generator.masking import masked, values_without_keys
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LOG = logging.getLogger("events")
PAGE_SIZE = 100
KEY_NAMES = ("job_id", "event_timestamp_id", "pk", "sk")  # of an item, two for the partition and two for the sort key
REMEMBERED = 10 * PAGE_SIZE  # events; a killed run leaves at most a page published but still in the outbox
MAX_DETAILS_BYTES = 390_000  # DynamoDB takes items of 409,600 bytes, and the other attributes need a few thousand
TAIL_BYTES = 4 * 1024 * 1024  # of the file, which hold those: what else is in it may be anybody's
_EVENT_ID = re.compile(rb'"event_timestamp_id": "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `event_timestamp_id` is `timestamp#event_id`, with the timestamp in ISO 8601, UTC, microseconds."""

    job_id: str
    event_timestamp_id: str
    event_name: str
    details: Mapping[str, Any]

    def recorded_at(self) -> datetime:
        """Return the time at which the event was recorded, in UTC."""
        return datetime.fromisoformat(self.event_timestamp_id.partition("#")[0])

    def item(self) -> dict[str, Any]:
        """Return the event as the documented DynamoDB item."""
        return {
            "job_id": self.job_id,
            "event_timestamp_id": self.event_timestamp_id,
            "pk": self.job_id,
            "sk": self.event_timestamp_id,
            "eventName": self.event_name,
            "details": dict(self.details),
        }


def fitting(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return details that an item of DynamoDB has room for; if they are shortened, `shortened` says from what size.

    As JSON they take no fewer bytes than DynamoDB counts for them.
    """
    size = _size(details)
    if size <= MAX_DETAILS_BYTES:
        return dict(details)
    for longest in (65536, 8192, 1024, 128, 16):
        shorter = {**_shortened(dict(details), longest), "shortened": f"from {size} bytes, the table takes no more"}
        if _size(shorter) <= MAX_DETAILS_BYTES:
            return shorter
    return {"shortened": f"away from {size} bytes, the table takes no more"}


def _size(details: Mapping[str, Any]) -> int:
    return len(json.dumps(dict(details), ensure_ascii=False).encode(errors="replace"))


def _shortened(value: Any, longest: int) -> Any:
    """Cut each text after so many characters, and each list and map after so many entries; the last one says so."""
    if isinstance(value, str) and len(value) > longest:
        return f"{value[:longest]}… and {len(value) - longest} characters"
    if isinstance(value, list | tuple):
        rest = [f"… and {len(value) - longest} entries"] if len(value) > longest else []
        return [*(_shortened(entry, longest) for entry in value[:longest]), *rest]
    if isinstance(value, dict):
        rest_of = {"…": f"and {len(value) - longest} entries"} if len(value) > longest else {}
        kept = islice(value.items(), longest)
        return {_shortened(name, longest): _shortened(entry, longest) for name, entry in kept} | rest_of
    return value


class EventSink(Protocol):
    """Where events are published. Publishing an event again changes nothing."""

    def publish(self, event: Event) -> None:
        """Publish an event.

        Raises:
            FatalError: the event could not be published; it may be tried again.
            OSError: the file could not be written.
        """
        ...


class DynamoDbEvents:
    """The table of events in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str, ttl_days: float = 90) -> None:
        """Take a client, the table's name, and the days after which an event expires if TTL is on `expires_at`."""
        self._ttl = timedelta(days=ttl_days)
        self._client = client
        self._table = table

    def publish(self, event: Event) -> None:
        """Put the item unless it exists."""
        from boto3.dynamodb.types import TypeSerializer

        serialize = TypeSerializer().serialize
        item = {
            **event.item(),
            "details": fitting(event.details),
            "expires_at": int((event.recorded_at() + self._ttl).timestamp()),
        }
        exact = json.loads(json.dumps(item), parse_float=Decimal)
        with aws_errors(f"DynamoDB table {self._table}"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item={name: serialize(value) for name, value in exact.items()},
                    ConditionExpression="attribute_not_exists(event_timestamp_id)",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                _LOG.debug("[EVENTS] %s was there already", event.event_timestamp_id)


class FileEvents:
    """A JSON Lines file with one event per line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._there: dict[str, None] = {}
        self._opened = False

    def publish(self, event: Event) -> None:
        """Append the event unless it is among the last REMEMBERED ones."""
        if not self._opened:
            self._open()
        if event.event_timestamp_id in self._there:
            return
        self._opened = False
        with self._file() as file:
            file.write(json.dumps(event.item(), ensure_ascii=False).encode(errors="replace") + b"\n")
        self._opened = True
        self._remember([event.event_timestamp_id])

    def _open(self) -> None:
        """Read the ids of the last events, and end the line that a killed run or a full disk left unfinished."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._file() as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            lines = file.read().split(b"\n")
            found = [_EVENT_ID.search(line) for line in lines if line.endswith(b"}}")]
            self._remember(match[1].decode(errors="replace") for match in found if match)
            if lines[-1]:
                file.write(b"\n")
        self._opened = True

    @contextmanager
    def _file(self) -> Iterator[BinaryIO]:
        """Open the file to read and append, but nothing else that bears its name: no link, pipe or device."""
        opened = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            raise FileExistsError(errno.EEXIST, "is no file", str(self._path))
        with open(opened, "ab+") as file:
            yield file

    def _remember(self, event_ids: Iterable[str]) -> None:
        self._there.update(dict.fromkeys(event_ids))
        while len(self._there) > REMEMBERED:
            del self._there[next(iter(self._there))]


class EventLog:
    """Records the events of one job and publishes them in order.

    Before `attach`, events wait in memory. A sink that fails never stops the job: the log warns once, and the next run
    of the job publishes what waits in the outbox.
    """

    def __init__(self, job_id: str, sink: EventSink, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._job_id = job_id
        self._sink = sink
        self._now = now
        self._early: list[Event] = []
        self._db: Database | None = None
        self._failed = False
        self.failures = 0

    def attach(self, db: Database) -> None:
        """Move the events from memory to the outbox, and record there from now on; the tables must exist."""
        self._db = db
        early, self._early = self._early, []
        for event in early:
            self._add(db, event)

    def record(self, name: str, **details: object) -> None:
        """Record an event, in the open transaction if there is one."""
        timestamp = self._now().isoformat(timespec="microseconds")
        event = Event(self._job_id, f"{timestamp}#{uuid.uuid4().hex}", name, values_without_keys(details))
        if self._db:
            self._add(self._db, event)
        else:
            self._early.append(event)

    def record_end(self, name: str, error: FatalError) -> None:
        """Record the event of an early end, in memory if the database has failed."""
        details = {"reason": masked(str(error)), "exit_code": int(error.exit_code)}
        try:
            self.record(name, **details)
        except FatalError:
            self._db = None
            self.record(name, **details)

    def publish(self, at_most: int | None = None) -> None:
        """Publish the waiting events, or `at_most` of them, oldest first; stop at the first failure of the sink."""
        try:
            while not self._failed and (rows := self._waiting(at_most or PAGE_SIZE)):
                for _, event in rows:
                    self._sink.publish(event)
                self._published([event_id for event_id, _ in rows])
                if at_most:
                    return
        except DatabaseAwayError as exc:
            _LOG.debug("[EVENTS] Events wait for the database: %s", exc)
        except (FatalError, OSError) as exc:
            self._failed = True
            self.failures += 1
            _LOG.warning("[BATCH WARNING] Events are not published and wait for the next run of this job: %s", exc)

    def close(self) -> None:
        """Publish the waiting events; a sink that failed before is tried once more."""
        self._failed = False
        self.publish()

    def _waiting(self, size: int) -> list[tuple[int, Event]]:
        if self._db is None:
            return list(enumerate(self._early))
        rows = self._db.rows("events.waiting", job_id=self._job_id, size=size)
        return [(row.event_id, Event(row.job_id, row.event_timestamp_id, row.event_name, row.details)) for row in rows]

    def _published(self, event_ids: list[int]) -> None:
        if self._db is None:
            self._early.clear()
        else:
            self._db.rows("events.published", event_ids=event_ids)

    @staticmethod
    def _add(db: Database, event: Event) -> None:
        db.send(
            "events.add",
            job_id=event.job_id,
            event_timestamp_id=event.event_timestamp_id,
            event_name=event.event_name,
            details=json.dumps(dict(event.details)),
        )
