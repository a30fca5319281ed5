# SPDX-License-Identifier: MIT
"""A change of a live topology touches only what changed: packets pass while it is made, and none is lost, and what did
not change is the same kernel object as before. And --no-disrupt refuses changes that would lose some."""
import copy
import re

import pytest
from machine import wait_for


def base():
    """A veth pair, a bridge, a router, a veth pair to the host, all in use; and a spare veth pair."""
    def veth(peer, address):
        return {"kind": "veth", "peer": peer, "addresses": [address]}

    def router(gateway):
        return [{"to": "default", "via": gateway}]

    return {
        "host": {"interfaces": {"vh": {"addresses": ["10.0.5.1/24"]}}},
        "namespaces": {
            "a": {"interfaces": {"eth0": veth("b/eth0", "10.0.1.1/24")}},
            "b": {"interfaces": {"eth0": {"addresses": ["10.0.1.2/24"]}}},
            "sw": {"interfaces": {"br0": {"kind": "bridge"}, "p1": {"master": "br0"}, "p2": {"master": "br0"}}},
            "c": {"interfaces": {"eth0": veth("sw/p1", "10.0.2.1/24")}},
            "d": {"interfaces": {"eth0": veth("sw/p2", "10.0.2.2/24")}},
            "r": {"forwarding": True, "interfaces": {"x0": {"addresses": ["10.0.3.1/24"]}, "y0": {"addresses": ["10.0.4.1/24"]}},
                  "routes": [{"to": "10.9.0.0/16", "via": "10.0.3.2"}]},
            "x": {"interfaces": {"eth0": veth("r/x0", "10.0.3.2/24")}, "routes": router("10.0.3.1")},
            "y": {"interfaces": {"eth0": veth("r/y0", "10.0.4.2/24")}, "routes": router("10.0.4.1")},
            "h": {"interfaces": {"eth0": veth("host/vh", "10.0.5.2/24")}},
            "s": {"interfaces": {"eth0": veth("t/eth0", "10.0.6.1/24")}},
            "t": {"interfaces": {"eth0": {"addresses": ["10.0.6.2/24", "10.0.6.3/24"]}}},
        },
    }


STREAMS = {"a": "10.0.1.2", "c": "10.0.2.2", "x": "10.0.4.2", "h": "10.0.5.1"}


class Traffic:
    """A ping every 5 ms through each part that is in use."""

    def __init__(self, machine):
        self.machine = machine
        self.logs = {netns: machine.folder / f"ping.{netns}" for netns in STREAMS}
        self.processes = []
        for netns, address in STREAMS.items():
            with self.logs[netns].open("w") as log:
                self.processes.append(machine.popen("ip", "netns", "exec", netns, "stdbuf", "-oL", "ping", "-n", "-i", 0.005,
                                                    address, stdout=log))
        self.flow()

    def flow(self):
        """Until twenty more have come back everywhere."""
        until = {netns: log.read_text().count("icmp_seq") + 20 for netns, log in self.logs.items()}
        wait_for(lambda: all(log.read_text().count("icmp_seq") >= until[netns] for netns, log in self.logs.items()))

    def lost(self):
        """Ends it: {namespace: packets lost}."""
        self.flow()
        self.machine.sh("pkill -INT -x ping")
        for process in self.processes:
            process.wait(10)
        found = {}
        for netns, log in self.logs.items():
            seen = {int(n) for n in re.findall(r"bytes from .* icmp_seq=(\d+)", log.read_text())}
            assert len(seen) >= 40
            # Answers to the last ones were still on their way.
            found[netns] = max(seen) - len(seen)
        return found


