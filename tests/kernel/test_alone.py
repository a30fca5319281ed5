# SPDX-License-Identifier: MIT
"""There is one netnsd for each network namespace and for each socket, whatever its directories are; and the socket can
be reached as long as it runs."""
import json
import os
import shutil
import signal
import socket
import subprocess

import pytest
from booting import put
from fault import HOLD, LIBRARY
from machine import NETNSCTL, NETNSD, wait_for
from topologies import everyday
from varlink import Connection

OTHER = ["--run", "/run/other", "--state", "/run/other-state", "--topologies", "/run/other-boot"]


def is_first(machine):
    """The first one still runs, and is the same."""
    status = json.loads(machine.ctl("--json", "status").stdout)
    assert [(t["name"], t["state"]) for t in status["topologies"]] == [("lab", "up")]
    machine.apply(everyday())


def refused(machine, *options, said="another netnsd", enter=()):
    """A second one, whose boot directory has something to do, exits and has touched nothing."""
    (machine.root / "run/other-boot").mkdir(exist_ok=True)
    (machine.root / "run/other-boot/second.json").write_text('{"namespaces": {"second": {}}}')
    before = machine.snapshot()
    second = machine.run(*enter, NETNSD, *options, code=1)
    assert said in second.stderr
    assert not (machine.root / "run/other").exists() and not (machine.root / "run/other-state").exists()
    machine.assert_same(before)


SECONDS = {
    "same": [],
    "other run directory": ["--run", "/run/other"],
    "other directories": OTHER,
    "other socket": [*OTHER, "--socket", "/run/other.socket"],
    "once": [*OTHER, "--once", "/run/other-boot/second.json"],
    "other mounts": [*OTHER, "--socket", "/run/other.socket"],
}


@pytest.mark.parametrize("lock", ["there", "removed"])
@pytest.mark.parametrize("second", SECONDS)
def test_second_netnsd(machine, second, lock):
    machine.apply(everyday())
    if lock == "removed":
        (machine.root / "run/netnsd/lock").unlink()
    refused(machine, *SECONDS[second], enter=["unshare", "-m"] if second == "other mounts" else [])
    is_first(machine)


def test_second_with_the_socket_removed(machine):
    """Nothing in a file system is needed to detect the first."""
    machine.apply(everyday())
    machine.pause()
    for path in "lock", "io.netnsd":
        (machine.root / "run/netnsd" / path).unlink()
    refused(machine, *OTHER, said="another netnsd manages this network namespace, pid")
    machine.resume()
    wait_for(machine.answers)
    is_first(machine)


def test_other_network_namespace(machine):
    """Has a netnsd of its own, but not at the same socket, and not in the same directory."""
    machine.apply(everyday())
    refused(machine, *OTHER, enter=["unshare", "-n"], said="already listens on /run/netnsd/io.netnsd")
    refused(machine, "--socket", "/run/other.socket", "--topologies", "/run/other-boot", "--state", "/run/other-state",
            enter=["unshare", "-n"], said="another netnsd is running in /run/netnsd")
    (machine.root / "run/netnsd/lock").unlink()
    refused(machine, "--socket", "/run/other.socket", "--topologies", "/run/other-boot", "--state", "/run/other-state",
            enter=["unshare", "-n"], said="another netnsd is running in /run/netnsd")
    once = machine.run("unshare", "-n", "-m", NETNSD, *OTHER, "--once", "/run/other-boot/second.json")
    assert once.stdout.startswith("second: 1 created")
    is_first(machine)
    machine.sh("umount /run/netns/second 2>/dev/null || true; rm -f /run/netns/second")


@pytest.mark.skipif(not LIBRARY.exists(), reason=f"{LIBRARY} is not built: other processor, or with sanitizers")
def test_once_keeps_the_daemon_out(bare, fault):
    """--once holds the same lock while it works."""
    file = bare.file(everyday())
    fault.arm(HOLD, at=10)
    once = bare.popen("sh", "-c", f"{fault.environment}exec {NETNSD} --once {file}", stdout=subprocess.DEVNULL)
    wait_for(lambda: fault.hits, 20)
    refused(bare, *OTHER, "--socket", "/run/other.socket", said="another netnsd manages this network namespace, pid")
    bare.kill(signal.SIGCONT)
    once.send_signal(signal.SIGCONT)
    assert once.wait(60) == 0
    bare.start()
    is_first(bare)


