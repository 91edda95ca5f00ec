"""What people and monitoring look at, made from the database and from what a run has counted."""
