"""What a cause of misfit is, and what it is looked for in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from calib import plugins
from calib.arrays import Array, Index
from calib.camera.adjustment.reprojection import corners_of
from calib.camera.adjustment.view_systems import GroupSystems, LinearViews
from calib.camera.diagnosis.view_effects import FEWEST_VIEWS, Explained, explain_residuals, shared_columns
from calib.camera.views.usable_views import UsableViews
from calib.errors import CalibError
from calib.verdict import Grade

if TYPE_CHECKING:
    from calib.camera.adjustment.bundle_adjustment import Adjustment
    from calib.camera.observations import View

Level = Literal["board", "axes", "cameras", "views"]
LEVELS: tuple[Level, ...] = ("board", "axes", "cameras", "views")
"""What a cause is about: what the corners of the board are said to be, which way the axes point, which images are of
one camera, what distorts each. Each takes for granted what those before it question: they are looked for in order."""

MOST_VIEWS = 300  # of which causes are looked for: more would not tell more, and take their time and memory
CAUSES = "calib.camera.causes"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A cause that was found."""

    sentence: str
    """What is the matter, with the figures that show it."""
    advice: str
    """What to do about it."""
    strength: float
    """Share of the squared residuals that it explains beyond what chance does; 1 where it needs no residuals."""
    best_grade: Grade = "usable"
    """The best that the result can be."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Something that goes wrong when images are taken or corners are written down."""

    looks_for: str
    """In a line."""
    level: Level
    """What it is about."""
    find: Callable[[MisfitEvidence], Finding | None]
    """The test."""
    effects: Mapping[str, Callable[[LinearViews, Adjustment], Array]] = field(default_factory=dict)
    """What it does to every image in its own way, by name: columns (m, 2, e) of the residuals of m corners. The effects
    of all causes are rivals in explaining the residuals."""


@dataclass(frozen=True, eq=False)
class MisfitEvidence:
    """Views, and the solution where there is one."""

    usable: UsableViews
    """Every view that can carry a pose, those that were rejected later among them."""
    image_size_px: tuple[int, int] | None
    """(width, height), if known."""
    fit_alone: Callable[[UsableViews], Adjustment]
    """Fits views by themselves, as the whole was. Raises CalibError."""
    fit: Adjustment | None = None
    """None where the solve failed."""
    lens_chosen: bool = False
    """Whether the lens is the one that the views support best; else one that was named, which may be the misfit."""

    @cached_property
    def effects(self) -> dict[str, Explained]:
        """How well the effects of every cause explain the residuals, by name."""
        if self.linear is None or self.fit is None or len(self.fitted) < FEWEST_VIEWS:
            return {}
        causes: list[Cause] = [plugins.pick(CAUSES, "CAUSE", name) for name in plugins.discover(CAUSES)]
        shared = shared_columns(self.linear)
        of = {name: columns for cause in causes for name, columns in cause.effects.items()}
        return {
            name: explain_residuals(self.linear, shared, columns(self.linear, self.fit)) for name, columns in of.items()
        }

    @property
    def views(self) -> tuple[View, ...]:
        """All usable views."""
        return self.usable.views

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of all usable views."""
        return tuple(view.image for view in self.views)

    @cached_property
    def fitted(self) -> Index:
        """Which of the usable views the solution holds, in its order."""
        place = {id(view): i for i, view in enumerate(self.views)}  # names need not differ
        return np.array([place[id(view)] for view in self.fit.views] if self.fit else [], dtype=np.intp)

    @cached_property
    def sampled(self) -> Index:
        """Which of those the linear problem holds: at most so many, evenly over their order."""
        return np.unique(np.linspace(0, len(self.fitted) - 1, min(len(self.fitted), MOST_VIEWS)).astype(np.intp))

    @cached_property
    def linear(self) -> LinearViews | None:
        """The solution's linear problem."""
        return LinearViews.at(self.fit, self.sampled) if self.fit else None

    @cached_property
    def systems(self) -> GroupSystems | None:
        """The same, per view."""
        return GroupSystems.of(self.linear) if self.linear else None

    def alone(self, views: Index) -> Adjustment | None:
        """Some of the usable views fitted by themselves; None where they do not give a camera."""
        return self.try_fit(select_views(self.usable, views))

    def try_fit(self, usable: UsableViews) -> Adjustment | None:
        """Other views fitted in the same way; None where they do not give a camera."""
        try:
            return self.fit_alone(usable)
        except CalibError:
            return None


def select_views(usable: UsableViews, views: Index) -> UsableViews:
    """Some of the views."""
    chosen = tuple(usable.views[i] for i in views)
    return UsableViews(chosen, corners_of(chosen, usable.pivot), usable.pivot, ())


def squares_px(fit: Adjustment) -> float:
    """Sum of the squared residuals that took part."""
    residuals = fit.residuals_px()[fit.used]
    return float(np.sum(residuals**2))


def rms_px(fit: Adjustment) -> float:
    """sqrt(mean squared distance) of the corners that took part."""
    return float(np.sqrt(squares_px(fit) / max(int(fit.used.sum()), 1)))
