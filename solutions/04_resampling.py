# %% [markdown]
# # Lesson 04 · Down- and upsampling
#
# The U has a shape because the picture changes size: 32x32, 16x16, 8x8, and back. Two small layers do it. They look
# harmless. Each of them can be replaced by something that has the same shapes and quietly does damage.
#
# **After this lesson you can**
# - say what size comes out of any convolution, before you run it;
# - write `Downsample` and `Upsample`, and name what is lost on the way down;
# - explain where checkerboards come from, and predict them by counting;
# - say how far one pixel at the bottom of the U sees.
#
# **Time:** about 60 minutes. **You need:** lesson 03 for the habit; nothing of its code.

# %%
you_are_here("04")

# %% [markdown]
# ## 4.1 Why leave the full resolution?
#
# A picture has 1,024 pixels at 32x32 and 64 at 8x8. Fewer pixels are cheaper, and each of them stands for more of the
# picture. Look at what survives.

# %%
lesson.plot_three_sizes()

# %% [markdown]
# The document's network does most of its thinking at 8x8, with 256 channels. **How much would the same residual blocks
# cost if all of them worked at 32x32?** A block at 8x8 has 16 times fewer pixels; the blocks at 32x32 cost what they
# cost. The next figure is counted on the real network, operation by operation.

# %%
lesson.plot_cost()

# %% [markdown]
# So halving pays. Now: what comes out, exactly?

# %% [markdown]
# ## 4.2 How large is what comes out?
#
# A window of 3 pixels slides along an axis of 8 pixels. It can stand in 6 places: 8 - 3 + 1. Three things change that.
#
# | | effect |
# |---|---|
# | **kernel** `k` | the window needs `k` pixels to stand on |
# | **padding** `p` | `p` more pixels at *each* end |
# | **stride** `s` | only every `s`-th place is used |
#
# First count the room the window has to travel: `size + 2p - k`. Then the steps of length `s` that fit into it. And one
# window more, the one that has not moved:
#
# $$ \text{out} = \left\lfloor \frac{\text{size} + 2p - k}{s} \right\rfloor + 1 $$

# %% [markdown]
# ### Exercise 4.1 · difficulty 1 of 5 · about 5 minutes · roughly 2 lines
# Write `conv_output_size`. Numbers go in, one whole number comes out. It speaks about one axis; height and width each
# get their own call. (The library also refuses impossible numbers. You need not.)
#
# <details><summary>Hint 1: where to start</summary>
#
# Give the room a name first. It is one subtraction.
# </details>
# <details><summary>Hint 2: rounding</summary>
#
# A step that would end past the edge is not made. `//` divides whole numbers and rounds down.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# `room = size + 2 * padding - kernel_size`, then `room // stride`, and one more for the first window.
# </details>

# %% exercise="course_lib.resampling.conv_output_size"
from course_lib.resampling import conv_output_size

# %%
conv_output_size = check(conv_output_size)

# %% [markdown]
# Your formula beside torch itself. The first row is the document's `Downsample`.

# %% tags=["nbval-check-output"]
rows = []
for kernel_size, stride, padding in [(3, 2, 1), (3, 1, 1), (3, 2, 0), (2, 2, 0), (4, 2, 1), (5, 2, 2), (1, 2, 0)]:
    measured = nn.Conv2d(1, 1, kernel_size, stride, padding)(torch.zeros(1, 1, 32, 32)).shape[-1]
    rows.append((f"kernel {kernel_size}, stride {stride}, padding {padding}", measured))
    print(f"{rows[-1][0]}: 32 -> formula {conv_output_size(32, kernel_size, stride, padding)}, torch {measured}")

# %% [markdown]
# Five of these seven settings halve 32 to 16. **The shape alone does not tell you which layer you have.** Keep that in
# mind for the rest of the lesson.
#
# ### What about an odd size?
# A picture of 33 pixels goes down with kernel 3, stride 2, padding 1, and then up by repeating every pixel twice.
# **How many pixels come back?**

# %% predict="4.2" options=[32, 33, 34] answer=34
my_prediction = ...

