"""What a call for an item knows of its product's other type."""

from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.models import Generated, Product, QueryType, Question
from query_generator.pipeline.asking import Asking
from query_generator.questions.order import Order
from query_generator.questions.seen import Seen
from query_generator.questions.weakness import Weakness
from query_generator.stopping import StopSignal
from query_generator.store.items import Item

LAMP = Product("Arc Lamp", "Lumora")
FIRST = "Does the Arc Lamp flicker on video?"
OTHERS = ("Is the Arc Lamp safe in a nursery?", "How bright is the Arc Lamp in a large room?")


class Writer:
    """Writes the same each time."""

    name = "writer"
    model = "m"

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Write one question more than is needed."""
        return GenerationReply((FIRST, *OTHERS), self.name, self.model)


def test_what_the_other_type_has_is_made_up_for_from_the_same_reply() -> None:
    """Not dropped after the best ones were chosen, which would leave the item short, and its next call as well."""
    seen, order = Seen(), Order(2)
    seen.settle(LAMP, QueryType.MARKET, Generated([Question("Does the Lumora Arc Lamp flicker on a video?")]))
    asking = Asking(Writer(), StopSignal(), Weakness(order), seen)
    generated = asking.one(Item(1, QueryType.PRODUCT, LAMP))
    assert [question.text for question in generated.questions] == list(OTHERS)
    assert generated.dropped == {"near_copy": 1}
    assert generated.settled_out == []
