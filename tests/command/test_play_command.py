"""The command `dragongrad play`: its address, its port, and its end."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import webbrowser

import pytest
from typer.testing import CliRunner

from dragongrad.command import app as module
from dragongrad.command.play import server
from dragongrad.command.play.server import Playground, address, listen, play
from dragongrad.command.play.site import _WEB
from dragongrad.core.errors import ArgumentError, MissingExtraError


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_it_serves_until_it_is_ended(number):
    words = [sys.executable, "-m", "dragongrad", "play", "--no-browser", "--function", "x**2 + y**4"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        url, _, state = re.search(r"http://127\.0\.0\.1:\d+/\S+", process.stdout.readline())[0].partition("#")
        assert state == "race?f=x%2A%2A2%20%2B%20y%2A%2A4"
        with urllib.request.urlopen(url, timeout=20) as page:
            assert "Play ground" in page.read().decode()
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(url.rsplit("/", 2)[0], timeout=20)
        # A stream that would go on does not keep it.
        question = f"{url}api/basins?f=rosenbrock&grid=300&steps=5000&o=adam:lr=0.0001"
        with urllib.request.urlopen(question, timeout=20) as stream:
            assert stream.readline().startswith(b"data:")
            process.send_signal(number)
            rest, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, rest.splitlines()[-1]) == (0, "ended")


def test_it_ends_before_it_has_begun():
    words = [sys.executable, "-m", "dragongrad", "play", "--no-browser"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert "http://127.0.0.1" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert (process.returncode, rest.splitlines()[-1]) == (0, "ended")


def test_the_page_is_opened(monkeypatch):
    opened = threading.Event()
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.set())
    play("booth").stop()
    assert opened.wait(5)


def test_a_port_that_is_taken():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ArgumentError, match=f"port {port} is taken: choose another with --port"):
            listen(port)
        done = CliRunner().invoke(module.app, ["play", "--no-browser", "--port", str(port)])
        assert "is taken" in str(done.exception)


def test_only_this_machine_is_listened_to():
    with listen(0) as made:
        assert made.getsockname()[0] == "127.0.0.1"


def test_ports_of_others():
    if os.geteuid() == 0:
        pytest.skip("root may use every port")
    with pytest.raises(ArgumentError, match="port 80 cannot be used"):
        listen(80)


@pytest.mark.parametrize(("function", "state"), [
    (None, ""), ("himmelblau", "#race?f=himmelblau"), ("sin(x)*y", "#race?f=sin%28x%29%2Ay"),
    ("x*y*z", "#explorer?f=x%2Ay%2Az"), ("cumsum(x) + y", "#explorer?f=cumsum%28x%29%20%2B%20y"),
])  # fmt: skip
def test_the_view_of_a_function(function, state):
    assert address(8000, "t", function) == f"http://127.0.0.1:8000/t/{state}"


@pytest.mark.parametrize("function", ["rosenbrok +", "foo(x)", "<script>"])
def test_what_is_no_function(function):
    with pytest.raises(ArgumentError):
        Playground(0, function)


def test_each_run_has_its_own_token():
    grounds = [Playground() for _ in range(2)]
    tokens = [ground.url.split("/")[3] for ground in grounds]
    for ground in grounds:
        ground._socket.close()
    assert tokens[0] != tokens[1]
    assert all(len(token) >= 24 for token in tokens)


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingExtraError, match=r"dragongrad\[play\]"):
        Playground()
    assert server.address(1, "t", None) == "http://127.0.0.1:1/t/"


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to check JavaScript with")
def test_scripts_can_be_read():
    # All of them in one process: `node --check` takes one file.
    read = 'new (require("vm").SourceTextModule)(require("fs").readFileSync(file, "utf8"), { identifier: file })'
    program = f"for (const file of process.argv.slice(1)) {read};"
    words = ["node", "--experimental-vm-modules", "-e", program, *map(str, sorted(_WEB.glob("*.js")))]
    subprocess.run(words, check=True, capture_output=True)
