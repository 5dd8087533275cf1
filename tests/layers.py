"""Who may import whom, read from the syntax trees."""

import ast
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent / "attnviz"
parse = cache(ast.parse)  # several tests read the tree of every file

# Every folder and file of a folder that is named here, from the top down. Each may import what
# stands on its own line only where it is the same, and whatever stands on the lines below it.
LAYERS = {
    "": (
        ("__main__",),
        ("cli",),
        ("__init__",),
        ("familiar",),
        ("api",),
        ("render", "sources", "measures"),
        ("core",),
        ("lookup", "record", "argument_types", "_version", "method_table", "style_options"),
        ("errors",),
    ),
    "cli": (
        ("main",),
        ("app",),
        ("commands",),
        ("batch",),
        ("output", "input", "program"),
        ("options",),
        ("environment", "overview"),
        ("__init__",),
    ),
    "core": (
        ("explain", "compose"),
        ("engine",),
        ("variants",),
        ("variant",),
        ("registry",),
        ("heads", "mixers"),
        ("mask", "bias", "normalize"),  # old import paths
        ("normalizers", "biases"),
        ("masks",),
        ("scores",),
        ("positions", "scales"),
        ("visibility",),
        ("tunables",),
        ("part",),
        ("arithmetic",),
        ("inputs",),
        ("selection", "token_selection"),
        ("reduction", "token_reduction"),
        ("subset", "token_features"),
        ("comparison", "effects"),
        ("attention_map", "words"),
        ("map_array", "map_fields", "map_methods", "map_output", "layer_properties"),
        ("tokens", "grid", "link"),
        ("initialization",),
        (
            "numerics",
            "seeded_random",
            "file_format",
            "map_metadata",
            "renamed",
            "citation",
            "rounded_text",
        ),
        ("arrays", "indices", "predictions", "progress"),
        ("__init__",),
    ),
    "sources": (
        ("forward_pass",),
        ("model", "seeded"),
        ("transformer",),
        ("watch",),
        ("families",),
        ("checkpoint",),
        ("external",),
        ("tokenizing",),
        ("options", "file_stamp", "strict_json", "shipped_models", "token_text"),
        ("safe_read", "variant_settings"),
        ("memory",),
        ("__init__",),
    ),
    "render": (
        ("reports",),
        ("formats", "__init__"),
        ("output_format",),
        ("figure", "page", "terminal"),
        ("data",),
        ("row_remainder", "cell_pooling", "provenance", "link_text", "anonymous"),
        ("head_report", "sparkline", "figure_width"),
        ("prediction_texts", "anonymous"),
        ("segment_borders", "segment_roles", "safe_text"),
        ("shared_scale",),
        ("head_scales",),
        ("scaling",),
        ("views",),
        ("style",),
        ("colors",),
        ("more_palettes", "norms"),
        ("palette",),
        ("palettes",),
    ),
}

# Libraries, and the places that may import them; everything else is free of them.
LIBRARIES = {
    "typer": ("cli/",),
    "rich": ("cli/", "render/terminal", "render/reports/terminal"),
    "matplotlib": ("render/figure", "render/palette", "render/more_palettes"),
    "tokenizers": ("sources/",),
    "safetensors": ("sources/",),
    "gguf": ("sources/",),
    "jinja2": ("sources/tokenizing/template_worker",),
    "huggingface_hub": ("sources/",),
    "pyarrow": ("sources/external/parquet", "render/data/parquet", "sources/safe_read"),
    "threadpoolctl": ("api/blas_threads",),
    "click": (),
    "torch": ("sources/watch/",),
    "IPython": (),
}
# Files whose signatures have types of libraries, which they import for type checkers alone.
TYPES_ONLY = {
    "core/map_output.py": ("matplotlib", "pandas", "xarray"),
    "api/figures.py": ("matplotlib",),
}
STANDARD = sys.stdlib_module_names


def imports(tree):
    """Every module that a file imports, as dotted names; of `from a import b` it is a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def type_blocks(tree):
    """The blocks of a file that run for type checkers alone."""
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield ast.Module(node.body, [])


def as_module(path):
    """The module of a path below attnviz, in parts; a folder stands for its __init__."""
    return tuple(path.removesuffix(".py").removesuffix("/__init__").split("/"))


def line_of(folder, name):
    """On which line of its folder's plan a file or folder stands; None where it is not planned."""
    return next((n for n, names in enumerate(LAYERS[folder]) if name in names), None)


def violations(path, source):
    """What a file imports against the rules, as sentences."""
    here, tree = as_module(path), parse(source)
    typed = {name for block in type_blocks(tree) for name in imports(block)}
    for name in imports(tree):
        top, *there = name.split(".")
        if name in typed and top in TYPES_ONLY.get(path, ()):
            continue
        if top == "attnviz":
            yield from against_layers(path, here, there or ["__init__"])
        elif top in LIBRARIES and not path.startswith(LIBRARIES[top]):
            yield f"{path} imports {top}, which belongs in {LIBRARIES[top] or 'no file'}"
        elif here[0] == "core" and top not in ("numpy", "__future__") and top not in STANDARD:
            yield f"{path} imports {top}; core has NumPy and the standard library only"


def against_layers(path, here, there):
    """The first folder in which two modules part, and whether one may import the other there."""
    common = 0
    while common < min(len(here), len(there)) and here[common] == there[common]:
        common += 1
    folder = "/".join(here[:common])
    if folder not in LAYERS:
        return
    mine = here[common] if common < len(here) else "__init__"
    theirs = there[common] if common < len(there) else "__init__"
    if line_of(folder, theirs) is None:  # a name inside the package, not a module
        theirs = "__init__"
    high, low = line_of(folder, mine), line_of(folder, theirs)
    shown = f"attnviz.{'.'.join(there)}"
    if high is None:
        yield f"{path}: {mine} stands in no layer of {folder or 'attnviz'}/"
    elif low < high:
        yield f"{path} imports {shown} from a layer above"
    elif low == high:
        yield f"{path} imports {shown} from the same layer"


def unplanned(names):
    """Files and folders that no plan names, as paths below attnviz."""
    for name in names:
        parts = name.split("/")
        for depth in range(len(parts)):
            folder = "/".join(parts[:depth])
            own = parts[depth].removesuffix(".py")
            if folder in LAYERS and line_of(folder, own) is None:
                yield f"{folder}/{own}".lstrip("/")


def import_graph(sources):
    """File to files, for {path: source}; imports for type checkers alone count too."""
    modules = {".".join(("attnviz", *as_module(path))): path for path in sources}
    graph = defaultdict(set)
    for path, source in sources.items():
        for name in imports(parse(source)):
            target = modules.get(name) or modules.get(name.rpartition(".")[0])
            if target and target != path and path != "__init__.py":
                graph[path].add(target)
    return graph


def circles(graph):
    """Groups of files that import one another in a circle (Tarjan's algorithm)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            group = stack[at:]
            del stack[at:]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def at_module_level(source):
    """Modules that are imported when the file is, not when a function runs."""
    tree = parse(source)
    typing_only = {child for block in type_blocks(tree) for child in ast.walk(block)}
    tops = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in tops:
        if node not in typing_only:
            yield from imports(ast.Module([node], []))
