"""A run that dies at one of its calls."""

from query_generator.llm.base import GenerationRequest
from tests.support.item_provider import ItemProvider


class StoppedError(BaseException):
    """The run's process is gone."""


def stop_at_call(number: int) -> ItemProvider:
    """A provider at whose call of this number the process dies, after the call was paid for."""

    def look(_: GenerationRequest) -> None:
        if len(provider.requests) == number:
            raise StoppedError

    provider = ItemProvider(on_call=look)
    return provider
