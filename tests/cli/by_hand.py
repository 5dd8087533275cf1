"""A reader with pencil and paper: evaluates what `explain --cell` prints, from its numbers alone.

It knows the signs of arithmetic, the names of rows and lines that are printed above, and nothing
of the package.
"""

import re
from math import isnan, pi

import numpy as np

GIVEN = re.compile(
    r"learned \(.*\)|the tunable \w+|drawn from seed \d+|number of keys above τ"
    r"|entry \d+ of (left M⁺|row \d+ of L⁻¹)|factor of row \d+ after \d+ divisions"
    r"|chosen (so that|for) the row sum.*|of (odd|even) heads|[^\[\]]*: (visible|masked)"
)
NOTE = re.compile(r" \([a-z ]+\)$")  # "0 (masked)"
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?|-?inf")
COMPARISON = re.compile(r"\[(?:column )?(.*?) (=|≥|≤|>) (.*?)\]")


def row_or_pair(function, reduced):
    """max and min: of a row alone, or of several arguments element by element."""
    return lambda first, *more: reduced(first) if not more else function(first, *more)


def elementwise(function):
    def several(*arguments):
        result = arguments[0]
        for argument in arguments[1:]:
            result = function(result, argument)
        return result

    return several


def to_bfloat16(x):
    """The nearest number with the 16 upper bits of a float32; of two, the one that ends in 0."""
    bits = np.asarray(x, dtype=np.float32).view(np.uint32)
    half = np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))
    return (bits + half & np.uint32(0xFFFF0000)).view(np.float32).astype(float)


FUNCTIONS = {
    "bf16": to_bfloat16,
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "cos": np.cos,
    "sin": np.sin,
    "√": np.sqrt,
    "σ": lambda x: 1.0 / (1.0 + np.exp(-np.asarray(x, dtype=float))),
    "relu": lambda x: np.maximum(x, 0.0),
    "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0.0)) - 1.0),
    "leakyrelu": lambda x, slope: np.where(np.asarray(x) > 0, x, slope * np.asarray(x)),
    "silu": lambda x: x / (1.0 + np.exp(-np.asarray(x, dtype=float))),
    "max": row_or_pair(elementwise(np.maximum), np.max),
    "min": row_or_pair(elementwise(np.minimum), np.min),
    "largest": lambda n, row: np.sort(row)[-n:],
    "argmax": np.argmax,
    "cumulated": lambda row: np.cumsum(row[::-1])[::-1],
    "Σ": np.sum,
    "Π": np.prod,
    "abs": np.abs,
    "floor": np.floor,
    "bits": int.bit_length,
}
SIGNS = {"−": "-", "×": "*", "^": "**", "²": "**2", "π": "pi"}


class NotArithmetic(Exception):
    """An expression that uses a name which is not printed above."""


def evaluate(expression, known):
    """The value of an expression; `known` maps printed names to numbers and rows."""
    expression = NOTE.sub("", expression)
    if comparison := COMPARISON.fullmatch(expression):
        left, sign, right = comparison.groups()
        values = evaluate(left, known), evaluate(right, known)
        return float(
            {"=": np.isclose, "≥": np.greater_equal, "≤": np.less_equal, ">": np.greater}[sign](
                *values
            )
        )
    values = []
    code = translate(expression, known, values)
    scope = {f"v{n}": value for n, value in enumerate(values)}
    scope |= {f"f{n}": function for n, function in enumerate(FUNCTIONS.values())}
    try:
        return eval(code, {"__builtins__": {}, "pi": pi, **scope})
    except (NameError, SyntaxError, TypeError) as error:
        raise NotArithmetic(f"{expression!r}: {error}") from None


def translate(text, known, values):
    """The same expression in Python; names become v0, v1, …, whose values are collected."""
    names = sorted(known, key=len, reverse=True)
    functions = list(FUNCTIONS)
    code, at = "", 0
    while at < len(text):
        rest = text[at:]
        name = next((name for name in names if starts_name(text, at, name)), None)
        function = next((f for f in functions if rest.startswith(f)), None)
        if name is not None:
            values.append(known[name])
            code, at = f"{code} v{len(values) - 1} ", at + len(name)
        elif match := NUMBER.match(rest):
            number = match[0].lstrip("-") if code.rstrip()[-1:].isalnum() else match[0]
            code, at = code + number, at + len(match[0])
        elif function in ("Σ", "Π", "√"):
            operand = next_operand(rest[1:].lstrip(), known)
            inner = translate(operand, known, values)
            code += f" f{functions.index(function)}({inner}) "
            at += len(rest) - len(rest[1:].lstrip()) + len(operand)
        elif function is not None and rest[len(function)] == "(":
            code, at = f"{code} f{functions.index(function)}", at + len(function)
        elif text[at] in "|⌊":
            end = text.index({"|": "|", "⌊": "⌋"}[text[at]], at + 1)
            inner = translate(text[at + 1 : end], known, values)
            wanted = functions.index({"|": "abs", "⌊": "floor"}[text[at]])
            code, at = f"{code} f{wanted}({inner}) ", end + 1
        elif rest.startswith("xor "):
            code, at = f"{code} ^ ", at + 4
        elif text[at] in "()+-/*, " or text[at] in SIGNS:
            code, at = code + SIGNS.get(text[at], text[at]), at + 1
        else:
            raise NotArithmetic(f"{text!r}: {rest!r} is not printed above")
    return code


