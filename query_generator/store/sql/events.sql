-- name: add
INSERT INTO query_generator_event_outbox (job_id, event_timestamp_id, event_name, details)
VALUES (%(job_id)s, %(event_timestamp_id)s, %(event_name)s, %(details)s::jsonb)

-- name: waiting
SELECT event_id, job_id, event_timestamp_id, event_name, details
FROM query_generator_event_outbox
WHERE job_id = %(job_id)s
ORDER BY event_id
LIMIT %(size)s

-- name: published
DELETE FROM query_generator_event_outbox WHERE event_id = ANY(%(event_ids)s)
