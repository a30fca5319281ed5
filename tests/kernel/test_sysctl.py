# SPDX-License-Identifier: MIT
"""Sysctls: values that the kernel checks against one another, and values that it writes otherwise than a file does."""
import signal

import pytest
from machine import wait_for

PORTS = "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_port_range"
FRAGMENTS = "net.ipv4.ipfrag_low_thresh", "net.ipv4.ipfrag_high_thresh"
FRAGMENTS6 = "net.ipv6.ip6frag_low_thresh", "net.ipv6.ip6frag_high_thresh"
# Two keys, of which the first must never be above the second, and values far below and far above one another.
PAIRS = {
    "ports": (PORTS, (400, "500 600"), (3000, "4000 5000")),
    "fragments": (FRAGMENTS, (1000, 2000), (8388608, 16777216)),
    "fragments6": (FRAGMENTS6, (1000, 2000), (8388608, 16777216)),
}
OTHER = {"sysctl": {"net.ipv4.ip_default_ttl": 65}}


def at(machine, netns, keys):
    return [" ".join(machine.sysctl(netns, key).split()) for key in keys]


def texts(values):
    return [str(value) for value in values]


@pytest.fixture(name="place", params=["host", "ours", "existing"])
def fixture_place(request, machine):
    """(The namespace as ip(8) is told, a topology with one body in it.)"""
    if request.param == "existing":
        machine.sh("ip netns add theirs; ip -n theirs link set lo up")
        before = machine.snapshot()
    netns = {"host": None, "ours": "ns", "existing": "theirs"}[request.param]

    def topology(**body):
        if request.param == "host":
            return {"host": body}
        return {"namespaces": {netns: {"existing": True, **body} if request.param == "existing" else body}}
    yield netns, topology
    if request.param == "existing":
        machine.ctl("down", "--all")
        machine.assert_same(before)
        machine.sh("ip netns del theirs")


def said(keys, values, backward=False):
    pairs = list(zip(keys, values))
    return {"sysctl": dict(reversed(pairs) if backward else pairs)}


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("pair", PAIRS)
def test_values_that_constrain_each_other(machine, place, pair, backward):
    netns, topology = place
    keys, low, high = PAIRS[pair]
    machine.apply(topology(**OTHER))
    before = at(machine, netns, keys)
    for values in low, high, low:
        machine.apply(topology(**said(keys, values, backward)))
        assert at(machine, netns, keys) == texts(values)
        assert machine.apply(topology(**said(keys, values, backward))).stdout.strip() == "lab: unchanged"
    machine.ctl("rollback", "lab")
    assert at(machine, netns, keys) == texts(high)
    machine.restart(signal.SIGKILL)
    machine.apply(topology(**OTHER))
    assert at(machine, netns, keys) == before
    machine.apply(topology(**said(keys, low, backward)), "lab", "--confirm", 1)
    wait_for(lambda: at(machine, netns, keys) == before)
    machine.apply(topology(**said(keys, low, backward)))
    machine.ctl("down", "lab")
    if netns != "ns":
        assert at(machine, netns, keys) == before


@pytest.mark.parametrize("pair", PAIRS)
def test_rollback_of_values_that_constrain_each_other(machine, place, pair):
    netns, topology = place
    keys, low, high = PAIRS[pair]
    machine.apply(topology(**said(keys, low)))
    bad = topology(**said(keys, high))
    bad.setdefault("namespaces", {})["z"] = {"sysctl": {"net.ipv4.tcp_congestion_control": "nosuch"}}
    result = machine.apply(bad, code=1)
    assert "everything is as it was before" in result.stderr and "No such file" in result.stderr, result.stderr
    assert at(machine, netns, keys) == texts(low)


@pytest.mark.parametrize("pair", PAIRS)
def test_heal_of_values_that_constrain_each_other(machine, place, pair):
    netns, topology = place
    keys, low, high = PAIRS[pair]
    declared = said(keys, low)
    declared["sysctl"]["net.ipv4.conf.all.rp_filter"] = 1
    machine.apply(topology(**declared))
    where = f"ip netns exec {netns} " if netns else ""
    # Of the last the kernel tells; then all keys are looked at.
    machine.sh("; ".join(f"{where}sysctl -q '{key}={value}'" for key, value in [*reversed(list(zip(keys, high))),
                                                                                ("net.ipv4.conf.all.rp_filter", 0)]))
    wait_for(lambda: at(machine, netns, keys) == texts(low))
    assert machine.sysctl(netns, "net.ipv4.conf.all.rp_filter") == "1"


def test_what_the_kernel_never_takes_is_refused_in_its_words(machine):
    before = machine.snapshot()
    result = machine.apply({"host": {"sysctl": {PORTS[0]: 40000, "net.ipv4.ip_default_ttl": 33}}}, code=1)
    assert f"{PORTS[0]}, while {PORTS[1]} is 32768" in result.stderr and "Invalid argument" in result.stderr, result.stderr
    assert machine.sysctl(None, "net.ipv4.ip_default_ttl") == "64"
    machine.assert_same(before)


@pytest.mark.parametrize("command", [["down", "--all"], ["down", "a", "b"], ["down", "b", "a"], ["down", "--forget", "a", "b"]])
def test_two_topologies_with_a_value_each(machine, command):
    """What the first one changed can only be given back once the other is down."""
    before = at(machine, None, PORTS)
    machine.apply({"host": {"sysctl": {PORTS[0]: 400}}}, "a")
    machine.apply({"host": {"sysctl": {PORTS[1]: "500 65000"}}}, "b")
    assert f"{PORTS[1]} is 500 65000" in machine.ctl("down", "a", code=1).stderr
    assert at(machine, None, PORTS) == ["400", "500 65000"]
    machine.ctl(*command)
    assert at(machine, None, PORTS) == before


