"""What commands print: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import msgspec

from catalog.errors import ColumnistError, ExitCode
from catalog.stopping import Stop
from tui.flow.text import plain


class Interrupted(Exception):
    """The person at the terminal, or a signal, ended the command."""


def out(text: str = "") -> None:
    """A line of the result. The caller has made foreign text plain."""
    sys.stdout.write(text + "\n")


def out_json(document: Any) -> None:
    """One JSON document, the only thing on stdout; a fact becomes an object."""
    # ASCII only: it survives every locale, and escapes cannot reach the terminal.
    text = json.dumps(document, indent=2, default=msgspec.to_builtins)
    sys.stdout.write(text + "\n")


def table(rows: Iterable[Sequence[object]], *, right: Collection[int] = ()) -> None:
    """Lines of cells under each other, the columns named at the right end of theirs."""
    told = [[plain(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*told, strict=True)]
    for row in told:
        cells = (
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        out("  ".join(cells).rstrip())


def out_raw(text: str) -> None:
    """Whole lines for a file or another program; made plain for a terminal."""
    if sys.stdout.isatty():
        lines = text.replace("\r\n", "\n").split("\n")
        text = "\n".join(map(plain, lines))
    sys.stdout.write(text)


def note(text: str) -> None:
    """A remark for the person at the terminal, who may be gone."""
    with suppress(OSError):
        print(text, file=sys.stderr)


def complain(error: ColumnistError) -> None:
    """An error in one or two lines: what is wrong, and what to do."""
    note(f"columnist: {plain(error.message)}")
    if error.hint:
        note(f"  {plain(error.hint)}")


def is_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, yes: bool) -> bool:
    """Ask before something is written.

    Raises:
        ColumnistError: there is no terminal to ask at (exit code 2).
    """
    if yes:
        return True
    if not is_terminal():
        raise ColumnistError(
            "There is no terminal to ask for confirmation.",
            "Add --yes if it is meant.",
            exit_code=ExitCode.USAGE,
        )
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def ask_password(question: str) -> str:
    """What is typed at the terminal, unseen; empty where that ends without an answer.

    Call it where `is_terminal` only.
    """
    from getpass import getpass

    try:
        return getpass(question, stream=sys.stderr)
    except EOFError:
        return ""


def ends() -> tuple[signal.Signals, ...]:
    """The signals that end a command: the terminal's end is none under nohup."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return (signal.SIGTERM,)
    return (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopping() -> Generator[Stop]:
    """Turn the first Ctrl-C or signal into a wish to stop, the second into an end.

    Yields the `stop` that jobs ask. Leaving the block after a wish raises
    `Interrupted`, once the job has saved what it did.
    """
    wished = False

    def wish(number: int, frame: FrameType | None) -> None:
        nonlocal wished
        if wished:
            raise Interrupted
        wished = True

    before = {
        number: signal.signal(number, wish) for number in (signal.SIGINT, *ends())
    }
    try:
        yield lambda: wished
    except ColumnistError as error:
        if wished:  # it was we who stopped it
            raise Interrupted from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if wished:
        raise Interrupted


@contextmanager
def progress(
    title: str, total: int | None, *, unit: int = 1
) -> Generator[Callable[[int], None]]:
    """A bar on stderr where that is a terminal; yields what advances it.

    Args:
        title: what is done.
        total: how much of it there is, if that is known.
        unit: how much of it the bar shows as one.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("Ctrl-C stops; what is done is saved"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None if total is None else total // unit)
        yield lambda amount: bar.advance(task, amount / unit)
