# SPDX-License-Identifier: MIT
"""Sysctls: values that the kernel checks against each other, values that it writes differently from a file, and
defaults, which decide what a new link begins with."""
import json
import signal

import pytest
from machine import wait_for

PORTS = "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_port_range"
FRAGMENTS = "net.ipv4.ipfrag_low_thresh", "net.ipv4.ipfrag_high_thresh"
FRAGMENTS6 = "net.ipv6.ip6frag_low_thresh", "net.ipv6.ip6frag_high_thresh"
# Two keys, of which the first must never be above the second, and values far below and far above each other.
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
    """(The namespace for ip(8), a topology with one body in it.)"""
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
    # The kernel reports the last; then all keys are read.
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
    """What the first one changed can only be reverted once the other is down."""
    before = at(machine, None, PORTS)
    machine.apply({"host": {"sysctl": {PORTS[0]: 400}}}, "a")
    machine.apply({"host": {"sysctl": {PORTS[1]: "500 65000"}}}, "b")
    assert f"{PORTS[1]} is 500 65000" in machine.ctl("down", "a", code=1).stderr
    assert at(machine, None, PORTS) == ["400", "500 65000"]
    machine.ctl(*command)
    assert at(machine, None, PORTS) == before


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_at_boot_the_order_of_files_does_not_matter(machine, names):
    start, end = names
    folder = machine.folder / "topologies"
    folder.mkdir(exist_ok=True)
    (folder / f"{start}.json").write_text(json.dumps({"host": {"sysctl": {PORTS[0]: 400}}}))
    (folder / f"{end}.json").write_text(json.dumps({"host": {"sysctl": {PORTS[1]: "500 65000"}}}))
    machine.restart()
    machine.ctl("wait", "--timeout", 20, "a", "b")
    assert at(machine, None, PORTS) == ["400", "500 65000"]
    machine.ctl("down", "a", "b")
    machine.ctl("up", "a", "b")
    assert at(machine, None, PORTS) == ["400", "500 65000"]


# What a file may say: (key, as written, as the kernel has it, what somebody else makes of it).
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


@pytest.mark.parametrize("more", [{}, {"addrgen": "stable"}])
@pytest.mark.parametrize("key, value, kernel", LINK_FORMS)
def test_values_of_interfaces(machine, key, value, kernel, more):
    if more and "secret" not in key:
        more = {"addrgen": "none"}
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


def test_a_value_that_the_kernel_changes_is_reported(machine):
    machine.apply({"namespaces": {"ns": {"sysctl": {"net.ipv4.tcp_fin_timeout": 30}}}})
    before = machine.snapshot()
    result = machine.apply({"namespaces": {"ns": {"sysctl": {"net.ipv4.tcp_fin_timeout": "16 17"}}}}, code=1)
    assert 'the kernel turns "16 17" into "16"; declare that' in result.stderr, result.stderr
    assert machine.sysctl("ns", "net.ipv4.tcp_fin_timeout") == "30"
    machine.assert_same(before)


@pytest.mark.parametrize("key, words", [
    ("net.ipv4.tcp_available_congestion_control", "read-only"), ("net.ipv4.udp_hash_entries", "read-only"),
    ("net.core.netdev_max_backlog", "initial network namespace"), ("net.ipv4.nonsense", "this kernel does not have it")])
def test_keys_that_cannot_be_written(machine, key, words):
    before = machine.snapshot()
    result = machine.apply({"namespaces": {"ns": {"sysctl": {key: 7}}}}, code=1)
    assert words in result.stderr and key in result.stderr, result.stderr
    machine.assert_same(before)


def test_a_secret_that_was_not_set(machine):
    """It cannot be unset, but no address is generated from it any more."""
    machine.sh("ip link add ext0 type bridge; ip link set ext0 up")
    t = {"host": {"interfaces": {"ext0": {"sysctl": {"ipv6.stable_secret": "2001:db8::1"}}}}}
    assert "unset" in machine.ctl("plan", machine.file(t)).stdout
    machine.apply(t)
    assert machine.link(None, "ext0")["inet6_addr_gen_mode"] == "stable_secret"
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    machine.restart(signal.SIGKILL)
    machine.ctl("down", "lab")
    assert machine.link(None, "ext0")["inet6_addr_gen_mode"] == "eui64"
    assert machine.sysctl(None, "net.ipv6.conf.ext0.stable_secret").startswith("2001:0db8:")
    machine.sh("ip link del ext0")


