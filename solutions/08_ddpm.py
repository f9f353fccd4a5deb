# %% [markdown]
# # Lesson 08 · DDPM: a thousand small steps to noise, and back
#
# **About 100 minutes**, of which the network trains two. After this lesson you can
#
# - say what the noise schedule does, and jump to any of its thousand times at once,
# - write the loss that a diffusion network is trained with, and say why a low loss says little,
# - turn a prediction of noise into a prediction of the image,
# - write the ancestral step of DDPM and the step of DDIM, and choose between them,
# - train the network you built, and look at its first pictures.
#
# You need lesson 07 (the network) and the normal distribution: a mean, a variance, and that variances of independent
# things add up.

# %%
you_are_here("08")

# %% [markdown]
# The map has no new part today. You have built the whole network; now it gets something to do. Everything in this lesson is a
# method of one class, `DDPM` (Ho, Jain and Abbeel 2020). It begins as the library's, and exercise by exercise it becomes yours.

# %%
from course_lib import DDPM as LibraryDDPM


class DDPM(LibraryDDPM):
    """Yours: it begins as the library's, and every exercise below puts one of your methods into it."""


ddpm = DDPM()

# %% [markdown]
# ## 8.1 Destroying a picture, slowly
#
# Take a picture. Add a little noise, of variance `beta`. Do it again, a thousand times, until nothing of the picture is left.
# That direction is easy. If a network learns to undo *one small step*, it can walk the way back, from pure noise to a picture
# that never existed. That is the whole idea.
#
# A step could be `x + sqrt(beta) * noise`. **What variance would the noise of all thousand steps have?** The steps' variances
# rise along a straight line from 0.0001 to 0.02.

# %% predict="8.1" options=[1, 10, 100, 1000] answer=10
my_prediction = ...

# %%
all_noise = lesson.plot_small_steps(ddpm)

# %%
verdict(round(all_noise), my_prediction)

# %% [markdown]
# Variances add up, to ten. A network would see pictures of very different contrast at different times. So each step of
# DDPM also fades what is there:
#
# $$x_t = \sqrt{1 - \beta_t}\; x_{t-1} + \sqrt{\beta_t}\; \text{noise}$$
#
# A variance of 1 becomes $(1 - \beta) \cdot 1 + \beta = 1$: it stays. Whatever the picture was, the end is noise of variance 1,
# and that is something we can draw without knowing any picture.
#
# ## 8.2 The schedule
#
# How much of the picture is left after many steps? Each step multiplies it with $\sqrt{1-\beta}$, so its *variance* with
# $1 - \beta$. The product of all of them so far has a name, alpha-bar:
#
# $$\bar\alpha_t = (1 - \beta_0)(1 - \beta_1) \cdots (1 - \beta_t)$$
#
# In code it is `ddpm.alphas_cumprod`, a table with one number for each time. The paper counts t from 1 to 1000, we from 0 to 999.
#
# The image has the share $\bar\alpha_t$ of the variance, the noise has the rest. **At which time are both equal?**

# %% predict="8.2a" options=[100, 259, 500, 741] answer=259
my_prediction = ...

# %%
half = lesson.plot_schedule(ddpm)

# %%
verdict(half, my_prediction)

# %% [markdown]
# After a quarter of the steps the noise is as strong as the image. What does that look like?

# %%
lesson.plot_noisy_images(ddpm)

# %% [markdown]
# At equal strength you still see what it is: neighbouring pixels agree, and noise does not. Most of the way, from 500 on, is
# hardly anything but noise. (Later schedules spend more of their time where the picture can be seen: Nichol and
# Dhariwal 2021.)
#
# ### A trap in the table
# At t = 0 the noise's share is $1 - \bar\alpha_0 = \beta_0$, exactly 0.0001. Tables are usually kept in float32, seven digits.
# **How many correct digits does `1 - alphas_cumprod[0]` have then?**

# %% predict="8.2b" options=["about 7", "about 4", "about 1"] answer="about 4"
my_prediction = ...

