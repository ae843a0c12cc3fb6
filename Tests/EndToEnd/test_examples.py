"""The examples are what they say: files that their tools take, around configs that Postern takes."""

import json
import os
import subprocess
import sys

import botocore.session
import botocore.validate
import kubernetes_validate
import postern
import pytest
import yaml
from checked_config import machine, pair  # noqa: F401
from compose_spec import PyCompose

EXAMPLES = os.path.join(postern.ROOT, "examples")
KUBERNETES = "1.30"


def read(name):
    with open(os.path.join(EXAMPLES, name), encoding="utf-8") as source:
        return source.read()


def manifests():
    return list(yaml.safe_load_all(read("kubernetes/postern.yaml")))


def of_kind(kind):
    return next(one for one in manifests() if one["kind"] == kind)


def configs():
    yield pytest.param(of_kind("ConfigMap")["data"]["postern.yaml"], id="kubernetes")
    for name in ("compose", "ecs"):
        yield pytest.param(read(f"{name}/postern.yaml"), id=name)


@pytest.mark.parametrize("text", list(configs()))
def test_each_config_of_the_examples_holds(text, machine):  # noqa: F811
    faults, status = machine.check(text, "yaml")
    assert not faults and status == 0, faults


@pytest.mark.parametrize("name", ["Dockerfile", "examples/ecs/Dockerfile"])
def test_hadolint_finds_nothing(name):
    done = subprocess.run([os.path.join(os.path.dirname(sys.executable), "hadolint"), os.path.join(postern.ROOT, name)],
                          capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_compose_takes_its_example():
    compose = PyCompose.from_yaml(read("compose/compose.yaml"))
    compose.validate()
    assert sorted(compose.service_names()) == ["app", "postern"]


def test_kubernetes_takes_its_example():
    for one in manifests():
        kubernetes_validate.validate(one, KUBERNETES, strict=True)


def test_kubernetes_would_find_a_fault():
    broken = of_kind("Deployment")
    broken["spec"]["template"]["spec"]["containers"][0]["readinessProb"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, KUBERNETES, strict=True)


def test_the_manifests_name_each_other():
    deployment, policy, service = of_kind("Deployment"), of_kind("NetworkPolicy"), of_kind("Service")
    pod = deployment["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels == service["spec"]["selector"]
    assert policy["spec"]["podSelector"]["matchLabels"] == labels
    container = pod["spec"]["containers"][0]
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    assert service["spec"]["ports"][0]["targetPort"] in ports
    assert {one["port"] for rule in policy["spec"]["ingress"] for one in rule["ports"]} == set(ports)
    config = yaml.safe_load(of_kind("ConfigMap")["data"]["postern.yaml"])
    assert config["admin"]["address"].endswith(f":{ports['admin']}")
    assert config["listeners"]["public"]["address"].endswith(f":{ports['https']}")
    assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["spec"]["volumes"]}


def test_ecs_takes_its_example():
    task = json.loads(read("ecs/task-definition.json"))
    service = botocore.session.get_session().get_service_model("ecs")
    report = botocore.validate.ParamValidator().validate(task, service.operation_model("RegisterTaskDefinition").input_shape)
    assert not report.has_errors(), report.generate_report()
    unknown = set(task) - set(service.operation_model("RegisterTaskDefinition").input_shape.members)
    container = service.shape_for("ContainerDefinition")
    for one in task["containerDefinitions"]:
        unknown |= set(one) - set(container.members)
    assert not unknown
