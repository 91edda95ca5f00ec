"""The stack, deployed by `make deploy` with the real AWS CLI to a moto server; each resource is looked at."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.aws_server import CREDENTIALS, REGION, AwsServer
from tests.support.paths import ROOT
from tests.support.template import TEMPLATE, Template

# Moto's CloudFormation warns of the resources that it knows nothing of, and passes them over.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")

UNKNOWN_TO_MOTO = {
    "AWS::S3::BucketPolicy",
    "AWS::SecretsManager::Secret",
    "AWS::CloudWatch::Alarm",
    "AWS::Batch::ConsumableResource",
}


class Stack:
    """A deployed stack."""

    def __init__(self, aws: AwsServer, folder: Path, **more: str) -> None:
        self.aws = aws
        ec2, iam = aws.client("ec2"), aws.client("iam")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"][:2]]
        given = {"VpcId": vpc, "SubnetIds": ",".join(subnets), "InstanceTypes": "optimal", **more}
        # AWS Batch makes its service role by itself; moto wants to be told one.
        role = iam.create_role(RoleName="batch-service", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        replaced = "      ReplaceComputeEnvironment: false\n"
        template = folder / "template.yaml"
        template.write_text(TEMPLATE.read_text().replace(replaced, f"{replaced}      ServiceRole: {role}\n"))
        parameters = " ".join(f"'{name}={value}'" for name, value in given.items())
        ended = self.make("deploy", f"TEMPLATE={template}", f"PARAMETERS={parameters}")
        assert ended.returncode == 0, ended.stderr
        summaries = aws.client("cloudformation").list_stack_resources(StackName="query-generator")
        self.made = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in summaries["StackResourceSummaries"]
            if resource["PhysicalResourceId"]
        }

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `make` with the real AWS CLI, whose AWS is moto."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = {**CREDENTIALS, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": self.aws.url, "PATH": path}
        return subprocess.run(["make", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)


def test_stack_is_made_and_taken_away(aws: AwsServer, tmp_path: Path) -> None:
    """`make deploy` makes all that moto can make, each thing as it should be; `make destroy` takes it away."""
    more = {"ScheduleExpression": "rate(1 day)", "AlarmEmail": "me@example.com", "MaxRunningJobs": "20"}
    stack = Stack(aws, tmp_path, **more)
    resources = Template(None, **more).resources.items()
    assert set(stack.made) == {name for name, resource in resources if resource["Type"] not in UNKNOWN_TO_MOTO}
    expect_compute(stack)
    expect_stores(stack)
    expect_triggers(stack)
    ended = stack.make("destroy")
    assert ended.returncode == 0, ended.stderr
    (summary,) = aws.client("cloudformation").list_stacks()["StackSummaries"]
    assert summary["StackStatus"] == "DELETE_COMPLETE"
    assert "bucket" in ended.stdout


def expect_compute(stack: Stack) -> None:
    """The queue and the job definition bear the stack's name, Spot is first, the image is the repository's."""
    batch = stack.aws.client("batch")
    (queue,) = batch.describe_job_queues(jobQueues=["query-generator"])["jobQueues"]
    order = [entry["computeEnvironment"] for entry in queue["computeEnvironmentOrder"]]
    assert order == [stack.made["SpotCompute"], stack.made["OnDemandCompute"]]
    environments = {
        entry["computeEnvironmentArn"]: entry["computeResources"]
        for entry in batch.describe_compute_environments()["computeEnvironments"]
    }
    assert [environments[arn]["type"] for arn in order] == ["SPOT", "EC2"]
    assert environments[order[0]]["securityGroupIds"] == [stack.made["JobSecurityGroup"]]
    (definition,) = batch.describe_job_definitions(jobDefinitionName="query-generator")["jobDefinitions"]
    container = definition["containerProperties"]
    (repository,) = stack.aws.client("ecr").describe_repositories()["repositories"]
    assert container["image"] == f"{repository['repositoryUri']}:latest"
    told = {entry["name"]: entry.get("value") for entry in container["environment"]}
    assert told["OUTPUT_S3_BUCKET"] == stack.made["Bucket"]
    assert told["ORCHESTRATION_LOGS_TABLE"] == stack.made["EventsTable"]
    assert container["logConfiguration"]["options"]["awslogs-group"] == stack.made["LogGroup"]


def expect_stores(stack: Stack) -> None:
    """The bucket is there, events are billed by request and can be restored, logs do not stay for ever."""
    assert stack.aws.client("s3").head_bucket(Bucket=stack.made["Bucket"])
    dynamodb = stack.aws.client("dynamodb")
    table = dynamodb.describe_table(TableName=stack.made["EventsTable"])["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert {key["AttributeName"]: key["KeyType"] for key in table["KeySchema"]} == {
        "job_id": "HASH",
        "event_timestamp_id": "RANGE",
    }
    (group,) = stack.aws.client("logs").describe_log_groups(logGroupNamePrefix=stack.made["LogGroup"])["logGroups"]
    assert group["retentionInDays"] == 30


def expect_triggers(stack: Stack) -> None:
    """Schedule, upload and request each submit the stack's job definition to its queue."""
    events = stack.aws.client("events")
    for name in ("ScheduleTrigger", "UploadTrigger", "RequestTrigger"):
        rule = events.describe_rule(Name=stack.made[name])
        assert rule["State"] == "ENABLED"
        (target,) = events.list_targets_by_rule(Rule=stack.made[name])["Targets"]
        assert target["Arn"] == stack.made["JobQueue"]
    dashboard = stack.aws.client("cloudwatch").get_dashboard(DashboardName="query-generator")["DashboardBody"]
    assert json.loads(dashboard)["widgets"]
