"""The job definition and what AWS Batch takes: each limit is broken once and has to be named."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infrastructure.limits import size_of
from infrastructure.retry_rules import SPOT_REASONS, decision
from infrastructure.validate import definition_problems, main, request_problems
from tests.support.paths import ROOT

DEFINITION: dict[str, Any] = json.loads((ROOT / "job-definition.json").read_text())
REQUEST = {
    "jobName": "spring-2027",
    "jobQueue": "query-generator",
    "jobDefinition": "query-generator",
    "containerOverrides": {"environment": [{"name": "JOB_ID", "value": "spring-2027"}]},
}
Change = Callable[[Any], object]


def changed(document: dict[str, Any], change: Change) -> dict[str, Any]:
    document = copy.deepcopy(document)
    change(document)
    return document


def fargate(definition: dict[str, Any]) -> None:
    container = definition["containerProperties"]
    definition["platformCapabilities"] = ["FARGATE"]
    container.pop("privileged")
    container["linuxParameters"].pop("tmpfs")
    resources(definition, "1", "2048")


def resources(definition: dict[str, Any], vcpu: str, memory: str) -> None:
    pair = [{"type": "VCPU", "value": vcpu}, {"type": "MEMORY", "value": memory}]
    definition["containerProperties"]["resourceRequirements"] = pair


def container(**changes: Any) -> Change:
    return lambda definition: definition["containerProperties"].update(changes)


def without(name: str) -> Change:
    return lambda definition: definition["containerProperties"].pop(name)


def retry(*rules: dict[str, str], attempts: int = 3) -> Change:
    last = {"onReason": "*", "action": "EXIT"}
    strategy = {"attempts": attempts, "evaluateOnExit": [*rules, last]}
    return lambda definition: definition.update(retryStrategy=strategy)


def test_the_job_definition_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    """`make check` lets the job definition through, as it is and on Fargate."""
    assert main([str(ROOT / "job-definition.json")]) == 0
    assert capsys.readouterr().err == ""
    assert definition_problems(changed(DEFINITION, fargate)) == []


def test_problems_end_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`make check` fails on a wrong job definition, names the file and AWS's page."""
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(changed(DEFINITION, retry(attempts=11))))
    assert main([str(wrong)]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"{wrong}: attempts is 11: give 1 to 10 (https://docs.aws.amazon.com/batch/")


WRONG_DEFINITIONS: dict[str, tuple[Change, str]] = {
    "name": (lambda d: d.update(jobDefinitionName="../x"), "'../x'"),
    "size": (container(environment=[{"name": "X", "value": "y" * 25_000}]), "AWS takes 24576"),
    "timeout": (lambda d: d.update(timeout={"attemptDurationSeconds": 59}), "attemptDurationSeconds is 59"),
    "platform": (lambda d: d.update(platformCapabilities=[]), "platformCapabilities"),
    "no attempts": (lambda d: d.pop("retryStrategy"), "attempts is None"),
    "too many rules": (retry(*[{"onExitCode": "75", "action": "RETRY"}] * 5), "6 retry rules"),
    "rule without action": (retry({"onExitCode": "75"}), "retry rule 1: give an action"),
    "rule without condition": (retry({"action": "RETRY"}), "retry rule 1: give an action"),
    "leading glob": (retry({"onStatusReason": "*EC2", "action": "RETRY"}), "'*EC2'"),
    "two globs": (retry({"onStatusReason": "Host*EC2*", "action": "RETRY"}), "'Host*EC2*'"),
    "quote in a glob": (retry({"onReason": "Can't*", "action": "RETRY"}), "Can't"),
    "letters in an exit code": (retry({"onExitCode": "7x", "action": "RETRY"}), "'7x'"),
    "empty pattern": (retry({"onExitCode": "", "action": "RETRY"}), "onExitCode ''"),
    "no last rule": (lambda d: d["retryStrategy"]["evaluateOnExit"].pop(), "the last retry rule"),
    "75 stops": (retry(), "75 (TRY_AGAIN) has to RETRY"),
    "65 again": (retry({"onExitCode": "6*", "action": "RETRY"}), "65 (FINISHED_WITH_ERRORS) has to EXIT"),
    "Spot on EC2": (retry(), "Spot host of EC2"),
    "Spot on Fargate": (retry(), "Spot host of Fargate"),
    "reserved variable": (container(environment=[{"name": "AWS_BATCH_X", "value": "1"}]), "AWS_BATCH_X"),
    "variable twice": (container(environment=[{"name": "X", "value": "1"}] * 2), "X is set 2 times"),
    "deprecated": (container(vcpus=1), "vcpus: use resourceRequirements"),
    "Fargate alone": (container(networkConfiguration={}), "networkConfiguration: it is for Fargate"),
    "no resources": (container(resourceRequirements=[]), "VCPU and MEMORY"),
    "part of a vCPU": (lambda d: resources(d, "0.5", "1024"), "'0.5'"),
    "no job role": (without("jobRoleArn"), "jobRoleArn is missing"),
    "no ARN": (container(jobRoleArn="query-generator-job"), "give the ARN of a role"),
    "role for secrets": (
        lambda d: (without("executionRoleArn")(d), container(secrets=[{"name": "K", "valueFrom": "s"}])(d)),
        "executionRoleArn is missing",
    ),
}


