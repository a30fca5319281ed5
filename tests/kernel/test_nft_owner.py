# SPDX-License-Identifier: MIT
"""Our nftables tables belong to netnsd while it runs, and outlive it: what others do changes nothing and breaks no
connection, and no socket keeps a namespace that goes."""
import re
import signal

import pytest
from machine import NETNSD, ROOT, wait_for

HERE, TABLE, OFF = ROOT / "tests/kernel/lib", ["list", "table", "inet", "netnsd"], "--no-table-owner"
NAT = {"masquerade": [{"from": "10.0.0.0/24", "out": "wan"}]}
DNAT = "handle $(nft -a list chain inet netnsd prerouting_lab | sed -n 's/.*dnat.*handle //p')"
REFUSED = ["nft delete table inet netnsd", f"nft delete rule inet netnsd prerouting_lab {DNAT}",
           "nft flush chain inet netnsd postrouting_lab", "nft insert rule inet netnsd forward_lab drop",
           f"nft replace rule inet netnsd prerouting_lab {DNAT} tcp dport 80 drop", "nft add chain inet netnsd mine",
           "nft 'chain inet netnsd forward { policy drop; }'", "nft add set inet netnsd mine '{ type ipv4_addr; }'",
           "nft add table inet netnsd '{ flags dormant; }'", "nft add table inet netnsd", "nft -f /run/saved"]


def router():
    """A namespace that reaches another one through the host, as the host."""
    return {"host": {"forwarding": True, "filter": {"forward": "drop", "rules": [
                        {"chain": "forward", "in": "lan", "action": "accept"}]},
                     "nat": {**NAT, "dnat": [{"proto": "tcp", "port": 80, "to": "10.0.0.2"}]},
                     "interfaces": {"lan": {"kind": "veth", "peer": "inside/eth0", "addresses": ["10.0.0.1/24"]},
                                    "wan": {"kind": "veth", "peer": "outside/eth0", "addresses": ["192.0.2.1/24"]}}},
            "namespaces": {"inside": {"interfaces": {"eth0": {"addresses": ["10.0.0.2/24"]}},
                                      "routes": [{"to": "default", "via": "10.0.0.1"}]},
                           "outside": {"interfaces": {"eth0": {"addresses": ["192.0.2.2/24"]}}}}}


def inner(netns="ns1", **body):
    return {"namespaces": {netns: {"nat": {"masquerade": [{"from": "10.0.0.0/24", "out": "eth*"}]}, **body}}}


def nft(machine, netns, *args, **options):
    return machine.run(*(["ip", "netns", "exec", netns] if netns else []), "nft", *args, **options)


def table(machine, netns=None):
    """With handles, which change if it is written; without its owner."""
    text = nft(machine, netns, "-a", *TABLE, code=None).stdout
    return re.sub(r" (# )?progname \S+|^\tflags .*\n\n?", "", text, flags=re.M)


def is_owned(machine, netns=None):
    return "flags owner" in nft(machine, netns, *TABLE, code=None).stdout


def held(machine):
    """How many netlink sockets and namespaces netnsd has open: no connections, whose clients may just have gone."""
    pid = machine.pid()
    local = {line.split()[6] for line in (machine.root / f"proc/{pid}/net/unix").read_text().splitlines()[1:]}
    found = re.findall(r"(socket|net):\[(\d+)\]", machine.sh(f"ls -l /proc/{pid}/fd"))
    return len([inode for kind, inode in found if kind == "net" or inode not in local])


def at_rest(machine):
    """The same with nothing applied, but what stays from the first change on."""
    machine.apply(inner("first"), "first")
    machine.ctl("down", "--forget", "first")
    return held(machine)


def holds(machine, n):
    wait_for(lambda: held(machine) == n)


def healed(machine):
    return re.findall(r"healed|, declared |was removed|was added", machine.log())


@pytest.fixture
def stream(machine):
    """Function: answers come through the connection, which was opened at the first call."""
    processes = []

    def go():
        if not processes:
            processes.append(machine.popen("/usr/bin/python3", HERE / "echo.py", "inside", "outside", "192.0.2.2", stdin=-1,
                                           stdout=-1))
        processes[0].stdin.write("\n")
        processes[0].stdin.flush()
        assert int(processes[0].stdout.readline())
    yield go
    for process in processes:
        process.stdin.close()
        assert process.wait(20) == 0
        process.stdout.close()


