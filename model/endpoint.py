"""An OpenAI-compatible endpoint: where it is, and what asks it.

Redirects are not followed and proxies not used, so questions reach no other host than
the one that was named. The key comes from the environment and is kept nowhere.
"""

from __future__ import annotations

import ipaddress
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from catalog.errors import ColumnistError, UsageError

if TYPE_CHECKING:
    # At run time where it is needed: it takes 60 ms.
    import httpx

LONGEST_ANSWER = 1 << 22
"""Bytes of an answer that are read."""
SECONDS = 300.0
"""How long an answer may take that is longer than a description."""
GOES_ON = "What is done is saved; start again to go on."


def is_address(text: str) -> bool:
    """Whether a text is meant as the URL of an endpoint."""
    return re.match(r"https?://", text, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where questions go."""

    host: str
    """Name or address."""
    port: int
    """Its port."""
    secure: bool
    """Whether TLS is used."""
    path: str
    """What comes before `/chat/completions`."""
    served: str
    """The model's name there."""
    key: str | None = field(default=None, repr=False)
    """Sent as a bearer token."""

    @classmethod
    def at(cls, url: str, *, served: str, key: str | None = None) -> Endpoint:
        """The endpoint of a URL such as `http://127.0.0.1:8080/v1`.

        Raises:
            UsageError: it is none, or would send the key readable over a network.
        """
        import httpx

        hint = "An endpoint is http://HOST:PORT/v1, or https."
        try:
            httpx.URL(url)
            parts = urlsplit(url)
            port = parts.port
            (parts.hostname or "").encode("idna")
        except (ValueError, httpx.InvalidURL):
            raise UsageError(f"{url[:200]} is no URL.", hint) from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{url[:200]} is no endpoint.", hint)
        if parts.fragment:
            raise UsageError(
                "An endpoint's URL has no # here.", "Name the model with --served."
            )
        if parts.username or parts.password or parts.query:
            raise UsageError(
                "An endpoint's URL has neither a user nor a query.",
                "Put the key into COLUMNIST_API_KEY.",
            )
        hostname = re.fullmatch(r"[^\x00-\x20\x7f]+", parts.hostname)
        if not hostname or not re.fullmatch(r"[!-~]*", parts.path):
            raise UsageError(f"{url[:200]} is no endpoint.", hint)
        secure = parts.scheme == "https"
        found = cls(
            parts.hostname,
            port or (443 if secure else 80),
            secure,
            parts.path.rstrip("/") or "/v1",
            served,
            (key or "").strip() or None,
        )
        # What cannot be sent would be repeated in the error of the library.
        if found.key and not re.fullmatch(r"[!-~]+", found.key):
            raise UsageError(
                "The key has characters that no key has.", "Correct COLUMNIST_API_KEY."
            )
        if found.key and not secure and not found.is_loopback:
            raise UsageError(
                f"The key would go to {found.host} readable by anyone on the way.",
                "Use https, or unset COLUMNIST_API_KEY.",
            )
        return found

    @property
    def place(self) -> str:
        """Host and port, as in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Its address, without the key and the model's name."""
        return f"{'https' if self.secure else 'http'}://{self.place}{self.path}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, told without looking its name up."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def client(self, *, connect_seconds: float, answer_seconds: float) -> httpx.Client:
        """What asks it, with the key: for many threads, each step so long at most."""
        import ssl
        from http.cookiejar import CookieJar, DefaultCookiePolicy

        import httpx

        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",  # nothing that grows as it is unpacked
            "User-Agent": "columnist",
        }
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        return httpx.Client(
            base_url=self.url,
            headers=headers,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # none is kept
            # The system's authorities, or those of SSL_CERT_FILE.
            verify=self.secure and ssl.create_default_context(),
            timeout=httpx.Timeout(answer_seconds, connect=connect_seconds, pool=None),
            # Servers know best how long a connection is kept.
            limits=httpx.Limits(keepalive_expiry=None),
            follow_redirects=False,
            trust_env=False,
        )

    def said(self, data: bytes) -> str:
        """The beginning of what it said with an error; a key that it repeats left out.

        On one line, else as it came.
        """
        text = data[:LONGEST_ANSWER].decode("utf-8", "replace")
        if self.key:
            text = text.replace(self.key, "…")
        return " ".join(text[:200].split())

    def refused(self, status: int, data: bytes) -> ColumnistError:
        """What an answer that is none comes to."""
        hint = "Check the URL, which mostly ends in /v1, and the model's name there."
        if status in (401, 403):
            hint = "Put the endpoint's key into COLUMNIST_API_KEY."
        elif status == 429 or status >= 500:
            hint = f"Try again later. {GOES_ON}"
        elif 300 <= status < 400:
            hint = "It wants to send us elsewhere, and we do not go; give that URL."
        return ColumnistError(
            f"{self.place} answered {status}: {self.said(data)}", hint
        )

    def strange(self) -> ColumnistError:
        """What an answer in another form comes to."""
        return ColumnistError(
            f"{self.place} did not answer as OpenAI's API does.",
            "Check the URL; it mostly ends in /v1.",
        )


def read(response: httpx.Response, *, seconds: float) -> bytes:
    """The body: all of it, or more than `LONGEST_ANSWER` bytes of a longer one.

    Raises:
        httpx.TransportError: it was cut off, or took longer, counted from now.
    """
    import httpx

    until = time.monotonic() + seconds
    data = bytearray()
    for piece in response.iter_raw():
        data += piece
        if len(data) > LONGEST_ANSWER:
            break
        if time.monotonic() > until:
            raise httpx.ReadTimeout("timed out")
    return bytes(data)
