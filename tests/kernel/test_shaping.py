# SPDX-License-Identifier: MIT
"""Queueing disciplines of interfaces: created, changed in place, healed, taken away, and never another program's. Done with
tbf, which every kernel of the tests has; test_netem.py has the rest."""
import json
import re
import subprocess
from pathlib import Path

import pytest
from machine import NEVER, NETNSCTL, wait_for
from shaping import has_throughput, heals, kinds, lab, qdiscs, send, throughput

TBF = {"rate": "10mbit", "burst": "32kb", "latency": "50ms"}


STREAM = Path(__file__).parent / "lib/stream.py"


def tbf(**more):
    return lab(tbf={**TBF, **more})


@pytest.mark.parametrize("rate, burst, bits", [("10mbit", "32kb", 10e6), ("2mbps", "64kb", 16e6)])
def test_throughput(machine, rate, burst, bits):
    """What is measured is what was asked for, and not without it."""
    size = 1024 * int(burst[:-2])
    machine.apply(tbf(rate=rate, burst=burst, latency="2s"))
    assert has_throughput(machine, bits, size, 1000)
    machine.apply(lab())
    assert throughput(send(machine, 1000), size) > 2 * bits


def test_latency_is_the_longest_queue(machine):
    """A burst, and what the rate sends within the latency, get through; the rest is dropped."""
    machine.apply(tbf(rate="8mbit", burst="10kb", latency="20ms"))
    taken = sum(size for *_, size in send(machine, 300))
    assert 10 * 1024 + 20_000 * 0.9 <= taken < 200_000


def test_large_segments(machine):
    """TCP hands over up to 64 KiB at once: more than the bucket, and it passes all the same, at the rate."""
    machine.apply(tbf(rate="20mbit", burst="4kb"))
    seconds = float(machine.run("/usr/bin/python3", STREAM, "a", "b", "10.0.0.2", 1_000_000).stdout)
    assert seconds > 0.9 * 8 * (1_000_000 - 4096) / 20e6


def test_life(machine):
    machine.apply(lab())
    plan = machine.ctl("plan", machine.file(tbf())).stdout
    assert "+ qdisc     a/eth0  tbf rate 10mbit burst 32kb latency 50ms" in plan
    machine.apply(tbf())
    assert kinds(machine) == [("tbf", "4e44:", "root")]
    assert "rate 10Mbit burst 32Kb lat 50ms" in machine.run("tc", "-n", "a", "qdisc").stdout
    assert machine.apply(tbf()).stdout.strip() == "lab: unchanged"
    plan = machine.ctl("plan", machine.file(tbf(burst="16kb"))).stdout
    assert "~ qdisc     a/eth0  tbf burst 32kb → 16kb" in plan
    machine.apply(tbf(burst="16kb"), "lab", "--no-disrupt")
    assert "rate 10Mbit burst 16Kb lat 50ms" in machine.run("tc", "-n", "a", "qdisc").stdout
    plan = machine.ctl("plan", machine.file(lab())).stdout
    assert "- qdisc     a/eth0  tbf" in plan
    machine.apply(lab())
    assert kinds(machine) == []


def test_change_keeps_what_is_queued(machine):
    """Changed in place: not one of the datagrams that wait is lost."""
    slow = tbf(rate="2mbit", burst="4kb", latency="5s")
    machine.apply(slow)
    sender = machine.popen("/usr/bin/python3", STREAM.with_name("traffic.py"), "a", "b", "10.0.0.2", 400, 1000,
                           0, stdout=subprocess.PIPE)
    wait_for(lambda: '"qlen":' in machine.run("tc", "-n", "a", "-s", "-j", "qdisc").stdout
             and max(q.get("qlen", 0) for q in json.loads(machine.run("tc", "-n", "a", "-s", "-j", "qdisc").stdout)) > 50)
    machine.apply(tbf(rate="4mbit", burst="8kb", latency="5s"))
    assert len(json.loads(sender.communicate(timeout=60)[0])) == 400


