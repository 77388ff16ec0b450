"""A model elsewhere, on servers that follow a script: no real one is asked here."""

from __future__ import annotations

import gzip
import json
import math
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from email.utils import formatdate
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalog.errors import ColumnistError, UsageError
from catalog.objects import Column, ColumnId, Profile, Table, TableId, TableKind
from catalog.suggestion import Source
from model.choose import UNMEASURED_FLOOR
from model.draft import Drafter, Job
from model.endpoint import LONGEST_ANSWER, Endpoint, read
from model.exchange import Patience, _seconds
from model.library import Library
from model.prompt import TURN, Generation, Prompt
from model.prompts.long import instructions, long_prompts, render_chat
from model.remote import RemoteEngine, RemoteModel, _UnderWay
from tests.model.scripted import (
    TEXT,
    Asked,
    Say,
    Script,
    Served,
    models,
    serving,
    usage,
)

QUICK = Patience(tries=4, first_wait=0.002, longest_wait=0.01, longest_asked=0.05)
ORDERS = Table(
    TableId("sales", "orders"),
    TableKind.TABLE,
    (
        Column(ColumnId(TableId("sales", "orders"), "status"), 1, "VARCHAR"),
        Column(ColumnId(TableId("sales", "orders"), "total"), 2, "DECIMAL"),
    ),
)


def prompt(number: int, blocks: int = 1, table: str | None = None) -> Prompt:
    return Prompt(
        f"head {number}\n",
        tuple(f"question {number}.{block}" for block in range(blocks)),
        20,
        ("\n",),
        table=TableId("s", table) if table else None,
    )


PROMPTS = [prompt(number, 4) for number in range(6)]


def engine(served: Served, **given: Any) -> RemoteEngine:
    given.setdefault("patience", QUICK)
    return RemoteEngine(RemoteModel.at(served.url), **given)


def generated(
    script: Script, prompts: Sequence[Prompt] = (PROMPTS[0],), **given: Any
) -> tuple[list[Generation], Served, RemoteEngine]:
    with serving(script) as served, engine(served, **given) as running:
        return list(running.generate(prompts)), served, running


def one(say: Say) -> Generation:
    (found,), _, _ = generated(lambda _: say, [prompt(0)])
    return found


def failing(script: Script, prompts: Sequence[Prompt] = PROMPTS) -> ColumnistError:
    with (
        serving(script) as served,
        engine(served) as running,
        pytest.raises(ColumnistError) as caught,
    ):
        list(running.generate(prompts))
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value


def test_time_is_split_between_the_requests_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that a run's requests together took no longer than the run."""
    now = 0.0
    monkeypatch.setattr("model.remote.time.monotonic", lambda: now)
    shares = _UnderWay()
    one, two = (0, 0, 0), (0, 1, 0)
    shares.begin(one)
    now = 4.0
    shares.begin(two)
    now = 6.0
    shares.begin(one)  # sent once more
    assert shares.end(one) == 5.0
    now = 9.0
    assert shares.end(two) == 4.0
    now = 20.0
    shares.begin(one)
    now = 21.0
    assert shares.end(one) == 1.0


# What is asked


def test_every_block_is_a_request_that_begins_with_the_head() -> None:
    began = time.monotonic()
    found, served, running = generated(lambda _: Say(), PROMPTS)
    assert 0 < sum(g.seconds for g in found) <= time.monotonic() - began
    assert sorted((g.prompt, g.block) for g in found) == [
        (number, block) for number in range(6) for block in range(4)
    ]
    assert {g.read for g in found} == {100}
    assert {g.text for g in found} == {TEXT}
    assert all(g.complete and g.tokens == 12 for g in found)
    assert running.prompt_tokens == 100 * 24
    assert running.generated_tokens == 12 * 24
    assert running.note == ""
    contents = {asked.content for asked in served.asked}
    assert contents == {p.head + block for p in PROMPTS for block in p.blocks}
    asked = served.asked[0]
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["Accept-Encoding"] == "identity"
    assert asked.body["model"] == "told"
    assert [m["role"] for m in asked.body["messages"]] == ["user"]
    assert asked.body["max_tokens"] == 20
    assert asked.body["stop"] == ["\n"]
    assert asked.body["temperature"] == 0
    assert asked.body["logprobs"] is True
    assert asked.body["chat_template_kwargs"] == {"enable_thinking": False}
    assert "seed" not in asked.body


