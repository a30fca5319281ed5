# SPDX-License-Identifier: MIT
"""VLANs of interfaces and of ports of bridges, and dummies: created, read back, changed, healed, removed, with packets."""
import json

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


ACCESS = [{"id": 10, "pvid": True, "untagged": True}]


def switch(*ports, **br0):
    """A bridge, and a port for each, whose far end has 10.0.0.1, .2 and so on; a port is its VLANs, or None. Every other pair is
    declared at its far end."""
    interfaces, t = {"br0": {"kind": "bridge", "vlan_filtering": True, **br0}}, {}
    for n, vlans_ in enumerate(ports):
        near, far = {"master": "br0", **({} if vlans_ is None else {"vlans": vlans_})}, {"addresses": [f"10.0.0.{n + 1}/24"]}
        (far if n % 2 else near).update(kind="veth", peer=f"sw/p{n}" if n % 2 else f"h{n}/eth0")
        interfaces[f"p{n}"], t[f"h{n}"] = near, {"interfaces": {"eth0": far}}
    return {"namespaces": {**t, "sw": {"interfaces": interfaces}}}


def table(machine, netns="sw"):
    """bridge(8): interface → its VLANs, as "10 pvid untagged"."""
    at = ["-n", netns] if netns else []
    listed = json.loads(machine.run("bridge", *at, "-compressvlans", "-j", "vlan", "show").stdout or "[]")
    def words(v):
        end = f"-{v['vlanEnd']}" if "vlanEnd" in v else ""
        return " ".join([f"{v['vlan']}{end}", *sorted({"PVID": "pvid", "Egress Untagged": "untagged"}.get(f, f) for f in v.get("flags", []))])
    return {one["ifname"]: [words(v) for v in one["vlans"]] for one in listed if one.get("vlans")}


def unchanged(machine, t):
    return machine.apply(t).stdout.strip() == "lab: unchanged"


@needs_vlan
def test_ports(machine):
    """Each port has exactly its list; what no file lists follows vlan_default_pvid; frames pass within a VLAN only."""
    t = switch(ACCESS, ACCESS, [20, "100-200", {"id": 30, "pvid": True}], [], None, vlans=[10])
    machine.apply(t)
    assert table(machine) == {"br0": ["10"], "p0": ["10 pvid untagged"], "p1": ["10 pvid untagged"], "p2": ["20", "30 pvid", "100-200"],
                              "p4": ["1 pvid untagged"]}
    machine.ping("h0", "10.0.0.2")
    machine.ping("h0", "10.0.0.3", ok=False)
    assert unchanged(machine, t)
    before = table(machine)
    machine.restart()
    assert unchanged(machine, t)
    change = switch([{"id": 20, "pvid": True, "untagged": True}], ACCESS, ["100-149", 151], ["1-4094"], [1], vlans=[])
    plan = machine.ctl("plan", machine.file(change)).stdout
    assert "add 20 pvid untagged, del 10" in plan and "add 1-4094" in plan, plan
    assert "vlans sw/p0 add 20 pvid untagged, del 10 would change" in machine.apply(change, "lab", "--no-disrupt", code=1).stderr
    machine.apply(switch(ACCESS + [20], ACCESS, [20, "100-200", 31, {"id": 30, "pvid": True}], [5], None, vlans=[10]), "lab", "--no-disrupt")
    machine.apply(change)
    assert table(machine) == {"p0": ["20 pvid untagged"], "p1": ["10 pvid untagged"], "p2": ["100-149", "151"], "p3": ["1-4094"], "p4": ["1"]}
    machine.ping("h0", "10.0.0.2", ok=False)
    assert unchanged(machine, change)
    machine.apply(t)
    assert table(machine) == {**before, "p4": ["1 pvid untagged"]}
    machine.apply(switch(*[None] * 5))
    assert table(machine) == {name: ["1 pvid untagged"] for name in ("br0", "p0", "p1", "p2", "p3", "p4")}
    machine.ping("h0", "10.0.0.5")
    machine.ctl("down", "lab")
    machine.assert_same(machine.at_first)


@needs_vlan
def test_more_than_a_message(machine):
    """As many as there can be: every other one untagged."""
    every = [{"id": v, "untagged": True} if v % 2 else v for v in range(1, 1026)]
    t = switch(every[:1024])
    machine.apply(t)
    assert unchanged(machine, t)
    listed = json.loads(machine.run("bridge", "-n", "sw", "-j", "vlan", "show", "dev", "p0").stdout)[0]["vlans"]
    assert len(listed) == 1024 and all(("flags" in v) == (v["vlan"] % 2 == 1) for v in listed)
    assert "has 1025 VLANs and ranges; at most 1024 are allowed" in machine.apply(switch(every), code=2).stderr


@needs_vlan
def test_default_pvid_and_protocol(machine):
    t = switch(None, None, vlan_default_pvid=0, vlan_protocol="802.1ad")
    machine.apply(t)
    data_ = machine.link("sw", "br0")["linkinfo"]["info_data"]
    assert (data_["vlan_default_pvid"], data_["vlan_protocol"]) == (0, "802.1ad")
    assert table(machine) == {}
    assert unchanged(machine, t)
    machine.apply(switch(None, None, vlan_default_pvid=5))
    assert table(machine) == {name: ["5 pvid untagged"] for name in ("br0", "p0", "p1")}
    machine.ping("h0", "10.0.0.2")
    machine.apply(switch(None, None))
    data_ = machine.link("sw", "br0")["linkinfo"]["info_data"]
    assert (data_["vlan_default_pvid"], data_["vlan_protocol"]) == (1, "802.1Q")
    assert table(machine) == {name: ["1 pvid untagged"] for name in ("br0", "p0", "p1")}
    machine.sh("ip -n sw link set br0 type bridge vlan_default_pvid 7 vlan_protocol 802.1ad")
    wait_for(lambda: table(machine) == {name: ["1 pvid untagged"] for name in ("br0", "p0", "p1")})
    wait_for(lambda: machine.status()["healed"])


