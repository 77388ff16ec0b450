"""What a row of a table is, and a sentence for it, from names and keys alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from catalog.objects import Column, Table
from model import cues
from model.lexicon import by_word
from model.names import (
    capital,
    expand,
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

NO_NOUN = "record"
"""What a row is called where the table's name cannot be read."""

_TAILS = {
    "history": "history hist hst",
    "version": "version versions scd scd2",
    "log": "log logs",
    "audit": "audit",
    "snapshot": "snapshot snapshots snap",
    "hour": "hourly",
    "day": "daily dly",
    "week": "weekly wkly",
    "month": "monthly mthly mly",
    "quarter": "quarterly",
    "year": "yearly annual annually",
    "figures": "metrics stats statistics summary summaries features report reports kpi "
    "kpis avg agg aggregate aggregates aggregated rollup totals performance",
    "pairing": "xref bridge link links map mapping mappings rel assoc association",
    "parts": "info information attributes detail details fields properties settings "
    "parameters",
    "": "lookup lkp lookups latest enriched cleaned joined filtered deduped unioned "
    "combined pii extended expanded wide list dump mini all current full long unified "
    "historical ranked cumulative parsed processed qc xf",
}
_KINDS = by_word(_TAILS)
"""Last words of a table's name that tell how its rows are made, not of what."""
_THING_TOO = word_set("snapshot version link list report map bridge summary")
"""Those of them that the rows are of, where a key says so (`snapshot_id`)."""
_BRANDS = {
    name.lower(): name
    for name in word_set(
        "AliCloud Amazon AppsFlyer Asana AWS Azure BigQuery Bing Circles Databricks "
        "dbt Docker Facebook Fivetran GCP GitHub GitLab Gnosis Google Greenhouse "
        "Helm HubSpot Instagram Intercom Iterable Jira Klaviyo Kubernetes Lever "
        "LinkedIn Marketo Microsoft NetSuite OCI Okta Pardot PayPal Pinterest "
        "Qualtrics QuickBooks Recharge Reddit Salesforce SAP ServiceNow Shopify "
        "Slack Snapchat Snowflake Stripe Terraform TikTok Trello Twilio Twitter "
        "Workday Xero YouTube Zendesk Zuora "
        "US NCAA NFL NBA FIFA USB UGC ECS RDS IAM KMS ACL URN NFT DAO EPA NOAA ESG "
        "FBA UAV JIT OAuth GraphQL"
    )
}
"""Names of systems and acronyms, which a row has in front and its columns leave out."""
PLAIN = cues.SMALL | word_set("ad ads ore oak pay act go pie fan vs my me up no xf")
"""Short words that are no acronyms."""
_NEEDY = word_set(
    "item line type detail code group event entry point unit set source key field "
    "level class request order record status state method category rule role option "
    "reason step day number name account address card center mapping assignment file "
    "response version ID result service policy value label tag plan period object rate"
)
"""Last words of a noun that say little without the word before."""
_PERIODS = ("hour", "day", "week", "month", "quarter", "year")
_AHEAD = word_set("agg aggr log hist rollup wk wrk hub lnk lst trn")
"""First words that tell a layer here and may be a word elsewhere."""
_WHOLLY_FIGURES = word_set(
    "activity analytics balance consumption cost credit engagement inventory metric "
    "metrics performance pipeline revenue sales savings spend spending statistics "
    "stock traffic usage utilization volume"
)
"""Subjects that are summed up, so that other columns tell what of."""
_MASS = _WHOLLY_FIGURES - {"balance", "cost", "credit", "metric", "pipeline"} | (
    word_set(
        "content data media information earnings equipment expenditure feedback "
        "freight goods hardware labor logistics metadata news personnel research "
        "software staff weather soil water housekeeping maintenance telemetry safety "
        "talent health mail access pricing demand"
    )
)
"""Last words of a subject that take no article and have no plural."""
_VALID = re.compile(
    r"^(_?dbt_)?valid_?(from|to|until)|^_fivetran_(start|end)$|^(row_)?eff\w*_from|"
    r"^effective_(from|to)|^(is_current|current_flag|curr_flg|is_most_recent_record)$",
    re.IGNORECASE,
)


_OF_KIND = re.compile(r"(ed|al|able|ible|ive|ary)$")
"""Words that say which, so that the next one is what (`optional_features`)."""


@dataclass(frozen=True, slots=True)
class Grain:
    """What a table's name says of its rows."""

    noun: str
    """What the rows are of, in the singular; empty where the name cannot be read."""
    kinds: frozenset[str]
    """How they are made: the keys of `_TAILS`."""
    said: str = ""
    """The words for what the table is of, before they are read (`cost per query`)."""
    tail: str = ""
    """The word that tells the kind, as it is written."""


