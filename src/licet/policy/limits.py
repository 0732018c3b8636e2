"""Every size and count of a bundle (``policy.md`` 1 and 2): what is over is refused, never cut."""

from __future__ import annotations

from typing import Final

FILES_MAX: Final = 2_000
FILE_BYTES_MAX: Final = 1024 * 1024
BUNDLE_BYTES_MAX: Final = 16 * 1024 * 1024
PATH_CHARS_MAX: Final = 180
PATH_SEGMENTS_MAX: Final = 8
SEGMENT_CHARS_MAX: Final = 64
"""With these two every path fits the 155 + 100 bytes of a ustar header (``archive.py``)."""

SURFACES_MAX: Final = 500
POLICIES_MAX: Final = 10_000
BRACKETS_MAX: Final = 64
"""Brackets open at once in a rule. The engine itself gives up near 100; its parser overran at 700."""
CHAINED_MAX: Final = 600
"""Operators, members and brackets above one place of a rule; the parser overran between 1,000 and 1,900."""
ANNOTATIONS_MAX: Final = 32
ENTITIES_MAX: Final = 100_000
MEMBERSHIPS_MAX: Final = 1_000_000
"""Pairs of an entity and a group it is in, at any distance: the engine walks them all, for each surface."""
CASES_MAX: Final = 20_000
ACTIONS_MAX: Final = 64
GROUPS_MAX: Final = 16
FIELDS_MAX: Final = 128
FIELD_DEPTH_MAX: Final = 8
FACTS_MAX: Final = 32
ENUM_MAX: Final = 256
RULES_NAMED_MAX: Final = 256
"""Determining and errored ids of one decision together: more would not fit a receipt."""

NAME_CHARS_MAX: Final = 64
TEXT_CHARS_MAX: Final = 300
STRING_CHARS_MAX: Final = 64 * 1024
PATTERN_CHARS_MAX: Final = 256
PATTERN_REPEAT_MAX: Final = 1_000

RANGES_PER_DAY_MAX: Final = 16
HOLIDAYS_MAX: Final = 2_000
FREEZES_MAX: Final = 200

COMPLETION_DEADLINE_S_MAX: Final = 366 * 86_400
APPROVAL_TTL_S_MAX: Final = 366 * 86_400
RETENTION_DAYS_MAX: Final = 36_525

FINDINGS_SHOWN_MAX: Final = 20
