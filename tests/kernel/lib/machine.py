# SPDX-License-Identifier: MIT
"""A machine for one test: mount, network and PID namespaces of its own, with an empty /run. Its true state is read with
ip(8) and from /proc, never from netnsd's own status."""
import difflib
import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from varlink import Connection

ROOT = Path(__file__).parents[3]
BUILD = Path(os.environ.get("NETNSD_BUILD", ROOT / "build")).resolve()
EXAMPLES = ROOT / "conf/examples"
NETNSD, NETNSCTL = BUILD / "netnsd", BUILD / "netnsctl"
FOREVER = 0xffffffff  # a lifetime of an address
NEVER = "1000/1"  # for --heal-burst: nothing is a fight

# A network namespace inherits forwarding from the machine: it may be on there.
# /etc is the real one below what the machine writes; where overlayfs is missing a copy.
SETUP = """mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /mnt && mkdir /mnt/up /mnt/work &&
{ mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/up,workdir=/mnt/work /etc 2>/dev/null ||
{ cp -a /etc/. /mnt/up && mount --bind /mnt/up /etc; }; } && mkdir -p /etc/netns &&
mount -t tmpfs -o mode=755,size=2m tmpfs /etc/netns && ip link set lo up && cd /proc/sys/net &&
for i in ipv4/ip_forward ipv6/conf/all/forwarding ipv4/conf/all/rp_filter; do echo 0 >$i || exit; done &&
cd / && echo ready && exec cat"""
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:")
# Requests that change something in the kernel. An nsid is needed to hear a namespace, and is not part of its state.
WRITE = re.compile(r"^.*(?:RTM_(?:NEW|DEL|SET)(?!NSID)|\bopenat2?\(.*(?:proc/sys|ipv[46]/).*O_(?:WRONLY|RDWR)|"
                   r"\b(?:u?mount2?|unshare)\().*", re.M)
TRACED = "sendmsg,sendto,openat,openat2,mount,umount2,unshare"
ENVIRONMENT = {
    "PATH": f"{BUILD}:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "ASAN_OPTIONS": "exitcode=99",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
}


def at(netns):
    """What ip(8) needs in a shell to be about a namespace; None: the host."""
    return f"-n {netns} " if netns else ""


def wait_for(condition, seconds=20):
    """The first true value of condition(); polls, ever more seldom."""
    end, pause = time.monotonic() + seconds, 0.001
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
    return value


def sanitized(text):
    assert not SANITIZER.search(text), text
    return text


# Prints each namespace; one process for everything is several times cheaper than one for each thing.
LOOK = """
sysctls='ipv4/ip_forward ipv4/conf/all/rp_filter ipv4/conf/default/rp_filter ipv6/conf/all/forwarding
ipv6/conf/default/accept_ra'
look() {{
	echo "@ $1"
	printf '%s\n' 'link show' 'addr show' 'route show table all' 'rule show' 'neigh show nud permanent' 'neigh show proxy' | ip $2 -d -j -batch -
	ip $2 -6 -j rule
}}
look host ''
cd /proc/sys/net; grep . $sysctls; cd /
for n in {names}; do
	look $n "-n $n"
	nsenter --net=/run/netns/$n sh -c "cd /proc/sys/net; grep . $(echo $sysctls)"
done
set -- /etc/netns/* /etc/netns/.n*
[ -e "$1" -o -e "$2" ] || exit 0
echo "@ etc"
cd /etc/netns; find . -mindepth 1 -printf '%y %m %p %l\n'; grep -r '' . || true
"""


def lasting(entry):
    """@entry of ip -j without what changes by itself: carriers, clocks, and what IPv6 does on a link. Of a time that
    expires only that it does."""
    if not isinstance(entry, dict):
        return entry
    if entry.get("dst", "").startswith(("fe80:", "ff00:")):
        return None
    for key in "operstate", "qdisc":  # a link that was ever up keeps its queue
        entry.pop(key, None)
    if "expires" in entry:
        entry["expires"] = True
    if "flags" in entry:
        entry["flags"] = [flag for flag in entry["flags"] if flag not in ("NO-CARRIER", "LOWER_UP", "linkdown")]
    for data in entry.get("linkinfo", {}).get("info_data", {}), entry.get("linkinfo", {}).get("info_slave_data", {}):
        for key in [key for key in data if key.endswith("_timer")]:
            del data[key]
    if "addr_info" in entry:
        entry["addr_info"] = [a for a in entry["addr_info"] if not a["local"].startswith("fe80:")]
        for address in entry["addr_info"]:
            address.pop("tentative", None)
            for key in "valid_life_time", "preferred_life_time":
                if key in address:
                    address[key] = address[key] == FOREVER
    return entry


def lines_of(told):
    """The output of LOOK, sections that begin with "@ TITLE", as lines."""
    lines = []
    for section in told.split("@ ")[1:]:
        title, *rows = section.splitlines()
        for row in rows:
            entries = json.loads(row) if row.startswith("[") else [row]
            for entry in filter(None, map(lasting, entries)):
                lines += [f"{title}: {line}" for line in one_by_one(entry)]
    return sorted(lines)


