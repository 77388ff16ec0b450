from __future__ import annotations

import lzma
import random
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import ColumnistError, UsageError
from model.names import plural
from model.training.corpus import document
from model.training.synthesis.ddl import DIALECTS, create_table, parses, quoted
from model.training.synthesis.examples import ExampleFile, first_examples, line_of
from model.training.synthesis.naming import Habit, column_name, shorten, table_name
from model.training.synthesis.statistics import cryptic, statistics
from model.training.synthesis.tables import FEWEST, MOST, make_tables
from model.training.synthesis.taxonomy import Attribute, load_taxonomy, parse_attribute
from model.training.synthesis.usecases import industry_words, use_cases
from model.training.synthesis.writer import (
    Seen,
    Slots,
    column_texts,
    shares_word,
    with_name,
)

COUNT = 700


@cache
def made() -> list[dict[str, Any]]:
    return list(first_examples(COUNT, 1))


def texts() -> list[str]:
    return [
        text
        for record in made()
        for text in (
            record["description"],
            *(column["description"] for column in record["columns"]),
        )
    ]


def test_same_seed_same_lines_and_another_seed_others() -> None:
    again = list(first_examples(60, 1))
    assert list(map(line_of, again)) == list(map(line_of, made()[:60]))
    other = list(first_examples(60, 2))
    assert not set(map(line_of, other)) & set(map(line_of, again))


def test_fewer_examples_are_the_first_of_more() -> None:
    assert list(first_examples(7, 1)) == made()[:7]


def test_taxonomy_is_as_large_as_promised() -> None:
    taxonomy = load_taxonomy()
    assert len(taxonomy.entities) >= 120
    assert len(taxonomy.processes) >= 15
    attributes = [a for e in taxonomy.entities.values() for a in e.attributes]
    assert sum(len(a.texts) for a in attributes) >= 2000
    assert sum(map(len, taxonomy.common.values())) >= 150
    assert all(len(a.texts) >= 3 for g in taxonomy.common.values() for a in g)
    assert sum(map(len, taxonomy.metrics.values())) >= 60
    for entity in taxonomy.entities.values():
        assert 7 <= len(entity.attributes) <= 22, entity.name
        assert set(entity.groups) <= set(taxonomy.common), entity.name
        for attribute in entity.references():
            assert attribute.references in taxonomy.entities


def test_every_entity_is_reached() -> None:
    taxonomy = load_taxonomy()
    cases = use_cases(taxonomy, 1)
    anchors = {next(cases).members[0][0].name for _ in range(len(taxonomy.entities))}
    assert anchors == set(taxonomy.entities)


def test_each_record_has_the_shape_of_the_corpus() -> None:
    for record in made():
        names = [column["name"] for column in record["columns"]]
        assert FEWEST <= len(names) <= MOST
        assert len({name.lower() for name in names}) == len(names)
        assert set(record["primary_key"]) <= set(names)
        assert record["kind"] == "synthetic"
        assert record["license"] == "Apache-2.0"
        assert re.fullmatch(r"\d{3,6}", record["industry"])
        for column in record["columns"]:
            figures = column["profile"]
            assert 0 <= figures["null_share"] <= 1
            if "codes" in figures:
                assert column["enum"] == figures["codes"]
                assert figures["distinct"] == len(figures["codes"])


def test_no_text_comes_twice_in_a_table() -> None:
    for record in made():
        said = [column["description"].lower() for column in record["columns"]]
        assert len(set(said)) == len(said)


def test_all_ddl_parses_in_its_dialect() -> None:
    assert {record["dialect"] for record in made()} == set(DIALECTS)
    for record in made()[:250]:
        assert parses(record["ddl"], record["dialect"]), record["ddl"]
        for column in record["columns"]:
            assert quoted(column["name"], record["dialect"]) in record["ddl"]


def test_references_point_to_columns_of_the_same_database() -> None:
    taxonomy = load_taxonomy()
    found = 0
    for case in islice(use_cases(taxonomy, 1), 60):
        records = make_tables(case, taxonomy, 1)
        columns = {
            f"{record['table']}.{column['name']}"
            for record in records
            for column in record["columns"]
        }
        for record in records:
            for column in record["columns"]:
                if "references" in column:
                    found += 1
                    assert column["references"] in columns
    assert found > 50


@pytest.mark.parametrize("text", ["capital", "stop", "words", "slots", "talk", "twice"])
def test_texts_are_in_house_style(text: str) -> None:
    checks: dict[str, Callable[[str], object]] = {
        "capital": lambda t: t[0].isupper() or t[0].isdigit(),
        "stop": lambda t: t.endswith(".") and not t.endswith(".."),
        "words": lambda t: 3 <= len(t.split()) <= 34,
        "slots": lambda t: not re.search(r"[{}|<>]|  ", t),
        "talk": lambda t: not re.search(r"\bthis (column|field|table)\b", t, re.I),
        "twice": lambda t: not re.search(r"\b(\w+) \1\b", t.lower()),
    }
    bad = [each for each in texts() if not checks[text](each)]
    assert bad == []


def test_no_text_tells_an_industry_that_the_schema_does_not_show() -> None:
    by_code = {i.code: industry_words(i).lower() for i in load_taxonomy().industries}
    told = 0
    for record in made():
        industry = by_code[record["industry"]]
        if industry and f"in {industry}." in record["description"].lower():
            told += 1
            assert industry.replace(" ", "_") == record["schema"].lower()
    assert told


def test_texts_tell_units_only_where_the_name_shows_them() -> None:
    """Saying "in kilograms" beside a name without a unit teaches to invent."""
    for record in made():
        for column in record["columns"]:
            if column["description"].endswith(", in kilograms."):
                assert "k" in column["name"].lower()


