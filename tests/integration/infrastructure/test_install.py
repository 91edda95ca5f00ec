"""The set-up of `make run`, `make test` and the image, against an index on which time has passed.

Needs `make`. Three releases of pip come from the user's package index the first time, and are kept in pytest's cache.
The packages are the locked ones by name, version, extras, markers and (as far as they are installed) requirements, in
wheels that hold nothing else, so that their hashes in the lock are those of the wheels.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from infrastructure.install import explain
from tests.conftest import wait_until
from tests.fakes.package_index import PackageIndex
from tests.support.paths import ROOT

LOCKS = ["requirements.txt", "requirements-local.txt", "requirements-dev.txt"]
# The oldest pip of Python 3.11, the newest that takes name[extra]==1.0 for no pin, and the newest of all.
PIPS = {
    "22.3": "1daab4b8d3b97d1d763caeb01a4640a2250a0ea899e257b1e44b9eded91e15ab",
    "23.2.1": "7ccf472345f20d35bdc9d1841ff5f313260c2c33fe417f48c30ac46cccabf5be",
    "26.3": "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13",
}
WRONG = "0" * 64


@dataclass
class Site:
    """A clone's Makefile, installer and locks in a folder with a space in its name, for a user of one index."""

    folder: Path
    index: PackageIndex
    config: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a user whose pip asks this index alone, once."""
        bare = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.folder), "PIP_CONFIG_FILE": "/dev/null"}
        return bare | {"PIP_INDEX_URL": self.index.url, "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"} | self.config

    def lock(self, *requirements: str) -> None:
        """Write these lines as every lock."""
        for name in LOCKS:
            (self.folder / name).write_text("\n".join(requirements) + "\n")

    def command(self, target: str) -> list[str]:
        """The command that brings a target about."""
        return ["make", "--no-print-directory", f"PYTHON={sys.executable}", target]

    def start(self, target: str) -> "subprocess.Popen[str]":
        """Begin to make a target, in a process group of its own."""
        return subprocess.Popen(
            self.command(target),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def make(self, target: str = ".venv/.local") -> "subprocess.CompletedProcess[str]":
        """Make a target."""
        return subprocess.run(
            self.command(target), cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300
        )

    def bring(self, pip: Path) -> None:
        """Make .venv with another pip than that of this Python, as the Python of another user brings it."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=self.folder, check=True)
        (packages,) = self.folder.glob(".venv/lib/python3*/site-packages")
        for part in pip.iterdir():
            (packages / part.name).symlink_to(part)
        (self.folder / ".venv/bin/pip").write_text('#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n')
        (self.folder / ".venv/bin/pip").chmod(0o755)

    def installed(self) -> dict[str, str]:
        """Name and version of what .venv holds, beside pip and setuptools."""
        paths = [str(path) for path in self.folder.glob(".venv/lib/python3*/site-packages")]
        found = {item.metadata["Name"].lower().replace("_", "-"): item.version for item in distributions(path=paths)}
        return {name.replace(".", "-"): found[name] for name in found.keys() - {"pip", "setuptools"}}


@pytest.fixture
def index() -> Iterator[PackageIndex]:
    """An index without packages."""
    with PackageIndex() as server:
        yield server


@pytest.fixture
def site(tmp_path: Path, index: PackageIndex) -> Site:
    """A clone in which nothing was made."""
    folder = tmp_path / "a clone"
    (folder / "infrastructure").mkdir(parents=True)
    for name in ("Makefile", "infrastructure/install.py"):
        shutil.copy(ROOT / name, folder / name)
    return Site(folder, index)


@pytest.fixture(params=PIPS)
def pip(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with each of these releases of pip."""
    return fetched(request, tmp_path, request.param)


@pytest.fixture
def newest(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with the newest of these releases of pip."""
    return fetched(request, tmp_path, max(PIPS))


def fetched(request: pytest.FixtureRequest, tmp_path: Path, version: str) -> Path:
    """A folder with a release of pip, fetched once."""
    assert request.config.cache is not None
    kept: Path = request.config.cache.mkdir("pips") / version
    if not kept.exists():
        (tmp_path / "pip.txt").write_text(f"pip=={version} --hash=sha256:{PIPS[version]}\n")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "-r", "pip.txt"]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert ended.returncode == 0, f"this test needs pip {version} from your package index:\n{ended.stderr}"
        with zipfile.ZipFile(tmp_path / f"pip-{version}-py3-none-any.whl") as wheel:
            wheel.extractall(tmp_path / version)
        with suppress(OSError):  # another worker was faster
            (tmp_path / version).rename(kept)
    return kept


