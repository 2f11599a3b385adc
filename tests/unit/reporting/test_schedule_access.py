"""Who may do what with saved reports and schedules, as the protos declare it (R3.2)."""

from __future__ import annotations

from balcon.access.v1 import access_pb2
from balcon.reporting.v1 import schedules_pb2
from google.protobuf.descriptor import MethodDescriptor

METHODS = schedules_pb2.DESCRIPTOR.services_by_name["SchedulesService"].methods


def access_of(method: MethodDescriptor) -> access_pb2.Access:
    return method.GetOptions().Extensions[access_pb2.access]


def test_r3_2_only_people_of_the_house_that_may_write_reports_change_a_schedule_and_no_promoter_does() -> None:
    """A promoter's own schedules as well: the house that made the user keeps them."""
    for method in METHODS:
        access = access_of(method)
        if method.name == "StopReceiving":
            assert list(access.audiences) == [access_pb2.AUDIENCE_PUBLIC], "by the sealed link alone"
            continue
        wanted = "reports.read" if method.name.startswith(("Get", "List")) else "reports.write"
        assert (access.permission, access.house, list(access.audiences)) == (wanted, "house_id", []), method.name
