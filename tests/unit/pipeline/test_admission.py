"""What a run may do: its terms, and what it reads."""

import pytest

from query_generator.config import JobConfig, load_config
from query_generator.errors import ConfigurationError, InputError
from query_generator.pipeline.admission import (
    FROM_JOB,
    Reading,
    has_other_terms,
    lasting_source,
    order_of,
    reading_of,
    terms_of,
)
from query_generator.questions.prompts import PROMPT_VERSION, PROMPTS_WITHOUT_LOCALE, prompt_versions
from query_generator.questions.small_model import SMALL_VERSIONS
from query_generator.store.jobs import JobMetadata

NOTHING_NOTED = JobMetadata()
FILE_READ = JobMetadata(input_source="file:a.json", input_complete=True)
FILE_CUT_SHORT = JobMetadata(input_source="file:a.json")
ROWS_READ = JobMetadata(input_source=FROM_JOB, input_complete=True)
ROWS_CUT_SHORT = JobMetadata(input_source=FROM_JOB)


def config(**environ: str) -> JobConfig:
    """The settings of a run."""
    return load_config({"verb": "function", "providers": "offline", "job_id": "job"}, environ)


def reading(metadata: JobMetadata, *, given: bool = False, from_job: bool = False, known: bool = True) -> Reading:
    """What a run reads."""
    return reading_of(config(PRODUCTS_FROM_JOB=str(from_job)), has_source=given, is_known=known, metadata=metadata)


