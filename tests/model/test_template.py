"""Chat templates that mean harm: each ends in one line, and nothing else happens."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catalog.errors import ColumnistError
from catalog.objects import Table, TableId, TableKind
from model.draft import Drafter, Job
from model.engine import Engine
from model.library import ModelFile, PromptFormat
from model.prompts.long import render_chat
from model.template import QUESTION, Template, Turn, turn
from model.wire import EngineSettings
from tests.model import tiny_gguf

SAFE = "is unsafe|is undefined|access to attribute|has no attribute|unsafe"
"""What Jinja says of what its sandbox holds back."""
SLOW = "longer than 2 seconds"
MUCH = f"too much memory|{SLOW}"
"""Filling the memory takes its time as well."""
HOSTILE = {
    "a loop in loops": (
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}"
        "{% endfor %}",
        SLOW,
    ),
    "a number without end": ("{{ 10**(10**9) }}", SLOW),
    "a number without end, at run time": ("{% set n = 10 %}{{ n**(n**9) }}", SLOW),
    "a loop in a filter": ("{{ range(99999)|map('string')|sum(start='')|length }}", ""),
    "a sort in loops": (
        "{% for a in range(99999) %}{% set b = range(99999)|list|sort %}{% endfor %}",
        SLOW,
    ),
    "a loop that repeats its list": (
        "{% set l = [1] %}{% for i in l %}{% set _ = l.append(1) %}{% endfor %}",
        SAFE,
    ),
    "a search that goes back": (
        "{{ ('a' * 50000)|wordwrap(1)|urlize|indent|length }}{{ ''|urlize(0) }}"
        "{% for a in range(99999) %}{{ ('<' * 99999)|striptags|length }}{% endfor %}",
        "",
    ),
    "much output": ("{% for a in range(99999) %}xxxx{% endfor %}", "writes more than"),
    "much output at once": ("{{ 'x' * 1000000 }}", "writes more than"),
    "a text of gigabytes": ("{{ 'x' * 10**10 }}", MUCH),
    "a list of gigabytes": ("{{ ([0] * 10**10)|length }}", MUCH),
    "a text that doubles": (
        "{% set n = namespace(t='x' * 1024) %}"
        "{% for a in range(99) %}{% set n.t = n.t ~ n.t %}{% endfor %}",
        MUCH,
    ),
    "a wide text": ("{{ '%10000000000d'|format(1) }}", f"{MUCH}|too big"),
    "a wide text by format": (
        "{{ '{:10000000000}'.format(1) }}",
        f"{MUCH}|too big|Too",
    ),
    "a centred text": ("{{ 'x'|center(10**10) }}", MUCH),
    "an indented text": ("{{ ('x\n' * 9999)|indent(10**7) }}", MUCH),
    "lorem ipsum": ("{{ lipsum(n=99999) }}", f"{SLOW}|writes more|memory"),
    "a wide range": ("{{ range(10**9)|list }}", "Range too big"),
    "a range of ranges": ("{{ range(0, 10**9, 1)|sum }}", "Range too big"),
    "a macro in itself": ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "circles"),
    "a loop in itself": (
        "{% for a in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
        "circles",
    ),
    "deep brackets": ("{{ " + "(" * 50000 + "1" + ")" * 50000 + " }}", "circles"),
    "deep lists": ("{{ " + "[" * 5000 + "]" * 5000 + " }}", "circles|nested|memory"),
    "deep blocks": ("{% if 1 %}" * 5000 + "{% endif %}" * 5000, "circles|nested|many"),
    "many signs": ("{{ " + "-" * 90000 + "1 }}", "circles"),
    "its class": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", SAFE),
    "its class by a filter": ("{{ ''|attr('__class__')|attr('__mro__') }}", ""),
    "its class by an index": ("{{ ''['__class__']['__mro__'] }}", SAFE),
    "its class by a map": ("{{ [1]|map(attribute='__class__.__mro__')|list }}", ""),
    "its class by format": ("{{ '{0.__class__.__mro__}'.format(1) }}", SAFE),
    "its class by format_map": (
        "{{ '{a.__class__.__mro__}'.format_map({'a': 1}) }}",
        SAFE,
    ),
    "its class by a filter of format": (
        "{{ ['{0.__class__}']|map('format', 1)|first }}",
        "",
    ),
    "its class by an alias of format": (
        "{% set f = '{0.__class__.__mro__}'.format %}{{ f(1) }}",
        SAFE,
    ),
    "globals of a function": ("{{ raise_exception.__globals__ }}", ""),
    "globals of a helper": ("{{ lipsum.__globals__['os'].system('id') }}", SAFE),
    "globals of a class": ("{{ cycler.__init__.__globals__.os }}", SAFE),
    "itself": ("{{ self.__init__.__globals__ }}", SAFE),
    "itself through a private name": ("{{ self._TemplateReference__context }}", ""),
    "a frame": ("{{ (raise_exception).__code__.co_consts }}", SAFE),
    "a change to what is given": ("{{ messages.append(1) }}", SAFE),
    "a change by its name": ("{% do messages.clear() %}", "unknown tag"),
    "another file": ("{% include '/etc/passwd' %}", "no loader"),
    "another template": ("{% import 'os' as os %}{{ os }}", "no loader"),
    "a parent": ("{% extends '/etc/passwd' %}", "no loader"),
    "Python's own names": ("{{ __import__('os').system('id') }}", SAFE),
    "what is not there": ("{{ nothing.at.all }}", "undefined"),
    "a broken template": ("{% for %}", "xpected"),
    "its own words": ("{{ raise_exception('no\n\x1b[2J' * 9000) }}", "no"),
    "an error of another kind": ("{{ 1 // 0 }}", "by zero"),
    "a template that is too long": (
        "{# " + "x" * 300_000 + " #}",
        "200,000 characters",
    ),
    "nothing": ("", "leaves the question out"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_is_one_line(name: str) -> None:
    source, reason = HOSTILE[name]
    began = time.monotonic()
    with pytest.raises(ColumnistError, match="chat template cannot") as caught:
        turn(Template(source, "", ""))
    assert time.monotonic() - began < 8
    message = caught.value.message
    assert "\n" not in message
    assert len(message) < 300
    assert caught.value.hint
    assert re.search(reason, message), message


@pytest.mark.parametrize("name", [n for n in HOSTILE if n.startswith(("its", "glob"))])
def test_what_jinja_holds_back_without_a_word_is_not_in_the_prompt(name: str) -> None:
    source, _ = HOSTILE[name]
    try:
        found = turn(Template(source + "|{{ messages[0].content }}", "", ""))
    except ColumnistError:
        return
    assert not re.search("<class|posix|uid=|builtin|object", found.head), found.head


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("[{{ messages[0].content }}]", Turn("[", "]")),
        (
            "{{ bos_token }}{{ messages[0]['content']|trim }}{{ eos_token }}",
            Turn("<s>", "</s>"),
        ),
        (
            "{% if not add_generation_prompt %}{{ raise_exception('no') }}{% endif %}"
            "{% if tools is defined and tools %}tools{% endif %}"
            "{% for m in messages %}\n  {% if m.role == 'user' %}\nU: "
            "{{- m['content'] | trim }}{% endif %}{% endfor %}\nM:",
            Turn("U:", "M:"),
        ),
        ("{{ '\\ud800' }}{{ messages[0].content }}", Turn("?", "")),
    ],
)
def test_what_goes_around_a_turn(source: str, found: Turn) -> None:
    assert turn(Template(source, "<s>", "</s>")) == found


def test_a_turn_is_put_in_where_the_question_was() -> None:
    template = "<u>{{ messages[0].content }}</u><m>"
    assert render_chat(f"a\n{QUESTION}b", template=template, bos="", eos="") == (
        "<u>a\n",
        "b</u><m>",
    )


def test_the_parent_has_no_jinja() -> None:
    code = (
        "import sys; from model.template import Template, turn;"
        " print(turn(Template('a{{ messages[0].content }}b', '', '')));"
        " print('jinja2' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["Turn(head='a', tail='b')", "False"]


def test_rendering_ends_also_when_nobody_waits_for_it() -> None:
    code = (
        "import os, subprocess; from model import box, wire;"
        " from model.template import Template;"
        " child = subprocess.Popen(box.command('model.template'), stdin=-1);"
        " asked = wire.packed(Template('{{ 10**(10**9) }}', '', ''));"
        " child.stdin.write(asked); child.stdin.flush();"
        " print(child.pid, flush=True); os._exit(0)"
    )
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    # Its output is ours as well, and ends when it does.
    assert time.monotonic() - began < 6


@pytest.mark.gguf
def test_a_model_with_a_hostile_template_drafts_nothing_and_says_why(
    tmp_path: Path,
) -> None:
    source, reason = HOSTILE["a loop in loops"]
    path = tiny_gguf.write(tmp_path / "bad.gguf", template=source)
    model = ModelFile("bad", path, PromptFormat.LONG, None, None, {})
    table = Table(TableId("s", "t"), TableKind.TABLE, ())
    with Engine(EngineSettings(path)) as engine:
        drafter = Drafter(engine, model)
        with pytest.raises(ColumnistError, match=reason):
            list(drafter.draft([Job(table, table.targets(), {})]))
