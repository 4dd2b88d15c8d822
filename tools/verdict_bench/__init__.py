"""What `tools/bench_verdicts.py` tries: simulated sets, ways to spoil them, and the rule that judges the verdicts."""
