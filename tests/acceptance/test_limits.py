"""The job against a service with limits, one whose day is used up, and one that is down."""

import json
import re
from itertools import count

from tests.conftest import Cloud
from tests.fakes.gemini_faults import Fault, FaultRule

PRODUCTS = json.dumps([{"name": f"Product {number}", "brand": "Acme"} for number in range(30)])
ARGUMENTS = ("--job-id", "job", "--products-json", PRODUCTS, "--num-questions", "3")
ITEMS = 60


def statuses(cloud: Cloud) -> dict[str, int]:
    """How often the service answered with which status."""
    told: dict[str, int] = cloud.gemini.stats()["statuses"]
    return told


def test_told_limits_are_kept_and_the_next_day_continues(cloud: Cloud) -> None:
    """`--rpd 20` ends with 69 after twenty calls; the same job id goes on next day, at 1,800 a minute."""
    cloud.gemini.limit = (30, 1.0)
    ended = cloud.run(*ARGUMENTS, "--rpd", "20")
    assert ended.code == 69, ended.log
    assert statuses(cloud) == {"200": 20}
    assert re.search(r"the 20 calls a day to gemini are used up.*run the same job id again", ended.log)
    cloud.rows("UPDATE query_generator_quotas SET day = day - 1 RETURNING day")
    ended = cloud.run(*ARGUMENTS, "--rpd", str(ITEMS), "--rpm", "1800")
    assert ended.code == 0, ended.log
    assert statuses(cloud)["200"] == ITEMS


def test_an_untold_limit_is_found(cloud: Cloud) -> None:
    """With 32 calls at once and a limit that nobody told, all products are done and few calls are refused."""
    cloud.gemini.limit = (30, 1.0)
    cloud.gemini.latency = 0.1
    ended = cloud.run(*ARGUMENTS)
    assert ended.code == 0, ended.log
    assert statuses(cloud)["200"] == ITEMS
    assert statuses(cloud)["429"] <= 30


def test_a_service_that_is_down_ends_the_run_with_75_and_it_continues_afterwards(cloud: Cloud) -> None:
    """After the threshold the service is asked once a time-out, not once an item; nothing is lost."""
    answered = count()
    cloud.gemini.on_request = lambda _: (
        cloud.gemini.set_faults(rules=[FaultRule(Fault.SERVER_ERROR)]) if next(answered) == 9 else None
    )
    ended = cloud.run(*ARGUMENTS, CIRCUIT_BREAKER_THRESHOLD="4", CIRCUIT_BREAKER_TIMEOUT="1", MAX_CONCURRENCY="4")
    assert ended.code == 75, ended.log
    assert "run the same job id again when it is back" in ended.log
    assert statuses(cloud)["200"] < ITEMS
    assert statuses(cloud)["500"] <= 4 + 4 + 1
    cloud.gemini.on_request = lambda _: None
    cloud.gemini.set_faults()
    assert cloud.run(*ARGUMENTS).code == 0
    assert statuses(cloud)["200"] == ITEMS
    assert cloud.aws.result("job")["status"] == "completed"
