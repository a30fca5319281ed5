# SPDX-License-Identifier: MIT
"""An address creates the route to its network, and a route of a file may take that place before or after it: one apply
leads from each to the other and back, also from nothing, and both are healed."""
import itertools
import json

import pytest
from machine import wait_for

REFUSED = {"net.ipv4.ip_default_ttl": 999}
BASE = "10.0.0.1/24", "fd00::1/64"
PLACES = "ns1", "host", "existing"

# What e0, and e1, its other end, have in addition to BASE; and routes.
STATES = {
    "ipv4": {
        "network": (["10.5.0.1/24"], [], []),
        "router": ([], [], [{"to": "10.5.0.0/24", "via": "10.0.0.2"}]),
        "device": ([], [], [{"to": "10.5.0.0/24", "dev": "e0", "table": 254}]),
        "other device": ([], [], [{"to": "10.5.0.0/24", "dev": "e1"}]),
        "blackhole": ([], [], [{"type": "blackhole", "to": "10.5.0.0/24"}]),
        "alone": (["10.5.0.1/32"], [], [{"to": "10.5.0.0/24", "dev": "e0", "src": "10.5.0.1"}]),
        "longer": (["10.5.0.1/25"], [], [{"to": "10.5.0.0/24", "via": "10.5.0.9"}]),
        "two links": (["10.5.0.1/24", "10.5.0.3/24"], ["10.5.0.2/24"], []),
        "peer": ([{"address": "10.6.0.1", "peer": "10.5.0.0/24"}], [], []),
        "metrics": ([{"address": "10.5.0.1/24", "metric": 50}], [], [{"to": "10.5.0.0/24", "via": "10.0.0.2"}]),
        "metrics the other way": (["10.5.0.1/24"], [], [{"to": "10.5.0.0/24", "via": "10.0.0.2", "metric": 50}]),
        "nexthops": ([], [], [{"to": "10.5.0.0/24", "nexthops": [{"via": "10.0.0.2"}, {"via": "10.0.0.3"}]}]),
    },
    "ipv6": {
        "network": (["fd05::1/64"], [], []),
        "router": ([], [], [{"to": "fd05::/64", "via": "fd00::2", "metric": 256}]),
        "device": ([], [], [{"to": "fd05::/64", "dev": "e0", "metric": 256, "table": 254}]),
        "other device": ([], [], [{"to": "fd05::/64", "dev": "e1", "metric": 256}]),
        "blackhole": ([], [], [{"type": "blackhole", "to": "fd05::/64", "metric": 256}]),
        "alone": (["fd05::1/128"], [], [{"to": "fd05::/64", "dev": "e0", "metric": 256}]),
        "longer": (["fd05::1/80"], [], [{"to": "fd05::/64", "via": "fd05::9", "metric": 256}]),
        "two links": (["fd05::1/64"], ["fd05::2/64"], []),
        "peer": ([{"address": "fd06::1", "peer": "fd05::1"}], [], [{"to": "fd05::/64", "via": "fd05::1", "metric": 256}]),
        "peer of two": ([{"address": f"fd06::{n}/64", "peer": "fd07::1/64", "metric": 50} for n in (1, 2)], [],
                        [{"to": "fd05::/64", "metric": 256, "nexthops": [{"via": "fd07::1"}, {"via": "fd00::2"}]}]),
        "one of two": ([{"address": "fd06::1/64", "peer": "fd07::1/64", "metric": 50}], [], []),
        "other of two": ([{"address": "fd06::2/64", "peer": "fd07::1/64", "metric": 50}], [], [{"to": "fd05::/64", "via": "fd07::1"}]),
        "metrics": ([{"address": "fd05::1/64", "metric": 50}], [], [{"to": "fd05::/64", "via": "fd00::2", "metric": 256}]),
        "metrics the other way": (["fd05::1/64"], [], [{"to": "fd05::/64", "via": "fd00::2", "metric": 50}]),
        "nexthops": ([], [], [{"to": "fd05::/64", "metric": 256, "nexthops": [{"via": "fd00::2"}, {"via": "fd00::3"}]}]),
    },
}


def topology(place, state, **more):
    near, far, routes = state
    body = {"interfaces": {"e0": {"kind": "veth", "peer": "e1", "addresses": [*BASE, *near]}, "e1": {"addresses": ["10.9.0.1/24", *far]}},
            "routes": routes}
    if place == "host":
        return {"host": body | more}
    return {"host": more, "namespaces": {"ns1": body | ({"existing": True} if place == "existing" else {})}}


def routes(machine, place):
    where = [] if place == "host" else ["-n", "ns1"]
    found = [r for family in ("-4", "-6") for r in machine.ip(*where, family, "route", "show", "table", "main")]
    return sorted(json.dumps({k: v for k, v in r.items() if k not in ("flags", "pref")}, sort_keys=True) for r in found
                  if not r["dst"].startswith(("fe80", "ff00")))


@pytest.fixture
def at(machine, request):
    """A machine, and an existing place on it."""
    if request.param == "existing":
        machine.sh("ip netns add ns1; ip -n ns1 link set lo up")
    yield machine, request.param
    machine.ctl("down", "lab", code=None)
    if request.param == "existing":
        machine.sh("ip netns del ns1")


def reached(machine, place, state):
    """What one apply from nothing leads to."""
    machine.ctl("down", "lab", code=None)
    machine.apply(topology(place, state))
    found = routes(machine, place)
    assert machine.apply(topology(place, state)).stdout == "lab: unchanged\n"
    return found


