#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The events of daemon/store/event.c, of the interface text and of the journal's catalog are the same, and the catalog
mentions no field that the daemon does not send."""
import re

from source import report

TYPE = re.compile(r'^\t\[EVENT_\w+\] = \{ "(\w+)", "([^"]*)"', re.M)
ENUM = re.compile(r"^  event: \(([^)]*)\)", re.M)
ENTRY = re.compile(r"^-- (.*)\n((?:[A-Z][\w-]*: .*\n)+)\n(\S[\s\S]*?)(?=^-- |\Z)", re.M)
SENT = re.compile(r'\{ "([A-Z_]+)", ')
HEADERS = ["Subject", "Defined-By", "Documentation"]


def twice(names):
    return sorted({name for name in names if names.count(name) > 1})


def check(root):
    types = TYPE.findall((root / "daemon/store/event.c").read_text())
    words = ENUM.search((root / "daemon/io.netnsd.varlink").read_text())[1].split(", ")
    sent = SENT.findall((root / "daemon/base/log.c").read_text())
    catalog = (root / "systemd/netnsd.catalog").read_text()
    entries = ENTRY.findall(catalog)
    ids, explained = [i for _, i in types], [i for i, _, _ in entries]
    found = [f"event.c: {i} is no id of 32 hexadecimal digits" for i in ids if not re.fullmatch("[0-9a-f]{32}", i)]
    found += [f"event.c: {i} stands twice" for i in twice(ids)]
    found += [f"netnsd.catalog: {i} stands twice" for i in twice(explained)]
    found += [f"netnsd.catalog does not explain {i}, the {word} of event.c" for word, i in types if i not in explained]
    found += [f"netnsd.catalog explains {i}, which event.c has not" for i in explained if i not in ids]
    found += [f"netnsd.catalog: {i} has the headers {headers}" for i, text, _ in entries
              if (headers := re.findall(r"^([\w-]+):", text, re.M)) != HEADERS]
    found += [f"netnsd.catalog speaks of {field}, which log.c does not send"
              for field in sorted(set(re.findall(r"@(\w+)@|\b(NETNSD_\w+)", catalog))) for field in field
              if field and field not in sent]
    if catalog.count("\n-- ") != len(entries):
        found.append("netnsd.catalog: an entry has no headers or no text")
    if [word for word, _ in types] != words:
        found.append(f"io.netnsd.varlink has the events {words}, event.c {[word for word, _ in types]}")
    return found


if __name__ == "__main__":
    report(check)
