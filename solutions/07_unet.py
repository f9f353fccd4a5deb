# %% [markdown]
# # Lesson 07 · The full UNet
#
# **About 75 minutes.** After this lesson you can
#
# - put the whole network together from your own parts, and say for every line why it stands there,
# - prove all shapes of the document's forward pass on your own network,
# - say where its 15.78 million parameters are, and where the work is done,
# - find the first step that goes wrong in a network that raises no error.
#
# You need lessons 01 to 06. Nothing here needs a GPU.

# %%
you_are_here("07")

# %% [markdown]
# Everything is marked. There is no new part in this lesson. What is new is the order.

# %% [markdown]
# ## 7.1 Your parts on the table
#
# Every exercise you passed was kept in the folder `my_work`, as a readable Python file. The next cell looks there, checks
# each part once more, and takes the reference where a part is missing.

# %%
from course_lib.lessons.shared.my_parts import my_parts

parts = my_parts()
NAMES = "TimeEmbedding", "ClassEmbedding", "ResidualBlock", "Downsample", "Upsample", "SelfAttention"
TimeEmbedding, ClassEmbedding, ResidualBlock, Downsample, Upsample, SelfAttention = (parts[name] for name in NAMES)

# %% [markdown]
# The ninth part is the UNet itself. You write it in a moment. A part that is still the reference is no obstacle: the
# lesson runs all the same, and you can go back for it later.

# %% [markdown]
# ## 7.2 The way through the U
#
# The document's section "Full Forward Pass" is a list of lines. Read it as five stretches of one road.
#
# | stretch | what happens to `h` | what happens to the stack of skips |
# |---|---|---|
# | EMBEDDINGS | nothing yet: `t` and the labels become `emb`, `(B, 256)` | |
# | INITIAL CONV | `(B, 3, 32, 32)` becomes `(B, 64, 32, 32)` | the first skip is pushed |
# | ENCODER | blocks, and Downsample between the levels | every block and every Downsample pushes |
# | MIDDLE | block, attention, block | nothing |
# | DECODER | cat, block, and Upsample between the levels | every block pops one |
# | OUTPUT | norm, SiLU, convolution: back to `(B, 3, 32, 32)` | it is empty |
#
# Here is what `__init__` makes. Nothing is computed: on the device "meta" a tensor has a shape and no numbers.

# %% tags=["nbval-check-output"]
from course_lib.unet import UNet as Reference

with torch.device("meta"):
    reference = Reference()
for side in ("encoder", "decoder"):
    for number, level in enumerate(getattr(reference, side)):
        blocks = [f"{block.conv1.in_channels}->{block.conv1.out_channels}" for block in level.resblocks]
        attentions = [type(attention).__name__ for attention in level.attentions]
        print(f"{side}[{number}]", blocks, attentions[0], "x", len(attentions), "|", type(level.resample).__name__)

# %% [markdown]
# Three things to see in it.
#
# - Each level has `resblocks`, as many `attentions`, and one `resample`, which is `None` at the end of each side.
# - A level without attention holds an `Identity`, which gives back what it gets. So `forward` needs no `if` there.
# - `decoder[0]` is the *lowest* resolution. Both sides are stored in the order in which they run.
#
# **Before you build it:** the document draws one sum a decoder level: `256+256`, `256+128`, `128+64`. Each level has three
# blocks. In front of how many of the nine does `h + skip` have exactly the channels of the drawing?

# %% predict="7.1" options=["3", "4", "9"] answer="4"
my_prediction = ...

# %% tags=["nbval-check-output"]
from course_lib.tracing import trace

agree = lesson.drawn_and_popped(trace(reference))

# %%
verdict(agree, my_prediction)

# %% [markdown]
# The drawing shows the first block of each level, and the others differ: after one block `h` has the level's width, and
# the skips that come next were pushed further up. You met this in lesson 06. Here the whole network confirms it.

