"""The import rule of the house, as a contract type for import-linter.

A row of `rooms` reads `room -> room, room`: what a room may import, beside itself, the package's own name and what
`everywhere` lists. `room -> below` allows every row under it. A room is a module or package directly in `package`; one
that no row names breaks the contract, so a new room has to take its place in the table. Imports inside functions count.
"""

from __future__ import annotations

from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

BELOW = "below"


class RoomsContract(Contract):
    """Options: `package`, `everywhere` (rooms that all may import) and `rooms` (the table)."""

    type_name = "rooms"

    package = fields.StringField()
    everywhere = fields.ListField(subfield=fields.StringField())
    rooms = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find every import between rooms that the table does not allow; `verbose` changes nothing."""
        table = allowed_rooms(cast("list[str]", self.rooms), set(cast("list[str]", self.everywhere)))
        package = cast("str", self.package)
        unknown = [room for room in rooms_of(graph, package) if room not in table]
        problems = [f"{package}.{room} has no row in the table" for room in unknown]
        for importer in sorted(graph.modules):
            problems += forbidden_imports(graph, package, importer, table)
        return ContractCheck(kept=not problems, metadata={"problems": problems})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line a problem."""
        for problem in check.metadata["problems"]:
            output.print_error(problem)


def allowed_rooms(rows: list[str], everywhere: set[str]) -> dict[str, set[str]]:
    """Parse the table into the rooms that each room may import."""
    pairs = [[side.strip() for side in row.split("->")] for row in rows]
    names = [name for name, _ in pairs]
    table = {}
    for position, (name, targets) in enumerate(pairs):
        listed = {target.strip() for target in targets.split(",") if target.strip()}
        if BELOW in listed:
            listed = listed - {BELOW} | set(names[position + 1 :])
        table[name] = listed | everywhere | {name}
    return table


def rooms_of(graph: ImportGraph, package: str) -> list[str]:
    """Name the modules and packages directly in `package`."""
    return sorted(child.removeprefix(f"{package}.") for child in graph.find_children(package))


def forbidden_imports(graph: ImportGraph, package: str, importer: str, table: dict[str, set[str]]) -> list[str]:
    """Describe what `importer` imports against the table, one line an import."""
    room = room_of(importer, package)
    if room not in table:
        return []
    found = []
    for imported in sorted(graph.find_modules_directly_imported_by(importer)):
        target = room_of(imported, package)
        if target is not None and target not in table[room]:
            details = graph.get_import_details(importer=importer, imported=imported)
            lines = ", ".join(str(detail["line_number"]) for detail in details)
            found.append(f"{importer} (line {lines}) imports {imported}: {room} may not know {target}")
    return found


def room_of(module: str, package: str) -> str | None:
    """Name the room of `module`; None for the package itself and for other packages."""
    top, _, rest = module.partition(".")
    return rest.partition(".")[0] if top == package and rest else None
