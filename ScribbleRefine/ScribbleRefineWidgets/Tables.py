"""The tables of the panel: labels to choose and to lock, volumes, times."""

import qt

MOST_ROWS = 8  # shown at once; more scroll
SWATCH = 12  # pixels
LOCK_COLUMN = 3


def prepareTable(widget, wideColumn=0):
    """Give one column the room that the others leave."""
    header = widget.horizontalHeader()
    for column in range(widget.columnCount):
        wide = column == wideColumn
        header.setSectionResizeMode(
            column, qt.QHeaderView.Stretch if wide else qt.QHeaderView.ResizeToContents
        )
    widget.verticalHeader().hide()
    fitHeight(widget)


def fitHeight(widget):
    """Be as high as the rows, up to a limit."""
    rows = max(2, min(widget.rowCount, MOST_ROWS))
    rowHeight = widget.rowHeight(0) if widget.rowCount else widget.verticalHeader().defaultSectionSize
    headerHeight = widget.horizontalHeader().sizeHint.height()
    widget.setFixedHeight(rows * rowHeight + headerHeight + 2 * widget.frameWidth)


def fillTable(widget, rows, headings=None):
    """Show texts; all but the first of a row are numbers and stand at the right."""
    if headings is not None:
        widget.setColumnCount(len(headings))
        widget.setHorizontalHeaderLabels(headings)
    widget.setRowCount(len(rows))
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            if column:
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            widget.setItem(row, column, item)
    prepareTable(widget)


class LabelTableView:
    """One row per label, in the order of the class numbers."""

    def __init__(self, widget, onChosen, onLocked):
        """Make callbacks with a class number, and with a class number and whether it is locked."""
        self._widget, self._onChosen, self._onLocked = widget, onChosen, onLocked
        self._indices, self._filling = [], False
        widget.connect("itemSelectionChanged()", self._chosen)
        widget.connect("cellChanged(int,int)", self._changed)
        prepareTable(widget)

    @property
    def current(self):
        """Class number of the chosen row, None without one."""
        row = self._widget.currentRow()
        return self._indices[row] if 0 <= row < len(self._indices) else None

    def show(self, rows, stateTexts, segmentNames):
        """Show label rows; the chosen label stays chosen, else the first after the background is.

        :param stateTexts: `RowState` to text.
        :param segmentNames: id of a result segment to its name.
        """
        chosen = self.current
        self._filling = True
        self._indices = [row.index for row in rows]
        self._widget.setRowCount(len(rows))
        for number, row in enumerate(rows):
            texts = (row.name, stateTexts[row.state], segmentNames.get(row.resultSegmentId, "–"), "")
            for column, text in enumerate(texts):
                self._widget.setItem(number, column, self._item(row, column, text))
        fitHeight(self._widget)
        self._filling = False
        if rows:
            self.choose(chosen if chosen in self._indices else self._indices[min(1, len(rows) - 1)])

    def choose(self, index):
        """Choose the row of a class number."""
        self._widget.selectRow(self._indices.index(index))
        self._chosen()

    def step(self, offset):
        """Choose the next or previous label, around the ends."""
        if self._indices:
            place = self._indices.index(self.current) if self.current in self._indices else 0
            self.choose(self._indices[(place + offset) % len(self._indices)])

    def _item(self, row, column, text):
        item = qt.QTableWidgetItem(text)
        if column == 0:
            swatch = qt.QPixmap(SWATCH, SWATCH)
            swatch.fill(qt.QColor(*(round(255 * value) for value in row.color)))
            item.setIcon(qt.QIcon(swatch))
        if column == LOCK_COLUMN and row.index > 0:
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
            item.setCheckState(qt.Qt.Checked if row.locked else qt.Qt.Unchecked)
        return item

    def _chosen(self):
        if not self._filling and self.current is not None:
            self._onChosen(self.current)

    def _changed(self, row, column):
        if not self._filling and column == LOCK_COLUMN and self._indices[row] > 0:
            locked = self._widget.item(row, column).checkState() == qt.Qt.Checked
            self._onLocked(self._indices[row], locked)
