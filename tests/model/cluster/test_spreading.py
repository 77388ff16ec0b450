"""Every table is drafted once, whatever ends workers; what ends them all is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from model.cluster.spreading import TABLES_AN_ACTOR, Hand, Spread


@given(
    st.integers(1, 60),
    st.sets(st.integers(0, 59), max_size=4),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_each_comes_back_once_and_what_ends_workers_is_given_up(
    tables: int, poison: set[int], workers: int, random: object
) -> None:
    choose = random.choice  # type: ignore[attr-defined]
    spread, hands = Spread(), [Hand() for _ in range(workers)]
    came: list[int] = []
    given_up: list[int] = []
    for key in range(tables):
        spread.add(key, b"job")
    lost = 0
    while spread.assign(hands) or any(hand.tables for hand in hands):
        assert all(len(hand.tables) <= TABLES_AN_ACTOR for hand in hands)
        at = [hand for hand in hands if hand.tables]
        hand = choose(at)
        key = choose(sorted(hand.tables))
        # Innocent workers end now and then, too: their machine is gone.
        dies = key in poison
        gone = not dies and lost < 3 and choose(range(9)) == 0
        if dies or gone:
            lost += gone
            given_up += spread.lost(hand, suspect=dies)
            assert not spread.came(hand, key)
            hands[hands.index(hand)] = Hand()
        else:
            assert spread.came(hand, key)
            assert not spread.came(hand, key)
            came.append(key)
    poisoned = {key for key in poison if key < tables}
    assert sorted(came + given_up) == list(range(tables))
    assert set(given_up) == poisoned
    assert not spread.jobs