# What a file may say: (key, as it is said, as the kernel has it, what somebody else makes of it).
FORMS = [
    ("net.ipv4.ip_local_reserved_ports", "8080,8081,9148", "8080-8081,9148", "8080"),
    ("net.ipv4.ip_local_reserved_ports", "9148,8080-8081,8081", "8080-8081,9148", "8080-8081"),
    ("net.ipv4.ip_local_reserved_ports", " 0x50 ", "80", "81"),
    ("net.ipv6.icmp.ratemask", "1,0,3-100,101-127", "0-1,3-127", "0"),
    ("net.ipv4.ping_group_range", "  0   2147483647 ", "0\t2147483647", "0 5"),
    ("net.ipv4.ping_group_range", "1 0", "1\t0", "0 5"),
    ("net.ipv4.tcp_rmem", "0x1000 010000\t8192".replace("\t", " "), "4096\t4096\t8192", "4096 4096 8193"),
    ("net.ipv4.tcp_fin_timeout", "0x10", "16", "17"),
    ("net.ipv4.tcp_fin_timeout", "010", "8", "10"),
    ("net.ipv4.tcp_fin_timeout", " 20 ", "20", "21"),
    ("net.ipv4.icmp_echo_ignore_all", True, "1", "0"),
    ("net.ipv4.tcp_fastopen_key", "1-2-3-A", "00000001-00000002-00000003-0000000a", "1-2-3-4"),
    ("net.ipv6.icmp.ratelimit", 1001, None, "2000"),
    ("net.ipv6.route.gc_min_interval_ms", 501, None, "600"),
    ("net.ipv6.conf.default.stable_secret", "2001:DB8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::2"),
]


@pytest.mark.parametrize("key, value, kernel, other", FORMS)
def test_values_are_compared_as_the_kernel_means_them(machine, key, value, kernel, other):
    t = {"namespaces": {"ns": {"sysctl": {key: value}}}}
    machine.apply(t)
    have = machine.sysctl("ns", key)
    assert kernel is None or have == kernel
    for _ in range(2):
        assert machine.apply(t).stdout.strip() == "lab: unchanged"
        machine.ctl("plan", "--exit-code", machine.file(t))
        machine.restart(signal.SIGKILL)
    assert machine.sysctl("ns", key) == have
    assert "healed" not in machine.ctl("status").stdout
    machine.sh(f"ip netns exec ns sysctl -q '{key}={other}'")
    assert machine.apply(t).stdout.startswith("lab: 1 changed")
    assert machine.sysctl("ns", key) == have


LINK_FORMS = [
    ("ipv6.stable_secret", "2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001"),
    ("ipv6.mldv1_unsolicited_report_interval", 10001, None),
    ("ipv6.hop_limit", "0x20", "32"),
    ("ipv4.rp_filter", True, "1"),
]


@pytest.mark.parametrize("more", [{}, {"addrgen": "none"}])
@pytest.mark.parametrize("key, value, kernel", LINK_FORMS)
def test_values_of_interfaces(machine, key, value, kernel, more):
    if more and "secret" in key:
        more = {}
    t = {"namespaces": {"ns": {"interfaces": {"br0": {"kind": "bridge", "sysctl": {key: value}, **more},
                                              "v0": {"kind": "veth", "peer": "host/v0", "sysctl": {key: value}, **more}}}}}
    machine.apply(t)
    for link in "br0", "v0":
        path = f"{key[:5]}conf.{link}{key[4:]}"
        have = machine.sysctl("ns", f"net.{path}")
        assert kernel is None or have == kernel
        machine.sh(f"ip -n ns link del {link}")
        wait_for(lambda link=link: link in machine.links("ns"))
        machine.ctl("wait", "--timeout", 20, "lab")
        assert machine.sysctl("ns", f"net.{path}") == have
    assert machine.apply(t).stdout.strip() == "lab: unchanged"


def test_an_emptied_list_is_emptied_again(machine):
    machine.apply({"host": {"sysctl": {"net.ipv4.ip_local_reserved_ports": "80,443"}}})
    machine.ctl("down", "lab")
    assert machine.sysctl(None, "net.ipv4.ip_local_reserved_ports") == ""


def test_another_value_than_was_said_is_told(machine):
    machine.apply({"namespaces": {"ns": {"sysctl": {"net.ipv4.tcp_fin_timeout": 30}}}})
    before = machine.snapshot()
    result = machine.apply({"namespaces": {"ns": {"sysctl": {"net.ipv4.tcp_fin_timeout": "16 17"}}}}, code=1)
    assert 'the kernel makes "16" of "16 17"; declare that' in result.stderr, result.stderr
    assert machine.sysctl("ns", "net.ipv4.tcp_fin_timeout") == "30"
    machine.assert_same(before)


@pytest.mark.parametrize("key, words", [
    ("net.ipv4.tcp_available_congestion_control", "read-only"), ("net.ipv4.udp_hash_entries", "read-only"),
    ("net.core.netdev_max_backlog", "first namespace"), ("net.ipv4.nonsense", "this kernel lacks it")])
def test_keys_that_cannot_be_written(machine, key, words):
    before = machine.snapshot()
    result = machine.apply({"namespaces": {"ns": {"sysctl": {key: 7}}}}, code=1)
    assert words in result.stderr and key in result.stderr, result.stderr
    machine.assert_same(before)
