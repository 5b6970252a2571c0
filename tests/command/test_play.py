"""The play ground's server: whom it answers, and what it refuses."""

import json

import pytest
from play_client import HOST, OWN, TOKEN, events

from dragongrad.command.play.site import files

# Whom it answers


REFUSED = [
    ("no token", "GET", "/", {}, 403, "not the address"),
    ("another token", "GET", "/secreu/", {}, 403, "What follows # in yours"),
    ("a longer token", "GET", "/secrets/", {}, 403, "not the address"),
    ("another host (rebinding)", "GET", "/secret/", {"host": "evil.example:8000"}, 421, "the terminal shows"),
    ("no port", "GET", "/secret/", {"host": "127.0.0.1"}, 421, "the terminal shows"),
    ("another origin", "GET", "/secret/api/catalog", {"origin": "http://evil.example"}, 403, "other pages"),
    ("no origin at all", "POST", "/secret/api/network", {"origin": "null"}, 403, "other pages"),
    ("https", "GET", "/secret/api/catalog", {"origin": "https://127.0.0.1:8000"}, 403, "other pages"),
    ("a picture in another page", "GET", "/secret/main.js", {"sec-fetch-site": "cross-site"}, 403, "other pages"),
    ("another method", "PUT", "/secret/", {}, 405, "GET or POST"),
    ("a body", "POST", "/secret/api/network", {"content-length": "5"}, 413, "no body"),
    ("a body in parts", "POST", "/secret/api/network", {"transfer-encoding": "chunked"}, 413, "no body"),
    ("a way out", "GET", "/secret/../asked.py", {}, 404, "nothing at this address"),
    ("a way out in one name", "GET", "/secret/..\\asked.py", {}, 404, "nothing at this address"),
    ("an absolute path", "GET", "/secret//etc/passwd", {}, 404, "nothing at this address"),
    ("a file that is not of the page", "GET", "/secret/__init__.py", {}, 404, "nothing at this address"),
    ("a file with a zero", "GET", "/secret/main.js\0.html", {}, 404, "nothing at this address"),
    ("no such view", "GET", "/secret/api/code/etc", {}, 404, "nothing at this address"),
    ("in another way", "GET", "/secret/api/network", {}, 405, "asked in another way"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "headers", "status", "word"), [case[1:] for case in REFUSED],
                         ids=[case[0] for case in REFUSED])  # fmt: skip
def test_refused(client, method, path, headers, status, word):
    sent = client.ask(method, path, headers={**OWN, **headers})
    assert sent.status == status
    assert word in sent.body.decode()
    assert sent.headers["content-type"].startswith("text/plain")
    assert "default-src 'none'" in sent.headers["content-security-policy"]