class Monitor:
    """What the kernel reports about the addresses and routes of some namespaces. About links it reports things by
    itself, too."""

    def __init__(self, machine, names):
        self.machine, self.names = machine, names
        for netns in names:
            with (machine.folder / f"monitor.{netns}").open("w") as log:
                machine.popen("ip", "-n", netns, "monitor", "address", "route", stdout=log)
        wait_for(lambda: all(self.listens(netns) for netns in names))

    def listens(self, netns):
        rows = self.machine.sh(f"ip netns exec {netns} cat /proc/net/netlink").splitlines()[1:]
        return any(row.split()[1] == "0" and int(row.split()[3], 16) for row in rows)

    def events(self):
        """Ends it: everything that was reported."""
        self.machine.sh("pkill -x ip")
        return [(n, text) for n in self.names if (text := (self.machine.folder / f"monitor.{n}").read_text())]


def identity(machine):
    """What shows whether an object is still the same: inodes of namespaces, indexes of links."""
    found = {("netns", n): machine.inode(n) for n in machine.namespaces()}
    for netns in [None, *machine.namespaces()]:
        found.update({(netns, i["ifname"]): i["ifindex"] for i in machine.ip(*machine.at(netns), "link")})
    return found


def interface(t, place):
    netns, name = place.split("/")
    return t["namespaces"][netns]["interfaces"][name]


CHANGES, IN_PLACE, GONE = {}, set(), {}


def change(in_place=False, gone=()):
    """A change that a function makes to base(). @in_place: it interrupts nothing; @gone: what does not stay the
    same."""
    def add(function):
        name = function.__name__
        CHANGES[name], GONE[name] = function, set(gone)
        if in_place:
            IN_PLACE.add(name)
        return function
    return add


@change(in_place=True)
def description(t):
    t["description"] = "the same under another name"


@change(in_place=True)
def address_added_in_use(t):
    interface(t, "a/eth0")["addresses"] += ["10.0.1.3/24", "fd00::1/64"]
    interface(t, "r/x0")["addresses"].append("10.0.7.1/24")


@change(in_place=True)
def mtu_in_use(t):
    for place in "a/eth0", "b/eth0", "sw/p1", "c/eth0", "r/y0":
        interface(t, place)["mtu"] = 1400


@change(in_place=True)
def txqlen_in_use(t):
    interface(t, "x/eth0")["txqlen"] = 500


@change(in_place=True)
def namespace_and_veth_added(t):
    t["namespaces"]["u"] = {"interfaces": {"eth0": {"kind": "veth", "peer": "a/eth1", "addresses": ["10.0.8.1/24"]}}}
    t["namespaces"]["a"]["interfaces"]["eth1"] = {"addresses": ["10.0.8.2/24"]}


@change(in_place=True)
def bridge_port_added(t):
    t["namespaces"]["sw"]["interfaces"]["p3"] = {"master": "br0"}
    t["namespaces"]["u"] = {"interfaces": {"eth0": {"kind": "veth", "peer": "sw/p3", "addresses": ["10.0.2.3/24"]}}}


@change(in_place=True)
def route_and_sysctl_added(t):
    t["namespaces"]["r"]["routes"].append({"to": "10.8.0.0/16", "via": "10.0.4.2"})
    t["namespaces"]["x"]["sysctl"] = {"net.ipv4.ip_default_ttl": 63}


@change(in_place=True)
def forwarding_on(t):
    t["namespaces"]["s"]["forwarding"] = True


@change()
def address_removed(t):
    interface(t, "t/eth0")["addresses"] = ["10.0.6.2/24"]


@change()
def address_replaced(t):
    interface(t, "t/eth0")["addresses"] = ["10.0.6.9/24"]


@change()
def route_changed(t):
    t["namespaces"]["r"]["routes"][0]["via"] = "10.0.4.2"


@change()
def link_down(t):
    interface(t, "s/eth0")["up"] = False


@change()
def mac_changed(t):
    interface(t, "s/eth0")["mac"] = "02:00:00:00:00:77"


@change(gone=[("s", "eth0"), ("t", "eth0"), ("t", "eth9")])
def veth_recreated(t):
    interface(t, "s/eth0")["peer"] = "t/eth9"
    t["namespaces"]["t"]["interfaces"]["eth9"] = t["namespaces"]["t"]["interfaces"].pop("eth0")


