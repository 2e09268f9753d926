"""What S3 asks of a caller besides the action itself.

- Objects of a bucket that is encrypted under a key need rights on the key, for S3 asks KMS in the caller's name:
  https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
- Who may not list the bucket is not told that a key does not exist, but refused:
  https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html#API_HeadObject_RequestSyntax
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import s3

from local.emulator import cloudformation_types

READS = {"GetObject": ("kms:Decrypt",)}
WRITES = {
    "PutObject": ("kms:GenerateDataKey",),
    # the parts are encrypted, and decrypted when they are put together
    "CreateMultipartUpload": ("kms:GenerateDataKey", "kms:Decrypt"),
}


def check_more() -> None:
    original = iam_actions.s3_additional_checks

    def with_more(method: str, path: str, headers: Any, body: bytes, query: Any) -> list[Any]:
        checks = list(original(method, path, headers, body, query))
        bucket, _, key = path.lstrip("/").partition("/")
        if not key:
            return checks
        action = iam_actions._s3_action(method, path, query)
        if method == "POST" and "uploads" in query:
            action = "CreateMultipartUpload"
        needed = {**READS, **WRITES}.get(str(action), ()) if method != "HEAD" else ()
        if action == "GetObject" and "versionId" not in query and not _exists(bucket, unquote(key)):
            return [*checks, ("s3:ListBucket", f"arn:aws:s3:::{bucket}")]
        encryption_key = key_of(bucket)
        if encryption_key and needed and "partNumber" not in query:
            checks += [(kms_action, encryption_key) for kms_action in needed]
        return checks

    iam_actions.s3_additional_checks = with_more


def _exists(bucket: str, key: str) -> bool:
    return key in s3._buckets.get(bucket, {}).get("objects", {})


def key_of(bucket: str) -> str:
    """The ARN of the KMS key that a bucket's objects are encrypted under, or nothing."""
    headers = s3._bucket_default_sse_headers(bucket)
    key = headers.get("x-amz-server-side-encryption-aws-kms-key-id", "")
    return key if key.startswith("arn:") or not key else f"arn:aws:kms:{get_region()}:{get_account_id()}:key/{key}"


def keep_encryption_of_templates() -> None:
    """A template's `BucketEncryption` is the bucket's; the emulator drops it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-bucketencryption.html
    """

    def encrypt(bucket: str, properties: Any) -> None:
        rules = (properties.get("BucketEncryption") or {}).get("ServerSideEncryptionConfiguration") or []
        for rule in rules:
            default = rule["ServerSideEncryptionByDefault"]
            key = default.get("KMSMasterKeyID")
            master = f"<KMSMasterKeyID>{escape(key)}</KMSMasterKeyID>" if key else ""
            s3._put_bucket_encryption(
                bucket,
                (
                    "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
                    f"<SSEAlgorithm>{default['SSEAlgorithm']}</SSEAlgorithm>{master}"
                    "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
                ).encode(),
            )

    cloudformation_types.also("AWS::S3::Bucket", encrypt)
