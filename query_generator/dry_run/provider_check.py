"""Checks the providers of a job without a paid call: whether they are usable, and how they count prompt tokens."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol, runtime_checkable

import secrets_cache
from query_generator.config import JobConfig
from query_generator.dry_run.preflight import Finding, Findings
from query_generator.dry_run.quote import Workload
from query_generator.dry_run.survey import Survey
from query_generator.llm.adapter import provider_by_name
from query_generator.llm.base import CountTokens, Prompt
from query_generator.llm.registry import is_paid, models_of, vendors_of
from query_generator.models import Product, QueryType
from query_generator.questions.prompts import build_prompt


@runtime_checkable
class Closable(Protocol):
    """A vendor that holds connections."""

    def close(self) -> None:
        """Close the connections."""
        ...


Counts = dict[tuple[str, str], list[int]]  # (provider, model) → tokens of each prompt in a sample


def count_samples(
    config: JobConfig,
    keys: Collection[str],
    counters: Mapping[str, CountTokens],
    survey: Survey,
    findings: Findings,
) -> Counts:
    """Let the providers count the tokens of some prompts, which is free and shows whether their keys are valid.

    A provider that cannot be made, because its SDK is missing or a setting is wrong, ends the run. One that refuses a
    call ends it only if no other provider can take over.
    """
    counts: Counts = {}
    refused: list[Finding] = []
    for provider in config.providers:
        if any(vendor.name not in keys for vendor in vendors_of([provider])):
            continue
        tried = Findings()
        tried.check(provider, partial(_make_and_close, provider, config), lambda _: "its SDK and settings can be used")
        if tried.exit_code:
            findings += tried
            continue
        for model, work in work_by_model(config, provider, survey).items() if provider in counters else ():
            prompts = work.sample or [build_prompt(Product("-"), QueryType.PRODUCT, 1)]
            counted = tried.check(
                f"{provider} {model}",
                partial(_counted, counters[provider], model, prompts),
                lambda _: "answers, and counts tokens free of charge",
            )
            if counted and work.sample:
                counts[provider, model] = counted
        if tried.exit_code:
            refused += [finding for finding in tried if finding.exit_code][:1]
        elif provider in counters or not is_paid(provider):
            findings.append(tried[-1])
        else:
            message = f"{tried[-1].message}; its key is not tested, since that would take a paid call"
            findings.append(replace(tried[-1], message=message))
    has_other = len(refused) < len(config.providers)
    findings += [finding.tolerated() if has_other else finding for finding in refused]
    return counts


def work_by_model(config: JobConfig, provider: str, survey: Survey) -> dict[str, Workload]:
    """Sum up the calls to a provider by model."""
    work: dict[str, Workload] = {}
    for kind, model in models_of(provider, config).items():
        work[model] = work[model].plus(survey.work[kind]) if model in work else survey.work[kind]
    return work


def _make_and_close(name: str, config: JobConfig) -> None:
    provider = provider_by_name(name, config, secrets_cache.get_api_key)
    if isinstance(provider, Closable):
        provider.close()


def _counted(count: CountTokens, model: str, prompts: Sequence[Prompt]) -> list[int]:
    return [count(model, prompt) for prompt in prompts]
