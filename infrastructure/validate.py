"""Finds what AWS Batch would refuse, without calling AWS: `python -m infrastructure.validate job-definition.json …`.

A job definition is the `--cli-input-json` of RegisterJobDefinition, a request that of SubmitJob.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from infrastructure.limits import broken, limit, size_of
from infrastructure.retry_rules import retry_problems

Json = Mapping[str, Any]


def definition_problems(definition: Json) -> list[str]:
    """Return every reason why AWS would refuse a job definition, or why its jobs would not run properly."""
    container: Json = definition.get("containerProperties", {})
    fargate = "FARGATE" in definition.get("platformCapabilities", [])
    return [
        *_definition_itself(definition),
        *_environment(container.get("environment", [])),
        *_resources(container, fargate),
        *_roles(container, fargate),
        *(_on_fargate(container) if fargate else _on_ec2(container)),
        *retry_problems(definition.get("retryStrategy", {})),
    ]


def request_problems(request: Json, *, fargate: bool = False) -> list[str]:
    """Return every reason why AWS would refuse a request, at once or at the start of the container."""
    return list(_request(request, fargate))


def _definition_itself(definition: Json) -> Iterator[str]:
    name, size, most = definition.get("jobDefinitionName", ""), size_of(definition), limit("definition_bytes")
    if not re.fullmatch(limit("name"), name):
        yield broken("name", f"job definition name {name!r}: give 1 to 128 letters, digits, '-' or '_'")
    if size > most:
        yield broken("definition_bytes", f"the job definition has {size} bytes: AWS takes {most}")
    if definition.get("platformCapabilities") not in (["EC2"], ["FARGATE"]):
        yield "platformCapabilities: give EC2 or FARGATE, since the two differ in what they take"
    least = limit("timeout_seconds")
    seconds = definition.get("timeout", {}).get("attemptDurationSeconds", least)
    if seconds < least:
        yield broken("timeout_seconds", f"attemptDurationSeconds is {seconds}: give {least} or more")


def _request(request: Json, fargate: bool) -> Iterator[str]:
    name, overrides = request.get("jobName", ""), request.get("containerOverrides", {})
    if not re.fullmatch(limit("name"), name):
        yield broken("name", f"job name {name!r}: give 1 to 128 letters, digits, '-' or '_'")
    if size_of(request) > limit("request_bytes"):
        yield broken("request_bytes", f"the request has {size_of(request)} bytes: AWS takes {limit('request_bytes')}")
    if size_of(overrides) >= limit("overrides_characters"):
        yield broken(
            "overrides_characters",
            f"the overrides make {size_of(overrides)} characters: ECS refuses {limit('overrides_characters')}, "
            "after AWS Batch has taken the job",
        )
    low, high = limit("array_size")
    array_size = request.get("arrayProperties", {}).get("size", low)
    if not low <= array_size <= high:
        yield broken("array_size", f"array size {array_size}: give {low} to {high}")
    if len(request.get("dependsOn", [])) > limit("dependencies"):
        yield broken("dependencies", f"{len(request['dependsOn'])} dependencies: AWS takes {limit('dependencies')}")
    yield from _environment(overrides.get("environment", []))
    if "resourceRequirements" in overrides:
        yield from _resources(overrides, fargate)


def _environment(variables: Sequence[Mapping[str, str]]) -> Iterator[str]:
    reserved = limit("reserved_variables")
    for name, times in Counter(variable["name"] for variable in variables).items():
        if name.upper().startswith(reserved):
            yield broken("reserved_variables", f"variable {name}: AWS Batch keeps {reserved}* names to itself")
        if times > 1:
            yield f"variable {name} is set {times} times"


def _resources(container: Json, fargate: bool) -> Iterator[str]:
    given = {entry["type"]: entry["value"] for entry in container.get("resourceRequirements", [])}
    if not {"VCPU", "MEMORY"} <= given.keys():
        yield "resourceRequirements: VCPU and MEMORY (MiB) are needed"
        return
    vcpu, memory = given["VCPU"], given["MEMORY"]
    if fargate:
        ranges = limit("fargate_resources").get(vcpu, [])
        if not any(int(memory) in range(first, last + 1, step) for first, last, step in ranges):
            yield broken("fargate_resources", f"{vcpu} vCPU with {memory} MiB: Fargate has no such pair")
        return
    for kind, least in limit("ec2_resources").items():
        if not re.fullmatch("[0-9]+", given[kind]) or int(given[kind]) < least:
            yield broken("ec2_resources", f"{kind} {given[kind]!r}: give a whole number from {least}")


def _roles(container: Json, fargate: bool) -> Iterator[str]:
    needed = {
        "jobRoleArn": "the job reads secrets and S3 and writes S3 and DynamoDB",
        "executionRoleArn": "it pulls the image and writes the log" if fargate or container.get("secrets") else "",
    }
    for role, reason in needed.items():
        arn = container.get(role, "")
        if reason and not arn:
            yield broken("roles", f"{role} is missing: {reason}")
        if arn and not re.fullmatch(limit("roles"), arn):
            yield broken("roles", f"{role} {arn!r}: give the ARN of a role")


def _on_ec2(container: Json) -> Iterator[str]:
    yield from _deprecated(container)
    for name in sorted({*limit("fargate_only")} & container.keys()):
        yield broken("fargate_only", f"{name}: it is for Fargate alone")


def _on_fargate(container: Json) -> Iterator[str]:
    yield from _deprecated(container)
    lacking = {*limit("fargate_lacks")} & {*container, *container.get("linuxParameters", {})}
    for name in sorted(lacking):
        yield broken("fargate_lacks", f"{name}: Fargate has no such thing")


def _deprecated(container: Json) -> Iterator[str]:
    for name in sorted({*limit("deprecated")} & container.keys()):
        yield broken("deprecated", f"{name}: use resourceRequirements")


def main(paths: Sequence[str]) -> int:
    """Print the problems of the job definitions in these files. Returns the exit code: 1 if there are any."""
    found = [(path, problem) for path in paths for problem in definition_problems(json.loads(Path(path).read_text()))]
    for path, problem in found:
        print(f"{path}: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
