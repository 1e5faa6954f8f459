"""Two small language models with the tensor names and layouts of their large relatives.

decoder   as Llama: RMSNorm before each part, rotary positions, SwiGLU, output tied to the embedding; next token
encoder   as BERT: learned positions, GELU, biases, output tied to the embedding; masked token. Unlike BERT's its
          LayerNorm stands before each part and positions begin as sinusoids, so that it learns within minutes
"""

import math

import torch
from torch import nn
from torch.nn import functional

VOCABULARY, HIDDEN, LAYERS, HEADS, LENGTH, WINDOW = 4096, 128, 4, 4, 64, 16
INNER, STD = {"decoder": 384, "encoder": 512}, {"decoder": 0.02, "encoder": 0.06}
MASK = 1


class RMSNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(HIDDEN))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


def rotary(x):
    half = x.shape[-1] // 2
    angle = torch.arange(x.shape[-2])[:, None] * 10000.0 ** (-torch.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def heads(x):
    return x.unflatten(-1, (HEADS, HIDDEN // HEADS)).transpose(1, 2)


def linear(inputs, outputs, bias):
    return nn.Linear(inputs, outputs, bias=bias)


class Decoder(nn.Module):
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
                setattr(self, name, linear(HIDDEN, HIDDEN, False))

        def forward(self, x):
            q, k, v = rotary(heads(self.q_proj(x))), rotary(heads(self.k_proj(x))), heads(self.v_proj(x))
            mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.o_proj(mixed.transpose(1, 2).flatten(2))

    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.gate_proj = linear(HIDDEN, INNER["decoder"], False)
            self.up_proj = linear(HIDDEN, INNER["decoder"], False)
            self.down_proj = linear(INNER["decoder"], HIDDEN, False)

        def forward(self, x):
            return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.self_attn, self.mlp = Decoder.Attention(), Decoder.MLP()
            self.input_layernorm, self.post_attention_layernorm = RMSNorm(), RMSNorm()

        def forward(self, x):
            x = x + self.self_attn(self.input_layernorm(x))
            return x + self.mlp(self.post_attention_layernorm(x))

    def __init__(self):
        super().__init__()
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(VOCABULARY, HIDDEN)
        self.model.layers = nn.ModuleList(Decoder.Layer() for _ in range(LAYERS))
        self.model.norm = RMSNorm()

    def loss(self, tokens, _):
        x = self.model.embed_tokens(tokens[:, :-1])
        for layer in self.model.layers:
            x = layer(x)
        logits = self.model.norm(x) @ self.model.embed_tokens.weight.T
        return functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())


class Encoder(nn.Module):
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.Module()
            self.attention.self, self.attention.output = nn.Module(), nn.Module()
            for name in ("query", "key", "value"):
                setattr(self.attention.self, name, linear(HIDDEN, HIDDEN, True))
            self.attention.output.dense = linear(HIDDEN, HIDDEN, True)
            self.attention.output.LayerNorm = nn.LayerNorm(HIDDEN)
            self.intermediate, self.output = nn.Module(), nn.Module()
            self.intermediate.dense = linear(HIDDEN, INNER["encoder"], True)
            self.output.dense = linear(INNER["encoder"], HIDDEN, True)
            self.output.LayerNorm = nn.LayerNorm(HIDDEN)

        def forward(self, x):
            part = self.attention.self
            y = self.attention.output.LayerNorm(x)
            mixed = functional.scaled_dot_product_attention(
                heads(part.query(y)), heads(part.key(y)), heads(part.value(y)))
            x = x + self.attention.output.dense(mixed.transpose(1, 2).flatten(2))
            return x + self.output.dense(functional.gelu(self.intermediate.dense(self.output.LayerNorm(x))))

    def __init__(self):
        super().__init__()
        self.embeddings = nn.Module()
        self.embeddings.word_embeddings = nn.Embedding(VOCABULARY, HIDDEN)
        self.embeddings.position_embeddings = nn.Embedding(LENGTH, HIDDEN)
        self.embeddings.LayerNorm = nn.LayerNorm(HIDDEN)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(Encoder.Layer() for _ in range(LAYERS))

    def loss(self, tokens, generator):
        tokens = tokens[:, :LENGTH].reshape(-1, WINDOW)
        hidden = torch.rand(tokens.shape, generator=generator) < 0.15
        x = self.embeddings.word_embeddings(tokens.masked_fill(hidden, MASK))
        x = self.embeddings.LayerNorm(x + self.embeddings.position_embeddings.weight[: tokens.shape[1]])
        for layer in self.encoder.layer:
            x = layer(x)
        logits = x[hidden] @ self.embeddings.word_embeddings.weight.T
        return functional.cross_entropy(logits, tokens[hidden])


def make(architecture, seed):
    """A model with the usual initialisation: normal, residual outputs smaller, biases 0."""
    torch.manual_seed(seed)
    model = {"decoder": Decoder, "encoder": Encoder}[architecture]()
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2:
            smaller = name.endswith(("o_proj.weight", "down_proj.weight", "output.dense.weight"))
            nn.init.normal_(parameter, std=STD[architecture] / (math.sqrt(2 * LAYERS) if smaller else 1))
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)
        if name.endswith("position_embeddings.weight"):
            angle = torch.arange(LENGTH)[:, None] * 10000.0 ** (-torch.arange(HIDDEN // 2) / (HIDDEN // 2))
            parameter.data = torch.cat([angle.sin(), angle.cos()], 1) * STD[architecture]
    return model
