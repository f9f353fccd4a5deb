# %% [markdown]
# # Lesson 06 · Skip connections
#
# About 75 minutes. You need lessons 03 and 04 (blocks, down- and upsampling); attention plays no part here.
#
# **After this lesson you can**
# - say what the nine skips of the document's network are, in which order they are made, and who uses which;
# - compute the channels of every decoder block, and find where the document's drawing simplifies;
# - write the three functions that the UNet of lesson 07 is built on;
# - tell which wrong orders torch refuses, and which it accepts without a word;
# - say from your own measurement what a network loses without skips, and what that measurement does not show.

# %%
you_are_here("06")

# %% [markdown]
# ## 6.1 Is there too little room at the bottom?
#
# The document says: *fine details are lost during downsampling*, and *skip connections preserve these details*. The
# first half sounds like a matter of space. The image is `3 x 32 x 32`. At the bottom of the U, after two Downsamples,
# there is a feature map of `256 x 8 x 8`.
#
# **Before you count:** does the bottom hold fewer numbers than the image?

# %% predict="6.1" options=["fewer", "as many", "more"] answer="more"
my_prediction = ...

# %% tags=["nbval-check-output"]
image, bottom = 3 * 32 * 32, 256 * 8 * 8
print(f"image {image:,} numbers, bottom {bottom:,}: {bottom / image:.2f} times as many")
verdict("more" if bottom > image else "fewer" if bottom < image else "as many", my_prediction)

# %%
lesson.plot_numbers()

# %% [markdown]
# Each Downsample keeps the channels and quarters the pixels. The blocks widen the channels again. Nowhere on the way
# down are there fewer numbers than in the image.
#
# So details are not lost because there is no room. They are lost because nobody keeps them: to save the exact edge of
# a sleeve, the network would have to *learn* to write "dark, dark, bright, bright" into channels of an 8x8 cell, and
# to read it back later. Skips spare it that work. Whether it matters, you will measure in 6.5.
#
# **In your own words:** one vector at the bottom stands for how many pixels of the image?
# <details><summary>One answer</summary>
#
# For a cell of 4x4 pixels (32 / 8 = 4), with three colours: 48 numbers. The vector has 256. Where inside the cell
# something lies has to be written in channels, since the grid is too coarse to say it.
# </details>

# %% [markdown]
# ## 6.2 Who pushes?
#
# The document's overview shows three arrows, skip₁, skip₂ and skip₃. Its forward pass is more exact. This is the
# encoder, line by line, with what each line leaves in the list `skips`:
#
# | line | `h` afterwards | |
# |---|---|---|
# | `h = conv_in(x)` | `(4, 64, 32, 32)` | `skips = [h]` |
# | `resblock`, twice | `(4, 64, 32, 32)` | `skips.append(h)`, twice |
# | `downsample` | `(4, 64, 16, 16)` | `skips.append(h)` |
# | `resblock`, twice | `(4, 128, 16, 16)` | `skips.append(h)`, twice |
# | `downsample` | `(4, 128, 8, 8)` | `skips.append(h)` |
# | `resblock` and `attention`, twice | `(4, 256, 8, 8)` | `skips.append(h)`, twice |
#
# Count them. Three things push: `conv_in` once, *every* block, and every Downsample. There is no Downsample below the
# last level, and where a block has attention behind it, the skip is what attention made of it.

# %% [markdown]
# ### Exercise 6.1 · difficulty 1 of 5 · about 6 minutes · roughly 6 lines
#
# `skip_channels(64, (1, 2, 4), 2)` gives the channels of every skip in the order they are pushed. Write it for any
# base, any multipliers, any number of blocks.
#
# <details><summary>Hint 1: where to start</summary>
#
# Follow the table with a finger. The list begins before the first level.
# </details>
# <details><summary>Hint 2: the key line</summary>
#
# `[a] * n` is a list with `a` in it n times, and `+=` lengthens a list.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# Start with `[base_channels]`. In `for level, mult in enumerate(channel_mults)`, add `mult * base_channels`
# num_res_blocks times, and once more if `level < len(channel_mults) - 1`.
# </details>

