"""What the local GitHub remembers over a restart: JSON documents in SQLite."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

FIRST_ID = 61_000_000_001
"""GitHub's ids have outgrown 32 bits: who keeps one in such a field must see it here."""

TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS document (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, parent TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS document_parent ON document (kind, parent);
"""


class Store:
    """Settings by name; documents by kind, id and what they belong to. Safe for threads; a kill loses no written one."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.executescript(TABLES)
        self._connection.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'document', ? "
            "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'document')",
            (FIRST_ID - 1,),
        )

    def setting(self, name: str) -> Any:
        """None when it was never set."""
        rows = self._run("SELECT body FROM setting WHERE name = ?", name)
        return json.loads(rows[0][0]) if rows else None

    def set(self, name: str, body: Any) -> None:
        self._run("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, json.dumps(body))

    def add(self, kind: str, body: dict[str, Any], *, parent: str = "") -> int:
        """The new document's id."""
        return self.add_all(kind, [body], parent=parent)[0]

    def add_all(self, kind: str, bodies: list[dict[str, Any]], *, parent: str = "") -> list[int]:
        """The new documents' ids."""
        statement = "INSERT INTO document (kind, parent, body) VALUES (?, ?, ?) RETURNING id"
        return [self._run(statement, kind, parent, json.dumps(body))[0][0] for body in bodies]

    def get(self, kind: str, document_id: int) -> dict[str, Any] | None:
        """With its `id`; None when there is none."""
        rows = self._run("SELECT id, body FROM document WHERE kind = ? AND id = ?", kind, document_id)
        return _document(rows[0]) if rows else None

    def listed(self, kind: str, parent: str = "") -> list[dict[str, Any]]:
        """Each with its `id`, the oldest first."""
        rows = self._run("SELECT id, body FROM document WHERE kind = ? AND parent = ? ORDER BY id", kind, parent)
        return [_document(row) for row in rows]

    def count(self, kind: str, parent: str) -> int:
        return int(self._run("SELECT count(*) FROM document WHERE kind = ? AND parent = ?", kind, parent)[0][0])

    def replace(self, kind: str, document: dict[str, Any]) -> None:
        """Write what `get` or `listed` gave, changed."""
        body = {name: value for name, value in document.items() if name != "id"}
        self._run("UPDATE document SET body = ? WHERE kind = ? AND id = ?", json.dumps(body), kind, document["id"])

    def _run(self, statement: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _document(row: tuple[int, str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(row[1])
    return document | {"id": row[0]}
