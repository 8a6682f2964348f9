"""As much of napari's viewer, layers and workers as the plug-in uses; work is done at once."""

from types import SimpleNamespace

import numpy as np


class Image:
    """An image layer, whose pixels are `step` apart, the first one's centre at `origin`."""

    def __init__(self, data, *, name="image", rgb=False, multiscale=False, metadata=None, step=1.0, origin=0.0):
        self.data, self.name, self.rgb, self.multiscale = data, name, rgb, multiscale
        self.metadata, self.step, self.origin, self.visible = metadata or {}, step, origin, True

    def world_to_data(self, place):
        return (np.asarray(place) - self.origin) / self.step

    def as_layer_data_tuple(self):
        kept = {name: getattr(self, name) for name in ("name", "rgb", "multiscale", "metadata", "step", "origin")}
        return self.data, kept, "image"


class Shapes:
    """A layer of shapes, in the world's coordinates."""

    shape_type, name = "rectangle", "shapes"

    def __init__(self, *shapes, selected=()):
        self.data, self.selected_data, self.visible = [np.array(shape, float) for shape in shapes], set(selected), True

    def data_to_world(self, place):
        return place


class Layers(list):
    """A list that knows what is chosen."""

    def __init__(self, *layers):
        super().__init__(layers)
        self.selection = SimpleNamespace(active=layers[-1] if layers else None)


def viewer_of(*layers, step=(0, 0)):
    viewer = SimpleNamespace(layers=Layers(*layers), dims=SimpleNamespace(current_step=step))
    viewer.add_image = lambda data, **kept: viewer.layers.append(Image(data, **kept))
    return viewer


class Signal:
    """Calls what was connected."""

    def __init__(self):
        self.called = []

    def connect(self, function):
        self.called.append(function)

    def emit(self, *values):
        for function in self.called:
            function(*values)


class Worker:
    """Does its work when it is started, in this thread; `stop_after` planes it is told to quit."""

    def __init__(self, work, *, _progress, stop_after=None):
        self.work, self.progress, self.stop_after, self.yields = work, _progress, stop_after, 0
        self.returned, self.aborted, self.yielded, self.finished = Signal(), Signal(), Signal(), Signal()

    def start(self):
        steps = self.work()
        while self.yields != self.stop_after:
            try:
                next(steps)
            except StopIteration as done:
                self.returned.emit(done.value)
                break
            self.yields += 1
        else:
            self.aborted.emit()
        self.finished.emit()
