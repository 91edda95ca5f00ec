"""Every parameter that libpq knows may stand in DATABASE_URL, and what it does not know is refused by its name."""

from typing import Any

import pytest

from query_generator.database_url import PARAMETERS, parse_database_url
from query_generator.errors import ConfigurationError


def parsed(rest: str, address: str = "app:x@db.example:5433/catalog") -> dict[str, Any]:
    """What an address with these parameters says."""
    return {**parse_database_url(f"postgresql://{address}{rest}", "prefer")}


@pytest.mark.parametrize("name", sorted(PARAMETERS - {"client_encoding"}))
def test_a_parameter_of_libpq_is_kept_for_it(name: str) -> None:
    """Its value is decoded as libpq does it: by percent signs, and a plus stays a plus."""
    assert parsed(f"?{name}=a%20b+c%26")["parameters"] == {name: "a b+c&"}


@pytest.mark.parametrize(
    ("name", "near"),
    [("sslrotcert", "'sslrootcert'"), ("target_session_attr", "'target_session_attrs'"), ("schema", "leave it out"),
     ("pool_timeout", "'connect_timeout'"), ("replication", ""), ("option", "'options'"), ("sslfactory", "")],
)  # fmt: skip
def test_another_parameter_is_refused_with_the_nearest_one(name: str, near: str) -> None:
    """A mistyped parameter is never silently left out."""
    with pytest.raises(ConfigurationError, match=f"'{name}' is no parameter of libpq") as caught:
        parsed(f"?sslmode=require&{name}=hidden")
    assert near in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "host", "port", "ports"),
    [
        ("app:x@h1:1,h2:2/d", "h1,h2", 1, "1,2"),
        ("app:x@h1,h2/d", "h1,h2", 5432, None),
        ("app:x@h1,h2:7/d", "h1,h2", 5432, ",7"),
        ("app:x@[::1]:7,db/d", "::1,db", 7, "7,"),
    ],
)
def test_several_hosts_are_kept_in_their_order(address: str, host: str, port: int, ports: str | None) -> None:
    """libpq tries them one after the other."""
    found = parsed("", address)
    assert (found["host"], found["port"], found.get("parameters", {}).get("port")) == (host, port, ports)


def test_a_service_may_say_all() -> None:
    """What the service file says is not overruled by our defaults."""
    found = parsed("?service=catalog", "")
    expected = {"host": "", "port": 0, "username": "", "password": "", "dbname": "", "sslmode": ""}
    assert found == {**expected, "parameters": {"service": "catalog"}}


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("?ssl=true", {"sslmode": "require"}),
        ("?user=other&password=p%3D", {"username": "other", "password": "p="}),
        ("?dbname=more&host=a,b&port=1", {"dbname": "more", "host": "a,b", "port": 1}),
        ("?client_encoding=utf-8", {}),
    ],
)
def test_parameters_of_the_address_are_part_of_it(rest: str, expected: dict[str, Any]) -> None:
    """They win over what stands before the question mark."""
    address = {"host": "db.example", "port": 5433, "username": "app", "password": "x", "dbname": "catalog"}
    assert parsed(rest) == {**address, "sslmode": "prefer", **expected}


def test_another_encoding_is_refused() -> None:
    """A job speaks UTF-8."""
    with pytest.raises(ConfigurationError, match="client_encoding has to be UTF8"):
        parsed("?client_encoding=LATIN1")
