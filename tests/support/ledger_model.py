"""What a model of the ledger knows of items and runs, and the outcomes that runs bring."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from query_generator.errors import RetryableError
from query_generator.models import Generated
from query_generator.store.items import ErrorStage, Item, ItemState, Outcome
from query_generator.store.ledger import Ledger
from query_generator.store.queries import save_queries_to_rds
from tests.support.orders import asked

WANTED = 4
ENDS = ("succeeded", "running", "pending", "failed", "lost")  # states, and `lost`: failed for a transient reason
Key = tuple[int, str]


@dataclass
class Row:
    """What the model knows of an item."""

    state: str = "pending"
    owner: str | None = None
    answered: int = 0
    texts: list[str] = field(default_factory=list)
    deferred: int = 0
    transient: bool = False


@dataclass
class Run:
    """A run of the job: its connection and ledger, and what it believes to hold."""

    ledger: Ledger
    held: dict[Key, Item] = field(default_factory=dict)
    state: str = "alive"
    beats: int = 0
    seen: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    connections: int = 1
    gone: bool = False
    last: list[Outcome] = field(default_factory=list)

    @property
    def run_id(self) -> str:
        return self.ledger.lease.run_id

    def sees_silent(self, other: "Run", now: float, lease: float) -> bool:
        """Look at another run; return whether its last heartbeat was seen for as long as a lease on this connection."""
        before = self.seen.get(other.run_id)
        if before is None or before[:2] != (other.beats, self.connections):
            self.seen[other.run_id] = (other.beats, self.connections, now)
        return now - self.seen[other.run_id][2] >= lease


def outcome_of(item: Item, end: str, number: int) -> Outcome:
    """Bring an item to an end: with all questions, with half of them, with none; `number` tells calls apart."""
    missing = WANTED - len(item.existing)
    count = {"succeeded": missing, "running": missing // 2}.get(end, 0)
    texts = [f"Is it number {place} of call {number}?" for place in range(count)]
    result = Generated(list(asked(*texts)), Counter(), "scripted", "model-1", 10, 5)
    if end in ("succeeded", "running"):
        return Outcome(item, result, ItemState(end), item.answered + 1)
    result.error = RetryableError("busy")
    if end == "pending":
        return Outcome(item, result, ItemState(end), item.answered, deferred=item.deferred + 1, transient=True)
    return Outcome(
        item,
        result,
        ItemState.FAILED,
        item.answered,
        transient=end == "lost",
        error_stage=ErrorStage.GENERATE,
        error="no answer",
    )


def store_questions(run: Run, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Store the questions of some outcomes; to be called in the transaction of the run that saves them."""
    written = []
    for outcome in outcomes:
        item = outcome.item
        queries = [(item.product_id, question.text, str(item.query_type)) for question in outcome.generated.questions]
        written.append(replace(outcome, query_ids=tuple(save_queries_to_rds(queries, run.ledger.db))))
    return written
