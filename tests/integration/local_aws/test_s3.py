"""S3 as delivery and the tools beside it see it."""

from __future__ import annotations

from tests.integration.local_aws.conftest import LocalAws


def test_times_are_whole_seconds(local_aws: LocalAws) -> None:
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="times")
    found = []
    for number in range(3):
        s3.put_object(Bucket="times", Key=f"{number}", Body=b"x")
        found += s3.list_objects_v2(Bucket="times", Prefix=f"{number}")["Contents"]
        found += s3.list_object_versions(Bucket="times", Prefix=f"{number}")["Versions"]
    assert {item["LastModified"].microsecond for item in found} == {0}