# %%
down = nn.Conv2d(1, 1, 3, stride=2, padding=1)(torch.zeros(1, 1, 33, 33))
back = F.interpolate(down, scale_factor=2, mode="nearest")
print(f"33 -> {down.shape[-1]} -> {back.shape[-1]}")
verdict(back.shape[-1], my_prediction)

# %% [markdown]
# One pixel too many, and the skip connection waits with 33. Nothing fails on the way down. The error comes much later,
# in the decoder, where two feature maps do not fit. That is why the library's `Downsample` refuses odd sizes on the
# spot, and why 32 is a friendly number: it can be halved five times.

# %% tags=["nbval-check-output"]
for size in (32, 33, 34, 36, 28):
    trip = [size]
    while len(trip) < 3:
        trip.append(conv_output_size(trip[-1], kernel_size=3, stride=2, padding=1))
    back = trip[-1] * 4
    print(f"{' -> '.join(map(str, trip))} -> (up, up) -> {back}: {'fits' if back == size else 'does not fit the skip'}")

# %% [markdown]
# ## 4.3 Going down: a convolution that steps over pixels
#
# The document, section 4:
#
# | step | shape | for our example |
# |---|---|---|
# | input | `(B, C, H, W)` | `(4, 64, 32, 32)` |
# | `Conv2d(kernel=3, stride=2, padding=1)` | `(B, C, H/2, W/2)` | `(4, 64, 16, 16)` |
#
# The number of channels stays. The next `ResidualBlock` may change it; `Downsample` only changes the size.

# %% [markdown]
# ### Exercise 4.2 · difficulty 1 of 5 · about 5 minutes · roughly 2 lines
# Fill in `Downsample.__init__` and `Downsample.forward`: `(B, C, H, W)` in, `(B, C, H/2, W/2)` out. No norm and no
# activation: the residual blocks on both sides bring theirs.
#
# <details><summary>Hint 1: where to start</summary>
#
# One layer, made once in `__init__`, called once in `forward`.
# </details>
# <details><summary>Hint 2: the key line</summary>
#
# `nn.Conv2d` takes channels in, channels out, then `kernel_size`, `stride` and `padding` by name.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# `self.conv = nn.Conv2d(channels, channels, kernel_size=3, stride=..., padding=...)` with the numbers of the table,
# and `return self.conv(x)`.
# </details>

# %% exercise="course_lib.resampling.Downsample" blank=["__init__", "forward"]
from course_lib.resampling import Downsample

# %%
Downsample = check(Downsample)

# %% [markdown]
# ### Which pixels does it look at?
# Take the same weights with stride 1, so that a window stands on *every* pixel. Keeping some of those outputs should
# give exactly what `Downsample` gives. **Which ones?**

# %% predict="4.3" options=["0, 2, 4, ...", "1, 3, 5, ...", "an average of both"] answer="0, 2, 4, ..."
my_prediction = ...

# %%
layer, x = Downsample(4), torch.randn(2, 4, 8, 8)
weight, bias = lesson.weight_and_bias(layer)
with torch.no_grad():
    every_pixel = F.conv2d(x, weight.reshape(4, 4, 3, 3), bias.flatten(), padding=1)
    candidates = {
        "0, 2, 4, ...": every_pixel[..., ::2, ::2],
        "1, 3, 5, ...": every_pixel[..., 1::2, 1::2],
        "an average of both": F.avg_pool2d(every_pixel, 2),
    }
    distance = {name: (layer(x) - kept).abs().max().item() for name, kept in candidates.items()}
for name, value in distance.items():
    print(f"largest difference from {name:20s} {value:.1e}")
verdict(min(distance, key=distance.get), my_prediction)

# %% [markdown]
# A stride is a convolution at every pixel of which three results in four are never computed. Both forms are right, and
# the check accepts both; the stride does a quarter of the work.
#
# The windows are three wide and two apart, so neighbours share a row or a column. How often is each *input* pixel
# looked at? The gradient knows: set all weights to one, add up the output, and the gradient of a pixel is the number
# of windows it is in.

# %%
lesson.plot_looks(Downsample)

