# SPDX-License-Identifier: MIT
"""What random operations (test_property.py) have found, each for itself."""
import json

import pytest
from machine import wait_for

REFUSED = {"net.ipv4.ip_default_ttl": 999}
WIDE = {"kind": "bridge", "mtu": 9000, "addrgen": "none", "sysctl": {"ipv6.hop_limit": 8}, "addresses": ["10.0.0.1/24", "fd00::1/64"]}
NARROW = {"kind": "bridge", "mtu": 1000, "addresses": ["10.0.0.1/24"]}


def with_br0(br0, **body):
    return {"namespaces": {"a": {"interfaces": {"br0": br0}, **body}}}


def test_link_that_loses_and_gets_ipv6(machine):
    """Below an MTU of 1280 there is none: no addresses, no keys, no way to make addresses."""
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


def test_cable_of_small_mtu_that_leaves_its_addrgen(machine):
    t = {"namespaces": {"a": {"interfaces": {"x": {"kind": "veth", "peer": "b/x", "addrgen": "none"}}}, "b": {}, "c": {}}}
    machine.apply(t)
    t["namespaces"]["a"]["interfaces"]["x"] = {"kind": "veth", "peer": "c/x", "mtu": 1000}
    machine.apply(t)
    assert machine.link("a", "x")["mtu"] == 1000


def test_host_end_that_gets_ipv6_again(machine):
    """It is guarded as a new one is: nobody on our cable routes the host."""
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


def healed(machine):
    return json.loads(machine.ctl("--json", "status").stdout)["topologies"][0]["healed"]


def test_heal_of_one_link_leaves_what_refers_to_another(machine):
    """A route out of a link, or a port of a bridge, that was not looked at itself."""
    machine.apply({"host": {
        "interfaces": {"br0": {"kind": "bridge", "addresses": ["10.0.0.1/24"]}, "br1": {"kind": "bridge", "mtu": 1400},
                       "x": {"kind": "veth", "peer": "y", "master": "br0"}, "y": {"mtu": 1400}},
        "routes": [{"to": "10.9.0.0/24", "dev": "br0", "src": "10.0.0.1"}]}})
    for link in "br1", "y":
        before = healed(machine)
        machine.sh(f"ip link set {link} mtu 1300")
        wait_for(lambda: machine.link(None, link)["mtu"] == 1400 and healed(machine) > before)
        assert healed(machine) == before + 1, machine.log()
        assert "route" not in machine.log() and "master" not in machine.log(), machine.log()


def test_bridge_that_is_deleted(machine):
    """Its ports tell of it first: to give them back what is gone would be refused, and wait."""
    t = {"host": {"interfaces": {"br0": {"kind": "bridge"}}}}
    for i in range(8):
        t["host"]["interfaces"].update({f"x{i}": {"kind": "veth", "peer": f"y{i}", "master": "br0"}, f"y{i}": {}})
    machine.apply(t)
    for _ in range(4):
        machine.sh("ip link del br0")
        wait_for(lambda: all(machine.link(None, f"x{i}").get("master") == "br0" for i in range(8)))
    assert "refused" not in machine.log(), machine.log()


def test_what_stands_on_an_interface_of_which_nothing_is_said(machine):
    machine.sh("ip link add wan type bridge; ip netns add lab; ip -n lab link add port type bridge")
    wan = {"addresses": ["10.7.0.1/24"], "sysctl": {"ipv4.rp_filter": 1}}
    machine.apply({"host": {"interfaces": {"wan": wan}}, "namespaces": {"lab": {"existing": True, "interfaces": {"port": wan}}}})
    for netns, link in (None, "wan"), ("lab", "port"):
        where = " ".join(machine.at(netns))
        machine.sh(f"ip {where} addr del 10.7.0.1/24 dev {link}")
        wait_for(lambda: machine.addresses(netns, link) == ["10.7.0.1/24"])
        command = f"echo 0 >/proc/sys/net/ipv4/conf/{link}/rp_filter"
        machine.run(*(["ip", "netns", "exec", netns] if netns else []), "sh", "-c", command)
        wait_for(lambda: machine.sysctl(netns, f"net.ipv4.conf.{link}.rp_filter") == "1")
    machine.ctl("down", "lab")
    machine.sh("ip link del wan; ip netns del lab")


def test_link_that_was_left_half_made_is_finished(machine):
    """As a crash leaves it between its first message and its second."""
    machine.apply({"host": {"interfaces": {"x": {"kind": "veth", "peer": "a/x"}}}, "namespaces": {"a": {}}})
    before = machine.snapshot()
    machine.stop()
    machine.sh("ip link set x down; ip link set x alias ''; echo 0 >/proc/sys/net/ipv4/conf/x/promote_secondaries;"
               "echo 1 >/proc/sys/net/ipv6/conf/x/accept_ra")
    machine.start()
    machine.assert_same(before)
    for key, value in ("ipv4.conf.x.promote_secondaries", "1"), ("ipv6.conf.x.accept_ra", "0"):
        assert machine.sysctl(None, f"net.{key}") == value
