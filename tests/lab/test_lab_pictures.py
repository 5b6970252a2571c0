"""What the pictures of the laboratory show, and its races."""

import itertools
import json
import re
import subprocess
import sys
import warnings
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import dragongrad as ad
from dragongrad import lab
from dragongrad.lab.basins import DIVERGED, UNDER_WAY
from dragongrad.lab.figures.basins import basin_image
from dragongrad.lab.figures.landscape import landscape, levels, planar
from dragongrad.optimize import minimize
from dragongrad.views.palette import DARK, LIGHT, hues, page_style, styles

PIL = pytest.importorskip("PIL.Image")
pytest.importorskip("matplotlib")

pytestmark = pytest.mark.smoke


def bowl(x):
    return np.sum((x - 1) ** 2 * np.arange(1, len(x) + 1))


def double_well(x):
    return (x[0] ** 2 - 1) ** 2 + x[1] ** 2


@pytest.fixture(scope="module")
def study():
    optimizers = {"slow": ("gd", {"lr": 0.05}), "quick": ("gd", {"lr": 0.2}), "newton": "newton",
                  "lost": ("gd", {"lr": 5.0})}  # fmt: skip
    return lab.study(["booth", bowl], optimizers, starts=[[0.0, 3.0], [2.0, -1.0]], max_iter=400)


# Pictures


def shown(path):
    """Whether a file is a picture with something on it."""
    with PIL.open(path) as picture:
        colors = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    assert len(np.unique(colors[::7], axis=0)) > 10
    return colors


def legend_of(figure):
    return [t.get_text() for t in figure.legends[0].get_texts()]


def test_paths(study, tmp_path):
    figure = lab.draw_paths("booth", study.runs("booth"), path=tmp_path / "paths.png")
    axes, bar = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x[0]", "x[1]")
    assert axes.get_title() == "Paths on booth from (0, 3)"
    assert bar.get_ylabel() == "f - f*"
    ticks = [t.get_text() for t in bar.get_yticklabels()]
    assert ticks[0] == "0"
    assert set(ticks[1:]) <= {"0.1", "1", "10", "100", "1000", "10⁴"}
    assert len(ticks) > 2
    assert axes.get_aspect() == 1.0
    texts = legend_of(figure)
    assert texts[-2:] == ["start", "minimum"]
    assert texts[0].startswith("slow (")
    shown(tmp_path / "paths.png")


def test_surface(study, tmp_path):
    figure = lab.draw_surface("booth", study.runs("booth"), path=tmp_path / "surface.png")
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x[0]", "x[1]")
    legend = axes.get_legend()
    assert [t.get_text() for t in legend.get_texts()] == ["slow", "quick", "newton", "lost"]
    assert axes.get_title() == "Paths on the surface of booth from (0, 3)"
    assert all(c.get_alpha() is None for c in axes.collections), "no seams through which light falls"
    shown(tmp_path / "surface.png")


@pytest.mark.parametrize(("against", "label"), [("iteration", "iteration"), ("time", "time (ms)")])
def test_losses(study, tmp_path, against, label):
    figure = lab.draw_losses(study.runs("booth"), against, least=0.0, path=tmp_path / "losses.png")
    axes = figure.axes[0]
    assert axes.get_xlabel() == label
    assert axes.get_ylabel() == "f - f*   (f* = 0)"
    assert axes.get_yscale() == "log"
    assert legend_of(figure) == ["slow", "quick", "newton", "lost"]
    assert axes.get_xlim()[0] >= 0
    shown(tmp_path / "losses.png")


