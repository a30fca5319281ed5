# SPDX-License-Identifier: MIT
"""Checking a topology file takes a time that grows linearly with the file, however it is made: four times the file may
take seven times the CPU time, not sixteen. Few problems are printed, the rest is counted."""
import json
import resource
import subprocess

import pytest
from ctl import NETNSCTL

SMALL = 4000
# Without the start of the program, and too short to be conclusive.
LEAST = 0.04


def netns(**body):
    return {"namespaces": {"a": body}}


def host(interfaces):
    return {"host": {"interfaces": interfaces}}


def veth(*addresses):
    return {"e": {"kind": "veth", "peer": "f", "addresses": list(addresses)}}


def ip(first, i):
    return f"{first}.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}"


def links(n, **fields):
    return {f"v{i:x}": {key: value.format(i, i + 1) if isinstance(value, str) else value for key, value in fields.items()}
            for i in range(n)}


def veth_pairs(n):
    """Each with an end that only the other one names."""
    return {f"q{i:05x}aaaa": {"kind": "veth", "peer": f"z{i:05x}bbbbbbb"} for i in range(n // 2)}


SHAPES = {
    # Those that are valid.
    "interfaces that are there": lambda n: host({f"e{i:x}": {"mtu": 1400} for i in range(n)}),
    "names far from each other": lambda n: host({**veth_pairs(n), **{f"w{i:05x}ccccccc": {} for i in range(n // 2)}}),
    "ports of one bridge": lambda n: netns(interfaces={"br": {"kind": "bridge"}, **{
        f"v{i:x}": {"kind": "veth", "peer": f"p{i:x}", "master": "br"} for i in range(n // 2)}}),
    "namespaces": lambda n: {"namespaces": {f"n{i}": {"interfaces": {"e": {"kind": "veth", "peer": f"host/h{i}"}}}
                                            for i in range(n // 4)}},
    "addresses": lambda n: netns(interfaces=veth(*(f"{ip(10, i)}/8" for i in range(1, n)))),
    "IPv6 addresses": lambda n: netns(interfaces=veth(*(f"fd00::{i:x}/64" for i in range(1, n)))),
    "routes": lambda n: netns(interfaces=veth("10.0.0.1/8"), routes=[
        {"to": ip(11, i), "via": ip(10, i + 1)} for i in range(1, n)]),
    "routes over routes": lambda n: netns(interfaces=veth("10.0.0.1/8"), routes=[
        {"to": ip(11, i), "dev": "e"} for i in range(1, n)] + [{"to": ip(12, i), "via": ip(11, i)} for i in range(1, n)]),
    "sources": lambda n: netns(interfaces=veth(*(f"{ip(10, i)}/8" for i in range(1, n))), routes=[
        {"to": ip(11, i), "dev": "e", "src": ip(10, i)} for i in range(1, n)]),
    "next hops": lambda n: netns(interfaces=veth("10.0.0.1/8"), routes=[
        {"to": ip(11, j), "nexthops": [{"via": ip(10, i + 2)} for i in range(256)]} for j in range(n // 64)]),
    "sysctls": lambda n: netns(sysctl={f"net.x.k{i}": 1 for i in range(n)}),
    # Those that are not.
    "names near each other": lambda n: host({**veth_pairs(n), **{f"z{i:05x}bbbbbbc": {} for i in range(n // 2)}}),
    "masters that are missing": lambda n: netns(interfaces=links(n, kind="bridge", master="w{:x}")),
    "peers in no namespace": lambda n: netns(interfaces=links(n, kind="veth", peer="n{:x}/e")),
    "peers of others": lambda n: netns(interfaces=links(n, kind="veth", peer="v{1:x}")),
    "a chain of masters": lambda n: host(links(n, master="v{1:x}")),
    "a circle of masters": lambda n: host({**links(n, master="v{1:x}"), f"v{n:x}": {"master": "v0"}}),
    "its own master": lambda n: netns(interfaces=links(n, kind="bridge", master="v{:x}")),
    "one address": lambda n: netns(interfaces=veth(*["10.0.0.1/8"] * n)),
    "no addresses": lambda n: netns(interfaces=veth(*["x"] * n)),
    "routers far away": lambda n: netns(interfaces=veth("10.0.0.1/8"), routes=[
        {"to": ip(11, i), "via": ip(12, i)} for i in range(1, n)]),
    "routes without an interface": lambda n: netns(routes=[{"to": ip(11, i), "dev": f"x{i:x}"} for i in range(1, n)]),
    "sources of nobody": lambda n: netns(interfaces=veth("10.0.0.1/8"), routes=[
        {"to": ip(11, i), "dev": "e", "src": ip(12, i)} for i in range(1, n)]),
    "unknown fields": lambda n: netns(interfaces={"e": {"kind": "bridge", **{f"q{i}": 1 for i in range(n)}}}),
    "unknown fields of a route": lambda n: netns(routes=[{f"q{i}": 1 for i in range(n)}]),
    "unknown fields of the file": lambda n: {f"q{i}": 1 for i in range(n)},
    "unknown kinds": lambda n: netns(interfaces=links(n, kind="bridg")),
    "names of links": lambda n: netns(interfaces={f"/{i}": {} for i in range(n)}),
    "names of namespaces": lambda n: {"namespaces": {f"a{i}" + 1000 * "x": {} for i in range(n // 8)}},
    "nothing in routes": lambda n: netns(routes=[{}] * n),
    "nulls": lambda n: netns(routes=[None] * n),
    "keys twice": lambda n: "{" + ",".join(['"name":"a"'] * n) + "}",
}


def validate(path):
    """(CPU time, exit code, messages); the children of this process are waited for one at a time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run([NETNSCTL, "validate", path], capture_output=True, text=True, check=False, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result.returncode, result.stderr


def least(path):
    """The best of three: other load on the machine only adds."""
    return min((validate(path) for _ in range(3)), key=lambda result: result[0])


def write(folder, topology):
    path = folder / "linear.json"
    path.write_text(topology if isinstance(topology, str) else json.dumps(topology))
    return path


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_time_grows_with_the_file(tmp_path, shape):
    small, _, _ = least(write(tmp_path, shape(SMALL)))
    big, code, err = least(write(tmp_path, shape(4 * SMALL)))
    assert big <= 7 * max(small, LEAST)
    assert (code, err) == (0, "") or (code == 2 and len(err.splitlines()) <= 101)


def test_many_problems_are_counted(tmp_path):
    _, code, err = validate(write(tmp_path, netns(interfaces=links(5000, kind="bridge", master="w{:x}"))))
    assert code == 2 and len(err.splitlines()) == 101
    # One of each: its master does not exist. Nobody knows what a missing master would accept as a port.
    assert err.endswith("netnsctl: and 4900 more\n")


def test_each_problem_is_counted_once(tmp_path):
    """Also those found after a hundred others: of routes that the kernel creates itself, one each."""
    topology = netns(interfaces=veth(*(f"{ip(10, i << 8 | 1)}/24" for i in range(150))),
                     routes=[{"to": f"{ip(10, i << 8)}/24", "dev": "e"} for i in range(150)])
    _, code, err = validate(write(tmp_path, topology))
    assert code == 2 and err.endswith("netnsctl: and 50 more\n"), err
    assert len(set(err.splitlines())) == 101


def test_as_many_interfaces_as_may_be(tmp_path):
    taken, code, err = validate(write(tmp_path, SHAPES["interfaces that are there"](65536)))
    assert (code, err) == (0, "")
    assert taken < 20
