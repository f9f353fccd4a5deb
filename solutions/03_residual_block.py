# %% [markdown]
# # Lesson 03 · The residual block
#
# **About 80 minutes.** After this lesson you can
#
# - say what group normalisation computes, and write it yourself,
# - choose a number of groups, and show what one wrong choice destroys without any error,
# - tell every pixel of a feature map what time it is,
# - build the block that the network uses seventeen times,
# - measure what its shortcut is worth, and how far the block sees.
#
# You need lessons 01 and 02: `emb` is the sum of what they make, one vector per image.

# %%
you_are_here("03")

# %% [markdown]
# ## 3.1 One block, two jobs
#
# Most of what the network learns lives in one kind of block. It has two jobs: find features, and mind the time. This is the
# document's drawing, top to bottom:
#
# ```
#   x ─────────────────────────────┐
#   │                              │
#   GroupNorm → SiLU → Conv 3x3    │
#   │                              │
#   + time and class               │   the branch (left)
#   │                              │   and the shortcut (right)
#   GroupNorm → SiLU → Dropout     │
#   │                              │
#   Conv 3x3                       │
#   │                              │
#   + ◄────────────────────────────┘
#   │
#   output
# ```
#
# | | shape | example |
# |---|---|---|
# | input `x` | `(B, C_in, H, W)` | `(4, 64, 32, 32)` |
# | embedding `emb` | `(B, dim)` | `(4, 256)` |
# | after the first convolution | `(B, C_out, H, W)` | `(4, 128, 32, 32)` |
# | output | `(B, C_out, H, W)` | `(4, 128, 32, 32)` |
#
# The branch does not compute the output. It computes what must be *added* to the input: the difference, or residual.
# Hence the name.
#
# We build it in four steps: the norm, its groups, the addition of the time, the block.

# %% [markdown]
# ## 3.2 What a norm does
#
# After a few layers, one channel may hold numbers near 6 and the next one numbers near -2. A convolution that has to
# work with such numbers learns slowly. A norm brings them to a common scale.
#
# **Group normalisation** cuts the channels of an image into groups of neighbours. For each group it takes the mean and
# the variance over all channels of the group and all pixels, and then
#
# $$\hat x = \frac{x - \text{mean}}{\sqrt{\text{variance} + \varepsilon}}.$$
#
# The small $\varepsilon$ keeps a constant group from being divided by zero. Afterwards `nn.GroupNorm` gives every channel a
# weight and a bias to learn. We leave those two out.
#
# | | shape | example, 2 groups |
# |---|---|---|
# | input | `(B, C, H, W)` | `(4, 8, 32, 32)` |
# | one row per group | `(B, groups, C / groups * H * W)` | `(4, 2, 4096)` |
# | mean, variance | `(B, groups, 1)` | `(4, 2, 1)` |
# | output | `(B, C, H, W)` | `(4, 8, 32, 32)` |
#
# **Before you go on:** a group's variance is the mean of its squared distances. Divide by `n`, or by `n - 1`?

# %% predict="3.2" options=["n", "n - 1"] answer="n"
my_prediction = ...

# %%
x = torch.randn(1, 4, 2, 2)
torchs_own = F.group_norm(x, 1)
by_n = (x - x.mean()) / torch.sqrt(x.var(unbiased=False) + 1e-5)
by_n_minus_1 = (x - x.mean()) / torch.sqrt(x.var(unbiased=True) + 1e-5)
closer = "n" if (torchs_own - by_n).abs().max() < (torchs_own - by_n_minus_1).abs().max() else "n - 1"
verdict(closer, my_prediction)