def test_heatmap(study, tmp_path):
    axes = lab.draw_heatmap(study, "iterations", path=tmp_path / "heat.png").axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["slow", "quick", "newton", "lost"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["booth", "bowl"]
    tried = {(r.function, r.optimizer) for r, _ in study.select(mode="forward")}
    solved = {(r.function, r.optimizer) for r, _ in study.select(mode="forward", solved=True)}
    assert len(axes.patches) == len(tried - solved) == 3, "what no start solved is hatched"
    newton = [r.iterations for r, _ in study.select(optimizer="newton", function="bowl", mode="forward")]
    assert f"{np.median(newton):.2g}" in {t.get_text() for t in axes.texts}
    shown(tmp_path / "heat.png")


def test_profiles_picture(study, tmp_path):
    figure = lab.draw_profiles(study, path=tmp_path / "profiles.png")
    axes = figure.axes[0]
    assert axes.get_title() == "Performance profiles, 8 problems"
    assert "multiple of the best" in axes.get_xlabel()
    lost = axes.lines[3].get_ydata()
    assert lost.max() == 0
    assert legend_of(figure) == ["slow", "quick", "newton", "lost"]
    shown(tmp_path / "profiles.png")


def test_basin_map(tmp_path):
    found = lab.basins(double_well, ("gd", {"lr": 0.05}), [[-2, 2], [-1, 1]], grid=(20, 9), steps=200)
    figure = lab.draw_basins(found, tmp_path / "basins.png")
    axes, bar = figure.axes
    assert axes.get_xlabel() == "x[0] of the start"
    assert bar.get_ylabel() == "arrives at step (light: soon)"
    assert legend_of(figure) == ["(-1, 0)   50.0 %", "(1, 0)   50.0 %"]
    shown(tmp_path / "basins.png")
    image, soonest, latest = basin_image(found)
    assert soonest < latest
    left, right = image[:, :10].reshape(-1, 3), image[:, 10:].reshape(-1, 3)
    assert (left[:, 2] > left[:, 0]).all(), "blue"
    assert (right[:, 0] > right[:, 2]).all(), "vermilion"
    # The sooner the lighter.
    order = np.argsort(found.arrival[:, :10].ravel(), kind="stable")
    assert (np.diff(left.sum(axis=1)[order]) <= 1e-12).all()


def test_what_is_lost_is_black_and_what_is_under_way_grey():
    found = lab.basins("rosenbrock", ("gd", {"lr": 1e-3}), grid=12, steps=20)
    image = basin_image(found)[0]
    assert set(np.unique(found.label)) >= {UNDER_WAY, DIVERGED}
    assert (image[found.label == DIVERGED] == 0).all()
    assert np.ptp(image[found.label == UNDER_WAY]) == 0
    assert legend_of(lab.draw_basins(found))[-1].startswith("diverged")


def test_modes(tmp_path):
    timed = lab.modes_by_dimension({"bowl": bowl}, [2, 4], budget=0.002)
    figure = lab.draw_modes(timed, tmp_path / "modes.png")
    axes = figure.axes[0]
    assert legend_of(figure) == ["forward mode", "reverse mode", "value alone"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("dimension n", "time (µs)")
    shown(tmp_path / "modes.png")


def test_all_pictures_of_a_study(tmp_path):
    study = lab.study([double_well, ("rosenbrock", 3)], ["newton", ("gd", {"lr": 0.01})],
                      {"double_well": [0.5, 0.5]}, ["reverse"], max_iter=20)  # fmt: skip
    written = lab.pictures(study, tmp_path / "new")
    assert sorted(p.name for p in written) == sorted(p.name for p in (tmp_path / "new").iterdir())
    names = {p.name for p in written}
    assert {"double_well-0-paths.png", "rosenbrock-3-d-0-losses.png", "profiles-seconds.png"} <= names
    assert "rosenbrock-3-d-0-paths.png" not in names


def test_functions_whose_names_differ_in_marks_only_have_pictures_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "draw_losses", lambda *words: words[-1].touch())
    functions = {name: bowl for name in ("x*y", "x+y", "X/y", "1" * 300, "1" * 299, "¿?")}
    study = lab.study(functions, "gd", [[0.0, 3.0, 1.0]], ["reverse"], max_iter=2)
    written = lab.pictures(study, tmp_path)
    assert len({p.name.lower() for p in written}) == len(written) == len([*tmp_path.iterdir()])
    assert {"x-y-0-losses.png", "x-y-2-0-losses.png", "X-y-3-0-losses.png"} <= {p.name for p in written}


@pytest.mark.parametrize("f", [lambda x: 0 * x[0], lambda x: np.log(-(x[0] ** 2) - 1), lambda x: 1e300 * x[0] ** 3])
def test_losses_that_have_no_logarithm(f, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study = lab.study({"f": f}, {"gd": "gd", "newton": "newton"}, [[-1.0, 1.0]], ["reverse"], max_iter=5)
        for against in ("iteration", "time"):
            lab.draw_losses(study.runs(), against, path=tmp_path / "losses.png")
        assert lab.pictures(study, tmp_path)


def test_twelve_series_look_different():
    looks = styles([str(i) for i in range(12)])
    assert len({tuple(look.values()) for look in looks.values()}) == 12


def test_contours_of_a_function_that_is_not_finite_everywhere():
    ground = landscape(planar(lambda x: np.log(x[0]) ** 2 + x[1] ** 2), np.array([[-1.0, 2.0], [-1.0, 1.0]]), 20)
    assert np.isnan(ground.height[:, :5]).all()
    assert np.isfinite(ground.height[:, -5:]).all()
    with pytest.raises(ad.ArgumentError, match="no finite value in the region"):
        landscape(planar(lambda x: np.log(-(x[0] ** 2)) + x[1]), np.array([[-1.0, 2.0], [-1.0, 1.0]]), 20)


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda: lab.draw_paths("colville", {}), "colville is one of 4"),
        (lambda: lab.draw_paths("booth", {"a": minimize(bowl, [1.0, 2.0], method="gd")}), "run it with path=True"),
        (lambda: lab.draw_paths("booth", {"a": np.ones((4, 3))}), r"shape \(4, 3\): pictures need"),
        (lambda: lab.draw_paths("booth", {"a": np.ones((4, 2))}, region=[1, 2]), "region must be"),
        (lambda: lab.draw_losses({}, "money"), "against must be"),
        (lambda: lab.draw_losses({"a": minimize(bowl, [1.0, 2.0], method="gd")}), "run it with path=True"),
    ],
)
def test_what_cannot_be_drawn(draw, says):
    with pytest.raises(ad.ArgumentError, match=says):
        draw()


