# SPDX-License-Identifier: MIT
"""What netnsctl prints, asks and exits with, against a fake daemon."""
import json
import os
import subprocess
import time

import pytest
from ctl import EVERYDAY, NETNSCTL


def step(action, kind, obj, detail, effect="none"):
    return {"action": action, "kind": kind, "object": obj, "detail": detail, "effect": effect}


STEPS = [
    step("create", "namespace", "ns1", ""),
    step("create", "link", "ns1/veth-ns", "veth, peer host/veth-host"),
    step("create", "address", "ns1/veth-ns", "10.0.0.2/24"),
    step("create", "route", "ns1", "default via 10.0.0.1"),
    step("create", "address", "host/veth-host", "10.0.0.1/24"),
]
PLAN = """everyday: 5 steps
  + namespace ns1
  + link      ns1/veth-ns     veth, peer host/veth-host
  + address   ns1/veth-ns     10.0.0.2/24
  + route     ns1             default via 10.0.0.1
  + address   host/veth-host  10.0.0.1/24
"""


def summary(name="everyday", created=0, changed=0, removed=0, duration=3140):
    return {"name": name, "created": created, "changed": changed, "removed": removed, "duration_usec": duration}


def applied(**counts):
    return {"summary": summary(**counts)}


def interface(netns, name, *addresses, kind="veth", up=True, carrier=True, **more):
    return {"namespace": netns, "name": name, "kind": kind, "up": up, "carrier": carrier, "mtu": 1500,
            "addresses": list(addresses), **more}


def namespace(name, *interfaces, routes=()):
    return {"topology": "everyday", "name": name, "interfaces": list(interfaces), "routes": list(routes)}


def topology(ctl, name="everyday", state="up", ago=150, **more):
    return {"name": name, "state": state, "namespaces": 1, "links": 1, "healed": 0,
            "since_usec": int((time.time() - ago) * 1e6) if ago else 0, "source": str(ctl.folder / f"{name}.json"),
            "boot": False, **more}


NAMESPACES = [
    namespace("ns1", interface("ns1", "lo", "127.0.0.1/8", kind="loopback"),
              interface("ns1", "veth-ns", "10.0.0.2/24", peer="host/veth-host"),
              routes=["default via 10.0.0.1 dev veth-ns"]),
    namespace("host", interface("host", "veth-host", "10.0.0.1/24", peer="ns1/veth-ns")),
]


# -- plan and apply

def test_plan(ctl):
    ctl.serve(Plan=[{"name": "everyday", "steps": STEPS}])
    assert ctl.out("plan", "everyday.json") == PLAN
    assert ctl.out("apply", "--dry-run", "everyday.json") == PLAN
    parameters = {"name": "everyday", "topology": json.loads(EVERYDAY), "source": str(ctl.folder / "everyday.json")}
    assert ctl.daemon.calls == [{"method": "io.netnsd.Plan", "parameters": parameters}] * 2


def test_plan_asks_as_apply_does(ctl):
    """The same parameters, whichever options there are."""
    ctl.serve(Plan=[{"name": "everyday", "steps": []}], Apply=[{"summary": {"name": "everyday"}}])
    for options in [], ["--replace"], ["--no-disrupt"], ["--sure"], ["--persist"], ["--confirm", "60"], ["--name", "x"], \
            ["--replace", "--no-disrupt", "--sure", "--persist", "--confirm", "60"]:
        ctl.daemon.calls.clear()
        ctl.out("apply", *options, "everyday.json")
        ctl.out("apply", "--dry-run", *options, "everyday.json")
        ctl.out("plan", *options, "everyday.json")
        apply, *plans = [call["parameters"] for call in ctl.daemon.calls]
        assert plans == [apply, apply], options
    for command in ["apply"], ["apply", "--dry-run"], ["plan"]:
        assert "--confirm takes 1 to 86400" in ctl.run(*command, "--confirm", "0", "everyday.json")[2]
        assert "--test takes 1 to 86400" in ctl.run(*command, "--test", "x", "everyday.json")[2]
        assert "leave --confirm out" in ctl.run(*command, "--test", "1", "--confirm", "1", "everyday.json")[2]


def test_plan_signs(ctl):
    ctl.serve(Plan=[{"name": "everyday", "steps": [
        step("change", "link", "ns1/a", "mtu 1500 → 9000", "in_place"),
        step("change", "link", "ns1/b", "mode l2 → l3", "recreate"),
        step("remove", "route", "ns1", "10.9.0.0/16 via 10.0.0.1", "remove"),
    ]}])
    assert ctl.out("plan", "everyday.json") == """everyday: 3 steps
  ~ link      ns1/a  mtu 1500 → 9000
  ~ link      ns1/b  mode l2 → l3 (recreated)
  - route     ns1    10.9.0.0/16 via 10.0.0.1
"""


def test_plan_one_step(ctl):
    ctl.serve(Plan=[{"name": "everyday", "steps": STEPS[:1]}])
    assert ctl.out("plan", "everyday.json") == "everyday: 1 step\n  + namespace ns1\n"