def test_others_change_nothing(machine, stream):
    """Everything is refused but a flush, which leaves the table; nothing has to be healed."""
    machine.apply(router(), "lab", "--sure")
    machine.sh("nft list ruleset >/run/saved; nft add table ip other; nft add chain ip other c")
    before = table(machine)
    stream()
    for command in REFUSED:
        assert machine.run("sh", "-ec", command, code=None).returncode == 1, command
        assert table(machine) == before
        stream()
    machine.sh("nft flush ruleset")
    assert "other" not in machine.sh("nft list ruleset") and table(machine) == before
    for netns in "inside", "outside":
        nft(machine, netns, "flush", "ruleset")
    stream()
    assert machine.ctl("apply", machine.folder / "lab.json").stdout.strip() == "lab: unchanged"
    assert is_owned(machine) and not healed(machine)
    # It is still netnsd's to change, and to take away.
    changed = router()
    changed["host"]["nat"]["dnat"][0]["port"] = 81
    machine.apply(changed)
    assert "dport 81" in table(machine) and is_owned(machine)
    stream()


def test_killed(machine, stream):
    """The table outlives it, and belongs to the next one; not one packet of a connection is lost in between."""
    machine.apply(router(), "lab", "--sure")
    machine.apply(inner(), "other")
    before = [table(machine), table(machine, "ns1")]
    stream()
    for number in signal.SIGKILL, signal.SIGTERM:
        machine.stop(number)
        assert [table(machine), table(machine, "ns1")] == before and not is_owned(machine)
        stream()
        machine.start()
        wait_for(lambda: is_owned(machine) and is_owned(machine, "ns1"))
        stream()
        assert [table(machine), table(machine, "ns1")] == before and not healed(machine)
        assert machine.ctl("apply", machine.folder / "lab.json").stdout.strip() == "lab: unchanged"


def test_changed_while_nobody_owns_it(machine):
    machine.apply(inner())
    before = nft(machine, "ns1", *TABLE).stdout
    assert is_owned(machine, "ns1")
    machine.stop(signal.SIGKILL)
    nft(machine, "ns1", "add", "rule", "inet", "netnsd", "postrouting_lab", "drop")
    machine.start()
    wait_for(lambda: nft(machine, "ns1", *TABLE).stdout == before)
    machine.stop(signal.SIGKILL)
    nft(machine, "ns1", "flush", "ruleset")
    machine.start()
    wait_for(lambda: nft(machine, "ns1", *TABLE, code=None).stdout == before)


def test_once(bare):
    """A table that nobody owns is changed by whoever is next."""
    for ports in [80], [80, 443]:
        topology = {"host": {"nat": {"dnat": [{"proto": "tcp", "port": ports, "to": "10.9.0.2"}]}}}
        if len(ports) > 1:  # with a base chain that it had not
            topology["host"]["filter"] = {"forward": "accept", "clamp_mss": True}
        bare.run(NETNSD, "--once", bare.file(topology))
        assert all(str(port) in table(bare) for port in ports) and not is_owned(bare)
    bare.start()
    wait_for(lambda: is_owned(bare))
    bare.ctl("down", "lab")
    assert table(bare) == ""


def test_several_topologies(machine):
    """The table belongs to netnsd until the last has gone, with one socket for all."""
    before = at_rest(machine)
    for port, name in enumerate("abc", 80):
        machine.apply({"host": {"nat": {"dnat": [{"proto": "tcp", "port": port, "to": "10.9.0.2"}]}}}, name)
    holds(machine, before + 1)
    for name in "ab":
        machine.ctl("down", name)
        assert is_owned(machine) and nft(machine, None, "delete", *TABLE[1:], code=1).stderr
    machine.ctl("down", "c")
    assert table(machine) == ""
    holds(machine, before)
    # So does one that takes only its NAT out of its file.
    machine.apply(inner())
    machine.apply({"namespaces": {"ns1": {}}})
    assert table(machine, "ns1") == ""
    holds(machine, before + 1)
    machine.ctl("down", "lab")
    holds(machine, before)


def stranger(machine, netns):
    """Links of somebody else's: that on the host goes when the namespace does."""
    machine.sh(f"ip link add gone0 type veth peer name gone1 netns {netns}")


def test_ours_goes(machine):
    before = at_rest(machine)
    machine.apply(inner())
    assert is_owned(machine, "ns1")
    stranger(machine, "ns1")
    machine.ctl("down", "lab")
    wait_for(lambda: not machine.link(None, "gone0"))
    holds(machine, before)
    # Or a new version of its topology is without it.
    machine.apply(inner())
    stranger(machine, "ns1")
    machine.apply(inner("ns2"))
    wait_for(lambda: not machine.link(None, "gone0"))
    assert is_owned(machine, "ns2") and machine.namespaces() == ["ns2"]
    # Or the apply is rolled back.
    machine.ctl("down", "lab")
    broken = inner(sysctl={"net.ipv4.ip_default_ttl": 999})
    machine.apply(broken, code=1)
    holds(machine, before)


