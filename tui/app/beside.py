"""Work beside the screen, in a thread: it never ends the app, its failure is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from textual import work
from textual.worker import Worker

Parameters = ParamSpec("Parameters")
Found = TypeVar("Found")


def beside(
    group: str, doing: str, *, exclusive: bool = True
) -> Callable[[Callable[Parameters, Found]], Callable[Parameters, Worker[Found]]]:
    """Have a method of a screen run in a thread; it touches no widget.

    Args:
        group: the worker's, by which it is found and cancelled.
        doing: what it does, for the title of an error.
        exclusive: it takes the place of one that is under way.
    """

    def decorate(
        method: Callable[Parameters, Found],
    ) -> Callable[Parameters, Worker[Found]]:
        return work(
            method,
            thread=True,
            exclusive=exclusive,
            group=group,
            exit_on_error=False,
            description=doing,
        )

    return decorate
