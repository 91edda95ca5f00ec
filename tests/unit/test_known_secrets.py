"""Which values of an environment are masked from the start."""

import pytest

from query_generator.known_secrets import passwords_in, secrets_in

CANARY = "Canary/4711"


@pytest.mark.parametrize(
    "name",
    [
        *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "GEMINI_API_KEY"),
        *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "PGPASSWORD", "WEBHOOK_SECRET", "SERVE_TOKEN"),
    ],
)
def test_keys_tokens_and_passwords_are_secrets(name: str) -> None:
    """Whole, without the line end that a file has brought."""
    assert secrets_in({name: f"{CANARY}\n"}) == {CANARY}


@pytest.mark.parametrize(
    "name",
    [
        *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "DATABASE_URL", "READ_DATABASE_URL", "CACHE_URL", "WEBHOOK_URL"),
        *("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "GEMINI_API_ENDPOINT", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"),
    ],
)
def test_passwords_in_addresses_are_secrets(name: str) -> None:
    """As they are written and as they are meant."""
    assert secrets_in({name: "https://user:Canary%2F4711@host:1/x"}) == {CANARY, "Canary%2F4711"}
    assert secrets_in({name: "https://host:1/x@y"}) <= {"1/x"}


@pytest.mark.parametrize(
    "address",
    [
        *("redis://:pw1234@h,redis://:Canary/4711@h2", "redis:/:Canary/4711@h", "rediss//u:Canary/4711@h"),
        *(
            "//:Canary/4711@h",
            ":Canary/4711@h",
            "u:Canary/4711@h",
            "redis://h/0?password=Canary/4711",
            "u:Canary/4711@",
        ),
        *("host=h password=Canary/4711 dbname=d", "http://u:Canary%2f4711@h"),
    ],
)
def test_a_mistyped_address_has_its_password_too(address: str) -> None:
    """The error that it leads to may repeat it."""
    assert CANARY in passwords_in(address)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("GEMINI_SECRET_NAME", "query-generator/gemini"), ("RDS_SECRET_NAME", "the/rds"), ("INPUT_S3_KEY", "a.json")),
        *(("PATH", "/usr/bin:/bin"), ("AWS_ACCESS_KEY_ID", "AKIA0123456789"), ("EMAIL", "me:x@example.com")),
        *(("FOO_TOKEN", "1"), ("CACHE_URL", "/var/cache/a"), ("CACHE_URL", "redis://h:6379/0"), ("A_PROXY", "h:3128")),
        *(("DATABASE_URL", "postgresql://app@h/d"), ("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1")),
    ],
)
def test_what_is_no_secret_is_not_masked(name: str, value: str) -> None:
    """Names, addresses without a password, and short values of other programs leave the log as it is."""
    assert secrets_in({name: value}) == frozenset()


def test_a_key_in_the_wrong_variable_is_known_by_its_look() -> None:
    """A key that was taken for a secret's name, or for a model, is in no error."""
    for key in ("AIzaSyCanary-0123456789_abc", "sk-ant-api03-Canary0123456789"):
        assert secrets_in({"GEMINI_SECRET_NAME": key, "OPENAI_MODEL": f"a {key}"}) == {key}
