"""No size hangs: records, questions and events of any size go through, over a Unix socket and over TCP."""

import json
import random
from collections.abc import Iterator
from contextlib import closing
from itertools import count

import pytest

from query_generator.cache.setup import ResponseCache
from query_generator.commands.cache_import import take_over
from query_generator.config import load_config
from query_generator.errors import FatalError
from query_generator.store.connect import open_database
from query_generator.store.database import Database
from query_generator.store.events import EventLog
from query_generator.store.queries import Query, save_queries_to_rds
from query_generator.store.reconnect import ReconnectPolicy
from query_generator.store.results import result_json
from query_generator.store.schema import migrate
from secrets_cache import RdsConfig
from tests.fakes.pg_proxy import PgProxy
from tests.fakes.pg_server import PgServer
from tests.support.catalog import ListingDatabase, add_row, counts_of, load, open_job, open_run, product
from tests.support.item_provider import ItemProvider
from tests.support.list_sink import ListSink
from tests.support.loop import WANTED, generation

PATIENCE = ReconnectPolicy(silence_seconds=20)  # for a test that would hang
SIZES = [(500, 5_000), (60, 50_000), (12, 500_000), (1, 15_000_000)]
NOISE = random.Random(0).randbytes(600_000).hex()


class Gemini(ItemProvider):
    """Has the name of a vendor, so that a configuration knows its models."""

    name = "gemini"
    model = "gemini-3.5-flash-lite"


