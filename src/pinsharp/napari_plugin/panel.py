"""The panel of pinsharp in napari: options, buttons, progress, and what was found."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Container, FileEdit, LineEdit, ProgressBar, PushButton, SpinBox, TextEdit

from pinsharp.napari_plugin.commands import to_measure, to_profile, to_restore
from pinsharp.napari_plugin.layers import Settings

if TYPE_CHECKING:
    import napari

_MODELS = ("swift", "sharp", "wiener", "richardson-lucy", "ftvd")


class Panel(Container):  # type: ignore[misc]
    """Restores and measures the image layer that is chosen, and makes a profile of the box that is drawn."""

    def __init__(self, napari_viewer: "napari.Viewer") -> None:
        self.viewer = napari_viewer
        self.worker: Any = None
        self.model = ComboBox(label="model", choices=_MODELS, value="swift")
        self.kernel = LineEdit(label="kernel", value="auto", tooltip="auto, gaussian:2, disk:3 or a file")
        self.light = ComboBox(label="light", choices=("auto", "linear", "srgb"), value="auto")
        self.white = SpinBox(label="white level", min=0, max=2**24, tooltip="0: the largest value of the type")
        self.planes = ComboBox(
            label="blur of a stack", choices=[("of each plane", "each"), ("one for all", "one")], value="each"
        )
        self.profile = FileEdit(label="camera profile", mode="r", filter="*.json", nullable=True)
        self.measure, self.restore = PushButton(text="Measure"), PushButton(text="Restore")
        self.create = PushButton(text="Profile from the drawn box...")
        self.cancel = PushButton(text="Cancel", enabled=False)
        self.progress = ProgressBar(label="planes", value=0, min=0, max=1, visible=False)
        self.said = TextEdit(label="", value="")
        self.said.read_only = True
        self.measure.clicked.connect(lambda: self._run(to_measure))
        self.restore.clicked.connect(lambda: self._run(to_restore))
        self.create.clicked.connect(self._profile)
        self.cancel.clicked.connect(self._cancel)
        options = [self.model, self.kernel, self.light, self.white, self.planes, self.profile]
        super().__init__(
            widgets=[*options, self.measure, self.restore, self.create, self.cancel, self.progress, self.said]
        )

    @property
    def settings(self) -> Settings:
        """What is chosen."""
        profile = self.profile.value
        return Settings(
            model=self.model.value,
            kernel=self.kernel.value.strip() or "auto",
            light=self.light.value,
            white_level=self.white.value or None,
            profile="" if profile is None or profile == Path() else str(profile),
            planes=self.planes.value,
        )

    def _run(self, command: Any, *arguments: Any) -> None:
        """Start some work, and let nothing else be started until it has ended."""
        self.worker = command(self.viewer, *arguments, self.settings, self._tell)
        if self.worker is None:
            return
        self._tell("...")
        self.progress.max = self.worker.pbar.total
        self.progress.value = 0
        self._busy(True)
        self.worker.yielded.connect(lambda _: setattr(self.progress, "value", self.progress.value + 1))
        self.worker.finished.connect(lambda: self._busy(False))
        self.worker.start()

    def _profile(self) -> None:
        from qtpy.QtWidgets import QFileDialog

        path, _ = QFileDialog.getSaveFileName(self.native, "Profile of the camera", "camera.json", "*.json")
        if path:
            self._run(to_profile, Path(path if path.lower().endswith(".json") else f"{path}.json"))

    def _cancel(self) -> None:
        if self.worker is not None:
            self.worker.quit()

    def _busy(self, is_busy: bool) -> None:
        for button in (self.measure, self.restore, self.create):
            button.enabled = not is_busy
        self.cancel.enabled = self.progress.visible = is_busy

    def _tell(self, sentence: str) -> None:
        self.said.value = sentence
