# SPDX-License-Identifier: MIT
"""nftables beside others: their changes make netnsd write nothing, it leaves what is theirs as it was, and it misses no
change, even when the kernel could not tell it of one."""
import difflib
import re
import subprocess
import time

import pytest
from crash_topologies import SETUP, TEARDOWN, first
from machine import NEVER, wait_for

RULES = {"nat": {"masquerade": [{"from": "10.0.0.0/24", "out": "eth*"}], "dnat": [{"proto": "tcp", "port": 80, "to": "10.0.0.2"}]},
         "filter": {"forward": "drop", "rules": [{"chain": "forward", "in": ["a*", "c*"], "action": "accept"}]}}
# What others have: in the way of firewalld and of docker, with chains that drop, sets, maps, counters and quotas.
FIREWALL = """table inet firewalld
delete table inet firewalld
table inet firewalld {
	set trusted { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.0.2.1 }; }
	chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept; ct state established,related accept;
		iifname "lo" accept; jump more; reject with icmpx admin-prohibited; }
	chain more { ip saddr @trusted counter packets 7 bytes 700 accept; }
	chain nat_POSTROUTING { type nat hook postrouting priority srcnat + 10; policy accept; oifname "wan" masquerade; }
}"""
CONTAINERS = """table ip containers
delete table ip containers
table ip containers {
	counter seen { packets 12 bytes 3400; }
	quota most { over 25 mbytes used 4 kbytes; }
	map ports { type inet_service : verdict; elements = { 22 : accept, 8080 : jump web }; }
	chain web { counter name "seen"; quota name "most" drop; }
	chain FORWARD { type filter hook forward priority filter; policy drop; tcp dport vmap @ports; }
}
table bridge containers { chain c { type filter hook forward priority 0; ether type ip accept; }; }
table netdev containers { chain c { }; }"""
IPTABLES = """for i in iptables ip6tables; do
	$i -N OTHERS; $i -A OTHERS -p tcp --dport 25 -j REJECT; $i -A FORWARD -j OTHERS; $i -P FORWARD DROP
	$i -t nat -A POSTROUTING -o wan -j MASQUERADE
done"""
GONE = "nft flush ruleset"


class Generations:
    """Who has changed nftables rules, as nft(8) hears it, in one namespace."""

    def __init__(self, machine, netns=None):
        where = ["ip", "netns", "exec", netns] if netns else []
        self.path = machine.folder / "generations"
        with self.path.open("w") as out:
            self.process = machine.popen(*where, "sh", "-c", "stdbuf -oL nft monitor 2>/dev/null & cat; kill $!",
                                         stdin=subprocess.PIPE, stdout=out)

    def of(self, program):
        """How many transactions of @program there were."""
        return len(re.findall(rf"^# new generation \d+ by process \d+ \({program}\)", self.path.read_text(), re.M))

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)


@pytest.fixture
def generations(machine):
    g = Generations(machine)
    # It is there once it has heard something.
    wait_for(lambda: machine.sh("nft add table ip hello; nft delete table ip hello") == "" and g.of("nft"))
    yield g
    g.close()


def counted(machine, generations, what):
    """Transactions of netnsd, once it has looked at all that was done, and nft monitor has heard of all."""
    before = generations.of("nft")
    machine.sh(what)
    machine.sh("nft add table ip last; nft delete table ip last; ip addr del 10.0.0.1/24 dev br0")
    wait_for(lambda: machine.addresses(None, "br0") == ["10.0.0.1/24"])
    wait_for(lambda: generations.of("nft") >= before + 2)
    machine.call("Status")
    return generations.of("netnsd")


def test_changes_of_others_are_no_drift(machine, generations):
    """netnsd writes when it is told to, and not when others change their own tables, however much."""
    topology = {"host": {"interfaces": {"br0": {"kind": "bridge", "addresses": ["10.0.0.1/24"]}}, **RULES}}
    machine.apply(topology, "lab", "--sure")
    ours = wait_for(lambda: generations.of("netnsd"))
    before = machine.sh("nft list table inet netnsd")
    for text in FIREWALL, CONTAINERS, FIREWALL, CONTAINERS:
        machine.run("nft", "-f", "-", text=text)
    assert counted(machine, generations, IPTABLES) == ours
    flush = "for i in iptables ip6tables; do $i -P FORWARD ACCEPT; for t in filter nat; do $i -t $t -F; $i -t $t -X; done; done"
    assert counted(machine, generations, f"iptables-save >/run/saved; {flush}; iptables-restore /run/saved; {flush}") == ours
    assert machine.apply(topology).stdout.strip() == "lab: unchanged"
    assert machine.sh("nft list table inet netnsd") == before and generations.of("netnsd") == ours
    # It would have been heard.
    topology["host"]["nat"]["masquerade"].append({"from": "10.7.0.0/24"})
    machine.apply(topology)
    wait_for(lambda: generations.of("netnsd") == ours + 1)
    machine.ctl("down", "lab")
    machine.sh(GONE)


