"""The table of mutants: every patch applies, and the tests that kill it are there."""

from pathlib import Path

from tests.mutants.table import ROOT, Mutant, faults, read_mutants

MUTANTS = read_mutants()
VALID = next(mutant for mutant in MUTANTS if mutant.file.endswith(".py"))


def test_every_patch_applies_once_and_names_its_tests():
    assert faults(MUTANTS) == []


def test_all_known_faults_of_other_programs_are_in_the_table():
    known = {mutant.name[:3] for mutant in MUTANTS if mutant.is_known_fault}
    assert known == {f"n{number:02}" for number in range(1, 23)}


def test_the_table_covers_each_layer_and_few_rows_are_equivalent():
    folders = {Path(mutant.file).parts[1] for mutant in MUTANTS}
    assert {"api", "cli", "core", "measures", "render", "sources"} <= folders
    assert sum(mutant.file.endswith(".js") for mutant in MUTANTS) > 40
    assert sum(bool(mutant.equivalent) for mutant in MUTANTS) < 0.02 * len(MUTANTS)


def fault_of(**fields):
    """The only fault of a row that differs from a valid one in these fields."""
    (fault,) = faults([VALID._replace(**fields)], ROOT)
    return fault.removeprefix(f"{fields.get('name', VALID.name)}: ")


def test_invalid_rows_are_found():
    assert fault_of(name="Two words").startswith("the name should be")
    assert fault_of(before="no such line").startswith("its text occurs 0 times")
    assert fault_of(before="import").startswith("its text occurs")
    assert fault_of(after=VALID.before) == fault_of(after="if (")
    assert fault_of(tests=()) == "it has no tests"
    assert fault_of(tests=("tests/core/test_nothing.py",)).startswith("there is no test")
    assert fault_of(tests=("tests/test_mutants.py::test_nothing",)).startswith("there is no test")
    assert fault_of(wrong=" ") == "it should state what would be wrong"
    assert faults([VALID, VALID]) == [f"{VALID.name}: 2 rows"]


def test_a_patch_changes_its_text_alone():
    mutant = Mutant("a", "attnviz/a.py", "x < 1", "x <= 1", "off by one", ("tests/a.py",))
    assert mutant.patch("if x < 1:\n    y = x < 2\n") == "if x <= 1:\n    y = x < 2\n"
    assert not mutant.is_known_fault and mutant._replace(name="n06-a").is_known_fault