@pytest.mark.parametrize("family", STATES)
@pytest.mark.parametrize("at", PLACES, indirect=True)
def test_each_from_each(at, family):
    machine, place = at
    states = STATES[family]
    expected = {name: reached(machine, place, state) for name, state in states.items()}
    for a, b in itertools.permutations(states, 2):
        if place != "ns1" and "network" not in (a, b):
            continue
        machine.apply(topology(place, states[a]))
        assert routes(machine, place) == expected[a], a
        error = machine.apply(topology(place, states[b], sysctl=REFUSED), code=1).stderr
        assert "everything is as it was before" in error and not "rollback also failed" in error and routes(machine, place) == expected[a], (a, b, error)
        machine.apply(topology(place, states[b]))
        assert routes(machine, place) == expected[b], (a, b)
        machine.ctl("rollback", "lab")
        assert routes(machine, place) == expected[a], (a, b)


@pytest.mark.parametrize("family", STATES)
@pytest.mark.parametrize("at", PLACES, indirect=True)
def test_each_is_restored(at, family):
    """After a flap, which removes the routes, and with the machine."""
    machine, place = at
    where = "" if place == "host" else "-n ns1"
    for name, state in STATES[family].items():
        before = reached(machine, place, state)
        machine.sh(f"ip {where} link set e0 down; ip {where} link set e0 up")
        wait_for(lambda b=before: routes(machine, place) == b)
        machine.ctl("wait", "lab")
        assert machine.apply(topology(place, state)).stdout == "lab: unchanged\n", name


@pytest.mark.parametrize("family", STATES)
def test_not_confirmed(machine, family):
    states = STATES[family]
    for a, b in [("network", "router"), ("router", "network"), ("alone", "network"), ("network", "alone")]:
        machine.apply(topology("ns1", states[a]))
        before = routes(machine, "ns1")
        machine.apply(topology("ns1", states[b]), "lab", "--confirm", "1")
        assert routes(machine, "ns1") != before
        wait_for(lambda before=before: routes(machine, "ns1") == before)
        wait_for(lambda a=a: machine.apply(topology("ns1", states[a]), code=None).stdout == "lab: unchanged\n")


def test_never_both(machine):
    t = topology("ns1", (["10.5.0.1/24"], [], [{"to": "10.5.0.0/24", "via": "10.0.0.2"}]))
    assert "the kernel creates this route itself, with the address 10.5.0.1/24 of e0" in machine.apply(t, code=2).stderr


@pytest.mark.parametrize("nodad", [{}, {"nodad": False}, {"nodad": True}], ids=str)
@pytest.mark.parametrize("at", PLACES, indirect=True)
def test_behind_the_peer(at, nodad):
    """The kernel creates the route to the peer of an IPv6 address only after duplicate address detection."""
    machine, place = at
    t = topology(place, ([{"address": "fd06::1", "peer": "fd05::1", **nodad}], [], [{"to": "fd08::/64", "via": "fd05::1"},
                                                                                 {"to": "fd09::/64", "via": "fd05::1", "dev": "e0"}]))
    for _ in range(2):
        machine.apply(t)
        before = routes(machine, place)
        assert {"fd05::1", "fd08::/64", "fd09::/64"} <= {json.loads(r)["dst"] for r in before}
        wait_for(lambda: not [a for a in machine.ip(*([] if place == "host" else ["-n", "ns1"]), "addr", "show", "dev", "e0", "tentative")
                              if a.get("addr_info")])
        assert routes(machine, place) == before
        assert machine.apply(t).stdout == "lab: unchanged\n"
        machine.ctl("down", "lab")
    assert not place == "host" or not [r for r in routes(machine, place) if "fd0" in r]


GATEWAYS = {
    "ipv4": ("10.0.0.1/24", "10.0.0.2/24", "10.0.0.2/32", "10.6.0.1", "0.0.0.0/0"),
    "ipv6": ("fd00::1/64", "fd00::2/64", "fd00::2/128", "fd06::1", "::/0"),
}


@pytest.mark.parametrize("family", GATEWAYS)
@pytest.mark.parametrize("at", PLACES, indirect=True)
def test_address_becomes_the_gateway(at, family):
    """And the gateway the address; IPv6 accepts none of its own addresses as a gateway."""
    machine, place = at
    one, other, alone, elsewhere, to = GATEWAYS[family]
    bare = {a: a.partition("/")[0] for a in (one, other)}

    def ends(near, via, far=(), **more):
        t = topology(place, ([], far, [{"to": to, "via": via, "metric": 70, **more}] if via else []))
        (t.get("namespaces", {}).get("ns1") or t["host"])["interfaces"]["e0"]["addresses"] = near
        return t

    states = [
        ends([one], bare[other]),
        ends([other], bare[one]),
        ends([one], None, [alone]),
        ends([other], None),
        ends([{"address": elsewhere, "peer": bare[other]}], bare[other]),
        ends([one], None),
        ends([one], bare[other], onlink=True, dev="e0"),
    ]
    expected = []
    for t in states:
        machine.ctl("down", "lab", code=None)
        machine.apply(t)
        expected.append(routes(machine, place))
    for a, b in itertools.permutations(range(len(states)), 2):
        machine.apply(states[a])
        assert routes(machine, place) == expected[a], (a, b)
        refused = json.loads(json.dumps(states[b]))
        refused.setdefault("host", {})["sysctl"] = REFUSED
        error = machine.apply(refused, code=1).stderr
        assert "everything is as it was before" in error and routes(machine, place) == expected[a], (a, b, error)
        machine.apply(states[b])
        assert routes(machine, place) == expected[b], (a, b)
        machine.ctl("rollback", "lab")
        assert routes(machine, place) == expected[a], (a, b)
