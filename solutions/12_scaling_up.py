# %% [markdown]
# # Lesson 12 · Scaling up: the document's network on a GPU
#
# **About 80 minutes.** After this lesson you can
#
# - work out on paper what a network costs: multiply-adds, memory, hours,
# - say what mixed precision, `channels_last`, `compile` and several GPUs change, and what they do not,
# - start the document's network on CIFAR-10, stop it, and go on,
# - read a loss curve, and tell a doomed run from a noisy one.
#
# You need no GPU for this lesson. Where a cell wants one, it says what it would do, and goes on.
#
# **What has been measured, and what has not.** No GPU was available to this project. What this lesson says about processors
# was measured, here or on your machine. What it says about GPUs is worked out, or quoted, and marked **estimate**. You are
# asked to replace the estimates by your own measurements.

# %%
you_are_here("12")

# %% [markdown]
# ## 12.1 Count before you measure
#
# The document's network has 15.78 million parameters. That says how large its file is. It does not say how long it takes: a
# weight of a convolution is used again at every pixel.
#
# Take one number of a convolution's output. It is a sum over a window of the input, in every channel:
#
# ```
#  input, channel 0    channel 1        channel C_in - 1
#   ┌───────┐          ┌───────┐         ┌───────┐
#   │ k x k │    +     │ k x k │  + ... +│ k x k │    =   one number
#   └───────┘          └───────┘         └───────┘
# ```
#
# Each term is one multiplication and one addition, a **multiply-add**. (A "FLOP" counts them separately: two for each.)
#
# `conv_in` goes from 3 to 64 channels at 32x32, 3x3 kernels. **How many multiply-adds for one image?**

# %% predict="12.1" options=["1,728", "1.8 million", "1.8 billion"] answer="1.8 million"
my_prediction = ...

# %% [markdown]
# ### Exercise 12.1 · difficulty 1 of 5 · about 4 minutes · 2 lines
# Write `conv_multiply_adds`. Note that `height` and `width` are those of the *output*.
#
# <details><summary>Hint 1: where to start</summary> Count one number of the output first. </details>
# <details><summary>Hint 2: how many numbers?</summary> The output has <code>out_channels * height * width</code> of them.
# </details>
# <details><summary>Hint 3: nearly there</summary> One number costs <code>kernel_size * kernel_size * in_channels</code>.
# Multiply the two. </details>

# %% exercise="course_lib.estimates.conv_multiply_adds"
from course_lib.estimates import conv_multiply_adds

# %%
conv_multiply_adds = check(conv_multiply_adds)

# %%
conv_in = conv_multiply_adds(3, 64, 3, 32, 32)
print(f"conv_in: {conv_in:,}")
verdict("1,728" if conv_in < 10_000 else "1.8 million" if conv_in < 1e8 else "1.8 billion", my_prediction)

# %% [markdown]
# 1,728 is its number of weights. Each is used 1,024 times, once a pixel.
#
# Now compare two blocks of the document, one at each end of the U. Their first convolutions:

# %% tags=["nbval-check-output"]
for name, channels_in, channels_out, side in (
    ("64 channels at 32x32", 64, 64, 32),
    ("256 channels at 8x8", 256, 256, 8),
):
    weights = 9 * channels_in * channels_out
    cost = conv_multiply_adds(channels_in, channels_out, 3, side, side)
    print(f"{name:22} {weights:9,} weights   {cost:11,} multiply-adds")

# %% [markdown]
# Sixteen times the weights, the same work. Every halving of the resolution with twice the channels keeps the cost and
# moves the parameters down. It is why a UNet can be wide where it is small.
#
# ## 12.2 What attention costs
#
# With `N` pixels and `C` channels, a block of lesson 05 has four parts that multiply:
#
# | part | what meets what | multiply-adds |
# |---|---|---|
# | 1x1 convolution | each pixel's C numbers become 3C | ? |
# | queries with keys | every pixel with every pixel | ? |
# | weights with values | every pixel with every pixel | ? |
# | 1x1 convolution | each pixel's C numbers become C | ? |
#
# Heads make no difference to the count. Each has fewer channels, and there are more of them.
#
# ### Exercise 12.2 · difficulty 2 of 5 · about 6 minutes · roughly 5 lines
# Write `attention_multiply_adds`, with your `conv_multiply_adds` for the two convolutions.
#
# <details><summary>Hint 1: where to start</summary> Fill in the four question marks above, in terms of N and C. </details>
# <details><summary>Hint 2: the products</summary> One score is a dot product of d numbers, and over all heads that makes C.
# There are N * N pairs of pixels. Gathering the values costs the same again. </details>
# <details><summary>Hint 3: nearly there</summary> <code>conv_multiply_adds(channels, 3 * channels, 1, height, width)</code>, the
# same from C to C, and <code>2 * pixels * pixels * channels</code>. </details>

