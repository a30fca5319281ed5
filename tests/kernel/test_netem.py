# SPDX-License-Identifier: MIT
"""netem: what is asked for is what is measured, and not what is measured without it; how it changes, with and without tbf
below it."""
import itertools

import pytest
from machine import EXAMPLES, NEVER
from shaping import has_throughput, heals, is_binomial, is_delayed, kinds, lab, min_rtt, qdiscs, send, throughput

pytestmark = pytest.mark.uml
TBF = {"rate": "10mbit", "burst": "32kb", "latency": "50ms"}


@pytest.mark.parametrize("delay", [2, 20, 100])
def test_delay(machine, delay):
    machine.apply(lab())
    unshaped = min_rtt(machine)
    machine.apply(lab(netem={"delay": f"{delay}ms"}))
    assert is_delayed(min_rtt(machine), unshaped, delay)
    machine.apply(lab())
    assert not is_delayed(min_rtt(machine), unshaped, delay)


def test_delay_at_both_ends(machine):
    machine.apply(lab())
    unshaped = min_rtt(machine)
    t = lab(netem={"delay": "10ms"})
    t["namespaces"]["b"]["interfaces"]["eth0"]["netem"] = {"delay": "30ms"}
    machine.apply(t)
    assert is_delayed(min_rtt(machine), unshaped, 40)


def test_jitter(machine):
    """Evenly between 30 and 50 ms."""
    machine.apply(lab(netem={"delay": "40ms", "jitter": "10ms"}))
    times = [1000 * (received - sent) for _, sent, received, _ in send(machine, 500, gap=0.0005)]
    assert len(times) == 500
    assert 29.5 <= min(times) < 34 and max(times) > 46


COUNT = 4000


@pytest.mark.parametrize("netem, share", [({"loss": "10%"}, 0.1), ({"loss": "33.3%"}, 0.333)])
def test_loss(machine, netem, share):
    machine.apply(lab(netem=netem))
    assert is_binomial(COUNT - len(send(machine, COUNT)), COUNT, share)
    machine.apply(lab())
    lost = COUNT - len(send(machine, COUNT))
    assert lost == 0 and not is_binomial(lost, COUNT, share)


def test_delay_and_loss_together(machine):
    """Values of one qdisc, not one qdisc each, of which the second would be refused."""
    machine.apply(lab(netem={"delay": "30ms", "loss": "20%", "duplicate": "3%"}))
    got = send(machine, 2000)
    assert min(received - sent for _, sent, received, _ in got) >= 0.0295
    assert is_binomial(2000 - len({number for number, *_ in got}), 2000, 0.2 * 0.97)


def test_limit_bounds_the_wait(machine):
    """At 8 Mbit/s 50 packets of 1000 bytes take 50 ms; what would wait longer is dropped."""
    machine.apply(lab(netem={"rate": "8mbit", "limit": 50}))
    got = send(machine, 500)
    assert 50 <= len(got) < 400
    assert max(received - sent for _, sent, received, _ in got) < 0.25  # of 500 packets the last would wait for 0.5 s


def test_duplicate(machine):
    machine.apply(lab(netem={"duplicate": "5%"}))
    got = send(machine, COUNT)
    assert {number for number, *_ in got} == set(range(COUNT))
    assert is_binomial(len(got) - COUNT, COUNT, 0.05)


def test_corrupt(machine):
    """The checksums refuse what is damaged; a wrong bit in a MAC address of the sender is all that gets through."""
    machine.apply(lab(netem={"corrupt": "10%"}))
    assert is_binomial(COUNT - len(send(machine, COUNT)), COUNT, 0.1 * (1 - 6 / 1000))


def test_reorder(machine):
    """A quarter is not delayed."""
    machine.apply(lab(netem={"delay": "50ms", "reorder": "25%"}))
    got = send(machine, 1000, gap=0.0005)
    assert len(got) == 1000
    assert is_binomial(sum(received - sent < 0.025 for _, sent, received, _ in got), 1000, 0.25)
    assert [number for number, *_ in got] != sorted(number for number, *_ in got)


@pytest.mark.parametrize("rate, bits", [("10mbit", 10e6), ("2500kbps", 20e6)])
def test_rate(machine, rate, bits):
    machine.apply(lab(netem={"rate": rate}))
    assert has_throughput(machine, bits, 0, 1000)
    machine.apply(lab())
    assert throughput(send(machine, 1000)) > 2 * bits


def test_rate_above_32_bits_of_bytes(machine):
    machine.apply(lab(netem={"rate": "40gbit"}))
    assert qdiscs(machine)[0]["options"]["rate"]["rate"] == 5_000_000_000
    assert machine.apply(lab(netem={"rate": "40gbit"})).stdout.strip() == "lab: unchanged"


def test_limit_has_room_for_the_delay(machine):
    """As many as are sent within 200 ms: tc's default of 1000 loses most of them."""
    machine.apply(lab(netem={"delay": "200ms"}))
    assert len(send(machine, 4000)) == 4000
    machine.apply(lab(netem={"delay": "200ms", "limit": 100}))
    assert len(send(machine, 4000)) < 3000


def test_with_tbf(machine):
    """netem is the root, and tbf its child: both are measured."""
    machine.apply(lab())
    unshaped = min_rtt(machine)
    machine.apply(lab(netem={"delay": "20ms"}, tbf=TBF))
    assert kinds(machine) == [("netem", "4e44:", "root"), ("tbf", "4e45:", "4e44:1")]
    assert is_delayed(min_rtt(machine), unshaped, 20)
    assert has_throughput(machine, 10e6, 32 << 10, 2000, gap=0.0002)


