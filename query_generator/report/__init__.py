"""Reports for people and monitoring, made from the database and from the counts of a run."""