# %% exercise="course_lib.estimates.attention_multiply_adds" given=["conv_multiply_adds"]
from course_lib.estimates import attention_multiply_adds

# %%
attention_multiply_adds = check(attention_multiply_adds)

# %% [markdown]
# The document says that attention at 32x32 is too slow, and has six of these blocks at 8x8. The whole network needs 2.15
# billion multiply-adds an image. **Which share of them is attention?**

# %% predict="12.2" options=["about 5 %", "about 25 %", "about 60 %"] answer="about 5 %"
my_prediction = ...

# %%
from course_lib.tracing import trace

unet = lesson.meta_unet()
measured = sum(row.multiply_adds for row in trace(unet))
share = 6 * attention_multiply_adds(256, 8, 8) / measured
print(f"{share:.1%}")
verdict(
    min(["about 5 %", "about 25 %", "about 60 %"], key=lambda text: abs(int(text[6:-2]) / 100 - share)), my_prediction
)

# %% [markdown]
# And now all of it. Your two functions go through every layer of the network; beside them stands what torch's own counter
# measured in a forward pass. (The network is on the `meta` device: it has shapes and no numbers, so this costs nothing.)

# %% tags=["nbval-check-output"]
by_formula = lesson.count_by_formula(unet, conv_multiply_adds, attention_multiply_adds)
by_counter = dict.fromkeys(by_formula, 0)
for row in trace(unet):
    by_counter[row.section] += row.multiply_adds

for section, count in by_formula.items():
    same = "same" if count == by_counter[section] else "DIFFERENT"
    print(f"{section:14} worked out {count:13,}   counted {by_counter[section]:13,}   {same}")
print(f"{'in all':14} worked out {sum(by_formula.values()):13,}   counted {measured:13,}")

# %% [markdown]
# 2.15 billion, on paper and by measurement. More than half of it is in the decoder, because its blocks see twice the channels.
#
# And with attention at 16x16 or 32x32, too? You do not have to build it to know:

# %% tags=["nbval-check-output"]
for resolutions in ((8,), (16, 8), (32, 16, 8)):
    model = lesson.meta_unet(attention_resolutions=resolutions)
    cost = sum(lesson.count_by_formula(model, conv_multiply_adds, attention_multiply_adds).values())
    print(f"attention at {resolutions!s:12}: {cost / 1e9:.2f} billion multiply-adds")

# %% [markdown]
# ## 12.3 How long?
#
# A training step is a forward pass and a backward pass. The backward pass makes two gradients for every product (one for the
# weights, one for the input), so the rule of thumb is **three times the forward pass**.
#
# The recipe of the best plain flow matching result we know: 400,000 steps of 128 images.

# %% tags=["nbval-check-output"]
images = 400_000 * 128
multiply_adds = 3 * measured * images
print(f"{images / 1e6:.1f} million images, {multiply_adds:.2e} multiply-adds, {2 * multiply_adds:.2e} FLOP")

# %% [markdown]
# Now time a few steps of the document's network on *this* machine's processor, four images each. Then divide.
# **How long would the whole recipe take here?**

# %% predict="12.3" options=["hours", "days", "weeks or more"] answer="weeks or more"
my_prediction = ...

# %%
times = lesson.time_switches(batch_size=4)
for name, seconds in times.items():
    print(f"{name:24} {seconds:6.2f} s a step, {4 / seconds:6.1f} images a second")

# %%
fastest = min(times.values())
whole_run = images * fastest / 4
print(f"the whole recipe on this processor: {lesson.duration(whole_run)}")
unit = "weeks or more" if whole_run > 14 * 86400 else "days" if whole_run > 86400 else "hours"
verdict(unit, my_prediction)

# %% [markdown]
# That is why there are GPUs. What would one need? Data sheets name a peak, for instance 312 trillion FLOP a second in bf16 for
# an NVIDIA A100. Nobody reaches it. A network of this size, on images this small, is made of many short kernels, and the
# processor that starts them is often the bottleneck. So we do not predict a number, but a range.

