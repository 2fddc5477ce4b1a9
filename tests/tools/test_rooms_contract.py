"""The import rule finds what it has to find."""

from __future__ import annotations

import pytest
from grimp import ImportGraph
from importlinter import ContractCheck

from tools.rooms_contract import RoomsContract


def check(imports: list[tuple[str, str]]) -> ContractCheck:
    graph = ImportGraph()
    for module in sorted({"house", *(module for pair in imports for module in pair)}):
        graph.add_module(module)
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported, line_number=7, line_contents="import it")
    options = {
        "package": "house",
        "everywhere": ["record"],
        "rooms": ["top -> below", "hall -> cellar", "cellar ->", "record ->"],
    }
    return RoomsContract("rooms", session_options={"root_packages": ["house"]}, contract_options=options).check(
        graph, verbose=False
    )


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("house.top", "house.cellar.deep"),
        ("house.hall.door", "house.cellar"),
        ("house.hall.door", "house.hall.floor"),
        ("house.cellar", "house.record"),
        ("house.cellar", "house"),
        ("house.cellar", "elsewhere.thing"),
    ],
)
def test_an_import_of_the_table_is_allowed(importer: str, imported: str) -> None:
    assert check([(importer, imported)]).kept


@pytest.mark.parametrize(
    ("importer", "imported"),
    [("house.cellar.deep", "house.hall"), ("house.hall", "house.top"), ("house.record", "house.cellar")],
)
def test_an_import_against_the_table_is_named_with_its_line(importer: str, imported: str) -> None:
    result = check([(importer, imported)])
    assert not result.kept
    assert result.metadata["problems"][0].startswith(f"{importer} (line 7) imports {imported}")


def test_a_room_without_a_row_breaks_the_contract() -> None:
    assert check([("house.attic", "house.record")]).metadata["problems"] == ["house.attic has no row in the table"]