# %% [markdown]
# Some pixels are looked at four times, others once. Remember this pattern. You will meet it again on the way up, where
# it can be *seen*.
#
# **In your own words:** for an even size, which sides of the padding are never looked at?
# <details><summary>One answer</summary>
#
# The right and the bottom side. The last window is centred at the last even pixel, 30 of 0 to 31, and ends at 31.
# Padding only on the left and at the top gives the same result, and the check accepts that too. Padding only on the
# right and at the bottom does not: all windows move by one pixel.
# </details>

# %% [markdown]
# ## 4.4 What is lost on the way down
#
# Stripes one pixel wide: black, white, black, white. **What do they become if you keep every second pixel?**

# %% predict="4.4a" options=["the same stripes", "wider stripes", "a plain surface"] answer="a plain surface"
my_prediction = ...

# %%
finest = lesson.stripes(cycles=0.5)
kept = finest[..., ::2, ::2]
print("before:", finest[0, 0, 0, :8].tolist())
print("after: ", kept[0, 0, 0, :4].tolist())
verdict("a plain surface" if kept.unique().numel() == 1 else "wider stripes", my_prediction)

# %%
lesson.plot_stripes()

# %% [markdown]
# This is **aliasing**: what is too fine for the small grid does not vanish, it comes back as something coarse that was
# never there. An average weakens it before the step. The maximum does not.
#
# A strided convolution has no opinion. With blurring weights it averages; with a single 1 in the middle it skips. It
# can *learn* which. What would it learn on real pictures? We halve 32x32 clothes in five ways, and enlarge each again
# with the best linear map there is (found by least squares on other pictures). What cannot be recovered was lost.
#
# **Which one loses most?**

# %% predict="4.4b" options=["every second pixel", "maximum of 2x2", "average of 2x2"] answer="maximum of 2x2"
my_prediction = ...

# %%
errors = lesson.compare_shrinking()
for name, error in sorted(errors.items(), key=lambda pair: pair[1]):
    print(f"{name:42s} error {error:.3f}")
verdict(max(errors, key=errors.get), my_prediction)

# %% [markdown]
# Look at the nine learned numbers: all positive, the largest in the middle. The descent began at a blur, was free to
# go anywhere, and found very little to improve. For these pictures a gentle average is close to the best. Pooling with
# a maximum is fine for the question "is there a seam somewhere here?". It is poor for "draw the seam where it was",
# and drawing is what this network does.
#
# ### Is it the convolution's fault?
# Every way above keeps one number out of four. Let a strided layer keep more, each in a channel of its own.

# %%
for count in (1, 2, 3, 4):
    print(f"{count} of 4 numbers kept: error {lesson.error_with_channels(count):.3f}")

# %% [markdown]
# With four times the channels nothing is lost. The step itself destroys nothing; *fewer numbers* do. Now count in the
# document: `Downsample` goes from `(64, 32, 32)` to `(64, 16, 16)`, a quarter of the numbers. This is the debt that the
# skip connections of lesson 06 repay.

# %% [markdown]
# ## 4.5 The road not taken: transposed convolution
#
# To go up, one can turn the convolution round. In a **transposed convolution** every *input* pixel writes a patch of
# `kernel_size` output pixels, patches begin `stride` pixels apart, and where patches overlap they are added.
#
# Along one axis, four input pixels, kernel 3, stride 2:
#
# ```
# input pixel 0 writes   x x x
# input pixel 1 writes       x x x
# input pixel 2 writes           x x x
# input pixel 3 writes               x x x
# written how often?     1 1 2 1 2 1 2 1 1
# ```
#
# ### Exercise 4.3 · difficulty 2 of 5 · about 8 minutes · roughly 4 lines
# Write `overlap_counts(size, kernel_size, stride)`: an int64 tensor with one count for each output pixel, of length
# `(size - 1) * stride + kernel_size`.
#
# <details><summary>Hint 1: where to start</summary>
#
# Begin with zeros of the right length. Then do what the drawing does, one input pixel a line.
# </details>
# <details><summary>Hint 2: the key line</summary>
#
# Input pixel `i` begins at `i * stride`. A slice of a tensor can be added to: `counts[a:b] += 1`.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# `for i in range(size):` and in it `counts[i * stride : i * stride + kernel_size] += 1`. Make `counts` with
# `dtype=torch.int64`.
# </details>

# %% exercise="course_lib.resampling.overlap_counts"
from course_lib.resampling import overlap_counts