def test_without_matplotlib_the_extra_is_named(monkeypatch, study):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ad.MissingExtraError, match=re.escape("pip install 'dragongrad[plot]'")):
        lab.draw_losses(study.runs("booth"))


def test_the_laboratory_opens_without_matplotlib():
    code = (
        "import sys, dragongrad as ad; ad.lab.study; print([m for m in ('matplotlib', 'PIL') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


# What is seen


def boxes(figure):
    """The frames of all texts of a picture that are seen, by what they say."""
    renderer = figure.canvas.get_renderer()
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend())]
    texts = [text for one in legends if one.get_visible() for text in [one.get_title(), *one.get_texts()]]
    for axes in figure.axes:
        texts += [axes.title, axes.xaxis.label, axes.yaxis.label]
        for axis in (axes.xaxis, axes.yaxis):
            texts += [label for tick in axis._update_ticks() for label in (tick.label1, tick.label2)]
    seen = [text for text in texts if text.get_visible() and text.get_text().strip()]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in seen]


def apart(one, other):
    """Whether two frames share less than a pixel."""
    return one.x1 <= other.x0 + 1 or other.x1 <= one.x0 + 1 or one.y1 <= other.y0 + 1 or other.y1 <= one.y0 + 1


MANY = {f"an optimizer with a long name and options {k}": ("gd", {"lr": 0.01 * (k + 1)}) for k in range(8)}


@pytest.fixture(scope="module")
def crowd():
    functions = {"a function with a name that is quite long " + "x" * 30: bowl, "wide": lambda x: 1e9 * bowl(x)}
    return lab.study(functions, MANY, [[1e3, -2e3]], ["reverse"], max_iter=30)


PICTURES = {
    "paths": lambda study: lab.draw_paths(bowl, study.runs()),
    "losses": lambda study: lab.draw_losses(study.runs(), title="Losses of many"),
    "heat map": lambda study: lab.draw_heatmap(study),
    "profiles": lambda study: lab.draw_profiles(study),
    "basins": lambda study: lab.draw_basins(waves()),
}


def waves():
    return lab.basins("rastrigin", ("adam", {"lr": 0.05}), grid=44, steps=120)


