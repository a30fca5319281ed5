# SPDX-License-Identifier: MIT
"""netnsctl record: what a command in the sandbox can see and do, as root and as another user. No daemon; user namespaces.
What is printed as a topology is the business of tests/kernel/test_record.py: here a script may take the exporter's place."""
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import termios
import time
from pathlib import Path

import pytest
from ctl import NETNSCTL, SANITIZER

USER = 1000  # whoever that is
MINE = os.geteuid() == 0
NOTHING = '#!/bin/sh\necho {}\n'


class Recorder:
    """netnsctl in a folder that everybody may read, with another program beside it in the place of netnsd."""

    def __init__(self, folder, user):
        self.folder = folder
        folder.chmod(0o755)
        (folder / "bin").mkdir()
        self.program = Path(shutil.copy(NETNSCTL, folder / "bin/netnsctl"))
        self.cwd = folder / "lab"
        self.cwd.mkdir()
        self.exporter(NOTHING)
        self.prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user != os.geteuid() else []
        self.outside = user or 65534  # who root inside is
        if user != os.geteuid():
            os.chown(self.cwd, user, user)

    def exporter(self, script):
        path = self.folder / "bin/netnsd"
        path.write_text(script)
        path.chmod(0o755)

    def popen(self, *args, cwd=None, **options):
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "exitcode=99"}
        return subprocess.Popen([*self.prefix, self.program, "record", *map(str, args)], cwd=cwd or self.cwd,
                                env=environment, text=True, **options)

    def run(self, *args, code=0, text="", **options):
        """(the topology, None if there is none; stderr)"""
        p = self.popen(*args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        out, err = p.communicate(text, timeout=120)
        assert not SANITIZER.search(err), err
        assert code is None or p.returncode == code, f"exit code {p.returncode}\n{out}{err}"
        return json.loads(out) if out else None, err

    def sh(self, script, *options, **more):
        """What the script says, on either of its outputs."""
        out, err = self.run(*options, "--", "bash", "-c", f"{script}\nexit 0", **more)
        return err


@pytest.fixture(params=["root", "user"])
def recorder(request):
    if request.param == "root" and not MINE:
        pytest.skip("only root can try what root may not do")
    folder = Path(tempfile.mkdtemp(prefix="record-"))
    try:
        yield Recorder(folder, 0 if request.param == "root" else USER if MINE else os.geteuid())
        # Nobody is left.
        assert not [p for p in commands() if str(folder) in p]
    finally:
        shutil.rmtree(folder)


def commands():
    """The command lines of all processes that have one."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            pass


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


# ---- what it prints ----

def test_output(recorder):
    """The command's output is on stderr, the exporter's on stdout."""
    recorder.exporter('#!/bin/sh\necho a word >&2; echo "{\\"description\\": \\"$*\\"}"\n')
    out, err = recorder.run("--", "sh", "-c", "echo one; echo two >&2")
    assert out == {"description": "--export"} and err == "one\ntwo\na word\n"


def test_operands(recorder):
    """Its options end at the command."""
    assert recorder.run("echo", "--json", "-h") == ({}, "--json -h\n")
    assert recorder.run("--", "echo", "--", "")[1] == "-- \n"
    assert "too few arguments; usage: netnsctl record [OPTION…] -- COMMAND…" in recorder.run(code=2)[1]


def test_standard_input(recorder):
    assert recorder.run("--", "bash", "-s", "x", text="echo $1; ip netns add from-stdin; ip netns\n")[1] == "x\nfrom-stdin\n"


def test_failure(recorder):
    """The topology is printed all the same, with the status."""
    out, err = recorder.run("--", "sh", "-c", "exit 7", code=1)
    assert (out, err) == ({}, "netnsctl: sh failed with exit status 7; the topology is what it had built by then\n")
    out, err = recorder.run("--", "bash", "-c", "kill -SEGV $BASHPID", code=1)
    assert out == {} and "bash was ended by a signal: Segmentation fault; the topology" in err


def test_command_missing(recorder):
    out, err = recorder.run("--", "no-such-command", code=1)
    assert (out, err) == (None, "netnsctl: no-such-command cannot be run in the sandbox: No such file or directory; "
                              "nothing was recorded\n")
    (recorder.cwd / "not-executable").write_text("x")
    out, err = recorder.run("--", "./not-executable", code=1)
    assert out is None and "netnsctl: ./not-executable cannot be run in the sandbox: Permission denied" in err


@pytest.mark.parametrize("script, code, words", [
    ("exit 0", 1, "netnsd --export printed nothing, so there is no topology"),
    ("echo '{}'; echo eth9 cannot be said >&2; exit 1", 1, "eth9 cannot be said"),
    ("echo '[1]'", 1, "is no JSON object"),
    ("echo '{'", 1, "is no JSON object"),
    ("kill -9 $$", 1, "netnsd --export was ended by a signal: Killed"),
    ("head -c 70000000 /dev/zero", 1, "larger than 64 MiB"),
])
def test_exporter_fails(recorder, script, code, words):
    recorder.exporter(f"#!/bin/sh\n{script}\n")
    out, err = recorder.run("true", code=code)
    assert words in err and out == ({} if "eth9" in script else None)


def test_exporter_missing(recorder):
    (recorder.folder / "bin/netnsd").unlink()
    out, err = recorder.run("true", code=1)
    assert out is None and err.endswith("/netnsd, which reads what a command has built: No such file or directory\n")


# ---- who the command is, and what it sees ----

def test_who_it_is(recorder):
    """root inside, the caller or nobody outside; in namespaces of its own, with no privilege to gain."""
    recorder.exporter('#!/bin/sh\nsleep 1000')
    p = recorder.popen("--", "bash", "-c", "read x", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text().strip())
    init = Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text().split()[0]
    wait_for(lambda: Path(f"/proc/{init}/task/{init}/children").read_text().strip())
    command = Path("/proc", Path(f"/proc/{init}/task/{init}/children").read_text().split()[0])
    wait_for(lambda: (command / "comm").read_text() == "bash\n")
    status = (command / "status").read_text()
    if MINE:
        for kind in "user", "mnt", "pid", "net", "ipc", "uts":
            assert os.readlink(command / "ns" / kind) != os.readlink(f"/proc/self/ns/{kind}"), kind
    p.kill()
    p.communicate()
    outside = recorder.outside
    assert f"Uid:\t{outside}\t{outside}\t{outside}\t{outside}\n" in status and "NoNewPrivs:\t1\n" in status
    if recorder.prefix:
        assert re.search(r"^Groups:\s*$", status, re.M)
    wait_for(lambda: not command.exists())


def test_identity_inside(recorder):
    assert recorder.sh("id -u; id -g; cat /proc/self/setgroups") == "0\n0\ndeny\n"


def test_descriptors(recorder):
    """None above 2 is inherited."""
    with open("/etc/hostname", encoding="utf-8") as secret:
        assert recorder.sh("ls /proc/self/fd | tr '\\n' ' '", pass_fds=[secret.fileno()]) == "0 1 2 3 "


def test_directories(recorder):
    """Empty, writable, and gone afterwards; the current directory is there, read-only."""
    (recorder.cwd / "script.sh").write_text("echo runs; touch x; echo >script.sh")
    (recorder.cwd / "script.sh").chmod(0o755)
    err = recorder.sh("for d in /run /tmp /var /home; do touch $d/x-$$ && rm $d/x-$$; ls $d; done; pwd; bash script.sh")
    assert err.splitlines()[:2] == ["netnsctl", recorder.folder.name] and "bash\n" not in err
    assert f"\n{recorder.cwd}\nruns\ntouch: cannot touch 'x': Read-only file system\n" in err
    assert "script.sh: Read-only file system" in err
    assert [p.name for p in recorder.cwd.iterdir()] == ["script.sh"] and (recorder.cwd / "script.sh").read_text().startswith("echo")


def test_current_directory_gone_or_elsewhere(recorder):
    assert recorder.sh("pwd", cwd="/") == "/\n"
    assert recorder.sh("pwd; ip netns add a && ls", cwd="/run") == "/run\nnetns\nnetnsctl\n"
    assert recorder.sh("pwd", cwd="/proc/self") == "/\n"
    gone = recorder.folder / "gone"
    gone.mkdir()
    out, err = recorder.run("pwd", cwd="/usr", preexec_fn=lambda: (os.chdir(gone), gone.rmdir()))
    assert (out, err) == ({}, "/\n")
    assert recorder.sh("pwd; ls /run", cwd="/usr/share") == "/usr/share\nnetnsctl\n"
    (recorder.cwd / "a,b:c\\d e").mkdir()
    (recorder.cwd / "a,b:c\\d e" / "f").touch()
    assert recorder.sh("ls", cwd=recorder.cwd / "a,b:c\\d e") == "f\n"


def test_read_only(recorder):
    """Nothing of the machine can be written to, whatever the command mounts."""
    err = recorder.sh("""
touch /etc/passwd-x /usr/x /srv/x /boot/x
for d in / /etc /usr . /run /tmp; do mount -o remount,rw,bind $d && [ $d != /run -a $d != /tmp ] && echo "REMOUNTED $d"; done
mount -o remount,rw / && echo REMOUNTED
unshare -Urm mount -o remount,rw,bind / && echo REMOUNTED
touch /etc/x /x x""")
    assert "REMOUNTED" not in err and err.count("Read-only file system") == 7, err


def test_nothing_uncovered(recorder):
    """What lies below the empty directories stays there: it cannot be unmounted, or mounted elsewhere without them."""
    err = recorder.sh("""
for d in /run /tmp /var /home /dev /proc /sys; do umount $d || umount -l $d; done 2>/dev/null
mount --bind / /mnt && ls /mnt/run /mnt/var
mkdir /tmp/all && mount --rbind / /tmp/all && { umount -l /tmp/all/run; umount -l /tmp/all/proc; ls /tmp/all/run /tmp/all/var; }
unshare -Urm sh -c 'umount -l /run; umount -l /var; ls /run /var' 2>/dev/null
ls /dev/vda /dev/sda /dev/kmsg /dev/mem
ls -d /proc/[0-9]* | wc -l""")
    listings = set(re.findall(r"^(?!ls:|mount:|umount:|/| )([\w.-]+)$", err, re.M))
    assert listings <= {"netnsctl", "mount", "run", "tmp", "all"} | {str(n) for n in range(3, 9)}, err
    assert err.count("cannot access '/dev/") == 4


def test_of_root_only(recorder):
    err = recorder.sh("cat /etc/shadow; ls /root; cat /proc/1/environ; ls /proc/1/fd /proc/1/root/; echo over")
    assert "root:" not in err and err.count("Permission denied") >= 4 - (recorder.outside == 65534), err


@pytest.mark.skipif(not MINE, reason="needs root to mount")
@pytest.mark.parametrize("options", ["hidepid=2", "subset=pid"])
def test_restricted_proc(recorder, options):
    """A machine that hides processes from others."""
    p = subprocess.run(["unshare", "-mpf", "sh", "-c", f"mount -t proc -o {options} proc /proc && exec \"$@\"", "sh", *recorder.prefix,
                        recorder.program, "record", "--", "sh", "-c", "ip link add br0 type bridge && id -u"],
                       cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert (p.returncode, p.stderr) == (0, "0\n")


def test_home(recorder):
    """That of the caller is empty, wherever it is."""
    home = os.path.expanduser("~root" if recorder.outside == 65534 else "~")
    if recorder.outside == USER and MINE:
        pytest.skip("nobody's")
    assert recorder.sh(f"ls -A {home}") == ""


def test_proc_and_sys(recorder):
    """Of the sandbox alone."""
    err = recorder.sh("ls /sys/class/net; ip link add br0 type bridge; ls /sys/class/net; ps -e -o comm=; "
                      "echo 1 >/sys/class/net/br0/bridge/stp_state && cat /sys/class/net/br0/bridge/stp_state")
    assert err.split() == ["lo", "br0", "lo", "netnsctl", "bash", "ps", "1"]


def test_settings_of_the_machine(recorder):
    before = [Path("/proc/sys/kernel", name).read_text() for name in ("panic", "hostname")]
    err = recorder.sh("sysctl -w kernel.panic=77; echo 77 >/proc/sys/kernel/panic; hostname changed; hostname; date -s 2020-01-01; "
                      "sysctl -w net.ipv4.ip_forward=1; sysctl -n net.ipv4.conf.all.forwarding")
    assert 'permission denied on key "kernel.panic"' in err and "panic: Permission denied" in err
    assert "\nchanged\n" in err and "date: cannot set date: Operation not permitted" in err
    assert err.endswith("net.ipv4.ip_forward = 1\n1\n")
    assert before == [Path("/proc/sys/kernel", name).read_text() for name in ("panic", "hostname")]


def test_network(recorder):
    """lo, up, and no way out."""
    err = recorder.sh("ip -br link | cut -d' ' -f1; ip route; ip -6 route; sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding; "
                      "ping -c1 -W5 127.0.0.1 >/dev/null && echo reached; ping -c1 192.0.2.1")
    assert err.startswith("lo\n0\n0\nreached\n") and "Network is unreachable" in err


SOCKETS = """
import socket, sys
for path in sys.argv[1:]:
    s = socket.socket(socket.AF_UNIX)
    try:
        s.connect(path)
        print("CONNECTED", path)
    except OSError as e:
        print(e.strerror)
try:
    socket.socket(socket.AF_VSOCK)
    print("VSOCK")
except OSError as e:
    print(e.strerror)
"""


@pytest.mark.skipif(not MINE, reason="only root has sockets in /run")
def test_sockets(recorder):
    """Those in /run, in the current directory and in abstract names; a read-only mount alone would not hinder."""
    name = f"record-test-{os.getpid()}"
    places = [f"/run/{name}.sock", str(recorder.cwd / "s"), f"\0{name}"]
    listeners = []
    try:
        for place in places:
            s = socket.socket(socket.AF_UNIX)
            s.bind(place)
            s.listen()
            listeners.append(s)
            if place[0] == "/":
                os.chmod(place, 0o777)
        (recorder.cwd / "connect.py").write_text(SOCKETS)
        probe = f"import socket; s = socket.socket(socket.AF_UNIX); s.connect('\\0{name}'); print('CONNECTED')"
        err = recorder.sh(f"/usr/bin/python3 connect.py {places[0]} ./s /run/dbus/system_bus_socket /run/docker.sock "
                          f"/run/netnsd/io.netnsd; /usr/bin/python3 -c \"{probe}\" 2>&1 | tail -1")
    finally:
        os.unlink(places[0])
        for s in listeners:
            s.close()
    assert "CONNECTED" not in err and "VSOCK" not in err
    assert err.splitlines()[:2] == ["No such file or directory", "Connection refused"]


@pytest.mark.skipif(not MINE, reason="needs root to mount")
def test_sockets_elsewhere(recorder):
    """Those of services that are neither in /run nor in the current directory."""
    (recorder.cwd / "connect.py").write_text(SOCKETS)
    (recorder.cwd / "serve.py").write_text("""
import os, socket, subprocess, sys
os.umask(0)
for path in "/mnt/a b", "/mnt/closed":
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen()
    os.set_inheritable(s.fileno(), True)
os.chmod("/mnt/closed", 0o600)
sys.exit(subprocess.call(sys.argv[1:], close_fds=False))""")
    p = subprocess.run(["unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs /mnt && chmod 755 /mnt && exec "$@"', "sh",
                        "/usr/bin/python3", "serve.py", *recorder.prefix, recorder.program, "record", "--", "/usr/bin/python3",
                        "connect.py", "/mnt/a b", "/mnt/closed"],
                       cwd=recorder.cwd, capture_output=True, text=True, timeout=60, check=False)
    assert p.returncode == 0 and p.stderr.splitlines()[:2] == ["Connection refused", "Permission denied"], p.stderr


def test_other_processes(recorder):
    """The first process can neither be entered, traced nor killed; the machine's cannot even be named."""
    err = recorder.sh(f"""nsenter -t 1 -a true; nsenter -t 1 -m true; nsenter -t {os.getpid()} -a true
kill -9 1; kill -STOP 1; kill -TERM 1; kill -9 $PPID; kill -9 {os.getpid()}; echo lives""")
    assert err.count("nsenter: ") == 3 and err.endswith("lives\n")


def test_terminal():
    """The command cannot type into the terminal that netnsctl was started from, and Ctrl-C ends it."""
    ours, theirs = pty.openpty()
    folder = Path(tempfile.mkdtemp(prefix="record-"))
    r = Recorder(folder, os.geteuid())

    def take_terminal():
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    try:
        p = r.popen("--", "/usr/bin/python3", "-uc", """
import ctypes, fcntl, os, termios, time
call = ctypes.CDLL(None).ioctl
def long(number):  # the kernel ignores the upper half
    if call(0, ctypes.c_ulong(number), b"x"):
        raise OSError
for attempt in (lambda: fcntl.ioctl(0, termios.TIOCSTI, b"x"), lambda: long(1 << 32 | termios.TIOCSTI),
                lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 1), lambda: os.open("/dev/tty", 2)):
    try:
        attempt()
        print("TAKEN")
    except OSError:
        print("refused")
print("waiting")
time.sleep(1000)""", stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=take_terminal)
        os.close(theirs)
        text = b""
        while b"waiting" not in text:
            text += os.read(ours, 4096)
        os.write(ours, b"\x03")
        assert p.wait(30) == -signal.SIGINT
    finally:
        os.close(ours)
        shutil.rmtree(folder)
    assert text.count(b"refused") == 4 and b"TAKEN" not in text, text


def test_netnsctl(recorder):
    """There is no netnsd to be asked for anything; and no sandbox in a sandbox, where root could not be nobody."""
    for program in "netnsctl", "netnsd":
        shutil.copy(recorder.folder / "bin" / program, recorder.cwd)
    err = recorder.sh("./netnsctl status; echo $?; ./netnsctl record -- echo inside; echo $?; ./netnsctl exec host echo runs")
    assert "netnsd is not running" in err and "\n4\n" in err and err.endswith("\n5\nruns\n") and "inside\n5" not in err


# ---- what it may do ----

def test_namespaces(recorder):
    """ip netns with all that belongs to it; namespaces in namespaces."""
    err = recorder.sh("""
ip netns add blue && ip link add left type veth peer name right netns blue && ip -n blue addr add 10.0.0.2/24 dev right
ip -n blue link set right up; ip link set left up; ip addr add 10.0.0.1/24 dev left
ip netns exec blue ls /sys/class/net; ip netns exec blue ip -br addr show right | grep -o '10[^ ]*'
mkdir -p /etc/netns/blue && echo nameserver 192.0.2.53 >/etc/netns/blue/resolv.conf && ip netns exec blue cat /etc/resolv.conf
unshare -rn sh -c 'ip link add br9 type bridge && ip -br link show br9' | cut -d' ' -f1
unshare -rUpf --mount-proc ps -e -o comm= | tail -1
nft add table inet t && nft list tables""")
    assert err == "lo\nright\n10.0.0.2/24\nnameserver 192.0.2.53\nbr9\nps\ntable inet t\n"


def test_sudo(recorder):
    err = recorder.sh("sudo ip netns add a; sudo -E -u root X=1 sh -c 'echo $X'; sudo -n -- ip netns; echo 'echo in a shell' | sudo -i; "
                      "sudo -v && echo quiet; sudo; PATH=/nowhere; type sudo 2>&1 | tail -1")
    assert err.startswith("1\na\nin a shell\nquiet\n")


@pytest.mark.parametrize("where", ["/tmp", "/var", "/run", "/home", "/dev/shm"])
def test_full(recorder, where):
    """What fills up is bounded, and the topology is read all the same."""
    err = recorder.sh(f"head -c 200M /dev/zero >{where}/x; stat -c %s {where}/x")
    assert "No space left on device" in err and int(err.split()[-1]) <= 64 << 20


def test_left_running(recorder):
    """They are named, and there, but stopped, while the exporter looks."""
    recorder.exporter('#!/bin/sh\ngrep -H State /proc/[0-9]*/status >&2; echo {}\n')
    err = recorder.sh("sleep 1000 & setsid sleep 1001 & disown -a; exit 0")
    named, *states = err.splitlines()
    assert named == 'netnsctl: still running when the command had ended, and ended now: "sleep 1000", "sleep 1001"'
    assert sum("T (stopped)" in s for s in states) == 2
    assert recorder.sh("for i in $(seq 12); do sleep 1000 & done; disown -a").splitlines()[0].endswith('"sleep 1000" and 2 more')


def test_names_of_processes(recorder):
    """They are a stranger's: no control characters reach the terminal."""
    err = recorder.sh("bash -c 'exec -a $(printf \"a\\x1b[31mb\\xff\") sleep 1000' & disown")
    assert "\x1b" not in err and "\\x1b[31mb" in err


def test_fork_bomb(recorder):
    """It has an end with the time, or with the command."""
    bomb = "b() { b | b & }; b; "
    out, err = recorder.run("--timeout", 2, "--", "bash", "-c", bomb + "sleep 1000", code=124)
    assert out is None and err.endswith("netnsctl: not done within 2 s, and ended; nothing is recorded: --timeout SECONDS\n")
    out, err = recorder.run("--", "bash", "-c", bomb + "sleep 0.5", code=None)
    assert out == {}


def test_timeout(recorder):
    out, err = recorder.run("--timeout", 1, "--", "sleep", 1000, code=124)
    assert (out, err) == (None, "netnsctl: not done within 1 s, and ended; nothing is recorded: --timeout SECONDS\n")
    for value in "0", "x", "-1", "86401", "1s", "":
        assert "--timeout takes 1 to 86400 seconds" in recorder.run("--timeout", value, "true", code=2)[1]
    recorder.exporter("#!/bin/sh\nsleep 1000\n")
    assert recorder.run("--timeout", 1, "true", code=124)[0] is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL])
