#!/usr/bin/env bash
# Submits the query generator to AWS Batch. Runs on bash 3.2 and newer; needs python3 (3.6 or newer), the AWS CLI and
# the folder infrastructure beside it.
set -euo pipefail

readonly EXIT_USAGE=64 EXIT_UNEXPECTED=70 EXIT_TRY_AGAIN=75
readonly MAX_FAILED_LOOKS=5
export AWS_PAGER="" AWS_CLI_AUTO_PROMPT=off

# A stream that is closed, full or no longer read ends nothing: a job that was submitted goes on and costs money.
trap '' PIPE
{ : <&0; } 2>/dev/null || exec </dev/null
{ : >&1; } 2>/dev/null || exec >/dev/null
{ : >&2; } 2>/dev/null || exec 2>/dev/null

usage() {
  cat <<'TEXT'
Usage: ./submit_batch_job.sh --job-id ID INPUT [OPTIONS]

Submits a job to AWS Batch and prints the Batch job id, alone, on standard output.
The same --job-id again continues that job: nothing is generated or paid for twice.

INPUT, exactly one of:
  --products-json JSON    products as JSON on the command line
  --products-file PATH    products in a file of yours: JSON, JSON Lines, CSV, XML, Excel, or .gz of each
  --input-s3 s3://B/K     products that are in S3 already
  --from-job              products selected for this job id in the database

OPTIONS
  --num-questions N       questions of each type for a product, 1 to 200 (default: the job definition's)
  --locale TAG            whose language the questions are in, as de-AT (default: that of the product's texts)
  --market-scope S        category: unbranded market questions are bought once for all products of a category
  --rpm N                 LLM requests a minute for the whole job (default: the job definition's)
  --retry-failed          try all failed items of the job again, also those that the model refused
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

# say WORDS...: one line on standard error. What AWS tells may hold anything, and steers no terminal.
say() {
  local line=$*
  printf '%s\n' "${line//[[:cntrl:]]/?}" >&2 2>/dev/null || true
}

stop_usage() {
  say "submit_batch_job.sh: $1"
  say "Nothing was submitted. See ./submit_batch_job.sh --help"
  exit "$EXIT_USAGE"
}

# infrastructure_folder: the folder of the programs in Python, beside this script; the script may be called by links.
infrastructure_folder() {
  local script=${BASH_SOURCE[0]} link
  case $script in /*) ;; *) script=./$script ;; esac  # its name may begin with a dash
  while [[ -L $script ]]; do
    link=$(readlink "$script")
    case $link in /*) script=$link ;; *) script=$(dirname "$script")/$link ;; esac
  done
  printf '%s/infrastructure\n' "$(CDPATH="" cd -- "$(dirname -- "$script")" && pwd -P)"
}

# Python runs with -IS: no file beside the script, in the current folder or named by a variable replaces a module.

# plan FOLDER OPTION=VALUE... checks every value, then writes FOLDER/request.json and, if the input has to be
# uploaded, FOLDER/upload_to with its S3 address. Wrong values are named on standard error, and end the script.
plan() {
  local code=0 part
  command -v python3 >/dev/null || stop_usage "python3 was not found: install Python 3"
  for part in plan.py __init__.py limits.json limits.py log_page.py options.py products_file.py; do
    [[ -r $infrastructure/$part ]] || stop_usage "$infrastructure/$part was not found: this script needs the folder \
infrastructure beside it. Copy that folder too, or make a symbolic link to the script in its repository"
  done
  python3 -IS "$infrastructure/plan.py" "$@" || code=$?
  if ((code == EXIT_USAGE)); then stop_usage "wrong options, see above"; fi
  if ((code != 0)); then
    stop_usage "$infrastructure/plan.py failed, see above: \
it needs Python 3.6 or newer, this is $(python3 --version 2>&1)"
  fi
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
    if ! token=$(python3 -IS "$infrastructure/log_page.py" <<<"$page"); then
      log_error="the AWS CLI gave something else than a page of it"
      return 0
    fi
    log_error=""
    if [[ ${log_token[1]-} == "$token" ]]; then return 0; fi
    log_token=(--next-token "$token")
  done
}

# is_exit_code TEXT: whether a script can end with it and tell a failure. 256 would be 0, and tell success.
is_exit_code() { [[ $1 =~ ^[1-9][0-9]{0,2}$ ]] && (($1 <= 255)); }

# highest_code ARRAY: the highest exit code of the children that failed; names each on standard error.
highest_code() {
  local children index code highest=0
  children=$(aws ${region[@]+"${region[@]}"} batch list-jobs --array-job-id "$1" --job-status FAILED --output text \
    --query "jobSummaryList[].[arrayProperties.index, to_string(container.exitCode)]") || children=""
  while read -r index code; do
    is_exit_code "$code" || code=$EXIT_UNEXPECTED
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
    if [[ ! $status =~ ^[A-Z]+$ ]]; then
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
        if is_exit_code "$code"; then
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
    --job-id | --products-json | --products-file | --input-s3 | --num-questions | --locale | --market-scope | --rpm | --size | --queue | \
      --job-definition | --region | --env | --depends-on | --array-size | --platform)
      if (($# < 2)) || [[ $2 == --* ]]; then stop_usage "$1 needs a value"; fi
      ;;
  esac
  case $1 in
    --help | -h) usage 2>/dev/null || true; exit 0 ;;
    --wait) wait=yes; shift ;;
    --dry-run) dry_run=yes; shift ;;
    --from-job | --retry-failed) given+=("${1#--}="); shift ;;
    --products-json)
      products=$work/products.json
      printf '%s' "$2" >"$products"
      given+=("products-json=$products")
      shift 2
      ;;
    --products-file) products=$2; given+=("products-file=$2"); shift 2 ;;
    --region) region=(--region "$2"); given+=("region=$2"); shift 2 ;;
    --job-id | --input-s3 | --num-questions | --locale | --market-scope | --rpm | --size | --queue | --job-definition | --env | --depends-on | \
      --array-size | --platform)
      given+=("${1#--}=$2")
      shift 2
      ;;
    -*) stop_usage "$1: no such option" ;;
    *) stop_usage "a word that belongs to no option; it is not repeated here, since it may be a secret" ;;
  esac
done

infrastructure=$(infrastructure_folder)
plan "$work" ${given[@]+"${given[@]}"}

if [[ -e $work/upload_to ]]; then upload_to=$(cat "$work/upload_to"); else upload_to=""; fi
if [[ $dry_run == yes ]]; then
  if [[ -n $upload_to ]]; then say "Would upload the products to $upload_to"; fi
  cat "$work/request.json" || say "The request could not be written to standard output."
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
if [[ ! $job =~ ^[A-Za-z0-9][A-Za-z0-9:-]{0,127}$ || $job == None ]]; then
  say "The AWS CLI ended well but gave no Batch job id: '$job'. Look whether the job is there before you submit it again."
  exit "$EXIT_UNEXPECTED"
fi
printf '%s\n' "$job" || say "The job is submitted, but its id could not be written to standard output."
say "Submitted. Follow it: aws batch describe-jobs --jobs $job"
if [[ $wait == yes ]]; then follow "$job"; fi
