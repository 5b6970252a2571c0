"""Films: what readers make of every kind of file, what they refuse, and splits that share no patient."""

import io
import struct
import sys
import warnings
import zipfile
import zlib

import numpy as np
import pytest

from dragongrad import DragongradError
from dragongrad.core.errors import ArgumentError, MissingExtraError
from dragongrad.nn import images
from dragongrad.nn.images import simulation
from dragongrad.nn.images.augment import moved_by
from dragongrad.nn.images.films import ordered_classes

pil = pytest.importorskip("PIL.Image")
pydicom = pytest.importorskip("pydicom")
pytestmark = pytest.mark.smoke

RAMP = np.arange(32 * 32, dtype=np.uint8).reshape(32, 32)


def encoded(array, kind="PNG", **options):
    out = io.BytesIO()
    picture = array if isinstance(array, pil.Image) else pil.fromarray(array)
    picture.save(out, kind, **options)
    return out.getvalue()


def palette(array):
    picture = pil.fromarray(array).convert("P")
    # Colour k of the palette is the grey 255 - k.
    picture.putpalette([255 - v for v in range(256) for _ in range(3)])
    return picture


def see_through(array):
    return pil.fromarray(np.stack([array] * 3 + [np.where(array < 128, 0, 255).astype(np.uint8)], -1))


def exif(orientation):
    made = pil.Exif()
    made[0x0112] = orientation
    return made