def test_interrupted(recorder, number):
    """Also a command that ignores the signal ends; netnsctl ends as the signal ends others."""
    p = recorder.popen("--", "bash", "-c", "trap '' INT TERM HUP QUIT; echo ready; sleep 1000 & wait", stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)
    assert p.stderr.readline() == "ready\n"
    sleeper = str(recorder.folder)
    p.send_signal(number)
    out, err = p.communicate(timeout=60)
    assert p.returncode == -number and out == ""
    assert ("the command was ended, and nothing is recorded" in err) == (number != signal.SIGKILL)
    wait_for(lambda: not [c for c in commands() if sleeper in c])


def test_ignored_signals(recorder):
    """What the caller ignores, as nohup(1) does, does not end it; children are waited for whatever the caller did."""
    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    p = recorder.popen("--", "sh", "-c", "echo ready; read x; echo $x; exit 3", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, preexec_fn=ignore)
    assert p.stderr.readline() == "ready\n"
    p.send_signal(signal.SIGHUP)
    out, err = p.communicate("goes on\n", timeout=60)
    assert (p.returncode, json.loads(out)) == (1, {}) and err.startswith("goes on\nnetnsctl: sh failed with exit status 3;")


@pytest.mark.skipif(not MINE, reason="only root becomes nobody")
def test_hint_for_root():
    """A script that nobody may not read: what to do is said, and works."""
    folder = Path(tempfile.mkdtemp(prefix="record-"))
    try:
        r = Recorder(folder, 0)
        (r.cwd / "secret.sh").write_text("echo runs\n")
        r.cwd.chmod(0o700)
        hint = "a script can come by standard input: netnsctl record -- bash -s <SCRIPT"
        assert hint in r.run("--", "bash", "secret.sh", code=1)[1]
        assert hint in r.run("--", "./secret.sh", code=1)[1]
        assert r.run("--", "bash", "-s", text=(r.cwd / "secret.sh").read_text()) == ({}, "runs\n")
    finally:
        shutil.rmtree(folder)


