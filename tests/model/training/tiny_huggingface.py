"""Tiny Hugging Face directories with random weights, as fine-tuning is given them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|user|>{{ message.content }}"
    "<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
MARKS = ["<|begin|>", "<|end|>", "<|user|>", "<|assistant|>"]
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
TEXTS = [
    "You document database schemas. One sentence, at most 25 words.",
    "Table shop.orders (table)\n- order_id int [primary key]\n- weight_kg int",
    "Describe the column weight_kg of orders. Weight in kilograms of the order.",
    "number of the order, date and time when it was created, 2024-01-31 12:00",
] * 4


def tokenizer(kind: str = "gpt-2", *, size: int = 480) -> Any:
    """A byte-level BPE tokenizer that splits as `kind` does."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE(ignore_merges=kind == "llama-bpe"))
    plain = kind in ("gpt-2", "smollm")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=plain)
    if kind == "gpt-2":
        made.pre_tokenizer = level
    elif kind == "smollm":
        digits = pre_tokenizers.Digits(individual_digits=True)
        made.pre_tokenizer = pre_tokenizers.Sequence([digits, level])
    else:
        split = Regex(LLAMA3 if kind == "llama-bpe" else QWEN2)
        made.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(split, "isolated", invert=False), level]
        )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=MARKS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(TEXTS, trainer)
    return made


def write(
    folder: Path,
    *,
    family: str = "llama",
    tokens: str = "gpt-2",
    tied: bool = True,
    template: bool = True,
    seed: int = 0,
    **changes: Any,
) -> Path:
    """A causal model directory of that family; its logits are far from flat."""
    import torch
    import transformers

    made = tokenizer(tokens)
    torch.manual_seed(seed)
    names = {"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2"}
    options: dict[str, Any] = {
        "vocab_size": made.get_vocab_size() + 8,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": tied,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 1,
    }
    config = getattr(transformers, f"{names[family]}Config")(**(options | changes))
    model = getattr(transformers, f"{names[family]}ForCausalLM")(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 2:
                parameter.normal_(std=0.25 if "embed" in name else 0.12)
            elif name.endswith("bias"):
                parameter.normal_(std=0.1)
    model.save_pretrained(str(folder))
    made.save(str(folder / "tokenizer.json"))
    told: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast"}
    told |= {"bos_token": MARKS[0], "eos_token": MARKS[1], "pad_token": MARKS[1]}
    if template:
        told["chat_template"] = TEMPLATE
    (folder / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


def corpus(path: Path, *, tables: int = 12) -> Path:
    """A file of described tables to learn from."""
    lines = [json.dumps(record) for record in records(tables)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def records(tables: int) -> list[dict[str, Any]]:
    """Described tables, each of its own source, two licences among them."""
    columns = [
        {"name": "order_id", "type": "int", "description": "Number of the order."},
        {
            "name": "weight_kg",
            "type": "int",
            "description": "Weight of the order in kilograms.",
        },
    ]
    return [
        {
            "source": f"shop {number}",
            "license": "MIT" if number % 3 else "Apache-2.0",
            "kind": "synthetic",
            "schema": "shop",
            "table": f"orders_{number}",
            "description": "Orders of the shop.",
            "columns": columns,
        }
        for number in range(tables)
    ]
