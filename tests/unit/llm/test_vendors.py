"""What the registry declares of each provider, and that no other room names one."""

import ast
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from query_generator.config import JobConfig
from query_generator.dry_run.provider_check import Closable
from query_generator.llm.adapter import provider_by_name
from query_generator.llm.registry import (
    DEFAULT_PROVIDER,
    PROVIDER_WITHOUT_KEY,
    PROVIDERS,
    VENDORS,
    begin_imports,
    is_paid,
    models_of,
)
from query_generator.models import QueryType
from query_generator.settings.table import SETTINGS

ROOT = Path(__file__).parents[3]
MAY_NAME_ONE = ("query_generator/llm/", "query_generator/settings/")


def config(name: str, **settings: Any) -> JobConfig:
    """A configuration of one provider."""
    return JobConfig(job_id="j", providers=(name,), **settings)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_is_made_from_its_entry_and_its_file(name: str) -> None:
    """What LLM_PROVIDERS can name can be made, by that name, with the model that its setting has by default."""
    asked_for: list[str] = []

    def api_key_of(vendor: str) -> str:
        asked_for.append(vendor)
        return "a-key-of-the-test"

    provider = provider_by_name(name, config(name), api_key_of)
    vendor = PROVIDERS[name].vendor
    assert provider.name == name
    assert asked_for == ([vendor.name] if vendor else [])
    if vendor:
        assert provider.model == models_of(name, config(name))[QueryType.PRODUCT] == vendor.default_model
    if isinstance(provider, Closable):
        provider.close()


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.name)
def test_the_settings_of_a_vendor_have_the_names_that_messages_give_them(vendor: Any) -> None:
    """A message that names a setting names one that exists, and no key is shown with the other settings."""
    for field in (vendor.secret_field, vendor.key_field, vendor.address_field):
        assert SETTINGS[field].variable == field.upper()
    assert SETTINGS[vendor.key_field].setting.secret
    variables = {setting.variable for setting in SETTINGS.values()} | {"or", "--model"}
    for settings in (vendor.key_settings, vendor.model_settings):
        assert {word.strip("(),") for word in settings.split()} <= variables


@pytest.mark.parametrize("entry", PROVIDERS.values(), ids=lambda entry: entry.name)
def test_an_entry_names_settings_that_there_are(entry: Any) -> None:
    """A provider has a model, from its settings or its own."""
    assert {*entry.model_fields} <= SETTINGS.keys()
    assert bool(entry.model_fields) != bool(entry.fixed_model)


def test_a_run_without_a_provider_or_key_has_one() -> None:
    """The defaults are providers, and the one for a machine without a key costs nothing."""
    assert is_paid(DEFAULT_PROVIDER)
    assert not is_paid(PROVIDER_WITHOUT_KEY)


def test_only_an_sdk_that_takes_long_is_imported_ahead() -> None:
    """The import waits for its turn, and a run that asks none of these providers spends nothing on it."""
    turn_came = threading.Event()

    class Turn(nullcontext[None]):
        def __enter__(self) -> None:
            turn_came.set()
            raise ImportError("the test needs no SDK")

    begin_imports([name for name, entry in PROVIDERS.items() if not entry.begin_import], Turn())
    assert not turn_came.wait(0.05)
    begin_imports(["offline", "gemini"], Turn())
    assert turn_came.wait(10)


def test_no_other_room_names_a_provider() -> None:
    """A provider is added in its own file, in the registry and in the settings, and nowhere else."""
    names = PROVIDERS.keys() | VENDORS.keys() | {vendor.title for vendor in VENDORS.values()}
    files = [*(ROOT / "query_generator").rglob("*.py"), ROOT / "secrets_cache.py", ROOT / "batch_job.py"]
    named = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.value}"
        for file in files
        if not str(file.relative_to(ROOT)).startswith(MAY_NAME_ONE)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert named == []


def test_the_registry_is_quick_to_load() -> None:
    """The command line's help waits for no SDK, no client and no checks of values."""
    code = (
        "import sys, query_generator.llm.registry;"
        "slow = {'pydantic', 'boto3', 'dataclasses', 'requests', 'httpx2', 'json', 'query_generator.models'};"
        "assert not slow & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
