"""Every status is a sentence with its criterion."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from calib.engine import Acceleration, Options, Polish, Status, Stopping

NAMES = {field.name for kind in (Options, Stopping, Polish, Acceleration) for field in fields(kind)}


@pytest.mark.parametrize("status", Status)
def test_every_status_is_a_sentence(status: Status) -> None:
    assert status.value.split(":")[0] in {"converged", "stopped", "failed", "nothing to solve"}
    assert status.converged == status.value.startswith(("converged", "nothing"))


@pytest.mark.parametrize("status", Status)
def test_every_criterion_names_real_options(status: Status) -> None:
    """Words with an underscore are fields of the options; c_0, x_0, J_j, x_j, sum_j, max_j and dc_model are symbols."""
    symbols = {"c_0", "x_0", "J_j", "x_j", "sum_j", "max_j", "dc_model", "on_iteration"}
    words = set(re.findall(r"[A-Za-z]+_[A-Za-z_0]+", status.criterion))
    assert words - symbols <= NAMES
    assert status.criterion


def test_a_status_is_found_by_its_sentence() -> None:
    assert all(Status(status.value) is status for status in Status)