# %% tags=["nbval-check-output"]
peak = 312e12  # FLOP a second, from the data sheet
for used in (0.05, 0.15, 0.40):
    print(f"estimate: at {used:.0%} of the peak {lesson.duration(2 * multiply_adds / (peak * used))}")

# %% [markdown]
# **Estimate, not measured by this project.** The next cell measures it, where there is a GPU. Before you start a run of a day,
# time twenty steps. It is the one habit to take from this lesson.

# %%
on_gpu = lesson.time_on_gpu(batch_size=128)
if on_gpu:
    best = min(row["seconds"] for row in on_gpu.values())
    print(f"the whole recipe on this GPU: {lesson.duration(400_000 * best)}")

# %% [markdown]
# ## 12.4 How much memory?
#
# "CUDA out of memory" can be known beforehand. Two kinds of things lie in memory while training:
#
# - For every **parameter**: the weight, its gradient, the two moments of AdamW, and the copy in the moving average. In float32
#   each is four bytes.
# - For every **image** of the batch: what the forward pass has to keep until the backward pass needs it.
#
# ### Exercise 12.3 · difficulty 1 of 5 · about 4 minutes · 3 lines
# Write `training_memory`.
#
# <details><summary>Hint 1: where to start</summary> Two parts. Only one of them grows with the batch. </details>
# <details><summary>Hint 2: the parameters</summary> Five numbers each, four bytes a number. </details>
# <details><summary>Hint 3: nearly there</summary> <code>5 * BYTES_PER_NUMBER * parameters + kept_per_image * batch_size</code>
# </details>

# %% exercise="course_lib.estimates.training_memory"
from course_lib.estimates import training_memory

# %%
training_memory = check(training_memory)

# %% [markdown]
# How much is kept for an image? PyTorch can tell: a hook sees every tensor that is saved for the backward pass. On the `meta`
# device again, so no memory is needed to find out how much is needed.
#
# **With 128 images, what is larger: the parameters with all they bring along, or what is kept of the images?**

# %% predict="12.4" options=["the parameters", "the images"] answer="the images"
my_prediction = ...

# %%
parameters = sum(parameter.numel() for parameter in unet.parameters())
kept = lesson.kept_per_image(unet)
print(f"{parameters / 1e6:.2f} million parameters bring {training_memory(parameters, 0, 128) / 1e6:.0f} MB along")
print(f"one image: {kept / 1e6:.0f} MB; 128 images: {training_memory(0, kept, 128) / 1e9:.1f} GB")
verdict(
    "the images" if training_memory(0, kept, 128) > training_memory(parameters, 0, 0) else "the parameters",
    my_prediction,
)

# %%
lesson.plot_memory(training_memory, parameters, kept)

# %% [markdown]
# So when memory is short, a smaller *network* helps little, and a smaller *batch* helps at once. (On a GPU expect a little more
# than this: workspaces, and pieces between the pieces. The cell in 12.3 prints the measured peak for 128 images; compare.)

# %%
worked_out = training_memory(parameters, kept, 128)
for name, row in on_gpu.items():
    print(f"{name:16} measured {row['peak_bytes'] / 1e9:5.1f} GB, worked out in float32 {worked_out / 1e9:.1f} GB")

# %% [markdown]
# ## 12.5 The switches
#
# **Mixed precision.** Products are computed in bf16, which has 16 bits; weights, moments and average stay in float32. Faster where the
# hardware has units for it, and what is kept of an image gets smaller. How much smaller? Here on the processor, one image more
# in the batch adds:

# %%
from course_lib import UNet

real = UNet(**lesson.size_here())
plain, mixed = lesson.kept_per_image(real), lesson.kept_per_image(real, bf16=True)
print(f"kept of an image: float32 {plain / 1e6:.1f} MB, bf16 {mixed / 1e6:.1f} MB, {mixed / plain:.0%}")

# %% [markdown]
# Two bytes instead of four. On an NVIDIA GPU PyTorch computes GroupNorm and softmax in float32 even so, because they sum over many
# numbers, and then what is kept for those stays in float32: expect a little more than half there (not measured by this project).
#
# Why bf16, and not the older fp16? Both have 16 bits. A gradient of 0.00000001 is nothing special. **What becomes of it in each?**

# %% predict="12.5" options=["both keep it", "fp16 loses it", "bf16 loses it"] answer="fp16 loses it"
my_prediction = ...

