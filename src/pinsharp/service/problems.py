"""Whatever is refused, as an answer: a status, and the same sentence as on the command line (RFC 9457)."""

import json
import math
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from pinsharp import errors
from pinsharp.errors import PinsharpError

MEDIA_TYPE = "application/problem+json"

BUG = "an error of the service itself; its log has more"
"""What is said of what nobody should see."""

_STATUS = {
    "ImageError": 422,
    "FormatError": 422,
    "KernelError": 400,
    "ConfigError": 400,
    "WeightsError": 400,
    "MissingExtra": 400,
    "OutputError": 503,
    "PinsharpError": 400,
}
"""How each kind of error is answered; an output that cannot be written is the server's trouble, a full disk."""


class Refused(Exception):
    """Ends a request.

    Args:
        status: Of HTTP.
        reason: One word for metrics.
        sentence: What was expected, what came, what to do.
        retry_s: When it is worth another try, in seconds; None if it is not.
    """

    def __init__(self, status: int, reason: str, sentence: str, *, retry_s: float | None = None) -> None:
        super().__init__(sentence)
        self.status, self.reason, self.sentence, self.retry_s = status, reason, sentence, retry_s

    @classmethod
    def of(cls, kind: str, sentence: str) -> "Refused":
        """What a user has caused, by the name of its error."""
        status = _STATUS.get(kind, 500)
        return cls(status, kind, sentence, retry_s=60 if status == 503 else None)

    def answer(self) -> Response:
        """The answer."""
        headers = {} if self.retry_s is None else {"Retry-After": str(max(1, round(self.retry_s)))}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return problem(self.status, self.sentence, reason=self.reason, headers=headers)


def problem(status: int, sentence: str, *, reason: str, headers: dict[str, str] | None = None) -> Response:
    """An answer that says in one sentence what is wrong."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": " ".join(sentence.split()),
        "reason": reason,
    }
    return Response(as_json(document), status, headers, MEDIA_TYPE)


def kind_of(error: PinsharpError) -> str:
    """The name of an error that users can cause, or of the nearest family that it belongs to."""
    names: list[str] = [kind.__name__ for kind in type(error).__mro__ if getattr(errors, kind.__name__, None) is kind]
    return names[0]


def as_json(value: Any) -> str:
    """JSON of ASCII, on one line, in which what is no finite number is null."""
    return json.dumps(_finite(value), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
