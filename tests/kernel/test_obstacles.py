# SPDX-License-Identifier: MIT
"""Chains of other programs that stop what is forwarded here: netnsctl status names them, and only them."""
import json
import shlex

import pytest

ROUTER = {"namespaces": {"r": {"forwarding": "ipv4", "interfaces": {"a": {"kind": "veth", "peer": "c/a"}}},
                         "c": {}}}

STOPS = {
    "a policy": ("add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }",
                 "table ip filter, chain FORWARD", "policy drop"),
    "a last rule": ("add table inet firewalld; add chain inet firewalld filter_FORWARD { type filter hook forward priority 10; }; "
                    "add rule inet firewalld filter_FORWARD ct state established accept; "
                    "add rule inet firewalld filter_FORWARD counter log reject",
                    "table inet firewalld, chain filter_FORWARD", "last rule reject"),
    "a last rule that drops": ("add table ip6 x; add chain ip6 x y { type filter hook forward priority -300; }; "
                               "add rule ip6 x y counter drop", "table ip6 x, chain y", "last rule drop"),
    "a bridge": ("add table bridge b; add chain bridge b f { type filter hook forward priority 0; policy drop; }",
                 "table bridge b, chain f", "policy drop"),
}
PASSES = {
    "a policy": "add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy accept; }",
    "another hook": "add table ip filter; add chain ip filter INPUT { type filter hook input priority 0; policy drop; }",
    "a last rule for some": "add table inet x; add chain inet x y { type filter hook forward priority 0; }; "
                            "add rule inet x y ip daddr 10.9.9.9 drop",
    "a drop after all has passed": "add table inet x; add chain inet x y { type filter hook forward priority 0; }; "
                                   "add rule inet x y counter accept; add rule inet x y drop",
    "no hook": "add table inet x; add chain inet x y; add rule inet x y drop",
}


def nft(machine, netns, rules):
    machine.run("ip", "netns", "exec", netns, "nft", "-f", "-", text=rules.replace("; add", "\nadd"))


def namespaces(machine):
    return {n["name"]: n for n in json.loads(machine.ctl("--json", "status", "lab").stdout)["namespaces"]}


@pytest.mark.parametrize("case", STOPS)
def test_stops(machine, case):
    rules, chain, how = STOPS[case]
    machine.apply(ROUTER)
    for netns in "r", "c":
        nft(machine, netns, rules)
    seen = namespaces(machine)
    show = f"ip netns exec r nft list chain {chain.removeprefix('table ').replace(', chain', '')}"
    assert seen["r"]["obstacles"] == [{"chain": chain, "how": how, "command": show, "certain": True}]
    machine.sh(show)
    assert "obstacles" not in seen["c"], "it forwards nothing"
    assert f"others stop what is forwarded here: {chain}, {how}; see {show}\n" in machine.ctl("status", "lab").stdout


@pytest.mark.parametrize("case", PASSES)
def test_passes(machine, case):
    machine.apply(ROUTER)
    nft(machine, "r", PASSES[case])
    assert "obstacles" not in namespaces(machine)["r"]


