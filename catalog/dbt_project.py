"""A dbt project on disk: the doc blocks and variables that its files refer to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from catalog import yaml_file
from catalog.errors import ColumnistError, UsageError
from catalog.jinja import is_template, pieces

FILE = "dbt_project.yml"
PACKAGES = ("dbt_packages", "dbt_modules")
PASSED_OVER = frozenset({"target", "logs", "node_modules", "venv", "site-packages"})
"""Folders without doc blocks of the project's own; so are those with a dot."""
LARGEST = 1 << 22
"""Most bytes of a file of doc blocks."""
_TAG = re.compile(r"\{%-?\s*(?:docs\s+(\w+)|(enddocs))\s*-?%\}")


def find(file: Path) -> Path | None:
    """The folder of the project that a file belongs to, or None."""
    parents = file.resolve().parents
    return next((folder for folder in parents if (folder / FILE).is_file()), None)


class Project:
    """What a project's files answer; read when first asked.

    Args:
        folder: where its `dbt_project.yml` is, or None where there is no project.

    Raises:
        UsageError: there is none in that folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        if folder is not None and not (folder / FILE).is_file():
            raise UsageError(
                f"There is no {FILE} in {folder}.", "Name the project's folder."
            )

    def call(self, name: str, arguments: Sequence[str]) -> str | None:
        """The value of a function in a template, or None where only dbt knows it.

        The environment's variables are not for a file to read: only defaults count.
        """
        match name, *arguments:
            case "doc", block:
                return self._docs.get(("", block)) or self._only(block)
            case "doc", package, block:
                own = "" if package == self._name else package
                return self._docs.get((own, block))
            case "var", variable, *default:
                return self._variables.get(variable, *default)
            case "env_var", _, default:
                return default
            case _:
                return None

    def _only(self, block: str) -> str | None:
        """A block that one package has; of several none can be meant."""
        found = [text for (_, name), text in self._docs.items() if name == block]
        return found[0] if len(found) == 1 else None

    @cached_property
    def _document(self) -> dict[str, Any]:
        return {} if self.folder is None else _settings(self.folder)

    @property
    def _name(self) -> str:
        return str(self._document.get("name") or "")

    @cached_property
    def _variables(self) -> dict[str, str]:
        """Variables with a plain text; those of the project before its packages'."""
        top = _mapping(self._document.get("vars"))
        found: dict[str, str] = {}
        for scope in (top.get(self._name), top, *top.values()):
            for name, value in _mapping(scope).items():
                if isinstance(value, str) and not is_template(value):
                    found.setdefault(name, value)
        return found

    @cached_property
    def _docs(self) -> dict[tuple[str, str], str]:
        """Doc blocks by package, empty for the project's own, and name."""
        found: dict[tuple[str, str], str] = {}
        if self.folder is None:
            return found
        for name, text in _blocks(self.folder):
            found.setdefault(("", name), text)
        for folder in PACKAGES:
            for package in sorted((self.folder / folder).glob(f"*/{FILE}")):
                known_as = package.parent.name
                with suppress(ColumnistError):  # it is not ours to complain of
                    known_as = str(_settings(package.parent).get("name") or known_as)
                for name, text in _blocks(package.parent):
                    found.setdefault((known_as, name), text)
        return found


def _settings(folder: Path) -> dict[str, Any]:
    file = folder / FILE
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ColumnistError(
            f"Cannot read {file}: {reason}.", "Correct it, or name another project."
        ) from error
    return _mapping(yaml_file.load(text, file=str(file)))


def _mapping(value: Any) -> dict[str, Any]:
    """The mapping, empty where something else stands there."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _blocks(folder: Path) -> Iterator[tuple[str, str]]:
    """The doc blocks of a folder's Markdown files, in order of their paths."""
    for path in _markdown(folder):
        try:
            if not path.is_file() or path.stat().st_size > LARGEST:
                continue
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            continue  # a README in another encoding is none of ours
        name: str | None = None
        start = 0
        for tag in _TAG.finditer(text):
            if tag[1] is not None:
                name, start = tag[1], tag.end()
            elif name is not None:
                parts = pieces(text[start : tag.start()], _nothing)
                if all(isinstance(part, str) for part in parts):
                    yield name, "".join(map(str, parts)).strip()
                name = None


def _nothing(name: str, arguments: Sequence[str]) -> None:
    """What blocks may call."""


def _markdown(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(
            each
            for each in folders
            if not each.startswith(".") and each not in (*PACKAGES, *PASSED_OVER)
        )
        yield from (Path(root, each) for each in sorted(files) if each.endswith(".md"))