@needs_vlan
@pytest.mark.parametrize("command", [
    "bridge -n sw vlan del vid 10 dev p0",
    "bridge -n sw vlan add vid 11 dev p0",
    "bridge -n sw vlan add vid 100-200 dev p0",
    "bridge -n sw vlan add vid 10 dev p0",
    "bridge -n sw vlan del vid 10 dev br0 self",
    "bridge -n sw vlan add vid 12 dev br0 self pvid untagged",
    "ip -n sw link set p0 nomaster",
    "ip -n sw link del p0",
    "ip -n sw link del br0",
    # The kernel changes every port that has the former default.
    "ip -n sw link set br0 type bridge vlan_default_pvid 9",
    "ip -n sw link set br0 type bridge vlan_filtering 0",
])
def test_vlans_heal(machine, command):
    t = switch(ACCESS, ACCESS, vlan_default_pvid=0, vlans=[10])
    machine.apply(t)
    before = table(machine)
    machine.sh(command)
    wait_for(lambda: machine.status()["healed"])
    wait_for(lambda: table(machine) == before)
    machine.ping("h0", "10.0.0.2")
    wait_for(lambda: unchanged(machine, t))


@needs_vlan
def test_vlans_roll_back(machine):
    t = switch(ACCESS, None)
    machine.apply(t)
    before = machine.snapshot(), table(machine)
    change = switch([20], [{"id": 10, "pvid": True}])
    change["host"] = {"sysctl": REFUSED}
    machine.apply(change, code=1)
    assert (machine.snapshot(), table(machine)) == before
    assert unchanged(machine, t)
    machine.apply(switch([20], []), "lab", "--confirm", "60")
    assert table(machine) == {"br0": ["1 pvid untagged"], "p0": ["20"]}
    machine.ctl("rollback", "lab")
    assert (machine.snapshot(), table(machine)) == before


@needs_vlan
def test_vlans_of_others(machine):
    """On a bridge of the host: adopted, or managed, and then restored."""
    machine.sh("ip link add br9 type bridge vlan_filtering 1; ip link add p9 master br9 type veth peer name q9; "
               "bridge vlan add vid 30 dev p9; for l in br9 p9 q9; do ip link set $l up; done")
    before = table(machine, None)
    t = {"host": {"interfaces": {"p9": {"vlans": [30, 40]}, "br9": {"vlans": [50]}}}}
    machine.apply(t)
    assert table(machine, None) == {"br9": ["50"], "p9": ["30", "40"]}
    assert unchanged(machine, t)
    machine.sh("bridge vlan del vid 40 dev p9")
    wait_for(lambda: table(machine, None)["p9"] == ["30", "40"])
    machine.sh("ip link set br9 type bridge vlan_filtering 0")
    assert "does not filter by VLAN" in machine.ctl("plan", machine.file({"host": {"interfaces": {"p9": {"vlans": [30]}}}})).stderr
    machine.sh("ip link set br9 type bridge vlan_filtering 1")
    machine.ctl("down", "lab")
    assert table(machine, None) == before
    whole = {"host": {"interfaces": {"br9": {"kind": "bridge", "vlan_filtering": True},
                                     "p9": {"kind": "veth", "peer": "q9", "master": "br9", "vlans": [{"id": 1, "pvid": True, "untagged": True}]},
                                     "q9": {}}}}
    assert "vlans host/p9" in machine.ctl("adopt", machine.file(whole), code=1).stderr
    whole["host"]["interfaces"]["p9"]["vlans"].append(30)
    machine.ctl("adopt", machine.file(whole))
    assert unchanged(machine, whole)
    machine.ctl("down", "lab")
    machine.assert_same(machine.at_first)


@needs_vlan
def test_a_port_changes_its_bridge(machine):
    t = switch(ACCESS, ACCESS)
    t["namespaces"]["sw"]["interfaces"]["br1"] = {"kind": "bridge", "vlan_filtering": True, "vlan_default_pvid": 7}
    machine.apply(t)
    for change in ({"master": "br1"}, {"vlans": [20]}, {"vlans": ACCESS, "master": "br0"}):
        t["namespaces"]["sw"]["interfaces"]["p0"].update(change)
        machine.apply(t)
        assert unchanged(machine, t)
    del t["namespaces"]["sw"]["interfaces"]["p0"]["vlans"], t["namespaces"]["sw"]["interfaces"]["p0"]["master"]
    machine.apply(t)
    assert set(table(machine)) == {"br0", "br1", "p1"}


def test_kernel_without_vlan_filtering(bare):
    """Where it has none the bridge is refused, and everything is as it was."""
    bare.run("ip", "link", "add", "probe", "type", "bridge", "vlan_filtering", "1", code=None)
    found = json.loads(bare.run("ip", "-j", "-d", "link", "show", "probe", code=None).stdout or "[{}]")[0]
    bare.run("ip", "link", "del", "probe", code=None)
    if found.get("linkinfo", {}).get("info_data", {}).get("vlan_filtering"):
        pytest.skip("this kernel has VLAN filtering")
    bare.start()
    error = bare.ctl("apply", bare.file(switch(ACCESS)), code=1).stderr
    assert "sw/br0" in error, error
    bare.assert_same(bare.at_first)
