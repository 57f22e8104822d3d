"""Tables of text as nodes and as CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import slicer
import vtk

from cueseg.whole_files import write_whole

Rows = Sequence[Sequence[str]]  # the titles first


def fillTable(tableNode: slicer.vtkMRMLTableNode, rows: Rows) -> None:
    """Make a node hold the rows, titles as names of its columns."""
    titles, *lines = rows
    with slicer.util.NodeModify(tableNode):
        tableNode.RemoveAllColumns()
        for number, title in enumerate(titles):
            column = vtk.vtkStringArray()
            column.SetName(title)
            for line in lines:
                column.InsertNextValue(line[number])
            tableNode.AddColumn(column)
        tableNode.SetUseColumnTitleAsColumnHeader(True)


def tableOf(
    scene: slicer.vtkMRMLScene, owner: slicer.vtkMRMLNode, role: str, name: str
) -> slicer.vtkMRMLTableNode:
    """The table that `owner` refers to as `role`; a new one of that name if there is none."""
    node = owner.GetNodeReference(role)
    if node is None:
        node = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
        owner.SetNodeReferenceID(role, node.GetID())
    return node


def textsOf(tableNode: slicer.vtkMRMLTableNode) -> tuple[list[list[str]], list[str]]:
    """The lines of a node, and its titles."""
    table = tableNode.GetTable()
    columns = range(table.GetNumberOfColumns())
    titles = [table.GetColumnName(column) for column in columns]
    lines = [
        [table.GetValue(line, column).ToString() for column in columns]
        for line in range(table.GetNumberOfRows())
    ]
    return lines, titles


def saveCsv(path: str | Path, rows: Rows) -> None:
    """Write rows as comma-separated values, whole or not at all.

    :raises OSError: the file cannot be written.
    """
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    write_whole(Path(path), text.getvalue().encode())
