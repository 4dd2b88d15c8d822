"""The words that names of functions and modules are held against."""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NAMES_OF_NOTHING = words(
    "utils util common base core types data info helpers helper manager session logger doctor garbage"
)
VERBS_IN_ED = words("need feed seed speed exceed proceed succeed embed bleed breed weed")
IRREGULAR_PARTICIPLES = words("""
    begun bent bound broken brought built caught chosen dealt done drawn driven eaten fallen fed felt fitted forgotten
    found frozen given gone grown held hidden hung kept known laid led left lost made meant met paid proven risen said
    sent seen shaken shown sold sought spent spoken stolen stood sunk taken taught thought thrown told torn understood
    woken won worn woven written fits
""")  # "fits" is none, and tells as little
PARTICLES = words("apart as aside at away by down for from in off on out over to under up with")


def is_participle(name: str) -> bool:
    """Whether a function's name is a participle, alone or with a particle (`held_out`)."""
    first, *rest = name.strip("_").split("_")
    if rest and (len(rest) > 1 or rest[0] not in PARTICLES):
        return False
    if first in IRREGULAR_PARTICIPLES:
        return True
    return re.fullmatch(r"[a-z]{2,}ed", first) is not None and first not in VERBS_IN_ED
