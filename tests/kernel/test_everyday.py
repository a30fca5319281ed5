# SPDX-License-Identifier: MIT
"""The main job: one veth pair from the host to a namespace, with ip(8) agreeing at every step."""
import json
import re

from machine import EXAMPLES

EVERYDAY = EXAMPLES / "everyday.json"
STEPS = [
    "+ namespace ns1",
    "+ link      ns1/veth-ns     veth, peer host/veth-host",
    "+ address   ns1/veth-ns     10.0.0.2/24",
    "+ route     ns1             default via 10.0.0.1",
    "+ address   host/veth-host  10.0.0.1/24",
]


def test_chapter(machine):
    assert machine.namespaces() == []
    out = machine.ctl("apply", EVERYDAY).stdout
    assert re.search(r"^everyday: 5 created in [\d.]+ m?s$", out, re.M), out

    assert machine.namespaces() == ["ns1"]
    assert machine.links() == ["lo", "veth-host"]
    assert machine.links("ns1") == ["lo", "veth-ns"]
    for netns, name in (None, "veth-host"), ("ns1", "veth-ns"), ("ns1", "lo"):
        assert {"UP", "LOWER_UP"} <= set(machine.link(netns, name)["flags"])
    assert machine.link("ns1", "veth-ns")["linkinfo"]["info_kind"] == "veth"
    assert machine.addresses(None, "veth-host") == ["10.0.0.1/24"]
    assert machine.addresses("ns1", "veth-ns") == ["10.0.0.2/24"]
    assert machine.addresses("ns1", "lo") == ["127.0.0.1/8", "::1/128"]
    default = machine.routes("ns1", "default")
    assert [(r["gateway"], r["dev"]) for r in default] == [("10.0.0.1", "veth-ns")]
    machine.ping(None, "10.0.0.2")
    machine.ping("ns1", "10.0.0.1")
    machine.ping("ns1", "127.0.0.1")

    status = machine.ctl("status").stdout
    assert re.search(r"● everyday +up +1 +1 +0 .*everyday\.json, until reboot", status), status
    tree = machine.ctl("status", "everyday").stdout
    for line in ("veth-host  up  10.0.0.1/24  ⇄ ns1/veth-ns", "lo         up  127.0.0.1/8",
                 "veth-ns    up  10.0.0.2/24  ⇄ host/veth-host", "default via 10.0.0.1 dev veth-ns"):
        assert line in tree, tree

    machine.ctl("down", "everyday")
    assert machine.namespaces() == []
    assert machine.links() == ["lo"]
    machine.assert_same(machine.at_first)


def test_plan_shows_what_apply_does(machine):
    before = machine.snapshot()
    plan = machine.ctl("plan", EVERYDAY).stdout
    assert plan.splitlines()[0] == "everyday: 5 steps"
    assert sorted(line.strip() for line in plan.splitlines()[1:]) == sorted(STEPS)
    assert machine.ctl("apply", "--dry-run", EVERYDAY).stdout == plan
    machine.assert_same(before)
    machine.ctl("plan", "--exit-code", EVERYDAY, code=3)
    machine.ctl("apply", EVERYDAY)
    machine.ctl("plan", "--exit-code", EVERYDAY)


def test_plan_json(machine):
    text = machine.ctl("--json", "plan", EVERYDAY).stdout
    assert "ns1/veth-ns" in text
    json.loads(text)


def test_apply_again_writes_nothing(bare):
    bare.start(strace=True)
    bare.ctl("apply", EVERYDAY)
    assert bare.writes(), "the trace sees writes at all"
    before = bare.snapshot()
    assert bare.ctl("apply", EVERYDAY).stdout.strip() == "everyday: unchanged"
    assert bare.writes() == []
    bare.assert_same(before)


def test_apply_from_standard_input(machine):
    machine.ctl("apply", "--name", "piped", "-", text=EVERYDAY.read_text())
    assert machine.namespaces() == ["ns1"]
    assert "piped" in machine.ctl("status").stdout


def test_status_json(machine):
    machine.ctl("apply", EVERYDAY)
    status = json.loads(machine.ctl("--json", "status").stdout)
    assert [(t["name"], t["state"]) for t in status["topologies"]] == [("everyday", "up")]


def test_show_and_list(machine):
    machine.ctl("apply", EVERYDAY)
    shown = json.loads(machine.ctl("show", "everyday").stdout)
    declared = json.loads(EVERYDAY.read_text())
    assert shown["namespaces"] == declared["namespaces"] and shown["host"] == declared["host"]
    listed = machine.ctl("list").stdout
    assert "ns1" in listed and "veth-ns" in listed and "veth-host" in listed


def test_show_can_be_applied(machine):
    machine.ctl("apply", EVERYDAY)
    shown = machine.ctl("show", "everyday").stdout
    assert machine.apply(shown, "everyday", "--replace").stdout.strip() == "everyday: unchanged"


def test_many_files_at_once(machine):
    machine.ctl("apply", EVERYDAY, EXAMPLES / "two-namespaces.json")
    assert machine.namespaces() == ["left", "ns1", "right"]