@pytest.mark.parametrize("metadata", [NOTHING_NOTED, FILE_READ, FILE_CUT_SHORT, ROWS_READ])
@pytest.mark.parametrize("from_job", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_a_source_that_is_given_is_read(metadata: JobMetadata, from_job: bool, known: bool) -> None:
    """Whatever the database knows of the job."""
    assert reading(metadata, given=True, from_job=from_job, known=known) is Reading.GIVEN


@pytest.mark.parametrize("from_job", [True, False])
def test_without_a_source_and_a_job_there_is_nothing_to_do(from_job: bool) -> None:
    """The error names the job and the ways to give products."""
    with pytest.raises(InputError, match=r"job job: no products were given.*--products-file"):
        reading(NOTHING_NOTED, from_job=from_job, known=False)


@pytest.mark.parametrize(
    ("metadata", "from_job", "right"),
    [
        (NOTHING_NOTED, False, Reading.SELECTED),
        (NOTHING_NOTED, True, Reading.SELECTED),
        (ROWS_READ, False, Reading.SELECTED),
        (ROWS_CUT_SHORT, False, Reading.SELECTED),
        (FILE_READ, False, Reading.NOTHING),
        (FILE_READ, True, Reading.SELECTED),
        (FILE_CUT_SHORT, True, Reading.SELECTED),
    ],
)
def test_a_known_job_goes_on_with_what_it_has(metadata: JobMetadata, from_job: bool, right: Reading) -> None:
    """Selected rows are read; what was read whole from elsewhere only when `--from-job` asks for it."""
    assert reading(metadata, from_job=from_job) is right


def test_an_input_that_was_cut_short_is_to_be_given_again() -> None:
    """Without it the job would end with a part of its products and say that it is complete."""
    with pytest.raises(ConfigurationError, match=r"stopped while it read file:a.json; give it again"):
        reading(FILE_CUT_SHORT)


@pytest.mark.parametrize(
    ("metadata", "source"), [(FILE_READ, "file:a.json"), (FILE_CUT_SHORT, FROM_JOB), (NOTHING_NOTED, FROM_JOB)]
)
def test_a_reading_of_the_rows_keeps_the_name_of_the_source(metadata: JobMetadata, source: str) -> None:
    """The products of a job still come from its file when they were read from its rows since."""
    assert lasting_source(FROM_JOB, Reading.SELECTED, metadata) == source
    assert lasting_source("file:b.json", Reading.GIVEN, metadata) == "file:b.json"


def test_other_terms_are_refused_or_taken() -> None:
    """Each changed term is named with both values; `--refresh` takes them; terms not noted yet do not differ."""
    first = config(NUM_QUESTIONS="5")
    began = JobMetadata(terms_of(first, order_of(first, NOTHING_NOTED)))

    def differ(metadata: JobMetadata, **settings: str) -> bool:
        given = config(**settings)
        return has_other_terms(given, order_of(given, metadata), metadata)

    assert not differ(began, NUM_QUESTIONS="5")
    assert not differ(NOTHING_NOTED, NUM_QUESTIONS="6")
    with pytest.raises(ConfigurationError, match=r"num_questions was 5, is 6.*--refresh"):
        differ(began, NUM_QUESTIONS="6")
    with pytest.raises(ConfigurationError, match=r"unbranded_share was 0.7, is 0.5.*--refresh"):
        differ(began, NUM_QUESTIONS="5", MARKET_UNBRANDED_SHARE="0.5")
    assert differ(began, NUM_QUESTIONS="6", REFRESH="1")
    assert not differ(began, NUM_QUESTIONS="5", REFRESH="1")


@pytest.mark.parametrize("version", prompt_versions()[:-1])
def test_a_job_keeps_the_version_of_prompts_that_it_began_with(version: str) -> None:
    """An update changes nothing of a job that has begun; `--refresh` takes the newest; an unknown one is refused."""
    began = JobMetadata({"prompt_version": version, "num_questions": 5})
    assert order_of(config(NUM_QUESTIONS="5"), began).prompt_version == version
    assert not has_other_terms(config(NUM_QUESTIONS="5"), order_of(config(NUM_QUESTIONS="5"), began), began)
    refreshed = config(NUM_QUESTIONS="5", REFRESH="1")
    assert order_of(refreshed, began).prompt_version == PROMPT_VERSION
    assert has_other_terms(refreshed, order_of(refreshed, began), began)
    with pytest.raises(ConfigurationError, match=r"prompts of version 99.*--refresh"):
        order_of(config(), JobMetadata({"prompt_version": "99"}))


def test_a_job_keeps_the_prompts_for_a_small_model_that_it_began_with() -> None:
    """Those of before where none are recorded; `--refresh` takes the newest; unknown ones are refused."""
    first, newest = SMALL_VERSIONS[0], SMALL_VERSIONS[-1]
    assert order_of(config(), NOTHING_NOTED).small_version == newest
    began = JobMetadata({"prompt_version": PROMPT_VERSION})
    assert order_of(config(), began).small_version == first
    assert order_of(config(REFRESH="1"), began).small_version == newest
    noted = JobMetadata(terms_of(config(), order_of(config(), began)))
    assert order_of(config(), noted).small_version == first
    with pytest.raises(ConfigurationError, match=r"prompts of version 99 small.*--refresh"):
        order_of(config(), JobMetadata({"small_version": "99 small"}))


@pytest.mark.parametrize("version", PROMPTS_WITHOUT_LOCALE)
def test_a_locale_needs_prompts_that_know_it(version: str) -> None:
    """A job that began before there was one says so, and is not continued in two languages."""
    began = JobMetadata({"prompt_version": version})
    with pytest.raises(ConfigurationError, match=rf"version {version}, which know no locale.*--refresh"):
        order_of(config(LOCALE="de-AT"), began)
    assert order_of(config(LOCALE="auto"), began).locale == ""
    refreshed = order_of(config(LOCALE="DE_at", REFRESH="1"), began)
    assert (refreshed.locale, refreshed.plan.country) == ("de-AT", "Austria")


def test_the_locale_is_fixed_by_the_first_run() -> None:
    """A set in one language does not get the rest of its questions in another."""
    first = config(LOCALE="de-AT")
    began = JobMetadata(terms_of(first, order_of(first, NOTHING_NOTED)))
    with pytest.raises(ConfigurationError, match=r"locale was de-AT, is auto.*--refresh"):
        has_other_terms(config(), order_of(config(), began), began)


@pytest.mark.parametrize(
    ("environ", "may"),
    [
        ({"LLM_PROVIDERS": "openai", "OPENAI_BASE_URL": "http://127.0.0.1:8080/v1"}, True),
        ({"LLM_PROVIDERS": "openai", "OPENAI_API_KEY": "k"}, False),
        (
            {"LLM_PROVIDERS": "openai,gemini", "OPENAI_BASE_URL": "http://127.0.0.1:8080/v1", "GEMINI_API_KEY": "k"},
            False,
        ),
        ({"LLM_PROVIDERS": "gemini", "GEMINI_API_KEY": "k", "GEMINI_API_ENDPOINT": "http://127.0.0.1:8080"}, False),
        ({"LLM_PROVIDERS": "offline"}, False),
    ],
)
def test_only_a_compatible_service_may_be_asked_for_one_question_at_a_time(environ: dict[str, str], may: bool) -> None:
    """It may run a model too small for a plan; a vendor's own has none, and bills each prompt. Prompts of version 1
    have no plan to give up.
    """
    settings = load_config({"verb": "function", "job_id": "job"}, environ)
    assert order_of(settings, NOTHING_NOTED).may_ask_singly is may
    assert not order_of(settings, JobMetadata({"prompt_version": "1"})).may_ask_singly
