# SPDX-License-Identifier: MIT
"""Addresses are distinguished as the kernel distinguishes them: IPv4 by address, prefix length and the network of the
peer, IPv6 by the address. What others added next to ours stays, whatever happens to ours."""
import re

import pytest
from machine import at, wait_for
from monitor import events, log

# Ours, another with the same local address, and what ip(8) shows of each.
PAIRS = {
    "peers": ({"address": "10.0.0.1", "peer": "10.0.0.2/32"}, "10.0.0.1 peer 10.0.0.3/32"),
    "peer and network": ({"address": "10.0.0.1", "peer": "10.1.0.2/24"}, "10.0.0.1/24"),
    "network and peer": ("10.0.0.1/24", "10.0.0.1 peer 10.1.0.2/24"),
    "prefix lengths": ("10.0.0.1/24", "10.0.0.1/25"),
    "far networks": ({"address": "10.0.0.1", "peer": "10.1.0.2/24"}, "10.0.0.1 peer 10.2.0.2/24"),
}


def text(address):
    return f"{address['address']} peer {address['peer']}" if isinstance(address, dict) else address


def shown(machine, netns, link):
    return {f"{a['local']} peer {a['address']}/{a['prefixlen']}" if "address" in a else f"{a['local']}/{a['prefixlen']}"
            for entry in machine.ip(*machine.at(netns), "addr", "show", "dev", link) for a in entry["addr_info"]
            if a["scope"] != "link"}


def topology(netns, *addresses):
    body = {"interfaces": {"ext0": {"addresses": list(addresses)}}}
    return {"namespaces": {netns: {"existing": True, **body}}} if netns else {"host": body}


@pytest.mark.parametrize("ours, foreign", PAIRS.values(), ids=PAIRS)
def test_foreign_address_of_the_same_local_stays(machine, place, ours, foreign):
    both, ip = {text(ours), foreign}, f"ip {at(place)}addr"
    machine.sh(f"{ip} add {foreign} dev ext0")
    machine.apply(topology(place, ours))
    assert shown(machine, place, "ext0") == both
    assert machine.apply(topology(place, ours)).stdout == "lab: unchanged\n"
    machine.sh(f"{ip} del {text(ours)} dev ext0")
    wait_for(lambda: shown(machine, place, "ext0") == both)
    wait_for(lambda: log(machine)[-1]["event"] == "healed")
    machine.apply(topology(place, "10.9.0.1/24"))
    assert shown(machine, place, "ext0") == {foreign, "10.9.0.1/24"}
    machine.ctl("rollback", "lab")
    assert shown(machine, place, "ext0") == both
    machine.apply({**topology(place, "10.8.0.1/24"), "description": "is refused"} | {
        "namespaces": {**topology(place, "10.8.0.1/24").get("namespaces", {}), "n": {"sysctl": {"net.ipv4.ip_default_ttl": 999}}}},
        code=1)
    assert shown(machine, place, "ext0") == both
    machine.restart()
    machine.ctl("down", "lab")
    assert shown(machine, place, "ext0") == {foreign}


@pytest.mark.parametrize("foreign", ["10.0.0.1 peer 10.1.0.3/24", "10.0.0.1 peer 10.1.0.2/24"])
def test_conflict_is_the_kernels(machine, place, foreign):
    """Of two peers in one network the kernel keeps one: the other is in its way."""
    machine.sh(f"ip {at(place)}addr add {foreign} dev ext0")
    refused = machine.apply(topology(place, {"address": "10.0.0.1", "peer": "10.1.0.2/24"}), code=1)
    assert f"address {place or 'host'}/ext0 10.0.0.1/24 peer 10.1.0.2/24" in refused.stderr
    assert shown(machine, place, "ext0") == {foreign}


