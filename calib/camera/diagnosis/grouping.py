"""Views of different cameras, or of one that was changed: groups that fit apart far better than together."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.arrays import Index, Mask
from calib.camera.adjustment.bundle_adjustment import adjust
from calib.camera.diagnosis.evidence import rms_px, squares_px
from calib.camera.start.zhang import start_at
from calib.text import first_few, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calib.camera.adjustment.bundle_adjustment import Adjustment
    from calib.camera.adjustment.view_systems import GroupSystems
    from calib.camera.diagnosis.evidence import MisfitEvidence
    from calib.verdict import Grade

FEWEST = 3  # views of a group: with fewer, a lens of their own fits anything
MILD_PX = 0.5  # rms of all groups by one lens up to which it serves them
MOST_GROUPS = 6
# Share of the squared residuals that groups must explain, and its odds over the best odds that chance gives in so many
# trials: random groups of the same views, freed of what tells the groups apart. Halves and cuts of real sets reach 3.1,
# of simulated ones 2.1; two copies of one camera, or a focal length changed by 2 %, 12 to 90.
LEAST_SHARE, OVER_CHANCE, TRIALS = 0.05, 6.0, 39
# Groups found by the fit itself explain more than given ones, in any set: up to .40 in real and .60 in simulated ones
# with other faults. But those groups split again nearly as well; those of two cameras do not.
LEAST_FOUND_SHARE, SPLITS_AGAIN = 0.5, 0.5
FEWEST_FOUND = 5  # views of a group that is found
STARTS, ROUNDS = 20, 50
MOST_CUTS = 32
DIFFERS = 3.0  # times the rms that the lens of another camera leaves at least
CONFIRMED = 0.5  # of the share that the linear problem promises must be there when the groups are solved apart


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of views."""

    group: Index
    """(views,) which one each usable view belongs to, from 0."""
    names: tuple[str, ...]
    """How they are called."""
    share: float
    """Of the squared residuals that goes when each has a lens of its own, less what chance explains."""


def named_partitions(names: Sequence[str]) -> Iterator[tuple[Index, tuple[str, ...]]]:
    """The ways in which the names of images fall into a few groups: by a word or number in them, or by their shape."""
    fields = [re.findall(r"\d+|[^\W\d_]+|[\W_]+", name) for name in names]
    shapes = ["".join("#" if field.isdigit() else field for field in each) for each in fields]
    if (found := _partition(shapes)) is not None:
        yield found[0], tuple(re.sub("#+", "*", shape) for shape in found[1])
    if len({len(each) for each in fields}) == 1:
        for place in range(len(fields[0])):
            column = [each[place] for each in fields]
            if len(set(column)) > 1 and (found := _partition(column)) is not None:
                yield found[0], tuple(_pattern(fields, place, value) for value in found[1])


def _partition(values: Sequence[str]) -> tuple[Index, tuple[str, ...]] | None:
    """Groups of equal values, if there are a few of some size."""
    counts = Counter(values)
    if not 2 <= len(counts) <= MOST_GROUPS or min(counts.values()) < FEWEST:
        return None
    order = {value: i for i, value in enumerate(counts)}
    return np.array([order[value] for value in values]), tuple(order)


def _pattern(fields: Sequence[Sequence[str]], place: int, value: str) -> str:
    """The names with a value at a place, what else differs written as *."""
    alike = [each for each in fields if each[place] == value]
    parts = ["*" if len({each[i] for each in alike}) > 1 else alike[0][i] for i in range(len(alike[0]))]
    return re.sub(r"\*[*\W_]*\*", "*", "".join(parts))


def is_cut(group: Index) -> bool:
    """Whether two groups (views,) are what came before and after some view."""
    return int(np.count_nonzero(np.diff(group))) == 1


def name_groups(group: Index, names: Sequence[str]) -> tuple[str, ...] | None:
    """The patterns of names that groups (views,) of images are told apart by; None if there are none."""
    for other, called in named_partitions(names):
        same = [np.mean(group[other == k] == np.bincount(group[other == k]).argmax()) for k in range(len(called))]
        main = [int(np.bincount(group[other == k]).argmax()) for k in range(len(called))]
        if len(called) == int(group.max()) + 1 == len(set(main)) and min(same) > 1 - 1 / 16:
            return tuple(called[main.index(k)] for k in range(len(called)))
    return None


def list_groups(group: Index, names: Sequence[str]) -> tuple[str, ...]:
    """The first names of groups (views,) of images."""
    numbers = range(int(group.max()) + 1)
    return tuple(first_few([one_line(names[i]) for i in np.flatnonzero(group == k).tolist()], most=3) for k in numbers)


def share_beyond_chance(systems: GroupSystems, group: Index) -> float:
    """The share of the squared residuals that groups (views,) explain, less that of random ones; 0 if as much."""
    rng, level = np.random.default_rng(0), systems.without_groups(group)
    return _beyond(systems.share(group), [level.share(rng.permutation(group)) for _ in range(TRIALS)])


