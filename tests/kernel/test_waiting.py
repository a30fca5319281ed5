# SPDX-License-Identifier: MIT
"""What others create may be missing, or go away: a topology that names it waits, is applied completely when it appears,
and delays nothing else."""
import json
import signal

import pytest
from machine import wait_for
from monitor import events
from topologies import everyday, pair

WAN = "ip link add wan up type veth peer name isp; ip link set isp up"


def with_wan(**fields):
    t = everyday()
    t["host"]["interfaces"]["wan"] = {"mtu": 1400, "addresses": ["10.7.0.1/24"], **fields}
    t["host"]["routes"] = [{"to": "10.9.0.0/24", "via": "10.7.0.2"}]
    return t


def in_theirs():
    return {"namespaces": {
        "theirs": {"existing": True, "interfaces": {"b": {"kind": "veth", "peer": "a/b", "addresses": ["10.5.0.2/24"]}}},
        "a": {"interfaces": {"b": {"addresses": ["10.5.0.1/24"]}}}}}


def assert_up(machine):
    wait_for(lambda: machine.state() == "up")
    assert "ns1" in machine.namespaces()
    assert machine.addresses(None, "wan") == ["10.7.0.1/24"] and machine.link(None, "wan")["mtu"] == 1400
    assert machine.routes(None, "10.9.0.0/24")
    machine.ping("ns1", "10.0.0.1")


def test_interface_that_appears(machine):
    before = machine.snapshot()
    error = machine.apply(with_wan(), code=1).stderr
    assert "lab.json:" in error and "/host/interfaces/wan: link host/wan does not exist" in error, error
    assert "lab waits for link host/wan, and is applied as soon as that exists" in error, error
    machine.assert_same(before)
    assert machine.state() == "waiting" and events(machine, "lab") == ["waiting"]
    assert "link host/wan does not exist" in machine.ctl("status").stdout
    machine.apply(pair(), "other")
    machine.sh("ip link add unheard type bridge; ip link del unheard")
    machine.sh(WAN)
    assert_up(machine)
    assert events(machine, "lab") == ["waiting", "applied"]
    machine.ctl("down", "--all")
    machine.sh("ip link del wan")


def test_interface_that_appears_for_an_address_alone(machine):
    machine.apply({"host": {"interfaces": {"wan": {"addresses": ["10.7.0.1/24"]}}}}, code=1)
    assert machine.state() == "waiting"
    machine.sh(WAN)
    wait_for(lambda: machine.state() == "up")
    assert machine.addresses(None, "wan") == ["10.7.0.1/24"]
    machine.ctl("down", "--all")
    machine.sh("ip link del wan")


def test_several_that_come_one_by_one(machine):
    t = with_wan()
    t["host"]["interfaces"]["lan"] = {"mtu": 1400}
    assert "waits for link host/wan, link host/lan" in machine.apply(t, code=1).stderr
    machine.sh(WAN)
    wait_for(lambda: "host/wan" not in machine.ctl("status").stdout)
    assert machine.state() == "waiting" and machine.namespaces() == []
    assert machine.link(None, "wan")["mtu"] == 1500
    machine.sh("ip link add lan type bridge")
    assert_up(machine)
    assert events(machine, "lab") == ["waiting", "applied"]
    machine.ctl("down", "--all")
    machine.sh("ip link del wan; ip link del lan")


def test_namespace_that_appears(machine):
    error = machine.apply(in_theirs(), code=1).stderr
    assert "waits for namespace theirs" in error, error
    assert machine.namespaces() == [] and machine.state() == "waiting"
    machine.sh("ip netns add theirs")
    wait_for(lambda: machine.state() == "up")
    machine.ping("theirs", "10.5.0.1")
    machine.ctl("down", "--all")
    assert machine.namespaces() == ["theirs"]
    machine.sh("ip netns del theirs")


