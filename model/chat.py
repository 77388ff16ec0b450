"""Chat completions as OpenAI's API has them: how a text is asked for, what is answered.

Whatever comes back is anybody's: it is read as data, bounded, and never trusted to be
what was asked for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Set
from typing import Any

from model.choose import UNMEASURED_FLOOR
from model.endpoint import LONGEST_ANSWER, Endpoint
from model.prompt import Generation, Prompt
from model.writer import Work

LONGEST_TEXT = 4000
"""Characters of a text that are looked at; a description has a tenth."""
LONGEST_TOKEN = 8
"""Characters that a token of a longer text may have, on average."""
LONGEST_NAME = 200
UNFIT = re.compile(rb"context[ _](length|size|window)|maximum context", re.IGNORECASE)
"""In the words of a refusal: the prompt is too long."""
EXTRAS: dict[str, object] = {
    "logprobs": True,
    # The house style is one sentence; thinking first would use up its tokens.
    "chat_template_kwargs": {"enable_thinking": False},
}
"""Fields that are left out for a server that refuses them by name."""


def body(
    prompt: Prompt, block: int, *, served: str, seed: int | None, extras: Set[str]
) -> bytes:
    """The request for a text of a block.

    Args:
        prompt: its head and block are a user's turn together. The head comes first and
            is the same for all blocks, so a server that caches prefixes reads it once.
        block: which.
        served: the model's name.
        seed: the text is drawn with it; None asks for the likeliest.
        extras: the fields of `EXTRAS` to send.
    """
    content = prompt.head + prompt.blocks[block]
    fields: dict[str, object] = {
        "model": served,
        "messages": [{"role": "user", "content": content}],
        "max_tokens": prompt.limit,
        "temperature": 0.0,
    }
    if seed is not None:
        fields |= {"temperature": prompt.temperature, "seed": seed}
    if prompt.stops:
        fields["stop"] = list(prompt.stops)
    fields |= {name: EXTRAS[name] for name in sorted(extras)}
    # ASCII, so that a lone surrogate in a name is no reason to fail here.
    return json.dumps(fields).encode("ascii")


def read_answer(
    endpoint: Endpoint, data: bytes, work: Work, block: int, draw: int
) -> Generation:
    """The text in a body, empty where there was none.

    Neither tokens nor their log-probability need to be told: 0, `UNMEASURED_FLOOR`.

    Raises:
        ColumnistError: it is none.
    """
    found = _document(endpoint, data)
    choice, content = _said(endpoint, found)
    longest = max(LONGEST_TEXT, work.prompt.limit * LONGEST_TOKEN)
    # JSON can hold half a surrogate pair; UTF-8 and SQLite cannot.
    shown = content[:longest].encode("utf-8", "replace").decode().lstrip()
    text = shown
    for stop in work.prompt.stops:  # not every server knows them
        text = text.split(stop, 1)[0]
    ended = choice.get("finish_reason") not in ("length", "content_filter")
    usage = found.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    complete = len(text) < len(shown) or (ended and len(content) <= longest)
    tokens = _count(usage.get("completion_tokens"))
    told = work.index, block, text, _logprob(choice), tokens, complete, draw
    return Generation(*told, read=_count(usage.get("prompt_tokens")))


def unfit(status: int, data: bytes) -> bool:
    """Whether the prompt was longer than what the server takes."""
    too_long = status in (400, 422) and UNFIT.search(data) is not None
    return too_long or status == 413


def refused_extras(status: int, data: bytes, asked: bytes) -> set[str]:
    """The extras that were asked with and that a refusal speaks of."""
    if status not in (400, 422) or unfit(status, data):
        return set()
    said = data[:LONGEST_ANSWER].decode("utf-8", "replace")
    extras = EXTRAS.keys() & json.loads(asked).keys()
    return {name for name in extras if name.rstrip("s") in said}


def model_names(endpoint: Endpoint, data: bytes) -> list[str]:
    """The names in a list of models.

    Raises:
        ColumnistError: it is no such list.
    """
    listed = _document(endpoint, data).get("data")
    if not isinstance(listed, list):
        raise endpoint.strange()
    ids = (each.get("id") for each in listed if isinstance(each, dict))
    return [name for name in ids if isinstance(name, str) and is_name(name)]


def is_name(text: str) -> bool:
    """Whether a text can be a model's name, and be shown."""
    return 0 < len(text) <= LONGEST_NAME and text.isprintable()


def _document(endpoint: Endpoint, data: bytes) -> dict[str, Any]:
    """The JSON object that a body must be."""
    try:
        found = json.loads(data) if len(data) <= LONGEST_ANSWER else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise endpoint.strange()
    return found


def _said(endpoint: Endpoint, found: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The first choice in an answer, and its text."""
    try:
        choice = found["choices"][0]
        content = choice["message"]["content"]
    except (LookupError, TypeError):
        raise endpoint.strange() from None
    # A model that thought until its tokens were used up has said nothing.
    if content is None:
        content = ""
    if not isinstance(content, str):
        raise endpoint.strange()
    return choice, content


def _logprob(choice: dict[str, Any]) -> float:
    """Mean log-probability of the tokens; without one, neither sure nor guessing.

    0.0 would be certainty. What is given instead is the least at which an unmeasured
    model's text is taken, so it is preferred to the rules', with the confidence of a
    text that was just taken.
    """
    try:
        values = [each["logprob"] for each in choice["logprobs"]["content"]]
    except (LookupError, TypeError):
        values = []
    numbers = [v for v in values if type(v) in (int, float) and -1e5 <= v <= 0]
    # All zeros are a server's way to say that it has none.
    if len(numbers) != len(values) or not any(numbers):
        return UNMEASURED_FLOOR
    return math.fsum(numbers) / len(numbers)


def _count(value: object) -> int:
    """A number of tokens; 0 for what is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 <= value < 1 << 32 else 0
