# SPDX-License-Identifier: MIT
"""A TCP connection from one namespace to another, without a pause between question and answer. For each line of its input it
prints how many answers there were, once there are more than it printed last.
usage: echo.py FROM TO ADDRESS"""
import select
import socket
import sys
import threading

from traffic import socket_in


def answer(listener):
    connection = listener.accept()[0]
    while data := connection.recv(8):
        connection.sendall(data)


def main(source, target, address):
    listener, sender = socket_in(target, socket.SOCK_STREAM), socket_in(source, socket.SOCK_STREAM)
    listener.bind((address, 7002))
    listener.listen()
    sender.settimeout(10)
    sender.connect((address, 7002))
    threading.Thread(target=answer, args=[listener], daemon=True).start()
    n = 0
    while True:
        for _ in range(20):
            sender.sendall(n.to_bytes(8, "big"))
            assert sender.recv(8, socket.MSG_WAITALL) == n.to_bytes(8, "big")
            n += 1
        if select.select([sys.stdin], [], [], 0)[0]:
            if not sys.stdin.readline():
                return
            print(n, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
