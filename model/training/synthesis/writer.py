"""The built-in writer: hand-written texts, varied by rule.

Every sentence is one from the taxonomy with its slots filled and its opening exchanged
for one that means the same, so that no single template is learned. Unit, currency and
code list are told only where the name or the code list shows them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from model.names import UPPER, plural, singular, word_set
from model.training.synthesis.taxonomy import Attribute

UNIT_NAMES = {
    "kg": "kilograms",
    "km": "kilometers",
    "km2": "square kilometers",
    "m": "meters",
    "m2": "square meters",
    "m3": "cubic meters",
    "cm": "centimeters",
    "mm": "millimeters",
    "ml": "milliliters",
    "ha": "hectares",
    "kw": "kilowatts",
    "kwh": "kilowatt hours",
    "mw": "megawatts",
    "mwh": "megawatt hours",
    "ms": "milliseconds",
    "mb": "megabytes",
    "gb": "gigabytes",
    "celsius": "degrees Celsius",
    "degrees": "degrees",
    "tonnes": "tonnes",
    "liters": "liters",
    "volts": "volts",
    "usd": "US dollars",
    "eur": "euros",
    "gbp": "British pounds",
    **{u: u for u in ("seconds", "minutes", "hours", "days", "months", "years")},
}
"""Short units, as they stand in names, to their full words."""


@dataclass(frozen=True, slots=True)
class Slots:
    """What fills the slots of a text."""

    noun: str
    """What one row is, singular."""
    period: str = "period"
    """Period that the figures of a row cover."""
    others: str = ""
    """The other side of a bridge, plural."""
    kind: str = ""
    """What a lookup table classifies, such as `status`."""
    whole: str = ""
    """What a lookup table's codes are about, singular."""

    def fill(self, text: str) -> str:
        """The text with its slots filled."""
        many = plural(self.noun)
        return text.format(
            noun=self.noun,
            nouns=many,
            thing=self.noun,
            things=Phrase(many),
            period=self.period,
            others=self.others,
            kind=self.kind,
            a_whole=f"{article(self.whole)} {self.whole}",
            wholes=plural(self.whole),
        )


class Phrase(str):
    """A phrase that slots can ask for with a capital: `{things:c}`."""

    def __format__(self, spec: str) -> str:
        return capital(self) if spec == "c" else str(self)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a column's name shows beyond the attribute's own words."""

    unit: str = ""
    """The unit in the name, as in `UNIT_NAMES`."""
    codes: tuple[str, ...] = ()
    """The codes of the profile that are words, to be listed."""
    identifier: bool = False
    """Whether the name of a reference says that it is an identifier."""
    extra: tuple[str, ...] = field(default=())
    """Further complete sentences that mean the same."""


_OPENINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Date on which ", ("Date on which ", "Date when ", "Day on which ")),
    ("Date by which ", ("Date by which ", "Deadline by which ", "Day by which ")),
    ("Date from which ", ("Date from which ", "First date on which ")),
    (
        "Time at which ",
        (
            "Time at which ",
            "Date and time when ",
            "Timestamp of when ",
            "Moment at which ",
            "Date and time at which ",
        ),
    ),
    (
        "Whether ",
        ("Whether ", "Whether ", "Indicates whether ", "Flag that tells whether "),
    ),
    ("Number of times that ", ("Number of times that ", "How often ")),
    ("Number of ", ("Number of ", "Number of ", "Count of ", "Total number of ")),
    ("Share of ", ("Share of ", "Percentage of ", "Part of ")),
    ("Reason why ", ("Reason why ", "Reason for which ", "Why ")),
    ("Kind of ", ("Kind of ", "Type of ")),
    ("Amount that ", ("Amount that ", "Sum that ", "Amount of money that ")),
    ("Highest amount ", ("Highest amount ", "Maximum amount ", "Largest amount ")),
    ("Person who ", ("Person who ", "Name of the person who ", "Who ")),
    ("Stage of ", ("Stage of ", "Current stage of ", "Status of ")),
    ("Company that ", ("Company that ", "Name of the company that ")),
    ("Text of ", ("Text of ", "Wording of ")),
    ("Value that ", ("Value that ", "Figure that ")),
    ("Lowest ", ("Lowest ", "Smallest ", "Minimum ")),
)
"""Openings and what else says the same; the first is as the taxonomy has it."""

_REFERENCE = (
    "Identifier of the {0}",
    "ID of the {0}",
    "Foreign key to the {0}",
    "Foreign key referencing the {0}",
    "Reference to the {0}",
    "Unique identifier of the {0}",
    "Key of the {0}",
    "{1}",
)
_KEY = (
    "Unique identifier of the {noun}.",
    "Primary key of the {noun}.",
    "Unique ID of the {noun}.",
    "Identifier that tells one {noun} from another.",
    "Key that identifies each {noun}.",
    "Internal identifier of the {noun}.",
    "Identifier of the {noun}.",
)
_NUMBER_KEY = (
    "Number that identifies the {noun}.",
    "Unique number of the {noun}.",
    "Number under which the {noun} is kept.",
    "Number that tells one {noun} from another.",
)
_CODE_KEY = (
    "Code that identifies the {noun}.",
    "Unique code of the {noun}.",
    "Code under which the {noun} is kept.",
)


def capital(text: str) -> str:
    """The text with its first letter raised."""
    return text[:1].upper() + text[1:]


def column_texts(attribute: Attribute, seen: Seen, slots: Slots) -> list[str]:
    """Every sentence the writer has for a column, each at most once, in fixed order."""
    found: list[str] = []
    if attribute.kind == "ref":
        forms = _REFERENCE if seen.identifier else (_REFERENCE[-1], _REFERENCE[4])
        for text in attribute.texts:
            role = text
            bare = attribute.name.endswith((" by", " to", " of"))
            if not bare and not shares_word(text, attribute.name):
                role = f"{attribute.name}, the {text}"
            found += [_stop(form.format(role, capital(role))) for form in forms]
    else:
        for text in attribute.texts:
            found += [
                with_name(each, attribute, slots)
                for each in _openings(slots.fill(text), attribute)
            ]
    found += seen.extra
    return list(dict.fromkeys(_told(text, seen) for text in found))


def write_column(
    attribute: Attribute, seen: Seen, slots: Slots, rng: random.Random
) -> str:
    """One of the sentences, in the taxonomy's own words more often than not."""
    texts = column_texts(attribute, seen, slots)
    if attribute.kind != "ref" and rng.random() < 0.35:
        text = with_name(slots.fill(rng.choice(attribute.texts)), attribute, slots)
        return _told(text, seen)
    return rng.choice(texts)


