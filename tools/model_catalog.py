"""Make src/ccproxy/providers/catalog.json again: the models of the vendors' public APIs, from genai-prices' data, and
those of Perplexity's web application, from our own list.

The price list names models that are sold; those whose name says that they are for something else than text, and those
that the list itself calls deprecated, are left out. Newest first, by the numbers in the name.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import Provider

from ccproxy.lightllm.perplexity.models import all_models
from ccproxy.providers.catalog import WEB_APPLICATION

TARGET = Path("src/ccproxy/providers/catalog.json")
HOSTS = {
    "anthropic": ("api.anthropic.com",),
    "openai": ("api.openai.com",),
    "google": ("generativelanguage.googleapis.com",),
    "cerebras": ("api.cerebras.ai",),
    "deepseek": ("api.deepseek.com",),
    "groq": ("api.groq.com",),
    "minimax": ("api.minimax.io",),
    "mistral": ("api.mistral.ai",),
    "moonshotai": ("api.moonshot.ai", "api.moonshot.cn"),
    "perplexity": ("api.perplexity.ai",),
    "x-ai": ("api.x.ai",),
    "zai": ("api.z.ai",),
    "zhipuai": ("open.bigmodel.cn",),
}
"""Where a vendor's models are served. Those that serve everybody's (OpenRouter) have a list of their own for all."""
ALSO = {
    "chatgpt.com": ("api.openai.com", re.compile(r"gpt-(5\.[1-9]|[6-9])")),
    "cloudcode-pa.googleapis.com": ("generativelanguage.googleapis.com", re.compile(r"gemini-")),
}
"""Hosts that serve some of another's."""
ONLY = {
    "anthropic": re.compile(r"claude-[a-z]+-\d"),
    "google": re.compile(r"gemini-[2-9]"),
    "groq": re.compile(r"(openai|meta-llama|moonshotai|qwen)/|llama-3\.\d-.*(versatile|instant)"),
    "minimax": re.compile(r"MiniMax-M\d"),
    "mistral": re.compile(r"(code|magi|mini|mi)stral.*(latest|-2\d{3})$"),
    "openai": re.compile(r"(gpt-(4o|4\.1|[5-9])|o[134])(?!.*(research|preview|20\d\d))"),
    "perplexity": re.compile(r"sonar"),
}
"""How the ids look that the API takes today; the list has some that it does not."""
LOWER = frozenset({"zai", "zhipuai"})
"""Vendors whose ids are small letters, whatever the list has."""
NO_TEXT = re.compile(
    r"(?i)audio|assistant|banana|cyber|embed|flare|guard|image|live|moderation|ocr|omni|realtime|rerank|robotics|rosalind|"
    r"search|speech|sunburst|transcribe|tts|video|vision|voice|voxtral|whisper|[: ]|\.ft"
)


def main() -> None:
    """Write the file."""
    sellers = {seller.id: seller for seller in get_snapshot().providers}
    hosts = {host: models(sellers[name]) for name, known in HOSTS.items() for host in known}
    for host, (other, pattern) in ALSO.items():
        hosts[host] = [model for model in hosts[other] if pattern.match(str(model["id"]))]
    hosts[WEB_APPLICATION] = web_application()
    lines = [f"{json.dumps(host)}: [\n  {entries(listed)}\n]" for host, listed in sorted(hosts.items())]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def models(seller: Provider) -> list[dict[str, object]]:
    """The models of a vendor, the newest first."""
    found: list[dict[str, object]] = [
        {
            "id": model.id.lower() if seller.id in LOWER else model.id,
            "name": model.name or model.id,
            "context": model.context_window,
        }
        for model in seller.models
        if not model.deprecated and not NO_TEXT.search(model.id) and ONLY.get(seller.id, re.compile("")).match(model.id)
    ]
    return sorted(found, key=lambda model: numbers(str(model["id"])), reverse=True)


def web_application() -> list[dict[str, object]]:
    """The models of Perplexity's web application, with what subscription each needs; it tells of no limits."""
    return [
        {"id": model.id, "name": f"{model.name} ({model.tier.capitalize()})", "context": None} for model in all_models()
    ]


def numbers(id: str) -> list[int]:
    """The numbers in a name, for sorting."""
    return [int(each) for each in re.findall(r"\d{1,3}(?!\d)", id)]


def entries(listed: list[dict[str, object]]) -> str:
    """One line a model."""
    return ",\n  ".join(json.dumps(model, ensure_ascii=False) for model in listed)


if __name__ == "__main__":
    main()
