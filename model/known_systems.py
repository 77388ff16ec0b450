"""Knows tables of systems that connectors land in many warehouses, by name and columns.

Shopify's orders look much the same wherever a connector put them; what their columns
mean need not be guessed. The known tables are those of the shipped teacher set that are
marked as landed. A user's table is compared with those that have its name, apart from
layer, number, case and the system's own name in front.

Two tables are as alike as their shared columns weigh in both, a column weighing what
its name tells: the logarithm of how few of all teacher tables have it. The larger share
counts for more than the smaller (`WIDER`), since a warehouse may have two hundred
custom columns more, and a connector's version half of them less. A schema or a table's
name that names the system adds to that, and so do tables beside it that this system
alone has; the name of another system takes away. What is left is the score.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from heapq import nsmallest

from catalog.objects import Table, TableId
from model import teacher_set
from model.lexicon import UPPER, word_set
from model.names import expand, singular
from model.prompts.compact import kind_of
from model.teacher_set import Described

THRESHOLD = 0.6
"""A table is known from this score on."""
MARGIN = 0.1
"""Another system's table has to be so far behind."""
WIDER = 0.65
"""What the larger of the two shares counts; the smaller has the rest."""
LEAST = 0.12
"""Neither share may be smaller, unless the system is named."""
TELLING = 3
"""A column that more sources than these have tells nothing of a system."""
TELLING_COLUMNS = 3
"""So many telling columns are shared, unless the system is named."""
TABLE_TEXT = 0.7
"""The table's own text is proposed from this score on, …"""
TABLE_SHARE = 0.4
"""… and where the user's table has so much of the known one."""
NAMED = 0.2
"""What is added where schema or table name the system."""
OTHER_NAMED = 0.3
"""What is taken away where they name another one."""
BESIDE = 0.05
"""What is added for each of up to three tables beside it."""
ALONE = 0.1
"""What is taken away where none of many tables beside it is the system's."""
MANY = 8
"""So many tables are many."""
LOOKED_AT = 1000
"""Most tables beside it that are looked at."""
OWN = 5
"""A table's name that more teacher tables have tells nothing of the system."""
FREE = 6
"""A system's name of so many letters may be followed by further ones."""
LOOSE = 0.8
"""What a column counts that is found under a variant of its name."""

_SYSTEMS = {
    "GoogleCloudPlatform/cortex-data-foundation": {
        "marketing_cm360": "Google Campaign Manager 360",
        "marketing_dv360": "Google Display & Video 360",
        "marketing_sfmc": "Salesforce Marketing Cloud",
        "oracleebs": "Oracle E-Business Suite",
        "sap": "SAP",
        "sfdc": "Salesforce",
    },
    "microsoft/CDM": {"": "Microsoft Common Data Model"},
    "tuva-health/tuva": {"": "Tuva"},
    "fivetran/dbt_fivetran_log": {"": "Fivetran Platform"},
    "fivetran/dbt_ga4_export": {"": "Google Analytics 4"},
    "fivetran/dbt_linkedin": {"": "LinkedIn Ads"},
    "fivetran/dbt_netsuite": {"": "NetSuite"},
    "fivetran/dbt_pinterest": {"": "Pinterest Ads"},
    "fivetran/dbt_twitter": {"": "Twitter Ads"},
}
"""Names that the repository's name does not tell, by source and schema."""
_ALIASES = {
    "Facebook Ads": ("facebook", "meta ads", "fb ads"),
    "Fivetran Platform": ("fivetran log",),
    "Google Ads": ("adwords",),
    "Google Analytics 4": ("ga4",),
    "LinkedIn Ads": ("linkedin",),
    "Microsoft Ads": ("bing ads", "bingads"),
    "Microsoft Common Data Model": ("cdm", "dynamics", "dataverse", "d365"),
    "Oracle E-Business Suite": ("oracle ebs", "ebs"),
    "Pinterest Ads": ("pinterest",),
    "QuickBooks": ("qbo",),
    "Salesforce": ("sfdc",),
    "Salesforce Marketing Cloud": ("sfmc",),
    "Snapchat Ads": ("snapchat",),
    "TikTok Ads": ("tiktok",),
    "Twitter Ads": ("twitter", "x ads"),
}
"""Further names by which schemas call a system."""

