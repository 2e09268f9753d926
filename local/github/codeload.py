"""The second host, where archives come from: it knows no credentials but the link's own, and refuses any others.

On GitHub it is codeload.github.com; here the same server under its other name on loopback.
Source: https://docs.github.com/en/rest/repos/contents#download-a-repository-archive-tar
"""

from __future__ import annotations

import re
import secrets
import tarfile
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from local.github import control
from local.github.exchange import Request
from local.github.site import Site

START = "/_codeload/"
ARCHIVE = re.compile(START + r"(?P<full_name>[^/]+/[^/]+)/legacy\.tar\.gz/(?P<ref>.+)")
LINK_SECONDS = 300
SHORT_SHA = 7
MIB = 1024 * 1024
BOMB_MIB = 4096


def is_archive(path: str) -> bool:
    return path.startswith(START)


def link(site: Site, ref: str) -> str:
    """Where the archive of `ref` can be had for five minutes."""
    path = f"{START}{site.full_name}/legacy.tar.gz/{quote(ref)}"
    token = secrets.token_urlsafe(20)
    site.archive_links[token] = (path, time.monotonic() + LINK_SECONDS)
    return f"http://localhost:{urlsplit(site.url).port}{path}?token={token}"


def serve(site: Site, handler: BaseHTTPRequestHandler, request: Request) -> None:
    """Answer a request; what GitHub says to people who are refused is text."""
    status, content = _answer(site, request)
    site.calls.append(control.call(request, status))
    handler.send_response(status)
    handler.send_header("Content-Length", str(sum(map(len, content))))
    if status == 200:
        handler.send_header("Content-Type", "application/x-gzip")
        handler.send_header("Content-Disposition", f"attachment; filename={site.full_name.replace('/', '-')}.tar.gz")
    handler.end_headers()
    if status == 200 and site.faults.take("cut_archives"):
        content = [piece[: len(piece) // 2] for piece in content[:1]]
        handler.close_connection = True
    for piece in content:
        handler.wfile.write(piece)


def _answer(site: Site, request: Request) -> tuple[int, list[bytes]]:
    if "authorization" in request.headers:
        return 400, [b"400: Bad Request"]
    token = parse_qs(request.query).get("token", [""])[0]
    path, until = site.archive_links.get(token, ("", 0.0))
    found = ARCHIVE.fullmatch(request.path)
    sha = site.repository.commit_sha(unquote(found["ref"]).removeprefix("refs/")) if found else None
    if path != request.path or time.monotonic() > until or sha is None:
        return 404, [b"404: Not Found"]
    top = f"{site.full_name.replace('/', '-')}-{sha[:SHORT_SHA]}"
    if site.faults.take("bomb_archives"):
        return 200, list(bomb(f"{top}/bomb.py"))
    if site.faults.archives_from is not None:
        return 200, [Path(site.faults.archives_from).read_bytes()]
    return 200, [site.repository.archive(site.faults.archives_of or sha, f"{top}/")]


def bomb(name: str) -> Iterator[bytes]:
    """A tar.gz of one file with four gigabytes of zeros, in four megabytes; its checksum is left out."""
    member = tarfile.TarInfo(name)
    member.size = BOMB_MIB * MIB
    deflate = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    yield deflate.compress(member.tobuf(tarfile.PAX_FORMAT)) + deflate.flush(zlib.Z_FULL_FLUSH)
    # After a full flush nothing refers to what came before: the same piece can be repeated.
    piece = deflate.compress(bytes(MIB)) + deflate.flush(zlib.Z_FULL_FLUSH)
    for _ in range(BOMB_MIB):
        yield piece
