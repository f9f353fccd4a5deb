"""Data: the official files, damaged files, fabricated CIFAR-10, procedural shapes with exact factors."""

import contextlib
import functools
import gzip
import hashlib
import http.server
import math
import pickle
import re
import shutil
import struct
import tarfile
import threading

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10, FashionMNIST

from course_lib.assets import asset_path
from course_lib.data import DataUnavailableError, fashion_mnist, load_dataset
from course_lib.data import download as download_module
from course_lib.data.cifar10 import read_batch
from course_lib.data.fashion_mnist import TRAIN_IMAGES, TRAIN_LABELS, read_idx
from course_lib.data.image_dataset import ImageDataset, class_number
from course_lib.data.shapes import CLASS_NAMES, COLOURS, KINDS, draw_shapes

NO_SUCH_HOST = "http://127.0.0.1:9"  # the discard port: refused at once


def idx_bytes(array):
    return b"\x00\x00\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_idx(path, array):
    path.write_bytes(gzip.compress(idx_bytes(array)))


@pytest.fixture
def no_home(tmp_path, monkeypatch):
    """Downloads of an earlier run must not be found."""
    monkeypatch.setattr(download_module.Path, "home", lambda: tmp_path / "home")


def test_the_embedded_files_are_the_published_ones():
    published = dict(FashionMNIST.resources)
    for path in asset_path("fashion-mnist").glob("*.gz"):
        assert hashlib.md5(path.read_bytes()).hexdigest() == published[path.name]


def test_fashion_mnist_is_padded_grey_on_three_channels_in_minus_one_to_one():
    dataset = load_dataset("fashion-mnist")
    images, labels = dataset.batch(torch.arange(len(dataset)))
    assert images.shape == (10_000, 3, 32, 32)
    assert labels.bincount().tolist() == [1000] * 10
    raw = gzip.decompress((asset_path("fashion-mnist") / "t10k-images-idx3-ubyte.gz").read_bytes())
    seventh = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)[7]
    for channel in range(3):
        torch.testing.assert_close(images[7, channel, 2:30, 2:30], torch.tensor(seventh / 127.5 - 1).float())
    border = images.clone()
    border[:, :, 2:30, 2:30] = -1
    assert torch.equal(border, torch.full_like(border, -1))
    assert images.min() == -1
    assert images.max() == 1
    single, label = dataset[7]
    assert torch.equal(single, images[7])
    assert label == labels[7]
    assert not dataset.flip


def test_a_damaged_idx_file_is_an_error_that_names_it(tmp_path):
    good = gzip.compress(idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4)))
    path = tmp_path / "pictures.gz"
    path.write_bytes(good)
    assert read_idx(path).tolist() == np.arange(24).reshape(2, 3, 4).tolist()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 0xFF
    short = gzip.compress(idx_bytes(np.zeros((2, 3, 4), np.uint8))[:-5])
    for damaged in (good[:-9], good[:3], b"", bytes(flipped), b"<html>404</html>", short, gzip.compress(b"PK\x03\x04")):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"pictures\.gz"):
            read_idx(path)
    with pytest.raises(ValueError, match=r"absent\.gz is missing"):
        read_idx(tmp_path / "absent.gz")


