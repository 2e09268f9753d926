"""As much of GitHub's REST API as the push gate calls, over a real git repository, held to GitHub's own description.

Every request's body and every answer is validated against the OpenAPI description that GitHub publishes.
"""

from __future__ import annotations

import base64
import copy
import json
import lzma
import re
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema

DATA = Path(__file__).parents[2] / "data" / "github" / "rest_api.json.xz"
REPOSITORY_ID = 186853002
BASE = f"/repositories/{REPOSITORY_ID}"
REPO = "/repos/{owner}/{repo}"

Answer = tuple[int, dict[str, str], Any]


@cache
def description() -> dict[str, Any]:
    """OpenAPI 3.0 as JSON Schema: what may be null is so."""

    def converted(value: Any) -> Any:
        if isinstance(value, list):
            return [converted(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        found = {key: converted(entry) for key, entry in value.items()}
        return {"anyOf": [found, {"type": "null"}]} if found.pop("nullable", None) is True else found

    found = json.loads(lzma.decompress(DATA.read_bytes()))
    return {
        "components": converted(found["components"]),
        "operations": {
            name: {"example": operation["example"]}
            | converted({key: operation[key] for key in ("request", "response")})
            for name, operation in found["operations"].items()
        },
    }


def validate(value: Any, operation: str, side: str) -> None:
    schema = {"components": description()["components"], "allOf": [description()["operations"][operation][side]]}
    jsonschema.validate(value, schema)


def example(operation: str, **fields: Any) -> dict[str, Any]:
    return copy.deepcopy(description()["operations"][operation]["example"]) | fields


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class FakeGitHub:
    """`faults` are answered first, one a request: an answer, a function of the request, or None for none at all."""

    folder: Path
    requests: list[Request] = field(default_factory=list)
    faults: list[Answer | Callable[[Request], Answer | None] | None] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    check_runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    alter: Callable[[str, Any], Any] | None = None
    """Changes answers: (operation, body) -> body."""

    def git(self, *arguments: str, **options: Any) -> bytes:
        return subprocess.run(
            ["git", "-C", str(self.folder), *arguments], capture_output=True, check=True, **options
        ).stdout

    def commit(self, files: dict[str, bytes | None], *, links: dict[str, str] | None = None) -> str:
        """A commit of exactly these files on the branch main; None is a submodule."""
        self.git("read-tree", "--empty")
        for path, content in files.items():
            if content is None:
                self.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{path}")
            else:
                sha = self.git("hash-object", "-w", "--stdin", input=content).decode().strip()
                self.git("update-index", "--add", "--cacheinfo", f"100644,{sha},{path}")
        for path, target in (links or {}).items():
            sha = self.git("hash-object", "-w", "--stdin", input=target.encode()).decode().strip()
            self.git("update-index", "--add", "--cacheinfo", f"120000,{sha},{path}")
        tree = self.git("write-tree").decode().strip()
        commit = self.git("commit-tree", tree, "-m", "x").decode().strip()
        self.git("update-ref", "refs/heads/main", commit)
        return commit

    def start(self) -> None:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5

            def serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                content = self.rfile.read(length)
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, json.loads(content) if content else None)
                fake.requests.append(request)
                answer = fake.answer(request)
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, body = answer
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = serve  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def answer(self, request: Request) -> Answer | None:
        if self.faults:
            fault = self.faults.pop(0)
            found = fault(request) if callable(fault) else fault
            if found is None or found[0] != 0:  # status 0: as if there were no fault
                return found
        try:
            return self.regular_answer(request)
        except jsonschema.ValidationError as error:
            self.mistakes.append(f"{request.method} {request.path}: {error.message}")
            return 422, {}, {"message": "Validation Failed"}

    def regular_answer(self, request: Request) -> Answer:
        path, _, query = request.path.partition("?")
        for method, pattern, operation, make in self.routes():
            found = re.fullmatch(pattern, path)
            if method != request.method or found is None:
                continue
            name = f"{method} {operation}"
            if request.body is not None:
                validate(request.body, name, "request")
            made = make(
                *found.groups(), *([request.body] if request.body is not None else []), *([query] if query else [])
            )
            if made is None:
                return 404, {}, {"message": "Not Found", "status": "404"}
            validate(made, name, "response")
            if self.alter:
                made = self.alter(operation, made)
            return (201 if method == "POST" else 200), {}, made
        self.mistakes.append(f"{request.method} {request.path} is not documented")
        return 404, {}, {"message": "Not Found"}

    def routes(self) -> list[tuple[str, str, str, Callable[..., Any]]]:
        return [
            ("GET", f"{BASE}/git/commits/(\\w+)", f"{REPO}/git/commits/{{commit_sha}}", self.git_commit),
            ("GET", f"{BASE}/git/trees/(\\w+)", f"{REPO}/git/trees/{{tree_sha}}", self.git_tree),
            ("GET", f"{BASE}/git/blobs/(\\w+)", f"{REPO}/git/blobs/{{file_sha}}", self.git_blob),
            ("GET", f"{BASE}/git/ref/(.+)", f"{REPO}/git/ref/{{ref}}", self.git_ref),
            ("GET", f"{BASE}/commits/(\\w+)/check-runs", f"{REPO}/commits/{{ref}}/check-runs", self.list_check_runs),
            ("POST", f"{BASE}/check-runs", f"{REPO}/check-runs", self.create_check_run),
            ("PATCH", f"{BASE}/check-runs/(\\d+)", f"{REPO}/check-runs/{{check_run_id}}", self.update_check_run),
            ("POST", f"{BASE}/statuses/(\\w+)", f"{REPO}/statuses/{{sha}}", self.create_status),
            ("GET", "/repos/[^/]+/[^/]+", REPO, self.repository),
            ("GET", "/repos/[^/]+/[^/]+/installation", f"{REPO}/installation", self.installation),
        ]

    def repository(self) -> Any:
        found = example(f"GET {REPO}", id=REPOSITORY_ID, language="Python")
        found["source"]["language"] = "Python"  # required, and missing in GitHub's own example
        return found

    def installation(self) -> Any:
        return example(f"GET {REPO}/installation", id=957387)

    def has(self, sha: str, kind: str) -> bool:
        try:
            return self.git("cat-file", "-t", sha).decode().strip() == kind
        except subprocess.CalledProcessError:
            return False

    def git_commit(self, sha: str) -> Any:
        if not self.has(sha, "commit"):
            return None
        tree = self.git("rev-parse", f"{sha}^{{tree}}").decode().strip()
        found = example(f"GET {REPO}/git/commits/{{commit_sha}}", sha=sha)
        return found | {"tree": found["tree"] | {"sha": tree}}

    def git_tree(self, sha: str, query: str = "") -> Any:
        if not self.has(sha, "tree"):
            return None
        recursive = ["-r", "-t"] if "recursive=1" in query else []
        lines = self.git("ls-tree", "-l", "-z", *recursive, sha).decode(errors="replace").split("\0")
        entries = []
        for line in filter(None, lines):
            head, path = line.split("\t", 1)
            mode, kind, entry, size = head.split()
            sized = {"size": int(size)} if kind == "blob" else {}
            entries.append(
                {"path": path, "mode": mode, "type": kind, "sha": entry, "url": "http://169.254.169.254/", **sized}
            )
        return {"sha": sha, "url": "http://169.254.169.254/", "tree": entries, "truncated": False}

    def git_blob(self, sha: str) -> Any:
        if not self.has(sha, "blob"):
            return None
        content = self.git("cat-file", "blob", sha)
        return example(
            f"GET {REPO}/git/blobs/{{file_sha}}",
            sha=sha,
            size=len(content),
            encoding="base64",
            content=base64.encodebytes(content).decode(),
        )

    def git_ref(self, ref: str) -> Any:
        try:
            sha = self.git("rev-parse", "--verify", f"refs/{ref}").decode().strip()
        except subprocess.CalledProcessError:
            return None
        found = example(f"GET {REPO}/git/ref/{{ref}}", ref=f"refs/{ref}")
        return found | {"object": found["object"] | {"sha": sha, "type": "commit"}}

    def list_check_runs(self, commit: str, query: str) -> Any:
        parameters = dict(part.split("=") for part in query.split("&"))
        runs = [run for run in self.check_runs.values() if run["head_sha"] == commit]
        size, page = int(parameters["per_page"]), int(parameters["page"])
        return {"total_count": len(runs), "check_runs": runs[(page - 1) * size : page * size]}

    def create_check_run(self, body: dict[str, Any]) -> Any:
        number = len(self.check_runs) + 1
        run = example(f"POST {REPO}/check-runs", id=number, conclusion=None, completed_at=None)
        run["output"] |= {"title": None, "summary": None, "text": None, "annotations_count": 0}
        self.check_runs[number] = run | {"annotations": []}
        return self.update_check_run(str(number), body)

    def update_check_run(self, number: str, body: dict[str, Any]) -> Any:
        run = self.check_runs[int(number)]
        output = dict(body.get("output", {}))
        run["annotations"] += output.pop("annotations", [])
        run |= {key: value for key, value in body.items() if key != "output"}
        run["output"] |= output | {"annotations_count": len(run["annotations"])}
        return run

    def create_status(self, commit: str, body: dict[str, Any]) -> Any:
        status = example(f"POST {REPO}/statuses/{{sha}}") | body
        self.statuses.append({"sha": commit, **body})
        return status
