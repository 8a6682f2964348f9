"""One line of warning if a model was not trained for images of cameras."""

from pathlib import Path

from pinsharp.cli.messages import remark


def say_trained_on(model: str) -> None:
    """Say on stderr what a network was trained on, where that was no camera: its results on cameras may be worse."""
    from pinsharp.nets.weights import read_card, shipped_names, zoo_path

    model = model.removeprefix("ensemble:")
    if model in shipped_names():
        card = read_card(zoo_path(model))
    elif Path(model).suffix == ".safetensors":
        card = read_card(model)
    else:
        return
    if card.get("synthesis", {}).get("distribution") == "paper" and not card["synthesis"].get("camera"):
        remark(
            f"{model} was trained on photographs blurred by Gaussians of 1 to 4 px without noise, as in the paper, and "
            "not on simulated cameras; for images of cameras take swift"
        )