@pytest.fixture
def fabricated_fashion(tmp_path, monkeypatch):
    """Six pictures in the official files' format, whose checksums the reader is told to expect."""
    pictures = np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)
    contents = {TRAIN_IMAGES: idx_bytes(pictures), TRAIN_LABELS: idx_bytes(np.array([0, 1, 2, 3, 4, 9], np.uint8))}
    for name, content in contents.items():
        monkeypatch.setitem(fashion_mnist.UNPACKED, name, hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(fashion_mnist, "PLAUSIBLE_BYTES", ((0, 10_000),))
    folder = tmp_path / "found" / "here"
    folder.mkdir(parents=True)
    return folder, contents, pictures


def put(folder, contents, images, labels, pack=gzip.compress):
    for content, name in zip(contents.values(), (images, labels), strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(pack(content))


@pytest.mark.parametrize(
    ("images", "labels", "pack", "asked"),
    [
        (TRAIN_IMAGES, TRAIN_LABELS, gzip.compress, "."),
        (TRAIN_IMAGES.removesuffix(".gz"), TRAIN_LABELS.removesuffix(".gz"), bytes, "."),  # unpacked
        (TRAIN_IMAGES, TRAIN_LABELS, lambda content: gzip.compress(content, 1), "."),  # packed by another program
        (TRAIN_IMAGES, TRAIN_LABELS, bytes, "."),  # unpacked, under the packed file's name
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte", bytes, "."),  # renamed, as some sites do
        ("pictures (1).bin", "answers", gzip.compress, "."),
        (f"FashionMNIST/raw/{TRAIN_IMAGES}", f"FashionMNIST/raw/{TRAIN_LABELS}", gzip.compress, "."),
        (f"a/b/{TRAIN_IMAGES}", f"a/{TRAIN_LABELS}", gzip.compress, "."),
        (TRAIN_IMAGES, TRAIN_LABELS, gzip.compress, ".."),  # one folder too high
        (TRAIN_IMAGES, TRAIN_LABELS, gzip.compress, "processed"),  # one too low
    ],
)
def test_fashion_mnist_full_is_found_by_its_content(fabricated_fashion, images, labels, pack, asked):
    folder, contents, pictures = fabricated_fashion
    put(folder, contents, images, labels, pack)
    (folder / asked).mkdir(exist_ok=True)
    dataset = load_dataset("fashion-mnist-full", folder / asked)
    assert dataset.labels.tolist() == [0, 1, 2, 3, 4, 9]
    assert np.array_equal(dataset.pixels[:, 0, 2:30, 2:30].numpy(), pictures)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: gzip.compress(content[:-1] + b"\x07"),  # another data set under the same name
        lambda content: gzip.compress(content)[:-9],
        lambda content: b"<html>not found</html>",
        lambda content: b"",
        lambda content: content[:-1],
    ],
)
def test_a_file_with_the_right_name_and_another_content_is_named(fabricated_fashion, damage):
    folder, contents, _ = fabricated_fashion
    put(folder, contents, TRAIN_IMAGES, TRAIN_LABELS)
    (folder / TRAIN_LABELS).write_bytes(damage(contents[TRAIN_LABELS]))
    before = (folder / TRAIN_LABELS).read_bytes()
    with pytest.raises(ValueError, match=TRAIN_LABELS):
        load_dataset("fashion-mnist-full", folder)
    assert (folder / TRAIN_LABELS).read_bytes() == before  # it is the user's file


@pytest.mark.usefixtures("no_home")
def test_a_neighbours_files_are_not_ours(fabricated_fashion, fabricated_cifar, tmp_path, monkeypatch):
    """Another data set beside the named folder, which is empty, whole, or has a damaged file of its own."""
    folder, contents, _ = fabricated_fashion
    neighbour = tmp_path / "found" / "mnist"
    put(neighbour, {name: content[:-1] + b"\x07" for name, content in contents.items()}, TRAIN_IMAGES, TRAIN_LABELS)
    monkeypatch.setattr(FashionMNIST, "mirrors", [NO_SUCH_HOST + "/"])
    with pytest.raises(DataUnavailableError):  # a download was tried
        load_dataset("fashion-mnist-full", folder)
    put(folder, contents, TRAIN_IMAGES, TRAIN_LABELS)
    assert len(load_dataset("fashion-mnist-full", folder)) == 6
    (folder / TRAIN_LABELS).write_bytes(b"cut")
    with pytest.raises(ValueError, match=re.escape(str(folder / TRAIN_LABELS))):
        load_dataset("fashion-mnist-full", folder)
    server, _ = fabricated_cifar
    beside = server.parent / "another" / "data_batch_3"
    beside.parent.mkdir()
    beside.write_bytes(b"cut")
    assert len(load_dataset("cifar10", server)) == 20


@pytest.mark.usefixtures("no_home")
def test_a_download_that_fails_its_check_is_not_kept_and_not_used_later(fabricated_fashion, tmp_path):
    folder, contents, _ = fabricated_fashion
    put(folder, contents, TRAIN_IMAGES, TRAIN_LABELS)
    good = (folder / TRAIN_LABELS).read_bytes()
    (folder / TRAIN_LABELS).write_bytes(gzip.compress(contents[TRAIN_LABELS][:-1] + b"\x07"))
    with served(folder) as address:
        for _ in range(2):
            with pytest.raises(DataUnavailableError, match="checksum"):
                load_dataset("fashion-mnist-full", address)
        cache = tmp_path / "home" / ".cache" / "course_lib" / "FashionMNIST" / "raw"
        assert [path.name for path in cache.iterdir()] == [TRAIN_IMAGES]
        (folder / TRAIN_LABELS).write_bytes(good)
        assert len(load_dataset("fashion-mnist-full", address)) == 6
    # what was damaged since then is fetched again, or named as missing
    (cache / TRAIN_IMAGES).write_bytes(b"rot")
    with served(folder) as address:
        assert len(load_dataset("fashion-mnist-full", address)) == 6


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("fashion-mnist", "/tmp"),
        ("shapes", "/tmp"),
        ("fashion-mnist-full", "ftp://example.org/data"),
        ("cifar10", "s3://bucket/data"),
        ("cifar10", ""),
        ("fashion-mnist-full", "file:/data"),
        ("cifar10", __file__),
    ],
)
def test_a_place_that_has_no_effect_or_is_none_is_an_error(name, place):
    with pytest.raises(ValueError, match="data_dir is"):
        load_dataset(name, place)


