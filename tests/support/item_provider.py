"""A provider that writes good questions about every product, except where its script says otherwise."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from query_generator.llm.base import GenerationReply, GenerationRequest, Usage
from tests.support.question_texts import for_groups, questions

Step = Exception | int
OF_SETS = 60  # the first question about a category, so that it is none of a product's


def subject_of(request: GenerationRequest) -> str:
    """What a request is about: the name of a product, or the category of a set."""
    return request.product.name or request.product.category


class ItemProvider:
    """Answers from a script: for each (product name, query type) the fates of its first calls.

    A fate is an exception, which is raised, or the number of questions that come at most. `on_call` is told every
    request before it is answered.
    """

    name = "scripted"
    model = "model-1"

    def __init__(
        self,
        script: Mapping[tuple[str, str], Sequence[Step]] | None = None,
        on_call: Callable[[GenerationRequest], object] = lambda _: None,
    ) -> None:
        self.requests: list[GenerationRequest] = []
        self._steps = {subject: list(steps) for subject, steps in (script or {}).items()}
        self._written: Counter[tuple[str, str]] = Counter()
        self._on_call = on_call
        self._lock = threading.Lock()

    def asked(self) -> list[tuple[str, str]]:
        """Product name and query type of every call, in order."""
        return [(subject_of(request), str(request.query_type)) for request in self.requests]

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Do what the script says, or write all that is asked for."""
        subject = (subject_of(request), str(request.query_type))
        with self._lock:
            self.requests.append(request)
            steps = self._steps.get(subject)
            step = steps.pop(0) if steps else request.asked_in_all
        self._on_call(request)
        if isinstance(step, Exception):
            raise step
        with self._lock:
            start = self._written.setdefault(subject, 0 if request.product.name else OF_SETS)
            self._written[subject] += step
        texts = questions(*subject, start, step)
        if not request.groups:
            return GenerationReply(tuple(texts), self.name, self.model, Usage(10, 5))
        keys = [group.key for group in request.groups]
        dealt = for_groups(texts, list(zip(keys, request.asked, strict=True)), *subject)
        keyed = [(key, text) for key, some in dealt.items() for text in some]
        return GenerationReply(
            tuple(text for _, text in keyed),
            self.name,
            self.model,
            Usage(10, 5),
            keys=tuple(key for key, _ in keyed),
        )
