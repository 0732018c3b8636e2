"""What is cited exists: every document of `docs/spec` with its section, every path, every link and anchor.

A citation is ``protocol.md`` 1-3, or ``evidence.md`` 1, rules 8 and 12, or ``policy.md`` 5.7,
or ``trust.md`` T18. A section ``N`` is a heading; ``N.M`` is a heading, or item M of section N; a letter and
a number begin a row of a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "docs" / "spec"
SOURCES = sorted(
    file
    for folder in ("src", "tests", "bench")
    for kind in ("*.py", "*.sql")
    for file in (ROOT / folder).rglob(kind)
)
DOCUMENTS = sorted(
    file
    for file in ROOT.rglob("*.md")
    if not any(part in {"build", "dist"} or part[0] == "." for part in file.relative_to(ROOT).parts)
)

_ONE = r"(?:\d+(?:\.\d+)?|[PIT]\d+)"
_LIST = rf"{_ONE}(?:(?:, | and |-){_ONE})*"
_RULES = r", rules? (?P<rules>\d+(?:(?:, | and )\d+)*)"
_CITED = re.compile(
    rf"(?:(?<![\w/.(\[-])(?P<plain>[a-z]+\.md)`{{0,2}}|\]\((?P<linked>[a-z]+\.md)\))"
    rf"(?: (?P<places>{_LIST})(?:{_RULES})?)?"
)
_PATH = re.compile(r"\bdocs/[\w./-]+\.(?:md|txt|py)\b")
_LINK = re.compile(r"\]\((?P<target>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def citations(text: str) -> Iterator[tuple[str, str]]:
    """Each cited document with each cited place in it; the place is empty when the whole is meant."""
    for match in _CITED.finditer(text):
        name = match["plain"] or match["linked"]
        yield name, ""
        places = match["places"] or ""
        for first, last in re.findall(r"(\d+)-(\d+)", places):
            yield from ((name, str(number)) for number in range(int(first), int(last) + 1))
        yield from ((name, place) for place in re.findall(_ONE, places))
        yield from ((name, f"{places}.{rule}") for rule in re.findall(r"\d+", match["rules"] or ""))


@cache
def places_of(document: Path) -> frozenset[str]:
    """Every place of a document that can be cited."""
    found = {""}
    section = ""
    for line in _FENCED.sub("", document.read_text("utf-8")).splitlines():
        if heading := re.match(r"(#+) (\d+(?:\.\d+)?)\b", line):
            found.add(heading[2])
            section = heading[2] if heading[1] == "##" else section
        elif line.startswith("## "):
            section = ""
        elif section and (item := re.match(r"(\d+)\. ", line)):
            found.add(f"{section}.{item[1]}")
        elif row := re.match(r"\| ([A-Z]\d+(?: [A-Z]\d+)*) \|", line):
            found.update(row[1].split())
    return frozenset(found)


@cache
def anchors_of(document: Path) -> frozenset[str]:
    """The anchors that Markdown readers give the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", document.read_text("utf-8")), re.MULTILINE)
    kept = ("".join(char for char in line.lower() if char.isalnum() or char in " -_") for line in headings)
    return frozenset(text.replace(" ", "-") for text in kept)


def dead_citations(text: str) -> list[str]:
    return [
        f"{name} {place}".strip()
        for name, place in citations(text)
        if not (SPEC / name).is_file() or place not in places_of(SPEC / name)
    ]


def test_what_the_source_cites_exists():
    dead = {
        f"{file.relative_to(ROOT)}: {found}"
        for file in SOURCES
        for found in dead_citations(file.read_text("utf-8"))
        if file != Path(__file__)
    }

    assert dead == set()


def test_what_the_specification_cites_of_itself_exists():
    dead = {
        f"{file.name}: {found}"
        for file in SPEC.glob("*.md")
        for found in dead_citations(file.read_text("utf-8"))
    }

    assert dead == set()


def test_every_path_into_docs_that_the_source_names_exists():
    dead = {
        f"{file.relative_to(ROOT)}: {path}"
        for file in SOURCES
        for path in _PATH.findall(file.read_text("utf-8"))
        if not (ROOT / path).exists()
    }

    assert dead == set()


def test_every_link_leads_to_a_file_and_an_anchor_that_exist():
    dead = []
    for document in DOCUMENTS:
        for link in _LINK.finditer(_FENCED.sub("", document.read_text("utf-8"))):
            if "://" in link["target"]:
                continue
            target = document.parent / link["target"] if link["target"] else document
            gone = not target.exists()
            lost = link["anchor"] is not None and not gone and link["anchor"] not in anchors_of(target)
            if gone or lost:
                dead.append(f"{document.relative_to(ROOT)} -> {link[0]}")

    assert dead == []


def test_every_document_of_the_specification_is_in_its_overview_and_says_what_is_not_built():
    overview = (SPEC / "overview.md").read_text("utf-8")

    for document in SPEC.glob("*.md"):
        last = re.findall(r"^## (.+)$", document.read_text("utf-8"), re.MULTILINE)[-1]
        assert last.endswith("Planned, not built"), document.name
        assert document.name == "overview.md" or f"]({document.name})" in overview, document.name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("as ``protocol.md`` 1-3 says", ["1", "2", "3"]),
        ("(``storage.md`` 2 and 5).", ["2", "5"]),
        ("``evidence.md`` 1, rules 8 and 12", ["1", "1.8", "1.12"]),
        ("``policy.md`` 5.7, V15", ["5.7"]),
        ("``policy.md`` 4. No answer", ["4"]),
        ("``trust.md`` 7.4, T23", ["7.4", "T23"]),
        ("see [trust.md](trust.md) 5.2", ["5.2"]),
        ("-- storage.md 5). Forward", ["5"]),
    ],
)
def test_a_citation_is_read_as_a_person_reads_it(text, found):
    assert {place for _, place in citations(text)} - {""} == set(found)


@pytest.mark.parametrize(
    "text", ["``protocol.md`` 9", "``trust.md`` T99", "``evidence.md`` 1, rule 99", "``lost.md``"]
)
def test_a_citation_of_nothing_is_noticed(text):
    assert dead_citations(text) != []
