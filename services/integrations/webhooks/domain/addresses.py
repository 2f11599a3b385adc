"""Which internet addresses anything may be sent to (SSRF): public ones, and whoever says so, loopback.

What stands for another address (mapped, translated, tunnelled) is never one: nobody serves webhooks there.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

# Beside what the standard library knows as not global, and whatever its version: the special-purpose registries.
_NEVER: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
            # IPv4 in other words: compatible, mapped, translated (NAT64), Teredo, 6to4.
            "::/96",
            "::ffff:0:0/96",
            "::ffff:0:0:0/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "2001::/23",
            "2002::/16",
            "100::/64",
            "2001:db8::/32",
            "3fff::/20",
            "5f00::/16",
            "fc00::/7",
            "fe80::/9",
            "ff00::/8",
        ),
    )
)


def is_allowed(address: str, *, loopback: bool) -> bool:
    """Whether something may be sent to the address, as a resolver or a host has it; what is none is not.

    `loopback`: to this machine itself, by its usual addresses; never to others of its network.
    """
    try:
        # A zone names an interface of this machine: what is behind it is not public.
        found = ip_address(address)
    except ValueError:
        return False
    if loopback and found in (IPv4Address("127.0.0.1"), IPv6Address("::1")):
        return True
    if isinstance(found, IPv6Address) and found.scope_id is not None:
        return False
    is_special = any(found.version == network.version and found in network for network in _NEVER)
    return found.is_global and not found.is_multicast and not found.is_reserved and not is_special
