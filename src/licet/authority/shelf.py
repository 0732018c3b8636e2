"""The bundles that can decide, compiled, by digest. Swapped by reference, never changed in place."""

from __future__ import annotations

import threading
from collections import OrderedDict

from licet.decision.snapshot import ActiveBundle
from licet.errors import PolicyInvalid
from licet.policy.build import build_bundle
from licet.policy.bundle import Bundle
from licet.policy.compiled import CompiledBundle
from licet.protocol.types import Digest
from licet.store.port import ActivationRow, BundleRow, Store

BUNDLES_KEPT = 4


class PolicyShelf:
    """Compiled bundles; the active one is named by the store, not by the shelf."""

    def __init__(self, store: Store) -> None:
        """Nothing is compiled before it is asked for."""
        self._store = store
        self._kept: OrderedDict[Digest, CompiledBundle] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, compiled: CompiledBundle) -> None:
        """Put a compiled bundle in reach of decisions that find it active."""
        with self._lock:
            self._kept[compiled.digest] = compiled
            self._kept.move_to_end(compiled.digest)
            while len(self._kept) > BUNDLES_KEPT:
                self._kept.popitem(last=False)

    def active(self, row: ActivationRow | None) -> ActiveBundle | None:
        """The bundle of an activation; None when it is missing, damaged or cannot be built.

        None ends in SILENCE / ``policy_unavailable``.
        """
        if row is None:
            return None
        compiled = self._kept.get(row.digest) or self._load(row)
        return None if compiled is None else ActiveBundle(compiled=compiled, version=row.version)

    def _load(self, row: ActivationRow) -> CompiledBundle | None:
        stored = self._store.bundle(row.digest)
        if stored is None:
            return None
        compiled = compile_stored(stored)
        if compiled is not None:
            self.keep(compiled)
        return compiled


def compile_stored(stored: BundleRow) -> CompiledBundle | None:
    """The compiled form of stored bytes, or None when they are not what their digest says."""
    try:
        bundle = Bundle.unpack(stored.packed)
        # INVARIANT: what decides is what was activated. Bytes changed in the database have another
        # digest and decide nothing (test_bundle_changed_in_the_store_decides_nothing).
        return build_bundle(bundle) if bundle.digest == stored.digest else None
    except PolicyInvalid:
        return None
