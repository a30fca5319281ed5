# SPDX-License-Identifier: MIT
"""netnsctl doctor: each thing that is broken by hand is named, and nothing else; of a healthy machine nothing is."""
import json
import select

import pytest
from machine import wait_for
from topologies import everyday
from varlink import Connection, encode

REPORT = {"on_drift": "report"}  # netnsd would mend it faster than anybody can look
PAIR = {**everyday(), **REPORT}
BRIDGE = {**REPORT, "namespaces": {
    "sw": {"interfaces": {"br0": {"kind": "bridge", "addresses": ["10.1.0.1/24"]},
                          "p1": {"kind": "veth", "peer": "a/e", "master": "br0"},
                          "p2": {"kind": "veth", "peer": "b/e", "master": "br0"}}},
    "a": {"interfaces": {"e": {"addresses": ["10.1.0.2/24"]}}},
    "b": {"interfaces": {"e": {"addresses": ["10.1.0.3/24"]}}}}}
SMALL_PORT = {"namespaces": {
    "sw": {"interfaces": {"br0": {"kind": "bridge", "mtu": 1500},
                          "p1": {"kind": "veth", "peer": "a/e", "master": "br0", "mtu": 1400}}},
    "a": {"interfaces": {"e": {"mtu": 1400}}}}}
ROUTER = {**REPORT, "namespaces": {
    "r": {"forwarding": "ipv4", "interfaces": {"a": {"kind": "veth", "peer": "a/e", "addresses": ["10.2.1.1/24"]},
                                               "b": {"kind": "veth", "peer": "b/e", "addresses": ["10.2.2.1/24"]}}},
    "a": {"interfaces": {"e": {"addresses": ["10.2.1.2/24"]}}, "routes": [{"to": "default", "via": "10.2.1.1"}]},
    "b": {"interfaces": {"e": {"addresses": ["10.2.2.2/24"]}}, "routes": [{"to": "default", "via": "10.2.2.1"}]}}}


def without(topology, netns, key):
    """@topology, whose namespace does not declare that."""
    body = {k: v for k, v in topology["namespaces"][netns].items() if k != key}
    return {**topology, "namespaces": {**topology["namespaces"], netns: body}}


# case: topology, what breaks it, the check, and the object that it names
BROKEN = {
    "namespace-missing": (PAIR, "ip netns del ns1", "ns1"),
    "link-missing": (PAIR, "ip link del veth-host", "ns1/veth-ns"),
    "link-missing, a bridge": (BRIDGE, "ip -n sw link del br0", "sw/br0"),
    "far-end": (PAIR, "ip netns add old; ip -n ns1 link set veth-ns netns old", "host/veth-host"),
    "address-missing": (PAIR, "ip -n ns1 addr del 10.0.0.2/24 dev veth-ns", "ns1/veth-ns"),
    "route-missing": (PAIR, "ip -n ns1 route del default", "ns1"),
    "route-missing, that of an address": (PAIR, "ip route del 10.0.0.0/24", "host/veth-host"),
    "changed": (PAIR, "ip -n ns1 addr add 10.9.9.9/24 dev veth-ns", "ns1/veth-ns"),
    "changed, a port": (BRIDGE, "ip -n sw link set p1 nomaster", "sw/p1"),
    "link-down": (PAIR, "ip -n ns1 link set veth-ns down", "ns1/veth-ns"),
    "link-down, the other end": (PAIR, "ip link set veth-host down", "host/veth-host"),
    "loopback-down": (PAIR, "ip -n ns1 link set lo down", "ns1/lo"),
    "no-carrier": ({"namespaces": {"sw": {"interfaces": {"br0": {"kind": "bridge", "addresses": ["10.1.0.1/24"]}}}}},
                   "", "sw/br0"),
    "gateway-nobody": (without(PAIR, "ns1", "routes"), "ip -n ns1 route add default via 10.0.0.9", "ns1/veth-ns"),
    "gateway-silent": (PAIR, "ip -n ns1 neigh replace 10.0.0.1 dev veth-ns nud failed", "ns1/veth-ns"),
    "no-gateway": (without(ROUTER, "a", "routes"), "", "a/e"),
    "mtu-pair": (PAIR, "ip link set veth-host mtu 9000", "host/veth-host"),
    "mtu-pair, declared": ({"namespaces": {"a": {"interfaces": {"e": {"kind": "veth", "peer": "b/e", "mtu": 1400}}}, "b": {}}},
                           "", "b/e"),
    "mtu-bridge": (SMALL_PORT, "", "sw/p1"),
}
# What is left on the machine besides the topology.
TIDY = "ip netns del old 2>/dev/null || true"


