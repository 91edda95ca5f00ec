"""A model that is too weak for a plan, behind a compatible service."""

from query_generator.llm.base import GenerationReply, GenerationRequest, Usage
from query_generator.store.database import Database
from tests.support.catalog import counts_of, open_job, products
from tests.support.item_provider import ItemProvider
from tests.support.loop import WANTED, generation, queries, states

THREADS = 6


class WeakProvider(ItemProvider):
    """States facts where groups are asked for, and completes a question whose beginning is given."""

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Answer as weak models do."""
        if request.opener is not None:
            return super().generate(request)
        self.requests.append(request)
        texts = tuple(f"The product is good for the {number}th time" for number in range(request.asked_in_all))
        return GenerationReply(texts, self.name, self.model, Usage(10, 100))


def test_a_weak_model_completes_its_items_all_the_same(db: Database) -> None:
    """The first replies cost what they cost; then one question at a time is asked for, also of the items under way."""
    ledger, provider = open_job(db, products(8)), WeakProvider()
    generation(ledger, provider, threads=THREADS, may_ask_singly=True).run(counts_of(ledger))
    assert states(db) == {"succeeded": 16}
    assert queries(db) == 16 * WANTED
    assert sum(request.opener is None for request in provider.requests) <= 2 * THREADS