@pytest.mark.parametrize("name", ["fashion-mnist-full", "cifar10"])
@pytest.mark.usefixtures("no_home")
def test_without_a_network_the_message_tells_size_and_ways_out(name):
    with pytest.raises(DataUnavailableError) as caught:
        load_dataset(name, NO_SUCH_HOST)
    message = str(caught.value)
    assert name in message
    assert "MB" in message
    for way_out in ("--data fashion-mnist", "--data shapes", "--data-dir FOLDER", "--data-dir URL"):
        assert way_out in message


def cifar_batch(seed, count=4):
    """One batch file as the authors made theirs: a pickle of protocol 2 with data, labels, names."""
    random = np.random.default_rng(seed)
    entry = {
        "batch_label": f"training batch {seed} of 5",
        "labels": random.integers(0, 10, count).tolist(),
        "data": random.integers(0, 256, (count, 3072), dtype=np.uint8),
        "filenames": [f"{i}.png" for i in range(count)],
    }
    return entry, pickle.dumps(entry, protocol=2)


@pytest.fixture
def fabricated_cifar(tmp_path, monkeypatch):
    """Small files in CIFAR-10's own format, whose checksums torchvision is told to expect."""
    folder = tmp_path / "server" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    entries, listed = [], []
    for number in range(1, 6):
        entry, content = cifar_batch(number)
        (folder / f"data_batch_{number}").write_bytes(content)
        entries.append(entry)
        listed.append([f"data_batch_{number}", hashlib.md5(content).hexdigest()])
    archive = tmp_path / "server" / CIFAR10.filename
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=folder.name)
    monkeypatch.setattr(CIFAR10, "train_list", listed)
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    return tmp_path / "server", entries