def test_namespace_of_another_topology(machine):
    t = {"namespaces": {"ns1": {"existing": True, "interfaces": {
        "x": {"kind": "bridge", "addresses": ["10.8.0.1/24"]}}}}}
    machine.apply(t, "guest", code=1)
    machine.apply(everyday())
    wait_for(lambda: machine.state("guest") == "up")
    assert machine.addresses("ns1", "x") == ["10.8.0.1/24"]
    error = machine.ctl("down", "lab", code=1).stderr
    assert "ns1" in error and "guest" in error, error
    assert machine.addresses("ns1", "x") == ["10.8.0.1/24"]
    machine.ctl("down", "guest")
    assert machine.links("ns1") == ["lo", "veth-ns"]
    machine.ctl("down", "lab")


def test_down_lets_guests_go_first(machine):
    """Whatever their names and the requested order."""
    rest = {"b": {"existing": True, "interfaces": {"x": {"kind": "bridge"}}}, "c": {}}
    for all_of_them in ["--all"], ["a", "b", "c"]:
        machine.apply({"namespaces": {"b": {}}}, "a")
        machine.apply({"namespaces": rest}, "b")
        machine.apply({"namespaces": {"c": {"existing": True, "interfaces": {"x": {"kind": "bridge"}}}}}, "c")
        machine.ctl("down", *all_of_them)
        machine.assert_same(machine.at_first)


def test_guest_and_host_do_not_fight(machine):
    """What the one declares in the other's namespace is neither healed away nor changed."""
    t = {"namespaces": {"ns1": {"existing": True,
         "interfaces": {"x": {"kind": "bridge", "addresses": ["10.8.0.1/24"]}, "veth-ns": {"addresses": ["10.0.0.9/24"]}},
         "routes": [{"to": "10.77.0.0/16", "via": "10.8.0.2"}]}}}
    machine.apply(everyday())
    machine.apply(t, "guest")
    before = machine.snapshot()
    assert machine.apply(everyday()).stdout.strip() == "lab: unchanged"
    assert machine.apply(t, "guest").stdout.strip() == "guest: unchanged"
    machine.restart()
    machine.assert_same(before)
    machine.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns; ip -n ns1 addr del 10.8.0.1/24 dev x")
    wait_for(lambda: machine.addresses("ns1", "veth-ns") and machine.addresses("ns1", "x") and machine.routes("ns1", "10.77.0.0/16"))
    assert sorted(machine.addresses("ns1", "veth-ns")) == ["10.0.0.2/24", "10.0.0.9/24"]
    assert not {"contested", "failed"} & {*events(machine, "lab"), *events(machine, "guest")}
    machine.ctl("down", "guest")
    assert machine.addresses("ns1", "veth-ns") == ["10.0.0.2/24"] and not machine.routes("ns1", "10.77.0.0/16")


def test_what_disappears_during_an_observation(machine):
    """A route is seen to be gone before its address is: that is no failure."""
    n = 40
    machine.apply(everyday())
    machine.apply({"namespaces": {"ns1": {"existing": True,
        "interfaces": {f"x{i}": {"kind": "bridge", "addresses": [f"10.8.{i}.1/24"]} for i in range(n)},
        "routes": [{"to": f"10.77.{i}.0/24", "via": f"10.8.{i}.2"} for i in range(n)]}}}, "guest")
    before = machine.snapshot()
    machine.sh("ip -n ns1 -batch -", text="".join(f"address del 10.8.{i}.1/24 dev x{i}\n" for i in range(n)))
    wait_for(lambda: machine.snapshot() == before)
    assert "failed" not in events(machine, "guest")


@pytest.mark.parametrize("first", ["lab", "guest"])
def test_guest_and_host_that_contradict(machine, first):
    own, guest = everyday(), {"namespaces": {"ns1": {"existing": True, "interfaces": {"veth-ns": {"mtu": 1300}}}}}
    machine.apply(everyday())
    if first == "lab":
        own["namespaces"]["ns1"]["interfaces"]["veth-ns"]["mtu"] = 1400
        machine.apply(own)
        result = machine.apply(guest, "guest", code=1)
        owner = "lab"
    else:
        machine.apply(guest, "guest")
        own["namespaces"]["ns1"]["interfaces"]["veth-ns"]["mtu"] = 1400
        result = machine.apply(own, code=1)
        owner = "guest"
    assert f"link ns1/veth-ns belongs to the topology {owner}" in result.stderr, result.stderr
    assert machine.link("ns1", "veth-ns")["mtu"] == (1400 if first == "lab" else 1300)


