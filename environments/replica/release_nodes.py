"""Places for the next release of the orders service, and who deploys it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from environments.model import WorldError
from environments.replica.topology import NodeSpec, Role, Settings

if TYPE_CHECKING:
    from environments.replica.region import Region

DEPLOYER_PORT = 9200
PLACES = 3
IMAGES = Path(__file__).parent / "images"
POLICIES = IMAGES / "deployer" / "policies"
IMAGE_PREFIX = "orders_"


def must_be_deployable(settings: Settings) -> None:
    """See that there is such a release, and a policy to deploy it by.

    Raises:
        WorldError: there is none.
    """
    if not settings.release:
        return
    if settings.autoscaling or settings.second_region:
        raise WorldError(
            "releases are deployed where there is one region and no autoscaler: make the "
            "replica with a release alone"
        )
    if settings.secured:
        raise WorldError(
            "the deployer's trials do not log in: make a replica with a release that is not "
            "secured"
        )
    releases = sorted(
        one.name.removeprefix(IMAGE_PREFIX) for one in IMAGES.glob(f"{IMAGE_PREFIX}*")
    )
    _must_be_one_of("release", settings.release, releases)
    policies = sorted(file.stem for file in POLICIES.glob("*.toml"))
    _must_be_one_of("policy of releases", settings.release_policy, policies)


def _must_be_one_of(what: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise WorldError(f"no {what} is called {name!r}: name one of {', '.join(known)}")


def release_nodes(region: Region) -> tuple[NodeSpec, ...]:
    """Describe the places of the next release, and the deployer; or nobody."""
    settings = region.settings
    if not settings.release:
        return ()
    blue = region.named(Role.APP, region.apps)
    green = region.named(Role.GREEN, PLACES)
    taken_back = green if settings.takes_all_back else green[1:]
    deployer = NodeSpec(
        name=f"{region.name}-{Role.DEPLOYER}",
        role=Role.DEPLOYER,
        region=region.name,
        image="deployer",
        ports=(DEPLOYER_PORT,),
        environment={
            "BLUE": ",".join(blue),
            "GREEN": ",".join(green),
            "TAKEN_BACK": ",".join(taken_back),
            "EDGE": f"{region.name}-{Role.EDGE}",
            "POLICY": settings.release_policy,
        },
    )
    return (*(region.place_of_next_release(name) for name in green), deployer)
