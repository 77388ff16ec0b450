"""Words in names that tell what a column is, as tables for `model.rules`."""

from __future__ import annotations

import re

from model.lexicon import by_word, word_set

FLAGS = word_set("flag flags flg ind indicator yn bool boolean switch")
KEYS = word_set("id key guid uuid uid sk hk ids pk identifier rowguid")
ASK = word_set("is has can was are were should does did had will")
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

UNITS = by_word(
    {
        "milliseconds": "ms msec milliseconds",
        "seconds": "sec secs seconds",
        "minutes": "mins minutes",
        "hours": "hours hrs",
        "days": "days",
        "weeks": "weeks",
        "months": "months",
        "years": "years",
        "kilograms": "kg kgs",
        "pounds": "lb lbs",
        "ounces": "oz",
        "gallons": "gal",
        "feet": "ft",
        "kilometers": "km",
        "centimeters": "cm",
        "millimeters": "mm",
        "bytes": "bytes",
        "kilobytes": "kb",
        "megabytes": "mb",
        "gigabytes": "gb",
        "kilowatts": "kw",
        "kilowatt-hours": "kwh",
        "megawatt-hours": "mwh",
        "hertz": "hz",
        "megahertz": "mhz",
        "kilopascals": "kpa",
        "pounds per square inch": "psi",
        "degrees Celsius": "degc",
        "parts per million": "ppm",
        "revolutions per minute": "rpm",
        "kilobits per second": "kbps",
        "megabits per second": "mbps",
        "US dollars": "usd",
        "euros": "eur",
        "British pounds": "gbp",
        "percent": "pct percent percentage perc",
    }
)
"""Last words that are units."""

LEADS = by_word(
    {
        "Average": "avg average",
        "Mean": "mean",
        "Median": "median",
        "Minimum": "min minimum",
        "Maximum": "max maximum",
        "Total": "total tot",
        "Sum of": "sum",
        "Number of": "num number count cnt no nbr n",
        "Quantity of": "qty",
        "Percentage of": "pct percent percentage",
    }
)
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
    "create": "was created",
    "complete": "was completed",
    "insert": "was inserted",
    "update": "was last updated",
}
"""What happens to the row at a date of this name."""

NAMED = word_set("creation expiry expiration termination cancellation")
"""Those of them that happen to what is named before (`account_creation_date`)."""

HAPPENED = word_set(
    "occurred happened arrived departed failed started ended expired elapsed began"
)
"""What happens by itself: nothing `was occurred`."""

STATES = word_set(
    "verified enabled disabled locked restricted hidden pinned starred "
    "suspended shared required allowed moderated featured paused muted flagged"
)
"""What only a yes-or-no column without a type is called."""

LASTING = word_set(
    "wait view watch screen play work run close resolution cycle spent handling handle "
    "waiting read talk hold idle travel prep setup build session engagement reply"
)
"""Words before `time` that make it a span."""

_PAIRS = word_set(
    "mime_type content_type postal_code zip_code phone_number time_zone "
    "account_number serial_number display_name country_code state_code line_number "
    "error_code error_message status_code exit_code tax_code smtp_code match_type "
    "lifecycle_state security_type encryption_mode access_level data_type job_title "
    "file_size file_type usage_type authorization_code authentication_type "
    "street_address ip_address mac_address email_address alternative_text "
    "approval_status schema_version engagement_type"
)
COMPOUNDS = frozenset(pair.replace("_", " ") for pair in _PAIRS)
"""Two words that are one thing."""

ATTRIBUTES = CLASSES | word_set(
    "size format duration title length level color state version image logo "
    "position reason language probability charset mode start end gender "
    "username login nationality locale timezone"
)
"""Last words that belong to the thing named before them."""

ABSTRACT = word_set(
    "visibility granularity industry initiation composition hierarchy attribution "
    "conversion disposition encryption change deduction retention calculation "
    "settlement valuation registration verification migration severity tier care "
    "exempt provisioning billing shipping security access lifecycle match unit "
    "amortization compliance"
)
"""What is no thing that has a type or state of its own (`visibility_level`)."""

AHEAD = word_set("min max avg minimum maximum average median net gross")
"""Last words that are said first (`amount_net`)."""

ADJECTIVES = word_set(
    "new old raw full short long display base default current latest last first next "
    "net gross best top sub max min unique key win free on demand post pre mean low "
    "high bottom open other same main primary ready average avg alt orig prev curr"
)
"""First words that say how something is."""

