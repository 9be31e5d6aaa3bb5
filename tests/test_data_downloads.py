"""Downloads from a server of our own that sends whole, cut, damaged and missing files; and repairs."""

from __future__ import annotations

import gzip
import hashlib
import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from torchvision import datasets

from aecore.data.arrays import load_arrays, sample_images
from aecore.data.downloads import DataUnavailableError, fetch
from aecore.data.loading import load

Array = npt.NDArray[Any]

TRAIN, TEST = 5_200, 300  # of which 5,000 are for validation


def idx(values: Array) -> bytes:
    header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return header + values.astype(np.uint8).tobytes()


def pictures(count: int) -> Array:
    """Pictures that carry their number in two pixels."""
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 0, 1], images[:, 0, 2] = np.arange(count) % 256, np.arange(count) // 256
    return images


def labels(count: int, classes: int = 10, first: int = 0) -> Array:
    return (np.arange(count) % classes + first).astype(np.uint8)


PLAIN = {
    "train-images-idx3-ubyte": idx(pictures(TRAIN)),
    "train-labels-idx1-ubyte": idx(labels(TRAIN)),
    "t10k-images-idx3-ubyte": idx(pictures(TEST)),
    "t10k-labels-idx1-ubyte": idx(labels(TEST)),
}
PACKED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in PLAIN.items()}


class Server:
    """Answers GET /path with `files[path]`; paths in `cut` end after half their bytes; all others are 404."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.lstrip("/")
                outer.asked.append(path)
                content = outer.files.get(path)
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if path in outer.cut else content)

            def log_message(self, *arguments: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = Server()
    yield running
    running.close()


@pytest.fixture
def mnist(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server that has all of a small MNIST, and a torchvision that knows it."""
    server.files.update(PACKED)
    sums = [(name, hashlib.md5(content).hexdigest()) for name, content in PACKED.items()]
    monkeypatch.setattr(datasets.MNIST, "mirrors", [server.url])
    monkeypatch.setattr(datasets.MNIST, "resources", sums)
    return server


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address where nobody answers."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/"


