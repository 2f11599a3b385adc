"""A client that knows nothing of us asks what there is, in both versions of the protocol."""

from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2 as pb

from tests.integration.runtime.acting import nothing, serving

VERSIONS = ("v1", "v1alpha")


async def told(version: str, **asked: Any) -> Any:
    """The one answer to one question. The messages of both versions are the same bytes."""
    async with serving(nothing) as channel:
        ask: Any = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=pb.ServerReflectionRequest.SerializeToString,
            response_deserializer=pb.ServerReflectionResponse.FromString,
        )
        (answer,) = [answer async for answer in ask(iter([pb.ServerReflectionRequest(**asked)]))]
        return answer


@pytest.mark.parametrize("version", VERSIONS)
async def test_both_versions_list_what_is_served(version: str) -> None:
    listed = {service.name for service in (await told(version, list_services="")).list_services_response.service}
    assert listed == {
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "balcon.reporting.v1",
        "balcon.audit.v1",
    }


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("symbol", "file"),
    [
        ("balcon.reporting.v1.ReportingService", "balcon/reporting/v1/reporting_service.proto"),
        ("balcon.reporting.v1.ReportingService.GetTotals", "balcon/reporting/v1/reporting_service.proto"),
        ("balcon.reporting.v1.GetTotalsRequest.house_id", "balcon/reporting/v1/reporting_service.proto"),
        ("balcon.types.v1.Channel.CHANNEL_ONLINE", "balcon/types/v1/seating.proto"),
        ("grpc.reflection.v1.ServerReflection.ServerReflectionInfo", "grpc/reflection/v1/reflection.proto"),
    ],
)
async def test_a_symbol_is_told_with_all_that_it_needs(version: str, symbol: str, file: str) -> None:
    answer = await told(version, file_containing_symbol=symbol)
    files = [FileDescriptorProto.FromString(one) for one in answer.file_descriptor_response.file_descriptor_proto]
    assert file in {one.name for one in files}
    pool, waiting = DescriptorPool(), {one.name: one for one in files}

    def add(one: FileDescriptorProto) -> None:
        for needed in one.dependency:
            if needed in waiting:
                add(waiting.pop(needed))
        pool.AddSerializedFile(one.SerializeToString())

    while waiting:
        add(waiting.popitem()[1])
    assert pool.FindFileByName(file).name == file


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("symbol", ["balcon.reporting.v1.ReportingService.GetNothing", "balcon.none", "none", ""])
async def test_what_there_is_not_is_not_found(version: str, symbol: str) -> None:
    assert (await told(version, file_containing_symbol=symbol)).error_response.error_code == 5