def _grain(table: Table) -> Grain:
    """Reads a table's name; a data vault's satellites keep versions."""
    words = split(table.id.name)
    hashed = any(re.search(r"ha?sh|_hk$", c.name, re.I) for c in table.columns)
    kept = frozenset(
        token
        for token, last in (split(c.name) for c in table.columns if _is_key(c.name, 2))
        if token in _THING_TOO
    )
    if _period(table) is None and not any(_KINDS.get(w) in _PERIODS for w in words):
        kept |= {"report", "reports"}  # of expenses; with a date, it is of figures
    if len(words) > 1 and words[0] == "sat" and hashed:
        found = grain("_".join(words[1:]), kept)
        return replace(found, kinds=found.kinds | {"version"})
    period = humanize(words[-1:])
    if period in _PERIODS and len(table.primary_key) > 1 and len(words) > 1:
        found = grain("_".join(words[:-1]), kept)
        return replace(found, kinds=found.kinds | {period})
    return grain(table.id.name, kept)


@lru_cache(maxsize=1 << 12)
def grain(name: str, kept: frozenset[str] = frozenset()) -> Grain:
    """Reads a table's name, without layers and the source system's prefix.

    Args:
        name: of the table.
        kept: last words that belong to the noun here and tell a kind elsewhere.
    """
    tokens = list(table_words(name))
    kinds: set[str] = set()
    tail = ""
    while len(tokens) > 1 and tokens[0] in _AHEAD:
        kinds |= {_KINDS[tokens[0]]} if tokens[0] in _KINDS else set()
        del tokens[0]
    while len(tokens) > 1 and tokens[-1] not in kept and tokens[-2] not in _BRANDS:
        if tokens[-1] not in _KINDS and not tokens[-1].isdigit():
            break
        if tokens[-1] == "features" and _OF_KIND.search(tokens[-2]):
            break
        kind = _KINDS.get(tokens[-1], "")
        tail = tokens[-1] if kind and kind not in _PERIODS else tail
        kinds.add(kind)
        del tokens[-1]
    summed = "figures" in kinds or _WHOLLY_FIGURES.intersection(tokens[-1:])
    if (
        len(tokens) > 1
        and (summed or "by" in tokens)
        and (_KINDS.get(tokens[0], "") in _PERIODS)
    ):
        kinds.add(_KINDS[tokens.pop(0)])
    if kinds and len(tokens) == 1 and _KINDS.get(tokens[0]) in _PERIODS:
        kinds.add(_KINDS[tokens.pop()])
        return Grain("", frozenset(kinds), "", tail)
    said = " ".join(map(_word, expand(tokens)))
    for word in ("by", "per"):
        if word in tokens[1:-1]:
            after = tokens[tokens.index(word) + 1 :]
            kinds.add("figures")
            if after[0] in _PERIODS or after[0] == "date":
                kinds.add("day" if after[0] == "date" else after[0])
                after = tokens[: tokens.index(word)]
            tokens = after
    if (
        len(tokens) > 1
        and re.search(r"[^e]ed$", tokens[-1])
        and (singular(tokens[-2]) == tokens[-2])
    ):
        tokens = [tokens[-1], *tokens[:-1]]  # `issue_merged`
    words = subject("_".join(tokens)).split()
    words = [_word(word) for word in words] if len(words) > 1 else words
    if "of" in words[:-1]:
        words[-1] = expand(tokens)[-1]  # `source_of_funds`
    words = [
        w
        for w, after in zip(words, [*words[1:], ""], strict=True)
        if singular(w) != after
    ]
    clear = sum(_readable(word, name) for word in words) * 2 > len(words)
    readable = clear and (tokens == ["ad"] or not gibberish(split(name)))
    return Grain(
        " ".join(words) if readable else "", frozenset(kinds) - {""}, said, tail
    )


def _word(word: str) -> str:
    """A word of a noun: names of systems and unknown short forms with capitals."""
    low = word.lower()
    if re.fullmatch(r"[^aeiouy\W\d]{2,4}", low) and low not in PLAIN and not known(low):
        return low.upper()
    return _BRANDS.get(low, word)


def adjective(token: str) -> bool:
    """Whether a word says how something is, or what is done, and is no thing."""
    ends = re.search(r"(ed|al|ive|able|ible|ous|ic|ary|ful|ing)$", token)
    return (ends is not None and token not in cues.THINGS) or (token in cues.ADJECTIVES)


def _no_thing(word: str) -> bool:
    """Whether the last word of a table's name tells how many, when or which."""
    low = word.lower()
    if low in _QUANTIFIERS:
        return True
    says = low in cues.ADJECTIVES or (len(low) > 5 and adjective(low))
    return says and low not in _NAMED and not word.isupper()


