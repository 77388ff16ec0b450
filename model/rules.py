"""Describes columns from names, types and keys alone, without a model.

These sentences are the floor: every one follows from the catalog, so none invents
anything, and they are what the model's text gives way to. Those on tables are in
`model.table_sentences`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from catalog.objects import Column, ColumnId, Profile, Table, TableId, Target
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
    table_words,
    word_set,
    words_of,
)
from model.phrases import TYPES, phrase_sentence
from model.table_sentences import (
    NO_NOUN,
    adjective,
    article,
    grain,
    kept_of_thing,
    own_noun,
    row_noun,
    surveyed,
)

PARTICIPLE = re.compile(
    r"(?<!e)ed$|^(sent|paid|built|held|seen|sold|made|given|begun|done|won|lost|left|"
    r"read|set|run|taken|written|drawn|born|known|shown|hidden|open|due)$"
)
_MASS = re.compile(
    r"(ation|ution|yption|ansion|ity|ance|ence|ness|ism|ing|[^c]age|support)$"
)
"""Ends of words that often take no article."""
_RECORD = re.compile(r" (of|associated with|for|on) the record(?=[.,])")
"""An owner that tells nothing."""
_OF_ENTRY = frozenset(
    ("start time", "end time", "start date", "end date", "total amount")
) | word_set("location date time score amount total currency country")
"""What an entry on a thing has of its own (`start_time` of a warehouse's history)."""
_MANNER = {"last", "first", "originally", "initially", "most", "next", "previously"}


def describe_column(
    table: Table,
    column: Column,
    profile: Profile | None = None,
    *,
    noun: str | None = None,
) -> str | None:
    """One sentence for a column, or None where its name is gibberish (abstain).

    A code list in the profile is appended; no other value of it is used.

    Args:
        table: with all its columns.
        column: the one that is described.
        profile: a sample of it.
        noun: what a row is called, if not by the table's name.
    """
    noun = noun or row_noun(table)
    tokens = list(words_of(table, column.name))
    codes = profile.codes if profile else ()
    if gibberish(tuple(tokens)):
        return _by_facts(table, column, noun, codes)
    years = [token for token in tokens if re.fullmatch(r"(19|20)\d\d", token)]
    dated = 0 < len(years) < len(tokens) and tokens[-len(years) :] == years
    utc = tokens[2:] and tokens[-1] == "utc"
    told = tokens[: -len(years)] if dated else tokens[:-1] if utc else tokens
    text = _sentence(table, column, told, noun)
    if noun == NO_NOUN and "record" not in tokens:
        text = _RECORD.sub("", text)
    if humanize(tokens) in _OF_ENTRY and kept_of_thing(table):
        text = text.replace(f" of the {noun}.", ".")
    if dated or utc:
        text = f"{text[:-1]}, {'in UTC' if utc else ' to '.join(years)}."
    listed = "," not in text and "JSON" not in text and _is_list(tokens)
    if "json" in column.type.lower() and listed:
        if text.startswith("Number of ") and "number" not in tokens:
            text = f"{capital(humanize(tokens))}."
        text = f"{text[:-1]}, as JSON."
    return with_codes(as_part_of_key(text, table, column), codes)


def sure_sentence(table: Table, column: Column) -> str | None:
    """The sentence of a column whose name says the same in every table, else None."""
    tokens = list(words_of(table, column.name))
    if gibberish(tuple(tokens)):
        return None
    if _whole(table, column, tokens, row_noun(table)) is None:
        return None
    return describe_column(table, column, None)


def reference_clause(text: str, table: Table, target: Target) -> str | None:
    """What may be said after a text on a column with a declared key, or None.

    Nothing where the text names the table already.
    """
    found = table.foreign_key_of(target.name) if isinstance(target, ColumnId) else None
    if found is None:
        return None
    said = {singular(word) for word in re.findall(r"\w+", text.lower())}
    there = found.references.name
    words = subject(there).lower().split()
    if there.lower() in text.lower() or said.issuperset(words):
        return None
    if others := [name for name in found.columns if name != target.name]:
        return f"With {' and '.join(others)} it refers to {there}."
    return f"Refers to {there}."


def _referred(table: Table, column: str) -> TableId | None:
    """The table that a column refers to by itself, not with others."""
    key = table.foreign_key_of(column)
    return key.references if key and len(key.columns) == 1 else None


def as_part_of_key(text: str, table: Table, column: Column) -> str:
    """A sentence that does not call unique what is a part of the primary key."""
    if not table.is_part_of_key(column.name):
        return text
    return capital(re.sub(r"\bunique (?=identifier)", "", text, flags=re.IGNORECASE))


def _is_list(tokens: Sequence[str]) -> bool:
    """Whether the name is a plural or says itself that it is a structure."""
    return singular(tokens[-1]) != tokens[-1] or tokens[-1] in cues.STRUCTURES


def _sentence(table: Table, column: Column, tokens: list[str], noun: str) -> str:
    """The sentence that name, type and keys give; the name says something."""
    kind = column.type.lower()
    if tokens[-1] in cues.AHEAD and tokens[1:]:
        tokens = [tokens[-1], *tokens[:-1]]
    last = tokens[-1]
    if (whole := _whole(table, column, tokens, noun)) is not None:
        return whole
    if told := _beside(table, tokens, noun, kind):
        return told
    if _referred(table, column.name) is not None:
        return _reference(table, column.name, tokens, noun)
    if _is_id(table, column, tokens):
        return f"Unique identifier of the {own_noun(table)}."
    if tokens[0] in cues.ASK and len(tokens) > 1:
        flagged = last in _FLAGGED and tokens[2:] and tokens[-2] not in _FLAGS_OF
        return _asked(tokens[0], tokens[1:-1] if flagged else tokens[1:], noun)
    if kind.startswith(("bool", "bit(1)", "tinyint(1)")) or (
        last in cues.FLAGS and tokens[1:]
    ):
        return _flag([t for t in tokens if t not in cues.FLAGS] or tokens, noun)
    if not kind and _untyped_flag(tokens, own_noun(table)):
        return _flag(tokens, noun)
    if last in cues.KEYS:
        return _key(table, tokens, noun)
    if tokens[0] == "date" and tokens[1:] in (["day"], ["week"], ["month"], ["hour"]):
        return f"{capital(tokens[1])} the record is for."
    if _counts(tokens, kind):
        return f"Number {_counted(humanize(tokens), noun)}."
    if len(tokens) > 1:
        found = (
            _made_of(tokens, noun, kind)
            or _by_unit(tokens, noun)
            or _by_first(tokens, noun)
            or _by_last(tokens, noun, kind)
        )
        if found is not None:
            return found
    return _plain(tokens, noun, kind)


_FLAGGED = cues.FLAGS - {"switch"}
"""Last words that say once more what the verb in front says."""
_FLAGS_OF = word_set("feature red")
"""Words before them that are about a flag itself (`is_feature_flag`)."""


def _beside(table: Table, tokens: list[str], noun: str, kind: str) -> str | None:
    """A name that others beside it or the table's own explain (`author_1`)."""
    last = tokens[-1]
    if surveyed(table) and tokens[3:] and _QUESTION.intersection(tokens):
        return f'Answer to "{capital(humanize(tokens))}?"'
    if tokens[2:] and tokens[-2] == "with" and last in _TOLD_WITH:
        return f"{capital(humanize(tokens[:-2]))} with its {humanize([last])}."
    if "used" in tokens[1:-1]:
        place = tokens.index("used") + 1
        thing = singular(tokens[place - 2]) != tokens[place - 2]
        if thing and _USE_OF.isdisjoint(tokens[place:]):
            used = humanize(tokens[:place])
            return f"{capital(used)} for {humanize(tokens[place:])}."
    if last in ORDINALS and tokens[1:] and tokens[-2] in NUMBERED:
        names = {split(c.name)[-2:] for c in table.columns}
        if {(tokens[-2], "1"), (tokens[-2], "2")} <= names:
            named = humanize(tokens[:-1])
            return f"{ORDINALS[last]} {named}{_whose(named, noun)}."
    if told := _as_of(tokens, kind) or _in_turn(tokens, kind):
        return told
    return _changed(table, tokens, noun, kind)


def _as_of(tokens: list[str], kind: str) -> str | None:
    """When a value beside it holds (`balance_as_of_date`)."""
    place = next((at for at in range(1, len(tokens) - 1) if tokens[at] == "as"), 0)
    end = tokens[place + 2 :]
    if not place or tokens[place + 1] != "of" or end[1:]:
        return None
    dated = not cues.DATES.isdisjoint(end) or (not end and kind == "date")
    timed = not cues.MOMENTS.isdisjoint(end) or "datetime" in kind
    if not dated and not timed and not kind.startswith("timestamp"):
        return None
    thing = humanize(tokens[:place])
    hold = "holds" if singular(thing.split()[-1]) == thing.split()[-1] else "hold"
    return f"{'Date' if dated else 'Time'} as of which the {thing} {hold}."


def _in_turn(tokens: list[str], kind: str) -> str | None:
    """A figure of the month or year before or after (`prev_month_amount`)."""
    first, rest = humanize(tokens[:2]), tokens[2:]
    if not rest or first.split()[0] not in _TURNS or tokens[1] not in _CYCLES:
        return None
    figure = _FIGURES.match(kind) or rest[-1] in _SUMS
    if not figure or not _NO_FIGURES.isdisjoint(rest):
        return None
    many = "Number of " if _counts(rest, kind) else ""
    phrase = humanize(rest)
    return f"{many}{phrase if many else capital(phrase)} of the {first}."


_TURNS = word_set("last first next previous prior")
_CYCLES = word_set("month year quarter week season semester")
_FIGURES = re.compile(TYPES["number"])
_SUMS = cues.MONEY | cues.AMOUNTS | cues.COUNTS
_NO_FIGURES = (
    cues.KEYS | cues.NUMBERS | cues.MOMENTS | cues.DATES | cues.SMALL | cues.FLAGS
)


def _changed(table: Table, tokens: list[str], noun: str, kind: str) -> str | None:
    """What a change was from and to, or what it added or took away."""
    first, *rest = tokens
    thing = noun.removesuffix(" change")
    if first in _TURNED and rest and _REACHED.isdisjoint(rest):
        opposite, lead = _TURNED[first]
        other = (opposite, *rest)
        columns = {split(c.name) for c in table.columns}
        if other in columns and _CHANGES.intersection(split(table.id.name)):
            if rest[1:] and rest[-1] in cues.KEYS:
                phrase = f"{lead.lower()} {humanize(rest[:-1])}"
                return f"Identifier of the {phrase}{_whose(phrase, thing)}."
            return f"{lead} {humanize(rest)}{_whose(humanize(rest), thing)}."
    many = rest and singular(rest[-1]) != rest[-1] and not re.match("bool|int", kind)
    if first in ("added", "removed") and many:
        to = "to" if first == "added" else "from"
        return f"{capital(humanize(rest))} {first} {to} the {thing}."
    return None


_TURNED = {
    "from": ("to", "Previous"),
    "to": ("from", "New"),
}
"""First words of what was changed: that of the other value, and how it is called."""
_REACHED = word_set("date time at address currency account number")
_QUESTION = word_set("you your how what which why who do")
_TOLD_WITH = word_set("name code description title label number location unit")
_USE_OF = (
    cues.SMALL | cues.COUNTS | cues.MONEY | cues.UNITS.keys() | cues.LEADS.keys()
) | word_set("today daily day week month year date time this last id ids")
"""What no use is for."""
_CHANGES = word_set("history change changes changed changelog audit transition")
NUMBERED = cues.PEOPLE | word_set(
    "team editor reviewer referee judge party option choice answer image photo "
    "category keyword tag language color colour sponsor side reason genre"
)
"""What is numbered by nothing but its place in a list."""
ORDINALS = {"1": "First", "2": "Second", "3": "Third", "4": "Fourth", "5": "Fifth"}


def _whole(table: Table, column: Column, tokens: list[str], noun: str) -> str | None:
    """The sentence of the bank of phrases, where no declared key tells more."""
    found = phrase_sentence(table, tokens, column.type.lower(), noun)
    keyed = _referred(table, column.name) is not None
    if found is None or (keyed and "ser " not in found):
        return None
    return None if not keyed and _is_id(table, column, tokens) else found


def _is_id(table: Table, column: Column, tokens: list[str]) -> bool:
    """Whether a column, no foreign key, identifies the row."""
    key = table.primary_key == (column.name,) and tokens[-1] not in cues.TEXTS
    return key or tokens in (["id"], ["unique", "id"], ["uuid"], ["unique", "key"])


def known_one(phrase: str, done: str = "") -> str:
    """A phrase with its definite article, where it takes one.

    Args:
        phrase: a thing, perhaps in the plural.
        done: what is done with it; what is enabled or required is any such thing.
    """
    last = phrase.split()[-1]
    bare = singular(last) != last or last.isupper()
    if last not in cues.THINGS and (last.endswith("ing") or done in cues.ABILITIES):
        bare = bare or _MASS.search(last) is not None
    return phrase if bare else f"the {phrase}"


def _some(phrase: str, mass: bool = False) -> str:
    """A phrase with its indefinite article, where it takes one.

    Args:
        phrase: a thing, perhaps in the plural.
        mass: whether it may be something that is not counted.
    """
    first, *_, last = phrase.split() * 2
    if first in cues.ONLY:
        return f"the {phrase}"
    bare = singular(last) != last or (mass and _MASS.search(last))
    return phrase if bare else f"{article(phrase)} {phrase}"


def _counts(tokens: Sequence[str], kind: str) -> bool:
    """Whether a plural is a number of things: it is whole, or of clicks and the like.

    What is measured (`grams`) or is money (`sales`) is not counted.
    """
    last = tokens[-1]
    if singular(last) == last or last in cues.UNITS or not known(singular(last)):
        return False
    verbs = cues.SMALL | cues.LEADS.keys() | cues.MONEY | cues.PASSIVE.keys()
    if {*tokens[:-1]} & verbs:
        return False
    whole = re.match(r"(big|small)?int|u?int\d", kind) is not None
    return (last in cues.EVENTS and not kind) or (whole and last not in cues.AMOUNTS)


def _untyped_flag(tokens: Sequence[str], noun: str) -> bool:
    """Whether a name without a type can only be that of a yes-or-no column."""
    last = tokens[-1]
    if len(tokens) == 1:
        return noun != NO_NOUN and last in cues.STATES
    if last in cues.MOMENTS | cues.DATES | {"at", "on"}:
        return False
    if tokens[0] in cues.SMALL:
        return False
    if last in cues.STANDING:
        return tokens[0] in ("site", "system", "super")
    asked = tokens[0] in cues.ACTIVE or tokens[0] in ("enable", "disable", "allow")
    said = last in cues.ABILITIES
    auto = tokens[0] == "auto" and tokens[-1] in cues.AUTOMATIC
    return asked or said or auto or "is" in tokens[1:-1]


def _of(phrase: str, noun: str) -> str:
    """A phrase as what belongs to the row, without saying its noun twice."""
    words, own = phrase.split(), noun.split()
    single = [singular(word).lower() for word in words]
    if single == [word.lower() for word in own]:
        plain = single == [word.lower() for word in words]
        if plain and words[1:]:
            return f"{capital(words[-1])} of the {' '.join(words[:-1])}."
        return f"{capital(phrase)}." if plain else f"Number of {phrase}."
    if len(words) > 1 and single[: len(own)] == own and len(words) > len(own):
        return f"{capital(' '.join(words[len(own) :]))} of the {noun}."
    return f"{capital(phrase)}{_whose(phrase, noun)}."


def _whose(phrase: str, noun: str) -> str:
    """` of the order`, without what the phrase says: a store order's order's store."""
    own, last = noun.split(), singular(phrase.split()[-1]).lower()
    if own[-1] == last:
        said = [*phrase.lower().split()[:-1], last]
        while own and said and own[-1] == said.pop():
            own = own[:-1]
        own = [] if own and own[-1].isupper() else own
    elif last in own:
        own = []
    if own == [NO_NOUN] or not own or " who " in phrase:
        return ""
    return f" of the {' '.join(own)}"


def _asked(verb: str, tokens: Sequence[str], noun: str) -> str:
    """A yes-or-no column that begins with its verb (`is_gift`, `has_children`)."""
    phrase = humanize(tokens)
    last = phrase.split()[-1]
    done = PARTICIPLE.search(last) is not None or last in cues.SETTLED
    if verb in ("is", "was", "are") and len(tokens) > 1 and done:
        about = humanize(tokens[:-1])
        if not _adverbial(tokens[0]) and not PARTICIPLE.search(tokens[0]):
            verb = "are" if singular(tokens[-2]) != tokens[-2] else verb
            told = f"Whether {known_one(about, last)} {verb} {last}"
            return f"{told}." if about == noun else f"{told} for the {noun}."
    if tokens[:2] == ["do", "not"] and len(tokens) > 2:
        return f"Whether not to {humanize(tokens[2:])} the {noun}."
    alone = cues.SMALL.isdisjoint(tokens)
    if verb in ("is", "was") and last in cues.STANDING and alone:
        return f"Whether the {_person(last, noun)} {verb} {_some(phrase)}."
    if verb in ("is", "was") and phrase == "default":
        return f"Whether the {noun} {verb} the default."
    acted = verb == "has" and tokens[1:] and PARTICIPLE.search(tokens[0])
    if verb in ("is", "was", "has") and not acted and not _describes(tokens, phrase):
        return f"Whether the {noun} {verb} {_some(phrase, verb == 'has')}."
    if verb == "has" and PARTICIPLE.search(last):
        return f"Whether the {noun} has been {phrase}."
    return f"Whether the {noun} {verb} {phrase}."


_ADJECTIVE = re.compile(
    r"(ed|able|ible|ive|al|ic|en|ary|ous|less|new|open|valid|ing|line|ful|[^m]ent|ant|"
    r"late|busy|ready|live|"
    r"current|free|default|private|public|confidential|primary|empty|full|paid|sent)$"
)


def _describes(tokens: Sequence[str], phrase: str) -> bool:
    """Whether words after a verb say how something is rather than what."""
    if tokens[0] in cues.SMALL or {*tokens[1:]} & cues.SMALL:
        return PARTICIPLE.search(tokens[0]) is not None or tokens[0] in cues.SMALL
    said = _ADJECTIVE.search(phrase) or PARTICIPLE.search(phrase.split()[-1])
    return said is not None and phrase.split()[-1] not in cues.THINGS


def _adverbial(token: str) -> bool:
    return token.endswith("ly") or token in cues.ADVERBS


def _reference(table: Table, name: str, tokens: list[str], noun: str) -> str:
    """A foreign key: what it points at, and the role where the name tells one."""
    found = _referred(table, name)
    there = subject(found.name) if found else NO_NOUN
    dropped = cues.KEYS | cues.NUMBERS | {"code", "cd", "hash", "hk"}
    role = [t for t in tokens if t not in dropped]
    phrase = humanize(role)
    if found and not grain(found.name).noun:
        return f"Identifier of the row in {found.name} that the {noun} refers to."
    if by := _by(role, noun):
        return f"Identifier of {by}."
    if role == ["parent"]:
        return f"Identifier of the parent {noun}."
    if there == noun and phrase in ("", noun) and found and found != table.id:
        return f"Identifier of the {noun}."
    if phrase == noun:
        return f"Identifier of the {noun}."
    if not phrase or phrase in there or (there in phrase and len(role) == 1):
        tie = "" if " " in noun else f" associated with the {noun}"
        return f"Identifier of the {there}{tie}."
    return f"Identifier of the {phrase} of the {noun}."


def _by(tokens: Sequence[str], noun: str) -> str | None:
    """`created_by`, `submitted_by_user`: who did it, in words."""
    if "by" not in tokens[1:]:
        return None
    place = tokens.index("by")
    done, who = tokens[:place], humanize(tokens[place + 1 :]) or "user"
    if not PARTICIPLE.search(humanize(done)):
        return None
    acted = humanize([*done[:-1], _ACTED.get(done[-1], done[-1])])
    return f"the {who} who {acted} the {noun}"


_ACTED = {"written": "wrote", "taken": "took", "given": "gave", "drawn": "drew"}
"""What someone did, where it is not said as what was done."""


def _key(table: Table, tokens: list[str], noun: str) -> str:
    """A key that is not declared, by its name."""
    rest = tokens[:-1]
    base = _without_noun(rest, noun)
    if tokens == ["key"]:
        return f"Key of the {noun}."
    if tokens[-1] in ("ids", "uuids", "guids") and rest:
        return f"Identifiers of the {plural(humanize(rest))}{_tied(rest, noun)}."
    if len(rest) == 1 and adjective(rest[0]) and rest[0] not in ("base", "post"):
        return f"{capital(humanize(rest))} identifier of the {noun}."
    if "unique" in (*rest[:1], *rest[-1:]) and rest[1:]:
        rest.remove("unique")
        return f"Unique identifier of the {humanize(rest)}."
    if rest in (["external"], ["source"], ["remote"], ["third", "party"]):
        return f"Identifier of the {noun} in the {humanize(rest)} system."
    if rest[:1] == ["external"] and not adjective(rest[-1]):
        return f"Identifier of the {humanize(rest[1:])} in an external system."
    if tuple(rest) == table_words(table.id.name):
        return f"Unique identifier of the {noun}."
    if not base:
        return f"Identifier of the {noun}."
    if rest == ["parent"]:
        return f"Identifier of the parent {noun}."
    if by := _by(rest, noun):
        return f"Identifier of {by}."
    if subject(table.id.name).lower() == base.lower():
        return f"Unique identifier of the {base}."
    if rest[-1] in cues.SMALL or rest[-1] in ("primary", "foreign", "natural"):
        return f"{capital(humanize(tokens))} of the {noun}."
    return f"Identifier of the {base}{_tied(rest, noun)}."


def _tied(tokens: Sequence[str], noun: str) -> str:
    """What a key's thing has to do with the row, where the noun does not say it."""
    base = humanize(tokens)
    if noun.startswith(base) or base.endswith(noun) or " " in noun or noun == NO_NOUN:
        return ""
    return f" associated with the {noun}"


def _without_noun(tokens: Sequence[str], noun: str) -> str:
    """The words as a phrase, or nothing where they only repeat the table's noun."""
    phrase = humanize(tokens)
    single = " ".join(singular(word) for word in phrase.split())
    return "" if single.lower() in (noun.lower(), "", "row", "record") else phrase


def _acted(tokens: list[str], noun: str) -> str | None:
    """A yes-or-no column that says what is or can be done."""
    first, rest = tokens[0], humanize(tokens[1:])
    if tokens[:2] == ["do", "not"] and tokens[2:]:
        return f"Whether not to {humanize(tokens[2:])} the {noun}."
    for place, word in enumerate(tokens[1:-1], 1):
        if word in cues.MIDDLE:
            about = known_one(humanize(tokens[:place]))
            return f"Whether {about} {word} {humanize(tokens[place + 1 :])}."
    if first == "auto" and tokens[1] in cues.AUTOMATIC:
        done = f"{cues.participle(tokens[1])} automatically"
        return f"Whether the {noun} is {' '.join([done, *tokens[2:]])}."
    if opted := re.search(r"^(.*?) ?\bopt (in|out)\b ?(.*)$", " ".join(tokens)):
        what, way, then = opted.groups()
        then = then or (what and f"{'to' if way == 'in' else 'of'} {what}")
        return f"Whether the {noun} has opted {f'{way} {then}'.strip()}."
    if first in cues.PASSIVE:
        if tokens[1] in cues.SMALL:
            return f"Whether the {noun} is {cues.PASSIVE[first]} {rest}."
        done = cues.PASSIVE[first]
        thing, to, then = rest.partition(" to ")
        be = "is" if singular(thing.split()[-1]) == thing.split()[-1] else "are"
        then = f"to {then}" if to else f"for the {noun}"
        return f"Whether {known_one(thing, done)} {be} {done} {then}."
    if first in cues.ACTIVE:
        return f"Whether the {noun} {first} {_some(rest, True)}."
    return None


def _flag(tokens: list[str], noun: str) -> str:
    """A yes-or-no column whose name has no verb in front."""
    phrase = humanize(tokens)
    last = phrase.split()[-1]
    if told := _acted(tokens, noun) if tokens[1:] else None:
        return told
    if last in cues.PEOPLE and last != noun.split()[-1]:
        return f"Whether the {_person(last, noun)} is {_some(phrase)}."
    if phrase == "default":
        return f"Whether the {noun} is the default."
    if len(tokens) == 1 and (PARTICIPLE.search(last) or _describes(tokens, phrase)):
        return f"Whether the {noun} is {phrase}."
    if len(tokens) > 1 and (PARTICIPLE.search(last) or last in cues.SETTLED):
        about = humanize(tokens[:-1])
        if _adverbial(tokens[0]) and last not in cues.SETTLED:
            return f"Whether the {noun} is {phrase}."
        verb = "is" if singular(tokens[-2]) == tokens[-2] else "are"
        return f"Whether {known_one(about, last)} {verb} {last}."
    if last in cues.OF_ROW:
        return f"Whether the {noun} is {phrase}."
    if PARTICIPLE.search(tokens[0]) or tokens[0] in ("available", "eligible"):
        return f"Whether the {noun} is {phrase}."
    apply = "applies" if singular(last) == last else "apply"
    return f"Whether {phrase} {apply} to the {noun}."


def _person(standing: str, noun: str) -> str:
    """Who is an administrator: the row or a person it is of, else the user."""
    if standing not in cues.STANDING or noun.split()[-1] in cues.HOLDERS:
        return noun
    return next((word for word in noun.split() if word in cues.PEOPLE), "user")


def _made_of(tokens: list[str], noun: str, kind: str) -> str | None:
    """Names that are more than a thing: with a verb, or with figures for a rate."""
    last = humanize(tokens[-1:])
    if cues.LEADS.get(tokens[0]) == "Number of" and tokens[2:]:
        tokens = tokens[2:] if tokens[1] == "of" else tokens[1:]
        kind = "int"
    if tokens[0] in cues.UNITS and tokens[1] in cues.SMALL - {"of", "per"}:
        if len(tokens) == 3 and PARTICIPLE.search(last) and last != "due":
            return f"Number of {humanize(tokens[:2])} the {noun} was {last}."
        return f"Number of {humanize(tokens)}."  # `days_since_last_order`
    if "per" in tokens[1:-1] and not {"avg", "average"} & set(tokens):
        counted = humanize(tokens[: tokens.index("per")])
        if singular(counted) != counted:
            return f"Number of {humanize(tokens)}."
        return f"{capital(humanize(tokens))}."
    if tokens[0] == "times" and PARTICIPLE.search(last):
        return f"Number of times the {noun} was {humanize(tokens[1:])}."
    if tokens[0] in ("ran", "run") and tokens[1] in ("on", "in", "at") and tokens[2:]:
        thing = humanize(tokens[2:])
        return f"Whether the {noun} ran {tokens[1]} {article(thing)} {thing}."
    if tokens[0] in cues.MOMENTS | cues.DATES and PARTICIPLE.search(last):
        head = "Date" if tokens[0] in cues.DATES else "Time"
        again = "last " if last in ("updated", "modified") and not tokens[2:] else ""
        return f"{head} the {noun} was {again}{humanize(tokens[1:])}."
    if len(tokens) > 2 and tokens[-2] == "last" and PARTICIPLE.search(last):
        head = "Date" if kind == "date" else "Time"
        return f"{head} the {humanize(tokens[:-2])} was last {last}."
    if {"or", "and"} & set(tokens[1:-1]):
        return f"{capital(humanize(tokens))}."
    if PARTICIPLE.search(last) and len(tokens) < 4 and last != "set":
        first = humanize(tokens[:-1])
        numeric = _FIGURES.match(kind)
        if singular(first) != first and numeric:
            return f"Number of {first} {last}."
        if singular(first) != first or set(tokens) & (cues.COUNTS | cues.MONEY):
            return f"{capital(first)} {last}."
    return None


def _by_unit(tokens: list[str], noun: str) -> str | None:
    """A measure whose last word is its unit."""
    unit = cues.UNITS.get(tokens[-1])
    if unit is None or tokens[-2].isdigit() or tokens[-2] in ("per", "sq", "cu"):
        return None
    if tokens[-2] == "in" and len(tokens) > 2:
        tokens = [*tokens[:-2], tokens[-1]]
    base = humanize(tokens[:-1])
    if unit == "percent":
        lead = cues.LEADS.get(tokens[0])
        base = f"{lead} {humanize(tokens[1:-1])}" if lead and tokens[2:] else base
        return f"{capital(base)} percentage of the {noun}."
    if adjective(tokens[-2]) and tokens[-2] not in ("time", "total"):
        return None
    if tokens[0] in ("num", "number", "count"):
        return f"Number of {humanize(tokens[1:])} of the {noun}."
    if unit in cues.SPANS and tokens[-2] not in cues.MEASURES:
        return _of(humanize(tokens), noun)  # `vacation_days`
    if unit in cues.SIZES and tokens[-2] not in cues.MEASURES:
        lead = cues.LEADS.get(tokens[0], "")
        told = humanize(tokens[1:-1]) if lead else base
        if told:
            return f"{capital(f'{lead} size of the'.strip())} {told}, in {unit}."
    return f"{_of(base, noun)[:-1]}, in {unit}."


def _by_first(tokens: list[str], noun: str) -> str | None:
    """A figure whose first word tells how it was made."""
    lead = cues.LEADS.get(tokens[0])
    if lead is None or any(token.isdigit() for token in tokens):
        return None
    if lead == "Total" and tokens[1] in ("id", "key", "of"):
        return None
    base = humanize(tokens[2:] if tokens[1] == "of" else tokens[1:])
    if not base:
        return None
    if lead == "Number of":
        return f"Number {_counted(base, noun)}."
    first = base.split()[0]
    if lead == "Quantity of" and (first in ("in", "on") or PARTICIPLE.search(first)):
        lead = "Quantity"
    return f"{lead} {base}{_whose(base, noun)}."


_BOUND = ("for", "in", "on", "by", "per", "from", "to", "with", "without", "at")
"""Words before which what is counted ends (`owners_for_safe`)."""


def _counted(phrase: str, noun: str) -> str:
    """What is counted, in the plural where its last word has one."""
    last = phrase.split()[-1]
    if PARTICIPLE.search(last) and last not in ("open", "read", "run", "set"):
        return phrase if " " not in phrase else f"of {phrase}"
    head = re.split(rf" (?:{'|'.join(_BOUND)}) ", phrase)[0].split()[-1]
    many = head != last and singular(head) != head
    if not many and len(last) > 2 and familiar(last.lower()):
        phrase = plural(phrase)
    return f"of {phrase}{_whose(phrase, noun)}"


def _by_last(tokens: list[str], noun: str, kind: str) -> str | None:
    """Names of two and more words, told apart by the last one."""
    last, rest = tokens[-1], humanize(tokens[:-1])
    base = _without_noun(tokens[:-1], noun)
    if last in ("at", "on") or (last in cues.MOMENTS | cues.DATES):
        return _moment(tokens, noun, kind)
    if last == "by" and (by := _by(tokens, noun)):
        return capital(by.removeprefix("the ")) + "."
    if last in ("qty", "quantity") or (last in cues.COUNTS and tokens[-2] == "total"):
        return _of(humanize(tokens), noun)
    if last in cues.COUNTS and (
        not adjective(tokens[-2]) or PARTICIPLE.search(tokens[-2])
    ):
        return f"Number {_counted(rest, noun)}."
    if last in cues.NUMBERS:
        return f"{capital(base)} number of the {noun}." if base else None
    if last in cues.MONEY:
        return _of(humanize(tokens), noun)
    pair = humanize(tokens[-2:])
    vague = tokens[2:] and (adjective(tokens[-3]) or tokens[-3] in cues.ABSTRACT)
    if pair.lower() in cues.COMPOUNDS and not vague:
        owner = _without_noun(tokens[:-2], noun) or noun
        return f"{capital(pair)} of the {owner}."
    told = tokens[2:] and tokens[-2] in cues.OF_NAMES and not adjective(tokens[-3])
    if told and last in ("name", "text"):
        return f"{capital(pair)} of the {humanize(tokens[:-2])}."
    if tokens[-2] in cues.SMALL or adjective(tokens[-2]):
        return None
    if last in cues.CONTACTS and (
        tokens[-2] in cues.PEOPLE or cues.ROLES.fullmatch(tokens[-2])
    ):
        return f"{cues.CONTACTS[last]} of the {rest}."
    if last in cues.TEXTS:
        word = humanize([last])
        of = "on" if word.startswith(("comment", "note", "remark")) else "of"
        return f"{capital(word)} {of} the {rest}."
    pasted = {*tokens[:-1]} & cues.SMALL - {"of"} or tokens[-2] in cues.ABSTRACT
    if last in cues.ATTRIBUTES and len(rest) > 3 and not pasted:
        of = "for" if last == "reason" else "of"
        return f"{capital(humanize([last]))} {of} the {base or noun}."
    if last in cues.DEGREES:
        return f"{_of(humanize(tokens), noun)[:-1]}, in degrees."
    return None


def _moment(tokens: list[str], noun: str, kind: str) -> str:
    """A point in time."""
    last, before = tokens[-1], tokens[:-1]
    exact = last in cues.MOMENTS or last == "at" or kind.startswith("timestamp")
    head = "Time" if exact else "Date"
    while before[1:] and before[-1] in cues.MOMENTS | cues.DATES:
        before = before[:-1]  # `due_date_at`
    rest = humanize(before)
    *ahead, word = rest.split()
    about = " ".join(ahead) or noun
    compound = f"{capital(rest)} {humanize([last])} of the {noun}."
    if last == "time" and (word in cues.MEASURES or word in cues.LASTING):
        return compound
    done = cues.DONE.get(word)
    if done and (not ahead or (word in cues.NAMED and not adjective(ahead[-1]))):
        return f"{head} the {about} {done}."
    if PARTICIPLE.search(word):
        manner = ""
        if word in ("updated", "modified"):
            manner = "last "
        if ahead and ahead[-1] in _MANNER:
            about, manner = " ".join(ahead[:-1]) or noun, f"{ahead[-1]} "
        be = "is " if word == "due" else "" if word in cues.HAPPENED else "was "
        return f"{head} the {about} {be}{manner}{word}."
    if re.fullmatch(r"(start|begin|end|expire)s?", word):
        if ahead and adjective(ahead[-1]):
            return compound
        if word in ("start", "end") and last in ("time", "date"):
            return f"{capital(word)} {last} of the {about}."
        return f"{head} the {about} {word.rstrip('s')}s."
    if word == "valid" or last in cues.SMALL - {"at", "on"}:
        return f"{head} the {noun} is valid."
    base = _without_noun(before, noun)
    if not base:
        return f"{head} of the {noun}."
    if last == "at" or (last == "on" and kind.startswith(("date", "timestamp"))):
        return f"{head} of the {base}."
    if last == "on":
        return _of(humanize(tokens), noun)
    said = set(base.split()) & set(noun.split()) or noun == NO_NOUN
    turn = before[1:] and rest.split()[0] in _TURNS
    if (said or turn) and not adjective(before[-1]):
        return f"{head} of the {base}."
    return compound


def _plain(tokens: list[str], noun: str, kind: str) -> str:
    """No rule fits: the words themselves, and what they belong to."""
    phrase, last = humanize(tokens), tokens[-1]
    if kind.startswith(("date", "timestamp")) and phrase in ("timestamp", "datetime"):
        return f"Time of the {noun}."
    if last in ("name", "nm", "nme") and not (
        len(tokens) > 1
        and (adjective(tokens[-2]) or tokens[-2] in cues.SMALL | cues.OF_NAMES)
    ):
        return f"Name of the {humanize(tokens[:-1]) or noun}."
    linked = last in ("url", "uri", "link", "href")
    if linked and (len(tokens) == 1 or not adjective(tokens[-2])):
        return f"URL of the {humanize(tokens[:-1]) or noun}."
    if kind.startswith(("date", "timestamp")) and not re.search(r"\bdate", phrase):
        if PARTICIPLE.search(last):
            return _moment([*tokens, "date" if kind == "date" else "at"], noun, kind)
        head = "Date" if kind == "date" else "Time"
        return f"{head} of the {phrase} of the {noun}."
    return _of(phrase, noun)


def _by_facts(
    table: Table, column: Column, noun: str, codes: Sequence[str]
) -> str | None:
    """What keys, type and values tell of a column whose name says nothing."""
    kind = column.type.lower()
    if reference := _referred(table, column.name):
        there = subject(reference.name)
        return f"Identifier of the {there} associated with the {noun}."
    if table.primary_key == (column.name,):
        return f"Unique identifier of the {noun}."
    if codes:
        return with_codes(f"Code that classifies the {noun}.", codes)
    if kind.startswith("bool"):
        return f"Flag that is true or false for each {noun}."
    if kind.startswith(("date", "timestamp")):
        head = "Date" if kind == "date" else "Time"
        return f"{head} associated with the {noun}."
    return None


def with_codes(sentence: str, codes: Sequence[str]) -> str:
    """Adds a short code list, as it is known to be complete."""
    shown = [code.strip() for code in codes if code.strip()]
    if not 2 <= len(shown) <= 8 or sum(map(len, shown)) > 80:
        return sentence
    return f"{sentence.rstrip('.')}: {', '.join(shown[:-1])} or {shown[-1]}."
