"""Other sentences that a column's name may stand for, by rules.

The rules of `model.rules` commit to one reading of a name. Where they are not sure, the
others are worth having too: a model that knows how such columns are described tells how
likely each is, and as all of them follow from the catalog, none invents anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from catalog.objects import Column, Table
from model import cues
from model.names import (
    capital,
    familiar,
    gibberish,
    humanize,
    known,
    plural,
    singular,
    split,
    subject,
    word_set,
    words_of,
)
from model.prompts.compact import kind_of
from model.rules import (
    NUMBERED,
    ORDINALS,
    PARTICIPLE,
    as_part_of_key,
    describe_column,
    known_one,
)
from model.table_sentences import NO_NOUN, PLAIN, a, adjective, row_noun

MOST = 12
"""Sentences that are offered for a column at most, the rules' own among them."""
_MOST_NOUNS = 4
_RECORD = re.compile(r" (of|in|for) the record(?=[.,])")
_ODD = word_set(
    "body time us total spine overview statistic create update request response detail "
    "specification facet base attribute data insight setting history metadata standard"
)
"""What a row is rarely called alone, where a longer noun ends with it."""
_NAMEABLE = (cues.PEOPLE | cues.PLACES) | word_set(
    "app application bucket browser campaign carrier channel cluster course database "
    "dataset device domain event field file folder function group host job medium "
    "metric model network package parameter partner platform policy product program "
    "project provider publisher queue repository role schema server service skill "
    "source stage table team template topic workflow"
)
"""What has a name of its own, which a column without `name` may hold."""
_SORTS = cues.PEOPLE | cues.SOLD
"""What a row may be one of, by a sort that is named before (`adult_product`)."""
_VALUES = (_NAMEABLE | cues.ATTRIBUTES | cues.TEXTS | cues.MONEY) | (
    cues.COUNTS | cues.NUMBERS | cues.MEASURES
)
"""What is told in words or figures, never by yes or no."""
_VERBS = cues.PASSIVE.keys() | cues.AUTOMATIC | word_set("authenticate notify verify")
_WHEN = cues.MOMENTS | cues.DATES | {"at", "on"}
_COUNT = "(?:num|number|count|cnt|counts|no|n|nb)"
_SHARE = "(?:pct|percent|percentage)"
_PERIOD = "(hour|day|week|month|quarter|year)"

