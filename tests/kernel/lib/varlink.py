# SPDX-License-Identifier: MIT
"""A Varlink client of a few lines, which can misbehave: it sends whatever bytes it gets."""
import json
import socket
import struct


class VarlinkError(Exception):
    def __init__(self, reply):
        super().__init__(json.dumps(reply))
        self.name, self.parameters = reply["error"], reply.get("parameters") or {}


class Connection:
    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        # A socket that does not block is refused where the queue is full; this one waits in it, as netnsctl does.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", max(1, int(timeout)), 0))
        self.socket.connect(str(path))
        self.socket.settimeout(timeout)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Raw bytes, as they are."""
        self.socket.sendall(data)

    def receive(self):
        """The next message; None when the other side has closed."""
        while b"\0" not in self.rest:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.rest += data
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def call(self, method, _more=False, **parameters):
        """The parameters of the reply, or with _more a list of those of all replies."""
        self.send(encode(method, parameters, more=_more))
        replies = []
        while True:
            reply = self.receive()
            assert reply is not None, "closed without an answer"
            if "error" in reply:
                raise VarlinkError(reply)
            replies.append(reply.get("parameters") or {})
            if not reply.get("continues"):
                return replies if _more else replies[0]


def encode(method, parameters=None, more=False, oneway=False):
    call = {"method": method}
    if parameters:
        call["parameters"] = parameters
    if more:
        call["more"] = True
    if oneway:
        call["oneway"] = True
    return json.dumps(call).encode() + b"\0"
