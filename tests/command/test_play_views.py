"""The play ground's answers: numbers of each view, and streams that end when nobody listens."""

import asyncio
import base64
import json
import threading

import numpy as np
import pytest
from play_client import TOKEN, events, streaming, wait_for

import dragongrad as ad
from dragongrad.command.play import network
from dragongrad.command.play.jobs import BusyError, Desk
from dragongrad.command.play.points import SETS, points


def test_heights(client):
    told = client.told("heights", f="x**999999999 + y", region="-2,2,0,1", points="11")
    assert told["names"] == ["x", "y"]
    assert told["z"][10][5] == 1.0
    assert told["z"][0][0] is None
    told = client.told("heights", f="booth", points="21")
    assert told["minima"] == [[1.0, 3.0]]
    assert (told["least"], told["region"]) == (0.0, [[-10.0, 10.0], [-10.0, 10.0]])


def test_runs(client):
    told = client.told("runs", f="x**2 + cosh(y)", start="1,1.5", o="gd:lr=0.2,momentum", steps="200")
    (fast,) = client.told("runs", f="rosenbrock", o="newton")["runs"]
    slow, _ = told["runs"]
    assert slow["order"] == pytest.approx(1, abs=0.1)
    assert fast["order"] > 1.5
    assert slow["path"][0] == [1.0, 1.5]
    assert slow["path"][1] == pytest.approx([0.6, 1.5 - 0.2 * np.sinh(1.5)])
    assert len(slow["at"]) == len(slow["path"]) == len(slow["losses"]) == len(slow["distances"])
    assert fast["distances"][-1] == 0
    assert client.told("runs", f="himmelblau", o="newton")["minima"]


def test_catalog_offers_what_can_be_asked(client):
    told = client.told("catalog")
    assert {"rosenbrock", "himmelblau"} <= set(told["functions"])
    assert "wood" not in told["functions"]
    names = ",".join(method["name"] for method in told["methods"][-6:])
    assert len(client.told("runs", f="booth", o=names, steps="3")["runs"]) == 6
    assert {m["name"]: m["lr"] for m in told["methods"]}["l-bfgs"] is None


def test_convolution(client):
    told = client.told("convolution", image="ramp", kernel="1,2,3,4,5,6,7,8,9", stride="2", padding="1")
    image, kernel = np.tile(np.arange(9) / 9, (9, 1)), np.arange(1.0, 10).reshape(3, 3)
    padded = np.pad(image, 1)
    wanted = [[np.sum(padded[i : i + 3, j : j + 3] * kernel) for j in range(0, 9, 2)] for i in range(0, 9, 2)]
    np.testing.assert_allclose(told["sums"], wanted, atol=1e-6)
    np.testing.assert_allclose(told["to_kernel"][6], padded[2:5, 2:5].ravel(), atol=1e-6)
    spread = np.zeros((11, 11))
    spread[2:5, 2:5] = kernel
    np.testing.assert_allclose(told["to_image"][6], spread[1:-1, 1:-1].ravel())


@pytest.mark.parametrize("name", SETS)
def test_points(name):
    x, y = points(name, 101, 0.0, seed=3)
    assert x.shape == (101, 2)
    assert np.abs(x).max() <= 1.2
    assert y.sum() == 50
    again, _ = points(name, 101, 0.0, seed=3)
    assert (x == again).all()
    # The nearest neighbour tells the class: there is something to learn.
    far = np.linalg.norm(x[:, None] - x, axis=2) + 9 * np.eye(101)
    assert np.mean(y[far.argmin(axis=1)] == y) > 0.9


# Streams


def test_basins(client):
    *shares, found, done = events(
        client.api("basins", f="(x**2-1)**2 + y**2", region="-2,2,-1,1", grid="7", o="gd:lr=0.05")
    )
    assert done == {"done": True}
    assert shares[0] == {"share": 0.0}
    wanted = ad.lab.basins(
        lambda v: (v[0] ** 2 - 1) ** 2 + v[1] ** 2, ("gd", {"lr": 0.05}), [[-2, 2], [-1, 1]], 7, 300
    )
    label = np.frombuffer(base64.b64decode(found["label"]), np.uint8).reshape(7, 7).astype(int) - 2
    assert (label == wanted.label).all()
    np.testing.assert_allclose(found["minima"], wanted.minima, atol=1e-6)


def test_basins_end_when_the_client_goes_away(client):
    question = {"f": "rosenbrock", "grid": "300", "steps": "5000", "o": "adam:lr=0.0001"}
    sent = client.api("basins", leave=lambda body: True, **question)
    assert "done" not in events(sent)[-1]
    wait_for(lambda: not streaming())


