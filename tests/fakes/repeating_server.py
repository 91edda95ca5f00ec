"""An LLM service of any vendor that refuses each call, and repeats in the error what it was told to."""

import json
import re
from typing import Any

from tests.fakes.fixed_server import FixedServer, Given
from tests.support.disguises import DISGUISES


def product_of(number: int) -> str:
    """Return the name of the product whose calls get the disguise with this number."""
    return f"Canary {number:03d}x"


class RepeatingServer(FixedServer):
    """Answers with an error of this status that repeats a secret, disguised by the number in the product's name."""

    def __init__(self, secret: str, status: int = 400, *, everywhere: bool = False) -> None:
        """Repeat it in the message, or in every field of the error, the message being too long to be quoted whole."""
        super().__init__()
        self.secret, self.status, self.everywhere = secret, status, everywhere

    def answer(self, request: bytes) -> Given:
        """Return an error. Each disguise comes twice: as JSON writes it, and raw if that is JSON too."""
        number = re.search(r"Canary (\d{3})x", request.decode())
        raw, which = divmod(int(number[1]) if number else 0, len(DISGUISES))
        shown = list(DISGUISES.values())[which](self.secret)
        text = json.dumps({"error": self._error()})
        as_it_is = text.replace("HERE", shown)
        body = as_it_is if raw and _is_json(as_it_is) else text.replace("HERE", json.dumps(shown)[1:-1])
        return Given(self.status, body.encode())

    def _error(self) -> dict[str, Any]:
        message = "no good: HERE was sent"
        if not self.everywhere:
            return {"code": self.status, "status": "INVALID_ARGUMENT", "type": "invalid_request", "message": message}
        quota = {"violations": [{"quotaId": "PerDay HERE", "quotaValue": "HERE"}], "reason": "HERE"}
        return {
            "code": "HERE",
            "status": "HERE",
            "type": "HERE",
            "param": "HERE",
            "message": f"{'-' * 150} {message}",
            "details": [{"@type": "HERE", "retryDelay": "HERE", "error_code": "HERE"}, quota],
        }


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
