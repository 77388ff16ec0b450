"""`columnist metrics`: how decisions went, by model and month, with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import ExitCode
from catalog.intervals import Share
from catalog.metrics import Verdicts
from catalog.pairs import Fate
from catalog.workspace import Workspace
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import HourlyPrice, Json, MaybeUrl, settings
from tui.flow import watching
from tui.flow.cost import Spending
from tui.flow.figures import NOTHING, Figures, apart, between, gather, origin
from tui.flow.pair_votes import PairVotes, vote_lines
from tui.flow.text import count, plain
from tui.flow.two_models import ArmOutcome, Comparison, points


def run(
    context: typer.Context,
    url: MaybeUrl = None,
    json: Json = False,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a report with charts: one file that opens without a network.",
        ),
    ] = None,
    compared: Annotated[
        str | None,
        typer.Option(
            "--compare",
            metavar="A,B",
            help="Compare two models: by votes where both drafted (`draft --both`), by"
            " acceptance where `draft --model A,B` split the tables between them."
            " Columns of one table are not independent, so whole tables are counted, or"
            " drawn again.",
        ),
    ] = None,
    hourly_price: HourlyPrice = None,
    watch_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="For a timer: write weeks, reference and alarms as JSON, print the"
            " alarms and nothing else; exit code 3 if one stands.",
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="FROM..TO",
            help="The weeks that later ones are compared with, as in"
            " 2026-09-01..2026-10-31; all before each of them without it.",
        ),
    ] = None,
) -> None:
    """Acceptance by model and month, reasons, whose words stand, decisions a minute.

    Also how many drafts were shown, and what drafting took: seconds, tokens, energy
    where the machine tells it, and with --hourly-price its cost.

    A text counts as accepted if it was taken as drafted by somebody who had it on the
    screen; one that was edited or rejected was not good enough. Texts accepted in bulk
    unseen are counted apart. Intervals hold with 95 % confidence (Wilson). An alarm
    says what is worse this week than in those before.
    """
    options = settings(context)
    count_all = partial(gather, models=compared, seed=options.seed, reference=reference)
    if url is None:
        with Workspace(options.workspace, waiting=options.waiting) as workspace:
            found = count_all(workspace, None, "all databases")
            spending = Spending.of(workspace, None)
    else:
        with open_session(options, url) as session:
            label = session.database.identity.label
            found = count_all(session.workspace, session.database_id, label)
            spending = Spending.of(session.workspace, session.database_id)
    if html is not None:
        from tui.flow import report

        report.save(found, html)
        console.note(f"columnist: wrote {plain(str(html))}.")
    if watch_file is not None:
        watching.save(found.drift, watch_file, found.label)
    if json:
        console.out_json(as_json(found) | spending.as_json(hourly_price))
    elif watch_file is not None:
        for warning in found.warnings:
            console.out(warning)
    else:
        for line in (*_lines(found), *spending.lines(hourly_price)):
            console.out(line)
        for warning in found.warnings:
            console.note(f"columnist: {warning}")
    if watch_file is not None and found.warnings:
        raise typer.Exit(ExitCode.REFUSED)


def as_json(figures: Figures) -> dict[str, object]:
    """The contract's shape of the figures."""
    found = figures.metrics
    whose = found.provenance
    comparison = figures.comparison
    return {
        "acceptance": [
            {
                "source": each.source.value,
                "model": each.model,
                "month": each.month,
                **_verdicts(each),
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
            "machine_unseen": whose.unseen,
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
        "acceptance_by_kind": [
            {"kind": each.kind, **_verdicts(each)} for each in found.kinds
        ],
        "coverage": [
            {"database": history.label, **asdict(point), "at": point.at.isoformat()}
            for history in figures.coverage
            for point in history.points
        ],
        **({} if comparison is None else {"comparison": _compared(comparison)}),
        "drift": watching.as_json(figures.drift),
        "warnings": list(figures.warnings),
    }


def _compared(comparison: Comparison) -> dict[str, object]:
    def arm(each: ArmOutcome) -> dict[str, object]:
        return {
            "model": each.model,
            "tables": len(each.tables),
            "decided": each.decided,
            "accepted": each.accepted,
            "accepted_unseen": each.unseen,
            **_interval(each.share, "acceptance"),
        }

    return {
        "models": [arm(comparison.first), arm(comparison.second)],
        "difference_by_tables": _interval(comparison.by_tables, "difference"),
        "difference_by_texts": _interval(comparison.by_texts, "difference"),
        "left_out": comparison.left_out,
        "better": comparison.better,
        "verdict": comparison.verdict,
        "votes": None if comparison.votes is None else _voted(comparison.votes),
    }


def _voted(votes: PairVotes) -> dict[str, object]:
    def unit(wins: tuple[int, int], share: Share | None, p: float) -> dict[str, object]:
        named = dict(zip(votes.models, wins, strict=True))
        return {"wins": named, **_interval(share, "share"), "p": round(p, 6)}

    return {
        "models": list(votes.models),
        "votes": votes.votes,
        "by_votes": unit(votes.wins, votes.share, votes.p),
        "by_tables": unit(votes.table_wins, votes.table_share, votes.table_p),
        "finished_tables": len(votes.finished),
        "unfinished_tables": votes.unfinished,
        **{fate.value: votes.fates[fate] for fate in Fate},
        "won_then_edited": votes.edited,
        "better": votes.better,
        "verdict": votes.verdict(),
    }


def _verdicts(each: Verdicts) -> dict[str, float | None]:
    return {
        "decided": each.decided,
        "accepted": each.accepted,
        "edited": each.edited,
        "rejected": each.rejected,
        **_interval(each.share_of_all, "acceptance"),
        "accepted_seen": each.seen,
        "accepted_unseen": each.unseen,
        "accepted_other_wording": each.reworded,
        **_interval(each.share, "acceptance", "_seen"),
    }


def _interval(share: Share | None, name: str, of: str = "") -> dict[str, float | None]:
    return {
        f"{name}{of}": _rounded(share.share if share else None),
        f"low{of}": _rounded(share.low if share else None),
        f"high{of}": _rounded(share.high if share else None),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _lines(figures: Figures) -> Iterator[str]:
    if figures.is_empty:
        yield f"{NOTHING} `columnist open` shows what is to decide."
        return
    found = figures.metrics
    if found.acceptance:
        yield (
            f"{'month':<8} {'texts by':<32} {'read':>8} {'accepted':>9}"
            f" {'95 %':>10} {'edited':>7} {'rejected':>9} {'unseen':>7}"
        )
    for each in sorted(found.acceptance, key=lambda each: each.month, reverse=True):
        taken, ends = "-", "-"
        if (share := each.share) is not None:
            taken, ends = f"{share.share:.0%}", between(share)
        yield (
            f"{each.month:<8} {plain(origin(each.source.value, each.model)):<32}"
            f" {each.read:>8,} {taken:>9} {ends:>10}"
            f" {each.edited:>7,} {each.rejected:>9,} {each.unseen:>7,}"
        )
    yield from apart(found.acceptance)
    if figures.kinds:
        yield (
            "By kind: "
            + ", ".join(
                f"{plain(rate.name)} {share.share:.0%} ({between(share)})"
                f" of {rate.read:,} read"
                for rate in figures.kinds
                if (share := rate.share) is not None
            )
            + "."
        )
    if found.reasons:
        reasons = ", ".join(
            f"{number:,} {plain(reason)}" for reason, number in figures.reasons
        )
        yield f"Rejected: {reasons}."
    whose = found.provenance
    if whose.assisted is not None:
        yield (
            f"Comments that Columnist wrote and that stand: {whose.comments:,},"
            f" {whose.assisted:.0%} machine-assisted"
            f" ({whose.machine - whose.unseen:,} as drafted, {whose.unseen:,} as"
            f" drafted and unseen, {whose.edited:,} edited),"
            f" {whose.human:,} in your words,"
            f" {whose.imported:,} imported"
            + (f", {whose.unknown:,} of unknown origin." if whose.unknown else ".")
        )
    if found.pace.per_minute is not None:
        yield (
            f"Pace: {found.pace.per_minute:.1f} decisions a minute, over"
            f" {count(found.pace.decisions, 'decision')} one by one."
        )
    if (comparison := figures.comparison) is not None:
        yield from _comparison_lines(comparison)


def _comparison_lines(comparison: Comparison) -> Iterator[str]:
    if comparison.votes is not None:
        yield from vote_lines(comparison.votes)
    if comparison.is_split:
        yield from _split_lines(comparison)


def _split_lines(comparison: Comparison) -> Iterator[str]:
    for arm in (comparison.first, comparison.second):
        share = arm.share
        yield (
            f"{plain(arm.model)}: {count(arm.decided, 'text')} of"
            f" {count(len(arm.tables), 'table')} decided"
            + (f", {share.share:.0%} accepted ({between(share)})" if share else "")
            + (f"; {arm.unseen:,} more accepted unseen." if arm.unseen else ".")
        )
    tables, texts = comparison.by_tables, comparison.by_texts
    if tables is not None and texts is not None:
        yield (
            f"Difference: {points(tables)} with whole tables drawn again,"
            f" {points(texts)} if texts were independent (Newcombe)."
        )
    if comparison.left_out:
        yield (
            f"Left out: {count(comparison.left_out, 'text')} of tables that were drawn"
            " for the other model."
        )
    yield comparison.verdict
