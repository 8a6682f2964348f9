"""Recipes of training pairs that processes of their own carry out, for tests."""

from pinsharp.data.cameras.ahead import Recipe


class Dying(Recipe):
    """One whose processes end at their first batch."""

    def maker(self):
        def die(indices):
            raise SystemExit(3)

        return die
