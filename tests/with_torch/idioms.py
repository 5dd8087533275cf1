"""Fifty ways to write attention: each returns its output and its weights, [batch, head, q, k].

A row states the inputs of a function; weights are what the function multiplies its values with,
before dropout. None: weights that do not exist as an array, which `watch` states as not seen.
"""

import math

import torch
import torch.nn.functional as F
from torch import einsum, nn

B, H, N, M, D = 2, 3, 5, 7, 4
IDIOMS = {}


def idiom(*shapes):
    """Add a function of tensors of these shapes to IDIOMS."""

    def add(function):
        IDIOMS[function.__name__] = (shapes, function)
        return function

    return add


QKV = ((B, H, N, D), (B, H, N, D), (B, H, N, D))
CROSS = ((B, H, N, D), (B, H, M, D), (B, H, M, D))
ONE_HEAD = ((B, N, D), (B, M, D), (B, M, D))
FLAT = ((B * H, N, D), (B * H, M, D), (B * H, M, D))
TRIL = torch.ones(N, N).tril()


@idiom(*QKV)
def nanogpt(q, k, v):
    att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
    att = att.masked_fill(TRIL[None, None] == 0, float("-inf"))
    att = F.softmax(att, dim=-1)
    return att @ v, att


@idiom(*QKV)
def mingpt_with_dropout(q, k, v):
    att = (q @ k.transpose(-2, -1)) / math.sqrt(k.size(-1))
    att = att.masked_fill(TRIL.bool().logical_not(), -1e10)
    clean = att = F.softmax(att, dim=-1)
    att = F.dropout(att, 0.3, training=True)
    return att @ v, clean


@idiom(*CROSS)
def annotated_transformer(q, k, v):
    scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(D)
    scores = scores.masked_fill(torch.arange(M) > 4, -1e9)
    p_attn = scores.softmax(dim=-1)
    return torch.matmul(p_attn, v), p_attn


@idiom(*CROSS)
def einsum_all_the_way(q, k, v):
    sim = einsum("b h i d, b h j d -> b h i j", q, k) * D**-0.5
    attn = sim.softmax(dim=-1)
    return einsum("b h i j, b h j d -> b h i d", attn, v), attn


@idiom((B, N, H, D), (B, M, H, D), (B, M, H, D))
def einsum_heads_third(q, k, v):
    energy = torch.einsum("nqhd,nkhd->nhqk", [q, k])
    attention = torch.softmax(energy / D**0.5, dim=3)
    return torch.einsum("nhql,nlhd->nqhd", [attention, v]), attention


@idiom((B, N, H, D), (B, M, H, D), (B, M, H, D))
def einsum_heads_last(q, k, v):
    scores = torch.einsum("bqhd,bkhd->bqkh", q, k)
    weights = torch.softmax(scores, dim=2)
    return torch.einsum("bqkh,bkhd->bqhd", weights, v), weights.permute(0, 3, 1, 2)


@idiom(*CROSS)
def einsum_with_dots(q, k, v):
    weights = torch.einsum("...id,...jd->...ij", q, k).softmax(-1)
    return torch.einsum("...ij,...jd->...id", weights, v), weights


@idiom(*ONE_HEAD)
def bmm_of_one_head(q, k, v):
    weights = F.softmax(torch.bmm(q, k.transpose(1, 2)) / D**0.5, dim=2)
    return torch.bmm(weights, v), weights[:, None]


@idiom(*FLAT)
def bmm_of_flat_heads(q, k, v):
    weights = F.softmax(torch.bmm(q, k.transpose(1, 2)), dim=-1)
    return torch.bmm(weights, v), weights[:, None]


@idiom(*FLAT)
def baddbmm_with_a_mask(q, k, v):
    mask = torch.zeros(1, N, M).masked_fill(torch.arange(M) > 3, -torch.inf)
    scores = torch.baddbmm(mask.expand(B * H, N, M), q, k.transpose(1, 2), alpha=D**-0.5)
    weights = torch.softmax(scores, -1)
    return torch.bmm(weights, v), weights[:, None]


