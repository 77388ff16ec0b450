"""The one family of errors that reaches the user: what is wrong, and what to do."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command, as promised to scripts."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    CONFLICTS = 4
    INTERRUPTED = 130


class ColumnistError(Exception):
    """An expected failure: a line that says what is wrong, one that says what to do."""

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(
        self, message: str, hint: str = "", *, exit_code: ExitCode | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code


class UsageError(ColumnistError):
    """The request itself cannot be right: a bad URL, an unknown name or option."""

    exit_code = ExitCode.USAGE


class RefusedError(ColumnistError):
    """Something was refused on purpose, or a threshold was not met."""

    exit_code = ExitCode.REFUSED
