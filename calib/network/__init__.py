"""Small feed-forward nets, trained by the engine: regression, classification, and what a model leaves over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calib.lazy import lazy

if TYPE_CHECKING:
    from calib.network.batches import BatchSettings, train_in_batches
    from calib.network.classification import accuracy, classes, one_hot
    from calib.network.net import Net, new_net
    from calib.network.net_file import load_net, save_net
    from calib.network.residual_model import fit_residual_model
    from calib.network.training import TrainingSettings, train

__all__ = [
    "BatchSettings",
    "Net",
    "TrainingSettings",
    "accuracy",
    "classes",
    "fit_residual_model",
    "load_net",
    "new_net",
    "one_hot",
    "save_net",
    "train",
    "train_in_batches",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "BatchSettings": "batches",
        "Net": "net",
        "TrainingSettings": "training",
        "accuracy": "classification",
        "classes": "classification",
        "fit_residual_model": "residual_model",
        "load_net": "net_file",
        "new_net": "net",
        "one_hot": "classification",
        "save_net": "net_file",
        "train": "training",
        "train_in_batches": "batches",
    },
)
