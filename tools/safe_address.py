"""What may be connected to: URLs and addresses, judged without touching the network.

Whoever writes a URL into a goal, a page or a document chooses where this machine connects, so by default only
public addresses are reachable. The judgement is made on addresses, after resolving: no spelling of a host
gets around it. The checks on spelling only make refusals early and clear.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

import httpx

from tools.registry import ToolFailure

DEFAULT_PORTS = frozenset({80, 443, 8080, 8443})
MAX_URL = 8192
"""Characters a URL may have."""

_NOT_PUBLIC = [
    (ipaddress.ip_network(network), what)
    for network, what in {
        "0.0.0.0/8": "this network",
        "10.0.0.0/8": "private",
        "100.64.0.0/10": "shared carrier space",
        "127.0.0.0/8": "loopback",
        "168.63.129.16/32": "a cloud's metadata service",
        "169.254.0.0/16": "link-local, where clouds keep their metadata",
        "172.16.0.0/12": "private",
        "192.0.0.0/24": "reserved",
        "192.0.2.0/24": "documentation",
        "192.88.99.0/24": "a 6to4 relay",
        "192.168.0.0/16": "private",
        "198.18.0.0/15": "benchmarking",
        "198.51.100.0/24": "documentation",
        "203.0.113.0/24": "documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
        "::/128": "unspecified",
        "::1/128": "loopback",
        "::/96": "reserved",
        "64:ff9b:1::/48": "local translation",
        "100::/64": "discarded",
        "2001::/23": "reserved for protocols",
        "2001:db8::/32": "documentation",
        "3fff::/20": "documentation",
        "5f00::/16": "segment routing",
        "fc00::/7": "private",
        "fe80::/10": "link-local",
        "fec0::/10": "site-local",
        "ff00::/8": "multicast",
    }.items()
]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)
_NUMERIC_LABEL = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)\Z")
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_-]{1,63})*\Z")


def refused(message: str) -> ToolFailure:
    """The failure of a request that wasn't made because it isn't allowed."""
    return ToolFailure(message, kind="refused", sent=False)


def why_blocked(address: str) -> str | None:
    """What kind of non-public address this is ('loopback', 'private', ...); None for a public one.

    IPv4 addresses inside IPv6 ones (mapped, 6to4, NAT64, ISATAP) are judged too. Raises ValueError for what
    isn't an address.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip.scope_id:
            return "bound to one interface"
        inside = _embedded(ip)
        if inside is not None and (kind := why_blocked(str(inside))):
            return f"{inside} in disguise, which is {kind}"
        if inside is not None and (ip.ipv4_mapped or ip in _NAT64):
            return None
    for network, kind in _NOT_PUBLIC:
        if ip in network:
            return kind
    return None if ip.is_global and not ip.is_multicast else "not public"


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that traffic to `ip` ends up at, if there is one inside."""
    if mapped := ip.ipv4_mapped or ip.sixtofour:
        return mapped
    value = int(ip)
    if ip in _NAT64 or (value >> 32) & 0xFFFFFFFF in _ISATAP:
        return IPv4Address(value & 0xFFFFFFFF)
    return None


@dataclass(frozen=True)
class Target:
    """A checked URL: where a request for it goes. `host` is in ASCII, lower case, without brackets or a final dot."""

    url: httpx.URL
    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


@dataclass(frozen=True)
class AddressRules:
    """Which URLs and addresses may be reached.

    `allow` names hosts that may be reached although they aren't public or use another port: 'host' for any port,
    'host:port' for that one. It matches what the URL says, not what a name resolves to: allowing
    '127.0.0.1:9000' lets no other name in that points there.
    """

    allow: Collection[str] = ()
    ports: Collection[int] = DEFAULT_PORTS
    _allowed: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.allow, str):
            raise TypeError("`allow` is a list of hosts, not one string")
        object.__setattr__(self, "_allowed", frozenset(entry.strip().rstrip(".").lower() for entry in self.allow))

    def check_url(self, text: str) -> Target:
        """Read a URL. Raises ToolFailure of kind 'refused' with the reason if it may not be requested."""
        if len(text) > MAX_URL:
            raise refused(f"the URL is {len(text)} characters long; {MAX_URL} are allowed")
        text = text.strip()
        authority = re.split("[/?#]", text.split("//", 1)[-1], maxsplit=1)[0]
        if any(char.isspace() or unicodedata.category(char) == "Cc" for char in text) or "\\" in text:
            raise refused("the URL holds spaces, backslashes or control characters; remove or encode them")
        if any(unicodedata.category(char) == "Cf" for char in authority):
            raise refused("the host in the URL holds invisible characters; remove them")
        try:
            url = httpx.URL(text)
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise refused(f"the URL can't be read: {error}") from None
        if url.scheme not in ("http", "https"):
            raise refused(f"only http:// and https:// URLs can be requested, not {url.scheme or 'relative'} ones")
        if url.userinfo or "@" in authority:
            raise refused("a user name or password in the URL isn't allowed")
        host = url.raw_host.decode("ascii").lower().removesuffix(".")
        self._check_host(host)
        target = Target(url, url.scheme, host, url.port or (443 if url.scheme == "https" else 80))
        if target.port not in self.ports and not self.is_allowed(target.host, target.port):
            raise refused(f"port {target.port} of {host} isn't among the allowed ones ({_listed(self.ports)})")
        return target

    def _check_host(self, host: str) -> None:
        if not host:
            raise refused("the URL names no host")
        if ":" in host or _NUMERIC_LABEL.match(host.rsplit(".", 1)[-1]):
            try:
                ipaddress.ip_address(host)
            except ValueError:
                raise refused(f"'{host}' is an odd spelling of an address; write it as four decimal numbers") from None
        elif len(host) > 253 or not _HOST_NAME.match(host):
            raise refused(f"'{host}' is no name of a host")

    def is_allowed(self, host: str, port: int) -> bool:
        """Whether `allow` names this host."""
        bracketed = f"[{host}]" if ":" in host else host
        return not self._allowed.isdisjoint({host, bracketed, f"{bracketed}:{port}"})

    def check_addresses(self, host: str, port: int, addresses: Iterable[str]) -> list[str]:
        """The addresses of `host`, all checked. Raises ToolFailure of kind 'refused' if one of them isn't allowed."""
        found = list(dict.fromkeys(addresses))
        if self.is_allowed(host, port):
            return found
        for address in found:
            if kind := why_blocked(address):
                named = address if address == host else f"{host} is at {address}, which"
                remedy = f"to reach it, add '{host}:{port}' to ORCHESTRATE_HTTP_ALLOW"
                raise refused(f"{named} isn't a public address ({kind}); {remedy}")
        return found


def _listed(ports: Collection[int]) -> str:
    return ", ".join(map(str, sorted(ports))) or "none"
