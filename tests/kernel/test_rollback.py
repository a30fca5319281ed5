# SPDX-License-Identifier: MIT
"""Rollback: what a refused change, or the end of a topology, leaves of what belongs to others."""
import errno
import json

import pytest
from fault import ERROR, NUMBERS as CALLS
from machine import wait_for
from topologies import everyday

# A step that the kernel refuses, and that comes late.
REFUSED = {"net.ipv4.ip_default_ttl": 999}


def test_refused_change_of_an_interface_known_before(machine):
    machine.sh("ip link add wan type veth peer name isp; ip link set wan up; ip link set isp up")
    machine.apply({"host": {"interfaces": {"wan": {"mtu": 1400}}}})
    before = machine.link(None, "wan")
    machine.apply({"host": {"interfaces": {"wan": {"mtu": 1300, "mac": "02:00:00:00:00:09", "txqlen": 7}},
                            "sysctl": REFUSED}}, code=1)
    assert machine.link(None, "wan") == before
    machine.ctl("down", "lab")
    assert machine.link(None, "wan")["mtu"] == 1500
    machine.sh("ip link del wan")


def test_step_of_a_rollback_that_is_refused_once(bare, fault):
    """Whichever it is: another program may be in the way for a moment. netnsd observes again, and continues from
    there."""
    def refused(at):
        fault.arm(ERROR if at else 0, at=at, error=errno.ENOENT, only=CALLS["sendto"])
        err = bare.apply(t, "lab", "--replace", code=1).stderr
        fault.disarm()
        assert "as it was before" in err and "rollback also failed" not in err, (at, err)
        bare.assert_same(before)
        return fault.control.count

    bare.start(environment=fault.environment)
    bare.apply(everyday())
    before = bare.snapshot()
    t = everyday()
    t["host"]["interfaces"]["veth-host"]["addresses"] = ["10.0.0.1/24", "10.0.0.8/24"]
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"] |= {"mtu": 1300, "addresses": ["10.0.0.2/24", "10.8.0.2/24"]}
    t["namespaces"]["ns1"]["routes"] += [{"to": "2001:db8:9::/48", "dev": "veth-ns", "src": "fe80::77"}]
    sent = refused(0)
    assert sent > 3
    for at in range(1, sent + 1):
        refused(at)
    assert bare.apply(everyday()).stdout.strip() == "lab: unchanged"
    bare.ctl("down", "lab")


def forwarding(machine):
    return machine.sh("grep . /proc/sys/net/ipv[46]/conf/*/forwarding /proc/sys/net/ipv6/conf/*/accept_ra")


def test_forwarding_changes_nothing_else(machine):
    """The kernel resets the keys of all interfaces; exceptions are restored after a refusal, and in the end."""
    machine.sh("ip link add wan type veth peer name isp; ip link set wan up; ip link set isp up;"
               "echo 1 >/proc/sys/net/ipv4/conf/isp/forwarding; echo 1 >/proc/sys/net/ipv6/conf/isp/forwarding")
    before = forwarding(machine)
    machine.apply({"host": {"forwarding": True, "sysctl": REFUSED}}, code=1)
    assert forwarding(machine) == before
    machine.apply({"host": {"forwarding": True}})
    assert forwarding(machine) != before
    machine.restart()
    machine.ctl("down", "lab")
    assert forwarding(machine) == before
    machine.sh("ip link del wan")


def test_recreated_veth_pair_keeps_nodad(machine):
    t = everyday()
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"]["addresses"] += ["2001:db8::2/64"]
    machine.apply(t)
    moved = json.loads(json.dumps(t))
    moved["namespaces"] = {"ns2": moved["namespaces"]["ns1"], "ns1": {}}
    moved["host"]["sysctl"] = REFUSED
    machine.apply(moved, code=1)
    shown = machine.sh("ip -n ns1 -6 addr show veth-ns")
    assert "2001:db8::2/64 scope global nodad" in shown
    assert machine.apply(t).stdout.strip() == "lab: unchanged"