def age(site: Site) -> None:
    """Lock the real packages for a site, on an index that has a newer release of every one of them."""
    digests: dict[tuple[str, str], str] = {}
    for name in LOCKS:
        text = (ROOT / name).read_text()
        blocks = re.split(r"\n(?=[A-Za-z0-9])", f"\n{text}")
        lines = []
        for block in blocks[1:]:
            wanted = Requirement(block.split("\\")[0])
            version = next(iter(wanted.specifier)).version
            if (wanted.name, version) not in digests:
                digests[wanted.name, version] = offer(site.index, wanted.name, version)
            lines.append(f"{block.splitlines()[0]}\n    --hash=sha256:{digests[wanted.name, version]}")
        (site.folder / name).write_text("\n".join(lines) + "\n")
    assert len(digests) > 150
    site.index.add("pip", "9999.0")


def offer(index: PackageIndex, name: str, version: str) -> str:
    """Offer a package as it is locked, and newer; returns the digest of the locked one."""
    try:
        found = distribution(name)
    except PackageNotFoundError:  # not for this system
        requires, extras = [], []
    else:
        requires, extras = found.requires or [], found.metadata.get_all("Provides-Extra") or []
    *first, last = Version(version).release
    for newer in (".".join(map(str, [*first, last + 1])), "9999.0"):  # one that what needs it allows, and one far off
        index.add(name, newer, requires, extras)
    return index.add(name, version, requires, extras)


def lock_for_here(name: str) -> dict[str, str]:
    """Name and version of all packages that a lock of the project has for this Python and system."""
    lines = [line.split("\\")[0] for line in (ROOT / name).read_text().splitlines() if re.match(r"[A-Za-z0-9]", line)]
    wanted = [Requirement(line) for line in lines]
    return {
        item.name.lower().replace("_", "-").replace(".", "-"): next(iter(item.specifier)).version
        for item in wanted
        if item.marker is None or item.marker.evaluate()
    }


def test_newer_releases_change_nothing(site: Site, pip: Path) -> None:
    """Whatever has been published since: `make test` installs the lock and nothing else, with old and new pip."""
    age(site)
    site.bring(pip)
    ended = site.make(".venv/.dev")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert site.installed() == lock_for_here("requirements-dev.txt")


