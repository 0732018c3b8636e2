"""Making a home: keys, trust, database, genesis, the first bundle. All of it, or nothing.

Everything is built in a hidden folder beside the target and renamed into place at the end, so a crash
leaves no half home.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from licet.authority.activating import ActivateJob, Checked, check_bundle, open_step
from licet.authority.callers import OWNER, Caller, Role, new_api_key
from licet.authority.clock import SystemClock
from licet.authority.entropy import SystemEntropy
from licet.authority.founding import GenesisJob
from licet.authority.shelf import PolicyShelf
from licet.errors import HomeNotEmpty, LicetError, SettingsInvalid
from licet.ledger.batch import Seals, write_batch
from licet.ledger.checkpointing import log_key
from licet.ledger.page import Job
from licet.ledger.ports import Clock, Entropy
from licet.ledger.publisher import replace_durably, sync_folder
from licet.policy.bundle import Bundle
from licet.policy.compiled import CompiledBundle
from licet.protocol.canonical import canonical_bytes
from licet.protocol.ids import is_origin
from licet.protocol.types import MAIN_TENANT, EntityRef, Origin
from licet.receipt.jws import BUNDLE_TYP, KEY_TYP, seal
from licet.receipt.keys import SEED_BYTES, PrivateKey, log_entry, receipt_entry, root_document
from licet.receipt.signer import Ed25519LogSigner
from licet.receipt.statement import Activation, Genesis, activation_statement, genesis_statement
from licet.store.port import Head, Store, TokenRow
from licet.store.sqlite import create, open_store
from licet.verify.trust import trust_document
from licet.wiring.home import Home

T = TypeVar("T")

NONCE_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """What a new home is."""

    origin: Origin
    root_kid: str
    bundle: str
    version: int
    digest: str
    tests_passed: int


class _Keys(NamedTuple):
    root: PrivateKey
    receipt: PrivateKey
    log: PrivateKey


def found_home(
    directory: Path,
    *,
    template: Mapping[str, bytes],
    origin: str | None = None,
    clock: Clock | None = None,
) -> Founded:
    """Make a home at ``directory`` with the bundle ``template`` active as version 1. Tests give ``clock``.

    Raises:
        HomeNotEmpty: the directory holds something.
        SettingsInvalid: not an origin.
        PolicyInvalid, PolicyTestsFailed: the template cannot decide.
    """
    entropy = SystemEntropy()
    target = Path(os.path.abspath(directory))  # noqa: PTH100 - `resolve` would follow a link we must not
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise HomeNotEmpty(f"`{directory}` is there and not empty", mend="name a new or empty directory")
    name = Origin(origin or f"local-{entropy.draw(4).hex()}.invalid/licet/main")
    if not is_origin(name):
        raise SettingsInvalid(
            f"`{name[:80]}` is not an origin", mend="use a name of your own such as `example.com/licet/main`"
        )
    aside = target.with_name(f".{target.name}.{entropy.draw(4).hex()}")
    aside.mkdir(mode=0o700, parents=True)
    try:
        founded = _build(Home(aside), name, dict(template), entropy, clock or SystemClock())
        if target.exists():
            target.rmdir()
        aside.rename(target)
        # A crash before this line may lose the whole new home: nobody has used it yet.
        sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return founded


def sign_activation(root: PrivateKey, activation: Activation, *, issued_s: int, nonce: str) -> str:
    """The owner's ``licet-bundle+jws`` over one activation."""
    statement = activation_statement(activation, issued_s=issued_s, nonce=nonce)
    return seal(root, BUNDLE_TYP, canonical_bytes(statement))


def _build(home: Home, origin: Origin, template: dict[str, bytes], entropy: Entropy, clock: Clock) -> Founded:
    checked = check_bundle(Bundle.from_files(template))
    keys = _Keys(*(PrivateKey.from_seed(entropy.draw(SEED_BYTES)) for _ in range(3)))
    log = Ed25519LogSigner(origin, keys.log)
    _write_files(home, origin, template, keys)
    tokens = _write_tokens(home, checked.compiled, entropy)
    create(home.database, origin=origin, now_ms=clock.wall_ms())
    seals = Seals(receipts=keys.receipt, log=log, clock=clock, entropy=entropy)
    store = open_store(home.database, origin=origin)
    try:
        _write(store, seals, _genesis(keys, log, origin, tokens))
        activated, head = _write(store, seals, _activation(keys.root, checked, store, seals))
    finally:
        store.close()
    replace_durably(home.last_checkpoint, head.checkpoint.encode("utf-8"))
    _write_trust(home, keys, log_key(log).vkey(), head)
    return Founded(
        origin=origin,
        root_kid=keys.root.kid,
        bundle=activated.bundle,
        version=activated.version,
        digest=activated.digest,
        tests_passed=checked.tests_passed,
    )


