"""What is imported when: each in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ["textual", "sqlalchemy", "sqlglot", "duckdb", "llama_cpp", "numpy", "torch"]


def imported(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in done.stdout.split()}


def test_help_loads_nothing_heavy() -> None:
    assert not imported("import tui.cli") & set(HEAVY)


def test_commands_that_read_never_load_textual_or_llama() -> None:
    code = "import tui.cli, tui.jobs, tui.session, connectors.connect"
    assert not imported(code) & {"textual", "llama_cpp", "torch"}


@pytest.mark.parametrize("package", ["catalog", "connectors", "model"])
def test_the_core_works_without_a_screen(package: str) -> None:
    code = f"""
import importlib, pkgutil, {package}
for info in pkgutil.walk_packages({package}.__path__, "{package}."):
    if "training" not in info.name and "evaluation" not in info.name:
        importlib.import_module(info.name)
"""
    assert not imported(code) & {"textual", "typer"}
