# SPDX-License-Identifier: MIT
"""Only ours: all that we create is marked, and what others created stays through changes and down."""
import pytest
from machine import wait_for
from topologies import everyday, pair


def snapshot_without(machine, *words):
    return [line for line in machine.snapshot() if not any(word in line for word in words)]


def test_links_carry_group_and_alias(machine):
    machine.apply(everyday())
    marks = {machine.link(*at)["group"] for at in ((None, "veth-host"), ("ns1", "veth-ns"))}
    assert len(marks) == 1
    group = int(marks.pop(), 0)
    assert group & 0x60000000 == 0x40000000
    assert machine.link(None, "veth-host")["ifalias"] == machine.link("ns1", "veth-ns")["ifalias"] == "netnsd:lab"
    assert int(machine.link("ns1", "lo")["group"], 0) == group | 1 << 29
    assert machine.link(None, "lo")["group"] == "default" and "ifalias" not in machine.link(None, "lo")


def test_groups_of_two_topologies_differ(machine):
    machine.apply(everyday(), "one")
    machine.apply(pair(), "two")
    assert machine.link("ns1", "veth-ns")["group"] != machine.link("a", "eth0")["group"]


def test_routes_and_host_addresses_carry_the_protocol(machine):
    machine.sh("ip link add wan type veth peer name isp; ip link set wan up; ip link set isp up")
    t = everyday()
    t["host"]["interfaces"]["wan"] = {"addresses": ["10.7.0.1/24"]}
    t["host"]["routes"] = [{"to": "10.9.0.0/24", "via": "10.7.0.2"}]
    machine.apply(t)
    assert machine.routes("ns1", "default")[0]["protocol"] in ("78", "netnsd")
    assert machine.routes(None, "10.9.0.0/24")[0]["protocol"] in ("78", "netnsd")
    address = machine.ip("addr", "show", "dev", "wan")[0]["addr_info"][0]
    assert address["local"] == "10.7.0.1"
    # ip(8) of Debian 12 does not show IFA_PROTO in JSON: ask for those that have it instead.
    assert address.get("protocol", "78") in ("78", "netnsd", "0x4e")
    machine.ctl("down", "--all")
    machine.sh("ip link del wan")


FOREIGN = [
    ("address in our namespace's foreign link",
     "ip -n ns1 link add x type veth peer name y; ip -n ns1 addr add 10.8.0.1/24 dev x; ip -n ns1 link set x up"),
    ("route in our namespace", "ip -n ns1 route add 10.99.0.0/16 via 10.0.0.1 proto bird"),
    ("route of people in our namespace", "ip -n ns1 route add 10.98.0.0/16 via 10.0.0.1"),
    ("route on the host", "ip route add 10.97.0.0/16 via 10.0.0.2 proto static"),
    ("link on the host", "ip link add foreign type bridge; ip addr add 10.6.0.1/24 dev foreign; ip link set foreign up"),
    ("namespace", "ip netns add foreign; ip -n foreign link set lo up"),
]


@pytest.mark.parametrize("make", [make for _, make in FOREIGN], ids=[name for name, _ in FOREIGN])
def test_foreign_objects_stay_on_change(machine, make):
    machine.apply(everyday())
    machine.sh(make)
    before = machine.snapshot()
    t = everyday()
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    machine.assert_same(before)
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"]["mtu"] = 1400
    machine.apply(t)
    machine.apply(everyday())
    machine.assert_same(before)
    machine.ctl("down", "lab")
    machine.sh("ip link del foreign 2>/dev/null || true; ip netns del foreign 2>/dev/null || true")


def test_foreign_objects_stay_on_down(machine):
    machine.sh("ip link add wan type veth peer name isp; ip addr add 10.7.0.1/24 dev wan; ip link set wan up;"
               "ip link set isp up; ip route add 10.9.0.0/24 via 10.7.0.2; ip netns add foreign")
    before = machine.snapshot()
    t = everyday()
    t["host"]["interfaces"]["wan"] = {"mtu": 1400, "addresses": ["10.7.0.5/24"]}
    t["host"]["routes"] = [{"to": "10.9.0.0/24", "via": "10.0.0.2", "metric": 9}]
    machine.apply(t)
    machine.ctl("down", "lab")
    machine.assert_same(before)
    machine.sh("ip link del wan; ip netns del foreign")


