# %% [markdown]
# # Lesson 05 · Self-attention: every pixel may ask every other
#
# **About 75 minutes.** After this lesson you can
#
# - say what queries, keys and values are, and write attention in three lines,
# - move numbers between images and heads without mixing pixels and channels,
# - build the document's attention block, and read its weights off as pictures,
# - explain why attention does not know where a pixel is,
# - measure what attention costs, and decide where in a network you can afford it.
#
# You need lesson 03 (GroupNorm, the shortcut) and matrix products in PyTorch.

# %%
you_are_here("05")

# %% [markdown]
# ## 5.1 Convolutions are short-sighted
#
# A 3x3 convolution shows each pixel its neighbours, and no one else. News from far away has to travel: one pixel a layer.
#
# Think of the smallest feature map in our network, 8x8. The pixel in the lower right corner wants to know what is in the
# upper left one. **How many 3x3 convolutions in a row does that take?**

# %% predict="5.1" options=[1, 3, 7, 64] answer=7
my_prediction = ...

# %% [markdown]
# Let us measure instead of argue. The gradient of one output pixel with respect to an input pixel is zero exactly if
# the first does not depend on the second.

# %%
needed = lesson.plot_who_is_heard()

# %%
verdict(needed, my_prediction)

# %% [markdown]
# One attention does in a single layer what takes convolutions a whole stack. That is the document's reason for it: *"It
# cannot see the relationship between distant pixels."*
#
# To be fair: GroupNorm, too, looks at the whole image, because it takes its mean. We left it out of both sides of this
# comparison. It tells every pixel the same thing about the rest. Attention tells each pixel what *it* asked for.

# %% [markdown]
# ## 5.2 Questions, labels, answers
#
# How can a pixel ask? With vectors. Every pixel makes three of them, each of length `d`:
#
# - a **query**: what I am looking for,
# - a **key**: what can be found here,
# - a **value**: what I tell those who find me.
#
# A query fits a key if their dot product is large. Softmax turns one query's fits into weights that sum to one. The pixel
# then receives the weighted mean of all values.
#
# $$\text{weights} = \text{softmax}\left(\frac{Q K^T}{\sqrt{d}}\right), \qquad \text{output} = \text{weights} \cdot V$$
#
# `Q`, `K` and `V` hold one row for each pixel. A feature map of 8x8 pixels has `N = 64` of them.
# **What is the shape of the weights for that map, for one image and one head with d = 16?**

# %% predict="5.2" options=["(8, 8)", "(16, 16)", "(64, 16)", "(64, 64)"] answer="(64, 64)"
my_prediction = ...

# %%
N, d = 8 * 8, 16
Q, K = torch.randn(N, d), torch.randn(N, d)

verdict(str(tuple((Q @ K.T).shape)), my_prediction)

# %% [markdown]
# One number for each *pair* of pixels: the row says who asks, the column who is asked.
#
# Here are four pixels in two colours, small enough to see everything. Query and key are both "my colour", times 3.

# %%
colours = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])  # red, blue, blue, red
fits = (3 * colours) @ (3 * colours).T / 2**0.5  # d = 2
print("fits\n", fits)
print("weights\n", torch.softmax(fits, dim=-1).round(decimals=3))

# %% [markdown]
# Read the first row: the red pixel shares its weight between the two red pixels, itself included, and gives next to nothing
# to the blue ones. Nobody told it where they are.
#
# ### Exercise 5.1 · difficulty 2 of 5 · about 6 minutes · roughly 3 lines
# Write `attention_weights`. Now there are also a batch and several heads: two axes in front, which `@` leaves alone.
#
# | | shape | for the document's example |
# |---|---|---|
# | `q`, `k` | `(B, heads, N, d)` | `(4, 4, 64, 64)` |
# | returned | `(B, heads, N, N)` | `(4, 4, 64, 64)` |
#
# In the document's example `N` and `d` are both 64. That is bad luck: there the shape cannot tell you a mistake.
#
# <details><summary>Hint 1: where to start</summary>
#
# Three steps: products, scale, softmax. The cell above has all three for one head of four pixels.
# </details>
# <details><summary>Hint 2: the products</summary>
#
# `.T` would turn all four axes over. `k.transpose(-1, -2)` exchanges the last two only.
# </details>
# <details><summary>Hint 3: nearly there</summary>
#
# `q.shape[-1]` is d. Softmax goes over the *keys*; they are the columns, the last axis.
# </details>

