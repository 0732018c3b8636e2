"""Misuse by the programmer: refused before anything is sent."""

from __future__ import annotations

import pytest

import sample_evidence as sample
from gate.fakes import (
    AUDIENCE,
    World,
)
from licet.errors import SettingsInvalid
from licet.gate.core import Gate
from licet.gate.decision import Failure
from licet.protocol import fast


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ({"deadline": 0}, ValueError),
        ({"deadline": -1}, ValueError),
        ({"deadline": float("nan")}, ValueError),
        ({"deadline": 61}, ValueError),
        ({"deadline": True}, TypeError),
        ({"deadline": "2"}, TypeError),
        ({"wait": -1}, ValueError),
        ({"wait": float("inf")}, ValueError),
        ({"key": ""}, ValueError),
        ({"key": "with space"}, ValueError),
        ({"key": "k" * 129}, ValueError),
        ({"target": ("account", "")}, ValueError),
        ({"target": ("account",)}, ValueError),
        ({"audience": "no space"}, ValueError),
        ({"parameters": ["a"]}, ValueError),
        ({"context": {"a": 1.0}}, ValueError),
        ({"parameters": {str(n): "x" * 100 for n in range(900)}}, ValueError),
    ],
    ids=str,
)
def test_a_call_that_could_never_be_decided_on_is_refused_before_it_is_sent(call, error):
    world = World()

    with pytest.raises(error):
        world.decide(**call)

    assert world.transport.sent == []


def test_somebody_asks():
    world = World()

    with pytest.raises(ValueError, match="nobody asks"):
        world.decide(actor=None)

    assert World(actor=("agent", "finance-bot")).decide(actor=None).permit is not None


def test_without_a_key_each_call_is_an_ask_of_its_own():
    world = World()

    keys = {world.decide(key=None).key for _ in range(3)}

    assert len(keys) == 3


def test_the_audience_of_a_call_binds_its_answer():
    assert World().decide(audience=AUDIENCE).permit is not None
    assert World(audience="another-executor").decide().failure is Failure.WRONG_ANSWER


def test_trust_has_no_default(tmp_path):
    with pytest.raises(TypeError, match="trust"):
        Gate.remote("http://127.0.0.1:1", credential="lk_a_b")
    with pytest.raises(SettingsInvalid, match="trust file"):
        Gate.remote("http://127.0.0.1:1", credential="lk_a_b", trust=tmp_path)


@pytest.mark.parametrize(
    "url",
    ["", "licet.internal", "ftp://a", "http://", "http://a/path", "http://u:p@a", "unix:", "http://a?b=c"],
)
def test_an_address_of_another_form_is_refused(url):
    with pytest.raises(ValueError, match="not an authority"):
        Gate.remote(url, credential="lk_a_b", trust=sample.TRUST)


@pytest.mark.parametrize("credential", ["", "a b", "a\r\nX-Evil: 1", "é"])
def test_a_credential_that_could_split_a_header_is_refused(credential):
    with pytest.raises(ValueError, match="credential") as caught:
        Gate.remote("http://a", credential=credential, trust=sample.TRUST)

    assert credential not in str(caught.value) or credential == ""


def test_trust_is_a_folder_a_file_or_bytes(tmp_path):
    document = fast.canonical(sample.trust_json())
    (tmp_path / "trust.json").write_bytes(document)

    for trust in (tmp_path, str(tmp_path / "trust.json"), document, sample.TRUST):
        Gate.remote("https://licet.internal", credential="lk_a_b", trust=trust).close()
