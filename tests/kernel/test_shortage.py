# SPDX-License-Identifier: MIT
"""A machine that has no space, no descriptors or no memory left: an operation is done or refused with a sentence, all
or nothing, netnsd survives, and does it once there is room again."""
import errno

import pytest
from crash_topologies import first, second
from fault import ERROR, FOREVER, LIBRARY, NUMBERS, Ended
from fault_sweep import DAY, Apply, Change, Confirm, Down, FaultSweep, Operation, Rename, Rollback, message, points, require
from machine import wait_for
from varlink import VarlinkError

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not LIBRARY.exists(), reason=f"{LIBRARY} is not built: other processor, or with sanitizers"),
]

# The errors that each call may meet; a key is the beginning of the name of the call.
ERRORS = {
    "open": [errno.EMFILE, errno.ENFILE, errno.ENOMEM],
    "write": [errno.ENOSPC, errno.EPERM, errno.EINTR],
    "pwrite": [errno.ENOSPC, errno.EINTR],
    "fsync": [errno.ENOSPC, errno.EIO],
    "rename": [errno.ENOSPC, errno.EPERM],
    "unlink": [errno.EPERM, errno.ENOMEM],
    "mkdir": [errno.ENOSPC, errno.EPERM],
    "ftruncate": [errno.EPERM],
    "rmdir": [errno.EPERM],
    "mount": [errno.ENOMEM, errno.EPERM],
    "umount2": [errno.ENOMEM, errno.EPERM],
    "unshare": [errno.ENOMEM, errno.ENOSPC, errno.EPERM],
    "setns": [errno.ENOMEM, errno.EPERM],
    "socket": [errno.EMFILE, errno.ENFILE, errno.ENOMEM],
    "send": [errno.ENOMEM, errno.ENOBUFS, errno.EPERM, errno.EINTR],
    "recv": [errno.ENOMEM, errno.ENOBUFS, errno.EINTR],
    "fcntl": [errno.EMFILE],
    "fsopen": [errno.EMFILE, errno.EPERM],
    "fsmount": [errno.ENOMEM, errno.EPERM],
}


def errors_of(call):
    errors = next(errors for name, errors in ERRORS.items() if call.startswith(name))
    # What creates a file may find the file system full.
    return errors + [errno.ENOSPC] * (call.startswith("open") and (call.endswith(".new") or "/run/net" in call))


@pytest.mark.parametrize("operation", [Apply, Change, Down, Rollback, Confirm, Rename], ids=lambda o: o.__name__)
def test_call_fails(rig, operation):
    """Each call, also of those that only read, with each error that it may meet."""
    sweep, name = FaultSweep(rig, operation(), reads=True), operation.__name__
    cases = [(at, error) for at, call in enumerate(sweep.calls, 1) for error in errors_of(call)]
    chosen = points(len(cases), 30, len(name))
    print(f"{name}: {len(chosen)} of {len(cases)} failures of {len(sweep.calls)} calls, day {DAY}")
    for at, error in (cases[n - 1] for n in chosen):
        sweep.round(f"{name} with {errno.errorcode[error]} at call {at}, {sweep.calls[at - 1]}", sweep.refused, at, error)
    print("\n".join(sweep.said))
    sweep.report()


class Keys(Operation):
    """Keys that links follow, and keys of others that are restored."""

    def __init__(self, start):
        self.start = start

    def prepare(self, rig):
        if self.start:
            rig.apply(self.topology(1))

    def run(self, rig):
        return rig.apply(self.topology(2))

    @staticmethod
    def topology(n):
        return {
            "host": {"sysctl": {"net.ipv4.ip_default_ttl": 60 + n}},
            "namespaces": {
                "a": {"sysctl": {"net.ipv6.conf.default.hop_limit": 30 + n, "net.ipv4.conf.default.rp_filter": n},
                      "interfaces": {"e0": {"kind": "veth", "peer": "e1"}}},
                "out": {"existing": True, "forwarding": [True, "ipv4", False][n], "sysctl": {"net.ipv4.conf.all.rp_filter": n}},
            },
        }


@pytest.mark.parametrize("start", [False, True])
def test_each_key_is_refused(rig, start):
    """A key that cannot be read is not one without a value, and a link that cannot follow its default is no success."""
    rig.agent.run("ip netns exec out sysctl -q net.ipv6.conf.all.forwarding=1")
    sweep = FaultSweep(rig, Keys(start), reads=True)
    keys = [at for at, call in enumerate(sweep.calls) if call.startswith("openat sys/net")]
    keys += [at + 1 for at in keys if sweep.calls[at + 1] == "write"]
    for at in sorted(keys):
        sweep.round(f"EPERM at call {at + 1}, {sweep.calls[at]}", sweep.refused, at + 1, errno.EPERM)
    print("\n".join(sweep.said))
    sweep.report()
    assert len(keys) > 50


def test_no_way_home_for_a_moment(rig):
    """No memory just when netnsd returns from a namespace: in the wrong one it must do nothing at all."""
    rig.fault.arm(ERROR, 2, last=5, error=errno.ENOMEM, reads=True, only=NUMBERS["setns"])
    rig.apply(first())
    assert rig.fault.hits == 4 and rig.is_alive()


