"""What hooks did to an exchange and found out about it, in plain values."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import Exchange


def hook_results(ex: Exchange) -> list[dict[str, Any]]:
    """What became of each hook, in the order in which they had their turns; `ms` are milliseconds."""
    return [
        {
            "name": result.name,
            "stage": result.stage,
            "outcome": result.outcome,
            "reason": _text(result.reason),
            "ms": round(result.seconds * 1000, 3),
            "wrote": [_text(path) for path in result.wrote],
        }
        for result in ex.hooks
    ]


def labels(ex: Exchange) -> dict[str, Any]:
    """By which session, conversation, system prompt, jail and tags the exchange can be found, and the name of the
    thread in which the provider keeps its conversation; null where unknown."""
    return {
        "session": ex.session and _text(ex.session),
        "conversation": ex.conversation and _text(ex.conversation),
        "system_hash": ex.system_hash and _text(ex.system_hash),
        "tags": {_text(name): _text(value) for name, value in ex.tags.items()},
        "jail": ex.jail,
        "thread": thread_of(ex),
    }


def thread_of(ex: Exchange) -> str | None:
    """The name of the provider's thread; the ids by which it is gone on with are nobody's business."""
    slug = ex.thread.get("slug") if ex.thread else None
    return _text(slug) if isinstance(slug, str) and slug else None


def _text(value: str) -> str:
    """Hooks are free to set any str; one with lone surrogates could be neither printed nor written to a flow file."""
    return value.encode("utf-8", "replace").decode()