# %% [markdown]
# `x.var()` divides by `n - 1` unless told otherwise. That is the habit of statistics, where a sample stands for something
# larger. A norm describes the numbers it has. So it divides by `n`.
#
# ### Exercise 3.1 · difficulty 2 of 5 · about 10 minutes · roughly 4 lines
# Write `normalize_groups(x, groups, eps)`. In: feature maps `(B, C, H, W)`, a number of groups, and epsilon. Out: the same
# shape, each group of each image with mean 0 and variance 1.
#
# <details><summary>Hint 1: where to start</summary>
#
# Give every group one row: `x.reshape(B, groups, -1)`. Everything else happens along the last axis.
# </details>
# <details><summary>Hint 2: the key line</summary>
#
# `distance = rows - rows.mean(dim=-1, keepdim=True)`, and the variance is the mean of `distance.square()`, with
# `keepdim=True` as well.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# `distance / torch.sqrt(variance + eps)` still has one row per group. `.reshape(x.shape)` puts the numbers back.
# </details>

# %% exercise="course_lib.group_norm.normalize_groups"
from course_lib.group_norm import normalize_groups

# %%
normalize_groups = check(normalize_groups)

# %% [markdown]
# Let us watch it work. Eight channels, in two groups of four. Each point is a channel's mean, each bar its spread.

# %%
lesson.plot_normalized_channels(normalize_groups)

# %% [markdown]
# Two things survived, and both matter below:
#
# - **within** a group, the channels keep their differences,
# - what **all** channels of a group share (their common mean) is gone.
#
# ## 3.3 How many groups?
#
# The document writes "GroupNorm" and gives no number. The paper that introduced it uses 32. Is 32 always possible?

# %%
for channels in (64, 48):
    try:
        nn.GroupNorm(32, channels)
        print(f"{channels} channels in 32 groups: possible, {channels // 32} channels in each")
    except ValueError as error:
        print(f"{channels} channels in 32 groups: {error}")

# %% [markdown]
# So a rule is needed. Ours has three parts. The number of groups
#
# 1. divides the channels,
# 2. is at most 32,
# 3. leaves at least **four** channels in each group,
#
# and among such numbers it is the largest. If there is none, there is one group. Why four? Section 3.6 will show
# it to you. Until then, take it as given.
#
# **Guess first:** how many groups do 64 channels get?

# %% predict="3.3" options=["8", "16", "32", "64"] answer="16"
my_prediction = ...

# %% [markdown]
# ### Exercise 3.2 · difficulty 1 of 5 · about 6 minutes · roughly 4 lines
# Write `num_groups(channels)`. In: a whole number. Out: a whole number, the number of groups.
#
# <details><summary>Hint 1: where to start</summary>
#
# What is the largest number that conditions 2 and 3 allow? Start there and count down.
# </details>
# <details><summary>Hint 2: the key line</summary>
#
# `most = min(32, channels // 4)`, then go through `range(most, 1, -1)`.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# Return the first `groups` with `channels % groups == 0`. After the loop, return 1.
# </details>

# %% exercise="course_lib.group_norm.num_groups"
from course_lib.group_norm import num_groups

# %%
num_groups = check(num_groups)

# %%
verdict(num_groups(64), my_prediction)

# %% tags=["nbval-check-output"]
for channels in (30, 48, 64, 128, 256, 512):
    groups = num_groups(channels)
    print(f"{channels:4} channels: {groups:2} groups of {channels // groups}")

# %% [markdown]
# ## 3.4 Telling every pixel what time it is
#
# The block must know *how noisy* its input is. We have that as a vector `emb`, one per image. The feature map
# has one vector per **pixel**. How do you add the first to the second?
#
# | | shape | for our example |
# |---|---|---|
# | feature map after the first convolution | `(B, C_out, H, W)` | `(4, 128, 16, 16)` |
# | embedding | `(B, dim)` | `(4, 256)` |
#
# **Before you read on:** the document writes `+ t_emb[:, :, None, None]`. What stands in the way of `h + emb`?

# %% predict="3.4a" options=["channel count", "missing H and W axes", "both", "neither"] answer="both"
my_prediction = ...

