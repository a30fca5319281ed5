# SPDX-License-Identifier: MIT
"""Shared by the layer test and the size test: the C files of the project, and how a test reports."""
import sys
from pathlib import Path

FOLDERS = "include", "daemon", "client"


def c_files(root, folders=FOLDERS):
    return sorted(p for folder in folders for p in (root / folder).rglob("*.[ch]"))


def report(check):
    """Runs check(root) on the tree named on the command line, or on this one; exits 1 if it finds anything."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
    found = check(root)
    print("\n".join(found) or "nothing found")
    sys.exit(1 if found else 0)
