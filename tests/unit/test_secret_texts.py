"""What the texts of the two secrets and DATABASE_URL may look like, and that no error repeats them."""

import json
from typing import Any

import pytest

from query_generator.config import JobConfig
from query_generator.database_url import parse_database_url
from query_generator.errors import ConfigurationError
from query_generator.llm.registry import GEMINI
from query_generator.secret_texts import parse_api_key, parse_rds_secret

KEY = "AIzaSy-hidden-0123456789"
PASSWORD = "p@ss/w:rd%hidden"
RDS = {"host": "db.example", "port": 5433, "username": "app", "password": PASSWORD, "dbname": "catalog"}


def config(**settings: Any) -> JobConfig:
    """The standard set-up, with something added."""
    return JobConfig(job_id="j", providers=("gemini",), rds_secret_name="the/rds", **settings)


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f"  {KEY}\n",
        json.dumps({"api_key": KEY}),
        json.dumps({"GEMINI_API_KEY": KEY}),
        json.dumps({"api_key": "", "GEMINI_API_KEY": f"{KEY}\n"}),
        f' \n{{"api_key": "{KEY}", "note": 1}}',
    ],
)
def test_the_key_is_read_from_text_or_json(text: str) -> None:
    """Both documented shapes of the Gemini secret work, also with a line end that an editor added."""
    assert parse_api_key(text, "the/gemini", GEMINI) == KEY


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (" \n", "it is empty"),
        ("AIza\nhidden", "does not hold a Gemini API key"),
        ("AIza hidden", "does not hold a Gemini API key"),
        ("AIza\x00hidden", "does not hold a Gemini API key"),
        ("AIza-hiddén", "does not hold a Gemini API key"),
        ("\ufeffAIza-hidden", "does not hold a Gemini API key"),
        ('{"api_key": "AIza\\nhidden"}', "does not hold a Gemini API key"),
        ('{"api_key": "hidden"', "it is not valid JSON"),
        ('{"key": "hidden"}', "'api_key'"),
        ('{"api_key": ""}', "'api_key'"),
        ('{"api_key": "  "}', "'api_key'"),
        ('{"api_key": 12345}', "'api_key'"),
        ('{"api_key": ["hidden"]}', "'api_key'"),
        ('["hidden"]', "it is not a JSON object"),
        ('"hidden"', "it is not a JSON object"),
        ("[" * 60_000, "it is not valid JSON"),
    ],
)
def test_a_malformed_key_is_a_configuration_error_without_the_value(text: str, named: str) -> None:
    """A wrong Gemini secret ends with 64, names secret and field, and shows nothing of what it holds."""
    with pytest.raises(ConfigurationError, match=named) as caught:
        parse_api_key(text, "the/gemini", GEMINI)
    assert_silent(caught.value, "the/gemini")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (" ", "it is not valid JSON"),
        ("hidden", "it is not valid JSON"),
        (json.dumps(RDS)[:-1], "it is not valid JSON"),
        ("[" * 60_000, "it is not valid JSON"),
        (json.dumps([RDS]), "it is not a JSON object"),
        (json.dumps(PASSWORD), "it is not a JSON object"),
        ("null", "it is not a JSON object"),
        ("{}", "'host' (or DB_HOST), 'username', 'password', 'dbname' (or DB_NAME)"),
        *((json.dumps({**RDS, field: None}), f"'{field}'") for field in ("host", "username", "password", "dbname")),
        *((json.dumps({**RDS, field: ""}), f"'{field}'") for field in ("host", "username", "password", "dbname")),
        *((json.dumps({**RDS, field: [1]}), f"'{field}'") for field in ("host", "username", "password", "dbname")),
        (json.dumps({k: v for k, v in RDS.items() if k != "password"}), "'password'"),
        (json.dumps({**RDS, "password": 12345}), "'password'"),
        *(
            (json.dumps({**RDS, "port": port}), "'port'")
            for port in ("hidden", -1, 0, 65536, 54.5, True, False, [5432], "", " 5432", "5432\n", "0", "٥٤٣٢")
        ),
        *((json.dumps({**RDS, "host": host}), "field 'host' holds a port") for host in ("hidden:5432", "hidden:")),
        *((json.dumps({**RDS, "host": host}), "'host' holds a port") for host in ("a,hidden:1", "[::1]:5432")),
        *(
            (json.dumps({**RDS, "host": host}), "'host' is no host")
            for host in ("app@hidden", "hidden/catalog", "[::1]")
        ),
        (json.dumps({**RDS, "host": "postgres://app:hidden@db/catalog"}), "field 'host' is an address"),
        *(
            (json.dumps({**RDS, field: value}), f"field '{field}' begins or ends with a blank or a line break")
            for field in ("host", "username", "password", "dbname")
            for value in ("hidden\n", " hidden", "hidden\t", "hidden\r\n", "\u00a0hidden", " ")
        ),
        *(
            (json.dumps({**RDS, field: "hid\nden"}), f"field '{field}' holds a line break or another control")
            for field in ("host", "username", "password", "dbname")
        ),
        (json.dumps({**RDS, "password": "hid\0den"}), "field 'password' holds a line break or another control"),
        (json.dumps({**RDS, "port": "9" * 5_000}), "'port'"),
    ],
)
def test_a_malformed_rds_secret_is_a_configuration_error_without_the_value(text: str, named: str) -> None:
    """A wrong RDS secret ends with 64, names secret and field, and shows nothing of what it holds."""
    with pytest.raises(ConfigurationError) as caught:
        parse_rds_secret(text, config())
    assert named in str(caught.value)
    assert_silent(caught.value, "the/rds")


