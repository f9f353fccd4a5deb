# %% [markdown]
# # Lesson 01 · Time embedding
#
# The network sees a noisy picture and must say what the noise is. To do that well it has to know *how much* noise to
# expect. That knowledge is one number, `t`. This lesson turns the number into a vector that a network can work with.
#
# **After this lesson you can**
# - say why one number is a poor way to tell a network the time, and one-hot a worse one;
# - write the sinusoidal embedding and explain what each of its columns is for;
# - test an embedding: is the nearest vector that of the next step?
# - convert between the formula's order of columns and the code's;
# - build `TimeEmbedding`, the first part of your UNet.
#
# **Time:** about 70 minutes, four exercises. **You need:** lesson 00.

# %%
you_are_here("01")

# %% [markdown]
# ## 1.1 The same picture at five times
#
# Here is a picture with more and more noise. `t = 0` is nearly clean, `t = 999` is noise.

# %%
lesson.plot_noise_levels()

# %% [markdown]
# What should a network do with the picture at `t = 100`? Change it a little. At `t = 600`? Find a shape in the noise.
# These are different jobs, done with the same weights. The only thing that can switch between them is `t`.
#
# The document's first shape table (section 1) is this:
#
# | | shape | example |
# |---|---|---|
# | times | `(B,)` | `[0, 500, 999, 100]` |
# | sinusoidal embedding | `(B, dim)` | `(4, 256)` |
# | MLP: Linear, SiLU, Linear | `(B, dim)` | `(4, 256)` |
#
# One number goes in, 256 come out. Why not use the one number?

# %% [markdown]
# ## 1.2 Three ways to say what time it is
#
# | description | what the network gets for t = 3 |
# |---|---|
# | one number | `0.003` |
# | one-hot | 1000 numbers, all 0, except a 1 in place 3 |
# | sinusoidal | `dim` sines and cosines of `3 * frequency`, for many frequencies |
#
# The experiment: a small network must learn the noise level, log(signal / noise), from each description. It is
# taught **every fourth step only**. Then it is asked about all of them.
#
# **Which description is worst at the steps that were never taught?**

# %% predict="1.2" options=["one number", "one-hot", "sinusoidal"] answer="one-hot"
my_prediction = ...

# %%
from course_lib import SinusoidalPositionEmbedding  # the reference for now; you write your own below

errors = lesson.compare_descriptions(SinusoidalPositionEmbedding)

# %%
worst = max(errors, key=lambda name: errors[name][1])
verdict(worst.split(",")[0], my_prediction)

# %% [markdown]
# One-hot gives every step an input of its own. Step 5 shares nothing with step 4, so what was learned at 4 is of no use
# at 5. And what would be the one-hot of `t = 4.5`? Flow matching, in lesson 09, asks for such times.
#
# One number has the opposite trouble. Steps 0 and 1 differ by 0.001, and a small network answers them nearly alike:
# its curve is too flat where the truth falls steeply. (Longer training, or a larger scale, narrows the gap.)
#
# The sinusoidal description is between the two: neighbours are similar, and still different.
#
# **In your own words:** which of the three could tell `t = 4` from `t = 5`, and which knows that 5 is closer to 4 than 500?

# %% [markdown]
# ## 1.3 Many clocks
#
# Think of a clock. The second hand tells 3 from 4 and cannot tell morning from evening. The hour hand does the
# opposite. Together they name every second of the day.
#
# The embedding is a clock with `dim/2` hands. Hand number `i` turns by `freqs[i]` radians a step:
#
# $$\text{freqs}[i] = \frac{1}{10000^{2i/\text{dim}}} = \exp\!\left(-\log(10000)\,\frac{i}{\text{dim}/2}\right),
# \qquad i = 0, \dots, \text{dim}/2 - 1$$
#
# The fastest turns 1 radian a step: one full turn takes 2π, about 6 steps.
# **How many steps does the slowest of the 128 hands (dim = 256) need for a full turn?**

# %% predict="1.3" options=["about 1,000", "about 10,000", "about 60,000"] answer="about 60,000"
my_prediction = ...

