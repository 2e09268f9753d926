"""CodeBuild builds as processes: the buildspec's phases run for real, in a folder, as the project's service role.

The emulator's own builds need Docker's engine and AWS's local agent, or are a record that says SUCCEEDED at once. What is
missing on a machine without them, the programs of CodeBuild's image, has stand-ins (`build_commands`).

- StartBuild's variables and its token: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
- the project's log group, written as the service role:
  https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
- phases and their contexts: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BuildPhase.html
- variables of a build: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

from __future__ import annotations

import contextlib
import contextvars
import copy
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import yaml
from ministack.core.responses import error_response_json, json_response
from ministack.services import codebuild
from ministack.services.cloudformation import provisioners

from local import layout
from local.emulator import cloudformation_types
from local.emulator.build_commands import COMMANDS
from local.emulator.buildspec import (
    BuildspecError,
    PhaseContext,
    PhaseEnd,
    overridden,
    read_line,
    script,
    shell_of,
)
from local.emulator.iam import AccessDeniedError, Iam, open_session

TOKEN_SECONDS = 300
SESSION_SECONDS = 3600


class Builds:
    """Starts builds, and keeps the tokens that they were started with."""

    def __init__(self, iam: Iam, folder: Path) -> None:
        self._iam = iam
        self._folder = folder
        self._tokens: dict[tuple[str, str], tuple[float, Any, str]] = {}
        self._lock = threading.Lock()
        self._refuse = codebuild._start_build
        codebuild._start_build = self._start
        _keep_logs_of_templates()

    def _start(self, request: Any) -> Any:
        project = codebuild._projects.get(request.get("projectName", ""))
        if project is None:
            return self._refuse(request)
        with self._lock:
            key = (project["name"], request.get("idempotencyToken", ""))
            began, former, build_id = self._tokens.get(key, (0.0, None, ""))
            if key[1] and time.monotonic() - began < TOKEN_SECONDS:
                if former != request:
                    return error_response_json("InvalidInputException", "parameter mismatch for the token", 400)
                return json_response({"build": copy.deepcopy(codebuild._builds[build_id])})
            build = self._record(project, request)
            self._tokens[key] = (time.monotonic(), request, build["id"])
        # The emulator's tables are scoped by the request's context.
        threading.Thread(
            target=contextvars.copy_context().run, args=(self._run, build, project["serviceRole"]), daemon=True
        ).start()
        return json_response({"build": copy.deepcopy(build)})

    def _record(self, project: Any, request: Any) -> Any:
        own = copy.deepcopy(project)
        environment = own["environment"]
        environment["environmentVariables"] = overridden(
            environment.get("environmentVariables") or [], request.get("environmentVariablesOverride") or []
        )
        build_id = codebuild._build_id(own["name"])
        build = codebuild._make_build_record(own, build_id)
        del build["endTime"]
        now = build["startTime"]
        build |= {
            "buildStatus": "IN_PROGRESS",
            "currentPhase": "QUEUED",
            "phases": [{"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED", "startTime": now, "endTime": now}],
        }
        logs = (own.get("logsConfig") or {}).get("cloudWatchLogs") or {}
        group, stream = logs.get("groupName") or build["logs"]["groupName"], build_id.rpartition(":")[2]
        build["logs"] = {
            "groupName": group,
            "streamName": stream,
            "deepLink": f"https://console.aws.amazon.com/cloudwatch/home?region={layout.REGION}"
            f"#logEvent:group={group};stream={stream}",
        }
        codebuild._builds[build_id] = build
        return build

    def _run(self, build: Any, role_arn: str) -> None:
        """Run the build to its end, whatever that is; nobody else would end its record."""
        folder = self._folder / build["id"].replace(":", "-")
        try:
            self._authorize_log(build, role_arn)
            status = self._run_phases(build, role_arn, folder)
        except (AccessDeniedError, BuildspecError) as error:
            _fail_phase(build, "DOWNLOAD_SOURCE", "CLIENT_ERROR", str(error))
            status = "FAILED"
        except Exception as error:
            _fail_phase(build, build["currentPhase"], "INTERNAL_SERVICE_ERROR", str(error))
            _finish(build, "FAULT")
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        _finish(build, status)

    def _authorize_log(self, build: Any, role_arn: str) -> None:
        region, account = role_arn_scope(build["arn"])
        stream = f"arn:aws:logs:{region}:{account}:log-group:{build['logs']['groupName']}:log-stream:"
        for action in ("CreateLogStream", "PutLogEvents"):
            self._iam.authorize(role_arn, f"logs:{action}", f"{stream}{build['logs']['streamName']}")

    def _run_phases(self, build: Any, role_arn: str, folder: Path) -> str:
        source = build["source"]
        if source.get("type") != "NO_SOURCE":
            raise BuildspecError(f"source type {source.get('type')} is not imitated")
        spec = yaml.safe_load(source.get("buildspec") or "")
        commands = script(spec)
        (folder / "src").mkdir(parents=True)
        emit = codebuild._log_sink(build)
        process = subprocess.Popen(
            [shell_of(spec), "-c", commands],
            cwd=folder / "src",
            env=_environ(build, role_arn, folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        overtime = threading.Timer(60 * build["timeoutInMinutes"], _kill, [process])
        overtime.daemon = True
        overtime.start()
        for raw in iter(process.stdout.readline, b"") if process.stdout else ():
            line = raw.decode(errors="replace").rstrip("\n")
            emit(line)
            said = read_line(line)
            if isinstance(said, PhaseEnd):
                codebuild._record_phase(build, said.phase, said.status)
            elif isinstance(said, PhaseContext):
                build["phases"][-1]["contexts"] = [{"statusCode": said.status_code, "message": said.message}]
        code = process.wait()
        timed_out = not overtime.is_alive()
        overtime.cancel()
        _kill(process)
        if timed_out:
            return "TIMED_OUT"
        return "SUCCEEDED" if code == 0 else "FAILED"


def role_arn_scope(arn: str) -> tuple[str, str]:
    """Region and account of an ARN."""
    _, _, _, region, account, *_ = arn.split(":")
    return region, account


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a build: its container would be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _finish(build: Any, status: str) -> None:
    """The last phase has no status of its own; whoever sees the build's sees all of it."""
    now = int(time.time())
    build["phases"].append({"phaseType": "COMPLETED", "startTime": now})
    build |= {"currentPhase": "COMPLETED", "endTime": now}
    build["buildStatus"] = status


