# SPDX-License-Identifier: MIT
"""netnsctl explain --trace: what is told of packets is what happened to them; nothing is left behind, however it ends."""
import json
import os
import signal
import subprocess

import pytest
from explaining import start
from machine import NETNSCTL, wait_for
from varlink import Connection, encode

TABLE = "netnsd_trace"
PLACES = ["office", "router", "lab"]


class Trace:
    """One that runs; ready once all namespaces are traced."""

    def __init__(self, machine, *args, seconds=30):
        self.machine = machine
        self.process = machine.popen(NETNSCTL, "--json", "explain", *args, "--trace", str(seconds), stdout=subprocess.PIPE)
        self.first = json.loads(self.process.stdout.readline())
        self.steps = []

    def until(self, wanted):
        """Reads steps up to one for which @wanted is true."""
        for line in self.process.stdout:
            self.steps.append(json.loads(line)["step"])
            if wanted(self.steps[-1]):
                return self.steps[-1]
        raise AssertionError(self.steps)

    def end(self):
        """All that comes until it ends by itself."""
        for line in self.process.stdout:
            reply = json.loads(line)
            if "step" not in reply:
                self.code = self.process.wait()
                return reply
            self.steps.append(reply["step"])
        raise AssertionError(self.steps)

    def told(self):
        return [(s["object"], s["message"], s["back"]) for s in self.steps]

    def kill(self):
        """Not what only waits for it."""
        for pid, name, args in self.machine.listed():
            if name == "netnsctl" and "--trace" in args:
                self.machine.run("kill", "-9", pid)
        self.process.wait()
        self.process.stdout.close()


def tables(machine, netns):
    inside = [] if netns == "host" else ["ip", "netns", "exec", netns]
    return machine.run(*inside, "nft", "list", "tables").stdout


def left(machine, places=PLACES):
    return [n for n in places if TABLE in tables(machine, n)]


def ping(machine, netns, address, seconds=5):
    return machine.run("ip", "netns", "exec", netns, "ping", "-qnc1", f"-W{seconds}", address, code=None).returncode == 0


def test_router(machine):
    start(machine, "router")
    trace = Trace(machine, "office", "lab/eth0", seconds=6)
    assert trace.first == {"namespaces": PLACES} and left(machine) == PLACES
    assert ping(machine, "office", "10.0.4.10")
    there, back = "10.0.3.10 → 10.0.4.10", "10.0.4.10 → 10.0.3.10"
    end = trace.end()
    assert trace.told() == [
        ("office", f"is sent: {there}", False), ("office/eth0", "leaves", False),
        ("router/office", f"comes in: {there}", False), ("router/lab", "is forwarded", False), ("router/lab", "leaves", False),
        ("lab/eth0", f"comes in: {there}", False), ("lab/eth0", "arrives", False),
        ("lab", f"is sent: {back}", True), ("lab/eth0", "leaves", True),
        ("router/lab", f"comes in: {back}", True), ("router/office", "is forwarded", True), ("router/office", "leaves", True),
        ("office/eth0", f"comes in: {back}", True), ("office/eth0", "arrives", True)]
    assert (end["arrived"], end["answered"], end["lost"], end["counters"]) == (1, 1, 0, []) and trace.code == 0
    assert left(machine) == []


def test_other_packets(machine):
    """Only those of the flow are followed."""
    start(machine, "router")
    trace = Trace(machine, "office", "lab/eth0", "--proto", "tcp", "--port", "80", seconds=1)
    assert ping(machine, "office", "10.0.4.10") and ping(machine, "lab", "10.0.3.1")
    end = trace.end()
    assert (trace.steps, end["arrived"], trace.code) == ([], 0, 3)


RULES = "add table ip x; add chain ip x c { type filter hook forward priority 0; }; add chain ip x d; "
DROPS = {
    RULES + "add rule ip x c jump d; add rule ip x d icmp type echo-request drop": ("router", "table ip x, chain d, rule 4: drop"),
    RULES + "add rule ip x c ip saddr 10.0.3.10 reject": ("router", "table ip x, chain c, rule 3: drop"),
    "add table ip x; add chain ip x c { type filter hook forward priority 0; policy drop; }":
        ("router", "table ip x, chain c, policy: drop"),
}


