"""A base model on disk, a Hugging Face directory or a GGUF: weights and tokenizer.

Nothing is ever fetched: the libraries are told so before they are loaded, remote code
is not run, and weights are read from safetensors and GGUF, which cannot hold any.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import warnings
from contextlib import redirect_stderr
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

from catalog.errors import UsageError
from model.gguf_file import keys_of
from model.library import digest
from model.training.lineage import read_object
from model.training.splitting import splitter

ARCHITECTURES = {
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "llama",
    "Qwen2ForCausalLM": "qwen2",
}
"""Those that are exported, and what llama.cpp calls them."""
CARRIED = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "generation_config.json",
)
"""Files beside the weights that a model made from this one needs as they are."""
HINT = (
    "Give a GGUF file, or a directory with config.json, *.safetensors and"
    " tokenizer.json; nothing is downloaded."
)


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A causal language model on disk."""

    path: Path
    """The directory, or the GGUF file."""
    config: dict[str, Any]
    """`config.json`, or what transformers makes of the GGUF's keys."""
    weights: tuple[Path, ...]
    """The files with the weights."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.resolve().name

    @property
    def is_gguf(self) -> bool:
        """Whether it is a GGUF file."""
        return self.weights == (self.path,)

    @property
    def architecture(self) -> str:
        """The first of its architectures, such as `LlamaForCausalLM`."""
        named = self.config.get("architectures") or ["none"]
        return str(named[0])

    @property
    def licence(self) -> str | None:
        """What its card says, or its configuration."""
        card = self.path / "README.md"
        if card.is_file():
            text = card.read_text(encoding="utf-8", errors="replace")[:4000]
            if found := re.search(r"^license:\s*(\S+)\s*$", text, re.MULTILINE):
                return found[1].strip("'\"")
        told = self.config.get("license")
        return told if isinstance(told, str) else None

    @property
    def dtype(self) -> str:
        """The precision that its weights are stored in; float32 of a GGUF's."""
        told = self.config.get("dtype") or self.config.get("torch_dtype") or "float32"
        return str(told).removeprefix("torch.")

    def digests(self) -> dict[str, str]:
        """SHA-256 of every weight file by name."""
        return {path.name: digest(path) for path in self.weights}

    def about(self) -> dict[str, Any]:
        """What lineage says of it."""
        return {
            "name": self.name,
            "architecture": self.architecture,
            "sha256": self.digests(),
            "licence": self.licence,
        }


@dataclass(frozen=True, slots=True)
class Tokens:
    """A model's tokenizer and what goes with it."""

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


def open_source(path: Path) -> ModelSource:
    """The model in a directory or a GGUF file.

    Raises:
        UsageError: it is no causal language model of a kind that can be trained.
    """
    if path.is_file():
        return _open_gguf(path)
    config = read_object(path / "config.json", HINT)
    named = config.get("architectures") or []
    if not named or not str(named[0]).endswith("ForCausalLM"):
        told = str(named[0]) if named else "of no architecture"
        raise UsageError(f"{path} is {told}, no causal language model.", HINT)
    index = path / "model.safetensors.index.json"
    if index.exists():
        names = sorted(set(read_object(index, HINT).get("weight_map", {}).values()))
    else:
        names = ["model.safetensors"]
    weights = tuple(path / Path(name).name for name in names)
    for file in (*weights, path / "tokenizer.json"):
        if not file.is_file():
            raise UsageError(f"There is no {file.name} in {path}.", HINT)
    return ModelSource(path, config, weights)


def _open_gguf(path: Path) -> ModelSource:
    require("gguf", "transformers")
    keys = gguf_keys(path)
    told = keys.get("general.architecture")
    if told not in ARCHITECTURES.values() or keys.get("general.type") == "adapter":
        what = "a LoRA adapter" if told in ARCHITECTURES.values() else f"of {told}"
        raise UsageError(
            f"{path.name} is {what}, no model of the Llama family.",
            f"Architectures that can be trained: {', '.join(ARCHITECTURES.values())}.",
        )
    transformers = quiet_transformers()
    try:
        config = transformers.AutoConfig.from_pretrained(
            str(path.parent), gguf_file=path.name, local_files_only=True
        ).to_dict()
    except _LOADING as error:
        raise UsageError(f"{path} cannot be read: {_line(error)}", HINT) from error
    kinds = [name for name, family in ARCHITECTURES.items() if family == told]
    config |= {"architectures": kinds[:1], "license": keys.get("general.license")}
    return ModelSource(path, config, (path,))


def gguf_keys(path: Path) -> dict[str, Any]:
    """What a GGUF file says of itself.

    Raises:
        UsageError: it is none.
    """
    return keys_of(path, refused=UsageError, hint=HINT)


