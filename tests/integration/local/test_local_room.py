"""A full disk under the embedded PostgreSQL is away for a while, not a wrong setting."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from query_generator.errors import ServiceAwayError
from query_generator.local.postgres import local_postgres
from tests.conftest import wait_until
from tests.integration.local.test_local_postgres import gone


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let this process and those it starts write no larger file: works for root too, and without a mount."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_room_for_a_new_server_is_away_for_a_while(tmp_path: Path) -> None:
    """What cannot be created is tried again by the same job id, and works when there is room."""
    with (
        files_up_to(1 << 20),
        pytest.raises(ServiceAwayError, match=r"does not start: .* make room .* the same job id"),
        local_postgres(tmp_path),
    ):
        pass
    wait_until(lambda: gone(tmp_path))
    with local_postgres(tmp_path) as keywords:
        arguments: dict[str, Any] = dict(keywords)
        with psycopg.connect(**arguments) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    wait_until(lambda: gone(tmp_path))


def test_a_log_without_room_is_no_wrong_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a disk with nothing left the server cannot even say why it does not start."""
    (tmp_path / "postgres").mkdir(mode=0o700)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0))
    with pytest.raises(ServiceAwayError, match="No space left"), local_postgres(tmp_path):
        pass
    wait_until(lambda: gone(tmp_path))