def test_plan_exit_code(ctl):
    ctl.serve(Plan=[{"name": "everyday", "steps": STEPS}])
    assert ctl.run("plan", "--exit-code", "everyday.json") == (3, PLAN, "")
    assert ctl.run("apply", "everyday.json", "--dry-run", "--exit-code")[0] == 3
    ctl.daemon.replies["Plan"] = [{"name": "everyday", "steps": []}]
    assert ctl.run("plan", "--exit-code", "everyday.json") == (0, "everyday: nothing to do\n", "")


def test_plan_json(ctl):
    ctl.serve(Plan=[{"name": "everyday", "steps": STEPS}])
    assert json.loads(ctl.out("plan", "everyday.json", "--json")) == {"name": "everyday", "steps": STEPS}


def test_plan_several_exit_code(ctl):
    """The files after one with steps are planned, too."""
    ctl.write("other.json", EVERYDAY)
    ctl.serve(Plan=[{"steps": STEPS[:1]}])
    code, out, _ = ctl.run("plan", "--exit-code", "everyday.json", "other.json")
    assert code == 3 and "everyday: 1 step" in out and "other: 1 step" in out


def test_apply(ctl):
    ctl.serve(Apply=[applied(created=5)])
    assert ctl.out("apply", "everyday.json") == "everyday: 5 created in 3.1 ms\n"
    assert ctl.daemon.calls == [{"method": "io.netnsd.Apply", "parameters": {
        "name": "everyday", "topology": json.loads(EVERYDAY), "source": str(ctl.folder / "everyday.json")}}]


def test_apply_summaries(ctl):
    ctl.serve(Apply=[applied(name="lab", created=2, changed=1, removed=1, duration=1234)])
    assert ctl.out("apply", "everyday.json") == "lab: 2 created, 1 changed, 1 removed in 1.2 ms\n"
    ctl.daemon.replies["Apply"] = [applied(name="lab")]
    assert ctl.out("apply", "everyday.json") == "lab: unchanged\n"


def test_apply_json(ctl):
    ctl.serve(Apply=[applied(created=5)])
    assert json.loads(ctl.out("--json", "apply", "everyday.json")) == summary(created=5)


def test_apply_terminal(ctl):
    ctl.serve(Apply=[{"done": 2, "total": 5, "steps": STEPS[:2]}, {"done": 5, "total": 5, "steps": STEPS[2:]},
                     applied(created=5)])
    assert ctl.on_terminal("apply", "everyday.json", NO_COLOR="1") == """  + namespace ns1
  + link      ns1/veth-ns     veth, peer host/veth-host
  + address   ns1/veth-ns     10.0.0.2/24
  + route     ns1             default via 10.0.0.1
  + address   host/veth-host  10.0.0.1/24
everyday: 5 created in 3.1 ms
"""
    assert ctl.daemon.calls[0]["more"] is True


def test_apply_terminal_change(ctl):
    """A change of one batch is as wide as it needs to be, as in its plan."""
    ctl.serve(Apply=[{"done": 1, "total": 1, "steps": STEPS[3:4]}, applied(created=1)])
    assert ctl.on_terminal("apply", "everyday.json", NO_COLOR="1").splitlines()[0] == "  + route     ns1  default via 10.0.0.1"


def test_several_files_share_columns(ctl):
    """In a plan and while it is applied; not wider than half the terminal."""
    ctl.write("long.json", json.dumps({"namespaces": {"router": {"interfaces": {"eth-in-the-midd": {"kind": "bridge"}}}}}))
    ctl.serve(Plan=[{"name": "everyday", "steps": STEPS[:2]}], Apply=[{"done": 2, "total": 2, "steps": STEPS[:2]}, applied(created=2)])
    lines = ["  + namespace ns1", "  + link      ns1/veth-ns             veth, peer host/veth-host"]
    for command in "plan", "apply":
        shown = ctl.on_terminal(command, "everyday.json", "long.json", NO_COLOR="1").splitlines()
        assert [line for line in shown if line.startswith("  ")] == lines * 2, shown
    narrow = ctl.on_terminal("plan", "everyday.json", "long.json", columns=40, NO_COLOR="1").splitlines()
    assert narrow[2] == "  + link      ns1/veth-ns" and narrow[3].strip() == "veth, peer host/veth-host"


def test_apply_terminal_many(ctl):
    ctl.serve(Apply=[{"done": 100, "total": 300}, {"done": 300, "total": 300}, applied(created=300)])
    assert ctl.on_terminal("apply", "everyday.json") == (
        "\r\033[Keveryday: 100 of 300 steps\r\033[Keveryday: 300 of 300 steps\r\033[Keveryday: 300 created in 3.1 ms\n")


def test_apply_terminal_narrow(ctl):
    """A line that wrapped could not be overwritten: of a name that is too long only the count is shown."""
    name = "n" * 64
    ctl.write(name + ".json", "{}")
    ctl.serve(Apply=[{"done": 100000, "total": 300000}, applied(name=name, created=300000)])
    assert ctl.on_terminal("apply", name + ".json") == (
        f"\r\033[K100000 of 300000 steps\r\033[K{name}: 300000 created in 3.1 ms\n")


