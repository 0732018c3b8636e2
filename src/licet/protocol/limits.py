"""Every size, count, depth and wait of the wire contract (``protocol.md`` 1-3, ``evidence.md`` 5)."""

from __future__ import annotations

from typing import Final

INT_MAX: Final = 2**53 - 1
"""Largest magnitude of an integer: above it JSON readers of other languages round silently."""

BODY_BYTES_MAX: Final = 64 * 1024
DEPTH_MAX: Final = 32
MEMBERS_MAX: Final = 1_000
SURFACE_CHARS_MAX: Final = 128
ACTION_CHARS_MAX: Final = 128
AUDIENCE_CHARS_MAX: Final = 128
TYPE_CHARS_MAX: Final = 64
ID_CHARS_MAX: Final = 256
KEY_CHARS_MAX: Final = 128
ON_BEHALF_OF_MAX: Final = 8
TENANT_CHARS_MAX: Final = 63
CLAIM_ID_CHARS_MAX: Final = 128
ORIGIN_CHARS_MAX: Final = 255

JWS_BYTES_MAX: Final = 32 * 1024
PERMIT_BYTES_MAX: Final = 8 * 1024
"""A permit travels in one HTTP header."""
COMPLETION_MEMBERS_MAX: Final = MEMBERS_MAX - 50
"""Its receipt repeats `actual` among some twenty members of its own, and no reader takes over 1,000."""
CLAIM_BYTES_MAX: Final = BODY_BYTES_MAX + PERMIT_BYTES_MAX + 1024
"""A claim carries an effect, which may be as large as a request, its permit, and a little around them."""

ANSWER_BYTES_MAX: Final = 256 * 1024
ANSWER_MEMBERS_MAX: Final = 4_000
TEXT_CHARS_MAX: Final = 4_096
"""A sentence for people that explains a decision."""
EXPLANATIONS_MAX: Final = 512
OBLIGATIONS_MAX: Final = 256
OBLIGATION_CHARS_MAX: Final = 1_024
APPROVAL_NEEDS_MAX: Final = 16
ROLE_CHARS_MAX: Final = 64
REASON_CHARS_MAX: Final = 1_024
"""Why somebody froze, lifted or revoked: it stands in the receipt."""
POLICY_ID_CHARS_MAX: Final = 64
PROBLEM_BYTES_MAX: Final = 1024 * 1024
"""A problem may name the place by a pointer as long as the request that was refused, escapes and all."""
CODE_CHARS_MAX: Final = 64
RETRY_AFTER_S_MAX: Final = 3_600

PERMIT_TTL_S_DEFAULT: Final = 60
PERMIT_TTL_S_MAX: Final = 600
DEADLINE_MS_DEFAULT: Final = 2_000
DEADLINE_MS_MAX: Final = 60_000
IAT_SKEW_S_MAX: Final = 5
"""An executor accepts a permit issued this far ahead of its own clock; nobody allows leeway on ``exp``."""

TRUST_BYTES_MAX: Final = 1024 * 1024
PROOF_BYTES_MAX: Final = 64 * 1024 + 64 * 64
NOTE_BYTES_MAX: Final = 64 * 1024
NOTE_LINES_MAX: Final = 100
"""Signature lines of one note; C2SP asks verifiers to take at least 16, Go's reader stops at 100 too."""
LOG_SIZE_MAX: Final = 2**63 - 1
"""Largest tree size and largest cosignature time: what signed 64-bit readers can hold."""
PROOF_HASHES_MAX: Final = 128
"""A consistency proof below ``LOG_SIZE_MAX`` is shorter; the exact number is checked with the sizes."""
QUORUM_LINES_MAX: Final = 1_024
"""Lines of a tlog-policy; C2SP asks for at least 32 logs, 32 witnesses and 32 groups."""

QUEUE_ENTRIES_MAX: Final = 2_048
BATCH_ENTRIES_MAX: Final = 256
BATCH_BYTES_MAX: Final = 1024 * 1024
PAGE_ROWS_MAX: Final = 1_000
"""Readers never hold a snapshot of the store longer than this many rows."""
