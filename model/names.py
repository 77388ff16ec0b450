"""Reads identifiers as words: split, expanded from abbreviations, singular, plural.

The two tables beside this file are data: `abbreviations.csv` (usual abbreviations in
database names, and the field names of SAP that no splitting could explain) and
`words.txt` (frequent English words of schema descriptions, most frequent first), which
cuts names that are written without any separator.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent

FREQUENT = 2000
"""Only words above this rank may be cut out of a longer run of letters."""


def word_set(text: str) -> frozenset[str]:
    """The words of a text that lists them."""
    return frozenset(text.split())


UPPER = {
    word.lower(): word
    for word in word_set(
        "ABC AI API ARN ASIN ATM AWS BI BIC CEO CIDR CPU CRM CSS CSV CVE DNS DOI "
        "EAN EDI EMR ERP ETL EU EUR FAQ FTE FTP GBP GCP GDPR GMV GPA GPS GPU GUID "
        "HR HTML HTTP HTTPS IBAN ICD ICU ID IMEI IP IRS ISBN ISO ISSN IT JSON JWT "
        "KPI KYC LDAP LTV MAC MD5 MIME ML MRR NPI OS PDF PHP PIN POS QA QR RAM "
        "REST RFM ROI SAP SCAC SEO SHA SKU SLA SMS SMTP SQL SSCC SSH SSL SSO SWIFT "
        "TLS TTL UDP UI UK UPC URI URL US USD UTC UTM UUID VAT VIN VM VPC VPN XML "
        "YAML ZIP"
    )
}
"""Words that keep their capitals."""

_NOISE_FIRST = word_set(
    "base bi bridge brg cleaned cur dim dm dw dwh edw f fact fct fivetran int "
    "intermediate landing lkp lu mart mv ods raw ref rpt silver gold bronze snap src "
    "stage staging stg t tb tbl tmp tt v vw xref"
)
"""First words of a table's name that tell its layer, not its subject."""

_NOISE_LAST = word_set(
    "tbl table tab tb vw mv base master mst mstr raw stg tmp dim fact fct "
    "enhanced data dataset model v1 v2 v3"
)
"""Last words of a table's name that tell its layer, not its subject."""

_SINGULAR = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "feet": "foot",
    "indices": "index",
    "matrices": "matrix",
    "vertices": "vertex",
    "criteria": "criterion",
    "movies": "movie",
    "cookies": "cookie",
    "leaves": "leave",
    "taxes": "tax",
    "boxes": "box",
    "caches": "cache",
    "axes": "axis",
    "lives": "life",
}
_SAME = word_set(
    "access address alias analysis basis bonus bus business canvas census chassis "
    "class corpus data diagnosis focus gas goods hypothesis its lens less loss news "
    "physics plus process series sms species statistics status synopsis this news "
    "sales savings earnings logistics metrics premises headquarters "
    "analytics was has is express progress success"
)
"""Words that end like a plural and are none, or that have no singular worth having."""


@cache
def abbreviations() -> dict[str, str]:
    """Abbreviation to its long form, both lower case; read once."""
    with (FOLDER / "abbreviations.csv").open(encoding="utf-8", newline="") as file:
        return {row["short"]: row["long"] for row in csv.DictReader(file)}


@cache
def words() -> dict[str, int]:
    """Known English words to their rank, 0 the most frequent; read once."""
    lines = (FOLDER / "words.txt").read_text(encoding="utf-8").split()
    return {word: rank for rank, word in enumerate(lines)}


def known(word: str) -> bool:
    """Whether a lower-case word is English, an abbreviation or an acronym we know."""
    return word in words() or word in abbreviations() or word in UPPER


@lru_cache(maxsize=1 << 16)
def split(name: str) -> tuple[str, ...]:
    """Lower-case words of an identifier, in order, abbreviations kept.

    Cuts at separators, at changes of case, between letters and digits (not in `q1`),
    and inside lower-case runs that frequent words cover entirely (`billtocontact`).
    """
    if name.lower() in abbreviations():  # `NAME1`, `LAND1`: whole names of SAP fields
        return (name.lower(),)
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", spaced)
    found: list[str] = []
    for part in re.findall(r"\b[^\W\d_]\d+\b|[^\W\d_]+|\d+", spaced.replace("_", " ")):
        word = part.lower()
        found += _unglue(word) if len(word) > 7 and not known(word) else [word]
    return tuple(found)


def _unglue(word: str) -> list[str]:
    """Cuts a run of letters into known words, the likeliest way; whole if none."""
    rank = words()
    best: list[tuple[float, list[str]] | None] = [None] * (len(word) + 1)
    best[0] = (0.0, [])
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 16), end):
            before = best[start]
            piece = word[start:end]
            if before is None:
                continue
            if piece in ("id", "no", "to", "of", "by", "is"):
                cost = 6.0
            elif len(piece) >= 4 and rank.get(piece, FREQUENT) < FREQUENT:
                cost = 4.0 + math.log1p(rank[piece])
            elif len(piece) == 3 and rank.get(piece, FREQUENT) < 200:
                cost = 11.0
            else:
                continue
            there = best[end]
            if there is None or before[0] + cost < there[0]:
                best[end] = (before[0] + cost, [*before[1], piece])
    whole = best[-1]
    return whole[1] if whole and 2 <= len(whole[1]) <= 4 else [word]


