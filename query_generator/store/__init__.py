"""What is kept: PostgreSQL is the record, S3 objects and events are made from it."""
