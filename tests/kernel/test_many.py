# SPDX-License-Identifier: MIT
"""Thousands of topologies, or of interfaces: operations on all of them take a time that grows with their number, not with
its square, and do not keep others waiting."""
import json
import select
import time

import pytest
from varlink import Connection, encode

pytestmark = pytest.mark.long

FEW, MANY = 125, 1000
# Eight times as many; squares would be 64, cubes 512.
FACTOR, LEAST_MSEC = 30, 50


def cpu_msec(machine):
    """The time that netnsd itself has used, whatever else runs on this machine, without the kernel's part."""
    return int(machine.sh("cat /proc/$(cat /run/netnsd.pid)/stat").split()[13]) * 10


def spent(machine, what):
    before = cpu_msec(machine)
    what()
    return cpu_msec(machine) - before


def fill(machine, n):
    folder = machine.folder / "topologies"
    folder.mkdir(exist_ok=True)
    for i in range(n):
        (folder / f"t{i}.json").write_text(json.dumps({"namespaces": {}}))


def all_of_it(machine, n):
    """The cost of each call with @n files in the boot directory."""
    calls = [("Wait", {}), ("Status", {}), ("List", {}), ("Reload", {}), ("Down", {"all": True}), ("Up", {}),
             ("Down", {"all": True, "forget": True}), ("Up", {})]
    fill(machine, n)
    machine.start()
    found = {"start": spent(machine, lambda: machine.ctl("wait", "--timeout", "300", timeout=300)) + cpu_msec(machine)}
    with Connection(machine.socket, timeout=300) as c:
        for i, (method, parameters) in enumerate(calls):
            found[f"{i} {method}"] = spent(machine, lambda: c.call(f"io.netnsd.{method}", **parameters))

        def persist():
            for i in range(n):
                c.call("io.netnsd.Apply", name=f"p{i}", topology={}, persist=True)
        found["persist"] = spent(machine, persist)
        found["forget"] = spent(machine, lambda: c.call("io.netnsd.Down", names=[f"p{i}" for i in range(n)], forget=True))
    machine.ctl("down", "--all", "--forget", code=None)
    machine.stop()
    return found


def test_no_faster_than_their_number(bare):
    few = all_of_it(bare, FEW)
    bare.sh("rm -rf /run/netnsd")
    many = all_of_it(bare, MANY)
    assert {what: (few[what], many[what]) for what in few if many[what] > FACTOR * max(few[what], LEAST_MSEC)} == {}


@pytest.mark.parametrize("n", [4096, 4097])
def test_which_files_count(bare, n):
    """If there are too many, the first in order of name, whatever order the directory has."""
    fill(bare, n)
    names = sorted(f"t{i}.json" for i in range(n))[:4096]
    bare.start()
    bare.ctl("wait", "--timeout", "300", code=None, timeout=300)
    with Connection(bare.socket, timeout=300) as c:
        known = {t["name"] + ".json" for t in c.call("io.netnsd.Status")["topologies"]}
        assert known == set(names)
        c.call("io.netnsd.Down", all=True, forget=True)
    assert ("at most 4096 are read" in bare.log()) == (n > 4096)
    started = time.monotonic()
    bare.stop()
    assert time.monotonic() - started < 60


def wide(n):
    """A namespace with @n interfaces, half of which are the way to a gateway each."""
    interfaces = {}
    for i in range(n // 2):
        interfaces[f"a{i}"] = {"kind": "veth", "peer": f"w/b{i}", "addresses": [f"10.{i >> 8}.{i & 255}.1/24"]}
        interfaces[f"b{i}"] = {}
    routes = [{"to": f"172.{16 + (i >> 8)}.{i & 255}.0/24", "via": f"10.{i >> 8}.{i & 255}.2"} for i in range(n // 2)]
    return {"namespaces": {"w": {"interfaces": interfaces, "routes": routes}}}


def cpu_usec(machine):
    return int(machine.sh("cat /proc/$(cat /run/netnsd.pid)/schedstat").split()[0]) / 1000


def least(machine, c, method, **parameters):
    """The cost of the cheapest of five."""
    found = []
    for _ in range(5):
        before = cpu_usec(machine)
        c.call(f"io.netnsd.{method}", **parameters)
        found.append(cpu_usec(machine) - before)
    return min(found)


def test_interfaces_of_one_namespace(bare):
    """Four times as many: what reads them costs about four times as much; squares would be 16."""
    bare.start()
    found = {}
    for n in 250, 1000:
        with Connection(bare.socket, timeout=300) as c:
            c.call("io.netnsd.Apply", name="lab", topology=wide(n), sure=True, replace=True)
            for method, parameters in (("Status", {"name": "lab"}), ("List", {}), ("Graph", {}),
                                       ("Plan", {"name": "lab", "topology": wide(n), "replace": True})):
                found.setdefault(method, []).append(least(bare, c, method, **parameters))
            c.call("io.netnsd.Down", names=["lab"], forget=True)
    print(found)
    assert {method: both for method, both in found.items() if both[1] > 6.5 * both[0]} == {}


def test_others_are_answered_during_an_export(machine):
    """The sysctls of an interface are a hundred files: those of 400 are not read at a stretch. Only the time that netnsd
    itself uses between two answers counts."""
    used = machine.root / f"proc/{machine.pid()}/schedstat"
    with Connection(machine.socket, timeout=300) as c, Connection(machine.socket, timeout=300) as other:
        c.call("io.netnsd.Apply", name="lab", topology=wide(400), sure=True)
        other.send(encode("io.netnsd.Export", {"namespaces": ["w"]}))
        at = [int(used.read_text().split()[0])]
        while not select.select([other.socket], [], [], 0)[0]:
            c.call("io.netnsd.Ping")
            at.append(int(used.read_text().split()[0]))
        assert len(other.receive()["parameters"]["topology"]["namespaces"]["w"]["interfaces"]) == 200
        c.call("io.netnsd.Down", names=["lab"], forget=True)
    longest = max(b - a for a, b in zip(at, at[1:])) / 1e6
    print(len(at), longest)
    assert longest < 150 and at[-1] - at[0] > 100e6
