# SPDX-License-Identifier: MIT
"""What netnsd reports: as it happens, and from its log."""
import select

from varlink import Connection, encode


class Monitor(Connection):
    """Has requested events; .topologies is the state at that time."""

    def __init__(self, machine):
        super().__init__(machine.socket)
        self.send(encode("io.netnsd.Monitor", more=True))
        self.topologies = self.receive()["parameters"]["topologies"]

    def event(self):
        reply = self.receive()
        assert reply["continues"] and list(reply["parameters"]) == ["event"]
        return reply["parameters"]["event"]

    def drain(self, told):
        """Adds to @told what has arrived so far; true if the last event is that everything is well."""
        while b"\0" in self.rest or select.select([self.socket], [], [], 0)[0]:
            told.append(self.event())
        return told and told[-1]["event"] == "healed"


def log(machine, name=None):
    """The events that netnsd has stored."""
    return machine.call("Log", **({"name": name} if name else {}))["events"]


def events(machine, name=None):
    """Their names."""
    return [event["event"] for event in log(machine, name)]
