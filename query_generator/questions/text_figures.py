"""How varied a set of texts is, in figures that depend on the texts alone. Pure."""

import hashlib
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence

LONGEST_GRAM = 4
"""Words; BLEU is the mean over 1 to 4, as its authors have it (Papineni et al. 2002)."""

_WORDS = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
    r"|(?:[^\W_]|[\u0900-\u0963\u0970-\u0dff])+(?:['’]\w+)*"
)


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case; in scripts without spaces each sign is one."""
    return _WORDS.findall(text.casefold())


def sampled(texts: Sequence[str], most: int) -> Sequence[str]:
    """Return the texts, of more than `most` those with the lowest SHA-256: the same ones each time, in any order."""
    if len(texts) <= most:
        return texts
    return sorted(texts, key=lambda text: hashlib.sha256(text.encode(errors="replace")).digest())[:most]


def cut(texts: Iterable[Sequence[str]], most: int) -> list[Sequence[str]]:
    """Return the first texts that have together at most so many words."""
    kept, words = [], 0
    for text in texts:
        words += len(text)
        if words > most:
            break
        kept.append(text)
    return kept


def distinct(texts: Iterable[Sequence[str]], size: int) -> float | None:
    """Return the share of different n-grams among all (distinct-n, Li et al. 2016, arXiv 1510.03055); None if none."""
    grams = [gram for words in texts for gram in _grams(words, size)]
    return round(len(set(grams)) / len(grams), 4) if grams else None


def compression_ratio(texts: Iterable[Sequence[str]]) -> float | None:
    """Return how many times smaller the texts get when compressed together (Shaib et al. 2024, arXiv 2403.00553).

    By zlib, which looks back 32 KB. The more alike the texts are, the higher it is; None if there are no texts.
    """
    plain = "\n".join(map(" ".join, texts)).encode(errors="replace")
    return round(len(plain) / len(zlib.compress(plain, 9)), 4) if plain else None


def self_bleu(lists: Iterable[Sequence[Sequence[str]]]) -> float | None:
    """Return the mean BLEU of each text against the others of its list (Zhu et al. 2018, arXiv 1802.01886).

    From 0, all different, to 1, all the same; None if no list has two texts. Texts are given as words.
    """
    scores: list[float] = []
    for texts in lists:
        counts = [[Counter(_grams(words, size)) for size in range(1, LONGEST_GRAM + 1)] for words in texts]
        lengths = [len(words) for words in texts]
        scores += [_bleu(counts, lengths, at) for at in range(len(texts)) if len(texts) > 1 and lengths[at]]
    return round(sum(scores) / len(scores), 4) if scores else None


def _bleu(counts: Sequence[Sequence[Counter[tuple[str, ...]]]], lengths: Sequence[int], at: int) -> float:
    """BLEU of one text against the others, with add-one smoothing from two words on (Lin and Och 2004)."""
    others = [number for number in range(len(lengths)) if number != at]
    logs = 0.0
    for size, own in enumerate(counts[at]):
        hits = sum(min(times, max(counts[other][size][gram] for other in others)) for gram, times in own.items())
        added = int(size > 0)
        if not hits + added:
            return 0.0
        logs += math.log((hits + added) / (own.total() + added))
    closest = min((lengths[other] for other in others), key=lambda length: (abs(length - lengths[at]), length))
    return math.exp(min(0.0, 1 - closest / lengths[at]) + logs / LONGEST_GRAM)


def _grams(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[at:] for at in range(size)), strict=False))
