# SPDX-License-Identifier: MIT
"""A changed file changes what it declares, in place if the kernel can; what is no longer declared is reverted."""
import re

from topologies import everyday, pair


def interface(topology, netns="ns1", name="veth-ns"):
    return topology["namespaces"][netns]["interfaces"][name]


def test_new_address_keeps_the_default_route(machine):
    t = everyday()
    machine.apply(t)
    index, inode = machine.link("ns1", "veth-ns")["ifindex"], machine.inode("ns1")
    interface(t)["addresses"] = ["10.0.0.3/24"]
    out = machine.apply(t).stdout
    assert re.match(r"lab: 1 created, 1 removed in ", out), out
    assert machine.addresses("ns1", "veth-ns") == ["10.0.0.3/24"]
    assert [r["gateway"] for r in machine.routes("ns1", "default")] == ["10.0.0.1"]
    assert (machine.link("ns1", "veth-ns")["ifindex"], machine.inode("ns1")) == (index, inode)
    machine.ping("ns1", "10.0.0.1")


def test_first_address_of_a_network_is_its_source(machine):
    t = everyday()
    interface(t)["addresses"] = ["10.0.0.2/24", "10.0.0.3/24"]
    machine.apply(t)
    assert machine.addresses("ns1", "veth-ns") == ["10.0.0.2/24", "10.0.0.3/24"]
    assert machine.routes("ns1", "10.0.0.0/24")[0]["prefsrc"] == "10.0.0.2"


def test_a_field_that_is_removed_reverts(machine):
    t = everyday()
    machine.apply(t)
    plain = machine.snapshot()
    interface(t)["mtu"] = 1400
    interface(t)["txqlen"] = 77
    t["namespaces"]["ns1"]["forwarding"] = True
    t["namespaces"]["ns1"]["sysctl"] = {"net.ipv4.conf.all.rp_filter": 2}
    machine.apply(t)
    assert (machine.link("ns1", "veth-ns")["mtu"], machine.link("ns1", "veth-ns")["txqlen"]) == (1400, 77)
    assert machine.sysctl("ns1", "net.ipv4.ip_forward") == machine.sysctl("ns1", "net.ipv6.conf.all.forwarding") == "1"
    assert machine.sysctl("ns1", "net.ipv4.conf.all.rp_filter") == "2"
    machine.apply(everyday())
    machine.assert_same(plain)


def test_route_is_removed_and_added(machine):
    t = everyday()
    machine.apply(t)
    t["namespaces"]["ns1"]["routes"] = []
    assert "1 removed" in machine.apply(t).stdout
    assert machine.routes("ns1", "default") == []
    t["namespaces"]["ns1"]["routes"] = [{"to": "10.9.0.0/16", "via": "10.0.0.1", "metric": 50}]
    machine.apply(t)
    assert machine.routes("ns1", "10.9.0.0/16")[0]["metric"] == 50


def test_down_and_up_of_an_interface(machine):
    t = everyday()
    machine.apply(t)
    interface(t)["up"] = False
    t["namespaces"]["ns1"]["routes"] = []
    machine.apply(t)
    assert "UP" not in machine.link("ns1", "veth-ns")["flags"]
    machine.apply(everyday())
    assert "UP" in machine.link("ns1", "veth-ns")["flags"]
    machine.ping("ns1", "10.0.0.1")


def test_namespace_leaves(machine):
    t = pair()
    t["namespaces"]["c"] = {}
    machine.apply(t)
    assert machine.namespaces() == ["a", "b", "c"]
    del t["namespaces"]["c"]
    assert "1 removed" in machine.apply(t).stdout
    assert machine.namespaces() == ["a", "b"]


def test_veth_pair_is_replugged(machine):
    t = pair()
    machine.apply(t)
    t["namespaces"]["c"] = {"interfaces": {"eth0": t["namespaces"]["b"]["interfaces"].pop("eth0")}}
    interface(t, "a", "eth0")["peer"] = "c/eth0"
    machine.apply(t)
    assert machine.links("b") == ["lo"]
    machine.ping("a", "10.0.0.2")
    assert machine.apply(t).stdout.strip() == "lab: unchanged"


def test_mac_and_name(machine):
    t = pair()
    interface(t, "a", "eth0")["mac"] = "02:00:00:00:00:0a"
    machine.apply(t)
    assert machine.link("a", "eth0")["address"] == "02:00:00:00:00:0a"
    interface(t, "a", "eth0")["mac"] = "02:00:00:00:00:0b"
    assert "1 changed" in machine.apply(t).stdout
    assert machine.link("a", "eth0")["address"] == "02:00:00:00:00:0b"
    machine.ping("b", "10.0.0.1")


def test_small_mtu_loses_no_address(machine):
    """The kernel drops all IPv6 addresses when the MTU goes below 1280, without an event."""
    t = pair()
    interface(t, "a", "eth0")["addresses"] += ["2001:db8::1/64"]
    interface(t, "a", "eth0")["mtu"] = 1400
    machine.apply(t)
    interface(t, "a", "eth0")["mtu"] = 1300
    machine.apply(t)
    assert machine.addresses("a", "eth0") == ["10.0.0.1/24", "2001:db8::1/64"]