def one_by_one(entry):
    """A line for each property of a link, and for each of its addresses; else one for the whole entry."""
    if not isinstance(entry, dict) or "ifname" not in entry:
        return [json.dumps(entry, sort_keys=True)]
    addresses = entry.pop("addr_info", [])
    rows = [*entry.items(), *(("address", address) for address in addresses)]
    return [f"{entry['ifname']} {key} {json.dumps(value, sort_keys=True)}" for key, value in rows]


class Machine:
    def __init__(self, folder):
        self.folder = folder
        self.daemon = None
        self.runs = 0
        user = [] if os.geteuid() == 0 else ["-r"]
        self.unshare = subprocess.Popen(
            ["unshare", *user, "-m", "-n", "-p", "--fork", "--mount-proc", "--kill-child", "sh", "-c", SETUP],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.unshare.stdout.readline() == b"ready\n"
        self.init = int(Path(f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children").read_text().split()[0])
        self.enter = ["nsenter", "-t", str(self.init), "-m", "-n", "-p", *(["-U", "--preserve-credentials"] if user
                                                                          else [])]
        self.root = Path(f"/proc/{self.init}/root")
        self.socket = self.root / "run/netnsd/io.netnsd"
        self.at_first = self.snapshot()

    def close(self):
        """Kills the machine's first process, and with it, before it is gone, all others."""
        self.unshare.stdin.close()
        try:
            self.unshare.wait(20)
        except subprocess.TimeoutExpired:
            self.unshare.kill()
            self.unshare.wait()
        self.unshare.stdout.close()
        if self.daemon:
            self.daemon.send_signal(signal.SIGCONT)
            self.daemon.wait()

    # Commands.

    def popen(self, *args, **options):
        return subprocess.Popen([*self.enter, *map(str, args)], env=ENVIRONMENT, text=True, **options)

    def run(self, *args, code=0, text=None, timeout=60):
        """Runs a command on the machine; the result has stdout and stderr. @code None: any."""
        result = subprocess.run([*self.enter, *map(str, args)], input=text, env=ENVIRONMENT, text=True, timeout=timeout,
                                stdin=None if text is not None else subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        sanitized(result.stderr)
        assert code is None or result.returncode == code, \
            f"{' '.join(map(str, args))}: exit code {result.returncode}\n{result.stdout}{result.stderr}{self.log()}"
        return result

    def ctl(self, *args, **options):
        return self.run(NETNSCTL, *args, **options)

    def apply(self, topology, name="lab", *options, **more):
        return self.ctl("apply", *options, self.file(topology, name), **more)

    def file(self, topology, name="lab"):
        """A topology file: made from a dict, or from text as it is."""
        path = self.folder / f"{name}.json"
        path.write_text(topology if isinstance(topology, str) else json.dumps(topology, indent=2))
        return path

    def sh(self, script, **options):
        return self.run("sh", "-ec", script, **options).stdout

    def ip(self, *args):
        out = self.run("ip", "-j", *args).stdout
        return json.loads(out) if out.strip() else []

    def ping(self, netns, address, count=1, ok=True):
        """Pings from @netns (None: from the host), until there are so many answers: the kernel may take a moment until
        it sends on a veth pair that is up (linkwatch, net/core/link_watch.c)."""
        where = ["ip", "netns", "exec", netns] if netns else []
        until = ["-w", 5] if ok else ["-W", 2]
        self.run(*where, "ping", "-n", "-q", "-c", count, "-i", 0.05, *until, address, code=0 if ok else 1)

    # What is there.

    def namespaces(self):
        return sorted(n["name"] for n in self.ip("netns", "list"))

    def inode(self, netns):
        return (self.root / "run/netns" / netns).stat().st_ino

    def at(self, netns):
        return ["-n", netns] if netns else []

    def link(self, netns, name):
        """One link as ip -d -j shows it, or None."""
        return next((i for i in self.ip(*self.at(netns), "-d", "link", "show") if i["ifname"] == name), None)

    def links(self, netns=None):
        return sorted(i["ifname"] for i in self.ip(*self.at(netns), "link", "show"))

    def addresses(self, netns, link):
        """The addresses with their prefixes, without link-local ones, in the kernel's order."""
        info = self.ip(*self.at(netns), "addr", "show", "dev", link)[0]["addr_info"]
        return [f"{a['local']}/{a['prefixlen']}" for a in info if a["scope"] != "link"]

    def routes(self, netns, *args):
        return self.ip(*self.at(netns), "route", "show", *args)

    def sysctl(self, netns, key):
        where = ["ip", "netns", "exec", netns] if netns else []
        return self.run(*where, "cat", "/proc/sys/" + key.replace(".", "/")).stdout.strip()

    def shape(self):
        """Names, flags, addresses and routes, without the numbers that differ from run to run."""
        found = []
        for netns in [None, *self.namespaces()]:
            for link in self.ip(*self.at(netns), "addr"):
                addresses = sorted(f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"] if a["scope"] != "link")
                found.append((netns, link["ifname"], sorted({"UP", "LOWER_UP"} & set(link["flags"])), addresses))
            found.append((netns, sorted((r["dst"], r.get("gateway")) for r in self.routes(netns))))
        return sorted(found, key=str)

    def snapshot(self):
        """All that ip(8) shows and the sysctls that matter, as lines."""
        names = self.namespaces()
        return [*(f"netns {n} {self.inode(n)}" for n in names), *lines_of(self.sh(LOOK.format(names=" ".join(names))))]

    def assert_same(self, before):
        """Everything is as in the snapshot @before; waits for carriers to settle."""
        end = time.monotonic() + 3
        while (now := self.snapshot()) != before and time.monotonic() < end:
            time.sleep(0.05)
        if now != before:
            raise AssertionError("\n".join(difflib.unified_diff(before, now, "before", "now", n=0, lineterm="")))

    def processes(self):
        """The commands of all processes but init, the dead ones left out."""
        return [args for pid, _, args in self.listed() if pid != 1 and args]

    def listed(self):
        """(number on the machine, name, command) of each process; the command of a dead one is empty."""
        for process in (self.root / "proc").glob("[0-9]*"):
            try:
                name, command = (process / "comm").read_text().strip(), (process / "cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            yield int(process.name), name, command.replace("\0", " ").strip()

    def unname(self, netns):
        """ip-netns(8) unmounts the name and then removes the file; netnsd may restore the name in between."""
        done = self.run("ip", "netns", "del", netns, code=None)
        assert done.returncode == 0 or "Cannot remove namespace file" in done.stderr, done.stderr

    # The daemon.

    def start(self, *options, strace=False, wait=True, program=NETNSD, environment=""):
        """Starts netnsd, with boot directories in the folder, and waits until it accepts connections."""
        self.runs += 1
        trace = [f"strace -f -v -s 256 -e trace={TRACED} -o {self.folder}/trace"] if strace else []
        self.traced = 0
        boot = ["--topologies", f"{self.folder}/topologies", "--state", f"{self.folder}/state"]
        command = " ".join([*trace, str(program), *boot, *options])
        environment += " ASAN_OPTIONS=detect_leaks=0 " if strace else " "
        self.log_path = self.folder / f"netnsd.{self.runs}.log"
        with self.log_path.open("w") as log:
            self.daemon = self.popen("sh", "-c", f"echo $$ >/run/netnsd.pid; {environment}exec {command}",
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            wait_for(self.answers, 30)

    def call(self, method, _more=False, **parameters):
        """The reply of netnsd, without a client of ours; VarlinkError if it refuses."""
        with Connection(self.socket) as connection:
            return connection.call(f"io.netnsd.{method}", _more=_more, **parameters)

    def topologies(self):
        """What netnsd says about each."""
        return {t["name"]: t for t in self.call("Status")["topologies"]}

    def status(self, name="lab"):
        """What it says about that one, {} if it does not have it."""
        return self.topologies().get(name, {})

    def state(self, name="lab"):
        return self.status(name).get("state")

    def answers(self):
        assert self.daemon.poll() is None, f"netnsd ended with {self.daemon.returncode}{self.log()}"
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(str(self.socket))
            except OSError:
                return False
        return True

    def log(self):
        path = getattr(self, "log_path", None)
        return f"\n--- log of netnsd\n{path.read_text()}" if path else ""

    def pid(self):
        """The process of netnsd, in the machine's own numbers."""
        found = sorted(pid for pid, name, args in self.listed() if args and name in ("netnsd", "netnsd.bin"))
        assert found, f"netnsd does not run{self.log()}"
        return found[0]

    def kill(self, number):
        self.run("kill", f"-{int(number)}", self.pid())

    def pause(self):
        """Stops netnsd; and nsenter, which watches over it."""
        self.kill(signal.SIGSTOP)
        self.stands_still()

    def stands_still(self):
        """Waits until it has stopped."""
        wait_for(lambda: " T " in Path(f"/proc/{self.daemon.pid}/stat").read_text(), 20)

    def resume(self):
        self.kill(signal.SIGCONT)
        self.daemon.send_signal(signal.SIGCONT)

    def stop(self, number=signal.SIGTERM):
        self.kill(number)
        self.ends(-number if number == signal.SIGKILL else 0)

    def ends(self, code=0):
        """Waits until netnsd has ended by itself."""
        found = self.daemon.wait(20)
        self.daemon = None
        sanitized(self.log())
        assert found == code, f"netnsd ended with {found}{self.log()}"

    def restart(self, number=signal.SIGTERM, **options):
        self.stop(number)
        self.start(**options)

    def writes(self):
        """What the traced daemon has changed since the last call."""
        text = (self.folder / "trace").read_text()
        since, self.traced = self.traced, len(text)
        return WRITE.findall(text[since:])

    def assert_clean(self):
        """Takes everything down: nothing of it remains, and nothing else was touched."""
        if self.daemon:
            self.ctl("down", "--all")
            self.assert_same(self.at_first)
            self.stop()
        assert self.processes() == []
        mounts = (self.root / "proc/1/mountinfo").read_text()
        assert "nsfs" not in mounts
