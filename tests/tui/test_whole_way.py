"""From a base to a model whose drafts the app shows, one command a step."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("gguf")
pytest.importorskip("transformers")
pytest.importorskip("peft")

from tests.model.training import tiny_huggingface
from tui.app.app import ColumnistApp
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.review import ReviewScreen
from tui.app.widgets.row_list import RowList
from tui.flow.settings import Settings

COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]


def run(*arguments: object) -> str:
    done = subprocess.run(
        [*COLUMNIST, *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_a_model_made_by_commands_drafts_in_the_app(
    tmp_path: Path, settings: Settings
) -> None:
    base, out, models = tmp_path / "base", tmp_path / "run", tmp_path / "models"
    tiny_huggingface.write(base)
    data = tiny_huggingface.corpus(tmp_path / "data.jsonl")
    run(
        *("train", "finetune", base, "--data", data, "--out", out, "--merge"),
        *("--steps", 60, "--tokens", 500, "--learning-rate", 1e-2),
    )
    run("train", "export", out, "--out", models, "--name", "own")
    model = models / "own.Q8_0.gguf"
    lineage = json.loads(run("models", "show", model, "--json"))
    assert lineage["lineage"][0]["figures"]["step"] == 60

    # A table that it has seen: so small a model can do no more than learn by heart.
    record = tiny_huggingface.records(4)[3]
    shop = tmp_path / "shop.duckdb"
    names = ", ".join(f'"{column["name"]}" INTEGER' for column in record["columns"])
    with duckdb.connect(str(shop)) as connection:
        connection.execute(f'CREATE TABLE "{record["table"]}" ({names})')
    url = f"duckdb:///{shop}"
    given = ("--workspace", settings.workspace, "--model", model)
    drafted = json.loads(run(*given, "draft", url, "--json"))
    assert drafted["model"] == "own"
    told = [
        json.loads(line)
        for line in run(*given, "suggestions", url, "--jsonl").splitlines()
    ]
    by_model = [each["text"] for each in told if each["source"] == "model"]
    assert by_model

    app = ColumnistApp(settings, url)
    async with app.run_test(size=(160, 48)) as pilot:
        for _ in range(600):
            await pilot.pause(0.05)
            if isinstance(app.screen, CatalogScreen) and len(
                app.screen.query_one("#tables", RowList).found
            ):
                break
        await app.workers.wait_for_complete()
        await pilot.pause(0.3)
        await pilot.press("enter")
        for _ in range(600):
            await pilot.pause(0.05)
            if isinstance(app.screen, ReviewScreen):
                break
        await app.workers.wait_for_complete()
        await pilot.pause(0.3)
        shown = app.export_screenshot().replace("&#160;", " ")
        assert any(text[:20] in shown for text in by_model), by_model
        app.close_session()
