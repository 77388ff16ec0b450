"""Describes tables and columns from names, types and keys alone, without a model.

These sentences are the floor: every one follows from the catalog, so none invents
anything, and they are the candidate that the model's text has to beat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from catalog.objects import Column, Profile, Table
from model import hints
from model.names import (
    column_words,
    gibberish,
    humanize,
    known,
    plural,
    singular,
    split,
    subject,
    word_set,
)

_PARTICIPLE = re.compile(r"(ed|sent|paid|built|held|seen|sold|made|given|begun|done)$")


def describe_column(
    table: Table, column: Column, profile: Profile | None = None
) -> str | None:
    """One sentence for a column, or None where its name is gibberish (abstain).

    A code list in the profile is appended; no other value of it is used.
    """
    noun = _noun(table)
    siblings = tuple(other.name for other in table.columns)
    tokens = list(column_words(column.name, siblings, table.id.name))
    codes = profile.codes if profile else ()
    if gibberish(tuple(tokens)):
        return _by_facts(table, column, noun, codes)
    return _with_codes(_sentence(table, column, tokens, noun), codes)


def _sentence(table: Table, column: Column, tokens: list[str], noun: str) -> str:
    """The sentence that name, type and keys give; the name says something."""
    kind = column.type.lower()
    last = tokens[-1]
    rest = humanize(tokens[:-1])
    reference = table.references(column.name)
    if reference is not None:
        return _reference(tokens, noun, subject(reference[0].name))
    if table.primary_key == (column.name,):
        return f"Unique identifier of the {noun}."
    whole = hints.WHOLE.get("".join(tokens))
    if whole is not None and not (kind.startswith("bool") and "time" in whole):
        return whole.format(noun)
    if tokens[0] in hints.ASK and len(tokens) > 1:
        return _asked(tokens[0], humanize(tokens[1:]), noun)
    if kind.startswith(("bool", "bit(1)", "tinyint(1)")) or last in hints.FLAGS:
        return _flag([t for t in tokens if t not in hints.FLAGS] or tokens, noun)
    if last in hints.KEYS:
        base = _without_noun(tokens[:-1], noun)
        if not base:
            return f"Unique identifier of the {noun}."
        if noun.startswith(base) or base.endswith(noun):
            return f"Identifier of the {base}."
        return f"Identifier of the {base} associated with the {noun}."
    if len(tokens) > 1:
        found = _by_unit(tokens, noun) or _by_first(tokens, noun)
        found = found or _by_last(last, rest, tokens, noun, kind)
        if found is not None:
            return found
    if last in ("name", "nm", "nme"):
        return f"Name of the {_owner(tokens[:-1], noun)}."
    if last in ("url", "uri", "link", "href"):
        return f"URL of the {_owner(tokens[:-1], noun)}."
    return _plain(tokens, noun, kind)


_ADJECTIVE = re.compile(
    r"(ed|able|ible|ive|al|ic|en|ary|ous|less|new|open|valid|ing|line)$"
)


def _asked(verb: str, phrase: str, noun: str) -> str:
    """A yes-or-no column that begins with its verb (`is_gift`, `has_children`)."""
    if verb in ("is", "was") and not _ADJECTIVE.search(phrase):
        return f"Indicates whether the {noun} {verb} {_article(phrase)} {phrase}."
    return f"Indicates whether the {noun} {verb} {phrase}."


_VOWEL_SOUND = re.compile(
    r"(?!uni(?![dmn])|us[aeiu]|ut[ei]|ur[aio]|ubi|eu|one\b|once)[aeiou]|8|1[18]\b|hour|heir|"
    r"hono|honest"
)
_SPOKEN = word_set("FAQ LIFO MAC MIME PIN RAM REST ROM SCAC SIM SKU SOAP SWIFT ZIP")
"""Acronyms that are read as words."""


def _article(phrase: str) -> str:
    """The indefinite article that goes before a phrase, by its sound."""
    first = phrase.split(" ")[0]
    if first.isupper() and len(first) > 1 and first not in _SPOKEN:
        return "an" if first[0] in "AEFHILMNORSX" else "a"
    return "an" if _VOWEL_SOUND.match(first.lower()) else "a"


def _noun(table: Table) -> str:
    """What a row is called in a sentence: `record` where the name tells nothing."""
    noun = subject(table.id.name)
    return noun if any(known(word.lower()) for word in noun.split()) else "record"


def _owner(tokens: Sequence[str], noun: str) -> str:
    """What a name or link belongs to: the words before it, else the row."""
    return humanize(tokens) or noun


def _without_noun(tokens: Sequence[str], noun: str) -> str:
    """The words as a phrase, or nothing where they only repeat the table's noun."""
    phrase = humanize(tokens)
    single = " ".join(singular(word) for word in phrase.split())
    return "" if single.lower() in (noun.lower(), "", "row", "record") else phrase