# %% exercise="course_lib.self_attention.attention_weights"
from course_lib.self_attention import attention_weights

# %%
attention_weights = check(attention_weights)

# %% [markdown]
# ## 5.3 Why divide by the root of d?
#
# A dot product of two random vectors is a sum of `d` random numbers. Its variance is `d`, so it typically lies
# `sqrt(d)` away from zero. The wider the head, the larger the scores, and softmax is exponential.
#
# Take random queries and 64 random keys, `d = 64` as in our network, and leave the division out. **Among how many of
# the 64 keys does a query then share out its weight?** (We count with the entropy: 64 if all weights are equal, 1 if one
# key gets everything.)

# %% predict="5.3" options=["about 2", "about 20", "about 40", "all 64"] answer="about 2"
my_prediction = ...

# %%
keys_that_count = lesson.plot_saturation()

# %%
closest = min([2, 20, 40, 64], key=lambda keys: abs(keys - keys_that_count))
verdict("all 64" if closest == 64 else f"about {closest}", my_prediction)

# %% [markdown]
# Without the division a wide head starts life having made up its mind. Almost all keys get almost nothing, and a weight
# that is nearly zero passes nearly no gradient. With it, the width of the head makes no difference.
#
# **In your own words:** why the *root* of d, and not d?
# <details><summary>One answer</summary>
#
# The spread of the scores is what we want to keep. Variance grows like d, the spread like sqrt(d). Divided by d the
# scores would shrink towards zero in wide heads, and all weights would be equal.
# </details>

# %% [markdown]
# ### A mistake that hides
# Softmax has a `dim`. Take `-2` instead of `-1` and the *columns* sum to one. The shape is the same. Nothing fails.

# %%
lesson.plot_wrong_axis()

# %% [markdown]
# The maps look alike, and so do the pictures of a network that is trained this way: in one published implementation softmax
# went over the wrong axis, and its score on CIFAR-10 (the FID, lesson 11) changed by 0.05. A network learns around such
# a mistake.
#
# So you do not find it by looking at samples. You find it by comparing numbers, as `check` does, or with one line:

# %%
rows = attention_weights(torch.randn(2, 4, 64, 16), torch.randn(2, 4, 64, 16)).sum(dim=-1)
print("every row sums to one:", torch.allclose(rows, torch.ones(2, 4, 64)))

# %% [markdown]
# ## 5.4 Several heads, and where the numbers lie
#
# One set of weights can look for one thing. The document uses four **heads**: 256 channels become four groups of `d = 64`,
# and each group attends by itself.
#
# One 1x1 convolution makes queries, keys and values at once: `3C` channels. They lie one above the other.
#
# | channels | for C = 256, 4 heads |
# |---|---|
# | queries of head 0, of head 1, ... | 0-63, 64-127, 128-191, 192-255 |
# | keys of head 0, of head 1, ... | 256-319, ... |
# | values of head 0, of head 1, ... | 512-575, ... |
#
# We want `(B, heads, N, d)`: one row for each pixel. **Can one `reshape` do it?** Here is a tiny map: two channels,
# three pixels. Channel 0 holds 10, 11, 12, channel 1 holds 20, 21, 22, so the last digit is the pixel.

# %%
tiny = torch.tensor([[10, 11, 12], [20, 21, 22]])  # (d, N)
print(tiny.reshape(3, 2))  # (N, d)?

# %% predict="5.4" options=["yes", "no"] answer="no"
my_prediction = ...

# %%
one_pixel_a_row = bool((tiny.reshape(3, 2) % 10 == torch.tensor([[0], [1], [2]])).all())
verdict("yes" if one_pixel_a_row else "no", my_prediction)
print(tiny.transpose(0, 1))