# %% exercise="course_lib.skips.skip_channels"
from course_lib.skips import skip_channels

# %%
skip_channels = check(skip_channels)

# %% tags=["nbval-check-output"]
from course_lib import document

channels = skip_channels(64, (1, 2, 4), 2)
compare_rows(
    (f"skip {place}", shape[1], mine) for place, (shape, mine) in enumerate(zip(document.SKIPS, channels, strict=True))
)

# %% [markdown]
# ## 6.3 Who pops?
#
# The decoder reads the list from its end: `skips.pop()` gives the newest skip and takes it off. Last in, first out: a
# *stack*, like plates. That is what makes the picture a U. What was made last, at the bottom, is used first, at the
# bottom, and `conv_in`'s plate is the last one taken.
#
# Nine skips, three levels: so the decoder needs three blocks a level where the encoder has two. The drawing says
# `ResBlock x3`, and shows one sum a level:
#
# | level | drawn |
# |---|---|
# | 8x8 | `256+256 -> 256` |
# | 16x16 | `256+128 -> 128` |
# | 32x32 | `128+64 -> 64` |
#
# **Take a sheet of paper.** Write the nine numbers of exercise 6.1 in a column. Cross them out from the end, one for
# each decoder block, and note `h + skip` beside each. `h` leaves every block with the channels of its level.
#
# For how many of the nine blocks is the drawn sum the right one?

# %% predict="6.3" options=["9", "6", "4", "3"] answer="4"
my_prediction = ...

# %% [markdown]
# ### Exercise 6.2 · difficulty 3 of 5 · about 12 minutes · roughly 10 lines
#
# Let Python cross them out. `decoder_channels(64, (1, 2, 4), 2)` gives, level by level with the deepest first, a pair
# `(channels of h, channels of the skip)` for each block.
#
# <details><summary>Hint 1: where to start</summary>
#
# You have the stack already: `skip_channels(...)`. The middle changes no channels, so you know `h` at the bottom.
# </details>
# <details><summary>Hint 2: the key line</summary>
#
# `pairs.append((h, skips.pop()))`. And then: what channels does that block *give*?
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# Two loops: over `reversed(channel_mults)`, and in it over `range(num_res_blocks + 1)`. After each pair set `h = mult *
# base_channels`; after the inner loop append the pairs to the levels.
# </details>

# %% exercise="course_lib.skips.decoder_channels" given=["skip_channels"]
from course_lib.skips import decoder_channels

# %%
decoder_channels = check(decoder_channels)

# %% tags=["nbval-check-output"]
drawn = document.DRAWN_DECODER_CHANNELS
levels = decoder_channels(64, (1, 2, 4), 2)
for sum_drawn, level in zip(drawn, levels, strict=True):
    print("drawn {}+{}, popped:".format(*sum_drawn), ", ".join("{}+{}".format(*pair) for pair in level))
matches = sum(tuple(pair) == sum_drawn for sum_drawn, level in zip(drawn, levels, strict=True) for pair in level)
verdict(str(matches), my_prediction)

# %%
lesson.plot_stack(channels, levels)

# %% [markdown]
# The drawing is a simplification: it shows the *first* block of each level, and the other sums are different. Had you
# built nine blocks from the drawing, five of them would refuse their input.
#
# Look at where a level ends. Its last skip comes from **above**: the Downsample between 16x16 and 8x8 was pushed with
# 128 channels, and it is the third plate from the top. That is the `256+128` at 8x8. Each sum is a small fact about
# who pushed what. None of it has to be remembered: popping gives it.
#
# Is that what the network does? Let us listen to one forward pass and note what goes into each `cat`.

