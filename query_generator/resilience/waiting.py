"""Waits while no provider can be called, or ends the run."""

import time
from collections.abc import Callable

from query_generator.errors import CircuitOpenError, ServiceAwayError
from query_generator.llm.base import GenerationReply, GenerationRequest, Provider, ProviderAround


class WaitingProvider(ProviderAround):
    """Waits while the circuit is open, and gives up if the service then fails again."""

    def __init__(self, provider: Provider, sleep: Callable[[float], None] = time.sleep) -> None:
        self._provider = provider
        self._sleep = sleep

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make the call as soon as the circuit allows it.

        Raises:
            ServiceAwayError: the service failed again after the wait.
        """
        while True:
            try:
                return self._provider.generate(request)
            except CircuitOpenError as exc:
                if exc.openings > 1:
                    raise ServiceAwayError(f"{exc}; run the same job id again when it is back") from exc
                self._sleep(exc.retry_after or 0.0)