# %%
h, emb = torch.randn(4, 128, 16, 16), torch.randn(4, 256)
attempts = {
    "h + emb": lambda: h + emb,
    "h + emb[:, :, None, None]": lambda: h + emb[:, :, None, None],
    "h + emb[:, :128]": lambda: h + emb[:, :128],
    "h + emb[:, :128, None, None]": lambda: h + emb[:, :128, None, None],
}
works = {}
for name, attempt in attempts.items():
    try:
        works[name] = tuple(attempt().shape)
        print(f"{name:30} works: {works[name]}")
    except RuntimeError as error:
        print(f"{name:30} {error}")

# %%
axes_alone = "h + emb[:, :, None, None]" in works
channels_alone = "h + emb[:, :128]" in works
obstacle = {(False, False): "both", (True, False): "missing H and W axes", (False, True): "channel count"}
verdict(obstacle.get((axes_alone, channels_alone), "neither"), my_prediction)

# %% [markdown]
# Neither repair is enough by itself. The last line works, and throws half of the embedding away.
#
# The block does better. A `Linear(256, 128)`, called `emb_proj`, makes the channels fit: each of the 128 numbers is a
# mixture of all 256. The drawing leaves this layer out. Without it no block whose width differs from `dim` could run.
#
# ### Exercise 3.3 · difficulty 1 of 5 · about 5 minutes · roughly 1 line
# First the axes. Write `add_to_every_pixel(h, vectors)`. In: `(B, C, H, W)` and `(B, C)`. Out: `(B, C, H, W)`, a new tensor
# in which channel `c` of image `b` is larger by `vectors[b, c]`. Leave `h` as it is.
#
# <details><summary>Hint 1: where to start</summary>
#
# Broadcasting lines axes up from the right. What shape must the vectors have, so that `B` meets `B` and `C` meets `C`?
# </details>
# <details><summary>Hint 2: the key</summary>
#
# `something[:, :, None, None]` turns `(B, C)` into `(B, C, 1, 1)`.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# `h + vectors[...]`. A plain `+` makes a new tensor; `+=` would change `h`.
# </details>

# %% exercise="course_lib.residual_block.add_to_every_pixel"
from course_lib.residual_block import add_to_every_pixel

# %%
add_to_every_pixel = check(add_to_every_pixel)

# %% tags=["nbval-check-output"]
emb_proj = nn.Linear(256, 128)
print(tuple(emb_proj(emb).shape), "->", tuple(add_to_every_pixel(h, emb_proj(emb)).shape))

# %% [markdown]
# ### Two Linears in a row
#
# One thing is left. The time embedding of lesson 01 *ends* with a Linear. The block *begins* with `emb_proj`, a Linear
# too. What are two Linears worth, one behind the other?
#
# Here is an honest test. We send 2000 random vectors through both. Then we look for **one** Linear that gives the same
# numbers (least squares). The error that remains says how much the pair can do that a single one can't.

# %% predict="3.4b" options=["0", "about 0.1", "about 0.5"] answer="0"
my_prediction = ...

# %%
torch.manual_seed(0)
last_of_time_embedding, first_of_block = nn.Linear(64, 64).double(), nn.Linear(64, 32).double()


def error_of_one_linear(between):
    """Share of the output that the best single Linear cannot explain."""
    v = torch.randn(2000, 64, dtype=torch.float64)
    with torch.no_grad():
        out = first_of_block(between(3 * last_of_time_embedding(v)))
    v_and_one = torch.cat([v, torch.ones(2000, 1, dtype=torch.float64)], dim=1)
    best = torch.linalg.lstsq(v_and_one, out).solution
    return ((out - v_and_one @ best).norm() / (out - out.mean(0)).norm()).item()


nothing_between = error_of_one_linear(lambda v: v)
silu_between = error_of_one_linear(F.silu)
print(f"nothing between them: {nothing_between:.1e}   a SiLU between them: {silu_between:.2f}")

