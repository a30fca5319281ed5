# SPDX-License-Identifier: MIT
"""Rules: what a plan says of them is what nft(8) lists, and is in the kernel after apply, whatever the grammar allows."""
import errno
import json
import re

import pytest
from fault import ERROR, NUMBERS
from machine import wait_for
from nft_drifts import DRIFTS

# Of the table, chains of the topology: "prerouting_lab" → its rules.
CHAIN = re.compile(r"^\tchain (\S+) \{\n(.*?)^\t\}", re.M | re.S)


def rules(machine, netns=None):
    """Chain → rules as nft(8) lists them, without quotes, comments and what the base chains consist of."""
    nft = ["ip", "netns", "exec", netns, "nft"] if netns else ["nft"]
    text = machine.run(*nft, "-s", "list", "table", "inet", "netnsd").stdout
    found = {}
    for name, body in CHAIN.findall(text):
        lines = [line.strip() for line in body.splitlines()]
        lines = [re.sub(r' comment ".*"$', "", line).replace('"', "") for line in lines]
        found[name] = [line for line in lines if line and not line.startswith(("type ", "jump ", "comment "))]
    return {name: lines for name, lines in found.items() if lines}


def planned(out, sign="+"):
    """Chain → rules of a plan."""
    found = {}
    for chain, rule in re.findall(rf"^\s+\{sign} rule (\S+) (.*)$", out, re.M):
        found.setdefault(chain, []).append(rule)
    return found


def listed(machine, netns=None, name="lab"):
    """As planned: chains without the topology; the last rules after the others."""
    found = {}
    for chain, lines in rules(machine, netns).items():
        found.setdefault(chain.removeprefix("last_").removesuffix(f"_{name}"), []).extend(lines)
    return found


def net(**body):
    return {"host": {"interfaces": {"lan": {"kind": "bridge", "addresses": ["10.0.0.1/24", "fd00::1/64"]}}, **body}}


LOCAL = "fib daddr type local ip daddr != 127.0.0.0/8"
FIRST = ["ct state established,related accept", "iifname lo accept",
         "ip6 hoplimit 255 icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, "
         "nd-redirect } accept",
         "icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept"]