def assert_silent(error: ConfigurationError, name: str) -> None:
    """The error names the secret, and neither it nor what a traceback would show with it holds the value."""
    assert f"secret '{name}'" in str(error)
    assert error.exit_code == 64
    assert "hidd" not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


@pytest.mark.parametrize("port", ["5433", 5433])
def test_the_standard_rds_secret_is_read(port: str | int) -> None:
    """A password with any signs arrives as it is, and fields that RDS adds do no harm."""
    text = json.dumps({**RDS, "port": port, "engine": "postgres", "dbInstanceIdentifier": "x"})
    assert parse_rds_secret(text, config()) == {**RDS, "sslmode": "prefer"}


def test_a_secret_that_rds_manages_is_completed_by_settings() -> None:
    """A secret with only `username` and `password` works with DB_HOST, DB_PORT and DB_NAME."""
    managed = config(db_host="db", db_port=6000, db_name="catalog", db_sslmode="verify-full")
    text = json.dumps({"username": "app", "password": PASSWORD})
    expected = {"host": "db", "port": 6000, "username": "app", "password": PASSWORD, "dbname": "catalog"}
    assert parse_rds_secret(text, managed) == {**expected, "sslmode": "verify-full"}
    without_port = config(db_host="db", db_name="catalog")
    assert parse_rds_secret(text, without_port)["port"] == 5432


@pytest.mark.parametrize(
    "host", ["db", "db.example.", "10.0.0.1", "::1", "fe80::1%eth0", "a.example,b.example", "/var/run/postgresql", "дб"]
)
def test_a_host_may_be_whatever_libpq_takes(host: str) -> None:
    """Names, addresses of both kinds, several of them, and the folder of a socket."""
    assert parse_rds_secret(json.dumps({**RDS, "host": host}), config())["host"] == host


def test_a_wrong_setting_beside_the_secret_is_named() -> None:
    """What fills a gap of the secret is checked as well, and the variable is named."""
    text = json.dumps({"username": "app", "password": PASSWORD})
    with pytest.raises(ConfigurationError, match=r"field 'host' \(from DB_HOST\) holds a port"):
        parse_rds_secret(text, config(db_host="db:5432", db_name="catalog"))
    with pytest.raises(ConfigurationError, match=r"field 'dbname' \(from DB_NAME\) begins or ends"):
        parse_rds_secret(text, config(db_host="db", db_name="catalog "))


def test_the_secret_wins_over_the_settings() -> None:
    """DB_HOST and the others fill gaps only."""
    filled = config(db_host="other", db_port=1, db_name="other")
    assert parse_rds_secret(json.dumps(RDS), filled) == {**RDS, "sslmode": "prefer"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://app:p%40ss%2Fw%3Ard%25hidden@db.example:5433/catalog", {}),
        ("postgres://app:p%40ss%2Fw%3Ard%25hidden@db.example:5433/catalog\n", {}),
        ("postgresql://app:p@ss:w%@db.example/catalog", {"password": "p@ss:w%", "port": 5432}),
        ("postgresql://app@db.example:5433/catalog", {"password": ""}),
        ("postgresql://app:x@[::1]:5433/catalog", {"password": "x", "host": "::1"}),
        ("postgresql://a%40b:x@db.example:5433/my%20db", {"username": "a@b", "password": "x", "dbname": "my db"}),
        ("postgresql://app:x@/catalog?host=/run/pg&port=7", {"password": "x", "host": "/run/pg", "port": 7}),
        ("postgresql://app:x@db.example:5433/catalog?sslmode=require", {"password": "x", "sslmode": "require"}),
    ],
)  # fmt: skip
def test_a_database_url_is_read(url: str, expected: dict[str, Any]) -> None:
    """Encoded and plain signs in a password, IPv6, socket folders and `sslmode` work as libpq's users expect."""
    assert parse_database_url(url, "prefer") == {**RDS, "sslmode": "prefer", **expected}


@pytest.mark.parametrize(
    "url",
    [
        "hidden",
        "mysql://app:hidden@h/d",
        "postgresql://app:hidden@h",
        "postgresql://app:hidden@/d",
        "postgresql://h:5432/d?password=hidden",
        "postgresql://app:hidden/w@h/d",
        "postgresql://app:hidden#w@h/d",
        "postgresql://app@h/d?sslmode=hidden",
        "postgresql://app:at@host/hidden@h/d",
        "postgresql://app:at@host/d?hidden@h/d",
        "postgresql://app:at@host/d#hidden@h/d",
        "postgresql://app:hid?den@h/d",
        "postgresql://app:hid[den@h/d",
        "postgresql://app:hidden@h:port/d",
        "postgresql://app:hidden@h:99999/d",
        "postgresql://app:hidden@h/d?port=hidden",
        "postgresql://app:hidden@h/d?port=0",
        "host=h password=hidden dbname=d",
        "://app:hidden@h/d",
    ],
)
def test_a_malformed_database_url_is_never_repeated(url: str) -> None:
    """A wrong DATABASE_URL ends with 64 and an example; its password is not shown."""
    with pytest.raises(ConfigurationError, match=r"DATABASE_URL: .* for example postgresql://") as caught:
        parse_database_url(url, "prefer")
    assert "hid" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
