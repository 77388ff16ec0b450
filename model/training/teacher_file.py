"""The file that `train data` fills: described tables, one a line, safe to kill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

from catalog.errors import UsageError
from catalog.files import write_file, writing
from model.teacher_set import parse

STEWARD = "steward"
"""Kind of the tables that come from a workspace."""
_ELSEWHERE = "Choose another --out, or correct it."
_KEPT = "What was written is kept; the same command goes on from there."


class TeacherFile:
    """A JSON Lines file that grows table by table.

    Every table is flushed. A line that was torn by a kill or a full disk is cut off
    when the file is opened again; lines of others stay as they are.

    Args:
        path: the file; made where there is none.
        renew: leave out what came from a workspace, since it is collected anew.

    Attributes:
        ids: those of the tables in it.

    Raises:
        UsageError: it is no JSON Lines file, or holds something else.
        ColumnistError: it cannot be written.
    """

    def __init__(self, path: Path, *, renew: bool = False) -> None:
        if path.suffix != ".jsonl":
            raise UsageError(
                f"{path.name} is no JSON Lines file.", "Let --out end in .jsonl."
            )
        self.path = path
        self.ids: set[str] = set()
        self._file: IO[str] | None = None
        if path.exists():
            with writing(self.path, hint=_KEPT):
                self._mend(renew)

    def __enter__(self) -> TeacherFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with writing(self.path, hint=_KEPT):
                self._file.close()

    def add(self, record: dict[str, Any]) -> None:
        """Append one table.

        Raises:
            ColumnistError: the disk is full, or the like.
        """
        with writing(self.path, hint=_KEPT):
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("a", encoding="ascii", newline="\n")
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()

    def _mend(self, renew: bool) -> None:
        """Cut off a torn line, and what is to be renewed; the rest must be tables."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"{self.path} is no text.", _ELSEWHERE) from error
        *lines, tail = text.split("\n")
        if _is_json(tail):
            lines.append(tail)
        try:
            found = list(parse(lines, self.path))
        except UsageError as error:
            raise UsageError(error.message, _ELSEWHERE) from error
        self.ids = {described.id for described in found}
        if renew:
            lines = [line for line in lines if line.strip()]
            lines = [
                line
                for line, described in zip(lines, found, strict=True)
                if described.facets.get("kind") != STEWARD
            ]
        mended = "".join(f"{line}\n" for line in lines)
        if mended != text:
            write_file(self.path, mended, hint=_KEPT)


def _is_json(text: str) -> bool:
    """Whether a line without an end is whole all the same."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
