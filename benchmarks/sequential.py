"""The child process of the arms that use llama-cpp-python's high-level class.

    python -m benchmarks.sequential MODEL --threads 2 [--grammar]

Reads one JSON line a pass ({"documents": [...]}) and answers with one. Each document is
a table: its prompt, the keys of the JSON that is to be written, and either the tokens
of each text (with the grammar) or those of the whole document (without).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import Any

from benchmarks.measuring import peak_memory
from benchmarks.random_model import LETTERS

CONTEXT = 4096


class Sequential:
    """One table after the other through `llama_cpp.Llama`, as its users call it."""

    def __init__(self, path: str, *, threads: int, grammar: bool) -> None:
        from llama_cpp import Llama

        self._llama: Any = Llama(
            path,
            n_ctx=CONTEXT,
            n_threads=threads,
            n_threads_batch=threads,
            verbose=False,
        )
        self._grammar = grammar
        self._grammars: dict[tuple[str, ...], Any] = {}

    def write(self, documents: list[dict[str, Any]]) -> dict[str, Any]:
        """Write all documents; what it took, and how many tokens came."""
        self._llama.reset()  # nothing of an earlier pass is read again
        began, cpu = time.perf_counter(), time.process_time()
        written = [self._document(document) for document in documents]
        return {
            "seconds": time.perf_counter() - began,
            "cpu_seconds": time.process_time() - cpu,
            "peak_bytes": peak_memory(),
            "tokens": [tokens for tokens, _ in written],
            "exact": all(exact for _, exact in written),
        }

    def _document(self, document: dict[str, Any]) -> tuple[int, bool]:
        prompt = self._llama.tokenize(
            document["prompt"].encode(), add_bos=False, special=True
        )
        if not self._grammar:
            answer = self._llama.create_completion(
                prompt, max_tokens=document["tokens"], temperature=0.0
            )
            count = int(answer["usage"]["completion_tokens"])
            return count, count == document["tokens"]
        letters = document["text_tokens"] * LETTERS
        answer = self._llama.create_completion(
            prompt,
            max_tokens=CONTEXT - len(prompt) - 8,
            temperature=0.0,
            grammar=self._schema(tuple(document["keys"]), letters),
        )
        try:
            texts = json.loads(answer["choices"][0]["text"])
        except ValueError:
            return int(answer["usage"]["completion_tokens"]), False
        exact = [*texts] == document["keys"] and all(
            len(text) == letters for text in texts.values()
        )
        return int(answer["usage"]["completion_tokens"]), exact

    def _schema(self, keys: tuple[str, ...], letters: int) -> Any:
        """The grammar of a table's JSON; each is made once, in the first pass."""
        from llama_cpp import LlamaGrammar

        if keys not in self._grammars:
            text = {"type": "string", "minLength": letters, "maxLength": letters}
            schema = {
                "type": "object",
                "properties": dict.fromkeys(keys, text),
                "required": list(keys),
                "additionalProperties": False,
            }
            self._grammars[keys] = LlamaGrammar.from_json_schema(
                json.dumps(schema), verbose=False
            )
        return self._grammars[keys]


def main() -> None:
    """Serve the parent until it closes the pipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--grammar", action="store_true")
    options = parser.parse_args()
    # The library may print what it likes; the answers go where nothing else does.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    writer = Sequential(options.model, threads=options.threads, grammar=options.grammar)
    for line in sys.stdin:
        answers.write(json.dumps(writer.write(json.loads(line)["documents"])) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