def test_answers_belong_to_their_blocks_in_whatever_order_they_come() -> None:
    def script(asked: Asked) -> Say:
        if asked.content.endswith(".0"):
            time.sleep(0.1)
        return Say(asked.content.rpartition("\n")[2])

    found, _, _ = generated(script, PROMPTS)
    assert all(g.text == PROMPTS[g.prompt].blocks[g.block] for g in found)
    assert [g.block for g in found[:3]] != [0, 1, 2]


def test_drawn_texts_have_the_temperature_and_seeds_of_their_own() -> None:
    drawn = Prompt("head", ("a",), 9, temperature=0.7, draws=(2,))
    found, served, _ = generated(lambda _: Say(), [drawn], seed=40)
    assert sorted(g.draw for g in found) == [0, 1, 2]
    asked = [(a.body["temperature"], a.body.get("seed")) for a in served.asked]
    assert sorted(asked, key=str) == [(0.0, None), (0.7, 41), (0.7, 42)]
    alone = Prompt("head", ("a",), 9, temperature=0.7)
    _, served, _ = generated(lambda _: Say(), [alone], seed=40)
    assert [(a.body["temperature"], a.body["seed"]) for a in served.asked] == [
        (0.7, 40)
    ]


def test_at_most_so_many_are_in_flight_on_connections_that_are_kept() -> None:
    def script(asked: Asked) -> Say:
        time.sleep(0.01)
        return Say()

    _, served, _ = generated(script, PROMPTS, requests=3)
    assert 1 < served.most <= 3
    assert len({asked.connection for asked in served.asked}) == 3


def test_prompts_are_taken_late() -> None:
    """So that the table on the screen may be the next."""
    gate = threading.Event()
    taken: list[int] = []

    def prompts() -> Iterator[Prompt]:
        for number in range(200):
            taken.append(number)
            yield prompt(number)

    def script(asked: Asked) -> Say:
        gate.wait(30)
        return Say()

    with serving(script) as served, engine(served, requests=4) as running:
        generations = running.generate(prompts())
        threading.Timer(0.3, gate.set).start()
        next(generations)
        # Four in flight, four that wait, and one for each that a thread took meanwhile.
        assert len(taken) <= 13
        assert len(list(generations)) == 199
    assert taken == list(range(200))


def test_a_prompt_that_is_not_ready_is_asked_for_again() -> None:
    def prompts() -> Iterator[Prompt | None]:
        yield None
        yield prompt(0, 2)
        yield from [None] * 5
        yield prompt(1, 2)
        yield None

    with serving() as served, engine(served) as running:
        found = list(running.generate(prompts()))
    assert sorted((g.prompt, g.block) for g in found if g is not TURN) == [
        (number, block) for number in range(2) for block in range(2)
    ]
    assert found.count(TURN) == 7


@pytest.mark.parametrize("taken", [False, True], ids=["late", "taken"])
def test_the_table_on_the_screen_goes_before_what_waits(taken: bool) -> None:
    """Whether its prompt was taken before somebody looked at it, or is taken then."""
    release = threading.Semaphore(0)
    order: list[str] = []
    wanted, others = TableId("s", "wanted"), TableId("s", "others")
    first = others if taken else None

    def script(asked: Asked) -> Say:
        release.acquire(timeout=30)
        order.append(asked.content.partition("\n")[0])
        return Say()

    def prompts() -> Iterator[Prompt]:
        yield prompt(0, 6, "others")
        if taken:
            yield prompt(1, 6, "others")
        yield prompt(9, 2, "wanted")
        yield prompt(2, 6, "others")

    with serving(script) as served, engine(served, requests=2) as running:
        found = []
        generations = running.generate(prompts(), first=lambda: first)
        for _ in range(20 if taken else 14):
            release.release()
            found.append(next(generations))
            first = wanted
        assert list(generations) == []
    # One was answered, two were asked, and a thread may have begun the next.
    places = [place for place, head in enumerate(order) if head == "head 9"]
    assert max(places) < 7
    assert len(order) == len(found)


# When it ends


