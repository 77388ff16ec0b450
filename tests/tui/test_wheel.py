"""The wheel, in an environment that has nothing else of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from model.library import ModelFile

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.gguf
def test_the_console_script_of_a_built_wheel_does_the_whole_demo(
    tmp_path: Path, own_model: ModelFile
) -> None:
    """Everything that has to ship is in the wheel: adapter, prompts, styles, demo."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            str(tmp_path),
            str(ROOT),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    home = tmp_path / "clean"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", wheel], check=True
    )
    # The dependencies of this environment, without the checkout: building llama.cpp
    # again would take minutes and prove nothing about the wheel.
    site = sysconfig.get_path("purelib")
    (library,) = (home / "lib").glob("python*/site-packages")
    (library / "dependencies.pth").write_text(f"{site}\n")
    # Our own editable install would be found through it.
    environment = {**os.environ, "PYTHONPATH": str(library)}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [home / "bin" / "columnist", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = subprocess.run(
        [python, "-c", "import tui, columnist_assets; print(tui.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment,
    ).stdout
    assert str(home) in where
    assert "columnist" in run("--version")
    url = run("demo", "--path").strip()
    run("scan", url)
    # The adapter that ships is the one that the model was merged with.
    assert "Nothing to do" in run("models", "fetch")
    drafted = run("draft", url, "--limit", "3")
    assert own_model.name in drafted
    run("models", "verify")
    app = subprocess.run(
        [python, "-c", "from tui.app.app import ColumnistApp as A; print(A.CSS_PATH)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment,
    )
    assert "tcss" in app.stdout
    for file in ("app/app.tcss", "app/screens/figures.tcss", "flow/report.html"):
        assert (library / "tui" / file).is_file()
