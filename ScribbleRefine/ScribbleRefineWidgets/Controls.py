"""Which controls can be used, and which are seen."""

from slicer.i18n import tr as _

from ScribbleRefineLib import Messages
from ScribbleRefineLib.Readiness import State
from ScribbleRefineLib.Settings import Method, Region


def showState(ui, panel, parameters, label):
    """Say what to do next; enable what can be done.

    :param label: class number of the chosen row of the label table, or None.
    """
    state, session = panel.stateOf(parameters), panel.session
    ui.hintLabel.text = Messages.hintFor(state, panel.missingText, panel.obstacleOf(state), _)
    ui.deviceLabel.text = panel.deviceText
    ui.refineButton.text = _("Stop, keep best") if session.isRunning else _("Refine")
    ui.tuneButton.text = _("Stop, keep best") if session.isRunning else _("Fine-tune on this image")
    for widget, enabled in _enabled(ui, panel, parameters, state, label):
        widget.enabled = enabled
    for widget, visible in _visible(ui, panel, parameters):
        widget.visible = visible


def _enabled(ui, panel, parameters, state, label):
    session, running, idle = panel.session, panel.session.isRunning, state.isIdle
    seen = session.lastResult is not None
    weightsFile = ui.weightsPathLineEdit.currentPath
    return (
        (ui.freeMemoryButton, not (panel.queue.busy or panel.missingText)),
        (ui.importButton, bool(ui.networkPathLineEdit.currentPath) and not panel.missingText),
        (ui.inspectButton, bool(parameters.network) and not running and not panel.missingText),
        (ui.initialButton, state.canRunNetwork),
        (ui.useSegmentationButton, idle),
        (ui.addLabelButton, idle),
        (ui.insertLabelButton, idle and panel.isMissing(label)),
        (
            ui.clearScribblesButton,
            state.canRefine or (state.isOfBox and any(session.scribbleCounts().values())),
        ),
        (ui.drawBoxButton, not running and not panel.missingText),
        (ui.targetComboBox, state.isOfBox and session.isSetUp),
        (ui.segmentBoxButton, state is State.BOX_READY),
        (ui.tuneButton, running or (state is State.BOX_READY and not session.refinable)),
        (ui.proposeButton, idle),
        (ui.partCheckBox, parameters.scope is not Region.VOLUME),
        (ui.refineButton, running or state.canRefine),
        (ui.cancelButton, running),
        (ui.overlayComboBox, seen),
        (ui.beforeButton, seen),
        (ui.undoButton, session.canUndo and not running),
        (ui.redoButton, session.canRedo and not running),
        (ui.resetWeightsButton, session.hasWeights and not running),
        (ui.saveWeightsButton, session.hasWeights and bool(weightsFile)),
        (ui.applyWeightsButton, idle and bool(weightsFile)),
    )


def _visible(ui, panel, parameters):
    ofView, ofBox = parameters.scope in (Region.SLICE, Region.SLAB), parameters.scope is Region.BOX
    return (
        (ui.setUpButton, bool(panel.missingText)),
        (ui.progressBar, panel.session.isRunning),
        (ui.slabSpinBox, parameters.scope is Region.SLAB),
        (ui.sliceViewLabel, ofView),
        (ui.sliceViewSelector, ofView),
        (ui.roiLabel, ofBox),
        (ui.roiSelector, ofBox),
        *((widget, parameters.method is Method.BOX) for widget in _forOneObject(ui)),
        *((widget, parameters.method is not Method.BOX) for widget in _forAllLabels(ui)),
    )


def _forOneObject(ui):
    return (
        *(ui.boxCollapsibleButton, ui.segmentBoxButton, ui.tuneButton),
        *(ui.smoothnessLabel, ui.smoothnessSpinBox, ui.sigmaLabel, ui.sigmaSpinBox),
        *(ui.t0Label, ui.t0SpinBox, ui.t1Label, ui.t1SpinBox, ui.epsilonLabel, ui.epsilonSpinBox),
        *(ui.omegaLabel, ui.omegaSpinBox, ui.alternationsLabel, ui.alternationsSpinBox),
    )


def _forAllLabels(ui):
    return (
        *(ui.initialButton, ui.useSegmentationButton, ui.keepUnmatchedCheckBox, ui.labelRow, ui.refineButton),
        *(ui.keepScribblesCheckBox, ui.growthRow, ui.growthPreviewCheckBox, ui.limitLabel, ui.limitSpinBox),
        ui.partCheckBox,
        *(ui.regulariseLabel, ui.regulariseComboBox, ui.alphaLabel, ui.alphaSpinBox),
        *(ui.betaLabel, ui.betaSpinBox, ui.iterationsLabel, ui.iterationsSpinBox),
    )
