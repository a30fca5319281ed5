# SPDX-License-Identifier: MIT
"""Addresses are told apart as the kernel tells them apart: IPv4 by address, prefix length and the network of the
far end, IPv6 by the address. What somebody else added beside ours stays, whatever becomes of ours."""
import pytest
from machine import wait_for
from test_monitor import log

# Ours, somebody else's with the same local address, and what ip(8) shows of each.
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


def at(netns):
    return f"-n {netns} " if netns else ""


def topology(netns, *addresses):
    body = {"interfaces": {"ext0": {"addresses": list(addresses)}}}
    return {"namespaces": {netns: {"existing": True, **body}}} if netns else {"host": body}


@pytest.fixture(params=[None, "old"], ids=["host", "existing"])
def place(request, machine):
    if request.param:
        machine.sh(f"ip netns add {request.param}")
    machine.sh(f"ip {at(request.param)}link add ext0 type veth peer name ext1; ip {at(request.param)}link set ext0 up")
    yield request.param
    machine.sh(f"ip {at(request.param)}link del ext0" + (f"; ip netns del {request.param}" if request.param else ""))


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
    """Of two far ends in one network the kernel keeps one: the other is in its way."""
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
    assert "the same address stands at line" in twice.stderr