def text_of(size: int) -> str:
    """A text that cannot be compressed to less than its half."""
    return (NOISE * (size // len(NOISE) + 1))[:size]


@pytest.fixture(scope="module")
def tcp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgServer]:
    """A server on loopback TCP."""
    with PgServer(tmp_path_factory.mktemp("tcp")) as server:
        yield server


@pytest.fixture(params=["socket", "tcp"])
def where(request: pytest.FixtureRequest) -> RdsConfig:
    """An empty database on a Unix socket, or on TCP."""
    if request.param == "socket":
        config: RdsConfig = request.getfixturevalue("rds")
        return config
    server: PgServer = request.getfixturevalue("tcp_server")
    server.new_database()
    return server.config


@pytest.fixture
def big(where: RdsConfig) -> Iterator[Database]:
    """That database with its tables; a server that is silent for 20 s is given up."""
    with closing(open_database(where, PATIENCE)) as db:
        migrate(db)
        yield db


@pytest.mark.parametrize(("products", "size"), SIZES)
def test_products_of_any_size_go_through_a_job(big: Database, products: int, size: int) -> None:
    """They are loaded, claimed, asked for, saved and told, and fill the cache of another job."""
    entries = [
        product(f"Product {number}", position=number, description=text_of(size)) for number in range(1, products + 1)
    ]
    ledger = open_job(big, entries)
    generation(ledger, Gemini(), threads=8).run(counts_of(ledger))
    ledger.lease.end()
    result = json.loads(b"".join(result_json(big, "job", {"job_id": "job"})))
    assert [len(entry["product_questions"]) for entry in result["products"]] == [WANTED] * products
    assert load(open_run(big), entries).products == products
    assert counts_of(open_run(big)).open_items == 0
    config = load_config(
        {"verb": "function", "providers": "gemini", "job_id": "job"}, {"NUM_QUESTIONS": str(WANTED), "CACHE_URL": ""}
    )
    assert take_over(big, config, ResponseCache(config)).total() == 2 * products


def test_a_load_is_cut_by_bytes(big: Database) -> None:
    """No statement holds more than some megabytes of records, unless one record alone does."""
    listing = ListingDatabase(big._connection)
    open_job(listing, [product(f"P {number}", position=number, note=text_of(300_000)) for number in range(20)])
    linked = [parameters["positions"] for name, parameters in listing.statements if name == "products.link"]
    assert [len(positions) for positions in linked] == [7, 7, 6]


def test_large_questions_are_saved_in_one_transaction(big: Database) -> None:
    """Fifty texts of some hundred kilobytes, cut into batches, each sent whole."""
    row = add_row(big, '{"name": "Boot"}')
    queries = [Query(row, f"{number} {text_of(300_000)}?", "product") for number in range(50)]
    ids = save_queries_to_rds(queries, big)
    assert len(set(ids)) == 50
    assert save_queries_to_rds(queries, big) == ids


def test_large_events_wait_in_the_outbox_and_leave_it(big: Database) -> None:
    """Events with megabytes of details go in within a transaction, and out."""
    sink = ListSink()
    events = EventLog("job", sink)
    events.attach(big)
    with big.pipelined():
        for number in range(6):
            events.record("batch_saved", number=number, text=text_of(3_000_000))
    events.publish()
    assert [event.details["number"] for event in sink.events] == list(range(6))


def test_answers_that_nobody_has_read_yet_do_not_stop_the_questions(big: Database) -> None:
    """Both directions may be full: a pipeline of large statements with large answers goes on."""
    sql = "SELECT repeat('x', 500000) AS answer, length(%(text)s::text) AS size"
    with big.pipelined():
        reads = [big._send("large", sql, {"text": text_of(400_000)}) for _ in range(40)]
        answers = [read()[0] for read in reads]
    assert {(len(row.answer), row.size) for row in answers} == {(500_000, 400_000)}


def test_a_record_that_the_database_refuses_is_rejected_alone(big: Database) -> None:
    """A rule of the owner's table ends no run: the record is named, and all others are loaded."""
    big.run("ALTER TABLE products ADD CHECK (product_data ->> 'price' <> '13')")
    entries = [product(f"P {number}", position=number, price=str(number)) for number in range(1, 31)]
    ledger = open_run(big)
    loaded = load(ledger, entries)
    assert (loaded.products, loaded.rejected) == (29, 1)
    (row,) = big.run("SELECT position, reason, product_key FROM query_generator_rejected_records")
    assert (row.position, row.product_key) == (13, entries[12].key)
    assert "check constraint" in row.reason


def test_a_lock_that_is_not_given_back_is_told_and_given_up(
    rds: RdsConfig, db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """After ten seconds the log names the statement that waits, after the deadline the connection is given up."""
    seconds = count(step=4)
    holder = db._connection
    policy = ReconnectPolicy(clock=lambda: next(seconds), silence_seconds=60)
    with closing(open_database(rds, policy)) as waiting, holder.transaction():
        holder.execute("LOCK TABLE batch_operations")
        with pytest.raises(FatalError, match=r"no answer to ledger.job for \d+ s"):
            waiting.rows("ledger.job", job_id="job")
    assert [record.getMessage() for record in caplog.records if "Waiting for" in record.getMessage()] == [
        "[DB] Waiting for PostgreSQL's answer to ledger.job for 12 s"
    ]


def test_a_wait_that_ends_well_is_told_too(rds: RdsConfig, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads that a statement waits also reads that it has been answered."""
    seconds = count(step=11)
    with closing(open_database(rds, ReconnectPolicy(clock=lambda: next(seconds)))) as waiting:
        waiting.run("SELECT pg_sleep(0.4)")
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        "[DB] Waiting for PostgreSQL's answer to SQL text for 11 s",
        "[DB] PostgreSQL has answered SQL text",
    ]


def test_a_network_that_swallows_everything_is_given_up(tcp_server: PgServer) -> None:
    """A pipelined statement whose answer never comes ends like a lost connection, and so does one never taken."""
    tcp_server.new_database()
    with PgProxy(tcp_server.config["port"]) as proxy:
        config: RdsConfig = {**tcp_server.config, "port": proxy.port}
        for size in (10, 30_000_000):
            proxy.restore()
            seconds = count(step=4)
            policy = ReconnectPolicy(clock=lambda seconds=seconds: next(seconds), silence_seconds=60)  # type: ignore[misc]
            with closing(open_database(config, policy)) as db:
                db.run("SELECT 1")
                proxy.blackhole()
                with pytest.raises(FatalError, match=r"no answer to|connection"), db.pipelined():
                    db._send("large", "SELECT %(text)s::text AS text", {"text": text_of(size)})()
