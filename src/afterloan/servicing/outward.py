"""Addresses outside that we may call: https, under a name that stands for public addresses only, looked up anew."""

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from afterloan.facts import FactRefused

NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for IPv4 ones."""
LookUp = Callable[[str, int], list[str]]
REMEDY = "name an https address that anybody can reach"


def outward_url(url: str) -> SplitResult:
    """The parts of an address that may be called, as far as it says itself. Raises FactRefused naming what is wrong."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FactRefused("url", url, f"is no address: {error}", REMEDY) from error
    if parts.scheme != "https":
        raise FactRefused("url", url, "is not https", REMEDY)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise FactRefused("url", url, "carries a name, a password or a fragment", REMEDY)
    if not parts.hostname or not url.isascii() or any(c.isspace() for c in url) or port == 0:
        raise FactRefused("url", url, "names no host", REMEDY)
    literal = parts.hostname.strip("[]")
    if _is_address(literal) and not is_public(literal):
        raise FactRefused("url", url, "is an address of a private network", REMEDY)
    return parts


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises OSError where it has none."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def public_address(parts: SplitResult, looked_up: LookUp = look_up) -> str:
    """An address of the host to call, where all that its name stands for are public. Raises FactRefused, OSError.

    It is this address that is called, so that a name that answers otherwise a moment later gains nothing. One private
    address among several refuses all: whoever answers so has something in mind.
    """
    host = str(parts.hostname)
    found = looked_up(host, parts.port or 443)
    private = [address for address in found if not is_public(address)]
    if private or not found:
        raise FactRefused("url", host, "stands for an address of a private network", REMEDY)
    return found[0]


def is_public(text: str) -> bool:
    """Whether an address is one of the public Internet: not of this machine, a private network, a cloud's metadata.

    False: 127.0.0.1, 10.0.0.1, 169.254.169.254, ::1, fd00::1, and IPv6 forms of such (::ffff:10.0.0.1, 64:ff9b::a00:1).
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
