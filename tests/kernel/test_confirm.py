# SPDX-License-Identifier: MIT
"""An apply that is not confirmed in time is rolled back, whatever happens meanwhile, and a rollback leads to the
topology before. What is expected comes from ip(8): a snapshot of the machine before."""
import json
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from booting import put
from machine import NETNSCTL, wait_for
from topologies import everyday, many, pair
from varlink import Connection, VarlinkError

BUSY = "lab awaits confirmation: netnsctl confirm lab, or netnsctl rollback lab"
NOTHING = "nothing awaits confirmation"


def changed():
    """everyday() with another address, another MTU and another namespace."""
    t = everyday()
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"].update(mtu=1400, addresses=["10.0.0.2/24", "10.0.0.3/24"])
    t["namespaces"]["ns2"] = {}
    return t


def waits(machine, name="lab"):
    return "confirm_usec" in machine.topologies()[name]


def record(machine, name="lab"):
    return json.loads((machine.root / f"run/netnsd/known/{name}.json").read_text())


def boottime():
    """CLOCK_BOOTTIME of the machine is that of the real one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def wait_rolled_back(machine, seconds=10):
    wait_for(lambda: "confirm_usec" not in machine.topologies().get("lab", {}), seconds)


@pytest.fixture
def before(machine):
    """The state with everyday() applied."""
    machine.apply(everyday())
    return machine.snapshot()


def test_confirmed_in_time(machine, before):
    out = machine.apply(changed(), "lab", "--confirm", 4).stdout
    assert "rolled back in 4 s unless you run: netnsctl confirm lab" in out
    for args in (), ("lab",):
        assert re.search("confirm within [1-4] s", machine.ctl("status", *args).stdout)
    assert 0 < machine.topologies()["lab"]["confirm_usec"] <= 4_000_000
    deadline = record(machine)["confirm_usec"] / 1e6
    assert 0 < deadline - boottime() <= 4
    after = machine.snapshot()
    assert machine.ctl("confirm").stdout == "lab: confirmed\n"
    assert record(machine)["confirm_usec"] == 0 and not waits(machine)
    wait_for(lambda: boottime() > deadline + 0.2)
    machine.assert_same(after)
    assert after != before
    # The previous one is stored for a rollback by hand.
    machine.ctl("rollback", "lab")
    machine.assert_same(before)


def test_not_confirmed(machine, before):
    machine.apply(changed(), "lab", "--confirm", 3)
    deadline = record(machine)["confirm_usec"] / 1e6
    assert machine.snapshot() != before
    wait_rolled_back(machine)
    assert deadline <= boottime() < deadline + 5
    machine.assert_same(before)
    assert machine.state() == "up" and "not confirmed in time, rolled back" in machine.log()
    assert machine.apply(everyday()).stdout == "lab: unchanged\n"


def test_the_deadline_is_of_a_clock_that_cannot_be_set(machine, before):
    """CLOCK_BOOTTIME, read here and written in the record: the time of day is nowhere in it."""
    earliest = boottime()
    machine.apply(changed(), "lab", "--confirm", 60)
    assert earliest + 60 <= record(machine)["confirm_usec"] / 1e6 <= boottime() + 60
    timers = [Path(f"/proc/{machine.init}/root/proc/{machine.pid()}/fdinfo/{fd}").read_text()
              for fd in machine.sh(f"ls /proc/{machine.pid()}/fdinfo").split()]
    assert any(f"clockid: {time.CLOCK_BOOTTIME}\n" in t and "it_value: (0, 0)" not in t for t in timers)
    machine.ctl("rollback")
    machine.assert_same(before)


def test_client_killed(machine, before):
    client = machine.popen("sh", "-c", f"{NETNSCTL} apply --confirm 3 {machine.file(changed())}; kill -9 $$")
    client.wait(20)
    assert waits(machine)
    wait_rolled_back(machine)
    machine.assert_same(before)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_restart_before_the_deadline(machine, before, number):
    machine.apply(changed(), "lab", "--confirm", 5)
    after, deadline = machine.snapshot(), record(machine)["confirm_usec"]
    machine.sh("ip -n ns1 addr del 10.0.0.3/24 dev veth-ns")
    machine.restart(number)
    # An unconfirmed topology is watched and healed like any other, and the time continues.
    machine.assert_same(after)
    assert record(machine)["confirm_usec"] == deadline and waits(machine)
    wait_rolled_back(machine)
    assert deadline <= boottime() * 1e6 < deadline + 5e6
    machine.assert_same(before)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_restart_after_the_deadline(machine, before, number):
    machine.apply(changed(), "lab", "--confirm", 3)
    after, deadline = machine.snapshot(), record(machine)["confirm_usec"] / 1e6
    machine.stop(number)
    wait_for(lambda: boottime() > deadline)
    machine.assert_same(after)
    machine.start()
    machine.assert_same(before)
    assert not waits(machine) and machine.state() == "up"


def test_restart_after_the_confirm(machine, before):
    machine.apply(changed(), "lab", "--confirm", 3)
    after, deadline = machine.snapshot(), record(machine)["confirm_usec"] / 1e6
    machine.ctl("confirm", "lab")
    machine.stop(signal.SIGKILL)
    wait_for(lambda: boottime() > deadline)
    machine.start()
    machine.assert_same(after)
    assert after != before


def test_first_apply_that_expires(machine):
    """It is down, and can be brought up again."""
    machine.apply(everyday(), "lab", "--confirm", 1)
    wait_for(lambda: machine.state() == "down")
    machine.assert_same(machine.at_first)
    assert "not confirmed in time, rolled back: 2 removed" in machine.log() and "; it is down\n" in machine.log()
    machine.restart(signal.SIGKILL)
    assert machine.state() == "down"
    machine.ctl("rollback", "lab")
    assert machine.namespaces() == ["ns1"] and not waits(machine)


def test_second_rollback_by_hand_redoes(machine, before):
    machine.apply(changed())
    after = machine.shape()
    for there in before, after, before:
        assert "changed" in machine.ctl("rollback", "lab").stdout
        if there is before:
            machine.assert_same(before)
        else:
            assert machine.shape() == after
        assert machine.state() == "up"
    machine.restart(signal.SIGKILL)
    machine.ctl("rollback", "lab")
    assert machine.shape() == after


def test_rollback_by_hand_before_the_deadline(machine, before):
    machine.apply(changed(), "lab", "--confirm", 60)
    machine.ctl("rollback")
    machine.assert_same(before)
    assert not waits(machine)
    machine.apply(changed())


def test_rollback_of_the_first_apply(machine):
    """It takes the topology down, says so, and is undone by a second one, again and again, whatever dies in between."""
    machine.apply(everyday())
    before = machine.shape()
    for number in None, signal.SIGKILL, signal.SIGTERM:
        planned = machine.ctl("rollback", "--dry-run", "--exit-code", "lab", code=3).stdout
        assert planned.splitlines()[0] == "lab: 2 steps; takes lab down, as it was before the apply"
        assert machine.shape() == before
        said = machine.ctl("rollback", "lab").stdout
        assert re.fullmatch(r"lab: 2 removed in .*; lab is down, as before the apply; to undo: netnsctl rollback lab\n", said)
        machine.assert_same(machine.at_first)
        assert machine.state() == "down"
        if number:
            machine.restart(number)
        planned = machine.ctl("rollback", "--dry-run", "lab").stdout
        assert planned.splitlines()[0] == "lab: 5 steps" and machine.state() == "down"
        assert machine.ctl("rollback", "lab").stdout.startswith("lab: 5 created in ")
        assert machine.shape() == before and machine.state() == "up"
    machine.ctl("down", "--forget", "lab")
    assert machine.topologies() == {}
    assert "there is no topology lab" in machine.ctl("rollback", "lab", code=1).stderr


def test_rollback_of_what_is_down(machine):
    """There is nothing to take down, and no rollback brings up what was not up before it."""
    machine.apply(everyday())
    machine.ctl("down", "lab")
    for _ in range(3):
        assert machine.ctl("rollback", "--dry-run", "lab").stdout == "lab: nothing to do\n"
        assert machine.ctl("rollback", "lab").stdout == "lab: unchanged\n"
        assert machine.state() == "down"


def test_rollback_of_what_waits(machine):
    """It gives up waiting; another one waits again."""
    t = {"host": {"interfaces": {"eth7": {"addresses": ["10.7.0.1/24"]}}}}
    machine.apply(t, code=1)
    assert machine.state() == "waiting"
    assert "; lab is down, as before the apply" in machine.ctl("rollback", "lab").stdout
    assert machine.state() == "down"
    assert "lab would wait for link host/eth7" in machine.ctl("rollback", "--dry-run", "lab", code=1).stderr
    assert machine.state() == "down"
    assert "lab waits for link host/eth7" in machine.ctl("rollback", "lab", code=1).stderr
    assert machine.state() == "waiting"
    machine.sh("ip link add eth7 type bridge")
    wait_for(lambda: machine.state() == "up")
    assert machine.addresses(None, "eth7") == ["10.7.0.1/24"]
    machine.ctl("rollback", "lab")
    assert machine.addresses(None, "eth7") == [] and machine.state() == "down"
    machine.sh("ip link del eth7")


def test_rollback_of_what_was_never_applied(machine):
    put(machine, everyday())
    assert machine.topologies()["lab"]["on_disk"] == "new"
    for option in ["--dry-run"], []:
        said = machine.ctl("rollback", *option, "lab", code=1).stderr
        assert "lab was never applied, so there is nothing to revert: netnsctl up lab" in said
    machine.ctl("up", "lab")
    assert machine.namespaces() == ["ns1"]


def test_rollback_dry_run_of_all_that_await(machine, before):
    machine.apply(changed(), "lab", "--confirm", 60)
    machine.apply(pair(), "two", "--confirm", 60)
    machine.apply({"namespaces": {"n": {}}}, "three")
    after = machine.snapshot()
    plans = [json.loads(line) for line in machine.ctl("--json", "rollback", "--dry-run").stdout.splitlines()]
    assert [(p["name"], p.get("down", False)) for p in plans] == [("lab", False), ("two", True)]
    assert [(s["action"], s["kind"], s["object"]) for s in plans[0]["steps"]] == [
        ("change", "link", "ns1/veth-ns"), ("remove", "address", "ns1/veth-ns"), ("remove", "namespace", "ns2")]
    assert all(waits(machine, name) for name in ("lab", "two"))
    machine.assert_same(after)
    assert machine.ctl("rollback", "--dry-run", "--exit-code", code=3).stdout.count("\nlab: ") == 0
    machine.ctl("rollback")
    assert NOTHING in machine.ctl("rollback", "--dry-run", code=1).stderr
    assert "--exit-code needs --dry-run" in machine.ctl("rollback", "--exit-code", code=2).stderr


def test_rollback_to_a_topology_that_was_down(machine, before):
    machine.ctl("down", "lab")
    machine.apply(changed(), "lab", "--confirm", 60)
    machine.ctl("rollback")
    machine.assert_same(machine.at_first)
    assert machine.state() == "down"
    machine.ctl("up", "lab")
    assert machine.addresses("ns1", "veth-ns") == ["10.0.0.2/24"] and machine.namespaces() == ["ns1"]


def test_rollback_passes_over_up_and_down(machine, before):
    machine.apply(changed())
    machine.ctl("down", "lab")
    machine.ctl("up", "lab")
    machine.ctl("rollback", "lab")
    assert machine.addresses("ns1", "veth-ns") == ["10.0.0.2/24"] and machine.namespaces() == ["ns1"]


def test_rollback_to_an_empty_topology(machine):
    machine.apply({})
    machine.apply(everyday(), "lab", "--confirm", 60)
    machine.ctl("rollback")
    machine.assert_same(machine.at_first)
    assert machine.state() == "up"


def test_the_same_again_has_nothing_to_confirm(machine, before):
    machine.apply(changed())
    machine.apply(everyday())
    machine.sh("ip addr del 10.0.0.1/24 dev veth-host")
    assert "rolled back" not in machine.apply(everyday(), "lab", "--confirm", 60).stdout
    assert not waits(machine)
    machine.ctl("confirm", code=1)
    # Nor does a rollback lead to it.
    machine.ctl("rollback", "lab")
    assert "ns2" in machine.namespaces()


def test_busy_until_confirmed(machine, before):
    machine.apply(changed(), "lab", "--confirm", 60)
    after = machine.snapshot()
    for command in ["apply", machine.file(everyday())], ["apply", machine.file(changed())], ["up", "lab"], ["down", "lab"], \
            ["down", "--all"], ["down", "--forget", "lab"], ["apply", "--confirm", 5, machine.file(pair())]:
        assert BUSY in machine.ctl(*command, code=1).stderr
        machine.assert_same(after)
    # A plan says so, too.
    assert BUSY in machine.ctl("plan", machine.file(everyday()), code=1).stderr
    # Other topologies can be changed.
    machine.apply(pair(), "other")
    machine.ctl("down", "--forget", "other")
    machine.ctl("confirm", "lab")
    machine.apply(everyday())


def test_once_does_not_overwrite_what_waits(machine, before):
    machine.apply(changed(), "lab", "--confirm", 60)
    after = machine.snapshot()
    machine.stop()
    assert "lab awaits confirmation" in machine.run("netnsd", "--once", machine.file(pair()), code=1).stderr
    machine.assert_same(after)
    machine.start()
    machine.ctl("rollback")
    machine.assert_same(before)


def test_once_rolls_back_what_is_overdue(machine, before):
    machine.apply(changed(), "lab", "--confirm", 3)
    deadline = record(machine)["confirm_usec"] / 1e6
    machine.stop()
    wait_for(lambda: boottime() > deadline)
    machine.run("netnsd", "--once", machine.file({"namespaces": {"c": {}}}, "other"))
    assert machine.namespaces() == ["c", "ns1"] and machine.addresses("ns1", "veth-ns") == ["10.0.0.2/24"]
    machine.start()


def test_nothing_to_confirm(machine, before):
    for command in ["confirm"], ["confirm", "lab"], ["rollback"]:
        assert NOTHING in machine.ctl(*command, code=1).stderr
    for command in "confirm", "rollback":
        assert "there is no topology nobody" in machine.ctl(command, "nobody", code=1).stderr
    machine.assert_same(before)


@pytest.mark.parametrize("seconds", ["0", "86401", "x", "", "-1", "1.5", "99999999999999999999"])
def test_seconds_out_of_range(machine, seconds):
    assert "1 to 86400" in machine.apply(everyday(), "lab", f"--confirm={seconds}", code=2).stderr
    assert machine.topologies() == {}


def test_seconds_out_of_range_on_the_wire(machine):
    with Connection(machine.socket) as c:
        for seconds in 0, -1, 86401, 2**40:
            with pytest.raises(VarlinkError) as e:
                c.call("io.netnsd.Apply", name="lab", topology={}, confirm_seconds=seconds)
            assert e.value.parameters == {"parameter": "confirm_seconds"}
        for method in "Confirm", "Rollback":
            with pytest.raises(VarlinkError) as e:
                c.call(f"io.netnsd.{method}", name="../x")
            assert e.value.name == "org.varlink.service.InvalidParameter"


def test_two_topologies_wait_at_once(machine):
    first, second = {"namespaces": {"a": {}}}, {"namespaces": {"b": {}}}
    machine.apply(first, "first", "--confirm", 60)
    machine.apply(second, "second", "--confirm", 1)
    wait_for(lambda: machine.state("second") == "down")
    assert machine.namespaces() == ["a"] and waits(machine, "first")
    machine.apply(second, "second", "--confirm", 60)
    assert machine.ctl("confirm").stdout == "first: confirmed\nsecond: confirmed\n"
    assert machine.namespaces() == ["a", "b"]


def test_both_expire(machine):
    machine.apply({"namespaces": {"a": {}}}, "first", "--confirm", 2)
    machine.apply({"namespaces": {"b": {}}}, "second", "--confirm", 1)
    wait_for(lambda: {t["state"] for t in machine.topologies().values()} == {"down"})
    machine.assert_same(machine.at_first)


def test_refused_rollback_is_retried(machine, before):
    """An object of others is in the way: a namespace that the previous topology had."""
    machine.apply(pair(), "lab", "--replace", "--confirm", 3)
    machine.sh("ip link add veth-host type dummy || ip link add veth-host type bridge")
    wait_for(lambda: machine.state() == "failed")
    status = machine.topologies()["lab"]
    assert "not confirmed in time" in status["problem"]["message"] and "veth-host" in status["problem"]["message"]
    assert machine.namespaces() == ["a", "b"]
    assert BUSY in machine.ctl("down", "lab", code=1).stderr
    machine.sh("ip link del veth-host")
    wait_for(lambda: machine.state() == "up", 15)
    assert machine.namespaces() == ["ns1"] and not waits(machine)


def test_refused_rollback_survives_a_restart_and_can_be_confirmed(machine, before):
    machine.apply(pair(), "lab", "--replace", "--confirm", 3)
    after = machine.snapshot()
    machine.sh("ip link add veth-host type bridge")
    wait_for(lambda: machine.state() == "failed")
    machine.restart(signal.SIGKILL)
    assert machine.state() == "failed" and waits(machine)
    machine.ctl("confirm", "lab")
    assert machine.state() == "up" and not waits(machine)
    machine.sh("ip link del veth-host")
    machine.assert_same(after)
    machine.restart()
    assert machine.state() == "up"


def test_killed_during_the_rollback(machine):
    """In the end the state is as before, whenever it dies."""
    rng = random.Random(5)
    machine.apply(pair())
    before = machine.shape()
    span = None
    for i in range(8):
        machine.apply(many(20), "lab", "--replace", "--confirm", 60)
        began = time.monotonic()
        client = machine.popen(NETNSCTL, "rollback", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not span:
            client.wait(20)
            span = time.monotonic() - began
            assert machine.shape() == before
            continue
        time.sleep(rng.uniform(0, span))
        machine.stop(signal.SIGKILL)
        client.wait(20)
        machine.start()
        if waits(machine):
            assert len(machine.namespaces()) == 20
            machine.ctl("rollback")
        assert machine.shape() == before


def test_killed_at_the_deadline(machine):
    """The same for the automatic rollback."""
    rng = random.Random(6)
    machine.apply(pair())
    before = machine.shape()
    for _ in range(4):
        machine.apply(many(20), "lab", "--replace", "--confirm", 2)
        deadline = record(machine)["confirm_usec"] / 1e6 + rng.uniform(0, 0.1)
        wait_for(lambda: boottime() >= deadline)
        machine.stop(signal.SIGKILL)
        machine.start()
        assert not waits(machine)
        assert machine.shape() == before


def test_old_record(machine, before):
    """Without the members that were added later."""
    machine.stop()
    path = machine.root / "run/netnsd/known/lab.json"
    old = json.loads(path.read_text())
    del old["confirm_usec"]
    old.pop("previous", None)
    path.write_text(json.dumps(old))
    machine.start()
    assert machine.state() == "up" and not waits(machine)
    machine.assert_same(before)
    machine.apply(changed())
    machine.ctl("rollback", "lab")
    machine.assert_same(before)
