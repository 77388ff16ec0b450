"""The Textual app: the first screen, keys of every screen, looks, and its end."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import events, on
from textual.app import App, ScreenStackError
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.errors import NoWidget
from textual.screen import ModalScreen, Screen
from textual.theme import Theme, ThemeProvider
from textual.widgets import Input

from catalog.errors import ColumnistError, ExitCode, UsageError
from tui.app.appearance import read_theme, write_theme
from tui.app.desk import Desk
from tui.app.ending import Ending
from tui.app.in_order import InOrder
from tui.app.keys import read_keymap
from tui.app.palette import KeyCommands, Palette
from tui.app.races import close_races
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.help import HelpModal, bindings_in_force
from tui.app.screens.picker import PickerScreen
from tui.app.screens.too_small import HEIGHT, WIDTH, TooSmallModal
from tui.app.screens.working import WorkingScreen
from tui.app.terminal import Terminal
from tui.app.theme import THEMES
from tui.flow.settings import Settings
from tui.flow.text import pasted, plain

STEWARDS = frozenset(("decide", "report", "script", "sign", "write"))
"""Work that quitting waits for: the steward asked for it, and it cannot go on later."""


class ColumnistApp(Desk, InOrder):
    """Columnist in the terminal.

    Args:
        settings: global options.
        target: URL or saved connection; None opens the picker.
        first: makes the first screen; None is the picker.
    """

    TITLE = "Columnist"
    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar[set[Any]] = {*App.COMMANDS, KeyCommands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "Help", id="app.help", key_display="?"),
        # First of all: questions have keys of their own, and hide the app's.
        Binding("ctrl+q", "leave", "Quit", show=False, priority=True, id="app.quit"),
        Binding("ctrl+c", "leave", "Quit", show=False, id="app.interrupt"),
        Binding(
            "ctrl+z",
            "suspend",
            "Suspend",
            show=False,
            priority=True,
            id="app.suspend",
            tooltip="Back to the shell, whose fg goes on here",
        ),
    ]

    def __init__(
        self,
        settings: Settings,
        target: str | None,
        first: Callable[[], Screen[None]] | None = None,
    ) -> None:
        super().__init__(settings)
        close_races()
        self._first = first
        self.settings = replace(settings, waiting=self._tell_waiting)
        self.target = target
        self.fatal: ColumnistError | None = None
        self.ending: Ending | None = None
        self._leaving = False
        self._runs_on: asyncio.AbstractEventLoop | None = None

    def get_driver_class(self) -> type[Driver]:
        """Ours in the place of Textual's for terminals."""
        found = super().get_driver_class()
        return Terminal if found is LinuxDriver else found

    def on_mount(self) -> None:
        """Look, keys and the first screen."""
        for theme in THEMES:
            self.register_theme(theme)
        chosen = read_theme(self._appearance)
        known = chosen in self.available_themes
        self.theme = chosen if chosen and known else THEMES[0].name
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        self.set_keymap(read_keymap(self.settings.connections.with_name("keys.toml")))
        self.push_screen(self._first() if self._first else PickerScreen(self.target))
        self._fit()
        self._runs_on = asyncio.get_running_loop()

    def _tell_waiting(self, held: str) -> None:
        """Say what a thread waits for; the screen's own waits are errors."""
        self.notify(plain(held), severity="warning", markup=False)

    @property
    def _appearance(self) -> Path:
        return self.settings.connections.with_name("appearance.toml")

    def _keep_theme(self, theme: Theme) -> None:
        try:
            if read_theme(self._appearance) != theme.name:
                write_theme(self._appearance, theme.name)
        except ColumnistError as error:
            self.explain(error, "Keeping the theme")

    def on_resize(self, event: events.Resize) -> None:
        """A terminal that is too small is said so, not drawn into."""
        # Textual takes the new size in after this handler.
        self.call_later(self._fit)

    @on(events.AppFocus)
    @on(events.AppBlur)
    def _focus_changed(self, event: events.AppFocus | events.AppBlur) -> None:
        if self.drafting is not None:
            self.drafting.in_focus(isinstance(event, events.AppFocus))

    @on(PickerScreen.Opened)
    def _opened(self, event: PickerScreen.Opened) -> None:
        """Show the database that was chosen."""
        # A third of what is imported, and the first picture needs none of it.
        from tui.app.screens.catalog import CatalogScreen
        from tui.flow.background import BackgroundDrafting

        session = event.session
        if self.session is not None:  # enter was pressed twice
            session.close()
            return
        self.session = session
        self.drafting = BackgroundDrafting(
            session, tell=partial(self.notify, markup=False)
        )
        while isinstance(self.screen, ModalScreen):
            self.pop_screen()  # it would come up again under what it was opened over
        self.push_screen(CatalogScreen(session, self.drafting))
        for line in session.notes:
            self.notify(plain(line), markup=False)
        self.call_later(self._fit)

    def exit(self, *arguments: Any, **options: Any) -> None:
        """End the app; work in threads is told first, or the process would wait."""
        self._leaving = True
        for screen in self.screen_stack:
            if isinstance(screen, WorkingScreen):
                with suppress(ColumnistError):  # a full disk is no reason to stay
                    screen.remember()
        if self.drafting is not None:
            self.drafting.stop()
        kept = any(w.group in STEWARDS and not w.is_finished for w in self.workers)
        if self.ending is not None and self.fatal is None and not kept:
            self.ending.begin()
        self.workers.cancel_all()
        super().exit(*arguments, **options)

    def told_to_end(self) -> None:
        """End, as a signal or the terminal says; from any thread."""
        if (editor := self.editor) is not None:
            editor.terminate()  # the loop waits for it
        if self._runs_on is not None:
            with suppress(RuntimeError):  # it is over
                self._runs_on.call_soon_threadsafe(self._end_as_told)

    def _end_as_told(self) -> None:
        if not self._leaving:
            self.exit(return_code=ExitCode.INTERRUPTED)

    def give_back(self) -> None:
        """Give the terminal back at once, and end the editor; from any thread."""
        if (editor := self.editor) is not None:
            editor.kill()
        if isinstance(self._driver, Terminal):
            self._driver.give_back()

    async def on_event(self, event: events.Event) -> None:
        """The mouse on what was just taken away ended the app (Textual 8.2)."""
        if isinstance(event, (events.MouseDown, events.MouseMove)):
            with suppress(NoWidget, ScreenStackError):
                if not self.get_widget_at(event.x, event.y)[0].is_attached:
                    return
        if isinstance(event, events.Paste) and not event.is_forwarded:
            event.text = self._fitting(pasted(event.text))
        await super().on_event(event)

    @property
    def clipboard(self) -> str:
        """What was copied here, to be pasted without what nobody sees."""
        return self._fitting(pasted(super().clipboard))

    def _fitting(self, text: str) -> str:
        """Text for what has the focus: a field has one line, and drops the others."""
        return " ".join(text.split()) if isinstance(self.focused, Input) else text

    async def run_action(self, *arguments: Any, **options: Any) -> bool:
        """A full disk or a locked workspace in a key's action is no reason to end."""
        try:
            return await super().run_action(*arguments, **options)
        except ColumnistError as error:
            self.explain(error)
            return True

    def _handle_exception(self, error: Exception) -> None:
        """Elsewhere it ends the app, with two lines instead of a traceback."""
        if self._leaving and isinstance(error, (NoMatches, ScreenStackError)):
            return  # keys typed after the last one find nothing to act on
        if isinstance(error, ColumnistError):
            self.fatal = error
            self.exit(return_code=error.exit_code)
            return
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """A defect's traceback without the values of variables: one is a password."""
        from rich.segment import Segments
        from rich.traceback import Traceback

        self.bell()
        traceback = Traceback(show_locals=False, width=None)
        self._exit_renderables.append(
            Segments(self.console.render(traceback, self.console.options))
        )
        self._close_messages_no_wait()

    # Keys of every screen

    def action_help(self) -> None:
        """The keys of the screen on top."""
        screen = self.screen
        lead = (type(screen).__doc__ or "").strip().split("\n")[0]
        keys = [
            (self.get_key_display(b), b.tooltip or b.description)
            for _, b in bindings_in_force(screen)
        ]
        signs = screen.LEGEND if isinstance(screen, WorkingScreen) else ()
        self.push_screen(HelpModal(screen.title or "Columnist", lead, keys, signs))

    def action_leave(self) -> None:
        """Copy a selection if there is one, else ask to quit."""
        if (selected := self.screen.get_selected_text()) is not None:
            self.copy_to_clipboard(selected)
            self.notify("Copied.")
            return
        if isinstance(self.screen, (ConfirmModal, TooSmallModal)):
            self.exit()  # asked already, or there is no room to ask
            return

        details = ["Decisions are saved; nothing unwritten is lost."]
        if self.drafting is not None and self.drafting.running:
            details.append("Drafting stops, and goes on when you draft again.")
        self.confirm("Quit Columnist?", details, self.exit)

    def action_suspend(self) -> None:
        """Stop, with the terminal given back, until the shell's `fg`."""
        if not (isinstance(self._driver, Terminal) and self._driver.suspend()):
            self.notify("No shell is behind this terminal that fg could be typed in.")

    def action_command_palette(self) -> None:
        """Everything that can be done here, by name."""
        if not any(isinstance(screen, Palette) for screen in self.screen_stack):
            self.push_screen(Palette())

    def search_themes(self) -> None:
        """All colour themes, by name."""
        self.push_screen(
            Palette(providers=[ThemeProvider], placeholder="Search for themes…")
        )

    def _fit(self) -> None:
        small = self.size.width < WIDTH or self.size.height < HEIGHT
        covered = isinstance(self.screen, TooSmallModal)
        if small and not covered:
            self.push_screen(TooSmallModal())
        elif covered and not small:
            self.pop_screen()


def run_app(
    settings: Settings,
    target: str | None,
    first: Callable[[], Screen[None]] | None = None,
) -> None:
    """Open the app; errors that end it are raised when the terminal is whole again.

    Raises:
        UsageError: there is no terminal, or it cannot show UTF-8.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The app needs a terminal.",
            "In scripts use the commands: columnist --help.",
        )
    encoding = (sys.__stdout__.encoding if sys.__stdout__ else "") or ""
    if encoding.lower().replace("-", "") != "utf8":
        raise UsageError(
            f"The app needs a UTF-8 terminal, and this one is {encoding or 'unknown'}.",
            "Set a UTF-8 locale, such as LANG=C.UTF-8, or use the commands.",
        )
    read_keymap(settings.connections.with_name("keys.toml"))
    read_theme(settings.connections.with_name("appearance.toml"))
    app = ColumnistApp(settings, target, first)
    with Ending(
        sys.stdin.fileno(), ask=app.told_to_end, restore=app.give_back
    ) as app.ending:
        try:
            app.run()
        finally:
            app.close_session()
    if app.fatal is not None:
        raise app.fatal
    if app.return_code:
        raise SystemExit(app.return_code)
