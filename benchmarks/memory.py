"""Peak memory of the job's process while the catalog grows."""

from collections.abc import Iterator

from benchmarks.lab import Lab
from benchmarks.table import Goal, Row

SIZES = (1_000, 10_000, 100_000, 1_000_000)
COMPARED_WITH = 10_000


def measure(lab: Lab) -> Iterator[Row]:
    """Run one job for each size, one question of each type a product, written in the process itself."""
    peaks: dict[int, float] = {}
    for products in SIZES[:2] if lab.quick else SIZES:
        with lab.database() as (local, _):
            catalog = lab.catalog(products)
            process = lab.start_job(local, catalog, "", "--provider", "offline", "--num-questions", "1")
            usage = process.wait()
            catalog.unlink()
        peaks[products] = usage.peak_mb
        yield Row(f"the job, {products:,} products", usage.peak_mb, "MB", Goal("<=", 256), in_chart=True)
        yield Row(f"time for {products:,} products", usage.ended - usage.started, "s")
    if (largest := max(peaks)) > COMPARED_WITH:
        ratio = peaks[largest] / peaks[COMPARED_WITH]
        yield Row(f"{largest:,} products / {COMPARED_WITH:,} products", ratio, "", Goal("<=", 1.1))
