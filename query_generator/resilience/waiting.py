"""What is done when no provider can be asked: wait for the one that is tried again, or end the run."""

import time
from collections.abc import Callable

from query_generator.errors import CircuitOpenError, ServiceAwayError
from query_generator.llm.base import GenerationReply, GenerationRequest, Provider, ProviderAround


class WaitingProvider(ProviderAround):
    """Waits while the circuit is open, and gives up when the service has failed again after that."""

    def __init__(self, provider: Provider, sleep: Callable[[float], None] = time.sleep) -> None:
        self._provider = provider
        self._sleep = sleep

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make the call when the circuit lets it through.

        Raises:
            ServiceAwayError: the service still failed when it was tried again.
        """
        while True:
            try:
                return self._provider.generate(request)
            except CircuitOpenError as exc:
                if exc.openings > 1:
                    raise ServiceAwayError(f"{exc}; run the same job id again when it is back") from exc
                self._sleep(exc.retry_after or 0.0)