# %% tags=["nbval-check-output"]
measured = lesson.measured_pairs()
written = [pair for level in document.DECODER_CHANNELS for pair in level]
compare_rows(
    (f"decoder block {place}", "{}+{}".format(*pair), f"{h[1]}+{skip[1]}")
    for place, (pair, (h, skip)) in enumerate(zip(written, measured, strict=True))
)

# %% [markdown]
# ## 6.4 One line, three ways to get it wrong
#
# ```python
# skip = skips.pop()               # (4, 256, 8, 8)
# h = torch.cat([h, skip], dim=1)  # (4, 256, 8, 8) and (4, 256, 8, 8) -> (4, 512, 8, 8)
# ```
#
# | | shape | for our example |
# |---|---|---|
# | `h` | `(B, C, H, W)` | `(4, 256, 8, 8)` |
# | newest skip | `(B, C_skip, H, W)` | `(4, 128, 8, 8)` |
# | result | `(B, C + C_skip, H, W)` | `(4, 384, 8, 8)` |
#
# A warning about notation. In its summary the document writes the input of this step as `h + skip`. Here the plus
# means
# *and*. In the ResidualBlock it meant addition. The column beside it says `concat(h,skip)`, and that is what is done.

# %% [markdown]
# ### Exercise 6.3 · difficulty 1 of 5 · about 4 minutes · 2 lines
#
# `cat_skip(h, skips)` takes the newest skip off the list and gives back `h` with the skip behind it. The list is
# *meant* to change: it is one shorter afterwards. `h` and the skips are not.
#
# <details><summary>Hint 1: where to start</summary>
#
# The two lines stand above.
# </details>
# <details><summary>Hint 2: the list</summary>
#
# `skips[-1]` looks at the newest; `skips.pop()` takes it away as well.
# </details>
# <details><summary>Hint 3: the axis</summary>
#
# In `(B, C, H, W)` the channels are axis 1.
# </details>

# %% exercise="course_lib.skips.cat_skip"
from course_lib.skips import cat_skip

# %%
cat_skip = check(cat_skip)

# %% [markdown]
# ### Why not add?
#
# Addition would be cheaper: nothing gets wider. Two things speak for laying the two side by side. The first you can
# count: to be added, `h` and the skip need equally many channels.

# %% tags=["nbval-check-output"]
pairs = [pair for level in levels for pair in level]
addable = sum(h == skip for h, skip in pairs)
print(f"{addable} of {len(pairs)} pairs could be added as they are")

# %% [markdown]
# The second is a small piece of algebra. A convolution over `cat([h, skip])` has some weights for the channels of `h`
# and others for those of the skip. Cut it in two, and the same result is a sum of two convolutions:
#
# $$W * [h, s] = W_h * h + W_s * s$$
#
# **What do you expect:** is addition a special case of this, or something else altogether?

# %% tags=["nbval-check-output"]
h, skip = torch.randn(2, 8, 6, 6), torch.randn(2, 8, 6, 6)
joined = nn.Conv2d(16, 8, 3, padding=1, bias=False)
of_h, of_skip = joined.weight[:, :8], joined.weight[:, 8:]

side_by_side = joined(cat_skip(h, [skip]))
two_sums = F.conv2d(h, of_h, padding=1) + F.conv2d(skip, of_skip, padding=1)
print("cat, then one convolution = two convolutions, summed:", torch.allclose(side_by_side, two_sums, atol=1e-5))

tied = F.conv2d(cat_skip(h, [skip]), torch.cat([of_h, of_h], dim=1), padding=1)
print(
    "with W_h = W_s it is a convolution of h + skip:      ",
    torch.allclose(tied, F.conv2d(h + skip, of_h, padding=1), atol=1e-5),
)

# %% [markdown]
# Concatenation contains addition: it is what comes out when both halves of the weights are equal. Training may choose
# that, or anything else: ignore the skip, ignore `h`, take their difference. The price is a wider convolution.