# What a file says; what the rules are then, as nft(8) lists them.
CASES = [
    ({"nat": {"masquerade": [{"from": "10.0.0.0/24", "out": "eth0"}]}},
     {"postrouting": ["oifname eth0 ip saddr 10.0.0.0/24 masquerade"]}),
    ({"nat": {"masquerade": [{"out": "eth0"}]}}, {"postrouting": ["meta nfproto ipv4 oifname eth0 masquerade"]}),
    ({"nat": {"masquerade": [{"out": "eth0", "family": "ipv6"}]}},
     {"postrouting": ["meta nfproto ipv6 oifname eth0 masquerade"]}),
    ({"nat": {"masquerade": [{"from": "10.0.0.0/24"}]}},
     {"postrouting": ["ip saddr 10.0.0.0/24 oifname != lo ip daddr != 10.0.0.0/24 ip daddr != 224.0.0.0/4 masquerade"]}),
    ({"nat": {"masquerade": [{"from": ["10.0.0.0/24", "fd00::/64", "10.1.0.7"], "out": ["eth0", "ppp*"]}]}},
     {"postrouting": ["oifname { eth0, ppp* } ip saddr { 10.0.0.0/24, 10.1.0.7 } masquerade",
                      "oifname { eth0, ppp* } ip6 saddr fd00::/64 masquerade"]}),
    ({"nat": {"masquerade": [{"from": "10.0.0.0/24", "out": "!lan", "to": "192.0.2.7"}]}},
     {"postrouting": ["oifname != lan ip saddr 10.0.0.0/24 snat ip to 192.0.2.7"]}),
    ({"nat": {"masquerade": [{"out": ["!lan", "!br0"], "to": "192.0.2.7-192.0.2.9", "from": "10.0.0.16-10.0.0.31"}]}},
     {"postrouting": ["oifname != { lan, br0 } ip saddr 10.0.0.16-10.0.0.31 snat ip to 192.0.2.7-192.0.2.9"]}),
    ({"nat": {"masquerade": [{"out": "wg*", "proto": "udp", "port": 53, "sport": "1024-65535", "mark": "0x10/0xff"}]}},
     {"postrouting": ["meta nfproto ipv4 oifname wg* meta mark & 0x000000ff == 0x00000010 udp sport 1024-65535 "
                      "udp dport 53 masquerade"]}),
    ({"nat": {"dnat": [{"proto": "tcp", "port": 80, "to": "10.9.0.2"}]}},
     {"prerouting": [f"tcp dport 80 {LOCAL} dnat ip to 10.9.0.2"],
      "nat_output": [f"tcp dport 80 {LOCAL} dnat ip to 10.9.0.2"]}),
    ({"nat": {"dnat": [{"proto": ["tcp", "udp"], "port": "8000-8010", "to": "10.9.0.2", "at": "192.0.2.0/28"}]}},
     {chain: ["ip daddr 192.0.2.0/28 meta l4proto { tcp, udp } th dport 8000-8010 dnat ip to 10.9.0.2"]
      for chain in ("prerouting", "nat_output")}),
    ({"nat": {"dnat": [{"proto": "tcp", "port": "8000-8002", "to": "10.9.0.2:9000-9002", "at": "192.0.2.1"}]}},
     {chain: ["ip daddr 192.0.2.1 tcp dport 8000-8002 dnat ip to 10.9.0.2:tcp dport map { 8000 : 9000, 8001 : 9001, "
              "8002 : 9002 }"] for chain in ("prerouting", "nat_output")}),
    ({"nat": {"dnat": [{"proto": "tcp", "port": "8000-8002", "to": "[fd01::2]:80"}]}},
     {chain: ["tcp dport 8000-8002 fib daddr type local ip6 daddr != ::1 dnat ip6 to [fd01::2]:80"]
      for chain in ("prerouting", "nat_output")}),
    ({"nat": {"dnat": [{"in": "eth0", "proto": "tcp", "port": [80, "8000-8010"], "to": "10.0.0.3:8080"}]}},
     {"prerouting": [f"iifname eth0 tcp dport {{ 80, 8000-8010 }} {LOCAL} dnat ip to 10.0.0.3:8080",
                     f"ip saddr 10.0.0.0/24 tcp dport {{ 80, 8000-8010 }} {LOCAL} dnat ip to 10.0.0.3:8080"],
      "nat_output": [f"tcp dport {{ 80, 8000-8010 }} {LOCAL} dnat ip to 10.0.0.3:8080"],
      "postrouting": ["ip saddr 10.0.0.0/24 ip daddr 10.0.0.3 ct status dnat masquerade"]}),
    ({"nat": {"dnat": [{"in": "eth0", "proto": "udp", "port": 53, "to": "10.0.0.3", "localhost": True}]}},
     {"raw_prerouting": ["iifname != lo ip daddr 127.0.0.0/8 drop"],
      "prerouting": [f"iifname eth0 udp dport 53 {LOCAL} dnat ip to 10.0.0.3",
                     f"ip saddr 10.0.0.0/24 udp dport 53 {LOCAL} dnat ip to 10.0.0.3"],
      "nat_output": [f"udp dport 53 {LOCAL} dnat ip to 10.0.0.3", "ip daddr 127.0.0.1 udp dport 53 dnat ip to 10.0.0.3"],
      "postrouting": ["ip saddr 127.0.0.0/8 ip daddr 10.0.0.3 ct status dnat masquerade",
                      "ip saddr 10.0.0.0/24 ip daddr 10.0.0.3 ct status dnat masquerade"]}),
    ({"filter": {"input": "drop"}}, {"input": [*FIRST, "drop"]}),
    ({"filter": {"input": "reject"}}, {"input": [*FIRST, "meta l4proto tcp reject with tcp reset", "reject", "drop"]}),
    ({"filter": {"output": "drop"}}, {"output": [r.replace("iifname", "oifname") for r in FIRST] + ["drop"]}),
    ({"filter": {"forward": "accept", "clamp_mss": True}},
     {"forward": ["tcp flags syn tcp option maxseg size set rt mtu", "ct state new continue"]}),
    ({"filter": {"forward": "drop", "rules": [
        {"chain": "forward", "in": "lan", "out": "wan", "from": "10.0.0.0/24", "proto": "tcp", "port": [80, 443],
         "action": "accept", "comment": "web"},
        {"chain": "forward", "icmp": "echo-request", "action": "accept"},
        {"chain": "forward", "icmp": ["echo-request", "packet-too-big"], "proto": "icmpv6", "action": "accept"},
        {"chain": "forward", "proto": "icmp", "action": "drop"},
        {"chain": "forward", "state": ["untracked", "invalid"], "action": "drop"},
        {"chain": "forward", "to": ["10.0.0.1", "fd00::1"], "action": "reject"},
        {"chain": "forward", "proto": "udp", "action": "reject"},
        {"chain": "forward", "proto": ["tcp", "udp"], "port": 7, "action": "reject"},
        {"chain": "forward", "family": "ipv6", "log": "six "},
        {"chain": "forward", "mark": 16, "action": "accept"},
        {"chain": "forward", "proto": ["gre", 200], "action": "accept"},
    ]}},
     {"forward": ["ct state established,related accept", "ct status dnat accept",
                  "iifname lan oifname wan ip saddr 10.0.0.0/24 tcp dport { 80, 443 } accept",
                  "icmp type echo-request accept", "icmpv6 type echo-request accept",
                  "icmpv6 type { packet-too-big, echo-request } accept",
                  "meta l4proto icmp drop",
                  "ct state invalid,untracked drop",
                  "ip daddr 10.0.0.1 meta l4proto tcp reject with tcp reset", "ip daddr 10.0.0.1 reject",
                  "ip6 daddr fd00::1 meta l4proto tcp reject with tcp reset", "ip6 daddr fd00::1 reject",
                  "meta l4proto udp reject",
                  "tcp dport 7 reject with tcp reset", "meta l4proto { tcp, udp } th dport 7 reject",
                  "meta nfproto ipv6 log prefix six ",
                  "meta mark 0x00000010 accept",
                  "meta l4proto { gre, 200 } accept", "drop"]}),
]