# ---- where it is not possible ----

@pytest.mark.skipif(not MINE, reason="needs root to make such a place")
@pytest.mark.parametrize("setup, words", [
    ("echo 0 >/proc/sys/user/max_user_namespaces", "the kernel allows none: sysctl user.max_user_namespaces=10000"),
    ("mount -t tmpfs tmpfs /proc/sys/fs", "start the container with --security-opt systempaths=unconfined"),
    ("mount --bind /dev/null /proc/uptime", "run netnsctl outside"),
])
def test_refused(recorder, setup, words):
    """With the reason and what to do; nothing is run without a sandbox."""
    # In a user namespace of its own nothing of this is the machine's.
    inner = f"{setup} && exec {' '.join(recorder.prefix)} {recorder.program} record -- echo has run"
    p = subprocess.Popen(["unshare", "-U", "sh", "-c", 'read go; exec unshare -mpf --mount-proc sh -c "$1"', "sh", inner],
                         cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: os.readlink(f"/proc/{p.pid}/ns/user") != os.readlink("/proc/self/ns/user"))
    for kind in "uid", "gid":
        Path(f"/proc/{p.pid}/{kind}_map").write_text("0 0 65536")
    out, err = p.communicate("go\n", timeout=60)
    assert out == "" and words in err and "nothing was run" in err and "\nhas run" not in "\n" + err
    assert p.returncode == (5 if "user namespace" in err else 1)


