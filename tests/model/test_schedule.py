"""The batching policy, without weights: what it packs, and what it never exceeds."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.schedule import FLOOR, Scheduler, Stream

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
    others=st.lists(st.sampled_from([[], [5], [5, 6, 7]]), max_size=2),
    kept=st.tuples(st.integers(0, 40), st.integers(0, 3)),
    data=st.data(),
)
def test_every_block_ends_once_within_the_limits_given(
    prompts: list[tuple[int, list[int], int]],
    cells: int,
    sequences: int,
    batch: int,
    others: list[list[int]],
    kept: tuple[int, int],
    data: st.DataObject,
) -> None:
    scheduler = Scheduler(
        cells=cells,
        sequences=sequences,
        batch=batch,
        kept=kept,
    )
    fitting = set()
    for key, (head, blocks, limit) in enumerate(prompts):
        tokens = [[2] * length for length in blocks]
        fits = scheduler.add(
            key, [1] * head, tokens, limit=limit, others=[others] * len(tokens)
        )
        texts = 1 + others.count([])
        weighed = sum(map(len, others))
        need = head + texts * (max(blocks) + limit) + weighed
        assert fits == (1 + len(others) < sequences and need <= cells)
        fitting |= {key} if fits else set()
    seen: Counter[tuple[int, int, int]] = Counter()
    # A model of the KV cache: the cells each sequence holds, heads' shared ones once.
    lengths: dict[int, int] = {}
    shared: dict[int, int] = {}
    # What the steps read and took, and what of it the texts were given.
    read = given_read = steps = 0
    seconds = 0.0
    for _ in range(10_000):
        if scheduler.idle:
            break
        if prompts and data.draw(st.integers(0, 5)) == 0:
            scheduler.prefer(data.draw(st.sets(st.integers(0, len(prompts) - 1))))
        step = scheduler.next_step()
        assert 0 < len(step.rows) <= batch
        steps += 1
        read += len(step.rows) - sum(not stream.given for stream in step.streams)
        for source, to in step.copies:
            assert to not in lengths
            shared[to] = lengths[source]
            lengths[to] = lengths[source]
        for row in step.rows:
            assert 0 <= row.sequence < sequences
            assert row.position == lengths.get(row.sequence, 0)
            lengths[row.sequence] = row.position + 1
        assert sum(lengths.values()) - sum(shared.values()) <= cells
        choices = [[(token or 7, -0.5) for token in each] for each in step.given]

        def ends(stream: Stream, token: int) -> bool:
            return data.draw(st.booleans())

        taken = scheduler.took(step, choices, ends=ends, seconds=0.5)
        for source, to in taken.parted:
            assert to not in lengths
            shared[to] = lengths[to] = lengths[source]
        for stream, complete in taken.ended:
            seen[stream.key, stream.block, stream.draw] += 1
            given_read += stream.read
            seconds += stream.seconds
            limit = prompts[stream.key][2]
            if stream.given:
                assert complete
                assert tuple(stream.written) == stream.given
                continue
            assert len(stream.written) <= limit
            assert complete or len(stream.written) == limit
        for sequence in taken.released:
            del lengths[sequence]
            shared.pop(sequence, None)
    assert scheduler.idle
    assert not lengths
    assert given_read == read
    assert seconds == pytest.approx(steps / 2)
    wanted = {
        (key, block, draw)
        for key, (_, blocks, _) in enumerate(prompts)
        if key in fitting
        for block in range(len(blocks))
        for draw in range(1 + len(others))
    }
    assert seen == Counter(wanted)


def test_blocks_of_a_prompt_start_together_once_its_head_is_decoded() -> None:
    scheduler = Scheduler(cells=100, sequences=8, batch=64)
    scheduler.add(0, [1, 1, 1], [[2], [3, 3]], limit=4)
    head = scheduler.next_step()
    assert [row.writes for row in head.rows] == [False, False, False]
    scheduler.took(head, [], ends=_never)
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
    scheduler.took(scheduler.next_step(), [], ends=_never)
    step = scheduler.next_step()
    scheduler.took(step, [[(9, -1.0)]] * 2, ends=_never)
    assert len(scheduler.cancel(0)) == 3
    assert scheduler.idle


def test_a_preferred_prompt_is_written_while_all_others_stand_still() -> None:
    scheduler = Scheduler(cells=200, sequences=8, batch=64, kept=(40, 3))
    for key in range(6):
        scheduler.add(key, [key] * 4, [[20 + key]] * 4, limit=8)
    for _ in range(4):
        step = scheduler.next_step()
        scheduler.took(step, [[(9, -1.0)]] * len(step.streams), ends=_never)
    scheduler.prefer([5])
    steps = []
    ended = 0
    while ended < 4:
        step = scheduler.next_step()
        steps.append(step)
        taken = scheduler.took(step, [[(9, -1.0)]] * len(step.streams), ends=_never)
        assert {stream.key for stream in step.streams} <= {5}
        ended += len(taken.ended)
    assert [row.token for row in steps[0].rows] == [5] * 4
    assert len(steps[1].streams) == 2  # what was kept free, less one for the head
    scheduler.prefer([])
    assert {stream.key for stream in scheduler.next_step().streams} == {0}


def test_without_a_preferred_prompt_the_kept_room_stays_free() -> None:
    scheduler = Scheduler(cells=500, sequences=10, batch=64, kept=(100, 4))
    scheduler.add(0, [1] * 4, [[2]] * 30, limit=8)
    scheduler.took(scheduler.next_step(), [], ends=_never)
    assert len(scheduler.next_step().streams) == 5


def _never(stream: Stream, token: int) -> bool:
    return False


def test_texts_of_a_block_read_it_once_and_part_with_their_first_tokens() -> None:
    scheduler = Scheduler(cells=100, sequences=8, batch=64)
    scheduler.add(0, [1, 1], [[2, 3]], limit=4, others=[[[], []]])
    scheduler.took(scheduler.next_step(), [], ends=_never)
    step = scheduler.next_step()
    assert [row.token for row in step.rows] == [2, 3]
    taken = scheduler.took(step, [[(7, -1.0), (8, -2.0), (9, -3.0)]], ends=_never)
    assert len(taken.parted) == 2
    then = scheduler.next_step()
    assert [(row.token, row.position) for row in then.rows] == [(7, 4), (8, 4), (9, 4)]
    assert [stream.draw for stream in then.streams] == [0, 1, 2]
    assert [stream.logprob for stream in then.streams] == [-1.0, -2.0, -3.0]
    assert len(scheduler.cancel(0)) == 4
    assert scheduler.idle


def test_a_text_to_weigh_is_fed_at_once_and_sums_its_tokens() -> None:
    scheduler = Scheduler(cells=100, sequences=8, batch=64)
    scheduler.add(0, [1, 1], [[2, 3]], limit=4, others=[[[7, 8, 9], [6, 9]]])
    scheduler.took(scheduler.next_step(), [], ends=_never)
    step = scheduler.next_step()
    assert step.given == ((None, 7, 6),)
    unlikely = (6, FLOOR - 1)
    taken = scheduler.took(step, [[(5, -0.1), (7, -1.0), unlikely]], ends=_never)
    assert [(s.draw, complete) for s, complete in taken.ended] == [(2, False)]
    then = scheduler.next_step()
    assert [(row.token, row.position, row.writes) for row in then.rows] == [
        (5, 4, True),
        (7, 4, True),
        (8, 5, True),
    ]
    assert then.given == ((None,), (8,), (9,))
    taken = scheduler.took(then, [[(5, -0.1)], [(8, -2.0)], [(9, -3.0)]], ends=_never)
    assert [(s.draw, s.logprob, done) for s, done in taken.ended] == [(1, -6.0, True)]