def _reference(tokens: list[str], noun: str, there: str) -> str:
    """A foreign key: what it points at, and the role where the name tells one."""
    role = [t for t in tokens if t not in hints.KEYS | hints.NUMBERS | {"code", "cd"}]
    phrase = humanize(role)
    if not phrase or phrase in there or (there in phrase and len(role) == 1):
        return f"Identifier of the {there} associated with the {noun}."
    if there in phrase:
        return f"Identifier of the {phrase} of the {noun}."
    return f"Identifier of the {there} that is the {phrase} of the {noun}."


def _flag(tokens: list[str], noun: str) -> str:
    """A yes-or-no column whose name has no verb in front."""
    phrase = humanize(tokens)
    if _PARTICIPLE.search(tokens[-1]) and len(tokens) == 1:
        return f"Indicates whether the {noun} is {phrase}."
    if _PARTICIPLE.search(tokens[-1]) or tokens[-1] in ("enabled", "required"):
        return f"Indicates whether the {humanize(tokens[:-1])} is {tokens[-1]}."
    if len(tokens) == 1 and tokens[0].endswith(("able", "ible", "ive", "al", "ic")):
        return f"Indicates whether the {noun} is {phrase}."
    return f"Indicates whether {phrase} applies to the {noun}."


def _by_unit(tokens: list[str], noun: str) -> str | None:
    """A measure whose last word is its unit."""
    unit = hints.UNITS.get(tokens[-1])
    if unit is None:
        return None
    if tokens[-2] == "in" and len(tokens) > 2:
        tokens = [*tokens[:-2], tokens[-1]]
    if unit == "percent":
        return f"Percentage of {humanize(tokens[:-1])} of the {noun}."
    if tokens[0] in ("num", "number", "count"):
        return f"Number of {humanize(tokens[1:])} of the {noun}."
    if unit in hints.SPANS and tokens[-2] not in hints.MEASURES:
        return f"{_capital(humanize(tokens))} of the {noun}."  # `vacation_days`
    return f"{_capital(humanize(tokens[:-1]))} of the {noun}, in {unit}."


def _by_first(tokens: list[str], noun: str) -> str | None:
    """A figure whose first word tells how it was made."""
    lead = hints.LEADS.get(tokens[0])
    if lead is None:
        return None
    base = humanize(tokens[2:] if tokens[1] == "of" else tokens[1:])
    if not base:
        return None
    if lead == "Number of":
        base = plural(base)
    first = base.split()[0]
    if lead == "Quantity of" and (first in ("in", "on") or _PARTICIPLE.search(first)):
        lead = "Quantity"
    return f"{lead} {base} of the {noun}."


