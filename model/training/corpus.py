"""Reads documented schemas and cleans their texts into one house style.

A record is one JSON object a line: `source, license, kind, schema, table,
description, columns: [{name, type, description, enum?, references?}]`.
"""

from __future__ import annotations

import json
import lzma
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.objects import Column, ColumnId, ForeignKey, Table, TableId, TableKind
from model.names import humanize, known, singular, split, subject, word_set
from model.prompts.compact import quote

KIND_WEIGHT = {
    "aws-model": 0.3,
    "proto": 0.35,
    "openapi": 0.6,
    "graphql": 0.7,
    "typings": 0.6,
    "fhir": 0.6,
    "xml-model": 0.5,
}
"""Share of a kind's tables that a pass takes; 1 where it is not here."""

SOURCE_WEIGHT = {"GoogleCloudPlatform/cortex-data-foundation": 0.35}
"""Further share for a source: SAP labels, terse and repeated in every table."""

WRITTEN_FOR_IT = frozenset(("synthetic", "steward"))
"""Kinds whose texts were written to be learned from; none is judged or dropped."""

STYLE = {
    **dict.fromkeys(("dbt", "sql", "bigquery", "dataset", "cdm", "steampipe"), "data"),
    **dict.fromkeys(WRITTEN_FOR_IT, "data"),
    **dict.fromkeys(("aws-model", "proto", "openapi", "graphql", "typings"), "api"),
}
"""Kind to the style token of its texts; `standard` where it is not here."""

TWO_SENTENCES = 22
"""Most words of a first and a second sentence that are kept together."""

MAX_TWINS = 4
"""Most times the same text for the same name is kept."""


@dataclass(frozen=True, slots=True)
class Documented:
    """One table with the texts to learn."""

    table: Table
    """The table; its own comments are empty."""
    texts: dict[str | None, str]
    """Clean text by column name, None for the table's own."""
    codes: dict[str, tuple[str, ...]]
    """Code lists by column name."""
    style: str
    """Key of `compact.STYLES`."""
    weight: float
    """Share of passes that take it, in (0, 1]."""


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a JSON Lines file, `.xz` or plain."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def table_of_record(record: dict[str, Any]) -> Table:
    """The record's table without any comment; references become foreign keys."""
    table_id = TableId(record.get("schema") or "", record["table"])
    columns = tuple(
        Column(
            ColumnId(table_id, column["name"]), position, str(column.get("type") or "")
        )
        for position, column in enumerate(record["columns"], 1)
    )
    keys = tuple(
        ForeignKey((column["name"],), TableId("", there[0]), tuple(there[1:2]))
        for column in record["columns"]
        if (there := str(column.get("references") or "").split("."))[0]
    )
    primary = tuple(name for name in record.get("primary_key") or () if name)
    return Table(table_id, TableKind.TABLE, columns, primary, keys)


