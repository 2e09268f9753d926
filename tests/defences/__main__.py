"""`python -m tests.defences [WORD...]`: take out each defence, or those with a word in their row, and see who notices.

Exit status: 0 each was noticed, 1 one was not, or the table does not fit the files, or a test fails with all in place.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .defence import Defence
from .table import DEFENCES
from .taking_out import SECONDS_FOR_ALL, copy_tree, run, without


def main() -> int:
    parser = argparse.ArgumentParser("tests.defences", description=__doc__)
    parser.add_argument("words", nargs="*", help="of the attack, the defence, the file or a test")
    parser.add_argument("--why", action="store_true", help="tell how the test failed")
    options = parser.parse_args()
    chosen = [
        defence for defence in DEFENCES if not options.words or any(word in str(defence) for word in options.words)
    ]
    if not chosen:
        parser.error("no defence has such a word")
    with tempfile.TemporaryDirectory(prefix="farflow-defences-") as folder:
        tree = Path(folder) / "farflow"
        copy_tree(tree)
        whole = run((test for defence in chosen for test in defence.tests), tree, SECONDS_FOR_ALL)
        if whole.status != 0:
            print(whole.output)
            print("the tests do not pass with every defence in place: nothing can be said")
            return 1
        noticed = sum(is_noticed(defence, tree, why=options.why) for defence in chosen)
    print(f"{len(chosen)} defences taken out, {noticed} noticed")
    return 0 if noticed == len(chosen) else 1


def is_noticed(defence: Defence, tree: Path, *, why: bool) -> bool:
    """Take it out, and print a line of what came of it."""
    row = f"{defence.attack}: {defence.defence}"
    try:
        outcome = without(defence, tree)
    except ValueError as error:
        print(f"NOT NOTICED  {row}: {error}", flush=True)
        return False
    if outcome.noticed:
        test, _, reason = outcome.failed[0].partition(" - ")
        print(f"noticed      {row} ({test.rpartition('::')[2]}, {outcome.seconds:.1f} s)", flush=True)
        if why:
            print(f"             {reason}", flush=True)
        return True
    ended = "no end" if outcome.status is None else f"exit status {outcome.status}"
    print(f"NOT NOTICED  {row} ({ended}, {outcome.seconds:.1f} s)", flush=True)
    if outcome.status != 0:
        print(outcome.output, flush=True)
    return False


if __name__ == "__main__":
    sys.exit(main())