# Everything that anybody could have noticed. Numbers that count what happens by itself are left out.
ALL = """{ nft list ruleset; iptables-save; ip6tables-save; ip -d -j addr; ip -d -j link; ip -j route show table all; ip -6 -j route show table all
ip -j rule; ip -6 -j rule; ip -j neigh show nud permanent; tc -j qdisc; tc -j filter; } 2>&1 | grep -v '^#'
sysctl -a 2>/dev/null | grep '^net' | grep -v -e nf_conntrack_count -e 'fs[.]' -e '[.]random' || true"""
ETC = "cd /etc/netns; find . -printf '%p %y %m %U %l\\n' | sort; grep -r '' . | sort"
COUNTED = re.compile(r'"(valid|preferred)_life_time":\d+|"(tx|rx|bytes|packets|drops|overlimits|requeues|backlog|qlen)":\d+|'
                     r'"[a-z_]+_timer":[\d. ]+|^:[A-Z]+ (ACCEPT|DROP) \[\d+:\d+\]$', re.M)


def everything(machine):
    found = [machine.sh(ETC)] + [COUNTED.sub("", machine.run(*where, "sh", "-c", ALL).stdout)
                                 for where in ([], ["ip", "netns", "exec", "out"])]
    return "\n".join(found).replace("{", "\n{").splitlines()


def is_tentative(found):
    return any('"tentative"' in line for line in found)


def settled(machine, before):
    """Everything, once it is as @before; what it is in the end, if that does not come: carriers and IPv6 take a moment."""
    end = time.monotonic() + 5
    while (found := everything(machine)) != before and time.monotonic() < end:
        time.sleep(0.05)
    return found


def with_rules(topology):
    for body in topology["host"], *topology["namespaces"].values():
        body.update(RULES)
    return topology


def test_down_leaves_everything(bare):
    """A topology of all kinds comes and goes: what others have is as it was, to the letter."""
    bare.start("--heal-burst", NEVER)
    bare.sh(SETUP)
    for where in [], ["ip", "netns", "exec", "out"]:
        for text in FIREWALL, CONTAINERS:
            bare.run(*where, "nft", "-f", "-", text=text)
        bare.run(*where, "sh", "-ec", IPTABLES)
    before = wait_for(lambda: not is_tentative(found := everything(bare)) and found)
    for _ in range(2):
        bare.apply(with_rules(first()), "lab", "--sure")
        assert bare.apply(with_rules(first())).stdout.strip() == "lab: unchanged"
        assert "table inet netnsd" in "\n".join(everything(bare))
        bare.ctl("down", "lab")
        after = settled(bare, before)
        assert after == before, "\n".join(difflib.unified_diff(before, after, n=0))
    bare.sh(f"{GONE}; {TEARDOWN}")


def drops(machine):
    """Events of nftables that netnsd's listener has lost."""
    rows = [line.split() for line in (machine.root / f"proc/{machine.pid()}/net/netlink").read_text().splitlines()[1:]]
    return sum(int(row[8]) for row in rows if row[1] == "12" and int(row[3], 16))


def test_overrun(bare):
    """More transactions than the listener can hold, in one namespace: a change in another one, of which nothing could be told, is
    healed all the same."""
    bare.start("--heal-burst", NEVER, "--no-table-owner")
    bare.apply({"namespaces": {name: dict(RULES) for name in ("a", "b")}})
    table = ["ip", "netns", "exec", "b", "nft", "-s", "list", "table", "inet", "netnsd"]
    before = bare.run(*table).stdout
    bare.pause()

    def lost():
        bare.run("ip", "netns", "exec", "a", "nft", "-i", text="add table ip x\ndelete table ip x\n" * 500)
        return drops(bare)
    wait_for(lost, 300)  # each transaction waits for a grace period, which a busy machine makes long
    bare.sh("ip netns exec b nft flush table inet netnsd")
    assert bare.run(*table).stdout != before
    bare.resume()
    wait_for(lambda: bare.run(*table).stdout == before)
    assert bare.state() == "up"
