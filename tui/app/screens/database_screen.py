"""What every screen of an open database has: its drafting, and keys that lead on."""

from __future__ import annotations

from tui.app.screens.working import WorkingScreen
from tui.app.widgets.status_line import StatusLine
from tui.flow.background import BackgroundDrafting
from tui.flow.session import Session


class DatabaseScreen(WorkingScreen[None]):
    """A screen on which the steward decides about what is in an open database.

    Args:
        session: the database.
        drafting: drafts beside it.
    """

    def __init__(self, session: Session, drafting: BackgroundDrafting) -> None:
        super().__init__()
        self._session = session
        self._drafting = drafting

    def _say(self, doing: str = "", idle: str = "") -> None:
        """Tell in the status line what is under way."""
        line = self._drafting.status(doing, idle)
        self.query_one(StatusLine).activity = line

    def action_write(self) -> None:
        """Every statement that would be written."""
        # It brings pygments, and the first screen comes sooner without it.
        from tui.app.screens.write import WriteScreen

        self.app.push_screen(WriteScreen(self._session, self._drafting))

    def action_questions(self) -> None:
        """The names whose meaning would explain the most."""
        from tui.app.screens.questions import QuestionsScreen

        self.app.push_screen(QuestionsScreen(self._session, self._drafting))
