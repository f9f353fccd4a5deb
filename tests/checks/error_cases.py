"""Three causes for everything the checks can say of an error, as learners write them, each in another exercise.

A text is a line that stands at the beginning of the function, or a class as a whole; a pair is a piece of the reference
and what stands there instead.
"""

Case = tuple[str, str | tuple[str, str]]

CHANGED = """
with torch.enable_grad():
    result = torch.ones(2, requires_grad=True).exp()
    result += 1
    result.sum().backward()"""
TWICE = """
with torch.enable_grad():
    total = torch.ones(2, requires_grad=True).exp().sum()
    total.backward()
    total.backward()"""

CASES: dict[str, tuple[Case, ...]] = {
    "tensor_for_a_count_of_the_course": (
        ("DDPM.loss", "self.sample_times(images, generator)"),
        ("FlowMatching.loss", "self.sample_times(images, generator)"),
        ("SelfAttention", "split_heads(x, x)"),
        ("ResidualBlock", "from course_lib.group_norm import group_norm\ngroup_norm(x)"),
    ),
    "none_given_to_the_course": (
        ("UNet", "self.class_embed(None)"),
        ("UNet", "cat_skip(x, [].append(x))"),
        ("TimeEmbedding", "SinusoidalPositionEmbedding(None)"),
        ("SelfAttention", "split_heads(None, 2)"),
    ),
    "no_skip_left": (
        ("ResidualBlock", "from course_lib.skips import cat_skip\ncat_skip(x, [])"),
        ("SelfAttention", "from course_lib.skips import cat_skip\ncat_skip(x, [])"),
        ("Downsample", "from course_lib.skips import cat_skip\ncat_skip(x, [])"),
    ),
    "refused_by_the_course": (
        ("ResidualBlock", "SelfAttention(7, 2)"),
        ("UNet", ("mid_resblock1(h, emb)", "mid_resblock1(h, x)")),
        ("TimeEmbedding", "SinusoidalPositionEmbedding(7)"),
    ),
    "stops_inside_the_course": (
        ("heun_step", "velocity_at(x.shape, t_next)"),
        ("euler_step", "velocity_at(t, x)"),
        ("FlowMatching.loss", "fresh_noise(images, 3)"),
    ),
    "own_refusal": (
        ("add_to_every_pixel", "raise ValueError('h is wrong')"),
        ("num_groups", "raise KeyError(channels)"),
        ("per_image", "raise NotImplementedError('later')"),
    ),
    "forward_missing": (
        ("ResidualBlock", ("def forward", "def foward")),
        ("SelfAttention", ("    def forward(self, x: Tensor) -> Tensor:", "    def call(self, x: Tensor) -> Tensor:")),
        ("Downsample", "x = nn.ModuleList([nn.SiLU()])(x)"),
    ),
    "super_init_missing": (
        ("ResidualBlock", ("super().__init__()", "pass")),
        ("Downsample", ("super().__init__()", "super().__init__")),
        ("ClassEmbedding", ("        super().__init__()\n", "        self.num_classes = num_classes\n")),
    ),
    "super_written_otherwise": (
        ("ResidualBlock", ("super().__init__()", "super.__init__()")),
        ("Downsample", ("super().__init__()", "super().init()")),
        ("Upsample", ("super().__init__()", "super(int, self).__init__()")),
    ),
    "super_given_arguments": (
        ("Downsample", ("super().__init__()", "super().__init__(channels)")),
        ("Upsample", ("super().__init__()", "super().__init__(channels=channels)")),
        ("ResidualBlock", ("super().__init__()", "super().__init__(self)")),
    ),
    "class_takes_nothing": (
        ("Downsample", NOTHING := "class {name}:\n    def init(self, *args): pass\n    def forward(self, x): return x"),
        ("Upsample", NOTHING),
        ("TimeEmbedding", NOTHING),
    ),
    "init_missing": (
        ("Downsample", ("def __init__", "def _init_")),
        ("Upsample", ("def __init__", "def __int__")),
        ("TimeEmbedding", ("def __init__", "def init")),
    ),
    "signature_changed": (
        ("add_to_every_pixel", ("(h: Tensor, vectors: Tensor)", "(h: Tensor)")),
        ("Downsample", ("def forward(self, x: Tensor)", "def forward(x: Tensor)")),
        ("num_groups", ("(channels: int)", "(channels: int, groups: int)")),
    ),
    "layer_made_from_a_tensor": (
        ("FlowMatching.velocity", "nn.MSELoss(clean, noise)"),
        ("ResidualBlock", "nn.Dropout(x)"),
        ("add_to_every_pixel", "nn.GroupNorm(4, h)"),
    ),
    "none_for_a_value": (
        ("skip_channels", "[].append(1) + [2]"),
        ("FlowMatching.interpolate", "clean + None"),
        ("add_to_every_pixel", "F.silu(print(h.shape))"),
        ("DDPM.step", "x_t.grad.zero_()"),
    ),
    "square_brackets_for_round": (
        ("add_to_every_pixel", "h.size[0]"),
        ("decoder_channels", "[].append[(base_channels, 3)]"),
        ("FlowMatching.velocity", "torch.cat[clean, noise]"),
        ("num_groups", "range(channels).index[2]"),
    ),
    "brackets_forgotten": (
        ("from_pixels", "pixels.float / 127.5"),
        ("FlowMatching.velocity", "torch.cat([clean.float])"),
        ("interleave", "F.silu(embedding.clone)"),
    ),
    "square_brackets_for_a_layer": (
        ("ClassEmbedding", "self.embedding[0]"),
        ("SelfAttention", "self.qkv[x]"),
        ("add_to_every_pixel", "nn.SiLU()[h]"),
    ),
    "range_of_a_thing": (
        ("skip_channels", "for level in range(channel_mults):\n    pass"),
        ("UNet", "for level in range(self.encoder):\n    pass"),
        ("merge_heads", "for axis in range(h.shape):\n    pass"),
    ),
    "layer_for_a_tensor": (
        ("ResidualBlock", "x = nn.Conv2d(8, 8, 1)(nn.SiLU(x))"),
        ("SelfAttention", "x + nn.Identity()"),
        ("add_to_every_pixel", "nn.SiLU() + h"),
    ),
    "layer_asked_like_a_tensor": (
        ("add_to_every_pixel", "nn.SiLU(h).shape"),
        ("ResidualBlock", "self.conv1.sum()"),
        ("from_pixels", "nn.Tanh().mean(0)"),
    ),
    "no_function_behind_brackets": (
        ("add_to_every_pixel", "h.shape()"),
        ("num_groups", "channels(2 + 1)"),
        ("SelfAttention", "x(0)"),
    ),
    "tensors_compared_in_a_list": (
        ("cat_skip", "skips.remove(skips[-1])"),
        ("cat_skip", "skips.index(h)"),
        ("cat_skip", "seen = [one for one in skips if one not in [h + 1]]"),
        ("SelfAttention", "[x + 1, x].index(x)"),
        ("DDPM.step", "[x_t + 1, x_t].remove(x_t)"),
    ),
    "tensors_for_numbers": (
        ("interleave", "torch.tensor([row for row in embedding])"),
        ("drop_labels", "torch.as_tensor([labels, labels])"),
        ("FlowMatching.velocity", "torch.tensor((clean, noise))"),
    ),
    "number_for_a_tensor_of_torch": (
        ("drop_labels", "torch.bernoulli(probability, generator=generator)"),
        ("normalize_groups", "torch.var(eps, unbiased=False)"),
        ("decay_at", "torch.std(0.5, 0)"),
        ("hybrid", "torch.bernoulli(0.5, generator=None)"),
    ),
    "power_with_a_fraction": (
        ("matrix_square_root", "torch.linalg.matrix_power(matrix, 0.5)"),
        ("gaussian_frechet", "torch.matrix_power(cov @ other_cov, 1 / 2)"),
        ("attention_weights", "torch.linalg.matrix_power(q @ q.mT, -0.5)"),
    ),
    "range_with_a_fraction": (
        ("redraw", "list(range(0.7, 0, -0.1))"),
        ("attention_weights", "range(q.shape[-1] / 2)"),
        ("DDPM.sampling_times", "list(range(0, 10, 2.5))"),
    ),
    "mask_of_another_shape": (
        ("keep_known", "x[mask[:, :1]]"),
        ("drop_labels", "labels[torch.ones(len(labels) + 1, dtype=torch.bool)]"),
        ("FlowMatching.velocity", "clean[noise[:, 0] > 0]"),
    ),
    "nothing_to_enter": (
        ("update_average", "with torch.no_grad:\n    pass"),
        ("DDPM.step", "with x_t:\n    pass"),
        ("class_accuracy", "with 3:\n    pass"),
    ),
    "several_axes_for_one": (
        ("Upsample", "x.repeat_interleave(2, dim=(2, 3))"),
        ("normalize_groups", "torch.softmax(x, dim=(1, 2))"),
        ("attention_weights", "q.chunk(2, dim=(0, 1))"),
        ("add_to_every_pixel", "h.max(dim=(2, 3))"),
        ("class_accuracy", "predicted.argmax((0, 1))"),
        ("FlowMatching.velocity", "clean.prod((1, 2))"),
    ),
    "complex_numbers": (
        ("matrix_square_root", "torch.linalg.eigvals(matrix).clamp(min=0)"),
        ("attention_weights", "torch.linalg.eig(q @ q.mT)[1] @ q"),
        ("add_to_every_pixel", "torch.fft.fft2(h).amax()"),
        ("decay_at", "min(1, (-0.5) ** 0.5)"),
        ("learning_rate_at", "math.sqrt((-step - 1) ** 0.5)"),
        ("DDPM.step", "x_t.mul_(torch.fft.fft(x_t))"),
    ),
    "truth_of_several_numbers": (
        ("ClassEmbedding", "class_labels = 0 if class_labels == -1 else class_labels"),
        ("FlowMatching.velocity", "max(clean, noise)"),
        ("attention_weights", "if k: pass"),
        ("DDPM.step", "t = t or 0"),
    ),
    "one_number_of_several": (
        ("per_image", "table[t.item()]"),
        ("gaussian_frechet", "(cov + other_cov).item()"),
        ("FlowMatching.velocity", "float(clean)"),
        ("add_to_every_pixel", "int(vectors)"),
    ),
    "tensor_for_a_shape": (
        ("add_to_every_pixel", "torch.zeros(vectors)"),
        ("per_image", "torch.full(t, 1.0)"),
        ("FlowMatching.velocity", "clean.new_full(noise, 0)"),
        ("class_accuracy", "torch.ones(predicted)"),
    ),
    "tensor_for_a_number": (
        ("per_image", "math.sqrt(table)"),
        ("ClassEmbedding", "for i in range(class_labels): pass"),
        ("FlowMatching.velocity", "math.sqrt(float(3)) + math.exp(clean)"),
    ),
    "method_of_a_number": (
        ("conv_output_size", "size.item()"),
        ("num_groups", "channels.floor()"),
        ("attention_weights", "q.shape[-1].sqrt()"),
    ),
    "mode_not_known": (
        ("add_to_every_pixel", "F.interpolate(h, scale_factor=2, mode='neighbor')"),
        ("FlowMatching.velocity", "F.interpolate(clean, scale_factor=2, mode='near')"),
        ("normalize_groups", "F.interpolate(x, size=3, mode='Nearest')"),
        ("Upsample", "F.interpolate(x, scale_factor=2, mode='nearest neighbour')"),
        ("Downsample", "F.interpolate(x, scale_factor=2, mode='linear')"),
    ),
    "number_for_a_tensor": (
        ("num_groups", "torch.sqrt(channels)"),
        ("decoder_channels", "torch.log(base_channels)"),
        ("attention_weights", "torch.sqrt(q.shape[-1])"),
    ),
    "tensors_not_in_a_list": (
        ("FlowMatching.velocity", "torch.cat(clean, noise)"),
        ("attention_weights", "torch.stack(q, k)"),
        ("interleave", "torch.cat(embedding.sin(), embedding.cos(), dim=-1)"),
    ),
    "list_holds_something_else": (
        ("FlowMatching.velocity", "torch.cat([clean, 1])"),
        ("attention_weights", "torch.stack([q, 0.0])"),
        ("add_to_every_pixel", "torch.cat([h, [h]])"),
    ),
    "list_for_a_number": (
        ("skip_channels", "[int(one) for one in [base_channels, [base_channels]]]"),
        ("num_groups", "float([channels])"),
        ("learning_rate_at", "math.cos([step])"),
        ("attention_weights", "math.sqrt(q.shape[-1:])"),
        ("conv_output_size", "abs((size, stride))"),
        ("decay_at", "round([step])"),
    ),
    "star_beside_a_transposed": (
        ("attention_weights", "q * k.transpose(-2, -1)"),
        ("feature_statistics", "(features - 1).T * (features - 1)"),
        ("feature_statistics", "(features - 1) * (features - 1).T"),
        ("Downsample", "x * x.mT"),
        ("interleave", "embedding.t()*embedding"),
    ),
    "transposed_all_round": (
        ("attention_weights", "q @ k.T"),
        ("attention_weights", "k.mT + k.T"),
        ("SelfAttention", "x @ x.T"),
        ("Downsample", "x + x.T"),
        ("add_to_every_pixel", "h.t()"),
    ),
    "nothing_to_join": (
        ("FlowMatching.velocity", "torch.cat([])"),
        ("attention_weights", "torch.stack([])"),
        ("add_to_every_pixel", "torch.cat([row for row in h if row is None])"),
    ),
    "something_else_for_a_tensor": (
        ("FlowMatching.velocity", "F.silu([clean])"),
        ("attention_weights", "torch.exp((q, k))"),
        ("diversity", "torch.relu([1, 2])"),
    ),
    "list_asked_like_a_tensor": (
        ("skip_channels", "[1, 2].sum()"),
        ("update_average", "average.mul_(decay)"),
        ("attention_weights", "(q, k).transpose(1, 2)"),
        ("class_accuracy", "[predicted, wanted].eq(1)"),
    ),
    "count_with_a_fraction": (
        ("num_groups", "[0, 1, 2][: channels / 4]"),
        ("interleave", "embedding.reshape(-1, 2, embedding.shape[-1] / 2)"),
        ("merge_heads", "torch.zeros(height / 2)"),
    ),
    "number_for_a_tuple": (
        ("per_image", "torch.full((len(t)), 1.0)"),
        ("attention_weights", "q.new_full(3, 0)"),
        ("FlowMatching.velocity", "F.layer_norm(clean, clean.shape[-1])"),
        ("add_to_every_pixel", "torch.reshape(vectors, -1)"),
    ),
    "list_times_a_fraction": (
        ("skip_channels", "[0] * (num_res_blocks / 2)"),
        ("decoder_channels", "1.5 * tuple(channel_mults)"),
        ("conv_output_size", "[size, size] * 0.5"),
    ),
    "bits_of_fractions": (
        ("guided_within", "low < t & t <= high"),
        ("from_pixels", "pixels.float() > 0 & pixels.float() < 9"),
        ("learning_rate_at", "peak > 0.1 | peak < 0.2"),
        ("FlowMatching.velocity", "clean | noise"),
    ),
    "list_in_a_formula": (
        ("skip_channels", "base_channels + [1]"),
        ("FlowMatching.velocity", "clean / (noise, noise)"),
        ("DDPM.step", ("_, sigma2 = ", "sigma2 = ")),
        ("decoder_channels", "list(channel_mults) + base_channels"),
    ),
    "shape_for_a_number": (
        ("count_parameters", ("parameter.numel()", "parameter.size()")),
        ("per_image", "t / x.shape"),
        ("num_groups", "torch.ones(channels).size() < channels"),
        ("add_to_every_pixel", "h.shape / 2"),
    ),
    "operator_for_other_types": (
        ("num_groups", "-'channels'"),
        ("FlowMatching.velocity", "clean + 'noise'"),
        ("decoder_channels", "channel_mults < 3"),
    ),
    "sizes_do_not_line_up": (
        ("add_to_every_pixel", "h + vectors[:, :, None]"),
        ("attention_weights", "q * torch.randn(99)"),
        ("FlowMatching.velocity", "clean + noise[:, :1, :2]"),
    ),
    "does_not_fill_the_shape": (
        ("add_to_every_pixel", "vectors.expand(2, 99)"),
        ("FlowMatching.velocity", "clean.expand(3, 4)"),
        ("attention_weights", "q.clone()[:] = torch.randn(99)"),
    ),
    "types_differ": (
        ("look_up_by_one_hot", "F.linear(weight.double(), weight)"),
        ("Downsample", "x = nn.Conv2d(x.shape[1], 4, 1)(x.double())"),
        ("attention_weights", "q @ k.double().transpose(-2, -1)"),
    ),
    "product_for_other_axes": (
        ("attention_weights", "torch.bmm(q[0, 0], k[0, 0].mT)"),
        ("FlowMatching.velocity", "torch.mm(clean, noise.mT)"),
        ("add_to_every_pixel", "torch.dot(vectors, vectors)"),
        ("per_image", "torch.mv(x, table)"),
    ),
    "matrices_do_not_fit": (
        ("add_to_every_pixel", "vectors @ torch.randn(99, 2)"),
        ("TimeEmbedding", "nn.Linear(99, 4)(timesteps.float())"),
        ("attention_weights", "torch.bmm(q.flatten(0, 1), torch.randn(1, 99, 2))"),
    ),
    "reshaped_to_another_size": (
        ("add_to_every_pixel", "h.reshape(7, 1001)"),
        ("split_heads", "qkv.view(1, -1, 1009)"),
        ("interleave", "embedding.reshape(-1, -1)"),
    ),
    "view_of_scattered_numbers": (
        ("add_to_every_pixel", "h.transpose(1, 3).view(-1)"),
        ("FlowMatching.velocity", "clean.permute(0, 2, 3, 1).view(len(clean), -1)"),
        ("SelfAttention", "x.transpose(0, 1).view(-1)"),
    ),
    "joined_sizes_differ": (
        ("FlowMatching.velocity", "torch.cat([clean, noise[:, :, :1]], dim=1)"),
        ("add_to_every_pixel", "torch.cat([h, vectors], dim=1)"),
        ("attention_weights", "torch.stack([q, q[:1, :1, :1]])"),
    ),
    "channels_do_not_fit": (
        ("Downsample", "nn.Conv2d(99, 4, 1)(x)"),
        ("ResidualBlock", "x = F.batch_norm(x, torch.zeros(99), torch.ones(99))"),
        ("SelfAttention", "F.group_norm(x, 1, torch.ones(99))"),
    ),
    "norm_of_other_groups": (
        ("SelfAttention", "nn.GroupNorm(7, 16)"),
        ("normalize_groups", "nn.GroupNorm(x.shape[1], groups)"),
        ("Downsample", ("super().__init__()", "super().__init__()\n        nn.GroupNorm(channels, 1)")),
    ),
    "groups_do_not_divide": (
        ("SelfAttention", "F.group_norm(x, x.shape[1] + 1)"),
        ("ResidualBlock", "F.group_norm(x, 7)"),
        ("Downsample", "nn.Conv2d(8, 9, 1, groups=2)"),
    ),
    "size_of_another_length": (
        ("Upsample", "F.interpolate(x, size=x.shape)"),
        ("Downsample", "F.interpolate(x, size=(2, 2, 2))"),
        ("SelfAttention", "F.interpolate(x.flatten(2), size=(2, 2))"),
    ),
    "option_not_known": (
        ("Downsample", ("padding=1", "padding=1, padding_mode='zero'")),
        ("Upsample", ("padding=1", "padding='Same'")),
        ("FlowMatching.loss", "F.mse_loss(images, images, reduction='average')"),
        ("add_to_every_pixel", "F.pad(h, (1, 1, 1, 1), mode='mirror')"),
        ("diversity", "torch.linalg.norm(features, 'l2')"),
        ("class_accuracy", "torch.meshgrid(predicted, wanted, indexing='yx')"),
        ("SelfAttention", "F.gelu(x, approximate='tan')"),
    ),
    "another_number_of_axes": (
        ("Downsample", "nn.Conv2d(4, 4, 1)(x.flatten())"),
        ("SelfAttention", "x.permute(0, 2, 1)"),
        ("FlowMatching.velocity", "clean.permute(0, 2, 1)"),
    ),
    "kernel_larger_than_the_image": (
        ("Downsample", "nn.Conv2d(x.shape[1], 4, 99)(x)"),
        ("FlowMatching.velocity", "clean.unfold(2, 99, 1)"),
        ("Upsample", "F.pad(x, (99, 99, 99, 99), mode='reflect')"),
    ),
    "einsum_does_not_fit": (
        ("attention_weights", "torch.einsum('bnd,bmd->bnm', q, k)"),
        ("add_to_every_pixel", "torch.einsum('bchw,xc->bchw', h, torch.randn(3, 99))"),
        ("FlowMatching.velocity", "torch.einsum('bchw->bz', clean)"),
    ),
    "cut_into_other_pieces": (
        ("split_heads", "qkv.split([1, 1], dim=1)"),
        ("interleave", "embedding.chunk(0, dim=-1)"),
        ("FlowMatching.velocity", "clean.narrow(0, 1, 99)"),
    ),
    "permuted_twice": (
        ("merge_heads", "h.permute(0, 1, 3, 3)"),
        ("FlowMatching.velocity", "clean.mean((1, 1))"),
        ("add_to_every_pixel", "h.flatten(3, 1)"),
    ),
    "axis_does_not_exist": (
        ("add_to_every_pixel", "vectors.sum(dim=3)"),
        ("attention_weights", "q.softmax(9)"),
        ("FlowMatching.velocity", "clean.unsqueeze(9)"),
    ),
    "too_many_axes_indexed": (
        ("add_to_every_pixel", "vectors[:, :, 0, 0]"),
        ("FlowMatching.velocity", "clean.sum()[0]"),
        ("class_accuracy", "[one for one in predicted.sum()]"),
    ),
    "length_of_a_single_number": (
        ("class_accuracy", "len(predicted.sum())"),
        ("attention_weights", "len(q.mean())"),
        ("per_image", "[len(one) for one in t]"),
    ),
    "no_class_of_that_number": (
        ("ClassEmbedding", "F.one_hot(class_labels.clamp(min=0) + 99, 5)"),
        ("look_up_by_one_hot", "F.one_hot(-labels - 1)"),
        ("diversity", "F.one_hot(labels.long() + 999, 10)"),
    ),
    "axes_one_by_one": (
        ("add_to_every_pixel", "h.mean(2, 3)"),
        ("attention_weights", "torch.sum(q, -2, -1)"),
        ("FlowMatching.velocity", "clean.amax(2, 3)"),
        ("normalize_groups", "x.max(2, 3)"),
    ),
    "value_not_found": (
        ("skip_channels", "channel_mults.index(99)"),
        ("conv_output_size", "[1, 2].remove(size + 50)"),
        ("num_groups", "range(4).index(channels + 99)"),
        ("class_accuracy", "predicted.tolist().index(-7)"),
    ),
    "place_beyond_an_axis": (
        ("add_to_every_pixel", "h[99]"),
        ("attention_weights", "q[..., q.shape[-1]]"),
        ("look_up_by_one_hot", "weight[labels + 99]"),
    ),
    "index_outside": (
        ("count_parameters", "[p.shape[1] for p in module.parameters()]"),
        ("skip_channels", "channel_mults[99]"),
        ("add_to_every_pixel", "h.shape[9]"),
        ("ClassEmbedding", "nn.Embedding(2, 3)(class_labels.abs() + 50)"),
        ("cat_skip", "[].pop()"),
    ),
    "index_of_another_kind": (
        ("per_image", "table[t.float()]"),
        ("diversity", "features[labels.float()]"),
        ("skip_channels", "list(channel_mults)[0, 1]"),
    ),
    "dropout_of_whole_numbers": (
        ("drop_labels", "F.dropout(labels, probability)"),
        ("ClassEmbedding", "nn.Dropout(0.3)(class_labels)"),
        ("from_pixels", "F.dropout(pixels.long(), p=0.2)"),
        ("per_image", "drop = nn.Dropout(0.1)\ndrop(t.long())"),
    ),
    "result_of_another_type": (
        ("from_pixels", "p = pixels.clone()\np /= 127.5"),
        ("ClassEmbedding", "class_labels.clone().add_(0.5)"),
        ("per_image", "t.clone().mul_(0.1)"),
    ),
    "minus_of_a_mask": (
        ("keep_known", "(1 - mask) * x"),
        ("class_accuracy", "-(predicted == wanted)"),
        ("drop_labels", "1.0 - (labels > 0)"),
        ("FlowMatching.velocity", "(clean > 0) - (noise > 0)"),
    ),
    "not_for_this_type": (
        ("from_pixels", "pixels.mean()"),
        ("ClassEmbedding", "x = torch.rand_like(class_labels)"),
        ("FlowMatching.velocity", "clean ^ 2"),
        ("class_accuracy", "torch.softmax(wanted.long(), 0)"),
    ),
    "type_of_numbers_as_text": (
        ("from_pixels", "torch.zeros(2, dtype='float32')"),
        ("add_to_every_pixel", "h.to(dtype='float64')"),
        ("per_image", "torch.tensor(3, dtype='float')"),
    ),
    "device_does_not_exist": (
        ("from_pixels", "pixels.to('float32')"),
        ("add_to_every_pixel", "torch.zeros(2, device='gpu')"),
        ("per_image", "x.to('image')"),
    ),
    "no_such_gpu": (
        ("from_pixels", "pixels.to('mps')"),
        ("add_to_every_pixel", "raise_from_torch('Found no NVIDIA driver on your system.')"),
        ("per_image", "raise_from_torch('Torch not compiled with CUDA enabled')"),
    ),
    "devices_differ": (
        (
            "FlowMatching.velocity",
            "raise_from_torch('Expected all tensors to be on the same device, but got cuda')",
        ),
        ("per_image", "raise_from_torch('Expected all tensors to be on the same device (when checking index)')"),
        ("add_to_every_pixel", "raise_from_torch('Expected the result on the same device as the inputs')"),
    ),
    "nothing_asks_for_a_gradient": (
        ("FlowMatching.velocity", "clean.detach().sum().backward()"),
        ("add_to_every_pixel", "torch.autograd.grad(h.detach().sum(), h)"),
        ("from_pixels", "pixels.float().mean().backward()"),
    ),
    "no_array_of_numpy": (
        ("from_pixels", "torch.from_numpy(pixels)"),
        ("num_groups", "torch.from_numpy([1, 2])"),
        ("add_to_every_pixel", "torch.from_numpy(2.0)"),
    ),
    "rows_for_cdist": (
        ("paired_noise", "torch.cdist(images.flatten(), noise.flatten())"),
        ("FlowMatching.velocity", "torch.cdist(torch.ones(3), torch.ones(2, 3))"),
        ("add_to_every_pixel", "torch.cdist(h.flatten(1)[0], h.flatten(1))"),
    ),
    "leaf_changed_in_place": (
        ("update_average", "with torch.enable_grad(): current[0].requires_grad_().mul_(2)"),
        ("FlowMatching.velocity", "with torch.enable_grad(): nn.Linear(2, 2).weight.add_(1)"),
        ("Downsample", "with torch.enable_grad(): self.conv.weight[0] = 0"),
    ),
    "changed_after_it_was_used": (
        ("add_to_every_pixel", CHANGED),
        ("FlowMatching.velocity", CHANGED),
        ("from_pixels", CHANGED),
    ),
    "backward_twice": (
        ("add_to_every_pixel", TWICE),
        ("FlowMatching.velocity", TWICE),
        ("from_pixels", TWICE),
    ),
    "gradient_of_whole_numbers": (
        ("from_pixels", "pixels.clone().requires_grad_()"),
        ("ClassEmbedding", "nn.Parameter(class_labels)"),
        ("per_image", "torch.tensor([1, 2], requires_grad=True)"),
    ),
    "numpy_of_a_tensor_with_gradient": (
        ("Downsample", "with torch.enable_grad(): self.conv.weight.numpy()"),
        ("add_to_every_pixel", "with torch.enable_grad(): h.clone().requires_grad_().numpy()"),
        ("FlowMatching.velocity", "with torch.enable_grad(): np.asarray(nn.Linear(1, 1).weight)"),
    ),
    "keyword_for_the_call_of_a_layer": (
        ("Downsample", "self.conv(x, stride=2)"),
        ("SelfAttention", "self.proj(x, kernel_size=1)"),
        ("add_to_every_pixel", "nn.Dropout()(h, p=0.1)"),
    ),
    "unknown_keyword": (
        ("Downsample", ("kernel_size=3", "kernel=3")),
        ("FlowMatching.velocity", "F.silu(clean, dim=1)"),
        ("SelfAttention", "nn.SiLU(inplac=True)"),
    ),
    "called_at_once": (
        ("from_other_direction", ("return model", "return model()")),
        ("num_groups", "def largest(most): return most\nreturn largest()"),
        ("update_average", "def mix(old, new): return old\n[mix() for one in average]"),
    ),
    "argument_missing": (
        ("FlowMatching.velocity", "F.mse_loss(clean)"),
        ("SelfAttention", "nn.SiLU.forward(x)"),
        ("euler_step", "velocity_at(x)"),
    ),
    "given_by_place_and_not_by_name": (
        ("num_groups", "torch.arange(3, torch.float32)"),
        ("add_to_every_pixel", "torch.randn(h.shape, h.dtype)"),
        ("per_image", "torch.zeros(3, x.device)"),
        ("FlowMatching.velocity", "torch.rand(clean.shape, torch.Generator())"),
        ("attention_weights", "torch.bernoulli(q.sigmoid(), torch.Generator())"),
    ),
    "generator_by_place_and_not_by_name": (
        ("drop_labels", "torch.rand(labels.shape, generator)"),
        ("drop_labels", "torch.randint(0, 5, (3,), generator)"),
        ("FlowMatching.loss", "torch.randn(images.shape, generator)"),
        ("DDPM.loss", "torch.rand(5, generator)"),
        ("num_groups", "torch.empty(3).normal_(0, 1, torch.Generator())"),
    ),
    "axes_added_one_by_one": (
        ("add_to_every_pixel", "vectors.unsqueeze(2, 3)"),
        ("FlowMatching.interpolate", "t.unsqueeze(1, 2, 3)"),
        ("per_image", "torch.unsqueeze(table, 1, 2)"),
        ("attention_weights", "q.unsqueeze(1, dim=2)"),
    ),
    "two_things_for_append": (
        ("decoder_channels", "[].append(1, 2)"),
        ("skip_channels", "[].append()"),
        ("count_parameters", "set().add(1, 2)"),
    ),
    "too_many_arguments": (
        ("Downsample", "nn.SiLU()(x, x)"),
        ("from_pixels", "pixels.float(3)"),
        ("num_groups", "len(channels, channels)"),
        ("heun_step", "velocity_at(x, t, None)"),
    ),
    "plain_numbers_only": (
        ("decay_at", "torch.min(decay, 0.5)"),
        ("num_groups", "torch.clamp(channels, min=1, max=8)"),
        ("learning_rate_at", "torch.where(step > 3, 1.0, 0.5)"),
    ),
    "arguments_of_another_kind": (
        ("attention_weights", "torch.clamp(q, 0).clamp(3, min=4)"),
        ("FlowMatching.velocity", "clean.view('channels')"),
        ("add_to_every_pixel", "torch.mean(h, axes=1)"),
        ("per_image", "torch.randint(5)"),
    ),
    "pieces_unpacked_wrongly": (
        ("add_to_every_pixel", "first, second, third, fourth, fifth, sixth, seventh = h.chunk(2)"),
        ("attention_weights", "first, second, third = q.split(1000)"),
        ("SelfAttention", "q, k = x.chunk(1, dim=1)"),
    ),
    "parts_without_names": (
        ("parameter_budget", ("model.named_children()", "model.children()")),
        ("count_parameters", "for name, part in nn.Sequential(nn.SiLU()).children():\n    pass"),
        ("UNet", "for name, part in self.encoder.modules():\n    pass"),
    ),
    "values_without_vectors": (
        ("matrix_square_root", "values, vectors = torch.linalg.eigvalsh(matrix)"),
        ("gaussian_frechet", "left, values, right = torch.linalg.svdvals(torch.eye(4))"),
        ("feature_statistics", "values, vectors = torch.linalg.eigvals(torch.eye(7))"),
    ),
    "unpacked_wrongly": (
        ("add_to_every_pixel", "B, C = h.shape"),
        ("num_groups", "a, b = channels"),
        ("attention_weights", "B, N = q.shape"),
    ),
    "left_side_cannot_be_changed": (
        ("add_to_every_pixel", "h.shape[0] = 3"),
        ("skip_channels", "(1, 2)[0] = 3"),
        ("FlowMatching.velocity", "clean.shape = (1,)"),
    ),
    "read_before_it_has_a_value": (
        ("num_groups", "total += channels"),
        ("per_image", "values = values + 1"),
        ("conv_multiply_adds", "count = count * 2"),
        ("attention_weights", "scores /= 2"),
        ("training_memory", "for i in range(0): size = i\nsize"),
    ),
    "name_not_defined": (
        ("ResidualBlock", "h = conv1(x)"),
        ("num_groups", "chanels // 4"),
        ("per_image", "value_of_image[0]"),
    ),
    "no_root_of_a_matrix": (
        ("gaussian_frechet", "torch.linalg.sqrtm(cov @ other_cov)"),
        ("matrix_square_root", "torch.sqrtm(matrix)"),
        ("feature_statistics", "features.sqrtm()"),
    ),
    "module_has_no_such_name": (
        ("add_to_every_pixel", "torch.functional.silo"),
        ("SelfAttention", "nn.SILU()"),
        ("num_groups", "math.root(channels)"),
    ),
    "attribute_missing": (
        ("ResidualBlock", ("self.conv1(", "self.convv1(")),
        ("FlowMatching.velocity", "clean.astype(float)"),
        ("skip_channels", "[1].push(3)"),
    ),
    "method_of_lists": (
        ("skip_channels", "(1, 2).append(3)"),
        ("decoder_channels", "tuple(channel_mults).reverse()"),
        ("cat_skip", "h.append(skips[-1])"),
        ("UNet", ("skips = [h]", "skips = h")),
    ),
    "number_added_to_a_list": (
        ("overlap_counts", "counts = [0, 0, 0]\ncounts[0:2] += 1"),
        ("skip_channels", "skips = [1]\nskips += base_channels"),
        ("FlowMatching.velocity", "rows = [clean]\nrows += 0.5"),
    ),
    "list_made_first": (
        ("decoder_channels", "reversed(enumerate(channel_mults))"),
        ("count_parameters", "module.parameters()[0]"),
        ("skip_channels", "len(zip(channel_mults, channel_mults))"),
        ("update_average", "reversed([1, 2])[0]"),
    ),
    "nothing_left_for_next": (
        ("num_groups", "next(g for g in range(8, 1, -1) if g > channels + 8)"),
        ("Downsample", "next(nn.SiLU().parameters())"),
        ("skip_channels", "next(iter([]))"),
    ),
    "no_list_of_things": (
        ("num_groups", "for i in channels: pass"),
        ("conv_output_size", "size[0]"),
        ("skip_channels", "len(base_channels)"),
    ),
    "no_module_of_layers": (
        ("ResidualBlock", "nn.Sequential([nn.SiLU()])"),
        ("Downsample", "nn.ModuleList(nn.SiLU())"),
        ("SelfAttention", "nn.Sequential(F.silu)"),
    ),
    "weights_do_not_fit": (
        ("ResidualBlock", "self.load_state_dict({})"),
        ("Downsample", "self.conv.load_state_dict({'weight': x})"),
        ("SelfAttention", "nn.Linear(1, 1).load_state_dict(self.state_dict())"),
    ),
    "key_missing": (
        ("skip_channels", "{}['h']"),
        ("SelfAttention", "nn.ModuleDict()['norm']"),
        ("learning_rate_at", "{'cosine': 1}[step]"),
    ),
    "division_by_zero": (
        ("num_groups", "channels / 0"),
        ("conv_output_size", "size // (stride - stride)"),
        ("decay_at", "step % 0"),
    ),
    "outside_of_the_function": (
        ("num_groups", "math.sqrt(-channels)"),
        ("decay_at", "math.log(0)"),
        ("learning_rate_at", "math.exp(100000)"),
    ),
    "calls_itself_without_end": (
        ("num_groups", "num_groups(channels)"),
        ("Downsample", "x = self(x)"),
        # all arguments: Python 3.13 calls itself without end, and without an error, where a default is left out
        ("conv_output_size", "return conv_output_size(size, kernel_size, stride, padding)"),
    ),
    "import_fails": (
        ("num_groups", "import torchh"),
        ("add_to_every_pixel", "from torch.nn import silu"),
        ("Downsample", "from course_lib import Downsampling"),
    ),
    "nothing_to_choose_from": (
        ("num_groups", "max([])"),
        ("skip_channels", "min(one for one in [1] if one > 2)"),
        ("add_to_every_pixel", "h[:0].flatten().max()"),
    ),
    "probability_outside": (
        ("ResidualBlock", "nn.Dropout(10)"),
        ("add_to_every_pixel", "F.dropout(h, 1.5)"),
        ("FlowMatching.velocity", "torch.bernoulli(clean.abs() + 2)"),
    ),
    "negative_size": (
        ("num_groups", "torch.zeros(3 - 10)"),
        ("per_image", "torch.randint(5, 5, (2,))"),
        ("add_to_every_pixel", "h.new_zeros(2, -1)"),
    ),
    "size_and_factor": (
        ("Upsample", "F.interpolate(x)"),
        ("FlowMatching.velocity", "F.interpolate(clean, 2, 2)"),
        ("Downsample", "F.interpolate(x, mode='nearest')"),
    ),
    "condition_is_no_mask": (
        ("FlowMatching.velocity", "torch.where(clean, clean, noise)"),
        ("per_image", "torch.where(t, t, t)"),
        ("add_to_every_pixel", "torch.where(h, 1.0, 0.0)"),
    ),
    "memory_runs_out": (
        ("per_image", "torch.empty(10**14)"),
        ("add_to_every_pixel", "torch.empty(10**13)"),
        ("num_groups", "[0] * (2**62 // 16)"),
    ),
    "own_check_fails": (
        ("add_to_every_pixel", "assert h.shape[0] == 64"),
        ("num_groups", "assert channels == 64, 'only 64'"),
        ("Downsample", "assert x.ndim == 3"),
    ),
}
