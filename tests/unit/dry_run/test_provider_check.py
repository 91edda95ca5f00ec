"""What a dry run finds out about the providers of a job."""

import secrets_cache
from query_generator.config import JobConfig
from query_generator.dry_run.preflight import Findings
from query_generator.dry_run.provider_check import count_samples
from query_generator.dry_run.survey import Survey
from query_generator.errors import ExitCode


def test_a_provider_that_cannot_be_made_ends_the_run_whoever_stands_in() -> None:
    """The dry run says 64 where the run would: a wrong setting of the second provider is told before the job."""
    config = JobConfig(job_id="j", providers=("offline", "openai"), openai_base_url="ftp://models.internal")
    secrets_cache.configure(config)
    findings = Findings()
    count_samples(config, ("openai",), {}, Survey(), findings)
    assert findings.exit_code == ExitCode.BAD_CONFIGURATION
    assert "OPENAI_BASE_URL" in str(findings[-1])