@idiom(*FLAT)
def baddbmm_of_an_empty_tensor(q, k, v):
    empty = torch.empty(B * H, N, M)
    scores = torch.baddbmm(empty, q, k.transpose(-1, -2), beta=0, alpha=0.5)
    weights = scores.softmax(dim=-1)
    return torch.bmm(weights, v), weights[:, None]


@idiom((N, D), (M, D), (M, D))
def without_batch(q, k, v):
    weights = torch.softmax(q @ k.T / D**0.5, dim=-1)
    return weights @ v, weights[None, None]


@idiom((N, D), (M, D), (M, D))
def mm_and_t(q, k, v):
    weights = torch.mm(q, k.t()).softmax(1)
    return torch.mm(weights, v), weights[None, None]


@idiom(*CROSS)
def additive_mask(q, k, v):
    mask = torch.zeros(B, 1, 1, M)
    mask[1, ..., 5:] = torch.finfo(torch.float32).min
    weights = torch.softmax(q @ k.mT * 0.5 + mask, dim=-1)
    return weights @ v, weights


@idiom(*QKV)
def where_instead_of_masked_fill(q, k, v):
    scores = q @ k.transpose(-1, -2)
    scores = torch.where(TRIL.bool(), scores, torch.tensor(-torch.inf))
    weights = scores.softmax(-1)
    return weights @ v, weights


@idiom(*QKV)
def masks_in_place(q, k, v):
    scores = q @ k.transpose(-1, -2)
    scores *= D**-0.5
    scores.masked_fill_(TRIL == 0, -torch.inf)
    weights = scores.softmax(-1)
    return weights @ v, weights


@idiom(*QKV)
def multiplied_mask_of_gpt2(q, k, v):
    scores = torch.matmul(q, k.transpose(-1, -2)) / 2
    scores = scores * TRIL - 1e10 * (1 - TRIL)
    weights = nn.Softmax(dim=-1)(scores)
    return torch.matmul(weights, v), weights


@idiom(*QKV)
def float32_softmax_of_llama(q, k, v):
    q, k, v = q.bfloat16(), k.bfloat16(), v.bfloat16()
    weights = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(D)
    weights = weights + torch.full((N, N), -torch.inf).triu(1).to(weights.dtype)
    weights = F.softmax(weights, dim=-1, dtype=torch.float32).to(q.dtype)
    return torch.matmul(weights, v), weights.float()


@idiom((B, H, N, D), (B, 1, M, D), (B, 1, M, D))
def multi_query(q, k, v):
    weights = (q @ k.transpose(-1, -2)).softmax(-1)
    return weights @ v, weights


@idiom((B, 4, N, D), (B, 2, M, D), (B, 2, M, D))
def grouped_query_repeated(q, k, v):
    k = k[:, :, None].expand(B, 2, 2, M, D).reshape(B, 4, M, D)
    v = v.repeat_interleave(2, dim=1)
    weights = (q @ k.transpose(-1, -2)).softmax(-1)
    return weights @ v, weights


@idiom((B, 2, 2, N, D), (B, 2, M, D), (B, 2, M, D))
def grouped_query_einsum(q, k, v):
    weights = einsum("bghid,bgjd->bghij", q, k).softmax(-1)
    return einsum("bghij,bgjd->bghid", weights, v), weights.reshape(B * 2, 2, N, M)


@idiom(*CROSS)
def softcapped_scores(q, k, v):
    scores = q @ k.transpose(-1, -2)
    weights = (5 * torch.tanh(scores / 5)).softmax(-1)
    return weights @ v, weights


@idiom(*CROSS)
def stable_softmax_by_hand(q, k, v):
    scores = q @ k.transpose(-1, -2)
    e = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
    weights = e / e.sum(dim=-1, keepdim=True)
    return weights @ v, weights


@idiom(*CROSS)
def log_softmax_then_exp(q, k, v):
    weights = F.log_softmax(q @ k.transpose(-1, -2), dim=-1).exp()
    return weights @ v, weights


