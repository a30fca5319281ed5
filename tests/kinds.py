#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Everything about a kind of link is in daemon/kind/NAME.c and in its row of kinds.c: no other file names the kind, or
uses a field that only it has."""
import re

from source import c_files, report

# file: the words that it may use of kinds of link
EXCEPTIONS = {
    # Interfaces for a stranger's script, which no topology declares.
    "client/stand_in.c": '"veth"',
    # A word of later versions is never looked up once a kind has it, and its row may stay.
    "daemon/format/reserved.c": '"vlan" "macvlan" "ipvlan" "vxlan" "dummy" "ifb" "vrf" "bond" "tun" "tap" "wireguard"',
    # A field of forwarding entries.
    "daemon/kind/fdb.c": '"vlan"',
    # Without a kind of its own it is known for this alone: its addresses have their routes elsewhere.
    "daemon/kind/link_read.c": '"vrf"',
}

ROW = re.compile(r"^\s*KIND\((\w+)\)", re.M)
FIELD = re.compile(r"\bFIELD\(\w+, (\w+),")
# How the value of a field is read, or set, by its name.
ASKED = r"\b(?:kind_field|field_bit|object_says|object_set|field_value)\((?:[^()]|\([^()]*\))*?"
# Existing links, of whatever kind.
ANY = "interface"


# A value that a field may have (struct word), such as the mode of another kind.
VALUE = re.compile(r'\{ "\w+", [A-Z][A-Z0-9_]* \}')


def code(path):
    """The text without comments and values."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: "\n" * m.group().count("\n"), path.read_text(), flags=re.S)
    return VALUE.sub("", text)


def words(root):
    """word → kind: "bridge" and kind_bridge; and likewise the fields that no other kind has."""
    folder = root / "daemon/kind"
    rows = ROW.findall((folder / "kinds.c").read_text())
    fields, found = {}, {}
    asked = {}
    for path in [*folder.glob("*.c"), *folder.glob("*.h")]:
        fields.setdefault(path.stem, set()).update(FIELD.findall(code(path)))
    for name in rows:
        if name == ANY or "LINK_KIND(" not in code(folder / f"{name}.c"):
            continue
        others = set().union(*(v for k, v in fields.items() if k != name))
        asked.update({f'"{word}"': name for word in fields[name] - others})
        found.update({f'"{name}"': name, f"kind_{name}": name})
    return found, asked


def any_of(words):
    return "|".join(rf"(?<!\w){re.escape(w)}(?!\w)" for w in words) or r"(?!)"


def check(root):
    (kinds, fields), found = words(root), []
    if not kinds:
        return ["daemon/kind/kinds.c: no row is a kind of link"]
    names, asks = re.compile(any_of(kinds)), re.compile(ASKED + f"({any_of(fields)})")
    kinds.update(fields)
    for path in c_files(root):
        name = path.relative_to(root).as_posix()
        allowed = EXCEPTIONS.get(name, "").split()
        for number, line in enumerate(code(path).splitlines(), 1):
            for word in names.findall(line) + asks.findall(line):
                if path.stem != kinds[word] and word not in allowed:
                    found.append(f"{name}:{number}: says {word}: that is for daemon/kind/{kinds[word]}.c")
    return found


if __name__ == "__main__":
    report(check)
