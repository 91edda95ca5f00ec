"""verify-full against a PostgreSQL with TLS: what does not hold is 64 before a password goes out, and says why."""

import socket
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from tests.fakes.tls_server import tls_server, write_certificate
from tests.support.site import Site, secret_of


class Case(NamedTuple):
    """A server's certificate, the address that the secret has, the file of authorities, and how the job ends."""

    certificate: str
    code: int
    words: str
    host: str = "localhost"
    authorities: str = "authority"
    sslmode: str = "verify-full"


CASES = {
    "good": Case("localhost", 0, ""),
    "good, for an address": Case("127.0.0.1", 0, "", host="127.0.0.1"),
    "for another host": Case("db.example", 64, 'for "db.example" does not match host name "localhost"'),
    "for a name and not for the address": Case("localhost", 64, "does not match host name", host="127.0.0.1"),
    "expired": Case("expired", 64, "certificate verify failed. It has expired, or no authority"),
    "self-signed": Case("self-signed", 64, "certificate verify failed. It has expired, or no authority"),
    "of an unknown authority": Case(
        "localhost", 64, "no authority in the file that PGSSLROOTCERT names", authorities="other"
    ),
    "no TLS": Case("", 64, "server does not support SSL"),
    "no file of authorities": Case("localhost", 64, "global-bundle.pem", authorities="missing"),
    "no certificate in the file": Case("localhost", 64, "global-bundle.pem", authorities="empty"),
    "another host, only the chain is looked at": Case("db.example", 0, "", sslmode="verify-ca"),
    "expired, nothing is looked at": Case("expired", 0, "", authorities="missing", sslmode="require"),
}


HOSTS = ("localhost", "127.0.0.1", "db.example")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Certificates by name."""
    made = tmp_path_factory.mktemp("certificates")
    folders = [made / name for name in ("signed", "expired", "alone")]
    for folder in folders:
        folder.mkdir()
    signed, late, alone = folders
    authority = write_certificate(made, "authority")
    (made / "empty.pem").write_text("nothing\n")
    return {
        "authority": authority,
        "other": write_certificate(made, "other"),
        "missing": made / "missing.pem",
        "empty": made / "empty.pem",
        "expired": write_certificate(late, "localhost", days=-1, authority=authority),
        "self-signed": write_certificate(alone, "localhost"),
        **{
            host: write_certificate(signed, host, authority=authority)
            for host in ("localhost", "127.0.0.1", "db.example")
        },
    }


@pytest.mark.parametrize("what", CASES)
def test_the_server_is_who_it_says(direct: Site, papers: dict[str, Path], what: str) -> None:
    """Each certificate ends as it should: with a connection, or with a message that names server and way out."""
    case, (host, port) = CASES[what], (direct.server.config["host"], direct.server.config["port"])
    with ExitStack() as served:
        if case.certificate:
            port = served.enter_context(tls_server(papers[case.certificate], (host, port)))
        direct.put_secret({**secret_of(direct.server.config, port), "host": case.host})
        job = direct.run("init-db", DB_SSLMODE=case.sslmode, PGSSLROOTCERT=str(papers[case.authorities]))
    assert job.code == case.code, job.log
    if case.code:
        last = job.error
        assert case.words in last
        assert f"{case.host}:{port}" in last
        assert "Traceback" not in job.log


def test_a_server_that_cannot_speak_a_common_tls_is_not_waited_for(direct: Site) -> None:
    """A handshake that fails is 64; a server that hangs up in it may be back later: 75."""
    answers = {64: b"\x15\x03\x01\x00\x02\x02\x46", 75: b""}  # the alert `protocol version`, and nothing
    for code, answer in answers.items():
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def refuse(listener: socket.socket = listener, answer: bytes = answer) -> None:
                with listener.accept()[0] as client:
                    client.recv(8)
                    client.sendall(b"S")
                    client.recv(1 << 16)
                    client.sendall(answer)

            thread = Thread(target=refuse)
            thread.start()
            direct.put_secret(secret_of(direct.server.config, listener.getsockname()[1]))
            job = direct.run("init-db", DB_SSLMODE="require")
            thread.join()
        assert job.code == code, job.log
