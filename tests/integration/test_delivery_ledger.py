"""Each delivery is worked on by one at a time and ends once: `control_plane.delivery_ledger` against moto's DynamoDB."""

import random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from control_plane.delivery_ledger import KEEP_SECONDS, QUEUE_LEASE_SECONDS, Claimed, DeliveryLedger, Refused
from tests.integration import state_table

DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
LEASE_SECONDS = 330


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(dynamodb: Any, clock: Clock) -> DeliveryLedger:
    return DeliveryLedger(dynamodb, state_table.NAME, clock)


def claimed(found: Claimed | Refused) -> str:
    assert isinstance(found, Claimed)
    return found.claim


def test_second_claim_is_refused_until_the_lease_ends(ledger: DeliveryLedger, clock: Clock) -> None:
    claimed(ledger.claim(DELIVERY))
    clock.seconds += QUEUE_LEASE_SECONDS - 1
    assert ledger.claim(DELIVERY) == Refused("running")
    clock.seconds += 1
    claimed(ledger.claim(DELIVERY))


def test_deliveries_do_not_hinder_each_other(ledger: DeliveryLedger) -> None:
    claimed(ledger.claim(DELIVERY))
    claimed(ledger.claim("another"))


def test_claim_that_was_given_back_is_free_at_once(ledger: DeliveryLedger) -> None:
    ledger.failed(DELIVERY, claimed(ledger.claim(DELIVERY)))
    claimed(ledger.claim(DELIVERY))


def test_worker_starts_what_is_queued_however_long_it_waited(ledger: DeliveryLedger, clock: Clock) -> None:
    claimed(ledger.claim(DELIVERY))
    clock.seconds += 3600
    claimed(ledger.start(DELIVERY, LEASE_SECONDS))


def test_worker_starts_what_nobody_queued(ledger: DeliveryLedger) -> None:
    """A sweep's own."""
    claimed(ledger.start("sweep-1", LEASE_SECONDS))


def test_message_that_comes_twice_is_run_by_one(ledger: DeliveryLedger) -> None:
    claimed(ledger.claim(DELIVERY))
    claimed(ledger.start(DELIVERY, LEASE_SECONDS))
    assert ledger.start(DELIVERY, LEASE_SECONDS) == Refused("running")
    assert ledger.claim(DELIVERY) == Refused("running")


def test_worker_that_died_is_followed_by_another_when_its_lease_ends(ledger: DeliveryLedger, clock: Clock) -> None:
    claimed(ledger.start(DELIVERY, LEASE_SECONDS))
    clock.seconds += LEASE_SECONDS
    claimed(ledger.start(DELIVERY, LEASE_SECONDS))


def test_what_failed_runs_again(ledger: DeliveryLedger) -> None:
    ledger.failed(DELIVERY, claimed(ledger.start(DELIVERY, LEASE_SECONDS)))
    claimed(ledger.start(DELIVERY, LEASE_SECONDS))


def test_what_is_done_never_runs_again(ledger: DeliveryLedger, clock: Clock) -> None:
    claim = claimed(ledger.start(DELIVERY, LEASE_SECONDS))
    ledger.done(DELIVERY)
    ledger.failed(DELIVERY, claim)
    clock.seconds += KEEP_SECONDS - 1
    assert ledger.claim(DELIVERY) == Refused("done")
    assert ledger.start(DELIVERY, LEASE_SECONDS) == Refused("done")


def test_item_that_expired_counts_as_none_before_it_is_removed(ledger: DeliveryLedger, clock: Clock) -> None:
    """The table removes it within days."""
    claimed(ledger.start(DELIVERY, LEASE_SECONDS))
    ledger.done(DELIVERY)
    clock.seconds += KEEP_SECONDS
    claimed(ledger.claim(DELIVERY))