# %%
in_float32 = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), dim=0)
for t in (0, 1, 10, 100):
    print(f"t = {t:3d}   float64 {1 - ddpm.alphas_cumprod[t].item():.9f}   float32 {1 - in_float32[t].item():.9f}")

relative_error = abs((1 - in_float32[0].item()) / ddpm.betas[0].item() - 1)
digits = -torch.tensor(relative_error).log10().item()
verdict(min(["about 7", "about 4", "about 1"], key=lambda text: abs(int(text[-1]) - digits)), my_prediction)

# %% [markdown]
# 0.9999 has seven digits, and the subtraction throws the first four away. It is no disaster, and it is free to avoid: the
# library computes the schedule in float64, subtracts there, and converts last.
#
# ## 8.3 A number for each image
#
# In training every image of a batch has a time of its own, so each needs its own number from the table: `table[t]`, of shape
# `(B,)`. Then it multiplies images, `(B, C, H, W)`. Take 32 images of 32x32 and **multiply them with `table[t]` as it is.
# What happens?**

# %% predict="8.3" options=["an error", "images are faded", "columns are faded"] answer="columns are faded"
my_prediction = ...

# %% [markdown]
# Before you look at the answer, write the remedy.
#
# ### Exercise 8.1 · difficulty 1 of 5 · about 5 minutes · roughly 3 lines
# `per_image` looks the numbers up and gives them the shape that multiplies images.
#
# | | shape | example |
# |---|---|---|
# | `table` | `(T,)` | `(1000,)`, float64 |
# | `t` | `(B,)` | `(32,)` |
# | `x`, the images | `(B, C, H, W)` | `(32, 3, 32, 32)`, float32 |
# | returned | `(B, 1, 1, 1)` | `(32, 1, 1, 1)`, float32 |
#
# The table is float64 and images are float32. Their product would be float64, which the network refuses. So the result takes
# its type from the images, and its device, too.
#
# <details><summary>Hint 1: where to start</summary> A table indexed with a tensor of times gives one entry for each.
# </details>
# <details><summary>Hint 2: the axes</summary> <code>numbers[:, None, None, None]</code> or
# <code>numbers.reshape(-1, 1, 1, 1)</code>. </details>
# <details><summary>Hint 3: type and device</summary> <code>table.to(x.dtype).to(x.device)</code>, before you look anything up.
# </details>

# %% exercise="course_lib.ddpm.per_image"
from course_lib.ddpm import per_image

# %%
per_image = check(per_image)

# %%
what_happens = lesson.plot_wrong_axis(ddpm, per_image)

# %%
verdict(what_happens, my_prediction)

# %% [markdown]
# Broadcasting compares shapes from the right. `(32,)` meets the width, and the width happens to be 32: no error, and every
# picture fades from left to right. With a batch of 16 the same line would have stopped with an error. A batch as large as an
# image is wide is the worst size for testing.

# %% [markdown]
# ## 8.4 One jump
#
# To train on time 700 we do not want to take 700 steps. Two steps in a row:
#
# $$x_1 = \sqrt{1-\beta_1}\,\big(\sqrt{1-\beta_0}\; x + \sqrt{\beta_0}\; n_0\big) + \sqrt{\beta_1}\; n_1$$
#
# The image has been multiplied by $\sqrt{(1-\beta_0)(1-\beta_1)} = \sqrt{\bar\alpha_1}$. The two noises are independent and normal,
# so their sum is normal again, and its variance is $(1-\beta_1)\beta_0 + \beta_1 = 1 - \bar\alpha_1$. (Multiply it out.) The same goes
# on for any number of steps:
#
# $$x_t = \sqrt{\bar\alpha_t}\; x_0 + \sqrt{1 - \bar\alpha_t}\; \text{noise}$$
#
# ### Exercise 8.2 · difficulty 2 of 5 · about 6 minutes · roughly 3 lines
# Write `add_noise`. It is a method, shown here as a function by itself: `self` is the `DDPM`, with its table
# `self.alphas_cumprod`.
#
# <details><summary>Hint 1: where to start</summary> Two numbers for each image: how much image, how much noise. Both come out
# of the same table. </details>
# <details><summary>Hint 2: the lookup</summary> <code>per_image(self.alphas_cumprod, t, clean)</code> is alpha-bar, ready to
# multiply. </details>
# <details><summary>Hint 3: nearly there</summary> The noise's share is looked up in <code>1 - self.alphas_cumprod</code>. And
# both shares are variances: <code>.sqrt()</code>. </details>

