"""The registry tells the truth about every verb, and help imports none of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from licet.cli.lazy import LazyGroup
from licet.cli.main import root
from support.command_line import licet


def entries(group: LazyGroup, path: str = "licet") -> Iterator[tuple[str, str, click.Command]]:
    context = click.Context(group)
    for name, entry in group.registry.items():
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", entry.help, command
        if isinstance(command, LazyGroup):
            yield from entries(command, f"{path} {name}")


ENTRIES = list(entries(root))


@pytest.mark.parametrize(("path", "told", "command"), ENTRIES, ids=[path for path, _, _ in ENTRIES])
def test_the_registry_says_of_a_verb_what_the_verb_says_of_itself(
    path: str, told: str, command: click.Command
) -> None:
    assert told == command.short_help
    assert path.rpartition(" ")[2] == command.name


@pytest.mark.parametrize(("path", "command"), [(path, command) for path, _, command in ENTRIES])
def test_every_verb_explains_itself_with_examples_first(path: str, command: click.Command) -> None:
    done = licet(*path.split()[1:], "--help")

    assert done.code == 0
    if not isinstance(command, click.Group):
        assert done.stdout.index("Examples:") < done.stdout.index("Options:")
        assert "--json" in done.stdout


@pytest.mark.parametrize("line", [["--help"], ["--version"], ["receipt", "--help"], ["policy", "--help"]])
def test_help_imports_no_verb(line: list[str]) -> None:
    program = (
        "import sys\nfrom licet.cli.main import main\n"
        f"sys.argv = ['licet', *{line!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    loaded = set(done.stderr.split())
    assert "licet.cli.main" in loaded
    assert {"msgspec", "cryptography", "cedarpy", "apsw", "rich", "http.client", "json"} & loaded == set()
    assert {name for name in loaded if name.startswith("licet.cli.")} <= {
        "licet.cli.exits",
        "licet.cli.lazy",
        "licet.cli.main",
        "licet.cli.options",
        "licet.cli.policy",
        "licet.cli.receipts",
        "licet.cli.talk",
    } | ({"licet.cli.logs"} if "log" in line else set()) | ({"licet.protocol.canonical"} & loaded)


def test_completion_offers_verbs_from_the_registry_and_options() -> None:
    context = click.Context(root, info_name="licet")

    assert {item.value for item in root.shell_complete(context, "rec")} == {"receipt"}
    assert "--version" in {item.value for item in root.shell_complete(context, "--")}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    done = licet("completion", shell)

    assert (done.code, "_LICET_COMPLETE" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("line", "mend"),
    [
        (["autorize"], "did you mean `authorize`?"),
        (["receipt", "lst"], "did you mean `list`?"),
        (["authorize", "--hoem", "x"], "did you mean `--home`?"),
        (["--versoin"], "did you mean `--version`?"),
        (["zzz"], "licet --help"),
        (["authorize"], "licet authorize --help"),
    ],
)
def test_a_word_that_is_nearly_right_is_answered_with_the_right_one(line: list[str], mend: str) -> None:
    done = licet(*line)

    assert done.code == 2
    assert done.stderr.startswith("error[usage]: ")
    assert done.stderr.splitlines()[-1] == f"  mend: {mend}"


def test_an_entry_that_is_no_command_is_a_bug_and_says_so() -> None:
    from licet.cli.lazy import Entry  # noqa: PLC0415 - only this test plants one

    planted = LazyGroup(registry={"odd": Entry("licet.cli.exits:Exit", "odd")}, name="planted")

    with pytest.raises(TypeError, match="is not a command"):
        planted.get_command(click.Context(planted), "odd")
