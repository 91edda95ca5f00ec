"""What the CloudFormation template promises, in each of its variants."""

import json
import re
from typing import Any

import pytest

from infrastructure.validate import definition_problems, request_problems
from query_generator.settings.table import SETTINGS
from tests.support.paths import ROOT
from tests.support.template import Template, lower_first

DEFINITION: dict[str, Any] = json.loads((ROOT / "job-definition.json").read_text())
REFERENCES = {
    "JobRole.Arn": "arn:aws:iam::123456789012:role/query-generator-job",
    "ExecutionRole.Arn": "arn:aws:iam::123456789012:role/query-generator-execution",
    "LogGroup": "/aws/batch/query-generator",
}
OF_LIBRARIES = {"PGSSLROOTCERT"}  # libpq's
METRICS = {
    *("Requests", "FailedRequests", "RequestLatency", "ItemsDone", "ItemsFailed"),
    *("DatabaseErrors", "StorageErrors", "CostUsd", "RunSeconds", "SecondsPerItem"),
}
VARIANTS: dict[str, dict[str, str]] = {
    "EC2": {},
    "Fargate": {"Platform": "FARGATE", "AssignPublicIp": "ENABLED"},
    "with a database": {"CreateDatabase": "true"},
    "with a limit on jobs at once": {"MaxRunningJobs": "20"},
}


def job_definition(**parameters: str) -> dict[str, Any]:
    definition: dict[str, Any] = lower_first(Template(REFERENCES, **parameters).properties("JobDefinition"))
    return definition


def variables(definition: dict[str, Any]) -> dict[str, str]:
    environment = definition["containerProperties"]["environment"]
    return {entry["name"]: entry["value"] for entry in environment if entry["value"]}


@pytest.mark.parametrize("parameters", VARIANTS.values(), ids=VARIANTS)
def test_job_definition_of_the_stack(parameters: dict[str, str]) -> None:
    """The stack's job definition is within AWS's limits, and its variables are such as the job reads."""
    definition = job_definition(**parameters)
    assert definition_problems(definition) == []
    known = {setting.variable for setting in SETTINGS.values()} | OF_LIBRARIES
    assert variables(definition).keys() <= known


def test_stack_and_file_agree() -> None:
    """The stack's job definition is the one of job-definition.json, but for what names the account's own things."""

    def comparable(definition: dict[str, Any]) -> dict[str, Any]:
        container = dict(definition["containerProperties"])
        names = set(variables(definition))
        for own in ("image", "environment"):
            del container[own]
        return {**definition, "containerProperties": container, "variables": names}

    assert comparable(job_definition()) == comparable(DEFINITION)


def test_with_and_without_a_database() -> None:
    """The job is led to the stack's database and its secret, or else to a secret that waits to be filled."""
    own = variables(job_definition(CreateDatabase="true"))
    assert (own["DB_HOST"], own["DB_PORT"], own["DB_NAME"]) == ("<Database.Endpoint.Address>", "5432", "catalog")
    assert own["RDS_SECRET_NAME"] == "<Database.MasterUserSecret.SecretArn>"
    database = Template(CreateDatabase="true").properties("Database")
    assert (database["StorageEncrypted"], database["PubliclyAccessible"]) == (True, False)
    assert "MasterUserPassword" not in database
    without = Template()
    assert not {"Database", "DatabaseSubnets", "DatabaseSecurityGroup"} & without.resources.keys()
    assert variables(job_definition())["RDS_SECRET_NAME"] == "<DatabaseSecret>"


@pytest.mark.parametrize(
    ("platform", "types"), [("EC2", ["SPOT", "EC2"]), ("FARGATE", ["FARGATE_SPOT", "FARGATE"])], ids=["EC2", "Fargate"]
)
def test_spot_comes_first(platform: str, types: list[str]) -> None:
    """Jobs go to Spot, and to on-demand when Spot has no room; an idle stack runs no machine."""
    template = Template(Platform=platform)
    order = template.properties("JobQueue")["ComputeEnvironmentOrder"]
    names = [entry["ComputeEnvironment"].strip("<>") for entry in order]
    compute = [template.properties(name)["ComputeResources"] for name in names]
    assert [resources["Type"] for resources in compute] == types
    assert {resources.get("MinvCpus", 0) for resources in compute} == {0}
    assert all(("InstanceRole" in resources) == (platform == "EC2") for resources in compute)