@pytest.mark.parametrize("rules", DROPS)
def test_rule_of_others(machine, rules):
    """The rule that dropped it is named, by the number that the command of the next line shows; it stays as it is."""
    start(machine, "router")
    machine.sh(f"ip netns exec router nft '{rules}'")
    before = machine.run("ip", "netns", "exec", "router", "nft", "-a", "list", "table", "ip", "x").stdout
    trace = Trace(machine, "office", "lab/eth0")
    assert not ping(machine, "office", "10.0.4.10", 0.5)
    step = trace.until(lambda s: s["state"] == "dropped")
    assert (step["object"], step["message"]) == DROPS[rules]
    listing = machine.run("sh", "-c", step["command"]).stdout
    assert "policy drop" in listing or f"# handle {step['message'].split('rule ')[1].split(':')[0]}\n" in listing
    trace.kill()
    assert machine.run("ip", "netns", "exec", "router", "nft", "-a", "list", "table", "ip", "x").stdout == before
    wait_for(lambda: not left(machine))


def test_dropped_by_routing(machine):
    start(machine, "router")
    assert ping(machine, "office", "10.0.4.10")  # who is whose neighbour is known
    machine.sh("ip netns exec router sysctl -qw net.ipv4.conf.office.rp_filter=1; ip -n router route add 10.0.3.10/32 dev lab")
    trace = Trace(machine, "office", "lab/eth0", seconds=6)
    assert not ping(machine, "office", "10.0.4.10", 0.5)
    end = trace.end()
    last = trace.steps[-1]
    assert (last["object"], last["state"]) == ("router", "dropped") and "gets no further than prerouting" in last["message"]
    assert end["counters"] == [{"object": "router", "counter": "TcpExtIPReversePathFilter", "packets": 1}]
    assert (end["arrived"], trace.code) == (0, 3)


def test_nat(machine):
    """Where it is translated the addresses change, and it is known again."""
    start(machine, "nat-routers")
    trace = Trace(machine, "client", "203.0.113.2", seconds=6)
    assert "server" not in trace.first["namespaces"] and ping(machine, "client", "203.0.113.2")
    trace.end()
    told = [(o, m) for o, m, _ in trace.told()]
    assert ("home/eth0", "leaves: now 203.0.113.1 → 203.0.113.2") in told
    assert ("home/eth0", "comes in: 203.0.113.2 → 203.0.113.1") in told
    assert ("home", "is translated: now 203.0.113.2 → 192.168.1.10") in [(o.split("/")[0], m) for o, m in told]
    assert told[-1] == ("client/eth0", "arrives")


def test_ipv6(machine):
    start(machine, "ipv6")
    trace = Trace(machine, "west", "2001:db8:5::2")
    assert wait_for(lambda: machine.run("ip", "netns", "exec", "west", "ping", "-qnc1", "-W0.5", "2001:db8:5::2", code=None).returncode == 0)
    assert trace.until(lambda s: s["message"] == "arrives")["object"] == "east/eth0"
    trace.kill()


def test_text(machine):
    start(machine, "router")
    process = machine.popen(NETNSCTL, "explain", "office", "lab/eth0", "--trace", "6", stdout=subprocess.PIPE)
    assert process.stdout.readline() == "office → lab/eth0: packets are followed for 6 s in office, router, lab; netnsctl sends none\n"
    machine.sh("ip netns exec lab nft 'add table ip x; add chain ip x c { type filter hook input priority 0; policy drop; }'")
    assert not ping(machine, "office", "10.0.4.10", 0.5)
    lines = process.communicate()[0].splitlines()
    assert process.returncode == 3
    assert lines[-3].split(None, 2)[1:] == ["lab", "packet 1: dropped: table ip x, chain c, policy: drop"]
    assert lines[-2:] == ["      ip netns exec lab nft -a list chain ip x c", "no packet arrived: the last was seen at lab, and dropped there"]


