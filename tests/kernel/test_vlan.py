# SPDX-License-Identifier: MIT
"""VLANs of interfaces, and dummies: created, read back, changed, healed, removed, with packets."""
import pytest
from machine import wait_for

needs_vlan = pytest.mark.uml
# A step that the kernel refuses, and that comes late.
REFUSED = {"net.ipv4.ip_default_ttl": 999}


def trunk(*, near=None, far=None, **eth0):
    """A veth pair from a to b, with a VLAN of eth0 at each end."""
    return {"namespaces": {
        "a": {"interfaces": {"eth0": {"kind": "veth", "peer": "b/eth0", **eth0},
                             "eth0.10": {"kind": "vlan", "link": "eth0", "id": 10, "addresses": ["10.0.10.1/24"], **(near or {})}}},
        "b": {"interfaces": {"eth0": dict(eth0),
                             "eth0.10": {"kind": "vlan", "link": "eth0", "id": 10, "addresses": ["10.0.10.2/24"], **(far or near or {})}}},
    }}


def data(machine, netns="a", name="eth0.10"):
    link = machine.link(netns, name)
    return link.get("link"), link["linkinfo"]["info_data"]["id"], link["linkinfo"]["info_data"]["protocol"]


def assert_same(machine, before):
    """As before, but for the numbers of what was recreated."""
    def steady(lines):
        return [line for line in lines if "ifindex" not in line]
    wait_for(lambda: steady(machine.snapshot()) == steady(before))


def vlans(machine):
    return data(machine), data(machine, "b")


@needs_vlan
def test_vlan(machine):
    """Created, read back, and as it was after each change is taken back."""
    machine.apply(trunk())
    assert vlans(machine) == (("eth0", 10, "802.1Q"),) * 2
    machine.ping("a", "10.0.10.2")
    for netns in "a", "b":
        assert machine.link(netns, "eth0.10")["address"] == machine.link(netns, "eth0")["address"]
    assert machine.apply(trunk()).stdout.strip() == "lab: unchanged"
    before = machine.snapshot()
    machine.restart()
    assert machine.apply(trunk()).stdout.strip() == "lab: unchanged"
    for change, found in ({"id": 20}, ("eth0", 20, "802.1Q")), ({"protocol": "802.1ad"}, ("eth0", 10, "802.1ad")):
        machine.apply(trunk(near=change))
        assert vlans(machine) == (found,) * 2
        machine.ping("a", "10.0.10.2")
        assert machine.apply(trunk(near=change)).stdout.strip() == "lab: unchanged"
    machine.apply(trunk(near={"id": 10}, far={"id": 20}))
    machine.ping("a", "10.0.10.2", ok=False)
    machine.apply(trunk(near={"mtu": 1400, "txqlen": 500}, far={}))
    assert (machine.link("a", "eth0.10")["mtu"], machine.link("a", "eth0.10")["txqlen"]) == (1400, 500)
    # It still waits for an answer to what was asked while nobody was there.
    machine.sh("ip -n a neigh flush all")
    machine.ping("a", "10.0.10.2")
    machine.apply(trunk())
    assert_same(machine, before)
    machine.ctl("down", "lab")
    machine.assert_same(machine.at_first)


@needs_vlan
def test_of_an_interface_elsewhere(machine):
    """The interface below is in another namespace, or on the host; what is in the VLAN's namespace may have its number."""
    t = trunk()
    interfaces = t["namespaces"]["a"]["interfaces"]
    t["namespaces"]["c"] = {"interfaces": {"eth0.10": {**interfaces.pop("eth0.10"), "link": "a/eth0"}, "x": {"kind": "dummy"}}}
    t["host"] = {"interfaces": {"dum0": {"kind": "dummy"}}}
    t["namespaces"]["c"]["interfaces"]["v"] = {"kind": "vlan", "link": "host/dum0", "id": 5, "protocol": "802.1ad"}
    machine.apply(t)
    machine.ping("c", "10.0.10.2")
    assert "link_netnsid" in machine.link("c", "eth0.10") and data(machine, "c", "v")[1:] == (5, "802.1ad")
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    before = machine.snapshot()
    machine.sh("ip -n c link del eth0.10; ip -n c link del v")
    wait_for(lambda: {"eth0.10", "v"} <= set(machine.links("c")))
    wait_for(lambda: machine.status()["healed"])
    assert_same(machine, before)
    machine.ctl("down", "lab")
    machine.assert_same(machine.at_first)


@needs_vlan
@pytest.mark.parametrize("command, said", [
    ("ip -n a link del eth0.10", None),
    ("ip -n a link set eth0.10 type vlan reorder_hdr off", "flags"),
    ("ip -n a link set eth0.10 type vlan gvrp on", "flags"),
    ("ip -n a link set eth0.10 mtu 1300", "mtu"),
    ("ip -n a link set eth0 mtu 1300", "mtu"),
    ("ip -n a link set eth0.10 down", "up"),
])
def test_heals(machine, command, said):
    machine.apply(trunk())
    before = machine.snapshot()
    machine.sh(command)
    wait_for(lambda: machine.status()["healed"])
    wait_for(lambda: machine.apply(trunk()).stdout.strip() == "lab: unchanged")
    assert_same(machine, before)
    machine.ping("a", "10.0.10.2")


