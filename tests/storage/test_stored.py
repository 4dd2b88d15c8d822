"""What is written can be read: small arrays in the YAML, large ones beside it, and never a pair that does not match."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calib import config
from calib.errors import UsageError
from calib.files import write_files
from calib.storage.array_file import unpack
from calib.storage.stored import LARGE, NamedRows, lay_out, plain, read_document, require_readable, stored_files
from calib.strict_yaml import MAX_VALUES


def numbers(*shape: int) -> np.ndarray:
    return np.sqrt(np.arange(1.0, 1 + np.prod(shape))).reshape(shape)


SMALL, LARGER, LARGEST = numbers(3, 4), numbers(LARGE - 12), numbers(LARGE, 2)


def document(*arrays: np.ndarray) -> dict[str, Any]:
    return {"name": "x", "parts": [{"values": each} for each in arrays]}


def write(folder: Path, *arrays: np.ndarray) -> Path:
    write_files(stored_files("net.yaml", document(*arrays), "A net"), folder)
    return folder / "net.yaml"


def refused(path: Path, code: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read_document(path)
    assert caught.value.code == code
    assert caught.value.advice
    return caught.value


def test_small_arrays_stay_where_people_read_them(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL, LARGER)
    assert [each.name for each in tmp_path.iterdir()] == ["net.yaml"]
    written = config.read_yaml(path)
    np.testing.assert_array_equal(written["parts"][0]["values"], SMALL)
    assert read_document(path) == written


def test_the_largest_array_goes_beside_the_yaml_and_comes_back(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL, LARGEST, LARGER)
    assert list(unpack((tmp_path / "net.npz").read_bytes(), "")) == ["parts.1.values"]
    assert config.read_yaml(path)["parts"][1]["values"] == {"array": "parts.1.values", "shape": [LARGE, 2]}
    again = read_document(path)
    assert list(again) == ["name", "parts"]
    for part, array in zip(again["parts"], (SMALL, LARGEST, LARGER), strict=True):
        np.testing.assert_array_equal(part["values"], array)


@pytest.mark.parametrize("count", [3, LARGE])
def test_rows_by_name_are_a_mapping_or_columns(count: int, tmp_path: Path) -> None:
    names = tuple(f"ü{i}.png" for i in range(count))
    matrix, sigma = numbers(count, 3, 4), numbers(count, 6)
    sigma[1, 2] = np.inf
    rows = NamedRows(names, {"matrix": matrix, "sigma": sigma})
    write_files(stored_files("camera.yaml", {"views": rows}, "A camera"), tmp_path)
    views = read_document(tmp_path / "camera.yaml")["views"]
    if count == 3:
        assert tuple(views) == names
        assert views["ü1.png"]["matrix"] == matrix[1].tolist()
        assert views["ü1.png"]["sigma"][2] is None
    else:
        assert tuple(views["names"].tolist()) == names
        np.testing.assert_array_equal(views["matrix"], matrix)
        np.testing.assert_array_equal(views["sigma"], sigma)


def test_a_file_of_arrays_from_elsewhere_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, LARGEST)
    other = lay_out(document(LARGEST + 1), "net.yaml")[1]["net.npz"]
    (tmp_path / "net.npz").write_bytes(other)
    assert "SHA-256" in refused(path, "arrays-mismatch").why


def test_a_file_of_arrays_that_is_missing_or_no_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, LARGEST)
    (tmp_path / "net.npz").unlink()
    assert str(tmp_path / "net.npz") in str(refused(path, "arrays-missing").where)
    os.mkfifo(tmp_path / "net.npz")
    refused(path, "arrays-missing")


def test_a_file_of_arrays_that_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    path = write(tmp_path, LARGEST)
    os.truncate(tmp_path / "net.npz", 10**12)  # sparse
    refused(path, "arrays-too-large")


@pytest.mark.parametrize("name", ["../net.npz", "/etc/passwd", "sub/net.npz", "..", "", ".net.npz", "a\\net.npz"])
def test_the_file_of_arrays_lies_beside_its_yaml_and_nowhere_else(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "net.npz").write_bytes(lay_out(document(LARGEST), "net.yaml")[1]["net.npz"])
    path = write(folder, LARGEST)
    path.write_text(path.read_text().replace("file: net.npz", f"file: '{name}'"))
    refused(path, "bad-name")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace("[10000, 2]", "[2, 10000]"), "arrays-invalid"),
        (lambda text: text.replace("array: parts.0.values", "array: other"), "arrays-invalid"),
        (lambda text: text.replace("array: parts.0.values", "array: [1]"), "arrays-invalid"),
        (lambda text: text.replace("array: ", "arrays: "), "arrays-invalid"),
        (lambda text: text.replace("sha256: ", "sha: "), "config-unknown-key"),
        (lambda text: text.replace("sha256: ", "sha256: 0"), "arrays-mismatch"),
        (lambda text: text[: text.index("arrays:")] + "arrays: []\n", "config-value"),
    ],
)
def test_references_must_fit_their_arrays(change: Callable[[str], str], code: str, tmp_path: Path) -> None:
    path = write(tmp_path, LARGEST)
    assert "arrays:" in path.read_text()
    path.write_text(change(path.read_text()))
    refused(path, code)


def test_no_text_is_written_that_would_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "MAX_BYTES", 1000)
    names = {"x" * 100 + str(i): i for i in range(10)}
    with pytest.raises(UsageError) as caught:
        stored_files("camera.yaml", names, "Many long names")
    assert caught.value.code == "document-too-large"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1, True], "rows of numbers"),
        ([[1, 2], [3]], "rows of numbers"),
        ([1, None], "rows of numbers"),
        ([1, "x"], "rows of numbers"),
        ("1", "rows of numbers"),
        ([1, {}], "rows of numbers"),
        ([1, 10**400], "rows of numbers"),
        ([1, "nan"], "finite numbers"),
        ([1, 1e16], "finite numbers below 1e\\+15"),
        (np.array(["a"]), "rows of numbers"),
        (np.array([np.inf]), "finite numbers"),
    ],
)
def test_arrays_hold_finite_numbers(value: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        config.build(np.ndarray[Any, np.dtype[np.float64]], value, "net.yaml: weights")
    assert caught.value.code == "config-value"


def test_numbers_that_yaml_takes_for_text_are_numbers_of_an_array_too() -> None:
    built: Any = config.build(np.ndarray[Any, np.dtype[np.float64]], config.parse_yaml("[1e-3, 2]", "x"), "x")
    np.testing.assert_array_equal(built, [1e-3, 2.0])


@pytest.mark.parametrize("count", [3, 5_000])
def test_rows_of_one_column_need_no_name_for_it(count: int, tmp_path: Path) -> None:
    names, rows = tuple(f"view_{i}" for i in range(count)), np.arange(12.0 * count).reshape(count, 3, 4)
    lines = np.arange(count)
    document = {"poses": NamedRows(names, rows), "lines": lines, "wrong": np.array(names[:2])}
    write_files(stored_files("truth.yaml", document, "Truth"), tmp_path)
    read = read_document(tmp_path / "truth.yaml")
    assert list(read["wrong"]) == list(names[:2])
    np.testing.assert_array_equal(read["lines"], lines)
    mapping = plain(document)["poses"]
    assert mapping == dict(zip(names, rows.tolist(), strict=True))
    if count == 3:
        assert read["poses"] == mapping
    else:
        assert list(read["poses"]["names"]) == list(names)
        np.testing.assert_array_equal(read["poses"]["values"], rows)


def test_more_values_than_are_read_are_not_written() -> None:
    with pytest.raises(UsageError) as caught:
        require_readable("a: [" + "1," * MAX_VALUES + "1]\n")
    assert caught.value.code == "document-too-large"
    assert require_readable("a: [" + "1," * (MAX_VALUES - 100) + "1]\n")