_QUANTIFIERS = word_set(
    "all any each only daily weekly monthly hourly yearly usa basic auto recent "
    "remaining latest current last previous active inactive existing overall"
)
_NAMED = word_set(
    "key post base on display default demand win open setting finding hearing serving "
    "peering encoding mailing holding grouping opening screening filing ceiling "
    "keyring rolebinding clusterrolebinding reading drawing crossing embedding housing"
)
"""Words that say how something is elsewhere, and what a table's rows are."""


def surveyed(table: Table) -> bool:
    """Whether a row is what one person answered, with what they told of themselves."""
    return _surveyed(table.id.name, tuple(column.name for column in table.columns))


@lru_cache(maxsize=1 << 8)
def _surveyed(table: str, columns: tuple[str, ...]) -> bool:
    words = [split(name) for name in columns]
    told = _ASKED_OF.intersection("".join(tokens) for tokens in words)
    named = not _SURVEYS.isdisjoint(map(singular, split(table)))
    asked = any({"respondent", "you", "your"} & {*tokens} for tokens in words)
    return len(told) > 1 and (named or asked)


_ANSWERS = word_set("response respondent result answer data")
_SURVEYS = word_set("survey poll questionnaire respondent")
_ASKED_OF = word_set(
    "gender sex age agegroup agerange householdincome income education educationlevel "
    "location maritalstatus ethnicity race"
)
"""What people are asked of themselves, beside the questions."""


def holder(table: Table, *kinds: frozenset[str]) -> str | None:
    """Whose an attribute is: the row's, if it is of the first kind, or one it names.

    Args:
        table: whose name may tell.
        kinds: what may have it as a row, and what beside the name's last word.
    """
    row = row_noun(table)
    if row.split()[-1] in kinds[0]:
        return row
    words = reversed(_grain(table).noun.split()[-2:])
    return next((word for word in words if word in kinds[-1]), None)


def row_noun(table: Table) -> str:
    """What a row is called in a sentence on a column: the last words that suffice."""
    if surveyed(table):
        return "respondent"
    words = _grain(table).noun.removesuffix(" profile").split()
    if len(words) > 2 and _joined(table):
        return NO_NOUN
    while len(words) > 1 and words[0].lower() in _BRANDS:
        del words[0]
    while words and _no_thing(words[-1]):
        del words[-1]
        words[-1:] = map(singular, words[-1:])
    if len(words) > 2 and (_QUALITY.search(words[-2]) or not words[-2].isalpha()):
        del words[:-1]
    if len(words) > 2:
        words = words[
            -2
            if words[-1] in _NEEDY or " ".join(words[-2:]) in cues.COMPOUNDS
            else -1 :
        ]
    if words[1:] and words[0].lower() in _QUANTIFIERS:
        del words[0]
    if len(words) == 1 and _says_nothing(words[0]):
        return NO_NOUN
    return " ".join(words) or NO_NOUN


def _says_nothing(word: str) -> bool:
    """Whether a word alone is no noun: a small one or a code of four letters."""
    code = len(word) < 5 and not familiar(word)
    return word in cues.SMALL or (code and word.islower() and word not in PLAIN)


def own_noun(table: Table) -> str:
    """What is created and changed as a row, which in a history is but a record."""
    books = {"history", "log", "audit", "snapshot", "version", "figures", *_PERIODS}
    return NO_NOUN if _grain(table).kinds & books else row_noun(table)


def kept_of_thing(table: Table) -> bool:
    """Whether a row is an entry that is kept on a thing, which lasts."""
    kept = _grain(table).kinds & {"history", "log", "figures", *_PERIODS}
    metered = {"metering", "usage", "consumption"} & {*split(table.id.name)}
    return bool(kept or metered) and row_noun(table).split()[-1] in _LASTING


_LASTING = cues.HOLDERS | word_set(
    "asset cluster contract database device machine product project query stock table"
)
"""Things that do not happen, so that what has a start or an amount is another."""


def _readable(word: str, name: str) -> bool:
    """Whether a word is one that people would say."""
    low = word.lower()
    if familiar(low) or not word.isalpha() or word.isupper():
        return True
    glued = name.isupper() and "_" not in name
    vowels = len(re.findall(r"[aeiouy]", low))
    return not glued and vowels >= len(low) / 5 and not re.search(r"[^aeiouy]{4}", low)


def describe_table(table: Table) -> str | None:
    """One sentence for a table, or None where neither its name nor columns tell."""
    told = [] if surveyed(table) else _contents(table)
    about, joint = _about(table, told)
    if about != NOTHING_TOLD and _keys_alone(table, told):
        told = []
    if not told:
        return None if about == NOTHING_TOLD else f"{about}."
    bare = joint.endswith("with ") and plural(told[0]) != told[0]
    return f"{about}{joint}{'the ' if bare else ''}{listed(told)}."