# %%
verdict("0" if nothing_between < 1e-6 else f"{nothing_between:.2f}", my_prediction)

# %% [markdown]
# Without something that bends between them, two Linears *are* one. Their weights multiply into a single matrix. You would
# pay for two layers and own one.
#
# So `emb` passes a SiLU before `emb_proj`. The document's drawing shows neither. Both are needed.

# %% [markdown]
# ## 3.5 The whole block
#
# Now all parts are there. Two details of `__init__` before you begin:
#
# - `norm1` works on the *input's* channels, `norm2` on the *output's*. `group_norm(channels)` makes an `nn.GroupNorm` with
#   your rule's number of groups.
# - `skip_conv` is `nn.Identity()` where the channels stay. Where they change it is a 1x1 convolution: it mixes channels
#   and never looks at a neighbour.
#
# ### Exercise 3.4 · difficulty 2 of 5 · about 10 minutes · roughly 5 lines
# Fill in `ResidualBlock.forward`. Everything it needs was made in `__init__`. The comments are your steps.
# In: `x` `(B, in_channels, H, W)` and `emb` `(B, emb_dim)`. Out: `(B, out_channels, H, W)`.
#
# <details><summary>Hint 1: where to start</summary>
#
# Write the drawing as one line per row, top to bottom. `F.silu` is the activation.
# </details>
# <details><summary>Hint 2: the addition</summary>
#
# `self.emb_proj(F.silu(emb))` is `(B, out_channels)`. You know how to spread that over the pixels.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# First half: `h = self.conv1(F.silu(self.norm1(x)))`, then add the embedding. The second half looks the same, with `norm2`,
# `dropout` and `conv2`. The last line returns `h + self.skip_conv(x)`.
# </details>

# %% exercise="course_lib.residual_block.ResidualBlock" blank=["forward"]
from course_lib.residual_block import ResidualBlock

# %%
ResidualBlock = check(ResidualBlock)

# %% [markdown]
# If you wrote `h += ...`: that is fine here, because `h` was made by your own `conv1`. It saves a copy. But do not write it
# on `x`, or on `skip_conv(x)`: where the channels stay, `nn.Identity` hands you `x` itself, and the caller still needs it.
#
# ## 3.6 Can a block be deaf?
#
# Your block passed, so changing `t` changes its output. Let us try to break that without touching `forward`. Only the number
# of groups of `norm2` changes, the norm that comes *after* the addition. Four settings, the same weights, `t = 5` against
# `t = 900`. **Which one will not hear the difference?**

# %% predict="3.6" options=["1 group", "8 groups", "32 groups of 4", "one channel a group"] answer="one channel a group"
my_prediction = ...

# %%
torch.manual_seed(0)
block = ResidualBlock(128, 128, 256).eval()
early, late = lesson.times_far_apart(256)
x = torch.randn(1, 128, 16, 16)

changes = {}
for name, groups in {"1 group": 1, "8 groups": 8, "32 groups of 4": 32, "one channel a group": 128}.items():
    block.norm2 = nn.GroupNorm(groups, 128)
    with torch.no_grad():
        at_5, at_900 = block(x, early[None]) - x, block(x, late[None]) - x  # the branch alone
    changes[name] = ((at_900 - at_5).norm() / at_5.norm()).item()

deaf = lesson.plot_deafness(changes)

# %%
verdict(deaf, my_prediction)

# %% [markdown]
# No error, no warning, no wrong shape. With one channel in each group, GroupNorm subtracts that channel's mean. And the mean
# is exactly where `+ emb` had put its news. A network built this way trains, its loss falls, and it never learns what
# time it is.
#
# The document does not say how many groups to use. Now you know why this library insists on at least four channels in
# each. And note which norm does it: `norm1` comes before the addition and may have any number of groups.
#
# **In your own words:** why does the same thing not happen with *one* group?
# <details><summary>One answer</summary>
#
# The mean is then taken over all channels together. Adding different amounts to different channels changes their
# differences, and those survive. You saw it in the figure of section 3.2: inside a group the order remained.
# </details>
#
# A narrow network walks into this trap by itself. "32 groups" on a layer of 32 channels *is* one channel a group.

