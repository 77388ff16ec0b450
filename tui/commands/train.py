"""`columnist train`: a model of one's own, one command a step."""

from __future__ import annotations

import typer

from tui.commands import export_model, finetune, train_data

app = typer.Typer(
    help="Make a model of your own: data, fine-tuning, export.",
    rich_markup_mode=None,
)
app.command("data")(train_data.run)
app.command("finetune")(finetune.run)
app.command("export")(export_model.run)
