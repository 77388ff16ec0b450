"""The app under random keys, mouse events and sizes; see `fuzzing`."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.pairs import Pairs
from catalog.suggestion import Draft, Finding, Source
from catalog.workspace import Workspace
from connectors.connect import open_database
from tests.tui.fuzzing import Fuzz, watched
from tui.app import deciding
from tui.app.screens import bulk, rule
from tui.flow import draft_plan, scanning
from tui.flow.session import attach
from tui.flow.settings import Settings

RUNS = int(os.environ.get("COLUMNIST_FUZZ_RUNS", "2"))
EVENTS = int(os.environ.get("COLUMNIST_FUZZ_EVENTS", "200"))
SEED = os.environ.get("COLUMNIST_FUZZ_SEED")
"""One run with this seed, to see a failure again."""
SEEDS = [int(SEED)] if SEED else range(RUNS)


def some_drafts(settings: Settings, file: Path) -> None:
    """A part is drafted before the first key, some of it with findings."""
    session = attach(
        settings, Workspace(settings.workspace), open_database(f"duckdb:///{file}")
    )
    for _ in scanning.scan(session):
        pass
    plan = draft_plan.plan_drafts(session)
    targets = [t for work in plan.work.values() for t in work]
    findings = ((), (Finding.LEAK,), (Finding.RESTATES, Finding.UNSUPPORTED), ())
    for number, target in enumerate(targets[:12]):
        text = None if number % 5 == 4 else f"About {target.name}."
        draft = Draft(target, text, Source.MODEL, number / 12, findings[number % 4])
        session.suggestions.put([(replace(draft, guess="A guess."), None)])
    pairs = Pairs(session.workspace, session.database_id, "shop", ("big", "small"))
    for model in ("big", "small"):  # to choose between
        pairs.put(
            model,
            [
                (Draft(target, f"By {model}.", Source.MODEL, 0.5, model=model), None)
                for target in targets[12:18]
            ],
        )
    session.close()


@pytest.mark.gguf
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_written_that_was_not_accepted_and_confirmed(
    seed: int,
    shop: Path,
    settings: Settings,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(here))  # screenshots go below it
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho " By hand." >> "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    # The demo is there already: another copy of the shop, which is quickly read.
    demo = settings.data / "demo.duckdb"
    demo.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(shop, demo)
    some_drafts(settings, shop)
    if seed % 2:  # in half of the runs a few are a great many
        for module in (deciding, bulk, rule):
            monkeypatch.setattr(module, "AT_ONCE", 0)
    with watched(monkeypatch) as seen:
        fuzz = Fuzz(seed, replace(settings, model=str(tiny_model)), [shop, demo], seen)
        fuzz.run(EVENTS)
    print(
        f"seed {seed}: {fuzz.sent} events, {fuzz.starts} starts, {dict(seen.runs)},"
        f" {len(seen.statements)} statements, screens {dict(fuzz.screens)},"
        f" explained {dict(seen.explained)}"
    )
