# SPDX-License-Identifier: MIT
"""What `netnsctl validate` accepts, the kernel accepts; and what it refuses, the kernel refuses. Shown by random files
that go to the corners of the format. NETNSD_SEED=N tries the file N alone, NETNSD_FILES=N so many from there on."""
import copy
import json
import os
import random
import re

import pytest
from by_hand import ByHand
from corners import Corners, prune
from varlink import Connection, VarlinkError

FIRST = int(os.environ.get("NETNSD_SEED", 0))
# Each applied file takes some 40 ms, each that is tried by hand 130.
APPLIED = int(os.environ.get("NETNSD_FILES", 1 if "NETNSD_SEED" in os.environ else 300))
REFUSED = int(os.environ.get("NETNSD_FILES", 1 if "NETNSD_SEED" in os.environ else 50))

# What the kernel accepts and changes, or ignores: it would not be as declared.
POLICY = re.compile("""not an address that an interface can have
the prefix length belongs to the peer
the kernel derives that of an IPv6 address
IPv6 routes have none but global
from 68 to 65520
a route that refuses packets has no "dev"
only a unicast route has a gateway
the same address is already at
the same route is already at
has nexthops, each of which has its own "via" and "dev"
an interface's own""".replace("\n", "|"))


def generate(seed):
    return Corners(random.Random(seed)).topology()


def call(connection, method, topology):
    """Why it is invalid, as a list of problems; else raises what the call raises."""
    try:
        connection.call(f"io.netnsd.{method}", name="lab", topology=topology)
    except VarlinkError as e:
        if e.name == "io.netnsd.Invalid":
            return e.parameters["problems"]
        raise
    return []


def make_valid(connection, method, topology):
    """Removes what is invalid from @topology, and returns that."""
    taken = []
    while problems := call(connection, method, topology):
        taken += prune(topology, [p["pointer"] for p in problems])
    return taken


def test_what_is_valid_can_be_applied(machine):
    with Connection(machine.socket, 60) as connection:
        for seed in range(FIRST, FIRST + APPLIED):
            topology = generate(seed)
            try:
                make_valid(connection, "Apply", topology)
            except VarlinkError as e:
                pytest.fail(f"NETNSD_SEED={seed}: valid, but {e}\n{json.dumps(topology, indent=1)}")
            connection.call("io.netnsd.Down", names=["lab"], forget=True)


def put_back(topology, pointer, value):
    """What prune() removed, at the end of its list; None if its place was removed, too."""
    whole = copy.deepcopy(topology)
    *way, last = pointer.split("/")[1:]
    at = whole
    try:
        for step in way:
            at = at[int(step) if isinstance(at, list) else step]
    except (KeyError, IndexError):
        return None
    if isinstance(at, list):
        at.append(value)
    else:
        at[last] = value
    return whole


def only_problem(connection, topology):
    """Why it is invalid, if that is one reason."""
    try:
        problems = call(connection, "Plan", topology)
    except VarlinkError:
        return None
    return problems[0]["message"] if len(problems) == 1 else None


def test_what_is_refused_the_kernel_refuses(machine):
    hand = ByHand(machine)
    with Connection(machine.socket, 60) as connection:
        for seed in range(FIRST, FIRST + REFUSED):
            topology = generate(seed)
            for pointer, value in make_valid(connection, "Plan", topology):
                whole = put_back(topology, pointer, value) if pointer.count("/") > 3 else None
                why = only_problem(connection, whole) if whole else None
                if why and not POLICY.search(why):
                    assert hand.make(whole), f"NETNSD_SEED={seed}: {pointer} {value}: taken by the kernel, but {why}\n{json.dumps(whole)}"


def veth(**fields):
    return {"kind": "veth", "peer": "e1", **fields}


def netns(*routes, sysctl=None, **interfaces):
    return {"namespaces": {"v": {"interfaces": interfaces, "routes": list(routes), "sysctl": sysctl or {}}}}


