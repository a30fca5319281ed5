# SPDX-License-Identifier: MIT
"""The first address of a network in a file is the source of what goes there, and stays so."""
import pytest
from machine import wait_for
from test_monitor import log
from topologies import everyday

FOUR = ["10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24"]
SIX = ["2001:db8::2/64", "2001:db8::3/64", "2001:db8::4/64"]
OTHERS = ["10.1.0.1/24", "2001:db8:1::1/64"]


def topology(addresses, **more):
    t = everyday()
    t["host"]["interfaces"]["veth-host"]["addresses"] = ["10.0.0.1/24", "2001:db8::1/64"]
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"] |= {"addresses": addresses, **more}
    return t


def source(machine, to, netns="ns1"):
    return machine.ip("-n", netns, "route", "get", to)[0]["prefsrc"]


def sources(machine):
    return source(machine, "10.0.0.1"), source(machine, "2001:db8::1")


def promotes(link, yes, netns="ns1"):
    """Whether the next one takes the place of the first, or goes with it."""
    return (f"ip netns exec {netns} sysctl -q net.ipv4.conf.{link}.promote_secondaries={yes} "
            "net.ipv4.conf.all.promote_secondaries=0")


@pytest.fixture
def up(machine):
    machine.apply(topology(OTHERS[:1] + FOUR + SIX + OTHERS[1:]))
    assert sources(machine) == ("10.0.0.2", "2001:db8::2")
    return machine


def test_created(up):
    assert up.ctl("plan", up.file(topology(OTHERS[:1] + FOUR + SIX + OTHERS[1:]))).stdout == "lab: nothing to do\n"
    assert up.addresses("ns1", "veth-ns")[:4] == ["10.1.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24"]


@pytest.mark.parametrize("promote", [1, 0])
@pytest.mark.parametrize("gone", [FOUR[0], FOUR[1], SIX[0], SIX[1], SIX[2]])
def test_healed(up, gone, promote):
    up.sh(promotes("veth-ns", promote))
    before = [up.addresses("ns1", "veth-ns"), up.routes("ns1", "default")]
    up.sh(f"ip -n ns1 addr del {gone} dev veth-ns")
    wait_for(lambda: sorted(up.addresses("ns1", "veth-ns")) == sorted(before[0])
             and sources(up) == ("10.0.0.2", "2001:db8::2") and up.routes("ns1", "default") == before[1])
    up.ping("ns1", "10.0.0.1")
    assert {e["event"] for e in log(up)} == {"applied", "drift", "healed"}


@pytest.mark.parametrize("promote", [1, 0])
def test_another_order_is_a_change(up, promote):
    up.sh(promotes("veth-ns", promote))
    t = topology(OTHERS + FOUR[::-1] + SIX[::-1])
    steps = up.ctl("plan", up.file(t)).stdout
    assert "- address   ns1/veth-ns  10.0.0.2/24 out of order (made anew)\n" in steps
    assert "+ address   ns1/veth-ns  10.0.0.2/24 (made anew)\n" in steps
    assert "made anew, which interrupts traffic" in up.apply(t, "lab", "--no-disrupt", code=1).stderr
    up.apply(t)
    assert sources(up) == ("10.0.0.4", "2001:db8::4")
    assert up.apply(t).stdout == "lab: unchanged\n"
    up.ctl("rollback", "lab")
    assert sources(up) == ("10.0.0.2", "2001:db8::2")
    up.stop()
    up.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns; ip -n ns1 addr add 10.0.0.2/24 dev veth-ns")
    assert source(up, "10.0.0.1") == ("10.0.0.3" if promote else "10.0.0.2")
    up.start()
    wait_for(lambda: sources(up) == ("10.0.0.2", "2001:db8::2"))