def test_colours(ctl):
    ctl.serve(Plan=[{"name": "everyday", "steps": STEPS[:1]}])
    assert "\033[32m+\033[0m" in ctl.on_terminal("plan", "everyday.json")
    assert "\033" not in ctl.on_terminal("plan", "everyday.json", NO_COLOR="1")
    assert "\033" not in ctl.on_terminal("plan", "everyday.json", TERM="dumb")


def test_apply_stdin(ctl):
    ctl.serve(Apply=[applied(created=5)])
    assert ctl.out("apply", "-", "--name", "lab", stdin=EVERYDAY) == "everyday: 5 created in 3.1 ms\n"
    parameters = ctl.daemon.calls[0]["parameters"]
    assert (parameters["name"], parameters["source"]) == ("lab", "standard input")
    assert ctl.run("apply", "-", stdin=EVERYDAY) == (
        2, "", 'netnsctl: standard input has no name: use --name NAME, or add a "name" to it\n')


@pytest.mark.parametrize("path, args, name", [
    ("x.json", [], "inside"),
    ("x.json", ["--name", "wanted"], "wanted"),
    ("plain", [], "inside"),
])
def test_apply_name(ctl, path, args, name):
    ctl.write(path, '{"name": "inside"}')
    ctl.serve(Apply=[applied()])
    ctl.out("apply", path, *args)
    assert ctl.daemon.calls[0]["parameters"]["name"] == name


@pytest.mark.parametrize("path, name", [("lab.json", "lab"), ("lab.v2.json", "lab.v2"), ("lab", "lab")])
def test_apply_name_of_file(ctl, path, name):
    ctl.write(path, EVERYDAY)
    ctl.serve(Apply=[applied()])
    ctl.out("apply", f"./{path}")
    assert ctl.daemon.calls[0]["parameters"]["name"] == name
    assert ctl.daemon.calls[0]["parameters"]["source"] == str(ctl.folder / path)


def test_apply_bad_name(ctl):
    ctl.write("a b.json", EVERYDAY)
    code, out, err = ctl.run("apply", "a b.json")
    assert code == 2 and out == "" and err.startswith('netnsctl: a b.json: a topology cannot be called "a b": ')
    assert ctl.run("apply", "everyday.json", "--name", "x" * 65)[0] == 2
    assert ctl.run("apply", "everyday.json", "--name", "")[0] == 2


def test_apply_replace(ctl):
    ctl.serve(Apply=[applied()])
    ctl.out("apply", "everyday.json", "--replace")
    assert ctl.daemon.calls[0]["parameters"]["replace"] is True


def test_apply_several(ctl):
    ctl.write("second.json", EVERYDAY)
    ctl.write("third.json", EVERYDAY)
    refused = {"error": "io.netnsd.Conflict", "parameters": {"object": "ns1", "owner": "another program"}}
    ctl.serve(Apply=[applied(created=1)])
    assert ctl.out("apply", "everyday.json", "second.json").count("\n") == 2
    ctl.daemon.calls.clear()
    ctl.daemon.replies["Apply"] = [refused]
    assert ctl.run("apply", "everyday.json", "second.json", "third.json") == (
        1, "", "netnsctl: everyday: ns1 belongs to another program; nothing was touched\n"
        "netnsctl: second: not tried, because a file before it failed\n"
        "netnsctl: third: not tried, because a file before it failed\n")
    assert len(ctl.daemon.calls) == 1
    code, out, _ = ctl.run("apply", "--json", "everyday.json", "second.json", "third.json")
    assert code == 1 and [json.loads(line) for line in out.splitlines()] == [
        refused | {"name": "everyday"}, {"name": "second", "skipped": True}, {"name": "third", "skipped": True}]
    assert ctl.run("apply", "--json", "everyday.json")[:2] == (1, "")


def test_apply_several_checked_first(ctl):
    ctl.write("bad.json", '{"namespaces": {"ns1": {"interfaces": {"a": {"kind": "veht", "peer": "host/b"}}}}}')
    ctl.write("worse.json", "{")
    ctl.serve(Apply=[applied()])
    code, out, err = ctl.run("apply", "everyday.json", "bad.json", "worse.json")
    assert code == 2 and out == "" and not ctl.daemon.calls
    assert "bad.json:1:" in err and "worse.json:1:" in err and "everyday.json" not in err


def test_apply_several_of_one_name(ctl):
    (ctl.folder / "lab").mkdir()
    ctl.write("lab/everyday.json", EVERYDAY)
    code, _, err = ctl.run("apply", "everyday.json", "lab/everyday.json")
    assert code == 2 and err.startswith("netnsctl: everyday.json and lab/everyday.json are both called everyday")
    assert ctl.run("apply", "everyday.json", "lab/everyday.json", "--name", "x")[:2] == (2, "")


def test_apply_refused(ctl):
    """The daemon has a pointer; the client knows where in the file that is."""
    ctl.serve(Apply=[{"error": "io.netnsd.Refused", "parameters": {"problem": {
        "message": "kernel refused 10.0.0.1: Nexthop has invalid gateway", "pointer": "/namespaces/ns1/routes/0/via",
        "object": "ns1", "kernel": "Nexthop has invalid gateway", "errno": 101}}}])
    assert ctl.run("apply", "everyday.json") == (1, "", (
        "everyday.json:11:45: /namespaces/ns1/routes/0/via: kernel refused 10.0.0.1: Nexthop has invalid gateway\n"
        "netnsctl: everyday: refused; everything is as it was before\n"))


