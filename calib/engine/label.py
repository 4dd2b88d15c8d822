"""What one parameter is called: a name, its unit, and whose it is, with one printed grammar."""

from __future__ import annotations


class Label(str):
    """The label of one parameter: text in the grammar `owner[member].name_unit`.

    name: what it is (`fx`, `theta3`). unit: `px`, `m`, `rad`, ...; empty where it has none. owner: the frame, camera or
    block it belongs to; empty where there is none. member: which of the owner's several (a view, a pose);
    empty for an owner of one.

    Every part that is empty is omitted, its punctuation too: `fx_px`, `world_from_base.vx_m`,
    `camera_from_board[left01.jpg].wz_rad`. A label is its text, so that results are looked up by what is printed;
    a part is read from its attribute, never parsed from the text.
    """

    __slots__ = ("member", "name", "owner", "unit")

    name: str
    unit: str
    owner: str
    member: str

    def __new__(cls, name: str, unit: str = "", owner: str = "", member: str = "") -> Label:
        """The label of these parts."""
        whose = f"{owner}[{member}]." if member else f"{owner}." if owner else ""
        label = super().__new__(cls, f"{whose}{name}_{unit}" if unit else f"{whose}{name}")
        label.name, label.unit, label.owner, label.member = name, unit, owner, member
        return label

    def __reduce__(self) -> tuple[type[Label], tuple[str, str, str, str]]:
        return Label, (self.name, self.unit, self.owner, self.member)

    def of(self, owner: str, member: str = "") -> Label:
        """The same parameter of that owner."""
        return Label(self.name, self.unit, owner, member)

    @property
    def quantity(self) -> str:
        """The label without its unit: `fx`, `world_from_base.vx`."""
        return str(Label(self.name, "", self.owner, self.member))

    @property
    def angular(self) -> bool:
        """Whether the parameter is an angle in radians."""
        return self.unit == "rad"