# %% [markdown]
# A `reshape` never moves a number. It reads them in the order they lie in memory and cuts that line elsewhere. The first
# row above would be pixel 0 and pixel 1 of channel 0: the shape you wanted, and nonsense inside.
#
# Moving takes a `transpose` (or `permute`). So: **reshape to name the axes you have, transpose to the order you want.**
#
# ### Exercise 5.2 · difficulty 3 of 5 · about 8 minutes · roughly 3 lines
# Write `split_heads`: `(B, 3C, H, W)` to three tensors `(B, heads, N, d)`.
#
# <details><summary>Hint 1: where to start</summary>
#
# Write the table above as axes: the channel axis, from slow to fast, counts (which of the three, which head, which of
# d). Then come the pixels.
# </details>
# <details><summary>Hint 2: the reshape</summary>
#
# `(B, 3, heads, d, N)`. Nothing has moved yet.
# </details>
# <details><summary>Hint 3: nearly there</summary>
#
# `transpose(-1, -2)` makes rows of pixels. The axis of length 3 is number 1: `unbind(dim=1)` takes it apart.
# </details>

# %% exercise="course_lib.self_attention.split_heads"
from course_lib.self_attention import split_heads

# %%
split_heads = check(split_heads)

# %% [markdown]
# ### Exercise 5.3 · difficulty 2 of 5 · about 5 minutes · roughly 2 lines
# The way back, for what the heads have gathered: `merge_heads` makes `(B, C, H, W)` from `(B, heads, N, d)`.
# `B` is 4, there are 4 heads, `N` and `d` are 64 in the document's example. What comes out?
#
# <details><summary>Hint 1: where to start</summary>
#
# Do the steps of `split_heads` in reverse order.
# </details>
# <details><summary>Hint 2: which first?</summary>
#
# Channels have to come before pixels again, so transpose first, then reshape.
# </details>
# <details><summary>Hint 3: nearly there</summary>
#
# After the transpose the axes are `(B, heads, d, N)`. Heads and d are neighbours now: together they are C.
# </details>

# %% exercise="course_lib.self_attention.merge_heads"
from course_lib.self_attention import merge_heads

# %%
merge_heads = check(merge_heads)

# %% [markdown]
# ### What a missing transpose looks like
# Four channels that you can recognise, split into two heads and merged again. Once with your functions, once with a split
# that only reshapes. Both have the right shapes. **What do you expect in the lower row?**

# %%
lesson.plot_scrambled(split_heads, merge_heads)

# %% [markdown]
# The two channels of a head have become interleaved: each "channel" now has pixels of both, every second one. Attention on
# such rows compares pieces of several pixels. It would train, too. It would be worse, and nothing would say why.

# %% [markdown]
# ## 5.5 The block
#
# The document's drawing, line by line:
#
# ```
# x ─► GroupNorm ─► Conv1x1 ─► split ─► softmax(QK^T/sqrt(d)) V ─► merge ─► Conv1x1 ─► + ─►
# │                 C → 3C                                                  C → C     ▲
# └───────────────────────────────────────────────────────────────────────────────────┘
# ```
#
# Three parts are yours already. Norm and shortcut are those of the residual block. The last convolution, `proj`, is where
# the heads hear of each other: before it, head 0 can only write into the first `d` channels.
#
# ### Exercise 5.4 · difficulty 2 of 5 · about 8 minutes · roughly 6 lines
# Fill in `SelfAttention.forward`. Everything it needs was made in `__init__`, or is a function of yours.
#
# | | shape | for the document's example |
# |---|---|---|
# | in | `(B, C, H, W)` | `(4, 256, 8, 8)` |
# | out | `(B, C, H, W)` | `(4, 256, 8, 8)` |
#
# <details><summary>Hint 1: where to start</summary>
#
# One line for each arrow of the drawing.
# </details>
# <details><summary>Hint 2: the middle</summary>
#
# `attention_weights(q, k)` is `(B, heads, N, N)`, and `v` is `(B, heads, N, d)`: one `@` between them.
# </details>
# <details><summary>Hint 3: both ends</summary>
#
# The convolution gets `self.norm(x)`; what is added at the end is `x` itself, not its norm.
# </details>

# %% exercise="course_lib.self_attention.SelfAttention" blank=["forward"] given=["split_heads", "attention_weights", "merge_heads"]
from course_lib.self_attention import SelfAttention

# %%
SelfAttention = check(SelfAttention)

# %% [markdown]
# ### Reshape first, or project first?
# The document's drawing projects and then reshapes. Its shape table reshapes first: *"Reshape ... ↓ Q, K, V projections"*.
# **Do they give the same numbers?**

# %% predict="5.5" options=["the same", "different"] answer="the same"
my_prediction = ...

