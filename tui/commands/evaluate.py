"""`columnist evaluate`: how good descriptions are, by people, by models, by figures."""

from __future__ import annotations

import typer

from tui.commands import score

app = typer.Typer(
    help="Compare systems: by figures (score), or blind (sheet, vote, judge, report).",
    rich_markup_mode=None,
)
app.command("score")(score.run)