@change(gone=[("s", "eth0"), ("t", "eth0")])
def veth_removed(t):
    del t["namespaces"]["s"]["interfaces"], t["namespaces"]["t"]["interfaces"]


@change(gone=[("s", "eth0"), ("s", "lo"), ("netns", "s"), ("t", "eth0"), ("t", "lo"), ("netns", "t")])
def namespaces_removed(t):
    del t["namespaces"]["s"], t["namespaces"]["t"]


@change(gone=[("s", "eth0"), ("t", "eth0")])
def veth_becomes_bridge_port(t):
    t["namespaces"]["sw"]["interfaces"]["p3"] = {"master": "br0"}
    interface(t, "s/eth0")["peer"] = "sw/p3"
    del t["namespaces"]["t"]["interfaces"]


@change()
def forwarding_off(t):
    t["namespaces"]["t"]["forwarding"] = False


def changed(name):
    t = base()
    CHANGES[name](t)
    return t


@pytest.mark.parametrize("name", CHANGES)
def test_only_what_changed_is_touched(machine, name):
    """There and back, with traffic through everything but the spare veth pair."""
    start = base()
    if name == "forwarding_off":
        start["namespaces"]["t"]["forwarding"] = True
    machine.apply(start)
    untouched = [n for n, there in start["namespaces"].items() if changed(name)["namespaces"].get(n) == there]
    # The end of duplicate address detection, and the effects of carriers, come first.
    wait_for(lambda: all(i["ifname"] == "lo" or i["operstate"] == "UP" and not any("tentative" in a for a in i["addr_info"])
                         for n in machine.namespaces() for i in machine.ip("-n", n, "addr")))
    traffic, before, monitor = Traffic(machine), identity(machine), Monitor(machine, untouched)
    refused = machine.apply(changed(name), "lab", "--no-disrupt", code=None)
    assert refused.returncode == (0 if name in IN_PLACE else 1), refused.stderr
    if name not in IN_PLACE:
        assert "interrupts traffic" in refused.stderr and "nothing was touched" in refused.stderr
        assert identity(machine) == before
        machine.apply(changed(name))
    between = identity(machine)
    machine.ctl("rollback", "lab")
    after = identity(machine)
    assert not (events := monitor.events()), events
    assert traffic.lost() == dict.fromkeys(STREAMS, 0)
    for key in before.keys() - GONE[name]:
        assert before[key] == between[key] == after[key], key


def test_no_disrupt_names_each_step(machine):
    """With its position in the file, and on a dry run, too."""
    machine.apply(base())
    t = base()
    for name in "mac_changed", "route_changed", "namespaces_removed", "mtu_in_use":
        if name != "namespaces_removed":
            CHANGES[name](t)
    del t["namespaces"]["d"]["interfaces"]["eth0"]["addresses"]
    before = machine.snapshot()
    for command in "apply", "plan":
        lines = machine.ctl(command, "--no-disrupt", machine.file(t), code=1).stderr.splitlines()
        assert len(lines) == 4, lines
        assert any("/namespaces/s/interfaces/eth0" in i and "02:00:00:00:00:77 would change" in i for i in lines)
        assert any("/namespaces/r/routes/0" in i and "would be recreated" in i for i in lines)
        assert any("address d/eth0 10.0.2.2/24 would be removed" in i for i in lines)
        assert lines[-1].endswith("apply it without --no-disrupt")
        machine.assert_same(before)


def test_interface_leaves_its_bridge(machine):
    machine.apply(base())
    t = base()
    del t["namespaces"]["sw"]["interfaces"]["p2"]["master"]
    assert "p2" in machine.apply(t, "lab", "--no-disrupt", code=1).stderr
    t = copy.deepcopy(base())
    t["namespaces"]["sw"]["interfaces"]["br0"]["vlan_filtering"] = True
    assert "br0" in machine.apply(t, "lab", "--no-disrupt", code=1).stderr
    machine.ping("c", "10.0.2.2")
