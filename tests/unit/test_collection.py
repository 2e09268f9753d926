"""Which releases are removed from the file system."""

from datetime import UTC, datetime, timedelta

import pytest

from dag_sync.collection import KEPT_RELEASES, KEPT_TIME, releases_in_use, removable

NOW = datetime(2026, 11, 21, tzinfo=UTC)
IDS = [f"{number:010d}-abcd-012345" for number in range(1, KEPT_RELEASES + 4)]
LONG_AGO = dict.fromkeys(IDS, NOW - KEPT_TIME - timedelta(seconds=1))


def test_the_newest_stay_and_older_ones_go() -> None:
    assert removable(IDS, LONG_AGO, set(), NOW) == IDS[:3]


def test_release_of_an_unfinished_run_stays() -> None:
    assert removable(IDS, LONG_AGO, {IDS[1]}, NOW) == [IDS[0], IDS[2]]


def test_release_that_was_replaced_lately_stays() -> None:
    assert removable(IDS, LONG_AGO | {IDS[2]: NOW - KEPT_TIME}, set(), NOW) == IDS[:2]


def test_release_of_which_it_is_not_known_when_it_was_replaced_stays() -> None:
    known = {release_id: moment for release_id, moment in LONG_AGO.items() if release_id != IDS[0]}
    assert removable(IDS, known, set(), NOW) == IDS[1:3]


def test_word_of_airflow_is_taken_while_it_is_fresh() -> None:
    record = {"observed_at": (NOW - timedelta(minutes=14)).isoformat(), "releases": [IDS[0]]}
    assert releases_in_use(record, NOW) == {IDS[0]}
    assert releases_in_use(record, NOW + timedelta(minutes=2)) is None


@pytest.mark.parametrize("record", [None, {}, {"observed_at": "x", "releases": []}, {"observed_at": NOW.isoformat()}])
def test_unknown_use_is_not_no_use(record: dict[str, object] | None) -> None:
    assert releases_in_use(record, NOW) is None
