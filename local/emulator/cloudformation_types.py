"""Resource types and properties that Farflow's template has and the emulator's CloudFormation lacks.

`tests/e2e` deploys the template with these; `tests/unit/test_emulator_additions.py` fails
when the pinned emulator has learnt one of them, so that it is removed here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.services import ec2, ecs, secretsmanager
from ministack.services.cloudformation import engine, provisioners

Attributes = dict[str, str]

FORGOTTEN = ("secrets", "healthCheck", "dependsOn")
"""Properties of a container definition whose members keep the template's names in the emulator."""


def register() -> None:
    """Add everything of this file to the emulator."""
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::EC2::EIP"] = {
        "create": _create_elastic_ip,
        "update": _keep_elastic_ip,
        "delete": lambda physical_id, _: ec2._addresses.pop(physical_id, None),
    }
    handlers["AWS::EC2::NatGateway"] = {
        "create": _create_nat_gateway,
        "update": _keep_nat_gateway,
        "delete": lambda physical_id, _: ec2._nat_gateways.pop(physical_id, None),
    }
    handlers["AWS::ApplicationAutoScaling::ScalableTarget"] = {
        "create": _create_scalable_target,
        "update": _update_scalable_target,
        "delete": lambda _physical_id, _properties: None,
    }
    handlers["AWS::ApplicationAutoScaling::ScalingPolicy"] = {
        "create": _create_scaling_policy,
        "update": _keep_scaling_policy,
        "delete": lambda _physical_id, _properties: None,
    }
    handlers["AWS::EC2::SecurityGroupIngress"] = _security_group_ingress()
    _transform_nested_templates()
    _resolve_dynamic_references_in_nested_templates()
    _remember_attributes_of_nested_resources()
    _generate_secrets_as_asked()
    _name_container_properties_as_the_api_does()


def _create_elastic_ip(_logical_id: str, _properties: Any, _stack: str) -> tuple[str, Attributes]:
    """An Elastic IP address that nothing routes to.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-eip.html
    """
    before = set(ec2._addresses)
    ec2._allocate_address({})
    (allocation_id,) = set(ec2._addresses) - before
    return _keep_elastic_ip(allocation_id)


def _keep_elastic_ip(allocation_id: str, *_: Any) -> tuple[str, Attributes]:
    """An update that changes tags only, which nothing here reads."""
    return allocation_id, {"AllocationId": allocation_id, "PublicIp": ec2._addresses[allocation_id]["PublicIp"]}


def _create_nat_gateway(_logical_id: str, properties: Any, _stack: str) -> tuple[str, Attributes]:
    """A NAT gateway in name: processes here use the machine's own network.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-natgateway.html
    """
    before = set(ec2._nat_gateways)
    ec2._create_nat_gateway({key: [str(value)] for key, value in properties.items() if key != "Tags"})
    (nat_gateway_id,) = set(ec2._nat_gateways) - before
    return _keep_nat_gateway(nat_gateway_id)


def _keep_nat_gateway(nat_gateway_id: str, *_: Any) -> tuple[str, Attributes]:
    """An update that changes tags only, which nothing here reads."""
    return nat_gateway_id, {"NatGatewayId": nat_gateway_id}


def _create_scalable_target(_logical_id: str, properties: Any, _stack: str) -> tuple[str, Attributes]:
    """The bounds of a service's desired count, held at once; no metric moves it afterwards.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-applicationautoscaling-scalabletarget.html
    """
    _, cluster, service = properties["ResourceId"].split("/")
    wanted = ecs._services[f"{cluster}/{service}"]["desiredCount"]
    bounded = min(max(wanted, int(properties["MinCapacity"])), int(properties["MaxCapacity"]))
    if bounded != wanted:
        ecs._update_service({"cluster": cluster, "service": service, "desiredCount": bounded})
    physical_id = f"{properties['ResourceId']}|{properties['ScalableDimension']}|{properties['ServiceNamespace']}"
    return physical_id, {"Id": physical_id}


def _update_scalable_target(_physical_id: str, _old: Any, new: Any, stack: str) -> tuple[str, Attributes]:
    return _create_scalable_target("", new, stack)


def _create_scaling_policy(_logical_id: str, properties: Any, _stack: str) -> tuple[str, Attributes]:
    """A policy in name: the local stack's services are as large as they are told to be.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-applicationautoscaling-scalingpolicy.html
    """
    return _keep_scaling_policy(f"arn:aws:autoscaling:local:scalingPolicy/{properties['PolicyName']}")


def _keep_scaling_policy(arn: str, *_: Any) -> tuple[str, Attributes]:
    return arn, {"Arn": arn}


