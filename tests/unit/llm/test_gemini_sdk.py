"""What the import of the SDK changes in a process: nothing but its own modules."""

import subprocess
import sys

from tests.support.paths import ROOT

WATCHED = """
import gc, importlib.metadata, sys
from importlib.metadata import packages_distributions
from query_generator.llm.gemini_sdk import import_sdk

class Watch:
    def find_spec(self, *_):
        seen.add((gc.isenabled(), importlib.metadata.packages_distributions is packages_distributions))

seen = set()
sys.meta_path.insert(0, Watch())
import_sdk()
print(seen, gc.isenabled(), gc.get_freeze_count(), "google.generativeai" in sys.modules)
"""
SEARCHED = """
import importlib.metadata
from query_generator.llm.gemini_sdk import import_sdk
searches = []
importlib.metadata.packages_distributions = lambda: searches.append(1) or {}
import_sdk()
print(len(searches))
"""
IN_BACKGROUND = """
import gc, sys, threading
from query_generator.llm.gemini_sdk import import_sdk_in_background
import_sdk_in_background()
(thread,) = [thread for thread in threading.enumerate() if thread.name == "sdk-import"]
thread.join()
print(gc.isenabled(), "google.generativeai" in sys.modules)
"""


def output_of(program: str) -> str:
    """Run a program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip


def test_the_import_leaves_the_process_as_it_is() -> None:
    """Who imports the SDK finds the standard library and the garbage collector untouched, at any moment of it."""
    assert output_of(WATCHED) == "{(True, True)} True 0 True\n"


def test_no_package_is_looked_for_to_name_it_in_a_notice() -> None:
    """The import does not look into every installed package."""
    assert output_of(SEARCHED) == "0\n"


def test_the_garbage_collector_works_again_after_the_import_of_a_job() -> None:
    """The import that a job begins in the background switches the garbage collector on again."""
    assert output_of(IN_BACKGROUND) == "True True\n"
