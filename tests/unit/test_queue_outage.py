"""What follows a failure of SQS: `farflow.queue_outage`."""

import pytest

from farflow.queue_outage import LOG_SECONDS, LONGEST_DELAY_SECONDS, Failure, Outage, after_failure, end_of, may_pass

HTTP_503 = Failure("HTTP 503")


@pytest.mark.parametrize(
    ("failures", "chance", "delay"),
    [(0, 0.0, 1.0), (0, 0.99, 0.505), (1, 0.0, 2.0), (4, 0.5, 12.0), (5, 0.0, 20.0), (5000, 0.0, 20.0)],
)
def test_delay_doubles_up_to_a_bound_and_is_shortened_by_chance(failures: int, chance: float, delay: float) -> None:
    following = after_failure(Outage(since=0.0, failures=failures), HTTP_503, 10.0, chance)
    assert following.delay_seconds == pytest.approx(delay)
    assert following.delay_seconds <= LONGEST_DELAY_SECONDS


def test_outage_is_logged_at_its_start_and_then_once_in_a_while() -> None:
    first = after_failure(None, HTTP_503, 100.0, 0.0)
    assert first.message == "the work queue failed, the 1. time in a row in 0 s: HTTP 503"
    second = after_failure(first.outage, HTTP_503, 101.0, 0.0)
    assert second.message is None
    third = after_failure(second.outage, HTTP_503, 100.0 + LOG_SECONDS, 0.0)
    assert third.message == "the work queue failed, the 3. time in a row in 60 s: HTTP 503"
    assert end_of(third.outage, 170.0) == "the work queue answers again, after 3 failures in 70 s"


@pytest.mark.parametrize(
    ("status", "code", "passes"),
    [
        (503, "ServiceUnavailable", True),
        (429, "TooManyRequests", True),
        (403, "SignatureDoesNotMatch", True),
        (400, "AWS.SimpleQueueService.NonExistentQueue", True),
        (400, "ThrottlingException", True),
        (400, "InvalidParameterValue", False),
        (400, "InvalidMessageContents", False),
    ],
)
def test_refusal_of_the_message_itself_is_final(status: int, code: str, passes: bool) -> None:
    assert may_pass(status, code) is passes