def test_on_our_link_it_is_drift(machine):
    t = {"namespaces": {"a": {"interfaces": {"e0": {"kind": "veth", "peer": "e1", "addresses": [
        {"address": "10.0.0.1", "peer": "10.0.0.2/32"}, "10.5.0.1/24"]}}}}}
    machine.apply(t)
    plan = machine.ctl("plan", machine.file({"namespaces": {"a": {"interfaces": {"e0": {"kind": "veth", "peer": "e1"}}}}}))
    assert "10.0.0.1 peer 10.0.0.2" in plan.stdout
    declared = {"10.0.0.1 peer 10.0.0.2/32", "10.5.0.1/24"}
    assert shown(machine, "a", "e0") == declared
    for foreign in "10.0.0.1 peer 10.0.0.3/32", "10.0.0.1/24", "10.5.0.1 peer 10.6.0.1/24":
        machine.sh(f"ip -n a addr add {foreign} dev e0")
        wait_for(lambda: shown(machine, "a", "e0") == declared)
    machine.sh("ip -n a addr del 10.0.0.1 peer 10.0.0.2/32 dev e0; ip -n a addr add 10.0.0.1 peer 10.0.0.3/32 dev e0")
    wait_for(lambda: shown(machine, "a", "e0") == declared)
    assert machine.apply(t).stdout == "lab: unchanged\n"


def test_two_topologies_with_one_local(machine, place):
    first, second = ({"address": "10.0.0.1", "peer": f"10.0.0.{n}/32"} for n in (2, 3))
    machine.apply(topology(place, first))
    machine.apply(topology(place, second), "other")
    assert shown(machine, place, "ext0") == {text(first), text(second)}
    machine.sh(f"ip {at(place)}addr del {text(first)} dev ext0")
    wait_for(lambda: shown(machine, place, "ext0") == {text(first), text(second)})
    machine.ctl("down", "lab")
    assert shown(machine, place, "ext0") == {text(second)}
    machine.ctl("down", "other")
    assert shown(machine, place, "ext0") == set()


def test_several_peers_of_one_local(machine, place):
    addresses = [{"address": "10.0.0.1", "peer": f"10.0.0.{n}/32"} for n in (2, 3, 4)]
    machine.apply(topology(place, *addresses))
    assert shown(machine, place, "ext0") == {text(a) for a in addresses}
    machine.apply(topology(place, *addresses[:2]))
    assert shown(machine, place, "ext0") == {text(a) for a in addresses[:2]}
    twice = machine.apply(topology(place, addresses[0], addresses[0]), code=2)
    assert "the same address is already at line" in twice.stderr


# What somebody does to an address of ours, and what plan says about it.
ALTERED = {
    "noprefixroute 6": ("ip {n}addr change fd00::1/64 dev e0 noprefixroute", "fd00::1/64 options noprefixroute → none"),
    "noprefixroute 4": ("ip {n}addr del 10.0.0.1/24 dev e0; ip {n}addr add 10.0.0.1/24 dev e0 noprefixroute",
                        "10.0.0.1/24 noprefixroute (recreated)"),
    "deprecated 4": ("ip {n}addr change 10.0.0.1/24 dev e0 preferred_lft 0", "10.0.0.1/24 preferred_lft 0 → forever"),
    "deprecated 6": ("ip {n}addr change fd00::1/64 dev e0 preferred_lft 0", "fd00::1/64 preferred_lft 0 → forever"),
    "ends 4": ("ip {n}addr change 10.0.0.1/24 dev e0 valid_lft 9999 preferred_lft 9999", "10.0.0.1/24 valid_lft TIME → forever"),
    "ends 6": ("ip {n}addr change fd00::1/64 dev e0 valid_lft 9999 preferred_lft 9999", "fd00::1/64 valid_lft TIME → forever"),
    "privacy": ("ip {n}addr change fd00::1/64 dev e0 mngtmpaddr", "fd00::1/64 options mngtmpaddr → none"),
    "home": ("ip {n}addr change fd00::1/64 dev e0 home", "fd00::1/64 options home → none"),
}


def three_places(on_drift="heal"):
    """e0, of ours, on the host, in a namespace of ours and in one of others."""
    def body(n):
        return {"interfaces": {"e0": {"kind": "veth", "peer": f"far/e{n}", "addresses": ["10.0.0.1/24", "fd00::1/64"]}}}
    far = {f"e{n}": {"addresses": ["10.0.0.2/24", "fd00::2/64"]} for n in range(3)}
    return {"on_drift": on_drift, "host": body(0), "namespaces": {
        "ns": body(1), "old": {"existing": True, **body(2)}, "far": {"interfaces": far}}}