def codes_of_record(record: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Code lists by column name."""
    return {
        column["name"]: tuple(map(str, column["enum"]))
        for column in record["columns"]
        if isinstance(column.get("enum"), list) and column["enum"]
    }


_API_TALK = re.compile(
    r"\b(you|your|yours|we|our|requests?|responses?|api|apis|endpoints?|caller|header|"
    r"parameters?|returned|returns|sdk|http|method call|operation|optional|required|"
    r"deprecated|reserved|see|refer|must|should|please|click|staging|dbt|model|"
    r"ref\(|todo|note that|output only|immutable|readonly|read-only)\b",
    re.IGNORECASE,
)
_LEADS = [
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (
            r"^\(?(optional|required|output only|input only|immutable|read-only)\)?"
            r"[.:]? ",
            "",
        ),
        (
            r"^(this|the) (field|column|attribute|property|value|element) "
            r"(is|contains|indicates|represents|specifies|stores|holds|shows) ",
            "",
        ),
        (
            r"^(shows?|specif(y|ies)|contains?|represents?|stores?|holds?|denotes?|"
            r"describes?|displays?|defines?|provides?|returns?|type|choose|select|"
            r"enter|identifies) (?=(the|a|an|information)\b)",
            "",
        ),
        (
            r"^(a |an |the )?(flag|boolean|bool|indicator|field|value|true/false)"
            r"( flag| value| field)?( \w+)?"
            r"( that)? "
            r"(indicat(ing|es)|representing|denoting|specifying|to indicate|of) "
            r"(whether|if)( or not)? ",
            "indicates whether ",
        ),
        (
            r"^(flags|shows|tells|specifies|determines|denotes|indicates|describes|"
            r"select|identifies|indicator of|true|set to true)?\s*"
            r"(whether or not|whether|if) ",
            "indicates whether ",
        ),
        (
            r"^(the |a )?(unique )?(id|identifier) (of|for) (the|this|a|an) ",
            r"\2identifier of the ",
        ),
        (r"^(the )?name (of|for) (the|this|a|an) ", "name of the "),
        (
            r"^(the )?(timestamp|datetime|date and time|date/time|time)( of)? "
            r"(when|at which|that|on which) ",
            "date and time when ",
        ),
        (r"^(the )?date (on which|that|of when) ", "date when "),
        (r"^(the|a|an) ", ""),
    )
]
_STOP = word_set(
    "a an and are as at be been by can for from has have if in indicates into is it "
    "its of on or that the their this to was were when where which whether with"
)


def clean(text: str | None) -> str | None:
    """A text in house style, lower case, without its final stop; None if unusable."""
    return assess(text)[0]


LONGEST_WORD = 40
"""Longer words are data, not language."""
_TAGS = re.compile(r"</?[A-Za-z][^<>]{0,200}>|&(?:[a-z]{2,8}|#\d{1,5});")
_LINKS = re.compile(r"!?\[([^\]\[]{1,200})\]\([^()\s]{1,300}\)")


def assess(text: Any, *, written: bool = False) -> tuple[str | None, str]:
    """A text in house style with "kept", or None with why it was dropped.

    Keeps the first sentence, and the second where both together are short. Tags and
    Markdown are taken off; texts that speak to a caller, not about data, and texts in
    other languages are dropped. A text that was `written` for training speaks to
    nobody; "operation" and "returned" are its business.
    """
    if text is not None and not isinstance(text, str):
        return None, "not a text"
    if not text or not text.strip():
        return None, "empty"
    text = _LINKS.sub(r"\1", _TAGS.sub(" ", text[:2000]))
    text = re.sub(r"\s*\([^()]*(e\.g|i\.e|see |http)[^()]*\)", "", text)
    text = re.sub(r"[`*\"“”|]+", "", " ".join(text.split()))
    sentences = re.split(r"(?<=[.!?]) +(?=[A-Z])|\s+(?:- |\* )|; ", text)
    kept = sentences[0].rstrip(".!? ")
    if len(sentences) > 1 and len(f"{kept} {sentences[1]}".split()) <= TWO_SENTENCES:
        kept = f"{kept}. {sentences[1].rstrip('.!? ')}"
    if not written and _API_TALK.search(kept):
        kept = sentences[0].rstrip(".!? ")
        if _API_TALK.search(_lead_off(kept)):
            return None, "talk to a caller"
    kept = _lead_off(quote(kept, words=60)).strip(" ,:;-")
    words = kept.split()
    if len(words) < 2 or len(kept) < 8:
        return None, "too short"
    if len(words) > 28 or max(map(len, words)) > LONGEST_WORD:
        return None, "too long"
    if "http" in kept or "{" in kept or kept.count("_") > 3:
        return None, "markup"
    if re.search(r"[^\x00-\x7f€£°±µ\u2019'\u2013\u2014]", kept) or _foreign(words):
        return None, "another language"
    return kept, "kept"


def _foreign(words: list[str]) -> bool:
    """Whether hardly a word of a sentence is English."""
    plain = [word.strip(".,:;()'") for word in words]
    letters = [word for word in plain if word.isalpha()]
    if len(letters) < 4:
        return False
    told = sum(known(word) or known(singular(word)) for word in letters)
    return told < 0.35 * len(letters)


def _lead_off(text: str) -> str:
    """The text in the house's openings."""
    for pattern, replacement in _LEADS:
        text = pattern.sub(replacement, text, count=1)
    return text


def _content(text: str) -> set[str]:
    """The stems of a text's own words: five letters of the singular."""
    words = re.findall(r"[a-z]+|\d+", text.lower())
    return {singular(word)[:5] for word in words if word not in _STOP}


def judge(text: str, name: str, noun: str, kind: str) -> float:
    """Share of passes that a text deserves beside its name: 0 drops it.

    Texts without any word of the name teach the model to ignore the name; texts with
    nothing but its words teach it to say nothing.
    """
    own = _content(humanize(split(name)))
    said = _content(text)
    about = _content(noun)
    if not said & (own | {"identifier"[:5]} & said):
        unsure = {"id", "key", "by", "at"} & set(split(name))
        return 0.15 if said & about or unsure or kind == "boolean" else 0.0
    if said <= own:
        return 0.1
    return 1.0 if not said <= own | about else 0.6


def read_corpus(path: Path) -> list[Documented]:
    """All cleaned tables of a small file, in memory; `dataset` is for large ones."""
    times: Counter[str] = Counter()

    def met(text: str) -> int:
        times[text] += 1
        return times[text]

    found = (document(record, met, Counter()) for record in read_records(path))
    return [documented for documented in found if documented is not None]


def document(
    record: dict[str, Any], met: Callable[[str], int], counts: Counter[str]
) -> Documented | None:
    """A record with the texts worth learning; None where it has none.

    Args:
        record: as in the corpus.
        met: how often a text was met so far, this time included.
        counts: gets the texts by what became of them.
    """
    table = table_of_record(record)
    noun = subject(record["table"])
    kind = record.get("kind") or ""
    written = kind in WRITTEN_FOR_IT
    texts: dict[str | None, str] = {}
    for column in record["columns"]:
        text, fault = assess(column.get("description"), written=written)
        counts[f"texts {fault}"] += 1
        if text is None:
            continue
        if not written:
            typed = str(column.get("type") or "").lower()
            worth = judge(text, column["name"], noun, typed)
            key = f"{column['name'].lower()}: {text}"
            # A fixed choice by content, so that every run drops the same texts.
            if worth * 100 <= hash_of(f"{record['table']}.{key}") % 100:
                counts["texts kept, then dropped: not about the name"] += 1
                continue
            if met(key) > MAX_TWINS:
                counts["texts kept, then dropped: met too often"] += 1
                continue
        texts[column["name"]] = text
    about, fault = assess(record.get("description"), written=written)
    counts[f"texts {fault}"] += 1
    if about and (written or _content(about) & _content(noun)):
        texts[None] = about
    if not texts:
        return None
    weight = KIND_WEIGHT.get(kind, 1.0) * float(record.get("weight") or 1.0)
    weight *= SOURCE_WEIGHT.get(record.get("source") or "", 1.0)
    style = STYLE.get(kind, "standard")
    return Documented(table, texts, codes_of_record(record), style, weight)


def hash_of(text: str) -> int:
    """A number that depends on the text alone, unlike `hash`."""
    import zlib

    return zlib.crc32(text.encode("utf-8", "replace"))
