"""`columnist models known` as a person uses it."""

from __future__ import annotations

import json

import pytest

from tui.cli import app


def test_known_systems_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    app(["models", "known"], standalone_mode=False)
    shown = capsys.readouterr().out.splitlines()
    assert any(line.startswith("Shopify ") and "62 tables" in line for line in shown)
    assert shown[-1] == "52 systems, 603 tables."


def test_known_systems_are_listed_for_scripts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app(["models", "known", "--json"], standalone_mode=False)
    systems = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert systems["GitHub"] == {
        "name": "GitHub",
        "sources": ["fivetran/dbt_github", "fivetran/dbt_github_source"],
        "licences": ["Apache-2.0"],
        "tables": 5,
        "columns": 30,
    }