def test_routes_that_stand_on_them(up):
    routes = [{"to": "default", "via": "10.0.0.1", "src": "10.0.0.3"}, {"to": "10.9.0.0/16", "via": "10.0.0.1"},
              {"to": "2001:db8:9::/48", "via": "2001:db8::1", "src": "2001:db8::2"}]
    t = topology(FOUR + SIX)
    t["namespaces"]["ns1"]["routes"] = routes
    up.apply(t)
    before = [up.sh(f"ip -n ns1 {f} route show proto 78") for f in ("-4", "-6")]
    up.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns; ip -n ns1 addr del 2001:db8::4/64 dev veth-ns")
    wait_for(lambda: [up.sh(f"ip -n ns1 {f} route show proto 78") for f in ("-4", "-6")] == before and sources(up)[1] == "2001:db8::2"
             and up.routes("ns1", "10.0.0.0/24")[0]["prefsrc"] == "10.0.0.2")
    assert {e["event"] for e in log(up)} == {"applied", "drift", "healed"}


def test_only_reported(machine):
    t = topology(FOUR[:2])
    t["on_drift"] = "report"
    machine.apply(t)
    machine.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns; ip -n ns1 addr add 10.0.0.2/24 dev veth-ns")
    wait_for(lambda: "10.0.0.3/24 out of order" in machine.ctl("status", "lab").stdout)
    assert source(machine, "10.0.0.1") == "10.0.0.3"


def test_somebody_elses_is_the_first(machine):
    """That one stays, and there is nothing to be done."""
    machine.sh("ip link add wan type bridge; ip link set wan up; ip addr add 10.7.0.9/24 dev wan")
    t = {"host": {"interfaces": {"wan": {"addresses": ["10.7.0.1/24", "10.7.0.2/24"]}}}}
    machine.apply(t)
    machine.sh("ip addr del 10.7.0.1/24 dev wan")
    wait_for(lambda: machine.addresses(None, "wan") == ["10.7.0.9/24", "10.7.0.2/24", "10.7.0.1/24"])
    wait_for(lambda: "healed" in [e["event"] for e in log(machine)])
    assert machine.apply(t).stdout == "lab: unchanged\n"
    assert [e["event"] for e in log(machine)] == ["applied", "drift", "healed", "applied"]
    machine.ctl("down", "lab")
    machine.sh("ip link del wan")


@pytest.mark.parametrize("promote", [1, 0])
def test_on_an_interface_of_somebody(machine, promote):
    machine.sh(f"ip link add wan type bridge; ip link set wan up; sysctl -q net.ipv4.conf.wan.promote_secondaries={promote};"
               "sysctl -q net.ipv4.conf.all.promote_secondaries=0; ip addr add 10.7.0.9/24 dev wan")
    machine.apply({"host": {"interfaces": {"wan": {"addresses": ["10.8.0.1/24", "10.8.0.2/24", "10.7.0.1/24"]}}}})
    machine.sh("ip addr del 10.8.0.1/24 dev wan")
    wait_for(lambda: machine.addresses(None, "wan") == ["10.7.0.9/24", "10.8.0.1/24", "10.7.0.1/24", "10.8.0.2/24"] or
             machine.addresses(None, "wan") == ["10.7.0.9/24", "10.8.0.1/24", "10.8.0.2/24", "10.7.0.1/24"])
    machine.ctl("down", "lab")
    assert machine.addresses(None, "wan") == ["10.7.0.9/24"]
    machine.sh("ip link del wan")


def test_not_for_a_second_without_the_address(machine):
    """Who looks for duplicates keeps his addresses as they are."""
    t = topology(FOUR + [{"address": a, "nodad": False} for a in SIX[:2]])
    machine.apply(t)
    # The last of the file has come first.
    wait_for(lambda: "tentative" not in machine.sh("ip -n ns1 addr show dev veth-ns"))
    assert source(machine, "2001:db8::1") == "2001:db8::2"
    machine.sh("ip -n ns1 addr del 2001:db8::3/64 dev veth-ns")
    wait_for(lambda: "healed" in [e["event"] for e in log(machine)])
    assert [e["object"] for e in log(machine) if e["event"] == "drift"] == ["ns1/veth-ns"]
    assert machine.apply(t).stdout == "lab: unchanged\n"