@pytest.mark.parametrize(("change", "word"), WRONG_DEFINITIONS.values(), ids=WRONG_DEFINITIONS)
def test_wrong_definition_is_named(change: Change, word: str) -> None:
    """What AWS would refuse in a job definition, or run in a wrong way, is named."""
    assert word in "\n".join(definition_problems(changed(DEFINITION, change)))


WRONG_ON_FARGATE: dict[str, tuple[Change, str]] = {
    "pair": (lambda d: resources(d, "1", "1024"), "1 vCPU with 1024 MiB"),
    "step": (lambda d: resources(d, "8", "17408"), "8 vCPU with 17408 MiB"),
    "vCPU": (lambda d: resources(d, "3", "8192"), "3 vCPU"),
    "tmpfs": (container(linuxParameters={"tmpfs": []}), "tmpfs: Fargate has no such thing"),
    "privileged": (container(privileged=True), "privileged: Fargate"),
    "execution role": (without("executionRoleArn"), "executionRoleArn is missing"),
}


@pytest.mark.parametrize(("change", "word"), WRONG_ON_FARGATE.values(), ids=WRONG_ON_FARGATE)
def test_wrong_definition_on_fargate_is_named(change: Change, word: str) -> None:
    """What Fargate does not have is named."""
    definition = changed(DEFINITION, fargate)
    assert word in "\n".join(definition_problems(changed(definition, change)))


WRONG_REQUESTS: dict[str, tuple[Change, str]] = {
    "name": (lambda r: r.update(jobName="spring.2027"), "'spring.2027'"),
    "array of one": (lambda r: r.update(arrayProperties={"size": 1}), "array size 1"),
    "array too large": (lambda r: r.update(arrayProperties={"size": 20_000}), "array size 20000"),
    "dependencies": (lambda r: r.update(dependsOn=[{"jobId": "x"}] * 21), "21 dependencies"),
    "overrides": (
        lambda r: r["containerOverrides"]["environment"].append({"name": "X", "value": "é" * 4_096}),
        "ECS refuses 8192",
    ),
    "request": (lambda r: r.update(parameters={"X": "y" * 31_000}), "AWS takes 30720"),
    "reserved variable": (
        lambda r: r["containerOverrides"]["environment"].append({"name": "AWS_BATCH_JOB_ID", "value": "x"}),
        "AWS_BATCH_JOB_ID",
    ),
    "resources": (lambda r: r["containerOverrides"].update(resourceRequirements=[]), "VCPU and MEMORY"),
}


@pytest.mark.parametrize(("change", "word"), WRONG_REQUESTS.values(), ids=WRONG_REQUESTS)
def test_wrong_request_is_named(change: Change, word: str) -> None:
    """What AWS would refuse in a request, at once or when it starts the container, is named."""
    assert request_problems(REQUEST) == []
    assert word in "\n".join(request_problems(changed(REQUEST, change)))


def test_edge_of_the_overrides() -> None:
    """Overrides of 8,191 characters pass and of 8,192 do not."""

    def filled(characters: int) -> dict[str, Any]:
        padding = "x" * (characters - size_of({"environment": [{"name": "X", "value": ""}]}))
        return {**REQUEST, "containerOverrides": {"environment": [{"name": "X", "value": padding}]}}

    assert request_problems(filled(8_191)) == []
    assert "8192" in request_problems(filled(8_192))[0]


def test_who_is_tried_again() -> None:
    """A reclaimed host and exit code 75 are tried again; a killed, hung or refused job stops."""
    rules = DEFINITION["retryStrategy"]["evaluateOnExit"]
    assert {decision(rules, 137, status_reason=reason) for reason in SPOT_REASONS.values()} == {"RETRY"}
    assert decision(rules, 75, "Essential container in task exited") == "RETRY"
    assert decision(rules, 137, "OutOfMemoryError: Container killed due to memory usage") == "EXIT"
    assert decision(rules, None, "CannotPullContainerError: not found") == "EXIT"
    assert decision(rules, 137, "", "Job attempt duration exceeded timeout") == "EXIT"
    assert decision([], 1) == "RETRY"
