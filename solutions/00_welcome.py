# %% [markdown]
# # Lesson 00 · Welcome: your first pictures
#
# **About 25 minutes.** After this lesson you can
#
# - make a trained diffusion network draw pictures, and watch it do so,
# - find every lesson of this course on a map of the network,
# - use the exercises: fill in a blank, let it be checked, read what the check says.
#
# You need some Python, and to have met a PyTorch tensor before. You need no GPU.

# %% [markdown]
# ## 0.1 Pictures first
#
# The next cell starts from pure noise and asks a small network for sixteen pictures: a T-shirt, trousers, a pullover ...
# The network came with the course. At the end of the course you will have built and trained one like it.
#
# **Before you run it:** how long will the drawing take on your machine?

# %% predict="0.1" options=["under 20 seconds", "minutes", "it needs a GPU"] answer="under 20 seconds"
my_prediction = ...

# %%
import time

started = time.perf_counter()
lesson.first_pictures(seed=0)
seconds = time.perf_counter() - started

# %%
verdict("under 20 seconds" if seconds < 20 else "minutes", my_prediction)

# %% [markdown]
# Change the seed and run it again. Other noise, other pictures.
#
# Some are good, some are smudged. This network is small, and it was trained on two processor cores. Lesson 11 measures
# how good such pictures are. Until then, trust your eyes.
#
# ### Is this machine ready for the rest?
#
# The course looks for itself. Each line begins with `OK`, `WARN` or `FAIL`, and says what to do where something is to be
# done. The last line trains for two seconds, and works out how long the lessons that train will take *here*.

# %%
from course_lib.doctor import check_up
from course_lib.lessons.shared.show import smoke

ready = check_up(speed=not smoke())

# %% [markdown]
# A `WARN` never keeps you from going on. In a terminal, the same list comes from `python -m course_lib doctor`.

# %% [markdown]
# ## 0.2 How noise becomes a picture
#
# The network never draws a picture in one go. It answers one question, again and again:
#
# > Here is a noisy picture, and here is how noisy it is. **What part of it is noise?**
#
# Take a little of that noise away. Ask again. After twenty small steps the noise is gone.
#
# (This small network was taught a close relative of that question: noise *minus* picture. Lesson 09 shows that one answer
# gives you the other.)

# %%
lesson.way_from_noise("Ankle boot", seed=1)

# %% [markdown]
# Read the bottom row from left to right. At first the network can hardly know what it looks at. Its best guess is
# a blur: an average of everything that could be there. With each step there is less noise, and the guess gets sharper.
#
# Three things go into the network at every step. You will build the part that takes in each of them.
#
# | what goes in | shape | who takes it in | lesson |
# |---|---|---|---|
# | the noisy picture `x` | `(B, 3, 32, 32)` | the whole U | 03 to 07 |
# | the time `t`: how noisy it is | `(B,)` | time embedding | 01 |
# | the class: what to draw | `(B,)` | class embedding | 02 |
#
# `B` is the number of pictures drawn at once. **What shape do you expect to come out?**

# %% predict="0.2" options=["(B,)", "(B, 10)", "(B, 3, 32, 32)"] answer="(B, 3, 32, 32)"
my_prediction = ...

# %%
from course_lib import UNet

network = UNet()  # the document's network, with random weights
x = torch.randn(4, 3, 32, 32)
t = torch.tensor([100, 500, 800, 300])
classes = torch.tensor([0, 5, 3, 9])
out = network(x, t, classes)

verdict(f"(B, {', '.join(map(str, out.shape[1:]))})", my_prediction)

# %% [markdown]
# As much comes out as goes in: for every number of the picture, how much of it is noise. That is why the network has
# the shape of a U. It goes down to see the whole picture, and comes up again to answer for every pixel.
#
# ## 0.3 The map
#
# This is the network of the document that this course follows (`unet_architecture_deep_dive.md`). Every box is one step.
# Follow the line from `in` down to the middle and up to `out`.

# %%
you_are_here("00")

# %% [markdown]
# | lesson | you build | on the map |
# |---|---|---|
# | 01 | time embedding | `time` |
# | 02 | class embedding | `class` |
# | 03 | residual block | `Res` |
# | 04 | down- and upsampling | `↓`, `↑` |
# | 05 | self-attention | `Att` |
# | 06 | skip connections | `cat`, and the lines between the two sides |
# | 07 | the whole network | everything |
#
# The document ends with a table: one row a part, what goes in, what comes out. Tables are easy to write and easy to get
# wrong. So we do not believe them. We run them.

# %% tags=["nbval-check-output"]
lesson.roles_of(network)

# %% [markdown]
# Ten rows, ten times *same*. Every lesson ends like this: with the document's rows, measured.
#
# ## 0.4 How exercises work
#
# A picture on a screen is made of **pixels**: whole numbers from 0 (black) to 255 (white). The network wants numbers
# around zero, like the noise: from -1 (black) to 1 (white). So every picture is converted twice, on its way in and on
# its way out.

# %%
lesson.number_lines()

