"""A name of a file or a class means one thing in the whole house."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

FILES = {
    "audit": "the command and its sheet",
    "connections": "the command and the saved connections",
    "decisions": "the command group and the log",
    "demo": "the command and the warehouse it opens",
    "draft": "the command and drafting",
    "figures": "the screen and what is on it",
    "finetune": "the command and fine-tuning",
    "judge": "the command and the judge",
    "ledger": "the ledger, and what of it a writer sees",
    "lineage": "where a model comes from: kept by training, shown by `models show`",
    "metrics": "the command and what it counts",
    "questions": "the command, the screen and the questions",
    "same_name": "the screen and the columns of one name",
    "sequential": "the dialects without transactions, and what writes to them",
    "suggestions": "the command and the suggestions",
}
"""Names of several files, and what they have in common."""

CLASSES = {
    "Ledger": "the ledger, and what of it a writer sees",
}
"""Names of several classes, and what they have in common."""


def product() -> Iterator[Path]:
    for folder in ("catalog", "connectors", "model", "tui"):
        yield from (ROOT / folder).rglob("*.py")


def classes(path: Path) -> Iterator[str]:
    """The public ones; others are known in their file only."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def test_no_name_of_a_file_means_two_things() -> None:
    places = defaultdict(list)
    for path in product():
        if path.stem != "__init__":
            places[path.stem].append(path.relative_to(ROOT))
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert twice.keys() == FILES.keys(), twice


def test_no_name_of_a_class_means_two_things() -> None:
    places = defaultdict(list)
    for path in product():
        for name in classes(path):
            places[name].append(path.relative_to(ROOT))
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert twice.keys() == CLASSES.keys(), twice
