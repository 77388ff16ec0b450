"""`columnist train`: the bespoke model, one command a step."""

from __future__ import annotations

import typer

from tui.commands import export_model, finetune, pretrain, train_data

app = typer.Typer(
    help="Make the bespoke model: data, pretraining, fine-tuning, export.",
    rich_markup_mode=None,
)
app.command("data")(train_data.run)
app.command("pretrain")(pretrain.run)
app.command("finetune")(finetune.run)
app.command("export")(export_model.run)
