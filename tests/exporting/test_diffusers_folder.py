"""The same noise gives the same picture in the pipelines of diffusers: networks of many shapes, both methods."""

import dataclasses
import json

import pytest
import torch

from course_lib import UNet
from course_lib.__main__ import main
from course_lib.exporting import write_diffusers_folder
from course_lib.training.config import PROFILES, make_process
from course_lib.training.saved_model import TrainedModel, save_trained

NETWORKS = {
    "one level": {"base_channels": 8, "channel_mults": [1], "num_res_blocks": 1, "num_heads": 2},
    "attention twice": {
        "base_channels": 12,
        "channel_mults": [1, 2],
        "num_res_blocks": 1,
        "attention_resolutions": [16, 32],
        "num_heads": 3,
    },
    "four levels": {"base_channels": 16, "channel_mults": [1, 1, 2, 3], "num_res_blocks": 1, "dropout": 0.3},
}


def trained(method, network, classes=("a", "b", "c")):
    """A network whose every weight counts: none is zero at the start."""
    torch.manual_seed(0)
    config = dataclasses.replace(PROFILES["smoke"], method=method, unet=network)
    model = UNet(num_classes=len(classes), **network).eval()
    for parameter in model.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    return TrainedModel(model, make_process(config), config, classes, 0)


