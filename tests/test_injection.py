"""No text of a file becomes code: format strings, markup, regular expressions, imports, paths."""

import ast
import re

import pytest

from tests.layers import ROOT, parse

SOURCES = {str(path.relative_to(ROOT)): path.read_text() for path in sorted(ROOT.rglob("*.py"))}

TEMPLATES = {"format", "format_map", "Template", "Formatter", "vformat", "safe_substitute"}
CODE = {"eval", "exec", "__import__", "import_module", "literal_eval", "run_path", "run_module"}
MARKUP = {"from_markup", "render_markup"}
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}
HIDDEN = {"re", "string", "pickle", "builtins", "importlib"}
REPLACEMENTS = {"re.sub", "re.subn"}
PATTERNS = {
    "compile",
    "match",
    "search",
    "fullmatch",
    "sub",
    "subn",
    "split",
    "findall",
    "finditer",
}
PATHS = {
    *(
        "open",
        "Path",
        "PurePath",
        "joinpath",
        "with_name",
        "unlink",
        "mkdir",
        "listdir",
        "scandir",
    ),
    *("write_text", "write_bytes", "system", "popen", "Popen"),
}
DATA_FOLDERS = ("sources/external/", "measures/")  # whose strings come from files

# Calls that are safe, as "file: function", each with its reason.
ALLOWED = {
    # The name is a constant of the package's own tables.
    "__init__.py: import_module": "a module of the table of public names",
    "cli/app.py: import_module": "a command of the table of commands",
    "cli/output/head_reports.py: import_module": "a writer of the table of writers",
    "core/registry.py: import_module": "a folder or module of the table of slots",
    "core/variants/__init__.py: import_module": "a family of the catalogue",
    "render/figure/views.py: import_module": "a view of the table of views",
    "render/output_format.py: import_module": "a format of the table of formats",
    "method_table.py: import_module": "a method of the table of methods",
    "api/convert.py: import_module": "pandas, xarray or another constant",
    "render/figure/pdf_pages.py: import_module": "constants; modules of matplotlib without types",
    "render/terminal/views.py: import_module": "a view of the table of views",
    "sources/external/readers.py: import_module": "a reader of the table of readers",
    "sources/families/__init__.py: import_module": "a module of the list of families",
    "sources/tokenizing/template_worker.py: import_module": "a constant; the file beside it",
    "sources/watch/interceptor.py: import_module": "a constant; a module of torch",
    "render/figure/image_files.py: re.sub": "numbers by a function, in files of matplotlib",
    "sources/external/alignments.py: HIDDEN_SUBWORDS.format": "a constant template of two numbers",
    "sources/external/refusals.py: re.compile": "the signatures of the table of refusals",
    "sources/external/token_columns.py: n % d": "the remainder of two numbers",
    "sources/external/token_columns.py: line % n": "the remainder of two numbers",
    "sources/external/token_columns.py: len(places) % n_head": "the remainder of two numbers",
    "sources/transformer/experts.py: name.format": "a constant of each family",
    "sources/transformer/experts.py: names.down.format": "a constant of each family",
    # The template is a constant of the package; data only fills it in.
    "api/explain_input.py: EMBEDDINGS[meta['embedding']].format_map": "constant templates",
    "render/page/__init__.py: Template": "page.html of the package; values are not scanned again",
    "sources/checkpoint/config.py: key.format": "keys of a constant table",
    "sources/transformer/stack.py: self.spec.layer.format": "a constant of each family",
    # Something else of the same name.
    "render/figure/cell_numbers.py: self.format": "a method that writes a number",
    "render/data/text_table.py: format": "the format is made of a sign and a precision",
    "render/terminal/context.py: format": "the format is made of a sign and a precision",
    # Patterns.
    "sources/external/readers.py: re.compile": "the signatures of the table of readers",
    "sources/transformer/experts.py: re.compile": "names of tensors of each family, escaped",
    "sources/transformer/layer_size.py: re.compile": "prefixes of tensors, escaped, a constant",
    # Programs that the user runs with `attnviz watch`, as with `python`.
    "cli/program/run_program.py: compile": "the script of the command line",
    "cli/program/run_program.py: exec": "the script of the command line",
    # Files that the user names.
    "sources/external/__init__.py: Path": "the source itself, for its name in messages",
    "sources/external/array_files.py: archive.open": "a member of the archive, in memory",
    "sources/external/token_argument.py: Path": "an option of the user",
}


def is_constant(node):
    """Whether an expression is a literal, or built of literals and constants of the module."""
    if isinstance(node, ast.Name):
        return node.id.isupper()
    if isinstance(node, ast.Call):  # words of the module, joined
        return ast.unparse(node.func).endswith("'.join") and all(map(is_constant, node.args))
    if isinstance(node, ast.JoinedStr | ast.BinOp | ast.FormattedValue):
        inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        return all(map(is_constant, inner))
    return isinstance(node, ast.Constant)


