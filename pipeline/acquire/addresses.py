"""Which addresses may be asked: https hosts of the source list, at public IP addresses, pinned."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.acquire.redact import strip_secrets
from pipeline.base.errors import FetchError

HTTPS_PORT = 443
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_PRIVATE = ipaddress.IPv6Network("64:ff9b:1::/48")


def resolve_host(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host.

    Parameters
    ----------
    host, port
        Where to connect.

    Returns
    -------
    list of str
        Addresses in the order in which the system prefers them.

    Raises
    ------
    OSError
        If there are none.
    """
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class Policy:
    """What may be asked.

    Attributes
    ----------
    hosts
        Host names of the source list.
    is_loopback_allowed
        For tests only: also plain http at this machine's own address, on any port, and nothing else beside it.
    resolve
        Gives the IP addresses of a host.
    """

    hosts: frozenset[str]
    is_loopback_allowed: bool = False
    resolve: Callable[[str, int], list[str]] = resolve_host

    def check(self, address: str, *, is_redirect: bool = False) -> tuple[str, int]:
        """Return host and port of an address that may be asked.

        Parameters
        ----------
        address
            With its scheme.
        is_redirect
            Whether a server sent us there, for the message.

        Returns
        -------
        tuple
            Host name and port.

        Raises
        ------
        FetchError
            If the address is not https, carries a user name, or its host is not in the source list.
        """
        try:
            parts = urlsplit(address)
            host, port = (parts.hostname or "").lower().rstrip("."), parts.port
        except ValueError:
            raise FetchError(
                "This is no address.", field=strip_secrets(address), cure="Give one such as https://host/file."
            ) from None
        what = "The server redirects to" if is_redirect else "The source asks for"
        cure = "If the publisher has moved, correct config/sources.csv: the address, or the host in redirect_hosts."
        if parts.username is not None or parts.password is not None:
            raise FetchError(f"{what} an address with a user name in it.", field=strip_secrets(address), cure=cure)
        if host not in self.hosts:
            raise FetchError(f"{what} '{host}', which is not in the source list.", cure=cure)
        if self.is_loopback_allowed and parts.scheme == "http":
            return host, port or 80
        if parts.scheme != "https":
            raise FetchError(f"{what} {parts.scheme or 'no scheme'}://{host}; only https is used.", cure=cure)
        if port not in {None, HTTPS_PORT} and not self.is_loopback_allowed:
            raise FetchError(f"{what} port {port} of '{host}'; only {HTTPS_PORT} is used.", cure=cure)
        return host, port or HTTPS_PORT

    def pin(self, host: str, port: int) -> str:
        """Return the one IP address that will be connected to.

        Parameters
        ----------
        host, port
            From :meth:`check`.

        Returns
        -------
        str
            An IP address.

        Raises
        ------
        FetchError
            If any address of the host is private, loopback or otherwise not public.
        OSError
            If the host is unknown at this moment.
        """
        found = self.resolve(host, port)
        for text in found:
            if not self._is_allowed(text):
                raise FetchError(
                    f"The host '{host}' has the address {text}, which is not a public one.",
                    cure="Nothing was asked. Check the name server, and the host in config/sources.csv.",
                )
        if not found:
            raise OSError(f"the host '{host}' has no address")
        return found[0]

    def _is_allowed(self, text: str) -> bool:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(text.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address):
            translated = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
            address = address.ipv4_mapped or address.sixtofour or translated or address
            if address in _NAT64_PRIVATE:
                return False
        if self.is_loopback_allowed:
            return address.is_loopback
        return address.is_global and not address.is_multicast
