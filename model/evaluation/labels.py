"""Labels of an audit: CSV with `item,judge,label`, and what they come to.

2 is to accept a text as it is, 1 that it is true but wants an edit, 0 that it is wrong,
invented or garbled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from catalog.errors import UsageError
from catalog.intervals import wilson
from model.evaluation.audit import AuditKey, AuditText
from model.evaluation.ballots import Ballot, BallotFile
from model.evaluation.tally import alike, rounded, share_data

NAMES = {2: "accepted", 1: "edit", 0: "wrong"}
"""What reports call the labels."""
BINS = 10
"""Of said confidence, equally wide."""
SURE = 0.8
"""Confidence from which a text is offered as one to accept."""

Said = Mapping[str, int]
"""The label of one item by judge."""


Label = Ballot[int]
LABELS = BallotFile(
    "label",
    {"2": 2, "1": 1, "0": 0},
    noun="audit",
    digits=4,
    wrong=UsageError,
    foreign=UsageError,
    unfilled=True,
)


def by_item(labels: Iterable[Label]) -> dict[str, dict[str, int]]:
    """The labels of every item by judge.

    Raises:
        UsageError: a judge gave one item different labels.
    """
    said: dict[str, dict[str, int]] = defaultdict(dict)
    for one in labels:
        before = said[one.item].setdefault(one.judge, one.choice)
        if before != one.choice:
            raise UsageError(
                f"{one.judge} labelled {one.item} both {before} and {one.choice}.",
                "Keep one of the two lines.",
            )
    return dict(said)


def keep(
    folder: Path, items: Collection[str], judge: str, labels: Mapping[str, int]
) -> None:
    """Save all labels of a judge beside an audit; they are on disk on return.

    Raises:
        ColumnistError: they cannot be saved.
    """
    # Read again each time: others may be labelling in the same folder.
    others = [one for one in LABELS.kept(folder, items) if one.judge != judge]
    own = (Ballot(item, judge, label) for item, label in labels.items())
    LABELS.keep(folder, [*others, *own])


def report(key: AuditKey, said: Mapping[str, Said]) -> dict[str, Any]:
    """The outcome as one document, columns and tables apart.

    A pooled share is the mean over an item's judges, then over items; its interval is
    Wilson's of as many trials as there are items, since labels of one item are not
    independent.
    """
    judges = sorted({judge for each in said.values() for judge in each})
    return {
        "data": key.data,
        "items": len(key.items),
        "labelled": len(said),
        "judges": judges,
        **alike(said, judges, tuple(NAMES)),
        "columns": _kind(key, said, judges, tables=False),
        "tables": _kind(key, said, judges, tables=True),
    }


def _kind(
    key: AuditKey, said: Mapping[str, Said], judges: Sequence[str], *, tables: bool
) -> dict[str, Any]:
    asked = key.tables if tables else key.columns
    drafts: dict[str, list[tuple[str, AuditText]]] = {name: [] for name in key.systems}
    for item, place in key.items.items():
        if (place.column is None) is tables:
            for draft in place.drafts:
                drafts[draft.system].append((item, draft))
    return {
        "asked": asked,
        "systems": {
            name: {
                "texts": len(its),
                "missing": asked - len(its),
                **_system([(said[i], d) for i, d in its if i in said], judges),
            }
            for name, its in drafts.items()
        },
    }


def _system(
    drafts: Sequence[tuple[Said, AuditText]], judges: Sequence[str]
) -> dict[str, Any]:
    by_source: dict[str, list[Said]] = defaultdict(list)
    for said, draft in drafts:
        if draft.source:
            by_source[draft.source].append(said)
    return {
        "pooled": shares([said for said, _ in drafts]),
        "judges": {
            judge: shares([{judge: s[judge]} for s, _ in drafts if judge in s])
            for judge in judges
        },
        "sources": {name: shares(each) for name, each in sorted(by_source.items())},
        "confidence": _reliability(
            [(d.confidence, said) for said, d in drafts if d.confidence is not None]
        ),
    }


def shares(items: Sequence[Said]) -> dict[str, Any]:
    """How many items, and the share of each label with its interval."""
    found: dict[str, Any] = {"n": len(items)}
    for label, name in NAMES.items():
        count = sum(list(said.values()).count(label) / len(said) for said in items)
        found[name] = share_data(wilson(count, len(items)))
    return found


def _reliability(said: Sequence[tuple[float, Said]]) -> dict[str, Any] | None:
    """What was said against what was accepted; None where nothing was said."""
    if not said:
        return None
    bins: dict[int, list[tuple[float, Said]]] = defaultdict(list)
    for confidence, labels in said:
        bins[min(int(confidence * BINS), BINS - 1)].append((confidence, labels))
    sure = [labels for confidence, labels in said if confidence >= SURE]
    return {
        "bins": [
            {
                "from": number / BINS,
                "to": (number + 1) / BINS,
                "said": rounded(sum(c for c, _ in its) / len(its)),
                **shares([labels for _, labels in its]),
            }
            for number, its in sorted(bins.items())
        ],
        "sure": {
            "from": SURE,
            "of_all": share_data(wilson(len(sure), len(said))),
            **shares(sure),
        },
    }
