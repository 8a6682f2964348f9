"""What the command says of models that no camera's images were in the training of."""

import pytest

from pinsharp.cli.trained import say_trained_on


@pytest.mark.parametrize("model, is_said", [("udbd", True), ("swift", False), ("wiener", False), ("selfdeblur", False)])
def test_a_model_that_no_camera_has_trained_says_so(capsys, model, is_said):
    say_trained_on(model)

    assert ("was trained on photographs blurred by Gaussians" in capsys.readouterr().err) is is_said
