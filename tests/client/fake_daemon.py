# SPDX-License-Identifier: MIT
"""A netnsd that only talks: it gives prepared replies, and records the calls it got."""
import json
import socket
import threading


class FakeDaemon(threading.Thread):
    """replies: method without interface → what is sent for it, a list. In it {"error": …} is sent as it is, bytes
    too, anything else as parameters; all but the last "continue"."""

    def __init__(self, path, replies=None):
        super().__init__(daemon=True)
        self.replies = replies or {}
        self.calls = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.serve(connection)

    def serve(self, connection):
        """One call; netnsctl makes a connection for each."""
        message = b""
        while not message.endswith(b"\0"):
            data = connection.recv(65536)
            if not data:
                return
            message += data
        call = json.loads(message[:-1])
        self.calls.append(call)
        self.raw = message
        connection.sendall(b"".join(self.answer(call)))

    def answer(self, call):
        method = call["method"].removeprefix("io.netnsd.")
        if method not in self.replies:
            yield self.message({"error": "org.varlink.service.MethodNotFound", "parameters": {"method": method}})
            return
        replies = self.replies[method]
        for reply in replies if call.get("more") else replies[-1:]:
            if isinstance(reply, bytes):
                yield reply
            elif "error" in reply:
                yield self.message(reply)
            else:
                more = {"continues": True} if reply is not replies[-1] else {}
                yield self.message({"parameters": reply, **more})

    @staticmethod
    def message(value):
        return json.dumps(value, ensure_ascii=False).encode() + b"\0"

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
