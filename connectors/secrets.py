"""What of a URL nobody may see, and how it is kept out of texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote_plus

if TYPE_CHECKING:
    from sqlalchemy import URL

_OPTION = re.compile(r"pass|pwd|token|secret|key|credential", re.IGNORECASE)
"""Options of a URL that are secrets, or name files that hold them."""

_KEY_FILES = frozenset({"sslkey", "ssl_key", "passfile"})
"""Those that name files: they may be saved, and are shown nowhere either."""

PASSWORD_OPTIONS = frozenset({"password", "passwd"})
"""Options that are the password itself."""

_SHORT = 4
"""A secret shorter than this is found as a word only, or every text would be torn."""


def secret_options(url: URL) -> dict[str, tuple[str, ...]]:
    """The options of a URL that are secrets, with their values."""
    return {
        name: (value,) if isinstance(value, str) else tuple(value)
        for name, value in url.query.items()
        if _OPTION.search(name)
    }


def unsavable_options(url: URL) -> list[str]:
    """Names of options that are secrets themselves, and so are saved in no file."""
    return sorted(set(secret_options(url)) - _KEY_FILES)


def without_secrets(url: URL) -> URL:
    """The URL as it may be shown."""
    return without_options(url, secret_options(url))


def without_options(url: URL, names: Iterable[str]) -> URL:
    """The URL without its password and some of its options."""
    from sqlalchemy.util import immutabledict

    left = set(url.query) - set(names)
    kept = {name: value for name, value in url.query.items() if name in left}
    # `set(password=None)` would keep the password.
    return url._replace(password=None, query=immutabledict(kept))


def secrets_of(url: URL) -> frozenset[str]:
    """Everything in a URL that may not be shown."""
    options = secret_options(url).values()
    given = [url.password, *(one for each in options for one in each)]
    return frozenset(text for text in given if text)


def hide(text: str, secrets: Iterable[str]) -> str:
    """A text with the secrets blotted out, however they are escaped in it."""
    spelled = {
        form
        for secret in secrets
        for form in (
            secret,
            unquote_plus(secret),
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            repr(secret)[1:-1],
        )
        if form.strip()
    }
    for form in sorted(spelled, key=len, reverse=True):
        found = re.escape(form)
        if len(form) < _SHORT:
            found = rf"(?<!\w){found}(?!\w)"
        text = re.sub(found, "•••", text)
    return text