def _about(table: Table, told: Sequence[str]) -> tuple[str, str]:
    """What a table holds, and the words that join what its columns tell.

    How many rows there are of a thing is said only where names or keys settle it.
    """
    found = _grain(table)
    noun, kinds = found.noun, found.kinds
    if surveyed(table):
        return table_opening(table), ""
    people = "their " if _last(noun) in cues.PEOPLE else "its "
    theirs = "the " if _many(noun) == noun else "their "
    valid = any(_VALID.search(c.name) for c in table.columns)
    period = next((period for period in _PERIODS if period in kinds), None)
    if pair := _pair(table, noun, "pairing" in kinds):
        over = " over time" if valid or "version" in kinds else ""
        return f"Links {plural(pair[0])} to {plural(pair[1])}{over}", ", with "
    if period or ("figures" in kinds and (noun or not found.said)):
        return _of_figures(table, found, period), ", with "
    if not noun:
        return NOTHING_TOLD, " with "
    if _KINDS.get(noun.split()[0]) in _PERIODS:
        return capital(_many(noun)), ", with their "
    if valid or "version" in kinds:
        return f"One row per version of {a(noun)}", f", with {people}"
    if "history" in kinds:
        return f"History of {_many(noun)}", f", with {theirs}"
    if "log" in kinds or "audit" in kinds:
        book = "log" if "log" in kinds else "audit log"
        return f"{capital(noun)} {book}", ", with the "
    if "snapshot" in kinds:
        return f"Snapshots of {_many(noun)}", f", with {theirs}"
    if "parts" in kinds:
        word = _many(humanize((found.tail,)))
        return f"{capital(noun)} {word}", ", including "
    if "pairing" in kinds:
        word = found.tail if found.tail.startswith(("map", "assoc")) else "link"
        return f"{capital(noun)} {plural(word)}", ", with their "
    if _row(table) == f"{noun} record":
        records = "" if noun.endswith("s") else " records"
        return f"{capital(noun)}{records}", ", with their "
    if _of_files(table):
        return f"Files of {_many(noun)}", ", with their "
    if _joined(table) or not _identified(table):
        last = _last(noun).lower()
        odd = last in cues.SMALL or not familiar(last)
        many = f"{noun} records" if odd else _many(noun)
        return capital(many), ", with their "
    return table_opening(table), f", with {people}"


def _of_files(table: Table) -> bool:
    """Whether a row is a file of many things, which the table is named after."""
    words = table_words(table.id.name)
    names = {"".join(split(column.name)) for column in table.columns}
    many = {singular(word) for word in words[-1:]} - {*words[-1:], "file"}
    return bool(many) and {"filename", "filesize"} <= names


def _identified(table: Table) -> bool:
    """Whether a key, or a name that is one thing's among others, tells a row."""
    if table.primary_key:
        return True
    noun = f" {_grain(table).noun} ".lower()
    said = [humanize(split(column.name)).lower().split() for column in table.columns]
    for words in filter(None, said):
        *before, last = words
        own = " ".join([*before[:-1], *map(singular, before[-1:])])
        mine = noun.endswith(f" {own} ") or f" {own} ".endswith(noun)
        numbered = mine and last in cues.NUMBERS | {"code"}
        if numbered or ((mine or not own) and last in _IDENTIFYING):
            return True
        if (mine or own in ("", "display")) and last == "name":
            return len(said) > 1 and not any({*w} & {*_PERIODS} for w in said)
    return False


_IDENTIFYING = cues.KEYS | word_set("arn sid sha")
"""What a row is told by, alone or after its noun."""


def _joined(table: Table) -> bool:
    """Whether a name is of several things and no key tells which of them a row is."""
    words = _grain(table).noun.split()
    if not words[1:] or words[-1] not in cues.SOLD or {*words} - cues.JOINED:
        return False
    names = {"".join(split(column.name)) for column in table.columns}
    return not table.primary_key and names.isdisjoint(("id", f"{words[-1]}id"))


def _keys_alone(table: Table, told: Sequence[str]) -> bool:
    """Whether all that is told is one thing that the row has a key of."""
    keys = (
        c.name for c in table.columns if table.references(c.name) or _is_key(c.name)
    )
    return len(told) == 1 and any(_entity(table, name) == told[0] for name in keys)


NOTHING_TOLD = "Records"
"""What a table holds whose name cannot be read."""


def _of_figures(table: Table, found: Grain, period: str | None) -> str:
    """What figures a table holds, as its name says it, and each row where keys do."""
    if len(table.primary_key) > 1 and " and " in (row := _row(table)):
        return f"One row per {row}"
    every = period or _period(table)
    word = humanize((found.tail,)) if _KINDS.get(found.tail) == "figures" else ""
    said = found.said
    if word not in ("report", "performance", "summary", ""):
        word = plural(word)
    if word and said:
        *ahead, last = said.removesuffix(" level").split()
        said = " ".join([*ahead, singular(last)])
    if not word and not {"by", "per"} & set(said.split()):
        said = _many(said)
    lead = {None: "", "day": "daily "}.get(every, f"{every}ly ")
    return capital(" ".join(f"{lead}{said} {word}".split()))


