"""A delivery that comes again, also after a queue or a table that did not answer."""

from types import ModuleType

import pytest

from control_plane.delivery_ledger import QUEUE_LEASE_SECONDS, Claimed
from tests.github_payloads import a_pull_request
from tests.integration.push_webhook.conftest import DELIVERY, Account, Clock, a_request, answer, counted, unavailable


def test_delivery_that_is_queued_running_or_done_is_a_duplicate(
    handler: ModuleType, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(handler, a_request()) == (202, "accepted")
    capsys.readouterr()
    assert answer(handler, a_request()) == (200, "duplicate")
    assert counted(capsys.readouterr().out) == {"Requests", "Duplicates"}
    handler.ledger.start(DELIVERY, 330)
    assert answer(handler, a_request()) == (200, "duplicate")
    handler.ledger.done(DELIVERY)
    assert answer(handler, a_request()) == (200, "duplicate")
    assert len(account.queued()) == 1


def test_delivery_that_failed_runs_again(handler: ModuleType, account: Account) -> None:
    answer(handler, a_request())
    started = handler.ledger.start(DELIVERY, 330)
    assert isinstance(started, Claimed)
    handler.ledger.failed(DELIVERY, started.claim)
    assert answer(handler, a_request()) == (202, "accepted")
    assert len(account.queued()) == 2


def test_delivery_whose_receiver_died_runs_again_when_its_lease_ends(
    handler: ModuleType, account: Account, clock: Clock
) -> None:
    handler.ledger.claim(DELIVERY)
    assert answer(handler, a_request()) == (200, "duplicate")
    clock.seconds += QUEUE_LEASE_SECONDS
    assert answer(handler, a_request()) == (202, "accepted")
    assert len(account.queued()) == 1


def test_what_is_ignored_claims_nothing(handler: ModuleType) -> None:
    """One id could otherwise be spent by whoever replays another event under it: headers are not signed."""
    assert answer(handler, a_request(a_pull_request(), "pull_request")) == (200, "ignored")
    assert answer(handler, a_request()) == (202, "accepted")


# ---- what does not answer ------------------------------------------------------------------------


def test_queue_that_does_not_answer_is_told_and_a_redelivery_works_at_once(
    handler: ModuleType, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as outage:
        unavailable(handler, outage, "sqs", "send_message")
        assert answer(handler, a_request()) == (503, "unavailable")
    assert "Unavailable" in counted(capsys.readouterr().out)
    assert answer(handler, a_request()) == (202, "accepted")
    assert len(account.queued()) == 1


def test_queue_that_is_gone_is_told(handler: ModuleType, account: Account) -> None:
    account.sqs.delete_queue(QueueUrl=account.queue_url)
    assert answer(handler, a_request()) == (503, "unavailable")


def test_table_that_does_not_answer_is_told_and_nothing_is_queued(
    handler: ModuleType, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    unavailable(handler, monkeypatch, "dynamodb", "put_item")
    assert answer(handler, a_request()) == (503, "unavailable")
    assert account.queued() == []


def test_neither_answers_and_the_claim_ends_by_itself(handler: ModuleType, account: Account, clock: Clock) -> None:
    with pytest.MonkeyPatch.context() as outage:
        unavailable(handler, outage, "sqs", "send_message")
        unavailable(handler, outage, "dynamodb", "update_item")
        assert answer(handler, a_request()) == (503, "unavailable")
    assert answer(handler, a_request()) == (200, "duplicate")
    clock.seconds += QUEUE_LEASE_SECONDS
    assert answer(handler, a_request()) == (202, "accepted")
