"""The local stack tells each process what it must know, in variables that the process reads."""

from collections import defaultdict

import pytest

from services.console.stack.blueprint import PARTS, ServicePart, Surroundings, environment_of, port_names
from tools.generate_docs import environment_name, settings_classes


class AnyUrl(defaultdict[str, str]):
    """A URL for whatever database is asked for."""

    def __missing__(self, key: str) -> str:
        return f"postgresql+asyncpg://balcon@127.0.0.1/{key}"


def world() -> Surroundings:
    """Surroundings with something in every place."""
    return Surroundings(
        ports={name: 20_000 + number for number, name in enumerate(port_names())},
        database_urls=AnyUrl(),
        redis_url="redis://127.0.0.1:6379/0",
        bus_url="postgresql+asyncpg://balcon@127.0.0.1/balcon_bus",
        webhook_secret="secret",
        sealing_secret="sealing secret of the test",
        service_key="key",
        data_dir="data",
    )


def variables(part: ServicePart) -> dict[str, bool]:
    """What the part's settings class reads, and whether it must be set."""
    package = part.module.removeprefix("services.").removesuffix(".main")
    return {
        environment_name(settings, name): field.is_required()
        for owner, settings in settings_classes()
        if owner == package
        for name, field in settings.model_fields.items()
    }


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_required_setting_of_a_process_is_given(part: ServicePart) -> None:
    required = {name for name, must in variables(part).items() if must}
    assert required <= environment_of(part, world(), {}).keys()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_variable_given_to_a_process_is_one_that_it_reads(part: ServicePart) -> None:
    given = {name for name in environment_of(part, world(), {}) if name.startswith("BALCON_")}
    assert given <= variables(part).keys()
