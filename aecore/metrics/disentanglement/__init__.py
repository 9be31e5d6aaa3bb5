"""Disentanglement metrics, as Locatello et al. (2019) define them and with their settings. No torch.

Locatello, Bauer, Lucic, Rätsch, Gelly, Schölkopf and Bachem (2019), "Challenging common assumptions in the unsupervised learning
of disentangled representations", ICML; their `disentanglement_lib`. Codes are posterior means (N, D), factors whole numbers
(N, K). Factors that do not vary are left out, and each result names those kept.
"""

from aecore.metrics.disentanglement.beta_vae import BetaVae, beta_vae_score
from aecore.metrics.disentanglement.checks import Poll
from aecore.metrics.disentanglement.dci import Dci, dci
from aecore.metrics.disentanglement.factor_vae import FactorVae, factor_vae_score
from aecore.metrics.disentanglement.ground_truth import Encode, GroundTruth
from aecore.metrics.disentanglement.intervals import Interval
from aecore.metrics.disentanglement.mig import Mig, mig
from aecore.metrics.disentanglement.modularity import ModularityExplicitness, modularity_explicitness
from aecore.metrics.disentanglement.sap import Sap, sap
from aecore.metrics.disentanglement.udr import INFORMATIVE_KL, Udr, udr

__all__ = [
    "INFORMATIVE_KL",
    "BetaVae",
    "Dci",
    "Encode",
    "FactorVae",
    "GroundTruth",
    "Interval",
    "Mig",
    "ModularityExplicitness",
    "Poll",
    "Sap",
    "Udr",
    "beta_vae_score",
    "dci",
    "factor_vae_score",
    "mig",
    "modularity_explicitness",
    "sap",
    "udr",
]
