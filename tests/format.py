#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whether the C files are as clang-format writes them; with --write, writes them so.

Each version of clang-format breaks lines a little differently, so that one is named here.  Debian 12 and 13 both have it."""
import re
import shutil
import subprocess
import sys
from pathlib import Path

from source import c_files, report

TOOL = "clang-format-19"
FOLDERS = "include", "daemon", "client", "docs", "tests"
STYLE = Path(__file__).parent.parent / ".clang-format"


def run(root, *options):
    files = c_files(root, FOLDERS)
    return subprocess.run([TOOL, f"--style=file:{STYLE}", *options, *files], stderr=subprocess.PIPE, text=True, check=False)


def exceptions(root):
    """clang-format obeys both ways to write it, but only the one has room for the reason."""
    for path in c_files(root, FOLDERS):
        for i, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"clang-format off", line) and not re.search(r"// clang-format off: \w", line):
                yield f'{path.relative_to(root)}:{i}: says no reason: "// clang-format off: reason"'


def check(root):
    if not shutil.which(TOOL):
        return [f"{TOOL} is not installed, and another version would format differently: .ci/install test"]
    result = run(root, "--dry-run", "--Werror")
    files = sorted(set(re.findall(r"^(.+?):\d+:\d+: error: code should be clang-formatted", result.stderr, re.M)))
    if result.returncode and not files:
        return [f"{TOOL}: {result.stderr}"]
    found = [f"{Path(name).relative_to(root)}: is not formatted: python3 tests/format.py --write" for name in files]
    return found + list(exceptions(root))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        sys.exit(run(STYLE.parent, "-i").returncode)
    report(check)