@pytest.mark.parametrize("before, after", [(lab(), tbf()), (tbf(), lab())], ids=["create", "remove"])
def test_attaching_interrupts(machine, before, after):
    """The kernel drops what an interface has queued when its root is replaced."""
    machine.apply(before)
    found = qdiscs(machine)
    error = machine.apply(after, "lab", "--no-disrupt", code=1).stderr
    assert "which interrupts traffic" in error and "qdisc a/eth0 tbf" in error, error
    assert qdiscs(machine) == found


VALUES = [
    {"rate": "8bit", "burst": "1514b", "latency": "1s"}, {"rate": "1kbit", "burst": "1600", "latency": "400ms"},
    {"rate": "100gbit", "burst": "64mb", "latency": "1us"}, {"rate": "333333kbit", "burst": "9999b", "latency": "33.333ms"},
    {"rate": "34.36gbit", "burst": "1mb", "latency": "100ms"}, {"rate": "1gbps", "burst": "100kbit", "latency": "0s"},
    {"rate": "1tbit", "burst": "100mb", "latency": "1ns"}, {"rate": "7mibit", "burst": "1.5mb", "latency": "123456ns"},
]


def test_values_are_stable(bare):
    """The kernel stores ticks, and rounds: what is read back is what was asked for all the same."""
    interfaces = {f"eth{i}": {"kind": "veth", "peer": f"peer{i}", "tbf": values} for i, values in enumerate(VALUES[1:])}
    t = {"namespaces": {"a": {"interfaces": interfaces}}}
    bare.start(strace=True)
    bare.apply(t)
    assert len([q for q in qdiscs(bare) if q["kind"] == "tbf"]) == len(interfaces)
    bare.writes()
    assert bare.apply(t).stdout.strip() == "lab: unchanged"
    bare.restart(strace=True)
    assert bare.apply(t).stdout.strip() == "lab: unchanged"
    assert bare.writes() == []


def test_rollback_restores_the_very_values(machine):
    t = tbf(rate="9gbit", burst="33kb", latency="777us")
    machine.apply(t)
    before = qdiscs(machine)
    machine.apply(tbf(rate="1gbit"))
    machine.ctl("rollback", "lab")
    assert qdiscs(machine) == before
    assert machine.apply(t).stdout.strip() == "lab: unchanged"


CHANGES = [
    "qdisc del dev eth0 root",
    "qdisc change dev eth0 root tbf rate 1mbit burst 10kb latency 9ms",
    "qdisc change dev eth0 root tbf rate 10mbit burst 31kb latency 50ms",
    "qdisc replace dev eth0 root tbf rate 11mbit burst 32kb latency 50ms",
    "qdisc change dev eth0 root tbf rate 10mbit burst 32kb latency 50ms peakrate 20mbit mtu 1600",
    "qdisc change dev eth0 root tbf rate 10mbit overhead 20 burst 32kb latency 50ms",
]


def test_heals(bare):
    bare.start("--heal-burst", NEVER)
    bare.apply(tbf())
    before = qdiscs(bare)
    for command in CHANGES:
        heals(bare, command, before)
    assert "qdisc a/eth0: " in bare.log() and ", declared tbf " in bare.log()


FOREIGN = ["pfifo limit 10", "htb default 1", "tbf rate 1mbit burst 10kb latency 10ms"]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_foreign_root(machine, foreign):
    """Another program's root is a conflict, with the command that removes it; it is left alone, also where it takes the
    place of ours."""
    machine.apply(lab())
    machine.sh(f"tc -n a qdisc add dev eth0 root handle 77: {foreign}")
    before = kinds(machine)
    kind = foreign.split()[0]
    error = machine.apply(tbf(), code=1).stderr
    assert f'another program\'s {kind} 77: is there' in error and '"tc -n a qdisc del dev eth0 root" removes it' in error, error
    assert "nothing was touched" in error and kinds(machine) == before
    machine.sh("tc -n a qdisc del dev eth0 root")
    machine.apply(tbf())
    machine.sh(f"tc -n a qdisc replace dev eth0 root handle 77: {foreign}")
    wait_for(lambda: any(d.get("reason") == "foreign" for d in machine.status().get("drift", [])))
    [drift] = machine.status()["drift"]
    assert (drift["expected"], drift["actual"]) == ("tbf", f"{kind} 77:")
    assert f"lab: qdisc a/eth0: {kind} 77:, declared tbf" in machine.ctl("status", "lab").stdout
    assert kinds(machine) == before
    machine.sh("tc -n a qdisc del dev eth0 root")
    wait_for(lambda: kinds(machine) == [("tbf", "4e44:", "root")])
    machine.sh(f"tc -n a qdisc replace dev eth0 root handle 77: {foreign}")
    machine.ctl("down", "lab")
    assert machine.namespaces() == []


