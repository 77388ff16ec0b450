"""What is imported when: each in a fresh interpreter."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.conftest import comments

ROOT = Path(__file__).parents[2]
HEAVY = {"textual", "sqlalchemy", "sqlglot", "duckdb"}
HEAVY |= {"llama_cpp", "numpy", "torch", "httpx", "ray"}


def loaded(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def imported(code: str) -> set[str]:
    return {name.split(".")[0] for name in loaded(code)}


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, tui.cli; sys.argv[1:] = ['--help']\n"
    assert not imported(f"{code}try: tui.cli.main()\nexcept SystemExit: pass") & HEAVY


def test_a_command_does_not_load_the_others() -> None:
    code = "import tui.cli; tui.cli.app(['tables', '--help'], standalone_mode=False)"
    found = loaded(code)
    assert "tui.commands.tables" in found
    assert not found & {"tui.commands.draft", "tui.commands.learn", "tui.commands.log"}


def test_options_are_read_without_pydantic() -> None:
    """typer 0.29 imports it, a tenth of the time to the first tables."""
    code = "import tui.cli\ntry: tui.cli.app(['--seed', '1', 'tables', 'nowhere'], "
    code += "standalone_mode=False)\nexcept Exception as error: print(error)"
    found = loaded(code)
    assert "tui.commands.tables" in found
    assert "pydantic" not in found


def test_the_first_picture_and_the_first_tables_load_only_their_own() -> None:
    """Every second import was for what is opened later, a quarter of a second."""
    picture = loaded("import tui.commands.open, tui.app.app")
    assert "tui.app.screens.picker" in picture
    later = {"tui.app.screens.catalog", "tui.flow.background", "model.library"}
    assert not picture & later
    tables = loaded("import tui.app.app, tui.app.screens.catalog, tui.flow.background")
    later = {f"tui.app.screens.{name}" for name in ("review", "sample", "questions")}
    later |= {"tui.flow.drafting", "tui.flow.engines", "model.draft", "model.library"}
    assert not tables & later


def test_commands_that_read_never_load_textual_or_llama() -> None:
    code = "import tui.cli, tui.flow.drafting, tui.flow.scanning, connectors.connect"
    assert not imported(code) & {"textual", "llama_cpp", "torch", "httpx"}


@pytest.mark.parametrize("package", ["catalog", "connectors", "model"])
def test_the_core_works_without_a_screen(package: str) -> None:
    code = f"""
import importlib, pkgutil, {package}
for info in pkgutil.walk_packages({package}.__path__, "{package}."):
    if "training" not in info.name and "evaluation" not in info.name:
        importlib.import_module(info.name)
"""
    assert not imported(code) & {"textual", "typer"}


def test_what_is_declared_is_imported() -> None:
    """duckdb-engine was installed for years, and nothing needed it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {normal(re.split(r"[^\w.-]", d)[0]) for d in project["dependencies"]}
    there = packages_distributions()
    found: set[str] = set()
    for folder in ("catalog", "connectors", "model", "tui"):
        for path in (ROOT / folder).rglob("*.py"):
            for module in modules(path):
                found.update(map(normal, there.get(module.split(".")[0], ())))
                found.add(normal(module))  # a namespace has the packages of many
    assert declared - found == set()


def modules(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_duckdb_needs_no_dialect_of_sqlalchemy(shop: Path, tiny_model: Path) -> None:
    """Scanned, drafted and written where duckdb-engine cannot be imported."""
    url = f"duckdb:///{shop}"
    for command in (
        ["scan", url],
        ["--model", str(tiny_model), "draft", url],
        ["accept", url, "--all"],
        ["apply", url, "--yes"],
    ):
        code = (
            "import sys; sys.modules['duckdb_engine'] = None;"
            "from tui.cli import main; main()"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, *command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert comments(shop)["sales", "orders", None]
