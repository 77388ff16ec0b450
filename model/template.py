"""A model's chat template, rendered by a short-lived process that can do nothing else.

The template comes with the model file: a program, by anybody. It runs in Jinja's
immutable sandbox, in a process in the box of `model.box`, with little time, memory and
output. What the process says is checked, and its parent never has Jinja.
"""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from catalog.errors import ColumnistError
from model import box, wire
from model.wire import LONGEST_TEMPLATE, Failed, Message

if TYPE_CHECKING:
    from jinja2 import Environment

QUESTION = "\u241eQUESTION\u241e"
"""Stands for a user's turn while the template is rendered, then is cut out."""
LONGEST_TEXT = 100_000
"""Characters that it may write."""
SECONDS = 2.0
"""Rendering takes so long at most, whatever becomes of whoever asked."""
WAIT_SECONDS = 10.0
"""The process, on a machine that is busy with other things."""
MOST_MEMORY = 1 << 29
"""Bytes of the process's addresses."""


class Template(Message, frozen=True):
    """What is to be rendered."""

    source: str
    """Jinja."""
    bos: str
    """Text of the model's begin token, or empty."""
    eos: str
    """Text of its end token, or empty."""


class Turn(Message, frozen=True):
    """What goes around a user's turn."""

    head: str
    """Before it."""
    tail: str
    """After it, up to where the model begins to write."""


@cache
def turn(template: Template) -> Turn:
    """What a chat template puts around a user's turn.

    Raises:
        ColumnistError: it cannot be rendered, or not within the limits.
    """
    found = _ask(template)
    if isinstance(found, Failed):
        reason = " ".join(found.reason.split())[:200].rstrip(".")
        raise ColumnistError(
            f"The model's chat template cannot be rendered: {reason}.",
            "Choose an instruct model in GGUF format with --model.",
        )
    return found


def _ask(template: Template) -> Turn | Failed:
    if len(template.source) > LONGEST_TEMPLATE:
        return Failed(f"it is longer than {LONGEST_TEMPLATE:,} characters")
    with tempfile.TemporaryFile() as told:
        try:
            done = subprocess.run(
                box.command("model.template"),
                input=wire.packed(template),
                stdout=told,
                stderr=subprocess.DEVNULL,
                timeout=WAIT_SECONDS,
                start_new_session=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Failed(f"it takes longer than {WAIT_SECONDS:.0f} seconds")
        told.seek(0)
        data = told.read(wire.LONGEST)
    if done.returncode == -signal.SIGALRM:
        return Failed(f"it takes longer than {SECONDS:.0f} seconds")
    if done.returncode != 0:
        return Failed(f"its process ended with {done.returncode}")
    try:
        found: Turn | Failed = wire.read(Turn | Failed, data)
    except ValueError as error:
        return Failed(f"its process {error}")
    return found


# In the process


def main() -> None:
    """Render the template that stdin has, and print what came of it."""
    box.refuse_reaching()
    asked: Template = wire.read(Template, sys.stdin.buffer.read())
    import jinja2.debug  # needed for errors, when it would be too late
    import jinja2.sandbox

    def refuse(reason: str) -> None:
        raise jinja2.TemplateError(reason)

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["raise_exception"] = refuse
    box.close()
    _limit()
    sys.stdout.buffer.write(wire.packed(_rendered(environment, asked)))
    sys.stdout.flush()


def _limit() -> None:
    # The signal ends the process from outside, also in a calculation without end.
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    for kind, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_FSIZE, wire.LONGEST),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # less is allowed already
            resource.setrlimit(kind, (most, most))


def _rendered(environment: Environment, asked: Template) -> Turn | Failed:
    text = ""
    try:
        for piece in environment.from_string(asked.source).generate(
            messages=[{"role": "user", "content": QUESTION}],
            add_generation_prompt=True,
            bos_token=asked.bos,
            eos_token=asked.eos,
            enable_thinking=False,
        ):
            text += piece
            if len(text) > LONGEST_TEXT:
                return Failed(f"it writes more than {LONGEST_TEXT:,} characters")
    except RecursionError:
        return Failed("it goes in circles")
    except MemoryError:
        return Failed("it needs too much memory")
    except Exception as error:  # a foreign program may raise anything
        return Failed(str(error)[:1000] or type(error).__name__)
    head, found, tail = text.partition(QUESTION)
    return Turn(head, tail) if found else Failed("it leaves the question out")