_FIRST = word_set(
    "airbyte base bronze dbt dim dw dwh edw fact fct fivetran landing lnd ods raw "
    "silver snap source src stage staging stg stitch tb tbl tmp vw"
)
_LAST = word_set(
    "backup bak base bck copy current data latest old raw snapshot stg table tbl temp "
    "tmp view vw"
)
"""Words of a table's name that tell its layer, not what it holds."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WHEN = word_set("at date datetime dt on time timestamp ts utc")
_BEFORE = word_set("has is property")
_FLAG = word_set("flag indicator")
_DATED = re.compile(r"_[vV]\d{1,2}$|(?<=[a-z])V\d{1,2}$|_?\d{4,8}$")

_TOLD = {
    "boolean": r"Whether\b",
    "time": r"(Date|Time|Timestamp|Moment|Day)\b",
    "number": r"(?i)(total |average )?"
    r"(amount|average|cost|count|number of|percentage|price|quantity|sum)\b",
    "other": r"(?i)(unique )?identifier\b",
    "text": r"(E-mail|Name|First name|Last name|URL|Title|Description)\b",
}
"""What kind of value a text speaks of, by how it begins."""
_AGAINST = {
    "boolean": frozenset(("time", "number", "other", "text")),
    "time": frozenset(("boolean", "number", "other", "text")),
    "date": frozenset(("boolean", "number", "other", "text")),
    "number": frozenset(("text",)),
    "whole number": frozenset(("text",)),
    "id": frozenset(("boolean", "time", "number", "text")),
    "binary": frozenset(("boolean", "time", "number")),
}
"""What a column of a kind cannot hold. Text may hold anything, a number a time."""


@dataclass(frozen=True, slots=True)
class KnownSystem:
    """A system of which tables are known."""

    name: str
    """Its name as people write it."""
    sources: tuple[str, ...]
    """Repositories that its tables' names are from."""
    licences: tuple[str, ...]
    """Their licences."""
    tables: int
    """Known tables."""
    columns: int
    """Their columns."""


@dataclass(frozen=True, slots=True)
class Match:
    """A user's table that is a known one."""

    system: str
    """The system's name."""
    table: str
    """The known table's name."""
    score: float
    """How sure that is, from `THRESHOLD` to 1."""
    texts: Mapping[str | None, str]
    """Descriptions by the user's names of columns; None is the table."""


@dataclass(frozen=True, slots=True)
class _Reference:
    """A known table."""

    system: str
    described: Described
    """Most types of its columns are unknown."""
    columns: tuple[str, ...]
    """Those that have a description."""

    @property
    def id(self) -> TableId:
        """Its name, and the system's schema."""
        return self.described.table.id


@dataclass(frozen=True, slots=True)
class _Found:
    """A known table beside a user's, and what they share."""

    score: float
    of_known: float
    """Share of the known table's columns by weight."""
    rank: tuple[float, bool, bool]
    """Score, same schema, same name: which of two tables of a system is better."""
    reference: _Reference
    pairs: Mapping[str, str]
    """Known columns by the user's."""