@idiom(*CROSS)
def sigmoid_attention(q, k, v):
    weights = torch.sigmoid(q @ k.transpose(-1, -2) - math.log(M))
    return weights @ v, weights


@idiom(*CROSS)
def squared_relu_attention(q, k, v):
    weights = F.relu(q @ k.transpose(-1, -2)).square() / M
    return weights @ v, weights


@idiom(*CROSS)
def cosine_attention(q, k, v):
    scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
    weights = (scores * 10).softmax(-1)
    return weights @ v, weights


@idiom(*CROSS)
def normalized_after_the_mask(q, k, v):
    weights = (q @ k.transpose(-1, -2)).softmax(-1) * (torch.arange(M) < 5).float()
    weights = weights / (weights.sum(-1, keepdim=True) + 1e-13)
    return weights @ v, weights


@idiom(*CROSS)
def a_mask_after_the_softmax(q, k, v):
    weights = (q @ k.transpose(-1, -2)).softmax(-1).masked_fill(torch.arange(M) > 5, 0.0)
    return weights @ v, weights


@idiom(*CROSS)
def topk_scores(q, k, v):
    scores = q @ k.transpose(-1, -2)
    least = scores.topk(3, dim=-1).values[..., -1:]
    weights = scores.masked_fill(scores < least, -torch.inf).softmax(-1)
    return weights @ v, weights


@idiom((B, H, N, D), (B, H, D, M), (B, H, M, D))
def keys_already_transposed(q, k, v):
    weights = torch.matmul(q, k).softmax(-1)
    return weights.matmul(v), weights


@idiom((B, H, N, D), (B, H, M, D), (B, H, D, M))
def values_on_the_left(q, k, v):
    weights = (q @ k.transpose(-1, -2)).softmax(-1)
    return v @ weights.transpose(-1, -2), weights


@idiom((B, D, 6), (B, D, 6), (B, D, 6))
def self_attention_gan(f, g, h):
    energy = torch.bmm(f.permute(0, 2, 1), g)
    attention = nn.Softmax(dim=-1)(energy)
    return torch.bmm(h, attention.permute(0, 2, 1)), attention[:, None]


@idiom((B, 6, D), (B, 6, D), (B, D, 6))
def non_local_block(theta, phi, g):
    f = torch.matmul(theta, phi.permute(0, 2, 1))
    weights = F.softmax(f, dim=-1)
    return torch.matmul(weights, g.permute(0, 2, 1)), weights[:, None]


@idiom((B, D), (B, M, D))
def luong_of_one_step(state, memory):
    weights = F.softmax(torch.bmm(memory, state.unsqueeze(2)).squeeze(2), dim=1)
    context = torch.bmm(weights.unsqueeze(1), memory).squeeze(1)
    return context, weights[:, None, None]


@idiom((B, D), (B, M, D))
def weighted_sum_of_a_memory(state, memory):
    scores = (memory * state[:, None]).sum(-1)
    weights = scores.softmax(1)
    return (weights.unsqueeze(-1) * memory).sum(1), weights[:, None, None]


class Additive(nn.Module):
    def __init__(self):
        super().__init__()
        self.w, self.u, self.v = nn.Linear(D, 8), nn.Linear(D, 8), nn.Linear(8, 1, bias=False)

    def forward(self, state, memory):
        scores = self.v(torch.tanh(self.w(state)[:, None] + self.u(memory)))
        return scores.squeeze(-1)


torch.manual_seed(0)
ADDITIVE = Additive()


@idiom((B, D), (B, M, D))
def bahdanau_of_one_step(state, memory):
    weights = F.softmax(ADDITIVE(state, memory), dim=-1)
    return weights.unsqueeze(1).bmm(memory), weights[:, None, None]


@idiom((B, D), (B, M, D))
def bahdanau_einsum(state, memory):
    weights = F.softmax(ADDITIVE(state, memory), dim=-1)
    return torch.einsum("bt,btd->bd", weights, memory), weights[:, None, None]


@idiom((B, M, D))
def pooling_by_learned_scores(x):
    weights = ADDITIVE.v(torch.tanh(ADDITIVE.u(x))).softmax(dim=1)
    return (weights * x).sum(dim=1), weights[:, :, 0][:, None, None]