def test_nothing_is_open() -> None:
    """The bucket is encrypted and private, secrets are placeholders that a job refuses, no group lets strangers in."""
    template = Template(CreateDatabase="true")
    bucket = template.properties("Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (statement,) = template.properties("BucketPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert " " in template.properties("GeminiSecret")["SecretString"]
    assert not any(json.loads(Template().properties("DatabaseSecret")["SecretString"])[name] for name in ("host",))
    assert "SecurityGroupIngress" not in template.properties("JobSecurityGroup")
    (ingress,) = template.properties("DatabaseSecurityGroup")["SecurityGroupIngress"]
    assert ingress["SourceSecurityGroupId"] == "<JobSecurityGroup.GroupId>"
    for role in ("TriggerRole", "ExecutionRole", "JobRole"):
        (trust,) = template.properties(role)["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


UPLOAD = {"bucket": "b", "key": 'incoming/a "b" é.csv', "write": "0062E99A88DC407460"}
EVENTS = {
    "UploadTrigger": (UPLOAD, "upload-0062E99A88DC407460"),
    "RequestTrigger": ({"job": "spring-2027", "bucket": "b", "key": "k"}, "spring-2027"),
    "ScheduleTrigger": ({"event": "89d1a02d-5ec7"}, "scheduled-89d1a02d-5ec7"),
}


@pytest.mark.parametrize("name", EVENTS)
def test_triggers_submit_jobs(name: str) -> None:
    """A schedule, an upload and a call of PutEvents become a job whose id is the same if the event comes twice."""
    values, job_id = EVENTS[name]
    template = Template(ScheduleExpression="rate(1 day)")
    (target,) = template.properties(name)["Targets"]
    transformer = target["InputTransformer"]
    assert transformer["InputPathsMap"].keys() == values.keys()
    filled = transformer["InputTemplate"]
    for variable, value in values.items():
        filled = filled.replace(f'-<{variable}>"', f'-{value}"').replace(f"<{variable}>", json.dumps(value))
    request = lower_first(json.loads(filled)) | {"jobName": target["BatchParameters"]["JobName"]}
    assert request_problems(request) == []
    told = {entry["name"]: entry["value"] for entry in request["containerOverrides"]["environment"]}
    assert told["JOB_ID"] == job_id
    assert told.get("INPUT_S3_KEY") == values.get("key", "catalog/products.jsonl")
    assert told.keys() <= {setting.variable for setting in SETTINGS.values()}


def test_roles_have_what_they_use() -> None:
    """Who triggers jobs may only submit this definition to this queue; who starts them only pull and log."""
    template = Template()
    (submit,) = template.statements("TriggerRole")
    assert submit["Action"] == ["batch:SubmitJob"]
    assert submit["Resource"][1].endswith(":job-definition/query-generator:*")
    start = {action: tuple(s["Resource"]) for s in template.statements("ExecutionRole") for action in s["Action"]}
    repository = ("<Repository.Arn>",)
    log = ("arn:aws:logs:us-east-1:123456789012:log-group:<LogGroup>:*",)
    assert start == {
        "ecr:GetAuthorizationToken": ("*",),  # AWS knows no resource for it
        "ecr:BatchCheckLayerAvailability": repository,
        "ecr:BatchGetImage": repository,
        "ecr:GetDownloadUrlForLayer": repository,
        "logs:CreateLogStream": log,
        "logs:PutLogEvents": log,
    }


ALARMS: dict[str, tuple[int, dict[str, float], dict[str, float]]] = {
    "FailureAlarm": (5, {"done": 94, "failed": 6}, {"done": 95, "failed": 5}),
    "TimeAlarm": (2, {"seconds": 2.1}, {"seconds": 2.0}),
    "RequestAlarm": (10, {"requests": 100, "failed": 11}, {"requests": 100, "failed": 10}),
    "DatabaseAlarm": (5, {"done": 100, "failed": 0, "errors": 6}, {"done": 100, "failed": 0, "errors": 5}),
}


@pytest.mark.parametrize("name", ALARMS)
def test_alarms(name: str) -> None:
    """Each documented threshold has its alarm: beyond it the expression is above the threshold, at it it is not."""
    threshold, beyond, at = ALARMS[name]
    alarm = Template(AlarmEmail="me@example.com").properties(name)
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (threshold, "GreaterThanThreshold")
    assert (alarm["TreatMissingData"], alarm["AlarmActions"]) == ("notBreaching", ["<AlarmTopic>"])
    shown, *metrics = alarm["Metrics"]
    assert {metric["Id"] for metric in metrics} == beyond.keys()
    for metric in metrics:
        assert metric["MetricStat"]["Period"] == 3600
        what = metric["MetricStat"]["Metric"]
        assert what["Namespace"] == "QueryGenerator"
        assert what["MetricName"] in METRICS
        assert what["Dimensions"] == [{"Name": "JobQueue", "Value": "query-generator"}]
    assert value_of(shown["Expression"], beyond) > threshold >= value_of(shown["Expression"], at)


def value_of(expression: str, values: dict[str, float]) -> float:
    """What CloudWatch makes of the arithmetic and IF in an expression."""
    choose = {"choose": lambda condition, yes, no: yes if condition else no}
    safe = {**{name: value or 1e-9 for name, value in values.items()}, **choose}
    return float(eval(re.sub(r"\bIF\(", "choose(", expression), {"__builtins__": {}}, safe))


def test_dashboard_shows_every_metric() -> None:
    """The dashboard is valid JSON and shows each metric of the job."""
    body = json.loads(Template().properties("Dashboard")["DashboardBody"])
    shown = {metric[1] for widget in body["widgets"] for metric in widget["properties"]["metrics"]}
    assert shown == METRICS
