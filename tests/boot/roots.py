# SPDX-License-Identifier: MIT
"""Roots of Debian to boot, built by mmdebstrap from this machine's own package sources and kept outside the tree: in
$NETNSD_TESTS_CACHE, else $XDG_CACHE_HOME/netnsd-tests, else /var/cache/netnsd-tests. A root is never changed, only used
below an overlay; when its recipe changes it is built again. As a program: builds those that are missing, and prints
their folders."""
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
BASE = "systemd systemd-sysv dbus udev iproute2 iputils-ping procps kmod python3 curl".split()
# The dependencies of netnsd are not installed: their packages are ready for apt, as they would be on a mirror.
READY = "libnl-3-200 libjson-c5".split()
# Other programs concerned with the network, or with the order of a boot.
NEIGHBOURS = "netbase cloud-init ifupdown firewalld network-manager".split()

# What ./try installs, likewise.
TRY = [line.split()[1] for line in (ROOT / ".ci/packages").read_text().splitlines() if line.startswith("build:")]

# name: (release, packages, packages that are ready)
RECIPES = {
    "bookworm": ("bookworm", [*BASE, "systemd-container"], READY),
    "trixie": ("trixie", BASE, READY),
    "neighbours": ("bookworm", [*BASE, *NEIGHBOURS], READY),
    "try-bookworm": ("bookworm", BASE, TRY),
    "try-trixie": ("trixie", BASE, TRY),
}


def cache():
    home = os.environ.get("XDG_CACHE_HOME")
    return Path(os.environ.get("NETNSD_TESTS_CACHE") or (f"{home}/netnsd-tests" if home else "/var/cache/netnsd-tests"))


def command(name, folder, sources):
    release, packages, later = RECIPES[name]
    ready = "apt-get -qq --download-only install -y --no-install-recommends " + " ".join(later)
    return ["mmdebstrap", "--mode=root", "--variant=minbase", "--quiet", "--skip=cleanup/apt",
            f"--include={','.join(packages)}",
            f"--customize-hook=chroot \"$1\" sh -ec 'apt-get clean; {ready}'",
            release, str(folder), *sources]


def build(name, folder):
    with tempfile.TemporaryDirectory() as work:
        sources = Path(work, "sources")
        subprocess.run([ROOT / ".ci/sources", RECIPES[name][0], sources], check=True)
        # Nobody else may see what it mounts.
        subprocess.run(["unshare", "-m", *command(name, folder, sorted(sources.iterdir()))], check=True)


def root(name):
    """The folder of the root @name; builds it if it is missing."""
    recipe = repr(command(name, "", [])).encode()
    folder = cache() / f"{name}-{hashlib.sha256(recipe).hexdigest()[:12]}"
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            for old in cache().glob(f"{name}-*"):
                shutil.rmtree(old)
            half = cache() / f"{name}-half"
            build(name, half)
            half.rename(folder)
    return folder


if __name__ == "__main__":
    for each in sys.argv[1:] or RECIPES:
        print(root(each))
