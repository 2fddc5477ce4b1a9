"""The names that the console of `ccproxy flows repl` has.

Each of the functions is one of the other commands, for the flows that the arguments name (`repl_refs`): places such as
`0` and `-1`, ids, beginnings of ids, or the flows themselves. None named means all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccproxy.cli.flows.chosen.flow_set import FlowSet, Wanted, open_set
from ccproxy.cli.flows.repl.bodies import body
from ccproxy.cli.flows.repl.refs import Ref, flow_of, flows_of
from ccproxy.cli.grammar import CommandError
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange


class Names:
    """A set of flows and what can be asked about it. Every function raises CommandError."""

    def __init__(self, session: Session, wanted: Wanted, *, secrets: bool) -> None:
        self._session, self._wanted, self._secrets = session, wanted, secrets
        self.flows: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self._set: FlowSet
        self.refresh()

    def table(self) -> dict[str, Any]:
        """The names, and what each is."""
        functions: tuple[Callable[..., Any], ...] = (
            self.show, self.jq, self.refresh, self.reload, self.flow, self.flow_id, self.exchange, self.request,
            self.response, self.diff, self.compare, self.dump, self.shape, self.clear, self.save_request,
            self.save_response,
        )  # fmt: skip
        things = {"session": self._session, "client": _control(self._session), "flows": self.flows, "ids": self.ids}
        return things | {function.__name__: function for function in functions}

    def show(self, json_output: bool = False) -> None:
        """Prints the flows: as `ccproxy flows list` does, or as JSON."""
        if json_output:
            print(json.dumps(self.flows, indent=2, ensure_ascii=False))  # noqa: T201
            return
        from ccproxy.cli.flows.table import show_flows

        show_flows(self.flows)

    def jq(self, filter: str) -> list[Any]:  # noqa: A002 - as the name is in the console
        """What a jq filter, from array to array, makes of the flows. `flows` stays; the result may name flows."""
        from ccproxy.flows.query.query import QueryError, apply

        try:
            return apply([filter], self.flows)
        except QueryError as error:
            raise CommandError(str(error), *error.details) from error

    def refresh(self) -> int:
        """Looks for new flows, by the same options. Returns how many there are."""
        self._set = open_set(self._session, self._wanted, secrets=self._secrets)
        self.flows[:] = self._set.summaries
        self.ids[:] = self._set.ids
        return len(self.flows)

    def reload(self) -> int:
        """The same as `refresh`."""
        return self.refresh()

    def flow(self, ref: Ref = -1) -> dict[str, Any]:
        """What is known of a flow, as `ccproxy flows list --json` has it."""
        return flow_of(self.flows, ref)

    def flow_id(self, ref: Ref = -1) -> str:
        """Its whole id."""
        return str(self.flow(ref)["id"])

    def exchange(self, ref: Ref = -1) -> Exchange:
        """All of it, bodies too: `exchange(0).request.headers`."""
        return self._set.exchange(self.flow_id(ref))

    def request(self, ref: Ref = -1, pretty: bool = True) -> str | bytes:
        """The body of the request as it was forwarded: JSON indented, or, if not `pretty`, the bytes as they are."""
        from ccproxy.flows.summary import forwarded

        return body(forwarded(self.exchange(ref)), pretty=pretty)

    def response(self, ref: Ref = -1, pretty: bool = True) -> str | bytes:
        """The body of the provider's answer, in the same way."""
        from ccproxy.flows.summary import answered

        return body(answered(self.exchange(ref)), pretty=pretty)

    def diff(self, l: Ref = 0, r: Ref = 1) -> None:  # noqa: E741
        """Prints what the request of flow `r` has that the one of `l` has not, and the other way round."""
        from ccproxy.cli.flows.repl.tools import show_diff

        show_diff(self.flow_id(l), self.flow_id(r), self._set.exchange)

    def compare(self, *refs: Ref) -> None:
        """Prints what became of each request and answer on the way between client and provider."""
        from ccproxy.cli.flows.repl.tools import show_comparison

        for id in self._ids(refs):
            show_comparison(self._set.exchange(id))

    def dump(self, *refs: Ref, path: str | Path | None = None) -> Any:
        """The flows as HAR 1.2: written to a file (0600) if a path is given, else as a value."""
        from ccproxy.cli.flows.repl.tools import har

        found = replace(self._set, summaries=flows_of(self.flows, refs))
        return har(found, Path(path).expanduser() if path else None)

    def shape(self, provider: str, *refs: Ref, mflow: bool = False, yes: bool = False) -> Path | None:
        """Makes a shape for the profile `provider` of the flow, as a patch on its base; with `mflow` of each flow that
        fits, as captures; with `yes` also where the shape that is there is of another client. Returns the file that
        was written, None if the shape is that already."""
        from ccproxy.cli.shapes.saving import saved

        found = replace(self._set, summaries=flows_of(self.flows, refs))
        return saved(self._session, self._session.config(), provider, found, as_versions=mflow, yes=yes)

    def clear(self, *refs: Ref) -> int:
        """Deletes these flows, in the archive and in the daemon. Returns how many there were."""
        deleted = self._set.reader.delete(self._ids(refs))
        self.refresh()
        return deleted

    def save_request(self, ref: Ref = -1, path: str | Path | None = None) -> Path:
        """Writes what `request` gives to a file (0600), `ID-request.json` if no path is given."""
        return self._save(self.request(ref), path or f"{self.flow_id(ref)[:8]}-request.json")

    def save_response(self, ref: Ref = -1, path: str | Path | None = None) -> Path:
        """Writes what `response` gives to a file (0600), `ID-response.json` if no path is given."""
        return self._save(self.response(ref), path or f"{self.flow_id(ref)[:8]}-response.json")

    def _ids(self, refs: tuple[Ref, ...]) -> list[str]:
        return [flow["id"] for flow in flows_of(self.flows, refs)]

    def _save(self, content: str | bytes, path: str | Path) -> Path:
        from ccproxy.flows.files import private_file

        file = Path(path).expanduser().absolute()
        try:
            with private_file(file) as output:
                output.write(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}") from error
        return file


def _control(session: Session) -> Any:
    """The way to the daemon; None where there is no place for its socket."""
    try:
        return session.control()
    except CommandError:
        return None