def test_somebody_else_holds_the_lock_of_the_namespace(bare):
    """Everybody may lock /proc/self/ns/net; a user who does cannot keep netnsd from starting."""
    if os.geteuid():
        pytest.skip("needs other users")
    holder = bare.popen("setpriv", "--reuid", 12345, "--clear-groups", "flock", "/proc/self/ns/net", "sh", "-c",
                        "echo locked; exec sleep 600", stdout=subprocess.PIPE)
    assert holder.stdout.readline() == "locked\n"
    bare.start()
    assert "of user 12345 has locked /proc/self/ns/net" in bare.log()
    bare.apply(everyday())
    second = bare.run(NETNSD, code=1)
    assert "already listens on" in second.stderr
    is_first(bare)
    bare.sh("pkill -x sleep")
    holder.wait(20)
    holder.stdout.close()


def test_socket_of_a_killed_netnsd(machine):
    """Nobody listens on it any more, in whatever directories the next one is."""
    machine.apply(everyday())
    machine.stop(signal.SIGKILL)
    machine.start()
    is_first(machine)


@pytest.mark.parametrize("kind", ["file", "directory", "link", "datagrams"])
def test_something_else_at_the_socket(bare, kind):
    path = bare.root / "run/netnsd"
    path.mkdir()
    put(bare, {"namespaces": {"boot": {}}})
    where = path / "io.netnsd"
    if kind == "datagrams":
        other = bare.popen("python3", "-c", "import socket, time; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
                           "s.bind('/run/netnsd/io.netnsd'); time.sleep(600)")
        wait_for(where.is_socket)
    else:
        {"file": where.touch, "directory": where.mkdir, "link": lambda: where.symlink_to("nowhere")}[kind]()
    bare.start(wait=False)
    bare.ends(1)
    assert "/run/netnsd/io.netnsd" in bare.log() and bare.namespaces() == []
    assert os.path.lexists(where)
    if kind == "datagrams":
        bare.sh("pkill -x python3")
        other.wait(20)


def test_directory_of_the_socket(bare):
    """Is created, but not the ones above it; that is found out before anything is touched."""
    put(bare, {"namespaces": {"boot": {}}})
    bare.start("--socket", "/run/a/b/s", wait=False)
    bare.ends(1)
    assert "the directory of the socket /run/a/b/s: /run/a: No such file or directory" in bare.log()
    assert bare.namespaces() == [] and not (bare.root / "run/netnsd").exists()
    bare.start("--socket", "/run/a/s", wait=False)
    wait_for(lambda: bare.run(NETNSCTL, "--socket", "/run/a/s", "status", code=None).returncode == 0)
    bare.ctl("--socket", "/run/a/s", "down", "--all")
    bare.stop()


def reaches(machine):
    try:
        with Connection(machine.socket) as c:
            return c.call("io.netnsd.Ping") is not None
    except OSError:
        return False


@pytest.mark.parametrize("how", ["removed", "renamed", "directory", "again"])
def test_node_that_somebody_removes(machine, how):
    machine.apply(everyday())
    path = machine.socket
    with Connection(path) as old:
        for _ in range(5 if how == "again" else 1):
            if how == "renamed":
                path.rename(path.with_name("elsewhere"))
            elif how == "directory":
                shutil.rmtree(path.parent.rename(machine.root / "run/gone"))
            else:
                path.unlink()
            wait_for(lambda: reaches(machine), 5)
        assert old.call("io.netnsd.Ping") is not None
    assert path.stat().st_mode & 0o777 == 0o660
    assert f"the socket /run/netnsd/{path.name} was removed and has been recreated" in machine.log()
    if how == "directory":
        # Its records are gone with the directory, and it says so; the namespaces are not.
        assert "No such file or directory" in machine.apply({"namespaces": {"x": {}}}, "x", code=1).stderr
        machine.stop()
        machine.start()
        assert machine.apply(everyday()).stdout == "lab: unchanged\n"


def test_node_that_somebody_replaces(machine):
    """Somebody else listens there now: nothing is taken from them, and SIGHUP checks again."""
    machine.apply(everyday())
    machine.socket.unlink()
    wait_for(lambda: reaches(machine), 5)
    machine.pause()
    machine.socket.unlink()
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(machine.socket))
        s.listen()
        machine.resume()
        wait_for(lambda: "cannot be recreated: another process, such as another netnsd, already listens on" in machine.log(), 5)
    machine.kill(signal.SIGHUP)
    wait_for(lambda: reaches(machine), 5)
    is_first(machine)
