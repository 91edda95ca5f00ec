"""What differs between the services of LLM vendors: how a call looks, a good reply, and an error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Protocol

from tests.fakes.gemini_faults import Fault


@dataclass(frozen=True)
class Call:
    """A request for text. `parameters` are the names of all that the request sets; `integers` asks for enums so.

    `planted` is what the model writes besides, since something in the prompt had it do so.
    """

    model: str
    prompt: str
    key: str
    parameters: frozenset[str] = frozenset()
    integers: bool = False
    planted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """An HTTP reply; content that is a text is sent as HTML, all else as JSON."""

    status: int
    content: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Dialect(Protocol):
    """One vendor's wire format."""

    def call(self, path: str, headers: Message, document: dict[str, Any]) -> Call | None:
        """Read a request, `None` for a path that is no call; a KeyError or such for a body that cannot be one."""
        ...

    def key_fault(self, key: str, accepted: str) -> Fault | None:
        """Say how a call with this key fails; an empty `accepted` accepts any."""
        ...

    def error(self, fault: Fault, call: Call, retry_delay: str) -> Answer | None:
        """Report a fault that the service itself reports, `None` for the other faults."""
        ...

    def reply(self, fault: Fault, call: Call, name: str, texts: list[str]) -> dict[str, Any]:
        """Answer with these texts about the product of this name, in the way of the fault."""
        ...

    def count_tokens(self, path: str, headers: Message, document: dict[str, Any], accepted: str) -> Answer | None:
        """Count a prompt's tokens, `None` for a path that does not ask for that."""
        ...

    def model_page(self, path: str) -> Answer | None:
        """Describe a model, `None` for a path that names none."""
        ...

    def bad_request(self, message: str) -> Answer:
        """Refuse a request that cannot be read."""
        ...

    def not_found(self) -> Answer:
        """Know no such path."""
        ...
