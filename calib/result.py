"""What every result offers, whatever was calibrated: a verdict, a summary, files, a document, rows, estimates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from calib.config import PROVENANCE
from calib.documents import heading, to_json, to_yaml
from calib.exports import ExportPart, files_for_other_tools
from calib.need import Capability, Need, decide, good_for, need_of
from calib.report.page import render
from calib.storage.folder import reserve
from calib.storage.provenance import Provenance, condense, hash_contents, hash_files
from calib.storage.result_folder import RESULT_FILE
from calib.storage.stored import require_readable
from calib.text import cut

if TYPE_CHECKING:
    from calib.estimate import Estimate
    from calib.report.page import Report
    from calib.verdict import Verdict


REPORT_FILE = "report.html"
MAIN_FILES = ("truth.yaml", "cell.yaml")  # that of a simulation, the first that there is


@dataclass(frozen=True)
class Package:
    """A result as it is delivered."""

    document: dict[str, Any]
    """For the terminal."""
    files: dict[str, str | bytes]
    """Content by file name."""


class Output(ABC):
    """What a command delivers: a summary for the terminal, a document for programs, files for a folder."""

    main_files: ClassVar[tuple[str, ...]] = MAIN_FILES
    """The file that lists the SHA-256 of the others: the first of these that there is."""

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
        """Content by file name: what `save` and the command write, without its provenance."""

    def pages(self, origin: Mapping[str, Any]) -> Mapping[str, str]:
        """Further files that state what made the result themselves, as plain data has it."""
        return {}

    def exports(self) -> Mapping[str, str | bytes]:
        """Content by file name of what other tools read: their files, into which nothing of ours is put."""
        return {}

    @property
    def random_seed(self) -> int | None:
        """The seed of what was drawn at random; None where nothing was."""
        return None

    def package(self, provenance: Provenance) -> Package:
        """Document and files, each with what made it.

        YAML files hold it under `provenance`; the main document also the SHA-256 of the other files: tables, images and
        matrices have no place for it. Raises UsageError `document-too-large` for YAML that could not be read again.
        """
        origin = provenance.as_document(self.verdict, self.random_seed)
        files = {**self.files(), **self.pages(origin)}
        main = next((name for name in self.main_files if name in files), None)
        for name, content in files.items():
            if isinstance(content, str) and name.endswith(".yaml") and name != main:
                files[name] = content + to_yaml({PROVENANCE: condense(origin)})
        files |= self.exports()
        whole = {**origin, "files": hash_contents({name: files[name] for name in files if name != main})}
        if main is not None:
            files[main] = f"{files[main]!s}{to_yaml({PROVENANCE: condense(whole)})}"
        for name, content in files.items():
            if isinstance(content, str) and name.endswith(".yaml"):
                require_readable(content)
        return Package({**self.document(), "summary": self.summary().splitlines(), PROVENANCE: whole}, files)

    def save(self, folder: str | Path, inputs: Iterable[str | Path] = ()) -> Path:
        """Write what the command writes into a new folder, whole or not at all; returns the folder.

        inputs: the files that it was made from, whose SHA-256 are recorded with it; a folder means the files in it.
        Raises UsageError `output-exists` for a folder that is there and not empty, `output-unwritable`.
        """
        hashed = hash_files(map(Path, inputs))
        origin = Provenance(f"python: {type(self).__name__}.save", hashed or None)
        with reserve(Path(folder)) as target:
            target.write(self.package(origin).files)
        return target.path

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {cut(self.summary().splitlines()[0])}"


@dataclass(frozen=True, eq=False, repr=False)
class Result(Output):
    """A calibration: `str()` is the summary that the terminal shows, `repr()` its first line and the verdict."""

    need: Need | None = field(default=None, kw_only=True)
    """What it has to be good for, if that was stated."""

    main_files: ClassVar[tuple[str, ...]] = ()
    """It is the document that lists them."""

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the result is good enough, by the need if one was stated, and what to do next."""
        finding = self.finding
        if self.need is not None:
            return decide(self.need, self.capability, finding)
        return replace(finding, good_for=str(self.capability)) if finding.exit_status == 0 else finding

    @property
    @abstractmethod
    def finding(self) -> Verdict:
        """What the data show of the result, whatever it is needed for, and what to do next."""

    @property
    @abstractmethod
    def capability(self) -> Capability:
        """What the result is good for."""

    def for_need(self, need: str | Need | None, at: str | None = None) -> Self:
        """The same result, judged by a need such as "0.5mm", "0.2px" or "0.5mm,0.1deg", if one is given.

        at: a point that the flange or the camera carries, such as "0mm,0mm,120mm", to which the length then applies.
        Raises UsageError `need`, `need-at`.
        """
        return self if need is None else replace(self, need=need_of(need, at) if isinstance(need, str) else need)

    @property
    @abstractmethod
    def parameters(self) -> Mapping[str, Estimate]:
        """Every parameter by its label, with standard deviation and 95 % interval."""

    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """One dict for each image or row of the table, used or not, ready for a DataFrame."""

    def report(self) -> Report | None:
        """What `report.html` shows; None where there is no page of this kind of result."""
        return None

    def export_parts(self) -> Iterable[ExportPart]:
        """The parts that other tools take."""
        return ()

    def exports(self) -> Mapping[str, str | bytes]:
        """In the formats that users need most; none of a result that is not to be used: other tools would not tell."""
        return {} if self.verdict.exit_status else files_for_other_tools(self.export_parts())

    def pages(self, origin: Mapping[str, Any]) -> Mapping[str, str]:
        """`report.html`, if there is one."""
        report = self.report()
        return {} if report is None else {REPORT_FILE: render(report, self.verdict, origin)}

    def package(self, provenance: Provenance) -> Package:
        """Document and files, the document among them."""
        package = super().package(provenance)
        return Package(package.document, {**package.files, RESULT_FILE: to_json(package.document)})

    def document_head(
        self, kind: str, *, unobservable: Iterable[object] = (), notes: Iterable[str] = (), solver: str = ""
    ) -> dict[str, Any]:
        """The keys that the documents of all calibrations share. solver: the sentence on how the solve ended."""
        return {
            **heading(kind, self.verdict),
            "need": None if self.need is None else str(self.need),
            "good_for": good_for(self.capability, self.finding),
            "inputs": self.rows(),
            "parameters": {str(label): estimate.as_document() for label, estimate in self.parameters.items()},
            "unobservable": [str(direction) for direction in unobservable],
            "notes": list(notes),
            "solver": solver,
        }

    def __repr__(self) -> str:
        return f"{super().__repr__()}\n{cut(str(self.verdict))}"
