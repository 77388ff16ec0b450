"""`columnist evaluate`: how good descriptions are, by people, by models, by figures."""

from __future__ import annotations

import typer

from tui.commands import audit, judge, score, voting

app = typer.Typer(
    help="Compare systems: by figures (score), or blind (audit; sheet, vote, judge,"
    " report).",
    rich_markup_mode=None,
)
app.command("sheet")(voting.run_sheet)
app.command("vote")(voting.run_vote)
app.command("report")(voting.run_report)
app.command("judge")(judge.run)
app.command("score")(score.run)
app.add_typer(audit.app, name="audit")