@pytest.mark.parametrize("key", ["net.ipv4.conf", "net.ipv4.ip_forward.x", "net.ipv4.nosuch"])
def test_what_is_no_key(machine, key):
    """A directory, and what would be below a key, are reported like a name that the kernel does not know."""
    machine.sh("ip netns add theirs")
    for t in {"host": {"sysctl": {key: 1}}}, {"namespaces": {"theirs": {"existing": True, "sysctl": {key: 1}}}}:
        assert f"{key} does not exist, and netnsd does not create it" in machine.apply(t, code=1).stderr
    machine.sh("ip netns del theirs")


# ---- defaults ----

DEFAULTS = {"ipv6.addr_gen_mode": 1, "ipv6.hop_limit": 77, "ipv6.use_tempaddr": 2, "ipv6.accept_ra": 2, "ipv6.accept_dad": 1,
            "ipv4.arp_ignore": 1, "ipv4.route_localnet": 1, "ipv4.rp_filter": 2}


def defaults(family_keys):
    return {f"net.{key[:4]}.conf.default.{key[5:]}": value for key, value in family_keys.items()}


def of_link(machine, netns, link, keys):
    return {key: machine.sysctl(netns, f"net.{key[:4]}.conf.{link}.{key[5:]}") for key in keys}


def with_defaults(values):
    """What all links must have. On the host a veth pair of ours has no router, and nobody else to have its address."""
    found = {place: {key: str(value) for key, value in values.items()} for place in places()}
    found[None, "far"].update({"ipv6.accept_ra": "0", "ipv6.accept_dad": "0"})
    return found


def two_places(body_a, body_b, host):
    """A veth pair that is created in a and ends in b, one that ends on the host, and a bridge."""
    a = {"interfaces": {"e0": {"kind": "veth", "peer": "b/e0"}, "h0": {"kind": "veth", "peer": "host/far"}, "br0": {"kind": "bridge"}}}
    return {"host": host, "namespaces": {"a": {**a, **body_a}, "b": body_b}}


def places():
    return [("a", "e0"), ("b", "e0"), ("a", "h0"), (None, "far"), ("a", "br0")]


def everywhere(machine, keys=DEFAULTS):
    return {place: of_link(machine, *place, keys) for place in places()}


def full(values=None):
    body = {"sysctl": defaults(values or DEFAULTS)}
    return two_places(dict(body), dict(body), dict(body))


def test_a_new_link_has_the_defaults_of_its_namespace(machine):
    machine.apply(full())
    first = everywhere(machine)
    assert first == with_defaults(DEFAULTS)
    for netns, link in ("a", "e0"), ("a", "h0"), ("a", "br0"):
        index = machine.link(netns, link)["ifindex"]
        machine.sh(f"ip -n {netns} link del {link}")
        wait_for(lambda n=netns, i=link, x=index: (now := machine.link(n, i)) and now["ifindex"] != x)
        machine.ctl("wait", "--timeout", 20, "lab")
        assert everywhere(machine) == first
    assert machine.apply(full()).stdout.strip() == "lab: unchanged"


def test_links_follow_a_default_that_changes(machine):
    """What is up does not depend on when the default was declared."""
    machine.apply(two_places({}, {}, {}))
    without = everywhere(machine)
    machine.apply(full())
    assert everywhere(machine) == with_defaults(DEFAULTS)
    other = {key: 0 if value == 1 else 1 for key, value in DEFAULTS.items()}
    other["ipv6.hop_limit"] = 78
    machine.apply(full(other))
    assert everywhere(machine) == with_defaults(other)
    machine.apply(two_places({}, {}, {}))
    changed = {place: {key: value for key, value in found.items() if value != without[place][key]}
               for place, found in everywhere(machine).items()}
    assert not any(changed.values()), changed