def _many(noun: str) -> str:
    """A noun in the plural where it has one."""
    return noun if _last(noun).lower() in _MASS else plural(noun)


def _last(phrase: str) -> str:
    return phrase.split(" ")[-1]


def table_opening(table: Table) -> str:
    """How a table's text begins: what a row is, by the words of the table alone."""
    return f"One row per {_row(table)}"


def _row(table: Table) -> str:
    found = _grain(table)
    noun, kinds = found.noun, found.kinds
    if surveyed(table):
        about = [w for w in noun.split() if singular(w) not in _ANSWERS]
        survey = " ".join(about)
        named = about and about[-1] in _SURVEYS
        return f"respondent of the {survey}" if named else "survey respondent"
    versions = "version" in kinds or any(_VALID.search(c.name) for c in table.columns)
    if pair := _pair(table, noun, "pairing" in kinds):
        paired = f"pairing of {a(pair[0])} and {a(pair[1])}"
        return f"version of the {paired}" if versions else paired
    period = next((period for period in _PERIODS if period in kinds), None)
    if period or "figures" in kinds:
        return _figures(table, noun, period)
    if not noun:
        return NO_NOUN
    if row_noun(table) == NO_NOUN and " " not in noun:
        return f"{noun} record"
    if versions:
        return f"version of {a(noun)}"
    for book in ("history", "log", "audit"):
        if book in kinds:
            return f"entry in the {noun} {book}"
    if "snapshot" in kinds:
        return f"snapshot of {a(noun)}"
    if "pairing" in kinds:
        return f"{noun} mapping"
    *before, last = noun.split()
    if last in _MASS:
        first = split(table.columns[0].name) if table.columns else ()
        if before and humanize(first) == " ".join(before):
            return " ".join(before)
        return f"{' '.join([*before, 'sale'])}" if last == "sales" else f"{noun} record"
    return noun


def _figures(table: Table, noun: str, period: str | None) -> str:
    """What figures are summed up for: entities, and the period."""
    keys = [
        phrase
        for name in (table.primary_key if len(table.primary_key) > 1 else ())
        if (phrase := _entity(table, name))
    ]
    dated = period or _period(table)
    alone = not noun or noun.split()[-1] in _WHOLLY_FIGURES | _MASS
    entities = [*dict.fromkeys(keys)] if len(keys) == len(table.primary_key) else []
    if not entities and alone:
        named = [_entity(table, c.name) for c in table.columns if _is_key(c.name)]
        entities = [*dict.fromkeys(phrase for phrase in named if phrase)]
        entities = entities if len(entities) < 4 else []
    if not entities and not alone:
        entities = [noun.removesuffix(" level")]
    parts = [entity for entity in entities if entity not in _PERIODS]
    parts += [dated] if dated else [e for e in entities if e in _PERIODS][:1]
    if parts:
        return listed(parts)
    return f"{noun} record" if noun else NO_NOUN


_DATES = re.compile(
    r"^(date_?)?(day|month|week|hour|quarter)$|^(date|report_date|metric_date|dt|"
    r"snapshot_date|as_of_date|snap_dt|as_of_dt|activity_date|usage_date|"
    r"event_date|stat_time_day|stat_time_hour|sales?_date|emission_day|summary_date)$",
    re.IGNORECASE,
)


def _period(table: Table) -> str | None:
    """The period of a table of figures, by a column of its own."""
    for column in table.columns:
        if _DATES.search(column.name):
            words = column.name.lower()
            return next((p for p in _PERIODS if p in words.split("_")), "day")
    return None


def _is_key(name: str, words: int = 0) -> bool:
    """Whether a name is a key's, of so many words if any are given."""
    tokens = split(name)
    fits = len(tokens) == words if words else len(tokens) > 1
    return fits and tokens[-1] in cues.KEYS and not name.startswith("_")


def _entity(table: Table, name: str) -> str | None:
    """What a key column points at, by its name; None where that cannot be read."""
    tokens = words_of(table, name)
    if _DATES.search(name) or tokens[-1] in cues.DATES:
        return "day"
    spoken = humanize(tokens).split()
    bounds = {"start", "end", "reporting", "fiscal"}
    if len(tokens) == 1 or bounds.intersection(spoken):
        for period in _PERIODS:
            if period in spoken:
                return period
    if spoken[-1] in _PERIODS:
        return spoken[-1]
    while len(tokens) > 1 and tokens[-1] in cues.KEYS | cues.NUMBERS | _CODES:
        tokens = tokens[:-1]
    phrase = humanize(tokens)
    odd = {"unique", "surrogate", "hash", "source", "external", "row", "fivetran"}
    if gibberish(tokens) or odd.intersection(phrase.split()) or tokens[-1].isdigit():
        return None
    words = phrase.split()
    if not all(_readable(word, "") for word in words):
        return None
    return " ".join([*words[:-1], singular(words[-1])])