@pytest.mark.skipif(not MINE, reason="only root is refused that")
def test_refused_without_nobody():
    """root that is alone in its user namespace could still be the machine's."""
    p = subprocess.run(["unshare", "-r", NETNSCTL, "record", "--", "true"], capture_output=True, text=True, timeout=60, check=False)
    assert p.returncode == 5 and "root's commands run as nobody (65534), and this user namespace has no such user" in p.stderr


# ---- stand-ins ----

def test_stand_ins(recorder):
    """They have addresses, gateways that answer, and carriers."""
    err = recorder.sh("ip -br addr show eth0 | tr -s ' '; ip -br link show wlan0 | tr -s ' ' | cut -d' ' -f1,2; ip route show default; "
                      "ip -6 route show default | cut -d' ' -f1-5; for a in 192.0.2.1 2001:db8::1; do ping -q -c3 -i.1 -w20 $a >/dev/null && echo $a; done",
                      "--with", "eth0=192.0.2.2/24,2001:db8::2/64,via=192.0.2.1,via=2001:db8::1", "--with=wlan0")
    assert "eth0@if2 UP 192.0.2.2/24 2001:db8::2/64" in err and "wlan0@if3 UP" in err
    assert "default via 192.0.2.1 dev eth0" in err and "default via 2001:db8::1 dev eth0" in err
    assert "\n192.0.2.1\n2001:db8::1\n" in err