def write_key(words: Sequence[str], slots: Slots, rng: random.Random) -> str:
    """A sentence for a primary key."""
    forms: tuple[str, ...] = _KEY
    if words[-1] == "number":
        forms = _NUMBER_KEY
    elif words[-1] == "code":
        forms = _CODE_KEY
    elif words[-1] == "sk":
        forms = ("Surrogate key of the {noun} in the warehouse.", *_KEY[:2])
    return slots.fill(forms[0] if rng.random() < 0.25 else rng.choice(forms))


def write_table(
    own: Sequence[str],
    layer: Sequence[str],
    slots: Slots,
    telling: Sequence[str],
    rng: random.Random,
    *,
    industry: str = "",
) -> str:
    """A table's description.

    Args:
        own: the entity's descriptions.
        layer: what the layer says of its tables.
        slots: fills the slots.
        telling: what the most telling columns hold, as phrases.
        rng: chooses.
        industry: words of the industry where the schema shows them.
    """
    if layer and (not own or rng.random() < 0.75):
        text = slots.fill(rng.choice(layer))
        if telling and rng.random() < 0.4 and " with " not in text:
            text = _with(text, telling)
    elif rng.random() < 0.55 or not telling:
        text = slots.fill(rng.choice(own))
    else:
        many = plural(slots.noun)
        forms = (
            f"One row per {slots.noun}.",
            f"{capital(many)}, one row each.",
            f"Records of {many}.",
            f"Contains information about {many}.",
            f"Stores each {slots.noun}.",
            f"List of {many}.",
        )
        text = _with(rng.choice(forms), telling)
    if industry and industry.lower() not in text.lower() and rng.random() < 0.5:
        text = f"{text.rstrip('.')}, in {industry}."
    return text


def _with(text: str, telling: Sequence[str]) -> str:
    """The sentence with what the columns hold."""
    listed = telling[0]
    if len(telling) > 1:
        listed = f"{', '.join(telling[:-1])} and {telling[-1]}"
    link = ", with " if len(telling) % 2 else ", including "
    return f"{text.rstrip('.')}{link}{listed}."