# %% [markdown]
# ### Exercise 1.1 · difficulty 1 of 5 · about 6 minutes · roughly 3 lines
# Write `embedding_frequencies`. In: the width `dim`, say 256. Out: a vector of `dim/2` frequencies, shape `(128,)`. The
# arguments `device` and `dtype` say where and in which precision; hand them on to `torch.arange`.
#
# <details><summary>Hint 1: where to start</summary> You need the numbers 0, 1, .., dim/2 - 1 first. One call of
# torch makes them. </details>
# <details><summary>Hint 2: the key line</summary> Divide those numbers by how many there are, with a single slash:
# <code>/</code> keeps fractions, <code>//</code> throws them away. Now they run from 0 to nearly 1. </details>
# <details><summary>Hint 3: nearly the answer</summary> <code>torch.exp(-math.log(10000) * exponents)</code>, where
# <code>exponents</code> is what hint 2 gave. </details>

# %% exercise="course_lib.time_embedding.embedding_frequencies"
from course_lib.time_embedding import embedding_frequencies

# %%
embedding_frequencies = check(embedding_frequencies)

# %%
freqs = embedding_frequencies(256)
turn = 2 * torch.pi / float(freqs[-1])
print(f"{len(freqs)} frequencies, from {float(freqs[0]):.0f} to 1/{1 / float(freqs[-1]):.0f} radian a step")
print(f"the slowest needs {turn:,.0f} steps for a full turn")
nearest = min((1_000, 10_000, 60_000), key=lambda steps: abs(steps - turn))
verdict(f"about {nearest:,}", my_prediction)

# %% [markdown]
# The slowest hand never gets far: in 1000 steps it moves through a sixtieth of a turn. That is on purpose. It can never
# come round and take a late time for an early one.

# %%
lesson.plot_waves(freqs)

# %% [markdown]
# ## 1.4 Sines and cosines
#
# For each hand we write down two numbers, its sine and its cosine. **Why both?** One is not enough to say where a hand
# points: `sin` is 0.5 at 30° and at 150°. The pair (sine, cosine) is a point on the circle, and there is only one hand
# position for it.
#
# The document's code puts all sines first, then all cosines:
#
# | step | shape | for B = 4, dim = 256 |
# |---|---|---|
# | `timesteps[:, None]` | `(B, 1)` | `(4, 1)` |
# | `freqs[None, :]` | `(1, dim/2)` | `(1, 128)` |
# | `args`, their product | `(B, dim/2)` | ? |
# | `cat([sin(args), cos(args)], dim=-1)` | `(B, dim)` | `(4, 256)` |
#
# **What shape do you expect at the question mark?** Write it down before you go on.

# %% [markdown]
# ### Exercise 1.2 · difficulty 2 of 5 · about 8 minutes · roughly 3 lines
# Fill in `SinusoidalPositionEmbedding.forward`. In: times `(B,)`, whole numbers or fractions. Out: `(B, dim)`.
# `self.dim` is there already, and `embedding_frequencies` is yours.
#
# <details><summary>Hint 1: where to start</summary> Get the frequencies, on <code>timesteps.device</code>. Then ask:
# how does every time meet every frequency? </details>
# <details><summary>Hint 2: the key line</summary> A column <code>(B, 1)</code> times a row <code>(1, dim/2)</code> is a
# table <code>(B, dim/2)</code>. Indexing with <code>None</code> makes the new axes. </details>
# <details><summary>Hint 3: nearly the answer</summary> Two calls of torch on the table <code>args</code>, then
# <code>torch.cat([..., ...], dim=-1)</code>: the last axis, so that they stand side by side. </details>

# %% exercise="course_lib.time_embedding.SinusoidalPositionEmbedding" blank=["forward"] given=["embedding_frequencies"]
from course_lib.time_embedding import SinusoidalPositionEmbedding

# %%
SinusoidalPositionEmbedding = check(SinusoidalPositionEmbedding)

# %% [markdown]
# Here is the whole clock at every step. Row 0 is the fastest sine, row 128 the fastest cosine.

# %%
lesson.plot_heat_map(SinusoidalPositionEmbedding)

# %% [markdown]
# ## 1.5 Is the next step the nearest?
#
# A good embedding keeps neighbours together: the vector nearest to that of step `t` should be that of `t - 1` or
# `t + 1`. That is a test we can run on all 1000 steps.
#
# Now break the formula in a way that many have done before: **forget the minus sign** in the exponent. The shapes stay
# right. All values stay between -1 and 1. For how many steps is a neighbour still the nearest?

