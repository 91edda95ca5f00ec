"""A cap that virtual runs share, as the database keeps it, and a provider that bills what a draw says."""

import random
import threading

from query_generator.errors import RetryableError
from query_generator.llm.base import GenerationReply, GenerationRequest, Usage
from query_generator.models import BudgetStatus


class SharedCap:
    """The allowances of some runs under one cap."""

    def __init__(self, cap_usd: float) -> None:
        self.cap_usd = cap_usd
        self.allowed: dict[str, float] = {}
        self.lock = threading.Lock()

    def of(self, run: str) -> "CapShare":
        """One run's part."""
        return CapShare(self, run)


class CapShare:
    """The allowance of one run."""

    def __init__(self, cap: SharedCap, run: str) -> None:
        self._cap, self._run = cap, run

    def raise_to(self, needed: float, wanted: float) -> float:
        """Raise it, if the others leave so much."""
        with self._cap.lock:
            left = self._cap.cap_usd - sum(usd for run, usd in self._cap.allowed.items() if run != self._run)
            if needed > left:
                return 0.0
            self._cap.allowed[self._run] = min(wanted, left)
            return self._cap.allowed[self._run]

    def lower_to(self, spent: float) -> None:
        """Give back."""
        with self._cap.lock:
            self._cap.allowed[self._run] = min(spent, self._cap.allowed.get(self._run, 0.0))

    def status(self) -> BudgetStatus:
        """How it stands: nobody counts items here."""
        return BudgetStatus(self._cap.cap_usd, sum(self._cap.allowed.values()), 10, 4)


class BillingProvider:
    """Bills each call a random share, at most `most`, of what was estimated, and then fails `failing` of the calls."""

    name = "gemini"
    model = "gemini-3.5-flash-lite"

    def __init__(self, seed: int, estimate: Usage, most: float = 1.0, failing: float = 0.1) -> None:
        self._random = random.Random(seed)
        self._estimate = estimate
        self._most, self._failing = most, failing
        self._lock = threading.Lock()
        self.bills: list[Usage] = []
        self.in_flight = self.most_in_flight = 0

    def generate(self, _: GenerationRequest) -> GenerationReply:
        """Bill, and answer or fail."""
        with self._lock:
            share = self._random.uniform(0.1, self._most)
            usage = Usage(self._estimate.prompt_tokens, int(self._estimate.output_tokens * share))
            fails = self._random.random() < self._failing
            self.bills.append(usage)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        threading.Event().wait(0.0005)
        with self._lock:
            self.in_flight -= 1
        if fails:
            raise RetryableError("the connection broke after the reply was billed")
        return GenerationReply(("Is it?",), self.name, self.model, usage)
