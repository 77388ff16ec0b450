"""Simulated stewards: houses that word their descriptions by rules of their own.

A house is a function from a table and one of its columns (None: the table) to the text
that its steward wants. They read what is in a schema and nothing else, so that a model
that reads it too can learn them; neither is a matter of an ending that is put to every
sentence. `terse` puts what is measured first, turns the words round, shortens some and
uses no article; `german` speaks another language, by a glossary that knows 200 words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from catalog.objects import Column, Table
from model.names import expand, subject, word_set, words_of
from model.prompts.compact import kind_of

House = Callable[[Table, Column | None], str]

Kind = str
"""What a column is, by type and words: one of the keys of `_LABELS`."""

_SMALL = word_set("is has was at on the of in for to a an and or")
_WORDS: Mapping[str, Kind] = {
    word: kind
    for kind, words in (
        ("share", "percentage percent share"),
        ("money", "amount price cost value salary revenue fee total subtotal balance"),
        ("count", "quantity count units headcount"),
        ("size", "kg g cm km weight length width height volume area distance"),
        ("code", "code type status class category method reason channel level grade"),
        ("name", "name title"),
    )
    for word in words.split()
}
"""What a column is by one of the last words of its name."""
_SAID = word_set(
    "ID key date time timestamp flag percentage percent amount quantity count units"
    " code name indicator"
)
"""Words that the label says already."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a house makes its sentence of."""

    kind: Kind
    """What the column is."""
    words: tuple[str, ...]
    """What is left of its name's words."""
    row: str
    """What a row of the table is."""


def parts(table: Table, column: Column) -> Parts:
    """A column taken apart."""
    row = subject(table.id.name)
    words = list(expand(words_of(table, column.name)))
    there = table.references(column.name)
    if table.primary_key == (column.name,):
        return Parts("key", (), row)
    if there is not None:
        return Parts("ref", tuple(subject(there[0].name).split()), row)
    kind = _kind(words, kind_of(column.type))
    left = [w for w in words if w.lower() not in _SMALL and w not in _SAID]
    return Parts(kind, tuple(left), row)


def _kind(words: list[str], of_type: str) -> Kind:
    if of_type == "boolean" or "flag" in words or words[:1] == ["is"]:
        return "flag"
    if of_type == "date" or words[-1:] == ["date"]:
        return "day"
    if of_type == "time":
        return "time"
    if words[-1:] == ["ID"]:
        return "ref"
    for word in reversed(words):
        if kind := _WORDS.get(word):
            return kind
    return "text" if of_type in ("text", "") else "number"


# Units first, no article

_LABELS: Mapping[Kind, str] = {
    "key": "Key", "ref": "Ref", "flag": "Y/N", "day": "Day", "time": "Time",
    "share": "Pct", "money": "EUR", "count": "Qty", "size": "Size", "code": "Code",
    "name": "Name", "number": "Num", "text": "Text",
}  # fmt: skip
_SHORT = {
    "customer": "cust",
    "number": "no",
    "quantity": "qty",
    "description": "desc",
    "address": "addr",
    "account": "acct",
    "employee": "empl",
    "product": "prod",
    "document": "doc",
    "department": "dept",
    "average": "avg",
    "maximum": "max",
    "minimum": "min",
    "invoice": "inv",
    "warehouse": "whs",
    "currency": "curr",
}


def terse(table: Table, column: Column | None) -> str:
    """`EUR: price, unit.`: what it is, then the words turned round and cut short."""
    if column is None:
        return f"Row: {_short(subject(table.id.name))}."
    found = parts(table, column)
    label = _LABELS[found.kind]
    *first, last = map(_short, found.words or (found.row,))
    turned = f"{last}, {' '.join(first)}" if first else last
    return f"{label}: {turned}."


def _short(words: str) -> str:
    return " ".join(_SHORT.get(word, word) for word in words.split())


# German

