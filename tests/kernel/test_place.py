# SPDX-License-Identifier: MIT
"""A route that names only its router follows it to another interface."""
import pytest
from machine import wait_for
from test_monitor import log

ONE = ["10.0.1.1/24", "2001:db8:1::1/64"]
TWO = ["10.0.2.1/24", "2001:db8:2::1/64"]
FAR = ["10.9.0.0/16", "2001:db8:9::/48", "10.10.0.0/16"]


def topology(first, second):
    def cable(n, addresses):
        return {"kind": "veth", "peer": f"x/e{n}", "addresses": addresses}
    routes = [{"to": FAR[0], "via": "10.0.1.254"}, {"to": FAR[1], "via": "2001:db8:1::fe"}, {"to": FAR[2], "via": "10.0.1.253"}]
    return {"namespaces": {"r": {"interfaces": {"eth0": cable(0, first), "eth1": cable(1, second)}, "routes": routes},
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
    """Somebody's, to another interface: what the kernel chose then, and would choose again, stays."""
    up.sh("ip -n r route add 10.0.3.0/24 dev eth1; ip -n r -6 route add 2001:db8:3::/64 dev eth1")
    t = topology(ONE, TWO)
    t["namespaces"]["r"]["interfaces"]["eth0"]["addresses"] += ["10.0.0.1/16", "2001:db8::1/32"]
    t["namespaces"]["r"]["routes"] += [{"to": "10.11.0.0/16", "via": "10.0.3.1"}, {"to": "2001:db8:b::/48", "via": "2001:db8:3::1"}]
    up.apply(t)
    assert devices(up) == {"eth0", "eth1"}
    assert up.apply(t).stdout == "lab: unchanged\n"
    up.sh("ip -n r route del 10.9.0.0/16")
    wait_for(lambda: [e["event"] for e in log(up)][-2:] == ["drift", "healed"])
    assert up.apply(t).stdout == "lab: unchanged\n"
