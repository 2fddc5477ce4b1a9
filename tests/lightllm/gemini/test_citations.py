"""Sources of Gemini's answers, and places in a text that are bytes on one side and characters on the other."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ccproxy.lightllm import answer as an
from ccproxy.lightllm.gemini.offsets import MOST_PIECES, Offsets
from tests.lightllm.gemini.wire import answer, call, chunk, read, text, write

WEB = [{"web": {"uri": f"https://{name}.example", "title": name}} for name in "abc"]


def grounding(*supports: tuple[int, int, list[int]], chunks: list[Any] | None = None) -> dict[str, Any]:
    """A groundingMetadata."""
    segments = [
        {"segment": {"startIndex": start, "endIndex": end}, "groundingChunkIndices": indices}
        for start, end, indices in supports
    ]
    return {"groundingChunks": WEB if chunks is None else chunks, "groundingSupports": segments}


def cited(whole: an.Answer) -> list[tuple[Any, ...]]:
    """What each text block cites, and where."""
    return [
        (block.text[item.start : item.end] if item.end is not None else None, item.url or item.document_id)
        for block in whole.blocks
        if isinstance(block, an.Text)
        for item in block.citations
    ]


def test_sources_of_the_last_chunk() -> None:
    """Bytes of a text with umlauts; a chunk that backs nothing in particular is a source too."""
    data = grounding((0, 7, [0]), (8, 15, [0, 1]), (8, 15, [0, 7]))
    whole = answer(
        chunk(text("Zürich ")), chunk(text("über al")), chunk(text("les"), stop="STOP", groundingMetadata=data)
    )
    assert cited(whole) == [
        ("Zürich", "https://a.example"),
        ("über al"[:6], "https://a.example"),
        ("über al"[:6], "https://b.example"),
        (None, "https://c.example"),
    ]


def test_a_source_in_a_chunk_with_a_call_after_the_text() -> None:
    data = grounding((0, 4, [1]), chunks=WEB[:2])
    whole = answer(chunk(text("Text"), call("f"), stop="STOP", groundingMetadata=data))
    assert cited(whole) == [("Text", "https://b.example"), (None, "https://a.example")]


def test_a_source_of_a_later_text_waits_for_it() -> None:
    code = {"executableCode": {"code": "1"}}
    data = grounding((0, 9, [0]), chunks=WEB[:1])
    whole = answer(chunk(text("Ran:"), code, text("The other"), stop="STOP", groundingMetadata=data))
    assert cited(whole) == [("The other", "https://a.example")]


def test_places_that_do_not_exist_are_left_out() -> None:
    data = grounding((0, 900, [0]), chunks=WEB[:1])
    assert cited(answer(chunk(text("a"), stop="STOP", groundingMetadata=data))) == [(None, "https://a.example")]


def test_the_same_source_again_is_no_other() -> None:
    data = grounding((0, 1, [0]), chunks=WEB[:1])
    whole = answer(chunk(text("a"), groundingMetadata=data), chunk(stop="STOP", groundingMetadata=data))
    assert cited(whole) == [("a", "https://a.example")]


def test_files_and_old_citations() -> None:
    stored = {"retrievedContext": {"text": "As it was", "fileSearchStore": "stores/x"}}
    whole = answer(
        chunk(
            text("abc"),
            stop="STOP",
            groundingMetadata=grounding((0, 2, [0]), chunks=[stored]),
            citationMetadata={"citationSources": [{"startIndex": 1, "endIndex": 3, "uri": "https://o.example"}]},
        )
    )
    assert cited(whole) == [("ab", "stores/x"), ("bc", "https://o.example")]
    (said, *_) = whole.blocks
    assert isinstance(said, an.Text)
    assert (said.citations[0].kind, said.citations[0].cited_text) == ("file", "As it was")


def test_wrong_types_cost_nothing() -> None:
    odd: Any = {"groundingChunks": [3, {}, {"web": None}], "groundingSupports": {"a": 1}, "webSearchQueries": 3}
    whole = answer(chunk(text("a"), stop="STOP", groundingMetadata=odd, citationMetadata={"citations": [{}]}))
    assert cited(whole) == []
    assert whole.complete


def test_own_grounding_comes_back_as_it_was() -> None:
    """What has no neutral form too: the search entry point must be shown by Google's terms."""
    data = grounding((0, 4, [0])) | {"webSearchQueries": ["q"], "searchEntryPoint": {"renderedContent": "<p>"}}
    fetched = {"urlMetadata": [{"retrievedUrl": "https://a.example"}]}
    last = chunk(text("Text"), stop="STOP", groundingMetadata=data, urlContextMetadata=fetched)
    candidate = write(read(last))[-1]["candidates"][0]
    assert (candidate["groundingMetadata"], candidate["urlContextMetadata"]) == (data, fetched)


@given(st.lists(st.text(max_size=6), max_size=8), st.data())
def test_offsets(pieces: list[str], data: st.DataObject) -> None:
    whole, offsets = "".join(pieces), Offsets()
    for piece in pieces:
        offsets.add(piece)
    assert (offsets.chars, offsets.bytes) == (len(whole), len(whole.encode()))
    char = data.draw(st.integers(0, len(whole)))
    assert offsets.to_bytes(char) == len(whole[:char].encode())
    assert offsets.to_chars(offsets.to_bytes(char)) == char


def test_places_of_long_ago_are_forgotten_and_not_made_up() -> None:
    offsets = Offsets()
    for _ in range(3 * MOST_PIECES):
        offsets.add("éñx")
    assert offsets.to_bytes(0) is None
    assert offsets.to_chars(0) is None
    last = 3 * 3 * MOST_PIECES
    assert offsets.to_bytes(last) == 5 * 3 * MOST_PIECES
    assert offsets.to_chars(5 * 3 * MOST_PIECES) == last