@pytest.mark.parametrize("how", ["stop", "close"])
def test_stopping_does_not_wait_for_a_server_that_hangs(how: str) -> None:
    def script(asked: Asked) -> Say:
        # The one that is answered goes on with a new connection, which hangs too.
        closing = {"Connection": "close"}
        return Say(hang=not asked.content.endswith("0.0"), headers=closing)

    with serving(script) as served, engine(served) as running:
        stopped = threading.Event()
        generations = running.generate(PROMPTS, stop=stopped.is_set)
        next(generations)
        until(lambda: len(served.asked) == 1 + 8)
        began = time.monotonic()
        if how == "stop":
            stopped.set()
            assert list(generations) == []
        else:
            generations.close()
        assert time.monotonic() - began < 0.5
        until(lambda: not any(t.name == "exchange" for t in threading.enumerate()))
        # Nothing of it is left, and the engine goes on.
        (again,) = running.generate([prompt(0)])
        assert again.text == TEXT


def test_what_came_back_before_the_stop_is_not_lost() -> None:
    stopped = threading.Event()

    def prompts() -> Iterator[Prompt]:
        yield prompt(0, 8)
        # Looking at rows takes a while, and meanwhile all are answered.
        until(lambda: len(served.asked) == 8 and not served.working)
        time.sleep(0.5)
        stopped.set()

    with serving() as served, engine(served, requests=8) as running:
        found = list(running.generate(prompts(), stop=stopped.is_set))
    assert sorted(g.block for g in found) == list(range(8))


def test_what_came_back_before_an_error_is_seen_is_not_lost() -> None:
    def script(asked: Asked) -> Say:
        if asked.content.startswith("head 0"):
            return Say(status=400, data=b"no")
        time.sleep(0.3)
        return Say()

    def prompts() -> Iterator[Prompt]:
        yield prompt(0)
        yield prompt(1)
        until(lambda: len(served.asked) == 2 and not served.working)
        time.sleep(0.5)

    with serving(script) as served, engine(served) as running:
        generations = running.generate(prompts())
        assert next(generations).prompt == 1
        with pytest.raises(ColumnistError, match="answered 400"):
            next(generations)


def test_nothing_is_asked_once_it_is_stopped() -> None:
    with serving() as served, engine(served) as running:
        running.start()
        assert list(running.generate(PROMPTS, stop=lambda: True)) == []
        assert served.asked == []


def test_starting_can_be_stopped_too() -> None:
    with serving(listed=Say(hang=True)) as served, engine(served) as running:
        asked = threading.Event()
        threading.Timer(0.2, asked.set).start()
        began = time.monotonic()
        with pytest.raises(ColumnistError, match="stopped"):
            running.start(stop=asked.is_set)
        assert time.monotonic() - began < 5


# When it does not go well


@pytest.mark.parametrize("status", [429, 503, 500, 408])
def test_what_passes_is_tried_again(status: int) -> None:
    failed: set[str] = set()

    def script(asked: Asked) -> Say:
        if asked.content in failed:
            return Say()
        failed.add(asked.content)
        return Say(status=status, data=b"busy")

    found, served, running = generated(script)
    assert [g.text for g in found] == [TEXT] * 4
    assert len(served.asked) == 8
    assert f"4 requests were sent again; the last answered {status}" in running.note


def test_a_connection_dropped_in_an_answer_is_tried_again() -> None:
    dropped: list[Asked] = []

    def script(asked: Asked) -> Say:
        if len(dropped) < 2:
            dropped.append(asked)
            return Say(cut=True)
        return Say()

    found, served, _ = generated(script)
    assert [g.text for g in found] == [TEXT] * 4
    assert len(served.asked) == 6


def test_a_server_that_closes_each_connection_costs_no_try() -> None:
    once = Patience(tries=1)
    closing = Say(headers={"Connection": "close"})
    found, served, _ = generated(lambda _: closing, PROMPTS, patience=once)
    assert len(found) == len(served.asked) == 24


def test_an_idle_connection_that_the_server_closed_costs_no_try() -> None:
    """Many servers hang up after five seconds, and the app draws for longer."""

    class Idle:
        def __init__(self) -> None:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/v1"
            self.served = 0
            threading.Thread(target=self.work, daemon=True).start()

        def work(self) -> None:
            data = Say().body()
            while True:
                try:
                    connection, _ = self.listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1 << 16)
                    self.served += 1  # before the answer, after which it is looked at
                    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n\r\n"
                    connection.sendall(head.encode() + data)

    server = Idle()
    model = RemoteModel.at(server.url + "#told")
    prompts = [prompt(number) for number in range(3)]
    with RemoteEngine(model, requests=1, patience=Patience(tries=1)) as running:
        found = list(running.generate(prompts))
    server.listener.close()
    assert len(found) == 3
    assert server.served == 4  # the list of models too


