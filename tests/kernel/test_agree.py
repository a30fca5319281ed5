# SPDX-License-Identifier: MIT
"""plan, apply --dry-run and apply agree: whatever refuses an apply before its first step refuses the plan, in the same
words and with the same exit status, and what a plan shows is what the apply does."""
import copy
import json

import pytest
from booting import put
from topologies import everyday, pair
from varlink import VarlinkError

EMPTY = {"namespaces": {}}
CARD = {"host": {"interfaces": {"eth7": {"addresses": ["10.7.0.1/24"]}}}}
DROP = {"host": {"filter": {"input": "drop"}}}


def changed(**fields):
    t = everyday()
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"].update(fields)
    return t


def nothing(machine):
    pass


def up(machine):
    machine.apply(everyday())


def other(machine):
    """The name is in use, from another file."""
    machine.apply(everyday(), "elsewhere", "--name", "lab")


def other_down(machine):
    other(machine)
    machine.ctl("down", "lab")


def other_waits(machine):
    machine.apply(CARD, "elsewhere", "--name", "lab", code=1)


def busy(machine):
    machine.apply(everyday(), "lab", "--confirm", 600)


def user(machine):
    """Another topology uses a namespace of this one."""
    up(machine)
    machine.apply({"namespaces": {"ns1": {"existing": True, "sysctl": {"net.ipv4.ip_forward": 1}}}}, "guest")


def foreign_link(machine):
    machine.sh("ip link add veth-host type bridge")


def foreign_netns(machine):
    machine.sh("ip netns add ns1")


def foreign_route(machine):
    up(machine)
    machine.sh("ip -n ns1 route add 10.9.0.0/24 via 10.0.0.1 proto static")


def neighbor(machine):
    """Another topology has the namespace."""
    machine.apply(everyday(), "neighbor")


def boot_file(machine):
    put(machine, everyday())


def with_route():
    t = everyday()
    t["namespaces"]["ns1"]["routes"].append({"to": "10.9.0.0/24", "via": "10.0.0.1"})
    return t


def with_card():
    t = everyday()
    t["host"]["interfaces"]["eth7"] = {"addresses": ["10.7.0.1/24"]}
    return t


def recreated():
    """The pair has another end."""
    t = changed(peer="host/veth-2")
    t["host"]["interfaces"] = {"veth-2": t["host"]["interfaces"]["veth-host"]}
    return t


def with_expect():
    return {**everyday(), "expect": [{"from": "ns1", "ping": "host/veth-host"}]}


def existing(netns="theirs"):
    return {"namespaces": {netns: {"existing": True, "sysctl": {"net.ipv4.ip_forward": 1}}}}


def kind(**fields):
    return {"namespaces": {"n": {"interfaces": {"d": {"kind": "dummy", "addresses": ["10.5.0.1/24"]}, "x": fields}}}}


# Name, how it begins, the file, options, and a part of the refusal; None: it is possible.
TABLE = [
    ("fresh", nothing, everyday(), [], None),
    ("again", up, everyday(), [], None),
    ("change", up, changed(mtu=1400), [], None),
    ("one that is down", other_down, everyday(), [], None),
    ("of another file", other, everyday(), [], "lab is up from "),
    ("of another file that waits", other_waits, everyday(), [], "lab is up from "),
    ("replace", other, changed(mtu=1400), ["--replace"], None),
    ("replace what waits", other_waits, everyday(), ["--replace"], None),
    ("another name", other, pair(), ["--name", "lab2"], None),
    ("another name for the same", other, everyday(), ["--name", "lab2"], "belongs to the topology lab; nothing was touched"),
    ("link of another program", foreign_link, everyday(), [], "belongs to another program; nothing was touched"),
    ("namespace of another program", foreign_netns, everyday(), [], "belongs to another program; nothing was touched"),
    ("route of another program", foreign_route, with_route(), [], "belongs to another program; nothing was touched"),
    ("namespace of another topology", neighbor, everyday(), [], "belongs to the topology neighbor; nothing was touched"),
    ("disrupts", up, changed(mac="02:00:00:00:00:01"), ["--no-disrupt"], "would interrupt traffic"),
    ("disrupts, which is allowed", up, changed(mac="02:00:00:00:00:01"), [], None),
    ("an end that nothing connects any more", up, changed(peer="host/veth-2"), [],
     "/host/interfaces/veth-host: link host/veth-host does not exist, and netnsd does not create it"),
    ("nothing disrupted", up, with_route(), ["--no-disrupt"], None),
    ("removes a namespace", up, {"namespaces": {"n": {}}}, ["--no-disrupt"], "would interrupt traffic"),
    ("removes a namespace, which is allowed", up, {"namespaces": {"n": {}}}, [], None),
    ("removes what another topology uses", user, {"namespaces": {"n": {}}}, [], "in use by the topology guest"),
    ("declares nothing", up, EMPTY, [], "declares nothing, but lab is up"),
    ("locks out", nothing, DROP, [], "may lock you out; nothing was touched"),
    ("locks out, sure", nothing, DROP, ["--sure"], None),
    ("locks out, confirmed", nothing, DROP, ["--confirm", "600"], None),
    ("waits", nothing, CARD, [], "for link host/eth7"),
    ("waits for a namespace", nothing, existing(), [], "for namespace theirs"),
    ("cannot wait", nothing, CARD, ["--confirm", "600"], "link host/eth7 does not exist"),
    ("cannot wait, as it is up", up, with_card(), [], "link host/eth7 does not exist"),
    ("busy", busy, changed(mtu=1400), [], "lab awaits confirmation"),
    ("busy, the same", busy, everyday(), [], "lab awaits confirmation"),
    ("busy, replaced", busy, pair(), ["--replace", "--confirm", "600"], "lab awaits confirmation"),
    ("saved", nothing, everyday(), ["--persist"], None),
    ("saved beside a file of the administrator", boot_file, everyday(), ["--persist"], "is not netnsd's"),
    ("tested", nothing, with_expect(), ["--test", "60"], None),
    ("nothing to test", nothing, everyday(), ["--test", "60"], 'has no "expect", which --test needs'),
    ("both", nothing, with_expect(), ["--test", "60", "--confirm", "60"], "leave --confirm out"),
    ("seconds", nothing, everyday(), ["--confirm", "0"], "takes 1 to 86400 seconds"),
    ("invalid", nothing, {"namespaces": {"n": {"odd": 1}}}, [], "odd"),
]
# What the kernel may lack, or not: they agree about that, too.
KINDS = [
    kind(kind="vlan", link="d", id=7), kind(kind="vxlan", id=7, local="10.5.0.1"), kind(kind="bridge"),
    kind(kind="dummy", netem={"delay": "1ms"}), kind(kind="dummy", tbf={"rate": "1mbit"}),
]


