"""`make upgrade-check` of a deployment: RDS makes a copy, a task of the new image tries it, and the deployment notices nothing."""

from __future__ import annotations

import re

import pytest

from local import aws, deployed, layout, upgrade_check
from local.restored_copy import CopyError, name_of_copy
from local.trial_task import TrialTaskError
from tests.upgrades import metadata
from tests.upgrades.versions import FORMER, REVISIONS, snapshots
from tests.upgrades.work import ENDED_RUNS, Work

COPY = name_of_copy(layout.DATABASE_INSTANCE)


def test_deployment_s_upgrade_is_tried_beside_it_and_changes_nothing(
    stack: layout.Stack, work: Work, capsys: pytest.CaptureFixture[str]
) -> None:
    """With tasks under way, and schedules going on."""
    kept, before = metadata.fingerprint(["upgrade_ended"]), snapshots(stack)
    ecs = aws.client(stack, "ecs")
    sleepers = work.start_sleepers("check", [5.0] * 3)
    assert upgrade_check.check({}) == 0
    told = capsys.readouterr().out
    print(told)
    assert f"copy            of {layout.DATABASE_INSTANCE}, being made as {COPY}" in told
    assert f"rows, at airflow {REVISIONS[FORMER]}, fab " in told
    assert "migration       done, " in told
    assert "downgrade       done, " in told
    assert re.search(r"^DAGs            release [0-9]{10}-\S+ on Airflow 3\.3\.2: accepted$", told, re.MULTILINE)

    assert metadata.revision() == REVISIONS[FORMER]
    assert metadata.fingerprint(["upgrade_ended"]) == kept
    assert work.count_ended() == ENDED_RUNS
    sleepers.await_end(120)
    assert set(sleepers.runs_of_each().values()) == {1}, "each task ran once"
    assert snapshots(stack) == before
    instances = aws.client(stack, "rds").describe_db_instances()["DBInstances"]
    assert [instance["DBInstanceIdentifier"] for instance in instances] == [layout.DATABASE_INSTANCE]
    family = f"{layout.STACK_NAME}-upgrade-check"
    assert not ecs.list_task_definitions(familyPrefix=family)["taskDefinitionArns"]
    assert not work.failures()


def test_image_that_does_not_start_fails_the_check_and_leaves_no_copy(stack: layout.Stack) -> None:
    with pytest.raises(TrialTaskError, match="the trial did not run"):
        upgrade_check.try_there(deployed.find(), {"IMAGE": "not/there:1"})
    instances = aws.client(stack, "rds").describe_db_instances()["DBInstances"]
    assert COPY not in [instance["DBInstanceIdentifier"] for instance in instances]


def test_second_check_at_the_same_time_is_refused_and_the_first_one_goes_on(stack: layout.Stack) -> None:
    """One copy of an instance at a time, or a forgotten one would cost unseen."""
    rds = aws.client(stack, "rds")
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=layout.DATABASE_INSTANCE,
        TargetDBInstanceIdentifier=COPY,
        UseLatestRestorableTime=True,
    )
    try:
        with pytest.raises(CopyError, match=f"{COPY} is there already: another check runs, or one was cut off"):
            upgrade_check.try_there(deployed.find(), {})
        assert rds.describe_db_instances(DBInstanceIdentifier=COPY)["DBInstances"]
    finally:
        rds.delete_db_instance(DBInstanceIdentifier=COPY, SkipFinalSnapshot=True)