_SHAPES = {
    rf"{_COUNT} (.+)|(.+) (?:count|cnt|counts)": (
        "number of {things}.",
        "number of {things} in the {noun}.",
    ),
    "(.+) (?:count|cnt) ((?:this|last|past|today|in|per|by|for|on|from) .+)": (
        "number of {things} {more}.",
    ),
    "total (.+s)|total (.+) (?:count|quantity)": (
        "total number of {things}.",
        "total number of {things} of the {noun}.",
    ),
    "(?:mean|average|avg) (.+s)": ("average number of {things}.",),
    "median (.+s)": ("median number of {things}.",),
    "(.+) (start|end)": ("{more} date of {the_it}.", "{more} time of {the_it}."),
    "(.+) total": ("total {it}.", "total {it} of the {noun}."),
    "(?:(.+) )?unique (.+) (?:count|cnt)": ("number of unique {all}.",),
    f"{_SHARE} (.+)|(.+) {_SHARE}": ("percentage of {things}.",),
    "count": ("number of {rows}.",),
    "from (.+)": ("source {it}.", "source {it} of the {noun}."),
    "to (.+)": ("target {it}.", "target {it} of the {noun}."),
    "(.+) number of (.+)": ("number of {more}.",),
    "(.+) share": ("share of {things}.",),
    "(.+) rate": ("rate of {things}.",),
    "(?:prob|probability) (.+)|(.+) (?:prob|probability)": ("probability of {it}.",),
    "(.+) (min|max|avg|minimum|maximum|average|median|total) (.+)": (
        "{lead} {it} {last}.",
    ),
    r"p(\d[04-9]) (.+)": ("{it}th percentile of {more}.",),
    "(.+) (?:data|info|information|details?)": ("details of {the_it}.",),
    "(?:data|info|details)": ("details of the {noun}.",),
    "(.+) (?:amount|amt)": ("amount of {the_it}.",),
    "(.+) (?:num|number|nr|nbr|no)": ("number of {the_it}.",),
    "(.+) (?:link|href)": ("URL of {the_it}.", "link to {the_it}."),
    "(.+) (?:url|uri)": ("URL of {the_it}.", "{it} URL of the {noun}."),
    "(.+) (html|xml|csv|yaml|markdown)": (
        "{it} of the {noun}, in {more}.",
        "{it}, in {more}.",
    ),
    "(.+) with (.+)": ("{it} of the {noun} with its {more}.",),
    "(.+) in (.*(?:currency|usd|eur|seconds|minutes|hours|days|bytes))": (
        "{it} of the {noun}, in {more}.",
        "{it}, in {more}.",
    ),
    r"(.+) ((?:19|20)\d\d)": ("number of {things} in {more}.", "{it} in {more}."),
    r"(.+) (\d+) ?d(?:ays?)?": (
        "number of {things} within {more} days.",
        "{it} within {more} days.",
    ),
    r"(.+? address)(?: address)?(?: line)? ([123])": ("{nth} line of {the_it}.",),
    "last (?:4|four)": ("last four digits of the {noun}.",),
    f"(.*ed) {_PERIOD}": ("{more} the {noun} was {it}.",),
    f"(.+)(?<!ed)(?<!this) {_PERIOD}": ("{more} of {the_it}.",),
    "(depends|relates|belongs|applies|refers|reports|points|assigned|linked|applied|"
    "attached|based|derived|charged|converted|adjusted) (on|to|from|for) (.+)": (
        "{last} the {noun} {was}{it} {more}.",
    ),
    "(.*ed|.+s) (to|from|by|for|with|in|on|at)": ("what the {noun} {was}{it} {more}.",),
}
"""What a whole name may be, and sentences of its parts, written out."""


def readings(table: Table, column: Column) -> tuple[str, ...]:
    """Sentences for a column, the rules' own first; none where its name says nothing.

    Code lists are in none of them.
    """
    own = describe_column(table, column)
    tokens = list(words_of(table, column.name))
    if own is None or gibberish(tuple(tokens)):
        return () if own is None else (own,)
    others = (_RECORD.sub("", text) for text in (own, *_others(table, column, tokens)))
    raised = "|".join(token for token in tokens if _initials(token)) or "(?!)"
    initials = re.compile(rf"\b({raised})\b", re.IGNORECASE)
    others = (initials.sub(lambda found: found[0].upper(), text) for text in others)
    told = (
        as_part_of_key(capital(text), table, column)
        for text in others
        if not _poor(text)
    )
    return tuple(dict.fromkeys([own, *told]))[:MOST]


def _others(table: Table, column: Column, tokens: list[str]) -> Iterator[str]:
    kind, last = kind_of(column.type), tokens[-1]
    nouns = _nouns(table)
    noun = nouns[0]
    for other in nouns:
        told = describe_column(table, column, noun=other) or ""
        if not told.startswith("Whether the record"):
            yield told
    asked = tokens[0] in cues.ASK and len(tokens) > 1
    if last in cues.KEYS and not asked:
        yield from _of_key(tokens, noun)
    elif asked or kind == "boolean":
        yield from _asked(tokens[asked:], noun, tokens[0] if asked else "")
    elif last in _WHEN or kind in ("time", "date"):
        yield from _of_time(tokens, noun, kind)
    else:
        state = tokens[1:] and (last.endswith("ed") or last in cues.STATES)
        if (not kind or (kind == "whole number" and state)) and _may_be_asked(tokens):
            yield from _asked(tokens, noun)
        yield from _beside(table, tokens)
        yield from _shaped(tokens, noun)
        if last not in cues.SMALL:
            yield from _of_thing(tokens, noun, kind)


