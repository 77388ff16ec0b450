"""Words in names that tell what a column is, as tables for `model.rules`."""

from __future__ import annotations

from model.names import word_set

FLAGS = word_set("flag flags flg ind indicator yn bool boolean switch")
KEYS = word_set("id key guid uuid uid sk ids pk identifier rowguid")
ASK = word_set("is has can was are were should does did had will allow allows")
NUMBERS = word_set("num no number nbr nr numb")
COUNTS = word_set("count cnt qty quantity counts")
MONEY = word_set(
    "amount amt price cost balance fee salary revenue total subtotal tax discount "
    "charge payment budget income expense wage bonus commission netwr netpr"
)
CLASSES = word_set("code cd type tp typ status stat category class kind")
TEXTS = word_set(
    "desc descr description text txt note notes comment comments remark remarks "
    "memo summary narrative"
)
MOMENTS = word_set("time datetime timestamp ts tm dttm dtm")
DATES = word_set("date dt dte day")
DEGREES = word_set("lat latitude lon lng longitude")

UNITS = {
    "ms": "milliseconds",
    "msec": "milliseconds",
    "milliseconds": "milliseconds",
    "sec": "seconds",
    "secs": "seconds",
    "seconds": "seconds",
    "mins": "minutes",
    "minutes": "minutes",
    "hours": "hours",
    "hrs": "hours",
    "days": "days",
    "weeks": "weeks",
    "months": "months",
    "years": "years",
    "kg": "kilograms",
    "kgs": "kilograms",
    "lbs": "pounds",
    "km": "kilometers",
    "cm": "centimeters",
    "mm": "millimeters",
    "bytes": "bytes",
    "kb": "kilobytes",
    "mb": "megabytes",
    "gb": "gigabytes",
    "usd": "US dollars",
    "eur": "euros",
    "gbp": "British pounds",
    "pct": "percent",
    "percent": "percent",
    "percentage": "percent",
    "perc": "percent",
}
"""Last words that are units."""

LEADS = {
    "avg": "Average",
    "average": "Average",
    "mean": "Mean",
    "median": "Median",
    "min": "Minimum",
    "minimum": "Minimum",
    "max": "Maximum",
    "maximum": "Maximum",
    "total": "Total",
    "tot": "Total",
    "sum": "Sum of",
    "num": "Number of",
    "number": "Number of",
    "count": "Number of",
    "cnt": "Number of",
    "no": "Number of",
    "nbr": "Number of",
    "n": "Number of",
    "qty": "Quantity of",
    "pct": "Percentage of",
    "percent": "Percentage of",
    "percentage": "Percentage of",
}
"""First words that tell how a figure was made."""

DONE = {
    "hire": "was hired",
    "order": "was placed",
    "creation": "was created",
    "delivery": "was delivered",
    "expiry": "expires",
    "expiration": "expires",
    "effective": "takes effect",
    "termination": "was terminated",
    "cancellation": "was canceled",
    "release": "was released",
}
"""What happens to the row at a date of this name."""

_PAIRS = word_set(
    "mime_type content_type postal_code zip_code phone_number time_zone "
    "account_number serial_number display_name country_code state_code line_number"
)
COMPOUNDS = frozenset(pair.replace("_", " ") for pair in _PAIRS)
"""Two words that are one thing."""

ATTRIBUTES = CLASSES | word_set(
    "size format duration title length level color state version image logo "
    "position reason language probability charset mode"
)
"""Last words that belong to the thing named before them."""

ADJECTIVES = word_set(
    "new old raw full short long display base default current latest last first next "
    "net gross best top sub max min unique key win free on demand post pre mean low "
    "high open other same main primary"
)
"""First words that say how something is."""

SMALL = word_set(
    "a an and as at before after by for from has if in into is of off on or out over "
    "per since than that the through to under until up via was when where which with "
    "without"
)
"""Words that make no phrase alone."""

STRUCTURES = word_set("data json metadata attributes properties settings details")
"""Last words of names that hold more than one value."""

SPANS = frozenset(("minutes", "hours", "days", "weeks", "months", "years"))
"""Units of time that may be a noun of their own (`vacation_days`)."""

SIZES = frozenset(("bytes", "kilobytes", "megabytes", "gigabytes"))
"""Units of what is stored."""

MEASURES = word_set(
    "age break delay delivery distance duration dur dwell elapsed hold interval "
    "latency lead length lifetime life limit notice offset period processing response "
    "retention runtime size span tenure term terms time timeout wait warranty window"
)
"""Words that time is measured of (`warranty_months`)."""

PEOPLE = word_set(
    "user employee customer candidate contact person patient member student client "
    "worker learner athlete player doctor teacher visitor subscriber lead physician "
    "manager agent driver owner author donor volunteer participant applicant "
    "passenger guest borrower tenant nurse speaker instructor"
)
"""Nouns that "its" does not suit."""