# %%
gradient = torch.tensor(1e-8)
for dtype in (torch.float16, torch.bfloat16):
    print(f"{dtype!s:15} {gradient.to(dtype).item():.3g}   largest number {torch.finfo(dtype).max:.3g}")

lost = [name for name, dtype in (("fp16", torch.float16), ("bf16", torch.bfloat16)) if gradient.to(dtype) == 0]
verdict(f"{lost[0]} loses it" if len(lost) == 1 else "both keep it", my_prediction)

# %% [markdown]
# fp16 spends its bits on digits, bf16 on range: it has float32's range and three digits fewer. With fp16 one has to multiply the
# loss by a large number and divide the gradients again. With bf16 nothing has to be done, except to keep long sums (and
# averages: lesson 10) in float32.
#
# **`channels_last`.** The same numbers in another order in memory: all channels of a pixel side by side. The shapes stay.

# %% tags=["nbval-check-output"]
x = torch.zeros(4, 64, 32, 32)
y = x.to(memory_format=torch.channels_last)
print("shape  ", tuple(x.shape), tuple(y.shape))
print("strides", x.stride(), y.stride())

# %% [markdown]
# Units that multiply matrices want a pixel's channels together. If they lie apart, the library moves them before and after each
# convolution.
#
# **`compile`.** PyTorch translates the network into fewer, larger kernels: norm, SiLU and addition become one pass over memory.
# It costs a minute or two at the start. It changes no result beyond rounding.
#
# | switch | what it changes | measured by this project |
# |---|---|---|
# | bf16 | products in 16 bits | on two CPU cores that compute in bf16: a training step takes 0.59 to 0.66 of the time (with channels_last and fused AdamW) |
# | channels_last | order in memory | on two CPU cores in float32 (with fused AdamW): 0.94 to 1.00 of the time |
# | compile | fewer kernels | not measured |
# | any of them on a GPU | | not measured: run the cell in 12.3 |
#
# The two rows are from the README's table of benchmarks. The table of your own machine stands in 12.3. Does bf16 help here?

# %%
print("this processor computes in bf16 by itself:", lesson.here_in_bf16())
for name in ("bf16", "float32, channels_last"):
    print(f"{name} takes {times[name] / times['float32']:.2f} of float32's time")

# %% [markdown]
# Where bf16 is emulated it can be slower, and `train` leaves it off there. Never switch something on because a table says so.
# Time it.

# %% [markdown]
# ## 12.6 Several GPUs
#
# The usual way is the simplest one. Every GPU has a whole copy of the network, and a share of the batch. Each computes its
# gradient; then all take the **mean**, and make the same step.
#
# Is the mean of the parts' gradients the gradient of the whole batch? Try it with a batch of 8: first cut into 4 and 4, then into
# 6 and 2. **For which cut is it the same?**

# %% predict="12.6" options=["both", "4 and 4", "neither"] answer="4 and 4"
my_prediction = ...

# %%
found = {sizes: lesson.gradients_in_parts(sizes) for sizes in ((4, 4), (6, 2))}
for sizes, difference in found.items():
    print(f"{sizes}: largest difference {difference:.1e} of the largest gradient")

# %%
equal = [sizes for sizes, difference in found.items() if difference < 1e-6]
verdict("both" if len(equal) == 2 else "neither" if not equal else f"{equal[0][0]} and {equal[0][1]}", my_prediction)

# %% [markdown]
# The loss is a *mean* over the images. The mean of means is the mean only if all parts are equally large. So this library
# refuses a batch that the processes cannot share evenly.
#
# The same arithmetic works on one GPU, one part after the other. Then it is called **gradient accumulation**: four parts of 32,
# gradients added, one step. The memory of 32, the gradient of 128.
#
# What has to travel? One gradient for each parameter, each step:

# %% tags=["nbval-check-output"]
print(f"{4 * parameters / 1e6:.0f} MB in float32, whatever the batch")

# %% [markdown]
# Small batches on many GPUs therefore wait for each other. Larger batches do not, but then each step sees more images and there are
# fewer steps. As a start, raise the learning rate with the batch, and warm up for longer (Goyal et al. 2017).

