"""The papers: every command that they show is run as it is written, or bears a mark; every link leads somewhere.

The word after a fence's language says what becomes of the block:

- `console`, `sh`: run on a bare machine, with no variable set; what a `console` block shows has to agree.
- `… services`: run where stand-ins of AWS, Gemini, Redis and PostgreSQL are, which the environment names.
- `… account`: needs an account, a key or Docker. `… elsewhere`: takes long, or stays. Neither is run; their syntax,
  make targets and options are looked at.

In what is shown `…` stands for anything, alone on a line for any lines. Times and made-up ids are not compared.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent

import pytest

from query_generator.cli import parse_arguments
from query_generator.errors import ConfigurationError, ExitCode
from tests.conftest import Cloud
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.redis_server import RedisServer
from tests.support.paths import ROOT

PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in PAPERS]
RUN, LOOKED_AT = ("", "services"), ("account", "elsewhere")
SHELLS, CODE, DATA = ("console", "sh"), ("python", "sql"), ("json", "yaml", "csv", "dockerfile", "text")
COMMAND = re.compile(r"^ *(?:\$ |(?:make|python3?|bash|docker|aws|pip|export|git) |\.{1,2}/|\.venv/)", re.MULTILINE)
FENCE = re.compile(r"^( *)(`{3,}|~{3,}) *([^\n`]*)\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
VARYING = {
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?": "TIME",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "UUID",
    r"job-\d{8}-\d{6}-[0-9a-f]{6}": "JOB",
    r"\d+\.\d+ ?s\b": "N s",
}
PLACEHOLDER = {"OPENAI": "127.0.0.1:11434", "REDIS": "cache.example.internal:6379"}
CATALOG = [{"name": "Trail Boot", "brand": "Daybird", "price": "89.00 EUR"}, {"name": "Oat Drink", "brand": "Hafer"}]


@dataclass(frozen=True)
class Block:
    """A fenced block of a paper."""

    where: str
    language: str
    mark: str
    body: str

    def commands(self) -> list[tuple[str, str | None]]:
        """The commands of a shell block, each with the output that is shown for it."""
        if self.language == "sh":
            return [(self.body, None)]
        pieces = re.split(r"^\$ ((?:.*\\\n)*.*)\n", self.body, flags=re.MULTILINE)
        assert not pieces[0], f"{self.where}: a console block begins with a command after '$ '"
        return list(zip(pieces[1::2], pieces[2::2], strict=True))

    def lines(self) -> list[str]:
        """The command lines of a shell block, each in one piece."""
        joined = "\n".join(command for command, _ in self.commands()).replace("\\\n", " ")
        return [line.strip() for line in joined.splitlines() if line.strip() and not line.strip().startswith("#")]


def blocks_of(text: str, name: str) -> list[Block]:
    blocks = []
    for match in FENCE.finditer(text):
        language, _, mark = match[3].strip().partition(" ")
        line = text.count("\n", 0, match.start()) + 1
        blocks.append(Block(f"{name}:{line}", language, mark.strip(), dedent(match[4])))
    return blocks


@cache
def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def submit_options() -> set[str]:
    return set(re.findall(r"--[a-z0-9-]+", (ROOT / "submit_batch_job.sh").read_text()))


def line_problem(line: str) -> str:
    """Say what is wrong with a command that is not run, as far as it can be known."""
    for make in re.findall(r"(?:^|[;&|(] *)make ((?:[a-z-]+(?: |$))*)", line):
        if unknown := set(make.split()) - targets():
            return f"no target {unknown} in the Makefile"
    if found := re.search(r"batch_job\.py\b([^|;&>)]*)", line):
        words = shlex.split(found[1].replace("[", "").replace("]", ""), comments=True)
        try:
            if "--help" not in words:
                parse_arguments(words)
        except ConfigurationError as exc:
            return str(exc)
    if "submit_batch_job.sh" in line and (unknown := set(re.findall(r" (--[a-z0-9-]+)", line)) - submit_options()):
        return f"submit_batch_job.sh has no {unknown}"
    return ""


def problem(block: Block) -> str:
    """Say what is wrong with a block before anything of it is run; nothing if it is as it should be."""
    if block.language in DATA:
        if block.mark or COMMAND.search(block.body):
            return "commands belong into console or sh"
        if block.language == "json":
            json.loads(block.body)
        return ""
    if block.language not in (*SHELLS, *CODE) or block.mark not in (*RUN, *LOOKED_AT):
        return f"'{block.language} {block.mark}' is no known kind of block"
    if block.language in CODE:
        return "" if block.mark == "services" else "python and sql need the mark services"
    for command, _ in block.commands():
        if wrong := subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True).stderr:
            return wrong
    if block.mark in LOOKED_AT:
        return "; ".join(filter(None, map(line_problem, block.lines())))
    return ""


def agrees(shown: str, real: str) -> bool:
    """Whether real output is the one that is shown."""
    for pattern, word in VARYING.items():
        shown, real = re.sub(pattern, word, shown), re.sub(pattern, word, real)
    pattern = re.escape(shown.strip("\n") + "\n")
    pattern = re.sub(r"^…(\\\n|$)", "(?:.*\n)*", pattern, flags=re.MULTILINE).replace("…", ".*")
    return bool(re.fullmatch(pattern, real.strip("\n") + "\n"))


class Desk:
    """Where a paper's commands are run: a copy of the project, in which nothing is installed."""

    def __init__(self, folder: Path, cloud: Cloud, addresses: dict[str, str]) -> None:
        self.folder, self.cloud, self.addresses = folder / "clone", cloud, addresses
        left_out = shutil.ignore_patterns(".*cache", ".venv*", ".git", "local-run")
        shutil.copytree(ROOT, self.folder, ignore=left_out)
        (self.folder / "catalog.jsonl").write_text("\n".join(map(json.dumps, CATALOG)))
        lines = ["name,brand", *(f"{product['name']},{product['brand']}" for product in CATALOG)]
        (self.folder / "catalog.csv").write_text("\n".join(lines))
        tools = self.folder / ".venv" / "bin"
        tools.mkdir(parents=True)
        for tool in (Path(sys.prefix) / "bin").iterdir():
            (tools / tool.name).symlink_to(tool)
        _write_script(tools / "python", shlex.quote(sys.executable))
        self.path = [folder / "bin", Path(sys.prefix) / "bin"]
        _write_script(self.path[0] / "make", f"{shutil.which('make')} -o .venv/.local -o .venv/.dev")

    def put_inputs(self, text: str) -> None:
        """Put a catalog wherever a paper says that one is in S3."""
        s3 = self.cloud.aws.client("s3")
        s3.create_bucket(Bucket="my-bucket")
        for key in set(re.findall(r"s3://my-bucket/([\w./-]+)", text)):
            s3.put_object(Bucket="my-bucket", Key=key, Body=json.dumps(CATALOG).encode())

    def run(self, block: Block) -> None:
        """Run all of a block; each command has to end well, and what is shown has to agree."""
        if block.language == "sql":
            assert self.cloud.rows(block.body.replace("%", "%%")) is not None
        elif block.language == "python":
            self._run([sys.executable, "-"], block, block.body)
        else:
            for command, shown in block.commands():
                real = self._run(["bash", "-euo", "pipefail", "-c", self._addressed(command)], block)
                assert shown is None or agrees(shown, real), f"{block.where} shows\n{shown}\nand it is\n{real}"

    def _run(self, arguments: list[str], block: Block, stdin: str = "") -> str:
        path = os.pathsep.join([*map(str, self.path), os.environ["PATH"]])
        services = self.cloud.environment() if block.mark == "services" else {}
        ended = subprocess.run(
            arguments,
            cwd=self.folder,
            env={**services, "PATH": path, "HOME": str(self.folder.parent)},
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert ended.returncode == 0, f"{block.where}: {arguments[-1]}\nended with {ended.returncode}\n{ended.stdout}"
        return ended.stdout

    def _addressed(self, command: str) -> str:
        for address, real in self.addresses.items():
            command = command.replace(address, real)
        return command


def _write_script(path: Path, command: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    path.chmod(0o755)


@pytest.fixture
def desk(tmp_path: Path, cloud: Cloud) -> Iterator[Desk]:
    """A desk with a Redis, and a service of OpenAI's kind where the papers have a local model."""
    with RedisServer() as redis, OpenAIServer() as model:
        addresses = {
            PLACEHOLDER["REDIS"]: f"127.0.0.1:{redis.port}",
            PLACEHOLDER["OPENAI"]: model.url[len("http://") :],
        }
        yield Desk(tmp_path, cloud, addresses)


def runnable(path: Path) -> list[Block]:
    blocks = blocks_of(path.read_text(), str(path.relative_to(ROOT)))
    return [block for block in blocks if block.language in (*SHELLS, *CODE) and block.mark in RUN]


@pytest.mark.parametrize("path", [path for path in PAPERS if runnable(path)], ids=lambda path: path.stem)
def test_commands_do_what_the_paper_says(desk: Desk, path: Path) -> None:
    """All commands of a paper, in their order, end with 0 and give the output that is shown."""
    desk.put_inputs(path.read_text())
    for block in runnable(path):
        desk.run(block)


@pytest.mark.parametrize("path", PAPERS, ids=NAMES)
def test_every_block_is_of_a_known_kind(path: Path) -> None:
    """A command is run or bears a mark; one that is not run is at least one that there is. So is one within a line."""
    text = path.read_text()
    blocks = blocks_of(text, path.name)
    assert [f"{block.where}: {found}" for block in blocks if (found := problem(block))] == []
    assert len(blocks) * 2 == len(re.findall(r"^ *(?:`{3,}|~{3,})", text, re.MULTILINE)), "a fence is not closed"
    inline = INLINE.findall(FENCE.sub("", text))
    assert [found for code in inline if code.startswith(("make ", "python ")) and (found := line_problem(code))] == []


def test_the_papers_are_found_and_their_commands_with_them() -> None:
    """Most commands are run: what this module promises is not promised of nothing."""
    blocks = [block for path in PAPERS for block in blocks_of(path.read_text(), path.name)]
    lines = {
        mark: sum(len(b.lines()) for b in blocks if b.language in SHELLS and b.mark == mark)
        for mark in (*RUN, *LOOKED_AT)
    }
    assert lines[""] >= 20, lines
    assert lines["services"] >= 15, lines
    assert lines[""] + lines["services"] > lines["account"] + lines["elsewhere"], lines


@pytest.mark.parametrize(
    "fence",
    [
        "```\nmake run\n```",
        "```bash\nmake run\n```",
        "```sh later\nmake run\n```",
        "```sh elsewhere\nmake supper\n```",
        "```sh elsewhere\nmake run supper\n```",
        "```sh elsewhere\nif true\n```",
        "```sh account\nFAST=1 python batch_job.py run --fast | head\n```",
        "```sh account\n./submit_batch_job.sh --job-id one --fast\n```",
        "```text\n$ make run\n```",
        "```text\n.venv/bin/python batch_job.py\n```",
        "```python\nimport batch_job\n```",
    ],
)
def test_a_block_of_no_known_kind_is_found(fence: str) -> None:
    """A language, a mark, a target or an option that nobody knows, and a command in disguise."""
    (block,) = blocks_of(f"Text\n\n{fence}\n", "paper")
    assert problem(block)


@pytest.mark.parametrize(
    ("shown", "real", "expected"),
    [
        ("wrote one\nwrote two", "wrote one\nwrote two\n", True),
        ("took 0.45s, cost 1", "took 1.23s, cost 1\n", True),
        ("took 0.45s, cost 1", "took 0.45s, cost 2\n", False),
        ("one\n…\nfour", "one\ntwo\nthree\nfour\n", True),
        ("one\n…\nfour", "one\nfour\n", True),
        ("one … three", "one two three\n", True),
        ("one\nfour", "one\ntwo\nfour\n", False),
        ("one.", "ones\n", False),
        ("one", "one\ntwo\n", False),
        ("", "one\n", False),
        ("…", "one\ntwo\n", True),
    ],
)
def test_output_that_differs_is_found(shown: str, real: str, expected: bool) -> None:
    """Lines have to be there, all of them, in their order; `…` stands for what is left out."""
    assert agrees(shown, real) is expected


@pytest.mark.parametrize(
    "fence",
    [
        "```sh\nfalse\n```",
        "```sh\nfalse | true\n```",
        "```sh\npython batch_job.py --no-such-option\n```",
        "```console\n$ echo one\ntwo\n```",
        "```console\n$ echo one\none\n$ echo two\n```",
        "```python services\nimport batch_job; batch_job.no_such_function\n```",
    ],
)
def test_a_command_that_fails_fails_its_paper(desk: Desk, fence: str) -> None:
    """Another end than 0, another output, or an output that the paper leaves out."""
    (block,) = blocks_of(f"{fence}\n", "paper")
    assert not problem(block)
    with pytest.raises(AssertionError):
        desk.run(block)


def links_of(path: Path) -> list[str]:
    text = INLINE.sub("", FENCE.sub("", path.read_text()))
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", link)]


def anchors_of(path: Path) -> set[str]:
    """The anchors of a paper's headings, as GitHub makes them."""
    slugs: list[str] = []
    for heading in re.findall(r"^#+ +(.+?) *#*$", FENCE.sub("", path.read_text()), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")
        slugs.append(f"{slug}-{slugs.count(slug)}" if slug in slugs else slug)
    return set(slugs)


@pytest.mark.parametrize("path", PAPERS, ids=NAMES)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link names a file of the project, and a heading in it where it names one."""
    broken = []
    for link in links_of(path):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


def test_every_paper_can_be_reached_from_the_readme() -> None:
    """A stranger who follows links finds all of them."""
    reached, new = set(), [ROOT / "README.md"]
    while new:
        path = new.pop()
        reached.add(path)
        found = {(path.parent / link.partition("#")[0]).resolve() for link in links_of(path) if link[0] != "#"}
        new += [target for target in found - reached if target.suffix == ".md" and target.exists()]
    assert set(PAPERS) - reached == set()


def test_the_tests_that_the_papers_name_are_there() -> None:
    """A promise that a paper puts down to a test has that test."""
    named = {name for path in PAPERS for name in re.findall(r"`(test_\w+)(?:\.py)?`", path.read_text())}
    there = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    assert named
    assert named <= there


def test_the_readme_is_short() -> None:
    """What takes more words than this has a page of its own."""
    assert len((ROOT / "README.md").read_text().split()) <= 1000


def test_every_exit_code_has_its_line() -> None:
    """The table of exit codes is that of the code."""
    table = re.findall(r"^\| (\d+) \|", (ROOT / "docs/reference/exit-codes.md").read_text(), re.MULTILINE)
    assert sorted(map(int, table)) == sorted(ExitCode)
