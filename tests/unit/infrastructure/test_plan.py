"""What the submit script asks AWS Batch for, from options and environment alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from infrastructure.limits import INLINE_CHARACTERS, SUBMITTED_CHARACTERS, limit, size_of
from infrastructure.options import SIZES
from infrastructure.plan import Plan, main, overrides_problems, plan
from infrastructure.validate import request_problems

PRODUCT = '[{"name": "Trail Shoe", "brand": "Acme"}]'
FROM_JOB = ("job-id=a", "from-job=")


def planned(*items: str, **environ: str) -> Plan:
    """A plan in which nothing is wrong, and which AWS takes."""
    made = plan(items, environ)
    assert made.problems == []
    assert request_problems(made.request, fargate="platform=fargate" in items) == []
    return made


def variables_of(made: Plan) -> dict[str, str]:
    """The container's variables in a request."""
    return {entry["name"]: entry["value"] for entry in made.request["containerOverrides"]["environment"]}


def file_of(folder: Path, length: int, name: str = "catalog.csv") -> str:
    """The option of a file of so many characters."""
    (folder / name).write_text("x" * length)
    return f"products-file={folder / name}"


def test_a_request_from_nothing_but_a_job() -> None:
    """Without options the request names the job, its source, and the queue and definition of the stack."""
    assert planned("job-id=spring.2027", "from-job=") == Plan(
        request={
            "jobName": "spring-2027",
            "jobQueue": "query-generator",
            "jobDefinition": "query-generator",
            "containerOverrides": {
                "environment": [
                    {"name": "JOB_ID", "value": "spring.2027"},
                    {"name": "PRODUCTS_FROM_JOB", "value": "true"},
                ]
            },
        },
        upload_to="",
        problems=[],
        warnings=[],
    )


def test_options_have_their_places() -> None:
    """Each option is where SubmitJob, or the job in its environment, looks for it."""
    made = planned(
        *FROM_JOB, "num-questions=7", "rpm=120", "env=NOTE=a=b", "array-size=16", "depends-on=x", "depends-on=y",
        "queue=q", "job-definition=d:3", "region=eu-west-1",
    )  # fmt: skip
    assert variables_of(made) == {
        "JOB_ID": "a",
        "NUM_QUESTIONS": "7",
        "MAX_REQUESTS_PER_MINUTE": "120",
        "NOTE": "a=b",
        "PRODUCTS_FROM_JOB": "true",
    }
    assert (made.request["jobQueue"], made.request["jobDefinition"]) == ("q", "d:3")
    assert made.request["arrayProperties"] == {"size": 16}
    assert made.request["dependsOn"] == [{"jobId": "x"}, {"jobId": "y"}]


@pytest.mark.parametrize(("platform", "size"), [(platform, size) for platform in SIZES for size in SIZES[platform]])
def test_every_size_exists(platform: str, size: str) -> None:
    """Each size is a pair of vCPU and memory that AWS has on its platform."""
    made = planned(*FROM_JOB, f"size={size}", f"platform={platform}")
    given = {entry["type"]: entry["value"] for entry in made.request["containerOverrides"]["resourceRequirements"]}
    assert given == dict(zip(("VCPU", "MEMORY"), SIZES[platform][size], strict=True))


def test_options_win_over_the_environment() -> None:
    """Queue, definition and platform come from the option, else from the environment, and an empty one is none."""
    environ = {"BATCH_JOB_QUEUE": "from-environment", "BATCH_JOB_DEFINITION": "", "BATCH_PLATFORM": "fargate"}
    made = planned(*FROM_JOB, "size=small", "platform=ec2", **environ)
    assert (made.request["jobQueue"], made.request["jobDefinition"]) == ("from-environment", "query-generator")
    assert made.request["containerOverrides"]["resourceRequirements"][1]["value"] == SIZES["ec2"]["small"][1]


def test_a_short_file_travels_with_the_request(tmp_path: Path) -> None:
    """A short text goes as it is, without a byte order mark; nothing is to be uploaded."""
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + PRODUCT.encode())
    made = planned("job-id=a", f"products-file={tmp_path / 'a.json'}")
    assert (variables_of(made)["PRODUCTS_JSON"], made.upload_to) == (PRODUCT, "")


def test_the_whole_request_decides_what_travels(tmp_path: Path) -> None:
    """A file goes through S3 as soon as all overrides together, not the file alone, make more than 6,000 characters."""
    rest = size_of(planned("job-id=a", file_of(tmp_path, 1)).request["containerOverrides"]) - 1
    at_the_edge = file_of(tmp_path, INLINE_CHARACTERS - rest)
    bucket = {"INPUT_S3_BUCKET": "in-bucket"}
    assert "PRODUCTS_JSON" in variables_of(planned("job-id=a", at_the_edge, **bucket))
    made = planned("job-id=ab", at_the_edge, **bucket)
    assert "PRODUCTS_JSON" not in variables_of(made)
    assert made.upload_to == "s3://in-bucket/query/ab/input/catalog.csv"


def test_an_upload_is_where_the_job_looks(tmp_path: Path) -> None:
    """The address to upload to is the container's bucket and key, under the prefix of the results."""
    large = file_of(tmp_path, INLINE_CHARACTERS + 1, "my é.csv")
    made = planned("job-id=a", large, OUTPUT_S3_BUCKET="out-bucket", OUTPUT_S3_PREFIX="p/")
    told = variables_of(made)
    assert told == {"JOB_ID": "a", "INPUT_S3_BUCKET": "out-bucket", "INPUT_S3_KEY": "p/a/input/my é.csv"}
    assert made.upload_to == f"s3://{told['INPUT_S3_BUCKET']}/{told['INPUT_S3_KEY']}"