# %% [markdown]
# ## 6.5 With and without, on real images
#
# Now to the claim. Here is the whole U in small: your `decoder_channels` says how wide its blocks are, your
# `cat_skip` joins them. No time, no class, no attention, and 8, 16 and 32 channels instead of 64, 128 and 256.
#
# One argument is for experiments: `change` gets the list of skips between encoder and decoder. "Without skips" hands
# on
# **zeros of the same shapes**. So both networks have the same layers, the same number of parameters and the same
# cost; only nothing comes across.

# %%
from course_lib import Downsample, Upsample, group_norm


def block(channels_in, channels_out):
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, padding=1), group_norm(channels_out), nn.SiLU())


class SmallU(nn.Module):
    def __init__(self, base=8, mults=(1, 2, 4), blocks=2):
        super().__init__()
        self.conv_in = nn.Conv2d(3, base, 3, padding=1)
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        channels = base
        for level, mult in enumerate(mults):
            for _ in range(blocks):
                self.encoder.append(block(channels, mult * base))
                channels = mult * base
            if level < len(mults) - 1:
                self.encoder.append(Downsample(channels))
        self.middle = block(channels, channels)
        for mult, pairs in zip(reversed(mults), decoder_channels(base, mults, blocks), strict=True):
            if self.decoder:
                self.decoder.append(Upsample(channels))
            channels = mult * base
            self.decoder.extend(block(h + skip, channels) for h, skip in pairs)
        self.conv_out = nn.Conv2d(channels, 3, 3, padding=1)

    def forward(self, x, change):
        h = self.conv_in(x)
        skips = [h]
        for step in self.encoder:
            h = step(h)
            skips.append(h)
        skips = change(skips)
        h = self.middle(h)
        for step in self.decoder:
            h = step(h) if isinstance(step, Upsample) else step(cat_skip(h, skips))
        return self.conv_out(h)


numbers = sum(parameter.numel() for parameter in SmallU().parameters())
print(f"{numbers:,} parameters; the bottom holds {32 * 8 * 8:,} numbers, a grey 32x32 image 1,024")

# %% [markdown]
# The task: give the image back. An *autoencoder*. Both are trained for the same few seconds on the same clothes, and
# judged by images they have never seen. An error of 1 means: no better than a grey square.
#
# **Before you run:** after the same short training, how much larger is the error without skips?

# %% predict="6.5a" options=["about the same", "two or three times", "more than five times"] answer="more than five times"
my_prediction = ...

# %%
with_skips = lesson.train(SmallU, lesson.kept, "image")
without_skips = lesson.train(SmallU, lesson.emptied, "image")

# %%
lesson.plot_reconstructions(with_skips, without_skips)

# %%
ratio = lesson.error(without_skips, lesson.emptied, "image") / lesson.error(with_skips, lesson.kept, "image")
print(f"without skips the error is {ratio:.0f} times as large")
verdict(
    "more than five times" if ratio > 5 else "two or three times" if ratio > 1.5 else "about the same", my_prediction
)

# %% [markdown]
# The outline arrives, the rest does not. Is it *detail* that gets lost, as the document says? An image is a sum of
# waves: few across the image for coarse shapes, many for fine ones. For each we can ask which share of its power is
# missing.

# %%
lesson.plot_frequencies(with_skips, without_skips)

# %% [markdown]
# A grid of 8x8 can carry 4 waves across in each channel. More is possible, since many channels could share the work;
# in these seconds the network has not learned how.
#
# ### What this does not show
# Let us be fair to the network without skips.
# - **It had seconds.** Its error still falls. A longer training would bring it down; it has the room, as 6.1 showed.
#   What you measured is how much *harder* the way through the bottom is to learn.
# - **The other one can cheat.** A skip from `conv_in` carries the image itself. To give the image back, a network
#   with skips need not understand anything. Copying is no achievement, and a low error here says nothing about its
#   middle.
#
# So is the claim true, or have we only built a copying machine? We need a task in which copying does not help.