RGB = np.stack([RAMP] * 3, -1)
WIDE = RAMP.astype(np.uint16) * 257
PICTURES = {
    "grey": (encoded(RAMP), RAMP / 255, "8 bits"),
    "one bit": (encoded(pil.fromarray(RAMP > 99).convert("1")), RAMP > 99, "1 bit"),
    "16 bits": (encoded(WIDE), WIDE / 65535, "16 bits"),
    "12 of 16 bits": (encoded(RAMP.astype(np.uint16)), RAMP / 65535, "16 bits, of which at most 12 are used"),
    "16 bits TIFF": (encoded(WIDE, "TIFF"), WIDE / 65535, "16 bits"),
    "float TIFF": (encoded(RAMP / np.float32(255), "TIFF"), RAMP / 255, "floating numbers in [0, 1]"),
    "palette": (encoded(palette(RAMP)), 1 - RAMP / 255, "from a palette"),
    "grey as colour": (encoded(RGB), RAMP / 255, "grey, stored as colour"),
    "colour": (encoded(RGB * np.array([1, 0, 0], np.uint8)), 0.299 * RAMP / 255, "colour, made grey"),
    "alpha": (encoded(see_through(RAMP)), np.where(RAMP < 128, 0, RAMP / 255), "transparent, put on black"),
    "grey with alpha": (encoded(pil.fromarray(RGB).convert("LA")), RAMP / 255, "grey, stored as colour"),
    "CMYK": (encoded(pil.fromarray(RGB).convert("CMYK"), "TIFF"), RAMP / 255, "from CMYK"),
    "JPEG": (encoded(RAMP.T // 16 * 16, "JPEG", quality=100), RAMP.T // 16 * 16 / 255, "8 bits"),
    "EXIF": (encoded(RAMP, exif=exif(6)), np.rot90(RAMP, -1) / 255, "turned as EXIF says"),
    "EXIF of a square": (encoded(RAMP, exif=exif(3)), RAMP[::-1, ::-1] / 255, "turned as EXIF says"),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures(kind, tmp_path):
    data, wanted, note = PICTURES[kind]
    (tmp_path / "film.png").write_bytes(data)
    films = images.read(tmp_path / "film.png")
    assert films.images.shape == (1, 32, 32, 1)
    assert films.images.dtype == np.float32
    np.testing.assert_allclose(films.images[0, ..., 0], wanted, atol=0.012)
    assert films.pixels.counts[note] == 1
    assert films.labels is None
    assert films.groups is None


def declared(width, height):
    """The head of a PNG file of a size."""
    head = struct.pack(">4sIIBBBBB", b"IHDR", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I4s", 9, b"IDAT") + bytes(9)


BROKEN = {
    "empty": (b"", "the file is empty"),
    "text": (b"hello", "damaged, or no picture"),
    "cut off": (encoded(RAMP)[:60], "damaged, or no picture"),
    "several": (
        encoded(pil.fromarray(RAMP), "TIFF", save_all=True, append_images=[pil.fromarray(RAMP)]),
        "holds 2",
    ),
    "floats": (encoded(RAMP.astype(np.float32), "TIFF"), "floating numbers outside"),
    "32 bits": (encoded(pil.fromarray(RAMP.astype(np.int32) * 70000), "TIFF"), "are not of 16 bits"),
    "a bomb": (declared(20_000, 10_000), "more than 89,478,485 pixels"),
    "a larger bomb": (declared(200_000, 10_000), "more than 89,478,485 pixels"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files_are_named_or_skipped(kind, tmp_path):
    data, why = BROKEN[kind]
    (tmp_path / "bad.tif").write_bytes(data)
    (tmp_path / "good.png").write_bytes(encoded(RAMP))
    (tmp_path / "notes.txt").write_text("no film")
    (tmp_path / ".hidden.png").write_text("no film")
    with pytest.raises(images.FilmError, match=rf"1 of 2 files (.|\n)*bad.tif: .*{why}"):
        images.read(tmp_path)
    films = images.read(tmp_path, skip=True)
    assert len(films) == 1
    assert why in films.skipped[0]


def dicom(array=None, bits=12, **tags):
    array = np.linspace(0, 2**bits - 1, 64).reshape(8, 8).astype(np.uint16) if array is None else array
    file = pydicom.Dataset()
    file.file_meta = pydicom.dataset.FileMetaDataset()
    file.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = pydicom.uid.DigitalXRayImageStorageForPresentation
    file.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    file.SOPClassUID, file.SOPInstanceUID = pydicom.uid.DigitalXRayImageStorageForPresentation, "1.2.3"
    file.PatientName, file.PatientID = "Secret^Person", "SECRET-7"
    file.Rows, file.Columns = array.shape[:2]
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated, file.BitsStored, file.HighBit = 8 * array.itemsize, bits, bits - 1
    file.PixelRepresentation = int(array.dtype.kind == "i")
    file.PixelData = array.tobytes()
    for name, value in tags.items():
        setattr(file, name, value)
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.save_as(out, enforce_file_format=True)
    return out.getvalue()


X = np.linspace(0, 4095, 64).reshape(8, 8).astype(np.uint16).astype(float)
WINDOW = {"WindowCenter": 2048, "WindowWidth": 1000}


def windowed(x, center=2048, width=1000):
    # The standard's C.11.2.1.2.1, written once more.
    inside = (x - (center - 0.5)) / (width - 1) + 0.5
    return np.clip(inside, 0, 1)


def table():
    lut = pydicom.Dataset()
    lut.LUTDescriptor, lut.LUTData = [4096, 0, 12], np.arange(4095, -1, -1, dtype="<u2").tobytes()
    return pydicom.Sequence([lut])


SIGNED = (X - 2048).astype(np.int16)
DICOMS = {
    "plain": (dicom(), X / 4095, "no window: the whole range of its bits"),
    "window": (dicom(**WINDOW), windowed(X), "window applied"),
    "MONOCHROME1": (dicom(PhotometricInterpretation="MONOCHROME1"), 1 - X / 4095, "inverted (MONOCHROME1)"),
    "both": (dicom(PhotometricInterpretation="MONOCHROME1", **WINDOW), 1 - windowed(X), "window applied"),
    "rescale": (
        dicom(RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3096, WindowWidth=2000),
        windowed(2 * X - 1000, 3096, 2000), "rescaled",
    ),
    "falling rescale": (dicom(RescaleSlope=-1, RescaleIntercept=0), 1 - X / 4095, "rescaled"),
    "signed": (dicom(SIGNED), X / 4095, "12 bits"),
    "sigmoid": (
        dicom(VOILUTFunction="SIGMOID", **WINDOW), 1 / (1 + np.exp(-4 * (X - 2048) / 1000)), "window applied"
    ),
    "look-up table": (dicom(VOILUTSequence=table()), 1 - X / 4095, "look-up table applied"),
    "padding": (dicom(PixelPaddingValue=4095), np.where(X == 4095, 0, X / 4095), "12 bits"),
    "8 bits": (dicom((X // 16).astype(np.uint8), 8), X // 16 / 255, "8 bits"),
    "usual": (dicom(PatientOrientation=["L", "F"], ViewPosition="PA"), X / 4095, "oriented as usual"),
    "mirrored": (dicom(PatientOrientation=["R", "F"]), X / 4095, "oriented otherwise (R/F)"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DICOMS)
def test_dicom(kind, tmp_path):
    data, wanted, note = DICOMS[kind]
    (tmp_path / "film.dcm").write_bytes(data)
    films = images.read(tmp_path)
    np.testing.assert_allclose(films.images[0, ..., 0], wanted, atol=3e-3)
    assert films.pixels.counts[note] == 1
    assert films.groups[0].startswith("patient-")


BAD_DICOMS = {
    "frames": (dicom(np.zeros((2, 8, 8), np.uint16), Rows=8, Columns=8, NumberOfFrames=2), "2 frames"),
    "palette": (dicom(PhotometricInterpretation="PALETTE COLOR"), "PALETTE COLOR"),
    "short": (dicom(Rows=80), "damaged, or no DICOM"),
    "cut off": (dicom()[:140], "damaged|no pixels"),
    "foreign": (b"0" * 500, "damaged, or no DICOM"),
    "no compression that there is": (dicom().replace(b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.x"), "damaged"),
    # Its kind is unknown, and found out when the value is asked for.
    "a patient of no kind": (dicom().replace(b"\x10\x00\x20\x00LO", b"\x10\x00\x20\x00L\x1a"), "damaged"),
}


@pytest.mark.parametrize("kind", BAD_DICOMS)
def test_bad_dicom_is_refused_without_a_name(kind, tmp_path):
    data, why = BAD_DICOMS[kind]
    (tmp_path / "film.dcm").write_bytes(data)
    with pytest.raises(images.FilmError, match=why) as error:
        images.read(tmp_path)
    assert "secret" not in str(error.value).lower()


def test_no_patient_of_a_dicom_is_told(tmp_path, capsys):
    for name, tags in {"a": {}, "b": {"ViewPosition": "PA"}, "c": {"PatientID": "OTHER"}}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "film").write_bytes(dicom(**tags))
    films = images.read(tmp_path)
    assert films.groups[0] == films.groups[1] != films.groups[2]
    shown = f"{films!r} {films} {films.pixels} {films.groups} {films.names} {films.__dict__}".lower()
    assert "secret" not in shown
    assert "person" not in shown
    assert capsys.readouterr() == ("", "")


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def tree(*names, data=None):
    return {name: encoded(RAMP + np.uint8(k)) if data is None else data for k, name in enumerate(names)}


PLACES = {
    ("set/train/NORMAL/a.png", "set/train/ILL/b.png", "set/test/ILL/c.png"): (
        [0, 1, 1],
        ["train", "train", "test"],
    ),
    ("NORMAL/a.png", "ILL/x/b.png", "ILL/y/c.png"): ([0, 1, 1], None),
    ("one/a.png", "one/b.png"): (None, None),
    ("train/a.png", "val/b.png"): (None, ["train", "val"]),
}


@pytest.mark.parametrize("names", PLACES)
@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_classes_and_parts_are_folders(names, kind, tmp_path):
    files, (labels, parts) = tree(*names), PLACES[names]
    path = tmp_path / ("films.zip" if kind == "zip" else "films")
    if kind == "zip":
        zipped(path, files)
    for name, data in files.items() if kind == "folder" else ():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    films = images.read(path)
    order = [films.names.index(name) for name in names]
    assert (films.labels if labels is None else films.labels[order].tolist()) == labels
    assert (films.parts if parts is None else films.parts[order].tolist()) == parts
    assert films.classes == (() if labels is None else ("NORMAL", "ILL"))
    assert films.pixels.source == kind


def test_patients_from_names(tmp_path):
    names = [
        "A/person1_virus_6.png",
        "A/person1_bacteria_2.png",
        "B/NORMAL2-IM-0115-0001.png",
        "B/IM-0115-0002.png",
    ]
    zipped(tmp_path / "x.zip", tree(*names, "B/other.png"))
    films = images.read(tmp_path / "x.zip")
    groups = dict(zip(films.names, films.groups, strict=True))
    assert groups[names[0]] == groups[names[1]] == "person1"
    assert groups[names[2]] == groups[names[3]] == "IM-0115"
    assert groups["B/other.png"] == "film:B/other.png"
    assert set(images.read(tmp_path / "x.zip", pattern=r"\d+").groups) == {"1", "2", "0115", "film:B/other.png"}
    for pattern, why in ((r"patient\d", "finds no patient"), ("(", "no regular expression")):
        with pytest.raises(ArgumentError, match=why):
            images.read(tmp_path / "x.zip", pattern=pattern)


REFUSED = {
    "nothing.zip": ({}, "no films"),
    "mixed.zip": (tree("a.png", "b/c.png"), "1 films beside them"),
    "sizes.zip": ({"a.png": encoded(RAMP), "b.png": encoded(RAMP[:9])}, "2 sizes .32 x 32, 9 x 32"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name, tmp_path):
    files, why = REFUSED[name]
    zipped(tmp_path / name, files)
    with pytest.raises(images.FilmError, match=why):
        images.read(tmp_path / name)
    (tmp_path / "damaged.zip").write_bytes(b"PK no")
    for path, told in (("damaged.zip", "no zip"), ("nosuch", "no file or folder"), ("damaged.zip.npz", "no file")):
        with pytest.raises(images.FilmError, match=told):
            images.read(tmp_path / path)


def test_sizes(tmp_path):
    step = np.zeros((40, 80), np.uint8)
    step[:, 40:] = 200
    (tmp_path / "a.png").write_bytes(encoded(step))
    films = images.read(tmp_path, size=20)
    assert films.images.shape == (1, 20, 20, 1)
    np.testing.assert_allclose(films.images[0, :, 2, 0], 0, atol=1e-6)
    np.testing.assert_allclose(films.images[0, :, 17, 0], 200 / 255, atol=1e-6)
    assert films.pixels.counts["cut around the centre"] == films.pixels.counts["resized from 40 x 80"] == 1
    assert images.read(tmp_path, size=(10, 30)).images.shape == (1, 10, 30, 1)
    # Means of the pixels that each covers.
    board = (np.indices((32, 32)).sum(axis=0) % 2 * 255).astype(np.uint8)
    (tmp_path / "a.png").write_bytes(encoded(board))
    assert abs(images.read(tmp_path, size=8).images - 0.5).max() < 0.01
    for size in (0, "a", 2.5, (16,), (4, 16), 10**6, True):
        with pytest.raises(ArgumentError, match="whole numbers from 8"):
            images.read(tmp_path, size=size)


def test_medmnist(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {}
    for part, count in {"train": 6, "val": 3, "test": 2}.items():
        arrays[f"{part}_images"] = rng.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[f"{part}_labels"] = rng.integers(0, 2, (count, 1), np.uint8)
    arrays["train_labels"][:2] = [[0], [1]]
    np.savez(tmp_path / "pneumoniamnist_28.npz", **arrays)
    films = images.read(tmp_path / "pneumoniamnist_28.npz")
    assert films.classes == ("normal", "pneumonia")
    np.testing.assert_array_equal(films.part("val").images[..., 0], (arrays["val_images"] / 255).astype(np.float32))
    np.testing.assert_array_equal(films.part("test").labels, arrays["test_labels"][:, 0])
    assert images.read(tmp_path / "pneumoniamnist_28.npz", size=14).images.shape == (11, 14, 14, 1)
    colour = np.repeat(arrays["train_images"][..., None], 3, -1)
    np.savez(tmp_path / "x.npz", **(arrays | {"train_images": colour}))
    np.testing.assert_allclose(images.read(tmp_path / "x.npz").images, films.images, atol=1e-5)
    for wrong, why in (
        ({"a": np.ones(3)}, "holds a, where"),
        (arrays | {"train_labels": np.zeros((6, 14), int)}, "14 labels a film"),
        (arrays | {"train_labels": np.zeros((5, 1), int)}, "more or fewer train_labels"),
        (arrays | {"val_images": np.zeros((3, 28, 28))}, "float64"),
        (arrays | {"val_labels": np.zeros((3, 1))}, "not whole numbers"),
        (arrays | {"val_labels": np.full((3, 1), -1)}, "the label -1"),
    ):
        np.savez(tmp_path / "wrong.npz", **wrong)
        with pytest.raises(images.FilmError, match=why):
            images.read(tmp_path / "wrong.npz")
    (tmp_path / "wrong.npz").write_bytes(b"PK\x03\x04 no")
    with pytest.raises(images.FilmError, match="damaged"):
        images.read(tmp_path / "wrong.npz")
    with pytest.raises(ArgumentError, match="no part 'other': the data set has train, val, test"):
        films.part("other")


def test_a_path_may_lead_through_hidden_folders(tmp_path, monkeypatch):
    for folder in (".hidden", "other"):
        (tmp_path / folder / "ILL").mkdir(parents=True)
        (tmp_path / folder / "ILL" / "a.png").write_bytes(encoded(RAMP))
    (tmp_path / "other" / ".thumbs").mkdir()
    (tmp_path / "other" / ".thumbs" / "a.png").write_bytes(b"no film")
    monkeypatch.chdir(tmp_path / ".hidden")
    for path in (".", "../other", tmp_path / ".hidden"):
        assert len(images.read(path)) == 1


def test_archives_with_a_name_twice_or_a_bomb(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is one of that name
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            for k, name in enumerate(("a.png", "a.png", "b.png")):
                archive.writestr(name, encoded(RAMP + np.uint8(k)))
    assert len(set(images.read(tmp_path / "x.zip").digests())) == 3
    data = (tmp_path / "x.zip").read_bytes()
    size = struct.pack("<I", len(encoded(RAMP + np.uint8(2))))
    at = data.rindex(size)  # of the last film, in the list at the archive's end
    (tmp_path / "x.zip").write_bytes(data[:at] + struct.pack("<I", 1 << 30) + data[at + 4 :])
    assert "1,073,741,824 bytes" in images.read(tmp_path / "x.zip", skip=True).skipped[0]


def test_written_films_are_read_again(tmp_path):
    films = images.simulate(patients=4, size=32)
    images.write(films, tmp_path)
    again = images.read(tmp_path)
    assert again.classes == ("normal", "nodule")
    assert sorted(again.digests()) == sorted(films.digests())
    assert len(set(again.groups)) == 4


def test_healthy_films_come_first():
    assert ordered_classes(["ABNORMAL", "NORMAL"]) == ("NORMAL", "ABNORMAL")
    assert ordered_classes(["b", "a", "b"]) == ("a", "b")


class TestSplit:
    FILMS = images.simulate(patients=40, films=3, size=16, nodules=0.25)

    @pytest.mark.parametrize("seed", range(3))
    def test_no_patient_is_on_two_sides(self, seed):
        rng = np.random.default_rng(seed)
        # Some patients with one film, some with three, and one film under two names.
        films = self.FILMS.take(rng.random(120) < 0.7)
        films.images[0] = films.images[-1]
        parts = images.split(films, {"train": 0.5, "val": 0.25, "test": 0.25}, seed)
        assert sum(map(len, parts.values())) == len(films)
        assert abs(len(parts["train"]) / len(films) - 0.5) < 0.05
        seen = [set(some.groups) for some in parts.values()]
        assert sum(map(len, seen)) == len(set().union(*seen))
        for (one, _), (other, _) in images.duplicates(*parts.values()):
            assert one == other
        for some in parts.values():
            assert abs(some.labels.mean() - films.labels.mean()) < 0.08

    def test_equal_seeds_are_equal_splits(self):
        one, two, other = (images.split(self.FILMS, rng=seed)["test"].names for seed in (1, 1, 2))
        assert one == two != other

    def test_without_patients_it_says_so(self):
        object.__setattr__(films := self.FILMS.take(slice(None)), "groups", None)
        with pytest.warns(images.SplitWarning, match="nothing tells which films are of one patient"):
            images.split(films)

    def test_refusals(self):
        for shares in ({}, {"a": 0.5}, {"a": 0.0, "b": 1.0}):
            with pytest.raises(ArgumentError, match="sum to 1"):
                images.split(self.FILMS, shares)
        with pytest.raises(images.FilmError, match="too few patients"):
            images.split(self.FILMS.take(slice(3)))

    def test_apart(self):
        left = images.apart(self.FILMS, self.FILMS.take([0]))
        assert len(left) == 117
        assert self.FILMS.groups[0] not in left.groups


def test_duplicates_within_and_across():
    films = images.simulate(patients=2, films=2, size=16)
    twice = films.take([0, 1, 1])
    assert images.duplicates(twice) == [[(0, 1), (0, 2)]]
    assert images.duplicates(twice, films) == [[(0, 0), (1, 0)], [(0, 1), (0, 2), (1, 1)]]


class TestSimulated:
    def test_films_of_one_patient_are_alike_and_not_equal(self):
        films = images.simulate(patients=20, size=32)
        flat = films.images.reshape(40, -1)
        flat = flat - flat.mean(axis=0)
        near = np.corrcoef(flat)
        same = near[np.arange(0, 40, 2), np.arange(1, 40, 2)]
        assert len(images.duplicates(films)) == 0
        assert np.median(same) > np.median(near) + 0.1

    def test_a_nodule_is_a_shadow(self):
        rng = np.random.default_rng(0)
        chest = simulation._chest(rng, True)
        x, y = np.meshgrid(np.linspace(-16, 16, 64), np.linspace(-16, 16, 64))
        shadow = simulation._depth(chest, x, y, 1.0) - simulation._depth(chest | {"nodules": []}, x, y, 1.0)
        assert shadow.min() == 0
        ((across, along, radius), *_) = chest["nodules"]
        assert shadow[np.hypot(x - across, y - along) < radius].min() > 0
        assert shadow.max() >= 0.29 * 2 * radius * 0.95

    def test_noise_is_that_of_photons(self):
        """The variance of a logarithm of a Poisson number is one over its mean."""
        rng = np.random.default_rng(0)
        count = rng.poisson(simulation._PHOTONS * np.exp(-3.0), 4000)
        assert abs(np.var(np.log(count)) * simulation._PHOTONS * np.exp(-3.0) - 1) < 0.1

    def test_labels(self):
        films = images.simulate(patients=10, films=3, size=16, nodules=0.3)
        assert films.labels.sum() == 9
        assert films.pixels.source == "simulated"
        for wrong in ({"patients": 0}, {"films": 0}, {"size": 4}, {"nodules": 2}):
            with pytest.raises(ArgumentError, match="there is at least 1 patient"):
                images.simulate(**wrong)


def test_shaken_films_move_as_they_are_told():
    films = np.random.default_rng(0).random((2, 9, 9)).astype(np.float32)
    zero = np.zeros((2, 1, 1), np.float32)
    np.testing.assert_allclose(moved_by(films, zero, zero, zero, zero), films, atol=1e-6)
    np.testing.assert_allclose(
        moved_by(films, zero, zero, zero + 1 / 9, zero)[:, :, :-1], films[:, :, 1:], atol=1e-5
    )
    np.testing.assert_allclose(
        moved_by(films, zero + np.pi / 2, zero, zero, zero), np.rot90(films, 1, (1, 2)), atol=1e-5
    )
    shaken = images.Shake()(np.random.default_rng(1), films[..., None])
    assert shaken.shape == (2, 9, 9, 1)
    assert shaken.dtype == np.float32
    assert 0 <= shaken.min() < shaken.max() <= 1
    still = images.Shake(0, 0, 0, 0, 0, 0)(np.random.default_rng(1), films[..., None])
    np.testing.assert_allclose(still[..., 0], films, atol=1e-6)


@pytest.mark.parametrize(("package", "path"), [("PIL", "a.png"), ("pydicom", "a.dcm")])
def test_missing_packages_are_named(package, path, tmp_path, monkeypatch):
    (tmp_path / path).write_bytes(encoded(RAMP))
    for name in [n for n in sys.modules if n == package or n.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'dragongrad\[xray\]'"):
        images.read(tmp_path / path)
    assert issubclass(images.FilmError, DragongradError)
