"""Who makes a call is told when its request has gone out."""

import threading

from query_generator.llm.sending import about_to_send, request_sent, told_when_sent


def nothing() -> None:
    """Let every call go."""


def test_it_is_asked_at_the_moment_of_sending_alone() -> None:
    """Whoever makes a call is asked each time that its request is about to be written, and not after the call."""
    asked: list[str] = []
    with told_when_sent(nothing, lambda: asked.append("again")):
        about_to_send()
        request_sent()
        about_to_send()
    about_to_send()
    assert asked == ["again", "again"]


def test_each_call_is_told_once_and_on_its_own_thread() -> None:
    """A transport that says it again, or after the call, and another thread's transport tell nothing."""
    told: list[str] = []
    with told_when_sent(lambda: told.append("first"), nothing):
        other = threading.Thread(target=request_sent)
        other.start()
        other.join()
        assert told == []
        request_sent()
        request_sent()
    with told_when_sent(lambda: told.append("second"), nothing):
        pass
    request_sent()
    assert told == ["first"]
