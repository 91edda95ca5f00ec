"""What a job would cost: calls, tokens and a price range in US dollars. Pure."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from query_generator.llm.base import BYTES_A_TOKEN, Prompt, Usage
from query_generator.llm.prices import Price
from query_generator.llm.registry import is_paid

# A question has 4 to 25 words, about 14 on average: 19 tokens of English, and one for its quotes and comma.
TOKENS_A_QUESTION = 20.0
SECOND_CALLS = 0.1  # share of items that need a second call; it depends on the model
SAMPLE = 10  # prompts


@dataclass(slots=True)
class Workload:
    """Sums over the first calls for some open items, and a random sample of their prompts."""

    calls: int = 0
    questions: int = 0
    asked: int = 0
    prompt_bytes: int = 0
    sample: list[Prompt] = field(default_factory=list)
    _random: random.Random = field(default_factory=lambda: random.Random(0), repr=False)

    def add(self, prompt: Prompt, questions: int, asked: int) -> None:
        """Count a call for which `questions` are to be written, and `asked` are asked for."""
        self.calls += 1
        self.questions += questions
        self.asked += asked
        self.prompt_bytes += _size(prompt)
        if len(self.sample) < SAMPLE:
            self.sample.append(prompt)
        elif (index := self._random.randrange(self.calls)) < SAMPLE:
            self.sample[index] = prompt

    def take_back(self, prompt: Prompt, questions: int, asked: int) -> None:
        """Count a call that was added no more; its prompt may stay in the sample."""
        self.calls -= 1
        self.questions -= questions
        self.asked -= asked
        self.prompt_bytes -= _size(prompt)

    def plus(self, other: "Workload") -> "Workload":
        """Return the sum of two workloads."""
        return Workload(
            self.calls + other.calls,
            self.questions + other.questions,
            self.asked + other.asked,
            self.prompt_bytes + other.prompt_bytes,
            [*self.sample, *other.sample],
        )


@dataclass(frozen=True, slots=True)
class Quote:
    """The calls to one model and their price in US dollars, which is None if the model's price is not known.

    `low` is for one call for each item; `high` adds second calls for a share `second_calls` of the items. `counted`:
    the provider counted the prompt tokens. `learned`: earlier replies gave the reply tokens.
    """

    provider: str
    model: str
    calls: int
    usage: Usage
    second_calls: float
    price: Price | None
    counted: bool
    learned: bool

    @property
    def low(self) -> float | None:
        """Price of the first calls, in US dollars."""
        return self.price.cost_usd(self.usage) if self.price else None

    @property
    def high(self) -> float | None:
        """Price with second calls, each at most as expensive as a first one, in US dollars."""
        return None if self.low is None else self.low * (1 + self.second_calls)

    def __str__(self) -> str:
        if not is_paid(self.provider):
            return f"{self.provider}: {self.calls} items by grammar, without a model; 0 USD"
        second = round(self.calls * self.second_calls)
        price = "price not known: give it in PRICES_FILE"
        if self.low is not None and self.high is not None:
            price = f"{self.low:.4f} to {self.high:.4f} USD"
        return (
            f"{self.provider} ({self.model}): {self.calls} calls, perhaps {second} more; "
            f"{self.usage.prompt_tokens} + {self.usage.output_tokens} tokens; {price}"
        )


def quote(
    provider: str,
    model: str,
    work: Workload,
    price: Price | None,
    counts: Sequence[int] = (),
    learned: tuple[float, float] | None = None,
) -> Quote:
    """Quote a workload.

    Args:
        provider: the name of the provider.
        model: the name of the model.
        work: the calls.
        price: the price of the model, if known.
        counts: tokens of each prompt in the sample, as the provider counts them; by default a token is four bytes.
        learned: output tokens per question and the share of second calls, if earlier replies are known.
    """
    estimated = sum(_size(prompt) for prompt in work.sample) / BYTES_A_TOKEN
    ratio = sum(counts) / estimated if counts and estimated else 1.0
    tokens_a_question, second_calls = learned or (TOKENS_A_QUESTION, SECOND_CALLS)
    usage = Usage(round(work.prompt_bytes / BYTES_A_TOKEN * ratio), round(work.asked * tokens_a_question))
    return Quote(provider, model, work.calls, usage, second_calls, price, bool(counts), learned is not None)


def quote_lines(quotes: Sequence[Quote], left_of_cap: float | None) -> Iterator[str]:
    """Yield lines with the quotes of one provider, one for each model, and what they are based on."""
    for entry in quotes:
        yield f"  quote      {entry}"
    if not is_paid(quotes[0].provider):
        return
    lows, highs = [entry.low for entry in quotes], [entry.high for entry in quotes]
    low, high = sum(usd or 0.0 for usd in lows), sum(usd or 0.0 for usd in highs)
    if len(quotes) > 1 and None not in lows:
        yield f"             {quotes[0].provider} in all: {low:.4f} to {high:.4f} USD"
    prompts = "counted by the provider on a sample" if quotes[0].counted else "estimated at 4 bytes a token"
    replies = (
        "as earlier replies of this model were"
        if all(entry.learned for entry in quotes)
        else f"estimated at {TOKENS_A_QUESTION:g} tokens a question; what a model bills for thinking comes on top"
    )
    yield f"             prompts {prompts}; replies {replies}"
    if left_of_cap is not None and high > left_of_cap:
        ends = "will" if low > left_of_cap else "may"
        yield f"             the cap leaves {max(left_of_cap, 0.0):.4f} USD, which {ends} end the job early"


def _size(prompt: Prompt) -> int:
    return len(prompt.system.encode(errors="replace")) + len(prompt.user.encode(errors="replace"))
