from __future__ import annotations

from collections.abc import Sequence

import jinja2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.jinja import Code, escape, is_template, pieces

ANSWERS = {("doc", "id"): "Key.", ("var", "s", "crm"): "crm", ("var", "s"): "raw"}


def call(name: str, arguments: Sequence[str]) -> str | None:
    return ANSWERS.get((name, *arguments))


parts = st.sampled_from(
    [
        *"{}%#-+'\"\\ \nab",
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "{{ '{{' }}",
        "raw",
        "endraw",
    ]
)


@given(st.lists(parts).map("".join))
@example("{{{% }}")
@example("{{{{ 'a' }}")
def test_an_escaped_text_is_only_a_text(text: str) -> None:
    template = escape(text)
    assert "".join(map(str, pieces(template, call))) == text
    environment = jinja2.Environment(keep_trailing_newline=True)
    assert environment.from_string(template).render() == text


@given(st.lists(parts).map("".join))
def test_what_is_no_template_is_what_jinja_leaves_alone(text: str) -> None:
    if not is_template(text):
        environment = jinja2.Environment(keep_trailing_newline=True)
        assert environment.from_string(text).render() == text


@given(st.lists(parts).map("".join))
def test_whatever_has_a_value_here_has_that_value_in_jinja(text: str) -> None:
    found = pieces(text, call)
    if not any(isinstance(piece, Code) for piece in found):
        environment = jinja2.Environment(keep_trailing_newline=True)
        assert environment.from_string(text).render() == "".join(map(str, found))


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{{ doc('id') }}", ["Key."]),
        ('A {{doc("id")}} it.', ["A ", "Key.", " it."]),
        ("{{\n  doc(\n 'id')\n}}", ["Key."]),
        ("A  {{- doc('id') -}}  it.", ["A", "Key.", "it."]),
        ("{{ var('s', 'crm') }}", ["crm"]),
        ("{{ var('s', default='crm') }}", ["crm"]),
        ("{{ var('s', none) }}_x", ["raw", "_x"]),
        ("{{ var('s', var('s', 'crm')) }}", ["crm"]),
        ("{{ '}}' + \"%}\" }}", ["}}%}"]),
        ("{# a {{ doc('id') }} #}text", ["text"]),
        ("{% raw %}{{ doc('id') }}{% endraw %}", ["{{ doc('id') }}"]),
        ("{{ doc('gone') }}", [Code("{{ doc('gone') }}")]),
        ("{{ target.schema }}_raw", [Code("{{ target.schema }}"), "_raw"]),
        ("{{ doc( }}", [Code("{{ doc( }}")]),
        ("{{ f'{doc}' }}", [Code("{{ f'{doc}' }}")]),
        ("{{ var(none, 'x') }}", [Code("{{ var(none, 'x') }}")]),
        ("see {{ this", ["see ", Code("{{ this")]),
        ("see {# this", [Code("see {# this")]),
        ("{#}", [Code("{#}")]),
        ("see {{ 'this'", ["see ", Code("{{ 'this'")]),
        ("{% if a %}x{% endif %}", [Code("{% if a %}x{% endif %}")]),
        ("{% raw %}x", [Code("{% raw %}x")]),
        ("plain } text }}", ["plain } text }}"]),
    ],
)
def test_text_and_code_are_told_apart(template: str, found: list[object]) -> None:
    assert pieces(template, call) == found


@pytest.mark.parametrize(
    "template",
    [
        "{{ " + "(" * 100_000 + " }}",
        "{{ " + "-" * 1990 + "1 }}",
        "{{ 'a" * 50_000,
        "{{ doc('id') }}" * 5_000 + "{{",
        "{{ '\\d\\x' }}",
        "{{ 'a\0' }}",
        "{% docs " * 50_000,
    ],
)
def test_no_template_is_more_than_a_text_to_read(template: str) -> None:
    assert any(isinstance(piece, Code) for piece in pieces(template, call))
