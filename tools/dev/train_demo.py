"""Trains the demo checkpoint: a tiny Qwen3 that adds numbers in chat.

    python tools/dev/train_demo.py [--out test/data/demo] [--check]

Writes a checkpoint folder in the published layout (bf16, tied embeddings), 100 held-out questions
(questions.json), a few more for a first look (quickstart.tsv: question, tab, answer) and what the
training gave (training.json). About 16 minutes of one core. Needs the Python packages torch
(2.9 or newer, for its Muon), transformers (5.x), tokenizers, safetensors and jinja2.

The task: "What is 347 + 589?" -> "936", up to three digits each, in several phrasings and in
conversations of up to three questions. A pair of numbers is held out from training by its hash, in
either order, so the questions test addition and not memory.
"""

import argparse
import hashlib
import pathlib
import random
import time

import torch
import transformers

import checkpoint_files as files

SEED = 20
PHRASINGS = [
    "What is {} + {}?",
    "{} + {} = ?",
    "Add {} and {}.",
    "How much is {} plus {}?",
]
SYSTEM_PROMPTS = ["You are a helpful assistant.", "You add numbers."]

# Text beside the questions from which the tokenizer learns its merges: short English, since the
# model is asked in English, and the words of the chat format.
CORPUS = [
    "user", "assistant", "system", "Hello! I can add two numbers for you. Ask me a sum, please.",
    "The sum of the numbers is shown here, and the answer comes after the question.",
    "What is the result? How much is it? Can you tell me the answer of this question?",
    "One number plus another number makes a larger number; add them digit by digit.",
]


# ------------------------------------------------------------------------------------- questions
def is_held_out(a, b):
    """One pair in twenty, by a hash that does not depend on the order of the numbers."""
    key = f"{min(a, b)}+{max(a, b)}".encode()
    return hashlib.sha256(key).digest()[0] % 20 == 0


def draw_number(rng, digits):
    return rng.randrange(10 ** (digits - 1) if digits > 1 else 0, 10**digits)


def draw_pair(rng):
    """Mostly three digits. Every second pair has many digit sums of 9: they alone pass a carry on,
    and are rare (one in ten) among uniform pairs, while a right first digit needs them."""
    a = draw_number(rng, rng.choice([1, 2, 2, 3, 3, 3, 3]))
    b = draw_number(rng, rng.choice([1, 2, 2, 3, 3, 3, 3]))
    if rng.random() < 0.5:
        digits = [int(d) for d in str(b)]
        for i, d in enumerate(reversed(str(a))):
            if i < len(digits) and rng.random() < 0.5:
                digits[-1 - i] = 9 - int(d)
        if digits[0] > 0:
            b = int("".join(map(str, digits)))
    return (a, b) if rng.random() < 0.5 else (b, a)


def training_pair(rng):
    while True:
        a, b = draw_pair(rng)
        if not is_held_out(a, b):
            return a, b


def held_out_pairs(rng, count):
    """Distinct held-out pairs with uniform numbers below 1000."""
    pairs = []
    while len(pairs) < count:
        pair = (rng.randrange(1000), rng.randrange(1000))
        if is_held_out(*pair) and pair not in pairs and pair[::-1] not in pairs:
            pairs.append(pair)
    return pairs


def question(rng, a, b):
    return rng.choice(PHRASINGS).format(a, b)


