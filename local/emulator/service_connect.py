"""ECS Service Connect: a name and a port that reach whichever tasks of a service run now.

The emulator's CloudFormation drops a service's `ServiceConnectConfiguration`. On AWS,
each task has an Envoy proxy and /etc/hosts entries for the client aliases of its
namespace; connections go round robin, and one that cannot be opened is tried on another
task. Here one proxy per client alias listens on the stack's own address.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
"""

from __future__ import annotations

import asyncio
import itertools
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CONNECT_SECONDS = 2.0
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class ClientAlias:
    """One name that clients of the namespace may call, and the service behind it."""

    dns_name: str
    port: int
    cluster: str
    service: str
    container_port: int


TaskAddresses = Callable[[ClientAlias], Iterable[str]]
"""Gives the addresses of the running tasks of an alias's service."""


def client_aliases(properties: Mapping[str, Any], cluster: str, service: str) -> list[ClientAlias]:
    """The aliases in an AWS::ECS::Service's ServiceConnectConfiguration.

    `properties` are the resource's. The port name of each Service Connect service is looked up in the
    container's port mappings by the caller's task definition, given here as `PortNames`.
    """
    configuration = properties.get("ServiceConnectConfiguration") or {}
    if str(configuration.get("Enabled", "false")).lower() != "true":
        return []
    return [
        ClientAlias(
            alias.get("DnsName") or entry["PortName"],
            int(alias["Port"]),
            cluster,
            service,
            int(properties["PortNames"][entry["PortName"]]),
        )
        for entry in configuration.get("Services", [])
        for alias in entry.get("ClientAliases", [])
    ]


class ServiceConnect:
    """The proxies of every client alias, on one thread."""

    def __init__(self, address: str, task_addresses: TaskAddresses) -> None:
        self._address = address
        self._task_addresses = task_addresses
        self._turn = itertools.count()
        self._aliases: dict[str, ClientAlias] = {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="service-connect").start()

    def publish(self, alias: ClientAlias) -> None:
        """Listen for `alias`, unless it is published already. Raises OSError when its port is taken."""
        known = self._aliases.get(alias.dns_name)
        self._aliases[alias.dns_name] = alias
        if known is None or known.port != alias.port:
            server = asyncio.start_server(
                lambda reader, writer: self._serve(alias.dns_name, reader, writer), self._address, alias.port
            )
            asyncio.run_coroutine_threadsafe(server, self._loop).result(timeout=10)

    def resolve(self, text: str) -> str:
        """`text` with each alias's name, where it stands as a URL's host, replaced by the proxies' address."""
        for name in self._aliases:
            text = re.sub(rf"(?<=//){re.escape(name)}(?=[:/]|$)", self._address, text)
        return text

    async def _serve(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = await self._connect(self._aliases[name])
        if upstream is None:
            writer.transport.abort()
            return
        upstream_reader, upstream_writer = upstream
        try:
            await asyncio.gather(_pump(reader, upstream_writer), _pump(upstream_reader, writer))
        finally:
            upstream_writer.close()
            writer.close()

    async def _connect(self, alias: ClientAlias) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        addresses = sorted(self._task_addresses(alias))
        turn = next(self._turn)
        for offset in range(len(addresses)):
            address = addresses[(turn + offset) % len(addresses)]
            try:
                opening = asyncio.open_connection(address, alias.container_port)
                return await asyncio.wait_for(opening, CONNECT_SECONDS)
            except (OSError, TimeoutError):
                continue
        return None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except (ConnectionError, OSError):
        writer.transport.abort()
