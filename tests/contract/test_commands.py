"""The commands of the Makefile are those that the pages speak of."""

from __future__ import annotations

import re

from local import layout

MAKEFILE = (layout.ROOT / "Makefile").read_text()
PAGES = [*layout.ROOT.glob("*.md"), *layout.ROOT.glob("docs/**/*.md")]
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def test_every_command_that_a_page_names_is_there() -> None:
    named = {
        (path.name, command)
        for path in PAGES
        for command in re.findall(r"(?:`|\$ |^ *)make ([a-z]+(?:-[a-z]+)*)", path.read_text(), re.MULTILINE)
    }
    assert ("upgrading.md", "upgrade") in named
    assert not {(page, command) for page, command in named if command not in TARGETS}


def test_no_command_is_mistaken_for_a_file() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert set(phony.split()) == TARGETS


def test_every_variable_that_a_command_s_help_names_reaches_it() -> None:
    """Make hands on what it exports, or uses it itself."""
    (exported,) = re.findall(r"^export (.*)$", MAKEFILE, re.MULTILINE)
    named = {
        name
        for line in re.findall(r"^[a-z-]+:.*## (.*)$", MAKEFILE, re.MULTILINE)
        for name in re.findall(r"\b([A-Z_]+)=", line)
    }
    assert named >= {"ENV", "DRAIN_HOURS"}
    assert not {name for name in named if name not in exported.split() and f"$({name})" not in MAKEFILE}
