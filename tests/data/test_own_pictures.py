"""Pictures of one's own in folders and archives: what is sound is read, whatever else is there is left out by name."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.data.bounded import looked_at
from vae_core.data import DatasetError, is_available, load_dataset
from vae_core.data.own import picture_files, tree
from vae_core.data.own.choices import Choices, Preview
from vae_core.data.own.reading import inspect

RNG = np.random.default_rng(0)


def png(pixels: np.ndarray, kind: str = "PNG", **save: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **save)
    return buffer.getvalue()


def grey(side: int = 28, level: int | None = None) -> np.ndarray:
    return RNG.integers(0, 256, (side, side), np.uint8) if level is None else np.full((side, side), level, np.uint8)


def image_folder(root: Path, classes: tuple[str, ...] = ("cats", "dogs", "owls"), each: int = 5) -> Path:
    """A torchvision ImageFolder tree; the pictures of class k are level 10 + 50 k + their number."""
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for k in range(each):
            (root / name / f"{k}.png").write_bytes(png(grey(level=10 + 50 * number + k)))
    return root


def zip_of(path: Path, files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def why(preview: Preview, name: str) -> str:
    return next(reason for file, reason in preview.skipped.first if file == name)


def refusal(path: Path, choices: Choices | None = None) -> str:
    with pytest.raises(DatasetError) as caught:
        inspect(path, choices)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 700 and str(path) in sentence
    return sentence


SOUND = {f"{k}.png": png(grey()) for k in range(12)}


# -- what is read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("above", ["", "photos", "deep/er"])
def test_folders_are_classes(packed: bool, above: str, tmp_path: Path) -> None:
    root = image_folder(tmp_path / "mine" / above)
    (root / "empty").mkdir()
    path = tmp_path / "mine"
    if packed:
        files = {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*.png")}
        path = zip_of(tmp_path / "mine.zip", files)
    seen = inspect(path)
    assert seen.classes == (("cats", 5), ("dogs", 5), ("owls", 5)) and seen.n == 15 and seen.unread == 0
    assert seen.sample_shape == (1, 28, 28) and seen.choices.colour == "grey" and seen.choices.side == 28
    assert ("a folder without pictures", 1) in seen.skipped.reasons or packed
    assert is_available(str(path))
    data = load_dataset(str(path))
    assert data.class_names == ("cats", "dogs", "owls") and data.y is not None and data.x.shape == (15, 1, 28, 28)
    levels = data.x[:, 0, 14, 14].long()
    assert torch.equal(data.y, (levels - 10) // 50) and data.y.tolist() == sorted(data.y.tolist())
    assert not inspect(path, Choices(classes=False)).classes


def test_training_and_test_folders_are_no_classes(tmp_path: Path) -> None:
    for part in ("train", "test"):
        image_folder(tmp_path / part)
    assert [name for name, _ in inspect(tmp_path).classes] == ["cats", "dogs", "owls"]


def test_pictures_beside_the_folders_are_left_out_unless_there_are_no_classes(tmp_path: Path) -> None:
    image_folder(tmp_path)
    (tmp_path / "stray.png").write_bytes(png(grey()))
    seen = inspect(tmp_path)
    assert seen.n == 15 and "beside the folders" in why(seen, "stray.png")
    assert inspect(tmp_path, Choices(classes=False)).n == 16


def test_kinds_of_pictures_become_one(tmp_path: Path) -> None:
    """Palettes, transparency, sixteen bits, CMYK, a camera's turned picture: all are what a viewer shows."""
    red = np.zeros((40, 40, 3), np.uint8)
    red[:, :20, 0] = 250  # the left half
    see_through = np.dstack([red, np.where(np.arange(40) < 20, 255, 0).astype(np.uint8)[None].repeat(40, 0)])
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down
    files = {
        "a.png": png(red),
        "b.png": png(see_through),
        "c.gif": png(red, "GIF"),
        "d.tif": png(red, "TIFF"),
        "e.bmp": png(red, "BMP"),
        "f.webp": png(red, "WEBP", lossless=True),
        "g.ppm": png(red, "PPM"),
        "h.png": png(red[::-1, ::-1].copy(), exif=turned),
        "i.png": png(np.where(np.arange(40) < 20, 64_250, 0).astype(np.uint16)[None].repeat(40, 0)),
        "j.png": png(red[..., 0] > 0),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    data = load_dataset(str(tmp_path))
    assert data.sample_shape == (3, 32, 32) and len(data) == 10
    for name, picture in zip(files, data.x.numpy(), strict=True):
        left, right = picture[:, 16, 4].tolist(), picture[:, 16, 28].tolist()
        if name == "b.png":
            assert left == [250, 0, 0] and right == [255, 255, 255], "what is transparent is white"
        elif name in ("i.png", "j.png"):
            assert left == [250 if name == "i.png" else 255] * 3 and right == [0, 0, 0]
        else:
            assert np.abs(np.array(left) - [250, 0, 0]).max() <= 3 and max(right) <= 3, name


@pytest.mark.parametrize(("fit", "corner"), [("crop", 200), ("pad", 0)])
def test_oblongs_are_cropped_or_padded(fit: str, corner: int, tmp_path: Path) -> None:
    for k in range(10):
        (tmp_path / f"{k}.png").write_bytes(png(np.full((60, 30), 200, np.uint8)))
    seen = inspect(tmp_path, Choices(side=32, fit=fit))  # type: ignore[arg-type]
    assert seen.pictures is not None
    assert seen.pictures[0, 0, 16, 16] == 200 and seen.pictures[0, 0, 16, 0] == corner


def test_mixed_sizes_and_chosen_colours(tmp_path: Path) -> None:
    for k in range(12):
        (tmp_path / f"{k:02}.jpg").write_bytes(png(RNG.integers(0, 256, (20 + 9 * k, 70, 3), np.uint8), "JPEG"))
    seen = inspect(tmp_path)
    assert seen.sample_shape == (3, 64, 64) and "20 × " not in seen.seen.split(" to ")[1]
    assert inspect(tmp_path, Choices(colour="grey", side=96)).sample_shape == (1, 96, 96)


# -- what is hostile, and is left out ----------------------------------------------------------------------


def announced(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is this large."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


HOSTILE = {
    "bomb.png": (announced(60_000, 60_000), "larger than what is taken"),
    "wide.png": (announced(100_000, 1), "100,000 × 1 pixels"),
    "many.png": (announced(9_000, 9_000), "9,000 × 9,000 pixels"),
    "program.png": (b"MZ\x90\0" + bytes(4000), "no picture, whatever its name says"),
    "page.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture"),
    "markup.png": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
    "empty.png": (b"", "an empty file"),
    "cut.png": (png(grey(64))[:900], "damaged or cut short"),
    "cut.jpg": (png(grey(64), "JPEG")[:700], "damaged or cut short"),
    "lies.png": (announced(64, 64)[:-30], "damaged or cut short"),
    "scans.jpg": (b"\xff\xd8\xff\xe0" + b"\xff\xda\0\x08" * 5000, "JPEG of more than 100 scans"),
    "notes.md": (b"# notes", "no picture by its ending"),
    "float.tif": (png(np.random.default_rng(0).random((30, 30), np.float32), "TIFF"), "fractions"),
    ".DS_Store": (b"x", "a file of the system"),
}


@pytest.mark.parametrize("packed", [False, True])
def test_each_bad_file_is_left_out_with_its_reason(packed: bool, tmp_path: Path) -> None:
    files = SOUND | {name: content for name, (content, _) in HOSTILE.items()}
    path = tmp_path / "mine"
    path.mkdir()
    for name, content in files.items():
        (path / name).write_bytes(content)
    if packed:
        path = zip_of(tmp_path / "mine.zip", files)
    seen = inspect(path)
    assert seen.n == len(SOUND) and seen.skipped.total == len(HOSTILE)
    assert sum(count for _, count in seen.skipped.reasons) == len(HOSTILE)
    for name, (_, reason) in HOSTILE.items():
        assert reason in why(seen, name), name
    assert len(load_dataset(str(path))) == len(SOUND)


def test_archives_with_names_that_lead_elsewhere(tmp_path: Path) -> None:
    sound = next(iter(SOUND.values()))
    bad = {
        "../up.png": "leads out", "a/../../up.png": "leads out", "/abs.png": "leads out", "C:/win.png": "leads out",
        "back\\slash.png": "leads out", "inner.zip": "archive in the archive", "__MACOSX/x.png": "of the system",
        "/".join("d" * 20) + ".png": "folders deep",
    }  # fmt: skip
    path = zip_of(tmp_path / "mine.zip", SOUND | dict.fromkeys(bad, sound))
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        packed = zipfile.ZipInfo("lzma.png")
        packed.compress_type = zipfile.ZIP_LZMA
        archive.writestr(packed, sound)
    seen = inspect(path)
    assert seen.n == len(SOUND)
    for name, reason in (bad | {"link.png": "a link", "lzma.png": "packed in a way"}).items():
        assert reason in why(seen, name), name
    assert sorted(item.name for item in tmp_path.iterdir()) == ["mine.zip"], "nothing is unpacked"


def test_links_and_pipes_in_folders_are_not_followed(tmp_path: Path) -> None:
    outside, path = image_folder(tmp_path / "outside"), tmp_path / "mine"
    path.mkdir()
    for name, content in SOUND.items():
        (path / name).write_bytes(content)
    (path / "link.png").symlink_to(outside / "cats" / "0.png")
    (path / "folder").symlink_to(outside)
    (path / "loop").symlink_to(path)
    os.mkfifo(path / "pipe.png")
    seen = inspect(path)
    assert seen.n == len(SOUND) and not seen.classes
    assert "a link" in why(seen, "link.png") and "a link" in why(seen, "folder") and "no plain" in why(seen, "pipe.png")


def test_odd_names(tmp_path: Path) -> None:
    odd = ["naïve ☃", "e\u0301tude", "a\nb", "<b>x", "x" * 200, "日本"]
    for name in odd:
        (tmp_path / name).mkdir()
        for k in range(3):
            (tmp_path / name / f"{k}\t\u202e.png").write_bytes(png(grey()))
    os.mkdir(os.fsencode(str(tmp_path)) + b"/\xff\xfe")
    (tmp_path / os.fsdecode(b"\xff\xfe") / "x.png").write_bytes(png(grey()))
    seen = inspect(tmp_path)
    names = [name for name, _ in seen.classes]
    assert seen.n == 19 and "étude" in names and "naïve ☃" in names and "a?b" in names
    assert all(name.isprintable() and len(name) <= 100 for name in names)
    assert load_dataset(str(tmp_path)).info.class_names == tuple(names)


def test_what_is_refused_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    assert "holds no pictures" in refusal(folder)
    (folder / "a.txt").write_text("x")
    assert "no picture by its ending" in refusal(folder)
    for name, content in list(SOUND.items())[:9]:
        (folder / name).write_bytes(content)
    assert "holds 9 pictures that can be read; at least 10" in refusal(folder)
    assert "no sound .zip" in refusal(text(tmp_path / "not.zip", b"PK\x03\x04 nothing"))
    whole = zip_of(tmp_path / "whole.zip", SOUND).read_bytes()
    assert "no sound .zip" in refusal(text(tmp_path / "cut.zip", whole[: len(whole) // 2]))
    assert "one picture" in refusal(text(tmp_path / "one.png", next(iter(SOUND.values()))))
    assert "nothing that can be read" in refusal(text(tmp_path / "a.exe", b"MZ"))
    monkeypatch.setattr(tree, "MAX_FILES", 11)
    assert "12 files; up to 11" in refusal(zip_of(tmp_path / "many.zip", SOUND))
    for name, content in SOUND.items():
        (folder / name).write_bytes(content)
    assert "11 files" in refusal(folder)
    monkeypatch.setattr(tree, "MAX_FILES", 1000)
    monkeypatch.setattr(picture_files, "MAX_TAKEN", 12 * 64 * 64 * 3)
    assert "choose a smaller side" in inspect(folder, Choices(side=96, colour="rgb")).problem
    monkeypatch.setattr(tree, "MAX_DEPTH", 3)
    (folder / "1" / "2" / "3" / "4").mkdir(parents=True)
    assert "deep in each other" in refusal(folder)


def text(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_flipped_bytes_never_escape(tmp_path: Path) -> None:
    """A sound archive with a few bytes changed, wherever: read or refused in a sentence, never another error."""
    whole = bytearray(zip_of(tmp_path / "whole.zip", SOUND, zipfile.ZIP_STORED).read_bytes())
    path = tmp_path / "flipped.zip"
    for _ in range(60):
        broken = bytearray(whole)
        for place in RNG.integers(0, len(whole), 30):
            broken[place] = RNG.integers(256)
        tail = len(broken) - int(RNG.integers(1, 1200))
        broken[tail] ^= 0xFF
        path.write_bytes(broken)
        try:
            inspect(path)
        except DatasetError as error:
            assert str(error).endswith(".")


# -- bounded in memory and time ----------------------------------------------------------------------------


def real_bomb() -> bytes:
    """900 million pixels that really are there, in a small file."""
    buffer = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(buffer, "PNG")
    return buffer.getvalue()


def lying_archive(path: Path) -> Path:
    """It holds sixty megabytes of zeros, and says that it is a thousand bytes."""
    lying = bytearray(zip_of(path, SOUND | {"zeros.bmp": bytes(60 << 20)}).read_bytes())
    said = struct.pack("<I", 60 << 20)
    while (place := lying.find(said)) >= 0:
        lying[place : place + 4] = struct.pack("<I", 1000)
    path.write_bytes(lying)
    return path


def endless_list(path: Path) -> Path:
    """An archive whose list of files is 500 MB long."""
    with path.open("wb") as stream:
        stream.truncate(500 << 20)
        stream.seek(500 << 20)
        stream.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, 500 << 20, 0, 0))
    return path


def photographs(folder: Path) -> Path:
    """Two of 36 million pixels among small ones."""
    folder.mkdir()
    large = np.full((6000, 6000, 3), 20, np.uint8)
    for name, content in (SOUND | {"large.png": png(large, compress_level=1), "large.jpg": png(large, "JPEG")}).items():
        (folder / name).write_bytes(content)
    return folder


def test_bombs_are_refused_in_little_memory(tmp_path: Path) -> None:
    """In a process that can have no more than so many megabytes beyond what its imports take, in a few seconds each."""
    bombs = SOUND | {"announced.png": announced(60_000, 60_000), "real.png": real_bomb()}
    asked = {
        zip_of(tmp_path / "pixels.zip", bombs): (150, "12 (('larger than what is taken', 2),)"),
        zip_of(tmp_path / "zeros.zip", SOUND | {f"{k}.bmp": bytes(30 << 20) for k in "abcd"}): (100, "no pictures do"),
        lying_archive(tmp_path / "lying.zip"): (100, "12 (('"),
        endless_list(tmp_path / "list.zip"): (100, "more than the 200,000 files"),
        zip_of(tmp_path / "many.zip", {f"{k}.png": b"" for k in range(20_000)}): (200, "None of the pictures"),
        photographs(tmp_path / "photographs"): (400, "14 ()"),
    }
    for (path, (megabytes, words)), (printed, seconds) in zip(asked.items(), looked_at(asked), strict=True):
        assert words in printed, f"{path.name} in {megabytes} MB: {printed}"
        assert float(seconds) < 20, path.name


def test_a_preview_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image_folder(tmp_path, each=20)
    monkeypatch.setattr(picture_files, "PATIENCE", 0.0)
    seen = inspect(tmp_path)
    assert seen.unread == 59 and seen.n == 60 and sum(count for _, count in seen.classes) == 60
