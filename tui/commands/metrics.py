"""`columnist metrics`: how decisions went, by model and month, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Annotated

import typer

from catalog.metrics import Acceptance, DecisionLog, Metrics
from catalog.workspace import Workspace
from model.evaluation.agreement import Share, fall, wilson
from tui import console
from tui.commands.opening import open_session
from tui.commands.options import Json, settings
from tui.text import count, plain


def run(
    context: typer.Context,
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]",
            help="SQLAlchemy URL, or the name of a saved connection; all databases of"
            " the workspace without it.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Acceptance by model and month, reasons, whose words stand, decisions a minute.

    A text counts as accepted if it was taken as drafted; one that was edited or
    rejected was not good enough. Intervals hold with 95 % confidence (Wilson).
    """
    if url is None:
        with Workspace(settings(context).workspace) as workspace:
            found = DecisionLog(workspace).metrics()
    else:
        session = open_session(settings(context), url)
        try:
            found = DecisionLog(session.workspace, session.database_id).metrics()
        finally:
            session.close()
    warnings = list(falls(found.acceptance))
    if json:
        console.out_json({**as_json(found), "warnings": warnings})
        return
    for line in _lines(found):
        console.out(line)
    for warning in warnings:
        console.note(f"columnist: {warning}")


def falls(acceptance: Sequence[Acceptance]) -> Iterator[str]:
    """A sentence for each origin whose acceptance fell from its last month but one.

    Only where chance is an unlikely reason: the 95 % interval of the difference has no
    0 in it.
    """
    for (source, model), of_origin in groupby(
        acceptance, key=lambda each: (each.source, each.model)
    ):
        months = [each for each in of_origin if each.decided]
        for before, after in list(pairwise(months))[-1:]:
            lost = fall(
                (before.accepted, before.decided), (after.accepted, after.decided)
            )
            if lost is not None and lost.low > 0:
                yield (
                    f"acceptance of {_origin(source.value, model)} fell from"
                    f" {before.accepted / before.decided:.0%} in {before.month} to"
                    f" {after.accepted / after.decided:.0%} in {after.month}"
                    f" (by {lost.low:.0%} at least)."
                )


def as_json(found: Metrics) -> dict[str, object]:
    """The contract's shape of the figures."""
    whose = found.provenance
    return {
        "acceptance": [
            {
                "source": each.source.value,
                "model": each.model,
                "month": each.month,
                "decided": each.decided,
                "accepted": each.accepted,
                "edited": each.edited,
                "rejected": each.rejected,
                **_rate(wilson(each.accepted, each.decided)),
                "mean_edit_distance": (
                    round(each.distance / each.edited, 1) if each.edited else None
                ),
            }
            for each in found.acceptance
        ],
        "reasons": [
            {"reason": reason, "count": number} for reason, number in found.reasons
        ],
        "comments": {
            "written": whose.comments,
            "machine": whose.machine,
            "machine_edited": whose.edited,
            "imported": whose.imported,
            "human": whose.human,
            "unknown": whose.unknown,
            "machine_assisted": _rounded(whose.assisted),
        },
        "pace": {
            "decisions": found.pace.decisions,
            "minutes": round(found.pace.seconds / 60, 2),
            "decisions_per_minute": _rounded(found.pace.per_minute),
        },
    }


def _rate(share: Share | None) -> dict[str, float | None]:
    return {
        "acceptance": _rounded(share.share if share else None),
        "low": _rounded(share.low if share else None),
        "high": _rounded(share.high if share else None),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _origin(source: str, model: str | None) -> str:
    return f"{source} ({plain(model)})" if model else source


def _lines(found: Metrics) -> Iterator[str]:
    if not found.acceptance and not found.provenance.comments:
        yield "Nothing has been decided yet. `columnist open` shows what waits."
        return
    if found.acceptance:
        yield (
            f"{'month':<8} {'texts by':<32} {'decided':>8} {'accepted':>9}"
            f" {'95 %':>10} {'edited':>7} {'rejected':>9}"
        )
    for each in sorted(found.acceptance, key=lambda each: each.month, reverse=True):
        share = wilson(each.accepted, each.decided)
        if share is None:
            continue
        interval = f"{share.low:.0%} to {share.high:.0%}"
        yield (
            f"{each.month:<8} {_origin(each.source.value, each.model):<32}"
            f" {each.decided:>8,} {share.share:>9.0%} {interval:>10}"
            f" {each.edited:>7,} {each.rejected:>9,}"
        )
    if found.reasons:
        reasons = ", ".join(
            f"{number:,} {plain(reason or 'without a reason')}"
            for reason, number in found.reasons
        )
        yield f"Rejected: {reasons}."
    whose = found.provenance
    if whose.assisted is not None:
        yield (
            f"Comments that Columnist wrote and that stand: {whose.comments:,},"
            f" {whose.assisted:.0%} machine-assisted ({whose.machine:,} as drafted,"
            f" {whose.edited:,} edited), {whose.human:,} in your words,"
            f" {whose.imported:,} imported"
            + (f", {whose.unknown:,} of unknown origin." if whose.unknown else ".")
        )
    if found.pace.per_minute is not None:
        yield (
            f"Pace: {found.pace.per_minute:.1f} decisions a minute, over"
            f" {count(found.pace.decisions, 'decision')} one by one."
        )