def test_guest_declares_what_the_host_leaves_to_the_kernel(machine):
    """The kernel's default is expected only where no other topology declares a value."""
    own = {"namespaces": {"ns1": {"interfaces": {"br0": {"kind": "bridge"}, "e0": {"kind": "veth", "peer": "ns2/e1", "master": "br0"}}},
                          "ns2": {}}}
    guest = {"namespaces": {"ns1": {"existing": True, "interfaces": {
        "br0": {}, "e0": {"master": "br0", "mtu": 1300, "isolated": True}}}}}

    def port():
        link = machine.link("ns1", "e0")
        return link["mtu"], machine.ip("-n", "ns1", "-d", "link", "show", "dev", "e0")[0]["linkinfo"]["info_slave_data"]["isolated"]

    machine.apply(own)
    machine.apply(guest, "guest")
    assert port() == (1300, True)
    assert machine.apply(own).stdout == "lab: unchanged\n" and port() == (1300, True)
    machine.sh("ip -n ns1 link set e0 mtu 1200 type bridge_slave isolated off")
    wait_for(lambda: port() == (1300, True))
    assert machine.state() == machine.state("guest") == "up" and "contested" not in events(machine, "lab")
    # After a link is recreated, the guest has to change it again.
    machine.sh("ip -n ns1 link del e0")
    wait_for(lambda: machine.link("ns1", "e0") and port() == (1300, True))
    machine.ctl("down", "guest")
    assert port() == (1500, False)
    assert machine.apply(own).stdout == "lab: unchanged\n"


@pytest.mark.parametrize("guest_first", [True, False])
@pytest.mark.parametrize("down", [True, False])
def test_guest_gives_up_what_the_host_declares_by_now(machine, guest_first, down):
    """It stays as the host declares it, and reverts when neither declares it."""
    def body(on, **more):
        e0 = {**more, **({"mtu": 1300, "txqlen": 77, "isolated": True} if on else {})}
        keys = {"forwarding": True, "sysctl": {"net.ipv4.ip_default_ttl": 70}} if on else {}
        return {**keys, "interfaces": {"br0": {"kind": "bridge"} if "kind" in more else {}, "e0": {"master": "br0", **e0}}}

    def own(on):
        return {"namespaces": {"ns1": body(on, kind="veth", peer="ns2/e1"), "ns2": {}}}

    def guest(on):
        return {"namespaces": {"ns1": {"existing": True, **body(on)}}}

    machine.apply(own(False))
    before = machine.snapshot()
    machine.apply(guest(True), "guest")
    machine.apply(own(True))
    both = machine.snapshot()
    assert both != before
    machine.restart(signal.SIGKILL)
    if not guest_first:
        machine.apply(own(False))
        machine.assert_same(both)
    if down:
        machine.ctl("down", "guest")
    else:
        machine.apply(guest(False), "guest")
    machine.assert_same(both if guest_first else before)
    assert machine.apply(own(guest_first)).stdout == "lab: unchanged\n"
    machine.apply(own(False))
    machine.assert_same(before)
    assert "drift" not in events(machine, "lab")
    machine.ctl("down", "--all")


@pytest.mark.parametrize("link, netns", [({"master": "br0"}, {}), ({"txqlen": 77}, {}), ({"mtu": 1300}, {}), 
                                         ({"addrgen": "none"}, {}), ({}, {"forwarding": True}), ({}, {"sysctl": {"net.ipv4.ip_default_ttl": 70}})])
