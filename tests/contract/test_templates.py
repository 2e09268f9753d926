"""What no linter knows of the templates."""

import re
import tomllib
from typing import Any

import pytest

from local import layout
from tests.contract import templates
from tests.contract.permissions import chosen, holds

SERVICES = {"ExecutionApi", "Ui", "Scheduler", "DagProcessor", "Triggerer", "DefaultWorkers", "SecondWorkers"}
GROUPS = ("Worker", "SecondWorker")
"""Beginnings of their parameters' names."""


def nested(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Application"
    }


@pytest.mark.parametrize("parent", ["template", "airflow", "worker_group"])
def test_nested_stacks_get_every_parameter_that_they_need_and_none_else(parent: str) -> None:
    template = templates.root() if parent == "template" else templates.stack(parent)
    for name, resource in nested(template).items():
        child = templates.stack(resource["Properties"]["Location"].rpartition("/")[2].removesuffix(".yaml"))
        given = set(resource["Properties"]["Parameters"])
        known = child["Parameters"]
        # Defaults in functions' templates are for `sam build`, which sees no parent.
        needed = {key for key, parameter in known.items() if "Default" not in parameter}
        assert needed <= given <= set(known), name


def test_layers_are_built_for_the_processor_of_the_functions() -> None:
    """They hold compiled packages, and sam builds layers for x86_64 unless told otherwise."""
    for path in sorted((layout.ROOT / "stacks").glob("*.yaml")):
        template = templates.stack(path.stem)
        functions = template.get("Globals", {}).get("Function", {})
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::Serverless::LayerVersion":
                assert [resource["Metadata"]["BuildArchitecture"]] == functions["Architectures"], (path.stem, name)
                assert resource["Properties"]["CompatibleArchitectures"] == functions["Architectures"], (
                    path.stem,
                    name,
                )


def test_every_output_that_is_read_exists() -> None:
    parents = {
        "template": templates.root(),
        **{f"stacks/{name}": templates.stack(name) for name in ("airflow", "worker_group")},
    }
    for file, template in parents.items():
        text = (layout.ROOT / f"{file}.yaml").read_text()
        read = set(re.findall(r"!GetAtt (\w+)\.Outputs\.(\w+)", text))
        assert read
        for logical_id, output in read:
            location = template["Resources"][logical_id]["Properties"]["Location"]
            child = templates.stack(location.removeprefix("stacks/").removesuffix(".yaml"))
            assert output in child["Outputs"], (logical_id, output)


def test_every_parameter_of_a_user_is_described() -> None:
    for name, parameter in templates.root()["Parameters"].items():
        assert parameter.get("Description", "").endswith("."), name


def test_environments_set_parameters_that_exist() -> None:
    config = tomllib.loads((layout.ROOT / "samconfig.toml").read_text())
    assert {"local", "dev", "prod"} <= set(config)
    for environment, sections in config.items():
        if environment == "version":
            continue
        for override in sections.get("deploy", {}).get("parameters", {}).get("parameter_overrides", []):
            assert override.partition("=")[0] in templates.root()["Parameters"], environment


def test_every_slot_of_the_workers_can_be_filled() -> None:
    """With fewer, workers idle beside work that waits. Rules of CloudFormation cannot count, so the defaults and examples must."""
    config = tomllib.loads((layout.ROOT / "samconfig.toml").read_text())
    defaults = {name: parameter.get("Default") for name, parameter in templates.root()["Parameters"].items()}
    for environment in ("dev", "prod"):
        overrides = config[environment]["deploy"]["parameters"].get("parameter_overrides", [])
        given = defaults | dict(override.split("=", 1) for override in overrides)
        slots = sum(int(given[f"{group}Maximum"]) * int(given[f"{group}Concurrency"]) for group in GROUPS)
        assert int(given["Parallelism"]) >= slots, environment


def test_every_service_waits_for_the_migration() -> None:
    resources = templates.stack("airflow")["Resources"]
    assert set(nested(templates.stack("airflow"))) == SERVICES | {"Migration"}
    for name in SERVICES:
        depends = resources[name]["DependsOn"]
        assert "MetadataMigration" in ([depends] if isinstance(depends, str) else depends), name


def test_worker_waits_for_the_name_that_it_calls() -> None:
    """A task of Service Connect knows the endpoints that were there when it was deployed."""
    for group in ("DefaultWorkers", "SecondWorkers"):
        assert "ExecutionApi" in templates.stack("airflow")["Resources"][group]["DependsOn"]


def test_workers_are_the_scaler_s_to_count_and_never_moved() -> None:
    service = templates.stack("airflow_service")["Resources"]["Service"]["Properties"]
    assert service["DesiredCount"]["Fn::If"][:2] == ["IsWorker", {"Ref": "AWS::NoValue"}]
    assert service["AvailabilityZoneRebalancing"] == {"Fn::If": ["IsWorker", "DISABLED", "ENABLED"]}


