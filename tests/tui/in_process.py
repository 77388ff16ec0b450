"""Commands run in the process of the tests, for those that run many."""

from __future__ import annotations

from dataclasses import dataclass

from typer.testing import CliRunner

from catalog.errors import ColumnistError
from tui.cli import app


@dataclass(frozen=True)
class Done:
    """What a command printed."""

    stdout: str
    stderr: str


def columnist(*arguments: object, code: int = 0) -> Done:
    """Run a command in this process, since these tests run many."""
    result = CliRunner().invoke(app, list(map(str, arguments)))
    ended, said = result.exit_code, result.stderr
    if isinstance(error := result.exception, ColumnistError):
        ended, said = error.exit_code, f"{said}{error.message} {error.hint}"
    elif error is not None and not isinstance(error, SystemExit):
        raise error
    assert ended == code, said
    return Done(result.stdout, said)
