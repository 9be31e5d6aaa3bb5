"""A dense autoencoder as far as it has been trained layer by layer: its outermost layers, without what lies between them.

Layer number d, from 1, is the encoder's d-th dense layer and its mirror in the decoder. A network of depth d encodes with the
layers 1 to d, and decodes with d to 1.
"""

from __future__ import annotations

from torch import Tensor, nn

from aecore.model import Autoencoder, Encoding


class Shallow:
    """The outermost `depth` layers of a network, sharing its weights; it can be used like the network itself.

    Raises ValueError for a network with convolutions or a Gaussian code, and for a depth that it does not have.
    """

    def __init__(self, model: Autoencoder, depth: int) -> None:
        plan = model.plan
        # A dense encoder is a reshape and the layers; its decoder the layers and a reshape.
        self.layers = len(plan.encoder) - 1
        if len(plan.input_shape) == len(plan.encoder[0].shape) or plan.gaussian:
            raise ValueError("Only a dense network with a vector code is made of layers that mirror each other.")
        if not 1 <= depth <= self.layers:
            raise ValueError(f"This network has the depths 1 to {self.layers}, not {depth}.")
        self.model = model
        self.depth = depth

    @property
    def layer(self) -> tuple[nn.Module, nn.Module]:
        """The innermost of these layers: its encoder (B, n) → (B, m) and its decoder (B, m) → (B, n): of depth 1 raw pixels."""
        return self.model.encoder[self.depth], self.model.decoder[self.layers - self.depth]

    def below(self, images: Tensor) -> Tensor:
        """What the innermost layer is given: images (B, C, H, W) through the layers before it, (B, n)."""
        numbers: Tensor = self.model.encoder[: self.depth](images)
        return numbers

    def encode(self, images: Tensor) -> Encoding:
        """Images (B, C, H, W) to what the innermost layer answers, (B, m)."""
        return Encoding(self.model.encoder[: self.depth + 1](images))

    def decode(self, code: Tensor) -> Tensor:
        """From there, (B, m), back to images (B, C, H, W)."""
        return self.model.activate(self.model.decoder[self.layers - self.depth :](code))

    def reconstruct(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) to their reconstructions."""
        return self.decode(self.encode(images).mean)


Network = Autoencoder | Shallow
"""What can be shown of a network at any time: the whole one, or as far as it has grown."""
