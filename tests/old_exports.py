"""Exported files as an earlier version of the package wrote them: whole, with their weights, but with other inputs."""

from pinsharp.export.files import files_of
from pinsharp.runtimes import onnx, openvino

NOW, THEN = "modulation_mono", "modulation"


def make_old(path):
    """Give an input of an exported file the name that it had before; the file's hash is right."""
    if path.suffix == ".xml":
        model, contents = openvino.read_file(path)
        (port,) = (port for port in model.inputs if port.get_any_name() == NOW)
        port.node.set_friendly_name(THEN)
        port.set_names({THEN})
        folder = path.with_name("old")  # not over the weights, which the model maps into memory
        folder.mkdir()
        openvino.write_file(folder / path.name, model, contents)
        for file in files_of(path):
            (folder / file.name).replace(file)
        folder.rmdir()
        return path
    model, contents = onnx.read_file(path)
    for port in model.graph.input:
        port.name = THEN if port.name == NOW else port.name
    for node in model.graph.node:
        node.input[:] = [THEN if name == NOW else name for name in node.input]
    path.write_bytes(onnx.to_bytes(model, contents))
    return path
