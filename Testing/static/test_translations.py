"""What a panel shows can be translated: literals go through `_`, and stay whole sentences there."""

import ast
import re
from pathlib import Path

import pytest

from project_tree import PANELS, ROOT, python_files, relative, syntax_tree

SHOWN = {"text", "toolTip", "title", "windowTitle", "placeholderText", "format"}  # attributes of widgets
SAYING = {"setText", "setToolTip", "setTitle", "addItem", "addItems", "setHorizontalHeaderLabels"} | {
    "errorDisplay",
    "infoDisplay",
    "warningDisplay",
    "confirmOkCancelDisplay",
    "tryWithErrorDisplay",
}
FILES = [
    path
    for panel in PANELS
    for path in (ROOT / panel / f"{panel}.py", *python_files(f"{panel}/{panel}Widgets"))
]


def says_something(text: str) -> bool:
    return any(letter.isalpha() for letter in re.sub(r"<[^>]*>", "", text))  # markup is no word


def literals(node: ast.AST) -> list[ast.AST]:
    """Texts in an expression that no call of `_` or `translate` stands around."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "translate"):
        return []
    if isinstance(node, ast.Constant):
        return [node] if isinstance(node.value, str) and says_something(node.value) else []
    if isinstance(node, ast.JoinedStr):
        words = [
            part for part in node.values if isinstance(part, ast.Constant) and says_something(part.value)
        ]
        return [node] if words else []
    if isinstance(node, ast.IfExp):
        return literals(node.body) + literals(node.orelse)
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.List | ast.Tuple):
        return [found for child in ast.iter_child_nodes(node) for found in literals(child)]
    return []


def untranslated(tree: ast.AST) -> list[int]:
    """Lines where a text is shown as it stands."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(getattr(t, "attr", "") in SHOWN for t in node.targets):
            found += literals(node.value)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in SAYING:
            found += [literal for argument in node.args for literal in literals(argument)]
    return sorted({node.lineno for node in found})


def unfit(tree: ast.AST) -> list[int]:
    """Lines where `_` gets something else than a literal: the extractor cannot see it."""
    calls = (n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "_")
    return [call.lineno for call in calls if any(isinstance(a, ast.JoinedStr | ast.BinOp) for a in call.args)]


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_what_is_shown_goes_through_the_translation(path: Path):
    assert untranslated(syntax_tree(path)) == []


@pytest.mark.parametrize("path", [p for panel in PANELS for p in python_files(panel)], ids=relative)
def test_translated_texts_are_literals(path: Path):
    assert unfit(syntax_tree(path)) == []


@pytest.mark.parametrize(
    "source",
    [
        "ui.button.text = 'Stop'",
        "ui.button.text = _('Stop') if running else 'Refine'",
        "ui.label.toolTip = f'{count} points'",
        "box.addItems(['one', 'two'])",
        "slicer.util.errorDisplay('It failed')",
    ],
)
def test_texts_that_bypass_it_are_seen(source):
    assert untranslated(ast.parse(source)) == [1]


@pytest.mark.parametrize(
    "source",
    [
        "ui.button.text = _('Stop')",
        "ui.label.text = panel.deviceText",
        "ui.label.text = f'{_(name)}: {count}'",
        "ui.label.text = ''",
        "ui.label.text = f'<table border=\"1\">{rows}</table>'",
        "table.setHorizontalHeaderLabels([_('Label'), _('Voxels')])",
    ],
)
def test_others_are_not(source):
    assert untranslated(ast.parse(source)) == []


def test_a_formatted_text_in_the_translation_is_seen():
    assert unfit(ast.parse("_(f'{count} points')\n_('{count} points').format(count=2)")) == [1]
