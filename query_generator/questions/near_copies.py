"""Finds questions that ask what another asks already, in other words. Pure.

Questions are compared by their content words (`content_words`), with the product's name and brand masked. Only kept
questions are compared with: a chain of small differences never merges what its ends do not share. Thresholds were
chosen on the pairs at even places of `tests/unit/questions/near_copy_pairs.json`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rapidfuzz.distance import Indel, Prefix

from query_generator.questions.content_words import PROTECTED, Content, guessed_language, lexicon

LEAST_SHARED = 0.84  # Dice coefficient of the content words, where one question only says more than the other
LEAST_SHARED_BOTH = 0.86  # where each has a word that the other lacks
LEAST_SHARED_SHINGLES = 0.75  # of characters and pairs of characters, where one question only says more
LEAST_SHARED_SHINGLES_BOTH = 0.9
LEAST_ALIKE = 0.84  # normalized Indel similarity of two forms of one word, or of a word and its misspelling
LEAST_LETTERS = 5  # of such words
FEW_KEPT = 0.2  # of those seen; fewer are worth a warning
AUTO = "auto"  # the locale of a job that names none
LEAST_SEEN = 10  # before such a warning


def _unmasked(question: str) -> str:
    return question


class NearCopies:
    """The questions that are kept so far, and whether another is a near copy of one of them. For one thread.

    Numbers with their units, negations, opposites ("before", "after") and what is wanted ("how", "when") protect:
    questions that differ in them are never near copies.

    Args:
        masked: replaces the names in a question by `_`; the identity by default.
        known: questions kept elsewhere for the same product: stored ones, or those of the other type.
        language: of the questions, as BCP 47; "" and "auto" guess it from `known`, else the first question.
        subject: what all questions are about, as "running shoe": its words do not count.
    """

    def __init__(
        self,
        masked: Callable[[str], str] = _unmasked,
        known: Iterable[str] = (),
        *,
        language: str = "",
        subject: str = "",
    ) -> None:
        self._masked = masked
        self._texts: list[str] = []
        self._contents: list[Content] = []
        self._slots: list[str] = []
        self._places: dict[frozenset[str], dict[str, list[int]]] = {}
        self._read: dict[str, Content] = {}
        self.seen = 0
        self.kept = 0
        known = tuple(known)
        self._subject = subject
        self._speak("" if language == AUTO else language.partition("-")[0].lower())
        if known and not self._language:
            self._speak(guessed_language(map(masked, known)))
        for question in known:
            self._keep(question, self._content(question), "")

    def copy_of(self, question: str, slot: str = "") -> str:
        """Return the kept question that this one is a near copy of, the nearest if there are several; "" if none is.

        Questions of two named slots that differ are near copies only if they have the same content words.
        """
        self.seen += 1
        place = self._nearest(self._content(question), slot)
        return "" if place is None else self._texts[place]

    def add(self, question: str, slot: str = "") -> None:
        """Keep a question: later ones are compared with it."""
        self.kept += 1
        self._keep(question, self._content(question), slot)

    @property
    def keeps_few(self) -> bool:
        """Whether fewer than a fifth of the questions seen were kept; worth a warning."""
        return self.seen >= LEAST_SEEN and self.kept < FEW_KEPT * self.seen

    def words_of(self, question: str) -> frozenset[str]:
        """Return the content words of a question."""
        return self._content(question).words

    def _speak(self, language: str) -> None:
        self._language = language
        self._lexicon = lexicon(language)
        self._subject_words = self._lexicon.content(self._subject).words

    def _content(self, question: str) -> Content:
        content = self._read.get(question)
        if content is None:
            masked = self._masked(question)
            if not self._language:
                self._speak(guessed_language([masked]))
            content = self._read[question] = self._lexicon.content(masked, self._subject_words)
        return content

    def _keep(self, question: str, content: Content, slot: str) -> None:
        place = len(self._texts)
        self._texts.append(question)
        self._contents.append(content)
        self._slots.append(slot)
        places = self._places.setdefault(content.protected, {})
        for word in content.words:
            if word in places:
                places[word].append(place)
            else:
                places[word] = [place]

    def _nearest(self, content: Content, slot: str) -> int | None:
        """Return the place of the nearest kept question that this one is a near copy of."""
        nearest, most = None, 0.0
        for place in _sharing_rare(content, self._places.get(content.protected, {})):
            closeness = likeness(content, self._contents[place])
            if slot and self._slots[place] and slot != self._slots[place] and closeness < 1:
                continue
            if closeness > most:
                nearest, most = place, closeness
        return nearest


def _sharing_rare(content: Content, places: Mapping[str, list[int]]) -> list[int]:
    """Return the places, in order, that may hold a near copy: it has most words, and so one of the rarest ones."""
    size = len(content.words)
    needed = size // (3 if content.shingled else 5) + 2
    found = [places[word] for word in content.words if word in places]
    needed -= size - len(found)
    if needed <= 0:
        return []
    if len(found) > needed:
        found.sort(key=_by_rarity)
    return sorted(set().union(*found[:needed]))


def _by_rarity(places: list[int]) -> tuple[int, list[int]]:
    return len(places), places


def likeness(one: Content, other: Content) -> float:
    """Return how near two questions are that have the same protected words, 0 to 1; 0 unless they are near copies."""
    one_alone, other_alone = one.words - other.words, other.words - one.words
    alike = _alike(one_alone, other_alone) if one_alone and other_alone and not one.shingled else 0
    weight = len(one.words) + len(other.words) - 0.5 * (one.light + other.light)
    missing = len(one_alone) + len(other_alone) - 2 * alike
    closeness = 1 - missing / weight
    if one.shingled or other.shingled:
        both = _has_character(one_alone) and _has_character(other_alone)
        least = LEAST_SHARED_SHINGLES_BOTH if both else LEAST_SHARED_SHINGLES
    else:
        both = len(one_alone) > alike and len(other_alone) > alike
        least = LEAST_SHARED_BOTH if both else LEAST_SHARED
    return closeness if closeness >= least else 0.0


def _has_character(words: Iterable[str]) -> bool:
    return any(len(word) == 1 for word in words)


def _alike(some: Iterable[str], others: Iterable[str]) -> int:
    """Count the words that are another form or a misspelling of a word on the other side."""
    left = [word for word in sorted(others) if len(word) >= LEAST_LETTERS and word[0] != PROTECTED]
    alike = 0
    for word in sorted(some):
        if len(word) < LEAST_LETTERS:
            continue
        for other in left:
            if word[0] == other[0] and (
                Indel.normalized_similarity(word, other, score_cutoff=LEAST_ALIKE)
                or Prefix.similarity(word, other) >= max(LEAST_LETTERS, 0.7 * max(len(word), len(other)))
            ):
                left.remove(other)
                alike += 1
                break
    return alike


def near_duplicates(questions: Sequence[str], masked: Callable[[str], str] = _unmasked, *, language: str = "") -> int:
    """Count the questions of one product that are near copies of an earlier one."""
    copies = NearCopies(masked, language=language)
    count = 0
    for question in questions:
        if copies.copy_of(question):
            count += 1
        else:
            copies.add(question)
    return count