# %% exercise="course_lib.ddpm.DDPM.add_noise" given=["per_image"]
add_noise = LibraryDDPM.add_noise

# %%
DDPM.add_noise = check(add_noise, "DDPM.add_noise")

# %% [markdown]
# ### Is a jump really the same as walking?
# Three pixels, one dark, one grey, one light, thousands of copies each. Half of them walk 301 small steps, half jump to
# t = 300 with *your* `add_noise`. **Which of these will agree?**

# %% predict="8.4" options=["the means only", "means and spreads", "the whole distribution"] answer="the whole distribution"
my_prediction = ...

# %%
gap = lesson.compare_jump(ddpm)

# %%
verdict("the whole distribution" if gap < 1.95 else "something else", my_prediction)

# %% [markdown]
# Not the same *values*: the noises are different ones. The same distribution, as far as so many draws can tell. It holds
# because sums of normal numbers are normal. With another kind of noise the jump would not be exact.

# %% [markdown]
# ### Any time at all
# One jump reaches every time, so a slider can. The same picture and the same noise go two ways: DDPM's, by *your* `add_noise`,
# and the straight line of lesson 09. **At which t can you no longer tell the bag?** Look at DDPM's row first.

# %%
from course_lib.lessons.shared.explore_noising import explore_noising

explore_noising(ddpm=ddpm)

# %% [markdown]
# ## 8.5 What the network learns
#
# The network sees `x_t`, the time and the class. It could predict the clean image. Ho et al. found that it does better to
# predict **the noise that was added**. The loss compares the two, pixel by pixel, squared:
#
# $$L = \big\|\, \text{noise} - \text{network}(x_t, t, \text{class}) \,\big\|^2 \quad \text{(mean over pixels and images)}$$
#
# One step of training: draw a time for each image, draw noise, jump, ask, compare.
#
# ### Exercise 8.3 · difficulty 3 of 5 · about 10 minutes · roughly 8 lines
# Write `loss`. `t` and `noise` can be handed in; where they are None, draw them, the times first. Two helpers exist:
# `self.sample_times(count, generator)` draws times evenly, `fresh_noise(images, generator)` draws noise shaped like the images.
#
# <details><summary>Hint 1: where to start</summary> One line for each verb: draw, draw, jump, ask, compare. </details>
# <details><summary>Hint 2: the order of arguments</summary> The network is called by position:
# <code>model(x_t, t, labels)</code>, labels as they came. </details>
# <details><summary>Hint 3: compare</summary> <code>F.mse_loss(eps, noise)</code>: with the noise you <em>added</em>, not a new
# draw, and not with the image. </details>

# %% exercise="course_lib.ddpm.DDPM.loss"
loss = LibraryDDPM.loss

# %%
DDPM.loss = check(loss, "DDPM.loss")

# %% [markdown]
# ### Two lazy networks
# Before we train a real one, two that know nothing. The first always answers zero. Its loss is the mean of noise squared: 1.
# The second returns its input, whatever it is. It knows nothing about clothes, time or class. **What is its loss, on real
# images?**

# %% predict="8.5a" options=["about 1.8", "about 1", "about 0.3", "about 0.05"] answer="about 0.3"
my_prediction = ...

# %%
images, labels = lesson.real_images(1000)
seeded = torch.Generator().manual_seed(0)
zero = ddpm.loss(lambda x, t, labels: torch.zeros_like(x), images, labels, seeded).item()
copied = ddpm.loss(lambda x, t, labels: x, images, labels, seeded).item()
print(f"always zero: {zero:.3f}     returns its input: {copied:.3f}")
answers = {"about 1.8": 1.8, "about 1": 1.0, "about 0.3": 0.3, "about 0.05": 0.05}
verdict(min(answers, key=lambda text: abs(answers[text] - copied)), my_prediction)

