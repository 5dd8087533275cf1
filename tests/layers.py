"""Who may import whom, read from the syntax trees."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent / "attnviz"

# A file belongs to the first layer that its path begins with; it may import its own layer
# and those further down. Rooms on the same line do not know each other.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("",),  # what stands at the top: looking, writing, explaining…
    ("render", "sources", "measure"),
    ("core",),
    ("named", "record"),
    ("errors", "__init__"),
)

# Libraries, and the rooms that may import them; everything else is free of them.
LIBRARIES = {
    "typer": ("cli/",),
    "rich": ("cli/", "render/terminal"),
    "matplotlib": ("render/figure",),
    "tokenizers": ("sources/",),
    "safetensors": ("sources/", "render/binary"),
    "huggingface_hub": ("sources/",),
    "pyarrow": ("sources/foreign/columns", "render/arrow"),
    "threadpoolctl": ("threads",),
    "click": (),
    "torch": (),
    "IPython": (),
}


def imports(tree):
    """Every module that a file imports, as dotted names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def place(path):
    """(floor, room) of a path or module inside attnviz: core/mask.py, core.mask."""
    head = path.replace("/", ".").removesuffix(".py").split(".")[0]
    for floor, rooms in enumerate(LAYERS):
        if head in rooms:
            return floor, head
    return 2, ""


def violations(path, source):
    """What a file imports against the rules, as sentences."""
    floor, room = (2, "") if path == "__init__.py" else place(path)  # it names the public names
    for name in imports(ast.parse(source)):
        top, _, rest = name.partition(".")
        if top == "attnviz":
            their_floor, their_room = place(rest or "__init__")
            if their_floor < floor:
                yield f"{path} imports {name} from above"
            elif their_floor == floor and their_room != room:
                yield f"{path} imports {name} from the room beside it"
        elif top in LIBRARIES and not path.startswith(LIBRARIES[top]):
            yield f"{path} imports {top}, which lives in {LIBRARIES[top] or 'no room'}"
        elif room == "core" and top not in ("numpy", "__future__") and top not in STANDARD:
            yield f"{path} imports {top}; core has NumPy and nothing else"


def at_module_level(source):
    """Modules that are imported when the file is, not when a function runs."""
    tree = ast.parse(source)
    typing_only = {
        child
        for node in tree.body
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    tops = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in tops:
        if node not in typing_only:
            yield from imports(ast.Module([node], []))


def _standard():
    import sys

    return sys.stdlib_module_names


STANDARD = _standard()
