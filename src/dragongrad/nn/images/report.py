"""Reports: one HTML page that needs nothing from elsewhere, headed *for learning, not for clinical use*."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from . import diagnosis as judge
from .calibration import brier, calibration_error, probability, reliability
from .detector import Detector
from .drawing import Line, chart, overlaid, picture
from .explain import maps
from .films import Films

HEADING = "For learning, not for clinical use"

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c1f23; --quiet: #5d6670; --edge: #d5dae0;
  --one: #0a66b7; --two: #c2410c; --warn-back: #fff3d6; --warn: #6b4700; }
@media (prefers-color-scheme: dark) { :root { --back: #15181c; --text: #e6e9ec; --quiet: #9aa4ae; --edge: #363c43;
  --one: #6cb6ff; --two: #ff9d5c; --warn-back: #3a2d0b; --warn: #ffd98a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
.warning { position: sticky; top: 0; z-index: 1; background: var(--warn-back); color: var(--warn);
  text-align: center; font-weight: 600; padding: .4rem 1rem; }
main { max-width: 64rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid var(--edge); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--edge); }
p { max-width: 46rem; } small, .quiet { color: var(--quiet); display: block; }
.charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); }
.films { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); }
.pairs { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); }
.pair { display: grid; gap: .4rem; grid-template-columns: 1fr 1fr; align-content: start; }
figure { margin: 0; } .chart figcaption { font-weight: 600; }
.film img { width: 100%; image-rendering: pixelated; background: #000; display: block; }
.film figcaption { font-size: .85rem; }
svg { width: 100%; height: auto; } svg text { fill: var(--quiet); font-size: 11px; }
.grid { stroke: var(--edge); fill: none; } .line { fill: none; stroke-width: 2; } .band { opacity: .18; }
.line.one { stroke: var(--one); } .line.two { stroke: var(--two); } .line.faint { stroke: var(--quiet);
  stroke-dasharray: 4 4; stroke-width: 1.2; }
.band.one, circle.one { fill: var(--one); } .band.two, circle.two { fill: var(--two); }
.key { display: inline-block; margin-right: 1rem; font-size: .85rem; } .key::before { content: "■ "; }
.key.one::before { color: var(--one); } .key.two::before { color: var(--two); }
.key.faint::before { content: "┄ "; color: var(--quiet); }
"""