def test_client_leaves(machine):
    """Killed, or gone without a word."""
    start(machine, "router")
    trace = Trace(machine, "office", "lab/eth0")
    trace.kill()
    wait_for(lambda: not left(machine))
    Trace(machine, "office", "lab/eth0").kill()
    wait_for(lambda: not left(machine))


def test_daemon_is_killed(machine):
    start(machine, "router")
    trace = Trace(machine, "office", "lab/eth0")
    assert left(machine) == PLACES
    machine.stop(signal.SIGKILL)
    wait_for(lambda: not left(machine))
    assert trace.process.wait() == 1
    trace.process.stdout.close()
    machine.start()


def test_one_at_a_time(machine):
    start(machine, "router")
    trace = Trace(machine, "office", "lab/eth0")
    assert "another packet is being traced" in machine.ctl("explain", "lab", "office", "--trace", "1", code=1).stderr
    # Everything else goes on.
    assert machine.ctl("explain", "office", "lab/eth0").stdout.endswith("the packet arrives, and so does its answer\n")
    assert TABLE not in machine.ctl("explain", "office", "lab/eth0").stdout
    trace.kill()
    wait_for(lambda: not left(machine))
    Trace(machine, "office", "lab/eth0", seconds=1).end()


def test_foreign_namespaces(machine):
    """Those of others are not entered: nothing is told of them."""
    start(machine, "internet")
    trace = Trace(machine, "ns1", "192.0.2.1", seconds=6)
    assert trace.first["namespaces"] == ["ns1", "host"]
    assert ping(machine, "ns1", "192.0.2.1") and TABLE not in tables(machine, "inet")
    end = trace.end()
    assert {o.split("/")[0] for o, _, _ in trace.told()} == {"ns1", "host"} and end["answered"] == 1
    machine.sh("ip -n inet link del eth0; ip netns del inet")


def test_many_packets(machine):
    """A flood is followed at a bounded rate."""
    start(machine, "router")
    trace = Trace(machine, "office", "lab/eth0", seconds=6)
    machine.run("ip", "netns", "exec", "office", "ping", "-qnf", "-c2000", "10.0.4.10")
    end = trace.end()
    sent = sum(s["message"].startswith("is sent") and not s["back"] for s in trace.steps)
    assert 20 <= sent <= 200 and end["lost"] == 0


def test_refused(machine):
    start(machine, "router")
    for seconds in "0", "61", "x", "-1", "":
        assert "must be 1 to 60" in machine.ctl("explain", "office", "lab", "--trace", seconds, code=2).stderr
    assert "both ways" in machine.ctl("explain", "office", "lab", "--trace", "1", "--reverse", code=2).stderr
    assert "there is no nobody" in machine.ctl("explain", "office", "nobody", "--trace", "1", code=1).stderr
    machine.sh(f"ip netns exec router nft add table inet {TABLE}")
    assert f"router has a table inet {TABLE} already" in machine.ctl("explain", "office", "lab", "--trace", "1", code=1).stderr
    assert left(machine) == ["router"]
    machine.sh(f"ip netns exec router nft delete table inet {TABLE}")
    with Connection(machine.socket) as connection:
        for parameters in ({"source": "office", "to": "lab"}, {"source": "office", "to": "lab", "seconds": 61}):
            connection.send(encode("io.netnsd.Trace", parameters, more=True))
            assert connection.receive()["error"] == "org.varlink.service.InvalidParameter"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs users")
def test_readers(bare):
    """To look is not enough."""
    bare.start("--group", "daemon")
    start(bare, "router")
    result = bare.run("setpriv", "--reuid", 1, "--regid", 1, "--clear-groups", NETNSCTL, "explain", "office", "lab", "--trace", "1", code=5)
    assert "not permitted" in result.stderr and left(bare) == []
