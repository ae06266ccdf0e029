"""The caches of a region: one, a replica of another region's, or three under Sentinel."""

from __future__ import annotations

from environments.replica.topology import CACHE_PORT, SENTINEL_PORT, NodeSpec, Role


def cache_names(region: str, *, watched: bool) -> tuple[str, ...]:
    return tuple(f"{region}-{Role.CACHE}-{number}" for number in range(1, 4 if watched else 2))


def entry_to_caches(region: str, *, watched: bool) -> str:
    """Name the node through which the primary is reached, whichever it is."""
    return f"{region}-{Role.CACHE_ROUTER}" if watched else cache_names(region, watched=False)[0]


def one_cache(region: str, *, replica_of: str = "") -> tuple[NodeSpec, ...]:
    """Describe a cache that stands alone, or follows another's ``host port``."""
    (name,) = cache_names(region, watched=False)
    return (
        NodeSpec(
            name=name,
            role=Role.CACHE,
            region=region,
            image="redis",
            ports=(CACHE_PORT,),
            environment={"REPLICA_OF": replica_of} if replica_of else {},
        ),
    )


def watched_caches(region: str) -> tuple[NodeSpec, ...]:
    """Describe three that Sentinel watches, and the router to their primary."""
    names = cache_names(region, watched=True)
    caches = (
        NodeSpec(
            name=name,
            role=Role.CACHE,
            region=region,
            image="redis",
            ports=(CACHE_PORT, SENTINEL_PORT),
            environment={"SENTINELS": " ".join(names)},
        )
        for name in names
    )
    router = NodeSpec(
        name=entry_to_caches(region, watched=True),
        role=Role.CACHE_ROUTER,
        region=region,
        image="cacherouter",
        ports=(8404,),
        environment={
            **{f"CACHE_{number}": name for number, name in enumerate(names, start=1)},
            "GROUP": f"{region}-{Role.CACHE}-",
        },
    )
    return (*caches, router)