# %%
overlap_counts = check(overlap_counts)

# %%
lesson.plot_overlaps(overlap_counts)

# %% [markdown]
# There is the pattern of 4.3 again. No accident: the gradient of a strided convolution *is* a transposed convolution.
# On the way down it was hidden in the gradients. On the way up it is in the picture.
#
# Kernel 4 is even away from the ends. A well-known piece of advice says: choose a kernel that the stride divides, and
# the checkerboard is gone. A constant image goes through a transposed convolution with kernel 4, stride 2 and
# **random** weights, as at the start of training. **Is there a checkerboard?**

# %% predict="4.5" options=["yes", "no"] answer="yes"
my_prediction = ...

# %% [markdown]
# ## 4.6 Going up: repeat, then smooth
#
# The document goes another way: enlarge first by a rule that treats all pixels alike, then let a convolution smooth.
#
# | step | shape | for our example |
# |---|---|---|
# | input | `(B, C, H, W)` | `(4, 128, 16, 16)` |
# | `F.interpolate(scale_factor=2, mode="nearest")` | `(B, C, 2H, 2W)` | `(4, 128, 32, 32)` |
# | `Conv2d(kernel=3, padding=1)` | `(B, C, 2H, 2W)` | `(4, 128, 32, 32)` |
#
# ### Exercise 4.4 · difficulty 2 of 5 · about 6 minutes · roughly 3 lines
# Fill in `Upsample.__init__` and `Upsample.forward`: `(B, C, H, W)` in, `(B, C, 2H, 2W)` out.
#
# <details><summary>Hint 1: where to start</summary>
#
# Two steps, in the order of the table. Only the second has weights.
# </details>
# <details><summary>Hint 2: the key line</summary>
#
# `F.interpolate(x, scale_factor=2, mode="nearest")` turns every pixel into a 2x2 square. It returns a new tensor.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# In `__init__`: `nn.Conv2d(channels, channels, kernel_size=3, padding=1)`. In `forward`: enlarge `x`, then return the
# convolution of the large `x`.
# </details>

# %% exercise="course_lib.resampling.Upsample" blank=["__init__", "forward"]
from course_lib.resampling import Upsample

# %%
Upsample = check(Upsample)

# %% [markdown]
# ### The checkerboard, measured
# The finest pattern a picture can hold changes sign from pixel to pixel: the *Nyquist* frequency, half a cycle a pixel.
# A Fourier transform says how much of a picture's power sits there. A constant image has none. What do three layers
# add?

# %%
shares = lesson.compare_checkerboards(Upsample)
verdict("yes" if shares["transposed, kernel 4"]["random"] > 0.01 else "no", my_prediction)

# %% [markdown]
# With equal weights kernel 4 is clean and kernel 3 is not: the overlap decides, as you counted. With random weights
# both are checkered, and about equally. The even counts only say that every output pixel gets *as many* weights; they
# are still *different* weights for even and for odd pixels. A transposed convolution has to learn not to flicker.
#
# `Upsample` cannot flicker on a constant image, whatever its weights: away from the border every pixel goes through the
# same nine.
#
# **In your own words:** does that mean its output never contains fine patterns?
# <details><summary>One answer</summary>
#
# No. On an image that is not constant, the repeated squares have edges, and the convolution may sharpen them. It only
# never *invents* a checkerboard where the input is flat.
# </details>

# %% [markdown]
# ### Why not bilinear?
# Repeating pixels looks crude, and bilinear interpolation looks smooth. **Can `Upsample`, with nearest and one 3x3
# kernel, give exactly the bilinear result?** Think of one axis: `a a b b`, and three weights.

# %% predict="4.6" options=["exactly", "roughly", "not at all"] answer="exactly"
my_prediction = ...

# %%
tent = torch.tensor([1.0, 2.0, 1.0]) / 4
weight = torch.outer(tent, tent)[None, None]
x = torch.randn(1, 1, 8, 8)
ours = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), weight, padding=1)
bilinear = F.interpolate(x, scale_factor=2, mode="bilinear")
largest = (ours - bilinear)[..., 1:-1, 1:-1].abs().max().item()
print(f"largest difference, away from the border: {largest:.1e}")
verdict("exactly" if largest < 1e-5 else "roughly", my_prediction)