# %% [markdown]
# ## 12.7 The learning rate of every step
#
# In the first steps the weights are random, and AdamW's running means have seen next to nothing. Full steps then throw the
# network about. So the rate rises in a straight line at first. At the end, large steps keep it from settling, so it
# may fall; or an average of the weights does the settling (lesson 10).
#
# Two curves, multiplied:
#
# - warm-up: $\min\left(1, \frac{\text{step} + 1}{\text{warm-up steps}}\right)$
# - cosine: $\frac{1}{2}\left(1 + \cos\left(\pi \cdot \frac{\text{step}}{\text{steps}}\right)\right)$, or constant: 1
#
# ### Exercise 12.4 · difficulty 2 of 5 · about 6 minutes · roughly 3 lines
# Write `learning_rate_at`. Mind the edges: the first step should move, and there may be no warm-up at all.
#
# <details><summary>Hint 1: where to start</summary> Three numbers, multiplied: the peak, the share of the warm-up, the share of
# the schedule. </details>
# <details><summary>Hint 2: no warm-up</summary> <code>max(1, warmup_steps)</code> below the line. </details>
# <details><summary>Hint 3: nearly there</summary> <code>min(1.0, (step + 1) / max(1, warmup_steps))</code>, and <code>(1 +
# math.cos(math.pi * step / steps)) / 2</code> where the schedule is <code>"cosine"</code>. </details>

# %% exercise="course_lib.training.schedule.learning_rate_at"
from course_lib.training.schedule import learning_rate_at

# %%
learning_rate_at = check(learning_rate_at)

# %%
lesson.plot_schedule(learning_rate_at, peak=2e-4, warmup_steps=5_000, steps=50_000)

# %% [markdown]
# ## 12.8 Stop, and go on
#
# A run of a day will be interrupted. What has to be saved, so that it goes on *as if nothing had happened*? A tiny network is
# trained for twelve steps, once in one go and three times with a break after six. At the break different things are saved.
# **Which run ends with exactly the same weights?**

# %% predict="12.8" options=["all three", "weights, optimizer, step", "weights and step"] answer="weights, optimizer, step"
my_prediction = ...

# %%
differences = lesson.resume_differences()
for what, difference in differences.items():
    print(f"saved {what:26} largest difference of a weight: {difference:.1e}")

# %%
exact = [what for what, difference in differences.items() if difference == 0]
verdict("all three" if len(exact) == 3 else exact[0] if exact else "none", my_prediction)

# %% [markdown]
# To the last bit, on a CPU. It takes the optimizer's moments, and the number of the step, on which the learning rate, the batch,
# its noise and dropout depend. A data loader that starts anew would show the same images again. (And the moving
# average has to be saved, or the pictures start again from nothing.)
#
# `train` saves all of it, to a new file that replaces the old one only when it is complete.

# %% [markdown]
# ## 12.9 Read the curve
#
# Six runs of one small network, recorded beforehand (`python -m course_lib.lessons.lesson12.measure_loss_curves`). In one all is well, and one
# is noisy and fine. One was resumed with its weights alone. The others have a learning rate that is far too small, too large,
# or much too large. The names are missing.

# %%
lesson.plot_gallery()

# %% [markdown]
# **Which letter is the run with the learning rate that is far too small?**

# %% predict="12.9a" options=["A", "B", "C", "D", "E", "F"] answer="A"
my_prediction = ...

# %%
verdict(lesson.letter_of("learning rate too small"), my_prediction)

# %% [markdown]
# **And which one is noisy, and fine?** (A batch of two images: every step sees something else.)

# %% predict="12.9b" options=["A", "B", "C", "D", "E", "F"] answer="E"
my_prediction = ...

# %%
verdict(lesson.letter_of("noisy, and fine"), my_prediction)

# %%
lesson.plot_gallery(with_names=True)

# %% [markdown]
# | what you see | what it is | what to do |
# |---|---|---|
# | hardly falls, smooth | learning rate too small, or a part that gets no gradient | ten times the rate; the checks before the start |
# | falls, and jumps up where the run was resumed | the optimizer's state is gone | save all of it |
# | shoots up, then no number | rate much too large, no warm-up | a tenth of the rate; the last checkpoint is from before |
# | falls at once, then stays far too high | rate too large: the first steps spoiled the weights | a tenth of the rate, warm up, clip the gradient at 1 |
# | wide band that sinks | small batches | nothing: look at the mean |
# | falls, and is flat for a long time | **normal** | look at the pictures |
#
# The last row is the important one. A diffusion loss contains noise that no network can predict, so it ends far above zero, and
# most of its fall is over after a few per cent of the run. The pictures get better long after that. So do not stop because the
# curve is flat, and do not trust a run because it is smooth. Draw samples.
#
# ## 12.10 Start it
#
# This is the document's network on CIFAR-10, with flips, EMA 0.9999, a constant rate of 2e-4 after 5,000 steps of warm-up:
#
# ```bash
# python -m course_lib train --profile gpu --compile --out runs/cifar10
# python -m course_lib train --profile gpu --compile --out runs/cifar10 --resume     # after an interruption
# accelerate launch -m course_lib train --profile gpu --out runs/cifar10             # several GPUs share each batch
# python -m course_lib evaluate runs/cifar10
# ```
#
# Device, bf16 and `channels_last` are chosen by themselves. Below is the profile, as the command will use it.

