# SPDX-License-Identifier: MIT
"""netnsctl status of a namespace: the topologies that declare it, and nothing else of them."""
import json

import pytest


def topology(**interfaces):
    """Of a namespace that exists already, and one of its own, which is called like the interface."""
    return {"namespaces": {"shared": {"existing": True, "interfaces": {i: {"kind": "bridge"} for i in interfaces.values()}},
                           **{name: {} for name in interfaces}}}


@pytest.fixture
def two(machine):
    machine.sh("ip netns add shared")
    machine.apply(topology(one="a"), "first")
    machine.apply(topology(two="b"), "second")
    machine.apply({"namespaces": {"three": {}}}, "third")
    yield machine
    machine.ctl("down", "--all")
    machine.sh("ip netns del shared")


def shown(machine, name):
    answer = json.loads(machine.ctl("--json", "status", name).stdout)
    return ([(t["name"], t["state"]) for t in answer["topologies"]],
            [(n["topology"], n["name"], [i["name"] for i in n["interfaces"]]) for n in answer["namespaces"]])


def test_status_of_a_namespace(two):
    assert shown(two, "one") == ([("first", "up")], [("first", "one", ["lo"])])
    assert shown(two, "shared") == ([("first", "up"), ("second", "up")],
                                    [("first", "shared", ["a"]), ("second", "shared", ["b"])])
    two.ctl("down", "second")
    assert shown(two, "shared") == ([("first", "up"), ("second", "down")], [("first", "shared", ["a"])])
    assert shown(two, "two") == ([("second", "down")], [])


def test_a_topology_comes_first(two):
    two.apply({"namespaces": {"first": {}, "other": {}}}, "fourth")
    assert [t[0] for t in shown(two, "first")[0]] == ["first"]


def test_neither(two):
    assert "there is no topology nothing" in two.ctl("status", "nothing", code=1).stderr
