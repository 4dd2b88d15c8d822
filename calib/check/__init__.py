"""Whether an earlier result still holds, by a few new images or poses."""
