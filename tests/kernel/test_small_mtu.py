# SPDX-License-Identifier: MIT
"""An MTU below 1280 removes all of IPv6 from a link, its addresses, its keys and its address generation, and a larger
one brings the link back without them: what a topology declares holds on both sides of that, and across it."""
import pytest
from machine import wait_for

REFUSED = {"net.ipv4.ip_default_ttl": 999}
WIDE = {"kind": "bridge", "mtu": 9000, "addrgen": "none", "sysctl": {"ipv6.hop_limit": 8}, "addresses": ["10.0.0.1/24", "fd00::1/64"]}
NARROW = {"kind": "bridge", "mtu": 1000, "addresses": ["10.0.0.1/24"]}


def with_br0(br0, **body):
    return {"namespaces": {"a": {"interfaces": {"br0": br0}, **body}}}


def test_link_that_loses_and_gets_ipv6(machine):
    """Below an MTU of 1280 there is none: no addresses, no keys, no address generation."""
    for br0 in WIDE, NARROW, WIDE, {"kind": "bridge"}, NARROW, {"kind": "bridge", "addrgen": "none"}:
        machine.apply(with_br0(br0))
        assert machine.apply(with_br0(br0)).stdout.strip() == "lab: unchanged"
    machine.apply(with_br0(WIDE))
    assert machine.addresses("a", "br0") == ["10.0.0.1/24", "fd00::1/64"]
    assert machine.sysctl("a", "net.ipv6.conf.br0.hop_limit") == "8"
    machine.sh("ip -n a link set br0 mtu 1000")
    wait_for(lambda: machine.addresses("a", "br0") == ["10.0.0.1/24", "fd00::1/64"])
    wait_for(lambda: machine.sysctl("a", "net.ipv6.conf.br0.hop_limit") == "8")
    assert machine.link("a", "br0")["inet6_addr_gen_mode"] == "none"


@pytest.mark.parametrize("before, after", [(WIDE, NARROW), (NARROW, WIDE), (WIDE, {"kind": "veth", "peer": "b/x"})],
                         ids=["loses", "gets", "another link"])
def test_refused_change_of_a_bridge(machine, before, after):
    machine.apply(with_br0(before))
    was = machine.link("a", "br0"), machine.addresses("a", "br0")
    machine.apply({"namespaces": {**with_br0(after, sysctl=REFUSED)["namespaces"], "b": {}}}, code=1)
    now = machine.link("a", "br0"), machine.addresses("a", "br0")
    for link, addresses in was, now:
        assert (link["mtu"], link["linkinfo"]["info_kind"], addresses) == (before["mtu"], "bridge", before["addresses"])
    assert machine.apply(with_br0(before)).stdout.strip() == "lab: unchanged"


def test_veth_pair_of_small_mtu_that_leaves_its_addrgen(machine):
    t = {"namespaces": {"a": {"interfaces": {"x": {"kind": "veth", "peer": "b/x", "addrgen": "none"}}}, "b": {}, "c": {}}}
    machine.apply(t)
    t["namespaces"]["a"]["interfaces"]["x"] = {"kind": "veth", "peer": "c/x", "mtu": 1000}
    machine.apply(t)
    assert machine.link("a", "x")["mtu"] == 1000


def test_host_end_that_gets_ipv6_again(machine):
    """It is guarded like a new one: nobody on our veth pair is a router of the host."""
    t = {"host": {"interfaces": {"x": {"kind": "veth", "peer": "a/x", "mtu": 1400}}}, "namespaces": {"a": {}}}
    machine.apply(t)
    for script in "ip link set x mtu 1000", "ip link set x down; ip link set x mtu 1000":
        machine.sh(script)
        wait_for(lambda: machine.link(None, "x")["mtu"] == 1400 and machine.sysctl(None, "net.ipv6.conf.x.accept_ra") == "0")
    t["host"]["interfaces"]["x"]["mtu"] = 1000
    machine.apply(t)
    t["host"]["interfaces"]["x"]["mtu"] = 1500
    machine.apply(t)
    assert machine.sysctl(None, "net.ipv6.conf.x.accept_ra") == "0"