@pytest.mark.usefixtures("no_home")
def test_cifar10_pixels_and_labels_are_those_of_the_files(fabricated_cifar):
    server, entries = fabricated_cifar
    dataset = load_dataset("cifar10", server)
    assert dataset.flip
    assert dataset.labels.tolist() == [label for entry in entries for label in entry["labels"]]
    # the format: 1024 red, 1024 green, 1024 blue, each row by row
    for index in (0, 5, 19):
        row = entries[index // 4]["data"][index % 4]
        for channel, y, x in [(0, 0, 0), (1, 3, 30), (2, 31, 7)]:
            assert dataset.pixels[index, channel, y, x] == row[1024 * channel + 32 * y + x]
    # the document's example: airplane, dog, cat, truck
    assert [dataset.class_names[label] for label in (0, 5, 3, 9)] == ["airplane", "dog", "cat", "truck"]


@pytest.fixture
def mirror(fabricated_cifar):
    """A web server on this machine that has the archive."""
    with served(fabricated_cifar[0]) as address:
        yield address


@contextlib.contextmanager
def served(folder):
    handler = functools.partial(QuietHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def test_cifar10_from_a_mirror_is_verified_extracted_and_kept(fabricated_cifar, mirror, tmp_path, no_home):
    _, entries = fabricated_cifar
    dataset = load_dataset("cifar10", mirror)
    assert dataset.labels.tolist() == [label for entry in entries for label in entry["labels"]]
    assert (tmp_path / "home" / ".cache" / "course_lib" / "cifar-10-batches-py" / "data_batch_5").exists()
    assert len(load_dataset("cifar10", NO_SUCH_HOST)) == 20  # found on the machine, nothing fetched


def test_a_corrupt_or_truncated_cifar_file_is_named(fabricated_cifar):
    server, _ = fabricated_cifar
    victim = server / "cifar-10-batches-py" / "data_batch_3"
    victim.write_bytes(victim.read_bytes()[:-100])
    with pytest.raises(ValueError, match="data_batch_3"):
        load_dataset("cifar10", server)


@pytest.mark.parametrize("kind", ["renamed archive", "plain tar", "renamed batches", "folder below", "folder beside"])
def test_cifar10_is_found_by_its_content(fabricated_cifar, kind, tmp_path):
    server, _ = fabricated_cifar
    batches, archive = server / "cifar-10-batches-py", server / CIFAR10.filename
    asked = server
    if kind == "renamed archive":
        archive.rename(server / "cifar-10-python (1).tar.gz")
        shutil.rmtree(batches)
    elif kind == "plain tar":
        (server / "cifar.tar").write_bytes(gzip.decompress(archive.read_bytes()))
        archive.unlink()
        shutil.rmtree(batches)
    elif kind == "renamed batches":
        archive.unlink()
        for number in range(1, 6):
            (batches / f"data_batch_{number}").rename(batches / f"data_batch_{number}.pkl")
    elif kind == "folder below":
        archive.unlink()
        asked = tmp_path
    else:
        archive.unlink()
        asked = server / "empty"
        asked.mkdir()
    assert len(load_dataset("cifar10", asked)) == 20


def test_a_corrupt_archive_from_a_mirror_is_refused(fabricated_cifar, mirror, no_home):
    server, _ = fabricated_cifar
    archive = server / CIFAR10.filename
    archive.write_bytes(archive.read_bytes()[:-50])
    with pytest.raises(DataUnavailableError, match="cifar10"):
        load_dataset("cifar10", mirror)


class Bomb:
    def __reduce__(self):
        return print, ("this must never be printed",)


def test_a_batch_that_wants_to_run_code_is_refused(tmp_path, capsys):
    path = tmp_path / "data_batch_1"
    path.write_bytes(pickle.dumps({"data": Bomb(), "labels": []}, protocol=2))
    with pytest.raises(ValueError, match=r"data_batch_1.*print"):
        read_batch(path)
    assert capsys.readouterr().out == ""


def test_a_batch_of_another_shape_is_refused(tmp_path):
    path = tmp_path / "data_batch_1"
    path.write_bytes(pickle.dumps({"data": np.zeros((2, 100), np.uint8), "labels": [1, 2]}, protocol=2))
    with pytest.raises(ValueError, match=r"data_batch_1.*3072"):
        read_batch(path)


def test_shapes_have_the_area_the_centre_and_the_colour_of_their_factors():
    dataset = draw_shapes(400, seed=3)
    # area in units of the radius squared, from geometry
    thickness = 1 / 3
    area = {
        "disc": math.pi,
        "square": 4,
        "diamond": 2,
        "ring": math.pi * (1 - (1 - thickness) ** 2),
        "cross": 2 * 2 * (2 * thickness) - (2 * thickness) ** 2,
    }
    axis = torch.arange(32, dtype=torch.float64)
    for index in range(len(dataset)):
        label = int(dataset.labels[index])
        kind, colour = KINDS[label % 5], list(COLOURS.values())[label // 5]
        pixels = dataset.pixels[index].double()
        strongest = max(range(3), key=lambda channel: colour[channel])
        coverage = pixels[strongest] / colour[strongest]
        x, y, radius = (dataset.factors[name][index].item() for name in ("x", "y", "radius"))
        assert coverage.sum().item() == pytest.approx(area[kind] * radius**2, rel=0.05)
        assert (coverage.sum(0) @ axis / coverage.sum()).item() == pytest.approx(x, abs=0.15)
        assert (coverage.sum(1) @ axis / coverage.sum()).item() == pytest.approx(y, abs=0.15)
        assert pixels.amax(dim=(1, 2)).tolist() == list(colour)
        assert CLASS_NAMES[label].endswith(kind)


def test_shapes_are_reproducible_and_never_cut_off():
    first, again, other = draw_shapes(50, seed=1), draw_shapes(50, seed=1), draw_shapes(50, seed=2)
    assert torch.equal(first.pixels, again.pixels)
    assert not torch.equal(first.pixels, other.pixels)
    frame = first.pixels.clone()
    frame[:, :, 1:-1, 1:-1] = 0
    assert frame.max() == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: load_dataset("mnist"), ["data", "'mnist'", "fashion-mnist", "cifar10"]),
        (lambda: draw_shapes(0), ["count", "0"]),
        (lambda: class_number("sock", ["Bag", "Coat"]), ["class", "'sock'", "0 Bag", "1 Coat"]),
        (lambda: class_number("10", ["Bag", "Coat"]), ["class", "'10'"]),
        (
            lambda: ImageDataset("x", torch.zeros(2, 3, 28, 28, dtype=torch.uint8), torch.zeros(2), ("a",)),
            ["pixels", "28", "32"],
        ),
        (
            lambda: ImageDataset("x", torch.zeros(2, 3, 32, 32, dtype=torch.uint8), torch.tensor([0, 7]), ("a",)),
            ["labels", "7", "0 to 0"],
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the words are checked below)
        call()
    for word in words:
        assert word in str(caught.value)