def test_after_all_tries_it_says_so_in_a_line() -> None:
    counted: dict[str, int] = {}

    def script(asked: Asked) -> Say:
        counted[asked.content] = counted.get(asked.content, 0) + 1
        return Say(status=503, data=b"the queue\nis full")

    error = failing(script)
    assert "answered 503" in error.message
    assert "asked 4 times" in error.message
    assert "saved" in error.hint
    assert max(counted.values()) == 4


def test_what_was_finished_before_is_there() -> None:
    def script(asked: Asked) -> Say:
        if asked.content.startswith("head 3"):
            return Say(status=500)
        return Say()

    with serving(script) as served, engine(served, requests=1) as running:
        generations = running.generate(PROMPTS)
        assert [next(generations).prompt for _ in range(12)] == sorted([0, 1, 2] * 4)
        with pytest.raises(ColumnistError, match="answered 500"):
            next(generations)


@pytest.mark.parametrize(
    ("status", "hint"),
    [(400, "name"), (401, "KEY"), (403, "KEY"), (404, "name"), (302, "elsewhere")],
)
def test_what_does_not_pass_is_not_tried_again(status: int, hint: str) -> None:
    with serving(lambda _: Say(status=status, data=b"no")) as served:
        with (
            engine(served) as running,
            pytest.raises(ColumnistError, match=f"answered {status}: no") as caught,
        ):
            list(running.generate([prompt(0)]))
        assert len(served.asked) == 1
    assert hint in caught.value.hint


def test_a_redirect_is_not_followed() -> None:
    with serving() as other:
        to = {"Location": f"{other.url}/chat/completions"}
        failing(lambda _: Say(status=307, headers=to), [prompt(0)])
        assert other.heard == []
    odd = {"Location": "http://[::1"}
    failing(lambda _: Say(status=302, headers=odd), [prompt(0, 4)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no JSON",
        b"[]",
        b"null",
        b"{}",
        b'{"choices": []}',
        b'{"choices": {}}',
        b'{"choices": [[]]}',
        b'{"choices": [{"message": {}}]}',
        b'{"choices": [{"message": {"content": 5}}]}',
        b'{"choices": [{"message": {"content": ["x"]}}]}',
        b"[" * 100_000,
        b"9" * 10_000,
        Say().body()[:-1] + b', "x": "' + b"x" * LONGEST_ANSWER + b'"}',
        b"\xff\xfe",
    ],
    ids=range(15),
)
def test_an_answer_that_is_none_is_an_error(data: bytes) -> None:
    error = failing(lambda _: Say(data=data), [prompt(0)])
    assert "as OpenAI's API does" in error.message


def test_a_body_without_end_is_not_read_to_its_end() -> None:
    def endless() -> Iterator[bytes]:
        piece = b"x" * (1 << 16)
        for given in count(len(piece), len(piece)):
            assert given < 2 * LONGEST_ANSWER
            yield piece

    body = read(httpx.Response(200, content=endless()), seconds=60)
    assert len(body) > LONGEST_ANSWER


def test_what_is_packed_all_the_same_is_not_unpacked() -> None:
    """A few bytes can be a bomb."""
    say = Say(data=gzip.compress(Say().body()), headers={"Content-Encoding": "gzip"})
    assert "as OpenAI's API does" in failing(lambda _: say, [prompt(0)]).message


def test_a_server_that_is_no_http_server_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def babble() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        threading.Thread(target=babble, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ColumnistError, match="gave no answer"):
            RemoteEngine(RemoteModel.at(url), patience=QUICK).start()
        with pytest.raises(ColumnistError, match="no safe connection"):
            RemoteEngine(
                RemoteModel.at(url.replace("http", "https")), patience=QUICK
            ).start()


def test_a_server_that_is_not_there_is_said_soon() -> None:
    with serving() as served:
        pass
    with pytest.raises(ColumnistError, match="refused; it was asked 3 times"):
        engine(served).start()


def test_a_server_too_slow_is_given_up() -> None:
    slow = Patience(tries=2, first_wait=0.001, answer_seconds=0.1)
    with (
        serving(lambda _: Say(hang=True)) as served,
        engine(served, patience=slow) as running,
        pytest.raises(ColumnistError, match="timed out; it was asked 2 times"),
    ):
        list(running.generate([prompt(0)]))