def test_another_interface_of_the_same_name_gets_its_own_values_back(machine):
    machine.sh("ip link add wan type veth peer name isp")
    machine.apply({"host": {"interfaces": {"wan": {"mtu": 1400, "mac": "02:00:00:00:00:aa"}}}})
    machine.sh("ip link del wan; ip link add wan address 02:00:00:00:00:77 mtu 1400 type bridge")
    wait_for(lambda: machine.link(None, "wan")["address"] == "02:00:00:00:00:aa")
    machine.ctl("down", "lab")
    assert machine.link(None, "wan")["address"] == "02:00:00:00:00:77" and machine.link(None, "wan")["mtu"] == 1400
    machine.sh("ip link del wan")


def test_foreign_route_with_our_protocol_is_a_conflict(machine):
    machine.sh("ip link add wan type bridge; ip link set wan up; ip addr add 192.0.2.1/24 dev wan;"
               "ip route add 10.6.0.0/16 dev wan metric 7 proto 78")
    before = machine.snapshot()
    result = machine.apply({"host": {"routes": [{"to": "10.6.0.0/16", "via": "192.0.2.9", "metric": 7}]}}, code=1)
    assert "10.6.0.0/16 belongs to another program" in result.stderr
    machine.assert_same(before)
    machine.sh("ip link del wan")


def test_half_written_record_is_cleared(machine):
    machine.apply(everyday())
    (machine.root / "run/netnsd/pending/lab.new").write_text("{")
    machine.restart()
    assert not list((machine.root / "run/netnsd").glob("*/*.new"))


WAN = "ip link add wan type veth peer name isp; ip link set isp up; ip link set wan up; ip addr add 192.0.2.1/24 dev wan"
MANAGED = {"host": {"interfaces": {"wan": {"mtu": 1400, "addresses": ["10.7.0.1/24"], "sysctl": {"ipv4.rp_filter": 2}}}}}


def facts(machine, name):
    return (machine.link(None, name)["mtu"], machine.addresses(None, name), machine.sysctl(None, f"net.ipv4.conf.{name}.rp_filter"))


@pytest.mark.parametrize("restart", [False, True])
def test_interface_that_gets_another_name(machine, restart):
    """Its saved values are restored; under its former name it would be managed again."""
    machine.sh(WAN)
    before = facts(machine, "wan")
    machine.apply(MANAGED)
    managed = facts(machine, "wan")
    assert managed[0] == 1400 and sorted(managed[1]) == ["10.7.0.1/24", "192.0.2.1/24"] and managed[2] == "2"
    if restart:
        machine.stop()
    machine.sh("ip link set wan down; ip link set wan name w0; ip link set w0 up")
    if restart:
        machine.start()
    wait_for(lambda: facts(machine, "w0") == before)
    machine.sh("ip link set w0 down; ip link set w0 name wan; ip link set wan up")
    wait_for(lambda: facts(machine, "wan") == managed)
    machine.ctl("down", "lab")
    assert facts(machine, "wan") == before
    machine.sh("ip link del wan")


def test_interfaces_that_swap_names(machine):
    machine.sh(WAN + "; ip link add w2 type bridge; ip link set w2 up")
    before, other = facts(machine, "wan"), facts(machine, "w2")
    machine.apply(MANAGED)
    machine.sh("for i in wan w2; do ip link set $i down; done; ip link set wan name old; ip link set w2 name wan; ip link set old name w2;"
               "for i in wan w2; do ip link set $i up; done")
    wait_for(lambda: facts(machine, "w2") == before and facts(machine, "wan") == (1400, ["10.7.0.1/24"], "2"))
    machine.ctl("down", "lab")
    assert facts(machine, "w2") == before and facts(machine, "wan") == other
    machine.sh("ip link del wan; ip link del w2")