def test_a_link_with_a_value_of_its_own_does_not_follow(machine):
    t = {"namespaces": {"a": {"sysctl": defaults({"ipv6.hop_limit": 70, "ipv4.rp_filter": 1}), "interfaces": {
        "e0": {"kind": "veth", "peer": "e1", "sysctl": {"ipv6.hop_limit": 99, "ipv4.rp_filter": 2}, "addrgen": "eui64"},
        "e2": {"kind": "veth", "peer": "e3"}}}}}
    machine.apply(t)
    machine.sh("ip netns exec a sysctl -q net.ipv6.conf.e3.hop_limit=55")
    t["namespaces"]["a"]["sysctl"] = defaults({"ipv6.hop_limit": 71, "ipv4.rp_filter": 0, "ipv6.addr_gen_mode": 1})
    machine.apply(t)
    assert of_link(machine, "a", "e0", ["ipv6.hop_limit", "ipv4.rp_filter", "ipv6.addr_gen_mode"]) == \
        {"ipv6.hop_limit": "99", "ipv4.rp_filter": "2", "ipv6.addr_gen_mode": "0"}
    assert of_link(machine, "a", "e2", ["ipv6.hop_limit", "ipv6.addr_gen_mode"]) == {"ipv6.hop_limit": "71", "ipv6.addr_gen_mode": "1"}
    assert machine.sysctl("a", "net.ipv6.conf.e3.hop_limit") == "55"  # somebody else's
    machine.ctl("rollback", "lab")
    assert of_link(machine, "a", "e2", ["ipv6.hop_limit", "ipv6.addr_gen_mode"]) == {"ipv6.hop_limit": "70", "ipv6.addr_gen_mode": "0"}
    assert machine.sysctl("a", "net.ipv6.conf.e3.hop_limit") == "55"


def test_a_refused_default_leaves_all_links_as_they_were(machine):
    t = {"namespaces": {"a": {"sysctl": defaults({"ipv6.hop_limit": 70}), "interfaces": {"e0": {"kind": "veth", "peer": "e1"}}}}}
    machine.apply(t)
    machine.sh("ip netns exec a sysctl -q net.ipv6.conf.e1.hop_limit=71")
    t["namespaces"]["a"]["sysctl"] = defaults({"ipv6.hop_limit": 71})
    t["namespaces"]["z"] = {"sysctl": {"net.ipv4.tcp_congestion_control": "nosuch"}}
    assert "everything is as it was before" in machine.apply(t, code=1).stderr
    assert [machine.sysctl("a", f"net.ipv6.conf.{link}.hop_limit") for link in ("default", "e0", "e1")] == ["70", "70", "71"]


def one_link(default, own=None, key="hop_limit"):
    """A link with its own value, next to one without."""
    said = {"sysctl": {f"ipv6.{key}": own}} if own else {}
    keys = {f"net.ipv6.conf.default.{key}": default} if default else {"net.ipv6.conf.default.dad_transmits": 1}
    return {"namespaces": {"a": {"sysctl": keys, "interfaces": {"e0": {"kind": "veth", "peer": "e1", **said}}}}}


@pytest.mark.parametrize("steps", [
    [(7, 9), (8, 9), (8, None)], [(7, 9), (8, None)], [(7, 9), (None, 9), (None, None)], [(None, 9), (7, None)], [(7, None), (8, 9), (7, None)],
    [(7, 9), (None, None)], [(None, None), (7, 9), (8, None)]])
def test_a_value_of_its_own_that_leaves_returns_to_the_default(machine, steps):
    for default, own in steps:
        machine.apply(one_link(default, own))
        assert machine.sysctl("a", "net.ipv6.conf.e0.hop_limit") == str(own or default or 64), (default, own)
        assert machine.sysctl("a", "net.ipv6.conf.e1.hop_limit") == str(default or 64), (default, own)
        assert machine.apply(one_link(default, own)).stdout.strip() == "lab: unchanged"
        machine.restart(signal.SIGKILL)
    machine.ctl("rollback", "lab")
    default, own = steps[-2]
    assert machine.sysctl("a", "net.ipv6.conf.e0.hop_limit") == str(own or default or 64)
    assert machine.sysctl("a", "net.ipv6.conf.e1.hop_limit") == str(default or 64)


def test_addrgen_beside_another_default(machine):
    machine.sh("echo 1 >/proc/sys/net/ipv6/conf/default/addr_gen_mode")
    t = {"namespaces": {"a": {"sysctl": defaults({"ipv6.addr_gen_mode": 1}),
                              "interfaces": {"e0": {"kind": "veth", "peer": "host/h0", "addrgen": "eui64"}}}},
         "host": {"interfaces": {"h0": {"addrgen": "eui64"}}}}
    machine.apply(t)
    for netns, link in ("a", "e0"), (None, "h0"):
        assert machine.link(netns, link)["inet6_addr_gen_mode"] == "eui64"
        assert any(a["local"].startswith("fe80:") for a in machine.ip(*machine.at(netns), "addr", "show", "dev", link)[0]["addr_info"])
    machine.sh("echo 0 >/proc/sys/net/ipv6/conf/default/addr_gen_mode")


