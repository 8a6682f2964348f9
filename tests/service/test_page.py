"""The page's files: how they are served, and that they speak two languages alike."""

import ast
import json
import re
from pathlib import Path

import pytest

from pinsharp.blur import trend, verdict
from pinsharp.restoration import pipeline
from pinsharp.restoration.recipe import OPTIONS
from pinsharp.service.page import PAGES

WORDS = {name: json.loads((PAGES / f"words.{name}.json").read_text("utf-8")) for name in ("en", "zh")}
SCRIPTS = {path.name: path.read_text("utf-8") for path in PAGES.glob("*.js")}
HTML = (PAGES / "index.html").read_text("utf-8")


def test_the_page_is_served_with_a_strict_policy(start):
    service = start()

    for path in ("/", "/pages/app.js", "/pages/words.zh.json"):
        answer = service.get(path)
        assert answer.status_code == 200, path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy


def test_the_page_is_told_what_the_service_offers(start):
    offers = start(body_bytes=1000).get("/v1/page").json()

    assert offers["model"] in ("tiny.safetensors", *offers["models"])
    assert offers["limits"]["upload_bytes"] == 1000
    assert offers["profiles"] == []


def test_nothing_of_the_page_comes_from_elsewhere():
    for name, text in {**SCRIPTS, "index.html": HTML, "style.css": (PAGES / "style.css").read_text("utf-8")}.items():
        addresses = set(re.findall(r"https?://[^\s\"')]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not addresses, name
        assert not re.search(r"innerHTML|\beval\(| style=| on\w+=", text if name.endswith(("js", "html")) else ""), name


def test_both_languages_have_the_same_words_with_the_same_places():
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    for key in WORDS["en"]:
        places = [sorted(re.findall(r"\{(\w+)\}", words[key])) for words in WORDS.values()]
        assert places[0] == places[1], key
        assert WORDS["zh"][key] != "", key


def test_every_word_of_the_page_is_in_the_tables():
    asked = set(re.findall(r'data-t(?:-label)?="([^"]+)"', HTML))
    asked |= {key for text in SCRIPTS.values() for key in re.findall(r'\bt\("([^"]+)"', text)}
    assert len(asked) > 100
    assert asked <= WORDS["en"].keys()


def test_no_word_stands_in_the_page_itself():
    """But for names, and what is said where there is no script."""
    without = re.sub(r"<(script|style|noscript|title|svg).*?</\1>|<[^>]*>", " ", HTML, flags=re.S)
    assert set(without.split()) <= {"pinsharp", "中文", "?", "1:1", "2:1", "4:1", "8:1"}


def test_every_word_of_the_tables_is_used():
    text = HTML + "".join(SCRIPTS.values())
    families = {"said.", *re.findall(r"`([\w.-]+[.-])\$\{", text)}
    unused = [key for key in WORDS["en"] if f'"{key}"' not in text and not key.startswith(tuple(families))]
    assert not unused


def sentences():
    """Every sentence of the package that says why, with numbers and words for what stands in braces."""
    for node in ast.walk(ast.parse(Path(verdict.__file__).read_text("utf-8"))):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
            value = node.value.elts[1]
            if isinstance(value, ast.JoinedStr):
                yield "".join(part.value if isinstance(part, ast.Constant) else "1.5" for part in value.values)
            elif isinstance(value, ast.Constant):
                yield value.value
    yield pipeline.REFUTED
    for down, across, curvature, planes in (
        (0, 0, 0, ()),
        (0, 0, 0, (1.0, 2.0)),
        (1, 0, 0, ()),
        (0, -1, 0, ()),
        (-1, 1, 0, ()),
        (0, 0, 1, ()),
        (0, 0, -1, ()),
    ):
        yield trend.Trend(down, across, curvature, planes, 2.0).words


@pytest.mark.parametrize("sentence", list(sentences()))
def test_every_reason_has_a_translation(sentence):
    known = [re.escape(words) for key, words in WORDS["en"].items() if key.startswith("said.")]
    forms = [re.sub(r"\\\{\w+\\\}", r"[\\w.-]+", form) for form in known]
    assert sum(bool(re.fullmatch(form, sentence)) for form in forms) == 1


@pytest.mark.parametrize("name", sorted(verdict.Verdict.__args__))
def test_every_verdict_has_words(name):
    assert f"verdict.{name}" in WORDS["en"]


def test_every_option_of_restoring_is_a_setting_or_left_out_on_purpose():
    fields = set(re.findall(r'^  \["(\w+)", "', SCRIPTS["recipe.js"], flags=re.M))
    servers, of_files = {"device", "precision", "runtime"}, {"raw", "planes", "strict"}
    assert fields | servers | of_files == OPTIONS.keys()
