-- What each run of a job with a cap may spend, in US dollars. A run gives back the rest when it ends; a run that was
-- killed keeps its whole allowance, since the cost of its last calls is not known.
CREATE TABLE query_generator_budgets (
    run_id UUID PRIMARY KEY REFERENCES query_generator_runs (run_id),
    allowance_usd DOUBLE PRECISION NOT NULL
);
