"""Request parameters that a service or a model may not know; each is left out once it has been refused."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from query_generator.llm.base import GenerationRequest
from query_generator.llm.http_errors import ErrorStatus

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class OptionalParameters:
    """Parameters that a call can do without, made from its request, and words in lower case by which a refusal of them
    is recognized.
    """

    parameters: Callable[[GenerationRequest], Mapping[str, Any]]
    words: tuple[str, ...]


class ParameterSets:
    """Sends calls with the first choice of each group that the service has not refused.

    Thread-safe: a refusal costs each call in flight one more request, and later calls none.
    """

    def __init__(self, *groups: Sequence[OptionalParameters]) -> None:
        self._groups = groups
        self._refused: frozenset[OptionalParameters] = frozenset()

    def call(self, request: GenerationRequest, send: Callable[[dict[str, Any]], T]) -> T:
        """Send a request, and send again without the parameters that a reply with status 400 or 422 names.

        Raises:
            ErrorStatus: the reply names none of them. Whatever else `send` raises passes through.
        """
        while True:
            chosen = [optional for group in self._groups for optional in self._open(group)[:1]]
            try:
                return send(_joined(optional.parameters(request) for optional in chosen))
            except ErrorStatus as exc:
                refused = next((optional for optional in chosen if _is_refusal(exc, optional)), None)
                if refused is None:
                    raise
                self._refused |= {refused}

    def _open(self, group: Sequence[OptionalParameters]) -> list[OptionalParameters]:
        return [optional for optional in group if optional not in self._refused]


def _is_refusal(reply: ErrorStatus, optional: OptionalParameters) -> bool:
    message = f"{reply.error.get('param')} {reply.error.get('message')}".lower()
    return reply.status in (400, 422) and any(word in message for word in optional.words)


def _joined(chosen: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge parameters; where two choices set the same one, its value is an object and the fields are merged."""
    joined: dict[str, Any] = {}
    for parameters in chosen:
        for name, value in parameters.items():
            joined[name] = {**joined[name], **value} if name in joined else value
    return joined