def _pair(table: Table, noun: str, said: bool) -> tuple[str, str] | None:
    """The two things that a table pairs, where keys or names say so."""
    keyed = {name for key in table.foreign_keys for name in key.columns}
    targets = [subject(key.references.name) for key in table.foreign_keys]
    if {"date", "day", "calendar", "month"}.intersection(targets):
        return None
    joined = len(table.primary_key) > 1 and keyed >= set(table.primary_key)
    if joined and len(targets) == len(set(targets)) == 2:
        return targets[0], targets[1]
    if related := _related(table):
        return related
    own = "_".join(split(table.id.name))
    keys = [
        column.name
        for column in table.columns
        if _is_key(column.name)
        and "_".join(split(column.name)[:-1]) != own
        and not AUDIT.search(column.name)
    ]
    if len(keys) != 2:
        return None
    ends = [end for end in (_entity(table, name) for name in keys) if end]
    if len(set(ends)) != 2:
        return None
    words = set(noun.split())
    both = all(set(end.split()) & words for end in ends)
    covered = words <= {word for end in ends for word in end.split()}
    rest = [c.name for c in table.columns if not _is_key(c.name)]
    bare = all(AUDIT.search(column) for column in rest)
    alone = bare and not any(column.lower() == "id" for column in rest)
    named = any(set(end.split()) & words for end in ends)
    linked = (named and (said or alone)) or (both and covered and bare)
    return (ends[0], ends[1]) if linked else None


def _related(table: Table) -> tuple[str, str] | None:
    """The two things that a name relates (`tag_has_option`), where there are keys."""
    tokens = table_words(table.id.name)
    verb = next((word for word in tokens[1:-1] if word in ("has", "to")), None)
    keys = sum(_is_key(column.name) for column in table.columns)
    if verb is None or tokens[0] in _NOT_PAIRED or keys < 2:
        return None
    place = tokens.index(verb)
    return subject("_".join(tokens[:place])), subject("_".join(tokens[place + 1 :]))


_NOT_PAIRED = word_set("time bill ship sold days how up intro point go due order")
"""First words of names in which "to" links nothing (`time_to_close`)."""
AUDIT = re.compile(
    r"^_|^(id|uuid|guid|key|dw|etl|dbt)$|modified|^creat|^crt|updat|upd_|"
    r"^(dw|etl|dbt)_|synced|deleted|(^|_)(hash|hk|md5|md5sum|checksum|token|batch|"
    r"revision|version|source_relation|record_source|rec_src|load|loaded|ld)(_|$)|"
    r"(^|_)(record|row)_|(archived|created|inserted|loaded)_?(at|on|ts|date|by|dt)|"
    r"(^|_)(sort_order|index|idx|seq|sequence|raw|json|html|dump|dumped|proc)(_|$)|"
    r"create_|_hash$",
    re.IGNORECASE,
)
"""Columns that a program keeps for itself."""
_CODES = word_set("code cd cde")
_ENDINGS = (
    cues.KEYS | cues.NUMBERS | _CODES | word_set("name nm nme desc txt descriptor")
)
_MONEY = cues.MONEY | word_set("spend amounts prices costs fees earnings cst prc")
_FIGURES = word_set(
    "balance clicks conversions downloads hours hrs impressions installs limit "
    "qty quantity rate rating score spend users value views weight distance duration"
)
_STATES = word_set("status state stage type category kind")
_THINGS = word_set(
    "title reason location subject owner role class method priority language company "
    "channel size level action message region result outcome tier brand industry "
    "department team project product service plan currency period duration severity "
    "purpose quantity domain format protocol platform environment version content "
    "color capacity comment note notes comments position device frequency gender age "
    "manufacturer vendor supplier site zone area unit units group label score rank "
    "grade length width height weight terms configuration endpoint schedule "
    "permissions tags author organization publisher model destination origin "
    "direction visibility phase condition conditions url website capabilities medium "
    "scope resource answer question classification family species page pages query "
    "host port path command runtime engine items components attributes results "
    "options settings limits beneficiary recipient sender contents text body symbol "
    "template"
)
_TIMED = re.compile(
    r"^(start|end|begin|due|close|open|publish|event|schedule)|ion$|ed$"
)
"""Words before "time" that make it a moment, not a span."""
_CONTACT = word_set("email emails phone phones mobile fax")
_ADDRESS = word_set("address city zip zipcode postal postcode street country province")
_NAMING = word_set("first last full middle display friendly given family preferred")
_UNTOLD = word_set(
    "external internal sub self utm unique schema app is next previous last "
    "first old new all"
)
"""First words of phrases that tell little of a row."""
_LEANING = word_set(
    "a after and any are as at before beyond by confidential external for from has in "
    "index internal into is latest most new of off on or out over per private public "
    "relation revision source than that the to under unique url uri was with within "
    "without previous current next last other raw system actual data metadata meta "
    "value values name number text comment order set group full display original "
    "short long legal string object model postal"
)
"""Last words of names that are no things alone, or tell nothing of a row."""
_QUALITY = re.compile(r"(ed|able|ible|ive|ous|ful|sent|paid|made|ly|less)$")
LONGEST = 3
"""Most words of one thing that a table's sentence lists."""
TELLING = 2.0
"""Weight from which a column of JSON is worth naming."""
MOST = 3
"""Most things that a table's sentence lists."""


