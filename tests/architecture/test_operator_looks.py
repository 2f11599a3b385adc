"""Where operators may name a house, that house's act log is told: no service with such a method forgets it."""

from __future__ import annotations

from balcon.access.v1 import access_pb2

from services.runtime.sql.migrations import package_of
from tests.architecture.tree import ROOT
from tests.unit.contracts.request_stages import methods


def lookers() -> set[str]:
    """The services with a method that operators may call and that names a house."""
    return {
        method.full_name.split(".")[1]
        for method in methods()
        if (access := method.GetOptions().Extensions[access_pb2.access]).house
        and access_pb2.AUDIENCE_OPERATOR in access.audiences
    }


def test_every_service_whose_operators_name_houses_tells_of_it() -> None:
    assert lookers() >= {"catalogue"}
    silent = {
        name
        for name in lookers()
        if "    tell_looks(service, " not in ROOT.joinpath(*package_of(name).split("."), "main.py").read_text()
    }
    assert silent == set()