class KnownSystems:
    """The known tables, by name."""

    def __init__(self, described: Iterable[Described]) -> None:
        """Take the landed tables; all of them tell how common a name is."""
        columns: Counter[str] = Counter()
        names: Counter[str] = Counter()
        by_source: defaultdict[str, set[str]] = defaultdict(set)
        landed: list[Described] = []
        for each in described:
            keys = {key(column.name) for column in each.table.columns}
            columns.update(keys)
            by_source[each.source] |= keys
            names[key(each.table.id.name)] += 1
            if each.landed:
                landed.append(each)
        self._most = math.log(names.total() + 1)
        self._common = {name: n for name, n in columns.items() if n > 1}
        sources = Counter(name for keys in by_source.values() for name in keys)
        self._everybodys = {name for name, n in sources.items() if n > TELLING}
        self._by_name: defaultdict[str, list[_Reference]] = defaultdict(list)
        self._references = tuple(
            _Reference(_system(each), each, tuple(filter(None, each.texts)))
            for each in landed
        )
        aliases: dict[str, str] = {}
        for reference in self._references:
            for name in dict.fromkeys(_subjects(reference.id.name)):
                self._by_name[name].append(reference)
            for alias in (*_ALIASES.get(reference.system, ()), reference.id.schema):
                aliases[key(alias)] = reference.system
            aliases[key(reference.system)] = reference.system
        self._system_of = {k: v for k, v in aliases.items() if k}
        longest_first = sorted(self._system_of, key=lambda alias: (-len(alias), alias))
        self._aliases = re.compile("|".join(map(_alias, longest_first)) or "(?!)")
        self._own = {
            name: found[0].system
            for name, found in self._by_name.items()
            if names[name] <= OWN and len({each.system for each in found}) == 1
        }

    @classmethod
    @cache
    def shipped(cls) -> KnownSystems:
        """Those of the shipped set, read when first asked for."""
        return cls(teacher_set.shipped())

    def systems(self) -> list[KnownSystem]:
        """What is known, by name."""
        by_name: defaultdict[str, list[_Reference]] = defaultdict(list)
        for each in self._references:
            by_name[each.system].append(each)
        return [
            KnownSystem(
                name,
                tuple(sorted({each.described.source for each in found})),
                tuple(
                    sorted({each.described.facets.get("license", "") for each in found})
                ),
                len(found),
                sum(len(each.columns) for each in found),
            )
            for name, found in sorted(
                by_name.items(), key=lambda item: item[0].casefold()
            )
        ]

    def match(self, table: Table, *, neighbours: Collection[str] = ()) -> Match | None:
        """The known table that a user's table is, or None.

        Args:
            table: the user's table.
            neighbours: names of the tables of its schema; its own does not count.
        """
        subjects = [*_subjects(table.id.name)]
        named: set[str] = set()
        for name in (table.id.schema, table.id.name):
            for system, rest in self._named(name):
                named.add(system)
                subjects += _subjects(rest) if name is table.id.name else ()
        candidates = {
            id(each): each
            for subject in subjects
            for each in self._by_name.get(subject, ())
        }
        if not candidates:
            return None
        beside = self._beside(table.id.name, neighbours)
        best: dict[str, _Found] = {}
        for reference in candidates.values():
            found = self._compare(table, reference, named, beside)
            before = best.get(reference.system)
            if found and (before is None or found.rank > before.rank):
                best[reference.system] = found
        ranked = sorted(best.values(), key=lambda found: -found.score)
        scores = [found.score for found in ranked] + [0.0, 0.0]
        if scores[0] < THRESHOLD or scores[0] - scores[1] < MARGIN:
            return None
        return _match(table, ranked[0])

    def _named(self, name: str) -> Iterator[tuple[str, str]]:
        """The systems that a name names, each with what follows in it."""
        snake = "_".join(_words(_DATED.sub("", name)))
        for found in self._aliases.finditer(snake):
            alias = found.group().replace("_", "")
            if alias not in self._system_of:  # its plural, as in `quickbooks`
                alias = alias[:-1]
            yield self._system_of[alias], snake[found.end() :]

    def _beside(self, own: str, neighbours: Collection[str]) -> Counter[str] | None:
        """Tables beside a table by the system that alone has such; None for few."""
        if len(neighbours) > LOOKED_AT:  # the same, in whatever order a set is
            neighbours = nsmallest(LOOKED_AT, neighbours)
        found = {
            subject: self._own[subject]
            for name in neighbours
            if name != own
            for subject in _subjects(name)
            if subject in self._own
        }
        counted = Counter(found.values())
        return counted if counted or len(neighbours) >= MANY else None

    def _compare(
        self,
        table: Table,
        reference: _Reference,
        named: Collection[str],
        beside: Counter[str] | None,
    ) -> _Found | None:
        """How well a table is a known one; None where that is out of the question."""
        pairs = _pairs(table, reference)
        telling = sum(key(known) not in self._everybodys for known, _ in pairs.values())
        is_named = reference.system in named
        if len(pairs) < 2 or (telling < TELLING_COLUMNS and not is_named):
            return None
        shared = sum(
            self._weight(known) * (1.0 if exact else LOOSE)
            for known, exact in pairs.values()
        )
        of_mine = shared / sum(self._weight(column.name) for column in table.columns)
        of_known = shared / sum(map(self._weight, reference.columns))
        narrow, wide = sorted((of_mine, of_known))
        if narrow < LEAST and not is_named:
            return None
        score = WIDER * wide + (1 - WIDER) * narrow
        if is_named:
            score += NAMED
        elif named:
            score -= OTHER_NAMED
        if beside is not None:
            same = min(3, beside[reference.system])
            score += BESIDE * same if same else -ALONE
        same_schema = key(table.id.schema) == key(reference.id.schema)
        same_name = key(table.id.name).endswith(key(reference.id.name))
        return _Found(
            score,
            of_known,
            (score, same_schema, same_name),
            reference,
            {mine: known for mine, (known, _) in pairs.items()},
        )

    def _weight(self, column: str) -> float:
        return self._most - math.log(self._common.get(key(column), 1))


