"""Finds out whether a model is too weak to fill a plan; it is then asked for one question at a time.

A model of some hundred million parameters takes keys for fields and topics for content, and repeats itself until the
limit, whatever the prompt and the schema: measured, four of five of its texts are no questions. Asked for one question
at a time it costs a tenth. The first replies of a run tell.
"""

import logging
import threading
from dataclasses import replace

from query_generator.errors import UnusableReplyError
from query_generator.models import Generated
from query_generator.questions.accept import SURPLUS
from query_generator.questions.order import Order

_LOG = logging.getLogger("ai")

REPLIES = 4  # before anything is decided, so that one odd product decides nothing
LEAST_SHARE = 1 / 3  # of the texts that are of use; other models are far above


class Weakness:
    """What a run orders for each item, by what its model has shown. Thread-safe."""

    def __init__(self, order: Order) -> None:
        """Take what is ordered of a model that fills a plan."""
        self.order = order
        self._lock = threading.Lock()
        self._replies = self._texts = self._of_use = 0

    def learn(self, generated: Generated) -> None:
        """Take in a reply; calls without one tell nothing."""
        if not self.order.may_ask_singly or self.order.small_model:
            return
        if generated.error and not isinstance(generated.error, UnusableReplyError):
            return
        of_use = len(generated.questions) + generated.dropped[SURPLUS]
        texts = len(generated.questions) + generated.dropped.total()
        with self._lock:
            self._replies += 1
            self._of_use += of_use
            self._texts += max(1, texts)
            if self.order.small_model or self._replies < REPLIES or self._of_use >= LEAST_SHARE * self._texts:
                return
            self.order = replace(self.order, small_model=True)
        _LOG.warning(
            "[AI WARNING] %d of %d texts in %d replies can be used: the model is too weak for a plan. From now on "
            "it is asked for one question at a time, as with SMALL_MODEL=true, which takes a call for each",
            self._of_use,
            self._texts,
            self._replies,
        )
