"""`licet policy`: the group's registry. Each verb is in the module that its name says."""

from __future__ import annotations

from licet.cli.lazy import Entry, LazyGroup

policy = LazyGroup(
    name="policy",
    short_help="Check, test and activate a bundle of policy.",
    help="Policy: a bundle is checked, tested, and made the active version by a signed step.",
    context_settings={"help_option_names": ["-h", "--help"]},
    registry={
        "check": Entry("licet.cli.policy_check:check", "Build a bundle and show every finding at once."),
        "test": Entry("licet.cli.policy_test:test", "Run the tests that a bundle carries."),
        "activate": Entry("licet.cli.policy_activate:activate", "Make a bundle the active version."),
    },
)