# %% predict="1.5a" options=["all", "about half", "none"] answer="none"
my_prediction = ...

# %%
every_step = torch.arange(1000)
right = lesson.share_of_neighbours(SinusoidalPositionEmbedding(256)(every_step))
no_minus = lesson.share_of_neighbours(lesson.sines_and_cosines(1 / freqs))
verdict("all" if no_minus > 0.9 else "none" if no_minus < 0.1 else "about half", my_prediction)

# %% [markdown]
# Without the minus sign the hands go *faster* and faster, up to thousands of radians a step. Where such a hand points at
# `t + 1` has nothing to do with where it pointed at `t`. Nothing crashes. A test of shapes would pass.
#
# More ways to go wrong, and two that only look wrong. One of the bars belongs to the **right** formula with another
# width. **Guess: is the right formula still good with `dim = 8`?**

# %% predict="1.5b" options=["yes", "no"] answer="no"
my_prediction = ...

# %%
counter = torch.arange(128)
narrow = lesson.share_of_neighbours(SinusoidalPositionEmbedding(8)(every_step))
shares = {
    "the document's, dim = 256": right,
    "no minus sign": no_minus,
    "i // (dim/2), whole-number division": lesson.share_of_neighbours(
        lesson.sines_and_cosines(10000.0 ** -(counter // 128))
    ),
    "not divided by dim/2": lesson.share_of_neighbours(lesson.sines_and_cosines(torch.exp(-9.21034 * counter))),
    "base 1000": lesson.share_of_neighbours(lesson.sines_and_cosines(1000 ** (-counter / 128))),
    "the document's, dim = 8": narrow,
}
lesson.plot_neighbours(shares)
verdict("yes" if narrow > 0.5 else "no", my_prediction)

# %% [markdown]
# Two lessons from one chart.
#
# - With four hands, `dim = 8`, the fastest still turns round every 6 steps and there are too few others to outvote it. The
#   right formula needs width. 256 is plenty.
# - Base 1000 passes. So this test finds an embedding that has lost its neighbours; it cannot say whether it is *the
#   document's* embedding. `check` compares values, and so must you.
#
# ### How similar are two times?
# The dot product of two embeddings has a short formula. With $\cos a\cos b + \sin a\sin b = \cos(a-b)$:
#
# $$\text{PE}(s)\cdot\text{PE}(t) = \sum_i \cos\big(\text{freqs}[i]\,(s-t)\big)$$
#
# **Does it depend on where you are in time, or only on how far apart the two are?** The formula tells you before the
# figure does.

# %%
lesson.plot_similarity(SinusoidalPositionEmbedding)

# %% [markdown]
# Only the distance counts. A network can learn "five steps later" once, for all of time.
#
# ### Turn the clock by hand
# Left the numbers of one embedding, right its similarity with all times. **With `dim = 8`, which time lies nearest to
# 500?** Guess, then choose that width and read it below the picture.

# %%
from course_lib.lessons.lesson01.explore_time_embedding import explore_time_embedding

explore_time_embedding(SinusoidalPositionEmbedding)

# %% [markdown]
# With 8 columns the nearest are 437 and 563, both 63 steps away: ten turns of the fastest hand take 62.8 steps, so it points
# nearly the same way again, and three slower hands are too few to outvote it. From 16 columns on the nearest is a neighbour,
# at each of the three times above. It is what the bar chart said.

# %% [markdown]
# ## 1.6 The formula and the code disagree. Or do they?
#
# Look at the document's section 1 again. The formula says:
#
# `PE(t, 2i) = sin(t / 10000^(2i/dim))`, `PE(t, 2i+1) = cos(t / 10000^(2i/dim))`
#
# So column 0 is a sine, column 1 a cosine, column 2 a sine. The code says `cat([sin(args), cos(args)])`. For
# `dim = 6`:
#
# | column | 0 | 1 | 2 | 3 | 4 | 5 |
# |---|---|---|---|---|---|---|
# | formula | sin 0 | cos 0 | sin 1 | cos 1 | sin 2 | cos 2 |
# | code | sin 0 | sin 1 | sin 2 | cos 0 | cos 1 | cos 2 |
#
# The same numbers in another order. **Would a network that starts with a Linear layer learn worse with one of them?**

# %% predict="1.6" options=["formula better", "code better", "no difference"] answer="no difference"
my_prediction = ...

# %% [markdown]
# ### Exercise 1.3 · difficulty 2 of 5 · about 8 minutes · roughly 3 lines
# Write `interleave`: from the code's order to the formula's. In `(B, dim)`, out `(B, dim)`.
#
# <details><summary>Hint 1: where to start</summary> Cut the columns into two halves. <code>.chunk(2, dim=-1)</code>
# does. </details>
# <details><summary>Hint 2: the key line</summary> <code>torch.stack(..., dim=-1)</code> puts each sine beside its
# cosine: <code>(B, dim/2, 2)</code>. </details>
# <details><summary>Hint 3: nearly the answer</summary> Numbers that are neighbours on the last axis stay neighbours
# when you call <code>.flatten(1)</code>. </details>

# %% exercise="course_lib.time_embedding.interleave"
from course_lib.time_embedding import interleave

# %%
interleave = check(interleave)

# %% [markdown]
# To see which column goes where, embed nothing: interleave the column *numbers*.

# %% tags=["nbval-check-output"]
order = interleave(torch.arange(6)[None, :])[0]
print("the formula's columns, as numbers of the code's:", order.tolist())

# %% [markdown]
# That list is the whole difference. A Linear layer multiplies each column by a weight and adds up, so it does not care
# where a column stands if its weights move along.

# %%
order = interleave(torch.arange(256)[None, :])[0]
in_code_order = SinusoidalPositionEmbedding(256)(torch.tensor([0, 500, 999, 100]))
in_formula_order = interleave(in_code_order)
layer = nn.Linear(256, 256)
difference = layer(in_code_order) - F.linear(in_formula_order, layer.weight[:, order], layer.bias)
print(f"largest difference: {float(difference.detach().abs().max()):.0e}")
verdict("no difference" if float(difference.detach().abs().max()) < 1e-4 else "a difference", my_prediction)

# %% [markdown]
# Every network for one order is a network for the other, with the weights' columns permuted. What you must not do is
# train with one and use the other. This course follows the code.
#
# ### A third version: `dim/2 - 1`
# Many blogs divide the exponent by `dim/2 - 1`. One library has a setting for it, with 1 as the default. The frequencies
# then end at exactly 1/10000. How far apart are the two embeddings?

# %%
other = lesson.sines_and_cosines(torch.exp(-torch.log(torch.tensor(10000.0)) * counter / 127)).float()
ours = SinusoidalPositionEmbedding(256)(every_step)
print(f"neighbours are nearest: {lesson.share_of_neighbours(other):.0%} of steps, ours {right:.0%}")
print(f"largest difference in one number: {float((other - ours).abs().max()):.2f}")

# %% [markdown]
# Both are good embeddings. They are not the *same* embedding: some numbers differ by nearly 2, the most that numbers
# between -1 and 1 can. If you load weights from elsewhere, this is one of the first things to compare.

# %% [markdown]
# ## 1.7 Steps, not fractions of one
#
# Some processes count time from 0 to 1. Flow matching does (lesson 09). **How many of the 256 columns vary noticeably
# when t runs from 0 to 1?** Noticeably: a standard deviation above 0.05.

# %% predict="1.7" options=["33", "128", "225"] answer="33"
my_prediction = ...

# %%
between = torch.linspace(0, 1, 1001, dtype=torch.float64)
for factor in (1, 1000):
    spread = SinusoidalPositionEmbedding(256)(factor * between).std(dim=0)
    varying = int((spread > 0.05).sum())
    print(f"t from 0 to {factor}: {varying} of 256 columns vary")
    if factor == 1:
        few = varying
verdict(few, my_prediction)

# %% [markdown]
# The rest of the columns are constants. Nothing fails: the network gets less to work with. So flow matching
# multiplies its time by 1000 before it calls the network. You will meet that line in lesson 09.

# %% [markdown]
# ## 1.8 Let the network have a word
#
# The sinusoids are fixed. Two small layers let training decide what to make of them: Linear, SiLU, Linear, all of width
# `dim`. SiLU is `x * sigmoid(x)`.
#
# **Before you build it:** leave the SiLU out, and what are the two Linear layers together?

# %% predict="1.8" options=["as strong as with SiLU", "one Linear layer", "useless"] answer="one Linear layer"
my_prediction = ...

# %%
first, second = nn.Linear(256, 256).double(), nn.Linear(256, 256).double()
x = SinusoidalPositionEmbedding(256)(torch.arange(8.0, dtype=torch.float64))
weight, bias = second.weight @ first.weight, second.weight @ first.bias + second.bias
same = torch.allclose(second(first(x)), F.linear(x, weight, bias))
verdict("one Linear layer" if same else "more than one Linear layer", my_prediction)

# %% [markdown]
# $W_2(W_1x + b_1) + b_2 = (W_2W_1)x + (W_2b_1 + b_2)$: one matrix, one bias. SiLU between them stops that.
#
# ### Exercise 1.4 · difficulty 2 of 5 · about 8 minutes · roughly 6 lines
# Write `TimeEmbedding`, both methods. `__init__` makes three parts, named in the docstring; `forward` runs them:
# `(B,)` in, `(B, dim)` out.
#
# <details><summary>Hint 1: where to start</summary> The line after <code>def __init__</code> has to be
# <code>super().__init__()</code>, or torch cannot register your layers. </details>
# <details><summary>Hint 2: the layers</summary> <code>nn.Linear(dim, dim)</code> twice: two objects, two attributes.
# </details>
# <details><summary>Hint 3: nearly the answer</summary> Read from the inside out: <code>linear1</code> of the sinusoids,
# <code>F.silu</code> of that, <code>linear2</code> of that. Nothing after it. </details>

# %% exercise="course_lib.time_embedding.TimeEmbedding" blank=["__init__", "forward"] given=["SinusoidalPositionEmbedding"]
from course_lib.time_embedding import TimeEmbedding

# %%
TimeEmbedding = check(TimeEmbedding)

# %% [markdown]
# ## 1.9 Recap: the document's rows, proven
#
# Every shape of section 1, measured on your code.

# %% tags=["nbval-check-output"]
from course_lib import document

times = torch.tensor([0, 500, 999, 100])
embed = TimeEmbedding(document.EMB_DIM)
role = next(role for role in document.ROLES if role.component == "Time Embed")
compare_rows(
    [
        ("times", role.example_inputs[0], times.shape),
        ("sinusoidal", (4, 256), SinusoidalPositionEmbedding(256)(times).shape),
        ("time embedding", role.example_output, embed(times).shape),
    ]
)
print(f"{sum(parameter.numel() for parameter in embed.parameters()):,} numbers to learn")

# %% [markdown]
# - One number is too coarse a description of time, one-hot too fine. Sines of many frequencies are both.
# - Frequencies fall from 1 to nearly 1/10000, by the same factor each time.
# - Formula and code differ by a permutation of columns. The code's order is ours.
# - The embedding wants steps. Times between 0 and 1 leave most columns still.
# - Wrong frequencies raise no error. Values must be tested, not shapes.
#
# ### Questions
# <details><summary>1. Why can the sine columns alone not tell the time well?</summary> A sine takes each value twice in
# a turn, once rising and once falling. The cosine says which. </details>
# <details><summary>2. What would happen with frequencies 1, 2, 3, .. in place of 1 down to 1/10000?</summary> All of them
# repeat after 2π steps, about 6.28. Step 44 is 7.003 turns, so steps 0 and 44 would look nearly the same. </details>
# <details><summary>3. Does the embedding of a time depend on the others in the batch?</summary> No. Each row has its own
# time only. If it did, a picture's result would depend on its neighbours in the batch. </details>
# <details><summary>4. Why is there no activation after the second Linear?</summary> The class embedding is added to it
# next, and each residual block passes the sum through a SiLU of its own (lesson 03). </details>
#
# ### Further reading
# - Vaswani et al. 2017, *Attention Is All You Need*, section 3.5: these sines and cosines, for positions in a sentence.
# - Ho, Jain and Abbeel 2020, *Denoising Diffusion Probabilistic Models*, appendix B: the same for time, in a UNet.
# - Tancik et al. 2020, *Fourier Features Let Networks Learn High Frequency Functions in Low Dimensional Domains*: why
#   networks find one number hard and its sines convenient.
#
# Next, lesson 02: the second thing the network is told, the class.