THINGS = word_set(
    "client student agent patient parent event component payment resident document "
    "tenant merchant consultant participant applicant meeting building rental holiday "
    "children manual hospital professional individual deal meal terminal journal "
    "approval proposal incident attachment department animal government setting "
    "interval metric variable table material creative subsidiary credential rating "
    "collateral derivative statistic finding listing binding drive principal subtotal "
    "epic referral trial goal portal library boundary beneficiary removal renewal "
    "withdrawal arrival reversal speed summary topic traffic salary string ring ping "
    "feed seed warning mapping recording offering biomaterial metal accrual dictionary "
    "representative substring rubric characteristic archive decimal ordinal objective "
    "plural retrieval training booking posting building thing king spring wing media "
    "vocabulary diary glossary canary official modal diagnostic incentive ideal "
    "chemical mineral canal medal decal seal cable receivable payable deliverable "
    "consumable hive additive graphic magic "
    "itinerary appeal appraisal traversal narrative alternative notary commentary "
    "deductible intermediary arithmetic tactic airspeed initiative deferral dismissal "
    "directive primitive literal analytic executive perspective "
    "criteria signal capital channel model label total email festival disposal music "
    "fabric clinic logic comic lyric"
)
"""Words that end like those which say how something is, and are things."""

ADVERBS = word_set("not auto last already pre self soft hard multi fully non")
"""Words before a participle that are no thing (`auto_renewed`)."""

ABILITIES = word_set("enabled disabled required allowed supported")
"""What is said of abilities in general (`auto_tagging_enabled`)."""

SETTLED = ABILITIES | word_set(
    "available valid invalid correct "
    "anonymous temporary public private active inactive complete"
)
"""Last words that say how the thing before them is, not the row."""

OF_ROW = word_set(
    "eligible exempt capable sensitive free inclusive exclusive resilient native aware "
    "compatible compliant"
)
"""Last words that say with those before them how the row is (`tax_exempt`)."""

ONLY = word_set("most latest last first next current only main primary previous")
"""First words of what there is one of."""

PEOPLE = word_set(
    "admin administrator agent applicant assignee athlete author borrower buyer "
    "candidate client contact creator customer doctor donor driver employee guest "
    "instructor lead learner manager member nurse organizer owner participant "
    "passenger patient person physician player prospect recipient requester sender "
    "shopper signer speaker student subscriber supplier teacher tenant user vendor "
    "visitor volunteer worker respondent"
)
"""Nouns for people: "its" does not suit them."""

STANDING = word_set("admin administrator moderator superuser")
"""Those of them that only a user can be."""

ROLES = re.compile(
    r"(?!(number|order|other|after|server|center|header|letter|newsletter|transfer|fee|"
    r"folder|user|counter|master)$)\w{3,}(er|or|ee)$"
)
"""Words that are people by their ending."""

PLACES = word_set(
    "address agency airport area bank branch building business camera center city "
    "clinic community company country county district facility farm hospital hotel "
    "household house library location market museum neighborhood office organization "
    "park place plant port property region restaurant room school sensor shop site "
    "state station stop store town university venue village warehouse zip zone"
)
"""Nouns for what has an address or lies somewhere."""

HOLDERS = PEOPLE | PLACES | word_set("account domain group merchant profile team")
"""What can be reached or has a place."""

SOLD = word_set("order product sale payment")
"""What a join of tables is often named after last (`store_orders`)."""

JOINED = PEOPLE | PLACES | SOLD
"""What it is named after before that."""

CONTACTS = {"email": "E-mail address", "phone": "Phone number"}
"""How people are reached."""

OF_NAMES = word_set(
    "friendly given family nick maiden login full short long legal first last middle "
    "unique native common preferred official"
)
"""Words that make a phrase with the last one, of what is named before them."""

_REGULAR = word_set(
    "accept add allow avoid block bypass disable delete display enable exclude ignore "
    "include prevent require restrict subtract support track use"
)


def participle(verb: str) -> str:
    """What is then done, by the rule."""
    return f"{verb.removesuffix('e')}ed"


PASSIVE = {
    **{verb: participle(verb) for verb in _REGULAR},
    "deny": "denied",
    "hide": "hidden",
    "override": "overridden",
    "send": "sent",
    "show": "shown",
    "skip": "skipped",
}
"""First words of yes-or-no columns, what is then done."""

ACTIVE = word_set(
    "accepts allows blocks contains dismisses enables excludes ignores includes needs "
    "opens reduces requires satisfies shows supports uses won"
)
"""First words of yes-or-no columns, what the row then does."""

AUTOMATIC = word_set(
    "accept approve archive assign cancel charge close collect delete renew refresh "
    "scale sync update upgrade"
)
"""What is done by itself (`auto_renew`)."""

MIDDLE = word_set("is are can has have accepts allows requires supports")
"""Verbs that follow what they are about (`viewer_can_edit`)."""

EVENTS = word_set(
    "clicks impressions likes shares views downloads installs opens bounces "
    "conversions swipes comments sessions purchases orders saves replies reactions "
    "failures uninstalls redownloads visits pageviews retweets follows"
)
"""Plurals that are counted wherever there is no type."""

AMOUNTS = word_set(
    "amounts prices costs fees earnings proceeds credits points grams units taxes "
    "balances expenses wages flags scores rates totals charges payments refunds grades "
    "withdrawals deposits assets liabilities sales losses gains recoveries "
    "values limits budgets bonuses discounts seconds versions micros cents"
)
"""Plurals of whole numbers that are no number of things."""

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
