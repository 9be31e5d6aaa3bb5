"""The total correlation of a code, estimated from a batch while training: Chen et al. (2018), arXiv:1802.04942."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def stratified_log_weights(batch: int, data_size: int) -> Tensor:
    """log of the weights (B, B) with which posterior j counts in the estimate of q(zᵢ) from a batch of B images.

    Minibatch stratified sampling, Chen et al. (2018), appendix C.2, of a data set of N ≥ B images: 1/N for the image itself,
    1/M for M − 1 others, (N − M)/(N·M) for one of them, where M = B − 1. Each row sums to 1.
    """
    others = batch - 1
    weights = torch.full((batch, batch), 1 / others, dtype=torch.float64)
    rows = torch.arange(batch)
    weights[rows, rows] = 1 / data_size
    weights[rows, (rows + 1) % batch] = (data_size - others) / (data_size * others)
    return weights.log()


def total_correlation(code: Tensor, mean: Tensor, log_variance: Tensor, data_size: int) -> Tensor:
    """TC(z) = KL(q(z) ‖ Π_d q(z_d)), nats: how far the numbers of the code are from independent of each other over the data.

    code, mean, log_variance: (B, D), the sampled codes of a batch and their posteriors; data_size: images in the training set.
    Chen et al. (2018), equation 2, with q estimated by :func:`stratified_log_weights`. Returns a scalar; 0 for a single image,
    which says nothing of the others.
    """
    batch = len(code)
    if batch < 2:
        return code.sum() * 0
    weights = stratified_log_weights(batch, max(data_size, batch)).to(code)
    # log q(z_i,d | x_j), for all pairs of images: (B, B, D)
    distance = (code[:, None] - mean[None]).square() * torch.exp(-log_variance)[None]
    pairs = -0.5 * (distance + log_variance[None] + math.log(2 * math.pi))
    log_joint = torch.logsumexp(weights + pairs.sum(dim=2), dim=1)
    log_marginals = torch.logsumexp(weights[:, :, None] + pairs, dim=1).sum(dim=1)
    return (log_joint - log_marginals).mean()
