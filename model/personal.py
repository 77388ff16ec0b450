"""Which values of a sample may be named in a description, and which stay inside.

A code list (`A`, `I` or `D`) says what a column means. The same few values may be the
people who work with the table (`BATCH`, `HMEIER` or `KOLSEN`), and then nobody but the
database's own users may read them. What is not sure to be codes stays inside: it is in
no prompt and no sentence, and is looked for in every draft.

That other columns have the same values proves nothing: user ids come more often than
any code.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from catalog.objects import Column, Profile, Table
from model.cues import PEOPLE
from model.names import expand, familiar, singular, split, subject, word_set, words_of

FORMS = (
    ("mail address", re.compile(r"\S+@\S+\.\w+")),
    ("link", re.compile(r"https?://|www\.|\b\w+://", re.IGNORECASE)),
    ("network address", re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b|\b([0-9a-f]{2}:){5}")),
    ("telephone number", re.compile(r"(?<!\w)\+?\d+[ ().\-/][\d ().\-/]{4,}\d(?!\w)")),
)
"""What tells of a person or a machine wherever it stands, each with its name."""

DIGITS = 6
"""Most digits of a code; telephones, cards, IBANs and birth dates have more."""

_PERSONAL = (
    *(pattern for _, pattern in FORMS),
    re.compile(
        r"@|\b[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*:|\b[0-9a-f]{8}-[0-9a-f]{4}\b", re.I
    ),
    re.compile(r"\b(?=[a-f]*\d)[0-9a-f]{12,}\b", re.IGNORECASE),
    re.compile(
        r"^[^\W\d_]{1,3}[- ][A-Z]{1,2}[- ]?\d{1,4}[EH]?$|^[A-Z]{2}\d\d ?[A-Z]{3}$"
    ),
)
"""Mail and network addresses, keys, tokens and licence plates."""
_LETTERS = re.compile(r"[^\W\d_]+")
_PIECE = re.compile(r"[^\W\d_]+|\d+")

_FLAGS = word_set("y n j t f s x yes no ja nein si oui non true false on off 0 1")
"""Values that tell of nobody, whatever the column is about."""

_CLASSES = word_set(
    "status state stage phase type kind category class classification group segment "
    "unit uom measure currency country nation language lang locale mode flag indicator "
    "level tier priority severity grade role reason cause method scope channel format "
    "source medium system platform browser environment gender sex result outcome "
    "action event version variant frequency zone timezone region color colour size "
    "term direction incoterm brand campaign division sector industry job position "
    "occupation rating condition enabled verified count department os typ art klasse "
    "gruppe einheit waehrung land sprache grund kategorie modus stufe zustand "
    "geschlecht statut categorie devise langue etat unite estado tipo categoria moneda "
    "pais idioma unidad stato valuta paese lingua soort taal eenheid"
)
"""Last words of names that sort things, and people too: their values are codes."""
_PLACED = word_set(
    "country nation language lang currency region state zone timezone land sprache "
    "waehrung langue devise pais idioma moneda paese lingua valuta taal brand os "
    "browser"
)
"""Those whose values have names of their own (`Costa Rica`)."""
_NUMBERS = word_set("number no nr num nbr id identifier serial holder nummer numero")
_EMPTY = _NUMBERS | word_set(
    "code cd cde key kz val value name nm nam text txt desc title"
)
"""Last words that leave it to the word before them what the column is of."""
_NUMBERED = word_set(
    "account acct tax vat card cc device licence license social insurance security "
    "konto karte steuer fahrzeug vehicle identity national registration session house"
)
"""Words that tell of a person or a thing of theirs with a number."""
_ASKING = word_set("is has can was are allow opt")
"""First words of names whose values are yes and no."""

_WORDS = word_set(
    "person people personne persona persoon personnel staff name nam nm nom nombre "
    "nome naam namn navn initial nickname alias surname tel fax cell handy mobile "
    "phone contact creator modifier editor assignee city town ort stadt ville ciudad "
    "citta cidade woonplaats zip plz postal rue calle rua straat address adr addr ip "
    "mac plate kfz kennzeichen ssn nino pesel cpf bsn dni nif curp nie dob pin "
    "credential fingerprint cookie signature imsi udid vin uid representative rep "
    "clerk approver reviewer comment note remark message memo text txt handle cvv salt "
    "otp yob konto kunde morada haslo bcc upn who"
)
"""Words of names of columns about a person, or in which people write freely."""
_STEMS = re.compile(
    r"user|usr$|^usr|benutz|anwender|utilisat|usuari|utente|gebruik|anvand|bruger|"
    r"sachb|bearbeiter|erfasser|ersteller|verfasser|inhaber|besitzer|ansprech|mitarb|"
    r"name?$|vorna|nachna|prenom|apellid|cognom|sobrenom|imie$|nazwisk|firstn|lastn|"
    r"mail|smtp|courriel|correo|^eml$|telef|phone|^telnr|telnr$|^phn|mobiln|login|logon|"
    r"owner|author$|autor$|auteur|creator|passw|pwd$|kennw|wachtw|contrase|senha|secret|"
    r"token|iban|kontonr|kontonu|bankn$|bankverb|passport|reisepass|steuern|sozialv|"
    r"birth|geburt|gebdat|naiss|nacim|nascit|geboor|street|stras|adres|addres|anschr|"
    r"indiriz|direcc|endere|postc|postleit|zipc|licen[cs]epl|ipaddr|imei|msisdn|"
    r"deviceid|hausnr|naam$|navn$|kunde|empfaeng|absend|personaln|personn|fodels|"
    r"^(cr|crt|ent|entr|upd|updt|chg|chng|mod|appr)by$"
)
"""Their beginnings and ends in names that nothing splits, in several languages."""
_PAIRS = {
    tuple(pair.split("_"))
    for pair in word_set(
        "post_code pass_word pass_code log_in api_key bank_account driver_license "
        "driver_licence vehicle_reg assigned_to reply_to report_to geb_dat geb_datum "
        "codice_fiscale"
    )
}
"""Two words that are one of them."""
_ROLES = PEOPLE | word_set(
    "reporter responsible supervisor operator cashier seller guardian beneficiary "
    "insured claimant witness landlord signatory payee payer cardholder trustee"
)
"""People, where a name ends in them; `customer_segment` is none of theirs."""
_BY = word_set("by von par por door durch")
"""Last words before which somebody did something."""


def inside(table: Table, profiles: Mapping[str, Profile]) -> dict[str, Profile]:
    """The profiles with only such values in codes and range as a text may name.

    The others are among the samples, for the check of leaks, and their profile is
    marked as private. Doing it again changes nothing.

    Args:
        table: with all its columns, its names as they are to be read.
        profiles: what a sample says of its columns, by name.
    """
    return {
        name: _inside(table, column, profile)
        if (column := table.column(name)) is not None
        else profile
        for name, profile in profiles.items()
    }


def may_be_named(table: Table, column: Column, values: Sequence[str]) -> bool:
    """Whether a column's values are sure to be codes, not people or what is theirs.

    True only where neither the name nor a value speaks against it, and each value is
    short, a number of few digits, or words that descriptions are made of. In a column
    that sorts things (a status, a unit, a country) and in an enumerated type anything
    is taken for a code that does not look like a person's.
    """
    if all(value.strip().lower() in _FLAGS for value in values):
        return True
    if about_people(table, column) or any(map(_has_form, values)):
        return False
    if any(sum(map(str.isdigit, value)) > DIGITS for value in values):
        return False
    heads = {_head(words) for words in _readings(table, column.name)}
    if heads & _PLACED:
        return True
    if any(map(_is_name, values)):
        return False
    if heads & _CLASSES or column.type.lower().startswith("enum"):
        return True
    return all(map(_is_plain, values))


def about_people(table: Table, column: Column) -> bool:
    """Whether a column's name, or where its key points, tells of people or free text.

    A name that ends in what sorts them (`user_type`, `card_country`) does not.
    """
    readings = _readings(table, column.name)
    if any(_head(words) in _CLASSES or words[0] in _ASKING for words in readings):
        return False
    if (there := table.references(column.name)) and _is_person(there[0].name):
        return True
    return any(
        words[-1] in _BY
        or any(word in _WORDS or _STEMS.search(word) for word in words)
        or not _PAIRS.isdisjoint(pairwise(words))
        or (not _NUMBERED.isdisjoint(words) and not _NUMBERS.isdisjoint(words))
        or _head(words) in _ROLES
        or (not _head(words) and _is_person(table.id.name))
        for words in readings
    )


def _inside(table: Table, column: Column, profile: Profile) -> Profile:
    if profile.private:
        return profile
    if profile.codes and may_be_named(table, column, profile.codes):
        return profile
    ends = [end for end in (profile.minimum, profile.maximum) if end is not None]
    private = about_people(table, column) or (
        any(map(_is_account, ends))
        if ends
        else bool(profile.codes)
        or any(_has_form(value) or _is_name(value) for value in profile.samples)
    )
    values = (*profile.codes, *profile.samples, *(ends if private else ()))
    return replace(
        profile,
        minimum=None if private else profile.minimum,
        maximum=None if private else profile.maximum,
        codes=(),
        samples=tuple(dict.fromkeys(values)),
        private=private,
    )


def _has_form(value: str) -> bool:
    """Whether a value is written like an address, a key, a token or a plate."""
    return any(pattern.search(value) for pattern in _PERSONAL)


def _is_account(number: str) -> bool:
    """Whether a number is as long as those of telephones, cards and accounts."""
    return number.isdigit() and len(number) > 8


def _is_name(value: str) -> bool:
    """Whether a value has two capitalised words, one of which is in no dictionary."""
    titled = _titled(value)
    return len(titled) > 1 and not all(familiar(word.lower()) for word in titled)


def _titled(value: str) -> list[str]:
    words = _LETTERS.findall(value)
    return [w for w in words if len(w) > 1 and w[0].isupper() and not w.isupper()]


def _is_plain(value: str) -> bool:
    """Whether a value of a column that tells nothing has the form of a code."""
    if len(_titled(value)) > 1:
        return False
    if any(len(_PIECE.findall(token)) > 3 for token in re.findall(r"\w+", value)):
        return False
    return all(
        familiar(word.lower()) or (len(word) < 4 and not _titled(word))
        for word in _LETTERS.findall(value)
    )


def _readings(table: Table, name: str) -> list[tuple[str, ...]]:
    """A column's name as words: as it is, written out, and as its table tells."""
    words = split(name)
    found = (words, expand(words), expand(words_of(table, name)))
    return [tuple(map(_folded, reading)) for reading in found if reading]


@lru_cache(maxsize=1 << 12)
def _folded(word: str) -> str:
    """A word in lower case without accents, in the singular where it is English."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return plain if plain in _CLASSES or plain in _WORDS else singular(plain)


def _head(words: Sequence[str]) -> str:
    """The word that says what a column is of, or nothing."""
    if "of" in words[1:]:
        words = words[: words.index("of", 1)]
    telling = (w for w in reversed(words) if w not in _EMPTY and not w.isdigit())
    return next(telling, "")


def _is_person(table: str) -> bool:
    """Whether a row of a table is a person."""
    last = _folded(subject(table).split()[-1])
    return last in _ROLES or last in _WORDS or _STEMS.search(last) is not None
