"""llama.cpp's low-level API, as much of it as the engine needs.

Never the high-level `Llama` class: it redirects file descriptors 1 and 2 of the whole
process while it loads. Everything here belongs to one thread of one process.
"""

from __future__ import annotations

import ctypes
import os
import re
from typing import TYPE_CHECKING, Any

# Spinning OpenMP threads made a busy two-core machine 17 times slower; it has to be set
# before the library is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import llama_cpp as llama
import numpy as np

from model.sizes import Machine, Shape, choose
from model.wire import LONGEST_TEMPLATE, EngineSettings, ModelFacts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from model.schedule import StepToken


LONGEST_TOKEN = 256
"""Characters of a special token; more is no model's."""


class LlamaError(Exception):
    """llama.cpp refused; the message is its own last word on it."""


class Model:
    """A loaded model with one context.

    Args:
        settings: which, and how; `safe` leaves out the repacked and AMX kernels.
        machine: where it runs, by which the context is as large as it is.
    """

    def __init__(self, settings: EngineSettings, machine: Machine) -> None:
        self._model: Any = None
        self._context: Any = None
        self._log: list[str] = []
        # The callback objects must outlive the library's use of them.
        self._on_log = llama.llama_log_callback(self._keep_log)
        llama.llama_log_set(self._on_log, ctypes.c_void_p(0))
        llama.llama_backend_init()
        parameters = llama.llama_model_default_params()
        layers = 0 if settings.safe else settings.gpu_layers
        parameters.n_gpu_layers = 0x7FFFFFFF if layers < 0 else layers
        parameters.use_extra_bufts = not settings.safe
        self._model = llama.llama_model_load_from_file(
            os.fsencode(settings.path), parameters
        )
        if not self._model:
            raise LlamaError(self._last_error())
        self._vocab: Any = llama.llama_model_get_vocab(self._model)
        self._vocabulary = llama.llama_vocab_n_tokens(self._vocab)
        self.sizes = choose(self._shape(), machine, settings.sizes, safe=settings.safe)
        self.cells = self.sizes.number("cells")
        self.sequences = self.sizes.number("sequences")
        self.batch = self.sizes.number("batch")
        self._open()
        if settings.adapter is not None:
            self._apply(settings.adapter)
        self._memory: Any = llama.llama_get_memory(self._context)
        self._batch: Any = llama.llama_batch_init(self.batch, 0, 1)

    def _shape(self) -> Shape:
        """What the sizes depend on."""
        layers = llama.llama_model_n_layer(self._model)
        heads = max(llama.llama_model_n_head(self._model), 1)
        width = llama.llama_model_n_embd(self._model)
        kept = width * llama.llama_model_n_head_kv(self._model) // heads
        return Shape(
            parameters=llama.llama_model_n_params(self._model),
            cell_bytes=layers * kept * 2 * 2,
            context_trained=llama.llama_model_n_ctx_train(self._model),
        )

    def _open(self) -> None:
        """Make the context."""
        sizes = self.sizes
        context = llama.llama_context_default_params()
        context.n_ctx = self.cells
        context.n_batch = context.n_ubatch = self.batch
        context.n_seq_max = self.sequences
        context.n_threads = context.n_threads_batch = sizes.number("threads")
        context.kv_unified = sizes.text("kv_layout") == "unified"
        if sizes.text("kv_type") == "q8_0":
            context.type_k = context.type_v = llama.GGML_TYPE_Q8_0
        context.flash_attn_type = {"off": 0, "auto": -1, "on": 1}[
            sizes.text("flash_attention")
        ]
        self._log.clear()
        self._context = llama.llama_init_from_model(self._model, context)
        if not self._context:
            error = self._last_error()
            self.close()
            raise LlamaError(error)

    def use_threads(self, count: int) -> None:
        """From the next step on, run on so many threads."""
        llama.llama_set_n_threads(self._context, count, count)

    def _apply(self, adapter: Path) -> None:
        """Put a LoRA adapter on the context, in full; it is freed with the model."""
        self._log.clear()
        loaded = llama.llama_adapter_lora_init(self._model, os.fsencode(adapter))
        one = (llama.llama_adapter_lora_p_ctypes * 1)(loaded)
        full = (ctypes.c_float * 1)(1.0)
        if not loaded or llama.llama_set_adapters_lora(self._context, one, 1, full):
            error = self._last_error()
            self.close()
            raise LlamaError(f"the adapter does not fit: {error}")

    def facts(self) -> ModelFacts:
        """What the model says of itself."""
        buffer = ctypes.create_string_buffer(256)
        llama.llama_model_desc(self._model, buffer, 256)
        name = ctypes.create_string_buffer(256)
        llama.llama_model_meta_val_str(self._model, b"general.name", name, 256)
        template = llama.llama_model_chat_template(self._model, None)
        return ModelFacts(
            name=_text(name.value),
            description=_text(buffer.value),
            parameters=llama.llama_model_n_params(self._model),
            context_trained=llama.llama_model_n_ctx_train(self._model),
            chat_template=_text(template)[: LONGEST_TEMPLATE + 1] if template else None,
            bos=self._special(llama.llama_vocab_bos(self._vocab)),
            eos=self._special(llama.llama_vocab_eos(self._vocab)),
            offloads=bool(llama.llama_supports_gpu_offload()),
            sizes=self.sizes,
        )

    def tokenize(self, text: str) -> list[int]:
        """Token ids; special tokens in the text are parsed, none are added."""
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        tokens = (llama.llama_token * room)()
        count = llama.llama_tokenize(
            self._vocab, raw, len(raw), tokens, room, False, True
        )
        if count < 0:
            raise LlamaError("the text has more tokens than bytes")
        return list(tokens[:count])

    def text(self, tokens: Sequence[int]) -> str:
        """The text of tokens, special ones left out; broken UTF-8 is replaced."""
        given = (llama.llama_token * len(tokens))(*tokens)
        room = 16 * len(tokens) + 64
        buffer = ctypes.create_string_buffer(room)
        count = llama.llama_detokenize(
            self._vocab, given, len(tokens), buffer, room, True, False
        )
        if count < 0:
            buffer = ctypes.create_string_buffer(-count)
            count = llama.llama_detokenize(
                self._vocab, given, len(tokens), buffer, -count, True, False
            )
        return buffer.raw[: max(count, 0)].decode("utf-8", "replace")

    def ends(self, token: int) -> bool:
        """Whether a token ends the model's turn."""
        return bool(llama.llama_vocab_is_eog(self._vocab, token))

    def share(self, source: int, to: int) -> None:
        """Let sequence `to` begin with all of `source`'s cells."""
        llama.llama_memory_seq_cp(self._memory, source, to, -1, -1)

    def release(self, sequence: int) -> None:
        """Forget a sequence; cells that no other uses become free."""
        llama.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def decode(
        self, rows: Sequence[StepToken]
    ) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Run one batch.

        Returns:
            Logits of the rows that write, shape (writing rows, vocabulary); a view that
            the next call overwrites.
        """
        batch = self._batch
        batch.n_tokens = len(rows)
        for index, row in enumerate(rows):
            batch.token[index] = row.token
            batch.pos[index] = row.position
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = row.sequence
            batch.logits[index] = row.writes
        status = llama.llama_decode(self._context, batch)
        if status != 0:
            raise LlamaError(f"decoding ended with status {status}")
        writing = sum(row.writes for row in rows)
        if not writing:
            return np.empty((0, self._vocabulary), dtype=np.float32)
        pointer = llama.llama_get_logits(self._context)
        logits: np.ndarray[Any, np.dtype[np.float32]] = np.ctypeslib.as_array(
            pointer, shape=(writing, self._vocabulary)
        )
        return logits

    def close(self) -> None:
        """Give the memory back, in the order llama.cpp wants."""
        if self._context:
            if hasattr(self, "_batch"):
                llama.llama_batch_free(self._batch)
            llama.llama_free(self._context)
        if self._model:
            llama.llama_model_free(self._model)
        self._context = self._model = None

    def _special(self, token: int) -> str:
        if token < 0:
            return ""
        text = llama.llama_vocab_get_text(self._vocab, token)
        return _text(text)[:LONGEST_TOKEN] if text else ""

    def _keep_log(self, level: int, text: bytes, _: object) -> None:
        if level == 4:  # GGML_LOG_LEVEL_ERROR
            self._log.append(text.decode("utf-8", "replace").strip())
            del self._log[:-20]

    def _last_error(self) -> str:
        """The most telling of llama.cpp's last error lines, without function names."""
        lines = [line for line in self._log if "failed to load model" not in line]
        line = (lines or self._log or ["it gave no reason"])[0]
        return re.sub(r"^(\w+: )*(error loading model: )?", "", line).rstrip(".")


def _text(raw: bytes) -> str:
    """Bytes of a file's, which should be UTF-8."""
    return raw.decode("utf-8", "replace")