def open_tokens(source: ModelSource) -> Tokens:
    """The model's tokenizer, exactly as its files have it.

    Raises:
        UsageError: it cannot be read, or has no end token.
    """
    if source.is_gguf:
        return _gguf_tokens(source)
    from tokenizers import Tokenizer

    path = source.path / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        # The library raises a bare Exception for any file that is not right.
        raise UsageError(f"{path} is no tokenizer: {error}.", "") from error
    told = _optional(source.path / "special_tokens_map.json")
    told |= _optional(source.path / "tokenizer_config.json")
    texts = {name: _text(told.get(f"{name}_token")) for name in ("bos", "eos", "pad")}
    if not texts["eos"]:
        number = source.config.get("eos_token_id")
        number = number[0] if isinstance(number, list) and number else number
        if isinstance(number, int):
            texts["eos"] = tokenizer.id_to_token(number) or ""
    if not texts["eos"] or tokenizer.token_to_id(texts["eos"]) is None:
        raise UsageError(
            f"The tokenizer of {source.path} has no end token.",
            "Name one as `eos_token` in tokenizer_config.json.",
        )
    if tokenizer.token_to_id(texts["pad"]) is None:
        texts["pad"] = texts["eos"]
    return Tokens(tokenizer, **texts, template=_template(source.path, told))


def _gguf_tokens(source: ModelSource) -> Tokens:
    """The byte-level BPE of a GGUF's own tokens and merges."""
    from tokenizers import AddedToken, Tokenizer, decoders, models

    keys = gguf_keys(source.path)
    tokens = keys.get("tokenizer.ggml.tokens") or []
    merges = keys.get("tokenizer.ggml.merges") or []
    eos = keys.get("tokenizer.ggml.eos_token_id")
    pre = str(keys.get("tokenizer.ggml.pre"))
    if keys.get("tokenizer.ggml.model") != "gpt2" or not tokens or eos is None:
        raise UsageError(f"{source.name} has no byte-level BPE tokenizer.", HINT)
    ids = {token: number for number, token in enumerate(tokens)}
    pairs = [tuple(merge.split(" ")) for merge in merges]
    try:
        model = models.BPE(ids, pairs, ignore_merges=pre == "llama-bpe")
    except Exception as error:  # as bare as the one above
        raise UsageError(
            f"The tokens of {source.name} are odd: {error}.", ""
        ) from error
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = splitter(pre)
    tokenizer.decoder = decoders.ByteLevel()
    types = keys.get("tokenizer.ggml.token_type") or []
    for kind, special in ((3, True), (4, False)):  # control, user-defined
        tokenizer.add_tokens(
            [
                AddedToken(token, special=special, normalized=False)
                for token, of in zip(tokens, types, strict=False)
                if of == kind
            ]
        )
    bos = keys.get("tokenizer.ggml.bos_token_id")
    pad = keys.get("tokenizer.ggml.padding_token_id")
    return Tokens(
        tokenizer,
        bos="" if bos is None else tokens[bos],
        eos=tokens[eos],
        pad=tokens[eos if pad is None else pad],
        template=keys.get("tokenizer.chat_template"),
    )


def _template(folder: Path, told: dict[str, Any]) -> str | None:
    """The chat template; the one named `default` where there are several."""
    file = folder / "chat_template.jinja"
    if file.exists():
        return file.read_text(encoding="utf-8")
    found = told.get("chat_template")
    if isinstance(found, list):
        found = next((x["template"] for x in found if x.get("name") == "default"), None)
    return found if isinstance(found, str) and found else None


_LOADING = (OSError, ValueError, KeyError, RuntimeError, ImportError)


def load_model(source: ModelSource, dtype: Any, **options: Any) -> Any:
    """The transformers model of a source.

    Raises:
        UsageError: transformers cannot load it.
    """
    folder = source.path
    if source.is_gguf:
        folder, options["gguf_file"] = source.path.parent, source.path.name
    else:
        options["use_safetensors"] = True
    transformers = quiet_transformers()
    try:
        with redirect_stderr(StringIO()):  # a bar of GGUF's that cannot be turned off
            model = transformers.AutoModelForCausalLM.from_pretrained(
                str(folder),
                dtype=dtype,
                local_files_only=True,
                trust_remote_code=False,
                **options,
            )
    except _LOADING as error:
        raise UsageError(
            f"{source.path} cannot be loaded: {_line(error)}", "Check the file."
        ) from error
    if source.is_gguf:
        # Its weights were unpacked; it says no more that it is quantised.
        model.hf_quantizer, model.is_quantized = None, False
        for name in ("quantization_config", "quantization_method"):
            for told in (model, model.config):
                if name in vars(told):
                    delattr(told, name)
    model.name_or_path = str(source.path)  # an adapter says what it was trained on
    return model


def carry(source: ModelSource, folder: Path) -> None:
    """Put the tokenizer and the licences beside weights made of this source."""
    if source.is_gguf:
        tokens = open_tokens(source)
        tokens.tokenizer.save(str(folder / "tokenizer.json"))
        told = {f"{name}_token": getattr(tokens, name) for name in ("eos", "pad")}
        if tokens.bos:
            told["bos_token"] = tokens.bos
        if tokens.template:
            told["chat_template"] = tokens.template
        text = json.dumps(told, indent=2) + "\n"
        (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")
        return
    for name in CARRIED:
        if (source.path / name).is_file():
            shutil.copyfile(source.path / name, folder / name)
    for path in source.path.glob("LICENSE*"):
        shutil.copyfile(path, folder / path.name)


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


def _optional(path: Path) -> dict[str, Any]:
    return read_object(path, HINT) if path.exists() else {}


def _line(error: BaseException) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0]


def _text(token: Any) -> str:
    """A token's text; the configuration has it plain or as an object."""
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else ""