def _security_group_ingress() -> dict[str, Any]:
    """A rule kept on its group, which nothing here enforces.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroupingress.html
    """

    def permissions(properties: Any) -> list[Any]:
        return list(provisioners._ec2_sg_permissions([properties]))

    def create(logical_id: str, properties: Any, stack: str) -> tuple[str, Attributes]:
        group = ec2._security_groups[properties["GroupId"]]
        group["IpPermissions"] = [*group["IpPermissions"], *permissions(properties)]
        return f"{stack}-{logical_id}", {}

    def delete(_physical_id: str, properties: Any) -> None:
        group = ec2._security_groups.get(properties["GroupId"])
        if group is not None:
            gone = permissions(properties)
            group["IpPermissions"] = [rule for rule in group["IpPermissions"] if rule not in gone]

    def update(physical_id: str, old: Any, new: Any, stack: str) -> tuple[str, Attributes]:
        delete(physical_id, old)
        create(physical_id, new, stack)
        return physical_id, {}

    return {"create": create, "update": update, "delete": delete}


def _transform_nested_templates() -> None:
    """A nested template's `Transform` is applied, as a root template's is.

    The emulator's nested stacks look `_parse_template` up in its module when they are deployed.
    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-template-nested-applications.html
    """
    original = engine._parse_template

    def parse(body: str) -> Any:
        template = original(body)
        return engine._apply_transforms(template) if template.get("Transform") else template

    engine._parse_template = parse


def _resolve_dynamic_references_in_nested_templates() -> None:
    """`{{resolve:…}}` means in a nested template what it means in a root one, where the emulator resolves it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
    """
    provision, update = provisioners._provision_resource, provisioners._update_resource

    def resolved(properties: Any) -> Any:
        return engine._resolve_dynamic_references(properties)[0]

    def provision_resolved(resource_type: str, logical_id: str, properties: Any, stack: str) -> Any:
        return provision(resource_type, logical_id, resolved(properties), stack)

    def update_resolved(resource_type: str, physical_id: str, old: Any, new: Any, *others: Any, **options: Any) -> Any:
        return update(resource_type, physical_id, resolved(old), resolved(new), *others, **options)

    provisioners._provision_resource = provision_resolved
    provisioners._update_resource = update_resolved


def _remember_attributes_of_nested_resources() -> None:
    """A nested stack's resource that an update leaves alone keeps its attributes for `Fn::GetAtt`.

    The emulator hands them on in a root stack and forgets them in a nested one, whose next `!GetAtt` then fails.
    """
    attributes: dict[tuple[str, str], Attributes] = {}
    provision, update = provisioners._provision_resource, provisioners._update_resource

    def provision_and_remember(
        resource_type: str, logical_id: str, properties: Any, stack: str
    ) -> tuple[str, Attributes]:
        physical_id, made = provision(resource_type, logical_id, properties, stack)
        attributes[stack, logical_id] = made
        return physical_id, made

    def update_and_remember(
        resource_type: str,
        physical_id: str,
        old: Any,
        new: Any,
        stack: str,
        logical_id: str | None = None,
        old_attributes: Attributes | None = None,
    ) -> tuple[str, Attributes]:
        known = old_attributes or attributes.get((stack, logical_id or physical_id))
        physical_id, made = update(resource_type, physical_id, old, new, stack, logical_id, known)
        attributes[stack, logical_id or physical_id] = made
        return physical_id, made

    provisioners._provision_resource = provision_and_remember
    provisioners._update_resource = update_and_remember


def _generate_secrets_as_asked() -> None:
    """`GenerateSecretString` follows GetRandomPassword's rules, `ExcludePunctuation` among them.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html
    """
    original = provisioners._sm_secret_string

    def secret_string(properties: Any) -> str:
        wanted = properties.get("GenerateSecretString")
        if not wanted:
            return str(original(properties))
        status, _, body = secretsmanager._get_random_password(wanted)
        if status != 200:
            raise ValueError(f"GetRandomPassword refused {wanted}: {body!r}")
        password = json.loads(body)["RandomPassword"]
        if "SecretStringTemplate" not in wanted:
            return str(password)
        return json.dumps({**json.loads(wanted["SecretStringTemplate"]), wanted["GenerateStringKey"]: password})

    provisioners._sm_secret_string = secret_string


def _name_container_properties_as_the_api_does() -> None:
    """A template's `Secrets: [{Name, ValueFrom}]` reaches the task as the API's `{name, valueFrom}`.

    The emulator converts other properties of a container definition and forgets these, which leaves
    variables, health checks and dependencies out without a word.
    """
    original = provisioners._normalize_container_defs

    def normalize(definitions: list[Any]) -> list[Any]:
        return [
            {
                **definition,
                **{name: provisioners._pascal_to_camel(definition[name]) for name in FORGOTTEN if name in definition},
            }
            for definition in original(definitions)
        ]

    provisioners._normalize_container_defs = normalize


def also(resource_type: str, act: Callable[[str, Any], None]) -> None:
    """After a resource of that type was created or updated, call `act` with its physical id and its properties."""
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handler["create"], handler["update"]

    def create_and_act(logical_id: str, properties: Any, stack: str) -> Any:
        made = create(logical_id, properties, stack)
        act(made[0], properties)
        return made

    def update_and_act(physical_id: str, old: Any, new: Any, *others: Any) -> Any:
        made = update(physical_id, old, new, *others)
        act(made[0], new)
        return made

    handler["create"], handler["update"] = create_and_act, update_and_act