# %% [markdown]
# ## 7.3 Write it
#
# ### Exercise 7.1 · difficulty 4 of 5 · about 25 minutes · roughly 22 lines
#
# Fill in `UNet.forward`. Everything it calls was made in `__init__`. The comments are your steps.
#
# **In:** `x` `(B, 3, H, W)`, `t` `(B,)`, `class_labels` `(B,)` or `None`. **Out:** `(B, 3, H, W)`.
#
# Write for any number of levels and blocks: the check tries several. A call of `self.check_inputs(x, t, class_labels)` as
# the first line is welcome and not asked for.
#
# <details><summary>Hint 1: where to start</summary>
#
# Open the document at "Full Forward Pass" and keep it beside the cell. Each of its lines becomes one of yours. What
# repeats becomes a loop: `for level in self.encoder:`, and inside it a loop over
# `zip(level.resblocks, level.attentions)`.
# </details>
# <details><summary>Hint 2: the stack</summary>
#
# `skips = [h]` behind `conv_in`. In the encoder `skips.append(h)` after *every* block (behind its attention) and after
# every Downsample. In the decoder `h = cat_skip(h, skips)` before every block: it pops the newest skip, and concatenates.
# </details>
# <details><summary>Hint 3: the two sides, nearly complete</summary>
#
# ```python
# for level in self.encoder:
#     for resblock, attention in zip(level.resblocks, level.attentions):
#         h = attention(resblock(h, emb))
#         ...                                  # push
#     if level.resample is not None:
#         h = ...
#         ...                                  # push
# ```
# The decoder has the same frame. It pops before each block where the encoder pushes after it, and its `resample` leaves
# nothing on the stack.
# </details>

# %% exercise="course_lib.unet.UNet" blank=["forward"] given=["TimeEmbedding", "ClassEmbedding", "ResidualBlock", "Downsample", "Upsample", "SelfAttention"]
from course_lib.unet import UNet

# %%
UNet = check(UNet)

# %% [markdown]
# If it says *not yet* and you cannot see why, ask where your network leaves the road. `first_divergence` copies one set
# of weights into your network and into the reference, runs both, and marks the first step that differs.

# %%
from course_lib.lessons.lesson07.divergence import first_divergence

found = first_divergence(UNet)

# %% [markdown]
# ## 7.4 All rows of the document, on your network
#
# Now the proof. `trace` runs one forward pass and notes every step. Each line of the document stands beside the step
# that ran at that place. Where the document writes "... repeat for all skips", the lines are written out.

# %% tags=["nbval-check-output"]
with torch.device("meta"):
    rows = trace(UNet())
compare_rows(lesson.document_rows(rows))
print(len(rows), "steps;", sum(row.kind == "cat" for row in rows), "of them concatenations")

# %% [markdown]
# Not a single shape is left to belief. The SiLU at the output is missing in the list because it is a function and no
# module: it has no shape to change.

# %% [markdown]
# ### "Attention? (if res=16)"
#
# The document's drawing puts a question mark behind the attention at 16x16. It is an option, and its own trace does
# without. `attention_resolutions=(16, 8)` turns it on: five attentions more, two in the encoder, three in the decoder.
#
# **How many parameters does that cost?**

# %% predict="7.2" options=["about 2 % more", "about 20 % more", "about 80 % more"] answer="about 2 % more"
my_prediction = ...

# %% tags=["nbval-check-output"]
sizes = {}
for resolutions in [(), (8,), (16, 8), (32, 16, 8)]:
    with torch.device("meta"):
        steps = trace(UNet(attention_resolutions=resolutions))
    sizes[resolutions] = sum(step.parameters for step in steps), sum(step.multiply_adds for step in steps)
    attentions = sum(step.kind == "SelfAttention" for step in steps)
    print(
        f"{resolutions!s:12} {attentions:2} attentions  {sizes[resolutions][0]:>10,} parameters  "
        f"{sizes[resolutions][1] / 1e9:.2f} G multiply-adds"
    )

# %%
growth = 100 * (sizes[(16, 8)][0] / sizes[(8,)][0] - 1)
options = {2: "about 2 % more", 20: "about 20 % more", 80: "about 80 % more"}
verdict(options[min(options, key=lambda percent: abs(percent - growth))], my_prediction)

