"""Text is read and written as UTF-8, whatever the locale: that of the Slicer application and of Windows is another."""

import ast
from pathlib import Path

import pytest

from project_tree import python_files, relative, syntax_tree

TEXT = ("read_text", "write_text")


def unspecified(tree: ast.AST) -> list[int]:
    """Lines with calls that leave the encoding to the locale."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [
        call.lineno
        for call in calls
        if getattr(call.func, "attr", "") in TEXT and "encoding" not in {word.arg for word in call.keywords}
    ]


@pytest.mark.parametrize("path", python_files(), ids=relative)
def test_text_files_have_an_encoding(path: Path):
    assert unspecified(syntax_tree(path)) == []


def test_a_missing_encoding_is_seen():
    assert unspecified(
        ast.parse("a.read_text()\nb.write_text('x', encoding='utf-8')\nc.write_text('x')")
    ) == [1, 3]
