"""Lambda functions under AWS's own runtime client, as processes of an interpreter that has nothing else.

The emulator runs Python functions inside its own interpreter: its packages hide those that a layer lacks, an
exception loses its type, and what a function prints can replace its answer. Here a Python function takes the
emulator's way for custom runtimes, with a bootstrap that starts `awslambdaric`.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

So does a function of an image, with the environment on disk that stands for the image, where the emulator would ask
Docker; the image brings `awslambdaric` itself. Its entry point is the one that AWS shows for Python.
https://docs.aws.amazon.com/lambda/latest/dg/python-image.html#python-image-clients

What Lambda does in the name of the function's role is checked: its log stream, traces, network interfaces, mounted
file systems and the queues that it is fed from.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

import io
import logging
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import efs, lambda_svc

from local import layout
from local.emulator import cloudformation_types
from local.emulator.iam import AccessDeniedError, Iam
from local.emulator.process_runtime import ProcessImage

logger = logging.getLogger(__name__)

BOOTSTRAP = """#!/bin/sh
exec "$FARFLOW_LAMBDA_PYTHON" -m awslambdaric "$_HANDLER"
"""

INTERFACES = (
    "CreateNetworkInterface",
    "DescribeNetworkInterfaces",
    "DescribeSubnets",
    "DeleteNetworkInterface",
    "AssignPrivateIpAddresses",
    "UnassignPrivateIpAddresses",
)
"""Without these on its role, a function is not let into a VPC.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
"""


def install(iam: Iam, images: Mapping[str, ProcessImage]) -> None:
    _keep_properties_of_templates()
    _run_python_by_the_runtime_client(iam, images)
    _check_event_sources(iam)


def _is_python(config: Any) -> bool:
    return _is_image(config) or str(config.get("Runtime", "")).startswith("python")


def _is_image(config: Any) -> bool:
    return bool(config.get("PackageType") == "Image")


def _run_python_by_the_runtime_client(iam: Iam, images: Mapping[str, ProcessImage]) -> None:
    choose, execute = lambda_runtime._worker_class_for, lambda_svc._execute_function_warm
    extract, environ_of = lambda_svc._provided_runtime_code_dir, lambda_svc._provided_worker_env

    def worker_class(config: Any) -> Any:
        return lambda_runtime.ProvidedWorker if _is_python(config) else choose(config)

    def execute_python(function: Any, event: Any, request_id: str) -> Any:
        config = function.get("config") or function
        way = lambda_svc._execute_function_provided_warm if _is_python(config) else execute
        return way(function, event, request_id)

    def execute_image(function: Any, event: Any, request_id: str) -> Any:
        config = function.get("config") or function
        if config["ImageUri"] not in images:
            reason = f"no environment on disk stands for {config['ImageUri']}"
            return {"body": {"errorMessage": reason, "errorType": "Runtime.InvalidEntrypoint"}, "error": True}
        return lambda_svc._execute_function_provided_warm(
            {**function, "code_zip": _empty_zip(), "config": config}, event, request_id
        )

    def code_with_bootstrap(code_zip: bytes) -> str:
        folder = Path(extract(code_zip))
        with lambda_svc._provided_code_lock:  # held while a function starts, so that it finds a whole file
            bootstrap = folder / "bootstrap"
            if not bootstrap.exists():
                unfinished = folder / "bootstrap.unfinished"
                unfinished.write_text(BOOTSTRAP)
                unfinished.chmod(0o755)
                unfinished.replace(bootstrap)
        return str(folder)

    def environ(config: Any, code_folder: str, port: int) -> dict[str, str]:
        made = dict(environ_of(config, code_folder, port))
        if not _is_python(config):
            return made
        _check_role(iam, config)
        if _is_image(config):
            return _image_environ(config, images[config["ImageUri"]], made)
        return _python_environ(config, code_folder, made)

    lambda_runtime._worker_class_for = worker_class
    lambda_svc._execute_function_warm = execute_python
    lambda_svc._execute_function_docker = execute_image
    lambda_svc._provided_runtime_code_dir = code_with_bootstrap
    lambda_svc._provided_worker_env = environ


def _python_environ(config: Any, code_folder: str, made: dict[str, str]) -> dict[str, str]:
    """Those of AWS's runtime for Python: layers before the code's folder."""
    layers = [
        lambda_svc._docker_extracted_dir(lambda_svc._resolve_layer_zip(layer), "layer")
        for layer in config.get("Layers") or []
    ]
    return {
        **_environ(config, made),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}",
        "FARFLOW_LAMBDA_PYTHON": str(layout.environment_python("lambda")),
        "PYTHONPATH": ":".join([*(f"{layer}/python" for layer in layers), code_folder]),
        "PYTHONDONTWRITEBYTECODE": "1",  # the code is read-only on AWS, and shared by every environment here
    }


def _image_environ(config: Any, image: ProcessImage, made: dict[str, str]) -> dict[str, str]:
    """Those of the image, and AWS's; the command is the handler."""
    (handler,) = config["ImageConfigResponse"]["ImageConfig"]["Command"]
    return {
        **{name: value for name, value in image.environ.items() if "{container}" not in value},
        **_environ(config, made),
        "_HANDLER": handler,
        "PATH": f"{image.bin_folder}:/usr/local/bin:/usr/bin:/bin",
        "FARFLOW_LAMBDA_PYTHON": str(image.bin_folder / "python"),
    }