# %% [markdown]
# ## 6.6 Noise has nothing but detail
#
# Diffusion models do not give the image back. They predict the *noise* in it. Copying the input is no answer, since
# the input is a mixture of both. Think about what noise is: every pixel on its own, unrelated to its neighbours.
# There is no coarse shape to fall back on.
#
# Same networks, same seconds, one fixed mixture: `0.7 * image + 0.714 * noise`, asked for the noise.
# An error of 1 means: found nothing, answers 0 everywhere.
#
# **Before you run:** without skips, how much of the noise will be found?

# %% predict="6.6a" options=["nearly all", "about half", "next to nothing"] answer="next to nothing"
my_prediction = ...

# %%
finds_noise = lesson.train(SmallU, lesson.kept, "noise")
noise_without = lesson.train(SmallU, lesson.emptied, "noise")

# %%
errors = {
    "with skips": lesson.error(finds_noise, lesson.kept, "noise"),
    "without skips": lesson.error(noise_without, lesson.emptied, "noise"),
}
lesson.plot_noise(errors)
found = 1 - errors["without skips"]
verdict("next to nothing" if found < 0.2 else "about half" if found < 0.7 else "nearly all", my_prediction)

# %% [markdown]
# *Without them, the model performs very poorly*: in this small setting, for this short training, that is what we see.
# It is one noise level, no time, no class, a tiny network. Lesson 11 takes the skips out of the real one, trains it
# as a diffusion model, and measures again. Until then: supported, not proven.

# %% [markdown]
# ### Which of the nine carries it?
# The network that finds noise has nine skips. We replace one at a time by zeros, without training again, and see how
# much worse it gets. **Which one will it miss most:** one of 32x32 pixels, of 16x16, or of 8x8?

# %% predict="6.6b" options=["32x32", "16x16", "8x8"] answer="32x32"
my_prediction = ...

# %%
shapes = lesson.shapes_of_skips()
alone = lesson.errors_without_each(finds_noise, "noise")
lesson.plot_each_skip(finds_noise, "noise", shapes, alone)
worst = max(range(9), key=lambda place: alone[place])
verdict(lesson.SIZES[shapes[worst][-1]], my_prediction)

# %% [markdown]
# Nearly everything it knows about the noise came over the highest road, in the very first skip. It is the only one
# that still holds every pixel as it came in. The skips near the bottom hardly matter for this task, after so few
# seconds.
#
# A caution: this asks a *finished* network what it leans on. A network trained without that skip might have
# learned to do without it.

# %% [markdown]
# ## 6.7 What does last in, first out guarantee?
#
# Suppose you get the order wrong. Will torch tell you? Shapes are a safety net: `256+128` channels do not fit where
# `256+256` are expected, and 16x16 does not join 8x8.
#
# There are 36 ways to swap two of the nine skips. **How many of them raise no error?**

# %% predict="6.7" options=["0", "5", "12", "36"] answer="5"
my_prediction = ...

# %% tags=["nbval-check-output"]
swaps = lesson.try_swaps(finds_noise, "noise")
silent = [pair for pair, value in swaps.items() if value is not None]
print("no error:", ", ".join(f"{one} and {other}" for one, other in silent))
verdict(str(len(silent)), my_prediction)

# %%
lesson.plot_swaps(finds_noise, "noise", swaps)

# %% [markdown]
# Skips of the same shape can change places, and nothing is said. Within a level that happens to every network like
# this one. What a swap does depends on what the network uses: this one, trained for seconds, leans on skip 0, so
# losing its place is a disaster, while skips 4, 5, 7 and 8 carry next to nothing yet and can be swapped almost for
# free. A network that was trained for days uses them all.
#
# Here are all orders at once:

# %% tags=["nbval-check-output"]
fitting, orders = lesson.fitting_orders(lesson.shapes_of_skips())
print(f"of {orders:,} orders of nine skips, {fitting} fit the shapes; one is right")