# %% tags=["nbval-check-output"]
from course_lib.training.config import PROFILES

profile = PROFILES["gpu"]
for name in ("data", "steps", "batch_size", "learning_rate", "warmup_steps", "schedule", "ema_decay", "grad_clip"):
    print(f"{name:14} {getattr(profile, name)}")
print(f"checkpoint     {4 * 4 * parameters / 1e6:.0f} MB: weight, average and two moments of each parameter")

# %% [markdown]
# What to expect, in FID (lower is better; lesson 11 says what it can and cannot tell):
#
# | | steps of 128 | FID |
# |---|---|---|
# | OT-CFM, 36 M parameters (Tong et al. 2024) | 400,000 | about 3.5 |
# | DDPM, 36 M parameters (Ho et al. 2020) | 800,000 | 3.17 |
# | the document's network, 16 M | 50,000 | 10 to 15: **estimate** |
# | the document's network, 16 M | 400,000 | 4 to 5: **estimate** |
#
# The two estimates are interpolated from the literature. If you run it, you know more than we do.
#
# ## Recap
#
# | question | answered by |
# |---|---|
# | how many multiply-adds? | your two formulas, equal to the counter: 2.15 billion an image |
# | how long? | three times that, times the images; then time twenty steps |
# | how much memory? | 20 bytes a parameter, and what is kept of the images |
# | what do the switches do? | change how it is computed, not what |
# | can I stop? | if weights, average, optimizer and step were saved |
# | is this curve normal? | flat is; jumps where it was resumed are not |
#
# The document's key insight 3 is proven: 8x8 is cheap. Six attention blocks there are a twentieth of the network.
#
# ## Questions
#
# **1.** You double `base_channels`. What happens to parameters, multiply-adds, and to what is kept of an image?
# <details><summary>Answer</summary> Parameters and multiply-adds grow four times (channels in times channels out). What is kept
# are feature maps: it doubles. The N x N weights of attention stay. </details>
#
# **2.** You double the image size and leave the network alone. And now?
# <details><summary>Answer</summary> Parameters stay. Convolutions cost four times as much, and so does what they keep. The
# matrices of attention, now at 16x16, grow sixteen times. </details>
#
# **3.** Memory is short by a factor of two. Name three ways, and what each costs.
# <details><summary>Answer</summary> Half the batch in two parts, added up (time stays about the same, more starts of kernels);
# bf16 (almost half of what is kept, digits); keep less and compute it again in the backward pass, called checkpointing (about a
# third more time). </details>
#
# **4.** Two GPUs, and training is not twice as fast. Where can the time go?
# <details><summary>Answer</summary> Into exchanging gradients; into loading data, if the processor cannot keep up; and with half
# the images each, a GPU may no longer be full. </details>
#
# **5.** After resuming, the loss is the same as before, and the pictures are noise for an hour. What was not saved?
# <details><summary>Answer</summary> The moving average. The loss is that of the weights. </details>
#
# ## Further reading
# - Micikevicius et al. 2018, *Mixed Precision Training*: section 3 for float32 copies of the weights and loss scaling.
# - Goyal et al. 2017, *Accurate, Large Minibatch SGD*: section 2.1 for the rate and the batch, 2.2 for the warm-up.
# - Loshchilov and Hutter 2017, *SGDR*: equation 5 for the cosine.
# - Chen et al. 2016, *Training Deep Nets with Sublinear Memory Cost*: section 4 for computing again instead of keeping.
# - Tong et al. 2024, *Improving and Generalizing Flow-Based Generative Models*: appendix E for the recipe on CIFAR-10.
# - Karras et al. 2022, *Elucidating the Design Space of Diffusion-Based Generative Models*: equation 8 and appendix F for training
#   settings at this size.
