"""An OpenAI-compatible endpoint, asked with the standard library alone.

Redirects are not followed and proxies not used, so questions reach no other host than
the one that was named. The key comes from the environment and is kept nowhere.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from catalog.errors import ColumnistError, UsageError

LONGEST_ANSWER = 1 << 22
"""Bytes of an answer that are read."""
SECONDS = 300.0
"""How long an answer may take."""


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
        hint = "An endpoint is http://HOST:PORT/v1, or https."
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise UsageError(f"{url[:200]} is no URL.", hint) from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{url[:200]} is no endpoint.", hint)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise UsageError(
                "An endpoint's URL has neither a user nor a query.",
                "Put the key into COLUMNIST_API_KEY.",
            )
        secure = parts.scheme == "https"
        found = cls(
            parts.hostname,
            port or (443 if secure else 80),
            secure,
            parts.path.rstrip("/") or "/v1",
            served,
            key,
        )
        if key and not secure and not found.is_loopback:
            raise UsageError(
                f"The key would go to {found.host} readable by anyone on the way.",
                "Use https, or unset COLUMNIST_API_KEY.",
            )
        return found

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, told without looking its name up."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def ask(self, content: str, *, temperature: float, limit: int) -> str:
        """The answer to one user turn.

        Raises:
            ColumnistError: there was none.
        """
        body = {
            "model": self.served,
            "messages": [{"role": "user", "content": content}],
            "temperature": temperature,
            "max_tokens": limit,
        }
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        kind = (
            http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        )
        connection = kind(self.host, self.port, timeout=SECONDS)
        try:
            connection.request(
                "POST", f"{self.path}/chat/completions", json.dumps(body), headers
            )
            response = connection.getresponse()
            data = response.read(LONGEST_ANSWER + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ColumnistError(
                f"{self.host}:{self.port} gave no answer:"
                f" {error or type(error).__name__}.",
                "Is it running? Votes so far are saved; start again to go on.",
            ) from error
        finally:
            connection.close()
        if response.status != 200:
            said = data[:200].decode("utf-8", "replace")
            hint = "Check the URL; it mostly ends in /v1."
            if response.status in (401, 403):
                hint = "Put the endpoint's key into COLUMNIST_API_KEY."
            elif response.status == 429 or response.status >= 500:
                hint = "Try again later; votes so far are saved."
            raise ColumnistError(
                f"{self.host}:{self.port} answered {response.status}: {said}", hint
            )
        return self._content(data)

    def _content(self, data: bytes) -> str:
        try:
            content = json.loads(data)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError):
            content = False
        if content is None:
            return ""
        if not isinstance(content, str) or len(data) > LONGEST_ANSWER:
            raise ColumnistError(
                f"{self.host}:{self.port} did not answer as OpenAI's API does.",
                "Check the URL; it mostly ends in /v1.",
            )
        return content
