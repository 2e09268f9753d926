"""Makes `openapi_operations.json.gz` and `schemas_webhooks.json.gz`: GitHub's published descriptions of what Farflow uses.

    npm pack @octokit/openapi@23.0.2 @octokit/webhooks-schemas@7.6.1
    python tests/data/github/extract_schemas.py octokit-openapi-23.0.2.tgz octokit-webhooks-schemas-7.6.1.tgz

Both packages are MIT (`openapi_LICENSE`). Of them remain the operations and events below with all that they refer to,
without prose and examples; OpenAPI's `nullable` is put as JSON Schema has it.
"""

from __future__ import annotations

import gzip
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
REPOSITORY = "/repos/{owner}/{repo}"
HOOK = f"{REPOSITORY}/hooks/{{hook_id}}/deliveries"

OPERATIONS = (
    ("get", "/rate_limit"),
    ("get", "/app"),
    ("get", "/app/hook/deliveries"),
    ("get", "/app/hook/deliveries/{delivery_id}"),
    ("post", "/app/hook/deliveries/{delivery_id}/attempts"),
    ("post", "/app/installations/{installation_id}/access_tokens"),
    ("get", REPOSITORY),
    ("get", f"{REPOSITORY}/branches/{{branch}}"),
    ("get", f"{REPOSITORY}/commits/{{ref}}"),
    ("get", f"{REPOSITORY}/commits/{{ref}}/check-runs"),
    ("get", f"{REPOSITORY}/commits/{{ref}}/status"),
    ("get", f"{REPOSITORY}/commits/{{ref}}/statuses"),
    ("get", f"{REPOSITORY}/git/blobs/{{file_sha}}"),
    ("get", f"{REPOSITORY}/git/commits/{{commit_sha}}"),
    ("get", f"{REPOSITORY}/git/ref/{{ref}}"),
    ("get", f"{REPOSITORY}/git/trees/{{tree_sha}}"),
    ("get", f"{REPOSITORY}/tarball/{{ref}}"),
    ("get", HOOK),
    ("get", f"{HOOK}/{{delivery_id}}"),
    ("post", f"{HOOK}/{{delivery_id}}/attempts"),
    ("get", f"{REPOSITORY}/installation"),
    ("get", f"{REPOSITORY}/pulls/{{pull_number}}"),
    ("post", f"{REPOSITORY}/check-runs"),
    ("get", f"{REPOSITORY}/check-runs/{{check_run_id}}"),
    ("patch", f"{REPOSITORY}/check-runs/{{check_run_id}}"),
    ("get", f"{REPOSITORY}/check-runs/{{check_run_id}}/annotations"),
    ("post", f"{REPOSITORY}/statuses/{{sha}}"),
)
EVENTS = (
    "push$event",
    "ping$event",
    "check_run$rerequested",
    "check_suite$rerequested",
    "pull_request$opened",
    "pull_request$reopened",
    "pull_request$synchronize",
)
PROSE = {"description", "example", "examples", "title", "summary", "externalDocs", "tsAdditionalProperties"}


def member(tarball: str, name: str) -> bytes:
    with tarfile.open(tarball) as archive:
        found = archive.extractfile(f"package/{name}")
        if found is None:
            raise SystemExit(f"{tarball} has no {name}")
        return found.read()


def schema(value: Any, *, names: bool = False) -> Any:
    """`value` without prose and `nullable`; `names` says that its keys are properties' names."""
    if isinstance(value, list):
        return [schema(each) for each in value]
    if not isinstance(value, dict):
        return value
    if names:
        return {key: schema(each) for key, each in value.items()}
    kept = {
        key: schema(each, names=key == "properties")
        for key, each in value.items()
        if key not in PROSE | {"nullable", "enum", "default", "const"} and not key.startswith("x-")
    }
    kept |= {key: value[key] for key in ("enum", "const") if key in value}
    return {"anyOf": [kept, {"type": "null"}]} if value.get("nullable") else kept


def references(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
    return own.union(*map(references, value.values()))


def resolved(document: dict[str, Any], reference: str) -> Any:
    for name in reference.removeprefix("#/").split("/"):
        document = document[name]
    return document


def closure(document: dict[str, Any], wanted: Any) -> dict[str, Any]:
    """Every schema that `wanted` refers to, by reference."""
    found: dict[str, Any] = {}
    left = references(wanted)
    while left:
        reference = left.pop()
        found[reference] = schema(resolved(document, reference))
        left |= references(found[reference]) - set(found)
    return found


def nested(found: dict[str, Any]) -> dict[str, Any]:
    """As one document again, so that the references hold."""
    document: dict[str, Any] = {}
    for reference, value in sorted(found.items()):
        *path, last = reference.removeprefix("#/").split("/")
        place = document
        for name in path:
            place = place.setdefault(name, {})
        place[last] = value
    return document


def json_schema(response: dict[str, Any]) -> Any:
    return schema(response.get("content", {}).get("application/json", {}).get("schema", {}))


def operations(document: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {}
    for method, path in OPERATIONS:
        operation = document["paths"][path][method]
        answers = {
            status: json_schema(resolved(document, each["$ref"]) if "$ref" in each else each)
            for status, each in operation["responses"].items()
        }
        request = schema(operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema"))
        described[f"{method.upper()} {path}"] = {"answers": answers, "request": request}
    return described


def write(name: str, document: dict[str, Any]) -> None:
    content = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    (FOLDER / name).write_bytes(gzip.compress(content, 9, mtime=0))


def main() -> None:
    openapi, webhooks = sys.argv[1:]
    document = json.loads(member(openapi, "generated/api.github.com.json"))
    described = operations(document)
    source = {"package": "@octokit/openapi", "version": document["info"]["version"], "license": "MIT"}
    components = nested(closure(document, described))
    write("openapi_operations.json.gz", {"source": source, "operations": described, **components})
    events = json.loads(member(webhooks, "schema.json"))
    version = json.loads(member(webhooks, "package.json"))["version"]
    roots = {name: schema(events["definitions"][name]) for name in EVENTS}
    definitions = nested(closure(events, roots)).get("definitions", {}) | roots
    source = {"package": "@octokit/webhooks-schemas", "version": version, "license": "MIT"}
    write("schemas_webhooks.json.gz", {"source": source, "definitions": definitions})
    (FOLDER / "openapi_LICENSE").write_bytes(member(openapi, "LICENSE"))


if __name__ == "__main__":
    main()
