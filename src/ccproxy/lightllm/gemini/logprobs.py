"""Log-probabilities (https://ai.google.dev/api/generate-content#LogprobsResult) beside tokens as OpenAI writes them."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.gemini.names import members


def read_logprobs(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The tokens of a logprobsResult."""
    chosen, top = members(result, "chosenCandidates"), members(result, "topCandidates")
    tokens = []
    for nth, raw in enumerate(chosen):
        others = members(top[nth], "candidates") if nth < len(top) else []
        tokens.append({**_read(raw), "top_logprobs": [_read(other) for other in others]})
    return tokens


def write_logprobs(tokens: list[dict[str, Any]]) -> dict[str, Any]:
    """A logprobsResult of tokens."""
    result: dict[str, Any] = {"chosenCandidates": [_write(token) for token in tokens]}
    if any(token.get("top_logprobs") for token in tokens):
        result["topCandidates"] = [
            {"candidates": [_write(other) for other in token.get("top_logprobs") or ()]} for token in tokens
        ]
    return result


def _read(raw: dict[str, Any]) -> dict[str, Any]:
    token, number = str(raw.get("token") or ""), raw.get("logProbability")
    return {
        "token": token,
        "logprob": float(number) if isinstance(number, int | float) else 0.0,
        "bytes": list(token.encode("utf-8", "replace")),
    }


def _write(token: dict[str, Any]) -> dict[str, Any]:
    return {"token": token.get("token") or "", "logProbability": token.get("logprob") or 0.0}