@pytest.mark.parametrize("body, expected", CASES, ids=[str(i) for i in range(len(CASES))])
def test_rules(machine, body, expected):
    """The plan says what nft(8) then lists; again, it is in the kernel already: nothing is written differently from how
    it is read."""
    file = machine.file(net(**body))
    plan = planned(machine.ctl("plan", "--sure", file).stdout)
    machine.ctl("apply", "--sure", file)
    for chain, lines in normal(expected).items():
        assert "\n".join(normal(listed(machine))[chain]) == "\n".join(lines)
    assert normal(listed(machine)).keys() == expected.keys()
    assert normal(plan) == normal({c: [r for r in v if r != "drop"] for c, v in expected.items()})
    assert machine.ctl("apply", file).stdout.strip() == "lab: unchanged"
    machine.ctl("down", "lab")
    assert machine.sh("nft list ruleset") == ""


def normal(found):
    """The elements of a set in one order: the kernel has its own."""
    def one(rule):
        return re.sub(r"\{ (.*?) \}", lambda m: "{ " + ", ".join(sorted(m[1].split(", "))) + " }", rule).strip()
    return {chain: [one(rule) for rule in lines] for chain, lines in found.items()}


def test_nft_reads_what_it_lists(machine):
    """Whatever a file says: else saving and loading the rules of the whole machine would fail."""
    odd = {"log": "%s \\ # { ; ", "comment": "\\ ' $(x) ; # {} ü"}
    machine.apply(net(nat={"masquerade": [{"out": ["abcdefghijklmno*", "ÿ*"], "from": "10.0.0.0/24", "comment": odd["comment"]}]},
                      filter={"input": "accept", "rules": [{"chain": "input", "in": "abcdefghijklmno*", "action": "reject", **odd},
                                                           {"chain": "input", "in": ["a", "b*", "d*", "e.1", "e@f"], "action": "accept"}]}),
                  "lab", "--sure")
    # Somewhere else, and without its owner, who alone can change it.
    listed = re.sub(r"^\tflags .*\n", "", machine.sh("nft list ruleset"), flags=re.M)
    assert "abcdefghijklmno" in listed
    machine.run("unshare", "-n", "nft", "-c", "-f", "-", text="flush ruleset\n" + listed)


