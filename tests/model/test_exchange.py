"""Waiting for replies, below the remote engine."""

from __future__ import annotations

import signal
from types import FrameType

from model.endpoint import Endpoint
from model.exchange import PATIENCE, Exchange


def test_a_signal_as_a_wait_ends_does_not_make_it_endless() -> None:
    signals = 0

    def heard(number: int, frame: FrameType | None) -> None:
        nonlocal signals
        signals += 1
        assert signals < 2_000, "still waiting"

    exchange = Exchange(
        Endpoint.at("http://127.0.0.1:9/v1", served="", key=None),
        threads=1,
        patience=PATIENCE,
    )
    before = signal.signal(signal.SIGALRM, heard)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for _ in range(300):
            assert exchange.receive(seconds=0.002) == []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        exchange.close()
    assert signals > 50