# ----------------------------------------------------------------------------------- conversations
class Encoder:
    """Turns conversations into token ids and a mask of the ids to be learnt (the answers)."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.known = {}

    def ids(self, text):
        if text not in self.known:
            if len(self.known) > 200_000:
                self.known.clear()
            self.known[text] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return self.known[text]

    def conversation(self, rng, turns):
        """Questions with their answers, rendered as CHAT_TEMPLATE renders them."""
        ids, learnt = [], []

        def add(text, learn):
            new = self.ids(text)
            ids.extend(new)
            learnt.extend([learn] * len(new))

        if rng.random() < 0.1:
            add(f"<|im_start|>system\n{rng.choice(SYSTEM_PROMPTS)}<|im_end|>\n", False)
        for turn in range(turns):
            a, b = training_pair(rng)
            add(f"<|im_start|>user\n{question(rng, a, b)}<|im_end|>\n", False)
            add("<|im_start|>assistant\n", False)
            # The empty reasoning of enable_thinking=false stands before the last answer only.
            if turn == turns - 1 and rng.random() < 0.3:
                add("<think>\n\n</think>\n\n", False)
            add(f"{a + b}", True)
            add("<|im_end|>", True)
            add("\n", False)
        return ids, learnt

    def batch(self, rng, questions):
        """Conversations of equally many turns, so that rows are about equally long."""
        turns = rng.choice([1, 1, 1, 1, 1, 2, 2, 3])
        rows = [self.conversation(rng, turns) for _ in range(questions // turns)]
        width = max(len(ids) for ids, _ in rows)
        pad = self.ids("<|endoftext|>")[0]
        ids = torch.tensor([r + [pad] * (width - len(r)) for r, _ in rows])
        learnt = torch.tensor([m + [False] * (width - len(m)) for _, m in rows])
        return ids, learnt


def make_tokenizer():
    rng = random.Random(SEED)
    asked = [question(rng, *draw_pair(rng)) for _ in range(400)]
    return files.train_tokenizer(CORPUS * 4 + SYSTEM_PROMPTS * 8 + asked, vocab_size=379)


# ---------------------------------------------------------------------------------------- training
def schedule(step, steps):
    """Linear warm-up over 50 steps, then linear decay to zero over the last two thirds."""
    return min((step + 1) / 50, 1.5 * (steps - step) / steps, 1.0)


def make_optimizers(model, peak):
    """Muon for the matrices of the layers, AdamW for embeddings and norms. The loss falls to 0.12
    within 700 steps: most carries are learnt by then."""
    inner = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
    outer = [p for n, p in model.named_parameters() if p.dim() != 2 or "embed" in n]
    return [
        torch.optim.Muon(inner, lr=peak, weight_decay=0.02, momentum=0.95),
        torch.optim.AdamW(outer, lr=peak / 4, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def answer_loss(model, ids, learnt):
    """Cross entropy over the answers. Padding stands at the end of a row, after all that is learnt,
    so the causal mask alone keeps it out."""
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
    chosen = learnt[:, 1:]
    logits = model.lm_head(hidden[:, :-1][chosen])
    return torch.nn.functional.cross_entropy(logits, ids[:, 1:][chosen])


def train(model, encoder, steps, batch, peak):
    rng = random.Random(SEED + 1)
    optimizers = make_optimizers(model, peak)
    peaks = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    model.train()
    start, mean = time.time(), None
    for step in range(steps):
        scale = schedule(step, steps)
        for optimizer, rates in zip(optimizers, peaks):
            for group, rate in zip(optimizer.param_groups, rates):
                group["lr"] = rate * scale
        loss = answer_loss(model, *encoder.batch(rng, batch))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}/{steps}: loss {mean:.4f}, {time.time() - start:.0f} s", flush=True)
    model.eval()


def build(args):
    """The whole folder but for the questions: tokenizer, configs, trained weights."""
    tokenizer = make_tokenizer()
    config = files.qwen3_config(tokenizer)
    files.write_json(args.out / "config.json", config)
    files.write_tokenizer(args.out, tokenizer, config["max_position_embeddings"])
    files.write_generation_config(args.out, tokenizer)
    loaded = transformers.AutoConfig.from_pretrained(args.out)
    model = transformers.AutoModelForCausalLM.from_config(loaded, dtype=torch.float32)
    print(f"{sum(p.numel() for p in model.parameters())} parameters")
    train(model, Encoder(tokenizer), args.steps, args.batch, args.peak)
    state = {name: p.to(torch.bfloat16) for name, p in model.named_parameters()}
    files.save_weights(args.out, state)


# ------------------------------------------------------------------------------------------ checks
def make_questions(tokenizer, count):
    """Held-out questions as {"messages", "prompt_ids", "answer"}."""
    rng = random.Random(SEED + 2)
    questions = []
    for a, b in held_out_pairs(rng, count):
        messages = [{"role": "user", "content": question(rng, a, b)}]
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        questions.append({
            "messages": messages,
            "prompt_ids": tokenizer.encode(prompt, add_special_tokens=False),
            "answer": str(a + b),
        })
    return questions


def count_right(model, tokenizer, questions):
    """Greedy answers of transformers that are right up to the end token. Prompts of one length are
    answered together, so that no padding is needed."""
    right = 0
    for length in sorted({len(q["prompt_ids"]) for q in questions}):
        group = [q for q in questions if len(q["prompt_ids"]) == length]
        ids = torch.tensor([q["prompt_ids"] for q in group])
        out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=8)
        for entry, row in zip(group, out):
            answer = tokenizer.decode(row[length:])  # then padding, up to the longest of the group
            if answer.replace("<|endoftext|>", "") == entry["answer"] + "<|im_end|>":
                right += 1
            else:
                print(f"wrong: {entry['messages'][-1]['content']} -> {answer!r}")
    return right


def check(folder):
    """Writes the questions and how many of them the stored checkpoint answers, in bf16."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
    questions = make_questions(tokenizer, 1000)
    right = count_right(model, tokenizer, questions[:100])
    right_of_all = right + count_right(model, tokenizer, questions[100:])
    print(f"{right} of 100 right, {right_of_all} of {len(questions)}")
    files.write_json_lines(folder / "questions.json", questions[:100])
    shown = [f"{q['messages'][0]['content']}\t{q['answer']}\n" for q in questions[100:106]]
    (folder / "quickstart.tsv").write_text("".join(shown))
    return {"right_of_100": right, "right_of_1000": right_of_all}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("test/data/demo"))
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=96, help="questions in a batch")
    parser.add_argument("--peak", type=float, default=0.02, help="largest learning rate")
    parser.add_argument("--threads", type=int, default=1, help="one is faster on a busy machine")
    parser.add_argument("--check", action="store_true", help="train nothing, check what is there")
    args = parser.parse_args()

    torch.manual_seed(SEED)
    torch.set_num_threads(args.threads)
    transformers.utils.logging.disable_progress_bar()
    args.out.mkdir(parents=True, exist_ok=True)
    if not args.check:
        build(args)
    files.write_json(args.out / "training.json", {
        "script": "tools/dev/train_demo.py",
        "seed": SEED,
        "steps": args.steps,
        "questions_per_step": args.batch,
        "peak_learning_rate": args.peak,
        **check(args.out),
        "versions": files.versions(),
    })


if __name__ == "__main__":
    main()
