"""Chat: prompts and ids as transformers makes them, turns as segments, limits of templates."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from tokenizers import AddedToken, Tokenizer

import attnviz
from attnviz.errors import AttnvizWarning, CouldNotError, InvalidInputError
from attnviz.sources.model.chat import named_templates
from attnviz.sources.tokenizing import chat_prompt, child_process, template_worker
from attnviz.sources.tokenizing.chat_prompt import apply_template, encode_prompt, is_written
from attnviz.sources.tokenizing.labels import Span
from attnviz.sources.tokenizing.tokenizer_json import parse_tokenizer
from tests.chat.tokenizer import CONTROL, build_tokenizer
from tests.cli.runner import run
from tests.sources.reference import MODELS

FOLDER = Path(__file__).parents[1] / "chat"
PROMPTS = json.loads((FOLDER / "prompts.json").read_text())
ROWS = [(name, row) for name, rows in PROMPTS.items() for row in rows]
ROW_IDS = [f"{name}-{i}" for name, rows in PROMPTS.items() for i in range(len(rows))]
VARIABLES = {"bos_token": "<s>", "eos_token": "</s>"}
USER = [{"role": "user", "content": "the cat"}]
CHATML = (FOLDER / "templates" / "chatml.jinja").read_text()


@pytest.fixture(scope="module")
def tokenizer():
    return parse_tokenizer(build_tokenizer().to_str().encode(), "a tokenizer")


def messages_of(row):
    messages = [{"role": "user", "content": row["text"]}]
    if row["system"] is not None:
        messages.insert(0, {"role": "system", "content": row["system"]})
    return messages


def prompt_of(name, row):
    template = (FOLDER / "templates" / f"{name}.jinja").read_text()
    return apply_template(template, VARIABLES, messages_of(row))


@pytest.mark.parametrize(("name", "row"), ROWS, ids=ROW_IDS)
def test_prompt_and_ids_are_those_of_transformers(name, row, tokenizer):
    if row["prompt"] is None:
        with pytest.raises(InvalidInputError):
            prompt_of(name, row)
        return
    prompt = prompt_of(name, row)
    encoding, roles = encode_prompt(tokenizer, prompt)
    assert (prompt.text, list(encoding.ids)) == (row["prompt"], row["ids"])
    assert not prompt.has_date
    pieces = [token.piece for token in encoding.tokens if token.special]
    assert pieces == [
        piece for piece in map(tokenizer.id_to_token, row["ids"]) if piece in CONTROL
    ]
    segments = [token.segment for token in encoding.tokens]
    assert segments == sorted(segments) and max(segments) < len(roles)
    assert roles[-2:] == ("user", "assistant")


def test_some_conversations_are_refused_and_most_are_not():
    assert 0 < sum(row["prompt"] is None for _, row in ROWS) < len(ROWS) / 4


TURNS = {  # template: with or without a system message, the pieces that begin each segment
    "chatml": ("<|im_start|>", "<|im_start|>", "<|im_start|>"),
    "llama3": ("<s>", "<|start_header_id|>", "<|start_header_id|>"),
    "phi": ("<|system|>", "<|user|>", "<|assistant|>"),
    "gemma": ("<s>", "<start_of_turn>"),
    "mistral": ("<s>", "Ċ"),
}


@pytest.mark.parametrize("name", TURNS)
def test_turns_begin_with_their_control_token(name, tokenizer):
    system = None if name == "gemma" else "You are a cat."
    row = {"system": system, "text": "The cat sat."}
    encoding, roles = encode_prompt(tokenizer, prompt_of(name, row))
    segments = [token.segment for token in encoding.tokens]
    first = [encoding.tokens[segments.index(n)].piece for n in sorted(set(segments))]
    assert first == list(TURNS[name])
    assert roles == (("system",) if system else ()) + ("user", "assistant")


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("chatml", ("system", "user", "assistant")),  # the template has one of its own
        ("llama3", ("system", "user", "assistant")),
        ("phi", ("user", "assistant")),
        ("mistral", ("user", "assistant")),
    ],
)
def test_a_system_message_of_the_template_is_a_turn(name, roles, tokenizer):
    prompt = prompt_of(name, {"system": None, "text": "The cat sat."})
    assert encode_prompt(tokenizer, prompt)[1] == roles


@pytest.mark.parametrize("text", ["a <|im_start|> b", "<|start_header_id|>", "<start_of_turn>m"])
@pytest.mark.parametrize("name", TURNS)
def test_a_control_token_of_the_user_begins_no_turn(name, text, tokenizer):
    plain, written = (
        encode_prompt(tokenizer, prompt_of(name, {"system": None, "text": each}))
        for each in ("the cat", text)
    )
    assert written[1] == plain[1]

    def first_turn(encoding):
        return [(token.piece, token.segment) for token in encoding.tokens if token.segment == 0]

    if "system" in plain[1]:
        assert first_turn(written[0]) == first_turn(plain[0])


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_messages_of_the_template_are_one_turn_before_the_user(n, tokenizer):
    own = "".join(f"<|im_start|>system\n{i}<|im_end|>\n" for i in range(n))
    loop = (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    )
    end = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    encoding, roles = encode_prompt(tokenizer, apply_template(own + loop + end, {}, USER))
    assert roles == ("system",) * (n > 0) + ("user", "assistant")
    openings = [t.segment for t in encoding.tokens if t.piece == "<|im_start|>"]
    assert openings == [0] * n + [int(n > 0), 1 + (n > 0)]


HOSTILE = {
    "endless": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "memory": "{% set a = 'x' * 10 ** 10 %}{{ a }}",
    "long": "{{ 'x' * 2000000 }}",
    "range": "{% for a in range(10 ** 9) %}{% endfor %}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "classes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "format": "{{ '{0.__class__}'.format(messages) }}{{ messages.append(1) }}",
    "import": "{% import 'os' as os %}{{ os }}",
    "file": "{% include '/etc/passwd' %}",
    "syntax": "{% for %}",
    "undefined": "{{ nothing.at.all }}",
    "filter": "{{ 1 | nothing }}",
    "nested": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_templates_end_with_an_error(name, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(InvalidInputError) as caught:
        patch.setattr(child_process, "TIME_LIMIT", 0.7)
        apply_template(HOSTILE[name], VARIABLES, USER)
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)
    assert apply_template("{{ 1 + 1 }} {{ bos_token }}", VARIABLES, USER).text == "2 <s>"


def test_a_template_without_the_messages_is_the_turn_of_the_assistant(tokenizer):
    template = "{% if add_generation_prompt %}a dog{% endif %}"
    encoding, roles = encode_prompt(tokenizer, apply_template(template, {}, USER))
    assert roles == ("assistant",) and {token.segment for token in encoding.tokens} == {0}


@pytest.mark.parametrize(
    ("text", "piece", "expected"),
    [("<s>", "<s>", True), (" <s> ", "<s>", True), ("!", "<unk>", False), ("cat", "<unk>", False)],
)
def test_a_control_token_is_special_where_it_is_written(text, piece, expected):
    span = Span(piece, 1, 1 + len(text), False, 0, None)
    assert is_written(span, f"x{text}y") is expected


@pytest.mark.parametrize("n", [template_worker.MAX_PROMPT, template_worker.MAX_PROMPT + 1])
def test_a_prompt_may_have_a_mebicharacter(n):
    template = SimpleNamespace(render=lambda **_: "x" * n)
    if n == 1 << 20:
        assert len(template_worker.render(template, {}, {})) == n
        return
    with pytest.raises(ValueError, match="of 1,048,577 characters; at most 1,048,576"):
        template_worker.render(template, {}, {})


@pytest.mark.parametrize(
    "template", ["", " {# none #}\n", "{% if false %}{{ messages }}{% endif %}"]
)
def test_a_template_that_makes_no_text_is_refused(template, tokenizer):
    prompt = apply_template(template, {}, [{"role": "user", "content": "the cat"}])
    with pytest.raises(InvalidInputError, match="the chat template makes an empty prompt"):
        encode_prompt(tokenizer, prompt)


def test_what_the_sandbox_hides_is_undefined():
    assert apply_template("a{{ raise_exception.__globals__ }}", VARIABLES, USER).text == "a"


def test_the_process_starts_once():
    template = chat_prompt.template_process()
    apply_template(CHATML, VARIABLES, USER)
    process = template.process
    apply_template(CHATML, VARIABLES, USER)
    assert template.process is process is not None


def test_a_missing_jinja_is_named(monkeypatch):
    monkeypatch.setattr(chat_prompt, "find_spec", lambda name: None)
    with pytest.raises(
        CouldNotError, match=r"needs the jinja2 package: pip install 'attnviz\[mod"
    ):
        apply_template(CHATML, VARIABLES, USER)


@pytest.fixture
def chat_model(tmp_path):
    """The tiny Llama with the control tokens and the template of ChatML."""
    folder = shutil.copytree(MODELS / "llama", tmp_path / "llama")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True) for token in ("<|im_start|>", "<|im_end|>")]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    write_settings(folder, chat_template=CHATML)
    return folder


def write_settings(folder, **settings):
    settings = {"bos_token": "<s>", "eos_token": "<|im_end|>"} | settings
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def test_a_chat_has_its_turns_as_segments(chat_model):
    amap = attnviz.look("the cat sat", model=str(chat_model), chat=True, system="very old")
    assert amap.text == "the cat sat"
    assert amap.meta["roles"] == ["system", "user", "assistant"]
    assert amap.meta["prompt"].endswith("sat<|im_end|>\n<|im_start|>assistant\n")
    labels = [token.label.removeprefix("<unk>⟨").removesuffix("⟩") for token in amap.queries]
    shown = [
        (label, token.segment, token.special)
        for label, token in zip(labels, amap.queries, strict=True)
    ]
    assert shown == [
        *[("<|im_start|>", 0, True), ("system", 0, False), ("very", 0, False), ("old", 0, False)],
        *[("<|im_end|>", 0, True), ("<|im_start|>", 1, True), ("user", 1, False)],
        *[("the", 1, False), ("cat", 1, False), ("sat", 1, False), ("<|im_end|>", 1, True)],
        *[("<|im_start|>", 2, True), ("assistant", 2, False)],
    ]
    texts = [amap.meta["prompt"][token.start : token.end] for token in amap.queries]
    assert texts == [label for label, *_ in shown]
    part = attnviz.look("the cat sat", model=str(chat_model), chat=True, select_segments="C,B")
    assert [token.label for token in part.queries] == ["<|im_start|>", "<unk>⟨assistant⟩"]


def test_generation_continues_the_turn_and_stops_at_its_end(chat_model):
    model = str(chat_model)
    plain = attnviz.look("the cat", model=model, chat=True)
    longer = attnviz.look("the cat", model=model, chat=True, generate=5)
    new = longer.queries[len(plain.queries) :]
    assert len(new) == 5 and {token.segment for token in new} == {2}
    assert longer.queries[: len(plain.queries)] == plain.queries
    write_settings(chat_model, chat_template=CHATML, eos_token=new[2].piece)
    stopped = attnviz.look("the cat", model=model, chat=True, generate=5)
    first = [token.piece for token in new].index(new[2].piece)
    assert [t.piece for t in stopped.queries[len(plain.queries) :]] == [
        token.piece for token in new[:first]
    ]


def test_where_the_template_stands(chat_model):
    model = str(chat_model)
    named = [{"name": "default", "template": "{{ bos_token }}a"}, {"name": "x", "template": "b"}]
    write_settings(chat_model, chat_template=named)
    assert attnviz.look("the", model=model, chat=True).meta["prompt"] == "<s>a"
    processor = {"chat_template": "of a processor"}
    (chat_model / "chat_template.json").write_text(json.dumps(processor))
    assert attnviz.look("the", model=model, chat=True).meta["prompt"] == "of a processor"
    (chat_model / "chat_template.jinja").write_text("{{ messages[0].content }} cat")
    assert attnviz.look("the", model=model, chat=True).meta["prompt"] == "the cat"


@pytest.mark.parametrize("value", [3, [3], {"default": "x"}, [{"name": "a"}]])
def test_other_forms_of_a_template_are_refused(value):
    with pytest.raises(InvalidInputError, match="chat_template should be a string, or a list"):
        named_templates(value)


def test_a_date_of_the_template_is_noted(chat_model):
    write_settings(chat_model, chat_template="{{ strftime_now('%Y') }} {{ messages[0].content }}")
    with pytest.warns(AttnvizWarning, match="inserts the date of today"):
        amap = attnviz.look("the cat", model=str(chat_model), chat=True)
    assert amap.meta["prompt"].endswith(" the cat") and amap.meta["prompt"][:4].isdecimal()


def test_a_template_without_system_messages_is_noted(chat_model):
    write_settings(chat_model, chat_template="{{ messages[-1].content }}")
    words = ("the cat", "-m", str(chat_model), "--chat")
    done = run(*words, "--system", "very old")
    note = "note: --system: the chat template leaves the system message out, or changes it\n"
    assert (done.status, done.err) == (0, note)
    assert run(*words).err == "" and run(*words, "--system", " ").err == ""
    write_settings(chat_model, chat_template="{{ messages[0].content | trim }}")
    assert run(*words, "--system", " very old ").err == ""


def test_named_but_no_default(chat_model):
    write_settings(chat_model, chat_template=[{"name": "rag", "template": "b"}])
    with pytest.raises(InvalidInputError, match="no template 'default'; it has 'rag'"):
        attnviz.look("the", model=str(chat_model), chat=True)


REFUSED = [  # what is typed beside --chat; the message
    (("--pair", "a"), "--pair cannot be combined with --chat"),
    (("--truncate",), "--truncate cannot be combined with --chat"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=str)
def test_options_that_cannot_be_combined(chat_model, words, message):
    done = run("the cat", "-m", str(chat_model), "--chat", *words)
    assert (done.status, done.err) == (2, f"error: {message}\n")


def test_a_model_without_template_and_a_failing_template_are_one_line(chat_model):
    done = run("the cat", "-m", str(MODELS / "llama"), "--chat")
    assert done.status == 2 and done.err.count("\n") == 1 and "has no chat template" in done.err
    write_settings(chat_model, chat_template="{{ raise_exception('no cats') }}")
    done = run("the cat", "-m", str(chat_model), "--chat")
    assert done.status == 3 and done.err.endswith("cannot be applied: no cats\n")
    done = run("the cat", "-m", str(chat_model), "--system", "a")
    assert done.status == 2 and "--system has no effect without --chat" in done.err


@pytest.mark.parametrize("view", ["matrix", "lines", "text", "rows", "overview"])
def test_every_view_states_the_roles(chat_model, view):
    words = ("-m", str(chat_model), "--chat", "--layer", "0", "--head", "1", "--view", view)
    done = run("the cat", *words)
    assert done.status == 0 and "segments: A system, B user, C assistant" in done.out


@pytest.mark.parametrize("command", ["heads", "explain", "compare"])
def test_other_commands_take_a_chat(chat_model, command):
    more = ("--ablate", "0.1") if command == "compare" else ()
    words = ("-m", str(chat_model), "--head", "0", *more, "--chat")
    done = run(command, "the cat", *words)
    assert (done.status, done.err.count("error")) == (0, 0)
    assert done.out != run(command, "the cat", *words[:-1]).out
