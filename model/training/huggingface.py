"""A local Hugging Face directory: its files, tokenizer and weights.

Nothing is ever fetched: the libraries are told so before they are loaded, remote code
is not run, and weights are only read from safetensors, which cannot hold any.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from catalog.errors import UsageError
from model.training.dataset import digest

CARRIED = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "generation_config.json",
)
"""Files beside the weights that a model made from this one needs as they are."""


@dataclass(frozen=True, slots=True)
class Source:
    """A causal language model on disk."""

    folder: Path
    """The directory."""
    config: dict[str, Any]
    """`config.json`."""
    weights: tuple[Path, ...]
    """The safetensors files."""

    @property
    def architecture(self) -> str:
        """The first of its architectures, such as `LlamaForCausalLM`."""
        named = self.config.get("architectures") or ["none"]
        return str(named[0])

    @property
    def licence(self) -> str | None:
        """What its card says, or its configuration."""
        card = self.folder / "README.md"
        if card.is_file():
            text = card.read_text(encoding="utf-8", errors="replace")[:4000]
            if found := re.search(r"^license:\s*(\S+)\s*$", text, re.MULTILINE):
                return found[1].strip("'\"")
        told = self.config.get("license")
        return told if isinstance(told, str) else None

    def digests(self) -> dict[str, str]:
        """SHA-256 of every weight file by name."""
        return {path.name: digest(path) for path in self.weights}


@dataclass(frozen=True, slots=True)
class Tokens:
    """A directory's tokenizer and what goes with it."""

    tokenizer: Any
    """A `tokenizers.Tokenizer`."""
    bos: str
    """The token that begins a text, or empty."""
    eos: str
    """The token that ends one."""
    pad: str
    """The token that fills rows; the end token where it has none."""
    template: str | None
    """The chat template's Jinja source."""

    def encode(self, text: str) -> list[int]:
        """Token ids; special tokens in the text are parsed, none are added."""
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def id_of(self, token: str) -> int | None:
        """The id of a token."""
        found: int | None = self.tokenizer.token_to_id(token) if token else None
        return found


def require(*packages: str) -> None:
    """Say in one line which package is missing, before any work is done.

    Raises:
        UsageError: one is.
    """
    for name in packages:
        if find_spec(name) is None:
            raise UsageError(
                f"This needs the package {name}.",
                "Install columnist[train]; the README says how to get torch.",
            )


def open_source(folder: Path) -> Source:
    """The model in a directory.

    Raises:
        UsageError: it is no causal language model with safetensors and a tokenizer.
    """
    hint = (
        "Give a local directory with config.json, *.safetensors and tokenizer.json;"
        " nothing is downloaded."
    )
    config = _json(folder / "config.json", hint)
    named = config.get("architectures") or []
    if not named or not str(named[0]).endswith("ForCausalLM"):
        told = str(named[0]) if named else "of no architecture"
        raise UsageError(f"{folder} is {told}, no causal language model.", hint)
    index = folder / "model.safetensors.index.json"
    if index.exists():
        names = sorted(set(_json(index, hint).get("weight_map", {}).values()))
    else:
        names = ["model.safetensors"]
    weights = tuple(folder / Path(name).name for name in names)
    for path in (*weights, folder / "tokenizer.json"):
        if not path.is_file():
            raise UsageError(f"There is no {path.name} in {folder}.", hint)
    return Source(folder, config, weights)


def open_tokens(source: Source) -> Tokens:
    """The directory's tokenizer, exactly as `tokenizer.json` has it.

    Raises:
        UsageError: it cannot be read, or has no end token.
    """
    from tokenizers import Tokenizer

    path = source.folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        # The library raises a bare Exception for any file that is not right.
        raise UsageError(f"{path} is no tokenizer: {error}.", "") from error
    told = _optional(source.folder / "special_tokens_map.json")
    told |= _optional(source.folder / "tokenizer_config.json")
    texts = {name: _text(told.get(f"{name}_token")) for name in ("bos", "eos", "pad")}
    if not texts["eos"]:
        number = source.config.get("eos_token_id")
        number = number[0] if isinstance(number, list) and number else number
        if isinstance(number, int):
            texts["eos"] = tokenizer.id_to_token(number) or ""
    if not texts["eos"] or tokenizer.token_to_id(texts["eos"]) is None:
        raise UsageError(
            f"The tokenizer of {source.folder} has no end token.",
            "Name one as `eos_token` in tokenizer_config.json.",
        )
    if tokenizer.token_to_id(texts["pad"]) is None:
        texts["pad"] = texts["eos"]
    return Tokens(tokenizer, **texts, template=_template(source.folder, told))


def _template(folder: Path, told: dict[str, Any]) -> str | None:
    """The chat template; the one named `default` where there are several."""
    file = folder / "chat_template.jinja"
    if file.exists():
        return file.read_text(encoding="utf-8")
    found = told.get("chat_template")
    if isinstance(found, list):
        found = next((x["template"] for x in found if x.get("name") == "default"), None)
    return found if isinstance(found, str) and found else None


def load_model(folder: Path, dtype: Any, **options: Any) -> Any:
    """The transformers model of a directory.

    Raises:
        UsageError: transformers cannot load it.
    """
    transformers = quiet_transformers()
    try:
        return transformers.AutoModelForCausalLM.from_pretrained(
            str(folder),
            dtype=dtype,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            **options,
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        line = (str(error).strip() or repr(error)).splitlines()[0]
        raise UsageError(
            f"{folder} cannot be loaded: {line}", "Check the directory."
        ) from error


def quiet_transformers() -> Any:
    """The library, offline and without bars on the terminal."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Remarks of the two libraries about each other are for their authors.
    warnings.filterwarnings(
        "ignore", category=FutureWarning, module=r"(transformers|peft)\."
    )
    import transformers
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return transformers


def _json(path: Path, hint: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.", hint) from error
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}.", hint) from error
    return found if isinstance(found, dict) else {}


def _optional(path: Path) -> dict[str, Any]:
    return _json(path, "") if path.exists() else {}


def _text(token: Any) -> str:
    """A token's text; the configuration has it plain or as an object."""
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else ""