# %% [markdown]
# Attention is cheap in parameters: two 1x1 convolutions and a norm. What grows is the work, with the square of the number of
# pixels. Compare the last row with the one above it: that is Key Insight 3 of the document, in numbers.

# %% [markdown]
# ## 7.5 Where are the parameters?
#
# "15.78 million" is one number. Which part of the network holds most of it? To answer, you need to count.
#
# ### Exercise 7.2 · difficulty 1 of 5 · about 5 minutes · roughly 1 to 4 lines
#
# Write `count_parameters(module)`: how many numbers does a module learn?
#
# <details><summary>Hint 1: where to start</summary>
#
# `module.parameters()` yields every tensor that is registered, however deep. A tensor knows how many numbers it holds.
# </details>
# <details><summary>Hint 2: two conditions</summary>
#
# Frozen parameters stay out: `parameter.requires_grad` tells. Shared ones come up once by themselves.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# `sum(parameter.numel() for parameter in ... if ...)`
# </details>

# %% exercise="course_lib.parameters.count_parameters"
from course_lib.parameters import count_parameters

# %%
count_parameters = check(count_parameters)

# %% tags=["nbval-check-output"]
with torch.device("meta"):
    unet = UNet()
print(f"{count_parameters(unet):,}")

# %% [markdown]
# ### Exercise 7.3 · difficulty 2 of 5 · about 8 minutes · roughly 5 lines
#
# Write `parameter_budget(model)`: the same count for each of the document's six headings. The table `SECTIONS` knows
# under which heading a part stands.

# %% tags=["nbval-check-output"]
from course_lib.tracing import SECTIONS

for name, heading in SECTIONS.items():
    print(f"{name:14} {heading}")

# %% [markdown]
# <details><summary>Hint 1: where to start</summary>
#
# `model.named_children()` yields the parts that the model itself is made of, as pairs (name, part).
# </details>
# <details><summary>Hint 2: several parts, one heading</summary>
#
# The middle has three parts. Start each heading at 0 and *add*. `dict.fromkeys(SECTIONS.values(), 0)` makes the start.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# `budget[SECTIONS[name]] += ...` in a loop, and the right function of this notebook in place of the dots.
# </details>

# %% exercise="course_lib.parameters.parameter_budget" given=["count_parameters", "SECTIONS"]
from course_lib.parameters import parameter_budget

# %%
parameter_budget = check(parameter_budget)

# %% [markdown]
# Encoder and decoder look like mirror images. The middle has the widest layers. **Which part holds most parameters?**

# %% predict="7.3" options=["encoder", "middle", "decoder", "encoder and decoder equal"] answer="decoder"
my_prediction = ...

# %%
shares = lesson.plot_budget(UNet, parameter_budget)

# %%
verdict(max(shares, key=shares.get).lower(), my_prediction)

# %% [markdown]
# The U is not symmetric. The decoder has three blocks a level where the encoder has two. And each of its blocks takes
# in `h` *and* a skip, so its first convolution has up to twice as many channels to read.
#
# Now cut the same network another way: by the size of the feature maps.

# %%
work = lesson.plot_heights(UNet)

# %% [markdown]
# The parameters live at the bottom. The work is spread almost evenly, and that is no accident. One level down, a map has
# a quarter of the pixels. Its channels double, so a convolution between them has four times the weights. Four times the
# weights, each used a quarter as often: the same work.
#
# | a 3x3 convolution | weights | each used at | multiply-adds |
# |---|---|---|---|
# | 64 to 64 channels at 32x32 | 36,864 | 1,024 pixels | 37.7 M |
# | 128 to 128 channels at 16x16 | 147,456 | 256 pixels | 37.7 M |
# | 256 to 256 channels at 8x8 | 589,824 | 64 pixels | 37.7 M |
#
# **In your own words:** you want a file half as large. Would you take channels away at the top or at the bottom?
# <details><summary>One answer</summary>
#
# At the bottom: the parameters are there. At the top you would save time and memory for the maps, and hardly a
# parameter.
# </details>

