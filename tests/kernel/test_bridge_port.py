# SPDX-License-Identifier: MIT
"""What makes an interface of ours useless though it is up: no ARP, no multicast, a port that somebody disabled."""
import pytest
from machine import wait_for
from monitor import events

PORT = "bridge {n}link set dev p0 state {state}"

# What is done, and what plan says of it.
DONE = {
    "arp": ("ip {n}link set p0 arp off", "p0  arp false → true"),
    "multicast": ("ip {n}link set p0 multicast off", "p0  multicast false → true"),
    "arp of the bridge": ("ip {n}link set br0 arp off", "br0  arp false → true"),
    "port": (PORT.replace("{state}", "0"), "p0  forwards false → true"),
}


def at(netns):
    return f"-n {netns} " if netns else ""


def topology(on_drift="heal", **bridge):
    def body(n):
        return {"interfaces": {"br0": {"kind": "bridge", "addresses": [f"10.{n}.0.1/24"], **bridge},
                               "p0": {"kind": "veth", "peer": f"far/p{n}", "master": "br0"}}}
    far = {f"p{n}": {"addresses": [f"10.{n}.0.2/24"]} for n in range(3)}
    return {"on_drift": on_drift, "host": body(0), "namespaces": {
        "ns": body(1), "old": {"existing": True, **body(2)}, "far": {"interfaces": far}}}


@pytest.fixture
def somebodys(machine):
    machine.sh("ip netns add old")
    yield machine
    machine.sh("ip netns del old")


@pytest.mark.parametrize("done, said", DONE.values(), ids=DONE)
def test_is_healed_and_told(somebodys, done, said):
    machine = somebodys
    machine.apply(topology())
    for n, netns in enumerate([None, "ns", "old"]):
        before = events(machine).count("healed")
        machine.sh(done.format(n=at(netns)))
        wait_for(lambda: events(machine).count("healed") > before)  # noqa: B023
        assert machine.sh(f"ip netns exec far ping -c1 -W5 10.{n}.0.1")
    machine.apply(topology("report"))
    for netns in None, "ns", "old":
        machine.sh(done.format(n=at(netns)))
    plan = machine.ctl("plan", "--exit-code", machine.file(topology("report")), code=3).stdout
    assert " ".join(plan.split()).count(" ".join(said.split())) == 3
    refused = topology("report")
    refused["namespaces"]["far"]["sysctl"] = {"net.ipv4.ip_default_ttl": 999}
    machine.apply(refused, code=1)
    assert machine.ctl("plan", machine.file(topology("report"))).stdout == plan
    machine.apply(topology())
    assert machine.apply(topology()).stdout == "lab: unchanged\n"


def test_spanning_tree_decides_by_itself(machine):
    """A port that listens, or whose bridge is down, is no drift."""
    t = {"namespaces": {"a": {"interfaces": {
        "br0": {"kind": "bridge", "stp_state": True, "forward_delay": 200},
        "p0": {"kind": "veth", "peer": "b/p0", "master": "br0"},
        "br1": {"kind": "bridge", "up": False}, "p1": {"kind": "veth", "peer": "b/p1", "master": "br1"}}}, "b": {}}}
    machine.apply(t)
    assert machine.apply(t).stdout == "lab: unchanged\n"
    assert "drift" not in events(machine)
