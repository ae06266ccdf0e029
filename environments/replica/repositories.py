"""The backup repositories of a replica, and the node to restore on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from environments.replica.certificates import Authority
from environments.replica.topology import SCOPE, WEST, NodeSpec, Passwords, Role, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Repositories:
    """The near one and the off-site one of a region, and who may speak to them."""

    region: str
    databases: tuple[str, ...]  # which are backed up
    followers: tuple[str, ...]  # in another region: they read, and archive once they lead
    settings: Settings
    passwords: Passwords
    authority: Authority = field(default_factory=Authority)

    @property
    def near(self) -> str:
        return f"{self.region}-{Role.BACKUP}"

    @property
    def offsite(self) -> str:
        return f"{WEST}-{Role.BACKUP}"

    @property
    def scratch(self) -> str:
        return f"{self.region}-{Role.SCRATCH}"

    def nodes(self) -> tuple[NodeSpec, ...]:
        return (
            self._repository(self.near, self.region, 1),
            self._repository(self.offsite, WEST, 2),
            self._scratch(),
        )

    def of_database(self, name: str) -> Mapping[str, str]:
        """Give the variables of a database that archives to both repositories."""
        return {
            "BACKUPS": "true",
            "NEAR_REPOSITORY": self.near,
            "OFFSITE_REPOSITORY": self.offsite,
            **self._tls(name),
        }

    def _repository(self, name: str, region: str, number: int) -> NodeSpec:
        near = number == 1
        return NodeSpec(
            name=name,
            role=Role.BACKUP,
            region=region,
            image="backup",
            ports=(9854,),
            environment={
                "REPOSITORY": str(number),
                "STANZA": SCOPE,
                "SCHEDULE": self.settings.schedule if near else "weekly",
                "CIPHER": "aes-256-cbc" if self.settings.encrypted else "none",
                "CIPHER_KEY": (
                    self.passwords.near_repository
                    if near
                    else self.passwords.offsite_repository
                ),
                "DATABASES": " ".join(self.databases),
                "CLIENTS": " ".join((*self.databases, *self.followers, self.scratch)),
                "DATABASE_ROUTER": f"{self.region}-{Role.DB_ROUTER}",
                "MONITOR_PASSWORD": self.passwords.monitor,
                **self._tls(name),
            },
        )

    def _scratch(self) -> NodeSpec:
        return NodeSpec(
            name=self.scratch,
            role=Role.SCRATCH,
            region=self.region,
            image="patroni",
            environment={
                "SYNCHRONOUS_MODE": "off",
                "CHECKSUMS": "on",
                "PATRONI": "false",
                **self.of_database(self.scratch),
            },
        )

    def _tls(self, name: str) -> Mapping[str, str]:
        certificate = self.authority.issue(name)
        return {
            "TLS_AUTHORITY": self.authority.pem,
            "TLS_CERTIFICATE": certificate.pem,
            "TLS_KEY": certificate.key,
        }
