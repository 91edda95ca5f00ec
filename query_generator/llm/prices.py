"""List prices of models, in US dollars for a million tokens.

Read on 2026-11-22 from public copies of the vendors' price lists (the newest of 2026-07-31), for prompts up to 200,000
tokens, without discounts. Check them against https://ai.google.dev/gemini-api/docs/pricing before you plan on them.
"""

from query_generator.llm.base import Usage

PRICES: dict[str, tuple[float, float]] = {
    "gemini-3.5-flash-lite": (0.30, 2.50),
    "gemini-3.5-flash": (1.50, 9.00),
    "gemini-3.1-flash-lite": (0.25, 1.50),
    "gemini-2.5-flash": (0.30, 2.50),
}


def cost_usd(provider: str, model: str, usage: Usage) -> float | None:
    """Price one call; a version such as `gemini-3.5-flash-lite-001` costs what its model costs. None: not known."""
    if provider == "offline":
        return 0.0
    model = model.removeprefix("models/")
    known = [name for name in PRICES if model == name or model.startswith(f"{name}-0")]
    if not known:
        return None
    price_in, price_out = PRICES[known[0]]
    return (usage.prompt_tokens * price_in + usage.output_tokens * price_out) / 1_000_000
