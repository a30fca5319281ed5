#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs clang-tidy on the C files, two at a time.  usage: tidy.py [BUILD [FILE…]]

BUILD is a folder that meson set up, and where ninja has run; without FILEs, all that it compiles are read.  Each version
of clang-tidy finds other things, so that one is named here.  Debian 12 and 13 both have it."""
import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOOL = "clang-tidy-19"
ROOT = Path(__file__).parent.parent
CONFIG = ROOT / ".clang-tidy"


def tidy(entry):
    """The findings in one file and the headers it includes: {"PATH:LINE:COLUMN: sentence [check]"}."""
    folder = Path(entry["directory"])
    result = subprocess.run([TOOL, "--quiet", f"--config-file={CONFIG}", "-p", folder, entry["file"]], cwd=folder,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    found = set()
    for name, place, words in re.findall(r"^(\S+?):(\d+:\d+): (?:warning|error): (.*\])$", result.stdout, re.M):
        path = (folder / name).resolve()
        # Declarations of system headers are only compared with what is here.
        if not path.is_relative_to("/usr"):
            found.add(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{place}: {words}")
    if result.returncode and not found and "error" in result.stderr:
        found.add(f"{entry['file']}: {result.stderr.strip()}")
    return found


def check(build, files):
    database = build / "compile_commands.json"
    if not shutil.which(TOOL):
        return [f"{TOOL} is not installed, and another version would find other things: .ci/install test"]
    if not database.exists():
        return [f"{database} is not there: meson setup {build} -Dtests=enabled && ninja -C {build}"]
    entries = {(Path(e["directory"]) / e["file"]).resolve(): e for e in json.loads(database.read_text())}
    wanted = [entries[f] for f in files or sorted(entries) if f in entries]
    with ThreadPoolExecutor(2) as pool:
        return sorted(set().union(*pool.map(tidy, wanted)))


def main(build=ROOT / "build", *files):
    found = check(Path(build).resolve(), [Path(f).resolve() for f in files])
    print("\n".join(found) or "nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
