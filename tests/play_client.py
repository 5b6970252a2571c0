"""A client of the play ground's server without a network, for its tests."""

import asyncio
import json
import threading
import time
from types import SimpleNamespace
from urllib.parse import urlencode

from dragongrad.command.play.site import Site

HOST, TOKEN = "127.0.0.1:8000", "secret"
OWN = {"host": HOST}


class Client:
    """Asks an application without a network: what it sends is kept, and it may go away in the middle."""

    def __init__(self):
        self.site = Site(TOKEN, [HOST, "localhost:8000"])

    async def asked(self, method, path, question="", headers=OWN, leave=None):
        """The answer; the client goes away once `leave(body)` is true."""
        left, sent = asyncio.Event(), SimpleNamespace(status=0, headers={}, body=b"")
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": method, "scheme": "http", "path": path, "raw_path": path.encode(),
            "query_string": question.encode(), "root_path": "",
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
            "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8000),
        }  # fmt: skip

        async def receive():
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if message["type"] == "http.response.start":
                sent.status, sent.headers = (
                    message["status"],
                    {k.decode(): v.decode() for k, v in message["headers"]},
                )
            else:
                sent.body += message.get("body", b"")
                if leave is not None and leave(sent.body):
                    left.set()

        await self.site.app(scope, receive, send)
        return sent

    def ask(self, method, path, question="", headers=OWN, leave=None):
        return asyncio.run(self.asked(method, path, question, headers, leave))

    def api(self, name, method="GET", leave=None, **question):
        return self.ask(method, f"/{TOKEN}/api/{name}", urlencode(question), leave=leave)

    def told(self, name, method="GET", **question):
        sent = self.api(name, method, **question)
        assert sent.status == 200, sent.body
        return json.loads(sent.body)


def events(sent):
    return [json.loads(part[6:]) for part in sent.body.decode().split("\n\n") if part.startswith("data: ")]


def streaming():
    return [thread for thread in threading.enumerate() if thread.name == "play"]


def wait_for(true):
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)