def _system(each: Described) -> str:
    """The name of a table's system as people write it."""
    listed = _SYSTEMS.get(each.source, {})
    if name := listed.get(each.table.id.schema) or listed.get(""):
        return name
    bare = each.source.rpartition("/")[2].removeprefix("dbt_").removesuffix("_source")
    return " ".join(UPPER.get(word, word.title()) for word in bare.split("_"))


def _match(table: Table, found: _Found) -> Match:
    known = found.reference
    told = known.described.texts
    types = {c.name: c.type for c in known.described.table.columns}
    texts: dict[str | None, str] = {}
    sure = found.score >= TABLE_TEXT and found.of_known >= TABLE_SHARE
    if sure and None in told:
        texts[None] = told[None]
    for column in table.columns:
        name = found.pairs.get(column.name)
        if name is not None and _agrees(column.type, types[name], told[name]):
            texts[column.name] = told[name]
    return Match(known.system, known.id.name, round(min(1.0, found.score), 4), texts)


def _agrees(mine: str, known: str, text: str) -> bool:
    """Whether a column of a type can hold what a known column's text says."""
    told = next(
        (k for k, like in _TOLD.items() if re.match(like, text)), kind_of(known)
    )
    return told not in _AGAINST.get(kind_of(mine), ())


def _pairs(table: Table, reference: _Reference) -> dict[str, tuple[str, bool]]:
    """Known columns by the user's, and whether the names are the same.

    Names alike but for case and separators come first, then those alike but for the
    number of their words, then variants (`created_at` and `creation_date` are none, but
    `created_at` and `created_date` are). A name that could be two is left alone.
    """
    mine = [column.name for column in table.columns]
    known = list(reference.columns)
    about = _words(reference.id.name)[-1:]
    found: dict[str, tuple[str, bool]] = {}
    for exact, form in (
        (True, lambda name: "".join(_words(name))),
        (True, key),
        (False, lambda name: _variant(name, about)),
    ):
        there = _once(known, form)
        here = _once(mine, form)
        for name, column in here.items():
            if name in there:
                found[column] = there[name], exact
        taken = {each for each, _ in found.values()}
        mine = [name for name in mine if name not in found]
        known = [name for name in known if name not in taken]
    return found


def _once(names: Iterable[str], form: Callable[[str], str]) -> dict[str, str]:
    """Names by their form, without those that have the same."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(form(name), []).append(name)
    return {each: same[0] for each, same in found.items() if len(same) == 1}


@lru_cache(maxsize=1 << 13)
def _words(name: str) -> tuple[str, ...]:
    """The lower-case words of a name; cheaper than `names.split`, which knows words."""
    if not name.isascii():
        return (name.casefold(),)
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=1 << 13)
def key(name: str) -> str:
    """A name without case, separators and the plural of its words."""
    return "".join(map(singular, _words(name)))


@lru_cache(maxsize=1 << 12)
def _subjects(name: str) -> tuple[str, ...]:
    """What a table's name may be known as: all of it, and what follows `__`."""
    found: dict[str, None] = {}
    for part in (name, name.rpartition("__")[2]):
        words = list(_words(_DATED.sub("", part)))
        while len(words) > 1 and words[0] in _FIRST:
            del words[0]
        while len(words) > 1 and words[-1] in _LAST:
            del words[-1]
        if words:
            found["".join(map(singular, words))] = None
    return tuple(found)


@lru_cache(maxsize=1 << 12)
def _variant(name: str, about: tuple[str, ...]) -> str:
    """A form that the usual variants of a column's name share."""
    words = [
        singular(word) for part in expand(_words(name)) for word in part.lower().split()
    ]
    if len(words) > 1 and words[0] in _BEFORE:
        del words[0]
    if len(words) > 1 and words[-1] in _FLAG:
        del words[-1]
    if len(words) > 1 and words[0] in map(singular, about):
        del words[0]
    if len(words) > 1 and words[-1] in _WHEN:
        while len(words) > 1 and words[-1] in _WHEN:
            del words[-1]
        words.append("@")
    return "".join(words)


def _alias(joined: str) -> str:
    """A pattern for a system's name in words joined by underscores."""
    end = "" if len(joined) >= FREE else "(?![a-z])"
    return "(?<![a-z])" + "_?".join(map(re.escape, joined)) + "s?" + end
