"""What a flow file and the inspector tell of an exchange beside mitmproxy's own flow: a comment and metadata."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse
from ccproxy.flows.attempts import told_attempts
from ccproxy.flows.jailed import jail_facts
from ccproxy.flows.told_by_hooks import hook_results, labels


def comment(ex: Exchange) -> str:
    """The route in words, such as `redirect → main (anthropic) https://api.anthropic.com: sentinel in x-api-key`.

    The name of a jail comes first, where a narrow column still shows it.
    """
    route = ex.route
    if route is None:
        return ""
    provider = f" {route.provider}" if route.provider else ""
    wire = f" ({route.provider_format})" if route.provider_format else ""
    target = f" →{provider}{wire}{f' {route.origin}' if route.origin else ''}" if provider or route.origin else ""
    return f"{f'{ex.jail}: ' if ex.jail else ''}{route.action}{target}: {route.reason}"


def metadata(ex: Exchange) -> dict[str, Any]:
    """What a flow file and the content views know beside the flow itself. Only types that a flow file can hold."""
    route = ex.route
    facts: dict[str, Any] = {
        "ccproxy.front": ex.front,
        "ccproxy.format": ex.format and str(ex.format),
        "ccproxy.action": route and route.action,
        "ccproxy.provider": route and route.provider,
        "ccproxy.provider_format": route and route.provider_format and str(route.provider_format),
        "ccproxy.reason": route and route.reason,
        "ccproxy.forwarded": ex.forwarded is not None,
        "ccproxy.answered": ex.provider_response is not None,
        "ccproxy.answered_model": ex.answered_model,
        "ccproxy.attempts": len(ex.attempts),
        "ccproxy.tries": told_attempts(ex),
        "ccproxy.reused_connection": ex.reused_connection,
        "ccproxy.client_request": _request_facts(ex.request),
        "ccproxy.dropped": ex.response.dropped if ex.response else 0,
        "ccproxy.left_out": dict(ex.dropped),
        "ccproxy.hooks": hook_results(ex),
        **{f"ccproxy.{name}": value for name, value in (labels(ex) | jail_facts(ex)).items()},
    }
    if ex.response is not None and ex.response is not ex.provider_response:
        facts["ccproxy.client_response"] = _response_facts(ex.response)
    return facts


def _request_facts(request: HttpRequest) -> dict[str, Any]:
    headers = [list(header) for header in request.headers]
    return {"method": request.method, "target": request.target, "headers": headers, "body": request.body}


def _response_facts(response: HttpResponse) -> dict[str, Any]:
    headers = [list(header) for header in response.headers]
    return {"status": response.status, "reason": response.reason, "headers": headers, "body": response.body}
