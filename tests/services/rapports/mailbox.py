"""A mail server of a test's own: keeps what it is given, or refuses as it is told."""

from __future__ import annotations

import email
import socketserver
import threading
from email.message import Message
from typing import Self


class Mailbox(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as a sender needs; ``refuse`` is what it answers to a recipient instead of 250.

    A context manager; its place is ``port`` of 127.0.0.1.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, refuse: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.refuse = refuse
        self.messages: list[Message] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Talk(socketserver.StreamRequestHandler):
    server: Mailbox

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())

    def handle(self) -> None:
        self._say("220 essai")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "RCPT" and self.server.refuse:
                self._say(self.server.refuse)
            elif verb == "DATA":
                self._say("354 allez")
                self._take()
                self._say("250 pris")
            elif verb == "QUIT":
                self._say("221 au revoir")
                return
            else:
                self._say("250 bien")

    def _take(self) -> None:
        found = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            found.append(line[1:] if line.startswith(b"..") else line)
        self.server.messages.append(email.message_from_bytes(b"".join(found)))
