# SPDX-License-Identifier: MIT
"""VLANs of bridges and of their ports: created, read back, changed, healed, removed, with packets."""
import json

import pytest
from machine import wait_for

needs_vlan = pytest.mark.uml
# A step that the kernel refuses, and that comes late.
REFUSED = {"net.ipv4.ip_default_ttl": 999}

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
