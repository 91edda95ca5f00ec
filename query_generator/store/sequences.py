"""Whether the sequences of ids are ahead of the rows, which they are not after a dump was restored without them."""

from query_generator.errors import ConfigurationError, SkippableError
from query_generator.store.database import Database
from query_generator.store.driver import sqlstate_of

IDS = {"products": "product_id", "queries": "query_id"}
AHEAD = 1_000_000  # numbers that are looked at: a row far beyond them, numbered by hand, is no hindrance
UNIQUE_VIOLATION = "23505"


def require_free_numbers(db: Database, tables: tuple[str, ...] = tuple(IDS)) -> None:
    """Make sure that the next rows get numbers that no row has. Takes one number of each sequence.

    Raises:
        ConfigurationError: a sequence is behind the rows of its table; the message has the statement that mends it.
        PermissionRefusedError: the role may not use a sequence.
    """
    for table in tables:
        column = IDS[table]
        for sequence in db.rows("sequences.of_column", table=table, column=column):
            name = sequence.sequence
            row = db.one(
                f"sequences.taken_{table}",
                sequence=name,
                increment=sequence.increment,
                ahead=AHEAD * sequence.increment,
            )
            if row.taken is not None:
                raise ConfigurationError(
                    f"PostgreSQL, table {table}: the sequence {name} is behind the rows, as after a dump was restored: "
                    f"its next number is {row.next}, but {column} {row.taken} is taken. Type, as its owner: "
                    f"SELECT setval('{name}', (SELECT max({column}) FROM {table}));"
                )


def require_other_cause(db: Database, error: SkippableError) -> None:
    """Raise what `require_free_numbers` raises if a row was refused because its number is taken."""
    if sqlstate_of(error) == UNIQUE_VIOLATION:
        db.with_reconnect(lambda: require_free_numbers(db))