# %% [markdown]
# Exactly. With the weights ¼ ½ ¼ the second `a` becomes ¼a + ½a + ¼b = ¾a + ¼b, which is what bilinear means. So
# bilinear is *one* of the things your layer can learn. With bilinear built in, sharp edges would be out of its reach.
#
# ### Does the order matter?
# The same nine weights, once after the repetition and once before it, on a real picture.

# %%
inside_right, inside_wrong = lesson.plot_two_orders(Upsample(1))

# %% [markdown]
# Convolving first costs a quarter and has the same shapes. But then repetition is the last thing that happens, and
# every 2x2 square stays a square. The convolution has to come where the squares are.

# %% [markdown]
# ## 4.7 How far does one pixel see?
#
# The encoder has 13 convolutions 3x3 (`conv_in`, and three levels of two blocks with two each) and two `Downsample`s.
# Without the two `Downsample`s each convolution adds one pixel on each side: 1 + 2 * 13 = 27 pixels. The picture has
# 32.
#
# **With them, how many pixels along a side does one of the 8x8 pixels see?** (Attention and GroupNorm left out: both
# look at the whole image anyway.)

# %% predict="4.7" options=[31, 49, 65, 108] answer=65
my_prediction = ...

# %%
with_downsample, without_downsample = lesson.plot_receptive_fields(Downsample)
verdict(with_downsample, my_prediction)

# %% [markdown]
# After the first `Downsample` each convolution reaches two input pixels further on each side, after the second four.
# Seeing far is the second reason for the U; the cost was the first. Without the two small layers of this lesson a pixel
# in the middle would not see the whole shoe.

# %% [markdown]
# ## 4.8 Recap: the document's rows, proven
#
# Every line of the document that resamples, beside what *your* layers give.

# %% tags=["nbval-check-output"]
lesson.compare_with_the_document(Downsample, Upsample)

# %% [markdown]
# - `out = floor((size + 2p - k) / s) + 1`. Many settings halve 32; only one is the document's.
# - A strided convolution looks at the even pixels, and learns what to keep.
# - Halving at equal channels keeps a quarter of the numbers. Skips repay that.
# - Overlap makes checkerboards. Repeating first, then convolving, treats all pixels alike.
# - Two halvings let a pixel at the bottom see the whole image.
#
# ## Questions
#
# **1.** Your friend uses kernel 2, stride 2, no padding. The shapes are right. What is different?
# <details><summary>Answer</summary>
#
# Windows touch and never overlap: each output sees a 2x2 square, and every input pixel is looked at exactly once. There
# are 4 weights in place of 9 for each pair of channels. It works; it is another layer, and trained weights do not fit.
# </details>
#
# **2.** Somebody feeds 28x28 pictures (MNIST's own size) to the UNet. How many halvings survive?
# <details><summary>Answer</summary>
#
# Two: 28, 14, 7. A third level of halving would meet an odd 7. The document has two `Downsample`s, so 28 works; with
# four levels it would not. Padding to 32, as our data set does, is the safe way.
# </details>
#
# **3.** Where does the `Upsample` convolution cost more: before or after the repetition, and by how much?
# <details><summary>Answer</summary>
#
# After: it works on four times as many pixels, so four times as much. That buys smooth squares.
# </details>
#
# **4.** Half of the power of a generated image sits at the finest stripes. Which layer would you look at first?
# <details><summary>Answer</summary>
#
# The last one that goes up. If it is a transposed convolution, count its overlaps, then look at its weights.
# </details>
#
# ## Further reading
# - Odena, Dumoulin and Olah (2016), *Deconvolution and Checkerboard Artifacts*, Distill: overlap, with pictures to play
#   with.
# - Dumoulin and Visin (2016), *A guide to convolution arithmetic for deep learning*: all size formulas; relationship 6
#   is ours.
# - Zhang (2019), *Making Convolutional Networks Shift-Invariant Again*: aliasing of strides, and blurring against it.
# - Ho, Jain and Abbeel (2020), *Denoising Diffusion Probabilistic Models*, appendix B: the U this one descends from.
# - Ronneberger, Fischer and Brox (2015), *U-Net*: max pooling down, transposed convolutions up.