# %% [markdown]
# First in, first out (`pop(0)`) is not among them: its first step joins 32x32 with 8x8. Shapes protect you from that.
# They do not protect you from the other 23, nor from `cat([skip, h])`, which has the right shape *always*.
#
# A network that is trained with a wrong order learns to live with it. The trouble comes later: weights trained with
# one order and run with another. No error, worse pictures. That is why the check of exercise 6.3 looks at values, and
# why lesson 07 compares your UNet with the reference number by number.
#
# **In your own words:** why can a swap of two same-shaped skips hurt so much, when both come from the same level?
# <details><summary>One answer</summary>
#
# Channel 5 of the one means something else than channel 5 of the other. The weights behind the `cat` were learned for
# one of them. A shape says how many channels there are, and nothing about what is in them.
# </details>

# %% [markdown]
# ## Recap
#
# The document's rows, now measured on the real network: every `cat` with what goes in and what comes out.

# %% tags=["nbval-check-output"]
cats = [step for step in document.FORWARD_PASS if step.name == "cat"]
rows = []
for place, (step, (h, skip)) in enumerate(zip(cats, lesson.measured_pairs(), strict=True)):
    rows.append((f"h before cat {place}", step.input, h))
    rows.append((f"skip {8 - place}", step.skip, skip))
compare_rows(rows)

# %% [markdown]
# - Nine skips: `conv_in`, six blocks, two Downsamples. Pushed in the order they are made, popped from the end.
# - Popping gives the channels: `256+256, 256+256, 256+128`, then `256+128, 128+128, 128+64`, then `128+64, 64+64,
#   64+64`. The drawing shows the first of each three.
# - The bottom has room enough. What skips give is a short way for detail, which is hard to learn through the bottom.
# - Addition is concatenation with tied weights.
# - Shapes catch most wrong orders, and not all.

# %% [markdown]
# ## Questions
#
# **1.** With `num_res_blocks=3` and four levels, how many skips are there?
# <details><summary>Answer</summary>
#
# One from conv_in, 4 * 3 from blocks, 3 from Downsamples: 16. And the decoder has 4 * (3 + 1) blocks: 16. In general
# `levels * (num_res_blocks + 1)` on both sides.
# </details>
#
# **2.** Why does the decoder need one block more a level?
# <details><summary>Answer</summary>
#
# A level of the encoder leaves its blocks' outputs and one more: a Downsample's, or at the top conv_in's. With as many
# blocks as the encoder, three of nine skips would stay on the stack, unused.
# </details>
#
# **3.** The first thing a ResidualBlock does is GroupNorm. For `256+128 = 384` channels this library uses 32 groups
# of 12. Does any group hold channels of both `h` and the skip?
# <details><summary>Answer</summary>
#
# Yes: 256 is not divisible by 12. Group 21 (from 0) holds channels 252 to 263: four of `h` and eight of the skip are
# normalised together. It does no harm that anyone has shown, and it is one more reason why the order of `h` and skip
# must be the same in training and in use.
# </details>
#
# **4.** If you took *all* gradients through the skips away (`.detach()`), what would the encoder still learn from?
# <details><summary>Answer</summary>
#
# From the way through the bottom and the middle only. The forward pass would look the same; training would be slower to
# reach the first layers. The check of exercise 6.3 tries it.
# </details>

# %% [markdown]
# ## Further reading
# - Ronneberger, Fischer, Brox: *U-Net: Convolutional Networks for Biomedical Image Segmentation*, 2015. Figure 1 is
#   the U, with concatenation.
# - He, Zhang, Ren, Sun: *Deep Residual Learning for Image Recognition*, 2015. Equation 1: the shortcut that adds.
# - Ho, Jain, Abbeel: *Denoising Diffusion Probabilistic Models*, 2020. Appendix B describes the UNet that predicts
#   noise.
#
# **Next:** lesson 07 puts all parts into one class. `decoder_channels` and `cat_skip` are two of its lines.
