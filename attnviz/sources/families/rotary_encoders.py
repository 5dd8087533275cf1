"""Encoders with RoPE: ESM, RoFormer, Nomic BERT."""

from __future__ import annotations

from dataclasses import replace

from attnviz.core.positions import NoPosition, Position
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.encoders import BERT, BERT_STACK
from attnviz.sources.families.output_heads import BERT_HEAD, ROBERTA_HEAD
from attnviz.sources.families.rope_config import rope_position
from attnviz.sources.families.rope_layers import interleaved_rope
from attnviz.sources.families.slots import Layer, Slots
from attnviz.sources.families.spec import Attention, Family, FeedForward, Stack, keep_spec

NO_ROPE_SCALING = {"rope_scaling": (None,), "rope_parameters": (None,)}  # transformers has none


def esm_position(layer: Layer) -> Position:
    """RoPE in ESM-2; ESM-1b has learned positions."""
    has_rope = layer.config.get("position_embedding_type") == "rotary"
    return rope_position(layer) if has_rope else NoPosition()


def esm_embedding(stack: Stack, config: Config) -> Stack:
    """Learned positions, unless the config has RoPE, and layer norm where it has one."""
    embedding = stack.embedding
    if config.get("position_embedding_type") == "rotary":
        embedding = replace(embedding, position="", is_bounded=False)
    if not config.get_bool("emb_layer_norm_before"):
        embedding = replace(embedding, norm="")
    return replace(stack, embedding=embedding)


ESM = Family(
    name="esm",
    kind="encoder",
    paper="10.1126/science.ade2574",
    features="proteins; RoPE or learned positions, norm before",
    prefixes=("esm.", ""),
    stacks={
        "encoder": replace(
            BERT_STACK,
            embedding=replace(
                BERT_STACK.embedding,
                segment="",
                offset="pad",
                norm="embeddings.layer_norm",
                token_dropout="token_dropout",
            ),
            attention=replace(
                BERT_STACK.attention,
                before="attention.LayerNorm",
                end="",
                slots=Slots(position=esm_position),
            ),
            feed_forward=replace(BERT_STACK.feed_forward, before="LayerNorm", end=""),
            final="encoder.emb_layer_norm_after",
        )
    },
    defaults={
        "eps": 1e-12,
        "activation": "gelu",
        "position_embedding_type": "absolute",
        "token_dropout": False,
    },
    keys={
        "eps": ("layer_norm_eps",),
        "activation": (),
        "base": ("rope_theta",),
        "rotary_share": (),
    },
    allowed_values={
        "position_embedding_type": ("absolute", "rotary"),
        "is_folding_model": (False,),
        **NO_ROPE_SCALING,
        "is_decoder": (False,),
        "add_cross_attention": (False,),
    },
    masked_lm_head=ROBERTA_HEAD,
    adapt=esm_embedding,
)

ROFORMER = replace(
    BERT,
    name="roformer",
    paper="2104.09864",
    features="interleaved RoPE, segments",
    prefixes=("roformer.", ""),
    stacks={
        "encoder": replace(
            BERT_STACK,
            embedding=replace(BERT_STACK.embedding, position="", project="embeddings_project"),
            attention=replace(BERT_STACK.attention, slots=Slots(position=interleaved_rope)),
        )
    },
    defaults={**BERT.defaults, "n_position": 1536},
    keys={**BERT.keys, "base": (), "rotary_share": ()},
    adapt=keep_spec,
    allowed_values={
        "rotary_value": (False,),
        **NO_ROPE_SCALING,
        "is_decoder": (False,),
        "add_cross_attention": (False,),
    },
    masked_lm_head=BERT_HEAD,
)

NOMIC_STACK = Stack(
    layer="layers.{i}.",
    embedding=replace(BERT_STACK.embedding, position=""),
    attention=Attention(
        query="self_attn.q_proj",
        key="self_attn.k_proj",
        value="self_attn.v_proj",
        output="self_attn.o_proj",
        bias=False,
        output_bias=False,
        end="post_attention_layernorm",
        slots=Slots(position=rope_position),
    ),
    feed_forward=FeedForward(
        up="mlp.up_proj",
        gate="mlp.gate_proj",
        down="mlp.down_proj",
        bias=False,
        end="post_mlp_layernorm",
        activation_aliases={"swiglu": "silu", "geglu": "gelu"},
    ),
)
NOMIC_ORIGINAL_STACK = replace(
    NOMIC_STACK,
    layer="encoder.layers.{i}.",
    embedding=replace(NOMIC_STACK.embedding, norm="emb_ln"),
    attention=replace(
        NOMIC_STACK.attention, fused="attn.Wqkv", output="attn.out_proj", end="norm1"
    ),
    feed_forward=replace(
        NOMIC_STACK.feed_forward, up="mlp.fc11", gate="mlp.fc12", down="mlp.fc2", end="norm2"
    ),
)
NOMIC_BERT = Family(
    name="nomic_bert",
    kind="encoder",
    paper="2402.01613",
    features="RoPE, gated feed-forward, segments",
    prefixes=("nomic_bert.", "bert.", ""),
    stacks={"encoder": NOMIC_STACK},
    layouts={"encoder.layers.0.attn.Wqkv.weight": {"encoder": NOMIC_ORIGINAL_STACK}},
    defaults={
        "eps": 1e-12,
        "activation": "silu",
        "n_segment": 2,
        "n_position": 2048,
        "base": 1000.0,
    },
    keys={
        "eps": ("layer_norm_eps", "layer_norm_epsilon"),
        "activation": ("hidden_act", "activation_function"),
        "base": ("rope_theta", "rotary_emb_base"),
        "rotary_share": (),
        "n_position": ("max_position_embeddings", "max_trained_positions", "n_positions"),
    },
    allowed_values={
        "causal": (False,),
        "mlp_fc1_bias": (False,),
        "mlp_fc2_bias": (False,),
        "moe_every_n_layers": (0,),
        "parallel_block": (False,),
        "prenorm": (False,),
        "qkv_proj_bias": (False,),
        "rotary_emb_fraction": (1, 1.0),
        "rotary_emb_interleaved": (False,),
        "rotary_emb_scale_base": (None,),
        "rotary_scaling_factor": (None,),
        "scale_attn_by_inverse_layer_idx": (False,),
        "scale_attn_weights": (True,),
        "use_rms_norm": (False,),
    },
    masked_lm_head=replace(
        BERT_HEAD, norm="cls.predictions.transform.layer_norm", activation="activation"
    ),
)

FAMILIES = (ESM, ROFORMER, NOMIC_BERT)
