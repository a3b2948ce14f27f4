"""Ask for any address of the web, such as that of a feed, and follow it to where it has moved.

An address that somebody has configured may lie anywhere. A redirect is what a stranger says, so it leads to the same
server or to a host whose every address is public: never to a file, to this machine, to the network it stands in or to
the metadata service of a cloud.
"""

from __future__ import annotations

import ipaddress
import random
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from pipelines.sources.live import Outcome
from pipelines.sources.web.client import Page, WebClient
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.web.judge import Expected, Verdict
from pipelines.sources.web.manners import Manners

MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PORTS: Final = {"http": 80, "https": 443}
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")

Resolver = Callable[[str], Sequence[str]]
"""Takes the name of a host and returns its numerical addresses."""


@dataclass(frozen=True, slots=True)
class _Moved:
    """Where an answer says that what was asked for is."""

    location: str


def resolve(host: str) -> list[str]:
    """Return the addresses of a host; none if it has none."""
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


def why_not_web(url: str) -> str:
    """Return why an address is none of the web; empty if it is one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"expected an address of the web, got {url!r:.200} ({error})"
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        return f"expected an address that begins with http:// or https:// and names a host, got {url!r:.200}"
    if parts.username is not None or parts.password is not None:
        return f"expected an address without a user, got one for {parts.hostname!r:.200}"
    return ""


class AddressClient:
    """Asks for addresses, with one client per server; safe to share between threads.

    Parameters
    ----------
    manners : Manners
        How every server wants to be asked.
    resolve : callable
        Finds the addresses of the host that a redirect leads to.
    """

    def __init__(
        self,
        manners: Manners,
        *,
        hosts: Hosts = HOSTS,
        rng: random.Random | None = None,
        resolve: Resolver = resolve,
    ) -> None:
        self.clock = hosts.clock
        self._manners, self._hosts, self._rng, self._resolve = manners, hosts, rng, resolve
        self._lock = threading.Lock()
        self._clients: dict[str, WebClient] = {}

    def get(self, url: str, expected: Expected, headers: Mapping[str, str] | None = None) -> Page:
        """Ask for an address, and follow redirects.

        Parameters
        ----------
        headers : mapping, optional
            For this request alone, such as If-None-Match.
        """
        noticing = replace(expected, first=_noticing(expected))
        current = url
        for _ in range(MOST_REDIRECTS + 1):
            parts = urlsplit(current)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            page = self._client(parts).get(path, None, noticing, headers)
            if not isinstance(page.data, _Moved):
                return page
            target = _joined(current, page.data.location)
            reason = why_not_web(target) or self._why_not_public(parts, urlsplit(target))
            if reason:
                return replace(page, outcome=Outcome.BROKEN, reason=f"{reason}, which a redirect leads to", data=None)
            current = target
        reason = f"expected at most {MOST_REDIRECTS} redirects, got another to {current[:200]}"
        return replace(page, outcome=Outcome.BROKEN, reason=reason, data=None)

    def close(self) -> None:
        """Give connections back."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _client(self, parts: SplitResult) -> WebClient:
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if origin not in self._clients:
                self._clients[origin] = WebClient(origin, self._manners, hosts=self._hosts, rng=self._rng)
            return self._clients[origin]

    def _why_not_public(self, before: SplitResult, after: SplitResult) -> str:
        """Return why a redirect may not be followed; empty if it may."""
        if _server(before) == _server(after):
            return ""
        host = after.hostname or ""
        found = self._resolve(host)
        if found and all(_is_public(address) for address in found):
            return ""
        shown = ", ".join(found[:3]) or "no address"
        return f"expected a host whose addresses are public, got {host!r:.200} with {shown}"


def _noticing(expected: Expected) -> Callable[[int, Mapping[str, str], bytes], Verdict | None]:
    """Let a redirect count as an answer, so that a server that has moved does not count as one that fails."""

    def first(status: int, headers: Mapping[str, str], body: bytes) -> Verdict | None:
        if status in _REDIRECTS and headers.get("location"):
            return Verdict(Outcome.OK, data=_Moved(headers["location"].strip()))
        return expected.first(status, headers, body)

    return first


def _joined(base: str, location: str) -> str:
    try:
        return urljoin(base, location)
    except ValueError:
        return location


def _server(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def _is_public(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _inner(found)
    return found.is_global and not found.is_multicast and (inner is None or inner.is_global)


def _inner(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the address of the old internet that one of the new stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
