"""What an upgrade and the way back did not bring back, in words."""

from __future__ import annotations

from decimal import Decimal

from farflow.table_contents import differences


def test_what_does_not_come_back_is_told_in_words() -> None:
    before = {"same": (2, Decimal(7)), "gone": (3, Decimal(1)), "fewer": (3, Decimal(1)), "other": (4, Decimal(1))}
    after = {"same": (2, Decimal(7)), "new": (0, None), "fewer": (2, Decimal(1)), "other": (4, Decimal(2))}
    assert differences(before, after) == [
        "fewer has 2 rows instead of 3",
        "gone is gone, with 3 rows",
        "new stays, which was not there",
        "other has other values in its 4 rows",
    ]