def _write(store: Store, seals: Seals, job: Job[T]) -> tuple[T, Head]:
    written = write_batch(store, [job], seals)
    result = written.results[0]
    if isinstance(result, LicetError):
        raise result
    return cast("T", result), written.head


def _genesis(keys: _Keys, log: Ed25519LogSigner, origin: Origin, tokens: tuple[TokenRow, ...]) -> GenesisJob:
    genesis = Genesis(
        threshold=1,
        roots=(keys.root.public,),
        receipt_keys=(keys.receipt.public,),
        log_vkeys=(log_key(log).vkey(),),
        reason="a new home",
    )
    statement = seal(keys.root, KEY_TYP, canonical_bytes(genesis_statement(genesis, origin)))
    return GenesisJob(genesis=genesis, statements=(statement,), tokens=tokens)


def _activation(root: PrivateKey, checked: Checked, store: Store, seals: Seals) -> ActivateJob:
    compiled = checked.compiled
    activation = Activation(
        bundle=compiled.head.name, version=1, digest=compiled.digest, parent=None, reason="a new home"
    )
    jws = sign_activation(
        root,
        activation,
        issued_s=seals.clock.wall_ms() // 1000,
        nonce=seals.entropy.draw(NONCE_BYTES).hex(),
    )
    step = open_step(jws, {root.kid: root.public}, compiled.digest)
    return ActivateJob(checked=checked, step=step, store=store, shelf=PolicyShelf(store))


def _write_files(home: Home, origin: Origin, template: dict[str, bytes], keys: _Keys) -> None:
    for folder in (home.bundle, home.data, home.trust, home.data / "keys"):
        folder.mkdir(mode=0o700)
    _write_file(home.settings, _SETTINGS.format(origin=origin).encode("ascii"), mode=0o600)
    for name, content in template.items():
        path = home.bundle / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_file(path, content, mode=0o600)
    for role, key in (("root", keys.root), ("receipt", keys.receipt), ("log", keys.log)):
        _write_file(home.key(role), key.to_pem(), mode=0o600)


def _write_tokens(home: Home, compiled: CompiledBundle, entropy: Entropy) -> tuple[TokenRow, ...]:
    audience = min(surface.declaration.audience for surface in compiled.surfaces.values())
    executor = Caller(
        tenant=MAIN_TENANT,
        actor=EntityRef(type="service", id=audience),
        roles=frozenset({Role.EXECUTOR}),
        audience=audience,
    )
    keys = (new_api_key(OWNER, entropy), new_api_key(executor, entropy))
    for path, key in zip((home.owner_token, home.executor_token), keys, strict=True):
        _write_file(path, f"{key.reveal()}\n".encode("ascii"), mode=0o600)
    return tuple(key.row for key in keys)


def _write_trust(home: Home, keys: _Keys, vkey: str, head: Head) -> None:
    policy = f"log {vkey}\nquorum none\n"
    document = trust_document(
        policy=policy,
        root=root_document((keys.root.public,), threshold=1),
        keys=(receipt_entry(keys.receipt.public), log_entry(vkey)),
        size=head.size,
        tree_root=head.root,
    )
    _write_file(home.trust_file, canonical_bytes(document) + b"\n", mode=0o644)
    _write_file(home.trust / "policy.txt", policy.encode("ascii"), mode=0o644)


def _write_file(path: Path, content: bytes, *, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


_SETTINGS = """\
# Settings of this home. LICET__SECTION__KEY in the environment goes over them.

[log]
origin = "{origin}"          # the log's name; it is in every receipt and cannot change

[store]
url = "sqlite:data/licet.db"

[service]
listen = "127.0.0.1:8787"    # loopback only: put a TLS proxy on this machine in front for others
socket = "data/licet.sock"
"""
