"""Stands in for an optimiser that is busy inside the engine and never looks up."""

import socket
import sys
import time

from vectorstore.embedded.optimising import end_with_parent

if __name__ == "__main__":
    connection = socket.socket(fileno=int(sys.argv[1]))
    end_with_parent(connection.fileno())
    connection.send(b"busy!")
    time.sleep(60)
