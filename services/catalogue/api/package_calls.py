"""balcon.catalogue.v1.CatalogueService, packages."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.package_messages import package_message, package_of
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.package import Package
from services.catalogue.handlers.price_things import PriceThingHandler, ThingChange
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class PackageCalls:
    """Stateless; everything lives in the handlers."""

    _packages: PriceThingHandler[Package]

    async def CreatePackage(  # noqa: N802
        self, request: pb.CreatePackageRequest, context: Context
    ) -> pb.CreatePackageResponse:
        asked: Asked[Kept[Package]] = asked_once(
            request, lambda made: pb.CreatePackageResponse(package=package_message(made))
        )
        body, chosen = package_of(request.package), request.package.package_id
        made = await self._packages.create(asked, request.house_id, chosen, body)
        return pb.CreatePackageResponse.FromString(answered(made))

    async def GetPackage(  # noqa: N802
        self, request: pb.GetPackageRequest, context: Context
    ) -> pb.GetPackageResponse:
        found = await self._packages.get(request.house_id, request.package_id)
        return pb.GetPackageResponse(package=package_message(answered(found)))

    async def ListPackages(  # noqa: N802
        self, request: pb.ListPackagesRequest, context: Context
    ) -> pb.ListPackagesResponse:
        page = answered(
            await self._packages.page(
                request.house_id, request.page_size, request.page_token, include_archived=request.include_archived
            )
        )
        return pb.ListPackagesResponse(packages=map(package_message, page.things), next_page_token=page.next_page_token)

    async def UpdatePackage(  # noqa: N802
        self, request: pb.UpdatePackageRequest, context: Context
    ) -> pb.UpdatePackageResponse:
        body, paths = package_of(request.package), tuple(request.update_mask.paths)
        change = ThingChange(request.package.package_id, body, paths, request.etag)
        changed = await self._packages.update(request.house_id, change)
        return pb.UpdatePackageResponse(package=package_message(answered(changed)))

    async def ArchivePackage(  # noqa: N802
        self, request: pb.ArchivePackageRequest, context: Context
    ) -> pb.ArchivePackageResponse:
        archived = await self._packages.archive(request.house_id, request.package_id, request.etag)
        return pb.ArchivePackageResponse(package=package_message(answered(archived)))
