#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who may include whom: a file includes its own layer and those below it, nothing goes in a circle, and
the libraries stay where they belong. Add a new file to LAYERS."""
import re

from source import c_files, report

LAYERS = [
    "base usec netnsd err log log_out manager arena path guess utf8 std_fds trust",
    "type type_inet name field kind model model_save describe json json_token",
    "load loader load_object load_check load_words later schema manual plan plan_conflict plan_others plan_step slot owner back rtnl listen sysctl netns held spare look work",
    "kinds kind/*",
    "observe execute linger",
    "reconcile begin queue engine view known share start job job_open job_wait heal healing heal_beside heal_mend heal_note heal_other heal_return heal_unwell heal_wait spot keep keep_heard drift drifted watch event state status event_file outcome confirm await adopt "
    "boot boot_file boot_files boot_persist persist notify reload record lock identity",
    "control gate stream varlink idl service method once answer method_change method_reload monitor wait node options",
    "main",
]
CLIENT_UP_TO = 3  # netnsctl is made of its own files and these layers

# library: (the headers it has, the modules that may include them)
LIBRARIES = {
    "libnl": (r"netlink/.*", "rtnl listen netns look work kinds kind/*"),
    "json-c": (r"json-c/.*", " ".join(["type type_inet name field model model_save describe json json_token load loader load_object "
                                       "load_check load_words schema client/*", *LAYERS[5:]])),
    "sd-event": (r"systemd/sd-event\.h", " ".join(LAYERS[5:])),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def module(root, path):
    """daemon/plan.c and daemon/plan.h are the module "plan", daemon/kind/veth.c is "kind/veth"."""
    name = path.relative_to(root).with_suffix("").as_posix()
    return name if name.startswith("client/") else name.partition("/")[2]


def in_list(name, names):
    return name in names.split() or name.partition("/")[0] + "/*" in names.split()


def layer(name):
    if name.startswith("client/"):
        return CLIENT_UP_TO + 1
    return next((i for i, names in enumerate(LAYERS) if in_list(name, names)), None)


def resolve(root, path, include):
    """The file that an include means, or None: one that is made at build time."""
    for folder in path.parent, root / "include", root / "daemon":
        if (folder / include).is_file():
            return (folder / include).resolve().relative_to(root)
    return None


def find_cycle(edges):
    """One circle of files as a list, or None."""
    done = set()

    def walk(name, trail):
        if name in trail:
            return trail[trail.index(name):] + [name]
        if name in done:
            return None
        for other in sorted(edges.get(name, ())):
            if found := walk(other, trail + [name]):
                return found
        done.add(name)
        return None

    return next(filter(None, (walk(name, []) for name in sorted(edges))), None)


def library_problem(me, header):
    for library, (headers, allowed) in LIBRARIES.items():
        if re.fullmatch(headers, header) and not in_list(me, allowed):
            return f"includes <{header}>: {library} is not for {me}"
    return None


def layer_problem(me, other):
    if layer(me) is None:
        return f"{me} is in no layer of tests/layers.py"
    if other.startswith("client/") and not me.startswith("client/"):
        return f"{me} includes the client's {other}"
    if layer(other) is not None and not other.startswith("client/") and layer(other) > layer(me) - \
            me.startswith("client/"):
        return f"{me} (layer {layer(me)}) includes {other} (layer {layer(other)})"
    return None


def check(root):
    root = root.resolve()
    found, edges = [], {}
    for path in c_files(root):
        me = module(root, path)
        if layer(me) is None:
            found.append(f"{path.relative_to(root)}: {me} is in no layer of tests/layers.py")
            continue
        for quote, header in INCLUDE.findall(path.read_text()):
            if quote == "<":
                problem = library_problem(me, header)
            elif target := resolve(root, path, header):
                other = module(root, root / target)
                edges.setdefault(path.relative_to(root).as_posix(), set()).add(target.as_posix())
                problem = layer_problem(me, other)
            else:
                problem = None
            if problem:
                found.append(f"{path.relative_to(root)}: {problem}")
    if cycle := find_cycle(edges):
        found.append("includes go in a circle: " + " → ".join(cycle))
    return found


if __name__ == "__main__":
    report(check)