def test_newer_releases_change_no_image(site: Site, pip: Path) -> None:
    """Whatever has been published since: the image gets what is locked for it and nothing else."""
    age(site)
    site.bring(pip)
    (step,) = re.findall(r"^RUN (pip install (?:.*\\\n)*.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    install, check = step.replace("\\\n", "").split(" && ")[:2]
    assert check.split() == ["pip", "check"]
    variables = site.environment | {"PATH": f"{site.folder}/.venv/bin:/usr/bin:/bin"}
    ended = subprocess.run(
        f"{install} && {check}", shell=True, cwd=site.folder, env=variables, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert site.installed() == lock_for_here("requirements.txt")


def test_what_no_lock_holds_is_not_looked_for(site: Site, pip: Path) -> None:
    """A lock that lacks a dependency is not filled up from the index: three lines name what is missing."""
    digest = site.index.add("roof", "1.0", ["wall>=1"])
    site.index.add("wall", "2.0")
    site.lock(f"roof==1.0 --hash=sha256:{digest}")
    site.bring(pip)
    ended = site.make()
    assert "Why:   the locked packages do not fit together: roof 1.0 requires wall, which is not" in ended.stderr
    assert "make lock" in ended.stderr
    assert ended.returncode != 0
    assert site.installed() == {"roof": "1.0"}


def test_a_package_without_a_hash_is_refused(site: Site, newest: Path) -> None:
    """A line that lost its hashes is not installed from whatever the index gives."""
    site.index.add("roof", "1.0")
    site.lock("roof==1.0")
    site.bring(newest)
    ended = site.make()
    assert ended.returncode != 0
    assert "Hashes are required" in ended.stderr
    assert site.installed() == {}


def test_a_ready_made_script_runs_from_a_path_with_a_space(site: Site, pip: Path) -> None:
    """Commands such as `aws`, whose first line pip leaves with the space in it, run from .venv/bin."""
    script = "#!python\nimport sys\nprint(sys.argv[1:], sys.prefix)\n"
    site.lock(f"roof==1.0 --hash=sha256:{site.index.add('roof', '1.0', script=script)}")
    site.bring(pip)
    assert site.make().returncode == 0
    said = subprocess.run([site.folder / ".venv/bin/roof", "a b"], capture_output=True, text=True, check=True).stdout
    assert said == f"['a b'] {site.folder}/.venv\n"


def test_what_an_earlier_lock_held_goes(site: Site, newest: Path) -> None:
    """A package that has left the lock leaves .venv too; the second time nothing is installed."""
    roof, wall = (f"{name}==1.0 --hash=sha256:{site.index.add(name, '1.0')}" for name in ("roof", "wall"))
    site.lock(roof, wall)
    site.bring(newest)
    assert site.make().returncode == 0
    assert site.installed() == {"roof": "1.0", "wall": "1.0"}
    site.lock(roof)
    assert "Removing what no lock holds: wall" in site.make().stdout
    assert site.installed() == {"roof": "1.0"}
    assert "Installing" not in site.make().stdout


def test_no_module_that_lies_about_is_run_by_make(site: Site, newest: Path) -> None:
    """Files in the clone, or where PYTHONPATH points to, that are named as modules of Python or pip are no code."""
    site.lock(f"roof==1.0 --hash=sha256:{site.index.add('roof', '1.0')}")
    site.bring(newest)
    told = site.folder / "told"
    for name in ("json", "pip", "venv", "compileall", "sitecustomize"):
        (site.folder / f"{name}.py").write_text(f"open({str(told)!r}, 'a').write({name!r} + ' ')")
    site.config["PYTHONPATH"] = str(site.folder)
    ended = site.make()
    assert (ended.returncode, site.installed()) == (0, {"roof": "1.0"}), ended.stdout + ended.stderr
    assert not told.exists()


def test_the_users_configuration_stays_in_force(site: Site, newest: Path) -> None:
    """Index and constraint of the user are asked; settings that would put packages elsewhere are not silent."""
    digest = site.index.add("roof", "1.0")
    site.index.add("roof", "2.0")
    site.lock(f"roof==1.0 --hash=sha256:{digest}")
    (site.folder / "limits.txt").write_text("roof<3\nwall<2\n")
    (site.folder / "pip.conf").write_text(
        f"[global]\nindex-url = {site.index.url}\nconstraint = limits.txt\nuser = true\n"
    )
    site.bring(newest)
    site.config = {"PIP_CONFIG_FILE": str(site.folder / "pip.conf"), "PIP_INDEX_URL": ""}
    assert site.make().returncode == 0
    assert site.installed() == {"roof": "1.0"}
    shutil.rmtree(site.folder / ".venv")
    site.bring(newest)
    site.config["PIP_TARGET"] = str(site.folder / "elsewhere")
    ended = site.make()
    assert ended.returncode != 0
    assert "pip has put elsewhere, or nowhere, what is locked: roof" in ended.stderr


@pytest.mark.parametrize("pip", ["22.3", "26.3"], indirect=True)
@pytest.mark.parametrize(
    ("config", "wanted", "cause", "advice"),
    [
        (
            {"PIP_INDEX_URL": "http://127.0.0.1:1/", "PIP_RETRIES": "1"},
            "roof==1.0",
            ["cannot be reached", "refused"],
            "proxy",
        ),
        ({}, "roof==1.0", ["roof==1.0 from http", "not the file that was locked"], "Use another index"),
        ({}, "wall==1.0", ["offers no release of wall==1.0"], "which index"),
        ({}, "roof==3.0", ["no file of roof==3.0 for this Python", "cpython 3."], "make PYTHON="),
        ({"PIP_INDEX_URL": "http://{address}/closed"}, "roof==1.0", ["asks for a user and a password"], ".netrc"),
        ({"PIP_CONSTRAINT": "limits.txt"}, "roof==1.0", ["roof<1", "forbids the locked roof==1.0"], "PIP_CONSTRAINT"),
        ({"PIP_REQUIREMENT": "no-such-file"}, "roof==1.0", ["no-such-file"], "read .venv.log"),
    ],
    ids=["unreachable", "another file", "unknown", "not for here", "closed", "constraint", "other"],
)
def test_a_failure_is_told_in_three_lines(
    site: Site, pip: Path, config: dict[str, str], wanted: str, cause: list[str], advice: str
) -> None:
    """What failed, why, and what to do, each in one line, by any pip; nothing of pip's own output."""
    site.index.add("roof", "1.0")
    (site.folder / "limits.txt").write_text("roof<1\n")
    site.lock(f"{wanted} --hash=sha256:{WRONG}")
    site.bring(pip)
    site.config = {name: value.format(address=site.index.address) for name, value in config.items()}
    ended = site.make()
    what, why, to_do, *rest = ended.stderr.splitlines()
    assert ended.returncode != 0
    assert what == "Installing requirements-local.txt failed"
    assert why.startswith("Why:   ")
    assert all(word in why for word in cause), why
    assert to_do.startswith("To do: ")
    assert advice in to_do
    assert len(rest) == 1  # of make itself
    assert "make: ***" in rest[0]


def test_a_folder_that_cannot_be_written_and_a_full_disk_are_told(site: Site) -> None:
    """A path that is no folder ends in three lines; so do the words of the system for no space and no permission."""
    site.lock("")
    (site.folder / ".venv").touch()
    assert len(site.make().stderr.splitlines()) == 4
    cause, advice = explain("OSError: [Errno 13] Permission denied: '/a b/c'\nCheck the permissions.")
    assert (cause, "writable" in advice) == ("/a b/c may not be written", True)
    cause, advice = explain("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device")
    assert (cause, "TMPDIR" in advice) == ("no space is left on the device", True)
    cause, advice = explain("ensurepip is not\navailable.\n\n    apt install python3.11-venv\n")
    assert "python3.11-venv is not installed" in cause
    assert "sudo apt install python3.11-venv" in advice


def test_an_older_python_is_named(site: Site, tmp_path: Path) -> None:
    """With a Python before 3.11 one line says so and what to type, before anything is made."""
    old = tmp_path / "python3.8"
    words = "import sys; sys.version_info, sys.version = (3, 8, 18), '3.8.18 (main)'; exec(sys.argv[1])"
    old.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{words}" "$2"\n')
    old.chmod(0o755)
    command = ["make", f"PYTHON={old}", ".venv/.local"]
    site.lock("")
    ended = subprocess.run(command, cwd=site.folder, env=site.environment, capture_output=True, text=True)
    assert ended.returncode != 0
    assert ended.stderr.splitlines()[0] == (
        "Python 3.11 or newer is needed; this is 3.8.18. Try make PYTHON=python3.11"
    )
    assert not (site.folder / ".venv").exists()


def test_two_at_once_install_once(site: Site, newest: Path) -> None:
    """Of several that start at once one installs, and the others wait and say so."""
    site.lock(f"roof==1.0 --hash=sha256:{site.index.add('roof', '1.0')}")
    site.bring(newest)
    with (site.folder / ".venv.log").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        all_three = [site.start(target) for target in (".venv/.local", ".venv/.local", ".venv/.dev")]
        for one in all_three:
            assert one.stdout is not None
            assert "waiting for it to end" in one.stdout.readline()
    said = [one.communicate(timeout=120)[0] for one in all_three]
    assert [one.returncode for one in all_three] == [0, 0, 0]
    assert sum("Installing" in text for text in said[:2]) <= 1
    assert site.installed() == {"roof": "1.0"}


@pytest.mark.parametrize("moment", ["made", "filled"])
def test_an_installation_that_was_cut_short_is_begun_anew(site: Site, newest: Path, moment: str) -> None:
    """Killed while .venv is made or filled, the installer leaves nothing that blocks, and nothing half done stays."""
    site.lock(f"roof==1.0 --hash=sha256:{site.index.add('roof', '1.0')}")
    if moment == "filled":
        site.bring(newest)
    site.index.silent.set()
    process = site.start(".venv/.local")
    wait_until(site.index.asked.is_set if moment == "filled" else (site.folder / ".venv/bin/python").exists)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    site.index.silent.clear()
    trace = site.folder / ".venv/half-made"
    trace.touch()
    ended = site.make()
    assert ended.returncode == 0, ended.stderr
    assert site.installed() == {"roof": "1.0"}
    assert not trace.exists()


def test_a_pip_whose_installer_was_killed_is_waited_for(site: Site, newest: Path) -> None:
    """The next `make` does not work in a .venv in which a left-over pip still works; when that ends, it goes on."""
    site.lock(f"roof==1.0 --hash=sha256:{site.index.add('roof', '1.0')}")
    site.bring(newest)
    site.index.silent.set()
    command = [sys.executable, "infrastructure/install.py", "requirements-local.txt", ".venv/.local"]
    killed = subprocess.Popen(command, cwd=site.folder, env=site.environment, stdout=subprocess.DEVNULL)
    wait_until(site.index.asked.is_set)
    killed.kill()
    killed.wait()
    after = site.start(".venv/.local")
    assert after.stdout is not None
    assert "waiting for it to end" in after.stdout.readline()
    site.index.silent.clear()
    assert "Installing requirements-local.txt" in after.communicate(timeout=120)[0]
    assert after.returncode == 0
    assert site.installed() == {"roof": "1.0"}
