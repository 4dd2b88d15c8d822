"""`calib compare`: arms and cameras by folder, in words and as a document."""

from __future__ import annotations

import json

from cases.command import Run
from cases.paths import ROOT

TABLE = ROOT / "datasets" / "ur5e_pose" / "poses.csv"


def test_arms_are_compared_at_the_flange_and_by_parameter(run: Run) -> None:
    for folder, seed in (("one", 1), ("two", 2)):
        run("robot", "--poses", TABLE, "--arm", "ur5e", "--seed", seed, "--output", folder)
    told = run("compare", "one", "two")
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("two less one, both of kind arm\nthe flange is 0.")
    document = json.loads(run("compare", "one", "two", "--json").stdout)
    assert document["flange"]["max_mm"] < 1.0
    assert len(document["parameters"]) == 30
    refused = run("compare", "one", "three")
    assert refused.exit_code in (2, 3)
    assert "next: " in refused.stderr
