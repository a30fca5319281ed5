#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs on a machine for a long time: executes the scripts it gets, and reads quickly what ip(8) and /proc/sys say about
every namespace. Lines of JSON in and out."""
import contextlib
import glob
import json
import os
import stat
import subprocess
import sys

from probe import enter
from ruleset import rules

# Without a family the routes are those of both.
BATCH = "addr show\nroute show table all\n"


def sysctls(patterns):
    found = {}
    for pattern in patterns:
        for path in glob.glob("/proc/sys/net/" + pattern):
            with open(path, encoding="ascii") as f:
                found[path[len("/proc/sys/net/"):]] = f.read().strip()
    return found


def look_at(path, patterns):
    enter(path)
    out = subprocess.run(["ip", "-d", "-j", "-batch", "-"], input=BATCH, stdout=subprocess.PIPE, text=True, check=True).stdout
    found = [json.loads(line) for line in out.splitlines() if line.startswith("[")]
    if '"qdisc":"tbf"' in out:
        done = subprocess.run(["tc", "-j", "qdisc", "show"], stdout=subprocess.PIPE, text=True, check=True)
        found.append([qdisc for qdisc in json.loads(done.stdout) if qdisc["handle"] != "0:"])
    return {"ip": found, "sysctl": sysctls(patterns), "nft": rules()}


def etc():
    """What is in /etc/netns: mode, and contents."""
    found = {}
    for path in glob.glob("/etc/netns/**", recursive=True, include_hidden=True):
        with contextlib.suppress(OSError):
            info = os.lstat(path)
            found[path] = f"{info.st_mode:o}"
            if stat.S_ISREG(info.st_mode):
                with open(path, encoding="utf-8") as f:
                    found[path] += " " + f.read()
    return found


def look(patterns):
    folder = "/run/netns"
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    found = {"host": look_at("/proc/1/ns/net", patterns)}
    found["host"]["etc"] = etc()
    for name in names:
        try:
            found[name] = look_at(f"{folder}/{name}", patterns)
            found[name]["inode"] = os.stat(f"{folder}/{name}").st_ino
        except OSError:
            found[name] = {"ip": [], "sysctl": {"no namespace": ""}, "nft": [], "inode": 0}
    enter("/proc/1/ns/net")
    return found


def mark(key, value):
    """Writes a sysctl that nobody manages into every namespace: a recreated one no longer has it."""
    for name in os.listdir("/run/netns"):
        enter(f"/run/netns/{name}")
        with open(f"/proc/sys/net/{key}", "w", encoding="ascii") as f:
            f.write(value)
    enter("/proc/1/ns/net")


def run(script):
    done = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return {"code": done.returncode, "out": done.stdout}


for line in sys.stdin:
    what = json.loads(line)
    command = {"run": run, "look": look, "mark": mark}[what.pop("do")]
    print(json.dumps(command(**what)), flush=True)