def test_apply_refused_and_something_of_others_is_gone(ctl):
    ctl.serve(Apply=[{"error": "io.netnsd.Refused", "parameters": {"problem": {"message": "no"}, "others": "fd00::5/64, b\x1b0"}}])
    assert ctl.run("apply", "everyday.json")[2].splitlines()[-1] == (
        "netnsctl: everyday: refused; everything is as it was before; but it also removed, outside this topology: fd00::5/64, b\\x1b0")


def test_apply_refused_pointer_beyond_the_file(ctl):
    """What the file only implies is shown where it is implied."""
    ctl.serve(Apply=[{"error": "io.netnsd.Refused", "parameters": {"problem": {
        "message": "no", "kernel": "File exists", "pointer": "/host/interfaces/veth-host/mtu"}}}])
    err = ctl.run("apply", "everyday.json")[2]
    assert err.startswith("everyday.json:4:34: /host/interfaces/veth-host/mtu: no: File exists\n")


def test_apply_refused_without_pointer(ctl):
    ctl.serve(Apply=[{"error": "io.netnsd.Refused",
                      "parameters": {"problem": {"message": "no room", "object": "ns1/lo"}}}])
    assert ctl.run("apply", "everyday.json")[2].startswith("everyday.json:1:1: ns1/lo: no room\n")


def test_apply_rollback_failed(ctl):
    ctl.serve(Apply=[{"error": "io.netnsd.RollbackFailed", "parameters": {
        "problem": {"message": "first", "pointer": "/host"}, "after": {"message": "second", "object": "ns1"}}}])
    code, _, err = ctl.run("apply", "everyday.json")
    assert code == 1 and [line.split(": ")[-1] for line in err.splitlines()[:2]] == ["first", "second"]
    assert "rollback also failed" in err


def test_apply_name_in_use(ctl):
    ctl.serve(Apply=[{"error": "io.netnsd.NameInUse",
                      "parameters": {"name": "everyday", "source": str(ctl.folder / "lab/everyday.json")}}])
    assert ctl.run("apply", "everyday.json") == (
        1, "", "netnsctl: everyday is up from lab/everyday.json; use --replace, or --name OTHER\n")


# -- up and down

def test_up_and_down(ctl):
    ctl.serve(Up=[{"summaries": [summary(created=5), summary("lab", created=1)]}],
              Down=[{"summaries": [summary(removed=5)], "lingering": []}])
    assert ctl.out("up") == "everyday: 5 created in 3.1 ms\nlab: 1 created in 3.1 ms\n"
    ctl.out("up", "a", "b")
    assert ctl.out("down", "everyday") == "everyday: 5 removed in 3.1 ms\n"
    ctl.out("down", "--all", "--forget")
    assert [(c["method"], c["parameters"]) for c in ctl.daemon.calls] == [
        ("io.netnsd.Up", {}), ("io.netnsd.Up", {"names": ["a", "b"]}),
        ("io.netnsd.Down", {"names": ["everyday"]}), ("io.netnsd.Down", {"all": True, "forget": True})]


FAILURES = [{"name": "b", "error": "io.netnsd.NoSuchTopology", "parameters": {"name": "b"}},
            {"name": "c", "error": "io.netnsd.Conflict", "parameters": {
                "object": "namespace c", "owner": "another program",
                "problems": [{"message": "namespace c already exists", "pointer": "/namespaces/c"}]}}]


@pytest.mark.parametrize("method", ["Up", "Down", "Confirm", "Rollback"])
def test_some_of_several_fail(ctl, method):
    """Each has its outcome, and together they are a failure."""
    reply = {"summaries": [summary("a", removed=1)], "failures": FAILURES, "lingering": []}
    ctl.serve(**{method: [reply]})
    command = [method.lower()] + ["a", "b", "c"] * (method in ("Up", "Down"))
    done = "a: confirmed\n" if method == "Confirm" else "a: 1 removed in 3.1 ms\n"
    said = ("netnsctl: there is no topology b; netnsctl status lists all\n"
            "netnsctl: c: /namespaces/c: namespace c already exists\n"
            "netnsctl: c: namespace c belongs to another program; nothing was touched\n")
    assert ctl.run(*command) == (1, done, said)
    code, out, err = ctl.run("--json", *command)
    assert (code, json.loads(out), err) == (1, reply, said)


def test_rename(ctl):
    ctl.serve(Rename=[{"summary": summary("new", changed=3)}])
    assert ctl.run("rename", "old", "new") == (0, "new: renamed, from old; 3 marks set\n", "")
    assert json.loads(ctl.out("--json", "rename", "old", "new")) == summary("new", changed=3)
    assert ctl.daemon.calls == [{"method": "io.netnsd.Rename", "parameters": {"name": "old", "to": "new"}}] * 2


def test_all_of_several_fail(ctl):
    ctl.serve(Up=[{"summaries": [], "failures": FAILURES[:1]}])
    assert ctl.run("up") == (1, "", "netnsctl: there is no topology b; netnsctl status lists all\n")