def _by_last(
    last: str, rest: str, tokens: list[str], noun: str, kind: str
) -> str | None:
    """Names of two and more words, told apart by the last one."""
    base = _without_noun(tokens[:-1], noun)
    phrase = humanize(tokens)
    if last in ("at", "on") or (last in hints.MOMENTS | hints.DATES):
        return _moment(last, rest, base, tokens, noun, kind)
    if last == "by" and _PARTICIPLE.search(rest):
        return f"User who {rest} the {noun}."
    if last in hints.COUNTS:
        return f"Number of {plural(rest)} of the {noun}."
    if last in hints.NUMBERS:
        return f"{_capital(base)} number of the {noun}." if base else None
    if last in hints.MONEY:
        return f"{_capital(phrase)} of the {noun}."
    if last in hints.CLASSES and len(rest) > 3:
        head = humanize([last])
        return f"{_capital(head)} of the {base or noun}."
    if last in hints.TEXTS:
        return f"{_capital(humanize([last]))} of the {rest}."
    if last in hints.DEGREES:
        return f"{_capital(phrase)} of the {noun}, in degrees."
    return None


def _moment(
    last: str, rest: str, base: str, tokens: list[str], noun: str, kind: str
) -> str:
    """A point in time."""
    exact = last in hints.MOMENTS or last == "at" or kind.startswith("timestamp")
    head = "Date and time" if exact else "Date"
    word = rest.split()[-1]
    if _PARTICIPLE.search(word):
        before = tokens[:-2]
        if before in ([], ["last"], ["first"], ["originally"]):
            return f"{head} when the {noun} was {rest}."
        if before[-1] in ("last", "first", "originally"):
            phrase = humanize(before[:-1])
            return f"{head} when the {phrase} was {before[-1]} {word}."
        return f"{head} when the {humanize(before)} was {word}."
    if re.fullmatch(r"(start|begin|end|expire)s", word) and len(tokens) == 2:
        return f"{head} when the {noun} {word}."
    if word in ("start", "begin", "end"):
        return f"{head} when the {humanize(tokens[:-2]) or noun} {word}s."
    if not base:
        return f"{head} of the {noun}."
    return f"{head} of the {base} of the {noun}."


def _plain(tokens: list[str], noun: str, kind: str) -> str:
    """No rule fits: the words themselves, and what they belong to."""
    phrase = humanize(tokens)
    single = " ".join(singular(word) for word in phrase.split())
    if single.lower() == noun.lower():
        return f"{_capital(phrase)} of the record."
    if kind.startswith(("date", "timestamp")) and not phrase.startswith("date"):
        head = "Date" if kind == "date" else "Date and time"
        return f"{head} of the {phrase} of the {noun}."
    if single.lower().startswith(noun.lower() + " "):
        return f"{_capital(phrase[len(noun) :].strip())} of the {noun}."
    return f"{_capital(phrase)} of the {noun}."


def _by_facts(
    table: Table, column: Column, noun: str, codes: Sequence[str]
) -> str | None:
    """What keys, type and values tell of a column whose name says nothing."""
    kind = column.type.lower()
    reference = table.references(column.name)
    if reference is not None:
        there = subject(reference[0].name)
        return f"Identifier of the {there} associated with the {noun}."
    if table.primary_key == (column.name,):
        return f"Unique identifier of the {noun}."
    if codes:
        return _with_codes(f"Code that classifies the {noun}.", codes)
    if kind.startswith("bool"):
        return f"Flag that is true or false for each {noun}."
    if kind.startswith(("date", "timestamp")):
        head = "Date" if kind == "date" else "Date and time"
        return f"{head} associated with the {noun}."
    return None


def _with_codes(sentence: str, codes: Sequence[str]) -> str:
    """Adds a short code list, as it is known to be complete."""
    shown = [code.strip() for code in codes if code.strip()]
    if not 2 <= len(shown) <= 8 or sum(map(len, shown)) > 80:
        return sentence
    return f"{sentence.rstrip('.')}: {', '.join(shown[:-1])} or {shown[-1]}."


_UNTOLD = re.compile(
    r"^_|(^|_)(id|key|guid|uuid|rowguid|idx|sk|pk|fk)$|modified|creat|updat|"
    r"synced|deleted|_hash$|[a-z]ID$",
    re.IGNORECASE,
)


