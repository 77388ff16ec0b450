"""The words and short forms that names are read with.

The two tables beside this file are data. `words.txt` has frequent English words of
schema descriptions, most frequent first. `abbreviations.csv` has usual abbreviations in
database names, and the field names of SAP that no splitting could explain. A short form
with several meanings has a row for each: the plain one is the usual meaning, the others
hold `beside` certain words in the same name, or `among` certain words anywhere in the
table. One that is the short form itself leaves it as it is.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent

COMPLETED = 5000
"""Only words above this rank are guessed from their beginning or consonants."""
DOMINANT = 0.8
"""Share of a guess among all words that would fit, weighed by their frequency."""


def word_set(text: str) -> frozenset[str]:
    """The words of a text that lists them."""
    return frozenset(text.split())


def by_word(words: Mapping[str, str]) -> dict[str, str]:
    """Every word of some texts to what its text stands for."""
    return {word: said for said, text in words.items() for word in text.split()}


UPPER = {
    word.lower(): word
    for word in word_set(
        "ABC AI API ARN ASIN ATM AWS BI BIC CEO CIDR CPU CRM CSS CSV CVE DNS DOI "
        "EAN EDI EMR ERP ETL EU EUR FAQ FTE FTP GBP GCP GDPR GMV GPA GPS GPU GUID "
        "HR HTML HTTP HTTPS IBAN ICD ICU ID IMEI IP IRS ISBN ISO ISSN IT JSON JWT "
        "KPI KYC LDAP LTV MAC MD5 MIME ML MRR NPI OS PDF PHP PIN POS QA QR RAM "
        "REST RFM ROI SAP SCAC SEO SHA SKU SLA SMS SMTP SQL SSCC SSH SSL SSO SWIFT "
        "TLS TTL UDP UI UK UPC URI URL US USA USD UTC UTM UUID VAT VIN VM VPC VPN XML "
        "YAML ZIP "
        "ACL CDN CNAME CPA CPC CPM CPV DMA EBS EC2 ECS EKS IAM KMS PR RDS RSS S3 SNS "
        "SQS TCP UGC VLAN WAF Airbyte Amazon Azure Databricks Facebook Fivetran GitHub "
        "GitLab Google GraphQL HubSpot Instagram Jira Kubernetes LinkedIn Mailchimp "
        "Mixpanel OAuth Pinterest QuickBooks Reddit Salesforce Shopify Snapchat TikTok "
        "Twitter YouTube Zendesk SID FHIR "
        "ABN ACH AMI ANSI APN ASN ATC AVS BCC BGP BIOS BSB CC CI CMS CO2 CORS COVID "
        "CPE CRC32 CRL CSI CUSIP CVSS CVV CWE DDL DDoS DHCP DKIM DMS DNA DNSSEC DRG "
        "DSL DUNS EPA EPSS ETag EULA EWM FIPS FQDN GiB gRPC IANA ICCID ICMP IdP IMSI "
        "IO IOPS iOS IoT IPv4 IPv6 ISIN JA3 JA4 kWh LLM LOINC MCC MDM MFA MiB MIC MMS "
        "MNC MRP MSISDN NAICS NAT NFC NFS OCI OIDC OSHA PayPal PCI PCR PEM PID POSIX "
        "AB GLN JDE PLM RFID WMS "
        "PPE QUIC RAT ROAS RPC SAML SCIM SDK SHA1 SHA256 SIC SIM SIP SLI SLO SNAT "
        "SOAP SSID TDE TIN TOTP URN USB vCPU VIP WBS X509"
    )
}
"""Words that keep their capitals."""

_COMPLETE = word_set(
    "aero boro cash cass chai chrono chroma coda coil cons cook cool coop corn curb "
    "cuss dine dive dome duel dune echo epic etch exec folk fore gait gaze gust hymn "
    "hype hypo ides immo inch indie infer info lava lore lute macro mega melt meme "
    "menu mesh milli mimic moto muse nest neon opal oral orca pane pasta pave plea "
    "plum polo post pubs pulp purr ride rung saga scan sect semi sever shad shin sift "
    "slam soda spar spat stem stew strip sumo tail tang tech tend topo trek trop tube "
    "undo vamp vest vine ware weld wool yoga echo cardio psych habit steal remit await "
    "exhaust prohibit reassign postpone conceal optic pay win con "
    "cap cnst cntn enca finger nut off reca runt subta poly migs lat lon max min num "
    "bench counsel intercom suspect engineer architect abandon buck weigh pyth coal "
    "perio pend quart substantial fasta yyyymm"
)
"""What begins a frequent word, or has its consonants, but is not cut from it."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a short form stands for in certain company."""

    long: str
    """The words, lower case but for names."""
    beside: frozenset[str]
    """Words one of which is in the same name."""
    among: frozenset[str]
    """Words one of which is in a name of the same table."""


