# SPDX-License-Identifier: MIT
"""Calls about several topologies: each is a change of its own, and the outcome of each is reported, to people, to
programs and on the wire; nothing is said to be untouched that is not."""
import json

import pytest
from topologies import everyday
from varlink import Connection, VarlinkError


def empty(netns):
    return {"namespaces": {netns: {}}}


def states(machine):
    with Connection(machine.socket) as c:
        return {t["name"]: t["state"] for t in c.call("io.netnsd.Status")["topologies"]}


@pytest.fixture
def three(machine):
    """a, b and c are down; b cannot come up, as another has its name."""
    for name in "abc":
        machine.apply(empty(name), name)
    machine.ctl("down", "--all")
    machine.run("ip", "netns", "add", "b")
    yield machine
    machine.run("ip", "netns", "del", "b", code=None)


def names(reply):
    return sorted(s["name"] for s in reply["summaries"]), sorted(f["name"] for f in reply.get("failures", []))


@pytest.mark.parametrize("parameters", [{}, {"names": ["a", "b", "c"]}, {"names": ["b", "c", "a"]}])
def test_up(three, parameters):
    with Connection(three.socket) as c:
        reply = c.call("io.netnsd.Up", **parameters)
    assert names(reply) == (["a", "c"], ["b"])
    assert reply["failures"][0]["error"] == "io.netnsd.Conflict"
    assert reply["failures"][0]["parameters"]["owner"] == "another program"
    assert states(three) == {"a": "up", "b": "down", "c": "up"}


def test_one_is_answered_with_its_error(three):
    with Connection(three.socket) as c:
        with pytest.raises(VarlinkError, match="io.netnsd.Conflict"):
            c.call("io.netnsd.Up", names=["b"])
        c.call("io.netnsd.Up", names=["a", "c"])
        # Only one is down: it is the same as if it had been named.
        with pytest.raises(VarlinkError, match="io.netnsd.Conflict"):
            c.call("io.netnsd.Up")
        assert "failures" not in c.call("io.netnsd.Down", names=["a", "c"])


def test_down(three):
    three.ctl("up", "a", "c", code=0)
    with Connection(three.socket) as c:
        reply = c.call("io.netnsd.Down", names=["a", "nosuch", "c", "nor"])
    assert names(reply) == (["a", "c"], ["nor", "nosuch"])
    assert {f["error"] for f in reply["failures"]} == {"io.netnsd.NoSuchTopology"}
    assert three.namespaces() == ["b"]


def test_all_fail(machine):
    with Connection(machine.socket) as c:
        assert names(c.call("io.netnsd.Down", names=["x", "y"])) == ([], ["x", "y"])


def test_what_is_printed(three):
    said = three.ctl("up", code=1)
    assert [line.split()[0] for line in said.stdout.splitlines()] == ["a:", "c:"]
    assert "netnsctl: b: namespace b belongs to another program; nothing was touched\n" in said.stderr
    said = three.ctl("--json", "down", "a", "nosuch", code=1)
    assert names(json.loads(said.stdout)) == (["a"], ["nosuch"]) and "nosuch" in said.stderr


def test_confirm_and_rollback(machine):
    """Without a name, all that await confirmation: one whose rollback is refused does not hide the other."""
    machine.apply(everyday(), "everyday", "--confirm", "600")
    machine.apply(empty("a"), "a", "--confirm", "600")
    with Connection(machine.socket) as c:
        assert names(c.call("io.netnsd.Confirm")) == (["a", "everyday"], [])
        with pytest.raises(VarlinkError, match="io.netnsd.NothingToConfirm"):
            c.call("io.netnsd.Confirm")
    machine.apply(empty("a2"), "a", "--confirm", "600")
    machine.apply(empty("e2"), "everyday", "--confirm", "600")
    machine.run("ip", "netns", "add", "a")
    with Connection(machine.socket) as c:
        reply = c.call("io.netnsd.Rollback")
    assert names(reply) == (["everyday"], ["a"])
    assert "ns1" in machine.namespaces()
    machine.run("ip", "netns", "del", "a")
    machine.ctl("rollback")


def test_apply_of_several_files(machine):
    machine.run("ip", "netns", "add", "b")
    files = [machine.file(empty(name), name) for name in "abc"]
    said = machine.ctl("apply", "--json", *files, code=1)
    first, second, third = map(json.loads, said.stdout.splitlines())
    assert (first["name"], first["created"]) == ("a", 1)
    assert (second["name"], second["error"]) == ("b", "io.netnsd.Conflict")
    assert third == {"skipped": True, "name": "c"}
    assert "netnsctl: c: not tried" in said.stderr
    assert states(machine) == {"a": "up"}
    machine.run("ip", "netns", "del", "b")
