"""Decides what AWS Batch does after a failed attempt, by the retry rules of a job definition."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infrastructure.limits import broken, limit
from query_generator.errors import ExitCode

Rule = Mapping[str, str]

SPOT_REASONS = {  # https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html
    "EC2": "Host EC2 (instance i-0123456789abcdef0) terminated.",
    "Fargate": "Your Spot Task was interrupted.",
}


def decision(rules: Sequence[Rule], exit_code: int | None, reason: str = "", status_reason: str = "") -> str:
    """Return `RETRY` or `EXIT` by the first rule whose conditions all hold; `RETRY` if there is none."""
    values = {
        "onExitCode": "" if exit_code is None else str(exit_code),
        "onReason": reason,
        "onStatusReason": status_reason,
    }
    for rule in rules:
        if all(_matches(rule[name], value) for name, value in values.items() if name in rule):
            return rule["action"].upper()
    return "RETRY"


def _matches(pattern: str, value: str) -> bool:
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def retry_problems(strategy: Mapping[str, Any]) -> Iterator[str]:
    """Yield what AWS would refuse in a retry strategy, and where it does not match the job's exit codes."""
    low, high = limit("attempts")
    if not low <= strategy.get("attempts", 0) <= high:
        yield broken("attempts", f"attempts is {strategy.get('attempts')}: give {low} to {high}")
    rules: Sequence[Rule] = strategy.get("evaluateOnExit", [])
    if len(rules) > limit("retry_rules"):
        yield broken("retry_rules", f"{len(rules)} retry rules: AWS takes {limit('retry_rules')}")
    patterns = limit("retry_patterns")
    for number, rule in enumerate(rules, 1):
        conditions = {name: text for name, text in rule.items() if name != "action"}
        if rule.get("action", "").upper() not in ("RETRY", "EXIT") or not conditions:
            yield broken("retry_rules", f"retry rule {number}: give an action, RETRY or EXIT, and a condition")
            return
        for name, text in conditions.items():
            if name not in patterns or not re.fullmatch(patterns[name], text):
                yield broken("retry_patterns", f"retry rule {number}: {name} {text!r}: AWS has no such pattern")
    if not rules or dict(rules[-1]) != {"onReason": "*", "action": "EXIT"}:
        yield broken("retry_rules", "the last retry rule has to be EXIT on onReason '*': no match means RETRY")
    yield from _unfit(rules)


def _unfit(rules: Sequence[Rule]) -> Iterator[str]:
    for code in ExitCode:
        right = "RETRY" if code is ExitCode.TRY_AGAIN else "EXIT"
        if code is not ExitCode.SUCCEEDED and decision(rules, code, "Essential container in task exited") != right:
            yield f"exit code {code} ({code.name}) has to {right}, and the retry rules do not say so"
    for kind, status_reason in SPOT_REASONS.items():
        if decision(rules, None, status_reason=status_reason) != "RETRY":
            yield f"a reclaimed Spot host of {kind} ({status_reason!r}) has to RETRY, and the retry rules do not say so"
