"""tlog-policy texts: the grammar of C2SP, every rule with a text that breaks it."""

from __future__ import annotations

from itertools import combinations

import pytest

from licet.tlog.note import Algorithm, NoteKey, note_key
from licet.tlog.policy import QuorumPolicy, QuorumTextError, parse_policy
from sample_log import LOG, ORIGIN, WITNESS, signer

W = [signer(f"w{number}.example", Algorithm.COSIGNATURE, 10 + number).key for number in range(6)]
PQ = note_key(ORIGIN, Algorithm.MLDSA44, bytes(1_312))
LOG_LINE = f"log {LOG.key.vkey()}\n"


def witness_lines(names: str = "abcdef") -> str:
    return "".join(f"witness {name} {key.vkey()}\n" for name, key in zip(names, W, strict=False))


def policy(text: str) -> QuorumPolicy:
    return parse_policy(text.encode())


def test_the_trust_file_of_the_design_is_read():
    found = policy(
        f"{LOG_LINE}witness pq {PQ.vkey()}\nwitness audit {W[0].vkey()}\ngroup q all pq audit\nquorum q\n"
    )

    assert found.logs == (LOG.key,)
    assert [(one.name, one.key) for one in found.witnesses] == [("pq", PQ), ("audit", W[0])]
    assert [(one.name, one.threshold, one.members) for one in found.groups] == [("q", 2, ("pq", "audit"))]
    assert found.quorum == "q"


def test_the_two_level_example_of_the_specification_counts_as_it_says():
    found = policy(
        f"{LOG_LINE}\n{witness_lines()}"
        "group X-witnesses 2 a b c\ngroup Y-witnesses any d e f\ngroup X-and-Y all X-witnesses Y-witnesses\n"
        "quorum X-and-Y\n"
    )

    for count in range(7):
        for cosigned in combinations("abcdef", count):
            xs, ys = len(set("abc") & set(cosigned)), len(set("def") & set(cosigned))
            assert found.is_met(frozenset(cosigned)) == (xs >= 2 and ys >= 1)


def test_no_quorum_is_met_by_nobody_and_a_witness_by_itself_alone():
    assert policy("quorum none\n").is_met(frozenset())
    single = policy(f"{witness_lines('ab')}quorum a\n")
    assert single.is_met(frozenset("a"))
    assert not single.is_met(frozenset("b"))


def test_white_space_comments_and_urls_mean_nothing():
    plain = policy(f"{LOG_LINE}{witness_lines('a')}quorum a\n")
    decorated = (
        f"# caf\u00e9\n\n \t\n  log\t {LOG.key.vkey()}  https://log.example/ \n"
        f"\t# quorum none\nwitness a {W[0].vkey()} https://w.example\nquorum a \t\n"
    )

    assert policy(decorated) == plain


def test_octets_above_ascii_are_compared_as_they_are():
    kelvin = f"witness \u212a {W[0].vkey()}\nquorum \u212a\n"
    latin = f"witness \u00e9 {W[0].vkey()}\nquorum \u00e9\n".encode("latin-1")

    assert policy(kelvin).is_met(frozenset(["\u212a"]))
    assert parse_policy(latin).quorum == "\udce9"
    with pytest.raises(QuorumTextError, match="not defined"):
        policy(kelvin.replace("quorum \u212a", "quorum K"))


def test_thirty_two_logs_witnesses_and_groups_are_taken():
    logs = [signer(f"log{number}.example", Algorithm.ED25519, 50 + number).key for number in range(32)]
    witnesses = [
        signer(f"wit{number}.example", Algorithm.COSIGNATURE, 90 + number).key for number in range(32)
    ]
    text = "".join(f"log {key.vkey()}\n" for key in logs)
    text += "".join(f"witness w{number} {key.vkey()}\n" for number, key in enumerate(witnesses))
    text += "".join(f"group g{number} all w{number}\n" for number in range(32))

    found = policy(f"{text}quorum g31\n")

    assert (len(found.logs), len(found.witnesses), len(found.groups)) == (32, 32, 32)
    assert found.is_met(frozenset(["w31"]))


def renamed(key: NoteKey, name: str) -> str:
    return note_key(name, key.algorithm, key.public).vkey()