def test_wan(machine):
    """The example: what its description says is what is measured."""
    machine.ctl("apply", EXAMPLES / "wan.json")
    assert is_delayed(min_rtt(machine, "office", "10.8.2.10"), 0, 40)
    for way in ("office", "datacentre", "10.8.2.10"), ("datacentre", "office", "10.8.1.10"):
        assert has_throughput(machine, 10e6, 32 << 10, 1500, 1000, 0.0003, *way)
    machine.ctl("down", "wan")


STATES = {
    "none": {},
    "netem": {"netem": {"loss": "1%", "duplicate": "0.5%", "rate": "1gbit"}},
    "tbf": {"tbf": TBF},
    "both": {"netem": {"delay": "20ms", "jitter": "1ms"}, "tbf": TBF},
    "other both": {"netem": {}, "tbf": {**TBF, "rate": "20mbit"}},
}


def test_every_transition(machine):
    """From each state to each later one, and back by a rollback."""
    seen = {}
    for before, after in itertools.combinations(STATES, 2):
        for name in before, after:
            machine.apply(lab(**STATES[name]))
            found = qdiscs(machine)
            assert seen.setdefault(name, found) == found, (before, after)
        machine.ctl("rollback", "lab")
        assert qdiscs(machine) == seen[before], (after, before)
    assert [len(seen[name]) for name in STATES] == [0, 1, 1, 2, 2]


VALUES = [
    {"delay": "1ns"}, {"delay": "1.5us"}, {"delay": "0.25ms"}, {"delay": "999999999ns"}, {"delay": "1s"},
    {"delay": "10"}, {"delay": "5secs"}, {"loss": "0.0000001%"}, {"loss": "100%"}, {"loss": "33.333333%"},
    {"duplicate": "12.5%"}, {"corrupt": "0.1%"}, {"delay": "1ms", "reorder": "99.99%"}, {"rate": "8bit"},
    {"rate": "1kbps"}, {"rate": "1kibit"}, {"rate": "1001bit"}, {"rate": "34gbit"}, {"rate": "1tbit"}, {"limit": 1},
    {"limit": 4294967295}, {"delay": "86400s"}, {"delay": "0"}, {},
]


def test_values_are_stable(bare):
    """What is read back is what was asked for: the second apply writes nothing."""
    t = {"namespaces": {"a": {"interfaces": {
        f"eth{i}": {"kind": "veth", "peer": f"peer{i}", "netem": netem} for i, netem in enumerate(VALUES)}}}}
    bare.start(strace=True)
    bare.apply(t)
    assert len([q for q in qdiscs(bare, "a") if q["kind"] == "netem"]) == len(VALUES)
    bare.writes()
    assert bare.apply(t).stdout.strip() == "lab: unchanged"
    assert bare.writes() == []


CHANGES = [
    "qdisc del dev eth0 root",
    "qdisc change dev eth0 root netem delay 1ms",
    "qdisc replace dev eth0 root netem loss 50%",
    "qdisc change dev eth0 root netem delay 20ms 1ms 25% loss 1% 30% limit 27250",
    "qdisc change dev eth0 root netem delay 20ms 1ms loss gemodel 1% 10% 70% 0.1% limit 27250",
    "qdisc change dev eth0 root netem delay 20ms 1ms reorder 50% gap 5 limit 27250",
    "qdisc change dev eth0 root netem delay 20ms 1ms slot 10ms 20ms limit 27250",
    "qdisc change dev eth0 root netem delay 20ms 1ms rate 1gbit 20 limit 27250",
    "qdisc change dev eth0 root netem delay 20ms 1ms loss 1% ecn limit 27250",
    "qdisc del dev eth0 parent 4e44:1",
    "qdisc change dev eth0 parent 4e44:1 handle 4e45: tbf rate 1mbit burst 10kb latency 9ms",
    "qdisc change dev eth0 parent 4e44:1 handle 4e45: tbf rate 10mbit burst 32kb latency 50ms "
    "peakrate 20mbit mtu 1600",
]


def test_heals(bare):
    bare.start("--heal-burst", NEVER)
    bare.apply(lab(netem={"delay": "20ms", "jitter": "1ms"}, tbf=TBF))
    before = qdiscs(bare)
    for command in CHANGES:
        heals(bare, command, before)


def test_adopt(machine):
    """What somebody made by hand gets our mark."""
    machine.sh("""ip netns add a; ip netns add b; ip -n a link set lo up; ip -n b link set lo up
ip -n a link add eth0 type veth peer name eth0 netns b; ip -n a link set eth0 up; ip -n b link set eth0 up
tc -n a qdisc add dev eth0 root netem delay 20ms limit 26000""")
    t = {"host": {}, "namespaces": {
        "a": {"existing": True, "interfaces": {"eth0": {"netem": {"delay": "20ms"}}}}}}
    error = machine.apply(t, code=1).stderr
    assert "cannot be attached: another program's netem" in error and "tc -n a qdisc del dev eth0 root" in error, error
    machine.ctl("adopt", machine.file(t))
    assert kinds(machine) == [("netem", "4e44:", "root")]
    machine.ctl("down", "lab")
    assert kinds(machine) == []
    machine.sh("ip netns del a; ip netns del b")
