"""A server that offers TLS as PostgreSQL does, with a certificate of its own.

It hangs up after the handshake, or stands before a PostgreSQL without TLS and passes everything on.
"""

import contextlib
import ipaddress
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def write_certificate(folder: Path, host: str, days: int = 1, authority: Path | None = None) -> Path:
    """Write a certificate for a host name or address, with its key, as `HOST.pem`.

    It is self-signed, or signed by an authority that was written by this function as well, and is valid until so many
    days from now, from a day before that or before now.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    signing_key = key
    if authority:
        issuer = x509.load_pem_x509_certificate(authority.read_bytes()).subject
        loaded = serialization.load_pem_private_key(authority.read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        signing_key = loaded
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now + timedelta(days=min(days, 0) - 1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        .sign(signing_key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{host}.pem"
    path.write_bytes(certificate.public_bytes(encoding) + private)
    return path


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


@contextlib.contextmanager
def tls_server(certificate: Path, behind: tuple[str, int] | None = None) -> Iterator[int]:
    """Serve until left; gives the port on 127.0.0.1. `behind` is the address of the PostgreSQL behind it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, context, behind))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, context: ssl.SSLContext, behind: tuple[str, int] | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(connection, context, behind), daemon=True).start()


def _answer(connection: socket.socket, context: ssl.SSLContext, behind: tuple[str, int] | None) -> None:
    with connection, contextlib.suppress(OSError):
        connection.recv(8)
        connection.sendall(b"S")
        with context.wrap_socket(connection, server_side=True) as client:
            if behind:
                with socket.create_connection(behind) as server:
                    _pass_on(client, server)


def _pass_on(client: ssl.SSLSocket, server: socket.socket) -> None:
    """Pass bytes on in both directions, from one thread, until either side ends."""
    while True:
        ready = [client] if client.pending() else select.select([client, server], [], [])[0]
        for source, target in ((client, server), (server, client)):
            if source in ready:
                piece = source.recv(1 << 16)
                if not piece:
                    return
                target.sendall(piece)
