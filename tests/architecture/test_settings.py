"""Style rule 13: one frozen class per process, its own prefix, bounds on every number, a meaning for every field."""

from collections.abc import Iterator

from annotated_types import Ge, Gt, Le, Lt
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from tools.generate_docs import environment_name, settings_classes

# A URL of these kinds may carry a password.
SECRET_ENDINGS = ("_secret", "_password", "_token", "database_url", "redis_url", "bus_url")


def fields() -> Iterator[tuple[str, FieldInfo]]:
    """Every field of every process, by the variable that sets it."""
    for _, settings in settings_classes():
        for name, field in settings.model_fields.items():
            yield environment_name(settings, name), field


def leaf_settings() -> list[type[BaseSettings]]:
    return [settings for _, settings in settings_classes()]


def test_there_are_settings_to_look_at() -> None:
    assert len(list(fields())) > 5


def test_settings_are_frozen_and_have_a_prefix_of_their_own() -> None:
    prefixes = [settings.model_config.get("env_prefix", "") for settings in leaf_settings()]
    assert len(prefixes) == len(set(prefixes))
    assert all(prefix.startswith("BALCON_") and prefix.endswith("_") for prefix in prefixes), prefixes
    assert all(settings.model_config.get("frozen") for settings in leaf_settings())


def test_every_number_is_bounded_on_both_sides() -> None:
    loose = []
    for name, field in fields():
        if field.annotation in {int, float}:
            kinds = {type(part) for part in field.metadata}
            if not (kinds & {Ge, Gt} and kinds & {Le, Lt}):
                loose.append(name)
    assert not loose


def test_every_field_says_what_it_means() -> None:
    assert not [name for name, field in fields() if not (field.description or "").endswith(".")]


def test_secrets_cannot_be_printed() -> None:
    open_secrets = [
        name
        for name, field in fields()
        if name.lower().endswith(SECRET_ENDINGS)
        and SecretStr not in {field.annotation, *getattr(field.annotation, "__args__", ())}
    ]
    assert not open_secrets


def test_no_secret_has_a_default_that_works() -> None:
    for name, field in fields():
        if field.annotation is SecretStr and not field.is_required():
            value = field.get_default()
            assert isinstance(value, SecretStr) and not value.get_secret_value(), name
