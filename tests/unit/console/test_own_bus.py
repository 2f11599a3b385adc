"""Which bus a data folder keeps its events on, and what a stack says that cannot run a Kafka broker."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.console.main import app
from services.console.stack.data_folder import DataFolder, OtherBus
from services.runtime.embedded import kafka
from services.runtime.embedded.kafka import EmbeddedKafka, JavaMissing, KafkaFilesMissing, KafkaJarsMissing


@pytest.mark.parametrize(("wanted", "kept"), [("", "postgres"), ("postgres", "postgres"), ("kafka", "kafka")])
def test_a_new_folder_keeps_the_bus_that_it_began_with(tmp_path: Path, wanted: str, kept: str) -> None:
    folder = DataFolder(tmp_path)
    assert folder.bus(wanted) == kept
    assert DataFolder(tmp_path).bus("") == kept
    assert folder.bus(kept) == kept


def test_a_folder_with_events_on_another_bus_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.bus("kafka")
    with pytest.raises(OtherBus) as refused:
        folder.bus("postgres")
    assert refused.value.facts == {"folder": str(tmp_path), "kept": "kafka", "wanted": "postgres"}
    assert folder.bus("") == "kafka"


def test_a_folder_of_a_version_that_had_no_choice_has_the_log_in_postgres(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(OtherBus):
        DataFolder(tmp_path).bus("kafka")
    assert DataFolder(tmp_path).bus("") == "postgres"


@pytest.mark.parametrize("command", ["up", "demo"])
def test_only_one_bus_can_be_asked_for(command: str) -> None:
    ended = CliRunner().invoke(app, [command, "--bus", "kafka", "--bus-url", "kafka://127.0.0.1:1"])
    assert ended.exit_code == 2
    assert "only one of" in ended.output


def test_without_a_checkout_a_broker_is_refused_with_the_way_out(tmp_path: Path) -> None:
    broker = EmbeddedKafka(tmp_path / "data")
    broker._files = tmp_path
    with pytest.raises(KafkaFilesMissing, match="--bus-url"):
        broker.start()


def test_jars_that_cannot_be_fetched_are_a_refusal_with_what_the_script_said(tmp_path: Path) -> None:
    script = tmp_path / "fetch.sh"
    script.write_text("#!/bin/sh\necho 'Maven (mvn) is not installed.' >&2\nexit 1\n")
    script.chmod(0o755)
    broker = EmbeddedKafka(tmp_path / "data")
    broker._files = tmp_path
    with pytest.raises(KafkaJarsMissing, match="says what that needs") as refused:
        broker.start()
    assert refused.value.facts == {"output": "Maven (mvn) is not installed."}


def test_without_java_a_broker_is_refused_with_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "fetch.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(kafka, "which", lambda _: None)
    monkeypatch.setattr(kafka, "find_spec", lambda _: None)
    broker = EmbeddedKafka(tmp_path / "data")
    broker._files = tmp_path
    with pytest.raises(JavaMissing, match="Java 17"):
        broker.start()
    assert not (tmp_path / "data").exists()