# %%
attention = SelfAttention(256)
x = torch.randn(4, 256, 8, 8)

projected_first = attention.qkv(x).flatten(2)  # the drawing: convolution, then pixels in one row
pixels = x.flatten(2).transpose(1, 2)  # the table: pixels in one row, then a Linear with the same weights
reshaped_first = F.linear(pixels, attention.qkv.weight[:, :, 0, 0], attention.qkv.bias).transpose(1, 2)

same = torch.allclose(projected_first, reshaped_first, atol=1e-5)
verdict("the same" if same else "different", my_prediction)

# %% [markdown]
# A 1x1 convolution treats every pixel by itself, so it does not care in which shape the pixels stand. With 3x3 kernels the
# order would matter: in one row, pixels have lost their neighbours above and below.
#
# One more reading of that table does *not* work: to cut the channels into heads first, and then project each head from its
# own `d` channels. A head could then only ask about what lies in its own quarter. Here every query is made from all
# 256 channels.

# %% [markdown]
# ## 5.6 What does a head look at?
#
# Trained weights are hard to read. So let us set queries and keys by hand, for a real picture of a bag at 16x16. Each pixel
# has a few channels: its brightness, its row and its column, each written as a point on a half circle, so that a dot product
# is largest where two agree. The weights are computed by *your* `split_heads` and `attention_weights`.
#
# Two queries: one on the bag, one on the background. **Before you look:** which of the four heads will give the
# pixel on the background the widest picture?

# %% predict="5.6" options=["the same brightness", "the opposite brightness", "the same row", "the same column"] answer="the same brightness"
my_prediction = ...

# %%
lesson.plot_what_heads_look_at(split_heads, attention_weights)

# %%
verdict("the same brightness", my_prediction)

# %% [markdown]
# The black pixel in the corner gathers from the whole background at once, however far away: most of the picture is black.
#
# Look at heads 2 and 3. They found their row and column only because we *gave* them the row and the column, as channels.
# What if nobody does?

# %% [markdown]
# ### And in a trained network?
# Nobody set these by hand. Here is the last attention of the network that came with the course, looking at a noisy bag,
# through *your* two functions. Choose a pixel, another layer, more noise. **Do pixels of the bag and pixels of the
# background hear the same places?**

# %%
from course_lib.lessons.lesson05.explore_attention import explore_attention

explore_attention(split=split_heads, weigh=attention_weights)

# %% [markdown]
# In this layer they do not. The bag is 20 of the 64 pixels. Its pixels give, depending on the head, between 52 and 83 % of
# their weight to the bag; pixels of the background give it between 10 and 29 %. Nobody told the network what a bag is.
#
# The layer called *middle* is another world: in its head 2 all 64 pixels look first at one and the same place, in the lowest
# row. Trained heads are not obliged to make sense to us.

# %% [markdown]
# ## 5.7 Shuffle the pixels
#
# Take a feature map, shuffle its 64 pixels, send it through your block, and put the pixels of the output back in order.
# **What comes out, compared with the map that was never shuffled?**

# %% predict="5.7a" options=["the same", "something similar", "something else"] answer="the same"
my_prediction = ...

# %%
order = torch.randperm(64)
back = order.argsort()

with torch.no_grad():
    plain = attention(x)
    through_the_shuffle = lesson.shuffled(attention(lesson.shuffled(x, order)), back)

difference = (plain - through_the_shuffle).abs().max() / plain.abs().max()
print(f"largest difference: {difference:.1e} of the largest value")
verdict("the same" if difference < 1e-5 else "something else", my_prediction)

# %% [markdown]
# The same, up to rounding. Attention sees a *bag* of pixels: it has no idea which were neighbours, what is left and what is
# right. This is called permutation equivariance. A convolution would be lost:

# %%
conv = nn.Conv2d(256, 256, 3, padding=1)
with torch.no_grad():
    plain_conv = conv(x)
    shuffled_conv = lesson.shuffled(conv(lesson.shuffled(x, order)), back)
difference = (plain_conv - shuffled_conv).abs().max() / plain_conv.abs().max()
print(f"a 3x3 convolution: {100 * difference:.0f} % of the largest value")

# %% [markdown]
# Text transformers add an embedding of the position. The document has none, and its network draws trousers with the legs
# at the bottom. **Where does it get the position from?**

