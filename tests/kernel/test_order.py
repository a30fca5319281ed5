# SPDX-License-Identifier: MIT
"""The first address of a network in a file is the source address for that network, and stays so."""
import pytest
from machine import wait_for
from monitor import events, log
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
    """Whether the next one takes the place of the first, or is removed with it."""
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


def test_another_order_is_a_change(up):
    t = topology(OTHERS + FOUR[::-1] + SIX[::-1])
    steps = up.ctl("plan", up.file(t)).stdout
    assert "- address   ns1/veth-ns  10.0.0.2/24 out of order (recreated)\n" in steps
    assert "+ address   ns1/veth-ns  10.0.0.2/24 (recreated)\n" in steps
    # That one stays, and is the first once those before it have gone.
    assert "10.0.0.4/24" not in steps
    assert "recreated, which interrupts traffic" in up.apply(t, "lab", "--no-disrupt", code=1).stderr
    up.apply(t)
    assert sources(up) == ("10.0.0.4", "2001:db8::4")
    assert up.apply(t).stdout == "lab: unchanged\n"
    up.ctl("rollback", "lab")
    assert sources(up) == ("10.0.0.2", "2001:db8::2")
    up.stop()
    up.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns; ip -n ns1 addr add 10.0.0.2/24 dev veth-ns")
    assert source(up, "10.0.0.1") == "10.0.0.3"
    up.start()
    wait_for(lambda: sources(up) == ("10.0.0.2", "2001:db8::2"))


def test_where_none_takes_the_place_of_the_first(up):
    """All of the network would be removed with it, and routes of others with them: it stays as it is."""
    up.sh(promotes("veth-ns", 0))
    t = topology(OTHERS[:1] + FOUR[::-1] + SIX + OTHERS[1:])
    assert up.apply(t).stdout == "lab: unchanged\n"
    assert sources(up) == ("10.0.0.2", "2001:db8::2")


@pytest.mark.parametrize("new, recreated", [("10.0.0.5/24", 3), ("2001:db8::5/64", 1)])
def test_new_one_among_them(up, new, recreated):
    """A plan shows all that is needed, and that it interrupts traffic: before the others with IPv4, after one with
    IPv6."""
    t = topology(OTHERS[:1] + [new] + FOUR + SIX + OTHERS[1:])
    if ":" in new:
        t = topology(OTHERS[:1] + FOUR + SIX + OTHERS[1:] + [new])
    before = up.addresses("ns1", "veth-ns")
    assert "recreated, which interrupts traffic" in up.apply(t, "lab", "--no-disrupt", code=1).stderr
    assert up.addresses("ns1", "veth-ns") == before
    plan = up.ctl("plan", up.file(t)).stdout
    assert plan.count("(recreated)") == 2 * recreated and f"+ address   ns1/veth-ns  {new}\n" in plan
    up.apply(t)
    assert sources(up) == ("10.0.0.2" if ":" in new else "10.0.0.5", "2001:db8::2")


def test_rolled_back(up):
    """A refused change leaves the order as it was; nothing heals it here."""
    t = topology(OTHERS[:1] + FOUR + SIX + OTHERS[1:])
    t["on_drift"] = "report"
    up.apply(t)
    after = topology(OTHERS[:1] + FOUR[::-1] + SIX[::-1] + OTHERS[1:])
    after["on_drift"] = "report"
    after["namespaces"]["ns1"]["routes"] = [{"to": "2001:db8:9::/48", "dev": "veth-ns", "src": "fe80::77"}]
    assert "everything is as it was before" in up.apply(after, "lab", code=1).stderr
    assert sources(up) == ("10.0.0.2", "2001:db8::2")
    up.ctl("wait", "lab")
    assert "out of order" not in up.ctl("status", "lab").stdout


def test_routes_of_others_stay(machine):
    """An interface is never without an address: that would cost it all its routes."""
    machine.sh("ip link add wan type bridge; ip link set wan up; sysctl -q net.ipv4.conf.wan.promote_secondaries=1")
    t = {"host": {"interfaces": {"wan": {"addresses": ["10.7.0.1/24", "10.7.0.2/24", "10.7.0.3/24"]}}}}
    machine.apply(t)
    machine.sh("ip route add default via 10.7.0.254; ip route add 10.66.0.0/16 via 10.7.0.254 proto bird")
    before = machine.sh("ip route")
    for _ in range(2):
        machine.sh("ip addr del 10.7.0.1/24 dev wan")
        wait_for(lambda: machine.sh("ip route") == before and len(machine.addresses(None, "wan")) == 3)
    t["host"]["interfaces"]["wan"]["addresses"].reverse()
    machine.apply(t)
    assert machine.sh("ip route") == before.replace("10.7.0.1", "10.7.0.3")
    assert not [e for e in log(machine) if "route" in e["message"]]
    machine.ctl("down", "lab")
    machine.sh("ip link del wan")


