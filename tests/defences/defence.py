"""What is attacked, and what a defence is: a text in a file, and the tests that must notice when it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Attack(StrEnum):
    """What is tried. Each needs a defence in the table."""

    FORGED = "a forged or unsigned delivery"
    SHA_1 = "a signature of SHA-1, which can be forged, instead of SHA-256"
    EMPTY_SECRET = "an empty secret, with which anybody signs"
    REPLAY = "an old delivery, signed once, sent again"
    ADDRESSES = "an address in a payload, an answer or a redirect that leads elsewhere"
    INJECTION = "a ref or a commit's id that is a path or a command"
    TAR_PATHS = "an archive with links, devices, or paths that lead out of it"
    BOMB = "an archive, answer or folder that grows without end"
    HUGE_TEXT = "a huge file, or a line that a tool takes for ever over"
    NESTING = "nesting that ends a parser"
    ARCHIVE = "an archive, tree or blob that is not what the commit has"
    LINKS = "a symbolic link or a submodule instead of a file"
    PATHS = "a path that is another one elsewhere"
    NOQA = "a comment that switches rules off"
    CONFIGURATION = "a configuration of the linter in the pushed commit"
    OWN_EXCEPTION = "a commit that allows itself something"
    SKIPPED = "a file where linters do not look"
    BINARY = "a ZIP or compiled code, which Airflow runs and no rule sees"
    ENCODING = "text that Python reads otherwise than people and linters do"
    PREVIEW = "a mistake that Ruff or a parser alone lets pass"
    CRASH = "a file on which a tool crashes, hangs, or says nothing"
    CREDENTIALS = "a DAG that reads credentials while it is imported"
    NETWORK = "a DAG that opens connections while it is imported"
    PROCESSES = "a DAG that starts processes which outlive its import"
    DISK = "a DAG that fills the disk while it is imported"
    MEMORY = "a DAG that fills the memory while it is imported"
    TIME = "a DAG whose import never ends"
    PARENT = "a DAG that ends the process which watches it"
    PROC = "a DAG that looks into other processes by way of /proc"
    POISON = "a DAG that leaves something behind for the next one"
    FORGED_RESULT = "a DAG that forges the result of its own import"
    SECRETS = "an error text with a secret in it"
    MARKUP = "an error text that is markup, or turns the direction of writing"
    FORK = "a pull request from a fork, which wants its code run or published"
    KEY = "theft of the App's key, or of a token that can do more than it needs"
    TWICE = "a message or delivery that comes twice, at once or later"
    OLD_HEAD = "a commit that is not the branch's head any more"


@dataclass(frozen=True)
class Defence:
    """`text` is the defence, and stands exactly once in `file`; with `without` in its place it is gone.

    `tests` are pytest's ids. At least one of them must fail then, and all pass before.
    """

    attack: Attack
    defence: str
    """In words."""
    file: str
    text: str
    without: str
    tests: tuple[str, ...]

    def taken_out(self, content: str) -> str:
        """`content` of the file without the defence. Raises `ValueError` unless the text is there exactly once."""
        count = content.count(self.text)
        if count != 1:
            raise ValueError(f"the text of the defence is {count} times in {self.file}: bring the table up to date")
        return content.replace(self.text, self.without)
