"""Answers to SelfAttention with several layers where the reference has one `qkv`: how its rows are shared out."""

import re
from itertools import permutations

import torch
from torch import Tensor

ROLES = {
    "q": {"q", "query", "queries", "toq", "wq", "qproj", "qconv", "convq", "projq"},
    "k": {"k", "key", "keys", "tok", "wk", "kproj", "kconv", "convk", "projk"},
    "v": {"v", "value", "values", "val", "tov", "wv", "vproj", "vconv", "convv", "projv"},
    "kv": {"kv", "tokv", "wkv"},
    "qk": {"qk", "toqk", "wqk"},
}


def role_of(name: str) -> str:
    """What a layer's name says it makes: "q", "k", "v", "kv", "qk", or "" for anything else."""
    words = re.split(r"[._]", name.lower())
    return next((role for role, known in ROLES.items() if known & set(words)), "")


def separate_layers(state: dict[str, Tensor], shapes: dict[str, tuple[int, ...]]) -> list[dict[str, Tensor]]:
    """Ways to share the rows of `qkv` out to several layers, by their names or else by the order they were made in."""
    owners: dict[str, dict[str, str]] = {}
    for name in shapes:
        owner, _, kind = name.rpartition(".")
        owners.setdefault(owner, {})[kind] = name
    if any(set(found) != {"weight", "bias"} for found in owners.values()):
        return []
    channels = state["norm.weight"].numel()
    norms = [owner for owner, found in owners.items() if len(shapes[found["weight"]]) == 1]
    dense = {owner: shapes[owners[owner]["bias"]][0] for owner in owners if owner not in norms}
    if len(norms) != 1 or shapes[owners[norms[0]]["bias"]] != (channels,) or sum(dense.values()) != 4 * channels:
        return []
    if any(torch.Size(shapes[owners[owner]["weight"]]).numel() != rows * channels for owner, rows in dense.items()):
        return []
    weights = dict(zip("qkv", state["qkv.weight"].reshape(3, channels, channels), strict=True))
    biases = dict(zip("qkv", state["qkv.bias"].reshape(3, channels), strict=True))
    weights["p"], biases["p"] = state["proj.weight"].reshape(channels, channels), state["proj.bias"]

    roles = {owner: role_of(owner) or "p" for owner in dense}
    if set("".join(roles.values())) == set("qkvp"):
        orders = [sorted(dense, key=lambda owner: "qkvp".index(roles[owner][0]))]
    elif len(dense) == 4 and set(dense.values()) == {channels}:
        *inner, last = dense
        orders = [[*order, last] for order in permutations(inner)]
    else:
        orders = [list(dense)]
    ways = []
    for order in orders:
        weight, bias = torch.cat([weights[role] for role in "qkvp"]), torch.cat([biases[role] for role in "qkvp"])
        way = {owners[norms[0]]["weight"]: state["norm.weight"], owners[norms[0]]["bias"]: state["norm.bias"]}
        start = 0
        for owner in order:
            stop = start + dense[owner]
            way[owners[owner]["weight"]], way[owners[owner]["bias"]] = weight[start:stop], bias[start:stop]
            start = stop
        ways.append(way)
    return ways