def page(title: str, body: str) -> str:
    """A page with the heading that all have, on every printed sheet too."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: {HEADING.lower()}</title><style>{_STYLE}</style></head><body>"
        f'<div class="warning">{HEADING}</div><main><h1>{escape(title)}</h1>{body}</main></body></html>\n'
    )


def evaluation(detector: Detector, films: Films) -> tuple[str, list[tuple[str, str]]]:
    """The report of a detector on films of known class.

    Parameters
    ----------
    detector : Detector
        What is judged.
    films : Films
        That it was not trained on: see `Detector.unseen`.

    Returns
    -------
    html : str
        The page.
    figures : list of (str, str)
        Its numbers with their intervals.

    Raises
    ------
    FilmError, ArgumentError
        The films are not what the detector reads, have other classes, or are all of one class.
    """
    detector.check_classes(films)
    scores = detector.scores(films.images)
    labels, p = films.labels, probability(scores, detector.temperature)
    found = judge.at_threshold(labels, scores, detector.threshold)
    figures = _figures(detector, films, scores, p, found)
    body = [
        _introduction(detector, films), _table(figures), _confusion(detector, found),
        '<h2>Curves</h2><div class="charts">', _roc(labels, scores, found), _reliability(labels, p),
        _decision(labels, p), _history(detector), "</div>", _mistakes(detector, films, scores),
    ]  # fmt: skip
    what = " simulated" if _simulated(detector, films) else ""
    return page(f"{detector.classes[1].capitalize()} on{what} films", "".join(body)), figures


def _figures(detector: Detector, films: Films, scores: Any, p: Any, found: Any) -> list[tuple[str, str]]:
    labels = films.labels
    wanted = detector.about.get("specificity", 0.9)
    patients = "" if films.groups is None else f" of {len(set(films.groups))} patients"
    return [
        ("films", f"{len(films)}{patients}: {', '.join(films.shares())}"),
        ("area under the ROC curve", str(judge.roc_auc(labels, scores))),
        (f"sensitivity at the threshold for {wanted:.0%} specificity on validation", str(found.sensitivity)),
        ("specificity there", str(found.specificity)),
        ("accuracy there", str(found.accuracy)),
        ("precision there: the share of ill films among those called ill", str(found.precision)),
        ("expected calibration error", f"{calibration_error(labels, p):.3f}"),
        ("Brier score", f"{brier(labels, p):.3f}"),
    ]


def _simulated(detector: Detector, films: Films) -> bool:
    return "simulated" in {detector.about.get("source"), films.pixels.source} or "simulated" in films.pixels.counts


def _introduction(detector: Detector, films: Films) -> str:
    about = detector.about
    size, trained = " x ".join(map(str, detector.shape[:2])), about.get("films", {}).get("train", "?")
    told = (
        f"A network of {_count(detector):,} numbers, trained on {trained} films of {size}. Both classes counted "
        "the same, so its probabilities are those of films half of which are ill. Intervals are of 95 %: Wilson's "
        "for shares, DeLong's for areas. They describe films like these, and say nothing of another hospital, "
        "another machine or other patients."
    )
    more = ""
    if films.groups is None:
        more = " Nothing tells which films are of one patient."
    elif len(set(films.groups)) < len(films):
        more = " Some patients have several films, which are alike: the intervals are somewhat too narrow."
    if about.get("patients") is None:
        more += (
            " The detector does not know whose films it was trained on: others of these patients, or the same in "
            "another size, may be among these films."
        )
    pixels = f"Films from {films.pixels.source}. Of all that were read: {'; '.join(films.pixels.lines())}."
    return f'<p>{told}{more}</p><p class="quiet">{escape(pixels)}</p>'


def _count(detector: Detector) -> int:
    return sum(int(np.size(leaf)) for layer in detector.params.values() for leaf in layer.values())


def _table(figures: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in figures)
    return f'<div class="scroll"><table>{rows}</table></div>'


def _confusion(detector: Detector, found: Any) -> str:
    healthy, ill = map(escape, detector.classes)
    rows = "".join(
        f"<tr><th>{name}</th><td>{row[0]}</td><td>{row[1]}</td></tr>"
        for name, row in zip((healthy, ill), found.table.tolist(), strict=True)
    )
    return (
        "<h2>At the threshold chosen on validation</h2><p>The threshold was fixed before these films were "
        "looked at. What it gives here may differ much from what it gave there.</p>"
        '<div class="scroll"><table><tr><th>is</th>'
        f"<th>called {healthy}</th><th>called {ill}</th></tr>{rows}</table></div>"
    )


def _roc(labels: Any, scores: Any, found: Any) -> str:
    false, true, _ = judge.roc_curve(labels, scores)
    m, n = int(np.sum(labels)), int(np.sum(labels == 0))
    bands = [judge.wilson(round(t * m), m) for t in true]
    area = judge.roc_auc(labels, scores)
    at = Line([1 - found.specificity.value], [found.sensitivity.value], "the threshold", "two", marks=True)
    curve = Line(false, true, f"area {area}", "one", [b.low for b in bands], [b.high for b in bands])
    chance = Line([0, 1], [0, 1], "guessing", "faint")
    return chart([chance, curve, at], f"ROC curve, {m} ill and {n} healthy", "false positive rate", "sensitivity")


def _reliability(labels: Any, p: Any) -> str:
    bins = reliability(labels, p)
    curve = Line(
        [b.predicted for b in bins], [b.observed.value for b in bins], "films", "one",
        [b.observed.low for b in bins], [b.observed.high for b in bins], marks=True,
    )  # fmt: skip
    exact = Line([0, 1], [0, 1], "exact", "faint")
    return chart([exact, curve], "Reliability", "probability said", "share that is ill")


def _decision(labels: Any, p: Any) -> str:
    t, model, everyone = judge.net_benefit(labels, p)
    top = max(np.ceil(10 * float(np.mean(labels))) / 10, 0.1)
    lines = [Line(t, everyone, "call all ill", "two"), Line(t, model, "the network", "one")]
    none = Line([0, 1], [0, 0], "call none", "faint")
    return chart([none, *lines], "Decision curve", "threshold of probability", "net benefit", ys=(-top / 3, top))


def _history(detector: Detector) -> str:
    history = detector.about.get("history") or []
    if len(history) < 2:
        return ""
    epochs, losses = np.arange(1, len(history) + 1), np.array([row[:2] for row in history], float)
    lines = [Line(epochs, losses[:, 0], "training"), Line(epochs, losses[:, 1], "validation", "two")]
    top = float(np.ceil(5 * losses.max()) / 5)
    return chart(lines, "Loss while training", "epoch", "loss", (1.0, float(len(history))), (0, top), least=1)


def _mistakes(detector: Detector, films: Films, scores: Any, count: int = 12) -> str:
    p = probability(scores, detector.temperature)
    sure = np.where(films.labels == 1, 1 - p, p)
    wrong = np.flatnonzero((scores >= detector.threshold) != films.labels.astype(bool))
    rows = wrong[np.argsort(-sure[wrong], kind="stable")][:count]
    shown = "".join(
        picture(
            films.images[k, ..., 0], f"{detector.classes[films.labels[k]]}, said {p[k]:.1%} ill", f"film {k + 1}"
        )
        for k in rows
    )
    first = f"<p>{len(wrong)} of {len(films)} films were called wrongly; the surest first.</p>"
    return f'<h2>Most confident mistakes</h2>{first}<div class="films">{shown}</div>'


def explanation(detector: Detector, films: Films) -> str:
    """The report of single films: what is said of each, and maps, each beside one of random weights.

    Parameters
    ----------
    detector : Detector
        What looks.
    films : Films
        A few.

    Returns
    -------
    str
        The page.
    """
    scores = detector.scores(films.images)
    p = probability(scores, detector.temperature)
    parts = [
        "<p>A map shows what the network does, not what is there. Orange speaks for illness, blue against it; "
        "saliency and SmoothGrad have no sign, and orange only says how much. Beside each stands the map of the "
        "same network with random weights, which knows nothing: where both look alike, the map shows the film's "
        "edges. The likeness is Spearman's correlation of their sizes.</p>"
    ]
    for k, film in enumerate(films.images):
        said = (
            f"{p[k]:.1%} {detector.classes[1]}, {'called' if scores[k] >= detector.threshold else 'not called'} so"
        )
        truth = "" if films.labels is None else f"; it is {films.classes[films.labels[k]]}"
        truth += "" if len(detector.unseen(films.take([k]))) else "; it, or its patient, was trained on"
        shown = [f'<div class="pair">{picture(film[..., 0], "the film")}</div>']
        for one in maps(detector.model, detector.params, film):
            like = f"likeness {one.likeness:.2f}"
            both = (
                picture(overlaid(film[..., 0], one.values), one.name, one.shows),
                picture(overlaid(film[..., 0], one.control), f"{one.name}, random weights", like),
            )
            shown.append(f'<div class="pair">{"".join(both)}</div>')
        parts.append(f'<h2>Film {k + 1}: {escape(said + truth)}</h2><div class="pairs">{"".join(shown)}</div>')
    what = "a simulated film" if _simulated(detector, films) else "a film"
    return page(f"What the network looks at in {what}", "".join(parts))
