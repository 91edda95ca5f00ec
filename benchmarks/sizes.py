"""Products of any size: time and peak memory of a whole job, on a Unix socket and over TCP."""

import json
import logging
import random
from collections.abc import Iterator
from pathlib import Path

from benchmarks.lab import Lab
from benchmarks.table import Goal, Row
from tests.fakes.aws_server import BUCKET, CREDENTIALS, AwsServer
from tests.fakes.pg_server import PgServer

SIZES = ((500, 5_000), (500, 50_000), (500, 500_000), (1, 15_000_000))
QUICK_SIZES = ((50, 5_000), (10, 500_000))
QUESTIONS = "5"
logging.getLogger("werkzeug").setLevel(logging.ERROR)
PEAK_MB = 256


def measure(lab: Lab) -> Iterator[Row]:
    """Run one job for each size and way, from the file to the result, written by the grammar."""
    for products, size in QUICK_SIZES if lab.quick else SIZES:
        catalog = _catalog(lab.folder, products, size)
        for way, job in (("socket", _on_socket), ("TCP", _on_tcp)):
            seconds, peak_mb = job(lab, catalog, products)
            what = f"{products} products of {size / 1000:,.0f} KB, {way}"
            yield Row(f"{what}: time", seconds, "s")
            yield Row(f"{what}: peak memory", peak_mb, "MB", Goal("<=", PEAK_MB))
        catalog.unlink()


def _catalog(folder: Path, products: int, size: int) -> Path:
    """Write products whose descriptions have so many characters, which do not compress well."""
    noise = random.Random(0).randbytes(300_000).hex()
    text = (noise * (size // len(noise) + 1))[:size]
    path = folder / f"sizes-{products}-{size}.jsonl"
    with path.open("w") as file:
        for number in range(products):
            record = {"name": f"Bottle {number}", "brand": "Acme", "price": number, "description": text}
            file.write(json.dumps(record) + "\n")
    return path


def _on_socket(lab: Lab, catalog: Path, products: int) -> tuple[float, float]:
    with lab.database() as (local, _):
        usage = lab.start_job(local, catalog, "", "--provider", "offline", "--num-questions", QUESTIONS).wait()
        _check(json.loads((local / "query" / "benchmark" / "results.json").read_text()), products)
    return usage.ended - usage.started, usage.peak_mb


def _on_tcp(lab: Lab, catalog: Path, products: int) -> tuple[float, float]:
    """Run on a server that is reached over TCP, as in AWS, with moto for S3 and events."""
    with PgServer(lab.folder / f"tcp-{catalog.stem}") as server, AwsServer() as aws:
        aws.reset()
        where = server.admin
        login = f"{where['username']}:{where['password']}@{where['host']}:{where['port']}/{where['dbname']}"
        environment = {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": aws.url,
            "DATABASE_URL": f"postgresql://{login}",
            "OUTPUT_S3_BUCKET": BUCKET,
        }
        command = ["batch_job.py", "--products-file", str(catalog), "--job-id", "benchmark", "--provider", "offline"]
        usage = lab.start([*command, "--num-questions", QUESTIONS, "--quiet"], **environment).wait()
        _check(aws.result("benchmark"), products)
    return usage.ended - usage.started, usage.peak_mb


def _check(result: dict[str, list[object]], products: int) -> None:
    if len(result["products"]) != products:
        raise RuntimeError(f"{len(result['products'])} of {products} products are in the result")
