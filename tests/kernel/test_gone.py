# SPDX-License-Identifier: MIT
"""An interface that somebody removes in the middle of a change: what was to be restored on it is done with it, and
neither a down nor a rollback fails because of it. One that somebody renames is not gone."""
import subprocess

import pytest
from fault import HOLD
from machine import NETNSCTL, wait_for

# What a topology has on an interface that is not netnsd's; its address leads to a router.
BODIES = {
    "sysctl": {"sysctl": {"ipv4.forwarding": 1, "ipv4.rp_filter": 2}},
    "sysctl of IPv6": {"sysctl": {"ipv6.forwarding": 1}},
    "fields": {"mtu": 1400, "txqlen": 77},
    "queue": {"tbf": {"rate": "10mbit", "burst": "32kb", "latency": "50ms"}},
    "port": {"master": "br0"},
    "all": {"mtu": 1400, "addresses": ["10.9.0.1/24"], "sysctl": {"ipv4.forwarding": 1}},
}


def topology(body):
    host = {"interfaces": {"ext0": body, "br0": {"kind": "bridge"}}}
    if "addresses" in body:
        host["routes"] = [{"to": "10.10.0.0/16", "via": "10.9.0.2"}]
    return {"host": host, "namespaces": {"a": {}}}


def appear(machine):
    machine.sh("ip netns add far; ip link add ext0 type veth peer name ext1 netns far; ip link set ext0 up")


def vanish(machine):
    machine.sh("ip link del ext0; ip netns del far")


def meanwhile(machine, fault, number, happen, *args):
    """netnsctl with @args; @happen is called when netnsd makes its call @number that changes something.  (None if there is
    no such call, else the exit code; what it says)."""
    pid = machine.pid()
    fault.arm(HOLD, at=number)
    client = machine.popen(NETNSCTL, *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def is_held():
        return " T " in (machine.root / f"proc/{pid}/stat").read_text()
    wait_for(lambda: is_held() or client.poll() is not None)
    held = is_held()
    if held:
        happen(machine)
        machine.resume()
    error = client.communicate(timeout=60)[1]
    fault.disarm()
    return client.returncode if held else None, error


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_vanishes_in_the_middle_of_a_down(bare, fault, body):
    bare.start(environment=fault.environment)
    for number in range(1, 300):
        appear(bare)
        bare.apply(topology(body))
        code, error = meanwhile(bare, fault, number, vanish, "down", "--forget", "lab")
        if code is None:
            break
        assert (code, error) == (0, ""), f"{number}: {error}"
        assert not bare.topologies() and bare.namespaces() == []
    vanish(bare)
    assert number > 5


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_vanishes_in_the_middle_of_an_apply(bare, fault, body):
    """An apply that needs it is refused and rolled back; the one before stays up, and goes down."""
    bare.start(environment=fault.environment)
    refused = 0
    for number in range(1, 300):
        appear(bare)
        bare.apply({"host": {"interfaces": {"ext0": {"mtu": 1300, "sysctl": {"ipv4.rp_filter": 1}}}}, "namespaces": {"b": {}}})
        code, error = meanwhile(bare, fault, number, vanish, "apply", bare.file(topology(body)))
        assert "rollback also failed" not in error and "lasting effect" not in error, f"{number}: {error}"
        if code is not None:
            refused += code
            assert bare.namespaces() == (["b"] if code else ["a"]), f"{number}: {error}"
        bare.ctl("down", "--forget", "lab")
        assert not bare.topologies() and bare.links() == (["ext0", "lo"] if code is None else ["lo"])
        if code is None:
            break
    vanish(bare)
    assert number > 5 and refused


@pytest.mark.parametrize("link, at", [("br0", ""), ("h0", ""), ("e0", ""), ("br0", "-n theirs"), ("p0", "-n theirs")])
def test_renamed_in_the_middle_of_a_down(bare, fault, link, at):
    """It is removed by its number; whatever its name is, nothing is left behind."""
    ours = {"br0": {"kind": "bridge", "addresses": ["10.8.0.1/24"]}, "p0": {"kind": "veth", "peer": "PLACE/p1", "master": "br0"}, "p1": {}}

    def both(place):
        return {name: {k: v.replace("PLACE", place) if isinstance(v, str) else v for k, v in fields.items()} for name, fields in ours.items()}
    t = {"host": {"interfaces": {**both("host"), "h0": {"kind": "veth", "peer": "host/h1"}, "h1": {}, "e0": {"sysctl": {"ipv4.forwarding": 1}}}},
         "namespaces": {"ns": {"interfaces": {"e": {"kind": "veth", "peer": "host/e0"}}},
                        "theirs": {"existing": True, "interfaces": both("theirs")}}}
    bare.start(environment=fault.environment)
    for number in range(1, 300):
        bare.sh("ip netns add theirs")
        bare.apply(t)
        code, error = meanwhile(bare, fault, number, lambda machine: machine.sh(f"ip {at} link set {link} name elsewhere || true"),
                                "down", "--forget", "lab")
        assert (code, error) == (None if code is None else 0, ""), f"{number}: {error}"
        assert bare.links() == ["lo"] and bare.links("theirs") == ["lo"] and bare.namespaces() == ["theirs"], number
        bare.sh("ip netns del theirs")
        if code is None:
            break
    assert number > 5
