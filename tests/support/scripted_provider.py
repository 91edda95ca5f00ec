"""A provider that follows a script; it keeps the protocol of `query_generator.llm.base.Provider`."""

from collections.abc import Sequence

from query_generator.errors import QueryGeneratorError
from query_generator.llm.base import GenerationReply, GenerationRequest, Usage

Step = Sequence[str] | QueryGeneratorError


class ScriptedProvider:
    """Answers each call with the next step of its script: texts are a reply, an error is raised.

    Every call is billed 10 prompt tokens and 3 output tokens. A call beyond the script is a fault of the test.
    """

    model = "script-1"

    def __init__(self, *script: Step, reply_model: str = "script-1-001", name: str = "scripted") -> None:
        self.name = name
        self._script = list(script)
        self._reply_model = reply_model
        self.requests: list[GenerationRequest] = []

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Take the next step."""
        self.requests.append(request)
        step = self._script.pop(0)
        if isinstance(step, QueryGeneratorError):
            raise step
        return GenerationReply(tuple(step), self.name, self._reply_model, Usage(10, 3))