def test_host_gives_up_what_a_guest_still_declares(machine, link, netns):
    """It stays as long as the guest declares it, and reverts with the guest to what it would have reverted to."""
    def own(on):
        return {"namespaces": {"ns1": {**(netns if on else {}), "interfaces": {
            "br0": {"kind": "bridge"}, "e0": {"kind": "veth", "peer": "ns2/e1", **(link if on else {})}}}, "ns2": {}}}

    def state():
        e0 = machine.link("ns1", "e0")
        return [e0.get(key) for key in ("master", "txqlen", "mtu", "inet6_addr_gen_mode")] + \
            [machine.sysctl("ns1", key) for key in ("net.ipv4.ip_forward", "net.ipv4.ip_default_ttl")]

    machine.apply(own(False))
    before = state()
    machine.apply(own(True))
    machine.apply({"namespaces": {"ns1": {"existing": True, **netns, "interfaces": {"br0": {}, "e0": link}}}}, "guest")
    both = state()
    assert both != before
    machine.apply(own(False))
    assert state() == both
    machine.restart(signal.SIGKILL)
    machine.ctl("down", "guest")
    wait_for(lambda: state() == before)  # what nobody declares has the kernel's default again, by a repair
    assert machine.apply(own(False)).stdout == "lab: unchanged\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_waits_over_a_restart(machine, number):
    machine.apply(with_wan(), code=1)
    machine.restart(number)
    assert machine.state() == "waiting" and events(machine, "lab") == ["waiting"]
    machine.sh(WAN)
    assert_up(machine)
    machine.restart(number)
    assert_up(machine)
    machine.ctl("down", "--all")
    machine.sh("ip link del wan")


def test_appears_while_netnsd_is_stopped(machine):
    machine.apply(with_wan(), code=1)
    machine.stop()
    machine.sh(WAN)
    machine.start()
    assert_up(machine)
    machine.ctl("down", "--all")
    machine.sh("ip link del wan")


def test_given_up(machine):
    machine.apply(with_wan(), code=1)
    machine.ctl("down", "lab")
    assert machine.state() == "down"
    machine.sh(WAN)
    machine.apply(pair(), "other")
    assert machine.namespaces() == ["a", "b"] and machine.state() == "down"
    machine.ctl("up", "lab")
    assert_others_and_up(machine)
    machine.ctl("down", "--all")
    machine.sh("ip link del wan")


def assert_others_and_up(machine):
    assert machine.namespaces() == ["a", "b", "ns1"] and machine.state() == "up"


def test_another_file_of_the_name_is_refused_while_it_waits(machine):
    machine.apply(with_wan(), code=1)
    (machine.folder / "other").mkdir()
    path = machine.folder / "other/lab.json"
    path.write_text(json.dumps(pair()))
    assert "--replace" in machine.ctl("apply", path, code=1).stderr
    machine.ctl("apply", "--replace", path)
    assert machine.namespaces() == ["a", "b"]
    machine.sh(WAN)
    machine.ctl("down", "--all")
    machine.sh("ip link del wan")


def test_changed_file_while_it_waits(machine):
    machine.apply(with_wan(), code=1)
    machine.apply(everyday())
    assert machine.state() == "up" and machine.namespaces() == ["ns1"]


def test_what_is_up_does_not_give_way(machine):
    machine.apply(everyday())
    before = machine.snapshot()
    error = machine.apply(with_wan(), code=1).stderr
    assert "link host/wan does not exist" in error and "waits for" not in error, error
    machine.assert_same(before)
    assert machine.state() == "up"


def test_plan_and_confirm_do_not_wait(machine):
    """A plan says that an apply would."""
    error = machine.ctl("plan", machine.file(with_wan()), code=1).stderr
    assert "link host/wan does not exist" in error and "lab would wait for link host/wan, and be applied" in error, error
    for command in "plan", "apply":
        error = machine.ctl(command, "--confirm", "60", machine.file(with_wan()), code=1).stderr
        assert "link host/wan does not exist" in error and "wait" not in error, error
    assert machine.ctl("status").stdout.startswith("no topologies")


