# SPDX-License-Identifier: MIT
"""The Debian package of this tree, built by dpkg-buildpackage in a copy of it."""
import os
import re
import shutil
import subprocess

from roots import ROOT

# Debian's tools recreate them, and a build must not find another's.
LEFT_OUT = shutil.ignore_patterns("build*", ".git", "__pycache__", ".pytest_cache")


def version():
    """The version of this tree, from the changelog."""
    return re.match(r"netnsd \((.*?)\)", (ROOT / "debian/changelog").read_text())[1]


def start_build(folder, to=None):
    """Starts to build the package in @folder, as version @to."""
    tree = folder / "netnsd"
    shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
    if to:
        for name, old, new in (("debian/changelog", f"({version()})", f"({to})"),
                               ("meson.build", f"version: '{version()}'", f"version: '{to}'")):
            text = (tree / name).read_text()
            assert old in text
            (tree / name).write_text(text.replace(old, new, 1))
    log = (folder / "log").open("w")
    return subprocess.Popen(["dpkg-buildpackage", "-b", "-us", "-uc"], cwd=tree, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                            env={**os.environ, "DEB_BUILD_OPTIONS": "nocheck noautodbgsym"})


def built(folder, process):
    """The package that @process has built in @folder."""
    assert process.wait(300) == 0, (folder / "log").read_text()
    return next(folder.glob("netnsd_*.deb"))