# %% tags=["nbval-check-output"]
for channels in (32, 64, 128):
    leave = channels // num_groups(channels)
    print(f"{channels:3} channels: 32 groups leave {channels // 32} in each, our rule leaves {leave}")

# %% [markdown]
# ## 3.7 What is the shortcut worth?
#
# A fresh block knows nothing. Send a picture through twenty of them. **Will you still recognise it, with shortcuts and
# without?**

# %% predict="3.7a" options=["with and without", "only with", "only without", "neither"] answer="only with"
my_prediction = ...

# %%
survives = lesson.plot_boot(ResidualBlock)

# %%
verdict(survives, my_prediction)

# %% [markdown]
# At the start of training each block changes the picture a little and passes it on. That is a good place to start from:
# the network need not learn first how to do nothing.
#
# The way *back* matters as much. Training sends a gradient from the last block to the first, and says there what should
# change. The document writes that the shortcut "facilitates gradient flow". We take twenty blocks again, wider ones,
# and measure. **Without shortcuts, how large is the gradient that arrives at the first block, compared with the last?**

# %% predict="3.7b" options=["a millionth", "a tenth", "about as large, or larger"] answer="about as large, or larger"
my_prediction = ...

# %%
arrives = lesson.plot_gradients(ResidualBlock)

# %%
truth = "about as large, or larger" if arrives > 0.3 else "a tenth" if arrives > 0.01 else "a millionth"
verdict(truth, my_prediction)

# %% [markdown]
# Most people expect the gradient to vanish. Without norms it does: look at the grey line. But each GroupNorm divides by the
# spread of its input, and the gradient is divided by it too. That makes up for what the convolutions take away. So the *size*
# survives without any shortcut.
#
# What does not survive is the *direction*. Without shortcuts the message that arrives has nothing in common with the one that
# was sent. With shortcuts about half of it comes through twenty blocks.
#
# The sum explains it. With $y = x + f(x)$ the derivative is $1 + f'(x)$: whatever happens to $f'$, the 1 stays. Without the
# shortcut only $f'$ is left, and twenty of them multiply.
#
# **In your own words:** why does nothing (no SiLU, no norm) come after the last addition of the block?
# <details><summary>One answer</summary>
#
# Anything that follows the sum also stands in the way of the shortcut. Then no free road leads from the last block to the
# first. He et al. compare these orders and find the clean road best.
# </details>

# %% [markdown]
# ## 3.8 How far does a block see?
#
# A 3x3 convolution looks one pixel in each direction. The block has two of them. **Which input pixels can move one pixel
# of the block's output?** We will ask the gradient.

# %% predict="3.8" options=["3 x 3", "5 x 5", "9 x 9", "the whole image"] answer="the whole image"
my_prediction = ...

# %%
torch.manual_seed(0)
block = ResidualBlock(16, 16, 32).double().eval()
emb = torch.randn(1, 32, dtype=torch.float64)


