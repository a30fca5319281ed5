# SPDX-License-Identifier: MIT
"""What netnsd is started with and finds on the machine: a missing helper is reported and replaced, a limit refuses a
change, an odd environment changes nothing, and each option does what it says or is refused."""
import json
import os
import re
import stat

import pytest
from booting import boot, put, status
from machine import NETNSCTL, NETNSD, wait_for
from topologies import everyday


def heals(machine, seconds=5):
    machine.apply(everyday())
    machine.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns")
    wait_for(lambda: machine.addresses("ns1", "veth-ns") == ["10.0.0.2/24"], seconds)
    machine.ping("ns1", "10.0.0.1")


def loses_a_name(machine, seconds=5):
    inode = machine.inode("ns1")
    machine.unname("ns1")
    wait_for(lambda: machine.namespaces() == ["ns1"] and machine.inode("ns1") == inode, seconds)


@pytest.fixture
def user(bare):
    """A user namespace, whose limits are its own: a shell script becomes one in it."""
    def script(text):
        return bare.run("unshare", "-U", "-r", "-m", "-n", "sh", "-ec", text, code=None)
    return script


@pytest.mark.parametrize("what,said", [("instances", "Too many open files"), ("watches", "No space left on device")])
def test_no_inotify(user, what, said):
    """Names are watched by their mounts; once inotify is available again, the audit uses it."""
    done = user(f"""echo 0 >/proc/sys/user/max_inotify_{what}
        mount -t tmpfs tmpfs /run; mkdir /run/netns
        netnsd --audit 1 --topologies /run/t --state /run/s 2>/run/log & d=$!
        trap 'kill $d' EXIT
        until netnsctl status >/dev/null 2>&1; do sleep 0.02; done
        cat >/run/lab.json <<Y
{json.dumps(everyday())}
Y
        netnsctl apply /run/lab.json
        ip -n ns1 addr del 10.0.0.2/24 dev veth-ns
        for i in $(seq 250); do ip -n ns1 addr | grep -q 10.0.0.2 && break; sleep 0.02; done
        ip -n ns1 addr | grep -q 10.0.0.2 && echo healed
        umount /run/netns/ns1 && rm -f /run/netns/ns1 || true
        for i in $(seq 250); do ip -n ns1 addr 2>/dev/null | grep -q 10.0.0.2 && break; sleep 0.02; done
        ip -n ns1 addr | grep -q 10.0.0.2 && echo named
        rm /run/netnsd/io.netnsd
        for i in $(seq 250); do [ -S /run/netnsd/io.netnsd ] && echo reached && break; sleep 0.02; done
        echo 64 >/proc/sys/user/max_inotify_{what}
        for i in $(seq 250); do grep -q 'inotify wd' /proc/$d/fdinfo/* && echo watched && break; sleep 0.02; done
        netnsctl down --all >/dev/null; kill $d; wait $d; trap - EXIT; cat /run/log""")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"healed", "named", "reached", "watched"} <= set(done.stdout.split()), done.stdout
    assert done.stdout.count("/run/netns is not watched") == 1
    assert f"{said}; fs.inotify.max_user_instances" in done.stdout


@pytest.mark.parametrize("audit", [60, 1])
def test_no_capability_to_hear_of_other_namespaces(bare, audit):
    """Without CAP_NET_BROADCAST the audit stands in, often enough."""
    bare.start("--audit", str(audit), program=f"setpriv --bounding-set=-net_broadcast --inh-caps=-net_broadcast {NETNSD}")
    bare.apply(everyday())
    assert "CAP_NET_BROADCAST" in bare.log() and f"every {min(audit, 5)} s" in bare.log()
    heals(bare, 10)
    loses_a_name(bare, 10)


def test_no_mountinfo(bare):
    """A /proc that lacks it."""
    bare.sh("touch /run/nothing")
    bare.start(program=f"unshare -m sh -c 'mount --bind /run/nothing /proc/$$/mountinfo && exec \"$0\" \"$@\"' {NETNSD}", wait=False)
    wait_for(bare.answers)
    assert "/proc/self/mountinfo: Operation not permitted" in bare.log()
    bare.stop()


