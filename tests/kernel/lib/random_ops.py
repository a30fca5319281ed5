# SPDX-License-Identifier: MIT
"""Random operations on one machine: after each of them the state must be what was declared, and what belongs to others
must be as it was. Step number I of seed N always draws the same numbers, whatever was left out before it: so a failing
run can be shortened."""
import json
import random
import subprocess
import time

import expected
from generator import Generator, generate
from journal import TO_JOURNAL, unread
from machine import ROOT

# What others have: three pairs of interfaces and a namespace.
WORLD = """ip netns add lab; ip netns add foreign; ip -n lab link set lo up
for i in 1 2 3; do
	ip link add wan$i type veth peer name isp$i; ip link set wan$i up; ip addr add 198.51.$i.1/24 dev wan$i
	ip -n lab link add port$i type veth peer name trop$i; ip -n lab link set port$i up; ip -n lab link set trop$i up
done
ip link add alien type bridge; ip link set alien up; ip addr add 192.0.2.1/24 dev alien
ip route add 198.18.0.0/24 via 192.0.2.9 proto bird"""
UNWORLD = """ip netns del lab; ip netns del foreign; ip route flush table main; ip -6 route flush table main
for i in $(ip -o link | cut -d ' ' -f 2 | cut -d : -f 1 | cut -d @ -f 1); do
	[ $i = lo ] || ip link del $i 2>/dev/null || true
done"""
# A refused heal is retried, but not at once.
HEAL_SECONDS = 20


class Record:
    """What netnsd has been told about one topology."""

    def __init__(self, n):
        self.n, self.name = n, f"topology{n}"
        self.rolls, self.file, self.up = {}, None, False
        self.before = None  # (file, up) that a rollback leads to; file None: there was none yet
        self.sure = False   # whether it certainly leads to that

    def take(self, file, up, rolls=None):
        """A change by apply or rollback. A rollback of the first apply takes down what it leaves recorded."""
        file = file or self.file
        if (file, up) == (self.file, self.up):
            return
        self.before, self.sure = (self.file, self.up), True
        self.file, self.up = file, up
        self.rolls = self.rolls if rolls is None else rolls


class RandomOps:
    def __init__(self, machine, seed):
        self.machine, self.seed = machine, seed
        self.tale, self.taken = [], 0
        # With every second seed nobody reads the log.
        self.journal = unread(machine) if seed % 2 == 0 else None
        self.start()
        machine.sh(WORLD)
        self.probe = machine.popen("/usr/bin/python3", ROOT / "tests/kernel/lib/probe.py", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.records = [Record(n) for n in (1, 2, 3)]
        self.foreign = self.now = self.look()

    def start(self):
        """One that heals as often as we cause drift; with every third seed, others can change its rules."""
        self.machine.start("--heal-burst", "1000/1", *["--no-table-owner"] * (self.seed % 3 == 0), environment=TO_JOURNAL if self.journal else "")

    def close(self):
        self.probe.stdin.close()
        self.probe.wait(10)
        self.probe.stdout.close()
        if self.journal:
            self.journal.close()

    def finish(self):
        """Takes everything down, and then removes what others had."""
        self.machine.ctl("down", "--all")
        self.forget(self.ours())
        for record in self.records:
            record.up = False
        self.check()
        self.machine.sh(UNWORLD)

    # What is reported, and what is true.

    def tell(self, *words):
        self.tale.append(" ".join(json.dumps(word) if isinstance(word, dict) else str(word) for word in words))

    def look(self):
        self.probe.stdin.write("\n")
        self.probe.stdin.flush()
        return expected.seen(json.loads(self.probe.stdout.readline()))

    def expected(self):
        return expected.expected(self.foreign, {r.name: r.file for r in self.records if r.up})

    def problems(self, unchanged=None):
        self.now = self.look()
        found = expected.differences(self.expected(), self.now)
        return found if found or unchanged is None else expected.differences(unchanged, self.now)

    def check(self, unchanged=None, seconds=0):
        """Everything is as declared, and as in @unchanged, at once or within so many seconds."""
        end = time.monotonic() + seconds
        while (found := self.problems(unchanged)) and time.monotonic() < end:
            time.sleep(0.005)
        assert not found, "\n".join(found)

    def all_but(self, *what):
        """The state at the last observation, without facts of the kinds @what: for check(unchanged)."""
        return {at: value for at, value in self.now.items() if at[1] not in what}

    # Parts of steps.

    def pick(self, rng, condition=lambda record: True):
        """A topology for which the condition is true, or None."""
        return rng.choice([r for r in self.records if condition(r)] or [None])

    def roll(self, rng, record):
        """(rolls, file) of a topology that resembles the present one more or less."""
        rolls = dict(record.rolls)
        return rolls, generate(Generator(rng, rolls, rng.choice((3, 8, 30))), record.n)

    def declare(self, record, file, up, rolls=None, apply=True):
        """From now on this is the expected state. What others had in a namespace that is removed is gone with it."""
        left = self.ours()
        if apply:
            record.take(file, up, rolls)
        else:
            record.up = up
        self.forget(left - self.ours())

    def ours(self):
        return {netns for r in self.records if r.up for netns, body in expected.bodies(r.file).items() if expected.is_ours(netns, body)}

    def forget(self, names):
        self.foreign = {at: value for at, value in self.foreign.items() if at[0] not in names}

    def forget_with_loopback(self, netns):
        """The kernel puts IPv6 routes that lead nowhere on lo, and removes them when that goes down."""
        gone = {at[2:] for at, value in self.foreign.items() if at[:3] == (netns, "dev", "inet6") and value == "lo"}
        self.foreign, self.now = ({at: value for at, value in facts.items() if at[0] != netns or at[2:] not in gone}
                                  for facts in (self.foreign, self.now))

    def run(self, steps, numbers):
        """Executes the steps of these numbers."""
        weighted = [step for step, weight in steps.items() for _ in range(weight)]
        for i in numbers:
            rng = random.Random(f"{self.seed}/{i}")
            step = rng.choice(weighted)
            self.tell(f"{i}. {step.__name__}:")
            self.taken += 1
            step(self, rng)
