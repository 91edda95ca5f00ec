"""The usual ways to make many calls, each a process of its own: `python -m benchmarks.plain_ways WAY CATALOG URL N`.

`sequential` and `groups` use the SDK through the job's own provider. `raw` posts requests that were made beforehand,
from threads through one pool of connections, and reads the replies as JSON: what Python can do at best.
"""

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from benchmarks.lab import API_KEY
from query_generator.input.product_fields import product_from_record
from query_generator.llm.answer_form import QUESTIONS_SCHEMA
from query_generator.llm.base import GenerationRequest
from query_generator.llm.gemini import GeminiProvider
from query_generator.models import QueryType
from query_generator.questions.prompts import build_prompt

MODEL = "gemini-3.5-flash-lite"
GROUP = 5
PAUSE = 0.5


def requests_of(catalog: Path) -> list[GenerationRequest]:
    """Make the requests that the job makes: two for each product, 25 questions each."""
    with catalog.open() as file:
        products = [product_from_record(json.loads(line), position) for position, line in enumerate(file, 1)]
    return [
        GenerationRequest(product, kind, 25, build_prompt(product, kind, 25))
        for product in products
        for kind in QueryType
    ]


def sequential(calls: list[GenerationRequest], url: str, _: int) -> None:
    """Make one call after another."""
    provider = GeminiProvider(API_KEY, dict.fromkeys(QueryType, MODEL), endpoint=url)
    for call in calls:
        provider.generate(call)


def groups(calls: list[GenerationRequest], url: str, _: int) -> None:
    """Make 5 calls at once, wait for all of them, pause, go on."""
    provider = GeminiProvider(API_KEY, dict.fromkeys(QueryType, MODEL), endpoint=url)
    with ThreadPoolExecutor(GROUP) as pool:
        for start in range(0, len(calls), GROUP):
            list(pool.map(provider.generate, calls[start : start + GROUP]))
            time.sleep(PAUSE)


def raw(calls: list[GenerationRequest], url: str, in_flight: int) -> None:
    """Post from as many threads as calls may be in flight."""
    target = f"{url}/v1beta/models/{MODEL}:generateContent"
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"x-goog-api-key": API_KEY, "Content-Type": "application/json"})
    session.mount("http://", HTTPAdapter(pool_maxsize=in_flight))

    def post(body: bytes) -> None:
        reply = session.post(target, data=body, timeout=60)
        reply.raise_for_status()
        reply.json()

    with ThreadPoolExecutor(in_flight) as pool:
        list(pool.map(post, [_body(call) for call in calls]))


def _body(call: GenerationRequest) -> bytes:
    config = {"responseMimeType": "application/json", "responseSchema": QUESTIONS_SCHEMA}
    document = {
        "systemInstruction": {"parts": [{"text": call.prompt.system}]},
        "contents": [{"role": "user", "parts": [{"text": call.prompt.user}]}],
        "generationConfig": config,
    }
    return json.dumps(document, ensure_ascii=False).encode()


WAYS: dict[str, Callable[[list[GenerationRequest], str, int], None]] = {
    "sequential": sequential,
    "groups": groups,
    "raw": raw,
}


def main(argv: list[str]) -> int:
    """Make the calls of a catalog in one way."""
    way, catalog, url, in_flight = argv
    WAYS[way](requests_of(Path(catalog)), url, int(in_flight))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
