"""Airflow's public REST API, as a user's script would call it: through the load balancer, with a token.

Source: https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

from local import aws, layout
from local.errors import LocalStackError

REQUEST_SECONDS = 30
PAGE = 100


class AirflowApiError(LocalStackError):
    """The API refused a request or did not answer; the message holds what it said."""

    def __init__(self, message: str) -> None:
        super().__init__(message, service="ui")


def quoted(part: str) -> str:
    return urllib.parse.quote(part, safe="")


class AirflowApi:
    """Everything is JSON as the API documents it."""

    def __init__(self, stack: layout.Stack) -> None:
        # The name below localhost resolves in browsers, not everywhere: the Host header does it too.
        self._address = stack.aws_url
        self._host = urllib.parse.urlsplit(aws.ui_url(stack)).netloc
        secret = aws.client(stack, "secretsmanager").get_secret_value(
            SecretId=aws.outputs(stack)["AdministratorSecretArn"]
        )
        self._credentials = json.loads(secret["SecretString"])
        self._token: str | None = None

    def health(self) -> Any:
        """What each component says of itself; needs no token."""
        return self._request("GET", "/api/v2/monitor/health")

    def get(self, path: str, **parameters: str | int) -> Any:
        query = urllib.parse.urlencode(parameters)
        return self._authorized("GET", f"/api/v2/{path}?{query}" if query else f"/api/v2/{path}")

    def pages(self, path: str, collection: str, **parameters: str | int) -> Iterator[Any]:
        """Every item of a paged collection."""
        offset = 0
        while True:
            answer = self.get(path, limit=PAGE, offset=offset, **parameters)
            yield from answer[collection]
            offset += PAGE
            if offset >= answer["total_entries"]:
                return

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._authorized("POST", f"/api/v2/{path}", body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._authorized("PATCH", f"/api/v2/{path}", body)

    def _authorized(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        if self._token is None:
            self._token = self._request("POST", "/auth/token", self._credentials)["access_token"]
        return self._request(method, path, body)

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {"Host": self._host, "Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(
            self._address + path,
            method=method,
            headers=headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise AirflowApiError(
                f"{method} {path}: {error.code} {error.read().decode(errors='replace')[:500]}"
            ) from None
        except (urllib.error.URLError, OSError, json.JSONDecodeError) as error:
            raise AirflowApiError(f"{method} {path}: {error}") from None