# %% [markdown]
# ### Exercise 0.1 · difficulty 1 of 5 · about 4 minutes · 2 lines
#
# Fill in `from_pixels`. In: pixels of any shape, type `uint8`. Out: the same shape, `float32`, from -1 to 1.
#
# The comments in the body are your steps. Put your code in place of the line that begins with `raise`.
#
# <details><summary>Hint 1: where to start</summary>
#
# Look at the two lines above. Which number lies in the middle of 0 and 255? Where should it go?
# </details>
# <details><summary>Hint 2: the key line</summary>
#
# Dividing by 127.5 turns 0 ... 255 into 0 ... 2. One more operation puts the middle at zero.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# `pixels.float()` first, then divide by `HALF_OF_255`, then subtract 1. Do not forget `return`.
# </details>

# %% exercise="course_lib.data.pixels.from_pixels"
from course_lib.data.pixels import from_pixels

# %%
from_pixels = check(from_pixels)

# %% [markdown]
# The cell above is how every exercise ends. `check` tries your code on fresh random inputs and says one of three things.
#
# - **passed**: the rest of the notebook goes on with *your* code. A copy is kept in the folder `my_work`, for the
#   lessons to come.
# - **not started**: the blank is still blank. The course's own version takes its place, so that everything below runs.
# - **not yet**: something is different, and it says what. If it knows the mistake, it names it.
#
# You can never get stuck. Skip what you like, come back when you like.
#
# Let us see what it says to a mistake. This one looks fine:


# %%
def from_pixels_with_a_mistake(pixels):
    return pixels.float() / 255


_ = check(from_pixels_with_a_mistake, "from_pixels")

# %% [markdown]
# The first sentence names the mistake. The rest is evidence: what went in, what was expected, what came back.
#
# ### Exercise 0.2 · difficulty 2 of 5 · about 5 minutes · 3 lines
#
# The way back: `to_pixels`. In: numbers of any shape. Out: the same shape, `uint8`. A network's numbers may lie a little
# outside [-1, 1]. What should happen to them?
#
# <details><summary>Hint 1: where to start</summary>
#
# Do the steps of `from_pixels` backwards: add 1, then multiply.
# </details>
# <details><summary>Hint 2: the key line</summary>
#
# `x.clamp(low, high)` clips. `x.round()` gives the nearest whole number. `.to(torch.uint8)` alone cuts off: 99.9 becomes 99.
# </details>
# <details><summary>Hint 3: nearly the answer</summary>
#
# Clip to [-1, 1]; add 1 and multiply by `HALF_OF_255`; round; convert. In this order.
# </details>

# %% exercise="course_lib.data.pixels.to_pixels"
from course_lib.data.pixels import to_pixels

# %%
to_pixels = check(to_pixels)

# %% [markdown]
# ### What if nobody clips?
#
# One picture, made a little too bright: 0.15 is added everywhere. Most of it stays inside [-1, 1]. `uint8` knows 0 to 255
# and nothing else. **What happens to a pixel that should become 265?**

# %% predict="0.3" options=["it stays white", "it turns nearly black", "an error"] answer="it turns nearly black"
my_prediction = ...

# %%
turned = lesson.without_clipping(to_pixels)

# %%
verdict("it turns nearly black" if turned > 0 else "it stays white", my_prediction)

# %% [markdown]
# 256 numbers, arranged like the hours of a clock: after 255 comes 0. No error, no warning. Quiet mistakes are the ones
# that cost days in deep learning, and the checks of this course were made to catch them.
#
# **In your own words:** why clip *before* multiplying, and not the pixels afterwards?
# <details><summary>One answer</summary>
#
# Either works, as long as it happens before the numbers become `uint8`. Afterwards it is too late: they have wrapped around.
# </details>

# %% [markdown]
# ## 0.5 Recap
#
# - A diffusion network answers one question: which part of this is noise? Drawing means asking it many times.
# - It takes a noisy picture, a time and a class. It returns as many numbers as the picture has.
# - Pictures go in as numbers from -1 to 1 and come out as pixels from 0 to 255. Going there and back loses nothing:

# %% tags=["nbval-check-output"]
pixels = torch.arange(256, dtype=torch.uint8)
print("every pixel value survives the round trip:", torch.equal(to_pixels(from_pixels(pixels)), pixels))

# %% [markdown]
# ## Questions
#
# <details><summary>1. The network has seen only clothes. What will it draw if the class is -1, "no class"?</summary>
#
# Some piece of clothing, of any class. Lesson 02 shows what -1 does, lesson 10 what it is good for.
# </details>
# <details><summary>2. Why not train a network that draws the picture in one step?</summary>
#
# From pure noise every picture is possible. The best single guess is the average of them all: the blur at the left end of
# the bottom row in 0.2. Small steps let one possibility win.
# </details>
# <details><summary>3. The pictures are grey. Why do they have three channels?</summary>
#
# So that every shape in the document holds: its network was made for colour pictures. The three channels of a grey picture
# are equal.
# </details>
#
# ## Further reading
#
# - Ho, Jain and Abbeel (2020), *Denoising Diffusion Probabilistic Models*. Section 3.3 scales pictures to [-1, 1];
#   algorithm 2 is the loop you watched, in its first form.
# - Lipman and others (2023), *Flow Matching for Generative Modeling*: the method that trained the network of this lesson.
# - Ronneberger, Fischer and Brox (2015), *U-Net: Convolutional Networks for Biomedical Image Segmentation*, figure 1: where
#   the U comes from.
#
# **Next:** lesson 01, where a single number learns to tell the network what time it is.