def _of_key(tokens: list[str], noun: str) -> Iterator[str]:
    """What has a key, what it is in the row, and whether the row is it itself."""
    rest = humanize([token for token in tokens[:-1] if token != "unique"])
    if singular(tokens[-1]) != tokens[-1] and rest:
        yield f"identifiers of the {plural(rest)}."
        return
    if "unique" in tokens:
        yield f"unique identifier of the {noun}."
    if not rest or "by" in tokens:
        return
    done, to, *thing = tokens[:-1] if len(tokens) > 3 else ("", "")
    if done.endswith("ed") and to in cues.SMALL:
        yield f"identifier of the {humanize(thing)} the {noun} was {done} {to}."
        return
    if _leans(tokens[-2]):
        yield f"{rest} identifier of the {noun}."
        return
    yield f"identifier of the {rest}."
    yield f"unique identifier of the {rest}."
    if rest.split()[-1] != noun.split()[-1]:
        yield f"identifier of the {rest} the {noun} belongs to."
    if rest[0].isupper() and rest.isalpha() and not rest.isupper():
        yield f"identifier of the {noun} in {rest}."
    if tokens[-1] == "key":
        yield f"key of the {rest}."


def _may_be_asked(tokens: list[str]) -> bool:
    """Whether a column without a type may hold yes or no."""
    first, last = tokens[0], tokens[-1]
    if len(tokens) == 1:
        plain = known(last) and singular(last) == last == humanize([last])
        said = adjective(last) or PARTICIPLE.search(last) is not None
        return plain and said and last not in _VALUES
    many = singular(tokens[-2]) != tokens[-2] and last not in cues.ABILITIES
    if first in cues.LEADS or many:
        return False
    done = first.endswith("ed") and not {*tokens[1:]}.isdisjoint(cues.SMALL)
    sort = last in _SORTS and cues.SMALL.isdisjoint(tokens)
    said = adjective(last) or PARTICIPLE.search(last) is not None
    return first in cues.PASSIVE or said or sort or done


def _asked(tokens: list[str], noun: str, verb: str = "") -> Iterator[str]:
    """What may be so or not: how the row is, what it has, what is done.

    Args:
        tokens: what is asked.
        noun: what a row is called.
        verb: with which the name begins.
    """
    tokens = [token for token in tokens if token not in cues.FLAGS] or tokens
    first, last, phrase = tokens[0], tokens[-1], humanize(tokens)
    many, rest = singular(last) != last, humanize(tokens[:-1])
    if verb in ("can", "should", "will", "did", "does"):
        if not rest:
            yield f"whether the user {verb} {phrase} the {noun}."
        return
    if first == "do":
        return
    if verb == "" and not cues.MIDDLE.isdisjoint(tokens[1:-1]) and "is" not in tokens:
        yield f"whether the {phrase} the {noun}."  # `viewer_can_edit`
        return
    if "is" in tokens[1:-1]:
        yield from _asked(tokens[tokens.index("is") + 1 :], noun, "is")
        return
    if last == noun.split()[-1] and rest:
        yield f"whether this is {a(phrase)}."
        return
    if first in _VERBS:
        owner = "" if rest else f" the {noun}"
        yield f"whether to {phrase}{owner}."
        return
    if rest and last in ("exist", "exists"):
        yield f"whether the {rest} exists."
        return
    if rest and last == "eligible":
        yield f"whether the {noun} is eligible for {rest}."
        return
    if verb == "" and first in ("last", "first") and last.endswith("ed"):
        yield f"time the {noun} was {phrase}."
        return
    if rest and adjective(last) and not adjective(first):
        be = "are" if singular(tokens[-2]) != tokens[-2] else "is"
        about = known_one(rest, last)
        yield f"whether {about} {be} {last}."
        yield f"whether the {noun} is {phrase}."
        if last.endswith("ed") and last not in cues.ABILITIES:
            have = "have" if be == "are" else "has"
            yield f"whether {about} {have} been {last}."
        return
    if not many and verb != "has":
        yield f"whether the {noun} is {phrase}."
    if adjective(first):
        if first.endswith("ed") and adjective(last):
            yield f"whether the {noun} was {phrase}."
            yield f"whether the {noun} has been {phrase}."
        return
    if not many and verb != "has":
        yield f"whether the {noun} is {a(phrase)}."
    if verb not in ("is", "was", "are"):
        yield f"whether the {noun} has {phrase if many else a(phrase)}."


