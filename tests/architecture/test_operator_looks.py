"""Where operators may name a house, that house's act log is told: no service with such a method forgets it."""

from __future__ import annotations

from balcon.access.v1 import access_pb2

from services.console.stack.blueprint import INTEGRATIONS
from services.runtime.sql.migrations import package_of
from tests.architecture.tree import ROOT
from tests.unit.contracts.request_stages import methods

# What several services answer alike.
SERVED_BY = {"outbound": INTEGRATIONS}


def serving(package: str) -> tuple[str, ...]:
    """The services that answer for the protos of a package."""
    return SERVED_BY.get(package, (package,))


def lookers() -> set[str]:
    """The services with a method that operators may call and that names a house."""
    return {
        service
        for method in methods()
        for service in serving(method.full_name.split(".")[1])
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
