"""All proxies of a server, by name."""

from __future__ import annotations

from dataclasses import dataclass

from . import body, errors
from .proxy import Proxy


@dataclass(frozen=True, slots=True)
class Wanted:
    """A proxy as a request describes it."""

    name: str
    listen: str
    upstream: str
    enabled: bool


def wanted(sent: body.Fields, where: str = "") -> Wanted:
    """Read a proxy from a request; ``where`` ends the message of an error.

    Raises:
        ApiError: 400, a field is missing or has the wrong type.
    """
    name = body.text(sent, "name", "")
    upstream = body.text(sent, "upstream", "")
    for field, value in (("name", name), ("upstream", upstream)):
        if not value:
            raise errors.missing_field(field + where)
    return Wanted(
        name=name,
        listen=body.text(sent, "listen", ""),
        upstream=upstream,
        enabled=body.flag(sent, "enabled", default=True),
    )


class Collection:
    def __init__(self) -> None:
        self._proxies: dict[str, Proxy] = {}

    @property
    def proxies(self) -> list[Proxy]:
        return list(self._proxies.values())

    def get(self, name: str) -> Proxy:
        try:
            return self._proxies[name]
        except KeyError:
            raise errors.proxy_not_found() from None

    def add(self, wanted: Wanted) -> Proxy:
        if wanted.name in self._proxies:
            raise errors.proxy_already_exists()
        proxy = _started(wanted)
        self._proxies[wanted.name] = proxy
        return proxy

    def add_or_replace(self, wanted: Wanted) -> Proxy:
        """Keep a proxy of that name with the same addresses as it is; else put a new one."""
        existing = self._proxies.get(wanted.name)
        if existing is not None:
            if not existing.differs(wanted.listen, wanted.upstream):
                return existing
            existing.stop()
        proxy = _started(wanted)
        self._proxies[wanted.name] = proxy
        return proxy

    def remove(self, name: str) -> None:
        self.get(name).stop()
        del self._proxies[name]

    def reset(self) -> None:
        """Enable every proxy and take off every toxic."""
        for proxy in self.proxies:
            proxy.start()
            proxy.remove_toxics()

    def stop(self) -> None:
        for proxy in self.proxies:
            proxy.stop()


def _started(wanted: Wanted) -> Proxy:
    proxy = Proxy(wanted.name, wanted.listen, wanted.upstream)
    if wanted.enabled:
        proxy.start()
    return proxy