PLAIN = veth(addresses=["10.0.0.1/24", "fd00::1/64"])
SECRET = {"net.ipv6.conf.default.stable_secret": "2001:0db8:0000:0000:0000:0000:0000:0001"}
# Each just within what is refused.
BORDERS = {
    "link-local router with dev": netns({"to": "::/0", "via": "fe80::1", "dev": "e0"}, e0=PLAIN),
    "onlink with dev": netns({"to": "default", "via": "192.0.2.1", "dev": "e0", "onlink": True}, e0=PLAIN),
    "onlink with dev, IPv6": netns({"to": "::/0", "via": "fd07::1", "dev": "e0", "onlink": True}, e0=PLAIN),
    "onlink on the network of dev": netns({"to": "::/0", "via": "fd00::9", "dev": "e0", "onlink": True}, e0=PLAIN),
    "a blackhole that is onlink": netns({"to": "10.9.0.0/16", "type": "blackhole", "onlink": True}, e0=PLAIN),
    "src on another interface": netns({"to": "10.9.0.0/16", "dev": "e1", "src": "10.0.0.1"}, e0=PLAIN, e1={}),
    "src on one that is down": netns({"to": "10.9.0.0/16", "dev": "e1", "src": "10.0.0.1"}, e0=PLAIN | {"up": False}, e1={}),
    "src in the loopback's network": netns({"to": "10.9.0.0/16", "dev": "e0", "src": "127.0.0.9"}, e0=PLAIN),
    "src of a local route": netns({"to": "10.5.0.5", "type": "local", "dev": "lo"}, {"to": "10.9.0.0/16", "dev": "e0", "src": "10.5.0.5"}, e0=PLAIN),
    "src of a blackhole": netns({"to": "10.9.0.0/16", "type": "blackhole", "src": "10.77.0.1"}, e0=PLAIN),
    "IPv6 next hops": netns({"to": "fd09::/64", "nexthops": [{"via": "fd00::8"}, {"via": "fd00::9", "dev": "e0"}]}, e0=PLAIN),
    "IPv4 next hops without a router": netns({"to": "10.9.0.0/16", "nexthops": [{"dev": "e0"}, {"dev": "e1"}]}, e0=PLAIN, e1={}),
    "IPv4 next hops twice": netns({"to": "10.9.0.0/16", "nexthops": [{"via": "10.0.0.9"}, {"via": "10.0.0.9"}]}, e0=PLAIN),
    "a router that is an own address": netns({"to": "10.9.0.0/16", "via": "10.0.0.1"}, e0=PLAIN),
    "a router in 0.0.0.0/8": netns({"to": "10.9.0.0/16", "via": "0.1.0.9"}, e0=veth(addresses=["0.1.0.1/16"])),
    "a router by a route in the same table": netns({"to": "10.8.0.0/16", "dev": "e0", "table": 100},
                                                   {"to": "10.9.0.0/16", "via": "10.8.0.1", "table": 100}, e0=PLAIN),
    "a router by a route of table default": netns({"to": "10.8.0.0/16", "dev": "e0", "table": 253}, {"to": "10.9.0.0/16", "via": "10.8.0.1"}, e0=PLAIN),
    "a router by a peer": netns({"to": "10.9.0.0/16", "via": "10.3.0.1"}, e0=veth(addresses=[{"address": "10.0.0.1", "peer": "10.3.0.1"}])),
    "the first address of a network": netns({"to": "10.9.0.0/16", "via": "10.0.0.0"}, e0=PLAIN),
    "the last address of /31": netns({"to": "10.9.0.0/16", "via": "10.0.0.3"}, e0=veth(addresses=["10.0.0.2/31"])),
    "an own address that is the broadcast": netns(e0=veth(addresses=["10.0.0.255/24"])),
    "a route of scope link by an own address": netns({"to": "10.9.0.0/16", "via": "10.0.0.1", "scope": "link"}, e0=PLAIN),
    "scope host with dev": netns({"to": "10.9.0.0/16", "dev": "e0", "scope": "host"}, e0=PLAIN),
    "IPv6 scope global": netns({"to": "fd09::/64", "dev": "e0", "scope": "global"}, e0=PLAIN),
    "local on an interface that is down": netns({"to": "10.5.0.5", "type": "local", "dev": "e0", "scope": "host"}, e0=PLAIN | {"up": False}),
    "broadcast": netns({"to": "10.5.0.5", "type": "broadcast", "dev": "e0"}, e0=PLAIN),
    "multicast": netns({"to": "239.0.0.0/8", "type": "multicast", "dev": "e0"}, e0=PLAIN),
    "IPv6 default without a router": netns({"to": "::/0", "dev": "e0"}, e0=PLAIN),
    "IPv6 default into nothing": netns({"to": "::/0", "type": "unreachable"}, e0=PLAIN),
    "the largest MTU of a route": netns({"to": "10.9.0.0/16", "dev": "e0", "mtu": 65520}, {"to": "fd09::/64", "dev": "e0", "mtu": 65520}, e0=PLAIN),
    "IPv6 on lo of any MTU": netns({"to": "::/0", "type": "throw"}, lo={"mtu": 1000, "addresses": ["fd01::1/128"], "sysctl": {"ipv6.hop_limit": 9}}),
    "IPv6 at its least MTU": netns({"to": "fd09::/64", "via": "fd00::9"}, e0=PLAIN | {"mtu": 1280, "addrgen": "none", "sysctl": {"ipv6.mtu": 1280}}),
    "what needs no IPv6 below it": netns(e0=veth(mtu=1279, addrgen="eui64", addresses=["10.0.0.1/24"], sysctl={"ipv4.rp_filter": 1})),
    "a bridge larger than its ports": netns(br0={"kind": "bridge", "mtu": 1280, "addresses": ["fd01::1/64"]}, e0=veth(mtu=1000, master="br0")),
    "a bridge of 1500 with a smaller port": netns(br0={"kind": "bridge", "mtu": 1500, "addresses": ["fd01::1/64"]}, e0=veth(mtu=1000, master="br0")),
    "multicast address of IPv4": netns(e0=veth(addresses=["224.0.0.1/32"])),
    "the loopback's network on a veth": netns(e0=veth(addresses=["127.0.0.2/8", {"address": "127.0.1.2/8", "scope": "host"}])),
    "the loopback's network on lo": netns(lo={"addresses": ["127.0.0.2/8"]}),
    "127.0.0.1 on a lo that is down": netns(lo={"up": False, "addresses": ["127.0.0.1/8"]}),
    "site-local and mapped addresses": netns(e0=veth(addresses=["fec0::1/64", "::ffff:10.0.0.1/96", {"address": "fe80::77/64", "scope": "link"}])),
    "other networks in other scopes": netns(e0=veth(addresses=["10.0.0.1/24", {"address": "10.0.1.1/24", "scope": "host"}, {"address": "10.0.0.2/25", "scope": "link"}])),
    "a peer that is the address": netns(e0=veth(addresses=[{"address": "10.0.0.1/24", "peer": "10.0.0.1/24"}, {"address": "fd00::1", "peer": "fd00::1/64"}])),
    "one address to two peers": netns(e0=veth(addresses=["10.0.0.1/24", "10.0.0.1/25", "10.0.0.1/32"])),
    "a MAC of lo": netns(lo={"mac": "02:00:00:00:00:01"}),
    "one MAC at both ends": netns(e0=veth(mac="02:00:00:00:00:01"), e1={"mac": "02:00:00:00:00:01"}),
}


@pytest.mark.parametrize("topology", BORDERS.values(), ids=BORDERS.keys())
def test_what_is_within_the_border(machine, topology):
    machine.apply(topology)


def test_the_scope_of_an_ipv6_address_leaves_the_file(machine):
    """An IPv4 address reverts to global."""
    machine.apply(netns(e0=veth(addresses=[{"address": "fe80::77/64", "scope": "link"}])))
    assert machine.apply(netns(e0=veth(addresses=["fe80::77/64"]))).stdout.strip() == "lab: unchanged"
