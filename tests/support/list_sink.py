"""A sink of events that lives in memory."""

from query_generator.store.events import Event


class ListSink:
    """Keeps events in a list, and fails while `error` is set."""

    def __init__(self, error: Exception | None = None) -> None:
        self.events: list[Event] = []
        self.error = error
        self.tries = 0

    def publish(self, event: Event) -> None:
        """Keep the event."""
        self.tries += 1
        if self.error:
            raise self.error
        self.events.append(event)

    def names(self) -> list[str]:
        """Names of the events so far."""
        return [event.event_name for event in self.events]
