"""`--unpressed` says which keys no test of the app presses."""

from __future__ import annotations

from typing import Any

import pytest
from textual.dom import DOMNode

from tests.tui.test_docs import bindings
from tui.app.app import ColumnistApp

LEFT_OUT = ("test_fuzz", "test_looks", "test_hostile_text")
"""Modules that press keys and do not look at what each of them does."""
PRESSED = {"edit.save"}
"""Ids of what was pressed; a text being edited takes enter for itself."""


@pytest.fixture(autouse=True)
def _note_keys(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.path.stem in LEFT_OUT:
        return
    run_action = ColumnistApp.run_action

    async def run(
        self: ColumnistApp, action: Any, default_namespace: DOMNode | None = None
    ) -> bool:
        bound = default_namespace._bindings.key_to_bindings if default_namespace else {}
        PRESSED.update(
            binding.id or ""
            for each in bound.values()
            for binding in each
            if binding.action == action
        )
        return await run_action(self, action, default_namespace)

    monkeypatch.setattr(ColumnistApp, "run_action", run)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells what was pressed in it."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["pressed"] = sorted(PRESSED)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker told; one that crashed did not."""
    PRESSED.update(getattr(node, "workeroutput", {}).get("pressed", ()))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """One line of ids, or that there is none."""
    if config.getoption("--unpressed"):
        left = [b.id or "" for _, b in bindings() if b.id not in PRESSED]
        told = ", ".join(left) or "none"
        terminalreporter.write_line(f"keys that no test presses: {told}")
