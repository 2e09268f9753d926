"""Sends events to the hook that is set, and keeps every delivery, to be listed and sent again.

Sources: https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers,
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries and
https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from local.github import identity
from local.github.faults import Faults
from local.github.store import Store

MOST_BYTES = 25 * 1024 * 1024
KEPT_ANSWER_BYTES = 64 * 1024
SENDERS = 4
FAILED_TO_CONNECT = (502, "failed to connect to host")
TIMED_OUT = (504, "timed out")
"""What a delivery shows in place of the receiver's answer, as GitHub's own pages have it."""


class Webhooks:
    """The one hook. Events go out in threads: the next one does not wait for a slow receiver's answer."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="webhook")

    @property
    def hook(self) -> dict[str, Any] | None:
        """`url`, `secret`, `events`, `type` (App or Repository), `created_at`; None before it is set."""
        hook: dict[str, Any] | None = self._store.setting("hook")
        return hook

    def send(self, event: str, payload: Mapping[str, Any]) -> str | None:
        """Send an event; the GUID of its delivery, or None when there is none.

        There is none without a hook, for an event that it does not want, and for more than 25 MB.
        """
        hook = self.hook
        if hook is None or (event != "ping" and not {event, "*"} & set(hook["events"])):
            return None
        installed = {"installation": {"id": identity.INSTALLATION_ID, "node_id": identity.node_id("I", "1")}}
        if event == "ping" or hook["type"] != "App":
            installed = {}
        content = json.dumps({**payload, **installed}, separators=(",", ":"))
        if len(content.encode()) > MOST_BYTES or self._faults.take("lose_webhooks"):
            return None
        guid = str(uuid.uuid4())
        self._store.add("payload", {"event": event, "content": content}, parent=guid)
        self._start(guid, redelivery=False)
        return guid

    def redeliver(self, delivery_id: int) -> bool:
        """Send the event of a delivery again, under the same GUID; False when there is no such delivery."""
        delivery = self._store.get("delivery", delivery_id)
        if delivery is None or self.hook is None:
            return False
        self._start(delivery["guid"], redelivery=True)
        return True

    def deliveries(self) -> list[dict[str, Any]]:
        """Each attempt, the newest first."""
        return self._store.listed("delivery")[::-1]

    def payload(self, guid: str) -> Any:
        """What was sent, as JSON."""
        return json.loads(self._store.listed("payload", guid)[0]["content"])

    def _start(self, guid: str, *, redelivery: bool) -> None:
        """Asking for the result is what puts an attempt's own error into the log."""
        self._senders.submit(self._attempt, guid, redelivery=redelivery).add_done_callback(Future.result)

    def _attempt(self, guid: str, *, redelivery: bool) -> None:
        hook = self.hook
        sent = self._store.listed("payload", guid)[0]
        if hook is None:
            return
        time.sleep(self._faults.webhook_delay_seconds)
        body = sent["content"].encode()
        headers = _headers(hook, sent["event"], guid, body)
        begun = time.monotonic()
        delivered_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self._faults.take("fail_webhooks"):
            status_code, status = FAILED_TO_CONNECT
            answer: dict[str, Any] = {"headers": {}, "payload": ""}
        else:
            status_code, status, answer = _post(hook["url"], headers, body, self._faults.webhook_timeout_seconds)
        self._store.add(
            "delivery",
            {
                "guid": guid,
                "delivered_at": delivered_at,
                "redelivery": redelivery,
                "duration": round(time.monotonic() - begun, 2),
                "status": status,
                "status_code": status_code,
                "event": sent["event"],
                "action": json.loads(sent["content"]).get("action"),
                "installation_id": identity.INSTALLATION_ID if hook["type"] == "App" else None,
                "repository_id": identity.REPOSITORY_ID,
                "url": hook["url"],
                "request_headers": headers,
                "response": answer,
            },
        )


def _headers(hook: Mapping[str, Any], event: str, guid: str, body: bytes) -> dict[str, str]:
    secret = hook["secret"].encode()
    signatures = {
        "X-Hub-Signature": f"sha1={hmac.new(secret, body, hashlib.sha1).hexdigest()}",
        "X-Hub-Signature-256": f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}",
    }
    app = hook["type"] == "App"
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": f"GitHub-Hookshot/{hashlib.sha256(b'local').hexdigest()[:7]}",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": str(identity.HOOK_ID),
        "X-GitHub-Hook-Installation-Target-ID": str(identity.APP_ID if app else identity.REPOSITORY_ID),
        "X-GitHub-Hook-Installation-Target-Type": "integration" if app else "repository",
        **(signatures if secret else {}),
    }


def _post(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> tuple[int, str, dict[str, Any]]:
    """Status code, status and answer. A redirect is an answer like others: it is not followed."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request(
            "POST", f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}", body, dict(headers)
        )
        response = connection.getresponse()
        content = response.read(KEPT_ANSWER_BYTES).decode(errors="replace")
    except TimeoutError:
        return (*TIMED_OUT, {"headers": {}, "payload": ""})
    except (OSError, http.client.HTTPException):
        return (*FAILED_TO_CONNECT, {"headers": {}, "payload": ""})
    finally:
        connection.close()
    status = "OK" if 200 <= response.status < 300 else f"Invalid HTTP Response: {response.status}"
    return response.status, status, {"headers": dict(response.getheaders()), "payload": content}
