"""Who makes a call is told when its request has gone out."""

import threading

from query_generator.llm.sending import request_sent, told_when_sent


def test_each_call_is_told_once_and_on_its_own_thread() -> None:
    """A transport that says it again, or after the call, and another thread's transport tell nothing."""
    told: list[str] = []
    with told_when_sent(lambda: told.append("first")):
        other = threading.Thread(target=request_sent)
        other.start()
        other.join()
        assert told == []
        request_sent()
        request_sent()
    with told_when_sent(lambda: told.append("second")):
        pass
    request_sent()
    assert told == ["first"]