def shown(machine):
    """What status tells, without the time that is left."""
    return {name: {key: value for key, value in t.items() if key != "confirm_usec"} for name, t in machine.topologies().items()}


def agree(machine, topology, options):
    """Runs all three; what the plan said: its exit status and, if that is 0, its steps."""
    path = machine.file(topology)
    before, told_before = machine.snapshot(), shown(machine)
    plan, dry = (machine.ctl(*command, *options, path, code=None) for command in (["plan"], ["apply", "--dry-run"]))
    assert (plan.returncode, plan.stdout, plan.stderr) == (dry.returncode, dry.stdout, dry.stderr)
    told = machine.ctl("--json", "plan", *options, path, code=None)
    status = machine.ctl("plan", "--exit-code", *options, path, code=None).returncode
    machine.assert_same(before)
    assert shown(machine) == told_before
    done = machine.ctl("--json", "apply", *options, path, code=None)
    assert done.returncode == plan.returncode == told.returncode, (plan, done)
    if plan.returncode:
        assert status == plan.returncode and plan.stdout == ""
        assert done.stderr.replace(" waits for ", " would wait for ").split(", and is applied")[0] == \
            plan.stderr.split(", and be applied")[0]
        machine.assert_same(before)
        return plan.returncode, plan.stderr
    steps = json.loads(told.stdout)["steps"]
    summary = json.loads(done.stdout.splitlines()[0])
    assert status == (3 if steps else 0)
    count = {word: sum(step["action"] == word for step in steps) for word in ("create", "change", "remove")}
    assert (summary["created"], summary["changed"], summary["removed"]) == tuple(count.values())
    return 0, steps


@pytest.mark.parametrize("begin, topology, options, refusal", [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_agree(machine, begin, topology, options, refusal):
    begin(machine)
    code, said = agree(machine, copy.deepcopy(topology), options)
    assert (code != 0) == (refusal is not None), said
    if refusal:
        assert refusal in said
    if machine.state() and "confirm_usec" in machine.status():
        machine.ctl("confirm", "lab")
    machine.ctl("down", "--all")
    machine.sh("ip link del veth-host; ip netns del ns1 || true" if begin is foreign_link else
               "ip netns del ns1" if begin is foreign_netns else "true")


def test_recreated(machine):
    up(machine)
    code, steps = agree(machine, recreated(), [])
    assert code == 0 and [(s["action"], s["kind"], s["object"], s["effect"]) for s in steps] == [
        ("remove", "link", "ns1/veth-ns", "recreate"), ("create", "link", "ns1/veth-ns", "recreate"),
        ("create", "address", "ns1/veth-ns", "recreate"), ("create", "route", "ns1", "recreate"),
        ("create", "address", "host/veth-2", "none")]
    assert machine.links() == ["lo", "veth-2"] and machine.addresses(None, "veth-2") == ["10.0.0.1/24"]


@pytest.mark.parametrize("topology", KINDS, ids=lambda t: json.dumps(t["namespaces"]["n"]["interfaces"]["x"]))
def test_what_the_kernel_may_lack(machine, topology):
    agree(machine, topology, [])


def test_on_the_wire(machine):
    """Neither or both of a topology and a rollback."""
    up(machine)
    for parameters in {}, {"topology": {}, "rollback": True}:
        with pytest.raises(VarlinkError) as e:
            machine.call("Plan", name="lab", **parameters)
        assert e.value.parameters == {"parameter": "topology"}
    with pytest.raises(VarlinkError) as e:
        machine.call("Plan", name="nobody", rollback=True)
    assert e.value.name == "io.netnsd.NoSuchTopology"
    assert machine.call("Plan", name="lab", rollback=True)["down"] is True