def reach(function):
    """Gradient of the middle output pixel with respect to every input pixel."""
    x = torch.randn(1, 16, 17, 17, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(function(x)[0, :, 8, 8].sum(), x)
    return gradient


gradients = {
    "two 3x3 convolutions": reach(lambda x: block.conv2(F.silu(block.conv1(x)))),
    "the whole block": reach(lambda x: block(x, emb)),
}
lesson.plot_reach(gradients)

# %%
size = gradients["the whole block"].abs().sum(dim=(0, 1))
pixels = int((size > 0).sum())
verdict("the whole image" if pixels == size.numel() else f"{pixels} pixels", my_prediction)

far = size.sum() - size[6:11, 6:11].sum()
print(f"{far / size.sum():.1%} of the gradient comes from outside the 5 x 5 window")

# %% [markdown]
# Surprised? Two convolutions reach 5x5, as the left map shows. But GroupNorm takes mean and variance over *all* pixels.
# So every pixel has a small say everywhere.
#
# It is a say about the average only. A norm can report "this image is bright". It can't report "there is a sleeve at the upper
# left". For that, distant pixels have to talk to each other, and lesson 05 builds the part that lets them.

# %% [markdown]
# ## 3.9 Recap: the document's rows, proven
#
# The document lists what goes into every block of the network and what comes out. Your `ResidualBlock` against each of
# these rows:

# %% tags=["nbval-check-output"]
from course_lib.document import EMB_DIM, FORWARD_PASS

rows = []
for step in FORWARD_PASS:
    if "resblock" in step.name:
        block = ResidualBlock(step.input[1], step.output[1], EMB_DIM)
        with torch.no_grad():
            out = block(torch.zeros(step.input), torch.zeros(step.input[0], EMB_DIM))
        rows.append((f"{step.module}: {step.input} ->", step.output, out.shape))
compare_rows(rows)
print(len(rows), "residual blocks")

# %% [markdown]
# What you built:
#
# | part | what it is for |
# |---|---|
# | `normalize_groups` | brings each group of channels to mean 0 and variance 1 |
# | `num_groups` | at least four channels a group, so that no block is deaf |
# | `emb_proj`, with SiLU before it | makes the embedding fit, and worth a layer of its own |
# | `[:, :, None, None]` | gives every pixel the same news |
# | the shortcut | a free road for features forward and gradients back |
#
# ## Questions
#
# **1.** The block 64 -> 128 has a `skip_conv`, the block 128 -> 128 has none. Which one changes its input less when it is new?
# <details><summary>Answer</summary>
#
# 128 -> 128. Its shortcut is the input itself. The 1x1 convolution of the other one mixes channels at random until it has
# learned.
# </details>
#
# **2.** Someone adds the embedding after `norm2` "to be safe from deafness". What is lost?
# <details><summary>Answer</summary>
#
# It does hear. But the document adds it before the norm, and checkpoints and papers expect that. If it came even later,
# after the second SiLU, only a linear map would follow: then the time could shift the output, and no longer decide which
# features pass.
# </details>
#
# **3.** Why does dropout stand in front of the second convolution and not at the end?
# <details><summary>Answer</summary>
#
# At the end it would drop pixels of the result itself. In front of the convolution it hides some features from it, so
# that the convolution learns not to lean on any single one. And the shortcut stays whole.
# </details>
#
# **4.** BatchNorm was the usual choice before. What would go wrong with it when drawing a single picture?
# <details><summary>Answer</summary>
#
# Its mean and variance come from the whole batch. In one batch, images have different noise levels, so they would blur each
# other's statistics; and in evaluation it uses running averages over all times. GroupNorm treats each image by itself.
# </details>
#
# ## Further reading
#
# - He, Zhang, Ren, Sun (2016), *Deep Residual Learning for Image Recognition*: the shortcut, equation 1; the 1x1 projection
#   where shapes change, equation 2.
# - He, Zhang, Ren, Sun (2016), *Identity Mappings in Deep Residual Networks*: norm and activation *before* the convolution, and
#   why the shortcut should stay clean; the gradient with its 1, equation 5.
# - Balduzzi et al. (2017), *The Shattered Gradients Problem: If resnets are the answer, then what is the question?*: that
#   norms keep the size of gradients and shortcuts their likeness.
# - Wu, He (2018), *Group Normalization*: mean, variance and groups, equations 1, 2 and 7.
# - Ho, Jain, Abbeel (2020), *Denoising Diffusion Probabilistic Models*, appendix B: the network that this block comes from.
