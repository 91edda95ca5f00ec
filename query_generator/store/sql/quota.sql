-- name: open
INSERT INTO query_generator_quotas (job_id, provider, day)
VALUES (%(job_id)s, %(provider)s, (now() AT TIME ZONE 'America/Los_Angeles')::date)
ON CONFLICT DO NOTHING

-- name: follow_clock
-- A clock that was set back leaves the next start far in the future: it moves back with the clock.
UPDATE query_generator_quotas
SET next_at = next_at - (noted_at - clock_timestamp()), noted_at = clock_timestamp()
WHERE job_id = %(job_id)s AND provider = %(provider)s AND noted_at > clock_timestamp()

-- name: reserve
-- Not flushed to disk at once: slots lost in a crash of the server have passed by the time it is back.
-- Google's quota days end at midnight Pacific time. A day that a clock goes back to has not begun anew.
UPDATE query_generator_quotas
SET next_at = greatest(next_at, clock_timestamp()) + make_interval(secs => %(seconds)s), noted_at = clock_timestamp(),
    day = greatest(day, (now() AT TIME ZONE 'America/Los_Angeles')::date),
    day_calls = %(calls)s
              + CASE WHEN day >= (now() AT TIME ZONE 'America/Los_Angeles')::date THEN day_calls - %(unused)s ELSE 0 END
WHERE job_id = %(job_id)s AND provider = %(provider)s
  AND next_at <= clock_timestamp() + make_interval(secs => %(ahead)s)
  AND (%(a_day)s::bigint IS NULL OR day < (now() AT TIME ZONE 'America/Los_Angeles')::date
       OR day_calls + %(calls)s - %(unused)s <= %(a_day)s)
RETURNING extract(epoch FROM next_at - clock_timestamp())::float8 - %(seconds)s AS first,
          set_config('synchronous_commit', 'off', TRUE)

-- name: state
SELECT extract(epoch FROM next_at - clock_timestamp())::float8 AS next,
       CASE WHEN day >= (now() AT TIME ZONE 'America/Los_Angeles')::date THEN day_calls ELSE 0 END AS day_calls
FROM query_generator_quotas
WHERE job_id = %(job_id)s AND provider = %(provider)s

-- name: hold
UPDATE query_generator_quotas
SET next_at = greatest(next_at, clock_timestamp() + make_interval(secs => %(seconds)s)), noted_at = clock_timestamp()
WHERE job_id = %(job_id)s AND provider = %(provider)s
