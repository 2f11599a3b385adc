"""The list of reasons is the refusals that exist: neither can drift from the other."""

import importlib
import pkgutil
from collections.abc import Iterator

import services
from services.contracts.reasons import Reason
from services.runtime.errors import Refusal


def refusals(base: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for found in base.__subclasses__():
        if found.__module__.startswith("services."):
            yield found
        yield from refusals(found)


def import_everything_that_defines_refusals() -> None:
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if ".domain." in module.name or module.name.startswith(("services.runtime.errors", "services.contracts.")):
            importlib.import_module(module.name)


def test_the_reasons_are_those_of_the_refusals_that_exist() -> None:
    import_everything_that_defines_refusals()
    assert {refusal.reason() for refusal in refusals()} == set(Reason)


def test_a_reason_is_written_as_its_name() -> None:
    assert all(reason.name == reason.value for reason in Reason)