@needs_vlan
def test_mtu_follows_the_interface_below(machine):
    machine.apply(trunk(mtu=1400))
    assert machine.link("a", "eth0.10")["mtu"] == 1400
    machine.apply(trunk(mtu=9000))
    assert machine.link("a", "eth0.10")["mtu"] == 9000
    machine.apply(trunk(mtu=9000, near={"mtu": 9000}))
    machine.apply(trunk(near={"mtu": 1500}))
    assert machine.link("a", "eth0.10")["mtu"] == 1500


@needs_vlan
def test_mac_that_is_no_longer_set(machine):
    """It becomes that of the interface below, as a new VLAN has it; refused, it is as it was; again, nothing changes."""
    def macs():
        return [machine.link("a", name)["address"] for name in ("eth0", "eth0.10")]

    machine.apply(trunk(mac="02:00:00:00:00:01", near={"mac": "02:00:00:00:00:0a"}))
    assert macs() == ["02:00:00:00:00:01", "02:00:00:00:00:0a"]
    bad = trunk(mac="02:00:00:00:00:02")
    bad["namespaces"]["a"]["sysctl"] = REFUSED
    machine.apply(bad, code=1)
    assert macs() == ["02:00:00:00:00:01", "02:00:00:00:00:0a"]
    machine.apply(trunk(mac="02:00:00:00:00:02"))
    assert macs() == ["02:00:00:00:00:02"] * 2
    assert machine.apply(trunk(mac="02:00:00:00:00:02")).stdout.strip() == "lab: unchanged"
    # Nothing declares the address of the one below any more, which keeps it.
    machine.apply(trunk(near={"mac": "02:00:00:00:00:0b"}))
    machine.apply(trunk())
    assert macs() == ["02:00:00:00:00:02"] * 2
    # A new one has it by itself, and follows it.
    machine.apply(trunk(near={"mac": "02:00:00:00:00:0c"}))
    machine.apply(trunk(near={"id": 20}))
    machine.apply(trunk(mac="02:00:00:00:00:03", near={"id": 20}))
    assert macs() == ["02:00:00:00:00:03"] * 2


@needs_vlan
def test_vlan_of_a_vlan_and_of_a_bridge(machine):
    t = {"namespaces": {"a": {"interfaces": {
        "br0": {"kind": "bridge"}, "p": {"kind": "veth", "peer": "b/eth0", "master": "br0"},
        "br0.5": {"kind": "vlan", "link": "br0", "id": 5, "protocol": "802.1ad"},
        "br0.5.6": {"kind": "vlan", "link": "br0.5", "id": 6, "addresses": ["10.0.6.1/24"]}}},
        "b": {"interfaces": {"inner": {"kind": "vlan", "link": "outer", "id": 6, "addresses": ["10.0.6.2/24"]},
                             "outer": {"kind": "vlan", "link": "eth0", "id": 5, "protocol": "802.1ad"}, "eth0": {}}}}}
    machine.apply(t)
    machine.ping("b", "10.0.6.1")
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    machine.ctl("down", "lab")
    machine.assert_same(machine.at_first)


@needs_vlan
def test_adopts_and_gives_back(machine):
    machine.sh("ip link add dum0 type dummy; ip link add link dum0 name dum0.7 type vlan id 7; ip addr add 10.0.7.1/24 dev dum0.7; ip link set dum0 up; ip link set dum0.7 up")
    t = {"host": {"interfaces": {"dum0": {"kind": "dummy"}, "dum0.7": {"kind": "vlan", "link": "dum0", "id": 7, "addresses": ["10.0.7.1/24"]}}}}
    assert "another program" in machine.apply(t, code=1).stderr
    machine.ctl("adopt", machine.file(t))
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    machine.ctl("down", "lab")
    machine.assert_same(machine.at_first)


@needs_vlan
def test_dummy(machine):
    t = {"namespaces": {"a": {"interfaces": {"dum0": {"kind": "dummy", "addresses": ["10.0.0.1/32"]}}}}}
    machine.apply(t)
    assert machine.link("a", "dum0")["linkinfo"]["info_kind"] == "dummy"
    machine.ping("a", "10.0.0.1")
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    before = machine.snapshot()
    t["namespaces"]["a"]["interfaces"]["dum0"].update(mtu=9000, mac="02:00:00:00:00:01")
    machine.apply(t)
    assert machine.link("a", "dum0")["mtu"] == 9000
    del t["namespaces"]["a"]["interfaces"]["dum0"]["mtu"], t["namespaces"]["a"]["interfaces"]["dum0"]["mac"]
    machine.apply(t)
    machine.sh("ip -n a link del dum0")
    wait_for(lambda: "dum0" in machine.links("a"))
    wait_for(lambda: machine.status()["healed"])
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    assert [l["mtu"] for l in [machine.link("a", "dum0")]] == [1500] and before


