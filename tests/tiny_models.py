"""Language models of `transformers` that are real but for their size and their random weights."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from rag.models import LocalModel

SPECIAL = ["<pad>", "</s>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@contextmanager
def one_thread() -> Iterator[None]:
    """Such small steps are sooner done by one thread than two are brought together."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _tokenizer(template: str | None) -> PreTrainedTokenizerFast:
    """One token for each ASCII character, and the special ones; others are passed over."""
    characters = sorted(c for c in pre_tokenizers.ByteLevel.alphabet() if c.isascii() or c in "ĠĊ")
    vocabulary = {token: id for id, token in enumerate([*SPECIAL, *characters])}
    plain = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=plain,
        pad_token="<pad>",
        eos_token="<|im_end|>" if template else "</s>",
        additional_special_tokens=SPECIAL[1:],
    )
    tokenizer.chat_template = template
    return tokenizer


def write_causal(folder: Path, template: str | None = TEMPLATE) -> LocalModel:
    """A Llama of 40,000 weights with a chat template."""
    tokenizer = _tokenizer(template)
    torch.manual_seed(6)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        initializer_range=0.4,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return LocalModel("tiny-llama", folder, "")


def write_seq2seq(folder: Path) -> LocalModel:
    """A T5 of the same size, without a chat template."""
    tokenizer = _tokenizer(None)
    torch.manual_seed(3)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=48,
        d_kv=12,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        initializer_factor=4.0,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = T5ForConditionalGeneration(config)
    model.generation_config.decoder_start_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return LocalModel("tiny-t5", folder, "")


def write_cross_encoder(folder: Path, labels: int | Sequence[str]) -> Path:
    """A BERT that gives so many scores, or one for each of these labels."""
    torch.manual_seed(7)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz", "cord", "kettle"]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizer(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        initializer_range=2.0,
    )
    if isinstance(labels, int):
        config.num_labels = labels
    else:
        config.id2label = dict(enumerate(labels))
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder
