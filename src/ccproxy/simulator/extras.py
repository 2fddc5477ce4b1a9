"""What answers hold besides text: code that was run, sources, a picture. Google has parts for them, others get text.

https://ai.google.dev/gemini-api/docs/code-execution, …/google-search (grounding) and …/image-generation.
"""

from __future__ import annotations

from typing import Any

from .orders import Orders

CODE, OUTPUT = "print(6 * 7)", "42\n"
TITLE, SOURCE = "example.com", "https://example.com/lighthouses"
SEARCHED = "the nearest lighthouse"
PICTURE_TYPE = "image/png"
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4v4ABAARBAaDvn2CeAAAAAElFTkSuQmCC"
"""One pixel of orange."""


def in_words(text: str, orders: Orders) -> str:
    """The text with all of it, as Markdown."""
    code = f"```python\n{CODE}\n```\n\n```\n{OUTPUT}```\n\n" if orders.code else ""
    source = f"\n\nSource: [{TITLE}]({SOURCE})" if orders.ground else ""
    picture = f"\n\n![simulated](data:{PICTURE_TYPE};base64,{PICTURE})" if orders.image else ""
    return code + text + source + picture


def google_code(orders: Orders) -> list[dict[str, Any]]:
    """The parts before the text."""
    if not orders.code:
        return []
    ran = {"outcome": "OUTCOME_OK", "output": OUTPUT}
    return [{"executableCode": {"language": "PYTHON", "code": CODE}}, {"codeExecutionResult": ran}]


def google_picture(orders: Orders) -> list[dict[str, Any]]:
    """The part behind the text."""
    return [{"inlineData": {"mimeType": PICTURE_TYPE, "data": PICTURE}}] if orders.image else []


def google_grounding(orders: Orders, text: str) -> dict[str, Any]:
    """The candidate's members about its sources. Segments count in bytes of UTF-8."""
    if not orders.ground:
        return {}
    segment = {"startIndex": 0, "endIndex": len(text.encode()), "text": text}
    return {
        "groundingMetadata": {
            "webSearchQueries": [SEARCHED],
            "searchEntryPoint": {"renderedContent": f"<div>{SEARCHED}</div>"},
            "groundingChunks": [{"web": {"uri": SOURCE, "title": TITLE}}],
            "groundingSupports": [{"segment": segment, "groundingChunkIndices": [0], "confidenceScores": [0.9]}],
        }
    }