def test_what_is_no_utf8(ctl):
    """A name or a path may contain any byte; what is sent is JSON all the same."""
    ctl.serve(Up=[{"summaries": []}])
    ctl.out("up", os.fsdecode(b"a\xffb"))
    assert ctl.daemon.calls[0]["parameters"]["names"] == ["a?b"]


def test_slashes_are_sent_as_they_are(ctl):
    ctl.write("slashes.json", '{"description": "%s", "namespaces": {}}' % ("/" * 1000))
    ctl.serve(Apply=[applied(created=1)])
    ctl.out("apply", "slashes.json")
    assert b"/" * 1000 in ctl.daemon.raw


def test_down_lingering(ctl):
    ctl.serve(Down=[{"summaries": [summary(removed=5)], "lingering": [
        {"namespace": "ns1", "pid": 1234, "command": "sleep"}, {"namespace": "ns1", "pid": 1240, "command": "a\033b"},
        {"namespace": "ns2", "pid": 7, "command": "sh"}]}])
    assert ctl.out("down", "everyday") == (
        "everyday: 5 removed in 3.1 ms\nns1: still used by 1234 (sleep), 1240 (a\\x1bb)\nns2: still used by 7 (sh)\n")


def test_down_of_what(ctl):
    for args in (), ("--all", "x"):
        assert ctl.run("down", *args) == (2, "", "netnsctl: no topology given: netnsctl down NAME…, or netnsctl down --all\n")


def test_nothing_up_or_down(ctl):
    ctl.serve(Up=[{"summaries": []}], Down=[{"summaries": [], "lingering": []}])
    assert ctl.out("up") == "nothing is down\n"
    assert ctl.out("down", "--all") == "nothing is up\n"


def test_no_such_topology(ctl):
    ctl.serve(Down=[{"error": "io.netnsd.NoSuchTopology", "parameters": {"name": "x\033[2J"}}])
    assert ctl.run("down", "x") == (
        1, "", "netnsctl: there is no topology x\\x1b[2J; netnsctl status lists all\n")


# -- status, list, show

def test_status(ctl):
    ctl.serve(Status=[{"topologies": [
        topology(ctl), topology(ctl, "lab", "failed", 3 * 3600, namespaces=120, links=1300, healed=7, boot=True,
                                source="/etc/netnsd/topologies/lab.json",
                                problem={"message": "veth-a is gone", "pointer": "/host"})], "namespaces": []}])
    assert ctl.out("status") == """\
  TOPOLOGY  STATE   NAMESPACES  LINKS  HEALED  SINCE      SOURCE
● everyday  up               1      1       0  2 min ago  everyday.json, until reboot
● lab       failed         120   1300       7  3 h ago    /etc/netnsd/topologies/lab.json, at boot
lab: /host: veth-a is gone
"""


def test_status_drift(ctl):
    """Drift, in lines below; ten at most."""
    def drift(kind, obj, drifted=True, contested=False, **more):
        return {"kind": kind, "object": obj, "drifted": drifted, "contested": contested, **more}
    many = [drift("route", "ns1", expected=f"10.{i}.0.0/16") for i in range(9)]
    ctl.serve(Status=[{"topologies": [topology(ctl, drift=[
        drift("address", "ns1/eth0", contested=True, expected="10.0.0.2/24", by="pid 7 (ip)", heal_usec=3_700_000),
        drift("address", "ns1/eth0", drifted=False, contested=True, expected="10.0.0.3/24"),
        drift("link", "ns1/eth0", expected="mtu 1400", actual="mtu 1300"),
        drift("address", "ns1/eth0", by="pid 8 (\x1b[2J)", actual="10.0.0.9/24"),
        drift("namespace", "ns1", expected="namespace"), *many])], "namespaces": []}])
    out = ctl.out("status").splitlines()[2:]
    assert out[:5] == [
        "everyday: address ns1/eth0 10.0.0.2/24 is missing; changed again and again by pid 7 (ip), healed in 3.7 s",
        "everyday: address ns1/eth0 10.0.0.3/24 is healed; changed again and again",
        "everyday: ns1/eth0: mtu 1300, declared mtu 1400",
        "everyday: address ns1/eth0 10.0.0.9/24 is present, but not declared; by pid 8 (\\x1b[2J)",
        "everyday: namespace ns1 is missing"]
    assert out[10:] == ["everyday: 4 more objects not as declared (netnsctl --json status everyday)"]
    assert "changed again and again by pid 7" in ctl.out("status", "everyday")


def test_status_empty(ctl):
    ctl.serve(Status=[{"topologies": [], "namespaces": []}], List=[{"namespaces": []}])
    assert ctl.out("status") == "no topologies; netnsctl apply FILE\n"
    assert ctl.out("list") == "no namespaces; netnsctl apply FILE\n"


