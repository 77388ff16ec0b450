"""The engine on a tiny real model: one process, many sequences, crashes and stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.errors import ColumnistError, UsageError
from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from model.draft import Drafter, Job
from model.engine import Engine
from model.library import ModelFile, PromptFormat
from model.prompt import Prompt
from model.prompts.long import long_prompts
from model.sizes import cores
from model.wire import EngineSettings
from tests.model import tiny_gguf

pytestmark = pytest.mark.gguf

PROMPTS = [
    Prompt(
        f"<|table|>table {table} with things",
        tuple(f"<|col|>column {n} of {table}<|text|>" for n in range(5)),
        16,
    )
    for table in range(10)
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.write(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    with Engine(EngineSettings(path)) as running:
        yield running


def test_texts_do_not_depend_on_what_else_is_in_the_batch(engine: Engine) -> None:
    together = {(g.prompt, g.block): g for g in engine.generate(PROMPTS)}
    assert len(together) == 50
    for index in (0, 4, 9):
        alone = list(engine.generate([PROMPTS[index]]))
        for generation in alone:
            other = together[index, generation.block]
            assert generation.text == other.text
            assert generation.logprob == pytest.approx(other.logprob, abs=1e-3)


def test_sampled_texts_repeat_with_the_seed_and_differ_without(path: Path) -> None:
    prompt = Prompt("<|table|>t", ("<|col|>c<|text|>",), 24, temperature=1.0)

    def draw(seed: int) -> str:
        with Engine(EngineSettings(path, seed=seed)) as engine:
            return next(iter(engine.generate([prompt]))).text

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_stopping_ends_within_a_step_and_the_engine_goes_on(engine: Engine) -> None:
    generations = engine.generate(PROMPTS)
    next(generations)
    generations.close()
    again = list(engine.generate(PROMPTS[:2]))
    assert sorted((g.prompt, g.block) for g in again) == [
        (prompt, block) for prompt in range(2) for block in range(5)
    ]
    assert list(engine.generate(PROMPTS, stop=lambda: True)) == []


def test_the_table_on_the_screen_rushes_past_those_in_work(engine: Engine) -> None:
    tables = [TableId("s", f"t{number}") for number in range(30)]
    waiting = {
        table: replace(PROMPTS[0], head=f"<|table|>{table}", limit=40, table=table)
        for table in tables
    }
    wanted: TableId | None = None

    def prompts() -> Iterator[Prompt]:
        while waiting:
            yield waiting.pop(wanted if wanted in waiting else next(iter(waiting)))

    order: list[Prompt] = []

    def taken() -> Iterator[Prompt]:
        for prompt in prompts():
            order.append(prompt)
            yield prompt

    def screen() -> TableId | None:
        return wanted

    ended: list[TableId | None] = []
    for generation in engine.generate(taken(), first=screen):
        ended.append(order[generation.prompt].table)
        if len(ended) == 5:
            wanted = tables[-1]
    assert sorted(map(str, ended)) == sorted(str(t) for t in tables for _ in range(5))
    # Some had ended, or were about to, when it was asked for.
    late = ended.index(tables[-1])
    assert late < 5 + 3 * 5
    assert ended[late : late + 5] == [tables[-1]] * 5


def test_a_preferred_table_survives_a_crash(engine: Engine) -> None:
    tables = [TableId("s", f"t{number}") for number in range(12)]
    prompts = [replace(PROMPTS[0], head=f"<|t|>{t}", table=t) for t in tables]
    generations = engine.generate(prompts, first=lambda: tables[6])
    found = [next(generations)]
    _kill(engine, signal.SIGSEGV)
    found += generations
    assert len({(g.prompt, g.block) for g in found}) == len(found) == 60


def test_a_prompt_longer_than_the_context_is_answered_as_incomplete(
    engine: Engine,
) -> None:
    long = Prompt("x" * 9000, ("a",), 5)
    generations = list(engine.generate([long, PROMPTS[0]]))
    assert len(generations) == 6
    (failed,) = [g for g in generations if g.prompt == 0]
    assert failed.text == ""
    assert not failed.complete


def test_a_crash_in_native_code_restarts_once_and_loses_nothing(
    engine: Engine,
) -> None:
    generations = engine.generate(PROMPTS)
    first = next(generations)
    _kill(engine, signal.SIGSEGV)
    rest = list(generations)
    keys = [(g.prompt, g.block) for g in [first, *rest]]
    assert sorted(keys) == [(prompt, n) for prompt in range(10) for n in range(5)]
    assert "SIGSEGV" in engine.note
    generations = engine.generate(PROMPTS)
    next(generations)
    _kill(engine, signal.SIGSEGV)
    with pytest.raises(ColumnistError, match="SIGSEGV"):
        list(generations)


def test_starting_again_after_a_crash_can_be_stopped(engine: Engine) -> None:
    """The second load took no notice, and quitting waited for it."""
    generations = engine.generate(PROMPTS, stop=lambda: bool(engine.note))
    next(generations)
    _kill(engine, signal.SIGSEGV)
    list(generations)
    assert "SIGSEGV" in engine.note
    assert engine.facts is None


def test_the_child_goes_with_its_parent_whatever_it_does() -> None:
    """While it loaded a model it did not look, and went on alone."""
    ours, theirs = socket.socketpair()
    busy = (
        "import sys, threading, time; from model import worker;"
        " watch = threading.Thread(target=worker._end_with, args=(int(sys.argv[1]),));"
        " watch.start(); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", busy, str(theirs.fileno())],
        pass_fds=(theirs.fileno(),),
        stdout=subprocess.PIPE,
    ) as child:
        theirs.close()
        assert child.stdout is not None
        child.stdout.readline()
        assert child.poll() is None
        ours.close()
        assert child.wait(timeout=3) == 0


def test_the_child_goes_when_its_parent_closes(path: Path) -> None:
    engine = Engine(EngineSettings(path))
    engine.start()
    process = engine._process
    assert process is not None
    engine.close()
    assert process.poll() is not None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and seccomp are Linux's")
def test_every_thread_of_the_child_is_in_the_box(engine: Engine) -> None:
    list(engine.generate(PROMPTS[:1]))
    assert "seccomp" in engine.holds
    assert engine._process is not None
    threads = list(Path(f"/proc/{engine._process.pid}/task").iterdir())
    assert threads
    for thread in threads:
        told = (thread / "status").read_text()
        assert "\nSeccomp:\t2\n" in told
        assert "\nNoNewPrivs:\t1\n" in told


@pytest.mark.parametrize("damage", ["cut", "header"])
def test_a_damaged_file_is_named_with_the_reason(
    path: Path, tmp_path: Path, damage: str
) -> None:
    broken = tmp_path / "broken.gguf"
    data = path.read_bytes()
    broken.write_bytes(data[:40_000] if damage == "cut" else data[:4] + b"\xff" * 99)
    with pytest.raises(ColumnistError, match=r"broken\.gguf") as caught:
        Engine(EngineSettings(broken)).start()
    assert caught.value.hint


def test_it_tells_what_of_the_machine_it_runs_on(engine: Engine) -> None:
    assert (engine.runs_on, engine.threads, engine.served) == ("", 0, "")
    offloads = engine.start().offloads
    assert engine.runs_on == ("GPU" if offloads else "CPU")
    assert engine.threads == cores()
    engine.use_threads(1)
    assert len(list(engine.generate(PROMPTS[:1]))) == 5
    engine.close()
    assert (engine.runs_on, engine.threads) == ("", 0)


def test_files_that_are_no_models_never_reach_llama_cpp(tmp_path: Path) -> None:
    other = tmp_path / "notes.gguf"
    other.write_text("not a model")
    with pytest.raises(UsageError, match="not a GGUF file"):
        Engine(EngineSettings(other)).start()
    with pytest.raises(UsageError, match="no model file"):
        Engine(EngineSettings(tmp_path / "missing.gguf")).start()


def test_a_model_larger_than_memory_is_refused_before_it_is_loaded(
    tmp_path: Path,
) -> None:
    huge = tmp_path / "huge.gguf"
    with huge.open("wb") as file:
        file.write(b"GGUF")
        file.truncate(1 << 41)  # sparse: takes no disk
    with pytest.raises(ColumnistError, match="memory"):
        Engine(EngineSettings(huge)).start()


def _kill(engine: Engine, number: signal.Signals) -> None:
    assert engine._process is not None
    os.kill(engine._process.pid, number)


def test_a_block_can_be_written_several_times(path: Path) -> None:
    prompt = Prompt("<|table|> a", ("<|col|> b", "<|col|> c"), 6, (), 0.9, (3, 1))
    alone = Prompt("<|table|> a", ("<|col|> b", "<|col|> c"), 6)
    with Engine(EngineSettings(path, seed=4)) as engine:
        first = {(g.block, g.draw): g.text for g in engine.generate([prompt])}
        again = {(g.block, g.draw): g.text for g in engine.generate([prompt])}
        greedy = {g.block: g.text for g in engine.generate([alone])}
    assert set(first) == {(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1)}
    assert first == again
    assert {block: first[block, 0] for block in (0, 1)} == greedy
    assert len({first[0, draw] for draw in range(4)}) > 1


def test_offered_texts_are_weighed_as_if_they_were_written(engine: Engine) -> None:
    def totals(*blocks: str, offered: tuple[str, ...]) -> dict[tuple[int, str], float]:
        prompt = Prompt("<|table|>t", blocks, 6, offered=(offered,) * len(blocks))
        found = list(engine.generate([prompt]))
        assert len(found) == len(blocks) * (1 + len(offered))
        # What is too unlikely from its first token on is not read to its end.
        read = [g for g in found if g.draw and g.complete]
        return {(g.block, g.text): g.logprob * g.tokens for g in read}

    letters = tuple("abcdefghijklmnopqrst")
    starts = [f"<|col|>{n}<|text|>" for n in range(150)]
    first = totals(*starts, offered=letters)
    longer = [(starts[block], one) for block, one in first]
    then = totals(*(f"{start} {one}" for start, one in longer), offered=letters)
    (block, two), rest = next(iter(then.items()))
    start, one = longer[block]
    whole = totals(start, "<|col|>b<|text|>", offered=(one, f"{one} {two}"))
    assert whole[0, one] == pytest.approx(first[starts.index(start), one], abs=1e-2)
    assert whole[0, one] + rest == pytest.approx(whole[0, f"{one} {two}"], abs=1e-2)


def test_without_room_to_weigh_texts_the_model_still_writes(path: Path) -> None:
    prompt = replace(PROMPTS[0], offered=(("one", "two", "three"),) * 5)
    with Engine(EngineSettings(path, sizes={"sequences": 3})) as engine:
        found = list(engine.generate([prompt]))
    assert len(found) == 20
    assert {g.complete for g in found if g.draw} == {False}
    plain = {g.block: g.text for g in found if not g.draw}
    with Engine(EngineSettings(path)) as engine:
        assert plain == {g.block: g.text for g in engine.generate([PROMPTS[0]])}


@pytest.mark.parametrize("family", ["llama", "mistral", "qwen2", "mpt"])
def test_every_family_of_models_drafts_a_table_alike_in_any_batch(
    family: str, tmp_path: Path
) -> None:
    """With the long prompt, through the chat template that the file brings."""
    path = tiny_gguf.write(
        tmp_path / f"{family}.gguf", family=family, template=tiny_gguf.CHAT
    )
    model = ModelFile(family, path, PromptFormat.LONG, None, None, {})
    columns = tuple(
        Column(ColumnId(TableId("s", "t"), f"c{n}"), n, "integer") for n in range(1, 5)
    )
    table = Table(TableId("s", "t"), TableKind.TABLE, columns)
    seen: dict[int, list[tuple[str, int]]] = {}
    for sequences in (2, 16):
        settings = EngineSettings(path, sizes={"sequences": sequences})
        with Engine(settings) as engine:
            facts = engine.start()
            assert facts.chat_template == tiny_gguf.CHAT
            assert facts.sizes.number("sequences") == sequences
            drafts = list(
                Drafter(engine, model).draft([Job(table, table.targets(), {})])
            )
            assert {draft.target for draft in drafts} == set(table.targets())
            prompts = [
                prompt
                for prompt, _ in long_prompts(
                    table,
                    table.targets(),
                    {},
                    engine.turn,
                )
            ]
            assert prompts[0].head.startswith(f"{tiny_gguf.END}[user] ")
            seen[sequences] = sorted(
                (g.text, g.block) for g in engine.generate(prompts)
            )
    assert seen[2] == seen[16]
    assert len(seen[2]) == 5


def test_a_model_of_an_unknown_family_is_named(tmp_path: Path) -> None:
    path = tiny_gguf.write(tmp_path / "odd.gguf", family="nonesuch")
    with pytest.raises(ColumnistError, match="nonesuch"):
        Engine(EngineSettings(path)).start()


def test_a_child_that_ran_out_of_memory_says_so(engine: Engine) -> None:
    generations = engine.generate(PROMPTS)
    next(generations)
    _kill(engine, signal.SIGKILL)  # as the kernel does when memory is short
    rest = list(generations)
    assert len(rest) == 49
    assert "out of memory" in engine.note
    assert engine.facts is not None
    # It goes on with the smallest sizes.
    assert engine.facts.sizes.number("sequences") == 12


def test_a_context_that_does_not_fit_into_memory_is_one_line(path: Path) -> None:
    sizes: dict[str, int | str] = {"cells": 1 << 24, "sequences": 256, "batch": 4096}
    wide = tiny_gguf.write(path.with_name("wide.gguf"), width=4096, layers=2)
    with pytest.raises(ColumnistError) as caught:
        Engine(EngineSettings(wide, sizes=sizes)).start()
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_a_file_that_is_gone_by_the_time_of_a_crash_is_named(tmp_path: Path) -> None:
    path = tiny_gguf.write(tmp_path / "short-lived.gguf")
    with Engine(EngineSettings(path)) as engine:
        generations = engine.generate(PROMPTS)
        next(generations)
        path.unlink()
        _kill(engine, signal.SIGSEGV)
        with pytest.raises(ColumnistError, match="short-lived") as caught:
            list(generations)
        assert caught.value.hint
