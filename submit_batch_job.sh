#!/usr/bin/env bash
# Submits the query generator to AWS Batch. Runs on bash 3.2 and newer; needs python3 and the AWS CLI.
set -euo pipefail

readonly EXIT_USAGE=64 EXIT_UNEXPECTED=70 EXIT_TRY_AGAIN=75
readonly MAX_FAILED_LOOKS=5
export AWS_PAGER="" AWS_CLI_AUTO_PROMPT=off

usage() {
  cat <<'TEXT'
Usage: ./submit_batch_job.sh --job-id ID INPUT [OPTIONS]

Submits a job to AWS Batch and prints the Batch job id, alone, on standard output.
The same --job-id again continues that job: nothing is generated or paid for twice.

INPUT, exactly one of:
  --products-json JSON    products as JSON on the command line
  --products-file PATH    products in a file of yours: JSON, JSON Lines, CSV, or .gz of each
  --input-s3 s3://B/K     products that are in S3 already
  --from-job              products selected for this job id in the database

OPTIONS
  --num-questions N       questions of each type for a product, 1 to 200 (default: the job definition's)
  --rpm N                 LLM requests a minute for the whole job (default: the job definition's)
  --array-size N          share the work of one job among N children, 2 to 10000
  --size SIZE             small 1 vCPU/1 GiB, medium 2/2, large 4/4; on Fargate 1/2, 2/4, 4/8
                          (default: the job definition's)
  --platform NAME         ec2 or fargate: where the queue runs its jobs (default: $BATCH_PLATFORM or ec2)
  --queue NAME            job queue, by name or ARN (default: $BATCH_JOB_QUEUE or query-generator)
  --job-definition NAME   job definition, by name, name:revision or ARN (default: $BATCH_JOB_DEFINITION
                          or query-generator)
  --region REGION         AWS region (default: the AWS CLI's)
  --env K=V               one more variable for the container; may be given many times
  --depends-on ID         start after this Batch job has succeeded; may be given up to 20 times
  --wait                  follow the job's state and log and end with its exit code; an array ends with 0,
                          or the highest exit code of its children
  --dry-run               print the request as JSON; AWS is not called and nothing is uploaded
  --help                  this text

VARIABLES
  INPUT_S3_BUCKET         bucket for an input too large to travel with the request (default: $OUTPUT_S3_BUCKET);
                          the object is $OUTPUT_S3_PREFIX (query/), the job id, /input/ and the file's name
  POLL_SECONDS            pause between two looks at the job with --wait (default: 10)

EXIT CODES
  0 submitted, or with --wait: succeeded      64 wrong option or value, AWS was not called
  70 AWS refused the request, or with --wait the job ended without an exit code of its own
  75 with --wait: the job could not be seen any more; any other code is the job's own

EXAMPLES
  Try one product:
    ./submit_batch_job.sh --job-id try-1 --products-json '[{"name": "Trail Shoe", "brand": "Acme"}]' --wait
  A catalog file; a large one goes through S3:
    INPUT_S3_BUCKET=my-bucket ./submit_batch_job.sh --job-id spring-2027 --products-file catalog.csv.gz --size large
  A catalog in S3, fewer questions, another model:
    ./submit_batch_job.sh --job-id spring-2027 --input-s3 s3://my-bucket/in/catalog.jsonl --num-questions 10 \
      --env GEMINI_MODEL=gemini-3.8-flash
  A large catalog, shared by 16 children:
    ./submit_batch_job.sh --job-id spring-2027 --input-s3 s3://my-bucket/in/catalog.jsonl --array-size 16 --rpm 4000
  Continue a job from what the database knows of it:
    ./submit_batch_job.sh --job-id spring-2027 --from-job
  One job after another:
    first=$(./submit_batch_job.sh --job-id one --products-file one.json)
    ./submit_batch_job.sh --job-id two --products-file two.json --depends-on "$first"
TEXT
}

say() { printf '%s\n' "$*" >&2; }

stop_usage() {
  say "submit_batch_job.sh: $1"
  say "Nothing was submitted. See ./submit_batch_job.sh --help"
  exit "$EXIT_USAGE"
}

# plan FOLDER OPTION=VALUE... checks every value, then writes FOLDER/request.json and, if the input has to be
# uploaded, FOLDER/upload_to with its S3 address. Names all wrong values on standard error and ends with 64.
plan() {
  python3 - "$@" <<'PYTHON'
import json, os, re, sys
from pathlib import Path

INLINE_LIMIT = 6000     # characters of overrides up to which products travel with the request
OVERRIDES_LIMIT = 7500  # ECS refuses 8,192, after the submission; AWS Batch adds its own AWS_BATCH_* variables
CHECKED_JSON = 50 * 1024 * 1024  # bytes; a larger JSON file is checked by the job, which streams it
SIZES = {"ec2": {"small": ("1", "1024"), "medium": ("2", "2048"), "large": ("4", "4096")},
         "fargate": {"small": ("1", "2048"), "medium": ("2", "4096"), "large": ("4", "8192")}}  # vCPU, MiB
SOURCES = ("products-json", "products-file", "input-s3", "from-job")
REPEATABLE = ("env", "depends-on")
SET_BY_OPTION = {"JOB_ID": "--job-id", "PRODUCTS_JSON": "--products-json", "PRODUCTS_FROM_JOB": "--from-job",
                 "INPUT_S3_BUCKET": "--input-s3", "INPUT_S3_KEY": "--input-s3"}
BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"

folder = Path(sys.argv[1])
errors = []
given = {}
for item in sys.argv[2:]:
    option, value = item.split("=", 1)
    if option in given and option not in REPEATABLE:
        errors.append(f"--{option} is given twice: give it once")
    given.setdefault(option, []).append(value)


def one(option, default=""):
    return given.get(option, [default])[0]


def check(good, message):
    if not good:
        errors.append(message)


def number(option, low, high, variable=""):
    if option not in given:
        return
    value = one(option)
    check(re.fullmatch(r"[0-9]{1,9}", value) and low <= int(value) <= high,
          f"--{option} {value!r}: give a whole number from {low} to {high}")
    if variable:
        add(variable, value, f"--{option}")


environment = {}


def add(name, value, option):
    check(name not in environment, f"{option}: {name} is set twice: give it once")
    check(value == value.encode("utf-8", "replace").decode(), f"{option}: the value of {name} is not UTF-8 text")
    environment[name] = value


def check_products(text, option):
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        errors.append(f"{option}: not valid JSON: {error}")
        return
    products = document.get("products", document) if isinstance(document, dict) else document
    check(isinstance(products, (list, dict)) and products,
          f"{option}: no product in it: give a JSON array of products, or an object with \"products\"")


def inline_text(path, option):
    """The text of an input that may travel with the request; empty if it has to go through S3."""
    is_json = option == "--products-json" or path.suffix.lower() == ".json"
    try:
        size = path.stat().st_size
        if not path.is_file() or size == 0:
            errors.append(f"{option} {path}: empty or no file: give a file with products")
            return ""
        with path.open("rb") as file:
            raw = file.read(CHECKED_JSON if is_json else INLINE_LIMIT)
        text = raw.decode("utf-8-sig") if len(raw) == size else ""
    except OSError as error:
        errors.append(f"{option} {path}: cannot be read: {error.strerror}")
        return ""
    except UnicodeDecodeError as error:
        check(not is_json, f"{option}: not UTF-8 text: {error}")
        return ""
    if len(raw) == size:
        check(text.strip(), f"{option}: empty: give at least one product")
        if is_json and text.strip():
            check_products(text, option)
    return text if len(text) <= INLINE_LIMIT and "\0" not in text else ""


job_id = one("job-id")
check("job-id" in given, "--job-id is missing: name the job; the same name again continues it")
check("job-id" not in given or (re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", job_id) and ".." not in job_id),
      f"--job-id {job_id!r}: give 1 to 128 letters, digits, '.', '_' or '-', first a letter or digit, no '..'")
environment["JOB_ID"] = job_id

sources = [source for source in SOURCES if source in given]
check(len(sources) == 1, "give exactly one of " + ", ".join("--" + source for source in SOURCES)
      + ("; given: " + ", ".join("--" + source for source in sources) if sources else ""))

number("num-questions", 1, 200, "NUM_QUESTIONS")
number("rpm", 1, 1000000, "MAX_REQUESTS_PER_MINUTE")
number("array-size", 2, 10000)
platform = one("platform") if "platform" in given else os.environ.get("BATCH_PLATFORM") or "ec2"
check(platform in SIZES, f"--platform {platform!r}: give ec2 or fargate")
sizes = SIZES.get(platform, SIZES["ec2"])
check(one("size", "medium") in sizes, f"--size {one('size')!r}: give small, medium or large")
queue = one("queue") if "queue" in given else os.environ.get("BATCH_JOB_QUEUE") or "query-generator"
definition = one("job-definition") if "job-definition" in given else (
    os.environ.get("BATCH_JOB_DEFINITION") or "query-generator")
for option, value in (("queue", queue), ("job-definition", definition)):
    check(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9:/_-]{0,254}", value), f"--{option} {value!r}: give a name or an ARN")
check(re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}", one("region", "us-east-1")),
      f"--region {one('region')!r}: give a region such as us-east-1")
depends_on = given.get("depends-on", [])
for value in depends_on:
    check(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9:-]{0,127}", value),
          f"--depends-on {value!r}: give the Batch job id that an earlier submission printed")
check(len(depends_on) <= 20, f"--depends-on is given {len(depends_on)} times: AWS Batch takes 20 at most")
pause = os.environ.get("POLL_SECONDS", "10")
check(re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", pause), f"POLL_SECONDS {pause!r}: give a number of seconds")

for pair in given.get("env", []):
    name, equals, value = pair.partition("=")
    check(equals and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name),
          f"--env for {name!r}: give NAME=VALUE, the name of letters, digits and '_', first no digit")
    check(not name.upper().startswith("AWS_BATCH"), f"--env {name}: AWS Batch keeps AWS_BATCH* names to itself")
    if name in SET_BY_OPTION:
        errors.append(f"--env {name}: use {SET_BY_OPTION[name]}")
        continue
    add(name, value, "--env")
    if re.search(r"(API_KEY|PASSWORD|TOKEN|SECRET|SECRET_ACCESS_KEY)$|^DATABASE_URL$", name.upper()):
        print(f"warning: everyone who may describe the job can read {name}: better keep it in Secrets Manager",
              file=sys.stderr)

source = sources[0] if len(sources) == 1 else ""
text = ""
if source == "from-job":
    environment["PRODUCTS_FROM_JOB"] = "true"
elif source == "input-s3":
    match = re.fullmatch(f"s3://({BUCKET})/(.*[^/])", one(source), re.DOTALL)
    check(match, f"--input-s3 {one(source)!r}: give s3://BUCKET/KEY")
    if match:
        add("INPUT_S3_BUCKET", match[1], "--input-s3")
        add("INPUT_S3_KEY", match[2], "--input-s3")
elif source:
    text = inline_text(Path(one(source)), "--" + source)


def overrides():
    made = {"environment": [{"name": name, "value": value} for name, value in environment.items()]}
    if one("size") in sizes:
        vcpu, memory = sizes[one("size")]
        made["resourceRequirements"] = [{"type": "VCPU", "value": vcpu}, {"type": "MEMORY", "value": memory}]
    return made


def length(made):
    return len(json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


if source in ("products-json", "products-file") and not errors:
    environment["PRODUCTS_JSON"] = text
    if not text or length(overrides()) > INLINE_LIMIT:
        del environment["PRODUCTS_JSON"]
        bucket = os.environ.get("INPUT_S3_BUCKET") or os.environ.get("OUTPUT_S3_BUCKET") or ""
        if not bucket:
            errors.append(f"--{source}: the input is too large for the request (or no plain text) and has to go "
                          "through S3: set INPUT_S3_BUCKET to a bucket that the job may read")
        else:
            check(re.fullmatch(BUCKET, bucket), f"INPUT_S3_BUCKET {bucket!r}: give the name of a bucket")
        key = f"{os.environ.get('OUTPUT_S3_PREFIX', 'query/')}{job_id}/input/{Path(one(source)).name}"
        add("INPUT_S3_BUCKET", bucket, "--" + source)
        add("INPUT_S3_KEY", key, "--" + source)
        (folder / "upload_to").write_text(f"s3://{bucket}/{key}", encoding="utf-8", errors="surrogateescape")

if not errors:
    size = length(overrides())
    check(size <= OVERRIDES_LIMIT, f"the overrides make {size} characters, AWS can start a job with {OVERRIDES_LIMIT} "
          "at most: shorten the values of --env, or set them in the job definition")
if errors:
    print(*(f"submit_batch_job.sh: {error}" for error in errors), sep="\n", file=sys.stderr)
    sys.exit(64)

request = {"jobName": job_id.replace(".", "-"), "jobQueue": queue, "jobDefinition": definition}
if "array-size" in given:
    request["arrayProperties"] = {"size": int(one("array-size"))}
if depends_on:
    request["dependsOn"] = [{"jobId": value} for value in depends_on]
request["containerOverrides"] = overrides()
(folder / "request.json").write_text(json.dumps(request, indent=2) + "\n", encoding="ascii")
PYTHON
}

# look_at JOB: one line of the job's status, exit code, log group, log stream, children by status and reason, separated
# by tabs; None if AWS has none.
look_at() {
  aws ${region[@]+"${region[@]}"} batch describe-jobs --jobs "$1" --output text --query "jobs[0].[status, \
to_string(container.exitCode), container.logConfiguration.options.\"awslogs-group\" || '/aws/batch/job', \
container.logStreamName || '-', to_string(arrayProperties.statusSummary), container.reason || statusReason || '-']"
}

log_stream="" log_error="" log_token=()

# tell_log GROUP STREAM: copies what is new in the log to standard error. A log that cannot be read stops nothing.
tell_log() {
  local page token
  if [[ $2 != "$log_stream" ]]; then log_stream=$2 log_token=(); fi
  while true; do
    if ! page=$(aws ${region[@]+"${region[@]}"} logs get-log-events --log-group-name "$1" --log-stream-name "$2" \
      --start-from-head ${log_token[@]+"${log_token[@]}"} --output json 2>"$work/log_error"); then
      log_error=$(tail -n 1 "$work/log_error")
      return 0
    fi
    log_error=""
    token=$(python3 -c 'import json, sys
page = json.load(sys.stdin)
for event in page["events"]:
    print(event["message"].rstrip("\n"), file=sys.stderr)
print(page["nextForwardToken"])' <<<"$page")
    if [[ ${log_token[1]-} == "$token" ]]; then return 0; fi
    log_token=(--next-token "$token")
  done
}

# highest_code ARRAY: the highest exit code of the children that failed; names each on standard error.
highest_code() {
  local children index code highest=0
  children=$(aws ${region[@]+"${region[@]}"} batch list-jobs --array-job-id "$1" --job-status FAILED --output text \
    --query "jobSummaryList[].[arrayProperties.index, to_string(container.exitCode)]") || children=""
  while read -r index code; do
    if [[ ! $code =~ ^[1-9][0-9]*$ ]]; then code=$EXIT_UNEXPECTED; fi
    if [[ -n $index ]]; then say "$1:$index ended with exit code $code"; fi
    if ((code > highest)); then highest=$code; fi
  done <<<"$children"
  printf '%s\n' "$highest"
}

# follow JOB: tells its changes and its log on standard error and ends with its exit code.
follow() {
  local job=$1 seen="" failed=0 line status code group stream children reason now
  trap 'say "The job goes on. Look at it: aws batch describe-jobs --jobs $job"; \
        say "Stop it: aws batch terminate-job --job-id $job --reason stopped"; exit 130' INT TERM
  while true; do
    line=$(look_at "$job") || line="None"
    IFS=$'\t' read -r status code group stream children reason <<<"$line"
    if [[ $status == None ]]; then
      failed=$((failed + 1))
      if ((failed >= MAX_FAILED_LOOKS)); then
        say "$job could not be seen $failed times in a row. The job goes on:" \
          "aws batch describe-jobs --jobs $job"
        exit "$EXIT_TRY_AGAIN"
      fi
    else
      failed=0
      now="$job $status"
      if [[ $stream != - ]]; then now="$now, log stream $stream"; fi
      if [[ $children != null ]]; then
        now="$now, children: $(sed 's/"[A-Z]*": *0,\{0,1\}//g; s/[{}"]//g; s/, *$//' <<<"$children")"
      fi
      if [[ $reason != - ]]; then now="$now, $reason"; fi
      if [[ $now != "$seen" ]]; then say "$now"; fi
      seen=$now
      if [[ $stream != - ]]; then tell_log "$group" "$stream"; fi
    fi
    case $status in
      SUCCEEDED | FAILED)
        if [[ -n $log_error ]]; then say "The log of $job could not be read: $log_error"; fi ;;
    esac
    case $status in
      SUCCEEDED) exit 0 ;;
      FAILED)
        if [[ $children != null ]]; then code=$(highest_code "$job"); fi
        if [[ $code =~ ^[1-9][0-9]*$ ]]; then
          say "$job ended with exit code $code"
          exit "$code"
        fi
        say "$job failed without an exit code: $reason"
        exit "$EXIT_UNEXPECTED" ;;
    esac
    # In the background: bash runs a trap at once while it waits, but not before a command in the foreground has ended.
    sleep "${POLL_SECONDS:-10}" >/dev/null 2>&1 &
    wait $!
  done
}

work=$(mktemp -d "${TMPDIR:-/tmp}/submit_batch_job.XXXXXX")
trap 'rm -rf "$work"' EXIT

given=() region=() products="" wait=no dry_run=no
while (($# > 0)); do
  case $1 in
    --*=*)
      whole=$1
      shift
      set -- "${whole%%=*}" "${whole#*=}" ${1+"$@"}
      ;;
  esac
  case $1 in
    --job-id | --products-json | --products-file | --input-s3 | --num-questions | --rpm | --size | --queue | \
      --job-definition | --region | --env | --depends-on | --array-size | --platform)
      if (($# < 2)) || [[ $2 == --* ]]; then stop_usage "$1 needs a value"; fi
      ;;
  esac
  case $1 in
    --help | -h) usage; exit 0 ;;
    --wait) wait=yes; shift ;;
    --dry-run) dry_run=yes; shift ;;
    --from-job) given+=("from-job="); shift ;;
    --products-json)
      products=$work/products.json
      printf '%s' "$2" >"$products"
      given+=("products-json=$products")
      shift 2
      ;;
    --products-file) products=$2; given+=("products-file=$2"); shift 2 ;;
    --region) region=(--region "$2"); given+=("region=$2"); shift 2 ;;
    --job-id | --input-s3 | --num-questions | --rpm | --size | --queue | --job-definition | --env | --depends-on | \
      --array-size | --platform)
      given+=("${1#--}=$2")
      shift 2
      ;;
    *) stop_usage "$1: no such option" ;;
  esac