def test_observation_of_a_heal_fails(rig):
    """It is repeated, even without another event."""
    rig.apply(first())
    good = rig.steady()
    rig.fault.arm(ERROR, 1, last=FOREVER, error=errno.EMFILE, reads=True, only=NUMBERS["socket"])
    rig.agent.run("ip -n b route del default")
    wait_for(lambda: rig.fault.hits >= 4, 10)
    rig.fault.disarm()
    assert rig.status()["state"] == "failed" and "Too many open files" in rig.status()["problem"]["message"]
    require(rig.settled(good), [good])
    wait_for(lambda: rig.status()["state"] == "up")


def refusal_of(function, *args, **parameters):
    with pytest.raises(VarlinkError) as info:
        function(*args, **parameters)
    return message(info.value)


def test_run_directory_is_full(rig):
    """A file system without a free byte, and without a free inode."""
    rig.stop()
    rig.agent.run("mount -t tmpfs -o size=256k,nr_inodes=32,mode=755 tmpfs /run/netnsd")
    rig.start()
    zero = rig.look()
    fill = ["dd if=/dev/zero of=/run/netnsd/fill bs=4k 2>/dev/null || true",
            "for i in $(seq 40); do touch /run/netnsd/fill.$i || exit 0; done 2>/dev/null"]
    for full in fill:
        rig.agent.run(full)
        assert "in the run directory" in (said := refusal_of(rig.apply, first())) or "the run directory needs space" in said, said
        assert "No space left on device" in said
        require(rig.settled(zero), [zero])
        rig.agent.run("rm /run/netnsd/fill*")
        rig.apply(first())
        good = rig.steady()
        rig.agent.run(full)
        for change in (lambda: rig.apply(second()), lambda: rig.call("Down", names=["lab"]),
                       lambda: rig.call("Rollback", name="lab")):
            assert "No space left on device" in refusal_of(change)
            require(rig.settled(good), [good])
        # What needs no record is healed all the same.
        rig.agent.run("ip -n b route del default")
        require(rig.settled(good), [good])
        rig.agent.run("rm /run/netnsd/fill*")
        rig.apply(second())
        rig.down()
        require(rig.settled(zero), [zero])
    rig.stop()
    rig.agent.run("umount /run/netnsd")
    rig.start()


def saves(rig):
    """What is done to a topology, from what, that needs space in one of the directories."""
    def awaiting(**more):
        rig.apply(first(), **more)
        rig.apply(second(), confirm_seconds=600, **more)

    return [(lambda: None, lambda: rig.apply(first(), persist=True)), (lambda: rig.apply(first()), lambda: rig.apply(second())),
            (lambda: awaiting(persist=True), lambda: rig.call("Confirm", name="lab")),
            (awaiting, lambda: rig.call("Rollback", name="lab")),
            (lambda: rig.apply(first(), persist=True), lambda: rig.call("Rename", name="lab", to="a-name-that-is-longer")),
            (lambda: rig.apply(first(), persist=True), lambda: rig.call("Down", names=["lab"], forget=True))]


@pytest.mark.parametrize("blocks", [0, 2])
@pytest.mark.parametrize("where", ["state", "etc"])
def test_directory_is_full(rig, where, blocks):
    """With no block left, or with two: done, or refused and everything as before, also after a restart with the disk still
    full; what takes down always is."""
    path = rig.machine.folder / "state" if where == "state" else "/etc/netns"
    rig.stop()
    rig.agent.run(f"mkdir -p {path}; cp -a {path} /run/old; mount -t tmpfs -o size=512k,mode=755 tmpfs {path}; "
                  f"cp -a /run/old/. {path}")
    rig.start()
    zero, refusals = rig.look(), 0
    for prepare, change in saves(rig):
        prepare()
        before = rig.steady()
        rig.agent.run(f"dd if=/dev/zero of={path}/.fill bs=4k 2>/dev/null "
                      f"|| true; truncate -s -{blocks * 4096} {path}/.fill")
        try:
            change()
        except VarlinkError as refusal:
            refusals += 1
            assert "No space left on device" in message(refusal)
        else:
            before = None
        now = without_fill(rig.steady())
        require(now, [without_fill(before) if before else now])
        rig.stop()
        rig.start()
        require(without_fill(rig.steady()), [now])
        assert all(t["state"] in ("up", "down") for t in rig.call("Status")["topologies"])
        rig.agent.run(f"rm {path}/.fill")
        rig.down()
        require(rig.settled(zero), [zero])
    assert 0 < refusals < len(saves(rig))
    rig.stop()
    rig.agent.run(f"umount {path}; rm -r /run/old")
    rig.start()


def without_fill(look):
    look.lines = [line for line in look.lines if ".fill" not in line]
    return look


def test_few_descriptors(rig):
    """With every number of descriptors from far too few to enough."""
    zero = rig.look()
    states = [zero]
    for topology in first(), second():
        rig.apply(topology)
        states.append(rig.steady())
    rig.down()
    reached = set()
    for most in range(14, 64, 2):
        rig.stop()
        if not rig.start(environment=f"ulimit -n {most}; "):
            rig.stop(code=1)
            assert "Too many open files" in rig.machine.log()
            reached.add(-1)
            rig.start()
            continue
        at = 0
        for topology in first(), second():
            try:
                rig.apply(topology)
                at += 1
            except VarlinkError as refusal:
                assert refusal.name == "io.netnsd.Refused" and "Too many open files" in message(refusal)
            except Ended:
                assert rig.is_alive() and "accepting a connection: Too many open files" in rig.machine.log()
            require(rig.settled(states[at]), [states[at]])
            if at == 0:
                break
        reached.add(at)
        rig.stop()
        rig.start()
        rig.down()
        require(rig.settled(zero), [zero])
    assert reached >= {-1, 0, 2}
