"""The page of a commit: the verdicts on it, for a person. `/OWNER/NAME/commit/SHA`, and `?format=text` for a terminal."""

from __future__ import annotations

import html
import re
from typing import Any

from local.github.exchange import Answer, Request
from local.github.rest import statuses
from local.github.site import Site

PAGE = re.compile(r"/(?P<full_name>[^/]+/[^/]+)/commit/(?P<name>.+)")
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
pre{white-space:pre-wrap;background:#f6f8fa;padding:1rem}.success{color:#1a7f37}.failure,.error{color:#cf222e}
li{margin:.4rem 0}code{background:#f6f8fa}"""


def is_page(path: str) -> bool:
    return PAGE.fullmatch(path) is not None and not path.startswith(("/repos/", "/repositories/"))


def answer(site: Site, request: Request) -> Answer:
    found = PAGE.fullmatch(request.path)
    sha = site.repository.commit_sha(found["name"]) if found else None
    if found is None or found["full_name"].lower() != site.full_name.lower() or sha is None:
        return Answer(404, b"There is no such commit.\n", {"content-type": "text/plain; charset=utf-8"})
    runs = [
        {**run, "annotations": site.store.listed("annotation", str(run["id"]))}
        for run in {run["name"]: run for run in site.store.listed("check_run", sha)}.values()
    ]
    commit = site.repository.commits([sha], most=1)[0]
    subject = commit.message.partition("\n")[0]
    byline = f"{commit.author.name}, {commit.author.date}"
    if request.parameters.get("format") == "text":
        text = _text(f"{site.full_name} {sha[:12]} {subject}", byline, runs, statuses.latest(site, sha))
        return Answer(200, text.encode(), {"content-type": "text/plain; charset=utf-8"})
    page = _html(f"{subject} · {site.full_name}@{sha[:12]}", byline, runs, statuses.latest(site, sha))
    return Answer(200, page.encode(), {"content-type": "text/html; charset=utf-8"})


def _place(annotation: dict[str, Any]) -> str:
    return f"{annotation['path']}:{annotation['start_line']}"


def _verdict(run: dict[str, Any]) -> str:
    return str(run["conclusion"] or run["status"])


def _text(title: str, byline: str, runs: list[dict[str, Any]], found: list[dict[str, Any]]) -> str:
    lines = [title, byline]
    for run in runs:
        lines += ["", f"{_verdict(run).upper()}  {run['name']}: {run['title'] or ''}".rstrip(": ")]
        lines += [f"  {line}" for line in (run["summary"] or "").splitlines()]
        for each in run["annotations"]:
            heading = f"{each['title']}: " if each.get("title") else ""
            told = f"{_place(each)}  {each['annotation_level']}  {heading}{each['message']}"
            lines += [f"  {line}" for line in told.replace("\n", "\n  ").splitlines()]
    for status in found:
        lines += ["", f"{status['state'].upper()}  {status['context']}: {status['description'] or ''}".rstrip(": ")]
    if not runs and not found:
        lines += ["", "No verdict yet."]
    return "".join(f"{_printable(line)}\n" for line in lines)


def _printable(line: str) -> str:
    """A terminal must not take what somebody wrote into a DAG for its own commands."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line)


def _html(title: str, byline: str, runs: list[dict[str, Any]], found: list[dict[str, Any]]) -> str:
    quote = html.escape
    parts = [f"<h1>{quote(title)}</h1><p>{quote(byline)}</p>"]
    for run in runs:
        verdict = quote(_verdict(run))
        parts.append(f'<h2 id="check-{run["id"]}"><span class="{verdict}">{verdict}</span> {quote(run["name"])}</h2>')
        parts.append(f"<p><b>{quote(run['title'] or '')}</b></p>")
        parts += [f"<pre>{quote(run[name])}</pre>" for name in ("summary", "text") if run[name]]
        parts.append("<ul>")
        for each in run["annotations"]:
            heading = f"<b>{quote(each['title'])}</b> " if each.get("title") else ""
            level = quote(each["annotation_level"])
            parts.append(
                f'<li><code>{quote(_place(each))}</code> <span class="{level}">{level}</span> {heading}'
                f"{quote(each['message'])}</li>"
            )
        parts.append("</ul>")
    for status in found:
        state, description = quote(status["state"]), quote(status["description"] or "")
        parts.append(f'<h2><span class="{state}">{state}</span> {quote(status["context"])}</h2><p>{description}</p>')
    if not runs and not found:
        parts.append("<p>No verdict yet.</p>")
    head = f'<meta charset="utf-8"><title>{quote(title)}</title><style>{STYLE}</style>'
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>"
