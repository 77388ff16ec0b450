"""The batching policy, without weights: what it packs, and what it never exceeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from model.schedule import Scheduler, Stream

prompts = st.lists(
    st.tuples(
        st.integers(1, 30),
        st.lists(st.integers(1, 8), min_size=1, max_size=6),
        st.integers(1, 10),
    ),
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(
    prompts=prompts,
    cells=st.integers(60, 120),
    sequences=st.integers(2, 9),
    batch=st.integers(1, 16),
    data=st.data(),
)
def test_every_block_ends_once_within_the_limits_given(
    prompts: list[tuple[int, list[int], int]],
    cells: int,
    sequences: int,
    batch: int,
    data: st.DataObject,
) -> None:
    scheduler = Scheduler(cells=cells, sequences=sequences, batch=batch)
    for key, (head, blocks, limit) in enumerate(prompts):
        assert scheduler.add(
            key, [1] * head, [[2] * length for length in blocks], limit=limit
        )
    seen: Counter[tuple[int, int]] = Counter()
    # A model of the KV cache: the cells each sequence holds, heads' shared ones once.
    lengths: dict[int, int] = {}
    shared: dict[int, int] = {}
    for _ in range(10_000):
        if scheduler.idle:
            break
        step = scheduler.next_step()
        assert 0 < len(step.rows) <= batch
        for source, to in step.copies:
            assert to not in lengths
            shared[to] = lengths[source]
            lengths[to] = lengths[source]
        for row in step.rows:
            assert 0 <= row.sequence < sequences
            assert row.position == lengths.get(row.sequence, 0)
            lengths[row.sequence] = row.position + 1
        assert sum(lengths.values()) - sum(shared.values()) <= cells
        stops = [data.draw(st.booleans()) for _ in step.streams]
        answers = iter(stops)

        def ends(stream: Stream, token: int, answers: Iterator[bool] = answers) -> bool:
            return next(answers)

        ended, released = scheduler.took(
            step,
            [7] * len(stops),
            [-0.5] * len(stops),
            ends=ends,
        )
        for stream, complete in ended:
            seen[stream.key, stream.block] += 1
            limit = prompts[stream.key][2]
            assert len(stream.written) <= limit
            assert complete or len(stream.written) == limit
        for sequence in released:
            del lengths[sequence]
            shared.pop(sequence, None)
    assert scheduler.idle
    assert not lengths
    wanted = {
        (key, block)
        for key, (_, blocks, _) in enumerate(prompts)
        for block in range(len(blocks))
    }
    assert seen == Counter(wanted)


def test_blocks_of_a_prompt_start_together_once_its_head_is_decoded() -> None:
    scheduler = Scheduler(cells=100, sequences=8, batch=64)
    scheduler.add(0, [1, 1, 1], [[2], [3, 3]], limit=4)
    head = scheduler.next_step()
    assert [row.writes for row in head.rows] == [False, False, False]
    scheduler.took(head, [], [], ends=_never)
    blocks = scheduler.next_step()
    assert [(row.token, row.position, row.writes) for row in blocks.rows] == [
        (2, 3, True),
        (3, 3, False),
        (3, 4, True),
    ]
    assert len(blocks.copies) == 2


def test_a_prompt_that_can_never_fit_is_refused_not_queued() -> None:
    scheduler = Scheduler(cells=20, sequences=2, batch=8)
    assert not scheduler.add(0, [1] * 18, [[2]], limit=4)
    assert not scheduler.add(1, [1], [[]], limit=4)
    assert scheduler.idle


def test_cancelling_gives_every_sequence_back() -> None:
    scheduler = Scheduler(cells=100, sequences=4, batch=64)
    scheduler.add(0, [1, 1], [[2], [3]], limit=4)
    scheduler.took(scheduler.next_step(), [], [], ends=_never)
    step = scheduler.next_step()
    scheduler.took(step, [9, 9], [-1.0, -1.0], ends=_never)
    assert len(scheduler.cancel(0)) == 3
    assert scheduler.idle


def _never(stream: Stream, token: int) -> bool:
    return False
