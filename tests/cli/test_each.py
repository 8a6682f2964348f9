"""Work on several images: each failure is told with the name of its image."""

import pytest
import typer

from pinsharp.cli.each import Task, carry_out
from pinsharp.errors import ImageError


def failing(name, sentence):
    def work():
        raise ImageError(sentence)

    return Task({"input": name}, work)


def test_every_failure_names_its_image_once(capsys):
    tasks = [failing("a.png", "too small"), failing("b.png", "b.png: not an image")]

    with pytest.raises(typer.Exit):
        carry_out(tasks, as_json=False)
    told = capsys.readouterr().err

    assert "a.png: too small" in told
    assert told.count("b.png") == 1


def test_the_only_failure_names_its_image_too():
    with pytest.raises(ImageError, match=r"a\.png: too small"):
        carry_out([failing("a.png", "too small")], as_json=False)
