"""How many calls are in flight when a service has too much to do."""

from query_generator.resilience.concurrency_limit import ConcurrencyLimit


def full(window: ConcurrencyLimit) -> ConcurrencyLimit:
    """Fill it."""
    window.in_flight = window.size
    return window


def test_it_opens_at_its_largest() -> None:
    """A service that takes all calls gets as many as the user allows."""
    window = ConcurrencyLimit(32)
    assert (window.size, window.has_room()) == (32, True)
    assert not full(window).has_room()


def test_random_faults_do_not_narrow_it() -> None:
    """One refusal among ten answers is no overload."""
    window = full(ConcurrencyLimit(32))
    for number in range(2_000):
        if number % 10:
            window.answered()
        else:
            window.refused(number, number)
    assert window.size == 32


def test_an_overload_narrows_it_also_after_a_long_good_time() -> None:
    """A service that breaks down after hours of answers is spared as soon as one that was down from the start."""
    for answers in (0, 100_000):
        window = full(ConcurrencyLimit(32))
        for _ in range(answers):
            window.answered()
        for number in range(5):
            window.refused(number, 10.0)
        assert window.size == int(0.7 * 32)


def test_it_is_cut_once_for_the_calls_of_one_moment() -> None:
    """Thirty-two refusals of calls that flew together are one sign of overload."""
    window = full(ConcurrencyLimit(32))
    for _ in range(32):
        window.refused(1.0, 2.0)
    assert window.size == int(0.7 * 32)
    for _ in range(32):
        window.refused(1.5, 2.5)
    assert window.size == int(0.7 * 32)


def test_it_shrinks_from_what_was_in_flight_and_never_below_one() -> None:
    """A window that was not full is cut from what it held; some call always flies, or nothing would ever recover."""
    window = ConcurrencyLimit(1_000)
    window.in_flight = 10
    for number in range(5):
        window.refused(number, 10.0)
    assert window.size == 7
    for number in range(200):
        window.refused(20.0 + number, 20.0 + number)
    assert window.size == 1


def test_it_recovers_by_answers() -> None:
    """After an overload the calls in flight grow again, by a tenth for each window of answers, up to the largest."""
    window = full(ConcurrencyLimit(32))
    for number in range(5):
        window.refused(number, 10.0)
    small = window.size
    for _ in range(small):
        window.answered()
    assert small + 1 <= window.size <= small + 3
    for _ in range(500):
        window.answered()
    assert window.size == 32
