"""Settings out of bounds stop a process before it opens anything; secrets do not print."""

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import BusSettings, ServiceSettings

URLS = {"database_url": "postgresql+asyncpg://user:hunter2@127.0.0.1/db", "bus_url": "kafka://127.0.0.1:9092"}


class SmallSettings(BusSettings):
    """As a service has them."""

    model_config = SettingsConfigDict(env_prefix="BALCON_SMALL_", frozen=True, extra="ignore")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("grpc_port", -1),
        ("grpc_port", 65_536),
        ("metrics_port", 65_536),
        ("drain_seconds", -0.1),
        ("drain_seconds", 301),
        ("drain_seconds", float("nan")),
        ("database_pool_size", 0),
        ("database_pool_size", 201),
        ("relay_interval_seconds", 0),
        ("relay_interval_seconds", float("inf")),
        ("log_level", "loud"),
        ("grpc_port", "eighty"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        SmallSettings.model_validate({**URLS, field: value})
    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_a_missing_url_is_refused_by_name() -> None:
    with pytest.raises(ValidationError) as caught:
        SmallSettings.model_validate({})
    assert {error["loc"] for error in caught.value.errors()} == {("database_url",), ("bus_url",)}


def test_the_environment_is_read_with_the_services_own_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALCON_SMALL_GRPC_PORT", "5001")
    monkeypatch.setenv("BALCON_OTHER_GRPC_PORT", "5002")
    monkeypatch.setenv("BALCON_SMALL_NOT_A_SETTING", "x")
    assert SmallSettings.model_validate(URLS).grpc_port == 5001


def test_settings_do_not_change_once_read() -> None:
    settings = ServiceSettings()
    with pytest.raises(ValidationError):
        settings.grpc_port = 1  # type: ignore[misc]


def test_a_secret_does_not_print() -> None:
    settings = SmallSettings.model_validate(URLS)
    assert "hunter2" not in f"{settings!r} {settings!s} {settings.model_dump_json()}"
    assert settings.database_url.get_secret_value() == URLS["database_url"]
