"""ECS tasks act as their task role; ECS starts them with what their execution role may do.

- Task role: the container's credentials endpoint gives a session of the role instead of random keys.
  https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
- Execution role: pulling from ECR, reading secrets, creating and writing the log stream.
  https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
- An EFS volume with `IAM: ENABLED` is mounted as the task role.
  https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html
"""

from __future__ import annotations

import re
import time
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs, efs, imds, secretsmanager

from local.emulator.iam import AccessDeniedError, Iam, Session, open_session

SESSION_SECONDS = 6 * 3600
REFRESHED_BEFORE_SECONDS = 600
REGISTRY = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[^.]+)\.amazonaws\.com/(?P<repository>[^:@]+)")


class TaskCredentials:
    """The sessions behind the credentials endpoint, `/v2/credentials/<id>`."""

    def __init__(self) -> None:
        self._roles: dict[str, tuple[str, str]] = {}
        self._sessions: dict[str, Session] = {}
        self._handle_request = imds.handle_request
        imds.handle_request = self._answer
        register = ecs._register_metadata

        def register_with_role(task_arn: str, cluster_arn: str, definition: Any, *others: Any) -> Any:
            token = register(task_arn, cluster_arn, definition, *others)
            environ = others[2]
            # as Fargate does
            environ.update(
                AWS_REGION=get_region(), AWS_DEFAULT_REGION=get_region(), AWS_EXECUTION_ENV="AWS_ECS_FARGATE"
            )
            credentials_id = environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"].rpartition("/")[2]
            self._roles[credentials_id] = (definition.get("taskRoleArn", ""), task_arn)
            return token

        ecs._register_metadata = register_with_role

    async def _answer(self, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        prefix, _, credentials_id = path.rstrip("/").rpartition("/")
        if prefix != "/v2/credentials":
            return await self._handle_request(method, path, headers, body, query)
        role_arn, task_arn = self._roles.get(credentials_id, ("", ""))
        if not role_arn:
            return imds._not_found()
        return imds._json_resp(self._document(credentials_id, role_arn, task_arn))

    def _document(self, credentials_id: str, role_arn: str, task_arn: str) -> dict[str, str]:
        """The task's session, made anew before it expires."""
        session = self._sessions.get(credentials_id)
        if session is None or time.time() > session.expires_at - REFRESHED_BEFORE_SECONDS:
            session = open_session(role_arn, task_arn.rpartition("/")[2], SESSION_SECONDS)
            self._sessions[credentials_id] = session
        return {
            "RoleArn": role_arn,
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "Token": session.token,
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(session.expires_at)),
        }


def check_before_start(iam: Iam) -> None:
    """A task starts only with the rights that its start needs; it stops with ECS's reason otherwise."""
    start = ecs._start_task_worker

    def checked(task: Any, definition: Any, overrides: Any, docker: Any) -> None:
        for container in definition["containerDefinitions"]:
            _check_image(iam, definition, container)
            _check_secrets(iam, definition, container)
            _check_logs(iam, definition, container)
        _check_volumes(iam, definition)
        start(task, definition, overrides, docker)

    ecs._start_task_worker = checked


def _check_image(iam: Iam, definition: Any, container: Any) -> None:
    registry = REGISTRY.match(container["image"])
    if registry is None:
        return
    role = definition.get("executionRoleArn")
    repository = "arn:aws:ecr:{region}:{account}:repository/{repository}".format(**registry.groupdict())
    try:
        iam.authorize(role, "ecr:GetAuthorizationToken", "*")
        for action in ("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage"):
            iam.authorize(role, f"ecr:{action}", repository)
    except AccessDeniedError as error:
        raise ecs._ImagePullError(str(error)) from None


def _check_secrets(iam: Iam, definition: Any, container: Any) -> None:
    role = definition.get("executionRoleArn")
    for entry in container.get("secrets") or []:
        reference = entry["valueFrom"]
        if "secretsmanager" not in reference:
            continue
        arn = ":".join(reference.split(":")[:7])
        _, secret = secretsmanager._resolve(arn)
        try:
            iam.authorize(role, "secretsmanager:GetSecretValue", arn)
            key = (secret or {}).get("KmsKeyId")
            if key:
                iam.authorize(role, "kms:Decrypt", _key_arn(key, arn))
        except AccessDeniedError as error:
            raise ecs._SecretResolutionError(
                f"unable to retrieve secret from asm: service call has been retried 1 time(s): {error}"
            ) from None


def _key_arn(key: str, secret_arn: str) -> str:
    region, account = secret_arn.split(":")[3:5]
    return key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key}"


def _check_logs(iam: Iam, definition: Any, container: Any) -> None:
    configuration = container.get("logConfiguration") or {}
    if configuration.get("logDriver") != "awslogs":
        return
    role = definition.get("executionRoleArn")
    options = configuration["options"]
    stream = (
        f"arn:aws:logs:{options['awslogs-region']}:{get_account_id()}:log-group:{options['awslogs-group']}:log-stream:"
    )
    for action in ("CreateLogStream", "PutLogEvents"):
        iam.authorize(role, f"logs:{action}", f"{stream}{options.get('awslogs-stream-prefix', '')}/{container['name']}")


def _check_volumes(iam: Iam, definition: Any) -> None:
    for volume in definition.get("volumes") or []:
        configuration = volume.get("efsVolumeConfiguration") or volume.get("EFSVolumeConfiguration") or {}
        authorization = configuration.get("authorizationConfig") or configuration.get("AuthorizationConfig") or {}
        if (authorization.get("iam") or authorization.get("IAM")) != "ENABLED":
            continue
        file_system = configuration.get("fileSystemId") or configuration.get("FilesystemId")
        access_point = authorization.get("accessPointId") or authorization.get("AccessPointId")
        record = efs._file_systems.get(file_system) or {}
        access_points = efs._access_points.get(access_point) or {}
        iam.authorize(
            definition.get("taskRoleArn") or definition["executionRoleArn"],
            "elasticfilesystem:ClientMount",
            record.get("FileSystemArn", "*"),
            **{"elasticfilesystem:AccessPointArn": access_points.get("AccessPointArn", "")},
        )
