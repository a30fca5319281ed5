# SPDX-License-Identifier: MIT
"""A TCP stream from one namespace to another, with segments as large as the kernel makes them; prints the seconds that it
took.
usage: stream.py FROM TO ADDRESS BYTES"""
import socket
import sys
import threading
import time

from traffic import socket_in


def main(source, target, address, size):
    listener, sender = socket_in(target, socket.SOCK_STREAM), socket_in(source, socket.SOCK_STREAM)
    listener.bind((address, 7001))
    listener.listen()
    sender.connect((address, 7001))
    receiver = listener.accept()[0]
    start, left = time.monotonic(), int(size)
    thread = threading.Thread(target=sender.sendall, args=(bytes(left),))
    thread.start()
    while left and (data := receiver.recv(65536)):
        left -= len(data)
    print(time.monotonic() - start)
    thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