done

command -v python3 >/dev/null || stop_usage "python3 was not found: install Python 3"
plan "$work" ${given[@]+"${given[@]}"} || stop_usage "wrong options, see above"

if [[ -e $work/upload_to ]]; then upload_to=$(cat "$work/upload_to"); else upload_to=""; fi
if [[ $dry_run == yes ]]; then
  if [[ -n $upload_to ]]; then say "Would upload the products to $upload_to"; fi
  cat "$work/request.json"
  exit 0
fi

command -v aws >/dev/null || stop_usage "aws was not found: install the AWS CLI"

# run_aws WORDS...: the AWS CLI in the chosen region; what it refuses ends the script.
run_aws() {
  local code=0
  aws ${region[@]+"${region[@]}"} "$@" || code=$?
  if ((code == 0)); then return 0; fi
  say "No job was submitted as far as is known: the AWS CLI ended with $code, see above."
  say "Once the cause is gone the same command is safe to give again."
  exit "$EXIT_UNEXPECTED"
}

if [[ -n $upload_to ]]; then
  case $products in /*) ;; *) products=./$products ;; esac
  say "Uploading the products to $upload_to"
  run_aws s3 cp --only-show-errors --checksum-algorithm SHA256 "$products" "$upload_to" >&2
fi
job=$(run_aws batch submit-job --cli-input-json "file://$work/request.json" --query jobId --output text)
printf '%s\n' "$job"
say "Submitted. Follow it: aws batch describe-jobs --jobs $job"
if [[ $wait == yes ]]; then follow "$job"; fi