def expand(tokens: Sequence[str]) -> list[str]:
    """Words as they are written in a sentence: abbreviations long, acronyms upper."""
    out: list[str] = []
    for token in tokens:
        if re.fullmatch(r"[a-z]\d+", token):
            out.append(token.upper())
        elif token in UPPER and token not in ("it", "us", "rest", "pos", "ref", "zip"):
            out.append(UPPER[token])
        else:
            out += abbreviations().get(token, token).split(" ")
    return out


def humanize(tokens: Sequence[str]) -> str:
    """The words as a phrase."""
    return " ".join(expand(tokens))


def singular(word: str) -> str:
    """The singular of one English word; the word itself where it has none."""
    low = word.lower()
    if low in _SINGULAR:
        return _SINGULAR[low]
    if low in _SAME or len(low) < 4 or not low.endswith("s"):
        return word
    if low.endswith(("ss", "us", "is")):
        return word
    if low.endswith("ies"):
        return word[:-3] + "y"
    if low.endswith(("sses", "xes", "ches", "shes", "zzes", "uses")):
        return word[:-1] if low.endswith(("auses", "ouses", "caches")) else word[:-2]
    if low.endswith("yses"):
        return word[:-2] + "is"
    return word[:-1]


def plural(phrase: str) -> str:
    """The phrase with its last word in the plural, left alone if it is one."""
    head, _, last = phrase.rpartition(" ")
    if singular(last) == last and last.lower() not in _SAME:
        if re.search(r"[^aeiou]y$", last):
            last = last[:-1] + "ies"
        else:
            last += "es" if last.endswith(("s", "x", "ch", "sh", "z")) else "s"
    elif last.lower() in ("address", "class", "process", "bonus", "business", "status"):
        last += "es"
    return f"{head} {last}".strip()


@lru_cache(maxsize=1 << 16)
def subject(table: str) -> str:
    """What one row of a table is, as a singular phrase (`stg_order_items`: order item).

    The words before a double underscore (dbt's source) and the words that tell a layer
    (`stg`, `dim`, `tbl`) are dropped, unless nothing is left.
    """
    name = re.sub(r"^.*[^_]__+(?=[^_])", "", table)
    tokens = list(split(name) or split(table))
    while len(tokens) > 1 and tokens[0] in _NOISE_FIRST:
        tokens = tokens[1:]
    while len(tokens) > 1 and (tokens[-1] in _NOISE_LAST or tokens[-1].isdigit()):
        tokens = tokens[:-1]
    phrase = expand(tokens)
    if not phrase:
        return "row"
    return " ".join([*phrase[:-1], singular(phrase[-1])])


@lru_cache(maxsize=1 << 16)
def shared_prefix(columns: tuple[str, ...]) -> str | None:
    """A short first word that nearly all columns of a table share (`l_`), or None."""
    firsts = [split(name)[:1] for name in columns if len(split(name)) > 1]
    if len(columns) < 4 or not firsts:
        return None
    common = max(set(firsts), key=firsts.count)
    word = common[0]
    share = firsts.count(common) / len(columns)
    return word if share >= 0.8 and (len(word) <= 4 or share == 1) else None


@lru_cache(maxsize=1 << 12)
def shared_letters(columns: tuple[str, ...]) -> str | None:
    """Two letters that begin every name in an old table (`CMCUST`), or None."""
    starts = {name[:2].upper() for name in columns}
    old = all(re.fullmatch(r"[A-Z0-9]{3,8}|[a-z0-9]{3,8}", name) for name in columns)
    return starts.pop() if len(columns) >= 4 and len(starts) == 1 and old else None


def column_words(name: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """As `split`, without what all columns of the table have in front."""
    letters = shared_letters(columns)
    if letters is not None and name[:2].upper() == letters:
        return split(name[2:])
    tokens = split(name)
    prefix = shared_prefix(columns)
    cut = prefix is not None and len(tokens) > 1 and tokens[0] == prefix
    return tokens[1:] if cut and not tokens[1].isdigit() else tokens


_FILLER = re.compile(r"^(x|f|c|v|col|column|fld|field|attr|var|val|data|dummy|tmp)$")


def gibberish(tokens: tuple[str, ...]) -> bool:
    """Whether a name says nothing at all (`x1`, `f_07`, `col_3`, `zz`)."""
    letters = [token for token in tokens if not token.isdigit()]
    if not letters:
        return True
    if all(
        re.fullmatch(r"[a-z]\d*", token) or _FILLER.match(token) for token in letters
    ):
        return len(letters) == 1 and (len(tokens) > 1 or len(letters[0]) <= 3)
    return len(letters) == 1 and len(letters[0]) <= 2 and not known(letters[0])
