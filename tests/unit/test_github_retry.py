"""When GitHub is asked again: `push_gate.github_retry`."""

import pytest

from push_gate.github_retry import seconds_to_wait

NOW = 1_800_000_000.0
LIMITED = b'{"message": "You have exceeded a secondary rate limit"}'


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (None, {}, b"", 1),
        (500, {}, b"", 1),
        (502, {}, b"", 1),
        (503, {"retry-after": "7"}, b"", 7),
        (503, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"", 1),
        (429, {}, b"", 60),
        (429, {"retry-after": "30"}, b"", 30),
        (429, {"retry-after": "0"}, b"", 1),
        (403, {"retry-after": "30"}, b"", 30),
        (403, {"retry-after": "30", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000500"}, b"", 30),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000500"}, b"", 500),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1799999999"}, b"", 1),
        (403, {"x-ratelimit-remaining": "0"}, b"", 60),
        (403, {"x-ratelimit-remaining": "4999", "x-ratelimit-reset": "1800000500"}, LIMITED, 60),
        (403, {"x-ratelimit-remaining": "4999"}, b'{"message": "Resource not accessible by integration"}', None),
        (400, {}, b"", None),
        (401, {}, b"", None),
        (404, {"retry-after": "5"}, b"", None),
        (409, {}, b"", None),
        (422, {}, LIMITED, None),
        (301, {}, b"", None),
    ],
)
def test_table(status: int | None, headers: dict[str, str], body: bytes, seconds: float | None) -> None:
    assert seconds_to_wait(0, status, headers, body, NOW) == seconds


def test_each_attempt_waits_longer_up_to_a_bound() -> None:
    assert [seconds_to_wait(attempt, 500, {}, b"", NOW) for attempt in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert [seconds_to_wait(attempt, 429, {}, b"", NOW) for attempt in range(3)] == [60, 120, 240]
