"""YAML files of other programs, read as data, with errors in our own words."""

from __future__ import annotations

import re
from typing import Any

from catalog.errors import UsageError

_TWICE = re.compile('found duplicate key "(.*?)" with value', re.DOTALL)


def load(text: str, *, file: str) -> Any:
    """What the text says, without any of its tags being run.

    The end of a block text (`|` or `>`) is the end of its last line, not a line break.

    Args:
        text: the YAML.
        file: what errors call it.

    Raises:
        UsageError: it is not YAML, or a key stands in a mapping twice.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import SafeConstructor
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    safe: Any = SafeConstructor  # ruamel has no complete types
    constructor: Any = type("Constructor", (safe,), {})
    constructor.add_constructor("tag:yaml.org,2002:str", _text_of)
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.Constructor = constructor
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        raise _wrong(error, file) from error
    except (YAMLError, ValueError, RecursionError) as error:
        lines = str(error).splitlines() or ["it is nested too deeply"]
        raise UsageError(
            f"{file} is not YAML: {lines[0].rstrip('.')}.", "Correct the file."
        ) from error


def _text_of(constructor: Any, node: Any) -> Any:
    value = constructor.construct_scalar(node)
    return value.rstrip("\n") if node.style in ("|", ">") else value


def _wrong(error: Any, file: str) -> UsageError:
    place = f"{file}:{error.problem_mark.line + 1}" if error.problem_mark else file
    if twice := _TWICE.match(error.problem or ""):
        return UsageError(
            f"{place}: the key {twice[1]} stands here a second time.",
            "Keep one of them.",
        )
    problem = " ".join((error.problem or "it is malformed").split())
    return UsageError(f"{place}: this is not YAML: {problem}.", "Correct the file.")
