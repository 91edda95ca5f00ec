"""Takes out of a reply what is not the model's answer: its thinking, its drafts, and our own prompt."""

import re

_TAG = re.compile(
    r"<(?P<close>/)?(?:\w{1,20}:)?(?:think|thinking|thoughts?|reason|reasoning|reflection|scratchpad|analysis|drafts?)>"
    r"|◁(?P<close_kimi>/)?think▷|\[(?P<close_mistral>/)?THINK\]"
    r"|<\|(?:begin|(?P<close_open>end))_of_thought\|>"
    r"|<\|channel\|>(?:analysis|commentary)\b|(?P<close_channel><\|channel\|>final(?:<\|message\|>)?|\bassistantfinal\b)",
    re.IGNORECASE,
)
_ECHOED = ("product_data", "existing_questions")
_NOTE = re.compile(
    r"^[^\w\n\[{\"']*(?:thoughts?|thinking|reasoning|scratchpad|my thoughts)[^\w\n]*:.*?"
    r"(?=^[^\w\n]*(?:final|answer|output|result|response|json|questions)\b|^[ \t]*[\[{`]|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_FINAL = re.compile(
    r"^[^\w\n\[{\"']*(?:(?:the |my |here (?:is|are) (?:the|my) )?(?:final|revised|improved|corrected)\b"
    r"[^\n:\[{?]{0,60}:"
    r"|(?:final|revised) [^\n:\[{?]{0,60}$)",
    re.IGNORECASE | re.MULTILINE,
)


def without_thinking(text: str) -> str:
    """Return a text without the blocks of thinking in it, and without the parts of our prompt that it repeats.

    A block that is not closed goes on to the end; one that was opened by the service's template begins with the text.
    """
    kept: list[str] = []
    is_thinking, position = False, 0
    for tag in _TAG.finditer(text):
        closes = any(tag.groups())
        if not is_thinking:
            kept.append(text[position : tag.start()])
        if closes and not is_thinking:
            kept.clear()
        is_thinking, position = not closes, tag.end()
    answer = "".join(kept) + ("" if is_thinking else text[position:])
    for name in _ECHOED:
        answer = _without_block(answer, f"<{name}>", f"</{name}>")
    return _NOTE.sub("", answer)


def _without_block(text: str, opening: str, closing: str) -> str:
    kept, position = [], 0
    while (start := text.find(opening, position)) >= 0 and (end := text.find(closing, start)) >= 0:
        kept.append(text[position:start])
        position = end + len(closing)
    return "".join(kept) + text[position:]


def after_final_heading(text: str) -> str:
    """Return what follows the last heading that announces the final answer, or nothing."""
    headings = list(_FINAL.finditer(text))
    return text[headings[-1].end() :] if headings else ""