# %% [markdown]
# ### Build another one
# Every number of this section, for any network you like. One box is one side of a level, a broad frame says attention; the
# bars are each level's share. The button brings the document's network back.
#
# **Attention at 32x32, in addition to 16 and 8: which of the three bars grows most at the top level?**

# %%
from course_lib.lessons.lesson07.explore_unet import explore_unet

explore_unet()

# %% [markdown]
# The memory: from 13.4 to 105 MB for each image. Every attention at 32x32 keeps a matrix of 1,024 by 1,024 weights for each
# of its four heads, 16.8 MB, and there are five of them. The multiply-adds there grow from 571 M to 1.33 G, the parameters
# from 670 k to 754 k.

# %% [markdown]
# ## 7.6 Does it listen?
#
# The network is new. Its weights are random. Already now `t` and the class should change what it says.
#
# **Which of the two changes the output more, before any training?**

# %% predict="7.4" options=["time", "class", "both about the same"] answer="class"
my_prediction = ...

# %%
torch.manual_seed(0)
unet = UNet()
by_time, by_class = lesson.plot_listening(unet)

# %%
verdict(
    "class" if by_class > 2 * by_time else "time" if by_time > 2 * by_class else "both about the same", my_prediction
)

# %% [markdown]
# Why? The class vectors come from `nn.Embedding`, which starts with numbers of standard deviation 1. The time vector
# comes out of a `Linear`, which starts with much smaller weights. The two are *added*, so the larger one is louder.
# Training settles the balance. Nobody chose it: it is how two layers happen to start.

# %% tags=["nbval-check-output"]
with torch.no_grad():
    time_vectors = unet.time_embed(torch.arange(0, 1000, 10))
    class_vectors = unet.class_embed(torch.arange(10))
print("class vectors are larger than time vectors:", bool(class_vectors.std() > 3 * time_vectors.std()))

# %% [markdown]
# ## 7.7 Will it learn?
#
# Lesson 08 trains this network to predict the noise in a noisy picture. The noise is standard normal. Its loss is the
# mean of `(prediction - noise)**2`.
#
# **What is that loss about, for a network that knows nothing yet?**

# %% predict="7.5" options=["about 0.1", "about 1", "about 100"] answer="about 1"
my_prediction = ...

# %%
start = lesson.loss_at_start(unet)
print(f"{start:.2f}")
values = {0.1: "about 0.1", 1: "about 1", 100: "about 100"}
verdict(values[min(values, key=lambda value: abs(value - start))], my_prediction)

# %% [markdown]
# A network that always answers zero would get the mean of `noise**2`, which is 1. Yours speaks softly and at random, so
# it is a little worse than silence. Remember the number: a loss that *stays* at 1 means a network that has learned
# nothing.
#
# Now a test that finds broken networks within seconds: can it learn a single batch by heart? A small one, eight pictures,
# the same noise each time.

# %%
torch.manual_seed(0)
small = UNet(base_channels=8, num_heads=2, dropout=0.0)
losses = lesson.overfit_one_batch(small)

# %% [markdown]
# It can. A wrong sign, a cut gradient or a forgotten class would have shown here, long before hours of training. And does
# the gradient reach *every* tensor of the network?

# %% tags=["nbval-check-output"]
silent = lesson.silent_parameters(small)
print(len(silent), "of", len(list(small.parameters())), "tensors get no gradient", silent)

# %% [markdown]
# ## 7.8 A network with a fault
#
# Here is another UNet. One line of its `forward` stands in another place. Look what a test of shapes has to say.

# %% tags=["nbval-check-output"]
Mystery = lesson.mystery_unet()
with torch.no_grad():
    strange = Mystery(base_channels=16)(torch.randn(2, 3, 32, 32), torch.tensor([5, 900]), torch.tensor([0, 9]))
print(tuple(strange.shape), "finite:", bool(strange.isfinite().all()))

# %% [markdown]
# Nothing. The fault: in the *encoder*, the skip is pushed before the attention instead of after it.
#
# **In which part does the first wrong number appear?**

