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
    "createdat": "Time the {} was created.",
    "createtime": "Time the {} was created.",
    "createdtime": "Time the {} was created.",
    "createddatetime": "Time the {} was created.",
    "createdate": "Date the {} was created.",
    "createddate": "Date the {} was created.",
    "creationdate": "Date the {} was created.",
    "created": "Time the {} was created.",
    "createdon": "Time the {} was created.",
    "updatedat": "Time the {} was last updated.",
    "updatetime": "Time the {} was last updated.",
    "updateddatetime": "Time the {} was last updated.",
    "updatedate": "Date the {} was last updated.",
    "updated": "Time the {} was last updated.",
    "updatedon": "Time the {} was last updated.",
    "lastupdated": "Time the {} was last updated.",
    "lastupdatedat": "Time the {} was last updated.",
    "lastupdate": "Time the {} was last updated.",
    "lastmodified": "Time the {} was last modified.",
    "modifiedat": "Time the {} was last modified.",
    "modifieddate": "Date the {} was last modified.",
    "modifiedon": "Time the {} was last modified.",
    "deletedat": "Time the {} was deleted.",
    "archivedat": "Time the {} was archived.",
    "loadedat": "Time the row was loaded.",
    "loadtimestamp": "Time the row was loaded.",
    "loadts": "Time the row was loaded.",
    "createdby": "User who created the {}.",
    "createuser": "User who created the {}.",
    "createdbyid": "Identifier of the user who created the {}.",
    "updatedby": "User who last updated the {}.",
    "updateuser": "User who last updated the {}.",
    "updatedbyid": "Identifier of the user who last updated the {}.",
    "modifiedby": "User who last modified the {}.",
    "revisioncount": "Number of times the {} has been revised.",
    "startdate": "Date the {} starts.",
    "enddate": "Date the {} ends.",
    "starttime": "Time the {} started.",
    "endtime": "Time the {} ended.",
    "startedat": "Time the {} started.",
    "endedat": "Time the {} ended.",
    "start": "Start of the {}.",
    "end": "End of the {}.",
    "validfrom": "Time from which the version is valid.",
    "validto": "Time until which the version is valid.",
    "validuntil": "Time until which the version is valid.",
    "fivetranstart": "Time from which the version is valid.",
    "fivetranend": "Time until which the version is valid.",
    "duedate": "Date the {} is due.",
    "birthdate": "Date of birth of the {}.",
    "dateofbirth": "Date of birth of the {}.",
    "dob": "Date of birth of the {}.",
    "isactive": "Whether the {} is active.",
    "active": "Whether the {} is active.",
    "isdeleted": "Whether the {} has been deleted.",
    "deleted": "Whether the {} has been deleted.",
    "enabled": "Whether the {} is enabled.",
    "firstname": "First name of the {}.",
    "lastname": "Last name of the {}.",
    "fullname": "Full name of the {}.",
    "middlename": "Middle name of the {}.",
    "displayname": "Name of the {} for display.",
    "email": "E-mail address of the {}.",
    "emailaddress": "E-mail address of the {}.",
    "phone": "Phone number of the {}.",
    "latitude": "Latitude of the {}, in degrees.",
    "longitude": "Longitude of the {}, in degrees.",
    "lat": "Latitude of the {}, in degrees.",
    "lon": "Longitude of the {}, in degrees.",
    "lng": "Longitude of the {}, in degrees.",
    "currencycode": "Code of the currency of the amounts.",
    "exchangerate": "Exchange rate between the currencies of the {}.",
    "countrycode": "Code of the country of the {}.",
    "sortorder": "Position of the {} in the sort order.",
    "index": "Position of the {} in its list.",
    "metadata": "Additional information attached to the {}.",
    "fivetransynced": "Time Fivetran last synced the row.",
    "fivetrandeleted": "Whether the row was deleted in the source.",
    "fivetranid": "Identifier of the row generated by Fivetran.",
    "fivetranactive": "Whether the row is the current version.",
    "sourcerelation": "Source schema or database the row came from.",
    "recordsource": "Source system from which the row was loaded.",
    "recsrc": "Source system from which the row was loaded.",
    "hashdiff": "Hash of the descriptive attributes, used to detect changes.",
    "md5sum": "MD5 checksum of the {}.",
    "version": "Version number of the {}.",
    "uri": "URI of the {}.",
}
"""Names (letters only) that are the same in every database; {} is the row's noun."""

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