def test_receiver_that_could_not_send_takes_nothing_from_the_worker(ledger: DeliveryLedger) -> None:
    """A message may have been sent although its answer was lost."""
    receiver = claimed(ledger.claim(DELIVERY))
    claimed(ledger.start(DELIVERY, LEASE_SECONDS))
    ledger.failed(DELIVERY, receiver)
    assert ledger.start(DELIVERY, LEASE_SECONDS) == Refused("running")


def test_worker_whose_lease_ended_takes_nothing_from_its_successor(ledger: DeliveryLedger, clock: Clock) -> None:
    first = claimed(ledger.start(DELIVERY, LEASE_SECONDS))
    clock.seconds += LEASE_SECONDS
    claimed(ledger.start(DELIVERY, LEASE_SECONDS))
    ledger.failed(DELIVERY, first)
    assert ledger.start(DELIVERY, LEASE_SECONDS) == Refused("running")


def test_item_says_when_it_may_be_removed(ledger: DeliveryLedger, dynamodb: Any, clock: Clock) -> None:
    claimed(ledger.claim(DELIVERY))
    item = dynamodb.get_item(TableName=state_table.NAME, Key={"id": {"S": f"push#{DELIVERY}"}})["Item"]
    assert int(item["expiration"]["N"]) == int(clock.seconds) + KEEP_SECONDS


@pytest.mark.parametrize("call", ["claim", "start", "done", "failed"])
def test_table_that_does_not_answer_is_no_refusal(dynamodb: Any, clock: Clock, call: str) -> None:
    ledger = DeliveryLedger(dynamodb, "no-such-table", clock)
    arguments: dict[str, tuple[Any, ...]] = {"start": (LEASE_SECONDS,), "failed": ("claim",)}
    with pytest.raises(ClientError, match="ResourceNotFound"):
        getattr(ledger, call)(DELIVERY, *arguments.get(call, ()))


class Story:
    """What the ledger granted, and whether it may have: one receiver, workers, and time that passes."""

    def __init__(self, ledger: DeliveryLedger, clock: Clock, choose: random.Random) -> None:
        self.ledger, self.clock, self.choose = ledger, clock, choose
        self.claims: list[str] = []
        self.running: tuple[str, float] | None = None  # a worker's claim, and the end of its lease
        self.done = False

    def is_running(self) -> bool:
        return self.running is not None and self.running[1] > self.clock.seconds

    def worker(self) -> None:
        found = self.ledger.start(DELIVERY, LEASE_SECONDS)
        assert isinstance(found, Refused) == (self.done or self.is_running())
        if isinstance(found, Claimed):
            self.running = (found.claim, self.clock.seconds + LEASE_SECONDS)
            self.claims.append(found.claim)

    def receiver(self) -> None:
        found = self.ledger.claim(DELIVERY)
        if isinstance(found, Claimed):
            assert not self.done
            assert not self.is_running()
            self.running = None
            self.claims.append(found.claim)

    def give_back(self) -> None:
        claim = self.choose.choice([*self.claims, "none"])
        self.ledger.failed(DELIVERY, claim)
        if self.running and self.running[0] == claim:
            self.running = None

    def finish(self) -> None:
        if self.running and self.choose.random() < 0.2:
            self.ledger.done(DELIVERY)
            self.done = True

    def wait(self) -> None:
        self.clock.seconds += self.choose.choice([1, QUEUE_LEASE_SECONDS, LEASE_SECONDS])


@pytest.mark.parametrize("seed", range(40))
def test_two_workers_and_a_receiver_in_any_order_never_run_one_delivery_at_once(
    ledger: DeliveryLedger, clock: Clock, seed: int
) -> None:
    """The lease that was granted last holds until it ends or is given back, and nothing comes after the end."""
    choose = random.Random(seed)
    story = Story(ledger, clock, choose)
    steps = [story.worker, story.worker, story.receiver, story.give_back, story.finish, story.wait]
    for _ in range(40):
        choose.choice(steps)()
    assert len(set(story.claims)) == len(story.claims)
