"""Writes docs/rules/ from the registry: `python -m dag_lint.pages FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from .rules import OWN, REGISTRY, RUFF, Rule

TIERS = {
    "A": "Blocks. There is no exception.",
    "B": "Blocks. Only the deploy branch's `.farflow-lint.toml` can allow it.",
    "C": "Blocks, unless its line says `# noqa: CODE` or the deploy branch has it already.",
    "D": "Warns.",
}


def pages() -> dict[str, str]:
    """The text of each page, by file name."""
    return {f"{code}.md": page_of(rule) for code, rule in REGISTRY.items()} | {"README.md": _index()}


def page_of(rule: Rule) -> str:
    """What is wrong, how to mend it, and what can be excepted, as Markdown."""
    parts = [f"# {rule.code}: {rule.title}", rule.wrong, f"**Mend it:** {rule.mend}"]
    if rule.bad:
        parts.append(f"```\n{rule.bad}\n```")
    if rule.good:
        parts.append(f"Good:\n\n```\n{rule.good}\n```")
    noqa = f"`# noqa: {rule.code}`" if _is_one(rule.code) else "`# noqa:` and the finding's whole code"
    parts.append(f"Tier {rule.tier}. {TIERS[rule.tier].replace('`# noqa: CODE`', noqa)}")
    if rule.of_ruff:
        parts.append(f"Found by Ruff: {_ruff_link(rule.code)}.")
    return "\n\n".join(parts) + "\n"


def _is_one(code: str) -> bool:
    """Whether it is a rule's, and not that of a family of Ruff's rules."""
    return any(part.isdigit() for part in code) and len(code) > len("F7")


def _ruff_link(code: str) -> str:
    if _is_one(code):
        return f"[{code}](https://docs.astral.sh/ruff/rules/{code})"
    return f"[the rules {code}](https://docs.astral.sh/ruff/rules/)"


def _index() -> str:
    lines = [
        "# What the lint looks for",
        "",
        "Written from `layers/dag_lint/dag_lint/rules.py` by `make rule-pages`.",
        "",
    ]
    lines += [f"- **{tier}**: {text}" for tier, text in TIERS.items()]
    for title, rules in (("The lint's own", OWN), ("Ruff's", RUFF)):
        lines += ["", f"## {title}", "", "| rule | tier | what |", "|---|---|---|"]
        lines += [f"| [{rule.code}]({rule.code}.md) | {rule.tier} | {rule.title} |" for rule in rules]
    return "\n".join(lines) + "\n"


def main(folder: Path) -> None:
    """Make the folder's pages those of the registry; others are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    written = pages()
    for page in folder.glob("*.md"):
        if page.name not in written:
            page.unlink()
    for name, text in written.items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
