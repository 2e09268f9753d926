"""ECS's scale-in protection of the task that this process runs in, by the container agent.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any

PATH = "/task-protection/v1/state"
TIMEOUT_SECONDS = 5.0


class ProtectionError(Exception):
    """The agent did not answer, or refused; the message holds what it said."""


class TaskProtection:
    """`agent_url` is the container's ECS_AGENT_URI."""

    def __init__(self, agent_url: str) -> None:
        self._url = agent_url + PATH

    def take(self, seconds: float) -> float:
        """Protect the task for so long. Returns until when, in seconds since 1970. Raises `ProtectionError`."""
        began = time.time()
        self._put({"ProtectionEnabled": True, "ExpiresInMinutes": int(seconds // 60)})
        return began + seconds

    def give_up(self) -> None:
        """Raises `ProtectionError`."""
        self._put({"ProtectionEnabled": False})

    def _put(self, body: dict[str, Any]) -> None:
        request = urllib.request.Request(
            self._url,
            method="PUT",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                answer: Any = json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise ProtectionError(f"{error.code} {error.read().decode(errors='replace')[:500]}") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ProtectionError(repr(error)) from None
        protection = answer.get("protection") if isinstance(answer, dict) else None
        if not isinstance(protection, dict) or protection.get("ProtectionEnabled") is not body["ProtectionEnabled"]:
            raise ProtectionError(json.dumps(answer))