def test_names_that_a_shell_would_read(machine):
    """Whoever is root in a namespace gives tables any name; the command that we propose is run by root of the machine."""
    machine.apply(ROUTER)
    at = {"family": "ip", "table": "a;touch /tmp/x'"}
    rules = {"nftables": [{"add": {"table": {"family": "ip", "name": at["table"]}}},
                          {"add": {"chain": {**at, "name": "\x1bf", "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}}}]}
    machine.run("ip", "netns", "exec", "r", "nft", "-j", "-f", "-", text=json.dumps(rules))
    [seen] = namespaces(machine)["r"]["obstacles"]
    assert seen["chain"] == "table ip a;touch /tmp/x', chain ?f"
    assert shlex.split(seen["command"]) == [*"ip netns exec r nft list chain ip".split(), at["table"], "?f"]


def test_on_the_host(machine):
    """A host that forwards, with nothing else declared on it."""
    machine.apply({"host": {"forwarding": "ipv4"}, "namespaces": {}})
    machine.sh("nft add table ip filter; nft 'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'")
    assert namespaces(machine)["host"]["obstacles"] == [
        {"chain": "table ip filter, chain FORWARD", "how": "policy drop", "command": "nft list chain ip filter FORWARD", "certain": True}]
    assert "others stop what is forwarded here: table ip filter" in machine.ctl("status", "lab").stdout


LEGACY = {
    "a policy": ("iptables-legacy", "filter", "-P FORWARD DROP", "policy drop", True),
    "a policy of IPv6": ("ip6tables-legacy", "filter", "-P FORWARD DROP", "policy drop", True),
    "a rule": ("iptables-legacy", "filter", "-A FORWARD -d 10.9.9.9 -j DROP", "1 rule", False),
    "two rules": ("ip6tables-legacy", "filter", "-A FORWARD -d 2001:db8::1 -p tcp --dport 80 -j DROP; {c} -A FORWARD", "2 rules", False),
    "another table": ("iptables-legacy", "mangle", "-A FORWARD -j TTL --ttl-set 1", "1 rule", False),
}


def legacy(machine, command, table, netns, words):
    if machine.run("ip", "netns", "exec", netns, command, "-t", table, "-S", "FORWARD", code=None).returncode:
        pytest.skip(f"neither {command} nor its tables")
    command = f"ip netns exec {netns} {command} -t {table}"
    machine.sh(f"{command} {words.format(c=command)}")
    return f"{command} -S FORWARD"


@pytest.mark.parametrize("case", LEGACY)
def test_legacy(machine, case):
    """What nft(8) does not show."""
    command, table, words, how, certain = LEGACY[case]
    machine.apply(ROUTER)
    for netns in "c", "r":
        show = legacy(machine, command, table, netns, words)
    seen = namespaces(machine)
    assert seen["r"]["obstacles"] == [
        {"chain": f"{command}, table {table}, chain FORWARD", "how": how, "command": show, "certain": certain}]
    assert "obstacles" not in seen["c"], "it forwards nothing"
    assert f"others {'' if certain else 'may '}stop what is forwarded here: {command}, table {table}, chain FORWARD, {how}; see " \
           f"{show}\n" in machine.ctl("status", "lab").stdout


@pytest.mark.parametrize("words", ["-P INPUT DROP", "-A INPUT -j DROP", "-A OUTPUT -j DROP", "-N other; {c} -A other -j DROP"])
def test_legacy_passes(machine, words):
    machine.apply(ROUTER)
    legacy(machine, "iptables-legacy", "filter", "r", words)
    assert "obstacles" not in namespaces(machine)["r"]


def test_legacy_is_not_made(machine):
    """To ask for a table creates it."""
    machine.apply(ROUTER)
    namespaces(machine)
    for name in "ip_tables_names", "ip6_tables_names":
        assert not machine.sh(f"ip netns exec r cat /proc/net/{name} || true")


def test_legacy_with_many_rules(machine):
    """More than are read: that there are some is said."""
    machine.apply(ROUTER)
    legacy(machine, "iptables-legacy", "filter", "r", "-S")
    rules = "".join(f"-A INPUT -s 10.{i >> 8}.{i & 255}.1 -j ACCEPT\n" for i in range(8000))
    machine.run("ip", "netns", "exec", "r", "iptables-legacy-restore", text=f"*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n{rules}COMMIT\n")
    one, = namespaces(machine)["r"]["obstacles"]
    assert one["how"] == "8004 rules" and not one["certain"]


def test_many(machine):
    """No more than 64 are shown."""
    machine.apply(ROUTER)
    nft(machine, "r", "\n".join(f"add table ip t{i}\nadd chain ip t{i} c {{ type filter hook forward priority {i}; policy drop; }}"
                                for i in range(70)))
    assert len(namespaces(machine)["r"]["obstacles"]) == 64