def describe_table(table: Table) -> str | None:
    """One sentence for a table, or None where neither its name nor columns tell."""
    noun = subject(table.id.name)
    ends = [subject(key.references.name) for key in table.foreign_keys]
    keyed = {name for key in table.foreign_keys for name in key.columns}
    if len(ends) == 2 and table.primary_key and keyed >= set(table.primary_key):
        return f"Links each {ends[0]} to its {plural(ends[1])}."
    told = _contents(table)
    if _noun(table) == "record" or gibberish(split(noun)):
        return f"Rows with {_listed(told)}." if len(told) > 1 else None
    held = f", with its {_listed(told)}" if told else ""
    return f"{table_opening(table)}{held}."


def table_opening(table: Table) -> str:
    """How a table's text begins: what a row is, by the words of the table alone."""
    words = subject(table.id.name).split()
    last, rest = words[-1].lower(), " ".join(words[:-1])
    names = {column.name.lower() for column in table.columns}
    if rest and last in _RHYTHMS:
        one = " ".join([*words[:-2], singular(words[-2])])
        return f"One row per {one} and {_RHYTHMS[last]}"
    versions = bool(rest) and last in ("history", "version")
    if versions or names & {"valid_from", "effective_from"}:
        return f"One row per version of {_a(rest if versions else ' '.join(words))}"
    if rest and last in ("log", "audit"):
        return f"One row per entry in the {rest} {last}"
    if last in _MASS:
        return f"One row per record of {' '.join(words)}"
    return f"One row per {' '.join(words)}"


def _a(noun: str) -> str:
    return noun if noun.split()[-1].lower() in _MASS else f"{_article(noun)} {noun}"


_RHYTHMS = {
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
}
"""Last words of a table's name that tell how its rows are summed up."""
_MASS = word_set(
    "activity analytics content data earnings equipment expenditure feedback freight "
    "goods hardware information inventory labor logistics metadata metrics news "
    "performance personnel pricing research revenue sales savings software spend "
    "spending staff statistics stock traffic usage utilization weather"
)
"""Last words of a subject that take no article."""


def _contents(table: Table) -> list[str]:
    """What the first telling columns hold, at most three.

    What another table identifies counts by its name. Times are named where there is
    nothing else, and flags never, since without their verb they are no things.
    """
    siblings = tuple(column.name for column in table.columns)
    noun = subject(table.id.name)
    phrases: list[str] = []
    spare: list[str] = []
    for column in table.columns:
        tokens = column_words(column.name, siblings, table.id.name)
        if gibberish(tokens):
            continue
        told: tuple[str, ...] = tokens
        if len(tokens) > 1 and tokens[-1] in _LINKS:
            told = tokens[:-1]
        elif _UNTOLD.search(column.name) or column.name in table.primary_key:
            continue
        if tokens[0] in hints.ASK or tokens[-1] in _NO_THINGS:
            continue
        phrase = _without_noun(told, noun)
        if phrase in ("first name", "last name"):
            phrase = "name"
        rest = phrase.split()
        while len(rest) > 1 and rest[0].lower() in noun.lower().split():
            rest = rest[1:]
        phrase = " ".join(rest)
        if (
            not rest
            or rest[-1].lower() in _LEANING
            or not phrase.replace(" ", "").isalpha()
        ):
            continue
        clear = any(known(word.lower()) for word in phrase.split())
        if clear and phrase not in phrases and phrase not in spare:
            (spare if tokens[-1] in _TIMES else phrases).append(phrase)
    return (phrases + spare)[:3] if len(phrases) < 2 else phrases[:3]


_LINKS = frozenset(("id", "key", "fk"))
_NO_THINGS = hints.FLAGS | {"at", "on", "by"}
_LEANING = word_set(
    "by confidential external for from in index internal into metadata of on relation "
    "revision source to with"
)
"""Last words of names that are no things alone, or tell nothing of a row."""
_TIMES = hints.DATES | hints.MOMENTS
"""Last words of columns that tell less of a table than others."""


def _listed(phrases: Sequence[str]) -> str:
    """Phrases as a list in words."""
    if len(phrases) < 2:
        return "".join(phrases)
    return f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _capital(text: str) -> str:
    """The text with its first letter raised, the rest untouched."""
    return text[:1].upper() + text[1:]