@cache
def _rows() -> tuple[dict[str, str], dict[str, tuple[Meaning, ...]]]:
    plain: dict[str, str] = {}
    special: dict[str, tuple[Meaning, ...]] = {}
    with (FOLDER / "abbreviations.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            beside, among = word_set(row["beside"]), word_set(row["among"])
            if beside or among:
                found = Meaning(row["long"], beside, among)
                special[row["short"]] = (*special.get(row["short"], ()), found)
            else:
                plain[row["short"]] = row["long"]
    return plain, special


def abbreviations() -> dict[str, str]:
    """Short form to its usual long form, both lower case but for names; read once."""
    return _rows()[0]


def meanings(short: str) -> tuple[Meaning, ...]:
    """The meanings that a short form has in certain company alone."""
    return _rows()[1].get(short, ())


def long_form(
    short: str, beside: Iterable[str] = (), among: Collection[str] = frozenset()
) -> str | None:
    """What a short form stands for, or None where no list has it.

    Args:
        short: in lower case.
        beside: the words of the same name.
        among: all words of the table's names; a neighbour is the better witness.
    """
    special = meanings(short)
    if special:
        others = frozenset(word for word in beside if word != short)
        for meaning in special:
            if not meaning.beside.isdisjoint(others):
                return meaning.long
        for meaning in special:
            if not meaning.among.isdisjoint(among):
                return meaning.long
    return abbreviations().get(short)


@cache
def words() -> dict[str, int]:
    """Known English words to their rank, 0 the most frequent; read once."""
    lines = (FOLDER / "words.txt").read_text(encoding="utf-8").split()
    return {word: rank for rank, word in enumerate(lines)}


@lru_cache(maxsize=1 << 14)
def completed(token: str) -> str | None:
    """The frequent word that an unknown token is cut or contracted from, if one fits.

    `concentr` is concentration and `prgrs` progress; where several unlike words would
    fit, or the token may be a word itself, there is none.
    """
    if not 4 <= len(token) <= 14 or not (token.isascii() and token.isalpha()):
        return None
    if token in words() or token.removesuffix("s") in words() or token in _COMPLETE:
        return None
    return _dominant(_begun(token)) or _dominant(_contractions().get(token, ()))


def _begun(token: str) -> list[str]:
    """Known words that go on for two letters or more after a token."""
    ordered = _ordered()
    start = bisect_left(ordered, token)
    end = bisect_left(ordered, token + "~")
    return [word for word in ordered[start:end] if len(word) >= len(token) + 2]


@cache
def _ordered() -> list[str]:
    return sorted(words())


@cache
def _contractions() -> dict[str, list[str]]:
    """Consonants to the known words that have them."""
    found: dict[str, list[str]] = defaultdict(list)
    for word in words():
        bare = word[0] + re.sub(r"[aeiou]", "", word[1:])
        for short in {bare, re.sub(r"(.)\1", r"\1", bare)}:
            if len(word) - len(short) >= 2:
                found[short].append(word)
    return found


def _dominant(candidates: Collection[str]) -> str | None:
    """The most frequent of words, where others are inflections of it or far rarer."""
    rank = words()
    weights: dict[str, float] = {}
    for word in sorted(candidates, key=rank.__getitem__):
        stem = (w for w in weights if word.startswith(w[: max(5, len(w) - 3)]))
        head = next(stem, word)
        weights[head] = weights.get(head, 0.0) + 1 / (rank[word] + 50)
    if not weights:
        return None
    best = max(weights, key=weights.__getitem__)
    share = weights[best] / sum(weights.values())
    return best if rank[best] < COMPLETED and share >= DOMINANT else None


def cut_from(token: str, told: Iterable[str]) -> str | None:
    """The word of those told that an unknown token begins, None for none or several.

    Contractions (`dspn`) are not asked for: they fit too many words by chance.
    """
    if not 3 <= len(token) <= 14 or token in _COMPLETE:
        return None
    if not (token.isascii() and token.isalpha()) or token in UPPER:
        return None
    rank = words()
    found = {
        word
        for word in told
        if word.startswith(token)
        and len(word) >= len(token) + 3
        and rank.get(word, COMPLETED) < COMPLETED
    }
    shortest = min(found, key=len, default=None)
    if shortest and all(word.startswith(shortest[:5]) for word in found):
        return shortest
    return None
