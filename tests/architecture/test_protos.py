"""Every message that belongs to a house names it (INV-8), and the stale generated file is found."""

import importlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

from services.runtime.access.method_access import AccessUndeclared, access_of
from tests.architecture.tree import ROOT
from tools.check import RELEASED, checks
from tools.check_generated import differences

HOUSE_SERVICES = ("accounts", "catalogue", "customers", "inventory", "orders", "payments", "reporting", "ticketing")

# Requests that belong to no house, and why.
NO_HOUSE = {
    "balcon.orders.v1.ExecuteOrdersRequest": "each of its commands names its own",
    "balcon.accounts.v1.SignUpRequest": "the house is what it creates; no id exists yet",
    "balcon.accounts.v1.CreateHouseRequest": "the house is what it creates; no id exists yet",
    "balcon.accounts.v1.GetHouseByLabelRequest": "the house is what it looks for",
    "balcon.accounts.v1.ListHousesRequest": "the houses of whoever asks",
    "balcon.accounts.v1.LogInRequest": "a person logs in once for all houses",
    "balcon.accounts.v1.StartBuyerSessionRequest": "a buyer's session is good in every house",
    "balcon.accounts.v1.IssueTokenRequest": "a token carries all the houses of its subject",
    "balcon.reporting.v1.StopReceivingRequest": "the sealed link says whose schedule it is",
    "balcon.accounts.v1.LogOutRequest": "a session is for all houses",
    "balcon.accounts.v1.GetPersonRequest": "whoever calls, in whatever houses",
    "balcon.accounts.v1.UpdatePersonRequest": "a person is the same in all houses",
    "balcon.accounts.v1.ChangePasswordRequest": "one password for all houses",
    "balcon.accounts.v1.ChangeEmailRequest": "one address for all houses",
    "balcon.accounts.v1.ConfirmEmailRequest": "one address for all houses",
    "balcon.accounts.v1.RequestPasswordResetRequest": "one password for all houses",
    "balcon.accounts.v1.ResetPasswordRequest": "one password for all houses",
    "balcon.accounts.v1.EnrolSecondFactorRequest": "one log-in for all houses",
    "balcon.accounts.v1.ConfirmSecondFactorRequest": "one log-in for all houses",
    "balcon.accounts.v1.DisableSecondFactorRequest": "one log-in for all houses",
    "balcon.accounts.v1.ReplaceRecoveryCodesRequest": "one log-in for all houses",
    "balcon.accounts.v1.GetInvitationRequest": "the link's secret says which house it is",
    "balcon.accounts.v1.AcceptInvitationRequest": "the link's secret says which house it is",
    "balcon.accounts.v1.ListSessionsRequest": "a session is for all houses",
    "balcon.accounts.v1.EndSessionRequest": "a session is for all houses",
    "balcon.accounts.v1.ListRevocationsRequest": "tokens are for all houses",
    "balcon.accounts.v1.WithdrawSigningKeyRequest": "the deployment's own keys",
    "balcon.accounts.v1.ListSigningKeysRequest": "the deployment's own keys",
    "balcon.accounts.v1.ExchangeKeyRequest": "whoever has a whole key names no house",
    "balcon.accounts.v1.ListMyGrantsRequest": "a promoter's grants are of many houses",
    "balcon.accounts.v1.CheckGrantsRequest": "a promoter's grants are of many houses",
    "balcon.catalogue.v1.ListHousesRequest": "every house there is, for accounts alone",
    **dict.fromkeys(
        (f"balcon.reporting.v1.{name}DashboardRequest" for name in ("Get", "Watch", "Create", "Update", "Archive")),
        "a promoter's dashboard is of many houses",
    ),
    "balcon.reporting.v1.ListReportKindsRequest": "which reports there are, the same for everybody",
    "balcon.reporting.v1.RunGrantedReportRequest": "a promoter's reports are of many houses",
    "balcon.reporting.v1.DownloadGrantedReportRequest": "a promoter's reports are of many houses",
    "balcon.reporting.v1.ListDashboardsRequest": "a promoter's dashboards are of many houses",
    "balcon.audit.v1.AuditRequest": "the operator's question about a whole process, over all houses",
    "balcon.catalogue.v1.PublishSharedPlanRequest": "what the operator offers to every house",
    "balcon.catalogue.v1.RetireSharedPlanRequest": "what anybody offers to every house, ended by the operator",
    "balcon.catalogue.v1.ListDrawingQueueRequest": "the operator's own desk, over all houses",
}

# Whole services whose callers are operators, over all houses, and why.
OPERATORS_SERVICES = {
    "balcon.bus.v1.BusService": "which keys' events wait, and their replay; nothing of what is in them",
    "balcon.inventory.v1.ClusterService": "which node owns which performance; nothing of what is in them",
}


def files() -> Iterator[FileDescriptor]:
    """The descriptor of every proto file."""
    for path in sorted((ROOT / "protos" / "balcon").rglob("*.proto")):
        module = ".".join(path.relative_to(ROOT / "protos").with_suffix("").parts) + "_pb2"
        yield importlib.import_module(module).DESCRIPTOR


def methods() -> Iterator[MethodDescriptor]:
    for file in files():
        for service in file.services_by_name.values():
            yield from service.methods


def events() -> Iterator[Descriptor]:
    """What is published: the top-level messages of the *_events.proto files that no other message holds."""
    for file in files():
        if file.name.endswith("_events.proto"):
            messages = list(file.message_types_by_name.values())
            parts = {field.message_type for message in messages for field in message.fields if field.message_type}
            yield from (message for message in messages if message not in parts)


