"""Arrays of numpy and MATLAB: (n, 4, 4), (n, 7), or rotations and translations apart."""

from __future__ import annotations

from calib.errors import InputError
from calib.formats.columns.columns_found import Found, recording_of
from calib.formats.columns.flat_records import columns_in_arrays, columns_in_documents
from calib.formats.columns.recording import Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.mat_files import read_mat
from calib.formats.content.numpy_files import read_arrays
from calib.formats.content.source import Source
from calib.formats.pose_format import PoseFormat

_BEGINS = (b"\x93NUMPY", b"PK\x03\x04", b"MATLAB")


def recognise(source: Source) -> bool:
    """Whether the file begins as such files do."""
    return source.content.startswith(_BEGINS)


def read(source: Source, wanted: Wanted) -> Recording:
    """The arrays with a row per pose, those of a robot before those of a board."""
    found = _look_up(source)
    if found is None:
        raise InputError(
            "holds no arrays with a row for each pose",
            code="arrays-unknown",
            where=source.where,
            advice="save an array (n, 4, 4) or (n, 7): numpy.save('poses.npy', poses); .mat files with -v7, not -v7.3",
        )
    return recording_of(found, wanted, source.where)


def _look_up(source: Source) -> Found | None:
    variables = read_mat(source.content)
    if not variables:
        return columns_in_arrays(read_arrays(source.content, "pose"))
    plain = {name: each for name, each in variables.items() if hasattr(each, "dtype")}
    squeezed = {name: each.squeeze() for name, each in plain.items()}
    return columns_in_arrays(squeezed) or columns_in_documents((variables,))


FORMAT = PoseFormat(
    tool="numpy (.npy, .npz) and MATLAB (.mat up to version 7)",
    meaning="m or mm, by the data; matrices (n, 4, 4), or (n, 7), or R and t apart; flange in the base",
    example="",
    recognise=recognise,
    read=read,
    suffixes=(".npy", ".npz", ".mat"),
)
