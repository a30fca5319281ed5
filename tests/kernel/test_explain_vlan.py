# SPDX-License-Identifier: MIT
"""netnsctl explain over VLANs: on interfaces, and on bridges that filter by VLAN. Each hop is broken in turn, with packets
as the witness; what is named is the broken one, and its command mends it."""
import copy
import json

import pytest
from explaining import answers, broken, explain, mend, start
from machine import EXAMPLES, wait_for

pytestmark = pytest.mark.uml  # 8021q, VLAN filtering
TRUNK = json.loads((EXAMPLES / "trunk.json").read_text())


def end(i, number):
    return {"interfaces": {"eth0": {"addresses": [f"10.0.{i}.{number}/24"]}}, "routes": [{"to": "default", "via": f"10.0.{i}.1"}]}


# Two VLANs share a cable from a switch, with a bridge for each, to a router.
VLANS = {"namespaces": {
    "router": {"forwarding": True, "interfaces": {"eth0": {"kind": "veth", "peer": "switch/trunk"}, **{
        f"eth0.{i}": {"kind": "vlan", "link": "eth0", "id": i, "addresses": [f"10.0.{i}.1/24"]} for i in (10, 20)}}},
    "switch": {"interfaces": {
        "br10": {"kind": "bridge"}, "br20": {"kind": "bridge"},
        **{f"trunk.{i}": {"kind": "vlan", "link": "trunk", "id": i, "master": f"br{i}"} for i in (10, 20)},
        "desk1": {"kind": "veth", "peer": "desk1/eth0", "master": "br10"},
        "phone": {"kind": "veth", "peer": "phone/eth0", "master": "br20"}}},
    "desk1": end(10, 11), "phone": end(20, 11)}}

# who asks whom; what breaks it: the object that is named, and on which way
WAYS = {
    "vlans": (["desk1", "phone/eth0"], {
        "ip -n switch link set desk1 down": ("switch/desk1", "there"),
        "ip -n switch link set trunk.10 down": ("switch/trunk.10", "there"),
        "ip -n switch link set trunk.10 nomaster": ("switch/trunk.10", "there"),
        "ip -n switch link set trunk down": ("switch/trunk", "there"),
        "ip -n router link set eth0 down": ("router/eth0", "there"),
        "ip -n router link set eth0.10 down": ("router/eth0.10", "there"),
        "ip netns exec router sysctl -qw net.ipv4.ip_forward=0": ("router", "there"),
        "ip -n switch link set trunk.20 nomaster": ("switch/trunk.20", "there"),
        "ip -n phone link set eth0 down": ("phone/eth0", "there"),
        "ip -n phone route del default": ("phone", "back"),
    }),
    "trunk": (["desk1", "phone/eth0"], {
        "bridge -n switch vlan del vid 10 dev desk1": ("switch/desk1", "there"),
        "bridge -n switch vlan add vid 10 dev desk1 untagged": ("switch/desk1", "there"),
        "bridge -n switch vlan del vid 10 dev router": ("switch/router", "there"),
        "bridge -n switch vlan add vid 10 dev router untagged": ("switch/router", "there"),
        "bridge -n switch vlan del vid 20 dev router": ("switch/router", "there"),
        "bridge -n switch vlan del vid 20 dev phone": ("switch/phone", "there"),
        "bridge -n switch vlan add vid 20 dev phone pvid": ("switch/phone", "there"),
        "bridge -n switch vlan add vid 30 dev phone pvid untagged": ("switch/phone", "there"),
        "bridge -n switch vlan add vid 30 dev desk1 pvid untagged": ("switch/desk1", "there"),
        "ip -n router link set eth0.20 down": ("router/eth0.20", "there"),
        "ip -n switch link set router nomaster": ("switch/router", "there"),
        "ip -n switch link set br0 type bridge vlan_protocol 802.1ad": ("switch/br0", "there"),
    }),
    "tagged": (["desk1", "server/eth0.10"], {
        "bridge -n switch vlan del vid 10 dev server": ("switch/server", "there"),
        "bridge -n switch vlan add vid 10 dev server untagged": ("switch/server", "there"),
        "bridge -n switch vlan add vid 10 dev desk1 pvid": ("switch/desk1", "there"),
        "ip -n server link set eth0.10 down": ("server/eth0.10", "there"),
    }),
}


def with_address():
    """The switch has an address in VLAN 10, of the bridge itself."""
    t = copy.deepcopy(TRUNK)
    t["namespaces"]["switch"]["interfaces"]["br0"] |= {"vlans": [{"id": 10, "pvid": True, "untagged": True}], "addresses": ["10.0.10.2/24"]}
    return t


WAYS["bridge itself"] = (["desk1", "switch/br0"], {
    "bridge -n switch vlan del vid 10 dev br0 self": ("switch/br0", "there"),
    "bridge -n switch vlan add vid 10 dev br0 self pvid": ("switch/br0", "there"),
    "bridge -n switch vlan add vid 20 dev br0 self pvid untagged": ("switch/br0", "there"),
})
TOPOLOGIES = {"vlans": VLANS, "trunk": TRUNK, "tagged": TRUNK, "bridge itself": with_address()}


@pytest.mark.parametrize("name", WAYS)
def test_broken(machine, name):
    """One after the other, as this kernel is slow to begin with."""
    args, breaks = WAYS[name]
    start(machine, TOPOLOGIES[name])
    assert wait_for(lambda: answers(machine, args))
    assert broken(machine, *args) is None
    for command, expected in breaks.items():
        # What neighbours have learned keeps packets going for a while.
        machine.sh(f"{command}; for n in $(ls /run/netns); do ip -n $n neigh flush all; done")
        wait_for(lambda: not answers(machine, args))
        wait_for(lambda: (command, broken(machine, *args)) == (command, expected), 5)
        mend(machine, args)
        machine.ctl("up", "lab")
        assert wait_for(lambda: answers(machine, args)), command


def test_command(machine):
    """Of VLANs that no topology declares: what is missing is found from the rest of the way."""
    topology = copy.deepcopy(TRUNK)
    del topology["namespaces"]["switch"]["interfaces"]["desk1"]["vlans"]
    start(machine, topology)
    args = ["desk1", "phone/eth0"]
    assert not answers(machine, args)
    last = explain(machine, *args)["hops"][-1]
    assert last["command"] == "ip netns exec switch bridge vlan add vid 10 dev desk1 pvid untagged"
    machine.sh(last["command"])
    assert wait_for(lambda: answers(machine, args))
    assert broken(machine, *args) is None
