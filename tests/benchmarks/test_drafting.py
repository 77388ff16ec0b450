"""`benchmarks.drafting` on tiny work: equal lengths, and figures that fit together."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import arms, seven_billion
from benchmarks.tables import COLUMNS, tables
from model.sizes import KEPT_SHARE

pytestmark = [pytest.mark.gguf, pytest.mark.usefixtures("own_small")]

SMALL = ("--repeats", "1", "--tables", "1", "--text-tokens", "4", "--threads", "1")

SERVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def answer(self, body):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self):
        self.answer({"status": "ok"})

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        asked = json.loads(self.rfile.read(size))
        assert asked["prompt"] and asked["temperature"] == 0
        self.answer({"tokens_predicted": asked["n_predict"]})

    def log_message(self, *_):
        pass

port = int(sys.argv[sys.argv.index("--port") + 1])
HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def test_all_arms_write_texts_of_equal_length(
    run: Callable[..., Any], cache: Path, tmp_path: Path
) -> None:
    server = tmp_path / "server"
    server.write_text(f"#!{sys.executable}\n{SERVER}")
    server.chmod(server.stat().st_mode | stat.S_IXUSR)
    found = run(
        "drafting",
        *SMALL,
        *("--sequences", "1,8", "--cache", str(cache), "--server", str(server)),
    )
    arms_by_name = {arm["arm"]: arm for arm in found["arms"]}
    assert [*arms_by_name] == [
        "class+grammar",
        "class",
        "engine-1",
        "engine-8",
        "server",
        "shipped",
    ]
    for name, arm in arms_by_name.items():
        (one,) = arm["passes"]
        assert arm["exact"]
        assert one["descriptions"] == COLUMNS + 1
        assert one["seconds"] > 0
        assert name == "shipped" or one["text_tokens"] == 4 * (COLUMNS + 1)
        assert arm["peak_bytes"] > 1 << 20
    # With and without the grammar, the same JSON is written around the texts.
    grammar, plain = arms_by_name["class+grammar"], arms_by_name["class"]
    assert grammar["other_tokens_a_description"] == plain["other_tokens_a_description"]
    assert 3 < grammar["other_tokens_a_description"] < 9
    assert grammar["times_class_grammar"]["median"] == 1.0
    assert found["machine"]["threads"] == 1


def test_the_cost_of_a_large_model_is_extrapolated_and_says_so(
    run: Callable[..., Any], cache: Path
) -> None:
    options = ("--model", "7b-long", "--large", "bundled", "--prefill-tokens", "8")
    found = run("drafting", *SMALL, *options, "--steps", "1", "--cache", str(cache))
    result = found["seven_billion"]
    assert result["extrapolated"] is True
    costs = result["seconds_a_thousand_columns"]
    assert costs["7b-long"] > 0
    assert result["times_bundled"]["median"] == pytest.approx(
        costs["7b-long"] / costs["bundled"]
    )


def test_the_extrapolation_is_what_its_docstring_says() -> None:
    tokens = [seven_billion.Tokens(head=100, blocks=50, texts=COLUMNS + 1)]
    seconds = seven_billion.extrapolated(tokens, 0.1, 0.8, 16)
    assert seconds == pytest.approx((15 + 13 * 16 * 0.8 / 16) * 1000 / COLUMNS)


def test_as_many_texts_at_once_as_asked() -> None:
    for texts, ids in ((1, 2), (4, 6), (16, 22), (64, 80), (256, 256)):
        assert arms.ids_for(texts) == ids
        if texts < arms.WIDE:
            assert ids - int(KEPT_SHARE * ids) > texts


def test_the_tables_are_fixed() -> None:
    found = tables(20)
    assert {len(table.columns) for table in found} == {COLUMNS}
    assert len({table.id for table in found}) == 20
    assert json.dumps(arms.whole_prompt(found[0])) == json.dumps(
        arms.whole_prompt(tables(1)[0])
    )
