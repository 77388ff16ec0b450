"""A folder for made models, and a way to run a benchmark as its user does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import random_model
from model.library import ModelFile
from tests.conftest import stand_in
from tui.flow.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where made models are kept."""
    return tmp_path_factory.mktemp("benchmarks")


@pytest.fixture
def own_small(own_model: ModelFile, settings: Settings, cache: Path) -> ModelFile:
    """A small model in the place of our own, with the beginning of its vocabulary."""
    path = cache / "own.gguf"
    if not path.exists():
        shape = random_model.Shape(4096, 256, 4, 4, 4, 704, "Q8_0")
        random_model.write_random(path, shape, shape.kind)
    return stand_in(settings, path)


@pytest.fixture
def run() -> Callable[..., Any]:
    """Runs a command as its user does and reads the JSON that it prints."""

    def running(name: str, *options: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", "--json", *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return running
