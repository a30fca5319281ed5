# SPDX-License-Identifier: MIT
"""Every example: valid, plans, applies, applies again without a step, reaches what it should, goes down cleanly."""
import json
import re

import pytest
from machine import EXAMPLES, NETNSCTL

FILES = sorted(EXAMPLES.glob("*.json"))
# What this machine's kernel may lack.
SECOND_KERNEL = [file for file in FILES if any(word in file.read_text() for word in ('"netem"', '"kind": "vlan"'))]
# From, to: what must answer, at the first ping.
PINGS = {
    "everyday": [(None, "10.0.0.2"), ("ns1", "10.0.0.1")],
    "two-namespaces": [("left", "10.0.1.2"), ("right", "10.0.1.1")],
    "bridge": [(a, f"10.0.2.{i}") for a in ("red", "green", "blue") for i in (1, 2, 3)],
    "router": [("office", "10.0.4.10"), ("lab", "10.0.3.10"), ("office", "10.0.4.1")],
    "ipv6": [("west", "2001:db8:5::2"), ("east", "2001:db8:5::1"), ("west", "10.0.5.2")],
    "names": [("client", "server"), ("client", "www"), ("server", "client")],
    "ipv4-over-ipv6": [("north", "10.0.8.2"), ("south", "10.0.8.1")],
    # Each uplink knows the way back to one of the two networks only.
    "policy-routing": [("staff", "198.51.100.1"), ("guests", "198.51.100.1"), ("staff", "10.0.7.10")],
    "locked-ports": [("desk", "10.0.9.1"), ("server", "10.0.9.2")],
    "proxy-neighbors": [("provider", "198.51.100.20"), ("provider", "2001:db8:100::20"), ("guest", "198.51.100.1"),
                        ("guest", "2001:db8:100::1")],
    "chain": [("r1", "10.1.9.2"), ("r10", "10.1.1.1"), ("r5", "10.1.9.2")],
    "host-bridge": [(None, "192.168.100.2"), ("ns1", "192.168.100.1")],
    "internet": [("ns1", "192.168.100.1")],
    "nat-routers": [("client", "203.0.113.2"), ("office", "192.168.1.20")],
    "two-behind-bridge": [("ns1", "192.168.50.3"), ("ns2", "192.168.50.2"), ("ns1", "192.168.50.1")],
    "three-behind-bridge": [(f"ns{a}", f"172.18.0.{b}") for a in (2, 3, 4) for b in (1, 2, 3, 4)],
    "static-routes": [("client", "192.168.40.2"), ("server", "192.168.10.2")],
    "trunk": [("desk1", "10.0.10.12"), ("desk1", "10.0.20.11"), ("phone", "10.0.10.12")],
    "leaf-spine": [(f"server{n}", f"10.10.{leaf}.12") for n in (1, 2, 7) for leaf in (1, 2, 3, 4)],
    "wan": [("office", "10.8.2.10"), ("datacentre", "10.8.1.10")],
}


each_example = pytest.mark.parametrize("file", [
    pytest.param(file, id=file.stem, marks=pytest.mark.uml if file in SECOND_KERNEL else []) for file in FILES])


@each_example
def test_example(bare, file):
    assert "description" in json.loads(file.read_text())
    bare.run(NETNSCTL, "validate", file)
    bare.start(strace=True)
    steps = int(bare.ctl("plan", file).stdout.split()[1])
    out = bare.ctl("apply", file).stdout
    assert out.startswith(f"{file.stem}: ") and steps == sum(map(int, re.findall(r"(\d+) (?:created|changed)", out))), out
    for netns, address in PINGS[file.stem]:
        bare.ping(netns, address)
    assert bare.ctl("doctor").stdout == "", "there is nothing wrong with it"
    bare.writes()
    assert bare.ctl("apply", file).stdout.strip() == f"{file.stem}: unchanged"
    assert bare.writes() == []
    bare.ctl("down", file.stem)
    bare.assert_same(bare.at_first)


@each_example
def test_expectations(machine, file):
    """Each example says what it is for, and does that; with an interface of its first namespace down it does not."""
    topology = json.loads(file.read_text())
    assert topology["expect"]
    machine.ctl("apply", "--test", 60, file)
    result = json.loads(machine.ctl("test", "--json", file.stem).stdout)
    assert (result["holds"], result["fails"], result["not_run"]) == (len(topology["expect"]), 0, 0)
    for e in topology["expect"]:
        if e.get("reach", True):
            e["within"] = 1
    machine.apply({**topology, "on_drift": "report"}, file.stem, "--replace")
    name, netns = next((n, v) for n, v in topology["namespaces"].items() if n != "switch")
    machine.run("ip", "-n", name, "link", "set", next(iter(netns["interfaces"])), "down")
    assert json.loads(machine.ctl("test", "--json", file.stem, code=1).stdout)["fails"] > 0


def names_of(file):
    """The namespaces and the interfaces of the host that @file declares."""
    topology = json.loads(file.read_text())
    return {*topology["namespaces"], *(f"host/{name}" for name in topology.get("host", {}).get("interfaces", {}))}


def test_examples_together(machine):
    """All that share no name."""
    taken, files = set(), []
    for file in FILES:
        if file not in SECOND_KERNEL and not names_of(file) & taken:
            taken |= names_of(file)
            files.append(file)
    assert len(files) > 5
    machine.ctl("apply", *files)
    for file in files:
        machine.ping(*PINGS[file.stem][0])
    status = json.loads(machine.ctl("--json", "status").stdout)
    assert {t["state"] for t in status["topologies"]} == {"up"}
    assert len(status["topologies"]) == len(files)
