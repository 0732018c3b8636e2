"""The process environment, read in this one place."""

from __future__ import annotations

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """The variables of this process, as they were when asked for."""
    return dict(os.environ)  # noqa: TID251 - this is the one place that reads it
