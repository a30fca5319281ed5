# SPDX-License-Identifier: MIT
"""An interface that somebody removes in the middle of a change: what was to be restored on it is done with it, and
neither a down nor a rollback fails because of it."""
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


def vanish_at(machine, fault, number, *args):
    """netnsctl with @args; the interface vanishes when netnsd makes its call @number that changes something.  (None if
    there is no such call, else the exit code; what it says)."""
    pid = machine.pid()
    fault.arm(HOLD, at=number)
    client = machine.popen(NETNSCTL, *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def is_held():
        return " T " in (machine.root / f"proc/{pid}/stat").read_text()
    wait_for(lambda: is_held() or client.poll() is not None)
    held = is_held()
    if held:
        vanish(machine)
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
        code, error = vanish_at(bare, fault, number, "down", "--forget", "lab")
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
        code, error = vanish_at(bare, fault, number, "apply", bare.file(topology(body)))
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
