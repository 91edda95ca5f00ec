"""What a Gemini request asks for, and the reply that a model gives, good or bad."""

import json
import re
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from tests.fakes.gemini_faults import Fault
from tests.fakes.llm_dialect import Call
from tests.support.good_questions import good_answer
from tests.support.question_texts import for_groups, soiled

_COUNT = re.compile(r"exactly\s+(\d+)(?:\s+(product|market))?", re.IGNORECASE)
_NAME = re.compile(r'"name"\s*:\s*("(?:[^"\\]|\\.)*")')
_GROUP = re.compile(r'^- "(\w+)" \((\d+)\):', re.MULTILINE)
CARELESS_SHARE = 0.2
_ENUMS = {"STOP": 1, "MAX_TOKENS": 2, "SAFETY": 3}


def prompt_text(document: dict[str, Any]) -> str:
    """Return all texts of a generateContent body, whose fields may be in camelCase or snake_case."""
    system = document.get("systemInstruction") or document.get("system_instruction") or {"parts": []}
    parts = [*system["parts"], *(part for content in document["contents"] for part in content["parts"])]
    return "\n".join(part.get("text", "") for part in parts)


def wanted(prompt: str) -> tuple[int, str, str]:
    """Return how many questions of which type about which product a prompt asks for; of two types, the first one."""
    asked, names = _COUNT.findall(prompt), _NAME.findall(prompt)
    count = sum(int(number) for number, _ in asked) or 25
    kind = "market" if asked and asked[0][1].lower() == "market" else "product"
    return count, kind, json.loads(names[0], strict=False) if names else "this product"


def answer(fault: Fault, prompt: str, name: str, texts: list[str], planted: Sequence[str] = ()) -> dict[str, list[str]]:
    """Return the object that a prompt asks for: one list, or one for each group; what is planted goes first."""
    lists = _honest(fault, prompt, name, texts)
    return {key: [*planted[at :: len(lists)], *some] for at, (key, some) in enumerate(lists.items())}


def _honest(fault: Fault, prompt: str, name: str, texts: list[str]) -> dict[str, list[str]]:
    if fault in (Fault.GOOD, Fault.CARELESS):
        other_each_time = crc32("".join(texts).encode())
        mistakes = CARELESS_SHARE if fault == Fault.CARELESS else 0.0
        return good_answer(prompt, mistakes=mistakes, seed=other_each_time)
    texts = soiled(texts, name) if fault == Fault.DIRTY else texts
    groups = [(key, int(count)) for key, count in _GROUP.findall(prompt)]
    _, kind, name = wanted(prompt)
    return for_groups(texts, groups, name, kind) if groups else {"questions": texts}


def model_reply(fault: Fault, call: Call, name: str, texts: list[str]) -> dict[str, Any]:
    """Return the body of a model's reply: in two parts, with 7 tokens of thinking, enums as integers if asked."""
    prompt, integers = call.prompt, call.integers
    text = json.dumps(answer(fault, prompt, name, texts, call.planted), ensure_ascii=False)
    finish = "STOP"
    if fault == Fault.TRUNCATED:
        text, finish = text[: len(text) * 2 // 3], "MAX_TOKENS"
    elif fault == Fault.BROKEN_JSON:
        text = text.replace('"', "")
    elif fault == Fault.SAFETY:
        text, finish = "", "SAFETY"
    usage = {"promptTokenCount": len(prompt) // 4, "candidatesTokenCount": len(text) // 4, "thoughtsTokenCount": 7}
    reply: dict[str, Any] = {
        "usageMetadata": {**usage, "totalTokenCount": sum(usage.values())},
        "modelVersion": f"{call.model}-001",
        "responseId": "stand-in",
    }
    if fault == Fault.BLOCKED_PROMPT:
        reply["promptFeedback"] = {"blockReason": 4 if integers else "PROHIBITED_CONTENT"}
    elif fault != Fault.EMPTY_CANDIDATES:
        parts = [{"text": text[: len(text) // 2]}, {"text": text[len(text) // 2 :]}] if text else []
        reason = _ENUMS[finish] if integers else finish
        reply["candidates"] = [{"content": {"parts": parts, "role": "model"}, "finishReason": reason, "index": 0}]
    return reply
