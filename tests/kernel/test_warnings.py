# SPDX-License-Identifier: MIT
"""What a plan warns of: settings and connections that decide about a filter, and are not netnsd's to change."""
import json
import re

import pytest

CALLS = "net.bridge.bridge-nf-call-"


def declared(place, *rules, **policies):
    body = {"filter": {**policies, "rules": list(rules)}} if rules or policies else {}
    if place == "host":
        return {"host": body}
    return {"namespaces": {place: {"existing": True, **body} if place == "old" else body}}


def warnings(machine, topology):
    """(pointer, message); the same on standard error, and nothing of it among the steps."""
    file = machine.file(topology)
    found = [(w["pointer"], w["message"]) for w in json.loads(machine.ctl("--json", "plan", "--sure", file).stdout).get("warnings", [])]
    told = machine.ctl("plan", "--sure", file)
    lines = [line.partition(".json:")[2].partition(": ")[2] for line in told.stderr.splitlines()]
    assert lines == [f"{pointer}: warning: {message}" for pointer, message in found] and "warning" not in told.stdout
    return found


def places(machine, topology):
    return [pointer for pointer, _ in warnings(machine, topology)]


def bridged(machine, topology):
    """Only those about bridges."""
    return {pointer: message for pointer, message in warnings(machine, topology) if CALLS in message}


@pytest.fixture
def place(machine, request):
    if request.param == "old":
        machine.sh("ip netns add old; ip -n old link set lo up")
    yield request.param
    if request.param == "old":
        machine.sh("ip netns del old")


def bridge(machine, place, calls):
    """A bridge with a port, and what its packets are sent to."""
    ip, enter = ("ip -n old", "ip netns exec old ") if place == "old" else ("ip", "")
    if machine.run("test", "-e", "/proc/sys/net/bridge/bridge-nf-call-iptables", code=None).returncode:
        pytest.skip("no br_netfilter")
    machine.sh(f"{ip} link add br9 type bridge; {ip} link add p8 type veth peer name p9; {ip} link set p9 master br9")
    for key in "iptables", "ip6tables":
        machine.sh(f"{enter}sysctl -qw {CALLS}{key}={int(key == calls)}")
    return enter


@pytest.mark.parametrize("place", ["host", "old"], indirect=True)
@pytest.mark.parametrize("policy", ["drop", "reject"])
@pytest.mark.parametrize("calls", ["iptables", "ip6tables"])
def test_bridges(machine, place, policy, calls):
    enter = bridge(machine, place, calls)
    pointer = "/host/filter/forward" if place == "host" else "/namespaces/old/filter/forward"
    accept = {"chain": "forward", "action": "accept", "proto": "tcp"}
    stops = declared(place, accept, forward=policy)
    found = bridged(machine, stops)
    assert list(found) == [pointer] and f"{CALLS}{calls} is 1" in found[pointer] and f'"sysctl {CALLS}{calls}=0"' in found[pointer]
    for harmless in (declared(place, accept, forward="accept"), declared(place, accept, input=policy), declared(place)):
        assert not bridged(machine, harmless)
    machine.sh(f"{enter}sysctl -qw {CALLS}{calls}=0")
    assert not bridged(machine, stops)
    machine.sh(f"{enter}sysctl -qw {CALLS}{calls}=1; {enter}ip link set p9 nomaster")
    assert not bridged(machine, stops), "a bridge without ports"
    machine.sh(f"{enter}ip link del br9; {enter}ip link del p9")


@pytest.mark.parametrize("place", ["host", "old", "ns1"], indirect=True)
def test_log(machine, place):
    """None of these is the machine's first namespace."""
    root = "/host" if place == "host" else f"/namespaces/{place}"
    quiet = {"chain": "input", "proto": "tcp", "action": "accept"}
    loud = {"chain": "input", "proto": "udp", "log": "seen: "}
    (pointer, message), = warnings(machine, declared(place, quiet, loud, loud))
    assert pointer == f"{root}/filter/rules/1/log" and "nf_log_all_netns=1" in message
    assert not warnings(machine, declared(place, quiet))


@pytest.mark.parametrize("place", ["host", "old"], indirect=True)
@pytest.mark.parametrize("chain", ["input", "forward", "output"])
def test_open_sessions(machine, place, chain):
    """Where no connection is tracked, those that are open look new."""
    (pointer, message), = warnings(machine, declared(place, **{chain: "drop"}))
    assert pointer == ("/host" if place == "host" else f"/namespaces/{place}") + f"/filter/{chain}"
    assert "no connection is tracked there yet" in message
    assert not warnings(machine, declared(place, **{chain: "accept"}))
    enter = "ip netns exec old " if place == "old" else "ip link set lo up; "
    machine.sh(f"{enter}nft 'add table ip t; add chain ip t c {{ type filter hook output priority 0; }}; add rule ip t c ct state new'; "
               f"{enter}ping -c 1 -W 5 127.0.0.1")
    assert not warnings(machine, declared(place, **{chain: "drop"})), "one is tracked"
    machine.sh(f"{enter}nft delete table ip t")


def test_open_sessions_of_ours(machine):
    """Only where a policy begins to refuse, and nothing where there is no namespace yet."""
    assert not warnings(machine, declared("ns1", input="drop"))
    machine.apply(declared("ns1"))
    assert places(machine, declared("ns1", input="drop")) == ["/namespaces/ns1/filter/input"]
    machine.apply(declared("ns1", input="drop"))
    tcp = {"chain": "input", "proto": "tcp", "action": "accept"}
    assert not warnings(machine, declared("ns1", tcp, input="drop"))
    assert places(machine, declared("ns1", tcp, input="drop", output="reject")) == ["/namespaces/ns1/filter/output"]


def test_address_without_prefix(machine):
    """It is taken as ip(8) takes it, and asked about: in a plan, in an apply and in a validation."""
    ends = {"host": {"interfaces": {"h0": {"kind": "veth", "peer": "a/eth0", "addresses": ["10.0.0.1/24"]}}}}
    plain = ["10.0.0.2", {"address": "fd00::2", "metric": 5}]
    meant = ["10.1.0.2/32", "fd01::2/128", {"address": "10.2.0.2", "peer": "10.2.0.3"}]
    topology = {**ends, "namespaces": {"a": {"interfaces": {
        "lo": {"addresses": ["10.255.0.1"]}, "eth0": {"kind": "veth", "peer": "host/h0", "addresses": [*plain, *meant]}}}}}
    at = "/namespaces/a/interfaces/eth0/addresses/"
    expected = [(at + "0", "10.0.0.2 is taken as 10.0.0.2/32, as ip(8) does; did you mean 10.0.0.2/24?"),
                (at + "1", "fd00::2 is taken as fd00::2/128, as ip(8) does; did you mean fd00::2/64?")]
    file = machine.file(topology)
    assert warnings(machine, topology) == expected
    for command in ("validate", "apply"):
        told = machine.ctl(command, file)
        assert [line.partition(": ")[2] for line in told.stderr.splitlines()] == [f"{p}: warning: {m}" for p, m in expected]
        assert re.match(rf"{file}:\d+:\d+: /", told.stderr)
    assert machine.addresses("a", "eth0")[:2] == ["10.0.0.2/32", "10.1.0.2/32"] and "fd00::2/128" in machine.addresses("a", "eth0")
    topology["namespaces"]["a"]["interfaces"]["eth0"]["addresses"] = meant
    assert not warnings(machine, topology)