def test_a_server_that_drips_is_given_up() -> None:
    slow = Patience(tries=2, first_wait=0.001, answer_seconds=0.3)
    with (
        serving(lambda _: Say(drip=0.05)) as served,
        engine(served, patience=slow) as running,
        pytest.raises(ColumnistError, match="timed out; it was asked 2 times"),
    ):
        list(running.generate([prompt(0)]))


def test_waits_grow_and_retry_after_counts_up_to_a_bound() -> None:
    patience = Patience()
    for attempt, longest in [(1, 0.5), (2, 1.0), (4, 4.0), (9, 20.0)]:
        waits = [patience.wait(attempt, 0) for _ in range(50)]
        assert longest / 2 <= min(waits) < max(waits) <= longest
    assert patience.wait(1, 7.0) == 7.0
    assert patience.wait(1, 86_400.0) == 60.0
    assert _seconds("12") == 12
    assert 50 < _seconds(formatdate(time.time() + 60, usegmt=True)) < 61
    assert [_seconds(odd) for odd in (None, "-5", "soon", "9" * 5000)] == [0, 0, 0, 0]


def test_retry_after_is_waited_for() -> None:
    times: list[float] = []

    def script(asked: Asked) -> Say:
        times.append(time.monotonic())
        late = len(times) > 1
        return Say() if late else Say(status=429, headers={"Retry-After": "1"})

    patience = Patience(first_wait=0.001, longest_asked=0.3)
    generated(script, [prompt(0)], patience=patience)
    assert 0.25 < times[1] - times[0] < 10


def test_a_bug_in_a_thread_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with serving() as served, engine(served) as running:
        running.start()
        monkeypatch.setattr("model.exchange.read", broken)
        with pytest.raises(ZeroDivisionError):
            list(running.generate([prompt(0)]))


# What is made of an answer


def test_a_text_that_was_cut_off_is_incomplete() -> None:
    assert not one(Say(finish="length")).complete
    assert not one(Say(finish="content_filter")).complete
    assert one(Say("Whole.\nAnd more", finish="length")).complete
    assert not one(Say("x" * 100_000)).complete


def test_stops_are_kept_to_where_the_server_does_not_know_them() -> None:
    assert one(Say("\n Said here.\nAnd there.")).text == "Said here."


def test_text_that_utf8_cannot_hold_is_mended() -> None:
    assert one(Say("half a pair \ud800.")).text == "half a pair ?."


@pytest.mark.parametrize(
    ("logprobs", "mean"),
    [
        ([-0.5, -0.25], -0.375),
        ([0, -1.0], -0.5),
        (None, UNMEASURED_FLOOR),
        ([], UNMEASURED_FLOOR),
        ([0.0, 0.0], UNMEASURED_FLOOR),
        ([False, -0.1], UNMEASURED_FLOOR),
        (["-1", -0.1], UNMEASURED_FLOOR),
        ([0.7, -0.1], UNMEASURED_FLOOR),
        ([None], UNMEASURED_FLOOR),
        ([math.nan, -0.1], UNMEASURED_FLOOR),
        ([-math.inf], UNMEASURED_FLOOR),
        ([-(10**400), -0.1], UNMEASURED_FLOOR),
    ],
)
def test_sureness_is_what_the_server_measured_or_none(
    logprobs: list[Any] | None, mean: float
) -> None:
    assert one(Say(logprobs=logprobs)).logprob == pytest.approx(mean)


@pytest.mark.parametrize(
    "odd", [None, [], {}, {"prompt_tokens": "9"}, usage(-3, 1 << 40), usage(True, True)]
)
def test_counts_that_are_none_are_not_believed(odd: Any) -> None:
    _, _, running = generated(lambda _: Say(usage=odd))
    assert (running.prompt_tokens, running.generated_tokens) == (0, 0)


def test_a_prompt_too_long_for_the_server_is_no_reason_to_end() -> None:
    message = b'{"error": {"message": "maximum context length is 512 tokens"}}'

    def script(asked: Asked) -> Say:
        if asked.content.startswith("head 1"):
            return Say(status=400, data=message)
        return Say()

    found, _, running = generated(script, PROMPTS[:2])
    lost = [g for g in found if g.prompt == 1]
    assert len(found) == 8
    assert [(g.text, g.complete) for g in lost] == [("", False)] * 4
    assert "4 of 8 prompts did not fit" in running.note