def test_what_appears_may_be_in_the_way(machine):
    """Everything exists, but the kernel, or a foreign object, refuses: reported once, and retried by the audit."""
    machine.stop()
    machine.start("--audit", "1")
    machine.apply(with_wan(), code=1)
    machine.sh("ip netns add ns1")
    machine.sh(WAN)
    wait_for(lambda: machine.state() == "failed")
    assert "ns1" in machine.ctl("status", "lab").stdout
    assert machine.link(None, "wan")["mtu"] == 1500
    audits = machine.log().count("refused")
    machine.unname("ns1")
    assert_up(machine)
    assert events(machine, "lab") == ["waiting", "refused", "applied"] and audits <= 1
    machine.ctl("down", "--all")
    machine.sh("ip link del wan")


def test_interface_that_disappears_and_returns(machine):
    machine.sh(WAN)
    machine.apply(with_wan())
    machine.sh("ip link del wan")
    wait_for(lambda: machine.state() == "waiting")
    assert "link host/wan does not exist" in machine.ctl("status").stdout
    machine.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns")
    wait_for(lambda: machine.addresses("ns1", "veth-ns") == ["10.0.0.2/24"])
    assert machine.namespaces() == ["ns1"] and machine.state() == "waiting", machine.log()
    machine.restart(signal.SIGKILL)
    assert machine.state() == "waiting", machine.ctl("status").stdout
    machine.sh(WAN)
    assert_up(machine)
    assert events(machine, "lab").count("waiting") <= 2
    machine.ctl("down", "--all")
    assert machine.link(None, "wan")["mtu"] == 1500
    machine.sh("ip link del wan")


def test_namespace_that_disappears_and_returns(machine):
    machine.sh("ip netns add theirs")
    machine.apply(in_theirs())
    machine.sh("ip netns del theirs")
    wait_for(lambda: machine.state() == "waiting")
    machine.sh("ip netns add theirs")
    wait_for(lambda: machine.state() == "up")
    machine.ping("theirs", "10.5.0.1")
    machine.ctl("down", "--all")
    machine.sh("ip netns del theirs")


def test_down_while_what_it_names_is_away(machine):
    machine.sh(WAN + "; ip netns add theirs")
    machine.apply(with_wan())
    machine.apply(in_theirs(), "theirs")
    machine.sh("ip link del wan; ip netns del theirs")
    wait_for(lambda: machine.state() == machine.state("theirs") == "waiting")
    machine.ctl("down", "--all")


def test_waits_at_once_only_where_somebody_stays(bare):
    error = bare.run("netnsd", "--once", bare.file(with_wan()), code=1).stderr
    assert "link host/wan does not exist" in error and "waits for" not in error, error


def test_number_of_eight_digits(machine):
    """Others may choose any numbers for namespaces, at no cost of memory."""
    machine.sh("ip netns add theirs; ip netns set theirs 50000000")
    machine.apply(in_theirs())
    machine.sh("ip -n theirs addr del 10.5.0.2/24 dev b")
    wait_for(lambda: machine.addresses("theirs", "b") == ["10.5.0.2/24"])
    resident = machine.sh(f"grep VmRSS /proc/{machine.pid()}/status").split()[1]
    assert int(resident) < 65536
    machine.ctl("down", "--all")
    machine.sh("ip netns del theirs")


def test_two_that_would_live_in_each_other(machine):
    """Neither could go down."""
    guest = {"existing": True, "interfaces": {"x": {"kind": "bridge"}}}
    other = {"existing": True, "interfaces": {"y": {"kind": "bridge"}}}
    machine.apply({"namespaces": {"na": {}}}, "a")
    machine.apply({"namespaces": {"nb": {}, "na": guest}}, "b")
    machine.apply({"namespaces": {"nc": {}, "nb": guest}}, "c")
    before = machine.snapshot()
    for netns, owner in ("nb", "b"), ("nc", "c"):
        error = machine.apply({"namespaces": {"na": {}, netns: other}}, "a", code=1).stderr
        assert f"namespace {netns} is created by the topology {owner}, which itself uses a namespace of a" in error, error
        machine.assert_same(before)
    machine.ctl("down", "--all")
