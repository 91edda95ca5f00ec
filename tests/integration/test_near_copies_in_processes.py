"""What is a near copy of what does not depend on the process that looks."""

import json
import subprocess
import sys

from tests.support.paths import ROOT

PAIRS = json.loads((ROOT / "tests/unit/questions/near_copy_pairs.json").read_text(encoding="utf-8"))


def test_the_outcome_is_the_same_in_each_process() -> None:
    """Hashes of texts differ between processes; what is a copy of what does not."""
    script = (
        "import json, sys; from query_generator.questions.near_copies import NearCopies\n"
        "copies = NearCopies(language='en'); found = []\n"
        "for question in json.load(sys.stdin):\n"
        "    found.append(copies.copy_of(question)); copies.add(question)\n"
        "print(json.dumps(found))"
    )
    questions = json.dumps([text for pair in PAIRS["copies"]["en"] + PAIRS["different"]["en"] for text in pair])
    outcomes = {
        subprocess.run(
            [sys.executable, "-c", script],
            input=questions,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outcomes) == 1
