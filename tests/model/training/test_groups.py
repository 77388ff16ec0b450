"""What a row shows to each block, and which texts are learned with what."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from model.teacher_set import Described, described  # noqa: E402
from model.training.groups import (  # noqa: E402
    COLUMNS,
    Block,
    Group,
    Groups,
    pack,
    rows,
    steps,
)
from model.training.source import (  # noqa: E402
    Tokens,
    load_model,
    open_source,
    open_tokens,
)
from tests.model.training import tiny_huggingface as tiny  # noqa: E402


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def tokens(base: Path) -> Tokens:
    return open_tokens(open_source(base))


def table(number: int, source: str, **changes: Any) -> Described:
    record = tiny.records(1)[0] | {"table": f"orders_{number}", "source": source}
    return described(record | changes)


def group(seed: int) -> Group:
    rng = random.Random(seed)

    def some(count: int) -> tuple[int, ...]:
        return tuple(rng.randrange(4, 300) for _ in range(count))

    blocks = (Block(some(4), some(3), 1.0), Block(some(2), some(5), 2.5))
    return Group(some(9), blocks)


def logits(model: Any, row: Any) -> Any:
    with torch.no_grad():
        return model(
            input_ids=row.ids,
            attention_mask=row.mask,
            position_ids=row.positions,
            logits_to_keep=row.asked,
            use_cache=False,
        ).logits[0]


def test_a_row_has_the_logits_of_its_prompts_one_by_one(base: Path) -> None:
    model = load_model(open_source(base), torch.float32).eval()
    row = pack([group(1), group(2)])
    together = logits(model, row)
    alone: list[Any] = []
    labels: list[int] = []
    weights: list[float] = []
    for each in (group(1), group(2)):
        for block in each.blocks:
            ids = torch.tensor([[*each.head, *block.prompt, *block.answer]])
            begin = len(each.head) + len(block.prompt) - 1
            with torch.no_grad():
                alone.append(model(input_ids=ids).logits[0, begin:-1])
            labels += block.answer
            weights += [block.weight] * len(block.answer)
    assert torch.allclose(together, torch.cat(alone), atol=1e-4)
    assert row.labels.tolist() == labels
    assert row.weights.tolist() == weights


def test_a_block_sees_no_other_block_and_no_other_table(base: Path) -> None:
    model = load_model(open_source(base), torch.float32).eval()
    one, other = group(1), group(3)
    first = len(one.blocks[0].answer)
    before = logits(model, pack([one, group(2)]))
    changed = Group(one.head, (one.blocks[0], other.blocks[1]))
    after = logits(model, pack([changed, other]))
    assert torch.allclose(before[:first], after[:first], atol=1e-5)
    assert not torch.allclose(before[first:16], after[first:16], atol=1e-2)
    headed = Group(other.head, one.blocks)
    assert not torch.allclose(before[:first], logits(model, pack([headed]))[:first])


def test_whole_tables_fill_rows() -> None:
    found = rows([group(n) for n in range(5)], tokens=50)
    assert [len(row) for row in found] == [46, 46, 23]
    assert [len(row) for row in rows([group(1), group(2)], tokens=1)] == [23, 23]


def test_steps_go_on_from_any_place() -> None:
    def make(number: int, rng: random.Random) -> Group:
        return Group((number,), (Block((int(rng.random() * 1000),), (1, 2), 1.0),))

    whole = list(islice(steps(7, make, tokens=9, seed=5), 9))
    assert [place for place, _ in whole[:3]] == [(0, 2), (0, 4), (0, 6)]
    assert sorted(g.head[0] for _, found in whole[:4] for g in found) == [*range(7)]
    for at in range(8):
        again = steps(7, make, tokens=9, seed=5, place=whole[at][0])
        assert next(again) == whole[at + 1]


def test_the_texts_are_learned_and_nothing_else(tokens: Tokens) -> None:
    each = table(1, "a")
    made = Groups([each], tokens).make(each, random.Random(2))
    decode = tokens.tokenizer.decode
    assert decode(list(made.head)).startswith("Table orders_1")
    texts = [decode(list(b.answer), skip_special_tokens=False) for b in made.blocks]
    assert texts == [
        " Orders of the shop.<|end|>",
        " Number of the order.<|end|>",
        " Weight of the order in kilograms.<|end|>",
    ]
    assert [block.weight for block in made.blocks] == [1.0, 1.0, 1.0]


def test_only_what_a_model_is_asked_in_use_is_learned(tokens: Tokens) -> None:
    record = tiny.records(1)[0]
    columns = [*record["columns"], {"name": "email", "description": "E-mail address."}]
    each = described(record | {"columns": columns})
    whole = Groups([each], tokens).make(each, random.Random(2))
    asked = Groups([each], tokens, asked=True).make(each, random.Random(2))
    assert (len(whole.blocks), len(asked.blocks)) == (4, 2)
    assert asked.head == whole.head


def test_a_text_in_the_head_is_not_asked_for(tokens: Tokens) -> None:
    each = table(1, "a")
    groups = Groups([each], tokens)
    made = [groups.make(each, random.Random(seed)) for seed in range(200)]
    noted = [
        group
        for group in made
        if "Orders of the shop" in tokens.tokenizer.decode(list(group.head))
    ]
    assert 5 < len(noted) < 60
    assert {len(group.blocks) for group in noted} == {2}
    assert {len(group.blocks) for group in made if group not in noted} == {3}


def test_examples_are_of_other_sources(tokens: Tokens) -> None:
    def prompts(groups: Groups, each: Described) -> list[str]:
        return [
            tokens.tokenizer.decode(list(block.prompt))
            for seed in range(12)
            for block in groups.make(each, random.Random(seed)).blocks
        ]

    one, twin = table(1, "a"), table(2, "a")
    assert not any("Like" in p for p in prompts(Groups([one, twin], tokens), one))
    found = prompts(Groups([one, table(2, "b")], tokens), one)
    like = [prompt for prompt in found if prompt.startswith("Like")]
    assert 0.4 < len(like) / len(found) < 0.95


def test_a_wide_table_is_learned_window_by_window(tokens: Tokens) -> None:
    columns = [
        {"name": f"c{n}", "type": "int", "description": f"Count {n}."}
        for n in range(100)
    ]
    each = table(1, "a", columns=columns, description="")
    groups = Groups([each], tokens)
    one, other = (groups.make(each, random.Random(seed)) for seed in (1, 2))
    assert len(one.blocks) == len(other.blocks) == COLUMNS
    assert one.head != other.head


def test_a_text_can_spell_no_token(tokens: Tokens) -> None:
    each = table(1, "a", description="Orders <|end|> of <|user|>\nthe shop.")
    made = Groups([each], tokens).make(each, random.Random(2))
    end = tokens.id_of("<|end|>")
    for block in made.blocks:
        assert block.answer.index(end) == len(block.answer) - 1
        assert tokens.id_of("<|user|>") not in block.answer