def is_replacement(node):
    """Whether an argument is a constant, or a function, whose result is not scanned again."""
    return is_constant(node) or isinstance(node, ast.Lambda)


def is_number(node):
    """Whether an expression is a number."""
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def is_bytes_template(node):
    """Whether an expression is a literal of bytes, whose template names no attribute."""
    return isinstance(node, ast.Constant) and isinstance(node.value, bytes)


def suspicious(path, source):
    """Calls and expressions that would run, format or match what they are given."""
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            yield from (f"{path}: import {n}" for n in names if n in UNSAFE_MODULES)
            # An alias would hide a call from the rules below.
            hidden = [a for a in node.names if a.asname and a.name in HIDDEN]
            yield from (f"{path}: import {a.name} as {a.asname}" for a in hidden)
            if isinstance(node, ast.ImportFrom) and node.module in ("re", "builtins"):
                yield f"{path}: from {node.module} import"
        is_bytes = isinstance(node, ast.BinOp) and is_bytes_template(node.left)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and not is_bytes:
            is_text = isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
            if (
                is_text
                or isinstance(node.left, ast.JoinedStr)
                or isinstance(node.right, ast.Tuple | ast.Dict)
                or (path.startswith(DATA_FOLDERS) and not is_number(node.right))
            ):
                yield f"{path}: {ast.unparse(node)}"
        if isinstance(node, ast.keyword) and ast.unparse(node) in (
            "allow_pickle=True",
            "markup=True",
            "shell=True",
        ):
            yield f"{path}: {ast.unparse(node)}"
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        pattern = next(iter(node.args), None)
        if (
            (name in TEMPLATES and not is_constant(node.func))
            or name in CODE
            or name in MARKUP
            or called == "compile"
            or (name == "Console" and "markup=False" not in map(ast.unparse, node.keywords))
            or (called in REPLACEMENTS and not is_replacement(node.args[1]))
            or (called in {f"re.{p}" for p in PATTERNS} and not is_constant(pattern))
            or (name in PATHS and path.startswith("sources/external/"))
        ):
            yield f"{path}: {called}"


def test_only_listed_calls_can_run_text_as_code_and_every_entry_is_in_use():
    assert len(SOURCES) > 300
    assert {entry.partition(":")[0] for entry in ALLOWED} <= set(SOURCES)
    assert all(re.fullmatch(r"\S.{9,}", reason) for reason in ALLOWED.values())
    found = {entry for path, source in SOURCES.items() for entry in suspicious(path, source)}
    assert found == set(ALLOWED)


@pytest.mark.parametrize(
    "line",
    [
        'message = ("query {0}, should be " + row_sum).format(query)',
        'message = "%s is " + name % value, value % (1,)',
        'message = "%s" % value',
        "message = template % value",
        "message = template % {'value': value}",
        "message = template.format(value)",
        "message = fields['row_sum'].format_map(meta)",
        "eval(f'{name} + 1')",
        "exec(f'import {name}')",
        "Console()",
        "Console(file=stream, markup=name)",
        "re.compile(re.escape(name) + name)",
        "re.sub('a', name, text)",
        "from re import compile",
        "import re as patterns",
        "folder.joinpath(name)",
        "path.with_name(name)",
        "os.system(name)",
        "message = breach.message.format_map(meta)",
        "format(value, spec)",
        "eval(text)",
        "exec(text)",
        "compile(text, '', 'exec')",
        "import pickle",
        "from marshal import loads",
        "np.load(file, allow_pickle=True)",
        "importlib.import_module(name)",
        "re.compile(name)",
        "re.search(f'{name}-[0-9]', text)",
        "re.fullmatch(PATTERN + name, text)",
        "Text.from_markup(token)",
        "Console(markup=True)",
        "Path(name).open()",
    ],
)
def test_the_test_finds_violations(line):
    assert list(suspicious("sources/external/x.py", line))


@pytest.mark.parametrize(
    "line",
    [
        'f"query {query}: {value:.6g}"',
        "n % 2",
        "Console(file=stream, markup=False)",
        "re.sub('a', 'b', text)",
        "re.sub('a', lambda match: match[1], text)",
        "b'%d %b' % (n, content)",
        're.compile(r"[0-9]+")',
        're.compile(rf"(?:{WORD})+", re.IGNORECASE)',
        "np.lib.format.read_magic(file)",
    ],
)
def test_harmless_lines_pass(line):
    assert not list(suspicious("sources/external/x.py", line))
