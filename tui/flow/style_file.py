"""`style.toml`: the house's rules for descriptions, and which key of it is wrong."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from catalog.errors import UsageError
from catalog.style import StyleRules

_NUMBERS = ("min_length", "max_length")
_LISTS = ("banned_words", "banned_openings")


def read_style(path: Path) -> StyleRules:
    """The rules of a file; none where there is no file.

    Raises:
        UsageError: something in it is wrong; file and key are named.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return StyleRules()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"Cannot read {path}: {reason}.", "Correct it.") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name}: {error}.", f"Correct {path}.") from None
    known = [each.name for each in fields(StyleRules)]
    found: dict[str, Any] = {}
    for key, value in document.items():
        if key not in known:
            close = difflib.get_close_matches(key, known, 1)
            raise UsageError(
                f"{path.name}: {key} is no rule"
                + (f"; did you mean {close[0]}?" if close else "."),
                f"There are {', '.join(known)}.",
            )
        wrong = _wrong(key, value)
        if wrong:
            raise UsageError(f"{path.name}: {key} must be {wrong}.", f"Correct {path}.")
        found[key] = tuple(value) if key in _LISTS else value
    rules = StyleRules(**found)
    if rules.max_length is not None and rules.max_length < rules.min_length:
        raise UsageError(
            f"{path.name}: max_length is below min_length.", f"Correct {path}."
        )
    return rules


def _wrong(key: str, value: object) -> str:
    """What a value must be and is not; empty where it is right."""
    if key in _NUMBERS:
        right = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        return "" if right else "a whole number, 0 or above"
    if key in _LISTS:
        right = isinstance(value, list) and all(
            isinstance(one, str) and one.strip() for one in value
        )
        return "" if right else 'a list of texts, as in ["a", "b"]'
    return "" if isinstance(value, bool) else "true or false"