_GLOSSARY = """
account=Konto acquisition=Anschaffung active=aktiv actual=Ist address=Adresse
approved=genehmigt asset=Anlage average=Durchschnitt balance=Saldo
bank=Bank billing=Abrechnung bin=Lagerplatz block=Sperre blocked=gesperrt
booking=Buchung campaign=Kampagne cancelled=storniert carrier=Spediteur
cart=Warenkorb category=Kategorie center=Stelle certificate=Zertifikat
change=Änderung changed=geändert channel=Kanal city=Ort class=Klasse
client=Mandant closed=geschlossen company=Firma contact=Kontakt
contract=Vertrag cost=Kosten count=Anzahl counted=gezählt country=Land
course=Kurs created=angelegt creation=Anlage credit=Haben currency=Währung
customer=Kunde data=Daten day=Tag days=Tage dealer=Händler debit=Soll
delivered=geliefert delivery=Lieferung demand=Bedarf department=Abteilung
depreciation=Abschreibung description=Beschreibung device=Gerät
discount=Rabatt document=Beleg due=fällig email=E-Mail employee=Mitarbeiter
end=Ende ended=beendet entry=Eintrag event=Ereignis expected=erwartet
first=Vorname fiscal=Geschäfts freight=Fracht from=von gross=brutto
group=Gruppe head=Leiter height=Höhe hire=Einstellung hours=Stunden
invoice=Rechnung item=Position job=Stelle journal=Journal label=Etikett
language=Sprache last=letzte length=Länge level=Stufe limit=Grenze
line=Zeile list=Liste location=Standort login=Anmeldung manager=Vorgesetzter
margin=Marge material=Material maximum=maximal message=Nachricht
method=Verfahren minimum=minimal month=Monat movement=Bewegung net=netto
note=Notiz number=Nummer open=offen opened=geöffnet order=Bestellung
ordered=bestellt page=Seite paid=bezahlt parcel=Paket parent=übergeordnet
password=Kennwort path=Pfad pay=Gehalt payment=Zahlung period=Periode
phone=Telefon plant=Werk posted=gebucht posting=Buchung postal=Post
price=Preis product=Produkt promotion=Aktion purchase=Einkauf
quantity=Menge quote=Angebot rate=Satz rating=Bewertung reason=Grund
receipt=Eingang received=empfangen record=Satz reference=Bezug
region=Region rejected=abgelehnt reorder=Nachbestellung
representative=Vertreter requested=beantragt required=erforderlich
return=Retoure returned=zurückgegeben revenue=Umsatz review=Bewertung
role=Rolle safety=Sicherheit salary=Gehalt sales=Verkauf score=Punkte
segment=Segment sent=gesendet sequence=Folge service=Dienst session=Sitzung
shift=Schicht shipment=Sendung shipped=versandt shipping=Versand
source=Quelle start=Beginn started=begonnen statement=Auszug status=Status
stock=Bestand storage=Lager store=Laden street=Straße supplier=Lieferant
supply=Versorgung system=System target=Ziel tax=Steuer term=Frist
test=Test text=Text time=Zeit title=Titel to=bis total=Summe type=Art
unit=Einheit until=bis updated=geändert user=Benutzer validity=Gültigkeit
value=Wert variant=Variante vendor=Lieferant verified=geprüft volume=Volumen
warehouse=Lager weight=Gewicht width=Breite year=Jahr zone=Zone
"""
_GERMAN = dict(pair.split("=") for pair in _GLOSSARY.split())
_GERMAN_LABELS: Mapping[Kind, str] = {
    "key": "Schlüssel", "ref": "Verweis auf", "flag": "Kennzeichen", "day": "Datum",
    "time": "Zeitpunkt", "share": "Anteil in Prozent", "money": "Betrag in Euro",
    "count": "Anzahl", "size": "Maß", "code": "Code für", "name": "Bezeichnung",
    "number": "Zahl", "text": "Angabe",
}  # fmt: skip


def german(table: Table, column: Column | None) -> str:
    """`Betrag in Euro: Preis Einheit.`; words that the glossary lacks stay English."""
    if column is None:
        return f"Eine Zeile je {_german(subject(table.id.name))}."
    found = parts(table, column)
    turned = " ".join(_german(word) for word in reversed(found.words or (found.row,)))
    return f"{_GERMAN_LABELS[found.kind]}: {turned}."


def _german(words: str) -> str:
    return " ".join(_GERMAN.get(word.lower(), word) for word in words.split())


HOUSES: Mapping[str, House] = {"terse": terse, "german": german}
"""By the name that `--house` takes."""