# %% [markdown]
# Late in time `x_t` *is* nearly the noise, so copying is nearly right. More than two thirds of the loss is gone, and the
# network can't draw a thing. Keep that in mind when your own loss falls quickly in a moment.
#
# ### Where is the loss large?
# Now the trained network that came with the course. **At which time is its loss largest?**

# %% predict="8.5b" options=["t = 0", "t = 500", "t = 999"] answer="t = 0"
my_prediction = ...

# %%
largest = lesson.plot_loss_by_time(ddpm)

# %%
verdict(f"t = {largest}", my_prediction)

# %% [markdown]
# It is largest where the picture is nearly clean! There is hardly any noise in it, and the network is to find that little. At
# t = 999 it is tiny, because nearly everything is noise.
#
# Compare the two curves at t = 999: copying the input is a hard answer to beat there.
#
# The right picture turns it over. As an error of the *clean image* the same numbers grow with t. So the loss, one number for
# all times, is made by the times where the picture is decided already. **A low loss says little about pictures.** Look at them.
#
# **In your own words:** why can no network reach a loss of 0?
# <details><summary>One answer</summary> Many pairs of image and noise lead to the same x_t. The best answer is the mean of all
# noises that could have been it, and the rest is the variance around that mean. </details>

# %% [markdown]
# ## 8.6 Train it
#
# Your network from lesson 07 (or the reference, where something is missing), your loss, 10,000 images. First, what to expect:
# the loss of our own runs, and pictures after 1, 10, 50 and 100 % of the time.

# %%
from course_lib.lessons.shared.my_parts import my_network
from course_lib.lessons.shared.expectations import expectation_strip
from course_lib.lessons.shared.training import lesson_config, train_here

expectation_strip("ddpm")

# %% [markdown]
# **Your run begins with a loss near ...?** (A network that knows nothing gives small random numbers. Compare with a lazy one.)

# %% predict="8.6" options=["0", "0.3", "1", "10"] answer="1"
my_prediction = ...

# %% [markdown]
# The next cell takes about two minutes on two cores; it says how long on yours, before it starts. Should the kernel die, run the
# notebook again: it goes on where it was.

# %%
trained = train_here(lesson_config("ddpm"), "08_ddpm", make_model=my_network(), process=ddpm)

# %%
verdict("1", my_prediction)

# %% [markdown]
# Look at pictures, not only at the loss. First yours:

# %%
lesson.plot_samples(trained, "your network")

# %% [markdown]
# And the same network after much longer training, on 60,000 images: the weights that came with the course.

# %%
from course_lib.lessons.shared.shipped import shipped_model

lesson.plot_samples(shipped_model("ddpm"), "the network that came with the course")

# %% [markdown]
# The loss of the second ended at 0.014, half of what two minutes reach: a small step beside the fall from 1. The pictures differ
# a lot. From here on we use the second, so that nobody's exercises depend on two minutes of luck.

# %% [markdown]
# ## 8.7 What is under the noise?
#
# The network says what the noise is. Then we know the image, too: solve `add_noise` for it.
#
# $$x_t = \sqrt{\bar\alpha_t}\; x_0 + \sqrt{1 - \bar\alpha_t}\; \epsilon \quad\Longrightarrow\quad x_0 = \;?$$
#
# ### Exercise 8.4 · difficulty 2 of 5 · about 5 minutes · roughly 3 lines
# Write `predict_clean`. It does not clip: whoever calls it decides about that.
#
# <details><summary>Hint 1: where to start</summary> Solve the equation on paper first. What was done last is undone first.
# </details>
# <details><summary>Hint 2: the two numbers</summary> The same two as in <code>add_noise</code>, at the same time t. </details>
# <details><summary>Hint 3: brackets</summary> The whole difference is divided: <code>(x_t - sigma * eps) / signal</code>.
# </details>

# %% exercise="course_lib.ddpm.DDPM.predict_clean" given=["per_image"]
predict_clean = LibraryDDPM.predict_clean

# %%
DDPM.predict_clean = check(predict_clean, "DDPM.predict_clean")