# %% predict="5.7b" options=["from the time embedding", "from the zeros around the convolutions", "from GroupNorm"] answer="from the zeros around the convolutions"
my_prediction = ...

# %% [markdown]
# Take a picture with no content: the same number everywhere. Whatever differs after some convolutions can only come from the
# place. Once with zeros around the picture, as in our network; once without any border, left joined to right.

# %%
lesson.plot_position_from_padding()

# %%
verdict("from the zeros around the convolutions", my_prediction)

# %% [markdown]
# The zeros at the border leave a mark, and every convolution carries it one pixel further. By the time the map is 8x8, every
# pixel has heard from the border. So attention can ask "who is at the top?" after all: the convolutions have written it into
# the channels. (It is also why neighbours still matter to attention: it meets pixels that know their neighbourhood.)
#
# **In your own words:** GroupNorm and the time embedding could not do it. Why?
# <details><summary>One answer</summary>
#
# Both do the same to every pixel of a channel: one mean and one spread for all, one number added to all. What is equal
# everywhere stays equal everywhere.
# </details>

# %% [markdown]
# ## 5.8 What it costs
#
# The document's third key insight: *"8x8 = 64 tokens → 64x64 = 4096 attention calculations (OK). 32x32 = 1024 tokens →
# 1024x1024 = 1M attention calculations (TOO SLOW)"*. The first part is arithmetic. The second is a claim. Let us measure it.
#
# From 8x8 to 32x32 there are 16 times as many pixels. **How much larger does one matrix of weights get?**

# %% predict="5.8a" options=[16, 64, 256, 1024] answer=256
my_prediction = ...

# %%
from course_lib.document import ATTENTION_COSTS

entries = {}
for cost in ATTENTION_COSTS:
    q = torch.zeros(1, 1, cost.side**2, 16)
    entries[cost.side] = attention_weights(q, q).numel()

