-- The store of a log, version 1 (storage.md 5). Forward only: a later version adds a file, never edits this one.
--
-- Every key starts with log_id. STRICT refuses a value of another type. A CHECK stands where a row could lie
-- about an outcome, a digest or the order of events; the guards themselves are statements, not constraints.
-- Wide rows (a JWS, a body, a tile, a bundle) keep a rowid: in a WITHOUT ROWID table anything above a quarter
-- page goes to overflow pages and every insert would write twice.

CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE log_head (
  log_id TEXT NOT NULL PRIMARY KEY,
  origin TEXT NOT NULL CHECK (length(origin) BETWEEN 1 AND 255),
  epoch INTEGER NOT NULL CHECK (epoch >= 1),
  size INTEGER NOT NULL CHECK (size >= 0),
  root BLOB NOT NULL CHECK (length(root) = 32),
  frontier BLOB NOT NULL CHECK (length(frontier) % 32 = 0 AND length(frontier) <= 2048),
  checkpoint TEXT NOT NULL CHECK ((checkpoint = '') = (size = 0)),
  updated_ms INTEGER NOT NULL CHECK (updated_ms >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
  log_id TEXT NOT NULL,
  idx INTEGER NOT NULL CHECK (idx >= 0),
  receipt_id TEXT NOT NULL CHECK (length(receipt_id) = 36),
  kind TEXT NOT NULL CHECK (kind <> ''),
  tenant TEXT NOT NULL CHECK (tenant <> ''),
  issued_s INTEGER NOT NULL CHECK (issued_s >= 0),
  outcome TEXT CHECK (outcome IN ('PERMIT', 'DENY', 'SILENCE')),
  reason TEXT CHECK ((reason IS NULL) = (outcome IS NULL)),
  surface TEXT,
  actor TEXT,
  bundle TEXT CHECK (
    length(bundle) = 71 AND bundle GLOB 'sha256:*' AND NOT substr(bundle, 8) GLOB '*[^0-9a-f]*'
  ),
  leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
  jws_digest BLOB NOT NULL CHECK (length(jws_digest) = 32),
  jws TEXT CHECK (length(jws) BETWEEN 1 AND 32768),
  PRIMARY KEY (log_id, idx),
  CHECK ((kind = 'decision') = (outcome IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX receipt_ids ON receipts (log_id, receipt_id);
-- Each search index costs a random page per row: these three and no more.
CREATE INDEX receipts_surface ON receipts (log_id, surface, idx) WHERE surface IS NOT NULL;
CREATE INDEX receipts_actor ON receipts (log_id, actor, idx) WHERE actor IS NOT NULL;
CREATE INDEX receipts_outcome ON receipts (log_id, outcome, idx) WHERE outcome IS NOT NULL;

CREATE TABLE bodies (
  log_id TEXT NOT NULL,
  idx INTEGER NOT NULL CHECK (idx >= 0),
  request BLOB NOT NULL,
  facts BLOB NOT NULL,
  explanation BLOB NOT NULL,
  correlation TEXT,
  PRIMARY KEY (log_id, idx)
) STRICT;

CREATE TABLE checkpoints (
  log_id TEXT NOT NULL,
  size INTEGER NOT NULL CHECK (size >= 1),
  root BLOB NOT NULL CHECK (length(root) = 32),
  note TEXT NOT NULL CHECK (length(note) BETWEEN 1 AND 65536),
  PRIMARY KEY (log_id, size)
) STRICT, WITHOUT ROWID;

CREATE TABLE tiles (
  log_id TEXT NOT NULL,
  level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 7),
  number INTEGER NOT NULL CHECK (number >= 0),
  root BLOB NOT NULL CHECK (length(root) = 32),
  hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
  PRIMARY KEY (log_id, level, number)
) STRICT;

-- One row per idempotency key, for ever. The one table that grows at random places, so its digest is 32 bytes.
CREATE TABLE idem (
  log_id TEXT NOT NULL,
  key BLOB NOT NULL CHECK (length(key) = 32),
  idx INTEGER NOT NULL CHECK (idx >= 0),
  request_digest BLOB NOT NULL CHECK (length(request_digest) = 32),
  PRIMARY KEY (log_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE permits (
  log_id TEXT NOT NULL,
  idx INTEGER NOT NULL CHECK (idx >= 0),
  receipt_id TEXT NOT NULL CHECK (length(receipt_id) = 36),
  tenant TEXT NOT NULL CHECK (tenant <> ''),
  surface TEXT NOT NULL CHECK (surface <> ''),
  actor TEXT NOT NULL CHECK (actor <> ''),
  audience TEXT NOT NULL CHECK (audience <> ''),
  effect_digest TEXT NOT NULL CHECK (
    length(effect_digest) = 71
    AND effect_digest GLOB 'sha256:*' AND NOT substr(effect_digest, 8) GLOB '*[^0-9a-f]*'
  ),
  expires_s INTEGER NOT NULL CHECK (expires_s >= 0),
  claimed_s INTEGER CHECK (claimed_s < expires_s),
  claim_id TEXT CHECK (claim_id IS NULL OR claimed_s IS NOT NULL),
  claim_idx INTEGER CHECK (claim_idx > idx),
  completion_status TEXT CHECK (completion_status IN ('executed', 'failed', 'not_executed', 'unknown')),
  completion_idx INTEGER CHECK (completion_idx > claim_idx),
  revoked_idx INTEGER CHECK (revoked_idx > idx),
  PRIMARY KEY (log_id, idx),
  CHECK (revoked_idx IS NULL OR claimed_s IS NULL),
  CHECK ((claimed_s IS NULL) = (claim_idx IS NULL)),
  CHECK ((completion_status IS NULL) = (completion_idx IS NULL)),
  CHECK (completion_status IS NULL OR claimed_s IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX permit_ids ON permits (log_id, receipt_id);
-- What is open, for whoever must stop or reconcile it: read from `now` on, and only while nothing is reported.
CREATE INDEX permits_unclaimed ON permits (log_id, expires_s) WHERE claimed_s IS NULL AND revoked_idx IS NULL;
CREATE INDEX permits_running ON permits (log_id, idx) WHERE claimed_s IS NOT NULL AND completion_status IS NULL;

-- One row per freeze that was ever set. What stops now is what the partial index holds, and it holds a scope once.
CREATE TABLE freezes (
  log_id TEXT NOT NULL,
  idx INTEGER NOT NULL CHECK (idx >= 0),
  freeze_id TEXT NOT NULL CHECK (length(freeze_id) = 36),
  tenant TEXT NOT NULL CHECK (tenant <> ''),
  kind TEXT NOT NULL CHECK (kind IN ('all', 'tenant', 'surface', 'actor')),
  name TEXT NOT NULL,
  lifted_idx INTEGER CHECK (lifted_idx > idx),
  PRIMARY KEY (log_id, idx),
  CHECK ((name = '') = (kind IN ('all', 'tenant'))),
  CHECK (kind <> 'all' OR tenant = 'main')
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX freeze_ids ON freezes (log_id, freeze_id);
CREATE UNIQUE INDEX freezes_stopping ON freezes (log_id, tenant, kind, name) WHERE lifted_idx IS NULL;

CREATE TABLE bundles (
  log_id TEXT NOT NULL,
  digest TEXT NOT NULL CHECK (
    length(digest) = 71 AND digest GLOB 'sha256:*' AND NOT substr(digest, 8) GLOB '*[^0-9a-f]*'
  ),
  name TEXT NOT NULL CHECK (name <> ''),
  label TEXT NOT NULL,
  packed BLOB NOT NULL,
  stored_ms INTEGER NOT NULL CHECK (stored_ms >= 0),
  PRIMARY KEY (log_id, digest)
) STRICT;

-- The newest version is the active bundle. Its bytes must be here when the transaction commits.
CREATE TABLE activations (
  log_id TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version >= 1),
  bundle TEXT NOT NULL CHECK (bundle <> ''),
  digest TEXT NOT NULL,
  idx INTEGER NOT NULL CHECK (idx >= 0),
  PRIMARY KEY (log_id, version),
  FOREIGN KEY (log_id, digest) REFERENCES bundles (log_id, digest) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
  log_id TEXT NOT NULL,
  token_id TEXT NOT NULL CHECK (token_id <> ''),
  secret_sha256 BLOB NOT NULL CHECK (length(secret_sha256) = 32),
  tenant TEXT NOT NULL CHECK (tenant <> ''),
  actor_type TEXT NOT NULL CHECK (actor_type <> ''),
  actor_id TEXT NOT NULL CHECK (actor_id <> ''),
  roles TEXT NOT NULL,
  audience TEXT,
  expires_s INTEGER CHECK (expires_s >= 0),
  revoked INTEGER NOT NULL CHECK (revoked IN (0, 1)),
  PRIMARY KEY (log_id, token_id)
) STRICT, WITHOUT ROWID;