def test_services_stop_slowly_and_roll_back() -> None:
    resources = templates.stack("airflow_service")["Resources"]
    (container,) = resources["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    assert container["StopTimeout"] == 120
    breaker = resources["Service"]["Properties"]["DeploymentConfiguration"]["DeploymentCircuitBreaker"]
    assert breaker == {"Enable": True, "Rollback": True}


def test_load_balancer_admits_one_range() -> None:
    rules = templates.stack("network")["Resources"]["LoadBalancerSecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert [rule["CidrIp"] for rule in rules] == [{"Ref": "UiAllowedCidr"}]


def test_no_other_group_admits_an_address_range() -> None:
    for name, resource in templates.stack("network")["Resources"].items():
        if resource["Type"] != "AWS::EC2::SecurityGroup" or name == "LoadBalancerSecurityGroup":
            continue
        for rule in resource["Properties"].get("SecurityGroupIngress", []):
            assert "SourceSecurityGroupId" in rule, name


def test_data_that_cannot_be_made_again_outlives_the_stack() -> None:
    resources = templates.stack("data")["Resources"]
    for name in ("Key", "DagsBucket", "LogsBucket", "DataBucket", "FernetKeySecret", "Database"):
        assert resources[name]["DeletionPolicy"] in ("RetainExceptOnCreate", "Snapshot"), name


def test_generated_secrets_are_safe_in_urls() -> None:
    for name, resource in templates.stack("data")["Resources"].items():
        if resource["Type"] == "AWS::SecretsManager::Secret":
            assert resource["Properties"]["GenerateSecretString"]["ExcludePunctuation"] is True, name


def test_queue_hides_an_event_longer_than_the_function_works() -> None:
    """Lambda asks for six times: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    timeout = templates.functions()["dag_sync"]["Timeout"]
    assert templates.stack("data")["Resources"]["DagEventsQueue"]["Properties"]["VisibilityTimeout"] == 6 * timeout


def test_webhook_alone_is_open_to_all_and_answers_while_github_waits() -> None:
    """Ten seconds: https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks"""
    functions = templates.functions()
    assert {name for name, function in functions.items() if "FunctionUrlConfig" in function} == {"push_webhook"}
    assert functions["push_webhook"]["FunctionUrlConfig"] == {"AuthType": "NONE"}
    assert functions["push_webhook"]["Timeout"] <= 10


def test_build_ends_before_its_builder_gives_up_and_that_before_cloudformation() -> None:
    """Else a slow build would be told as an hour's silence."""
    resources = templates.stack("image")["Resources"]
    project = resources["Project"]["Properties"]
    build_seconds = 60 * (project["QueuedTimeoutInMinutes"] + project["TimeoutInMinutes"])
    source = (layout.ROOT / "functions" / "image_builder" / "handler.py").read_text()
    invocations, margin = (
        int(re.search(rf"^{name} = (\d+)$", source, re.MULTILINE).group(1))
        for name in ("INVOCATIONS", "MARGIN_SECONDS")
    )  # type: ignore[union-attr]
    timeout = templates.functions()["image_builder"]["Timeout"]
    assert build_seconds < invocations * (timeout - margin)
    assert invocations * timeout <= int(resources["AirflowImage"]["Properties"]["ServiceTimeout"])


def test_services_get_the_built_image_only_when_none_is_given() -> None:
    resources = templates.root()["Resources"]
    assert resources["Image"]["Condition"] == "BuildsImage"
    image = resources["Airflow"]["Properties"]["Parameters"]["AirflowImage"]
    assert image == {"Fn::If": ["BuildsImage", {"Fn::GetAtt": ["Image", "Outputs.ImageUri"]}, {"Ref": "AirflowImage"}]}


def test_image_is_built_on_the_kind_of_processor_that_runs_it() -> None:
    environment = templates.stack("image")["Resources"]["Project"]["Properties"]["Environment"]
    assert environment["Type"] == {"Fn::If": ["IsArm64", "ARM_CONTAINER", "LINUX_CONTAINER"]}
    _, arm, intel = environment["Image"]["Fn::If"]
    assert "aarch64" in arm
    assert "x86_64" in intel


def test_image_and_local_stack_have_one_airflow() -> None:
    dockerfile = (layout.ROOT / "airflow" / "Dockerfile").read_text()
    base = re.search(r"AIRFLOW_BASE_IMAGE=apache/airflow:slim-([\d.]+)-python([\d.]+)", dockerfile)
    locked = re.search(
        r"^apache-airflow==([\d.]+)", (layout.ROOT / "airflow" / "requirements.txt").read_text(), re.MULTILINE
    )
    assert base
    assert locked
    assert base.group(1) == locked.group(1)
    assert base.group(2) == (layout.ROOT / ".python-version").read_text().strip()


@pytest.mark.parametrize(
    ("parameters", "deploys", "runs_on"),
    [
        ({}, True, "ARM64"),
        ({"CpuArchitecture": "X86_64"}, True, "X86_64"),
        ({"SecondWorkerCpuArchitecture": "X86_64"}, False, None),
        ({"CpuArchitecture": "X86_64", "SecondWorkerCpuArchitecture": "X86_64"}, True, "X86_64"),
        ({"CpuArchitecture": "X86_64", "SecondWorkerCpuArchitecture": "ARM64"}, False, None),
        ({"SecondWorkerCpuArchitecture": "X86_64", "AirflowImage": "airflow:1"}, True, "X86_64"),
        ({"SecondWorkerCpuArchitecture": "X86_64", "SecondWorkerGroup": ""}, True, None),
    ],
)
def test_second_group_runs_on_a_processor_that_the_image_is_built_for(
    parameters: dict[str, str], deploys: bool, runs_on: str | None
) -> None:
    """CodeBuild builds for CpuArchitecture alone; workers of another processor would never start."""
    template = templates.root()
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in template["Parameters"].items()}
    given = defaults | {"SecondWorkerGroup": "large"} | parameters
    rule = template["Rules"]["BuiltImageHasOneArchitecture"]
    applies = holds(rule["RuleCondition"], {}, given)
    assert deploys == (not applies or all(holds(assertion["Assert"], {}, given) for assertion in rule["Assertions"]))
    architecture = template["Resources"]["Airflow"]["Properties"]["Parameters"]["SecondWorkerCpuArchitecture"]
    reference = chosen(architecture, template["Conditions"], given)
    assert runs_on is None or given[reference["Ref"]] == runs_on