def loaded(folder, name="DDPMPipeline"):
    diffusers = pytest.importorskip("diffusers")
    pipeline = getattr(diffusers, name).from_pretrained(folder, trust_remote_code=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def picture(pipeline, steps, **options):
    generator = torch.Generator().manual_seed(5)
    return pipeline(batch_size=2, num_inference_steps=steps, generator=generator, output_type="np", **options).images


def ours(model, label, guidance, **options):
    labels = None if label is None else torch.full((2,), label)
    generator = torch.Generator().manual_seed(5)
    options = {"guidance_scale": guidance, "generator": generator, **options}
    images = model.process.sample(model.model, (2, 3, 32, 32), labels, **options)
    return (images / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()


def test_a_compiled_network_is_written_like_any_other_and_another_kind_is_refused(tmp_path):
    plain = trained("flow", NETWORKS["one level"])
    write_diffusers_folder(plain, tmp_path / "plain")
    compiled = dataclasses.replace(plain, model=torch.compile(plain.model))
    write_diffusers_folder(compiled, tmp_path / "compiled")
    file = "unet/diffusion_pytorch_model.safetensors"
    assert (tmp_path / "compiled" / file).read_bytes() == (tmp_path / "plain" / file).read_bytes()
    for other in (torch.nn.Sequential(torch.nn.Linear(2, 2)), UNet(num_classes=3, base_channels=8, num_res_blocks=2)):
        with pytest.raises(ValueError, match="model is no UNet of"):
            write_diffusers_folder(dataclasses.replace(plain, model=other), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_an_export_that_failed_can_be_repeated(tmp_path, monkeypatch):
    plain = trained("flow", NETWORKS["one level"])

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("course_lib.exporting.diffusers_folder.save_safetensors", full)
        with pytest.raises(ValueError, match="No space left"):
            write_diffusers_folder(plain, tmp_path / "export")
    write_diffusers_folder(plain, tmp_path / "export")
    (tmp_path / "other" / "empty").mkdir(parents=True)
    write_diffusers_folder(plain, tmp_path / "other")


@pytest.mark.parametrize("method", ["flow", "ddpm"])
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_the_same_noise_gives_the_same_picture(method, network, tmp_path):
    model = trained(method, network)
    pipeline = loaded(write_diffusers_folder(model, tmp_path / "out", num_steps=4))
    for label, guidance in [(None, 1.0), (2, 1.0), (1, 2.5)]:
        pipeline.unet.draw_class(label, guidance)
        theirs = picture(pipeline, 4)
        assert abs(theirs - ours(model, label, guidance, num_steps=4)).max() < 1e-4
    # the pictures say something: of another class, and with guidance, they are others
    pipeline.unet.draw_class(2)
    assert abs(theirs - picture(pipeline, 4)).max() > 1e-3


def test_lesson_12_shows_one_noise_in_both_programs(tmp_path, monkeypatch):
    pytest.importorskip("diffusers")
    from course_lib.lessons.lesson12 import figures

    monkeypatch.setattr(figures, "show", lambda figure, caption, alt: None)
    monkeypatch.setenv("COURSE_SMOKE", "1")
    model = trained("flow", NETWORKS["one level"])
    folder = write_diffusers_folder(model, tmp_path / "out")
    assert figures.compare_with_diffusers(model, folder, classes=(1, 2)) < 1e-4


def test_a_ddim_pipeline_loads_a_ddpm_too(tmp_path):
    model = trained("ddpm", NETWORKS["one level"])
    pipeline = loaded(write_diffusers_folder(model, tmp_path / "out"), "DDIMPipeline")
    theirs = picture(pipeline, 5, use_clipped_model_output=True)
    assert abs(theirs - ours(model, None, 1.0, num_steps=5, method="ddim")).max() < 1e-4


@pytest.mark.parametrize("network", [NETWORKS["one level"], {}], ids=["one level", "the document's"])
def test_the_network_alone_takes_labels_and_fractions_of_a_step(network, tmp_path):
    model = trained("flow", network)
    network = loaded(write_diffusers_folder(model, tmp_path / "out")).unet
    x, t, labels = torch.randn(3, 3, 8, 8), torch.tensor([0.25, 499.5, 1000.0]), torch.tensor([0, -1, 2])
    with torch.no_grad():
        torch.testing.assert_close(network(x, t, labels).sample, model.model(x, t, labels), atol=1e-4, rtol=0)
        torch.testing.assert_close(
            network(x, 499.5, return_dict=False)[0], model.model(x, torch.full((3,), 499.5)), atol=1e-4, rtol=0
        )


def test_no_other_network_is_taken_for_it_in_silence(tmp_path):
    """Without the file beside the weights it would be another network: that is refused, and never drawn with."""
    diffusers = pytest.importorskip("diffusers")
    folder = write_diffusers_folder(trained("flow", NETWORKS["one level"]), tmp_path / "out")
    with pytest.raises((ValueError, RuntimeError, OSError)):
        diffusers.UNet2DModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False)
    with pytest.raises((ValueError, RuntimeError, OSError)):
        diffusers.DDPMPipeline.from_pretrained(folder)


def test_the_command_writes_the_folder_twice_and_says_how_to_use_it(tmp_path, capsys):
    model = trained("ddpm", NETWORKS["one level"])
    run = tmp_path / "model.safetensors"
    save_trained(model, run)
    out = tmp_path / "é out"
    for _ in range(2):
        assert main(["export", str(run), "--to", "diffusers", str(out)]) == 0
    assert f"from_pretrained({str(out)!r}, trust_remote_code=True)" in capsys.readouterr().out
    assert "0 a, 1 b, 2 c" in (out / "README.md").read_text(encoding="utf-8")
    assert json.loads((out / "unet" / "config.json").read_text(encoding="utf-8"))["num_classes"] == 3
    assert "__" not in "".join(path.name for path in out.rglob("*"))


def test_what_cannot_be_exported_is_refused_and_nothing_is_overwritten(tmp_path, capsys):
    model = trained("flow", NETWORKS["one level"])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    for place in ("mine", "mine/notes.txt"):
        with pytest.raises(ValueError, match="which holds something else"):
            write_diffusers_folder(model, tmp_path / place)
    with pytest.raises(ValueError, match="num_steps is 1"):
        write_diffusers_folder(model, tmp_path / "out", num_steps=1)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "notes.txt"]
    assert main(["export", str(tmp_path / "nothing"), "--to", "diffusers", str(tmp_path / "out")]) == 2
    assert "holds no trained model" in capsys.readouterr().err
