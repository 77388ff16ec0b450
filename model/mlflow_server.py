"""An MLflow server, asked through MLflow's own client; what fails becomes one line.

Files are sent and taken through the server itself, from nowhere else, with its address
and identity: where it says that they are is only ever a path there. Redirects are not
followed, and MLflow's own telemetry is off.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from catalog.errors import ColumnistError, RefusedError, UsageError
from model.endpoint import Endpoint
from model.library import Advance
from model.pack import Watched

_FILES = "/api/2.0/mlflow-artifacts/artifacts/"
_PLACE = re.compile(r"mlflow-artifacts:/((?:[A-Za-z0-9_.-]+/)*[A-Za-z0-9_.-]+)")
_PIECE = 1 << 20
_UNKNOWN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
_PATIENCE = {
    # MLflow's own are two minutes a try, and seven tries.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
"""How long the server is waited for, where nobody set it."""
_DEMANDS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_HTTP_REDIRECTS": "false",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",  # it may say a day
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""What has to be set: nobody but the server is asked, and stdout is ours."""
NOTHING = "Nothing here was changed."


class Server:
    """An MLflow server. Making one asks nothing yet.

    Args:
        uri: `http://HOST:PORT`, or https; it may have a path.

    Raises:
        UsageError: it is none, it would get a password readable, or MLflow's client is
            not installed.

    Attributes:
        place: its host and port.
        client: MLflow's client; to be used inside of `asking`.
    """

    def __init__(self, uri: str) -> None:
        try:
            endpoint = Endpoint.at(uri, served="")
        except UsageError:  # its words are about models, and a URI may hold a password
            raise UsageError(
                "The registry has to be the URL of an MLflow server.",
                "Give http://HOST:PORT, or https. User and password go into"
                " MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.",
            ) from None
        self.place = endpoint.place
        uri = uri.rstrip("/")
        os.environ.update(_DEMANDS)
        for name, value in _PATIENCE.items():
            os.environ.setdefault(name, value)
        try:
            from mlflow import MlflowClient  # 2 s, and only with the extra
            from mlflow.utils.credentials import get_default_host_creds
        except ImportError as error:
            raise UsageError(
                f"A registry needs the package {error.name}.",
                "Install columnist[mlflow].",
            ) from error
        for logger in ("mlflow", "urllib3"):
            logging.getLogger(logger).setLevel(logging.CRITICAL)
        self._identity = get_default_host_creds(uri)
        known = (self._identity.password, self._identity.token)
        self._secrets = [each for each in known if each]
        if self._secrets and not endpoint.secure and not endpoint.is_loopback:
            raise UsageError(
                f"The password would go to {endpoint.host} readable by anyone on the"
                " way.",
                "Use https, or unset MLFLOW_TRACKING_PASSWORD and _TOKEN.",
            )
        self.client: Any = MlflowClient(uri, uri)

    @contextmanager
    def asking(self, missing: str = "") -> Generator[None]:
        """Turn what MLflow's client raises into one line.

        Args:
            missing: what it means if the server does not know what is asked for.

        Raises:
            UsageError: the server does not know it.
            ColumnistError: it does not answer, refuses, or answers nonsense.
        """
        import requests
        from google.protobuf.json_format import ParseError
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            reason = error.__context__
            if isinstance(reason, requests.exceptions.RetryError):
                raise self._failing() from None
            if isinstance(reason, requests.exceptions.SSLError):
                raise self._unsafe() from None
            if isinstance(reason, requests.RequestException):
                raise self._away() from None
            if missing and error.error_code in _UNKNOWN:
                raise UsageError(
                    f"{missing} at {self.place}.",
                    "`columnist models versions` lists what there is.",
                ) from None
            raise self._refused(error) from None
        except OSError:
            raise self._away() from None
        except (
            *(ParseError, ValueError, LookupError),
            *(TypeError, AttributeError, RecursionError),
        ):
            raise self._strange() from None

    def _refused(self, error: Any) -> ColumnistError:
        """What the server answered, where it is no answer."""
        status = error.get_http_status_code()
        if status in (401, 403):
            return self._denied()
        if type(error).__name__ != "RestException":  # it was no JSON object
            return self._strange()
        text = str(error.message)
        for secret in self._secrets:
            text = text.replace(secret, "…")
        said = " ".join(text[:200].split())
        return ColumnistError(f"The registry at {self.place} says: {said}", NOTHING)

    def _away(self) -> ColumnistError:
        return ColumnistError(
            f"The registry at {self.place} does not answer.",
            f"Check its address, and whether it runs. {NOTHING}",
        )

    def _unsafe(self) -> ColumnistError:
        return ColumnistError(
            f"There is no safe connection to the registry at {self.place}.",
            "Check its certificate; MLFLOW_TRACKING_SERVER_CERT_PATH names its"
            " authority.",
        )

    def _failing(self) -> ColumnistError:
        return ColumnistError(
            f"The registry at {self.place} answers with errors of its own.",
            f"Its log says which. {NOTHING}",
        )

    def _denied(self) -> ColumnistError:
        return ColumnistError(
            f"The registry at {self.place} refuses who asks.",
            "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or"
            " MLFLOW_TRACKING_TOKEN.",
        )

    def _strange(self) -> ColumnistError:
        return ColumnistError(
            f"{self.place} does not answer as an MLflow server does.",
            f"Check the address of the registry. {NOTHING}",
        )

    # Files

    def path_of(self, uri: str) -> str:
        """Where files are in the server's own store, from what it says of them.

        Raises:
            RefusedError: they are elsewhere.
        """
        found = _PLACE.fullmatch(uri)
        if found is None or {".", ".."} & set(found[1].split("/")):
            raise RefusedError(
                f"The registry at {self.place} keeps its files elsewhere.",
                "Only what the server itself sends is taken: `mlflow server"
                " --serve-artifacts`, its default.",
            )
        return found[1]

    def put(self, path: str, file: Path, advance: Advance) -> None:
        """Send a file.

        Raises:
            ColumnistError: the server does not take it.
        """
        with file.open("rb") as raw, self.asking():
            answer = self._transfer("PUT", path, data=Watched(raw, advance))
        self._demand(answer)

    @contextmanager
    def get(self, path: str) -> Generator[Iterator[bytes]]:
        """The pieces of a file, as they come.

        Raises:
            ColumnistError: the server does not send it, or stops in the middle.
        """
        with self.asking():
            answer = self._transfer("GET", path, stream=True)
        with answer:
            self._demand(answer)
            yield self._pieces(answer)

    def _pieces(self, answer: Any) -> Iterator[bytes]:
        with self.asking():
            # Fewer bytes than were announced are an error there, too.
            yield from answer.iter_content(_PIECE)

    def _transfer(self, method: str, path: str, **more: Any) -> Any:
        """Tried once, as half of it may have gone."""
        from mlflow.utils.rest_utils import http_request

        return http_request(
            self._identity,
            _FILES + path,
            method,
            max_retries=0,
            raise_on_status=False,
            extra_headers={"Accept-Encoding": "identity"},
            **more,
        )

    def _demand(self, answer: Any) -> None:
        if answer.status_code in (401, 403):
            raise self._denied()
        if answer.status_code != 200:
            raise ColumnistError(
                f"The registry at {self.place} answers {answer.status_code} when asked"
                " for the files.",
                f"Its log says why. {NOTHING}",
            )
