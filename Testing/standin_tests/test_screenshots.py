"""Pictures of panels and views are written, and show something."""

import numpy as np
import pytest
import qt
import slicer

from standin import screenshots
from view_case import ViewCase


def picture(path) -> np.ndarray:
    image = qt.QImage(str(path)).convertToFormat(qt.QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


@pytest.fixture
def panel():
    panel = qt.QWidget()
    layout = qt.QVBoxLayout(panel)
    label = qt.QLabel("A text that is so long that it needs several lines in a narrow panel. " * 3)
    label.wordWrap = True
    layout.addWidget(label)
    layout.addWidget(qt.QPushButton("Press"))
    return panel


def test_a_panel_in_both_themes(panel, tmp_path, app):
    before = app.palette().window().color().name()
    brightness = []
    for theme in ("light", "dark"):
        with screenshots.colors(theme):
            path = screenshots.save_widget(panel, tmp_path / "new" / f"{theme}.png", width=300)
        assert picture(path).shape[1] == 300
        assert picture(path).std() > 5
        brightness.append(picture(path).mean())
    assert brightness[0] > 180
    assert brightness[1] < 100
    assert app.palette().window().color().name() == before


def test_wrapped_text_gets_the_height_it_needs(panel, tmp_path):
    narrow = picture(screenshots.save_widget(panel, tmp_path / "narrow.png", width=150))
    wide = picture(screenshots.save_widget(panel, tmp_path / "wide.png", width=600))
    assert narrow.shape[0] > 2 * wide.shape[0]


def test_a_panel_that_is_shown_stays_as_it_is(panel, tmp_path, app):
    area = qt.QScrollArea()
    area.widgetResizable = True
    area.setWidget(panel)
    area.resize(400, 500)
    area.show()
    app.processEvents()
    before = panel.size
    pixels = picture(screenshots.save_widget(panel, tmp_path / "panel.png", width=250))
    app.processEvents()
    assert pixels.shape[1] == 250
    assert pixels.shape[0] < 300
    assert (panel.size, area.widget()) == (before, panel)


def test_the_slice_views_side_by_side(scene, tmp_path):
    ViewCase(scene)
    slicer.util.resetSliceViews()
    pixels = picture(screenshots.save_slice_views(tmp_path / "views.png"))
    assert pixels.shape == (400, 3 * 400 + 2 * 4, 3)
    for left in (0, 404, 808):
        assert pixels[:, left : left + 400].std() > 10
    assert (pixels[:, 400:404] == 255).all()


def test_unknown_themes(tmp_path):
    with pytest.raises(ValueError, match="light or dark"), screenshots.colors("red"):
        pass


def test_a_folder_that_cannot_be_written(panel, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        screenshots.save_widget(panel, tmp_path / "file" / "panel.png")