WITH = ["--with", "eth0=192.0.2.2/24,via=192.0.2.1"]


def declared(recorder, host, *options):
    recorder.exporter(f"#!/bin/sh\necho '{json.dumps({'host': host})}'\n")
    out, err = recorder.run(*(options or WITH), "true")
    return out["host"], err


def test_stand_ins_declared(recorder):
    """They exist already: what they had from the beginning is left out, what was added stays."""
    first = {"kind": "veth", "peer": "outer/eth0", "addresses": ["192.0.2.2/24"]}
    routes = [{"to": "default", "via": "192.0.2.1", "dev": "eth0"}]
    assert declared(recorder, {"interfaces": {"eth0": first}, "routes": routes}) == ({"interfaces": {"eth0": {}}}, "")
    assert declared(recorder, {"interfaces": {"eth0": {**first, "mtu": 1400, "addresses": ["192.0.2.9/24", "192.0.2.2/24"]}},
                               "routes": [{"to": "10.0.0.0/8", "via": "192.0.2.1"}, *routes]}) == (
        {"interfaces": {"eth0": {"mtu": 1400, "addresses": ["192.0.2.9/24"]}}, "routes": [{"to": "10.0.0.0/8", "via": "192.0.2.1"}]}, "")


def test_stand_ins_robbed(recorder):
    """What is gone of them cannot be declared, and is said."""
    host, err = declared(recorder, {"routes": [{"to": "default", "via": "192.0.2.1", "table": 7}]})
    assert host == {"routes": [{"to": "default", "via": "192.0.2.1", "table": 7}], "interfaces": {"eth0": {}}}
    assert "the command removed 192.0.2.2/24 from eth0" in err and "the command removed the default route via 192.0.2.1" in err


