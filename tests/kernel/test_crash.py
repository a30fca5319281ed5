# SPDX-License-Identifier: MIT
"""netnsd is killed before every system call that changes something, of every operation: started again it is in the
state before or in the state after, never between, and nothing is left in the end. The same for SIGTERM, and for records
that a power cut has left half written. The kernel's state is read with ip(8) and from /proc/sys."""
import shutil

import pytest
from crash_topologies import KEYS, SETUP, TEARDOWN, first
from fault import KILL, LIBRARY, MARK, NUMBERS, Ended, Rig
from fault_sweep import (DAY, Apply, ApplyMany, Change, Confirm, Down, DownShared, Expire, FaultSweep, Forget, Heal, HealLive,
                         Recover, RecoverLate, Rename, Rollback, Up, chosen, require)
from machine import Machine

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not LIBRARY.exists(), reason=f"{LIBRARY} is not built: other processor, or with sanitizers"),
]


def name_of(operation):
    return operation.__name__


@pytest.mark.parametrize("operation", [Apply, ApplyMany, Change, Down, DownShared, Forget, Up, Rollback, Confirm, Expire,
                                       Heal, HealLive, Recover, RecoverLate, Rename], ids=name_of)
def test_killed(rig, operation):
    """Before each call that changes something, and in the middle of each write to a file."""
    sweep, name = FaultSweep(rig, operation()), operation.__name__
    at_calls = chosen(sweep.calls, 15, len(name))
    print(f"{name}: {len(at_calls)} of {len(sweep.calls)} calls, day {DAY}")
    for at in at_calls:
        sweep.round(f"{name} killed at call {at}, {sweep.calls[at - 1]}", sweep.killed, at)
    sweep.report()


@pytest.mark.parametrize("operation", [Apply, Change, Down, Rollback, Confirm, Rename], ids=name_of)
def test_terminated(rig, operation):
    sweep, name = FaultSweep(rig, operation()), operation.__name__
    at_calls = chosen(sweep.calls, 8, len(name))
    print(f"{name}: {len(at_calls)} of {len(sweep.calls)} calls, day {DAY}")
    for at in at_calls:
        sweep.round(f"{name} told to end at call {at}, {sweep.calls[at - 1]}", sweep.terminated, at)
    sweep.report()


KERNEL = "sendto", "unshare", "mount /run/netns/", "umount2 /run/netns/", "openat sys/net", "openat /run/netns/"


@pytest.mark.parametrize("operation", [Apply, Change, Down, Rollback], ids=name_of)
def test_order(rig, operation):
    """The record is on the disk before anything is done, and committed when everything is; only then are unlinked
    namespaces released."""
    calls = FaultSweep(rig, operation()).calls
    kernel = [i for i, call in enumerate(calls) if call.startswith(KERNEL) and call != "sendto 88"]
    written = [calls.index(call) for call in ("openat lab.new", "write", "fsync", "renameat lab.new")]
    commit = calls.index("renameat lab.json")
    assert written == sorted(written) and written[-1] < kernel[0] and kernel[-1] < commit
    held = [i for i, call in enumerate(calls) if call.startswith("mount /run/netnsd/held/lab/")]
    lost = [i for i, call in enumerate(calls) if call.startswith("umount2 /run/netns/")]
    assert len(held) == len(lost) and all(h < n for h, n in zip(held, lost))
    if held:
        assert calls[commit + 1] == "umount2 /run/netnsd/held/lab"


SPOILT = {"empty": lambda text: "", "half": lambda text: text[:len(text) // 2], "one byte short": lambda text: text[:-1],
          "zeroes": lambda text: "\0" * len(text)}


def cut_off(rig, operation):
    """Everything is done except the commit."""
    rig.fault.arm(KILL, 2, only=NUMBERS["renameat"])
    with pytest.raises(Ended):
        operation.run(rig)
    rig.machine.daemon.wait(20)
    rig.fault.disarm()


@pytest.mark.parametrize("operation", [Apply, Change, Down, Rollback], ids=name_of)
@pytest.mark.parametrize("where", ["pending", "known"])
def test_record_is_spoilt(rig, operation, where):
    """A record that is not what was written: nobody guesses. The topology is shown as failed, and everything is left as
    it is; with the original record, the change is rolled back."""
    zero = rig.look()
    for spoil in SPOILT.values():
        o = operation()
        o.begin(rig)
        before = rig.steady()
        cut_off(rig, o)
        path = rig.run_dir / where / "lab.json"
        if path.exists():
            between, good = rig.steady(), path.read_text()
            path.write_text(spoil(good))
            path.with_suffix(".new").write_text("{")
            rig.start()
            status = rig.status()
            assert status["state"] == "failed" and status["problem"]["message"], status
            require(rig.settled(between), [between])
            assert not path.with_suffix(".new").exists()
            rig.stop()
            path.write_text(good)
        rig.start()
        require(rig.settled(before), [before])
        rig.down()
        require(rig.settled(zero), [zero])
        assert rig.files() == []


def unmarked(look):
    look.lines = [line for line in look.lines if MARK not in line]
    return look


@pytest.fixture
def rebooted(tmp_path_factory):
    """Another machine, as new."""
    machine = Machine(tmp_path_factory.mktemp("rebooted"))
    machine.folder.chmod(0o755)
    r = Rig(machine, KEYS)
    r.agent.run(SETUP)
    r.mark()
    yield r
    r.agent.run(TEARDOWN)
    r.close()
    machine.assert_clean()
    machine.close()


@pytest.mark.parametrize("operation", [Apply, Change, Down, Rollback], ids=name_of)
@pytest.mark.parametrize("where", ["pending", "known", None], ids=["pending", "known", "whole"])
def test_power_cut(rig, rebooted, operation, where):
    """The run directory outlives the machine. From complete records the state before is recreated; an incomplete record
    costs its topology, which can be applied again."""
    o = operation()
    o.begin(rig)
    before = rig.steady()
    cut_off(rig, o)
    shutil.copytree(rig.run_dir, rebooted.run_dir, ignore=shutil.ignore_patterns("held", "io.netnsd"))
    rig.start()
    path = rebooted.run_dir / (where or "known") / "lab.json"
    spoilt = where and path.exists()
    if spoilt:
        path.write_text(SPOILT["half"](path.read_text()))
    zero = rebooted.look()
    rebooted.start()
    if spoilt:
        assert rebooted.status()["state"] == "failed"
        require(rebooted.settled(zero), [zero])
    else:
        require(unmarked(rebooted.steady()), [unmarked(before)])
    rebooted.call("Apply", name="lab", topology=first(), replace=True, sure=True)
    assert rebooted.status()["state"] == "up"
    rebooted.down()
    require(rebooted.settled(zero), [zero])
    assert rebooted.files() == []
