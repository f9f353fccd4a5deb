"""Train the judge on the 60,000 training images and measure it on the 10,000 it has never seen.

    python -m course_lib.evaluation.train_judge --data-dir /usr/share/datasets/fashion-mnist

Writes assets/judge/fashion_mnist_judge.safetensors and prints the accuracy that the model card states.
"""

import argparse

import torch
import torch.nn.functional as F
from tqdm.auto import tqdm

from course_lib.assets import ASSETS
from course_lib.data.fashion_mnist import load_fashion_mnist, load_fashion_mnist_full
from course_lib.evaluation.classifier import JUDGE_FILE, FashionClassifier, judge_images
from course_lib.files import local_or_address, local_path, save_safetensors


def train_judge(data_dir: str | None, epochs: int, batch_size: int = 128, seed: int = 0) -> FashionClassifier:
    """AdamW, one-cycle learning rate, shifts by up to two pixels; no flips, so that a mirrored shoe stays wrong."""
    torch.manual_seed(seed)
    train = load_fashion_mnist_full(data_dir)
    judge = FashionClassifier().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(judge.parameters(), weight_decay=1e-2)
    steps = epochs * (len(train) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    progress = tqdm(total=steps, unit="step")
    for _ in range(epochs):
        for indices in torch.randperm(len(train)).split(batch_size):
            if len(indices) < batch_size:
                continue
            images, labels = train.batch(indices)
            down, right = torch.randint(-2, 3, (2,)).tolist()
            images = images.roll((down, right), dims=(2, 3))  # the margin is two pixels wide, nothing wraps round
            loss = F.cross_entropy(judge(images), labels, label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            progress.update()
            progress.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return judge.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data-dir", type=local_or_address, help="folder or mirror that has the 60,000 training images"
    )
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=local_path, default=ASSETS / JUDGE_FILE)
    options = parser.parse_args()
    judge = train_judge(options.data_dir, options.epochs, seed=options.seed)
    unseen = load_fashion_mnist()
    images, labels = unseen.batch(torch.arange(len(unseen)))
    _, predicted = judge_images(judge, images)
    accuracy = (predicted == labels).double().mean().item()
    save_safetensors(judge.state_dict(), options.out, {"accuracy_t10k": f"{accuracy:.4f}"})
    print(f"accuracy on the 10,000 unseen images: {accuracy:.2%}")


if __name__ == "__main__":
    main()