def test_status_one(ctl):
    ctl.serve(Status=[{"topologies": [topology(ctl, ago=0, since_usec=86400_000_000 + 50531_000_000)],
                       "namespaces": NAMESPACES}])
    assert ctl.out("status", "everyday") == """\
● everyday: up since 1970-01-02 14:02:11, everyday.json, until reboot; nothing healed
  host
  └─ veth-host  up  10.0.0.1/24  ⇄ ns1/veth-ns
  ns1
  ├─ lo         up  127.0.0.1/8
  └─ veth-ns    up  10.0.0.2/24  ⇄ host/veth-host
     default via 10.0.0.1 dev veth-ns
"""
    assert ctl.daemon.calls[0]["parameters"] == {"name": "everyday"}


def test_status_bridge(ctl):
    ctl.serve(Status=[{"topologies": [topology(ctl, healed=2)], "namespaces": [
        namespace("host"),
        namespace("ns1", interface("ns1", "br0", "10.0.0.1/24", "fd00::1/64", kind="bridge"),
                  interface("ns1", "p1", carrier=False, master="br0", peer="ns2/p"),
                  interface("ns1", "p2", up=False, carrier=False, master="br0", peer="p3"))]}])
    out = ctl.out("status", "everyday")
    assert out.splitlines()[0].endswith("; 2 healed")
    assert out.splitlines()[1:] == [
        "  ns1",
        "  ├─ br0  up          10.0.0.1/24, fd00::1/64  bridge",
        "  ├─ p1   no carrier                           ⇄ ns2/p, master br0",
        "  └─ p2   down                                 ⇄ p3, master br0",
    ]


def test_status_of_a_namespace(ctl):
    """The topologies that declare it, each with that namespace only."""
    ctl.serve(Status=[{"topologies": [topology(ctl), topology(ctl, "lab", "down"), topology(ctl, "office", healed=2)], "namespaces": [
        {**namespace("ns1", interface("ns1", "a", "10.0.0.1/24", kind="dummy")), "topology": "everyday"},
        {**namespace("ns1", interface("ns1", "b", "10.0.0.2/24", kind="dummy")), "topology": "office"}]}])
    out = ctl.out("status", "ns1").splitlines()
    assert [line.split(": ")[0] for line in out if line.startswith("●")] == ["● everyday", "● lab", "● office"]
    assert [line for line in out if not line.startswith("●")] == [
        "  ns1", "  └─ a  up  10.0.0.1/24  dummy", "", "", "  ns1", "  └─ b  up  10.0.0.2/24  dummy"]
    # No repairs: those are told of a topology.
    assert [call["method"] for call in ctl.daemon.calls] == ["io.netnsd.Status"]


def test_status_json(ctl):
    reply = {"topologies": [topology(ctl)], "namespaces": NAMESPACES}
    ctl.serve(Status=[reply])
    assert json.loads(ctl.out("status", "--json")) == reply
    assert ctl.out("status", "--json").count("\n") == 1


def test_json_on_terminal_is_safe(ctl):
    ctl.serve(Status=[{"topologies": [{"name": "a\033\u009b\u202e"}]}])
    out = ctl.on_terminal("status", "--json")
    assert json.loads(out)["topologies"][0]["name"] == "a\033\u009b\u202e"
    assert not set(out) & set("\033\u009b\u202e") and out.count("\n") > 1


def test_list(ctl):
    ctl.serve(List=[{"namespaces": NAMESPACES}])
    assert ctl.out("list") == """\
NAMESPACE  INTERFACE  KIND      STATE   MTU  TOPOLOGY  ADDRESSES
ns1        lo         loopback  up     1500  everyday  127.0.0.1/8
ns1        veth-ns    veth      up     1500  everyday  10.0.0.2/24
host       veth-host  veth      up     1500  everyday  10.0.0.1/24
"""
    assert json.loads(ctl.out("list", "--json")) == {"namespaces": NAMESPACES}


def test_list_of_one(ctl):
    """A topology or a namespace; what is both shows both."""
    other = {"topology": "ns1", "name": "z", "interfaces": [interface("z", "eth0")]}
    spaces = [*NAMESPACES, other]
    ctl.serve(List=[{"namespaces": spaces}])
    for name, rows in ("ns1", [0, 2]), ("everyday", [0, 1]), ("host", [1]), ("z", [2]):
        assert json.loads(ctl.out("list", name, "--json"))["namespaces"] == [spaces[i] for i in rows]
    assert [line.split()[1] for line in ctl.out("list", "ns1").splitlines()[1:]] == ["lo", "veth-ns", "eth0"]
    assert ctl.run("list", "nowhere") == (1, "", "netnsctl: netnsd manages no namespace nowhere and no topology nowhere that is "
                                                 "up; see netnsctl list, netnsctl status\n")


@pytest.mark.parametrize("word", ["rm", "del", "delete", "remove", "destroy", "kill", "stop"])
def test_what_deletes_elsewhere(ctl, word):
    """It is named, and nothing is called."""
    ctl.serve()
    assert ctl.run(word, "everyday") == (2, "", f'netnsctl: unknown command "{word}"; did you mean down NAME?\n')
    assert ctl.daemon.calls == []


def test_show(ctl):
    ctl.serve(Show=[{"name": "everyday", "topology": {"namespaces": {"ns1": {}}}}])
    out = ctl.out("show", "everyday")
    assert out.startswith('{\n  "namespaces": {\n    "ns1": {') and json.loads(out) == {"namespaces": {"ns1": {}}}