def test_unlinked(machine):
    """It gets its name back, as ever, with the table that it had."""
    machine.apply(inner())
    before, inode = table(machine, "ns1"), machine.inode("ns1")
    machine.unname("ns1")
    wait_for(lambda: machine.state() == "up" and machine.namespaces() == ["ns1"] and machine.inode("ns1") == inode)
    assert table(machine, "ns1") == before and is_owned(machine, "ns1")


def test_existing_goes(machine):
    """What is not netnsd's goes as soon as it is deleted; another one of that name is set up as declared."""
    machine.sh("ip netns add theirs")
    before = at_rest(machine)
    machine.apply(inner("theirs", existing=True))
    for _ in range(2):
        assert is_owned(machine, "theirs")
        holds(machine, before + 1)
        stranger(machine, "theirs")
        machine.sh("ip netns del theirs")
        wait_for(lambda: not machine.link(None, "gone0"))
        holds(machine, before)
        machine.sh("ip netns add theirs")
        wait_for(lambda: is_owned(machine, "theirs"))
    # Planned and shown only, it is not held either.
    machine.ctl("down", "lab")
    machine.ctl("plan", machine.folder / "lab.json")
    stranger(machine, "theirs")
    machine.sh("ip netns del theirs")
    wait_for(lambda: not machine.link(None, "gone0"))


def test_replaced_under_its_name(machine):
    """The name is given to another namespace: the first one goes."""
    machine.sh("ip netns add theirs")
    machine.apply(inner("theirs", existing=True))
    before = at_rest(machine)
    stranger(machine, "theirs")
    machine.sh("ip netns add spare; umount /run/netns/theirs; mount --bind /run/netns/spare /run/netns/theirs")
    machine.sh("ip netns del spare")
    wait_for(lambda: not machine.link(None, "gone0"))
    wait_for(lambda: is_owned(machine, "theirs"))
    holds(machine, before)
    machine.ctl("down", "lab")
    machine.sh("ip netns del theirs")


def test_owner_is_another(machine):
    """Nobody can change such a table: said, with what to do; nothing is half done."""
    other = machine.popen("/usr/bin/python3", HERE / "claim.py", stdin=-1, stdout=-1)
    assert other.stdout.readline() == "ready\n"
    topology = router()
    said = machine.apply(topology, "lab", "--sure", code=1).stderr
    assert re.search(r"nft host 8 rules: nftables: the table inet netnsd belongs to another program \(netlink port \d+\), "
                     r"which nft list table inet netnsd names; only that program can change it: end it, and try again", said), said
    assert machine.namespaces() == []
    other.stdin.close()
    other.wait(20)
    other.stdout.close()
    machine.apply(topology, "lab", "--sure")
    assert is_owned(machine)


def test_without(bare):
    """The option: others may change the tables, which is healed; it leaves alone who owns those that are there."""
    bare.start(OFF)
    topology = inner()
    bare.apply(topology)
    before = table(bare, "ns1")
    assert "flags" not in nft(bare, "ns1", *TABLE).stdout
    nft(bare, "ns1", "flush", "ruleset")
    wait_for(lambda: "masquerade" in table(bare, "ns1"))
    # The kernel lets nobody own what others could have.
    before = table(bare, "ns1")
    bare.restart()
    assert bare.apply(topology).stdout.strip() == "lab: unchanged"
    assert table(bare, "ns1") == before and not is_owned(bare, "ns1")
    nft(bare, "ns1", "add", "chain", "inet", "netnsd", "mine")
    wait_for(lambda: "mine" not in table(bare, "ns1") and "healed" in bare.log())
    assert not is_owned(bare, "ns1")
    nft(bare, "ns1", "flush", "ruleset")
    wait_for(lambda: is_owned(bare, "ns1"))
    bare.stop()
    bare.start(OFF)
    nft(bare, "ns1", "add", "chain", "inet", "netnsd", "mine")
    wait_for(lambda: "mine" not in table(bare, "ns1"))
    changed = inner()
    changed["namespaces"]["ns1"]["nat"]["masquerade"][0]["out"] = "ppp0*"
    bare.apply(changed)
    assert "ppp0" in table(bare, "ns1") and not is_owned(bare, "ns1")


def test_few_descriptors(bare):
    """Of 160, changes have a quarter: tables that come late are nobody's, and healed."""
    bare.start(program=f"prlimit --nofile=160:160 {NETNSD}")
    names = [f"n{i:02}" for i in range(70)]
    for name in names:
        bare.apply(inner(name), name)
    assert is_owned(bare, names[0]) and not is_owned(bare, names[-1])
    nft(bare, names[-1], "flush", "ruleset")
    wait_for(lambda: "masquerade" in table(bare, names[-1]))
    bare.ctl("down", "--all")
    bare.apply(inner())
    assert is_owned(bare, "ns1")
