# SPDX-License-Identifier: MIT
"""One operation many times over, with a different interruption of netnsd in the middle of each. NETNSD_ALL=1 does all
that can happen; otherwise those hit by a stride that differs from day to day, or by NETNSD_SEED."""
import contextlib
import difflib
import errno
import os
import time

import pytest
from crash_topologies import first, second
from fault import ERROR, KILL, NUMBERS, TERM, Ended
from machine import wait_for
from varlink import VarlinkError

ALL = "NETNSD_ALL" in os.environ
DAY = int(os.environ.get("NETNSD_SEED", time.time() // 86400))

# By hand, while netnsd is not watching: something of each kind changed or removed.
DRIFT = """ip addr del 10.1.0.1/24 dev va
ip link set wan mtu 1450
tc qdisc del dev wan root
tc -n a qdisc change dev eth0 root tbf rate 1mbit burst 64kb latency 50ms
ip -n a route del default
ip -n a addr add 10.99.0.1/24 dev eth1
ip -n sw link set p1 nomaster
ip -n sw link del p2
ip -n out addr del 10.2.0.3/24 dev up0
echo 0 >/proc/sys/net/ipv4/ip_forward
rm /etc/netns/a/resolv.conf
echo options rotate >>/etc/netns/out/resolv.conf
chmod 600 /etc/netns/a/hosts
nft flush ruleset
ip netns exec a nft insert rule inet netnsd forward_lab accept
ip netns exec out nft delete table inet netnsd
ip netns del b || true"""


class Operation:
    """What is done, and what it starts from."""
    marked = True  # the namespaces before are the namespaces afterwards
    lost = False  # what was done is lost by a restart: it is always the state after
    options = ()  # of netnsd
    good = None  # checks what an observation must contain, if it did before
    names = ("lab",)  # of the topology: it always has exactly one of them

    def prepare(self, rig):
        pass

    def run(self, rig):
        raise NotImplementedError

    def begin(self, rig):
        """From nothing to the state before; netnsd runs afterwards."""
        if rig.options != self.options:
            rig.options = self.options
            rig.stop()
            rig.start()
        self.prepare(rig)
        if self.marked:
            rig.mark()


class Apply(Operation):
    def run(self, rig):
        return rig.apply(first())


class Change(Operation):
    def prepare(self, rig):
        rig.apply(first())

    def run(self, rig):
        return rig.apply(second())


class Down(Operation):
    forget = False

    def prepare(self, rig):
        rig.apply(first())

    def run(self, rig):
        return rig.call("Down", names=["lab"], forget=self.forget)


class Forget(Down):
    forget = True


class Up(Operation):
    def prepare(self, rig):
        rig.apply(first())
        rig.call("Down", names=["lab"])

    def run(self, rig):
        return rig.call("Up", names=["lab"])


class Rollback(Operation):
    def prepare(self, rig):
        rig.apply(first())
        rig.apply(second())

    def run(self, rig):
        return rig.call("Rollback", name="lab")


class Confirm(Operation):
    def prepare(self, rig):
        rig.apply(first())
        rig.apply(second(), confirm_seconds=600)

    def run(self, rig):
        return rig.call("Confirm", name="lab")


class Expire(Operation):
    """The time to confirm has expired when netnsd starts."""
    lost = True

    def prepare(self, rig):
        rig.apply(first())
        rig.apply(second(), confirm_seconds=600)
        rig.stop()
        rig.expire()

    def run(self, rig):
        if not rig.start():
            raise Ended


class Heal(Operation):
    """The drift exists when netnsd starts."""
    marked, lost = False, True

    def prepare(self, rig):
        rig.apply(first())
        self.good = self.good or rig.steady()
        rig.stop()
        rig.agent.run(DRIFT)

    def run(self, rig):
        if not rig.start():
            raise Ended


class HealLive(Operation):
    """The drift happens while netnsd is watching; rules can drift, too."""
    marked, lost, options = False, True, ("--no-table-owner",)

    def prepare(self, rig):
        rig.apply(first())
        self.good = self.good or rig.steady()

    def run(self, rig):
        rig.agent.run(DRIFT)
        while rig.is_alive():
            if rig.look().lines == self.good.lines:
                return
        raise Ended


class ApplyMany(Operation):
    """So many namespaces that a thread creates them."""
    topology = {"namespaces": {f"n{i}": {} for i in range(10)}}

    def run(self, rig):
        return rig.apply(self.topology)


class DownShared(Operation):
    """Two topologies declare one thing of the host; the saved value is transferred to the other one."""

    def prepare(self, rig):
        rig.apply({"host": {"forwarding": "ipv4", "interfaces": {"wan": {"mtu": 1400}}}})
        rig.call("Apply", name="other", topology={"host": {"forwarding": "ipv4"}, "namespaces": {"o": {}}})

    def run(self, rig):
        return rig.call("Down", names=["lab"])


class Recover(Operation):
    """A change that was interrupted is rolled back at the start."""
    marked, lost = False, True
    call, at = "sendto", 6

    def prepare(self, rig):
        rig.apply(first())
        rig.mark()
        self.good = self.good or rig.steady()
        rig.fault.arm(KILL, self.at, only=NUMBERS[self.call])
        with contextlib.suppress(Ended):
            rig.apply(second())
        rig.machine.daemon.wait(20)
        rig.fault.disarm()

    def run(self, rig):
        if not rig.start():
            raise Ended


class RecoverLate(Recover):
    """Everything was done, except the commit."""
    call, at = ("renameat", 2)


class Rename(Operation):
    """Marks of each kind, the records, and what is saved for boot; asked for again it is done."""
    names = "lab", "web"

    def prepare(self, rig):
        rig.apply(first(), persist=True)

    def run(self, rig):
        return rig.call("Rename", name="lab", to="web")


def points(n, most, shift=0):
    """Of 1 to @n, at most about @most, others each day; with NETNSD_ALL all."""
    stride = 1 if ALL else max(1, round(n / most))
    return range(1 + (DAY + shift) % stride, n + 1, stride)


def chosen(calls, most, shift=0):
    """Of the calls, and of those that write nftables rules two more."""
    rules = [at for at, call in enumerate(calls, 1) if " nft " in call]
    return sorted({*points(len(calls), most, shift), *(rules[n - 1] for n in points(len(rules), 2, shift))})


def differences(found, *wanted):
    """Those to the nearest state."""
    return min((list(difflib.unified_diff(w.lines, found.lines, "wanted", "found", n=0, lineterm="")) for w in wanted), key=len)


def require(found, wanted):
    """@found is one of @wanted; shows how it differs from the nearest, and not the whole."""
    if found.lines not in [w.lines for w in wanted]:
        raise AssertionError("\n".join(differences(found, *wanted)))


def message(refusal):
    """The sentence of an error."""
    problem = refusal.parameters.get("problem") or refusal.parameters.get("problems", [{}])[0]
    return f"{refusal.name.rpartition('.')[2]}: {problem.get('message', '')}"


class FaultSweep:
    """Many runs of one operation, each with something that happens to netnsd."""

    def __init__(self, rig, operation, reads=False):
        self.rig, self.operation, self.reads = rig, operation, reads
        self.zero = rig.look()
        self.failures, self.said = [], []
        operation.begin(rig)
        self.before = rig.steady()
        rig.fault.arm(reads=reads)
        operation.run(rig)
        rig.fault.disarm()
        self.calls = rig.fault.calls()
        self.numbers = rig.fault.numbers()
        self.after = rig.steady()
        if operation.good:
            require(self.after, [operation.good])
        if not operation.lost:
            assert self.calls
        self.end()

    def end(self):
        """Back to nothing."""
        self.rig.down()
        found = self.rig.settled(self.zero)
        require(found, [self.zero])
        # What could not be unmounted is tried again.
        wait_for(lambda: self.rig.files() == [])

    def allowed(self):
        return [self.after] if self.operation.lost else [self.before, self.after]

    def check(self, replied, saved=True):
        """The state before, or the state after, and netnsd knows which. @saved: so does what is saved for boot."""
        allowed = [self.after] if replied else self.allowed()
        found = self.rig.settled(*allowed)
        require(found, allowed)
        # An observation that failed is repeated.
        status = wait_for(lambda: (s := self.status()).get("state") != "failed" and (s or {"state": "none"}))
        if "confirm_usec" in status:  # nothing else can be planned
            assert self.rig.call("Plan", name=status["name"], rollback=True)["steps"]
        elif status.get("state") == "up":
            topology = self.rig.call("Show", name=status["name"])["topology"]
            assert self.rig.call("Plan", name=status["name"], topology=topology, replace=True)["steps"] == []
        if len(self.operation.names) > 1 and saved:
            self.check_boot(status)

    def status(self):
        """Of the topology, under the only one of its names that there is."""
        found = [s for name in self.operation.names if (s := self.rig.status(name))]
        assert len(found) < 2, found
        return found[0] if found else {}

    def check_boot(self, status):
        """At boot it comes up under the name that it has; its record, too, is the only one."""
        saved = self.rig.machine.folder / "state/topologies"
        assert status["boot"] and {p.stem for p in saved.glob("*.json")} == {status["name"]}, status
        assert {p.stem for p in (self.rig.run_dir / "known").iterdir()} == {status["name"]}

    def killed(self, at, act=KILL):
        rig = self.rig
        self.operation.begin(rig)
        rig.fault.arm(act, at)
        replied = False
        try:
            self.operation.run(rig)
            replied = True
        except Ended:
            pass
        if rig.fault.hits:
            rig.machine.daemon.wait(20)
        rig.fault.disarm()
        if rig.fault.hits:
            rig.start()
        self.check(replied)

    def terminated(self, at):
        """SIGTERM in the middle: done or rolled back when netnsd exits, which succeeds, and the client is told
        which."""
        rig = self.rig
        self.operation.begin(rig)
        rig.fault.arm(TERM, at)
        replied = True
        try:
            self.operation.run(rig)
        except VarlinkError as refusal:
            replied = False
            assert len(message(refusal)) > 15
        except Ended:
            assert self.operation.lost, f"the client was told nothing{rig.machine.log()}"
        if rig.fault.hits:
            rig.stop()
            rig.fault.disarm()
            allowed = [self.after] if replied else [self.before]
            require(rig.settled(*allowed), allowed)
            rig.start()
        rig.fault.disarm()
        self.check(replied)

    def refused(self, at, error):
        """One call fails. Refused or done, with a sentence; and when asked again it is done."""
        rig = self.rig
        self.operation.begin(rig)
        number = self.numbers[at - 1]
        rig.fault.arm(ERROR, self.numbers[:at].count(number), error=error, reads=True, only=number)
        replied, said = False, ""
        try:
            self.operation.run(rig)
            replied = True
        except VarlinkError as refusal:
            said = message(refusal)
            assert len(said) > 15 and "resource busy" not in said, said
        rig.fault.disarm()
        self.said.append(f"{self.calls[at - 1]} {errno.errorcode[error]}: {said or 'done'}")
        assert rig.is_alive(), f"netnsd ended{rig.machine.log()}"
        assert rig.call("Ping")
        self.check(replied, saved=replied)
        if not replied:
            self.operation.run(rig)
            self.check(True)

    def round(self, what, function, *args):
        """One run; failures are collected, and reported at the end, or when nothing can be cleaned up any more."""
        try:
            function(*args)
        except (AssertionError, VarlinkError, Ended) as error:
            self.failures.append(f"== {what}: {type(error).__name__} {error}")
        try:
            self.end()
        except (AssertionError, VarlinkError, Ended) as error:
            self.failures.append(f"== {what}, after that: {type(error).__name__} {error}")
            self.report()

    def report(self):
        if self.failures:
            pytest.fail("\n".join(self.failures), pytrace=False)