def _contents(table: Table) -> list[str]:
    """What the most telling columns hold, in the order of the columns."""
    noun, kinds = _grain(table).noun, _grain(table).kinds
    figures = kinds.intersection(("figures", *_PERIODS))
    noun = f"{noun} file" if _of_files(table) else noun
    row = set(re.findall(r"\w+", f"{_row(table)} {noun}")) | {"ID"}
    ranked: dict[str, tuple[float, int]] = {}
    groups: dict[str, list[str]] = {}
    for place, column in enumerate(table.columns):
        found = _thing(table, column, noun)
        if found is None:
            continue
        phrase, group, weight = found
        if figures and (group in ("dates", "name") or column.name in table.primary_key):
            continue
        if set(map(singular, phrase.split())) <= row:
            continue
        group = "" if group.split(" ")[0] in row else group
        key = f"\0{group}" if group else phrase
        groups.setdefault(key, []).append(phrase)
        before = ranked.get(key)
        ranked[key] = (max(weight, before[0]), before[1]) if before else (weight, place)
    if "\0name" in ranked:
        ranked.pop("title", None)
    told: dict[str, str] = {}
    firsts: set[str] = set()
    for key in sorted(ranked, key=lambda key: (-ranked[key][0], ranked[key][1])):
        phrase = _together(key, groups[key])
        first, *more = phrase.split()
        if first not in firsts and more[-1:] != [first]:
            told.setdefault((more or [first])[-1], key)
            firsts.add(first)
    best = sorted(list(told.values())[:MOST], key=lambda key: _order(key, ranked))
    return [_together(key, groups[key]) for key in best]


def _order(key: str, ranked: Mapping[str, tuple[float, int]]) -> tuple[int, int]:
    """Names come first and dates last; the rest is in the order of the columns."""
    place = {"\0name": -1, "\0dates": 1}.get(key, 0)
    return place, ranked[key][1]


def _together(key: str, phrases: Sequence[str]) -> str:
    """Several columns of one group, which the key tells, in a word."""
    group = key.removeprefix("\0")
    if group == key or group == "counts" or len({*phrases}) == 1:
        return phrases[0]
    if group == "amounts":
        lasts = {phrase.split()[-1] for phrase in phrases}
        return plural(lasts.pop()) if len(lasts) == 1 else "amounts"
    return group


