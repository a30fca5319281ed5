#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Which modules may include which: the folders of daemon/ are the layers, a file includes its own folder and those
above it in the list, modules do not include each other in a circle, the libraries stay where they belong, and nobody
bypasses pass.c."""
import re

from source import c_files, report

# From the bottom up. "" is daemon/ itself: main and what surrounds the engine.
FOLDERS = ["base", "model", "format", "kernel", "kind", "store", "transaction", "topology", "heal", "engine", "inspect", "control",
           "method", ""]
CLIENT_UP_TO = "kind"  # netnsctl consists of its own files and of these folders

# library: (its headers, the folders, or modules, that may include them)
LIBRARIES = {
    "libnl": (r"netlink/.*", "kernel kind"),
    "json-c": (r"json-c/.*", "base/json base/json_struct base/json_text base/json_token model/type model/type_inet model/name model/node model/field model/model "
                             "model/describe format client store transaction topology heal engine inspect control method "
                             "daemon/main daemon/once daemon/notify daemon/watch"),
    "libpcap": (r"pcap(/.*)?\.h", "client/source"),
    "sd-event": (r"systemd/sd-event\.h", "control method daemon/main daemon/once daemon/notify daemon/watch daemon/watch_etc"),
}

# function: its module, and the only other one that calls it.  Everything that changes the kernel is a pass.
PASS = {
    "observe_netns": ("kind/observe", "transaction/machine"),
    "execute_step": ("transaction/execute", "transaction/machine"),
    "owner_resolve": ("model/owner", "transaction/pass"),
    "plan_make": ("model/plan", "transaction/pass"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def folder(path):
    """"kind" for daemon/kind/veth.c, "" for daemon/main.c, "client" for client/text.c."""
    return "/".join(path.parts[1:-1]) if path.parts[0] == "daemon" else path.parts[0]


def modules(paths):
    """path → module: x.c, x.h, and x_part.c where x_part has no header of its own and x has one."""
    headers = {p.with_suffix("") for p in paths if p.suffix == ".h"}

    def module(path):
        stem = path.with_suffix("")
        while stem not in headers and "_" in stem.name:
            shorter = stem.with_name(stem.name.rpartition("_")[0])
            if shorter in headers:
                return shorter
            stem = shorter
        return path.with_suffix("")

    def name(path):
        me = module(path).as_posix()
        return me.removeprefix("daemon/") if folder(path) else me
    return {p: name(p) for p in paths}


def resolve(root, path, include):
    """The file that an include refers to, or None: one that is generated."""
    for base in path.parent, root / "include", root / "daemon":
        if (base / include).is_file():
            return (base / include).resolve().relative_to(root)
    return None


def find_circles(edges):
    """The sets of modules that include each other in a circle (Tarjan)."""
    index, low, stack, circles = {}, {}, [], []

    def visit(name):
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(edges.get(name, ())):
            if other not in index:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == index[name]:
            at = stack.index(name)
            circle = set(stack[at:])
            del stack[at:]
            if len(circle) > 1:
                circles.append(circle)

    for name in sorted(edges):
        if name not in index:
            visit(name)
    return circles


def library_problem(me, where, header):
    for library, (headers, allowed) in LIBRARIES.items():
        if re.fullmatch(headers, header) and not {me, where} & set(allowed.split()):
            return f"includes <{header}>: {library} is not for {me}"
    return None


def folder_problem(me, where, other, there):
    if there == "include" or (where == "client" and there == "client"):
        return None
    if there == "client":
        return f"{me} includes the client's {other}"
    limit = CLIENT_UP_TO if where == "client" else where
    if where == "include":
        return f"{me} includes {other}"
    if FOLDERS.index(there) > FOLDERS.index(limit):
        return f"{me} includes {other}, which is above it"
    return None


def pass_problems(me, text):
    for function, two in PASS.items():
        if me not in two and re.search(rf"\b{function}\(", text):
            yield f"calls {function}(), which is for {two[1]}"


def check(root):
    root = root.resolve()
    paths = [p.relative_to(root) for p in c_files(root)]
    name, found, edges = modules(paths), [], {}
    for path in paths:
        me, where = name[path], folder(path)
        if where not in [*FOLDERS, "client", "include"]:
            found.append(f"{path}: the folder {where} is in no layer of tests/layers.py")
            continue
        text = (root / path).read_text()
        found += [f"{path}: {problem}" for problem in pass_problems(me, text)]
        for quote, header in INCLUDE.findall(text):
            target = None if quote == "<" else resolve(root, root / path, header)
            problem = library_problem(me, where, header) if quote == "<" else None
            if target:
                problem = folder_problem(me, where, name[target], folder(target))
                if name[target] != me:
                    edges.setdefault(me, set()).add(name[target])
            if problem:
                found.append(f"{path}: {problem}")
    return found + ["modules go in a circle: " + ", ".join(sorted(circle)) for circle in find_circles(edges)]


if __name__ == "__main__":
    report(check)