def test_all_and_default_together(machine):
    """Writing all sets the default, which is declared otherwise."""
    links = {"e0": {"kind": "veth", "peer": "e1", "addresses": ["fd00::1/64"]}}
    keys = {"net.ipv6.conf.default.disable_ipv6": 0, "net.ipv6.conf.all.disable_ipv6": 1}
    both = {"namespaces": {"a": {"sysctl": keys, "interfaces": links}}}
    machine.apply(both)
    fresh = [machine.sysctl("a", f"net.ipv6.conf.{link}.disable_ipv6") for link in ("all", "default", "e0", "e1")]
    assert fresh == ["1", "0", "0", "0"] and machine.addresses("a", "e0") == ["fd00::1/64"]
    machine.ctl("down", "--forget", "lab")
    machine.apply({"namespaces": {"a": {"interfaces": links}}})
    machine.apply(both)
    assert [machine.sysctl("a", f"net.ipv6.conf.{link}.disable_ipv6") for link in ("all", "default", "e0", "e1")] == fresh
    assert machine.addresses("a", "e0") == ["fd00::1/64"]
    assert machine.apply(both).stdout.strip() == "lab: unchanged"


ALL = {
    "net.ipv4.ip_forward": ("net.ipv4.conf.{}.forwarding", 1), "net.ipv4.conf.all.forwarding": ("net.ipv4.conf.{}.forwarding", 1),
    "net.ipv6.conf.all.forwarding": ("net.ipv6.conf.{}.forwarding", 1), "net.ipv6.conf.all.disable_ipv6": ("net.ipv6.conf.{}.disable_ipv6", 1),
    "net.ipv6.conf.all.addr_gen_mode": ("net.ipv6.conf.{}.addr_gen_mode", 1),
    "forwarding": ("net.ipv6.conf.{}.forwarding", True),
    "net.ipv6.conf.all.ignore_routes_with_linkdown": ("net.ipv6.conf.{}.ignore_routes_with_linkdown", 1),
}


@pytest.mark.parametrize("key", ALL)
def test_what_is_written_for_all_reverts_on_each(machine, key):
    """The kernel writes it to each interface, including those of other programs, and to the default."""
    own, value = ALL[key]
    machine.sh("ip link add ext0 type veth peer ext1; ip netns add theirs; ip -n theirs link add ext0 type veth peer ext1")
    for where, netns in ("", None), ("ip netns exec theirs ", "theirs"):
        def look(netns=netns):
            return {link: machine.sysctl(netns, own.format(link)) for link in ("all", "default", "ext0", "ext1", "lo")}

        def redirects(netns=netns):
            return machine.sysctl(netns, "net.ipv4.conf.all.accept_redirects")
        body = {"sysctl": {key: value}} if key.startswith("net.") else {key: value}
        t = {"host": body} if netns is None else {"namespaces": {netns: {"existing": True, **body}}}
        machine.sh(f"{where}sysctl -q {own.format('ext0')}=1 {own.format('default')}=1 net.ipv4.conf.all.accept_redirects=0")
        before = look()
        machine.apply(t)
        assert set(look().values()) == {"1"}
        t["namespaces"] = {**t.get("namespaces", {}), "z": {"sysctl": {"net.ipv4.tcp_congestion_control": "nosuch"}}}
        machine.ctl("down", "lab")
        assert look() == before
        assert "everything is as it was before" in machine.apply(t, code=1).stderr
        assert look() == before
        del t["namespaces"]["z"]
        machine.apply(t)
        machine.restart(signal.SIGKILL)
        machine.ctl("down", "lab")
        assert look() == before and redirects() == "0"
        machine.sh(f"{where}sysctl -q {own.format('default')}=0")
    machine.sh("ip link del ext0; ip netns del theirs")


def test_at_boot_as_after_an_apply(machine):
    folder = machine.folder / "topologies"
    folder.mkdir(exist_ok=True)
    (folder / "lab.json").write_text(json.dumps(full()))
    machine.restart()
    machine.ctl("wait", "--timeout", 20, "lab")
    assert everywhere(machine) == with_defaults(DEFAULTS)