def test_escaping(ctl):
    """Nothing that the daemon says can control the terminal."""
    evil = "\033]0;x\a"
    ctl.serve(Status=[{"topologies": [topology(ctl, evil, evil, source=evil, problem={"message": evil})],
                       "namespaces": [namespace(evil, interface(evil, evil, evil, kind=evil, peer=evil, master=evil),
                                                routes=[evil])]}],
              List=[{"namespaces": [namespace(evil, interface(evil, evil, evil, kind=evil))]}],
              Apply=[{"error": "io.netnsd.Invalid", "parameters": {"problems": [
                  {"message": evil, "pointer": evil, "object": evil, "kernel": evil}]}}],
              Plan=[{"error": evil, "parameters": {evil: evil}}],
              Up=[{"summaries": [summary(evil)]}], Ping=[{"version": evil}])
    for args in ("status",), ("status", "x"), ("list",), ("apply", "everyday.json"), ("plan", "everyday.json"), \
            ("up",), ("version",):
        _, out, err = ctl.run(*args)
        assert "\\x1b" in out + err or "\\u001b" in out + err
        assert "\033" not in out + err and "\a" not in out + err


# -- without a daemon

def test_validate(ctl):
    ctl.write("bad.json", EVERYDAY.replace('"addresses": ["10.0.0.2/24"]', '"adresses": ["10.0.0.2/24"]'))
    assert ctl.out("validate", "everyday.json") == "everyday.json: valid\n"
    code, out, err = ctl.run("validate", "bad.json")
    assert code == 2 and out == ""
    assert err.startswith("bad.json:9:64: /namespaces/ns1/interfaces/veth-ns/adresses: ") and "addresses" in err


def test_validate_stdin(ctl):
    code, _, err = ctl.run("validate", "-", "--name", "x", stdin="{\n \x01")
    assert code == 2 and err.startswith("<stdin>:2:2: ")


def test_validate_unreadable(ctl):
    (ctl.folder / "folder").mkdir()
    assert ctl.run("validate", "none.json") == (2, "", "netnsctl: none.json: No such file or directory\n")
    assert ctl.run("validate", "folder") == (2, "", "netnsctl: folder: Is a directory\n")
    ctl.write("big.json", " " * ((8 << 20) + 1))
    assert ctl.run("validate", "big.json") == (2, "", "netnsctl: big.json: larger than the 8 MiB that a topology may have\n")


def test_schema(ctl):
    schema = json.loads(ctl.out("schema"))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_version(ctl):
    out = ctl.out("version")
    assert out.startswith("netnsctl ") and out.count("\n") == 1 and out == ctl.out("--version")
    ctl.serve(Ping=[{"version": "9.9"}])
    assert ctl.out("version") == out + "netnsd 9.9\n"


def test_long_answer(ctl):
    """Printing takes time in proportion to the answer; the run has 10 s."""
    text = "netz ∞ " * 400000
    ctl.serve(Show=[{"name": "x", "topology": {"t": text}}])
    assert json.loads(ctl.out("show", "x")) == {"t": text}


# -- errors

def test_no_daemon(ctl):
    words = "netnsctl: netnsd is not running: systemctl start netnsd, or netnsd --once FILE"
    assert ctl.run("status") == (4, "", words + "\n")
    assert ctl.run("status", "--socket", "elsewhere") == (4, "", words + " (elsewhere)\n")
    ctl.serve()
    ctl.close()
    assert ctl.run("status") == (4, "", words + "\n")


def test_not_permitted(ctl):
    ctl.serve(Apply=[{"error": "org.varlink.service.PermissionDenied", "parameters": {}}])
    code, _, err = ctl.run("apply", "everyday.json")
    assert code == 5 and "not permitted: join the group netnsd for read access, use sudo to make changes" in err


def test_older_daemon(ctl):
    ctl.serve()
    code, _, err = ctl.run("list")
    assert code == 1 and err.startswith("netnsctl: netnsd has no List; ")


@pytest.mark.parametrize("reply, words", [
    (b"", "netnsd went away; see journalctl -u netnsd"),
    (b"{\0", "netnsd's answer is not JSON"),
    (b"[]\0", "netnsd's answer is not a JSON object"),
])
def test_bad_answer(ctl, reply, words):
    ctl.serve(Status=[reply])
    code, out, err = ctl.run("status")
    assert code == 1 and out == "" and words in err


def test_answers_of_other_types(ctl):
    """An answer that does not match the interface is not a crash."""
    for wrong in None, 1, "x", [1], {"name": {}}, [[]], [None]:
        reply = {k: wrong for k in ("topologies", "namespaces", "steps", "summary", "summaries", "lingering")}
        if not ctl.daemon:
            ctl.serve()
        for method in "Status", "List", "Apply", "Plan", "Up", "Down", "Show":
            ctl.daemon.replies[method] = [reply]
        for args in ("status",), ("status", "x"), ("list",), ("apply", "everyday.json"), ("plan", "everyday.json"), \
                ("up",), ("down", "x"), ("show", "x"):
            assert ctl.run(*args)[0] in (0, 1)


def test_long_socket_path(ctl):
    code, _, err = ctl.run("status", "--socket", "x" * 108)
    assert code == 2 and "107 bytes" in err


