"""Loads the exports of this folder with the real Transformers and PEFT and compares their logits with expected.json.

    python tests/Exports/check.py            # pip install torch transformers peft

Ends with 1 if a token or a logit differs (by more than 1e-4 in 32 bits). No network is used.
"""

import json
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import peft
import torch
import transformers
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
TOLERANCE = 1e-4


def load(folder):
    if not os.path.exists(os.path.join(folder, "adapter_config.json")):
        return AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    base = AutoModelForSequenceClassification.from_pretrained(os.path.join(folder, "base"), dtype=torch.float32)
    return PeftModel.from_pretrained(base, folder).eval()


def difference(logits, rows):
    return (logits - torch.tensor([row["logits"] for row in rows])).abs().max().item()


def check(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = load(folder)
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        expected = json.load(file)
    rows = expected["texts"]
    right = all(tokenizer(row["text"])["input_ids"] == row["input_ids"] for row in rows)
    labels = [model.config.id2label[index] for index in range(model.config.num_labels)]
    right &= labels == expected["labels"]
    with torch.no_grad():
        alone = max(difference(model(**tokenizer(row["text"], return_tensors="pt")).logits, [row]) for row in rows)
        batch = tokenizer([row["text"] for row in rows], padding=True, return_tensors="pt")
        together = difference(model(**batch).logits, rows)
    right &= max(alone, together) <= TOLERANCE
    print(f"{os.path.basename(folder):8} {'ok' if right else 'WRONG'}: worst difference alone {alone:.1e}, in a batch {together:.1e}")
    return right


print(f"transformers {transformers.__version__}, peft {peft.__version__}, torch {torch.__version__}")
results = [check(os.path.join(HERE, name)) for name in ("full", "lora", "merged")]
sys.exit(0 if all(results) else 1)