@pytest.mark.parametrize("content", [None, "", "uninitialized\n", "0" * 32 + "\n", "unknown\n", "x" * 32])
def test_machine_without_identity(bare, content):
    """Two machines whose /etc/machine-id is missing do not get the same MAC addresses; one gets the same again."""
    bare.sh("mkdir /run/etc; cp -a /etc/group /etc/passwd /etc/nsswitch.conf /etc/iproute2 /run/etc 2>/dev/null || true")
    if content is not None:
        (bare.root / "run/etc/machine-id").write_text(content)
    bare.sh("mount --bind /run/etc /etc")

    def macs():
        boot(bare)
        bare.apply(everyday())
        mac = bare.link(None, "veth-host")["address"]
        bare.ctl("down", "--forget", "lab")
        bare.stop()
        return mac

    first = macs()
    assert "/etc/machine-id is not valid" in bare.log()
    kept = bare.folder / "state/machine-id"
    assert re.fullmatch("[0-9a-f]{32}\n", kept.read_text()) and stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert macs() == first
    assert "/etc/machine-id is not valid" not in bare.log()
    kept.unlink()
    assert macs() != first
    # Without a state directory it is in the run directory.
    kept.unlink()
    kept.mkdir()
    second = macs()
    assert (bare.root / "run/netnsd/machine-id").is_file()
    assert macs() == second
    kept.rmdir()
    bare.start()


@pytest.mark.parametrize("limit", ["fsize=0", "fsize=1000", "nproc=1", "core=0", "sigpending=0", "msgqueue=0", "memlock=0"])
def test_limit(bare, limit):
    """Refuses a change at most, and netnsd survives."""
    bare.start(program=f"prlimit --{limit} {NETNSD}")
    done = bare.apply(everyday(), code=None)
    assert done.returncode in (0, 1)
    if done.returncode:
        assert "File too large" in done.stderr and limit.startswith("fsize")
        assert bare.namespaces() == []
    bare.ctl("status")
    bare.stop()
    bare.start()
    heals(bare)


def test_log_in_a_file_that_may_not_grow(bare):
    bare.start("2>>/run/log", environment="ulimit -f 0 && ")
    bare.ctl("status")
    assert (bare.root / "run/log").read_text() == ""


ODD_ENVIRONMENTS = [
    "WATCHDOG_USEC=x", "WATCHDOG_USEC=-1", "WATCHDOG_USEC=99999999999999999999", "WATCHDOG_USEC=0", "NOTIFY_SOCKET=", "NOTIFY_SOCKET=x",
    "NOTIFY_SOCKET=/nowhere/n", "NOTIFY_SOCKET=@nobody", "NOTIFY_SOCKET=/" + "x" * 200, "NOTIFY_SOCKET=vsock:2:1",
    "LISTEN_FDS=x LISTEN_PID=$$", "LISTEN_FDS=-1 LISTEN_PID=$$", "LISTEN_PID=1 LISTEN_FDS=1", "JOURNAL_STREAM=x",
    "JOURNAL_STREAM=1:1", "JOURNAL_STREAM=", "LC_ALL=tr_TR.UTF-8 LANG=x", "TZ=../../etc/passwd", "POSIXLY_CORRECT=1", "-",
    "MALLOC_PERTURB_=165", "PATH=",
]


@pytest.mark.parametrize("environment", ODD_ENVIRONMENTS)
def test_environment(bare, environment):
    environment = "env -i " if environment == "-" else f"export {environment}; "
    bare.start(environment=environment if environment != "env -i " else "", program=f"{'env -i ' * (environment == 'env -i ')}{NETNSD}")
    heals(bare)