TWO = witness_lines("ab")
COLLIDING = [
    note_key("w.example", Algorithm.MLDSA44, number.to_bytes(4, "big") * 328) for number in (10_855, 48_759)
]
"""Found by trying 48,759 keys: an id of four bytes is no commitment."""
REFUSED = {
    "no quorum": (LOG_LINE, "no quorum line"),
    "two quorums": ("quorum none\nquorum none\n", "line 2: a second quorum"),
    "a quorum of nobody": ("quorum a\n", "`a` is not defined"),
    "a quorum defined later": (f"quorum a\n{TWO}", "line 1: the name `a` is not defined"),
    "a member defined later": (f"group g any a\n{TWO}quorum g\n", "`a` is not defined"),
    "a group in itself": (f"{TWO}group g any g\nquorum g\n", "`g` is not defined"),
    "none as a member": (f"{TWO}group g any none\nquorum g\n", "`none` is not defined"),
    "none as a witness": (f"witness none {W[0].vkey()}\nquorum none\n", "`none` is taken"),
    "none as a group": (f"{TWO}group none any a\nquorum none\n", "`none` is taken"),
    "one name twice": (f"{TWO}group a any b\nquorum a\n", "`a` is taken"),
    "a member twice": (f"{TWO}group g any a a\nquorum g\n", "member of a group already"),
    "a member of two groups": (f"{TWO}group g any a\ngroup h any a\nquorum g\n", "member of a group already"),
    "no member": (f"{TWO}group g any\nquorum g\n", "expected `group"),
    "threshold 0": (f"{TWO}group g 0 a b\nquorum g\n", "threshold `0`"),
    "threshold over n": (f"{TWO}group g 3 a b\nquorum g\n", "threshold `3`"),
    "threshold 02": (f"{TWO}group g 02 a b\nquorum g\n", "threshold `02`"),
    "threshold +1": (f"{TWO}group g +1 a b\nquorum g\n", "threshold `\\+1`"),
    "threshold some": (f"{TWO}group g some a b\nquorum g\n", "threshold `some`"),
    "an unknown word": ("logs x\nquorum none\n", "`logs` is none of"),
    "a word too many": ("quorum none none\n", "expected `quorum"),
    "a log without key": ("log\nquorum none\n", "expected `log"),
    "a broken key": (f"log {LOG.key.vkey()[:-4]}\nquorum none\n", "line 1: .*"),
    "a witness key as log": (f"log {WITNESS.key.vkey()}\nquorum none\n", "type `0x04`, expected 0x01"),
    "a log key as witness": (
        f"witness a {LOG.key.vkey()}\nquorum none\n",
        "type `0x01`, expected 0x04 or 0x06",
    ),
    "one log twice": (f"{LOG_LINE}{LOG_LINE}quorum none\n", "stands here already"),
    "one witness under two names": (
        f"witness a {W[0].vkey()}\nwitness b {renamed(W[0], 'other.example')}\nquorum a\n",
        "stands here already",
    ),
    "a log as its own witness": (
        f"{LOG_LINE}witness a {note_key('w', Algorithm.COSIGNATURE, LOG.key.public).vkey()}\nquorum a\n",
        "stands here already",
    ),
    "two keys under one name and id": (
        f"witness a {COLLIDING[0].vkey()}\nwitness b {COLLIDING[1].vkey()}\nquorum a\n",
        "line 2: the key `w.example.69b8b7d8` cannot be told",
    ),
    "a log that no origin can name": (
        f"log {renamed(LOG.key, 'caf' + chr(233))}\nquorum none\n",
        "cannot be an origin",
    ),
    "a last line cut short": ("quorum none", "has no newline"),
    "a carriage return": ("quorum none\r\n", "control character"),
    "a zero byte": ("quorum none\x00\n", "control character"),
    "a delete character": ("# \x7f\nquorum none\n", "control character"),
    "too many lines": ("\n" * 1_025, "`1025` lines"),
    "too many bytes": ("#" * 2**20 + "\n", "bytes, expected at most"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_a_text_that_breaks_a_rule_is_refused(text: str, said: str):
    with pytest.raises(QuorumTextError, match=said):
        policy(text)