@pytest.mark.parametrize("picture", PICTURES)
def test_texts_neither_overlap_nor_leave_the_picture(picture, crowd):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = PICTURES[picture](crowd)
    FigureCanvasAgg(figure).draw()
    found = boxes(figure)
    assert len(found) > 8
    for text, box in found:
        assert box.x0 >= -1, text
        assert box.y0 >= -1, text
        assert box.x1 <= figure.bbox.x1 + 1, text
        assert box.y1 <= figure.bbox.y1 + 1, text
    if picture == "heat map":  # the frames of slanted texts overlap though they do not
        return
    for (a, one), (b, other) in itertools.combinations(found, 2):
        assert apart(one, other), (a, b)


def test_names_that_begin_alike_are_told_apart(crowd):
    axes = lab.draw_heatmap(crowd).axes[0]
    assert len({t.get_text() for t in axes.get_xticklabels()}) == len(MANY)
    assert len({t.get_text() for t in axes.get_yticklabels()}) == 2


def test_contours_are_spread_over_the_logarithm_and_ticks_are_values():
    case = planar("rosenbrock")
    land = landscape(case, np.array([[-2.0, 2.0], [-1.0, 3.0]]))
    found = levels(land)
    assert (np.diff(found.heights) > 0).all()
    assert found.heights[0] <= np.nanmin(land.height)
    assert found.heights[-1] >= np.nanmax(land.height) - 1e-9
    for height, text in found.ticks.items():
        assert land.offset + float(text) == pytest.approx(10**height, rel=1e-6), text
    values = 10 ** np.array(found.heights[2:-1]) - land.offset
    ratios = values[1:] / values[:-1]
    assert ((ratios > 1.9) & (ratios < 2.6)).all(), "1, 2, 5, 10"


@pytest.mark.parametrize(
    "f", [lambda x: 0 * x[0], lambda x: 1e300 * x[0] ** 2, lambda x: 1e-200 * x[0] ** 2, lambda x: x[0]]
)
def test_levels_of_any_function(f):
    found = levels(landscape(planar(f), np.array([[-2.0, 2.0], [-1.0, 3.0]]), 30))
    assert 2 <= len(found.heights) < 60
    assert (np.diff(found.heights) > 0).all()
    assert 1 <= len(found.ticks) <= 10


@pytest.mark.parametrize(("sides", "equal"), [((4, 4), True), ((4, 1.5), True), ((10, 1), False), ((1, 10), False)])
def test_axes_are_equal_where_that_leaves_a_picture(sides, equal):
    region = [[0, sides[0]], [0, sides[1]]]
    figure = lab.draw_paths(bowl, {"a": np.ones((2, 2))}, region)
    assert (figure.axes[0].get_aspect() == 1.0) == equal


def test_the_end_of_each_path_is_seen_where_many_end_at_one_place():
    runs = {name: np.array([[0.0, 0.0], [1.0, 1.0]]) for name in "abc"}
    axes = lab.draw_paths(bowl, {**runs, "d": np.array([[0.0, 0.0], [0.5, 1.0]])}).axes[0]
    ends = [line for line in axes.lines if line.get_linestyle() == "None" and line.get_zorder() > 6][:-1]
    sizes = [line.get_markersize() for line in ends if line.get_zorder() < 7]
    assert sizes[:3] == sorted(set(sizes[:3]), reverse=True)
    assert sizes[3] == sizes[0]


def test_no_colour_of_a_basin_is_used_twice_and_the_legend_is_on_the_map():
    found = waves()
    assert len(found.minima) > 40
    assert len(set(hues(len(found.minima)))) == len(found.minima)
    image = basin_image(replace(found, arrival=np.zeros_like(found.arrival)))[0]
    colors = {tuple(image[found.label == k][0].round(6)) for k in np.unique(found.label[found.label >= 0])}
    assert len(colors) == len(np.unique(found.label[found.label >= 0]))
    legend = lab.draw_basins(found).legends[0]
    named = [p.get_facecolor()[:3] for p in legend.get_patches() if p.get_facecolor()[3]]
    on_map = {tuple(np.round(_full(c), 3)) for c in [*hues(len(found.minima)), "#b9b9b9", "#000000"]}
    assert {tuple(np.round(c, 3)) for c in named} <= on_map
    shares = found.shares()
    for text in [t.get_text() for t in legend.get_texts()]:
        name = text.split("   ")[0]
        assert "others" in name or shares.get(name, shares.get(name.removeprefix("still "), 0)) > 0