def best_cut(systems: GroupSystems) -> tuple[int, float]:
    """Where to cut the order of the views in two, and the share beyond chance that this explains; 0 if as much."""
    count = len(systems.grams)
    if count < 2 * FEWEST:
        return 0, 0.0
    order, every = np.arange(count), np.arange(FEWEST, count - FEWEST + 1)
    shares = systems.shares_of_cuts(every, order)
    best = int(every[shares.argmax()])
    if shares.max() < LEAST_SHARE:
        return best, 0.0
    cuts = every[np.unique(np.linspace(0, len(every) - 1, MOST_CUTS).astype(np.intp))]
    rng, level = np.random.default_rng(0), systems.without_groups((order >= best).astype(np.intp))
    chance = [float(level.shares_of_cuts(cuts, rng.permutation(count)).max()) for _ in range(TRIALS)]
    return best, _beyond(float(shares.max()), chance)


def _beyond(share: float, chance: Sequence[float]) -> float:
    """A share less the median of those by chance; 0 if it is small, or not far above all of them."""
    most = max(max(chance), 1e-9)
    plain = share > LEAST_SHARE and share * (1 - most) > OVER_CHANCE * most * (1 - share)
    return share - float(np.median(chance)) if plain else 0.0


def found_groups(systems: GroupSystems) -> tuple[Index, float] | None:
    """Two groups of views that nobody named, by the lens that fits each view better; None where there are none."""
    found = _two_lenses(systems)
    if found is None or found[1] < LEAST_FOUND_SHARE:
        return None
    group, share = found
    again = [_two_lenses(systems.select(np.flatnonzero(group == k))) for k in (0, 1)]
    inner = max((each[1] for each in again if each is not None), default=0.0)
    return (group, share - inner) if inner < SPLITS_AGAIN * share else None


def _two_lenses(systems: GroupSystems) -> tuple[Index, float] | None:
    """Groups (views,) of least squared residuals, and the share that they explain: k-means with lenses for means."""
    count, rng = len(systems.grams), np.random.default_rng(0)
    best: tuple[Index, float] | None = None
    if count < 2 * FEWEST_FOUND:
        return None
    for _ in range(STARTS):
        group = (rng.permutation(count) < count // 2).astype(np.intp)
        for _ in range(ROUNDS):
            first, second = systems.steps(group)
            moved = (systems.costs(second) < systems.costs(first)).astype(np.intp)
            settled = np.array_equal(moved, group)
            group = moved
            if settled or not FEWEST_FOUND <= group.sum() <= count - FEWEST_FOUND:
                break
        if FEWEST_FOUND <= group.sum() <= count - FEWEST_FOUND:
            share = systems.share(group)
            if best is None or share > best[1]:
                best = group, share
    return best


def rejected_views(evidence: MisfitEvidence) -> Mask | None:
    """Which views (all usable ones) the solution rejected, if these fit by themselves: they are of another camera."""
    if evidence.fit is None:
        return None
    out = np.ones(len(evidence.views), bool)
    out[evidence.fitted] = False
    if out.sum() < FEWEST:
        return None
    alone = evidence.alone(np.flatnonzero(out))
    if alone is None or len(alone.views) < max(FEWEST, 0.8 * out.sum()):
        return None
    return out if rms_px(alone) < 2 * rms_px(evidence.fit) else None


@dataclass(frozen=True, eq=False)
class Apart:
    """Groups solved by themselves."""

    fits: tuple[Adjustment, ...]
    """One for each."""
    together: Adjustment | None
    """All of them in one; None where that fails."""

    def __str__(self) -> str:
        """How well they fit, in words."""
        each = " and ".join(f"{rms_px(fit):.3g}" for fit in self.fits)
        rest = f"{rms_px(self.together):.3g} together" if self.together is not None else "together no camera"
        return f"rms {each} px apart, {rest}"

    @property
    def best_grade(self) -> Grade:
        """Of a calibration of all together: usable where one lens projects the boards of each to half a pixel still."""
        mild = self.together is not None and rms_px(self.together) <= MILD_PX
        return "usable" if mild else "do not use"

    def counts(self) -> str:
        """Images in each."""
        return " and ".join(str(len(fit.views)) for fit in self.fits)


def solve_apart(evidence: MisfitEvidence, groups: Groups) -> Apart | None:
    """Every group solved by itself; None unless that confirms what the linear problem promised."""
    fits = [evidence.alone(np.flatnonzero(groups.group == k)) for k in range(len(groups.names))]
    solved = [fit for fit in fits if fit is not None]
    if len(solved) < len(fits):
        return None
    if evidence.fit is None:
        if not any(_differ(one, other) for one in solved for other in solved if one is not other):
            return None
    else:
        mean = sum(squares_px(fit) for fit in solved) / sum(int(fit.used.sum()) for fit in solved)
        if mean > (1 - CONFIRMED * groups.share) * rms_px(evidence.fit) ** 2:
            return None
    return Apart(tuple(solved), evidence.fit)


def _differ(one: Adjustment, other: Adjustment) -> bool:
    """Whether the lens of one does not fit the views of the other."""
    corners = other.corners_used
    start = start_at(one.lens, corners, one.parameters)[1]
    return rms_px(adjust(one.lens, frozenset(one.lens.labels), other.views, corners, start)) > DIFFERS * rms_px(other)