# %% [markdown]
# ### What does it see at the end of time?
# We noise a real bag to six times and ask for the clean image. At t = 999 there is nothing of this bag left, 0.6 % of its
# strength. But the network is told "a bag", and it has trained for hours. **What will its predicted image look like there?**

# %% predict="8.7a" options=["noise", "a sharp bag", "a blurred bag"] answer="noise"
my_prediction = ...

# %%
at_the_end = lesson.plot_predicted_clean(DDPM.predict_clean, ddpm)

# %%
verdict(at_the_end, my_prediction)

# %% [markdown]
# Two things happen on the way to the right.
#
# **It blurs.** Asked for one answer, with squares for the error, the best answer is the *mean* of all bags that could be
# there, and a mean of many pictures is smooth. A perfect network would do the same. It is why one big step from noise to
# picture cannot work, and many small ones can.
#
# **It explodes.** That one is arithmetic. In 8.5 the network's loss at t = 999 was tiny. Look at your formula once more.
# **At t = 999, an error of 0.01 in the predicted noise becomes an error of ... in the image?**

# %% predict="8.7b" options=["0.0001", "0.01", "1.6"] answer="1.6"
my_prediction = ...

# %%
t = torch.tensor([999])
x_t, eps = torch.randn(1, 1, 1, 1), torch.randn(1, 1, 1, 1)
error = ddpm.predict_clean(x_t, t, eps) - ddpm.predict_clean(x_t, t, eps + 0.01)
verdict(f"{error.item():.1f}", my_prediction)

# %% [markdown]
# sigma / signal is 157 there: an error nobody sees in the loss fills the whole image. Clean images lie in [-1, 1] for certain,
# so both samplers below clip the predicted one before they use it. At late times that corrects a lot.

# %% [markdown]
# ## 8.8 One step back
#
# We are at `x_t` and think we know the clean image. Where was the walk one step earlier? Bayes: among all `x_{t-1}`, some are
# likely because of the clean image (a jump from it), some because of `x_t` (one small step away). Two bell curves; their product
# is a bell curve again (equation 7 of the paper):
#
# $$\text{mean} = \frac{\sqrt{\bar\alpha_{t-1}}\;\beta_t}{1-\bar\alpha_t}\; x_0 + \frac{\sqrt{1-\beta_t}\;(1-\bar\alpha_{t-1})}{1-\bar\alpha_t}\; x_t,
# \qquad \text{variance} = \beta_t\,\frac{1-\bar\alpha_{t-1}}{1-\bar\alpha_t}$$
#
# **How large is the clean image's weight in the mean at t = 500?**

# %% predict="8.8" options=["0.003", "0.1", "0.5"] answer="0.003"
my_prediction = ...

# %%
weight = lesson.plot_weights_of_step(ddpm)

# %%
verdict(f"{weight:.3f}", my_prediction)

# %% [markdown]
# One step moves hardly anywhere: a wrong guess of the clean image does little harm, and there are hundreds of steps to correct
# it. At t = 0 all of the weight is on the clean image and the variance is 0: before the first step there was no noise.
#
# ### Exercise 8.5 · difficulty 4 of 5 · about 15 minutes · roughly 10 lines
# Write `step`. Two things to look out for. At t = 0 there is no time before; `self.alpha_bar_and_sigma2(t, x)` gives alpha-bar
# and 1 - alpha-bar for any t, and exactly 1 and 0 at t = -1. And every image has a time of its own.
#
# <details><summary>Hint 1: where to start</summary> First the clean image, clipped if asked for. Then give names to the
# numbers in the formula. </details>
# <details><summary>Hint 2: the numbers</summary> <code>_, sigma2 = self.alpha_bar_and_sigma2(t, x_t)</code>, the same with
# <code>t - 1</code> for the step before, and <code>per_image(self.betas, t, x_t)</code> for beta. </details>
# <details><summary>Hint 3: the noise</summary> Its spread is the <em>root</em> of the variance. Where the argument noise is
# None, draw it with <code>fresh_noise(x_t, None)</code>. Nothing special is needed at t = 0. </details>