@pytest.mark.parametrize("fds", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors(bare, fds):
    bare.start(fds)
    bare.apply(everyday())
    bare.ctl("down", "lab")
    for i, closed in enumerate(["<&-", ">&-", "2>&-"]):
        where = bare.run("readlink", f"/proc/{bare.pid()}/fd/{i}").stdout.strip()
        assert (where == "/dev/null") == (i == 0 or closed in fds.split())
    for path in (bare.root / "run/netnsd").rglob("*"):
        assert not path.is_file() or path.name == "log" or "netnsd: " not in path.read_text()
    assert (bare.root / "run/netnsd/lock").read_text() == ""


def test_umask_and_working_directory(bare):
    """Files and names depend on neither."""
    bare.start(environment="mkdir /run/gone; cd /run/gone; rmdir /run/gone; umask 0777; ")
    heals(bare)
    assert bare.socket.stat().st_mode & 0o777 == 0o660
    for path, mode in ("run/netnsd", 0o755), ("run/netnsd/known", 0o700), ("run/netnsd/known/lab.json", 0o600):
        assert stat.S_IMODE((bare.root / path).stat().st_mode) == mode
    for option in "--run", "--state", "--topologies", "--socket":
        done = bare.run("sh", "-c", f"mkdir /run/gone; cd /run/gone; rmdir /run/gone; exec {NETNSD} {option} here", code=2)
        assert f'netnsd: {option}: "here" is not an absolute path, and the working directory is gone' in done.stderr


LONG = "/run/" + "x" * 103
BAD_OPTIONS = [
    ("--socket", "", "is empty"), ("--run", "", "is empty"), ("--state", "", "is empty"), ("--topologies", "", "is empty"),
    ("--group", "", "is empty"), ("--admin-group", "", "is empty"), ("--socket", LONG, "has 108 bytes, at most 107"),
    ("--socket", "/run/x/", "is the path of a directory"), ("--run", "/" + "x" * 200, "has 201 bytes, at most 200"),
    ("--state", "/" + "x" * 5000, "bytes, at most"), ("--topologies", "/" + "x" * 5000, "bytes, at most"),
    ("--group", "x" * 300, "bytes, at most"), ("--audit", "", "is not a number"), ("--audit", "0", "is not a number"),
    ("--heal-burst", "", "is not N/SECONDS"), ("--log-level", "", "unknown level"),
]


@pytest.mark.parametrize("once", [[], ["--once", "lab.json"]], ids=["stays", "once"])
@pytest.mark.parametrize("option,value,said", BAD_OPTIONS, ids=[f"{o}-{len(v)}" for o, v, _ in BAD_OPTIONS])
def test_option_that_cannot_be_meant(bare, option, value, said, once):
    done = bare.run(NETNSD, option, value, *once, code=2)
    assert done.stderr.startswith(f"netnsd: {option}: ") and said in done.stderr
    assert not (bare.root / "run/netnsd").exists()


def test_longest_socket(bare):
    bare.start("--socket", LONG[:-1], wait=False)
    wait_for(lambda: (bare.root / LONG[1:-1]).is_socket())
    bare.ctl("--socket", LONG[:-1], "status")
    assert "1 to 107 bytes" in bare.run(NETNSCTL, "--socket", LONG, "status", code=2).stderr
    bare.stop()
    bare.start()


def test_relative_paths(bare):
    """Are relative to where netnsd was started; messages have the absolute path."""
    bare.start("--run", "here", "--socket", "here/s", environment="cd /run; ", wait=False)
    wait_for(lambda: (bare.root / "run/here/s").is_socket())
    bare.ctl("--socket", "/run/here/s", "apply", bare.file(everyday()))
    bare.ctl("--socket", "/run/here/s", "down", "--all")
    bare.stop()
    bare.sh("rmdir /run/here/held; touch /run/here/held")
    bare.start("--run", "here", environment="cd /run; ", wait=False)
    bare.ends(1)
    assert "/run/here/held" in bare.log()
    bare.start()


def test_missing_groups(bare):
    """Then only root has access, and that is reported."""
    bare.start("--group", "nobody-here", "--admin-group", "nor-here")
    assert "--group: there is no group nobody-here: only root has access" in bare.log()
    assert "--admin-group: there is no group nor-here: only root can make changes" in bare.log()
    assert bare.socket.stat().st_gid == 0
    bare.apply(everyday())
    if os.geteuid() == 0:
        assert bare.run("setpriv", "--reuid", 12345, "--regid", 12345, "--clear-groups", NETNSCTL, "status", code=5)


def test_empty_variable_of_the_client(machine):
    """Counts as unset; an empty option is a mistake."""
    machine.sh("NETNSD_SOCKET= netnsctl status")
    assert "1 to 107 bytes" in machine.ctl("--socket", "", "status", code=2).stderr
    assert "not the name of a namespace" in machine.ctl("wait", "--namespace", "", code=2).stderr


def test_state_directory_of_somebody_else(bare):
    """Nothing is persisted there, and nothing in it is applied."""
    if os.geteuid():
        pytest.skip("needs other users")
    put(bare, {"namespaces": {"evil": {}}}, "evil", folder="state/topologies")
    os.chown(bare.folder / "state", 12345, 12345)
    boot(bare)
    assert bare.namespaces() == [] and status(bare) == {}
    assert "belongs to user 12345" in bare.log()
    assert "belongs to user 12345" in bare.ctl("apply", "--persist", bare.file(everyday()), code=1).stderr
    assert bare.namespaces() == []
