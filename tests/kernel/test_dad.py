# SPDX-License-Identifier: MIT
"""Duplicate address detection: what needs a tentative address waits, and everybody else is served meanwhile; an address
that another host has is shown, and retried. The truth is read with ip(8)."""
import json
import signal
import subprocess

import pytest
from booting import put
from machine import NETNSCTL, wait_for
from monitor import events, log

SLOW = "echo 3 >/proc/sys/net/ipv6/conf/default/dad_transmits"  # three seconds of it


def bridge(*more, addresses=("fd00::1/64",)):
    routes = [{"to": f"fd0{n}::/64", "via": "fd00::2", "src": a.partition("/")[0]} for n, a in enumerate(addresses, 1)]
    return {"host": {"interfaces": {"br0": {"kind": "bridge", "addresses": list(addresses)},
                                    "p0": {"kind": "veth", "peer": "a/e0", "master": "br0"}},
                     "routes": [*routes, {"to": "fd0a::/64", "via": "fd00::2"}]},
            "namespaces": {"a": {"interfaces": {"e0": {"addresses": ["fd00::2/64"]}}}, **{name: {} for name in more}}}


def asked(netns):
    """A veth pair whose address requests it, in a namespace of ours or of others."""
    here = {"interfaces": {"e0": {"kind": "veth", "peer": "b/e0", "addresses": [{"address": "fd00::1/64", "nodad": False}]}},
            "routes": [{"to": "fd01::/64", "via": "fd00::2", "src": "fd00::1"}]}
    return {"namespaces": {netns: {**here, **({"existing": True} if netns == "old" else {})}, "b": {}}}


def sources(machine, netns=None):
    """The source addresses of our routes."""
    return {r["prefsrc"] for r in machine.ip(*machine.at(netns), "-6", "route", "show", "proto", "78") if "prefsrc" in r}


