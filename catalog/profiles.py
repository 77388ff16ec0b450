"""What a sample is of, and whether two columns of one name hold the same thing."""

from __future__ import annotations

from catalog.objects import Profile, Table

APART = 0.5
"""Null shares that differ by more say that a column means something else."""
SHARED = 0.5
"""Two code lists of one meaning have at least this share of the shorter in common."""


def looked_at(profile: Profile, table: Table) -> str:
    """What a profile's figures are of, in words: they are seldom of all rows."""
    rows, estimate = profile.rows, table.row_estimate or 0
    if profile.whole and rows != 1:
        return f"all {rows:,} rows" if rows else "no rows"
    number = f"{rows:,} row" if rows == 1 else f"{rows:,} rows"
    if profile.whole:
        return number
    if estimate > rows:
        return f"sample of {rows:,} of about {estimate:,} rows"
    return f"sample of {number}"


def divergence(one: Profile, other: Profile) -> str:
    """How two profiles differ, in words; empty where they agree or nobody can tell."""
    if not one.rows or not other.rows:
        return ""
    if one.codes and other.codes:
        shorter = min(len(one.codes), len(other.codes))
        if len(set(one.codes) & set(other.codes)) < SHARED * shorter:
            return "other codes"
    elif bool(one.codes) != bool(other.codes):
        free = other if one.codes else one
        if free.null_share < 1 and free.distinct > 50:
            return "codes in one, free values in the other"
    if abs(one.null_share - other.null_share) > APART:
        return f"{other.null_share:.0%} null beside {one.null_share:.0%}"
    if _apart(one, other):
        return f"from {other.minimum} to {other.maximum}"
    if one.patterns and other.patterns and not set(one.patterns) & set(other.patterns):
        return f"values like {other.patterns[0]}"
    return ""


def _apart(one: Profile, other: Profile) -> bool:
    """Whether two ranges of numbers share nothing; dates grow by themselves."""
    try:
        low, high = float(one.minimum or ""), float(one.maximum or "")
        down, up = float(other.minimum or ""), float(other.maximum or "")
    except ValueError:
        return False
    return high < down or up < low
