"""Questions are cut into statements that a server takes, by their number and by their size."""

import pytest

from query_generator.store.queries import BATCH_CHARACTERS, Query, _batches, _Row


def rows(*sizes: int) -> list[_Row]:
    """Questions of these lengths."""
    return [_Row(1, "product", "hash", place, Query(1, "x" * size, "product")) for place, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "batches"),
    [
        ([], []),
        ([1] * 7, [3, 3, 1]),
        ([BATCH_CHARACTERS // 2] * 3, [2, 1]),
        ([BATCH_CHARACTERS // 2, BATCH_CHARACTERS // 2 + 1], [1, 1]),
        ([1, 5 * BATCH_CHARACTERS, 1], [1, 1, 1]),
    ],
    ids=["none", "by number", "just a million characters", "one character more", "one that is larger alone"],
)
def test_a_batch_is_never_larger_than_allowed_unless_one_text_alone_is(sizes: list[int], batches: list[int]) -> None:
    """No batch has more rows than asked for, or more than a million characters; none is empty and none is lost."""
    cut = list(_batches(rows(*sizes), 3))
    assert [len(batch) for batch in cut] == batches
    assert [row.position for batch in cut for row in batch] == list(range(len(sizes)))