def applying(machine, topology):
    """An apply that waits."""
    client = machine.popen(NETNSCTL, "apply", machine.file(topology), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for(lambda: "waiting" in events(machine))
    assert client.poll() is None
    return client


@pytest.fixture
def slow(machine):
    machine.sh(SLOW)
    return machine


@pytest.mark.parametrize("topology, netns, src", [
    (bridge(), None, {"fd00::1"}),
    (bridge("z", "y", addresses=["fd00::1/64", "fd00::11/64", "fd00::12/64"]), None, {"fd00::1", "fd00::11", "fd00::12"}),
    (asked("n"), "n", {"fd00::1"}),
    (asked("old"), "old", {"fd00::1"}),
], ids=["bridge", "several", "ours", "existing"])
def test_apply_waits(machine, topology, netns, src):
    if netns == "old":
        machine.sh("ip netns add old")
    machine.apply(topology)
    assert sources(machine, netns) == src
    assert machine.apply(topology).stdout == "lab: unchanged\n"
    machine.ctl("down", "lab")
    machine.ctl("up", "lab")
    assert sources(machine, netns) == src
    machine.ctl("down", "lab")
    if netns == "old":
        machine.sh("ip netns del old")


def test_others_are_served_meanwhile(slow):
    slow.apply({"namespaces": {"other": {"interfaces": {"br0": {"kind": "bridge"}}}}}, "other")
    client = applying(slow, bridge())
    assert slow.state("other") == "up"
    slow.sh("ip -n other link set br0 down")
    wait_for(lambda: "UP" in slow.link("other", "br0")["flags"])
    assert client.poll() is None
    assert client.wait(20) == 0
    client.stdout.close()
    assert sources(slow) == {"fd00::1"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_while_it_waits(slow, number):
    """All or nothing: nothing."""
    client = applying(slow, bridge("z"))
    slow.stop(number)
    assert client.wait(20) == 1
    if number == signal.SIGTERM:
        assert "netnsd is stopping" in client.stdout.read()
    client.stdout.close()
    slow.start()
    assert not {"br0", "p0"} & set(slow.links())
    assert slow.namespaces() == []
    slow.apply(bridge("z"))
    assert sources(slow) == {"fd00::1"}


def test_down_while_it_waits(slow):
    client = applying(slow, bridge())
    slow.ctl("down", "lab", code=None)
    assert client.wait(20) == 0
    client.stdout.close()
    wait_for(lambda: slow.state() in ("up", "down"))
    slow.ctl("down", "lab")
    assert slow.namespaces() == []


def test_boot_waits(bare):
    bare.sh(SLOW)
    put(bare, bridge())
    put(bare, {"namespaces": {"after": {}}}, "next")
    bare.start()
    wait_for(lambda: bare.state() == "waiting")
    assert "duplicate address detection of fd00::1 on host/br0" in bare.ctl("status").stdout
    bare.ctl("wait", "--timeout", "20")
    assert bare.state() == bare.state("next") == "up" and sources(bare) == {"fd00::1"}
    bare.restart()
    assert bare.state() == "up" and sources(bare) == {"fd00::1"}


def test_once_waits(bare):
    bare.run("netnsd", "--once", bare.file(bridge("z")))
    assert sources(bare) == {"fd00::1"}
    bare.start()


def test_heal_waits(slow):
    slow.apply(bridge(addresses=["fd00::1/64", "fd00::11/64"]))
    slow.sh("ip addr del fd00::1/64 dev br0")
    wait_for(lambda: sources(slow) == {"fd00::1", "fd00::11"})
    slow.sh("ip link set br0 down")
    wait_for(lambda: "tentative" in slow.sh("ip -6 addr show dev br0 scope global"))
    wait_for(lambda: sources(slow) == {"fd00::1", "fd00::11"})
    assert "failed" not in events(slow)


def test_rollback_waits(slow):
    before = bridge()
    slow.apply(before)
    other = bridge(addresses=["fd00::7/64"])
    slow.apply(other)
    slow.ctl("rollback", "lab")
    assert sources(slow) == {"fd00::1"}
    # The rollback after a refusal waits as well.
    other["namespaces"]["z"] = {"sysctl": {"net.ipv4.ip_default_ttl": 999}}
    other["host"]["interfaces"]["br0"]["kind"] = "veth"
    other["host"]["interfaces"]["br0"]["peer"] = "z/br0"
    del other["host"]["interfaces"]["p0"]["master"]
    slow.apply(other, code=1)
    assert sources(slow) == {"fd00::1"} and slow.link(None, "br0")["linkinfo"]["info_kind"] == "bridge"


def test_time_to_confirm_begins_after_it(slow):
    """It takes longer than the time to confirm."""
    slow.ctl("apply", "--confirm", "2", slow.file(bridge()))
    assert sources(slow) == {"fd00::1"} and slow.state() == "up"
    wait_for(lambda: "br0" not in slow.links())
    slow.ctl("apply", "--confirm", "60", slow.file(bridge()))
    slow.restart(signal.SIGKILL)
    slow.ctl("confirm", "lab")
    assert sources(slow) == {"fd00::1"}


def test_overdue_rollback_does_not_wait_for_it(machine):
    """A change whose time to confirm has expired is rolled back at once, and a change that waits gives way to it."""
    machine.sh(SLOW.replace("3", "15", 1))
    topology = {"namespaces": {"cut": {"interfaces": {"br0": {"kind": "bridge"}}}}}
    machine.apply(topology, "cut", "--confirm", 6)
    client = applying(machine, bridge())
    out = client.communicate(timeout=30)[0]
    assert client.returncode == 1 and "an unconfirmed change is rolled back first; try again" in out, out
    wait_for(lambda: machine.state("cut") == "down")
    assert "cut" not in machine.namespaces()
    machine.sh(SLOW.replace("3", "1", 1))
    machine.apply(bridge())
    assert sources(machine) == {"fd00::1"}


def test_without_a_carrier_it_ends(machine):
    t = asked("n")
    t["namespaces"]["b"] = {"interfaces": {"e0": {"up": False}}}
    refused = machine.apply(t, code=1)
    assert "n/e0 has no carrier: duplicate address detection of fd00::1 on n/e0 has not finished; waited 10 s" in refused.stderr
    assert machine.namespaces() == []


@pytest.fixture
def far(bare):
    """x0, an interface of others on the host, and another host on its veth pair."""
    bare.start("--heal-burst", "5/1")
    bare.sh("""ip netns add far; ip link add x0 type veth peer name x1 netns far; ip link set x0 up
               ip -n far link set x1 up""")
    yield bare
    bare.sh("ip link del x0; ip netns del far")


def on_x0(*addresses, routes=()):
    return {"host": {"interfaces": {"x0": {"addresses": list(addresses)}}, "routes": list(routes)}}


def test_source_that_another_host_has(far):
    far.sh("ip -n far addr add fd00::1/64 dev x1 nodad")
    refused = far.apply(on_x0("fd00::1/64", routes=[{"to": "fd01::/64", "via": "fd00::2", "src": "fd00::1"}]), code=1)
    assert "another host on host/x0 has fd00::1 (duplicate address detection failed)" in refused.stderr
    assert "fd0" not in far.sh("ip -6 addr show dev x0 scope global; ip -6 route show proto 78")


def test_duplicate_is_shown_and_tried_again(far):
    far.sh("ip -n far addr add fd00::1/64 dev x1 nodad")
    t = on_x0("fd00::1/64", "fd00::5/64")
    far.apply(t)
    assert "(tentative)" in far.ctl("status", "lab").stdout
    wait_for(lambda: "failed" in events(far))
    said = "another host on host/x0 has fd00::1 (duplicate address detection failed); it is retried every 3 s"
    assert log(far)[-1]["message"] == said
    wait_for(lambda: "fd00::1/64 (duplicate)" in far.ctl("status", "lab").stdout)
    assert far.state() == "failed"
    # Twice in vain, in silence.
    for _ in range(2):
        wait_for(lambda: "fd00::1/64 (tentative)" in far.ctl("list").stdout)
        assert far.state() == "failed"
        wait_for(lambda: "fd00::1/64 (duplicate)" in far.ctl("list").stdout)
    status = json.loads(far.ctl("--json", "status", "lab").stdout)
    assert status["namespaces"][0]["interfaces"][0]["conditions"] == [{"address": "fd00::1/64", "condition": "duplicate"}]
    assert events(far) == ["applied", "drift", "failed"]
    far.sh("ip -n far addr del fd00::1/64 dev x1")
    wait_for(lambda: far.state() == "up")
    assert events(far) == ["applied", "drift", "failed", "healed"]
    assert "dadfailed" not in far.sh("ip addr show dev x0") and "(duplicate)" not in far.ctl("status", "lab").stdout
    assert far.apply(t).stdout == "lab: unchanged\n"


def test_duplicate_found_later_and_apply(far):
    """Healed, it is a duplicate; its route waits. An apply checks again at once."""
    t = on_x0("fd00::1/64", routes=[{"to": "fd01::/64", "via": "fd00::2", "src": "fd00::1"}])
    far.apply(t)
    far.pause()
    far.sh("ip addr del fd00::1/64 dev x0; ip -n far addr add fd00::1/64 dev x1 nodad")
    far.resume()
    wait_for(lambda: far.state() == "failed")
    assert far.ctl("plan", "--exit-code", far.file(t), code=None).returncode in (0, 3)
    far.sh("ip -n far addr del fd00::1/64 dev x1")
    far.apply(t)
    wait_for(lambda: sources(far) == {"fd00::1"})
    wait_for(lambda: far.state() == "up")


def test_deprecated_is_shown(machine):
    machine.sh("ip link add x0 type veth peer name x1; ip link set x0 up; ip link set x1 up")
    machine.apply({"on_drift": "report", **on_x0("fd00::1/64")})
    wait_for(lambda: "tentative" not in machine.ctl("status", "lab").stdout)
    machine.sh("ip addr change fd00::1/64 dev x0 preferred_lft 0")
    assert "fd00::1/64 (deprecated)" in machine.ctl("status", "lab").stdout
    machine.ctl("down", "lab")
    machine.sh("ip link del x0")