@pytest.mark.parametrize("headers", [
    {"origin": f"http://{HOST}"}, {"host": "localhost:8000", "origin": "http://localhost:8000"},
    {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
])  # fmt: skip
def test_answered(client, headers):
    sent = client.ask("GET", f"/{TOKEN}/", headers={**OWN, **headers})
    assert sent.status == 200
    assert b'<script type="module" src="main.js">' in sent.body
    assert sent.headers["content-type"].startswith("text/html")
    assert sent.headers["x-content-type-options"] == "nosniff"
    assert sent.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in sent.headers["content-security-policy"]


def test_too_long_an_address(client):
    assert client.ask("GET", f"/{TOKEN}/api/heights", "f=" + "x" * 9000).status == 414


def test_files_name_no_other_origin(client):
    for name in files():
        sent = client.ask("GET", f"/{TOKEN}/{name}")
        assert sent.status == 200
        assert b"http://" not in sent.body
        assert b"https://" not in sent.body
        assert b"innerHTML" not in sent.body
    assert {"index.html", "play.css", "main.js"} <= files().keys()


def test_explorers_page_has_an_origin_of_its_own(client):
    sent = client.api("explorer", f="sin(x)*y", values="x=0.5 y=2")
    policy = sent.headers["content-security-policy"]
    assert "sandbox allow-scripts;" in policy
    assert "script-src 'sha256-" in policy
    assert b'"o":"sin(x)"' in sent.body


# What it refuses


WRONG = [
    ("heights", {"f": "sin(x"}, "to close the ("),
    ("heights", {"f": "x + <script>alert(1)</script>"}, "'<' is not part of a formula"),
    ("heights", {"f": "__import__(x) + y"}, "not a function of the table"),
    ("heights", {"f": "(" * 100 + "x" + ")" * 100 + "+ y"}, "levels of parentheses"),
    ("heights", {"f": "+" + "x" * 4000}, "at most 4000"),
    ("heights", {"f": "x**2"}, "x**2 has 1, x: write x**2 + y**2, say"),
    ("heights", {"f": "x + y + z"}, "has 3, x, y, z: put numbers for the others"),
    ("heights", {"f": "9**9**9**9*x + y"}, "the power is too large"),
    ("heights", {"f": "1e400*x + y"}, "the number is too large"),
    ("heights", {"f": "x**1e9 * 3**(y + 1e9)"}, "no finite value"),
    ("heights", {"f": "5e307*x + y"}, "too large to be drawn"),
    ("heights", {"f": "rosenbrok"}, "did you mean"),
    ("heights", {"points": "122"}, "from 10 to 121"),
    ("heights", {"points": "٣٣"}, "from 10 to 121"),
    ("heights", {"region": "1,0,0,1"}, "less than its high one"),
    ("heights", {"region": "0,1e300,0,1"}, "up to 1e+100"),
    ("heights", {"colour": "<b>"}, "nothing here is called"),
    ("runs", {"steps": "1000000"}, "from 1 to 5000"),
    ("runs", {"steps": "1e3"}, "from 1 to 5000"),
    ("runs", {"start": "nan,1"}, "finite numbers"),
    ("runs", {"start": "1,2,3"}, "the start has 3"),
    ("runs", {"o": "gd:max_iter=99999999"}, "max_iter cannot be set here"),
    ("runs", {"o": "l-bfgs:memory=999999999"}, "memory cannot be set here"),
    ("runs", {"o": "newton:max_trials=999999999"}, "max_trials cannot be set here"),
    ("runs", {"o": "scipy:bfgs"}, "not SciPy's"),
    ("runs", {"o": "gd:lr=-1"}, "positive number"),
    ("runs", {"o": ",".join(f"gd:lr={k}" for k in range(1, 10))}, "at most 8"),
    ("basins", {"grid": "301"}, "from 2 to 300"),
    ("basins", {"o": "gd,adam"}, "of one optimizer"),
    ("formula", {}, "there is no formula"),
    ("explorer/check", {"f": "x*y", "values": "x=1"}, "also needs y"),
    ("explorer/check", {"f": "x@y", "values": "x=1,2 y=1,2,3"}, "(2,)"),
    ("explorer", {"f": "x", "values": "x=<script>"}, "not a number"),
    ("code/race", {"f": "sin("}, "ends too early"),
    ("convolution", {"image": "012"}, "digits 0 to 9 of a square"),
    ("convolution", {"kernel": "1,2"}, "9 numbers"),
    ("convolution", {"kernel": "nan" + ",1" * 8}, "9 numbers"),
    ("convolution", {"stride": "0"}, "from 1 to 3"),
    ("network", {"hidden": "65"}, "from 1 to 64"),
    ("network", {"noise": "nan"}, "from 0 to 0.5"),
    ("network", {"activation": "__class__"}, "one of tanh"),
    ("network", {"o": "train"}, "one of adam"),
    ("network/none/step", {}, "no longer kept"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "question", "word"), WRONG)
def test_asked_for_wrongly(client, name, question, word):
    sent = client.api(name, "POST" if name.startswith("network") else "GET", **question)
    assert sent.status == 400
    assert sent.headers["content-type"] == "application/json"
    assert word in json.loads(sent.body)["error"]


def test_asked_twice(client):
    sent = client.ask("GET", f"/{TOKEN}/api/heights", "f=x%2By&f=x")
    assert "given twice" in json.loads(sent.body)["error"]


def test_a_stream_that_is_refused_says_why(client):
    sent = client.ask("GET", f"/{TOKEN}/api/basins", "grid=9999", {**OWN, "accept": "text/event-stream"})
    assert "from 2 to 300" in events(sent)[0]["error"]
