"""The page: whole in itself, small, and nothing that comes from outside can break out of its place."""

from __future__ import annotations

import re
import shlex
from html.parser import HTMLParser

from calib.report.page import Figure, Report, Section, Table, render
from calib.verdict import Verdict

HOSTILE = """</script><script>alert(1)</script><img src=x onerror=alert(1)>"'&"""


class Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page(word: str) -> str:
    table = Table(word, (word, "remark"), [(word, word), ("other", "")], word, (word, ""))
    report = Report(word, [(word, word)], [Section(word, [Figure(word, "<svg></svg>", word), table])], {"word": word})
    provenance = {
        "version": "1",
        "command": shlex.join(["calib", "camera", "--images", word, "--output", "out"]),
        "inputs": [{"name": word, "bytes": 1, "sha256": "0"}],
    }
    return render(report, Verdict("usable", word, (word,)), provenance)


def test_a_hostile_name_is_text_everywhere() -> None:
    plain, hostile = Elements(page("word")), Elements(page(HOSTILE))
    assert [tag for tag, _ in hostile.found] == [tag for tag, _ in plain.found]
    assert [set(attributes) for _, attributes in hostile.found] == [set(attributes) for _, attributes in plain.found]
    assert HOSTILE in hostile.texts


def test_nothing_is_fetched() -> None:
    text = page("word")
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<link", text.replace("http://www.w3.org/2000/svg", ""))
    assert "default-src 'none'" in text


def test_a_reader_of_the_screen_is_told_what_there_is() -> None:
    elements = Elements(page("word"))
    assert ("html", {"lang": "en"}) in elements.found
    assert all(attributes.get("scope") for tag, attributes in elements.found if tag == "th")
    boxes = [attributes for tag, attributes in elements.found if tag == "input" and attributes["type"] == "checkbox"]
    assert [each["aria-label"] for each in boxes] == ["exclude word"]
    levels = [int(tag[1]) for tag, _ in elements.found if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert set(levels[1:]) == {2}


def test_the_command_is_that_without_its_folder() -> None:
    text = page("photos")
    assert '"command":"calib camera --images photos"' in text
    assert "<code>calib camera --images photos --output out</code>" in text
