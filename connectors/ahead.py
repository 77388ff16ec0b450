"""Doing the next step while the caller works with the last one."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Generator[T]:
    """The same items; the next one is made in a thread meanwhile.

    Worth it where making one is waiting for a server. Nobody else may use what `items`
    uses until this is exhausted or closed; then the item under way has been made.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        end = object()
        following = pool.submit(next, items, end)
        while (item := following.result()) is not end:
            following = pool.submit(next, items, end)
            yield item  # type: ignore[misc]  # the end is no item