def _beside(table: Table, tokens: list[str]) -> Iterator[str]:
    """Whose a value is, by what other columns or the table's name tell."""
    *rest, last = tokens
    names = {split(column.name) for column in table.columns}
    if rest and last.isdigit() and rest[-1] not in NUMBERED:
        for thing in sorted(NUMBERED):
            if any(name[-2:] == (thing, last) for name in names):
                yield f"{humanize(rest)} of {thing} {last}."
    side, *told = tokens
    if (
        told
        and side in ("home", "away")
        and {"home", "away"} <= {name[0] for name in names}
    ):
        yield f"{humanize(told)} of the {side} team."
    if tokens == row_noun(table).split():
        wholes = subject(table.id.name).split()[: -len(tokens)]
        fine = [word for word in wholes if known(word) and not _leans(word)]
        fine = [word for word in fine if humanize([word]) == word]
        yield from (f"{humanize(tokens)} of the {whole}." for whole in fine[-2:])


def _shaped(tokens: list[str], noun: str) -> Iterator[str]:
    """What the shape of the name makes of its parts."""
    for shape, texts in _SHAPES.items():
        found = re.fullmatch(shape, " ".join(tokens))
        parts = [part.split() for part in found.groups() if part] if found else []
        if not found or any(_bare(part, "ed" in shape) for part in parts[:1]):
            continue
        said = [humanize(part) for part in parts] or [""]
        more = said[1] if said[1:] else ""
        told = {
            "noun": noun,
            "rows": plural(noun),
            "it": said[0],
            "the_it": known_one(said[0]) if said[0] else "",
            "things": plural(said[0]),
            "all": plural(" ".join(said)),
            "more": more,
            "last": said[-1],
            "was": "was " if said[0].endswith("ed") else "",
            "lead": cues.LEADS.get(parts[1][0] if more else "", ""),
            "nth": ORDINALS.get(more, ""),
        }
        measured = bool(parts) and _measured(parts[0][-1])
        for text in texts:
            if not (measured and "number of {things}" in text):
                yield text.format_map(told)


def _bare(part: list[str], done: bool) -> bool:
    """Whether words are no thing, and not what is done either, where that may be."""
    done = done and part[-1].endswith("ed") and len(part) == 1
    leans = adjective(part[-1]) or (part[1:] and part[-1].isdigit())
    return part[0] in cues.SMALL or (bool(leans) and not done)


def _of_time(tokens: list[str], noun: str, kind: str) -> Iterator[str]:
    """A point in time: of what is named, or as a compound."""
    when = [token for token in tokens if token in _WHEN]
    rest = list(tokens)
    while rest and rest[-1] in _WHEN:
        rest.pop()
    if rest[1:] and rest[0] in _WHEN:
        when.append(rest.pop(0))
    if not rest or rest[-1] in cues.SMALL:
        return
    done = rest[-1].endswith("ed")
    bound = not cues.SMALL.isdisjoint(rest)
    if "last" in rest[1:] and not done and not bound:
        rest.insert(0, rest.pop(rest.index("last")))
    dated = kind == "date" or (kind != "time" and {*when} & cues.DATES)
    head, phrase = "date" if dated else "time", humanize(rest)
    if rest[-1] in cues.DONE:
        yield f"{head} the {noun} {cues.DONE[rest[-1]]}."
    if bound and rest[0].endswith(("ed", "sent")):
        yield f"{head} the {noun} was {phrase}."
        return
    if not done and rest[-1] != "create":
        yield f"{head} of the {phrase}."
    if when and when[-1] not in ("at", "on") and not (done and len(rest) == 1):
        yield f"{phrase} {head} of the {noun}."
        yield f"{phrase} {head}."


