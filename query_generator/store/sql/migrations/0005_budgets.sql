-- What each run of a job with a cap may spend, in US dollars. What it has not spent it gives back when it ends; a run
-- that was killed cannot, and keeps all of it, since nobody knows what its last calls have cost.
CREATE TABLE budgets (
    run_id UUID PRIMARY KEY REFERENCES runs (run_id),
    allowance_usd DOUBLE PRECISION NOT NULL
);
