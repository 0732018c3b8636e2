------------------------------- MODULE licet -------------------------------
(***************************************************************************)
(* From an ask to an effect: who may write what, when an answer may leave, *)
(* and what a crash, a power loss or a second writer can do to it.         *)
(*                                                                         *)
(* Each guard of the design is a switch. With all of them TRUE no          *)
(* invariant below can be broken within the bounds; with any one FALSE a   *)
(* run that breaks one must exist, or the guard would be decoration.       *)
(* `python3 model/check.py` checks both. README.md maps guards to code.    *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS
  Authorities,  \* processes that decide on one log
  Executors,    \* processes that perform effects
  Keys,         \* idempotency keys; each stands for one request
  k1,           \* the key that version 2 forbids and that a freeze covers
  Kinds,        \* what may be written, and whether there are takeovers
  MaxLog,       \* leaves
  MaxFaults,    \* crashes, power losses and failed syncs, together
  OneIntent     \* all keys are attempts at one and the same effect

CONSTANTS
  \* The writer
  AckAfterCommit,     \* an answer leaves only after COMMIT returned
  PublishAfterCommit, \* ... and so does a checkpoint
  FsyncBeforeAck,     \* COMMIT returns only after the sync
  StartBarrier,       \* a start makes durable what it found, before it answers
  PoisonAfterUnknown, \* after a failed sync the process writes no more
  UnknownIsNotFailed, \* a commit of unknown fate is never reported as failed
  HeadCAS,            \* the head moves only from the size its writer saw
  EpochFence,         \* ... and only in the epoch its writer was started in
  \* Decisions
  KeyInsertGuard,     \* a key is taken by one statement, in the transaction
  RecheckBundleInTxn, \* the active version is compared again in the transaction
  ParentCheckInTxn,   \* an activation names the version it replaces
  FreezeCheckInTxn,   \* a freeze is looked for again in the transaction
  \* Permits
  ClaimGuard,         \* unclaimed -> claimed is one statement
  FreezeCheckAtClaim, \* ... that also wants no freeze
  RevokeCheckAtClaim, \* ... and no revocation
  RevokeGuard,        \* only an unclaimed permit is revoked, in one statement
  CompletionGuard,    \* claimed -> completed is one statement
  \* The enforcing side
  FailClosed,         \* no answer is no permit
  ClaimBeforeEffect,  \* the effect runs only on a claim of one's own
  FreshClaimId,       \* a restarted executor claims under another id
  NewKeyAfterFinal,   \* a second key only after a final answer that is no PERMIT
  \* The world, not a guard: what the machine below is trusted to do
  CacheForgets        \* pages whose sync failed are not read back after a restart

ASSUME k1 \in Keys

VARIABLES
  log,     \* the leaves as written; the tail may be in the page cache only
  vis,     \* how many of them readers see
  dur,     \* how many of them survive a power loss for certain
  hole,    \* a sync failed and its pages were dropped: what follows is not reached
  epoch,   \* of the store; a takeover raises it
  pc,      \* authority: down, idle, looked, begun, written, synced
  job,     \* authority: what it is about to write
  root,    \* authority: the log that its checkpoint is signed over
  mine,    \* authority: the epoch it was started in
  acked,   \* answers that left: <<index, leaf>>
  pub,     \* the largest checkpoint that left, as the leaves under it
  forked,  \* a checkpoint left that does not continue an earlier one
  failed,  \* keys whose caller was told `not recorded, and never will be`
  life,    \* executor: how often it was started
  done,    \* executor: permits it has run since then
  ran,     \* effects per permit, by index; 0 holds those without a permit
  faults   \* faults so far

store == <<log, vis, dur, hole, epoch>>
procs == <<pc, job, root, mine>>
told  == <<acked, pub, forked, failed>>
execs == <<life, done, ran>>
vars  == <<store, procs, told, execs, faults>>

None == [t |-> "none"]

-----------------------------------------------------------------------------
(* What a log says. `l` is the whole log in a transaction, the visible part *)
(* of it anywhere else.                                                     *)

Seen == SubSeq(log, 1, vis)
Cut(n) == SubSeq(log, 1, n)
IsPrefix(s, t) == Len(s) <= Len(t) /\ SubSeq(t, 1, Len(s)) = s

Of(l, t) == {i \in DOMAIN l : l[i].t = t}
Taken(l, k) == \E i \in Of(l, "decision") : l[i].k = k
Active(l) == 1 + Cardinality(Of(l, "activation"))
\* One freeze and one lift at most, so that counting them tells which stands.
Frozen(l, k) == k = k1 /\ Cardinality(Of(l, "freeze")) > Cardinality(Of(l, "lift"))
Verdict(k, v, frozen) ==
  CASE frozen          -> "SILENCE"
    [] k = k1 /\ v > 1 -> "DENY"
    [] OTHER           -> "PERMIT"
Permits(l) == {i \in Of(l, "decision") : l[i].o = "PERMIT"}
About(l, t, p) == {i \in Of(l, t) : l[i].p = p}

ClaimId(e) == <<e, IF FreshClaimId THEN life[e] ELSE 0>>
Up == {a \in Authorities : pc[a] # "down"}
Writing == \E a \in Authorities : pc[a] = "written"

Init ==
  /\ log = <<>> /\ vis = 0 /\ dur = 0 /\ hole = FALSE /\ epoch = 1
  /\ pc \in [Authorities -> {"idle", "down"}] /\ \E a \in Authorities : pc[a] = "idle"
  /\ job = [a \in Authorities |-> None]
  /\ root = [a \in Authorities |-> <<>>]
  /\ mine = [a \in Authorities |-> 1]
  /\ acked = {} /\ pub = <<>> /\ forked = FALSE /\ failed = {}
  /\ life = [e \in Executors |-> 0]
  /\ done = [e \in Executors |-> {}]
  /\ ran = [i \in 0..MaxLog |-> 0]
  /\ faults = 0

-----------------------------------------------------------------------------
(* Look: what happens before the transaction. A job stays looked at for as  *)
(* long as it likes: everything it saw may be old when it is written.       *)

Look(a, j) ==
  /\ j.t \in Kinds
  /\ pc' = [pc EXCEPT ![a] = "looked"]
  /\ job' = [job EXCEPT ![a] = j]
  /\ UNCHANGED <<store, root, mine, told, execs, faults>>

\* A caller whose keys all stand for one effect takes the second only when the first is settled.
MayAsk(k) ==
  \/ ~OneIntent \/ ~NewKeyAfterFinal
  \/ k = k1 /\ k1 \notin failed
  \/ k # k1 /\ (k1 \in failed \/ \E x \in acked : x[2].t = "decision" /\ x[2].k = k1 /\ x[2].o # "PERMIT")

LookDecide(a, k) ==
  /\ ~Taken(Seen, k) /\ MayAsk(k)
  /\ Look(a, [t |-> "decision", k |-> k, v |-> Active(Seen), frozen |-> Frozen(Seen, k)])

LookClaim(a, e, p) ==
  /\ <<p, log[p]>> \in acked
  /\ About(Seen, "claim", p) = {} /\ About(Seen, "revocation", p) = {} /\ ~Frozen(Seen, log[p].k)
  /\ Look(a, [t |-> "claim", p |-> p, c |-> ClaimId(e)])

LookComplete(a, p) ==
  /\ ran[p] > 0
  /\ About(Seen, "claim", p) # {} /\ About(Seen, "completion", p) = {}
  /\ Look(a, [t |-> "completion", p |-> p])

LookRevoke(a, p) ==
  /\ About(Seen, "claim", p) = {} /\ About(Seen, "revocation", p) = {}
  /\ Look(a, [t |-> "revocation", p |-> p])

LookActivate(a) == Active(Seen) = 1 /\ Look(a, [t |-> "activation", v |-> 2])

LookFreeze(a) ==
  \/ Of(Seen, "freeze") = {} /\ Look(a, [t |-> "freeze"])
  \/ Of(Seen, "freeze") # {} /\ Of(Seen, "lift") = {} /\ Look(a, [t |-> "lift"])

LookAtAny(a) ==
  \/ \E k \in Keys : LookDecide(a, k)
  \/ \E p \in Permits(Seen) :
       LookRevoke(a, p) \/ LookComplete(a, p) \/ \E e \in Executors : LookClaim(a, e, p)
  \/ LookActivate(a) \/ LookFreeze(a)

-----------------------------------------------------------------------------
(* The transaction: read the head, run the guarded statements, append,      *)
(* sync, answer.                                                            *)

Begin(a) ==
  /\ pc[a] = "looked" /\ ~Writing
  /\ pc' = [pc EXCEPT ![a] = "begun"]
  /\ root' = [root EXCEPT ![a] = log]
  /\ UNCHANGED <<store, job, mine, told, execs, faults>>

\* With a guard off, what was looked at before the transaction is all that is checked.
Allowed(j) ==
  CASE j.t = "decision"   -> KeyInsertGuard => ~Taken(log, j.k)
    [] j.t = "claim"      -> /\ ClaimGuard => About(log, "claim", j.p) = {}
                             /\ FreezeCheckAtClaim => ~Frozen(log, log[j.p].k)
                             /\ RevokeCheckAtClaim => About(log, "revocation", j.p) = {}
    [] j.t = "completion" -> CompletionGuard => About(log, "completion", j.p) = {}
    [] j.t = "revocation" -> RevokeGuard => About(log, "claim", j.p) \cup About(log, "revocation", j.p) = {}
    [] j.t = "activation" -> ParentCheckInTxn => Active(log) + 1 = j.v
    [] j.t = "freeze"     -> Of(log, "freeze") = {}
    [] j.t = "lift"       -> Of(log, "lift") = {}

\* Decided again, inside the transaction, when what it was decided on has changed.
Leaf(j) ==
  IF j.t # "decision" THEN j
  ELSE LET v == IF RecheckBundleInTxn THEN Active(log) ELSE j.v
           frozen == IF FreezeCheckInTxn THEN Frozen(log, j.k) ELSE j.frozen
       IN [t |-> "decision", k |-> j.k, v |-> v, o |-> Verdict(j.k, v, frozen)]

Fenced(a) == (HeadCAS /\ root[a] # log) \/ (EpochFence /\ mine[a] # epoch)

Become(a, state) ==
  /\ pc' = [pc EXCEPT ![a] = state]
  /\ job' = [job EXCEPT ![a] = None]
  /\ root' = [root EXCEPT ![a] = <<>>]

Refuse(a) ==
  /\ pc[a] = "begun" /\ ~Writing
  /\ ~Allowed(job[a]) /\ Become(a, "idle")
  /\ UNCHANGED <<store, mine, told, execs, faults>>

Fence(a) ==
  /\ pc[a] = "begun" /\ ~Writing
  /\ Allowed(job[a]) /\ Fenced(a) /\ Become(a, "down")
  /\ UNCHANGED <<store, mine, told, execs, faults>>

\* The leaf reaches the file. Nobody else sees it or may write, and nothing is durable yet.
Write(a) ==
  /\ pc[a] = "begun" /\ ~Writing /\ Len(log) < MaxLog
  /\ Allowed(job[a]) /\ ~Fenced(a)
  /\ LET leaf == [by |-> mine[a] = epoch] @@ Leaf(job[a]) IN
       /\ log' = Append(log, leaf)
       /\ root' = [root EXCEPT ![a] = Append(@, leaf)]
  /\ job' = [job EXCEPT ![a] = [t |-> "answer", i |-> Len(log) + 1]]
  /\ pc' = [pc EXCEPT ![a] = "written"]
  /\ UNCHANGED <<vis, dur, hole, epoch, mine, told, execs, faults>>

Sync(a) ==
  /\ pc[a] = "written"
  /\ vis' = Len(log)
  /\ dur' = IF hole \/ ~FsyncBeforeAck THEN dur ELSE Len(log)
  /\ pc' = [pc EXCEPT ![a] = "synced"]
  /\ UNCHANGED <<log, hole, epoch, job, root, mine, told, execs, faults>>

\* Callers and executors act on these two kinds of answer; hearing the others changes nothing.
Heard(i) == IF log[i].t \in {"decision", "claim"} THEN acked \cup {<<i, log[i]>>} ELSE acked

\* A checkpoint binds every smaller size: two that do not continue each other give one size two roots.
Publish(r) ==
  /\ pub' = IF IsPrefix(pub, r) THEN r ELSE pub
  /\ forked' = (forked \/ ~(IsPrefix(pub, r) \/ IsPrefix(r, pub)))

Answer(a) ==
  /\ pc[a] = "synced"
  /\ acked' = Heard(job[a].i)
  /\ Publish(root[a])
  /\ Become(a, "idle")
  /\ UNCHANGED <<store, mine, failed, execs, faults>>

AnswerEarly(a) ==
  /\ ~AckAfterCommit /\ pc[a] = "written"
  /\ acked' = Heard(job[a].i)
  /\ UNCHANGED <<store, procs, pub, forked, failed, execs, faults>>

PublishEarly(a) ==
  /\ ~PublishAfterCommit /\ pc[a] = "written"
  /\ Publish(root[a])
  /\ UNCHANGED <<store, procs, acked, failed, execs, faults>>

\* The same key, or the same claim id, again: its first answer, found among the visible rows.
AnswerAgain(a, i) ==
  /\ acked # Heard(i) /\ acked' = Heard(i)
  /\ UNCHANGED <<store, procs, pub, forked, failed, execs, faults>>

-----------------------------------------------------------------------------
(* Faults, and coming back from them.                                       *)

Fault == faults < MaxFaults /\ faults' = faults + 1

AllDown ==
  /\ pc' = [a \in Authorities |-> "down"]
  /\ job' = [a \in Authorities |-> None]
  /\ root' = [a \in Authorities |-> <<>>]

\* One process dies (before it writes it might as well never have looked). What it had written and not synced is taken back, is there, or (nobody else has
\* the store open) waits in the page cache for the next start.
Crash(a) ==
  /\ pc[a] \in {"idle", "written", "synced"} /\ Fault /\ Become(a, "down")
  /\ \/ pc[a] # "written" /\ UNCHANGED <<log, vis, dur>>
     \/ pc[a] = "written" /\ log' = Cut(vis) /\ UNCHANGED <<vis, dur>>
     \/ pc[a] = "written" /\ ~hole /\ vis' = Len(log) /\ dur' = Len(log) /\ UNCHANGED log
     \/ pc[a] = "written" /\ Up = {a} /\ UNCHANGED <<log, vis, dur>>
  /\ UNCHANGED <<hole, epoch, mine, told, execs>>

\* Everything stops; what was not synced survives up to any point, or not at all.
PowerLoss ==
  /\ Fault /\ AllDown
  /\ \E n \in dur..(IF hole THEN dur ELSE Len(log)) : log' = Cut(n) /\ vis' = n /\ dur' = n
  /\ hole' = FALSE
  /\ UNCHANGED <<epoch, mine, told, execs>>

\* The sync of a commit reports an error: the commit may be there, and it may not.
SyncFails(a) ==
  /\ pc[a] = "written" /\ Fault
  /\ failed' = IF UnknownIsNotFailed \/ log[Len(log)].t # "decision" THEN failed
               ELSE failed \cup {log[Len(log)].k}
  /\ \/ vis' = Len(log) /\ dur' = (IF hole THEN dur ELSE Len(log)) /\ UNCHANGED <<log, hole>>
     \/ PoisonAfterUnknown /\ log' = Cut(dur) /\ vis' = dur /\ UNCHANGED <<dur, hole>>
     \/ (~PoisonAfterUnknown \/ ~CacheForgets)
        /\ hole' = TRUE /\ vis' = Len(log) /\ UNCHANGED <<log, dur>>
  /\ IF PoisonAfterUnknown THEN AllDown ELSE Become(a, "idle")
  /\ UNCHANGED <<epoch, mine, acked, pub, forked, execs>>

\* The first to start finds what the file shows; one commit of its own makes that durable.
Start(a) ==
  /\ pc[a] = "down" /\ Become(a, "idle")
  /\ mine' = [mine EXCEPT ![a] = epoch]
  /\ vis' = IF Up = {} THEN Len(log) ELSE vis
  /\ dur' = IF Up = {} /\ StartBarrier /\ ~hole THEN Len(log) ELSE dur
  /\ UNCHANGED <<log, hole, epoch, told, execs, faults>>

Takeover(a) ==
  /\ "takeover" \in Kinds /\ pc[a] = "idle" /\ ~Writing /\ epoch = 1
  /\ epoch' = 2 /\ mine' = [mine EXCEPT ![a] = 2]
  /\ UNCHANGED <<log, vis, dur, hole, pc, job, root, told, execs, faults>>

-----------------------------------------------------------------------------
(* The enforcing side. Answers reach it late, more than once, or never.     *)

Claimed(e, p) == \E x \in acked : x[2].t = "claim" /\ x[2].p = p /\ x[2].c = ClaimId(e)
Permitted(p) == \E x \in acked : x[1] = p /\ x[2].t = "decision" /\ x[2].o = "PERMIT"

Effect(e, p) ==
  /\ p \notin done[e] /\ (IF ClaimBeforeEffect THEN Claimed(e, p) ELSE Permitted(p))
  /\ done' = [done EXCEPT ![e] = @ \cup {p}]
  /\ ran' = [ran EXCEPT ![p] = @ + 1]
  /\ UNCHANGED <<store, procs, told, life, faults>>

EffectAnyway(e) ==
  /\ ~FailClosed /\ 0 \notin done[e]
  /\ \E a \in Authorities : job[a].t = "decision"
  /\ done' = [done EXCEPT ![e] = @ \cup {0}]
  /\ ran' = [ran EXCEPT ![0] = @ + 1]
  /\ UNCHANGED <<store, procs, told, life, faults>>

\* It forgets what it ran and what it asked for; the answers to its former self still arrive.
ExecutorCrash(e) ==
  /\ done[e] # {} /\ Fault
  /\ life' = [life EXCEPT ![e] = @ + 1]
  /\ done' = [done EXCEPT ![e] = {}]
  /\ UNCHANGED <<store, procs, told, ran>>

Next ==
  \/ PowerLoss
  \/ \E a \in Authorities :
       \/ pc[a] = "idle" /\ Len(log) < MaxLog /\ LookAtAny(a)
       \/ pc[a] = "idle" /\ \E i \in 1..vis : AnswerAgain(a, i)
       \/ Begin(a) \/ Refuse(a) \/ Fence(a) \/ Write(a) \/ Sync(a) \/ Answer(a) \/ AnswerEarly(a)
       \/ PublishEarly(a) \/ Crash(a) \/ SyncFails(a) \/ Start(a) \/ Takeover(a)
  \/ \E e \in Executors :
       \/ \E p \in DOMAIN log : Effect(e, p)
       \/ EffectAnyway(e) \/ ExecutorCrash(e)

Spec == Init /\ [][Next]_vars

Alike == Permutations(Authorities) \cup Permutations(Executors)

-----------------------------------------------------------------------------
(* What must hold in every state. After a power loss `log` is what is left, *)
(* so "is in the log" says "is durable" without looking into the machine.   *)

TypeOK ==
  /\ vis \in 0..MaxLog /\ dur \in 0..MaxLog /\ dur <= Len(log) /\ vis <= Len(log) /\ Len(log) <= MaxLog
  /\ hole \in BOOLEAN /\ epoch \in 1..2 /\ faults \in 0..MaxFaults
  /\ pc \in [Authorities -> {"down", "idle", "looked", "begun", "written", "synced"}]
  /\ Cardinality({a \in Authorities : pc[a] = "written"}) <= 1

\* I1: no effect without a durable PERMIT.
NoEffectWithoutPermit == ran[0] = 0 /\ \A p \in 1..MaxLog : ran[p] > 0 => p \in Permits(log)
\* I1, T22: nor without a claim on record.
NoEffectWithoutClaim == \A p \in 1..MaxLog : ran[p] > 0 => p <= Len(log) /\ About(log, "claim", p) # {}
\* I4: effects per permit, and per intent whatever its keys.
EffectsAtMostOnce == \A p \in 1..MaxLog : ran[p] <= 1
OneEffectPerIntent == OneIntent => \A p, q \in 1..MaxLog : ran[p] > 0 /\ ran[q] > 0 => p = q
\* I2: an answer that left is never lost and never another.
AckedSurvives == \A x \in acked : x[1] <= Len(log) /\ log[x[1]] = x[2]
\* I3: one key, one terminal decision.
OneDecisionPerKey == \A i, j \in Of(log, "decision") : log[i].k = log[j].k => i = j
\* I4: a permit is claimed at most once, and completed at most once, after that.
ClaimedOnce == \A i, j \in Of(log, "claim") : log[i].p = log[j].p => i = j
CompletedOnce == \A i, j \in Of(log, "completion") : log[i].p = log[j].p => i = j
\* I10: a checkpoint that left covers durable leaves, and a size has one root.
CheckpointSurvives == Len(pub) <= Len(log)
OneRootPerSize == ~forked
\* Who was taken over writes nothing.
NoLeafAfterTakeover == \A i \in DOMAIN log : log[i].by
\* From the leaf of an activation, freeze or revocation on, nothing is done under what it ended.
NoPermitUnderSuperseded == \A i \in Permits(log) : log[i].v = Active(Cut(i - 1))
NoPermitUnderFreeze == \A i \in Permits(log) : ~Frozen(Cut(i - 1), log[i].k)
NoClaimUnderFreeze == \A i \in Of(log, "claim") : ~Frozen(Cut(i - 1), log[log[i].p].k)
NoClaimAfterRevocation == \A i \in Of(log, "claim") : About(Cut(i - 1), "revocation", log[i].p) = {}
NoRevocationAfterClaim == \A i \in Of(log, "revocation") : About(Cut(i - 1), "claim", log[i].p) = {}
VersionsAreGapless == \A i \in Of(log, "activation") : log[i].v = Active(Cut(i - 1)) + 1

-----------------------------------------------------------------------------
(* Must be broken even with every guard on: a model in which nothing can be *)
(* done keeps every promise. A permit lived to its end, across a fault.     *)
NothingIsEverDone == ~(faults > 0 /\ Of(log, "completion") # {} /\ Cardinality(Of(log, "decision")) = 2)

=============================================================================