@idiom((B, M, D))
def pooling_by_a_learned_query(x):
    query = nn.Parameter(torch.ones(3, D))
    weights = (query @ x.transpose(1, 2)).softmax(-1)
    return weights @ x, weights[:, None]


@idiom((4, B, H, 4, D), (4, B, H, 4, D), (4, B, H, 4, D))
def windows_of_swin(q, k, v):
    q, k, v = (x.flatten(0, 1) for x in (q, k, v))
    scores = q * D**-0.5 @ k.transpose(-2, -1) + torch.randn(H, 4, 4)
    mask = torch.zeros(4, 4, 4).masked_fill(torch.rand(4, 4, 4) > 0.8, -100.0)
    scores = scores.view(-1, 4, H, 4, 4) + mask.unsqueeze(1).unsqueeze(0)
    weights = scores.view(-1, H, 4, 4).softmax(-1)
    return (weights @ v).transpose(1, 2), weights


@idiom((B, 3, 6, D), (B, 3, 6, D), (B, 3, 6, D))
def rows_of_an_image(q, k, v):
    weights = torch.einsum("bhwc,bhxc->bhwx", q, k).softmax(-1)
    return torch.einsum("bhwx,bhxc->bhwc", weights, v), weights


@idiom(*QKV)
def disentangled_terms(q, k, v):
    position = torch.randn(H, N, D)
    scores = q @ k.transpose(-1, -2) + torch.gather(
        q @ position.transpose(-1, -2), -1, torch.randint(0, N, (B, H, N, N))
    )
    weights = (scores / math.sqrt(2 * D)).softmax(-1)
    return weights @ v, weights


@idiom(*QKV)
def relative_shift_of_transformer_xl(q, k, v):
    bd = q @ torch.randn(H, N, D).transpose(-1, -2)
    bd = F.pad(bd, (1, 0)).view(B, H, N + 1, N)[:, :, 1:].reshape(B, H, N, N)
    weights = F.softmax((q @ k.transpose(-1, -2) + bd) * 0.5, dim=-1)
    return weights @ v, weights


@idiom(*QKV)
def talking_heads(q, k, v):
    scores = torch.einsum("bhij,hg->bgij", q @ k.transpose(-1, -2), torch.randn(H, H))
    weights = scores.softmax(-1)
    return weights @ v, weights


@idiom(*CROSS)
def scaled_dot_product(q, k, v):
    with torch._C.DisableTorchFunction():
        weights = (q @ k.transpose(-1, -2) / D**0.5).softmax(-1)
    return F.scaled_dot_product_attention(q, k, v), weights


@idiom(*QKV)
def retention_with_decay(q, k, v):
    distance = torch.arange(N)[:, None] - torch.arange(N)
    decay = torch.where(distance >= 0, 0.9**distance, torch.tensor(0.0))
    weights = (q @ k.transpose(-1, -2)) * decay
    return weights @ v, weights


@idiom(*CROSS)
def sparsemax_weights(q, k, v):
    scores = q @ k.transpose(-1, -2)
    ordered = scores.sort(descending=True).values
    rank = torch.arange(1, M + 1)
    total = ordered.cumsum(-1) - 1
    size = (ordered * rank > total).sum(-1, keepdim=True)
    weights = (scores - total.gather(-1, size - 1) / size).clamp(min=0)
    return weights @ v, weights


@idiom(*QKV)
def linear_attention(q, k, v):
    q, k = F.elu(q) + 1, F.elu(k) + 1
    return q @ (k.transpose(-1, -2) @ v) / (q @ k.sum(-2)[..., None]), None


@idiom(*CROSS)
def scores_in_a_loop_over_keys(q, k, v):
    total, norm = torch.zeros(B, H, N, D), torch.zeros(B, H, N, 1)
    for j in range(M):
        e = (q * k[:, :, j : j + 1]).sum(-1, keepdim=True).exp()
        total, norm = total + e * v[:, :, j : j + 1], norm + e
    return total / norm, None