# %% exercise="course_lib.ddpm.DDPM.step" given=["per_image"]
step = LibraryDDPM.step

# %%
DDPM.step = check(step, "DDPM.step")

# %% [markdown]
# ### From noise to a picture
# Everything is there. Start with noise, ask the network a thousand times, take a thousand of your steps. (This cell takes up to
# a minute on two cores.) **Before you look: at which time do you think one can first see what it will be?**

# %%
lesson.draw_ancestral(ddpm)

# %% [markdown]
# Each row is one walk. The class is settled long before a human sees it; signal and noise were equal at t = 259, remember.

# %% [markdown]
# Walk through it yourself, with fifty steps in place of a thousand. Left is where the walk stands, right what the network takes
# for the clean picture. **Which of the two knows first what it will be?**

# %%
from course_lib.lessons.shared.explore_trajectory import explore_trajectory

explore_trajectory("ddpm", num_steps=50)

# %% [markdown]
# ## 8.9 Fewer steps: DDIM
#
# A thousand calls for one picture is a lot. Can we jump back, over many times at once? Song et al. (2021) looked at the jump
# differently: take the predicted clean image, and noise it again to the earlier time, **with the noise the network has
# found** instead of fresh noise.
#
# $$x_{\text{prev}} = \sqrt{\bar\alpha_{\text{prev}}}\; x_0 + \sqrt{1-\bar\alpha_{\text{prev}} - \sigma^2}\; \epsilon + \sigma\;\text{fresh noise}$$
#
# With $\sigma = 0$ nothing is random: the same starting noise gives the same picture. A number eta mixes fresh noise in,
#
# $$\sigma = \text{eta}\;\sqrt{\frac{1-\bar\alpha_{\text{prev}}}{1-\bar\alpha_t}}\;\sqrt{1-\frac{\bar\alpha_t}{\bar\alpha_{\text{prev}}}}$$
#
# and eta = 1 is the ancestral step again.
#
# One care with clipping: if the predicted image was clipped, then the noise the network has found no longer fits it, and DDIM
# would carry the difference along to the end. So `sample` clips first, works out the noise that belongs to the clipped image, and
# hands *that* to your `ddim_step`.
#
# ### Exercise 8.6 · difficulty 3 of 5 · about 12 minutes · roughly 10 lines
# Write `ddim_step`. `t_prev` may be any earlier time; -1 is the clean image.
#
# <details><summary>Hint 1: where to start</summary> It begins as <code>step</code> did: the clean image, clipped if asked for.
# Then alpha-bar at t and at t_prev. </details>
# <details><summary>Hint 2: eta = 0 first</summary> Then it is <code>add_noise</code> at t_prev, with eps for the noise. Check that
# before you add the rest. </details>
# <details><summary>Hint 3: room for the fresh noise</summary> The variance sigma squared is taken away from
# 1 - alpha-bar_prev, <em>under</em> the root in front of eps, so that the total stays right. </details>

# %% exercise="course_lib.ddpm.DDPM.ddim_step"
ddim_step = LibraryDDPM.ddim_step

# %%
DDPM.ddim_step = check(ddim_step, "DDPM.ddim_step")

# %% [markdown]
# ### A problem with a known answer
# Is a sampler bad, or the network? To tell, take data for which the *perfect* network is known: pixels that are normal, with
# mean 0.3 and spread 0.4. Then the best prediction of the noise is a formula, and what goes wrong is the sampler's fault.
#
# Ten steps instead of a thousand. **Whose pictures have a spread nearer to 0.4?**

# %% predict="8.9a" options=["ancestral", "DDIM"] answer="DDIM"
my_prediction = ...

# %%
nearer = lesson.plot_fewer_steps(ddpm)

# %%
verdict(nearer, my_prediction)

# %% [markdown]
# With few steps *both* draw too little spread, even with a perfect network: pictures too close to the average. DDIM loses less.
# The ancestral sampler is a little short even with a thousand steps; its variance is the right one only if the clean image were
# known exactly.
#
# And with the real network?

# %%
lesson.plot_skipping(ddpm)

