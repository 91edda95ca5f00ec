"""The ledger of a job: its record, and one item for each product and question type."""

from query_generator.store.database import Database
from query_generator.store.job_record import JobRecord
from query_generator.store.lease import Lease
from query_generator.store.shared_sets import SharedSets
from query_generator.store.work_queue import WorkQueue


class Ledger:
    """The ledger of one job, for one run of it."""

    def __init__(self, db: Database, job_id: str, lease: Lease) -> None:
        self.db = db
        self.job_id = job_id
        self.lease = lease
        self.record = JobRecord(db, job_id, lease)
        self.queue = WorkQueue(db, job_id, lease)
        self.sets = SharedSets(db, job_id, lease)
