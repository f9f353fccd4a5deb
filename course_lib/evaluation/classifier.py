"""The judge: a small classifier of Fashion-MNIST, whose 64 features every figure of `evaluate` is measured in."""

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from course_lib.assets import asset_path
from course_lib.defaults import usual_defaults
from course_lib.validation import check_channels, check_floating

JUDGE_FILE = "judge/fashion_mnist_judge.safetensors"


class FashionClassifier(nn.Module):
    """Four convolutions, a mean over all pixels, 64 features, 10 classes.

    Shapes: images (B, 3, 32, 32) in [-1, 1] -> features (B, 64) or logits (B, 10).
    """

    num_features = 64

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()

        def stage(channels_in: int, channels_out: int) -> nn.Sequential:
            conv = nn.Conv2d(channels_in, channels_out, kernel_size=3, padding=1, bias=False)
            return nn.Sequential(conv, nn.BatchNorm2d(channels_out), nn.ReLU())

        self.stages = nn.Sequential(
            stage(3, 32),
            nn.MaxPool2d(2),
            stage(32, 64),
            nn.MaxPool2d(2),
            stage(64, 128),
            stage(128, 128),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.to_features = nn.Linear(128, self.num_features)
        self.dropout = nn.Dropout(0.2)
        self.to_logits = nn.Linear(self.num_features, num_classes)

    def features(self, images: Tensor) -> Tensor:
        check_channels("images", images, 3)
        return F.relu(self.to_features(self.stages(images)))

    def classify(self, features: Tensor) -> Tensor:
        """Logits (B, 10) from features (B, 64), so that features are computed once for every use."""
        return self.to_logits(self.dropout(features))

    def forward(self, images: Tensor) -> Tensor:
        return self.classify(self.features(images))


@usual_defaults()
def load_judge() -> FashionClassifier:
    """The trained judge from assets/, in evaluation mode, on the CPU."""
    judge = FashionClassifier()
    judge.load_state_dict(load_file(asset_path(JUDGE_FILE)))
    return judge.eval()


@torch.no_grad()
def judge_images(judge: FashionClassifier, images: Tensor, batch_size: int = 500) -> tuple[Tensor, Tensor]:
    """Features (N, 64) and predicted classes (N,) of images (N, 3, 32, 32) in [-1, 1]."""
    check_floating("images", images)
    features = torch.cat([judge.features(part.float()) for part in images.split(batch_size)])
    return features, judge.classify(features).argmax(dim=1)