@pytest.mark.parametrize("change, words", [
    ({"id": 0}, "1"), ({"id": 4095}, "4094"), ({"protocol": "802.1x"}, '"802.1Q" or "802.1ad"'),
    ({"link": "lo"}, "the loopback has no VLANs"), ({"link": "eth0.10"}, "cycle"), ({"link": "eth9"}, "eth9"),
    ({"mtu": 1501}, "must be at most 1500, the MTU of a/eth0"),
])
def test_refused(machine, change, words):
    error = machine.apply(trunk(near=change, far={}), code=2).stderr
    assert words in error, error
    machine.assert_same(machine.at_first)


def test_one_for_each_vlan(machine):
    t = trunk()
    t["namespaces"]["a"]["interfaces"]["v"] = {"kind": "vlan", "link": "eth0", "id": 10}
    assert "/namespaces/a/interfaces/v/id: a/eth0.10 is VLAN 10 of a/eth0 already" in machine.apply(t, code=2).stderr
    # From another namespace, too.
    t["namespaces"]["c"] = {"interfaces": {"v": {**t["namespaces"]["a"]["interfaces"].pop("v"), "link": "a/eth0"}}}
    assert "/namespaces/c/interfaces/v/id: a/eth0.10 is VLAN 10 of a/eth0 already" in machine.apply(t, code=2).stderr
    t["namespaces"]["c"]["interfaces"]["v"]["protocol"] = "802.1ad"
    machine.ctl("validate", machine.file(t))


def exchanging(a, b, c):
    """Three VLANs of one interface, one of them in another namespace."""
    vlan = {"kind": "vlan", "link": "low/e0"}
    return {"namespaces": {
        "low": {"interfaces": {"e0": {"kind": "dummy"}, "a": {**vlan, "id": a, "addresses": ["10.0.1.1/24"]},
                               "b": {**vlan, "id": b}, "on-b": {"kind": "vlan", "link": "b", "id": 7}}},
        "ns": {"interfaces": {"c": {**vlan, "id": c}}},
    }}


@needs_vlan
def test_ids_are_exchanged(machine):
    """The kernel has one for each id; who has it, and where, changes in one apply, and back when that is refused."""
    def ids():
        return [machine.link(*at)["linkinfo"]["info_data"]["id"] for at in (("low", "a"), ("low", "b"), ("ns", "c"))]

    machine.apply(exchanging(10, 20, 30))
    machine.apply(exchanging(20, 10, 30))
    assert ids() == [20, 10, 30] and machine.addresses("low", "a") == ["10.0.1.1/24"] and machine.link("low", "on-b")
    machine.apply(exchanging(30, 20, 10))
    assert ids() == [30, 20, 10]
    bad = exchanging(20, 10, 30)
    bad["namespaces"]["ns"]["sysctl"] = REFUSED
    machine.apply(bad, code=1)
    assert ids() == [30, 20, 10] and machine.link("low", "on-b")
    renamed = exchanging(30, 20, 10)
    renamed["namespaces"]["ns"]["interfaces"]["d"] = renamed["namespaces"]["ns"]["interfaces"].pop("c")
    machine.apply(renamed)
    assert machine.link("ns", "c") is None and machine.link("ns", "d")["linkinfo"]["info_data"]["id"] == 10
    assert machine.apply(renamed).stdout.strip() == "lab: unchanged"


@pytest.mark.parametrize("kind, module, more", [("vlan", "8021q", {"link": "eth0", "id": 5}), ("dummy", "dummy", {})])
def test_kernel_without_it(bare, kind, module, more):
    """Said by plan and apply, before anything is touched."""
    bare.run("ip", "link", "add", "base", "type", "bridge")
    found = bare.run("ip", "link", "add", *(["link", "base"] if more else []), "name", "probe", "type", kind, *(["id", "5"] if more else []),
                     code=None)
    bare.run("ip", "link", "del", "base")
    if found.returncode == 0:
        bare.run("ip", "link", "del", "probe", code=None)
        pytest.skip(f"this kernel has {kind}")
    t = {"namespaces": {"a": {"interfaces": {"eth0": {"kind": "veth", "peer": "b/eth0"}, "v": {"kind": kind, **more}}}, "b": {}}}
    bare.start(strace=True)
    words = f'this kernel has no {kind}: "modprobe {module}"'
    for command in "plan", "apply":
        error = bare.ctl(command, bare.file(t), code=1).stderr
        assert words in error and "refused; everything is as it was" in error, error
    assert not any("NEWLINK" in w and "IFLA_IFNAME" in w for w in bare.writes())
    bare.assert_same(bare.at_first)