def names_house(message: Descriptor) -> bool:
    """Whether the message has a house_id, of its own or in one message that it holds exactly once."""
    if "house_id" in message.fields_by_name:
        return True
    parts = [field.message_type for field in message.fields if field.message_type and not field.is_repeated]
    return any("house_id" in part.fields_by_name for part in parts)


def test_every_request_names_its_house() -> None:
    requests = {
        method.input_type.full_name: method.input_type
        for method in methods()
        if method.containing_service.full_name not in OPERATORS_SERVICES
    }
    assert len(requests) > 30
    silent = {name for name, message in requests.items() if not names_house(message)}
    assert silent == set(NO_HOUSE)


@pytest.mark.parametrize("service", [name for name in HOUSE_SERVICES if name != "reporting"])
def test_every_event_names_its_house(service: str) -> None:
    of_service = [event for event in events() if event.full_name.startswith(f"balcon.{service}.")]
    assert of_service
    assert not [event.full_name for event in of_service if not names_house(event)]


def test_requests_and_responses_belong_to_one_call_each() -> None:
    for method in methods():
        assert method.input_type.name == f"{method.name}Request"
        assert method.output_type.name == f"{method.name}Response"


def test_every_method_declares_who_may_call_it_so_that_its_service_starts() -> None:
    refused: dict[str, str] = {}
    for method in methods():
        try:
            access_of(method)
        except AccessUndeclared as undeclared:
            refused[method.full_name] = str(undeclared)
    assert not refused


def of_requests() -> dict[str, Descriptor]:
    """Every message of ours that a request can ask by, and the requests themselves."""
    found: dict[str, Descriptor] = {}

    def look_into(message: Descriptor) -> None:
        if message.full_name not in found:
            found[message.full_name] = message
            for field in message.fields:
                part = field.message_type
                is_asked = behaviors(field) != [field_behavior_pb2.OUTPUT_ONLY]
                if part is not None and is_asked and not part.full_name.startswith("google.protobuf."):
                    look_into(part)

    for method in methods():
        look_into(method.input_type)
    return found


def behaviors(field: FieldDescriptor) -> list[int]:
    return list(field.GetOptions().Extensions[field_behavior_pb2.field_behavior])


def test_every_field_of_a_request_says_whether_it_must_be_set() -> None:
    """Of what an update holds, also which fields only answers have."""
    asked = ([field_behavior_pb2.REQUIRED], [field_behavior_pb2.OPTIONAL])
    requests = {method.input_type.full_name for method in methods()}
    silent = [
        field.full_name
        for message in of_requests().values()
        for field in message.fields
        if behaviors(field) not in asked
        and (message.full_name in requests or behaviors(field) != [field_behavior_pb2.OUTPUT_ONLY])
    ]
    assert len(of_requests()) > 50
    assert not silent


def test_the_copy_of_field_behavior_is_what_the_runtime_brings(tmp_path: Path) -> None:
    """Clients read the copy; generated code imports googleapis-common-protos' own, and is never generated anew."""
    include, out = Path(str(protoc.__file__)).parent / "_proto", tmp_path / "copied.binpb"
    options = [f"-I{ROOT / 'protos'}", f"-I{include}", f"--descriptor_set_out={out}"]
    assert protoc.main(["protoc", *options, "google/api/field_behavior.proto"]) == 0
    copied = FileDescriptorSet.FromString(out.read_bytes()).file[0]
    brought = FileDescriptorProto.FromString(field_behavior_pb2.DESCRIPTOR.serialized_pb)
    for file in (copied, brought):
        for field in file.extension:
            field.ClearField("json_name")
    assert copied == brought
    assert not list((ROOT / "protos/gen").glob("google*"))


def test_no_event_has_a_field_for_personal_data() -> None:
    personal = {"email", "name", "customer_name", "phone", "address", "first_name", "last_name", "customer"}
    found = [
        f"{event.full_name}.{field.name}"
        for event in events()
        if event.full_name.startswith(("balcon.orders.", "balcon.payments.", "balcon.inventory."))
        for field in event.fields
        if field.name in personal
    ]
    assert not found


def test_a_stale_generated_file_is_named(tmp_path: Path) -> None:
    fresh, committed = tmp_path / "fresh", tmp_path / "committed"
    for folder, files_in_it in (
        (fresh, {"a_pb2.py": "1", "b_pb2.py": "2"}),
        (committed, {"a_pb2.py": "0", "c_pb2.py": "3"}),
    ):
        folder.mkdir()
        for name, text in files_in_it.items():
            (folder / name).write_text(text)
    assert list(differences(fresh, committed)) == ["missing: b_pb2.py", "left over: c_pb2.py", "different: a_pb2.py"]


def _breaking(folder: Path) -> subprocess.CompletedProcess[str]:
    """The check of `make check` on the protos in `folder`."""
    command = next(check.command for check in checks() if "breaking" in check.command)
    shutil.copy(ROOT / RELEASED, folder / "protos")
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_field_that_the_last_release_had_cannot_be_taken_away(tmp_path: Path) -> None:
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    shutil.copytree(ROOT / "protos", tmp_path / "protos", ignore=shutil.ignore_patterns("gen"))
    assert _breaking(tmp_path).returncode == 0
    service = tmp_path / "protos/balcon/inventory/v1/inventory_service.proto"
    service.write_text(re.sub(r"  uint32 ttl_seconds = 6 .*;\n", "", service.read_text(), count=1))
    broken = _breaking(tmp_path)
    assert broken.returncode != 0
    assert 'field "6" with name "ttl_seconds"' in broken.stdout
