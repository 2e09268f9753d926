"""What RDS has to be told of an instance when it restores another one like it: its own defaults would be taken otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROVISIONED = ("io1", "io2")
SMALLEST_WITH_SPEED_GIB = 400
"""Below it a gp3 volume of PostgreSQL has its baseline, and RDS takes no other.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html
"""


def like(instance: Mapping[str, Any]) -> dict[str, Any]:
    """As fast, in the same network, with the same parameters, out of reach of the internet; by DescribeDBInstances."""
    return {
        "DBInstanceClass": instance["DBInstanceClass"],
        "DBSubnetGroupName": instance["DBSubnetGroup"]["DBSubnetGroupName"],
        "VpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in instance["VpcSecurityGroups"]],
        "DBParameterGroupName": instance["DBParameterGroups"][0]["DBParameterGroupName"],
        "PubliclyAccessible": False,
        "Port": instance["Endpoint"]["Port"],
        "StorageType": instance["StorageType"],
        **_speed(instance),
    }


def _speed(instance: Mapping[str, Any]) -> dict[str, Any]:
    has_speed = instance["StorageType"] in PROVISIONED or instance.get("AllocatedStorage", 0) >= SMALLEST_WITH_SPEED_GIB
    names = {"Iops", "StorageThroughput"} if instance["StorageType"] == "gp3" else {"Iops"}
    return {name: instance[name] for name in sorted(names) if has_speed and instance.get(name)}
