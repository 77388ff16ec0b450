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

WHOLE = {
    "createdat": "Date and time when the {} was created.",
    "createtime": "Date and time when the {} was created.",
    "createdate": "Date when the {} was created.",
    "createddate": "Date when the {} was created.",
    "creationdate": "Date when the {} was created.",
    "created": "Date and time when the {} was created.",
    "createdon": "Date and time when the {} was created.",
    "updatedat": "Date and time when the {} was last updated.",
    "updatetime": "Date and time when the {} was last updated.",
    "updatedate": "Date when the {} was last updated.",
    "updated": "Date and time when the {} was last updated.",
    "updatedon": "Date and time when the {} was last updated.",
    "lastupdated": "Date and time when the {} was last updated.",
    "lastupdate": "Date and time when the {} was last updated.",
    "lastmodified": "Date and time when the {} was last modified.",
    "modifiedat": "Date and time when the {} was last modified.",
    "modifieddate": "Date when the {} was last modified.",
    "modifiedon": "Date and time when the {} was last modified.",
    "deletedat": "Date and time when the {} was deleted.",
    "createdby": "User who created the {}.",
    "createuser": "User who created the {}.",
    "updatedby": "User who last updated the {}.",
    "updateuser": "User who last updated the {}.",
    "modifiedby": "User who last modified the {}.",
    "startdate": "Date when the {} starts.",
    "enddate": "Date when the {} ends.",
    "starttime": "Date and time when the {} starts.",
    "endtime": "Date and time when the {} ends.",
    "startedat": "Date and time when the {} started.",
    "endedat": "Date and time when the {} ended.",
    "isactive": "Indicates whether the {} is active.",
    "active": "Indicates whether the {} is active.",
    "isdeleted": "Indicates whether the {} has been deleted.",
    "deleted": "Indicates whether the {} has been deleted.",
    "enabled": "Indicates whether the {} is enabled.",
    "firstname": "First name of the {}.",
    "lastname": "Last name of the {}.",
    "fullname": "Full name of the {}.",
    "middlename": "Middle name of the {}.",
    "email": "Email address of the {}.",
    "phone": "Phone number of the {}.",
    "latitude": "Latitude of the {}, in degrees.",
    "longitude": "Longitude of the {}, in degrees.",
    "lat": "Latitude of the {}, in degrees.",
    "lon": "Longitude of the {}, in degrees.",
    "lng": "Longitude of the {}, in degrees.",
    "sortorder": "Sort order of the {}.",
    "fivetransynced": "Date and time when the record was last synced by Fivetran.",
    "fivetrandeleted": "Indicates whether the record was deleted in the source.",
    "version": "Version number of the {}.",
    "uri": "URI of the {}.",
}
"""Names (letters only) that are the same in every database; {} is the row's noun."""

SPANS = frozenset(("minutes", "hours", "days", "weeks", "months", "years"))
"""Units of time that may be a noun of their own (`vacation_days`)."""

MEASURES = word_set(
    "age break delay delivery distance duration dur dwell elapsed hold interval "
    "latency lead length lifetime life limit notice offset period processing response "
    "retention runtime span tenure term terms time timeout wait warranty window"
)
"""Words that time is measured of (`warranty_months`)."""