def _fail_phase(build: Any, phase: str, status_code: str, message: str) -> None:
    codebuild._record_phase(build, phase, "FAILED")
    build["phases"][-1]["contexts"] = [{"statusCode": status_code, "message": message}]


def _environ(build: Any, role_arn: str, folder: Path) -> dict[str, str]:
    programs = folder / "bin"
    programs.mkdir()
    for name in COMMANDS:
        program = programs / name
        program.write_text(
            f'#!/bin/sh\nPYTHONUNBUFFERED=1 PYTHONPATH={layout.ROOT} exec {sys.executable} -m local.emulator.build_commands {name} "$@"\n'
        )
        program.chmod(0o755)
    region, _ = role_arn_scope(build["arn"])
    return {
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
        layout.MARKER: os.environ.get(layout.MARKER, ""),
        "CODEBUILD_BUILD_ID": build["id"],
        "CODEBUILD_BUILD_ARN": build["arn"],
        "CODEBUILD_SRC_DIR": str(folder / "src"),
        **_session(build, role_arn),
        **{variable["name"]: variable["value"] for variable in build["environment"]["environmentVariables"]},
    }


def _session(build: Any, role_arn: str) -> dict[str, str]:
    """Credentials of the service role, for this build alone."""
    session = open_session(role_arn, f"AWSCodeBuild-{build['id'].rpartition(':')[2]}", SESSION_SECONDS)
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.token,
    }


def _keep_logs_of_templates() -> None:
    """A project keeps `LogsConfig`, which the emulator's CloudFormation drops.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-codebuild-project-logsconfig.html
    """

    def keep(name: str, properties: Any) -> None:
        codebuild._projects[name]["logsConfig"] = provisioners._pascal_to_camel(properties.get("LogsConfig") or {})

    cloudformation_types.also("AWS::CodeBuild::Project", keep)