def test_down_leaves_what_others_attached(machine):
    """The root of an interface that is only managed: ours goes, another program's stays."""
    machine.sh("ip link add wan type veth peer name isp; ip link set wan up; ip link set isp up")
    t = {"host": {"interfaces": {"wan": {"tbf": TBF}, "isp": {"tbf": TBF}}}}
    machine.apply(t)
    assert kinds(machine, None) == [("tbf", "4e44:", "root")] * 2
    machine.sh("tc qdisc replace dev isp root handle 5: pfifo limit 7")
    machine.ctl("down", "lab")
    assert kinds(machine, None) == [("pfifo", "5:", "root")]
    machine.sh("ip link del wan")


def test_two_topologies(machine):
    """Only one can shape an interface."""
    machine.sh("ip link add wan type veth peer name isp")
    machine.apply({"host": {"interfaces": {"wan": {"tbf": TBF}}}}, "one")
    error = machine.apply({"host": {"interfaces": {"wan": {"tbf": {**TBF, "rate": "1mbit"}}}}}, "two", code=1).stderr
    assert "belongs to the topology one" in error, error
    machine.ctl("down", "one")
    machine.sh("ip link del wan")


def test_kernel_without_it(machine):
    """Its own words, and what to do."""
    error = machine.apply(lab(netem={"delay": "20ms"}), code=None).stderr
    if not error:
        pytest.skip("this kernel has netem")
    assert "Specified qdisc kind is unknown" in error and '"modprobe sch_netem"' in error and "refused; everything is as it was" in error


GETQDISC = re.compile("nlmsg_type=(?:RTM_GETQDISC|0x26 )")


def test_nothing_declared_nothing_read(bare):
    """A namespace without shaping is not asked for it."""
    bare.start(strace=True)
    bare.apply(lab())
    bare.sh("ip -n a link set eth0 mtu 1400")
    wait_for(lambda: bare.link("a", "eth0")["mtu"] == 1500)
    assert not GETQDISC.search((bare.folder / "trace").read_text())
    bare.apply(tbf())
    assert GETQDISC.search((bare.folder / "trace").read_text())


BUSY = """ip netns add busy; ip -n busy link add e0 type veth peer name e1; ip -n busy link set e0 up
tc -n busy qdisc add dev e0 root handle 1: htb
i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo class replace dev e0 parent 1: classid 1:1 htb rate ${i}kbit; done >/run/batch"""


def test_busy_user_of_tc(machine):
    """Classes, filters and child qdiscs of others are not even heard."""
    machine.apply(tbf())
    machine.sh(BUSY)
    t = tbf()
    t["namespaces"]["busy"] = {"existing": True, "interfaces": {"e0": {}}}
    machine.apply(t)
    machine.pause()
    machine.sh("for i in 1 2 3 4; do tc -n busy -b /run/batch; done")
    machine.sh("tc -n a qdisc del dev eth0 root")
    machine.resume()
    wait_for(lambda: kinds(machine) == [("tbf", "4e44:", "root")])
    assert "lost" not in machine.log()
    machine.ctl("down", "lab")
    machine.sh("ip netns del busy")


def test_tbf_is_not_refused_twice(machine):
    """All the problems of a file in one answer, and no other ones because of them."""
    error = machine.run(NETNSCTL, "validate", machine.file(lab(tbf={"rate": "fast", "burst": "100b", "latency": "1y"},
                                                               netem={"loss": 1, "dely": "1ms"})), code=2).stderr
    assert error.count("/namespaces/") == 4, error