# -- the command line

@pytest.mark.parametrize("args, words", [
    ((), "no command; see netnsctl --help"),
    (("aply", "x"), 'unknown command "aply"; did you mean apply?'),
    (("statsu",), 'unknown command "statsu"; did you mean status?'),
    (("frobnicate",), 'unknown command "frobnicate"; see netnsctl --help'),
    (("list", "--watch"), "list takes no --watch; see netnsctl list --help"),
    (("rename", "a"), "too few arguments; usage: netnsctl rename [OPTION…] OLD NEW"),
    (("rename", "a", "b", "c"), "too many arguments; usage: netnsctl rename [OPTION…] OLD NEW"),
    (("apply",), "too few arguments; usage: netnsctl apply [OPTION…] FILE…"),
    (("list", "x", "y"), "too many arguments; usage: netnsctl list [OPTION…] [NAME|NS]"),
    (("ls",), 'unknown command "ls"; did you mean list?'),
    (("restart", "lab"), 'unknown command "restart"; did you mean down NAME, then up NAME?'),
    (("exec", "ns1"), "too few arguments; usage: netnsctl exec [OPTION…] NS CMD…"),
    (("down", "a", ""), "argument 2 is empty; usage: netnsctl down [OPTION…] NAME…|--all"),
    (("confirm", ""), "argument 1 is empty; usage: netnsctl confirm [OPTION…] [NAME]"),
    (("apply", ""), "argument 1 is empty; usage: netnsctl apply [OPTION…] FILE…"),
    (("status", "--jsno"), "unknown option --jsno; did you mean --json?"),
    (("status", "-x"), "unknown option -x; see netnsctl --help"),
    (("status", "--all"), "status takes no --all; see netnsctl status --help"),
    (("--all", "status"), "status takes no --all; see netnsctl status --help"),
    (("apply", "x", "--name"), "--name needs a value: --name NAME"),
    (("log", "-n"), "--lines needs a value: --lines N"),
    (("monitor", "-n", "5"), "monitor takes no --lines; see netnsctl monitor --help"),
    (("apply", "everyday.json", "--exit-code"), "--exit-code needs --dry-run"),
    (("apply", "everyday.json", "--test", "0"), '--test takes 1 to 86400 seconds, not "0"'),
    (("apply", "everyday.json", "--test", "9", "--confirm", "9"), "--test confirms by itself; leave --confirm out"),
    (("test", "--tap", "--junit"), "only one of --json, --junit and --tap is possible"),
    (("test", "a", "b"), "too many arguments; usage: netnsctl test [OPTION…] [NAME|FILE]"),
])
def test_usage(ctl, args, words):
    assert ctl.run(*args) == (2, "", f"netnsctl: {words}\n")


def test_options_before_and_after(ctl):
    ctl.serve(Status=[{"topologies": []}])
    for args in ("--json", "status", "x"), ("status", "--json", "x"), ("status", "x", "--json"):
        assert ctl.out(*args, "--socket", "socket", NETNSD_SOCKET="/none") == '{"topologies":[]}\n'


def test_help(ctl):
    text = ctl.out("--help")
    assert text == ctl.out("-h") == ctl.out("help") and text.startswith("Usage: netnsctl [OPTION…] COMMAND …\n")
    for name in "apply plan up down adopt status list show monitor log validate test exec shell schema version".split():
        assert f"\n  {name} " in text
        for args in (name, "--help"), ("-h", name), ("help", name):
            assert ctl.out(*args).startswith(f"Usage: netnsctl {name} ")


def test_output_that_cannot_be_written(ctl):
    ctl.serve(Status=[{"topologies": []}])
    with open("/dev/full", "w", encoding="utf-8") as full:
        r = subprocess.run([NETNSCTL, "status"], cwd=ctl.folder, env=ctl.environment, stdout=full,
                           stderr=subprocess.PIPE, text=True, check=False)
    assert (r.returncode, r.stderr) == (1, "netnsctl: cannot print the answer: No space left on device\n")


# -- exec, as far as it needs no root

def test_exec_host(ctl):
    assert ctl.out("exec", "host", "echo", "--json", "-h") == "--json -h\n"
    assert ctl.run("exec", "host", "sh", "-c", "exit 7")[0] == 7
    assert ctl.out("exec", "host", "--", "echo", "--") == "--\n"
    assert ctl.run("exec", "host", "no-such-command") == (
        127, "", "netnsctl: no-such-command: No such file or directory\n")
    assert ctl.run("exec", "host", "/etc/passwd") == (126, "", "netnsctl: /etc/passwd: Permission denied\n")


def test_exec_unknown(ctl):
    code, _, err = ctl.run("exec", "no-such-netns", "true")
    assert code == 1 and err.startswith("netnsctl: there is no namespace no-such-netns; ")
    for name in "../x", "", "a/b", ".":
        code, _, err = ctl.run("exec", name, "true")
        assert code == 1 and "cannot be the name of a file in /run/netns" in err


def test_shell_host(ctl):
    assert ctl.out("shell", "host", stdin="echo in $NETNS\n", SHELL="/bin/sh") == "in host\n"
