# SPDX-License-Identifier: MIT
"""Stopped or killed at any moment, netnsd comes back to the state before or the state after, and writes
nothing where there is nothing to do."""
import json
import random
import re
import signal
import subprocess
import time

import pytest
from machine import NETNSCTL
from topologies import everyday, many, pair


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_restart_writes_nothing(bare, number):
    bare.start(strace=True)
    bare.apply(everyday())
    before = bare.snapshot()
    bare.stop(number) if number == signal.SIGTERM else kill_traced(bare)
    bare.assert_same(before)
    bare.ping("ns1", "10.0.0.1")
    bare.start(strace=True)
    status = json.loads(bare.ctl("--json", "status").stdout)
    assert [(t["name"], t["state"]) for t in status["topologies"]] == [("lab", "up")]
    assert bare.apply(everyday()).stdout.strip() == "lab: unchanged"
    # The run directory may become a mount, nothing else.
    assert [w for w in bare.writes() if not re.search(r'mount\(.*"/run/netns"', w)] == []
    bare.assert_same(before)


def kill_traced(machine):
    machine.kill(signal.SIGKILL)
    machine.daemon.wait(20)
    machine.daemon = None


def test_socket_left_by_a_killed_daemon_is_no_hindrance(machine):
    machine.restart(signal.SIGKILL)
    machine.apply(everyday())


def test_second_daemon_is_refused(machine):
    result = machine.run("netnsd", code=1)
    assert result.stderr.strip()
    machine.apply(everyday())


def test_restart_after_change_of_the_files(machine):
    machine.apply(everyday())
    machine.apply(pair(), "other")
    machine.ctl("down", "other")
    machine.restart(signal.SIGKILL)
    assert machine.namespaces() == ["ns1"]
    machine.ctl("up", "other")
    assert machine.namespaces() == ["a", "b", "ns1"]


def test_restart_repairs(machine):
    machine.apply(everyday())
    machine.stop(signal.SIGKILL)
    machine.sh("ip -n ns1 route del default; ip addr del 10.0.0.1/24 dev veth-host")
    machine.start()
    machine.apply(everyday())
    machine.ping("ns1", "10.0.0.1")


@pytest.mark.parametrize("report", [True, False], ids=["report", "heal"])
def test_restart_heals_drift_unless_it_is_to_be_reported(machine, report):
    t = {**everyday(), "on_drift": "report"} if report else everyday()
    machine.apply(t)
    machine.stop()
    machine.sh("ip addr del 10.0.0.1/24 dev veth-host")
    machine.start()
    assert machine.addresses(None, "veth-host") == ([] if report else ["10.0.0.1/24"])
    assert ("reported but not healed" if report else "healed") in machine.log()
    machine.apply(t)
    assert machine.addresses(None, "veth-host") == ["10.0.0.1/24"]


LINK = '{"class":"link","kind":"veth","netns":"host"'
UNREADABLE = {
    "empty": lambda record: "",
    "garbage": lambda record: "garbage",
    "cut off": lambda record: record[:100],
    "other": lambda record: "{}",
    "original without fields": lambda record: record.replace('"originals":[', f'"originals":[{LINK},"name":"x"}}'),
    "link without a name": lambda record: record.replace('"originals":[', f'"originals":[{LINK},"fields":{{"mtu":9}}}}'),
}


@pytest.mark.parametrize("spoil", UNREADABLE.values(), ids=UNREADABLE)
def test_record_that_cannot_be_read(machine, spoil):
    machine.apply(everyday())
    known = machine.root / "run/netnsd/known/lab.json"
    before = known.read_text()
    known.write_text(spoil(before))
    assert known.read_text() != before
    machine.restart()
    status = json.loads(machine.ctl("--json", "status").stdout)
    assert [(t["name"], t["state"]) for t in status["topologies"]] == [("lab", "failed")]
    machine.apply(everyday(), "lab", "--replace")
    machine.ping("ns1", "10.0.0.1")
    machine.ctl("down", "--forget", "lab")
    assert json.loads(machine.ctl("--json", "status").stdout)["topologies"] == []
    machine.assert_same(machine.at_first)


def test_record_that_cannot_be_read_is_forgotten(machine):
    (machine.root / "run/netnsd/known/lab.json").write_text("garbage")
    machine.restart()
    machine.ctl("down", "--forget", "lab")
    assert json.loads(machine.ctl("--json", "status").stdout)["topologies"] == []
    machine.restart()
    machine.apply(everyday())


def states(machine, *topologies):
    """The shapes that @topologies make; None: nothing applied."""
    found = []
    for t in topologies:
        if t:
            machine.apply(t)
        found.append(machine.shape())
        machine.ctl("down", "--all")
    return found


@pytest.mark.parametrize("seed", range(3))
def test_killed_during_apply(machine, seed):
    """Ten times: an apply over nothing, or over another state, is interrupted at a random moment."""
    rng = random.Random(seed)
    before, after = None if seed == 0 else pair(), many(30)
    good = states(machine, before, after)
    start = time.monotonic()
    machine.apply(after)
    span = time.monotonic() - start
    for _ in range(10):
        machine.ctl("down", "--all")
        if before:
            machine.apply(before)
        client = machine.popen(NETNSCTL, "apply", machine.file(after), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, span))
        machine.stop(signal.SIGKILL)
        client.wait(20)
        machine.start()
        assert machine.shape() in good
    machine.apply(after)
    assert machine.shape() == good[1]


def test_killed_during_down(machine):
    rng = random.Random(7)
    t = many(30)
    for _ in range(8):
        machine.apply(t)
        client = machine.popen(NETNSCTL, "down", "--all", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, 0.1))
        machine.stop(signal.SIGKILL)
        client.wait(20)
        machine.start()
        machine.ctl("down", "--all")
        machine.assert_same(machine.at_first)


def test_terminated_during_apply(machine):
    """SIGTERM finishes or rolls back, and the daemon exits successfully."""
    t = many(30)
    for wait in 0.0, 0.01, 0.03:
        client = machine.popen(NETNSCTL, "apply", machine.file(t), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        machine.restart()
        client.wait(20)
        machine.ctl("down", "--all")
        machine.assert_same(machine.at_first)


def test_link_that_was_left_half_made_is_finished(machine):
    """As a crash leaves it between its first message and its second."""
    machine.apply({"host": {"interfaces": {"x": {"kind": "veth", "peer": "a/x"}}}, "namespaces": {"a": {}}})
    before = machine.snapshot()
    machine.stop()
    machine.sh("ip link set x down; ip link set x alias ''; echo 0 >/proc/sys/net/ipv4/conf/x/promote_secondaries;"
               "echo 1 >/proc/sys/net/ipv6/conf/x/accept_ra")
    machine.start()
    machine.assert_same(before)
    for key, value in ("ipv4.conf.x.promote_secondaries", "1"), ("ipv6.conf.x.accept_ra", "0"):
        assert machine.sysctl(None, f"net.{key}") == value
