"""What every result offers, whatever was calibrated: a verdict, a summary, files, a document, rows, estimates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calib.documents import heading
from calib.folder import reserve
from calib.text import cut

if TYPE_CHECKING:
    from calib.estimate import Estimate
    from calib.verdict import Verdict


class Output(ABC):
    """What a command delivers: a summary for the terminal, a document for programs, files for a folder."""

    @property
    def verdict(self) -> Verdict | None:
        """Whether it is good enough, and what to do next; None where there is no verdict."""
        return None

    @abstractmethod
    def summary(self) -> str:
        """At most 25 lines for the terminal."""

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """Plain data, as `--json` prints it and `result.json` holds it; described by `result.schema.json`."""

    @abstractmethod
    def files(self) -> Mapping[str, str | bytes]:
        """Content by file name: what `save` and the command write."""

    def save(self, folder: str | Path) -> Path:
        """Write what the command writes into a new folder, whole or not at all; returns the folder.

        Raises UsageError `output-exists` for a folder that is there and not empty, `output-unwritable`.
        """
        with reserve(Path(folder)) as target:
            target.write(self.files())
        return target.path

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {cut(self.summary().splitlines()[0])}"


class Result(Output):
    """A calibration: `str()` is the summary that the terminal shows, `repr()` its first line and the verdict."""

    @property
    @abstractmethod
    def verdict(self) -> Verdict:
        """Whether the result is good enough, and what to do next."""

    @property
    @abstractmethod
    def parameters(self) -> Mapping[str, Estimate]:
        """Every parameter by its label, with standard deviation and 95 % interval."""

    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """One dict for each image or row of the table, used or not, ready for a DataFrame."""

    def document_head(
        self, kind: str, *, unobservable: Iterable[object] = (), notes: Iterable[str] = (), solver: str = ""
    ) -> dict[str, Any]:
        """The keys that the documents of all calibrations share. solver: the sentence on how the solve ended."""
        return {
            **heading(kind, self.verdict),
            "inputs": self.rows(),
            "parameters": {str(label): estimate.as_document() for label, estimate in self.parameters.items()},
            "unobservable": [str(direction) for direction in unobservable],
            "notes": list(notes),
            "solver": solver,
        }

    def __repr__(self) -> str:
        return f"{super().__repr__()}\n{cut(str(self.verdict))}"