def state(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below, with its time of change and content."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(path.relative_to(root)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def put(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def numbers(images: Array) -> npt.NDArray[np.int64]:
    """The numbers that `pictures` wrote."""
    low, high = images[:, 0, 0, 1:3].astype(np.int64).T
    return np.asarray(low + 256 * high)


def test_a_download_is_read_and_split(mnist: Server, tmp_path: Path) -> None:
    data = load("mnist", root=tmp_path)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [200, 5_000, TEST]
    official = [numbers(part.images.numpy()) for part in (data.train, data.validation)]
    assert sorted(np.concatenate(official)) == list(range(TRAIN))
    assert sorted(numbers(data.test.images.numpy())) == list(range(TEST))
    for part in (data.train, data.validation, data.test):
        np.testing.assert_array_equal(part.labels, numbers(part.images.numpy()) % 10)
    assert {path.name for path in (tmp_path / "MNIST" / "raw").iterdir()} == set(PACKED)


def test_what_is_there_is_neither_asked_for_nor_written_again(mnist: Server, tmp_path: Path) -> None:
    first = load_arrays("mnist", root=tmp_path)
    before, asked = state(tmp_path), len(mnist.asked)
    again = load_arrays("mnist", root=tmp_path)
    np.testing.assert_array_equal(first.validation.images, again.validation.images)
    assert state(tmp_path) == before
    assert len(mnist.asked) == asked


def test_the_folder_may_come_from_the_environment(mnist: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    load_arrays("mnist")
    assert (tmp_path / "MNIST" / "raw").is_dir()


def test_unpacked_files_are_read_as_they_are(tmp_path: Path) -> None:
    put(tmp_path / "FashionMNIST" / "raw", PLAIN)
    before = state(tmp_path)
    assert len(load_arrays("fashion-mnist", root=tmp_path).test.images) == TEST
    sample = sample_images("fashion-mnist", 5, root=tmp_path)
    assert sample is not None
    assert sample.shape == (5, 1, 28, 28)
    assert state(tmp_path) == before


def test_torchvision_reads_the_same_folder(mnist: Server, tmp_path: Path) -> None:
    load_arrays("mnist", root=tmp_path)
    mnist.files.clear()  # so torchvision must find the downloaded files good enough
    theirs = datasets.MNIST(tmp_path, train=False, download=True)
    np.testing.assert_array_equal(theirs.data, pictures(TEST))


def test_a_whole_unpacked_file_beside_a_damaged_packed_one_is_enough(tmp_path: Path) -> None:
    put(tmp_path / "MNIST" / "raw", PLAIN | dict.fromkeys(PACKED, b"no gzip"))
    before = state(tmp_path)
    load_arrays("mnist", root=tmp_path)
    assert state(tmp_path) == before


def test_a_damaged_unpacked_file_beside_a_whole_packed_one_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "MNIST" / "raw", PACKED | {name: content[:-1] for name, content in PLAIN.items()})
    before = state(tmp_path)
    load_arrays("mnist", root=tmp_path)
    assert state(tmp_path) == before


IMAGES = "train-images-idx3-ubyte.gz"
DAMAGE = {
    "cut short": PACKED[IMAGES][:-100],
    "empty": b"",
    "a web page": b"<html>Please log in</html>",
    "a flipped byte": PACKED[IMAGES][:-6] + bytes([PACKED[IMAGES][-6] ^ 1]) + PACKED[IMAGES][-5:],
    "a header that promises more": gzip.compress(PLAIN[IMAGES[:-3]][:-1]),
    "other files' pictures": gzip.compress(idx(np.zeros((TRAIN, 27, 28)))),
    "fewer pictures than labels": gzip.compress(idx(pictures(TRAIN - 1))),
    "labels": PACKED["train-labels-idx1-ubyte.gz"],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_in_the_cache_is_replaced_and_only_that(damage: str, mnist: Server, tmp_path: Path) -> None:
    folder = tmp_path / "MNIST" / "raw"
    put(folder, PACKED | {IMAGES: DAMAGE[damage]})
    load_arrays("mnist", root=tmp_path)
    assert {name: (folder / name).read_bytes() for name in PACKED} == PACKED
    assert mnist.asked == [IMAGES]


def test_a_damaged_unpacked_file_is_replaced_by_a_download(mnist: Server, tmp_path: Path) -> None:
    folder = tmp_path / "MNIST" / "raw"
    put(folder, PLAIN | {"t10k-labels-idx1-ubyte": PLAIN["t10k-labels-idx1-ubyte"][:-7]})
    load_arrays("mnist", root=tmp_path)
    assert mnist.asked == ["t10k-labels-idx1-ubyte.gz"]
    assert not (folder / "t10k-labels-idx1-ubyte").exists()
    mnist.asked.clear()
    load_arrays("mnist", root=tmp_path)
    assert mnist.asked == []


@pytest.mark.parametrize("trouble", ["missing", "cut", "wrong", "nobody"])
def test_the_next_mirror_is_tried(
    trouble: str, mnist: Server, nobody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = nobody if trouble == "nobody" else f"{mnist.url}bad/"
    if trouble != "missing":
        mnist.files.update({f"bad/{name}": content for name, content in PACKED.items()})
    if trouble == "cut":
        mnist.cut.update(f"bad/{name}" for name in PACKED)
    if trouble == "wrong":
        mnist.files[f"bad/{IMAGES}"] = gzip.compress(idx(pictures(TRAIN) + 1))
    monkeypatch.setattr(datasets.MNIST, "mirrors", [bad, mnist.url])
    told: list[tuple[str, float]] = []
    load("mnist", root=tmp_path, progress=lambda what, done: told.append((what, done)))
    assert {path.name: path.read_bytes() for path in (tmp_path / "MNIST" / "raw").iterdir()} == PACKED
    downloads = [done for what, done in told if what == "Downloading MNIST"]
    assert downloads == sorted(downloads)
    assert downloads[0] == 0.0
    assert downloads[-1] == pytest.approx(1.0)
    assert told[0] == ("Reading MNIST", 0.0)
    assert told[-1] == ("Reading MNIST", 1.0)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("missing", "answered with error 404"),
        ("cut", "gave no complete answer|sent a damaged file"),
        ("wrong", "sent a damaged file"),
        ("nobody", "gave no complete answer"),
    ],
)
def test_when_every_mirror_fails_the_sentence_says_why_and_what_works(
    trouble: str, reason: str, mnist: Server, nobody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trouble == "missing":
        mnist.files.clear()
    if trouble == "cut":
        mnist.cut.update(PACKED)
    if trouble == "wrong":
        mnist.files.update(dict.fromkeys(PACKED, b"something else"))
    if trouble == "nobody":
        monkeypatch.setattr(datasets.MNIST, "mirrors", [nobody, nobody])
    with pytest.raises(DataUnavailableError) as caught:
        load("mnist", root=tmp_path)
    message = str(caught.value)
    assert message.startswith("MNIST could not be downloaded: 127.0.0.1 ")
    assert any(each in message for each in reason.split("|"))
    assert message.endswith("or choose 'digits', which comes with the app and needs no network.")
    assert state(tmp_path) == {}  # nothing half-written is left behind


def test_damage_stays_as_it_is_while_there_is_no_network(
    mnist: Server, nobody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.MNIST, "mirrors", [nobody])
    put(tmp_path / "MNIST" / "raw", PACKED | {IMAGES: b"half"})
    before = state(tmp_path)
    with pytest.raises(DataUnavailableError):
        load("mnist", root=tmp_path)
    assert state(tmp_path) == before


def test_a_download_can_be_given_up(mnist: Server, tmp_path: Path) -> None:
    class StoppedError(Exception):
        """The person pressed Stop."""

    def stop(what: str, done: float) -> None:
        if done > 0:
            raise StoppedError

    with pytest.raises(StoppedError):
        load("mnist", root=tmp_path, progress=stop)
    assert state(tmp_path) == {}


def test_a_folder_that_cannot_be_written_is_named(mnist: Server, tmp_path: Path) -> None:
    (tmp_path / "MNIST").write_text("a file where a folder should be")
    with pytest.raises(DataUnavailableError, match=r"the folder .*MNIST.* cannot be written to"):
        load("mnist", root=tmp_path)


def test_files_that_are_as_promised_but_hold_too_little_are_not_split(tmp_path: Path) -> None:
    put(
        tmp_path / "MNIST" / "raw",
        PLAIN
        | {
            "train-images-idx3-ubyte": idx(pictures(5_000)),
            "train-labels-idx1-ubyte": idx(labels(5_000)),
        },
    )
    with pytest.raises(DataUnavailableError, match="too few images"):
        load("mnist", root=tmp_path)


def test_a_download_that_has_the_right_md5_but_is_no_data_is_said_to_be_unreadable(
    mnist: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mnist.files.update(dict.fromkeys(PACKED, b"nonsense"))
    monkeypatch.setattr(datasets.MNIST, "resources", [(name, hashlib.md5(b"nonsense").hexdigest()) for name in PACKED])
    with pytest.raises(DataUnavailableError, match="was downloaded, but its files cannot be read"):
        load("mnist", root=tmp_path)


def test_without_any_mirror_the_download_fails_plainly(tmp_path: Path) -> None:
    with pytest.raises(DataUnavailableError, match="no address"):
        fetch([], "0" * 32, tmp_path / "file", lambda done: None)


LETTERS = 10_500  # of which 10,400 are for validation
EMNIST = {
    "emnist-letters-train-images-idx3-ubyte": idx(pictures(LETTERS).transpose(0, 2, 1)),
    "emnist-letters-train-labels-idx1-ubyte": idx(labels(LETTERS, 26, 1)),
    "emnist-letters-test-images-idx3-ubyte": idx(pictures(TEST).transpose(0, 2, 1)),
    "emnist-letters-test-labels-idx1-ubyte": idx(labels(TEST, 26, 1)),
}


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as members:
        for name, values in EMNIST.items():
            members.writestr(f"gzip/{name}.gz", gzip.compress(values))
    return content.getvalue()


def check_letters(root: Path) -> None:
    data = load_arrays("emnist-letters", root=root)
    assert [len(part.images) for part in data] == [100, 10_400, TEST]
    for part in data:  # upright: the number is read from a row, and tells the label
        np.testing.assert_array_equal(part.labels, numbers(part.images) % 26)
        assert part.images.flags.c_contiguous


def test_letters_come_in_one_archive_and_are_turned_upright(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = archive()
    server.files["gzip.zip"] = content
    monkeypatch.setattr(datasets.EMNIST, "url", f"{server.url}gzip.zip")
    monkeypatch.setattr(datasets.EMNIST, "md5", hashlib.md5(content).hexdigest())
    told: list[tuple[str, float]] = []
    load("emnist-letters", root=tmp_path, progress=lambda what, done: told.append((what, done)))
    assert told[1] == ("Downloading EMNIST letters", 0.0)
    assert told[-2] == ("Downloading EMNIST letters", 1.0)
    assert server.asked == ["gzip.zip"]
    check_letters(tmp_path)
    assert server.asked == ["gzip.zip"]
    (tmp_path / "EMNIST" / "raw" / "gzip.zip").write_bytes(content[: len(content) // 2])
    check_letters(tmp_path)
    assert server.asked == ["gzip.zip", "gzip.zip"]
    assert (tmp_path / "EMNIST" / "raw" / "gzip.zip").read_bytes() == content


@pytest.mark.parametrize("packed", [False, True])
def test_letters_that_torchvision_unpacked_are_read(packed: bool, tmp_path: Path) -> None:
    files = {f"{name}.gz": gzip.compress(content) for name, content in EMNIST.items()} if packed else EMNIST
    put(tmp_path / "EMNIST" / "raw", files)
    before = state(tmp_path)
    check_letters(tmp_path)
    assert state(tmp_path) == before
