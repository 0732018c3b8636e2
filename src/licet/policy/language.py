"""Cedar text to policies: parsed by the genuine engine, one statement at a time, re-keyed by ``@id``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cedarpy
from cedarpy import pst

from licet.policy import limits, sentences
from licet.policy.annotations import Annotations, read_annotations
from licet.policy.findings import Findings, Place
from licet.policy.statements import Statement, split_statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One rule: its id, effect, annotations, text with its place, and the genuine parser's tree."""

    id: str
    effect: pst.Effect
    notes: Annotations
    statement: Statement
    node: pst.Template

    def text(self) -> str:
        """What people are told when this rule determines a decision."""
        return self.notes.reason or f"{self.effect} by `{self.id}`"

    def where(self) -> str:
        """``policies/limits.cedar:4``."""
        return f"{self.statement.file}:{self.statement.line}"


def read_policies(files: Mapping[str, bytes], findings: Findings) -> tuple[Policy, ...]:
    """The policies in ``files`` (path to Cedar text), sorted by id; faults become findings."""
    policies: dict[str, Policy] = {}
    cut: dict[str, list[Statement]] = {}
    count = 0
    for file, content in files.items():
        cut[file] = split_statements(file, content, findings)
        count += len(cut[file])
        if count > limits.POLICIES_MAX:  # before anything is parsed
            place = Place(file="bundle.toml")
            mend = f"keep it to {limits.POLICIES_MAX}"
            findings.error("POL020", place, f"more than {limits.POLICIES_MAX} policies", mend)
            return ()
    for file, statements in cut.items():
        for policy in _read_file(statements, files[file], findings):
            first = policies.setdefault(policy.id, policy)
            if first is not policy:
                hit = policy.statement.find("@id")
                place = hit[0] if hit else policy.statement.place()
                mend = f"rename one; the other stands at {first.where()}"
                findings.error(
                    "POL004", place, f"the id `{policy.id}` stands twice", mend, statement=policy.id
                )
    return tuple(policies[name] for name in sorted(policies))


def _read_file(statements: list[Statement], content: bytes, findings: Findings) -> list[Policy]:
    trees = [_parse(statement, findings) for statement in statements]
    if statements and all(tree is not None for tree in trees):
        # The scanner and the genuine parser must see the same statements.
        whole = cedarpy.policies_to_pst(content.decode("utf-8"))
        if len(whole.static_policies) + len(whole.templates) != len(statements):
            mend = "write each statement on lines of its own, ended by `;`"
            place = Place(file=statements[0].file)
            findings.error("POL001", place, "the statements cannot be told apart", mend)
    pairs = zip(statements, trees, strict=True)
    found = [_policy(statement, tree, findings) for statement, tree in pairs if tree is not None]
    return [policy for policy in found if policy is not None]


def _parse(statement: Statement, findings: Findings) -> pst.PolicySet | None:
    deep = statement.too_deep()
    if deep is not None:
        mend = "split the rule in several, or declare a fact that says it"
        findings.error("POL001", deep, "the rule is nested too deep to be parsed", mend)
        return None
    try:
        return cedarpy.policies_to_pst(statement.text)
    except ValueError as error:
        fault = sentences.syntax(str(error), statement)
        findings.error(fault.code, fault.place, fault.message, fault.mend)
        return None


def _policy(statement: Statement, tree: pst.PolicySet, findings: Findings) -> Policy | None:
    for template in tree.templates.values():
        hit = statement.find("?principal") or statement.find("?resource")
        place = hit[0] if hit else statement.place()
        mend = "write the entity itself, or a group it is in"
        findings.error(
            "POL008", place, "a template decides nothing", mend, statement=template.annotations.get("id")
        )
        return None
    (node,) = tree.static_policies.values()
    notes = read_annotations(statement, node.effect, node.annotations, findings)
    if notes is None:
        return None
    return Policy(id=notes.id, effect=node.effect, notes=notes, statement=statement, node=node)


def policy_set(policies: tuple[Policy, ...]) -> cedarpy.PolicySet:
    """The engine's handle over ``policies``, each under its own id."""
    nodes = {policy.id: _rekeyed(policy.node, policy.id) for policy in policies}
    return cedarpy.PolicySet.from_pst(pst.PolicySet(templates={}, static_policies=nodes, template_links=()))


def _rekeyed(node: pst.Template, policy_id: str) -> pst.Template:
    return pst.Template(
        id=policy_id,
        effect=node.effect,
        principal=node.principal,
        action=node.action,
        resource=node.resource,
        clauses=node.clauses,
        annotations=node.annotations,
    )
