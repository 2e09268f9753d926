"""Starts the local GitHub: `python -m local.github PORT FOLDER [OWNER/NAME]`, with its state below FOLDER.

PORT 0 is any free one. FOLDER/url says where it answers, once it does. Ends with the process that started it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from local.emulator.__main__ import end_with_parent
from local.github import identity
from local.github.server import Server
from local.github.site import open_site

URL_FILE = "url"


def main() -> None:
    parser = argparse.ArgumentParser(prog="local.github")
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("repository", nargs="?", default=identity.DEFAULT_REPOSITORY, metavar="OWNER/NAME")
    options = parser.parse_args()
    folder = options.folder.resolve()
    with Server(options.port) as server:
        server.site = open_site(server.url, folder, options.repository)
        unfinished = folder / f"{URL_FILE}.unfinished"
        unfinished.write_text(server.url)
        unfinished.replace(folder / URL_FILE)
        end_with_parent()
        server.serve_forever()


if __name__ == "__main__":
    main()
