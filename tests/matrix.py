#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints the results of tests/kernel/test_matrix.py as a table: a kind of link a line, an operation a column, in each cell
the kernels on which it is tried. A cell that is empty on one of them has its reason below; one that is empty on all, or a
field that none of them has, is a failure, unless its row says that it is not possible.
usage: matrix.py KERNEL=FILE...     FILE: the JUnit file of a run on that kernel
       matrix.py                    runs it on this machine's kernel and on user-mode-linux; $NETNSD_BUILD is the build"""
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEST = ROOT / "tests/kernel/test_matrix.py"
CASE = re.compile(r"test_(\w+)\[([\w-]+)\]$")
sys.path.insert(0, str(TEST.parent / "lib"))


def cells(path):
    """(kind, operation) → "" or why it is empty; kind → its fields that are tried."""
    found, fields = {}, {}
    for case in ET.parse(path).iter("testcase"):
        match = CASE.match(case.get("name", ""))
        if not match or not case.get("classname", "").endswith("test_matrix"):
            continue
        skipped, at = case.find("skipped"), (match[2], match[1].replace("_", " "))
        if case.find("failure") is not None or case.find("error") is not None:
            found[at] = "failed"
        else:
            found[at] = "" if skipped is None else skipped.get("message", "").removeprefix("Skipped: ")
        for one in case.iter("property"):
            if one.get("name") == "fields":
                fields.setdefault(match[2], set()).update(one.get("value").split())
    return found, fields


def table(kernels):
    """The lines to print, and those that are failures."""
    from matrix_rows import BY_KIND, Field  # pylint: disable=import-outside-toplevel
    every = {at for found, _ in kernels.values() for at in found}
    operations = list(dict.fromkeys(operation for found, _ in kernels.values() for _, operation in found))
    lines, reasons, wrong = [["", *operations]], {}, []
    for kind, row in BY_KIND.items():
        line = [kind]
        for operation in operations:
            empty = {name: found.get((kind, operation), "not run") for name, (found, _) in kernels.items()}
            line.append("+".join(name for name, why in empty.items() if not why) or "-")
            for name, why in empty.items():
                if why:
                    reasons.setdefault((name, kind, why), []).append(operation)
            if all(empty.values()) and operation.replace(" ", "_") not in row.cells:
                wrong.append(f"{kind}: {operation}: no kernel fills this cell: {'; '.join(f'{n}: {w}' for n, w in empty.items())}")
            wrong += [f"{kind}: {operation}: failed on {name}" for name, why in empty.items() if why in ("failed", "not run")]
        lines.append(line)
        fields = {*row.own, *(name for name, f in row.common.items() if isinstance(f, Field))}
        for field in sorted(fields.difference(*(tried.get(kind, set()) for _, tried in kernels.values()))):
            wrong.append(f"{kind}: no kernel has the field {field}")
        for name, (_, tried) in kernels.items():
            for field in sorted(fields - tried.get(kind, fields)):
                reasons.setdefault((name, kind, f"this kernel has no {field}"), []).append("field")
        for name, why in row.common.items():
            if isinstance(why, str):
                reasons.setdefault(("all", kind, f"{name}: {why}"), []).append("field")
    if not every:
        wrong.append("nothing was run")
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    printed = ["  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip() for line in lines]
    printed += ["", *(f"{name}: {kind}: {', '.join(which) if len(which) < len(operations) else 'all'}: {why}"
                      for (name, kind, why), which in reasons.items())]
    return printed, wrong


def run(folder):
    """Runs it on both kernels."""
    here, there = folder / "here.xml", folder / "uml.xml"
    subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", f"--junitxml={here}", TEST], check=False)
    subprocess.run([ROOT / "tests/uml/run", f"--junitxml={there}", TEST], check=False)
    return {"here": here, "uml": there}


def main():
    with tempfile.TemporaryDirectory() as name:
        files = dict(word.split("=", 1) for word in sys.argv[1:]) or run(Path(name))
        printed, wrong = table({kernel: cells(path) for kernel, path in files.items()})
    print("\n".join(printed))
    print(*(f"FAILED {line}" for line in wrong), sep="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