def _openings(text: str, attribute: Attribute) -> list[str]:
    """The text in all openings that mean the same; the name's own words stay."""
    for opening, others in _OPENINGS:
        if text.startswith(opening):
            rest = text[len(opening) :]
            # "Number of the bin" is no count.
            if opening == "Number of " and rest.startswith(("the ", "a ", "an ")):
                return [text]
            if opening == "Whether " and attribute.kind != "flag":
                others = ("Whether ", "Tells whether ")
            return [
                f"{other}{rest}"
                for other in others
                if other == opening or _keeps(opening, attribute.name)
            ]
    return [text]


_STOP = word_set(
    "a an and are as at be been by can for from has have if in into is it its of on or "
    "that the their this to was were when where which whether with all not no"
)
_RELATIVE = ("How ", "What ", "Where ", "Why ", "Who ", "When ", "Whether ", "Tells ")


def shares_word(text: str, name: str) -> bool:
    """Whether a text has a word of the name, by its first five letters."""
    return bool(_stems(text) & _stems(name))


def _stems(text: str) -> set[str]:
    words = re.findall(r"[a-z]+", text.lower())
    return {singular(word)[:5] for word in words if word not in _STOP}


def with_name(text: str, attribute: Attribute, slots: Slots) -> str:
    """The text, opened by the name where it has no word of it.

    A small model writes by copying words of the name, and a reader finds the column by
    them: "Net yield, the weight of the crop after drying and cleaning."
    """
    name = attribute.name.lstrip("_")
    several = len(attribute.texts) > 1  # then at least one of them has the name
    if several or shares_word(text, name) or attribute.kind == "key":
        return text
    words = name.split()
    clause = text[:1].lower() + text[1:]
    if attribute.kind == "flag":
        return _flag_with_name(words, clause, slots)
    if len(words) == 2 and words[1] in ("at", "by") and words[0].endswith(("ed", "n")):
        lead = "Time at which" if words[1] == "at" else "Person by whom"
        return f"{lead} the {slots.noun} was {words[0]}."
    if words[0] == "valid" and len(words) == 2:
        lead = "from which" if words[1] == "from" else "up to which"
        return f"Date {lead} the {slots.noun} is valid."
    shown = " ".join(UPPER.get(word, word) for word in words)
    if words[-1] == "name" and len(words) > 1:
        shown = f"name of the {' '.join(words[:-1])}"
    if text.startswith(_RELATIVE):
        return f"{capital(shown)}, which tells {clause.removeprefix('tells ')}"
    return f"{capital(shown)}, {article_the(clause)}{clause}"


_ADJECTIVE = re.compile(
    r"(ed|able|ible|ile|ive|al|ic|en|ent|ant|est|ary|ous|less|new|open|ing|line|art)$"
)


def _flag_with_name(words: Sequence[str], clause: str, slots: Slots) -> str:
    """A yes-or-no column, its name first and then what that means."""
    said = re.sub(r"^(?:.*?)whether ", "", clause)
    if words[0] in ("is", "has") and len(words) > 1:
        rest = " ".join(words[1:])
        if words[0] == "is" and not _ADJECTIVE.search(rest):
            rest = f"{article(rest)} {rest}"
        return f"Whether the {slots.noun} {words[0]} {rest}, meaning that {said}"
    if len(words) > 1 and words[-1].endswith("ed"):
        thing = " ".join(words[:-1])
        return f"Whether the {thing} was {words[-1]}, meaning that {said}"
    return f"{capital(' '.join(words))}, which tells whether {said}"


def article_the(clause: str) -> str:
    """The article that a noun needs when it no longer opens the sentence."""
    bare = ("further", "free", "people", "money", "energy", "power", "rain", "carbon")
    return "" if clause.split()[0] in (*bare, "taxes,", "bacteria") else "the "


def article(phrase: str) -> str:
    """The indefinite article before a phrase."""
    return "an" if phrase[:1].lower() in "aeio" else "a"


def _keeps(opening: str, name: str) -> bool:
    """Whether the opening can go without losing a word of the name."""
    lost = opening.split()[0].lower()
    return lost not in name.split() or lost in ("date", "time", "whether", "number")


def _told(text: str, seen: Seen) -> str:
    """The sentence with unit and codes, where name and code list show them."""
    if seen.unit:
        unit = UNIT_NAMES[seen.unit]
        if unit.split()[-1].lower() not in text.lower():
            text = f"{text.rstrip('.')}, in {unit}."
    if seen.codes and not any(code.lower() in text.lower() for code in seen.codes):
        codes = [UPPER.get(code, code) for code in seen.codes]
        text = f"{text.rstrip('.')}: {', '.join(codes[:-1])} or {codes[-1]}."
    return text


def _stop(text: str) -> str:
    return re.sub(r"\.*$", ".", text)
