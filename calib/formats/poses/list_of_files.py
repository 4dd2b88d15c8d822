"""A list of files with a pose each, and of their images."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from calib.errors import InputError
from calib.formats.columns.header_words import IMAGE_WORDS
from calib.formats.columns.recording import Recording
from calib.formats.columns.wanted import Wanted
from calib.formats.content.source import Source
from calib.formats.pose_folder import MOST_FILES, SUFFIXES, read_files
from calib.formats.pose_format import PoseFormat
from calib.text import one_line

LONGEST = 1_000  # characters of a path


def _names(source: Source) -> tuple[list[str], list[str]]:
    """The files of the poses, and the images beside them where there is one each; empty for other files."""
    found = source.document
    lists = [found, *found.values()] if isinstance(found, dict) else [found]
    records = next((each for each in lists if isinstance(each, list) and each and isinstance(each[0], dict)), [])
    if not records or len(records) > MOST_FILES or not all(isinstance(each, dict) for each in records):
        return [], []
    named = [texts for key in records[0] if (texts := _texts(records, key))]
    poses = next(
        (texts for texts in named if all(PurePosixPath(text).suffix.lower() in SUFFIXES for text in texts)), []
    )
    images = next((texts for key in IMAGE_WORDS if (texts := _texts(records, key))), []) if poses else []
    return poses, images if images != poses else []


def _texts(records: list[dict[str, Any]], key: str) -> list[str]:
    """The texts under a key that every record has; empty where one has none."""
    values = [each.get(key) for each in records]
    texts = [value for value in values if isinstance(value, str) and len(value) < LONGEST]
    return texts if len(texts) == len(records) else []


def recognise(source: Source) -> bool:
    """Whether every record names such a file."""
    return source.suffix in FORMAT.suffixes and bool(_names(source)[0])


def read(source: Source, wanted: Wanted) -> Recording:
    """The poses of all files, which lie beside the list or in folders below it. Raises InputError `file-outside`."""
    poses, images = _names(source)
    for name in poses:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise InputError(
                f"{one_line(name)} is not below the folder of the list",
                code="file-outside",
                where=source.where,
                advice="keep the list beside the files that it names",
            )
    paths = [source.path.parent / name for name in poses]
    return read_files(paths, wanted, source.where, tuple(map(one_line, images)) if images else None)


FORMAT = PoseFormat(
    tool="lists of files in YAML or JSON: a file of the pose and an image a record",
    meaning="as the files that are named; paths from the folder of the list",
    example="data:\n  - {pose: poses/0.yaml, image: images/0.png}\n  - {pose: poses/1.yaml, image: images/1.png}\n",
    recognise=recognise,
    read=read,
    suffixes=(".yaml", ".yml", ".json"),
    beside=(
        (
            "poses/0.yaml",
            "{x: 0.681508, y: 0.016778, z: -0.380025, qx: -0.384729, qy: -0.285237, qz: 0.41314, qw: 0.774557}",
        ),
        (
            "poses/1.yaml",
            "{x: 0.339165, y: 0.082105, z: -0.271066, qx: -0.874312, qy: -0.125428, qz: -0.243953, qw: 0.400416}",
        ),
    ),
)
