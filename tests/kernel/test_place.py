# SPDX-License-Identifier: MIT
"""A route that names only its gateway follows it to another interface."""
import pytest
from machine import wait_for
from monitor import events, log

ONE = ["10.0.1.1/24", "2001:db8:1::1/64"]
TWO = ["10.0.2.1/24", "2001:db8:2::1/64"]
FAR = ["10.9.0.0/16", "2001:db8:9::/48", "10.10.0.0/16"]


def topology(first, second):
    def veth(n, addresses):
        return {"kind": "veth", "peer": f"x/e{n}", "addresses": addresses}
    routes = [{"to": FAR[0], "via": "10.0.1.254"}, {"to": FAR[1], "via": "2001:db8:1::fe"}, {"to": FAR[2], "via": "10.0.1.253"}]
    return {"namespaces": {"r": {"interfaces": {"eth0": veth(0, first), "eth1": veth(1, second)}, "routes": routes},
                           "x": {"interfaces": {"e0": {}, "e1": {}}}}}


def devices(machine):
    return {r["dev"] for f in ("-4", "-6") for r in machine.ip("-n", "r", f, "route", "show", "proto", "78")}


@pytest.fixture
def up(machine):
    machine.apply(topology(ONE, TWO))
    assert devices(machine) == {"eth0"}
    return machine


def test_the_network_moves(up):
    up.apply(topology(TWO, ONE))
    assert devices(up) == {"eth1"}
    assert up.apply(topology(TWO, ONE)).stdout == "lab: unchanged\n"
    up.ctl("rollback", "lab")
    assert devices(up) == {"eth0"}


def test_another_route_leads_to_the_router(up):
    """Another program's, to another interface: what the kernel chose then, and would choose again, stays."""
    up.sh("ip -n r route add 10.0.3.0/24 dev eth1; ip -n r -6 route add 2001:db8:3::/64 dev eth1")
    t = topology(ONE, TWO)
    t["namespaces"]["r"]["interfaces"]["eth0"]["addresses"] += ["10.0.0.1/16", "2001:db8::1/32"]
    t["namespaces"]["r"]["routes"] += [{"to": "10.11.0.0/16", "via": "10.0.3.1"}, {"to": "2001:db8:b::/48", "via": "2001:db8:3::1"}]
    up.apply(t)
    assert devices(up) == {"eth0", "eth1"}
    assert up.apply(t).stdout == "lab: unchanged\n"
    up.sh("ip -n r route del 10.9.0.0/16")
    wait_for(lambda: events(up)[-2:] == ["drift", "healed"])
    assert up.apply(t).stdout == "lab: unchanged\n"


GONE = {
    "the address": ("ip addr add 10.7.0.9/24 dev wan", "ip addr del 10.7.0.9/24 dev wan"),
    "the route": ("ip route add 10.7.0.254 dev wan", "ip route del 10.7.0.254 dev wan"),
    "sight": ("ip addr add 10.7.0.9/24 dev wan", "ip rule add lookup 100; ip route add default dev lan table 100"),
}


@pytest.mark.parametrize("there, gone", GONE.values(), ids=GONE)
def test_what_the_kernel_keeps_is_kept(machine, there, gone):
    """The path to the gateway over an interface of others has gone, and the default route leads elsewhere."""
    machine.sh("for n in lan wan; do ip link add $n type bridge; ip link set $n up; done; ip addr add 192.0.2.1/24 dev lan;"
               f"ip route add default via 192.0.2.9; ip addr add 10.8.0.9/24 dev wan; {there}")
    t = {"host": {"interfaces": {"wan": {"addresses": ["10.9.0.1/24"]}, "lan": {"addresses": ["10.10.0.1/24"]}},
                  "routes": [{"to": "10.66.0.0/16", "via": "10.7.0.254"}]}}
    machine.apply(t)
    before = machine.sh("ip route show proto 78")
    assert "dev wan" in before
    machine.sh(f"{gone}; ip addr del 10.9.0.1/24 dev wan")
    wait_for(lambda: "10.9.0.1/24" in machine.addresses(None, "wan") and "healed" in events(machine))
    assert machine.apply(t).stdout == "lab: unchanged\n"
    assert machine.sh("ip route show proto 78") == before
    assert not [e for e in log(machine) if "route" in e["message"]]
    machine.ctl("down", "lab")
    machine.sh("ip rule del lookup 100 2>/dev/null || true; ip link del lan; ip link del wan")
