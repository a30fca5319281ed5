# SPDX-License-Identifier: MIT
"""A machine that boots: a root of Debian with systemd as its first process, in systemd-nspawn with a network of its
own. It is built on layers that it does not change; what it writes is gone with it, unless it is kept as a layer."""
import json
import os
import pty
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import roots

EVERYDAY = "/usr/share/doc/netnsd/examples/everyday.json"
TOPOLOGIES = "/etc/netnsd/topologies"
KEEPER = Path(__file__).parent / "keeper.sh"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
               "HOME": "/root", "TERM": "dumb", "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_PAGER": ""}
REBOOTED = 133  # how nspawn --keep-unit reports that the guest wants to reboot


def wait_for(condition, seconds=10, what=""):
    """Polls until condition() is true; returns its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain {what}"
        time.sleep(0.02)
    return value


def states(guest):
    """The topologies of a guest, and their states."""
    return {t["name"]: t["state"] for t in json.loads(guest.run("netnsctl", "--json", "status").stdout)["topologies"]}


def entered(guest, unit):
    """When a unit of a guest became active."""
    return int(guest.show(unit, "ActiveEnterTimestampMonotonic"))


def children(pid):
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def first_process(pid):
    """The process below @pid that is the first of a PID namespace inside the keeper's."""
    for child in children(pid):
        try:
            status = Path(f"/proc/{child}/status").read_text()
        except OSError:
            continue
        numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
        if len(numbers) == 3 and numbers[-1] == "1":
            return child
        if found := first_process(child):
            return found
    return None


def cgroup(script):
    """Runs @script in a mount namespace where the machine's cgroup2 is the working directory."""
    script = f"mount --make-rprivate / && mount -t cgroup2 cgroup2 /mnt && cd /mnt && {script}"
    return subprocess.run(["unshare", "-m", "sh", "-ec", script], stdout=subprocess.PIPE, text=True, check=True).stdout


class Guest:
    numbers = 0

    def __init__(self, folder, release, layers=()):
        """@layers: what other guests wrote, lowest first, above the root of @release."""
        Guest.numbers += 1
        self.release = release
        self.console = b""
        self.nspawn = None
        self.folder = folder / f"guest-{Guest.numbers}"
        self.upper, work = self.folder / "upper", self.folder / "work"
        self.upper.mkdir(parents=True)
        work.mkdir()
        self.root = roots.root(release)
        lower = ":".join(map(str, [*reversed(layers), self.root]))
        self.group = f"netnsd-tests-{os.getpid()}-{Guest.numbers}"
        keeper = ["sh", KEEPER, "mounts", roots.root("bookworm"), lower, self.upper, work]
        self.unshare = subprocess.Popen(["unshare", "-m", "sh", KEEPER, "group", self.group, *map(str, keeper)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.unshare.stdout.readline() == b"ready\n"
        self.keeper = children(self.unshare.pid)[0]

    def remove(self):
        """Removes what it wrote."""
        shutil.rmtree(self.folder)

    def leave(self):
        """Ends all processes of the guest. What it wrote remains in the folder upper."""
        self.unshare.stdin.close()
        try:
            self.unshare.wait(10)
        except subprocess.TimeoutExpired:
            self.unshare.kill()
            self.unshare.wait()
        self.unshare.stdout.close()
        if self.nspawn:
            self.nspawn.wait()
            self.reader.join()
        cgroup(f"for i in 1 2 3 4 5; do find {self.group} -depth -type d -exec rmdir {{}} + && exit; sleep 0.1; done; exit 1")

    # Boots.

    def power_on(self):
        """Starts systemd; does not wait for it."""
        start = "echo 0 >/sys/fs/cgroup/nspawn/cgroup.procs && exec systemd-nspawn --quiet --keep-unit --register=no " \
                "-D /mnt/r --private-network --console=interactive -M guest --hostname=guest -b"
        master, slave = pty.openpty()
        self.nspawn = subprocess.Popen(
            ["nsenter", "-t", str(self.keeper), "-m", "-p", "-C", "-n", "sh", "-c", f"mkdir -p /sys/fs/cgroup/nspawn; {start}"],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=ENVIRONMENT)
        os.close(slave)
        self.reader = threading.Thread(target=self.read_console, args=(master,))
        self.reader.start()
        self.init = wait_for(lambda: first_process(self.nspawn.pid), 10, self.console)

    def read_console(self, master):
        while True:
            try:
                data = os.read(master, 4096)
            except OSError:
                break
            if not data:
                break
            self.console += data
        os.close(master)

    def boot(self, state="running"):
        """Boots until all jobs are done; then the state is @state."""
        self.power_on()
        self.wait_booted(state)

    def wait_booted(self, state="running"):
        def answer():
            result = self.run("systemctl", "is-system-running", "--wait", code=None)
            return result.stdout.strip() if result.stdout.strip() not in ("", "offline", "unknown") else None
        now = wait_for(answer, 30)
        assert now == state, f"{now}\n" + self.sh("systemctl --failed --no-legend; journalctl -b -p notice -n 60")

    def ended(self):
        """The exit code of nspawn, once the guest is off."""
        code = self.nspawn.wait(60)
        self.reader.join()
        self.nspawn = None
        return code

    def reboot(self, state="running"):
        self.run("systemctl", "reboot", code=None)
        assert self.ended() == REBOOTED, self.console
        self.boot(state)

    def cut_power(self, state="running"):
        """Ends it without notice, and boots again: /run and the kernel's state are gone."""
        os.kill(self.init, signal.SIGKILL)
        self.ended()
        self.boot(state)

    def power_off(self):
        self.run("systemctl", "poweroff", code=None)
        assert self.ended() == 0, self.console

    def install(self, package):
        """Installs or upgrades with apt, which takes dependencies from its cache: there is no network."""
        self.copy(package)
        return self.sh(f"apt-get install -y -q --no-install-recommends ./root/{package.name} 2>&1")

    # Commands.

    def command(self, *args):
        return ["nsenter", "-t", str(self.init), "-m", "-u", "-i", "-n", "-p", *map(str, args)]

    def popen(self, *args, **options):
        return subprocess.Popen(self.command(*args), env=ENVIRONMENT, text=True, **options)

    def run(self, *args, code=0, timeout=60):
        """Runs a command on the guest; the result has stdout and stderr. @code None: any."""
        result = subprocess.run(self.command(*args), env=ENVIRONMENT, text=True, timeout=timeout, check=False,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert code is None or result.returncode == code, \
            f"{' '.join(map(str, args))}: exit code {result.returncode}\n{result.stdout}{result.stderr}"
        return result

    def sh(self, script, **options):
        return self.run("sh", "-ec", script, **options).stdout

    def write(self, path, text, mode=0o644):
        """Writes a file into the running guest."""
        path = Path(f"/proc/{self.init}/root/{path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        path.chmod(mode)

    def copy(self, file, path="root"):
        shutil.copy(file, f"/proc/{self.init}/root/{path}")

    def show(self, unit, name):
        """A property of a unit."""
        return self.run("systemctl", "show", unit, "-P", name).stdout.strip()
