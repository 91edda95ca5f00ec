"""Tells replies of use from others that were paid for as well."""

from query_generator.errors import UnusableReplyError
from query_generator.llm.base import GenerationReply, GenerationRequest, Provider, ProviderAround
from query_generator.masking import quoted
from query_generator.questions.judged import judged


class OfUseProvider(ProviderAround):
    """Takes a first reply of which no text is a question for what it is, an unusable reply: another call may mend it,
    or another provider.

    A reply that adds nothing to the questions of an earlier one only leaves its item short.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make the call, and check the texts of its reply.

        Raises:
            UnusableReplyError: none of them is a question that can be stored.
        """
        reply = judged(request, self._provider.generate(request))
        if reply.is_of_use or request.exclusions or request.opener is not None:
            return reply
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(reply.verdict.dropped.items()))
        error = UnusableReplyError(f"the model's reply holds no question that can be stored (dropped: {reasons})")
        error.dropped = reply.verdict.dropped
        error.looks_like = quoted(" ".join(reply.texts)[:1000])
        raise error
