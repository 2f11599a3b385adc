"""What a server tells of its own interface, in both versions of the protocol that clients speak: v1 and v1alpha."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import grpc
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import Default, DescriptorPool
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc

OLD_SERVICE = "grpc.reflection.v1alpha.ServerReflection"
SERVICE = "grpc.reflection.v1.ServerReflection"
_METHOD = "ServerReflectionInfo"


class _Symbols:
    """The default pool, which also finds what stands inside a service or an enum: its methods and values."""

    def __init__(self) -> None:
        self._pool: DescriptorPool = Default()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802 (see DescriptorPool)
        """The file that declares the symbol. KeyError when none does."""
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            owner, _, name = symbol.rpartition(".")
            self._inside(owner, name)
            return self._pool.FindFileContainingSymbol(owner)

    def _inside(self, owner: str, name: str) -> object:
        try:
            return self._pool.FindServiceByName(owner).methods_by_name[name]
        except KeyError:
            return self._pool.FindEnumTypeByName(owner).values_by_name[name]


def _describe_v1() -> None:
    """Adds v1 of the protocol to the pool. Its messages are those of v1alpha in another package."""
    file = FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(file)

    def plain(name: str) -> str:
        return name.replace("grpc.reflection.v1alpha", "grpc.reflection.v1")

    file.name, file.package = "grpc/reflection/v1/reflection.proto", plain(file.package)
    file.ClearField("options")
    for message in file.message_type:
        for field in message.field:
            if field.type_name:
                field.type_name = plain(field.type_name)
    for service in file.service:
        for method in service.method:
            method.input_type, method.output_type = plain(method.input_type), plain(method.output_type)
    Default().AddSerializedFile(file.SerializeToString())


_describe_v1()


def add_reflection(server: Any, services: Iterable[str]) -> None:
    """Registers both versions; `services` are the full names of what else is served."""
    about = reflection.aio.ReflectionServicer((*services, SERVICE, OLD_SERVICE), pool=_Symbols())
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(about, server)  # type: ignore[no-untyped-call]
    handler = grpc.stream_stream_rpc_method_handler(
        about.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    server.add_registered_method_handlers(SERVICE, {_METHOD: handler})