def test_loopback_keeps_its_own(machine):
    addresses = [{"address": f"127.0.0.{n}/8", "scope": "host"} for n in (2, 1)]
    t = {"host": {"interfaces": {"lo": {"addresses": addresses}}}}
    machine.sh("sysctl -q net.ipv4.conf.lo.promote_secondaries=1")
    machine.apply(t)
    machine.ctl("down", "lab")
    assert machine.addresses(None, "lo")[0] == "127.0.0.1/8"


def test_what_waits_holds_up_the_others(bare):
    """The first is contested: the others are not recreated again and again meanwhile."""
    bare.start("--heal-burst", "2/60")
    bare.apply(topology(FOUR))

    def contested():
        return [e["expected"] for e in log(bare) if e["event"] == "contested"]
    while not contested():
        bare.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns")
        wait_for(lambda: FOUR[0] in bare.addresses("ns1", "veth-ns"))
    bare.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns")
    wait_for(lambda: "10.0.0.2/24 is missing; changed again and again" in bare.ctl("status", "lab").stdout)
    assert bare.addresses("ns1", "veth-ns") == FOUR[1:]
    wait_for(lambda: sorted(bare.addresses("ns1", "veth-ns")) == FOUR and source(bare, "10.0.0.1") == "10.0.0.2")
    assert contested() == [FOUR[0]]
    assert {e["expected"] for e in log(bare) if e["event"] == "drift"} == {FOUR[0]}


def test_many(machine):
    """A heal of one of a thousand; each removal of the first would search for the next."""
    t = topology([f"10.0.{i // 250}.{i % 250 + 2}/16" for i in range(1000)])
    machine.apply(t)
    machine.sh("ip -n ns1 addr del 10.0.0.2/16 dev veth-ns")
    wait_for(lambda: "healed" in events(machine))
    assert source(machine, "10.0.0.1") == "10.0.0.2" and len(machine.addresses("ns1", "veth-ns")) == 1000


def test_kinds_of_ipv6_addresses(machine):
    """The kernel has them in another order, whatever was added first."""
    t = topology(FOUR[:1] + ["fec0::1/6", "fc00::1/6"])
    machine.apply(t)
    assert machine.apply(t).stdout == "lab: unchanged\n"


def test_adopted(machine):
    machine.sh("ip link add wan type bridge; ip link set wan up; sysctl -q net.ipv4.conf.wan.promote_secondaries=1;"
               "ip addr add 10.7.0.2/24 dev wan; ip addr add 10.7.0.1/24 dev wan")
    before = machine.sh("ip addr show dev wan")
    t = {"host": {"interfaces": {"wan": {"addresses": ["10.7.0.1/24", "10.7.0.2/24"]}}}}
    error = machine.ctl("adopt", machine.file(t), code=1).stderr
    assert "address host/wan 10.7.0.2/24 out of order would have to be recreated" in error, error
    assert machine.sh("ip addr show dev wan") == before
    machine.sh("ip link del wan")


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
    """That one stays, and there is nothing to do."""
    machine.sh("ip link add wan type bridge; ip link set wan up; ip addr add 10.7.0.9/24 dev wan")
    t = {"host": {"interfaces": {"wan": {"addresses": ["10.7.0.1/24", "10.7.0.2/24"]}}}}
    machine.apply(t)
    machine.sh("ip addr del 10.7.0.1/24 dev wan")
    wait_for(lambda: machine.addresses(None, "wan") == ["10.7.0.9/24", "10.7.0.2/24", "10.7.0.1/24"])
    wait_for(lambda: "healed" in events(machine))
    assert machine.apply(t).stdout == "lab: unchanged\n"
    assert events(machine) == ["applied", "drift", "healed", "applied"]
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
    """Where duplicate address detection is on, addresses are left as they are."""
    t = topology(FOUR + [{"address": a, "nodad": False} for a in SIX[:2]])
    machine.apply(t)
    # The last of the file was added first.
    wait_for(lambda: "tentative" not in machine.sh("ip -n ns1 addr show dev veth-ns"))
    assert source(machine, "2001:db8::1") == "2001:db8::2"
    machine.sh("ip -n ns1 addr del 2001:db8::3/64 dev veth-ns")
    wait_for(lambda: "healed" in events(machine))
    assert [e["object"] for e in log(machine) if e["event"] == "drift"] == ["ns1/veth-ns"]
    assert machine.apply(t).stdout == "lab: unchanged\n"
