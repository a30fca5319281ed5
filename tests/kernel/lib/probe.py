# SPDX-License-Identifier: MIT
"""Stays on a machine and prints, for each line it gets, the state of each namespace: as ip -j shows it, and sysctls.
One process that enters the namespaces is ten times faster than two for each of them."""
import ctypes
import json
import os
import subprocess
import sys
import tempfile

import ruleset

CLONE_NEWNET = 0x40000000
LOOK = "link show\naddr show\nroute show table all\nnetns list-id\nrule show\nneigh show nud permanent\nneigh show proxy\n"
KEYS = ("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/ip_default_ttl", "core/somaxconn", "ipv4/tcp_syn_retries",
        "ipv4/conf/all/rp_filter", "ipv4/conf/default/rp_filter", "ipv6/conf/default/accept_ra",
        "ipv4/ip_unprivileged_port_start", "ipv4/ip_local_port_range", "ipv4/ipfrag_low_thresh", "ipv4/ipfrag_high_thresh",
        "ipv6/ip6frag_low_thresh", "ipv6/ip6frag_high_thresh", "ipv6/conf/default/hop_limit")
LINK_KEYS = "ipv4/rp_filter", "ipv4/promote_secondaries", "ipv4/forwarding", "ipv6/hop_limit", "ipv6/accept_ra", "ipv6/forwarding"

libc = ctypes.CDLL(None, use_errno=True)


def enter(path):
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), path)
        return os.fstat(fd).st_ino
    finally:
        os.close(fd)


def sysctls():
    found = {}
    keys = [(key, key) for key in KEYS]
    for link in os.listdir("/proc/sys/net/ipv4/conf"):
        if link not in ("all", "default"):
            keys += [(f"{link}/{key}", f"{key[:4]}/conf/{link}/{key[5:]}") for key in LINK_KEYS]
    for name, path in keys:
        try:
            with open(f"/proc/sys/net/{path}") as file:
                found[name] = " ".join(file.read().split())
        except OSError:
            pass
    return found


def etc():
    """The files in /etc/netns, by namespace and name."""
    found = {}
    for name in os.listdir("/etc/netns"):
        for file in os.listdir(f"/etc/netns/{name}"):
            with open(f"/etc/netns/{name}/{file}") as f:
                found[f"{name}/{file}"] = f.read().split("\n", 1)[-1]
    return found


def look(batch):
    names = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    found, running = {}, {}
    for name, path in [("host", "/proc/1/ns/net"), *((name, f"/run/netns/{name}") for name in names)]:
        try:
            inode = enter(path)
        except OSError as e:
            found[name] = {"error": str(e)}
            continue
        # A batch shows the rules of one family only.
        running[name] = [subprocess.Popen(["ip", *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, close_fds=False)
                         for args in (["-d", "-j", "-batch", batch], ["-6", "-d", "-j", "rule", "show"])]
        found[name] = {"inode": inode, "sysctls": sysctls(), "nft": nft()}
    found["host"]["etc"] = etc()
    for name, processes in running.items():
        out = "\n".join(process.communicate()[0] for process in processes).split("\n")
        for what, text in zip(("links", "addresses", "routes", "numbers", "rules", "neighbors", "proxies", "rules6"), filter(None, out)):
            found[name][what] = json.loads(text)
        if any(link.get("qdisc") == "tbf" for link in found[name].get("links", [])):
            found[name]["qdiscs"] = qdiscs(name)
    return found


def nft():
    """The table of netnsd as nft(8) shows it, which takes its time; most namespaces have none."""
    if not ruleset.rules():
        return ""
    done = subprocess.run(["nft", "-s", "list", "table", "inet", "netnsd"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False)
    return done.stdout


def qdiscs(name):
    try:
        enter("/proc/1/ns/net" if name == "host" else f"/run/netns/{name}")
    except OSError:
        return []
    done = subprocess.run(["tc", "-j", "qdisc", "show"], stdout=subprocess.PIPE, text=True, check=False)
    return [qdisc for qdisc in json.loads(done.stdout or "[]") if qdisc["handle"] != "0:"]


def main():
    with tempfile.NamedTemporaryFile("w", dir="/run") as batch:
        batch.write(LOOK)
        batch.flush()
        for _ in sys.stdin:
            print(json.dumps(look(batch.name)), flush=True)


if __name__ == "__main__":
    main()
