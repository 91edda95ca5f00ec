"""List prices of models, in US dollars for a million tokens, from `prices.json` beside this file.

Read on 2026-11-22 from public copies of the vendors' price lists; `as_of` is the date of the copy, `source` the list.
They hold for the tariff without batching and for prompts up to 100,000 tokens; batch prices are half of them by each
vendor's own rule. A model whose price was not found is left out: its price is not known, never zero.
"""

import json
import os
import re
import stat
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from query_generator.errors import ConfigurationError, file_error
from query_generator.llm.base import Usage
from query_generator.llm.registry import PROVIDER_WITHOUT_KEY
from query_generator.one_line import one_line

MAX_FILE_BYTES = 1 << 20
"""Each wrong entry takes a hundred times as much memory as its text."""
FAULTS_SHOWN = 10
LONGEST_PLACE = 80
Usd = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
EXAMPLE = '{"my-model": {"input": 0.30, "output": 2.50}}'

# What vendors add to the name of a model whose price it keeps: -001, -20261007, -2026-09-22, @20261007, -latest.
_VERSION = re.compile(r"(-0\d\d|[-@]20\d{6}|-20\d\d-\d\d-\d\d|-latest)$")


class Price(BaseModel):
    """Of one model. Without `cached_input` tokens from the vendor's cache cost what others do.

    The price holds up to and with the day `until`, after that it is `then`, or not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Usd
    output: Usd
    cached_input: Usd | None = None
    batch_input: Usd | None = None
    batch_output: Usd | None = None
    as_of: date | None = None
    source: str = ""
    until: date | None = None
    then: "Price | None" = None

    def on(self, day: date) -> "Price | None":
        """Return the price that holds on a day."""
        if self.until is None or day <= self.until:
            return self
        return self.then.on(day) if self.then else None

    def cost_usd(self, usage: Usage) -> float:
        """Price one call."""
        cached_input = self.input if self.cached_input is None else self.cached_input
        fresh = usage.prompt_tokens - usage.cached_tokens
        return (fresh * self.input + usage.cached_tokens * cached_input + usage.output_tokens * self.output) / 1_000_000


_FREE = Price(input=0, output=0)
_TABLE = TypeAdapter(dict[str, Price])


class Prices:
    """A table of prices by model."""

    def __init__(self, table: Mapping[str, Price], today: date) -> None:
        self._table = dict(table)
        self._today = today

    def of(self, provider: str, model: str) -> Price | None:
        """Return the price of a model, by its name or that of a version of it; None: not known.

        A path before the name is left out, as in `models/gemini-3.5-flash-lite-001` or `openai/gpt-6-luna`, unless the
        table has the name with it.
        """
        if provider == PROVIDER_WITHOUT_KEY:
            return _FREE
        for name in (model, model.rpartition("/")[2]):
            for known in (name, _VERSION.sub("", name)):
                if known in self._table:
                    return self._table[known].on(self._today)
        return None

    def cost_usd(self, provider: str, model: str, usage: Usage) -> float | None:
        """Price one call; None: not known."""
        price = self.of(provider, model)
        return price.cost_usd(usage) if price else None


def load_prices(path: str | None, today: date | None = None) -> Prices:
    """Read the table of this project, and the user's own over it.

    Args:
        path: of `PRICES_FILE`: a JSON object of models, each an object with `input` and `output`, and if wanted
            `cached_input`, `batch_input`, `batch_output`, `as_of`, `source`, `until`, `then`: see `Price`.
        today: whose prices hold; by default this day in UTC.

    Raises:
        ConfigurationError: the file cannot be read, or holds something else; names every wrong entry.
    """
    table = _own_table() | (_user_table(path) if path else {})
    return Prices(table, today or datetime.now(UTC).date())


def cost_usd(provider: str, model: str, usage: Usage) -> float | None:
    """Price one call by this project's table alone; None: not known."""
    return load_prices(None).cost_usd(provider, model, usage)


@cache
def _own_table() -> dict[str, Price]:
    return _TABLE.validate_json((resources.files(__package__) / "prices.json").read_bytes())


def _user_table(path: str) -> dict[str, Price]:
    try:
        return _TABLE.validate_python(json.loads(_read(path), object_pairs_hook=_without_repeats, parse_int=float))
    except OSError as exc:
        raise file_error(f"PRICES_FILE: {path} cannot be read", exc, "give the path of a file") from exc
    except (ValueError, RecursionError) as exc:
        faults = _faults(exc) if isinstance(exc, ValidationError) else [f"is no table of prices in JSON ({exc})"]
        raise ConfigurationError(
            "\n".join(f"PRICES_FILE: {path}: {fault}; right is, for example: {EXAMPLE}" for fault in faults)
        ) from exc


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a key that stands twice: only one of its prices would count."""
    names = dict(pairs)
    if len(names) < len(pairs):
        repeated = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise ValueError(f"{one_line(repeated)[:LONGEST_PLACE]} stands there twice")
    return names


def _read(path: str) -> bytes:
    """Read a file of bounded size; a pipe or a device has no size, and may have no end. Raises OSError."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        text = file.read(MAX_FILE_BYTES + 1) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    if text is None:
        raise ConfigurationError(f"PRICES_FILE: {path} is a pipe or a device; give the path of a file")
    if len(text) > MAX_FILE_BYTES:
        raise ConfigurationError(
            f"PRICES_FILE: {path} is larger than {MAX_FILE_BYTES:,} bytes; "
            "it holds no prices; give the path of another file"
        )
    return text


def _faults(error: ValidationError) -> list[str]:
    faults = error.errors(include_url=False, include_input=False)[:FAULTS_SHOWN]
    return [
        f"{one_line('.'.join(map(str, fault['loc'])))[:LONGEST_PLACE] or 'the whole'}: {fault['msg']}"
        for fault in faults
    ]