@pytest.mark.parametrize(("prefix", "folder"), [("p", "p/"), ("p/q", "p/q/"), ("", "query/")])
def test_an_upload_lies_in_a_folder(prefix: str, folder: str, tmp_path: Path) -> None:
    """A prefix without a slash gets one, and an empty one is none that was given, as in the job."""
    large = file_of(tmp_path, INLINE_CHARACTERS + 1)
    made = planned("job-id=a", large, OUTPUT_S3_BUCKET="out-bucket", OUTPUT_S3_PREFIX=prefix)
    assert made.upload_to == f"s3://out-bucket/{folder}a/input/catalog.csv"


@pytest.mark.parametrize(
    ("environ", "word"),
    [
        ({}, "set INPUT_S3_BUCKET"),
        ({"INPUT_S3_BUCKET": "No Bucket"}, "INPUT_S3_BUCKET 'No Bucket'"),
        ({"INPUT_S3_BUCKET": "in-bucket", "OUTPUT_S3_PREFIX": "../"}, "OUTPUT_S3_PREFIX '../'"),
    ],
    ids=["none", "no name of a bucket", "no prefix"],
)
def test_nowhere_to_upload_to(environ: dict[str, str], word: str, tmp_path: Path) -> None:
    """An input that has to go through S3 without a bucket that could take it is named; nothing is requested then."""
    made = plan(["job-id=a", file_of(tmp_path, INLINE_CHARACTERS + 1)], environ)
    assert word in made.problems[0]
    assert made.request == {}


def test_an_address_in_s3_is_split() -> None:
    """The bucket ends at the first slash; the key may hold slashes, blanks and line breaks."""
    told = variables_of(planned("job-id=a", "input-s3=s3://in-bucket/a dir/x\ny.csv"))
    assert (told["INPUT_S3_BUCKET"], told["INPUT_S3_KEY"]) == ("in-bucket", "a dir/x\ny.csv")


def test_an_access_point_and_a_version_are_handed_on(tmp_path: Path) -> None:
    """The ARN of an access point stands where a bucket does, for what is there and for what is uploaded."""
    point = "arn:aws:s3:us-east-1:123456789012:accesspoint/products"
    told = variables_of(planned("job-id=a", f"input-s3=s3://{point}/in/a.csv?versionId=3sL4"))
    assert (told["INPUT_S3_BUCKET"], told["INPUT_S3_KEY"]) == (point, "in/a.csv?versionId=3sL4")
    made = planned("job-id=a", file_of(tmp_path, INLINE_CHARACTERS + 1), INPUT_S3_BUCKET=point)
    assert made.upload_to == f"s3://{point}/query/a/input/catalog.csv"


@pytest.mark.parametrize("address", ["s3://in-bucket", "s3://in-bucket/", "s3://in-bucket/folder/", "in-bucket/k", ""])
def test_what_is_no_object_is_named(address: str) -> None:
    """An address without an object is named as it was given."""
    made = plan(["job-id=a", f"input-s3={address}"], {})
    assert made.problems == [f"--input-s3 {address!r}: give s3://BUCKET/KEY"]


def test_what_could_not_start_is_not_submitted() -> None:
    """Overrides pass up to a length below the one that ECS refuses, since AWS Batch adds to them."""

    def filled(characters: int) -> dict[str, Any]:
        empty = {"environment": [{"name": "X", "value": ""}]}
        return {"environment": [{"name": "X", "value": "x" * (characters - size_of(empty))}]}

    assert INLINE_CHARACTERS < SUBMITTED_CHARACTERS < limit("overrides_characters")
    assert overrides_problems(filled(SUBMITTED_CHARACTERS)) == []
    (problem,) = overrides_problems(filled(SUBMITTED_CHARACTERS + 1))
    assert problem.startswith(f"the overrides make {SUBMITTED_CHARACTERS + 1} characters")


def test_the_plan_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan without problems is two files for the script: the request in ASCII, and where to upload to."""
    items = ("job-id=a", file_of(tmp_path, INLINE_CHARACTERS + 1, "é.csv"))
    environ = {"INPUT_S3_BUCKET": "in-bucket"}
    assert main([str(tmp_path), *items], environ) == 0
    assert json.loads((tmp_path / "request.json").read_text("ascii")) == plan(items, environ).request
    assert (tmp_path / "upload_to").read_text("utf-8") == "s3://in-bucket/query/a/input/é.csv"
    assert capsys.readouterr() == ("", "")


def test_a_wrong_plan_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With wrong values the program ends with 64, names the warnings and then all problems, and writes nothing."""
    assert main([str(tmp_path), "job-id=a", "rpm=0", "env=MY_TOKEN=x"], {}) == 64
    first, second, third = capsys.readouterr().err.splitlines()
    assert first.startswith("warning: everyone who may describe the job can read MY_TOKEN")
    assert second.startswith("submit_batch_job.sh: give exactly one of --products-json, ")
    assert third == "submit_batch_job.sh: --rpm '0': give a whole number from 1 to 1000000"
    assert list(tmp_path.iterdir()) == []