def test_strangers(recorder):
    """In the sandbox nothing exists already but what stands in: the rest cannot be declared, and is said."""
    topology = {"host": {"interfaces": {"lo": {}, "a": {"up": False}, "b": {}, "c": {}, "d": {"kind": "veth", "peer": "c"}, "eth0": {}}},
                "namespaces": {"x": {"interfaces": {"a": {"kind": "veth", "peer": "host/b"}, "c": {"kind": "veth", "peer": "a"}}}}}
    recorder.exporter(f"#!/bin/sh\necho '{json.dumps(topology)}'\n")
    out, err = recorder.run("--with", "eth0", "true", code=1)
    assert out == topology and err.startswith("netnsctl: host/a: no topology can create it") and err.count("\n") == 1


@pytest.mark.parametrize("value, words", [
    ("eth0=192.0.2.2", "192.0.2.2 lacks its prefix length"),
    ("eth0=x/24", "x/24 is not an IP address"),
    ("eth0=", "nothing between two commas, or after ="),
    ("eth0=default", "default is not an IP address"),
    ("eth0=192.0.2.2/24,via=10.0.0.1", "the gateway 10.0.0.1 is in no network of eth0"),
    ("eth0=192.0.2.2/24,via=192.0.2.1,via=192.0.2.3", "a second gateway of IPv4"),
    ("eth0=192.0.2.2/24,via=192.0.2.0/24", "is not the address of a gateway"),
    ("a/b=192.0.2.2/24", "is not the name of an interface"),
    ("sixteen-letters-", "is not the name of an interface"),
    ("", "is not the name of an interface"),
    ("lo", "lo is there already"),
    ("eth0=" + ",".join(f"192.0.2.{i}/24" for i in range(1, 11)), "more than 8 addresses"),
])
def test_stand_ins_wrong(recorder, value, words):
    out, err = recorder.run("--with", value, "--", "true", code=2)
    assert out is None and words in err and err.startswith("netnsctl: --with"), err


def test_stand_ins_twice(recorder):
    assert "--with eth0 is given twice" in recorder.run(*WITH, *WITH, "true", code=2)[1]