# %% predict="7.6" options=["encoder", "middle", "decoder"] answer="decoder"
my_prediction = ...

# %%
found = first_divergence(Mystery)

# %%
verdict(found.rows[found.place].section.lower(), my_prediction)

# %% [markdown]
# The encoder's own way down is untouched: `h` goes through block and attention as ever. Only the *stack* holds something
# else, and the stack is first read in the decoder. So the place where a network goes wrong is not always the place of the
# mistake. Follow the wrong skip back to the one who pushed it.
#
# And the classic, `pop(0)` in place of `pop()`:

# %%
found = first_divergence(lesson.first_in_first_out_unet())

# %% [markdown]
# This one stops with an error, because skips of other sizes come first. Be glad of errors. The silent mistakes are the
# expensive ones.

# %% [markdown]
# ## Recap
#
# | claim of the document | where you proved it |
# |---|---|
# | every shape of the forward pass | 7.4, all steps the same |
# | `(B, 3, 32, 32) -> (B, 3, 32, 32)` | 7.4, last row |
# | `256+128 -> 128` in the drawing | 7.2: true for the first block of the level, four of nine in all |
# | attention at 16x16 is an option | 7.4: 2 % of parameters |
# | t reaches the output, and so does the class | 7.6 |
#
# The line that says whose network this is:

# %%
parts = my_parts()

# %% [markdown]
# ## Questions
#
# **1.** Why does `forward` need no `if` for levels without attention?
# <details><summary>Answer</summary>
#
# They hold an `Identity`, which returns its input. The structure was settled in `__init__`; `forward` follows it.
# </details>
#
# **2.** What would go wrong if the embedding passed another SiLU before it is handed out?
# <details><summary>Answer</summary>
#
# Every block starts with a SiLU on `emb`. Two in a row squash negative values twice. Nothing crashes, and it is another
# network: weights trained with one do not fit the other. (In the block it is needed: without it the last Linear of the
# time embedding and the block's own Linear would be one.)
# </details>
#
# **3.** A friend's loss stays at 1.00 from the first epoch to the last. What do you look at first?
# <details><summary>Answer</summary>
#
# Whether it can learn one batch by heart (7.7), and whether each parameter gets a gradient. A loss of 1 is what a network
# gets that always says zero.
# </details>
#
# **4.** Why can the network take 64x64 images although it was built with `image_size=32`?
# <details><summary>Answer</summary>
#
# Convolutions, norms and attention work at any size that can be halved twice. `image_size` only settles at which levels
# attention stands. Whether a network trained at 32x32 *draws well* at 64x64 is another question.
# </details>
#
# **5.** How many numbers does `emb` add to a feature map of shape `(4, 128, 16, 16)`?
# <details><summary>Answer</summary>
#
# 128 for each image: one for each channel, the same at all 256 pixels.
# </details>

# %% [markdown]
# ## Half of the way
#
# Look back for a moment. In lesson 01 you turned a number into a vector. Now you have a network of 15.78 million numbers,
# and there is no line in it that you have not met, and most of them you wrote. It is the architecture, at a smaller size,
# that diffusion models have used since 2020.
#
# What it cannot do yet is draw. Its weights are random, and its pictures would be noise. That changes in lesson 08.
#
# ## Further reading
#
# - Ronneberger, Fischer, Brox (2015), *U-Net: Convolutional Networks for Biomedical Image Segmentation*, figure 1: the
#   first U. Its skips are cropped and concatenated, one a level.
# - Ho, Jain, Abbeel (2020), *Denoising Diffusion Probabilistic Models*, appendix B: the U with residual blocks, time
#   embedding and attention at 16x16.
# - Dhariwal, Nichol (2021), *Diffusion Models Beat GANs on Image Synthesis*, section 3: what happens if one varies width,
#   depth, heads and the resolutions with attention.
# - He, Zhang, Ren, Sun (2016), *Identity Mappings in Deep Residual Networks*: why the shortcut stays clean.