def doctor(machine, *args):
    """The findings, as (check, object)."""
    result = machine.ctl("--json", "doctor", *args, code=None)
    reply = json.loads(result.stdout)
    assert result.returncode == (3 if reply["findings"] else 0)
    assert "unread" not in reply
    return [(f["check"], f["object"]) for f in reply["findings"]]


@pytest.mark.parametrize("case", BROKEN)
def test_broken(machine, case):
    topology, commands, place = BROKEN[case]
    machine.apply(topology)
    if commands:
        assert doctor(machine) == []
        machine.sh(commands)
    expected = [(case.partition(",")[0], place)]
    wait_for(lambda: doctor(machine) == expected or not commands)
    assert doctor(machine) == expected
    assert doctor(machine, "lab") == expected
    machine.sh(TIDY)
    machine.ctl("down", "lab")
    assert doctor(machine) == []


@pytest.mark.parametrize("case", [c for c in BROKEN if BROKEN[c][1]])
def test_command(machine, case):
    """The command that a finding ends with mends it."""
    topology, commands, _ = BROKEN[case]
    machine.apply(topology)
    machine.sh(commands)
    wait_for(lambda: doctor(machine))
    for _ in range(3):  # it was named alone: what was behind it may show now
        for finding in json.loads(machine.ctl("--json", "doctor", code=None).stdout)["findings"]:
            machine.sh(finding["command"])
    if case != "gateway-nobody":  # there is no single command
        wait_for(lambda: not doctor(machine))
    machine.sh(TIDY)


def test_line(machine):
    machine.apply(PAIR)
    machine.sh("ip -n ns1 link set veth-ns down")
    result = machine.ctl("doctor", code=3)
    assert result.stdout == ("error: ns1/veth-ns: the interface is down: no packet passes, and its routes are gone: "
                             "ip -n ns1 link set veth-ns up\n")
    assert result.stderr == ""


def test_by_topology(machine):
    machine.apply(PAIR)
    machine.apply(BRIDGE, "other")
    machine.sh("ip -n ns1 link set veth-ns down; ip -n sw link set p1 down")
    assert doctor(machine) == [("link-down", "ns1/veth-ns"), ("link-down", "sw/p1")]
    assert doctor(machine, "lab") == [("link-down", "ns1/veth-ns")]
    assert doctor(machine, "other") == [("link-down", "sw/p1")]
    assert "there is no topology nobody" in machine.ctl("doctor", "nobody", code=1).stderr


def test_others_are_not_judged(machine):
    """Whatever is wrong with what netnsd has nothing to do with."""
    machine.apply(PAIR)
    machine.sh("ip netns add old; ip -n old link add x type veth peer name y; ip -n old addr add 10.0.0.1/24 dev x; "
               "ip link add z type veth peer name w mtu 1400; ip -n old route add 10.7.0.0/16 dev x || true")
    assert doctor(machine) == []
    machine.sh("ip link del z; ip netns del old")


def test_changes_nothing(bare):
    bare.start(strace=True)
    bare.apply(BRIDGE)
    bare.sh("ip -n sw link set p1 down")
    bare.writes()
    bare.ctl("doctor", code=3)
    assert bare.writes() == []


def test_many(machine):
    """A thousand namespaces: root's other calls are answered meanwhile, and it is one answer."""
    machine.apply({"namespaces": {f"m{i}": {"interfaces": {"e": {"kind": "veth", "peer": f"m{i}/f"}, "f": {}}}
                                  for i in range(300)}})
    with Connection(machine.socket) as asking, Connection(machine.socket) as other:
        asking.send(encode("io.netnsd.Doctor"))
        pings = 0
        while not select.select([asking.socket], [], [], 0)[0]:
            other.call("io.netnsd.Ping")
            pings += 1
        assert pings > 3
        assert asking.receive()["parameters"]["findings"] == []


def test_leaving(machine):
    """A client that goes away is no longer worked for; the next one is answered."""
    machine.apply(PAIR)
    for _ in range(20):
        with Connection(machine.socket) as connection:
            connection.send(encode("io.netnsd.Doctor"))
    assert doctor(machine) == []


def test_too_many(machine):
    machine.apply({"namespaces": {f"m{i}": {} for i in range(100)}})
    connections = [Connection(machine.socket) for _ in range(5)]
    for c in connections:
        c.send(encode("io.netnsd.Doctor"))
    answers = [c.receive() for c in connections]
    errors = [a["error"] for a in answers if "error" in a]
    assert len(errors) == 3 and set(errors) == {"io.netnsd.TooManyQuestions"}
    for c in connections:
        c.close()
    assert doctor(machine) == []
