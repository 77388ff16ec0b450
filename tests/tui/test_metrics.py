"""`columnist metrics` over a workspace that decisions were made in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.suggestion import Draft, Source
from tui.cli import app
from tui.flow.session import open_session
from tui.flow.settings import locate


def decide(workspace: Path, url: str) -> None:
    session = open_session(locate(workspace), url)
    tables = list(session.database.scan())
    targets = [column.id for table in tables for column in table.columns][:4]
    session.suggestions.put(
        (Draft(target, "Drafted.", Source.MODEL, 0.5, model="[b]m\x1b[0m"), None)
        for target in targets
    )
    first, second, third, _ = session.suggestions.all()
    session.suggestions.accept([first])
    session.suggestions.edit(second, "Mine.")
    session.suggestions.reject([third], reason="wrong")
    session.close()


def test_by_command(shop: Path, tmp_path: Path) -> None:
    workspace, url = tmp_path / "w.db", f"duckdb:///{shop}"
    call = ["--workspace", str(workspace), "metrics"]
    runner = CliRunner()
    assert "Nothing has been decided" in runner.invoke(app, call).stdout
    decide(workspace, url)
    for target in ([], [url]):
        done = runner.invoke(app, [*call, *target, "--json"])
        found = json.loads(done.stdout)
        (line,) = found["acceptance"]
        assert line["decided"] == 3
        assert line["acceptance"] == pytest.approx(1 / 3, abs=1e-4)
        assert line["low"] < line["acceptance"] < line["high"]
        assert line["mean_edit_distance"] > 0
        assert found["reasons"] == [{"reason": "wrong", "count": 1}]
        assert found["comments"]["machine_assisted"] is None
        assert found["pace"]["decisions"] == 2
        assert found["warnings"] == []
    shown = runner.invoke(app, call).stdout
    assert "33%" in shown
    assert "1 wrong" in shown
    assert "\x1b" not in shown


def test_acceptance_by_kind_and_coverage_are_told_too(
    shop: Path, tmp_path: Path
) -> None:
    workspace, url = tmp_path / "w.db", f"duckdb:///{shop}"
    decide(workspace, url)
    call = ["--workspace", str(workspace)]
    runner = CliRunner()
    runner.invoke(app, [*call, "scan", url])
    found = json.loads(runner.invoke(app, [*call, "metrics", url, "--json"]).stdout)
    (kind,) = found["acceptance_by_kind"]
    assert kind | {"low": 0, "high": 0} == {
        "kind": "column",
        "decided": 3,
        "accepted": 1,
        "edited": 1,
        "rejected": 1,
        "acceptance": pytest.approx(1 / 3, abs=1e-4),
        "low": 0,
        "high": 0,
        "accepted_seen": 1,
        "accepted_unseen": 0,
        "accepted_other_wording": 0,
        "acceptance_seen": kind["acceptance"],
        "low_seen": kind["low"],
        "high_seen": kind["high"],
    }
    (point,) = found["coverage"]
    assert (point["tables"], point["columns_described"]) == (5, 2)
    shown = runner.invoke(app, [*call, "metrics", url]).stdout
    assert "By kind: column 33% (6% to 79%) of 3 read." in shown


def test_what_was_accepted_unseen_is_told_apart(shop: Path, tmp_path: Path) -> None:
    """`accept --all` made a model as good as one whose every text was read."""
    workspace, url = tmp_path / "w.db", f"duckdb:///{shop}"
    decide(workspace, url)
    call = ["--workspace", str(workspace)]
    runner = CliRunner()
    assert runner.invoke(app, [*call, "accept", url, "--all"]).exit_code == 0
    found = json.loads(runner.invoke(app, [*call, "metrics", url, "--json"]).stdout)
    (line,) = found["acceptance"]
    assert (line["decided"], line["accepted"]) == (4, 2)
    assert (line["accepted_seen"], line["accepted_unseen"]) == (1, 1)
    assert line["acceptance"] == 0.5
    assert line["acceptance_seen"] == pytest.approx(1 / 3, abs=1e-4)
    shown = runner.invoke(app, [*call, "metrics", url]).stdout
    assert "33%" in shown
    assert "1 text was accepted in bulk, unseen: in no share." in shown
    lines = runner.invoke(app, [*call, "suggestions", url, "--jsonl"]).stdout
    edited = [
        each
        for each in map(json.loads, lines.splitlines())
        if each["state"] == "edited"
    ]
    (own,) = edited
    assert (own["source"], own["confidence"], own["model"]) == ("human", None, None)
    assert (own["text"], own["drafted"]) == ("Mine.", "Drafted.")
    (line,) = [
        each
        for each in runner.invoke(app, [*call, "suggestions", url]).stdout.split("\n")
        if each.startswith("edited")
    ]
    assert line.split()[1] == "you"  # and no number beside it