def test_network(client):
    begun = client.told("network", "POST", data="circles", hidden="8", lr="0.1", points="40")
    assert (len(begun["x"]), begun["step"], begun["losses"]) == (40, 0, [])
    assert len(base64.b64decode(begun["map"])) == begun["side"] ** 2
    name = begun["name"]
    first = client.told(f"network/{name}/step", "POST")
    assert first["step"] == 1
    sent = client.api(f"network/{name}/run", leave=lambda body: body.count(b"data:") > 3, speed="20")
    frames = events(sent)
    assert [frame["step"] for frame in frames[:3]] == [21, 41, 61]
    assert frames[2]["losses"][-1][1] < first["losses"][0][1]
    # Who went away has let go of it.
    assert client.told(f"network/{name}/step", "POST")["step"] > 61


def test_network_that_flies_off(client):
    name = client.told("network", "POST", o="sgd", activation="relu", lr="10", hidden="64", seed="1")["name"]
    training = client.site._trainings.find(name)
    training._params["hidden"]["w"] = training._params["hidden"]["w"] * np.float32(1e38)
    sent = client.api(f"network/{name}/run", speed="5")
    assert "choose a smaller learning rate" in events(sent)[-1]["error"]


def test_the_oldest_training_is_dropped(client, monkeypatch):
    monkeypatch.setattr(network, "_KEPT", 2)
    names = [client.told("network", "POST", points="10")["name"] for _ in range(3)]
    assert "no longer kept" in json.loads(client.api(f"network/{names[0]}/step", "POST").body)["error"]
    client.site._trainings.find(names[1])


def test_two_pages_at_once(client):
    async def all_at_once():
        enough = lambda body: body.count(b"data:") > 2
        path = f"/{TOKEN}/api/"
        return await asyncio.gather(
            client.asked("GET", path + "basins", "f=booth&grid=50&o=gd:lr=0.05"),
            client.asked("GET", path + "basins", "f=himmelblau&grid=50&o=gd:lr=0.01"),
            client.asked("GET", f"{path}network/{names[0]}/run", leave=enough),
            client.asked("GET", f"{path}network/{names[1]}/run", leave=enough),
            client.asked("GET", path + "runs", "f=booth&steps=5"),
        )  # fmt: skip

    names = [client.told("network", "POST", points="20", seed=str(k))["name"] for k in range(2)]
    first, second, third, fourth, fifth = asyncio.run(all_at_once())
    assert events(first)[-2]["title"] == "booth"
    assert len(events(second)[-2]["minima"]) == 4
    assert events(third)[0]["step"] == events(fourth)[0]["step"] == 5
    assert fifth.status == 200


def test_one_training_in_two_pages(client, monkeypatch):
    monkeypatch.setattr(network, "_PATIENCE", 0.01)
    name = client.told("network", "POST", points="20")["name"]
    with client.site._trainings.find(name).lock:
        assert "runs already" in json.loads(client.api(f"network/{name}/step", "POST").body)["error"]


def test_too_many_streams_and_questions_at_once():
    async def crowd():
        desk, open_ = Desk(), threading.Event()
        listening = [desk.stream(lambda tell: tell({"at": 1})).lines() for _ in range(5)]
        begun = [await anext(lines) for lines in listening]
        assert begun[:4] == 4 * ['data: {"at":1}\n\n']
        assert "4 computations are under way" in begun[4]
        assert [line async for line in listening[0]] == ['data: {"done":true}\n\n']
        assert "at" in await anext(desk.stream(lambda tell: tell({"at": 2})).lines())
        asked = [asyncio.create_task(desk.do(open_.wait)) for _ in range(16)]
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError, match="too much is asked for"):
            await desk.do(open_.wait)
        open_.set()
        assert all(await asyncio.gather(*asked))
        # Who is gone when its turn comes is not computed for.
        assert await desk.do(lambda: 1 / 0, gone=lambda: asyncio.sleep(0, True)) is None
        desk.close()
        assert "ending" in await anext(desk.stream(lambda tell: None).lines())

    asyncio.run(crowd())


def test_a_mistake_of_ours_is_told_and_ends_the_stream(client, monkeypatch):
    monkeypatch.setattr(ad.lab, "basins", lambda *_, **__: 1 / 0)
    assert "division by zero" in events(client.api("basins", f="booth"))[-1]["error"]