def test_several_topologies(machine):
    """NAT of several in one namespace; what two cannot both have is refused with both names."""
    def one(port, to, **more):
        return {"host": {"nat": {"dnat": [{"proto": "tcp", "port": port, "to": to, **more}]}}}
    machine.apply(one(80, "10.9.0.1"), "a")
    machine.apply(one("81-90", "10.9.0.2"), "b")
    assert set(rules(machine)) == {f"{chain}_{t}" for chain in ("prerouting", "nat_output") for t in "ab"}
    said = machine.apply(one([443, "85-95"], "10.9.0.3"), "c", code=1).stderr
    assert ('c.json:2:11: /host: nft host: what "dnat" 0 sends to 10.9.0.3 belongs to the topology b; take it out of one of '
            "the two, or run: netnsctl down b") in said, said
    machine.apply(one([443, "85-95"], "10.9.0.3", at="192.0.2.9"), "c", code=1)
    machine.ctl("down", "b")
    machine.apply({"host": {"filter": {"input": "accept"}, **one([443, "85-95"], "10.9.0.3")["host"]}}, "c")
    said = machine.apply({"host": {"filter": {"forward": "drop"}}}, "d", code=1).stderr
    assert 'nft host: "filter" belongs to the topology c' in said, said
    # One that takes a part out of its file has the rest.
    machine.apply({"host": {"filter": {"input": "accept"}}}, "c")
    assert set(rules(machine)) == {"prerouting_a", "nat_output_a", "input_c"}
    for name in "ac":
        assert machine.apply(json.loads((machine.folder / f"{name}.json").read_text()), name).stdout.strip() == \
            f"{name}: unchanged"
        machine.ctl("down", name)
    assert machine.sh("nft list ruleset") == ""


def test_refused_beside_another(machine):
    """What a refused apply wrote into a namespace where another topology has rules is removed again."""
    def one(address, **more):
        return {"host": {"nat": {"masquerade": [{"from": address, "out": "eth0"}]}}, **more}
    machine.apply(one("10.8.1.1"), "a")
    before = machine.sh("nft list ruleset")
    bad = {"c": {"interfaces": {"br0": {"kind": "bridge"}},
                 "routes": [{"to": "2001:db8:250::/48", "dev": "br0", "src": "fe80::77"}]}}
    said = machine.apply(one("10.8.1.2", namespaces=bad), "b", code=1).stderr
    assert "everything is as it was before" in said, said
    assert machine.sh("nft list ruleset") == before
    machine.ctl("down", "a")
    assert machine.sh("nft list ruleset") == ""


@pytest.mark.parametrize("how", DRIFTS)
def test_heal(bare, how):
    """Where others may change the table; else test_nft_owner.py."""
    machine = bare
    machine.start("--no-table-owner")
    topology = net(nat={"dnat": [{"proto": "tcp", "port": 80, "to": "10.9.0.2", "comment": "web"}]},
                   filter={"forward": "reject", "rules": [{"chain": "forward", "in": ["a", "b*"], "action": "accept"}]})
    # Before that: of changes by several processes nobody can say which it was.
    machine.sh("nft add table ip other; nft add chain ip other c; nft add rule ip other c counter")
    machine.apply(topology, "lab", "--sure")
    before = machine.sh("nft -s list table inet netnsd")
    machine.sh(DRIFTS[how])
    wait_for(lambda: machine.run("nft", "-s", "list", "table", "inet", "netnsd", code=None).stdout == before)
    # It is healed first, and said then.
    wait_for(lambda: re.search(r"nft host(: other rules \(.*\), declared 8 rules| 8 rules was removed); by pid \d+ "
                               r"\(nft\)", machine.log()))
    machine.ctl("down", "lab")
    machine.sh("nft delete table ip other || true")
    assert machine.sh("nft list ruleset") == ""