def _thing(table: Table, column: Column, noun: str) -> tuple[str, str, float] | None:
    """A column as people would name it, the group it joins and how much it tells."""
    name, kind = column.name, column.type.lower()
    reference = table.references(name)
    tokens = words_of(table, name)
    if gibberish(tokens) or name.startswith("_"):
        return None
    own = reference is None and split(name)[:-1] == split(table.id.name)
    if own or table.primary_key == (name,):
        return None
    if (reference is None or "hash" in name.lower()) and (
        AUDIT.search("_".join(split(name)))
    ):
        return None
    flag = kind.startswith(("bool", "bit")) or tokens[-1] in cues.FLAGS
    if flag or tokens[0] in cues.ASK or re.search(r"binary|blob", kind):
        return None
    person = not cues.PEOPLE.isdisjoint(noun.split()) and tokens[-1] in cues.PEOPLE
    if person and reference is None and (len(tokens) == 1 or not kind):
        return None  # whether a user is an employee
    named = tokens[-1] in ("name", "nm")
    if named and (_NAMING.issuperset(tokens[:-1]) or _names(tokens[:-1], noun)):
        return "name", "name", 2.7
    last = tokens[-1]
    if _DATES.search(name) or humanize([last]) in _PERIODS:
        return None
    if last in ("lat", "latitude", "lon", "lng", "longitude"):
        return "coordinates", "coordinates", 1.0
    if last == "time" and len(tokens) > 1 and not _TIMED.search(tokens[-2]):
        return None
    if last in cues.DATES | cues.MOMENTS | {"at"}:
        rest = humanize(tokens[:-1])
        verb = _last(rest).endswith("s")  # `expires_at`
        if not rest or verb or not _sayable(rest) or _QUALITY.search(rest):
            return ("dates", "dates", 1.4) if rest else ("date", "dates", 1.4)
        return f"{rest} {'day' if last == 'day' else 'date'}", "dates", 1.5
    if len(tokens) > 1 and cues.UNITS.get(tokens[-1], "")[:2] in ("US", "eu", "Br"):
        tokens = tokens[:-1]  # `closing_balance_usd`
    weight, group = _weight(tokens, name, reference is not None)
    if last == "state" and any(_ADDRESS & {*split(c.name)} for c in table.columns):
        weight, group = 1.8, "address"
    while len(tokens) > 1 and tokens[-1] in _ENDINGS and tokens[0] != "phone":
        if tokens[-1] == "name" and tokens[-2] not in _THINGS | cues.PEOPLE:
            break  # `trade_name`
        tokens = tokens[:-1]
    counts = cues.COUNTS - {"qty", "quantity"} | {"number", "num"}
    if tokens[0] in counts or tokens[-1] in cues.COUNTS & counts:
        counted = humanize([t for t in tokens if t not in counts | {"of"}])
        if not counted or not _sayable(counted) or _QUALITY.search(counted):
            return None
        if singular(_last(counted)) == _last(noun):
            return None
        return f"number of {plural(counted)}", "counts", 1.3
    words = humanize(tokens).split()
    while len(words) > 1 and words[0].lower() in noun.lower().split():
        words = words[1:]
    phrase = re.sub(
        r"\b(url|id|sku|ip)(s)?\b",
        lambda m: f"{m[1].upper()}{m[2] or ''}",
        " ".join(words),
    )
    if not weight or not _sayable(phrase) or words[0] in _UNTOLD:
        return None
    if weight < TELLING and "json" in kind:
        return None
    return phrase, group, weight - 0.25 * (len(words) - 1)


def _names(tokens: Sequence[str], noun: str) -> bool:
    """Whether words before "name" are the row's noun or its last words."""
    return f" {noun}".lower().endswith(f" {humanize(tokens)}".lower())


def _weight(tokens: Sequence[str], name: str, reference: bool) -> tuple[float, str]:
    """How much a column tells of its table, and the group that it joins."""
    if reference:
        return 2.4, ""
    last = humanize(tokens[-1:]).split()[-1]
    for words, weight, group in _WEIGHTS:
        if last in words or (group == "address" and tokens[0] in words):
            return weight, group
    if _is_key(name):
        return 1.9, ""
    return (1.6 if last in ("name", "nm", "description", "desc") else 0.0), ""


_WEIGHTS = (
    (_MONEY, 2.7, "amounts"),
    (_FIGURES, 2.6, ""),
    (_CONTACT, 1.9, "contact details"),
    (_ADDRESS, 1.8, "address"),
    (_STATES, 2.6, ""),
    (_THINGS | cues.PEOPLE, 2.1, ""),
)


def _sayable(phrase: str) -> bool:
    """Whether a phrase is a thing that a sentence can list."""
    words = phrase.lower().split()
    if not words or len(words) > LONGEST or any(singular(w) != w for w in words[:-1]):
        return False
    if words[-1] in _LEANING and (words[-1] != "name" or len(words) == 1):
        return words in (["comment"], ["text"])
    if len(words) == 1 and _QUALITY.search(words[0]) and words[0] != "address":
        return False
    small = {"by", "of", "or", "and", "is", "to", "from", "with", "was", "for", "per"}
    return (
        not small.intersection(words)
        and phrase.replace(" ", "").replace("-", "").isalpha()
        and all(
            len(word) > 1 and (familiar(word.lower()) or word.isupper())
            for word in phrase.split()
        )
    )


def a(noun: str) -> str:
    """A noun with its indefinite article, where it takes one."""
    if noun.split()[-1].lower() in _MASS:
        return noun
    return f"{article(noun)} {noun}"


_VOWEL_SOUND = re.compile(
    r"(?!uni(?![dmn])|us[aeiu]|ut[ei]|ur[aio]|ubi|eu|one\b|once)[aeiou]|8|1[18]\b|hour|heir|"
    r"hono|honest"
)
_SPOKEN = word_set("FAQ LIFO MAC MIME PIN RAM REST ROM SCAC SIM SKU SOAP SWIFT ZIP")
"""Acronyms that are read as words."""


def article(phrase: str) -> str:
    """The indefinite article that goes before a phrase, by its sound."""
    first = phrase.split(" ")[0]
    if first.isupper() and len(first) > 1 and first not in _SPOKEN:
        return "an" if first[0] in "AEFHILMNORSX" else "a"
    return "an" if _VOWEL_SOUND.match(first.lower()) else "a"


def listed(phrases: Iterable[str]) -> str:
    """Phrases as a list in words."""
    *ahead, last = phrases
    return f"{', '.join(ahead)} and {last}" if ahead else last
