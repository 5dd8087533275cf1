"""Sizes of the tiny checkpoints, by the names of their configs."""

SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 40,
}
GROUPED = SMALL | {"num_key_value_heads": 2}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 40}
TWO = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
    "max_position_embeddings": 40,
    "forced_eos_token_id": None,
}
FIVE = {"d_model": 32, "d_kv": 6, "d_ff": 48, "num_layers": 2, "num_heads": 4}
FIVE |= {"decoder_start_token_id": 0}
BUCKETS = {"relative_attention_num_buckets": 8, "relative_attention_max_distance": 12}
RMS = {"rms_norm_eps": 1e-5}
DEBERTA = SMALL | {
    "relative_attention": True,
    "max_relative_positions": 16,
    "position_buckets": 6,
    "position_biased_input": False,
    "pos_att_type": ["p2c", "c2p"],
    "share_att_key": True,
    "norm_rel_ebd": "layer_norm",
    "type_vocab_size": 0,
    "layer_norm_eps": 1e-7,
}