def test_a_model_that_thinks_all_its_tokens_away_is_noted() -> None:
    found, _, running = generated(lambda _: Say(None, finish="length"))
    assert [(g.text, g.complete) for g in found] == [("", False)] * 4
    assert "4 of 4 answers were empty" in running.note
    assert "empty" not in generated(lambda _: Say())[2].note


def test_fields_that_a_server_refuses_by_name_are_left_out_from_then_on() -> None:
    def script(asked: Asked) -> Say:
        for name in ("chat_template_kwargs", "logprobs"):
            if name in asked.body:
                return Say(status=400, data=f"unknown field: {name}".encode())
        return Say()

    found, served, _ = generated(script, PROMPTS, requests=1)
    assert [g.text for g in found] == [TEXT] * 24
    assert "logprobs" not in served.asked[-1].body
    with serving(script) as served, engine(served) as running:
        list(running.generate(PROMPTS))
        before = len(served.asked)
        list(running.generate(PROMPTS))
        assert len(served.asked) == before + 24


# Which model


def test_the_one_model_that_is_served_is_taken() -> None:
    with serving(listed=models("qwen")) as served, engine(served) as running:
        assert running.served == ""
        assert running.start().name == f"qwen at {served.place}"
        assert (running.served, running.runs_on, running.threads) == ("qwen", "", 0)
        assert running.requests == 8
        assert served.heard[0].path == "/v1/models"
        list(running.generate([prompt(0)]))
        assert served.asked[0].body["model"] == "qwen"


def test_of_several_models_one_must_be_named() -> None:
    names = [f"m{number}" for number in range(20)]
    with serving(listed=models(*names)) as served:
        with pytest.raises(UsageError, match="has 20 models: m0, m1") as caught:
            engine(served).start()
        assert "and 8 more" in caught.value.message
        assert f"{served.url}#NAME" in caught.value.hint
        with RemoteEngine(RemoteModel.at(f"{served.url}#m7")) as running:
            assert running.start().name == f"m7 at {served.place}"
            list(running.generate([prompt(0)]))
        assert served.asked[0].body["model"] == "m7"
        assert all("#" not in each.path for each in served.heard)


def test_a_server_without_a_list_is_asked_for_its_default() -> None:
    with serving(listed=Say(status=404)) as served, engine(served) as running:
        assert running.start().name == f"default at {served.place}"


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (models(), "lists no model"),
        (models(5, None, "\x1b[2J", "x" * 999), "lists no model"),
        (Say(data=b'{"data": 7}'), "OpenAI"),
        (Say(data=b"<html>"), "OpenAI"),
        (Say(status=401, data=b"who"), "answered 401"),
        (Say(status=503, data=b"loading"), "answered 503: loading; it was asked 3"),
    ],
)
def test_a_list_that_is_none_is_an_error(listed: Say, message: str) -> None:
    with (
        serving(listed=listed) as served,
        pytest.raises(ColumnistError, match=message),
    ):
        engine(served).start()


# The key, and where it goes


def test_no_cookie_goes_back() -> None:
    cookie = Say(headers={"Set-Cookie": "who=" + "x" * 4000})
    _, served, _ = generated(lambda _: cookie, PROMPTS, requests=1)
    assert len(served.asked) == 24
    assert not any("Cookie" in each.headers for each in served.heard)


def test_the_key_goes_with_every_request_and_into_no_message() -> None:
    with serving(lambda _: Say(status=401, data=b"wrong key: s3cret")) as served:
        model = RemoteModel.at(served.url, key="s3cret\r\n")
        assert "s3cret" not in repr(model)
        with pytest.raises(ColumnistError) as caught:
            list(RemoteEngine(model).generate([prompt(0)]))
        assert "s3cret" not in caught.value.message
        assert [each.headers.get("Authorization") for each in served.heard] == [
            "Bearer s3cret"
        ] * 2
    with serving() as served:
        list(engine(served).generate([prompt(0)]))
        assert all("Authorization" not in each.headers for each in served.heard)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("http://gpu.example:8080/v1", "s3cret"),
        ("https://gpu.example/v1", "s3\ncret"),
        ("https://gpu.example/v1", "s3cret…"),
        ("http://user:s3cret@gpu.example/v1", None),
        ("http://gpu.example/v1?key=s3cret", None),
        ("http://gpu.example/a b", None),
        ("http://gp\x00u.example/", None),
        ("http://a..b/v1", None),
        ("http://999.1.1.1/v1", None),
        ("http://\u2603.example/v1", None),
        ("http://gpu.example:99999/v1", None),
        ("http://gpu.example/v1#\x1b", None),
        ("http://", None),
    ],
)
def test_addresses_that_leak_or_are_none_are_refused(
    address: str, key: str | None
) -> None:
    with pytest.raises(UsageError) as caught:
        RemoteModel.at(address, key=key)
    assert "s3" not in caught.value.message


def test_addresses_are_told_as_in_a_url() -> None:
    model = RemoteModel.at("https://[::1]:8443/api/v1/#org/model:7b")
    assert model.name == "org/model:7b at [::1]:8443"
    assert model.endpoint.url == "https://[::1]:8443/api/v1"
    assert Endpoint.at("http://h", served="").url == "http://h:80/v1"
    with pytest.raises(UsageError) as caught:
        Endpoint.at("http://h/v1#name", served="")
    assert "--served" in caught.value.hint


def test_a_certificate_nobody_vouches_for_is_refused(tls: ssl.SSLContext) -> None:
    with (
        serving(tls=tls) as served,
        pytest.raises(ColumnistError, match="no safe connection") as caught,
    ):
        RemoteEngine(RemoteModel.at(served.url, key="s3cret")).start()
    assert "certificate" in caught.value.message
    assert served.heard == []


def test_over_tls_it_drafts_and_stops_while_the_server_hangs(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    def script(asked: Asked) -> Say:
        return Say(hang=asked.content.startswith("head 1"))

    with serving(script, tls=tls) as served, engine(served) as running:
        assert len(list(running.generate([prompt(0, 20)]))) == 20
        assert len({asked.connection for asked in served.asked}) <= 8
        stopped = threading.Event()
        generations = running.generate([prompt(1, 20)], stop=stopped.is_set)
        threading.Timer(0.5, stopped.set).start()
        assert list(generations) == []
        until(lambda: not any(t.name == "exchange" for t in threading.enumerate()))


def test_neither_proxies_nor_passwords_of_the_machine_are_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password s3cret")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    found, served, _ = generated(lambda _: Say())
    assert len(found) == 4
    assert not any("Authorization" in each.headers for each in served.heard)


def test_a_url_is_no_model_file(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="in a file"):
        Library(tmp_path).find("http://gpu.example/v1")


# Prompts and drafts


def test_the_chat_has_the_same_words_as_a_template_gets() -> None:
    profiles = {"status": Profile(100, 0.0, 2, codes=("open", "paid"))}
    targets = ORDERS.targets()
    remote = RemoteEngine(RemoteModel.at("http://gpu.example/v1"))
    ((chat, of),) = long_prompts(ORDERS, targets, profiles, remote.turn)
    render = partial(render_chat, template="{{ messages[0].content }}", bos="", eos="")
    ((rendered, _),) = long_prompts(ORDERS, targets, profiles, render)
    assert of == targets
    assert (chat.head, chat.blocks) == (rendered.head, rendered.blocks)
    assert chat.head.startswith(instructions())
    assert "codes: open, paid" in chat.head
    assert chat.blocks[1] == "Describe the column status of orders."


def test_drafts_are_the_models_with_a_confidence_that_is_no_certainty() -> None:
    with serving() as served, engine(served) as running:
        drafter = Drafter(running, running.start())
        found = list(drafter.draft([Job(ORDERS, ORDERS.targets(), {})]))
        wordings = drafter.alternatives(Job(ORDERS, (ORDERS.columns[0].id,), {}), 5)
    drafted = [each for each in found if each.source is Source.MODEL]
    assert len(found) == 3
    assert drafted
    assert {each.model for each in found} == {f"told at {served.place}"}
    assert all(0.1 < each.confidence < 0.5 for each in drafted)
    (other,) = [each for each in wordings if each.text == TEXT]
    assert (other.by, other.model) == (Source.MODEL, f"told at {served.place}")
    body = json.dumps(served.asked[0].body)
    assert "head" not in body
    assert "Describe the" in body


def until(true: Any) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