verdict(entries[32] // entries[8], my_prediction)

# %% tags=["nbval-check-output"]
compare_rows([(f"numbers, {cost.side}x{cost.side}", cost.entries, entries[cost.side]) for cost in ATTENTION_COSTS])

# %% [markdown]
# The document's counts hold. But is a block 256 times as *slow*? It also has convolutions and a norm, and those
# grow with N, not with N². And slow compared with what? Let us put it beside the block it stands next to: a residual block of
# the same width, 64 channels, two images, one thread.

# %% predict="5.8b" options=["slower than a residual block", "faster than a residual block"] answer="slower than a residual block"
my_prediction = ...

# %%
costs = lesson.measure_cost(SelfAttention)
lesson.plot_cost(costs)

# %%
at_32 = costs[-1]
ratio = at_32["attention"] / at_32["resblock"]
verdict("slower than a residual block" if ratio > 1 else "faster than a residual block", my_prediction)
for row in costs:
    times, memory = row["attention"] / row["resblock"], row["kept"] / row["kept_resblock"]
    side = f"{row['side']:2d}x{row['side']:<2d}"
    print(f"{side}  attention / residual block: time {times:.1f}, memory {memory:.1f}")

# %% [markdown]
# These are your machine's numbers, and they move from run to run. What to make of them:
#
# - *"Too slow"* depends on what you can afford. The table above says by what factor, on your machine, one attention at 32x32
#   costs more (or less) time than the residual block it would stand beside. If that factor is small, the claim is too strong.
# - **Memory** is the harder limit. Training keeps the matrices until the gradients are computed: several times
#   `heads x N x N` numbers an image. That part does grow with N², and it does not depend on how fast the machine is.
# - The claim is about the plain formula, which writes the matrix down. `F.scaled_dot_product_attention` gives the same
#   output without keeping it, on hardware where such a kernel exists (Dao et al. 2022).

# %% [markdown]
# ### So where does the network have attention?
# The document's drawing says *"Attention? (if res=16)"* and *"(res=8 ✓)"*. Two readings: attention at 16x16 and 8x8, or
# at 8x8, with 16x16 as an option. Its own trace decides: nothing happens between the blocks at 16x16. **How many
# attention blocks does that network have in all?** Count along the trace: encoder at 8x8, middle, decoder at 8x8 (it has
# one block more).

# %% predict="5.8c" options=[3, 5, 6, 11] answer=6
my_prediction = ...

# %%
from course_lib import UNet
from course_lib.self_attention import SelfAttention as LibraryAttention


def count_attention(**options):
    return sum(isinstance(module, LibraryAttention) for module in UNet(base_channels=16, **options).modules())


as_in_the_trace = count_attention()
verdict(as_in_the_trace, my_prediction)

# %% tags=["nbval-check-output"]
print("attention_resolutions=(8,)   ", count_attention(attention_resolutions=(8,)), "blocks")
print("attention_resolutions=(16, 8)", count_attention(attention_resolutions=(16, 8)), "blocks")

# %% [markdown]
# Two in the encoder, one in the middle, three in the decoder. With the option, five more at 16x16. Ho et al. (2020) chose
# 16x16 for CIFAR-10; the document's trace, and so our default, stays at 8x8.

# %% [markdown]
# ## 5.9 Recap: the document's rows, proven
#
# Every line of the document's trace with an attention in it, against what your block makes of a tensor of that shape; and
# the lines of its shape table.

# %% tags=["nbval-check-output"]
from course_lib.document import FORWARD_PASS

block = SelfAttention(256)
rows = []
with torch.no_grad():
    for step in FORWARD_PASS:
        if "attention" in step.name:
            rows.append((step.module, step.output, block(torch.zeros(step.input)).shape))

    qkv = block.qkv(block.norm(torch.zeros(4, 256, 8, 8)))
    q, k, v = split_heads(qkv, 4)
    weights = attention_weights(q, k)
    rows += [
        ("Reshape to heads", (4, 4, 64, 64), q.shape),
        ("Attention", (4, 4, 64, 64), weights.shape),
        ("Apply to V", (4, 4, 64, 64), (weights @ v).shape),
        ("Reshape back", (4, 256, 8, 8), merge_heads(weights @ v, 8, 8).shape),
    ]
compare_rows(rows)

# %% [markdown]
# The three shapes in the middle are equal, because `N = H*W` and `d = C / heads` are both 64 here. That is why this lesson's
# checks use maps that are not square and heads of odd widths: a transposed tensor has nowhere to hide.
#
# ## Questions
#
# **1.** Why does each head have its own queries and keys? What would be lost if all heads shared their weights?
# <details><summary>Answer</summary>
#
# Each head can look for something else: one for the same brightness, one for the same row. With shared weights all
# heads would gather from the same pixels, and several heads would be worth one.
# </details>
#
# **2.** All keys of an image are equal. What does every pixel receive?
# <details><summary>Answer</summary>
#
# All scores of a row are equal, so all weights are 1/N: every pixel receives the plain mean of the values, whatever its
# query.
# </details>
#
# **3.** Somebody swaps q and k in `attention_weights`. For which q and k does nothing change?
# <details><summary>Answer</summary>
#
# Where the scores are symmetric, for instance q = k, as in the example with colours. That is why an example with q = k
# is no test.
# </details>
#
# **4.** Your picture is 64x64 and attention stands at 16x16. You go to 128x128 and leave everything else as it is, so the map
# there becomes 32x32. What happens to the matrix of weights, and what to the number of parameters?
# <details><summary>Answer</summary>
#
# The map has 4 times as many pixels, the matrix 16 times as many numbers. The number of parameters stays: 1x1
# convolutions do not depend on the size of the image.
# </details>
#
# **5.** The last layer, `proj`, is set to zero. What does the block do, and can it still learn?
# <details><summary>Answer</summary>
#
# It returns x, unchanged. Yes: the gradient of `proj` itself is not zero, so it moves at the first step, and the rest
# follows. Many diffusion networks start this way.
# </details>
#
# ## Further reading
# - Vaswani et al. 2017, *Attention Is All You Need*: equation 1 and section 3.2.1 for the scale, 3.2.2 for heads.
# - Wang et al. 2018, *Non-local Neural Networks*: attention between the pixels of feature maps.
# - Ho et al. 2020, *Denoising Diffusion Probabilistic Models*, appendix B: attention at 16x16 in a diffusion UNet.
# - Islam et al. 2020, *How Much Position Information Do Convolutional Neural Networks Encode?*: the zeros at the border.
# - Dao et al. 2022, *FlashAttention*: the same numbers without the N x N matrix in memory.
#
# **Next:** lesson 06, skip connections. What is lost on the way down, and how the network gets it back.
