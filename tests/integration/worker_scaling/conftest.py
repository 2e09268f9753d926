"""What the scaling knows of a group, in the state table, and a service as ECS runs one."""

from __future__ import annotations

from typing import Any

import pytest

from control_plane.worker_scaling.scaling_state import ScalingState
from tests.integration import state_table
from tests.integration.worker_scaling.ecs_service import EcsService


@pytest.fixture
def state(dynamodb: Any) -> ScalingState:
    return ScalingState(dynamodb, state_table.NAME)


@pytest.fixture
def ecs(dynamodb: Any) -> EcsService:
    return EcsService(dynamodb)
