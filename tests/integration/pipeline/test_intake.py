"""Which input a run reads, which version of it, and when it reads none because another run does."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from query_generator.config import JobConfig
from query_generator.errors import ConfigurationError, InputError, InterruptedRunError
from query_generator.input.sources import InputSource, text_source
from query_generator.models import RejectedRecord
from query_generator.pipeline.intake import GivenInput, Intake, Taken, given_to_child
from query_generator.pipeline.load import Entry
from query_generator.stopping import StopSignal
from query_generator.store.database import Database
from query_generator.store.events import EventLog
from query_generator.store.jobs import read_metadata
from query_generator.store.ledger import Ledger
from tests.support.catalog import counts_of, load, open_run, products
from tests.support.list_sink import ListSink

JOB = JobConfig(job_id="job", providers=("offline",), num_questions=4)
CHILD = replace(JOB, batch_job_id="array", array_index=3, array_size=4)


def intake(
    ledger: Ledger, config: JobConfig = JOB, stop: StopSignal | None = None, on_wait: Callable[[], None] = lambda: None
) -> Intake:
    """The intake of one run."""
    events = EventLog(ledger.job_id, ListSink())
    events.attach(ledger.db)
    return Intake(config, stop or StopSignal(), ledger, events, lambda: 0.0, on_wait)


def given(entries: Iterable[Entry], name: str = "file:p.json", source: InputSource | None = None) -> GivenInput:
    """An input that was opened."""
    return GivenInput(name, iter(entries), source)


def version_of(text: str, version: str, *earlier: InputSource) -> InputSource:
    """A source in its latest version, which can be opened in the earlier ones if there are some."""
    by_version = {source.version(): source for source in earlier}
    return replace(
        text_source("s3://b/k", text), version=lambda: version, at_version=by_version.__getitem__ if earlier else None
    )


def names(db: Database) -> list[str]:
    """The products of the job, in the order of the input."""
    rows = db.run(
        "SELECT DISTINCT position, product_data ->> 'name' AS name FROM job_items JOIN products USING (product_id) "
        "ORDER BY position"
    )
    return [row.name for row in rows]


def test_the_input_is_read_whole_and_noted(db: Database) -> None:
    """The products are in the ledger, the rejected records are counted, and the source is known as read."""
    ledger = open_run(db)
    taken = intake(ledger).load(given([*products(2), RejectedRecord(3, "name", "is missing")]))
    assert taken == Taken(0.0, 1)
    noted = read_metadata(db, "job")
    assert (noted.input_source, noted.input_complete) == ("file:p.json", True)
    assert (names(db), counts_of(ledger).rejected_records) == (["Product 1", "Product 2"], 1)


def test_what_a_sibling_has_read_is_not_opened(db: Database) -> None:
    """A child whose array has read the input takes the products from the ledger; a child of another array reads."""
    first = open_run(db)
    intake(first, CHILD).load(given(products(2)))
    late = given_to_child(CHILD, open_run(db))
    assert (late.name, late.entries) == ("file:p.json", None)
    assert intake(open_run(db), CHILD).load(given(products(3))) == Taken()
    assert names(db) == ["Product 1", "Product 2"]
    stranger = replace(CHILD, batch_job_id="another")
    intake(open_run(db), stranger).load(given(products(3)))
    assert names(db) == ["Product 1", "Product 2", "Product 3"]


def test_a_run_waits_for_the_one_that_reads(db: Database) -> None:
    """While another run reads it waits, says so once, and then goes on with what that one has read."""
    reader, waits = open_run(db), list[float]()
    reader.record.note_source("file:p.json")
    assert reader.record.begin_load()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            load(reader, products(2))
            reader.record.end_load("file:p.json")

    class Waiting(StopSignal):
        def sleep(self, seconds: float) -> None:
            wait(seconds)

    told: list[str] = []
    second = intake(open_run(db), stop=Waiting(), on_wait=lambda: told.append("waits"))
    assert second.load(given(products(5))) == Taken()
    assert (len(waits), told, names(db)) == (3, ["waits"], ["Product 1", "Product 2"])


def cut_short(db: Database, source: InputSource) -> None:
    """A run that notes its source, and is stopped after one product of it."""
    stop = StopSignal()

    def entries() -> Iterable[Entry]:
        yield products(1)[0]
        stop.set("SIGTERM")
        yield products(2)[1]

    ledger = open_run(db)
    with pytest.raises(InterruptedRunError, match="SIGTERM"):
        intake(ledger, stop=stop).load(given(entries(), source.name, source))
    ledger.lease.end()


FIRST = '[{"name": "Old boot"}]'
SECOND = '[{"name": "New boot"}]'


def test_a_replaced_object_is_read_in_the_version_that_the_job_began_with(db: Database) -> None:
    """A bucket that keeps versions gives the first one back, so that no job is made of two catalogs."""
    old = version_of(FIRST, "version 1")
    cut_short(db, old)
    new = version_of(SECOND, "version 2", old)
    intake(open_run(db)).load(given([], new.name, new))
    assert names(db) == ["Old boot"]
    assert read_metadata(db, "job").input_version == "version 1"


def test_a_replaced_object_that_cannot_be_had_again_ends_the_run(db: Database) -> None:
    """Without versions in the bucket the error names both and the way out; nothing is read."""
    cut_short(db, version_of(FIRST, "ETag 1"))
    new = version_of(SECOND, "ETag 2")
    with pytest.raises(ConfigurationError, match=r"s3://b/k was replaced .*ETag 1, is ETag 2.*new job id"):
        intake(open_run(db)).load(given(products(1), new.name, new))
    assert names(db) == []


def test_the_rows_of_a_job_stand_in_for_an_input_that_was_cut_short(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """`--from-job` takes the products that were read until then, and warns that there may be more."""
    ledger = open_run(db)
    ledger.record.note_source("file:p.json")
    assert ledger.record.begin_load()
    load(ledger, products(2))
    db.run('UPDATE batch_operations SET metadata = metadata || \'{"input_source": "file:p.json"}\'')
    db.run("UPDATE batch_operations SET metadata = metadata || '{\"input_complete\": false}', loader = NULL")
    ledger.lease.end()
    intake(open_run(db), replace(JOB, from_job=True)).load(GivenInput())
    assert names(db) == ["Product 1", "Product 2"]
    assert "was stopped while it read file:p.json" in caplog.text


def test_a_job_without_a_usable_product_is_no_job(db: Database) -> None:
    """The error names the job and where its products were looked for."""
    ledger = open_run(db)
    with pytest.raises(InputError, match="no usable product is selected for it in jobselectedproducts"):
        intake(ledger, replace(JOB, from_job=True)).load(GivenInput())
