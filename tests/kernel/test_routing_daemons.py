# SPDX-License-Identifier: MIT
"""Routers that learn their routes, by OSPF and by BGP, in namespaces of ours: netnsd leaves these routes alone while it
heals its own. The network is the leaf-spine example, whose spines and leaves have lost their static routes."""
import json
import os
import subprocess
from pathlib import Path

import pytest
from machine import EXAMPLES, wait_for

DAEMONS = Path("/usr/lib/frr")
SPINES = [f"spine{n}" for n in (1, 2)]
LEAVES = [f"leaf{n}" for n in (1, 2, 3, 4)]
ROUTERS = SPINES + LEAVES

# The same for every router: an interface that it has not is never there.
OSPF = """
router ospf
 timers throttle spf 0 50 500
 maximum-paths 2
 network 10.0.0.0/8 area 0
""" + "".join(f"""
interface {name}
 ip ospf network point-to-point
 ip ospf hello-interval 1
 ip ospf dead-interval 4
""" for name in ROUTERS) + """
interface servers
 ip ospf passive
"""


def bgp(router):
    """Every leaf and the pair of spines are an AS each; RFC 7938."""
    at_spine, n = router in SPINES, int(router[-1])
    peers = [(f"10.{n}.{leaf}.1", 65000 + leaf) for leaf in (1, 2, 3, 4)] if at_spine else \
            [(f"10.{spine}.{n}.0", 65100) for spine in (1, 2)]
    lines = [f"router bgp {65100 if at_spine else 65000 + n}", " no bgp ebgp-requires-policy", " timers bgp 1 3",
             f" bgp router-id 10.255.{int(at_spine)}.{n}", " bgp bestpath as-path multipath-relax"]
    for address, number in peers:
        lines += [f" neighbor {address} remote-as {number}", f" neighbor {address} timers connect 1",
                  f" neighbor {address} advertisement-interval 0"]
    networks = [] if at_spine else [f"  network 10.10.{n}.0/24"]
    return "\n".join([*lines, " address-family ipv4 unicast", "  maximum-paths 2", *networks, " exit-address-family", ""])


PROTOCOLS = {"ospf": ("ospfd", lambda router: OSPF), "bgp": ("bgpd", bgp)}


class Routers:
    def __init__(self, machine, daemon, config):
        self.machine, self.processes = machine, []
        machine.sh("mount -t tmpfs tmpfs /var/tmp && mkdir -m 755 /run/frr /run/conf && chown frr:frr /run/frr")
        for router in ROUTERS:
            machine.sh(f"install -d -o frr -g frr /run/frr/{router}; cat >/run/conf/{router}", text=config(router))
            self.start(router, "zebra", "/dev/null")
            wait_for((machine.root / f"run/frr/{router}/zserv.api").exists)
            self.start(router, daemon, f"/run/conf/{router}")

    def start(self, router, daemon, config):
        self.processes.append(self.machine.popen(
            "ip", "netns", "exec", router, DAEMONS / daemon, "-N", router, "-f", config, "-P", "0", "--log", "stdout",
            stdout=(self.machine.folder / f"{router}-{daemon}.log").open("w"), stderr=subprocess.STDOUT))

    def stop(self):
        self.machine.sh("cat /run/frr/*/*.pid | xargs kill")
        for process in self.processes:
            process.wait(20)


def routes(machine, router):
    return machine.ip("-n", router, "route", "show")


def learned(machine, router, protocol):
    return {r["dst"]: {hop["gateway"] for hop in r.get("nexthops", [r])}
            for r in routes(machine, router) if r.get("protocol") == protocol and r["dst"].startswith("10.10.")}


def ways(leaf):
    """All that leaf @leaf has to learn: the networks of the other three, by both spines."""
    return {f"10.10.{other}.0/24": {f"10.{spine}.{leaf}.0" for spine in (1, 2)} for other in (1, 2, 3, 4) if other != leaf}


def without_routes():
    topology = json.loads((EXAMPLES / "leaf-spine.json").read_text())
    for router in ROUTERS:
        del topology["namespaces"][router]["routes"]
    return topology


def converged(machine, protocol):
    return all(learned(machine, f"leaf{n}", protocol) == ways(n) for n in (1, 2, 3, 4))


@pytest.mark.skipif(os.geteuid() != 0, reason="the daemons change to a user of their own, which needs root")
@pytest.mark.skipif(not DAEMONS.is_dir(), reason="Debian package frr is not installed")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_learned_routes(machine, protocol):
    machine.apply(without_routes(), "fabric")
    daemon, config = PROTOCOLS[protocol]
    routers = Routers(machine, daemon, config)
    try:
        wait_for(lambda: converged(machine, protocol), 60)
        machine.ping("server1", "10.10.4.12")
        before = {router: routes(machine, router) for router in ROUTERS}

        # Nothing of that is drift, nor is it taken for ours.
        assert machine.ctl("apply", machine.folder / "fabric.json").stdout.strip() == "fabric: unchanged"
        status = json.loads(machine.ctl("--json", "status", "fabric").stdout)
        assert status["topologies"][0].get("drift", []) == []
        assert {router: routes(machine, router) for router in ROUTERS} == before

        # Ours is healed: an address of a leaf, with the network that the others learn from it.
        machine.sh("ip -n leaf4 address del 10.10.4.1/24 dev servers")
        wait_for(lambda: any(a["local"] == "10.10.4.1" for link in machine.ip("-n", "leaf4", "address", "show", "servers")
                             for a in link["addr_info"]))
        wait_for(lambda: converged(machine, protocol), 60)
        machine.ping("server8", "10.10.1.11")

        # A cable that is cut: the daemons go round it; netnsd makes it again, and they use it again.
        machine.sh("ip -n spine1 link del leaf4")
        wait_for(lambda: converged(machine, protocol), 60)
        for n in (1, 2, 3, 4):
            machine.ping(f"server{2 * n}", "10.10.1.11")
    finally:
        routers.stop()
    machine.ctl("down", "fabric")
    machine.assert_same(machine.at_first)
