"""The push gate of the local stack: a repository on the local GitHub, whose App and webhook are the deployed template's."""

from __future__ import annotations

import base64
import json
import urllib.parse

from local import aws, layout
from local.github import identity
from local.github.running import LocalGitHub

KEY_ALIAS = "alias/github-app"


def github(stack: layout.Stack) -> LocalGitHub:
    """The stack's own."""
    return LocalGitHub(stack.github_url, layout.GITHUB_REPOSITORY)


def parameters(stack: layout.Stack) -> dict[str, str]:
    """Of the template. The App's key is one of the local KMS, whose public half is told to the local GitHub."""
    return {
        "GitHubRepository": layout.GITHUB_REPOSITORY,
        "GitHubApiUrl": stack.github_url,
        "GitHubDeployBranch": identity.DEFAULT_BRANCH,
        "GitHubAppId": str(identity.APP_ID),
        "GitHubAppKeyArn": _app_key(stack),
    }


def _app_key(stack: layout.Stack) -> str:
    """ARN of the App's key, which is made the first time."""
    kms = aws.client(stack, "kms")
    known = {alias["AliasName"] for alias in kms.list_aliases()["Aliases"]}
    if KEY_ALIAS not in known:
        made = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
        kms.create_alias(AliasName=KEY_ALIAS, TargetKeyId=made["KeyId"])
    key = kms.get_public_key(KeyId=KEY_ALIAS)
    github(stack).tell("PUT", "/app", {"public_key": base64.b64encode(key["PublicKey"]).decode()})
    return str(kms.describe_key(KeyId=KEY_ALIAS)["KeyMetadata"]["Arn"])


def connect(stack: layout.Stack) -> str:
    """Have the local GitHub send its webhooks to the deployed template; returns the remote to push to."""
    outputs = aws.outputs(stack)
    secret = aws.client(stack, "secretsmanager").get_secret_value(SecretId=outputs["WebhookSecretArn"])
    hook = {
        "url": webhook_url(stack, outputs["WebhookUrl"]),
        "secret": json.loads(secret["SecretString"])["current"],
        "events": ["*"],
    }
    github(stack).tell("PUT", "/hook", hook)
    return github(stack).git_url


def webhook_url(stack: layout.Stack, url: str) -> str:
    """Where the local AWS answers for a function URL, whose name no DNS of this machine knows."""
    function_url_id = (urllib.parse.urlsplit(url).hostname or "").partition(".")[0]
    return f"{stack.aws_url}/_aws/lambda-url/{function_url_id}/"