def test_link_that_merely_has_our_group_is_not_deleted(machine):
    """Deleting by group removes everything in it: somebody may have put a link of his there."""
    machine.apply(everyday())
    group = machine.link(None, "veth-host")["group"]
    machine.sh(f"ip link add foreign type veth peer name foreign2; ip link set foreign group {group}")
    machine.ctl("down", "lab")
    assert "foreign" in machine.links()
    machine.sh("ip link del foreign")


def test_down_names_the_processes_that_live_on(machine):
    machine.apply(everyday())
    sleeper = machine.popen("ip", "netns", "exec", "ns1", "sleep", "1000")
    out = machine.ctl("down", "lab")
    assert "sleep" in out.stdout + out.stderr
    assert machine.namespaces() == [] and machine.links() == ["lo"]
    machine.apply(everyday())
    machine.ping("ns1", "10.0.0.1")
    machine.sh("pkill -x sleep")
    sleeper.wait(5)


def test_namespace_deleted_by_hand_does_not_hinder_down(machine):
    machine.apply(pair())
    machine.unname("a")
    machine.ctl("down", "lab")
    assert machine.namespaces() == []


def test_apply_repairs_what_was_deleted_by_hand(machine):
    machine.apply(everyday())
    machine.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns")
    machine.apply(everyday())
    machine.ping("ns1", "10.0.0.1")
    machine.sh("ip link del veth-host")
    machine.apply(everyday())
    machine.ping("ns1", "10.0.0.1")
    machine.unname("ns1")
    machine.apply(everyday())
    machine.ping("ns1", "10.0.0.1")


def test_address_added_by_hand_is_drift(machine):
    machine.apply(everyday())
    machine.sh("ip -n ns1 addr add 10.0.0.77/24 dev veth-ns")
    machine.apply(everyday())
    assert machine.addresses("ns1", "veth-ns") == ["10.0.0.2/24"]


@pytest.mark.parametrize("netns", ["host", "s"])
def test_address_list_is_complete_only_where_there_is_one(machine, netns):
    bridge = {"kind": "bridge", "sysctl": {"ipv4.rp_filter": 1}}
    t = {"host": {}, "namespaces": {"s": {}}}
    (t["host"] if netns == "host" else t["namespaces"]["s"])["interfaces"] = {"br0": bridge}
    at = None if netns == "host" else netns
    by_hand = ["ip", *machine.at(at), "addr", "add", "10.5.0.1/24", "dev", "br0"]
    machine.apply(t)
    machine.run(*by_hand)
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    machine.restart()
    assert machine.addresses(at, "br0") == ["10.5.0.1/24"]
    bridge["addresses"] = []
    machine.apply(t)
    assert machine.addresses(at, "br0") == []
    machine.run(*by_hand)
    wait_for(lambda: machine.addresses(at, "br0") == [])


def test_interface_that_leaves_a_file_is_free(machine):
    machine.sh("ip link add wan type veth peer name isp")
    wan = {"host": {"interfaces": {"wan": {"mtu": 1400}}}}
    machine.apply({"host": {"interfaces": {"wan": {"mtu": 1300}}}}, "one")
    assert "one" in machine.apply(wan, "two", code=1).stderr
    machine.apply({"namespaces": {"a": {}}}, "one")
    machine.apply(wan, "two")
    assert machine.link(None, "wan")["mtu"] == 1400
    assert machine.apply({"namespaces": {"a": {}}}, "one").stdout.strip() == "one: unchanged"
    machine.ctl("down", "two")
    assert machine.link(None, "wan")["mtu"] == 1500
    machine.sh("ip link del wan")


def test_file_of_an_existing_namespace_is_not_ours_to_remove(machine):
    """What an unmounted name leaves behind looks like what an interrupted create of ours leaves."""
    machine.sh("ip netns add theirs")
    t = {"namespaces": {"theirs": {"existing": True, "interfaces": {"lo": {"addresses": ["10.255.0.1/32"]}}}}}
    machine.apply(t)
    machine.sh("umount -l /run/netns/theirs")
    file = machine.root / "run/netns/theirs"
    assert file.stat().st_size == 0
    assert "theirs" in machine.apply(t, code=1).stderr
    assert file.exists()
    machine.restart()
    assert file.exists()
    machine.ctl("down", "lab", code=None)
    assert file.exists()
    file.unlink()
