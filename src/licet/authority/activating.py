"""Activation of a bundle: built, tested and signed for outside the transaction, switched inside it.

In a home without governance roles the owner's root key activates alone, and that too is a leaf
(``protocol.md`` 5, ``arbiter.md`` 1.8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from licet.authority.shelf import PolicyShelf
from licet.errors import Malformed, NotAllowed, PolicyTestsFailed, StaleParent
from licet.ledger.page import Page
from licet.policy.build import build_bundle
from licet.policy.bundle import Bundle
from licet.policy.compiled import CompiledBundle
from licet.policy.testing import run
from licet.protocol.ed25519 import verify
from licet.protocol.types import MAIN_TENANT, Digest, LeafIndex, ReceiptId
from licet.receipt.jws import BUNDLE_TYP, read_kid, split
from licet.receipt.read import BundleReceipt, BundleStatement, read_bundle_statement, read_receipt
from licet.receipt.statement import Activation, bundle_document
from licet.store.port import ActivationRow, BundleRow, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Activated:
    """An activation receipt, its place, and what it switched to."""

    receipt: str
    receipt_id: ReceiptId
    index: LeafIndex
    bundle: str
    version: int
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A bundle that builds and whose own tests hold, all ``tests_passed`` of them."""

    compiled: CompiledBundle
    tests_passed: int


def check_bundle(bundle: Bundle) -> Checked:
    """Build ``bundle`` and run its tests.

    Raises:
        PolicyInvalid: it cannot be built; all findings are in the error.
        PolicyTestsFailed: its own tests do not hold.
    """
    compiled = build_bundle(bundle)
    results = run(compiled)
    failed = [result for result in results if not result.passed]
    if failed:
        first = failed[0].case
        raise PolicyTestsFailed(
            f"{len(failed)} of {len(results)} tests of `{compiled.head.name}` fail, "
            f"first `{first.label()}` ({first.place.file}:{first.place.line})",
            mend="run `licet policy test` to see what each expected and got",
        )
    return Checked(compiled=compiled, tests_passed=len(results))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStep:
    """The owner's own signature over an activation, already verified against the root keys."""

    jws: str
    kid: str
    statement: BundleStatement


def open_step(jws: str, roots: Mapping[str, bytes], digest: Digest) -> SignedStep:
    """Verify the owner's signature over the activation of ``digest``.

    Raises:
        NotAllowed: not a genuine activation of this bundle by a root key of this home.
    """
    mend = "sign the activation with the home's root key: `licet policy activate` does it"
    try:
        compact = split(jws)
        kid = read_kid(compact.header, BUNDLE_TYP)
        statement = read_bundle_statement(compact.payload)
    except Malformed as error:
        raise NotAllowed(f"the statement cannot be read: {error.message}", mend=mend) from error
    public = roots.get(kid)
    if public is None or not verify(public, compact.signed, compact.signature):
        raise NotAllowed("the statement is not signed by a root key of this home", mend=mend)
    if statement.op != "activate" or statement.bundle_digest != digest:
        raise NotAllowed("the statement is about another step or another bundle", mend=mend)
    return SignedStep(jws=jws, kid=kid, statement=statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateJob:
    """Make a checked bundle the active one."""

    checked: Checked
    step: SignedStep
    store: Store
    shelf: PolicyShelf

    def write(self, page: Page) -> Activated:
        """Switch, or say why not. From this commit on no decision uses the version before.

        Raises:
            StaleParent: another version is active than the one the statement was made against, or the
                statement was used before.
            NotAllowed: an earlier version activated again without a reason.
        """
        active = page.txn.active()
        statement = self.step.statement
        parent = None if active is None else active.digest
        if statement.parent_digest != parent:
            # Attack: an old, genuine activation replayed to bring a withdrawn rule back.
            raise StaleParent(
                f"the statement was signed against `{statement.parent_digest}`, active is `{parent}`",
                mend="look at what is active now and sign again",
            )
        compiled = self.checked.compiled
        if active is not None and active.digest == compiled.digest:
            raise StaleParent(
                f"`{compiled.digest}` is active already as version {active.version}",
                mend="nothing needs to be done",
            )
        if self._was_active_before(compiled.digest) and not statement.reason:
            raise NotAllowed(
                "this bundle was active before: going back is a rollback",
                mend="say why with `--reason`",
            )
        if self._signed_before(page):
            # Attack: a genuine statement used twice, to bring back a version that was rolled back since.
            raise StaleParent("this statement was used before", mend="sign the step anew")
        return self._switch(page, active)

    def _switch(self, page: Page, active: ActivationRow | None) -> Activated:
        compiled = self.checked.compiled
        version = 1 if active is None else active.version + 1
        page.txn.insert_bundle(
            BundleRow(
                digest=compiled.digest,
                name=compiled.head.name,
                label=compiled.head.label,
                packed=compiled.bundle.pack(),
                stored_ms=page.now_ms,
            )
        )
        document = bundle_document(
            Activation(
                bundle=compiled.head.name,
                version=version,
                digest=compiled.digest,
                parent=None if active is None else active.digest,
                reason=self.step.statement.reason,
            ),
            kid=self.step.kid,
            statement=self.step.jws,
            stamp=page.stamp(MAIN_TENANT),
        )
        # The writer finds the new bundle by digest as soon as this row is visible to it.
        self.shelf.keep(compiled)
        sealed = page.seal(document)
        page.txn.insert_activation(
            ActivationRow(
                version=version, bundle=compiled.head.name, digest=compiled.digest, index=sealed.index
            )
        )
        return Activated(
            receipt=sealed.jws,
            receipt_id=sealed.receipt_id,
            index=sealed.index,
            bundle=compiled.head.name,
            version=version,
            digest=compiled.digest,
        )

    def _signed_before(self, page: Page) -> bool:
        signed = split(self.step.jws).payload
        for row in self.store.activations():
            receipt = page.receipt(row.index)
            if receipt is None or receipt.jws is None:
                continue
            earlier = read_receipt(receipt.jws)
            if isinstance(earlier, BundleReceipt) and split(earlier.statement).payload == signed:
                return True
        return False

    def _was_active_before(self, digest: Digest) -> bool:
        return any(row.digest == digest for row in self.store.activations())