def _full(color):
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]


# Races


@pytest.fixture(scope="module")
def race():
    optimizers = {"slow <b>": ("gd", {"lr": 0.01}), "adam": ("adam", {"lr": 0.2}), "lost": ("gd", {"lr": 5.0})}
    return lab.race("booth", optimizers, steps=40)


class Page(HTMLParser):
    """What a page holds: its elements, and its texts by the id of the element."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text, self.inside = [], [], {}, None

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        self.inside = dict(attributes).get("id", tag)

    def handle_data(self, data):
        self.text[self.inside] = self.text.get(self.inside, "") + data


def test_race_to_one_page(race, tmp_path):
    text = race.to_html(tmp_path / "race.html").read_text(encoding="utf-8")
    assert len(text) < 1e6
    assert "http" not in text
    page = Page()
    page.feed(text)
    assert not {"link", "img", "iframe"} & set(page.tags)
    assert not [value for name, value in page.attributes if name in ("src", "href")]
    assert {"canvas", "button", "input", "select", "table"} <= set(page.tags)
    data = json.loads(page.text["data"])
    assert data["title"] == f"Race on booth from ({', '.join(f'{v:g}' for v in data['start'])})"
    assert data["steps"] == list(range(41))
    assert [r["name"] for r in data["runs"]] == list(race.runs)
    assert data["minima"] == [[1, 3]]
    for shown_run, run in zip(data["runs"], race.runs.values(), strict=True):
        assert len(shown_run["path"]) == len(shown_run["losses"]) == run.nit + 1
        finite = np.isfinite(run.losses)
        np.testing.assert_allclose([v for v in shown_run["losses"] if v is not None], run.losses[finite], rtol=1e-5)
    assert data["image"].startswith("data:image/png;base64,iVBOR")


@pytest.mark.parametrize(
    "name", ["</script><img src=x onerror=alert(1)>", "<!--<script>", "__DATA__", "\u2028 & ' \" \\ ]]>", "é\udcff"]
)
def test_a_name_cannot_break_out_of_the_page(tmp_path, name):
    plain = lab.race({"bowl": bowl}, {"gd": "gd"}, [0.0, 0.5], steps=2)
    race = lab.race({name: bowl}, {name: "gd", "lost": ("gd", {"lr": 1e200})}, [0.0, 0.5], steps=9)
    pages = []
    for made in (plain, race):
        pages.append(Page())
        pages[-1].feed(made.to_html(tmp_path / "race.html").read_text(encoding="utf-8"))
    # The same elements with the same texts, whatever the names are; only the data differ.
    assert pages[1].tags == pages[0].tags
    assert pages[1].attributes == pages[0].attributes
    written = pages[1].text.pop("data")
    assert not set("<>&\u2028") & set(written)
    data = json.loads(written, parse_constant=pytest.fail)
    assert pages[1].text == {k: v for k, v in pages[0].text.items() if k != "data"}
    assert data["title"] == f"Race on {name} from (0, 0.5)"
    assert data["runs"][0]["name"] == name
    assert data["runs"][1]["losses"][-1] is None


@pytest.mark.parametrize("start", [[1e6 + 0.25, 1e6 + 0.75], [3e80, 1e80], [1e-20, 3e-20], [1e15, 1e15]])
def test_the_map_of_a_race_shows_its_start_with_the_digits_that_are_seen(start):
    race = lab.race({"far": lambda x: np.sum(np.log1p((x - start[0] / 2) ** 2))}, "gd", start, steps=3)
    low, high = race.region.T
    assert (low < start).all()
    assert (start < high).all()
    page = Page()
    page.feed(race._page())
    data = json.loads(page.text["data"])
    assert np.max(np.abs(data["start"] - np.array(start)) / (high - low)) < 1e-4
    assert data["region"] == race.region.tolist()


def test_long_races_are_thinned(tmp_path):
    race = lab.race("booth", ("gd", {"lr": 1e-6}), steps=2000, out=tmp_path / "race.html")
    page = Page()
    page.feed((tmp_path / "race.html").read_text(encoding="utf-8"))
    data = json.loads(page.text["data"])
    assert race.steps == data["steps"][-1] == 2000
    assert len(data["steps"]) == len(data["runs"][0]["path"]) == 600


def test_a_race_begins_with_every_optimizer_at_its_start(tmp_path):
    methods = {"gd": ("gd", {"lr": 1e-3}), "l-bfgs": "l-bfgs", "newton": "newton", "scipy": "scipy:bfgs"}
    race = lab.race("rosenbrock", methods, start=[-1.5, 2.0], steps=30)
    page = Page()
    page.feed(race._page())
    data = json.loads(page.text["data"])
    assert data["steps"][0] == 0
    assert {tuple(run["path"][0]) for run in data["runs"]} == {(-1.5, 2.0)}
    assert len({run["losses"][0] for run in data["runs"]}) == 1
    # Their markers lie one in the other.
    with PIL.open(race.to_gif(tmp_path / "race.gif", frames=3)) as picture:
        picture.seek(0)
        first = np.asarray(picture.convert("RGB")).astype(int)
    for color in list(styles(list(methods)).values()):
        wanted = [round(255 * v) for v in _full(color["color"])]
        map_only = first[:, : first.shape[1] * 3 // 5]
        assert (map_only == wanted).all(axis=-1).sum() > 3, color["color"]


def test_the_map_of_a_race_has_one_scale_for_both_axes():
    width, height = np.ptp(lab.race("booth", "newton").region, axis=1)
    assert width / height == pytest.approx(1.38)
    data = lab.race("booth", "newton", region=[[0, 9], [0, 1]]).region
    assert data.tolist() == [[0, 9], [0, 1]]
    slit = lab.race({"slit": lambda x: x[0] ** 2 + (1e4 * x[1]) ** 2}, "newton", [1.0, 1.0])
    assert '"equal":true' in slit._page()
    assert '"equal":false' in lab.race("booth", "newton", region=[[0, 9], [0, 1]])._page()


def test_the_page_of_a_race_has_the_colours_that_all_share_and_a_curve_of_losses(race):
    text = race._page()
    assert page_style() in text
    assert LIGHT["ink"] in text
    assert DARK["paper"] in text
    page = Page()
    page.feed(text)
    assert ("id", "curve") in page.attributes


def test_race_to_gif(race, tmp_path):
    with PIL.open(race.to_gif(tmp_path / "race.gif", frames=5)) as picture:
        assert picture.n_frames == 5
        frames = []
        for i in range(5):
            picture.seek(i)
            frames.append(np.asarray(picture.convert("RGB")).astype(int))
    assert all(np.abs(a - b).max() > 50 for a, b in itertools.pairwise(frames))
    for color in ((0, 114, 178), (213, 94, 0), (0, 158, 115)):
        assert (frames[0] == color).all(axis=-1).any(), "the colours of the lines are exact"


def test_a_race_needs_a_start_and_a_known_ending():
    with pytest.raises(ad.ArgumentError, match="no standard start"):
        lab.race(bowl, "gd")
    with pytest.raises(ad.ArgumentError, match=r"\.html or \.gif, not as 'race\.mp4'"):
        lab.race("booth", "gd", out="race.mp4")
    with pytest.raises(ad.ArgumentError, match="needs a start of two numbers"):
        lab.race(bowl, "gd", start=[1.0, 2.0, 3.0])
    with pytest.raises(ad.ArgumentError, match="starts at finite numbers"):
        lab.race(bowl, "gd", start=[np.nan, 2.0])
    for region in ([[0, 1]], [[1, 0], [0, 1]], [[0, np.inf], [0, 1]], [[-1e308, 1e308], [0, 1]]):
        with pytest.raises(ad.ArgumentError, match="region must be"):
            lab.race(bowl, "gd", start=[1.0, 2.0], region=region)


def test_a_race_that_is_interrupted_is_off():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.race(interrupted, ["gd", "adam"], start=[1.0, 2.0])
