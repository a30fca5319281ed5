# SPDX-License-Identifier: MIT
"""netnsctl adopt: existing objects are taken over as they are, or not at all."""
import re

import pytest
from injector import Injector, survived
from machine import wait_for
from topologies import everyday

BY_HAND = """
ip netns add ns1
ip link add veth-host type veth peer name veth-ns netns ns1
ip addr add 10.0.0.1/24 dev veth-host
ip -n ns1 addr add 10.0.0.2/24 dev veth-ns
ip link set veth-host up; ip -n ns1 link set veth-ns up; ip -n ns1 link set lo up
ip -n ns1 route add default via 10.0.0.1
ip -n ns1 -6 addr add 2001:db8::2/64 dev veth-ns nodad
ip -n ns1 -6 route add 2001:db8:1::/48 via 2001:db8::1
ip netns exec ns1 ip route add 10.99.0.0/16 via 10.0.0.1 proto bird
until ip -n ns1 -6 route show table local | grep -q "^local 2001:db8::2 "; do sleep 0.01; done
"""


def declared():
    t = everyday()
    ns1 = t["namespaces"]["ns1"]
    ns1["interfaces"]["veth-ns"]["addresses"].append("2001:db8::2/64")
    ns1["routes"].append({"to": "2001:db8:1::/48", "via": "2001:db8::1"})
    return t


def unmarked(lines):
    """@lines of a snapshot without marks."""
    return [re.sub(r', "protocol": "\w+"', "", line) for line in lines if " ifalias " not in line and " group " not in line]


def adopt(machine, t, **options):
    return machine.ctl("adopt", machine.file(t), **options)


def test_just_as_declared(machine):
    machine.sh(BY_HAND)
    before = machine.snapshot()
    inode = machine.inode("ns1")
    assert "veth-host already exists and belongs to another program" in machine.apply(declared(), code=1).stderr
    assert adopt(machine, declared()).stdout == "lab: adopted; 5 marks set\n"
    assert machine.inode("ns1") == inode and unmarked(machine.snapshot()) == unmarked(before)
    assert machine.link("ns1", "veth-ns")["ifalias"] == machine.link(None, "veth-host")["ifalias"] == "netnsd:lab"
    assert machine.routes("ns1", "default")[0]["protocol"] in ("78", "netnsd")
    assert machine.routes("ns1", "10.99.0.0/16")[0]["protocol"] == "bird"
    assert machine.apply(declared()).stdout == "lab: unchanged\n"
    machine.sh("ip -n ns1 route del default; ip addr del 10.0.0.1/24 dev veth-host")
    machine.unname("ns1")
    wait_for(lambda: machine.namespaces() == ["ns1"] and machine.routes("ns1", "default"))
    machine.ping("ns1", "10.0.0.1")
    assert machine.inode("ns1") == inode


def test_known_topology(machine):
    machine.apply(declared())
    machine.ctl("down", "lab")
    machine.sh(BY_HAND)
    assert "adopted" in machine.ctl("adopt", "lab").stdout
    assert machine.apply(declared()).stdout == "lab: unchanged\n"
    assert "there is no topology nowhere" in machine.ctl("adopt", "nowhere", code=1).stderr


DIFFERENT = {
    "mtu": ("ip -n ns1 link set veth-ns mtu 1400", {"mtu": 1300}, "link ns1/veth-ns mtu 1400 → 1300 would have to"),
    "missing address": ("ip -n ns1 addr del 2001:db8::2/64 dev veth-ns", {}, "address ns1/veth-ns 2001:db8::2/64"),
    "one more address": ("ip -n ns1 addr add 10.0.0.7/24 dev veth-ns", {}, "address ns1/veth-ns 10.0.0.7/24 exists, but is not"),
    "route": ("ip -n ns1 route del default", {}, "route ns1 default via 10.0.0.1 does not exist"),
    "loopback": ("ip -n ns1 link set lo down", {}, "link ns1/lo"),
    "group": ("ip link set veth-host group 7", {}, "link host/veth-host has a link group or an alias"),
    "alias": ("ip -n ns1 link set veth-ns alias mine", {}, "link ns1/veth-ns has a link group or an alias"),
}


@pytest.mark.parametrize("change, fields, words", DIFFERENT.values(), ids=DIFFERENT)
def test_difference(machine, change, fields, words):
    machine.sh(BY_HAND + change)
    before = machine.snapshot()
    t = declared()
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"].update(fields)
    error = adopt(machine, t, code=1).stderr
    assert words in error and "lab: the existing objects are not as declared; nothing was touched" in error, error
    machine.assert_same(before)
    assert machine.ctl("status").stdout.startswith("no topologies")
    machine.sh("ip netns del ns1")
    wait_for(lambda: machine.links() == ["lo"])


def test_nothing_there(machine):
    error = adopt(machine, everyday(), code=1).stderr
    assert "namespace ns1 does not exist" in error and "link ns1/veth-ns" in error, error
    machine.assert_same(machine.at_first)


def test_of_another_topology(machine):
    machine.apply(everyday(), "other")
    before = machine.snapshot()
    error = adopt(machine, everyday(), code=1).stderr
    assert "other" in error, error
    machine.assert_same(before)


@pytest.mark.parametrize("call", ["renameat", pytest.param("sendto", marks=pytest.mark.long)])
def test_cut_off(bare, call):
    """Killed at any point it is adopted afterwards, or it is not and carries no mark."""
    outcomes = []
    bare.start()
    for when in range(1, 100):
        bare.sh(BY_HAND)
        before = bare.snapshot()
        with Injector(bare, call, "signal=KILL", when):
            adopt(bare, declared(), code=None)
        done = survived(bare)
        if not done:
            bare.start()
        known = bare.topologies()
        outcomes.append(bool(known))
        if known:
            assert bare.apply(declared()).stdout == "lab: unchanged\n"
            assert unmarked(bare.snapshot()) == unmarked(before)
            bare.ctl("down", "--forget", "lab")
        else:
            bare.assert_same(before)
            bare.sh("ip netns del ns1")
            wait_for(lambda: bare.links() == ["lo"])
        if done:
            break
    assert done and outcomes == sorted(outcomes) and not outcomes[0] and outcomes[-2], outcomes


def test_refused_in_the_middle(bare):
    """The marks that were put are removed again."""
    bare.sh(BY_HAND)
    before = bare.snapshot()
    bare.start()
    with Injector(bare, "renameat", "error=ENOSPC", 2):
        error = adopt(bare, declared(), code=1).stderr
    assert "No space left on device" in error, error
    bare.assert_same(before)
    adopt(bare, declared())