def test_restart(machine):
    """A record holds the rules: after kill -9 the next netnsd compares, and writes nothing."""
    topology = net(nat={"masquerade": [{"from": ["10.0.0.0/24", "fd00::/64"], "out": ["eth0", "b*"]}],
                        "dnat": [{"proto": "tcp", "port": "8000-8002", "to": "10.0.0.2:9000-9002", "localhost": True}]})
    machine.apply(topology)
    before = machine.sh("nft -a list ruleset")
    machine.restart(9)
    assert machine.apply(topology).stdout.strip() == "lab: unchanged"
    assert machine.sh("nft -a list ruleset") == before
    machine.ctl("down", "lab")


def test_longest_name_of_an_interface(machine):
    """Nothing can be longer than 15 bytes: with "*" such a name is that one, which another program may create."""
    name = "a23456789012345"
    machine.apply({"namespaces": {"ns1": {"filter": {"rules": [{"chain": "forward", "in": f"{name}*", "action": "drop"}]}}}})
    assert f'iifname "{name}" drop' in machine.sh("ip netns exec ns1 nft list table inet netnsd")
    assert machine.ctl("apply", machine.folder / "lab.json").stdout.strip() == "lab: unchanged"


LOCKS = "apply it with --confirm 60, which rolls back by itself, or with --sure"
OPEN = {"host": {"filter": {"input": "accept", "forward": "accept"}}}


def closed(chain="input", policy="drop"):
    return {"host": {"filter": {**OPEN["host"]["filter"], chain: policy}}}


@pytest.mark.parametrize("chain", ["input", "forward", "output"])
@pytest.mark.parametrize("policy, word", [("drop", "drop"), ("reject", "reject")])
def test_lock_out(machine, chain, policy, word):
    """A filter of the host that begins to drop wants a way back, or a yes; nothing is touched before."""
    machine.apply(OPEN)
    before = rules(machine)
    said = machine.apply(closed(chain, policy), code=1).stderr
    assert LOCKS in said and f'the filter begins to {word} what no rule of "{chain}" accepts' in said, said
    assert "lab.json:" in said and rules(machine) == before
    assert machine.ctl("plan", machine.folder / "lab.json", code=1).stderr == said
    assert f"begins to {word}" not in machine.ctl("plan", "--sure", machine.folder / "lab.json").stderr
    machine.apply(closed(chain, policy), "lab", "--sure")
    assert rules(machine) != before
    # It is no different now; what is as it was, or opens, is asked nothing.
    assert machine.ctl("apply", machine.folder / "lab.json").stdout.strip() == "lab: unchanged"
    more = closed(chain, policy)
    more["host"]["filter"]["rules"] = [{"chain": chain, "proto": "icmp", "action": "accept"}]
    machine.apply(more)
    machine.apply(OPEN)
    assert rules(machine) == before


SSH = {"chain": "input", "proto": "tcp", "port": 22, "action": "accept"}
CLOSE = {"chain": "input", "action": "drop"}


@pytest.mark.parametrize("where", ["host", "theirs"])
@pytest.mark.parametrize("before, after, place, says", [
    ({}, {"rules": [CLOSE]}, "rules/0", 'the filter begins to drop this in "input"'),
    ({"input": "drop", "rules": [SSH]}, {"input": "drop"}, "input",
     'the filter no longer accepts {"proto":"tcp","port":22} in "input", and closes after it'),
    ({"rules": [SSH, CLOSE]}, {"rules": [CLOSE, SSH]}, "rules/1",
     "the drop of rules/0, which came after this accept, now comes before it"),
], ids=["drop", "accept", "order"])
def test_lock_out_by_a_rule(machine, where, before, after, place, says):
    """So does a rule, wherever the policy lets it decide."""
    def topology(wanted):
        wanted = {"filter": {"output": "accept", **wanted}}
        return {"host": wanted} if where == "host" else {"namespaces": {where: {"existing": True, **wanted}}}
    if where != "host":
        machine.sh(f"ip netns add {where}")
    machine.apply(topology(before), "lab", "--sure")
    netns = None if where == "host" else where
    was = rules(machine, netns)
    said = machine.apply(topology(after), code=1).stderr
    pointer = "/host" if where == "host" else f"/namespaces/{where}"
    assert re.search(rf"/lab\.json:\d+:\d+: {pointer}/filter/{place}: {where}: {re.escape(says)}$", said, re.M), said
    assert LOCKS in said, said
    assert rules(machine, netns) == was
    machine.apply(topology(after), "lab", "--sure")
    assert rules(machine, netns) != was
    machine.ctl("down", "lab")
    if where != "host":
        machine.sh(f"ip netns del {where}")