def starts_name(text, at, name):
    """Whether a printed name stands here, and is not the beginning or end of another word."""
    if not text.startswith(name, at):
        return False
    before, after = text[at - 1 : at], text[at + len(name) : at + len(name) + 1]
    if is_letter(before) and is_letter(name[0]):
        return False
    return not (is_letter(name[-1]) and (is_letter(after) or after == "("))


def is_letter(character):
    return character.isalnum() and character != "²"


def next_operand(text, known):
    """The name, bracket, number or function call with which a text begins."""
    for name in sorted(known, key=len, reverse=True):
        if starts_name(text, 0, name):
            return name
    if match := NUMBER.match(text):
        return match[0]
    start = re.match(r"\w*\(", text)
    if start is None:
        raise NotArithmetic(f"{text!r} is not printed above")
    depth = 0
    for n, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and n >= start.end() - 1:
            return text[: n + 1]
    raise NotArithmetic(f"{text!r} has no end")


def recompute(lines, is_source, tolerance, of_weight):
    """Evaluate all lines from printed numbers; returns the weight as computed by hand.

    A row is named by its formula, or "name = formula", and is known by its name below.
    `lines` are (label, expression, printed value, rows); rows are (name, numbers), in order.
    Asserts each row and each value, and that no number comes from nowhere. Tolerances are
    relative for large numbers, absolute for small ones and for the weight.
    """
    known, printed = {}, []
    result = None
    for label, expression, value, rows in lines:
        for title, numbers in rows:
            name, _, formula = title.partition(" = ")
            try:
                others = {key: value for key, value in known.items() if key != name}
                computed = np.broadcast_to(evaluate(formula or name, others), np.shape(numbers))
            except NotArithmetic:
                is_given = not formula and is_source(name)
                assert is_given, f"the row {name!r} is not computed from what is printed"
            else:
                assert_close(computed, numbers, tolerance, name)
            known[name] = np.asarray(numbers, dtype=float)
            printed.extend(known[name].tolist())
        if isnan(value):
            continue
        if GIVEN.fullmatch(expression):
            result = value
        else:
            result = float(evaluate(expression, known))
            allowed = of_weight if label == "weight" else tolerance
            assert_close(result, value, allowed, f"{label}: {expression}")
            for number in numbers_of(expression):
                assert any(abs(number - p) <= 1e-12 + 1e-9 * abs(p) for p in printed), (
                    f"{label}: {number} in {expression!r} is printed nowhere above"
                )
        known[label] = value
        printed.append(value)
    return result


def numbers_of(expression):
    """The numbers of an expression that are no short constants, as 0.5 or 10000."""
    found = re.findall(r"(?<![\w.])-?\d+\.\d+(?:e[+-]?\d+)?", expression)
    return [float(text) for text in found if len(re.sub(r"\D|e.*", "", text).strip("0")) > 3]


def assert_close(computed, printed, tolerance, name):
    computed, printed = np.asarray(computed, float), np.asarray(printed, float)
    same = np.isinf(printed) & (computed == printed)
    with np.errstate(invalid="ignore"):
        near = np.abs(computed - printed) <= tolerance * np.maximum(1.0, np.abs(printed))
    assert (near | same).all(), f"{name}: {computed} is printed as {printed}"


def parse_text(text):
    """The lines and tables of the arithmetic, from the text that the terminal shows.

    A line is `label  expression = value`; a table has a line of column titles, and rows of a
    name and its numbers, or of a name with a colon and its numbers below. A sentence with a full
    stop says what the table below it shows; that table belongs to no line.
    """
    lines, rows, unfinished, sentence = [], {}, "", ""
    for line in text[text.index("\nweight of query") :].splitlines()[2:]:
        body = line[3:]
        if not body.strip():
            if sentence and rows:
                lines.append(("", sentence, float("nan"), list(rows.items())))
                rows, sentence = {}, ""
        elif unfinished.endswith(":"):  # the numbers of a long name
            row_of(rows, unfinished[:-1]).extend(map(float, body.split()))
            unfinished = ""
        elif not unfinished and body.startswith(" "):
            continue  # column titles
        elif not unfinished and is_row(body):
            name, *numbers = re.split(r" {2,}", body.strip())
            row_of(rows, name).extend(map(float, numbers))
        else:
            unfinished = f"{unfinished} {body.strip()}" if unfinished else body
            if unfinished.endswith("."):
                sentence, unfinished = unfinished, ""
            elif match := re.fullmatch(r"(\S.*?) {2,}(.*) = (-?[\d.einf+-]+)", unfinished):
                lines.append((match[1], match[2], float(match[3]), list(rows.items())))
                rows, unfinished, sentence = {}, "", ""
    return lines


def row_of(rows, name):
    """The numbers of a row; below the first columns, a row with a formula has its name alone."""
    known = next((title for title in rows if title.startswith(f"{name} = ")), name)
    return rows.setdefault(known, [])


def is_row(body):
    """Whether a line is a name followed by numbers alone."""
    _, *numbers = re.split(r" {2,}", body.strip())
    return bool(numbers) and all(NUMBER.fullmatch(n) for n in numbers)


def parse_document(cell):
    """The same from the JSON document."""
    lines = []
    for line in cell["lines"]:
        table = line["table"] or {"rows": []}
        rows = [
            (row["formula"], [-np.inf if n is None else n for n in row["numbers"]])
            for row in table["rows"]
        ]
        value = float("nan") if line["value"] is None else line["value"]
        lines.append((line["label"], line["reckoning"], value, rows))
    return lines