def _environ(config: Any, made: dict[str, str]) -> dict[str, str]:
    """The variables of every runtime of AWS, and none of the emulator's own.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    own = {name: value for name, value in made.items() if os.environ.get(name) != value}
    return {
        **own,
        **lambda_svc._runtime_env_vars(config),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_LAMBDA_LOG_GROUP_NAME": _log_group(config),
        "AWS_LAMBDA_LOG_FORMAT": (config.get("LoggingConfig") or {}).get("LogFormat", "Text"),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": layout.REGION,
        "AWS_DEFAULT_REGION": layout.REGION,
        "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
        layout.MARKER: os.environ.get(layout.MARKER, ""),
    }


def _empty_zip() -> bytes:
    """The emulator's way for custom runtimes begins with the code's archive; an image's code is where the image is."""
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    return buffer.getvalue()


def _keep_properties_of_templates() -> None:
    """A template's network and mounts are the function's; the emulator drops them.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
    """

    def keep(name: str, properties: Any) -> None:
        config = lambda_svc._functions[name]["config"]
        config["VpcConfig"] = lambda_svc._vpc_config_with_id(properties.get("VpcConfig"))
        config["FileSystemConfigs"] = properties.get("FileSystemConfigs") or []

    cloudformation_types.also("AWS::Lambda::Function", keep)


def _log_group(config: Any) -> str:
    name = (config.get("LoggingConfig") or {}).get("LogGroup")
    return str(name or f"/aws/lambda/{config['FunctionName']}")


def _check_role(iam: Iam, config: Any) -> None:
    """Logs and traces that are denied are lost, and the function runs; a network or mount denied stops it."""
    role = config["Role"]
    region, account = config["FunctionArn"].split(":")[3:5]
    stream = f"arn:aws:logs:{region}:{account}:log-group:{_log_group(config)}:log-stream:"
    optional: list[tuple[str, str]] = [(f"logs:{action}", stream) for action in ("CreateLogStream", "PutLogEvents")]
    if (config.get("TracingConfig") or {}).get("Mode") == "Active":
        optional += [("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")]
    for action, resource in optional:
        try:
            iam.authorize(role, action, resource)
        except AccessDeniedError as error:
            logger.warning("%s: %s", config["FunctionName"], error)
    if (config.get("VpcConfig") or {}).get("SubnetIds"):
        for action in INTERFACES:
            iam.authorize(role, f"ec2:{action}", "*")
    for mount in config.get("FileSystemConfigs") or []:
        access_point = efs._access_points.get(mount["Arn"].rpartition("/")[2]) or {}
        file_system = efs._file_systems.get(access_point.get("FileSystemId")) or {}
        for action in ("ClientMount", "ClientWrite"):
            iam.authorize(
                role,
                f"elasticfilesystem:{action}",
                file_system.get("FileSystemArn", "*"),
                **{"elasticfilesystem:AccessPointArn": mount["Arn"]},
            )


def _check_event_sources(iam: Iam) -> None:
    """Lambda takes from a queue, and deletes, as the function's role.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    run: Callable[..., None] = lambda_svc._run_sqs_batch

    def checked(source: Any, function: Any, *batch: Any) -> None:
        role = (function.get("config") or function)["Role"]
        try:
            for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
                iam.authorize(role, f"sqs:{action}", source["EventSourceArn"])
        except AccessDeniedError as error:
            source["LastProcessingResult"] = f"PROBLEM: {error}"
            logger.warning("%s", error)
            return
        run(source, function, *batch)

    lambda_svc._run_sqs_batch = checked