def test_lock_out_with_a_way_back(machine):
    machine.apply(OPEN)
    before = rules(machine)
    machine.apply(closed(), "lab", "--confirm", "60")
    machine.ctl("rollback", "lab")
    assert rules(machine) == before
    machine.apply(closed(), "lab", "--confirm", "60")
    machine.ctl("confirm", "lab")
    machine.ctl("down", "lab")
    # It was applied once: coming up again is no news.
    machine.ctl("up", "lab")
    assert "input_lab" in rules(machine) or "last_input_lab" in rules(machine)


def test_lock_out_elsewhere(machine):
    """A namespace of others is asked for, ours is not."""
    machine.sh("ip netns add theirs")
    topology = {"namespaces": {"theirs": {"existing": True, "filter": {"input": "drop"}}}}
    assert LOCKS in machine.apply(topology, code=1).stderr
    machine.apply(topology, "lab", "--sure")
    machine.apply({"namespaces": {"ours": {"filter": {"input": "drop"}}}}, "other")
    machine.ctl("down", "--all")
    machine.sh("ip netns del theirs")


def test_dumps_that_are_disturbed(machine):
    """Transactions of others beside each reading: it begins again, and finds what is there. Without all of it, other
    topologies would lose their jumps."""
    filters = {name: {"host": {"nat": {"masquerade": [{"from": f"10.{n}.{i}.0/24", "out": "eth0"} for i in range(200)]}}}
               for n, name in enumerate("ab")}
    for name, topology in filters.items():
        machine.apply(topology, name)
    before = machine.sh("nft -s list table inet netnsd")
    busy = machine.popen("sh", "-c", "touch /run/busy; nft add table ip other; nft add chain ip other c; echo; while [ -e /run/busy ]; "
                         "do nft add rule ip other c counter; nft flush chain ip other c; done", stdout=-1)
    busy.stdout.readline()
    for i in range(10):
        for name, topology in filters.items():
            assert machine.ctl("apply", machine.folder / f"{name}.json").stdout.strip() == f"{name}: unchanged"
            topology["host"]["nat"]["masquerade"].append({"from": f"192.168.{i}.0/24", "out": "eth0"})
            machine.apply(topology, name)
            topology["host"]["nat"]["masquerade"].pop()
            machine.apply(topology, name)
    assert machine.sh("nft -s list table inet netnsd") == before
    assert "was removed" not in machine.log() and ", declared " not in machine.log()
    machine.sh("rm /run/busy")
    busy.wait(20)
    busy.stdout.close()
    machine.sh("nft delete table ip other")



def test_answers_that_are_lost(bare, fault):
    """An overrun in place of any answer: what is said is what was done."""
    one = {"host": {"nat": {"masquerade": [{"from": "10.0.0.0/24", "out": "eth0"}]}}}
    bare.start("--audit", "3600", environment=fault.environment)
    done = 0
    for at in range(1, 40):
        bare.pause()  # no heal takes the fault
        fault.arm(ERROR, at, error=errno.ENOBUFS, only=NUMBERS["recvfrom"], reads=True)
        bare.resume()
        said = bare.apply(one, code=None)
        hit = fault.hits
        fault.disarm()
        assert not re.search("answers of netfilter were lost|netfilter did not answer", said.stderr), said.stderr
        there = bool(rules(bare)) if bare.sh("nft list tables") else False
        assert there == (said.returncode == 0), (at, said)
        done += there
        bare.ctl("down", "lab", code=None)
        assert bare.sh("nft list tables") == ""
        if not hit:
            break
    assert done > 1