# %% [markdown]
# Follow one garment from left to right. DDIM starts from the same noise in each block and adds none, so it is the *same* picture,
# more and more precise. The ancestral sampler makes another one each time.
#
# Is the bag of the lower row a good bag? DDIM carries along to the end what a small network got wrong at the start, near t = 999.
# The ancestral sampler's fresh noise covers it up. So the perfect network of the last figure says DDIM, and this one says
# ancestral: lesson 09 has numbers for both.
#
# **Which of the two can you run with 50 model calls and get the same picture tomorrow, without a seed for the steps?**

# %% predict="8.9b" options=["ancestral", "DDIM", "both"] answer="DDIM"
my_prediction = ...

# %%
network = shipped_model("ddpm").model
start = torch.randn(1, 3, 32, 32)
same = {}
for method, name in (("ddpm", "ancestral"), ("ddim", "DDIM")):
    first, second = (ddpm.sample(network, (1, 3, 32, 32), method=method, num_steps=5, noise=start) for _ in range(2))
    same[name] = torch.equal(first, second)
print(same)
verdict(" and ".join(name for name, equal in same.items() if equal), my_prediction)

# %% [markdown]
# ## 8.10 Recap
#
# | what the document says | what you have seen |
# |---|---|
# | "`t=0`: Image is nearly clean" | at t = 0 the noise has 0.01 % of the variance |
# | "`t=999`: Pure Gaussian noise" | nearly: the image is still there with 0.6 % of its strength |
# | "predicted noise (DDPM)" | it is the target of the loss, and with it you know the clean image |
#
# And which of it is yours now:

# %%
from course_lib.lessons.shared.my_parts import my_class

MyDDPM = my_class(LibraryDDPM)

# %% [markdown]
# ## Questions
#
# **1.** Somebody trains with `t` drawn for the whole batch instead of for each image. What changes?
# <details><summary>Answer</summary> The loss is right on average. Each batch says something about one time only, so the gradient
# jumps from batch to batch, and training is slower and less steady. </details>
#
# **2.** Your loss falls to 0.03 and the pictures are noise. Name two mistakes that do this.
# <details><summary>Answer</summary> A sampler that is wrong: an off-by-one time, noise added at t = 0, variance for spread. Or
# sampling in training mode, or with the wrong weights. The loss never runs the sampler, so it cannot tell. </details>
#
# **3.** Why does the ancestral step add noise at all, if the aim is to remove it?
# <details><summary>Answer</summary> x at t - 1 still has noise, and the mean alone would have too little of it: the network would
# see images less noisy than their time says, and everything would drift to the average. </details>
#
# **4.** DDIM draws the same picture from the same noise. What could that be good for, apart from speed?
# <details><summary>Answer</summary> The noise is an address of the picture: one can go half way between two noises and see a
# picture between two pictures; and with eta = 0 the step also runs forwards, from a real picture to its noise. </details>
#
# **5.** What would the loss of the perfect network be for the normal data of 8.9, at t = 0 and at t = 999?
# <details><summary>Answer</summary> The variance of the noise given x_t, alpha-bar s² / (alpha-bar s² + 1 - alpha-bar): nearly 1
# at t = 0, nearly 0 at t = 999. The curve of 8.5 in a formula. </details>
#
# ## Further reading
# - Ho, Jain and Abbeel 2020, *Denoising Diffusion Probabilistic Models*: equations 2 and 4 (the steps and the jump), 6 and 7 (one
#   step back), 14 (the loss), 15 (the clean image), algorithms 1 and 2.
# - Song, Meng and Ermon 2021, *Denoising Diffusion Implicit Models*: equations 12 and 16.
# - Nichol and Dhariwal 2021, *Improved Denoising Diffusion Probabilistic Models*: equation 17, a schedule that fades more evenly.
# - Sohl-Dickstein et al. 2015, *Deep Unsupervised Learning using Nonequilibrium Thermodynamics*: where the idea comes from.
# - Lin et al. 2024, *Common Diffusion Noise Schedules and Sample Steps Are Flawed*: why the trace of the image at t = 999 matters.
#
# **Next:** lesson 09, flow matching. A straight line instead of a schedule, and a velocity instead of noise.
