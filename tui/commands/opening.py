"""Opening a database for a command: a warning about secrets, a question for one."""

from __future__ import annotations

from catalog.errors import ColumnistError
from tui.commands import console
from tui.flow import session
from tui.flow.session import Session
from tui.flow.settings import Settings
from tui.flow.text import plain


def open_session(settings: Settings, target: str) -> Session:
    """Open a database; where it wants a password, ask for it at the terminal.

    Raises:
        ColumnistError: it cannot be opened, with the reason.
    """
    from connectors.connect import PasswordWanted

    warn_of_secret(target)
    try:
        opened = session.open_session(settings, target)
    except PasswordWanted as wanted:
        if not console.is_terminal():
            raise
        password = _ask(target, wanted)
        opened = session.open_session(settings, target, password=password)
    for line in opened.notes:
        console.note(f"columnist: {plain(line)}")
    return opened


def warn_of_secret(target: str) -> None:
    """Say once that others can see a password that stands in a URL."""
    if "://" not in target:
        return
    from connectors.connect import has_secret

    if has_secret(target):
        console.note(
            "columnist: a secret in a URL is in the shell's history and the list of"
            " processes; leave it out to be asked, or use --password-env NAME."
        )


def _ask(target: str, wanted: ColumnistError) -> str:
    from connectors.connect import safe_url

    name = safe_url(target) if "://" in target else target
    password = console.ask_password(f"Password for {plain(name)}: ")
    if not password:
        raise wanted
    return password
