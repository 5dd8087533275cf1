"""LoRA adapters of PEFT for the checkpoints of tests/models, and the attention with each."""