def test_table_of_others(bare):
    """A table of our name that netnsd did not make is a conflict; of another family it is none."""
    bare.start("--no-table-owner")
    machine = bare
    topology = net(nat={"masquerade": [{"out": "eth0"}]})
    machine.sh("nft 'add table ip netnsd; add chain ip netnsd mine; add table inet netnsd; add chain inet netnsd mine; "
               "add rule inet netnsd mine counter'")
    before = machine.sh("nft list ruleset")
    said = machine.apply(topology, code=1).stderr
    assert ("nft host cannot be applied: another program's table inet netnsd is there, and netnsd leaves it alone; "
            '"nft delete table inet netnsd" removes it') in said, said
    assert machine.sh("nft list ruleset") == before
    machine.sh("nft delete table inet netnsd")
    machine.apply(topology)
    # Taken while ours is not watched.
    machine.pause()
    machine.sh("nft 'delete table inet netnsd; add table inet netnsd; add chain inet netnsd mine'")
    machine.resume()
    wait_for(lambda: machine.state() == "failed")
    [drift] = machine.status()["drift"]
    assert (drift["actual"], drift["reason"]) == ("another program's", "foreign")
    assert "mine" in machine.sh("nft list table inet netnsd")
    machine.sh("nft delete table inet netnsd")
    wait_for(lambda: "postrouting_lab" in rules(machine) if "inet" in machine.sh("nft list tables") else False)
    machine.pause()
    machine.sh("nft 'delete table inet netnsd; add table inet netnsd; add chain inet netnsd mine'")
    machine.resume()
    machine.ctl("down", "lab")
    assert "mine" in machine.sh("nft list table inet netnsd")
    machine.sh("nft 'delete table inet netnsd; delete table ip netnsd'")


LISTEN = """
import socket, sys
kind = socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET, kind)
if sys.argv[2] == "::":
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(sys.argv[4]))
s.setsockopt(socket.IPPROTO_IP, 15, 1)  # IP_FREEBIND: an address of IPv6 may be tentative
s.bind((sys.argv[2], int(sys.argv[3])))
if kind == socket.SOCK_STREAM:
    s.listen()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def listen(machine):
    """Something listens in a namespace until the end of the test."""
    all_of_them = []

    def one(proto, address, port, only_v6=0, netns=None):
        where = ["ip", "netns", "exec", netns] if netns else []
        all_of_them.append(machine.popen(*where, "/usr/bin/python3", "-c", LISTEN, proto, address, port, only_v6,
                                         stdin=-1, stdout=-1))
        assert all_of_them[-1].stdout.readline() == "ready\n"
    yield one
    for process in all_of_them:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def forward(**dnat):
    return net(nat={"dnat": [{"proto": "tcp", "port": 22, "to": "10.9.0.2", **dnat}]})


V6 = {"to": "fd01::2"}
LISTENERS = [
    (("tcp", "0.0.0.0", 22), {}, "tcp port 22 to 10.9.0.2, though something here listens on it at 0.0.0.0"),
    (("tcp", "10.0.0.1", 22), {}, "at 10.0.0.1"),
    (("tcp", "127.0.0.1", 22), {}, None),
    (("tcp", "127.0.0.1", 22), {"localhost": True, "to": "10.0.0.2"}, "at 127.0.0.1"),
    (("tcp", "::", 22), {}, "at ::"),
    (("tcp", "::", 22, 1), {}, None),
    (("tcp", "::", 22, 1), V6, "tcp port 22 to fd01::2, though something here listens on it at ::"),
    (("tcp", "0.0.0.0", 22), V6, None),
    (("tcp", "fd00::1", 22), {**V6, "at": "fd00::/64"}, "at fd00::1"),
    (("tcp", "::1", 22), V6, None),
    (("tcp", "0.0.0.0", 22), {"at": "10.0.0.1"}, "at 0.0.0.0"),
    (("tcp", "10.0.0.1", 22), {"at": ["10.0.0.0/28", "192.0.2.1"]}, "at 10.0.0.1"),
    (("tcp", "10.0.0.1", 22), {"at": "192.0.2.1"}, None),
    (("tcp", "0.0.0.0", 8005), {"port": "8000-8010"}, "tcp port 8005"),
    (("tcp", "0.0.0.0", 8011), {"port": "8000-8010"}, None),
    (("tcp", "0.0.0.0", 443), {"port": [80, "440-450"]}, "tcp port 443"),
    (("udp", "0.0.0.0", 53), {"proto": ["tcp", "udp"], "port": 53}, "udp port 53 to 10.9.0.2, though something here is bound to it"),
    (("udp", "0.0.0.0", 22), {}, None),
]


@pytest.mark.parametrize("socket, dnat, why", LISTENERS, ids=[str(i) for i in range(len(LISTENERS))])
def test_lock_out_by_dnat(machine, listen, socket, dnat, why):
    machine.apply(net())
    listen(*socket)
    if not why:
        machine.apply(forward(**dnat))
        return
    said = machine.apply(forward(**dnat), code=1).stderr
    assert LOCKS in said and '"dnat" 0 sends ' in said and why in said, said
    assert machine.sh("nft list tables") == ""
    machine.apply(forward(**dnat), "lab", "--sure")
    # It is taken already: a rule beside it is no news.
    more = forward(**dnat)
    more["host"]["nat"]["masquerade"] = [{"from": "10.9.0.0/24", "out": "eth0"}]
    machine.apply(more)
    machine.apply(net())
    machine.apply(forward(**dnat), "lab", "--confirm", "60")
    machine.ctl("rollback", "lab")
    assert machine.sh("nft list tables") == ""


def test_lock_out_by_dnat_elsewhere(machine, listen):
    """Asked is the namespace itself: one of others, not ours, and not the host for it."""
    machine.sh("ip netns add theirs; ip -n theirs link set lo up")
    topology = {"namespaces": {"theirs": {"existing": True, "nat": {"dnat": [{"proto": "tcp", "port": 22, "to": "10.9.0.2"}]}}}}
    listen("tcp", "0.0.0.0", 22)
    machine.apply(topology)
    machine.ctl("down", "lab")
    listen("tcp", "0.0.0.0", 22, netns="theirs")
    assert LOCKS in machine.apply(topology, code=1).stderr
    machine.apply({"namespaces": {"ours": {"nat": topology["namespaces"]["theirs"]["nat"]}}}, "other")
    listen("tcp", "0.0.0.0", 22, netns="ours")
    machine.apply({"namespaces": {"ours": {"nat": {"dnat": [{"proto": "tcp", "port": [22, 23], "to": "10.9.0.2"}]}}}}, "other")
    machine.ctl("down", "other")
    machine.sh("ip netns del theirs")


def test_nothing_is_read_twice(bare):
    """While the kernel counts no transaction in the namespace its rules are as they were read or written; after one, of
    whomever, they are read."""
    def read():
        return (bare.folder / "trace").read_text().count("GETRULE")

    def unchanged(name="lab"):
        assert bare.apply(topology, name).stdout == f"{name}: unchanged\n"
    bare.start("--audit", "3600", strace=True)
    topology = {"host": {"nat": {"masquerade": [{"from": ["10.0.0.0/24", "10.0.2.0/24"], "out": "eth0"}]}}}
    bare.apply(topology)
    unchanged()
    assert read() == 0
    bare.sh("nft add table ip other")
    wait_for(read)
    unchanged()
    before = read()
    unchanged()
    assert read() == before
    # Another topology's rules are a transaction, too.
    bare.apply(topology, "more")
    unchanged()
    assert read() > before
    before = read()
    unchanged("more")
    unchanged()
    assert read() == before
    bare.ctl("down", "more")
    bare.sh("nft delete table ip other")
    # What was taken down leaves nothing that could be mistaken for it.
    bare.ctl("down", "lab")
    assert bare.apply(topology).stdout != "lab: unchanged\n" and listed(bare)["postrouting"]