def test_existing_host_interface_gets_its_saved_values_back(machine):
    machine.sh("ip link add wan type veth peer name isp; ip link set wan mtu 1450; ip addr add 192.0.2.9/24 dev wan;"
               "ip link set isp up")
    before = machine.snapshot()
    t = {"host": {"interfaces": {"wan": {"mtu": 1300, "up": True, "addresses": ["10.7.0.1/24"]}},
                  "forwarding": "ipv4"}}
    machine.apply(t)
    assert machine.link(None, "wan")["mtu"] == 1300 and "UP" in machine.link(None, "wan")["flags"]
    assert machine.addresses(None, "wan") == ["192.0.2.9/24", "10.7.0.1/24"]
    assert machine.sysctl(None, "net.ipv4.ip_forward") == "1"
    machine.restart()
    machine.ctl("down", "lab")
    machine.assert_same(before)
    machine.sh("ip link del wan")


def test_saved_values_are_restored_when_a_field_is_removed(machine):
    machine.sh("ip link add wan type veth peer name isp; ip link set wan mtu 1450 up")
    machine.apply({"host": {"interfaces": {"wan": {"mtu": 1300}}}})
    machine.apply({"host": {"interfaces": {"wan": {"addresses": ["10.7.0.1/24"]}}}})
    assert machine.link(None, "wan")["mtu"] == 1450
    machine.ctl("down", "lab")
    assert machine.links() == ["isp", "lo", "wan"]
    machine.sh("ip link del wan")


def test_host_forwarding_reverts(machine):
    machine.apply({"host": {"forwarding": True}, "namespaces": {"a": {}}})
    assert machine.sysctl(None, "net.ipv4.ip_forward") == "1"
    machine.ctl("down", "lab")
    machine.assert_same(machine.at_first)


def test_everything_changes_at_once(machine):
    machine.apply(everyday())
    machine.apply(pair())
    assert machine.namespaces() == ["a", "b"] and machine.links() == ["lo"]
    machine.ping("a", "10.0.0.2")


def test_namespace_defaults(machine):
    """A new namespace inherits nothing from the machine that matters."""
    machine.sh("echo 1 >/proc/sys/net/ipv4/ip_forward; echo 2 >/proc/sys/net/ipv4/conf/default/rp_filter")
    machine.apply(everyday())
    assert machine.sysctl("ns1", "net.ipv4.ip_forward") == "0"
    assert machine.sysctl("ns1", "net.ipv6.conf.all.forwarding") == "0"
    for place in "all", "default", "veth-ns":
        assert machine.sysctl("ns1", f"net.ipv4.conf.{place}.rp_filter") == "0"
    # The kernel uses this one if either of the two says so.
    assert "1" in [machine.sysctl("ns1", f"net.ipv4.conf.{place}.promote_secondaries") for place in ("all", "veth-ns")]
    assert machine.sysctl("ns1", "net.ipv6.conf.veth-ns.accept_ra") == "0"
    machine.sh("echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv4/conf/default/rp_filter")


def test_loopback_mtu_is_removed(machine):
    t = {"namespaces": {"a": {"interfaces": {"lo": {"mtu": 1500, "addresses": ["10.255.0.1/32"]}}}}}
    machine.apply(t)
    assert machine.link("a", "lo")["mtu"] == 1500
    machine.restart()
    t["namespaces"]["a"]["interfaces"]["lo"].pop("mtu")
    machine.apply(t)
    assert machine.link("a", "lo")["mtu"] == 65536


def test_loopback_mtu_is_added_and_removed(machine):
    plain = {"namespaces": {"a": {}}}
    machine.apply(plain)
    machine.apply({"namespaces": {"a": {"interfaces": {"lo": {"mtu": 1500}}}}})
    assert machine.link("a", "lo")["mtu"] == 1500
    machine.apply(plain)
    assert machine.link("a", "lo")["mtu"] == 65536


WATCHED_APPLY = """
ip -o monitor link >/run/seen &
until grep -q first /run/seen; do ip link add first type bridge; ip link del first; done
netnsctl apply {file}
ip link add last type bridge; ip link del last
until grep -q "Deleted.* last:" /run/seen; do sleep 0.01; done
kill $!
cat /run/seen; rm /run/seen
"""


def test_new_link_does_not_go_with_the_old_ones(machine):
    """Removed links are deleted by their group; the new one is in it, too."""
    machine.apply({"host": {"interfaces": {"br0": {"kind": "bridge"}, "br1": {"kind": "bridge"}}}})
    file = machine.file({"host": {"interfaces": {"br2": {"kind": "bridge"}}}})
    seen = machine.sh(WATCHED_APPLY.format(file=file)).splitlines()
    assert any(" br2:" in line for line in seen)
    deleted = [line for line in seen if line.startswith("Deleted")]
    assert all(any(f" {name}:" in line for line in deleted) for name in ("br0", "br1")), deleted
    assert not any(" br2:" in line for line in deleted), deleted
    assert machine.links() == ["br2", "lo"]