def test_codes_in_a_text_are_in_the_code_list() -> None:
    for record in made():
        for column in record["columns"]:
            match = re.search(
                r": ([a-z -]+(?:, [a-z -]+)* or [a-z -]+)\.$", column["description"]
            )
            if match and column.get("enum"):
                shown = {code.lower().replace("_", " ") for code in column["enum"]}
                told = re.split(r", | or ", match[1])
                assert set(told) <= shown


def test_training_keeps_nearly_all_texts() -> None:
    kept = total = 0
    for record in made():
        found = document(record, lambda _: 1, Counter())
        assert found is not None
        assert found.style == "data"
        kept += len(found.texts)
        total += len(record["columns"]) + 1
    assert kept / total > 0.97


def test_cryptic_name_keeps_the_text_of_its_full_words() -> None:
    rng = random.Random(3)
    habit = Habit("upper", 1.0)
    names = {
        column_name(["customer", "credit", "limit"], habit, rng) for _ in range(40)
    }
    assert any(name.startswith("CUST") for name in names)
    assert all(cryptic(name) for name in names)


@pytest.mark.parametrize(
    ("case", "name"),
    [
        ("snake", "order_date"),
        ("upper", "ORDER_DATE"),
        ("camel", "orderDate"),
        ("pascal", "OrderDate"),
        ("squashed", "ordedate"),
    ],
)
def test_cases(case: str, name: str) -> None:
    assert column_name(["order", "date"], Habit(case, 0), random.Random(0)) == name


def test_table_names_carry_what_stands_around_them() -> None:
    name = table_name(
        "sales order", Habit("snake", 0), random.Random(0), many=True, prefix="stg_"
    )
    assert name == "stg_sales_orders"


def test_short_word_stays() -> None:
    assert shorten("tax", random.Random(1)) == "tax"


def test_reserved_and_mixed_names_are_quoted() -> None:
    assert quoted("order", "tsql") == "[order]"
    assert quoted("orderDate", "postgres") == '"orderDate"'
    assert quoted("order_date", "mysql") == "order_date"
    assert parses(create_table("", "t", [], [], "postgres"), "postgres") is not None


def test_a_text_without_its_name_gets_it() -> None:
    attribute = parse_attribute("net yield", "number | Weight of the dried crop.")
    slots = Slots("harvest")
    text = with_name(attribute.texts[0], attribute, slots)
    assert text == "Net yield, the weight of the dried crop."
    flag = parse_attribute("is locked", "flag | Whether nothing can be changed.")
    told = with_name(flag.texts[0], flag, slots)
    assert told == "Whether the harvest is locked, meaning that nothing can be changed."


def test_number_of_one_thing_never_becomes_a_count() -> None:
    """`bin_number` once was "Count of the bin that was emptied."."""
    attribute = parse_attribute("bin number", "text | Number of the bin.")
    assert column_texts(attribute, Seen(), Slots("pickup")) == ["Number of the bin."]


def test_every_text_of_the_taxonomy_has_a_word_of_its_name_in_the_end() -> None:
    for entity in load_taxonomy().entities.values():
        slots = Slots(entity.name)
        for attribute in entity.attributes:
            if attribute.kind == "ref":
                continue
            written = column_texts(attribute, Seen(), slots)
            assert any(shares_word(text, attribute.name) for text in written), (
                entity.name,
                attribute.name,
            )


def test_unreadable_attribute_is_an_error() -> None:
    with pytest.raises(ColumnistError, match="cannot be read"):
        parse_attribute("x", "texts | What.")


def test_statistics_count_and_measure() -> None:
    figures = statistics(made())
    assert figures["tables"] == COUNT
    assert figures["columns"] == sum(len(r["columns"]) for r in made())
    assert set(figures["dialects"]) == set(DIALECTS)
    assert 0.25 < figures["cryptic_names"] < 0.7
    assert 0 < figures["distinct_1"] < figures["distinct_2"] < figures["distinct_3"]
    assert figures["self_similarity"] < 0.2
    assert statistics([])["tables"] == 0


def test_file_goes_on_after_a_torn_line(tmp_path: Path) -> None:
    file = ExampleFile(tmp_path / "a.jsonl")
    file.begin([])
    file.add(made()[0])
    file.close()
    with file.partial.open("a", encoding="utf-8") as torn:
        torn.write('{"kind": "synth')
    assert file.existing() == made()[:1]
    file.begin(made()[:1])
    file.add(made()[1])
    file.finish()
    assert not file.partial.exists()
    assert file.path.read_text(encoding="utf-8") == "".join(map(line_of, made()[:2]))


def test_packed_file_is_read_again(tmp_path: Path) -> None:
    file = ExampleFile(tmp_path / "a.jsonl.xz")
    file.begin([])
    file.add(made()[0])
    file.finish()
    assert ExampleFile(file.path).existing() == made()[:1]
    assert lzma.decompress(file.path.read_bytes()).decode() == line_of(made()[0])


def test_file_of_other_examples_is_refused(tmp_path: Path) -> None:
    file = ExampleFile(tmp_path / "a.jsonl")
    with pytest.raises(UsageError, match="something else"):
        file.check(made()[0], made()[1])
    file.path.write_text("no json", encoding="utf-8")
    with pytest.raises(UsageError, match="something else"):
        file.existing()
    with pytest.raises(UsageError, match="no JSON Lines"):
        ExampleFile(tmp_path / "a.csv")


def test_plural_slots() -> None:
    assert Slots("journal entry").fill("{things:c}.") == "Journal entries."
    assert plural("journal entry") == "journal entries"
    assert Attribute("a", "text", ("A.",)).codes == ()