def details(machine, netns):
    """All that the kernel says about the addresses, and their routes."""
    addresses = [a for entry in machine.ip(*machine.at(netns), "addr", "show", "dev", "e0") for a in entry["addr_info"]
                 if a["scope"] != "link"]
    for a in addresses:
        a.pop("nodad", None)
        for key in "valid_life_time", "preferred_life_time":  # time passes
            a[key] = a[key] == 2**32 - 1
    routes = [r for family in ("-4", "-6") for r in machine.ip(*machine.at(netns), family, "route", "show", "dev", "e0")
              if not r["dst"].startswith("fe80")]
    for r in routes:
        if "expires" in r:  # the remaining seconds
            r["expires"] = True
    return sorted(addresses, key=str), sorted(routes, key=str)


@pytest.fixture
def somebodys(machine):
    machine.sh("ip netns add old")
    yield machine
    machine.sh("ip netns del old")


@pytest.mark.parametrize("alter, said", ALTERED.values(), ids=ALTERED)
def test_altered_address_is_healed(somebodys, alter, said):
    machine = somebodys
    places = [None, "ns", "old"]
    machine.apply(three_places())
    before = [details(machine, p) for p in places]
    for netns in places:
        machine.pause()
        machine.sh(alter.format(n=at(netns)))
        machine.resume()
        wait_for(lambda: log(machine)[-1]["event"] == "healed" and [details(machine, p) for p in places] == before)
    machine.apply(three_places("report"))
    for netns in places:
        machine.sh(alter.format(n=at(netns)))
    altered = [details(machine, p) for p in places]
    assert all(a != b for a, b in zip(altered, before))
    plan = machine.ctl("plan", "--exit-code", machine.file(three_places("report")), code=3).stdout
    assert re.sub(r"_lft 9[0-9]{3}\b", "_lft TIME", plan).count(said) == 3
    # A rollback restores what was there, and an apply makes what is declared.
    refused = three_places("report")
    refused["namespaces"]["far"]["sysctl"] = {"net.ipv4.ip_default_ttl": 999}
    machine.apply(refused, code=1)
    assert [details(machine, p) for p in places] == altered
    machine.apply(three_places())
    assert [details(machine, p) for p in places] == before
    assert machine.apply(three_places()).stdout == "lab: unchanged\n"


def test_altered_address_on_an_interface_of_others(machine, place):
    """Whoever manages the interface: the address is ours, and has the route to its network."""
    machine.apply(topology(place, "10.0.0.1/24", "fd00::1/64"))
    ip = f"ip {at(place)}addr"
    # The kernel reports no change of a tentative address.
    wait_for(lambda: "tentative" not in machine.sh(f"{ip} show dev ext0 scope global"))
    for alter in (f"{ip} change fd00::1/64 dev ext0 noprefixroute", f"{ip} change fd00::1/64 dev ext0 preferred_lft 0",
                  f"{ip} del 10.0.0.1/24 dev ext0; {ip} add 10.0.0.1/24 dev ext0 noprefixroute"):
        healed = events(machine).count("healed")
        machine.pause()
        machine.sh(alter)
        machine.resume()
        wait_for(lambda: events(machine).count("healed") > healed)  # noqa: B023
        flags = [a.keys() for entry in machine.ip(*machine.at(place), "addr", "show", "dev", "ext0") for a in entry["addr_info"]]
        assert not any("noprefixroute" in f or "deprecated" in f for f in flags)


def test_privacy_address_of_somebody_is_drift(somebodys):
    somebodys.apply(three_places())
    before = details(somebodys, "ns")
    somebodys.sh("ip -n ns addr add fd07::1/64 dev e0 mngtmpaddr")
    wait_for(lambda: log(somebodys)[-1]["event"] == "healed")
    assert details(somebodys, "ns") == before


def test_altered_address_is_not_adopted(machine):
    machine.sh("ip link add ext0 type veth peer name ext1; ip addr add 10.0.0.1/24 dev ext0 noprefixroute")
    machine.sh("ip link set ext0 up")
    refused = machine.ctl("adopt", machine.file(topology(None, "10.0.0.1/24")), code=1)
    assert "noprefixroute" in refused.stderr
    machine.sh("ip link del ext0")