def _of_thing(tokens: list[str], noun: str, kind: str) -> Iterator[str]:
    """A number of things, a name, or a part of what is named before it."""
    last, phrase = tokens[-1], humanize(tokens)
    many = singular(last) != last
    rest = tokens[:-1]
    whole = not any(map(_leans, rest[-1:])) and cues.SMALL.isdisjoint(rest)
    led = tokens[0] in cues.LEADS or last in cues.COUNTS
    if kind in ("whole number", "number", "") and not led:
        if _counted(last):
            yield f"number of {phrase}."
            yield f"number of {phrase} in the {noun}."
        elif last.endswith("ed") and rest and _counted(rest[-1]):
            yield f"number of {last} {humanize(rest)}."
        elif kind == "whole number" and not rest and last not in _VALUES:
            yield f"number of {plural(phrase)}."
            yield f"number of the {phrase}."
    if kind in ("text", "") and not many and _nameable(last) and whole:
        yield f"name of the {phrase}."
    if rest and whole and known(singular(rest[-1])) and not led and not adjective(last):
        yield f"{humanize([last])} of {known_one(humanize(rest))}."
        if len(tokens) == 3 and _nameable(rest[0]):
            yield f"{humanize(tokens[1:])} of the {rest[0]}."
    if tokens[0] in cues.MONEY and rest and adjective(last):
        yield f"{last} {humanize(rest)} of the {noun}."
    if not rest and adjective(last) and not many:
        yield f"{phrase} {noun}."
    if not many or kind != "json":
        yield f"{phrase} of the {noun}."
    yield f"{phrase}{', as JSON' if kind == 'json' else ''}."
    if many:
        yield f"{phrase} in the {noun}."


def _counted(word: str) -> bool:
    """Whether a word is the plural of what is counted rather than measured."""
    one = singular(word)
    return one != word and (known(one) or len(one) > 4) and not _measured(word)


def _measured(word: str) -> bool:
    return word in cues.AMOUNTS | cues.UNITS.keys() or singular(word) in cues.MONEY


def _initials(word: str) -> bool:
    """Whether a word is one of a few letters that is neither known nor explained."""
    if not 3 <= len(word) <= 4 or not word.isalpha() or humanize([word]) != word:
        return False
    spoken = re.fullmatch("[^aeiouy]+[aeiouy]+[^aeiouy]+e?", word) is not None
    said = spoken or word in PLAIN | cues.ASK | {"dbt"}
    return not (said or familiar(word))


def _leans(word: str) -> bool:
    """Whether a word needs one after it: nothing is `of the minimum`."""
    alone = word in ("post", "base", "key")
    return not alone and (adjective(word) or word in cues.SMALL or word.isdigit())


def _nameable(word: str) -> bool:
    return word in _NAMEABLE or cues.ROLES.fullmatch(word) is not None


def _nouns(table: Table) -> list[str]:
    """What a row may be called, the likeliest first: parts of its noun, or nothing."""
    own = row_noun(table)
    words = own.split()
    before = [words[-1], " ".join(words[:-1])] if words[1:] else []
    odd = words[-1] in _ODD
    if odd:
        named = subject(table.id.name).split()
        before += [word for word in named if word in cues.JOINED]
    fine = [noun for noun in before if not _leans(noun.split()[-1])]
    if odd:
        fine = [noun for noun in fine if noun not in _ODD]
        return list(dict.fromkeys([*fine[: _MOST_NOUNS - 2], NO_NOUN, own]))
    return list(dict.fromkeys([own, *fine[: _MOST_NOUNS - 2], NO_NOUN]))


def _poor(text: str) -> bool:
    """Whether a sentence says a word of weight twice, or only what any column is."""
    words = [word for word in text.lower().rstrip(".").split() if len(word) > 4]
    return len(set(words)) < len(words) or text in ("", "Unique identifier.")
