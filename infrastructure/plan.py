"""Plans the request of submit_batch_job.sh: `python3 infrastructure/plan.py FOLDER OPTION=VALUE …`.

Checks every value, then writes FOLDER/request.json, which SubmitJob takes as `--cli-input-json`, and, if the input has
to be uploaded, FOLDER/upload_to with its S3 address. AWS is not called. This and the modules that it imports use only
the standard library and Python 3.6: the submit script runs it with whatever Python its user has, from any folder.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence

if __name__ == "__main__":  # run by its path, so the package is not in the current folder
    sys.path.append(str(Path(__file__).resolve().parents[1]))

from infrastructure.limits import INLINE_CHARACTERS, SUBMITTED_CHARACTERS, size_of
from infrastructure.options import (
    BUCKET,
    Environment,
    Given,
    Variable,
    chosen,
    first,
    given_options,
    is_key_prefix,
    option_problems,
    repeated,
    resources_of,
    source_of,
    variable_problems,
    variables_of,
    warnings,
)
from infrastructure.products_file import check_file

FILES = ("products-json", "products-file")  # sources that are files here: the script writes one for --products-json
WRONG_OPTIONS = 64  # exit code for wrong options; any other but 0 means that this program failed


class Plan(NamedTuple):
    """A request for SubmitJob, the S3 address to upload its input to first (or empty), problems and warnings.

    If there are problems, the request is empty.
    """

    request: Mapping[str, Any]
    upload_to: str
    problems: Sequence[str]
    warnings: Sequence[str]


class Source(NamedTuple):
    """Variables by which the job finds its products, the S3 address to upload them to (or empty), and the problems."""

    variables: Sequence[Variable] = ()
    upload_to: str = ""
    problems: Sequence[str] = ()


def plan(items: Sequence[str], environ: Environment) -> Plan:
    """Return the plan for OPTION=VALUE texts and the submitter's environment. Reads a file of products."""
    given = given_options(items)
    variables = variables_of(given)
    found = products_of(given)
    problems = [*repeated(items), *option_problems(given, environ), *found.problems]
    if not problems and source_of(given) in FILES:
        inline = overrides(given, environ, [*variables, *found.variables])
        if not found.variables or size_of(inline) > INLINE_CHARACTERS:
            found = through_s3(given, environ)
            problems += found.problems
    made = {} if problems else overrides(given, environ, [*variables, *found.variables])
    problems += overrides_problems(made)
    request = {} if problems else request_of(given, environ, made)
    return Plan(request, found.upload_to, problems, list(warnings(given)))


def products_of(given: Given) -> Source:
    """Return the source of the products, without variables for a file that does not fit into the request."""
    source = source_of(given)
    if source == "from-job":
        return Source([Variable("PRODUCTS_FROM_JOB", "true", "--from-job")])
    if source == "input-s3":
        return in_s3(first(given, source))
    if source in FILES:
        text, problems = check_file(Path(first(given, source)), f"--{source}")
        return Source([Variable("PRODUCTS_JSON", text, f"--{source}")] if text else [], problems=problems)
    return Source()


def in_s3(address: str) -> Source:
    """Return the source for an object with an address of the form s3://BUCKET/KEY."""
    match = re.fullmatch(f"s3://({BUCKET})/(.*[^/])", address, re.DOTALL)
    if not match:
        return Source(problems=[f"--input-s3 {address!r}: give s3://BUCKET/KEY"])
    variables = [Variable("INPUT_S3_BUCKET", match[1], "--input-s3"), Variable("INPUT_S3_KEY", match[2], "--input-s3")]
    return Source(variables, problems=[problem for variable in variables for problem in variable_problems(variable)])


def through_s3(given: Given, environ: Environment) -> Source:
    """Return the source for a file that has to go through S3."""
    source = source_of(given)
    option, name = f"--{source}", Path(first(given, source)).name
    bucket = environ.get("INPUT_S3_BUCKET") or environ.get("OUTPUT_S3_BUCKET") or ""
    prefix = environ.get("OUTPUT_S3_PREFIX") or "query/"
    key = f"{prefix}{'' if prefix.endswith('/') else '/'}{first(given, 'job-id')}/input/{name}"
    variables = [Variable("INPUT_S3_BUCKET", bucket, option), Variable("INPUT_S3_KEY", key, option)]
    problems = []
    if not bucket:
        problems.append(
            f"{option}: the input is too large for the request (or not plain text) and has to go through S3: "
            "set INPUT_S3_BUCKET to a bucket that the job may read"
        )
    elif not re.fullmatch(BUCKET, bucket):
        problems.append(f"INPUT_S3_BUCKET {bucket!r}: give the name of a bucket, or the ARN of an access point")
    if not name.isprintable():
        problems.append(f"{option}: the file's name {name!r} holds what no key should: rename it")
    if not is_key_prefix(prefix):
        problems.append(f"OUTPUT_S3_PREFIX {prefix!r}: give what keys may begin with, such as query/")
    problems += [problem for variable in variables for problem in variable_problems(variable)]
    return Source(variables, f"s3://{bucket}/{key}", problems)


def overrides(given: Given, environ: Environment, variables: Sequence[Variable]) -> Dict[str, Any]:
    """Return SubmitJob's containerOverrides with these variables, and with the size if one was given."""
    made: Dict[str, Any] = {"environment": [{"name": name, "value": value} for name, value, _ in variables]}
    resources = resources_of(given, environ)
    if resources:
        vcpu, memory = resources
        made["resourceRequirements"] = [{"type": "VCPU", "value": vcpu}, {"type": "MEMORY", "value": memory}]
    return made


def overrides_problems(made: Mapping[str, Any]) -> List[str]:
    """Return a problem if AWS would accept these overrides, but then could not start the job."""
    size = size_of(made)
    if size <= SUBMITTED_CHARACTERS:
        return []
    return [
        f"the overrides make {size} characters, AWS can start a job with {SUBMITTED_CHARACTERS} at most: "
        "shorten the values of --env, or set them in the job definition"
    ]


def request_of(given: Given, environ: Environment, made: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the request for SubmitJob with these containerOverrides. A Batch job's name cannot contain dots."""
    request: Dict[str, Any] = {
        "jobName": first(given, "job-id").replace(".", "-"),
        "jobQueue": chosen(given, "queue", environ),
        "jobDefinition": chosen(given, "job-definition", environ),
    }
    if "array-size" in given:
        request["arrayProperties"] = {"size": int(first(given, "array-size"))}
    if "depends-on" in given:
        request["dependsOn"] = [{"jobId": job} for job in given["depends-on"]]
    request["containerOverrides"] = made
    return request


def write(made: Plan, folder: Path) -> None:
    """Write request.json, and upload_to if there is something to upload. Raises OSError."""
    if made.upload_to:
        (folder / "upload_to").write_text(made.upload_to, encoding="utf-8")
    (folder / "request.json").write_text(json.dumps(made.request, indent=2) + "\n", encoding="ascii")


def main(arguments: Sequence[str], environ: Environment) -> int:
    """Write the plan, or print the problems to standard error. Returns the exit code: 0, or 64 with problems."""
    folder, *items = arguments
    made = plan(items, environ)
    for warning in made.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for problem in made.problems:
        print(f"submit_batch_job.sh: {problem}", file=sys.stderr)
    if made.problems:
        return WRONG_OPTIONS
    write(made, Path(folder))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], os.environ))
