"""`licet receipt`: the group's registry. Each verb is in the module that its name says."""

from __future__ import annotations

from licet.cli.lazy import Entry, LazyGroup

receipt = LazyGroup(
    name="receipt",
    short_help="Show, list and export receipts.",
    help="Receipts: what was asked, what was answered, and the signed record of it.",
    context_settings={"help_option_names": ["-h", "--help"]},
    registry={
        "show": Entry("licet.cli.receipt_read:show", "Show one receipt and what became of it."),
        "list": Entry("licet.cli.receipt_read:list_", "List receipts, the newest first."),
        "export": Entry("licet.cli.receipt_export:export", "Write receipts and proofs for `licet verify`."),
    },
)
