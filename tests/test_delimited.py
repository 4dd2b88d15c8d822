"""Delimited text: as people save it, in bounded time and memory, with the line of whatever is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from calib import delimited, text_rows
from calib.delimited import Delimited, numbers, read_delimited, uses_decimal_comma
from calib.errors import InputError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def read(file: Path, text: str) -> Delimited:
    file.write_text(text, encoding="utf-8", newline="")
    return read_delimited(file)


def refused(file: Path, text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read(file, text)
    return caught.value


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_delimiter_is_detected(file: Path, delimiter: str, end: str) -> None:
    table = read(file, end.join(delimiter.join(row) for row in (("a", "b"), ("1", "2"), ("3", "4"))) + end)
    assert table.header == ("a", "b")
    assert [column.tolist() for column in table.cells.values()] == [["1", "3"], ["2", "4"]]
    assert table.lines.tolist() == [2, 3]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_of_spreadsheets(file: Path, encoding: str) -> None:
    file.write_text("größe;b\n1;2\n", encoding=encoding)
    assert read_delimited(file).header == ("größe", "b")


def test_comments_blank_lines_and_quotes_keep_the_line_numbers(file: Path) -> None:
    table = read(file, '# made by hand\na,b\n\n1,"x, y"\n# a remark\n2,"over\ntwo lines"\n , \n3,z\n')
    assert table.lines.tolist() == [4, 6, 9]
    assert table.column("b").tolist() == ["x, y", r"over\ntwo lines", "z"]


def test_rows_of_another_width_are_named(file: Path) -> None:
    table = read(file, "a,b,\n1,2,\n3,4\n5,6,,\n7\n8,9,10\n")
    assert table.column("a").tolist() == ["1", "3", "5"]
    assert table.ragged == ((5, 1), (6, 3))


def test_chunks_leave_no_seam(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{i},{i * i}" for i in range(11)]
    whole = read(file, "a,b\n" + "\n".join(rows))
    for size in (1, 3, 11):
        monkeypatch.setattr(text_rows, "BLOCK", size)
        table = read_delimited(file)
        assert [c.tolist() for c in table.cells.values()] == [c.tolist() for c in whole.cells.values()]
        assert table.lines.tolist() == whole.lines.tolist()


def test_numbers() -> None:
    assert numbers(("1", "-2.5e-3", " 3 "), False).tolist() == [1.0, -0.0025, 3.0]
    np.testing.assert_array_equal(numbers(("1", "x", "", "inf", "nan", "1,5"), False), [1] + 5 * [np.nan])
    np.testing.assert_array_equal(numbers(("1,5", "2", "1.234,5"), True), [1.5, 2.0, np.nan])
    assert numbers((), False).shape == (0,)


def test_decimal_commas_outnumber_points_or_not() -> None:
    assert uses_decimal_comma([("1,5", "2,5", "3.5")])
    assert not uses_decimal_comma([("1,5", "2.5", "3.5")])
    assert not uses_decimal_comma([("1.234,5", "a,b", "2")])


def test_one_long_name_costs_its_own_length_only(file: Path) -> None:
    """Strings of fixed width would take 20,000 x 9,000 x 4 bytes."""
    table = read(file, "name,x\n" + "n" * 9_000 + ",1\n" + "short,2\n" * 20_000)
    assert table.column("name").nbytes < 1_000_000
    assert len(table.column("name")[0]) == 9_000


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("", "table-empty", ""),
        ("\n# nothing\n", "table-empty", ""),
        ('a,b\n1,"2\n3,4\n', "table-syntax", "line 2"),
        ("a,b\n1,2\n" + "9" * 10_001 + ",4\n", "table-syntax", "line 3"),
        ("a,b\n1,2\n" + "9" * 200_000 + ",4\n", "table-syntax", "line 3"),
        ("a,b\n1,\0\n", "table-encoding", ""),
    ],
)
def test_what_is_wrong_is_named_with_its_line(file: Path, text: str, code: str, where: str) -> None:
    error = refused(file, text)
    assert error.code == code
    assert where in error.where
    assert error.exit_status == 3


def test_another_encoding_is_named_with_its_line(file: Path) -> None:
    file.write_bytes("a,b\n1,2\ngr\xf6\xdfe,4\n".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8") as caught:
        read_delimited(file)
    assert caught.value.code == "table-encoding"
    assert caught.value.where.endswith("line 3")


def test_what_is_no_file_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    places = [tmp_path, tmp_path / "pipe", tmp_path / "absent", Path("/dev/zero"), Path("a\0b"), Path("x" * 5_000)]
    for place in places:
        with pytest.raises(InputError) as caught:
            read_delimited(place)
        assert caught.value.code == "table-unreadable"
    monkeypatch.setattr(text_rows, "MAX_BYTES", 10)
    assert refused(tmp_path / "large.csv", "a,b\n1,2\n3,4\n").code == "table-too-large"


def test_numbers_are_the_same_however_they_are_written(file: Path) -> None:
    """Rows of plain numbers are read by numpy, others cell by cell; both give the double nearest to the text."""
    values = np.random.default_rng(0).normal(size=(50, 3)) * 10.0 ** np.arange(-9, 9, 7)
    rows = [["name", "x", "y", "z"], *([f"r{i % 3}", *map(repr, row)] for i, row in enumerate(values.tolist()))]
    ways = {
        "plain": "\n".join(",".join(row) for row in rows),
        "quoted": "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows),
        "closed": "".join(",".join(row) + ",\n" for row in rows),
        "blanks": "\n".join("  ".join(row) for row in rows),
        "commas": "\n".join(";".join(row).replace(".", ",") for row in rows),
        "gaps": "\n\n".join(", ".join(row) for row in rows),
    }
    for way, text in ways.items():
        file.write_text(text, encoding="utf-8")
        table = read_delimited(file, numeric=(1, 2, 3))
        assert table.decimal_comma == (way == "commas")
        assert table.column("name").tolist() == [row[0] for row in rows[1:]], way
        np.testing.assert_array_equal(np.stack([table.numbers[i].values for i in (1, 2, 3)], axis=1), values, way)


def test_a_cell_that_is_no_number_keeps_its_text(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_rows, "BLOCK", 4)
    file.write_text("x,n\n1.5,a\n 1;5 ,b\n,c\n2,d\ninf,e\n3\n", encoding="utf-8")
    table = read_delimited(file, numeric=[0])
    column = table.numbers[0]
    np.testing.assert_array_equal(column.values, [1.5, np.nan, np.nan, 2, np.nan])
    assert [column.stray_text(row) for row in column.strays] == ["1;5", "", "inf"]
    assert table.column("n").tolist() == ["a", "b", "c", "d", "e"]
    assert table.ragged == ((7, 1),)


def test_words_in_a_column_of_numbers_are_not_read_to_the_end(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "ENOUGH_ROWS", 3)
    monkeypatch.setattr(text_rows, "BLOCK", 4)  # characters: a row or two at a time
    file.write_text("x,y\n1,\n2,\n3,\n4,\n")
    assert np.isnan(read_delimited(file, numeric=[1]).numbers[1].values).all()  # nothing was measured there
    file.write_text("x,y\n1,a\n2,b\n3,c\n4,d\n")
    with pytest.raises(InputError, match="column 'y' holds no numbers") as refused:
        read_delimited(file, numeric=[0, 1])
    assert refused.value.code == "table-not-numbers"
    file.write_text("x,y\n1,a\n2,5\n3,c\n4,d\n")
    assert read_delimited(file, numeric=[0, 1]).numbers[1].values[1] == 5


def test_a_line_without_end_and_a_header_of_too_many_columns_are_refused(file: Path) -> None:
    error = refused(file, "a,b\n1,2\n" + "9" * (text_rows.MAX_LINE + text_rows.BLOCK))
    assert (error.code, error.where.rpartition(", ")[2]) == ("table-syntax", "line 3")
    assert refused(file, ",".join(map(str, range(2_000))) + "\n").code == "table-syntax"


@pytest.mark.parametrize("cells", [('"a\nb"', "a\\nb"), ("a\\nb", '"a\nb"'), ('"a\x1bb"', '"a\\x1bb"')])
def test_names_that_only_their_escapes_make_one_are_refused(file: Path, cells: tuple[str, str]) -> None:
    file.write_text("image,x_px\n" + "".join(f"{cell},1\n" for cell in cells))
    with pytest.raises(InputError) as caught:
        read_delimited(file, {1})
    assert caught.value.code == "names-alike"


def test_a_name_with_a_line_break_may_stand_in_many_rows(file: Path) -> None:
    file.write_text('image,x_px\n"a\nb",1\n"a\nb",2\nb,3\n')
    assert read_delimited(file, {1}).column("image").tolist() == ["a\\nb", "a\\nb", "b"]
