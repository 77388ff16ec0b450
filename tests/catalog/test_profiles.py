from __future__ import annotations

import pytest

from catalog.objects import Profile
from catalog.profiles import divergence

OPEN = Profile(100, 0.0, 3, codes=("closed", "open", "paid"))


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (OPEN, Profile(9, 0.1, 2, codes=("open", "paid")), ""),
        (OPEN, Profile(9, 0.0, 2, codes=("A", "B")), "other codes"),
        (OPEN, Profile(900, 0.0, 800), "codes in one"),
        (OPEN, Profile(0, 0.0, 0), ""),
        (Profile(9, 0.0, 9), Profile(9, 0.9, 1), "90% null beside 0%"),
        (
            Profile(9, 0.0, 9, "1", "9"),
            Profile(9, 0.0, 9, "1000", "9000"),
            "from 1000 to 9000",
        ),
        (Profile(9, 0.0, 9, "1", "9"), Profile(9, 0.0, 9, "5", "90"), ""),
        (
            Profile(9, 0.0, 9, "2020-01-01", "2020-12-31"),
            Profile(9, 0.0, 9, "2026-01-01", "2026-02-01"),
            "",
        ),
        (
            Profile(9, 0.0, 9, patterns=("AAA-999",)),
            Profile(9, 0.0, 9, patterns=("a@a.a",)),
            "values like a@a.a",
        ),
    ],
)
def test_profiles_agree_unless_they_cannot_mean_the_same(
    one: Profile, other: Profile, words: str
) -> None:
    assert divergence(one, other).startswith(words)
    assert bool(divergence(one, other)) == bool(words)
    assert bool(divergence(other, one)) == bool(words)
