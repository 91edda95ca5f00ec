"""Least privilege: the calls that the job makes to AWS, against the policy of its role."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from io import BytesIO
from typing import Any

import pytest

from query_generator.errors import FatalError
from query_generator.input.s3_stream import S3ObjectStream
from query_generator.store.objects import PART_BYTES, S3Objects
from tests.conftest import Cloud
from tests.fakes.aws_server import BUCKET, GEMINI_SECRET, RDS_SECRET, TABLE, AwsServer
from tests.support.paths import ROOT
from tests.support.template import Template

OF_S3 = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "POST": "s3:PutObject"}
SECRETS = {name: f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}" for name in (GEMINI_SECRET, RDS_SECRET)}
TABLES = "arn:aws:dynamodb:us-east-1:123456789012:table/"
Call = tuple[str, str]


class RecordingAws(AwsServer):
    """AWS that notes each call as the action that IAM has for it, and the resource."""

    def __init__(self) -> None:
        super().__init__()
        self.made: set[Call] = set()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        self.made.add(permission_of(environ, body))
        return super()._answer(environ, start_response)


def permission_of(environ: dict[str, Any], body: bytes) -> Call:
    """The action and resource that a request needs, as the Service Authorization Reference says."""
    service, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")
    if service == "secretsmanager":
        return f"secretsmanager:{operation}", SECRETS.get(json.loads(body).get("SecretId"), "?")
    if service.startswith("DynamoDB"):
        return f"dynamodb:{operation}", TABLES + json.loads(body)["TableName"]
    method, resource, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    if method == "DELETE" and "uploadId" in query:
        return "s3:AbortMultipartUpload", "arn:aws:s3::" + resource.replace("/", ":", 1)
    version = "Version" if method in ("GET", "HEAD") and "versionId" in query else ""
    action = OF_S3.get(method, f"s3:{method}") if re.fullmatch("/[^/]+/.+", resource) else f"s3:{method}Bucket"
    return action + version, "arn:aws:s3::" + resource.replace("/", ":", 1)


@pytest.fixture(scope="module")
def aws_server() -> Iterator[RecordingAws]:
    """The AWS of these tests."""
    server = RecordingAws()
    with server:
        yield server


def allowed() -> set[Call]:
    """Each action with each resource of the job role's policy."""
    references = {"Bucket.Arn": f"arn:aws:s3:::{BUCKET}", "EventsTable.Arn": TABLES + TABLE}
    names = {"GeminiSecret": SECRETS[GEMINI_SECRET], "DatabaseSecret": SECRETS[RDS_SECRET]}
    statements = Template(references | names).statements("JobRole")
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    return {(action, arn) for part in statements for action in part["Action"] for arn in part["Resource"]}


def covers(permission: Call, call: Call) -> bool:
    return permission[0] == call[0] and fnmatchcase(call[1], permission[1])


def large_object(breaks: bool) -> Iterator[bytes]:
    yield b"x" * PART_BYTES
    if breaks:
        raise OSError("the database went away")
    yield b"y"


def test_policy_of_the_job_is_exact(cloud: Cloud, aws_server: RecordingAws) -> None:
    """The job role may do every call that the job makes, on those resources, and nothing that it never does."""
    products = json.dumps([{"name": "Trail Boot", "brand": "Daybird"}, {"brand": "nameless"}])
    s3 = cloud.aws.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key="incoming/products.json", Body=products.encode())
    aws_server.made.clear()
    ended = cloud.run("--input-s3", f"s3://{BUCKET}/incoming/products.json", "--job-id", "job")
    assert ended.code == 65, ended.log
    assert {action for action, _ in aws_server.made} == {
        *("secretsmanager:GetSecretValue", "s3:GetObject", "s3:PutObject", "dynamodb:PutItem")
    }
    S3ObjectStream(s3, BUCKET, "incoming/products.json")._open()  # as after a dropped connection
    results = S3Objects(s3, BUCKET)
    results.put("query/job/results.json", lambda: large_object(breaks=False))
    with pytest.raises((OSError, FatalError)):
        results.put("query/job/results.json", lambda: large_object(breaks=True))
    policy = allowed()
    assert {call for call in aws_server.made if not any(covers(permission, call) for permission in policy)} == set()
    unused = {permission for permission in policy if not any(covers(permission, call) for call in aws_server.made)}
    assert unused == set()


def test_image_keeps_the_services_of_the_policy() -> None:
    """The image leaves out botocore's models of services, but not of one that the job calls."""
    kept = set(re.findall(r"! -name (\w+)", (ROOT / "Dockerfile").read_text()))
    assert {action.partition(":")[0] for action, _ in allowed()} <= kept
