# %% [markdown]
# # Lesson 09 · Flow matching: a straight way from image to noise
#
# **About 80 minutes.** After this lesson you can
#
# - write flow matching's path, its velocity and its loss from memory,
# - walk back from noise with Euler's and with Heun's method, and measure their order,
# - explain why the sampler's trajectories are curved although every path in training is straight,
# - use a model whose time runs the other way, and notice a flipped sign,
# - say how DDPM and flow matching compare, from measurements: quality against model calls.
#
# You need the whole network (lesson 07) and DDPM (lesson 08). A GPU helps with the training cell and is not needed: the
# longest cell takes one to three minutes on two cores.

# %%
you_are_here("09")

# %% [markdown]
# The network stays what it is. What changes is the question it is asked. DDPM asks: *which noise is in this image?* Flow
# matching asks: *which way, and how fast?* The document says so in one line about the output: *"Flow Matching: velocity v"*.
#
# You will write six short pieces. Three of them belong to one class. It begins as the library's, and each of your methods
# takes its place in it once it has passed.

# %%
from course_lib import FlowMatching as LibraryFlowMatching


class FlowMatching(LibraryFlowMatching):
    """Yours: it begins as the library's, and every exercise below puts one of your methods into it."""


# %% [markdown]
# ## 9.1 The straight line
#
# In lesson 08 the image faded by a schedule: a thousand variances, multiplied up, with square roots at the end. Here is
# another way to get from an image to noise. Draw a straight line.
#
# $$x_t = (1 - t)\,x_0 + t\,\epsilon, \qquad 0 \le t \le 1$$
#
# `x_0` is the clean image, `epsilon` is noise. Time is a number from 0 to 1, no longer a whole number from 0 to 999. There
# is no schedule.
#
# **Half way, at t = 0.5, half of the image is left. How much of it is left half way along DDPM's path?**

# %% predict="9.1" options=["more than half", "about half", "less than a third"] answer="less than a third"
my_prediction = ...

# %% [markdown]
# Write the line down before we look.
#
# ### Exercise 9.1 · difficulty 1 of 5 · about 5 minutes · roughly 2 lines
# Write `FlowMatching.interpolate`, shown here as a function by itself, with `self`.
#
# | | shape |
# |---|---|
# | `clean`, `noise` | `(B, C, H, W)` |
# | `t` | `(B,)`, one time for each image |
# | returned | `(B, C, H, W)` |
#
# <details><summary>Hint 1: where to start</summary> The formula is one line of code. What stands in its way is the shape of
# <code>t</code>. </details>
# <details><summary>Hint 2: the shape of t</summary> torch lines shapes up from the right. <code>(B,)</code> would meet the
# width. It needs three axes of length one behind it. </details>
# <details><summary>Hint 3: nearly there</summary> <code>t[:, None, None, None]</code>, or
# <code>t.reshape(-1, 1, 1, 1)</code>; then <code>(1 - t) * clean + t * noise</code>. </details>

# %% exercise="course_lib.flow_matching.FlowMatching.interpolate"
interpolate = LibraryFlowMatching.interpolate

# %%
FlowMatching.interpolate = check(interpolate, "FlowMatching.interpolate")

# %%
half_way = lesson.plot_two_paths(FlowMatching())

# %%
verdict(
    "less than a third" if half_way < 1 / 3 else "about half" if half_way < 0.6 else "more than half", my_prediction
)

# %% [markdown]
# DDPM's middle is already dark. Its second half is spent on pictures in which little can be seen. The straight line fades
# evenly, and both ends are exact: at `t = 1` there is *nothing* left of the image.

# %% [markdown]
# Compare at any time you like, with the same picture and the same noise. The straight line is *your* `interpolate`.

# %%
from course_lib.lessons.shared.explore_noising import explore_noising

explore_noising(t=500, flow=FlowMatching())

# %% [markdown]
# ## 9.2 The velocity
#
# Walk along the line. How fast does each pixel change as `t` grows? That is the derivative of `x_t` with respect to `t`, and
# it is what the network will learn.
#
# **Does the velocity depend on where on the line you are?**

# %% predict="9.2" options=["yes, it grows with t", "no, it is the same at every t"] answer="no, it is the same at every t"
my_prediction = ...

# %% [markdown]
# ### Exercise 9.2 · difficulty 1 of 5 · about 4 minutes · roughly 1 line
# Write `FlowMatching.velocity`. Mind the sign: time grows towards the noise.
#
# <details><summary>Hint 1: where to start</summary> Take the derivative of <code>(1 - t) * clean + t * noise</code> with
# respect to t, term by term. </details>
# <details><summary>Hint 2: another way</summary> At constant speed, the velocity is the way divided by the time. The way leads
# from clean to noise, and takes one unit of time. </details>
# <details><summary>Hint 3: nearly there</summary> Where the line ends, less where it begins. It ends in the noise.
# </details>

# %% exercise="course_lib.flow_matching.FlowMatching.velocity"
velocity = LibraryFlowMatching.velocity

# %%
FlowMatching.velocity = check(velocity, "FlowMatching.velocity")

# %% [markdown]
# Do both methods belong together? A derivative can be tested without any thinking: go a little further, and divide.

# %%
flow = FlowMatching()
clean, noise = torch.randn(2, 3, 8, 8), torch.randn(2, 3, 8, 8)
changes = []
for time in (0.1, 0.9):
    later, earlier = (flow.interpolate(clean, torch.full((2,), time + h), noise) for h in (0.01, -0.01))
    changes.append((later - earlier) / 0.02)

agree = all(torch.allclose(change, flow.velocity(clean, noise), atol=1e-3) for change in changes)
print("the velocity is the derivative of the path:", agree)
verdict(
    "no, it is the same at every t" if torch.allclose(*changes, atol=1e-3) else "yes, it grows with t", my_prediction
)

# %% [markdown]
# A straight line has one slope. That makes flow matching so short. There is no table of alphas to look up.

# %% [markdown]
# ## 9.3 The loss
#
# Training is four lines, as with DDPM:
#
# 1. a random time and fresh noise for every image,
# 2. walk to `x_t`,
# 3. ask the network for the velocity at `x_t`,
# 4. mean squared error against the true one.
#
# One detail decides whether the network can tell the times apart: it sees `1000 * t`. Section 9.7 shows why.
#
# **A network that always says 0: what is its loss?** With DDPM it was 1, the variance of the noise. Pixels here lie between
# -1 and 1, and clothes on black have a mean square of about 0.75.

# %% predict="9.3" options=["0.75", "1", "1.75", "2"] answer="1.75"
my_prediction = ...

# %% [markdown]
# ### Exercise 9.3 · difficulty 3 of 5 · about 10 minutes · roughly 7 lines
# Write `FlowMatching.loss`. The comments are your steps.
#
# | | what it is |
# |---|---|
# | `self.sample_times(B, generator)` | `(B,)` times from 0 to 1; drawn as the class was told to |
# | `fresh_noise(images, generator)` | noise shaped like the images |
# | `TIME_SCALE` | 1000 |
#
# <details><summary>Hint 1: where to start</summary> Two <code>if</code>s: draw what was not given. Times first, then noise, both
# from the generator. </details>
# <details><summary>Hint 2: the middle</summary> Your own two methods do the rest:
# <code>self.interpolate(images, t, noise)</code> for the point, <code>self.velocity(images, noise)</code> for the target.
# </details>
# <details><summary>Hint 3: nearly there</summary> The model is called once, <code>model(x_t, TIME_SCALE * t, labels)</code>;
# <code>F.mse_loss</code> takes the mean over everything. </details>

# %% exercise="course_lib.flow_matching.FlowMatching.loss"
loss = LibraryFlowMatching.loss

# %%
FlowMatching.loss = check(loss, "FlowMatching.loss")

# %%
from course_lib.data import load_dataset

flow = FlowMatching()
images, labels = load_dataset("fashion-mnist").batch(torch.arange(500))
says_zero = flow.loss(
    lambda x, t, labels: torch.zeros_like(x), images, generator=torch.Generator().manual_seed(0)
).item()

print(f"mean square of the pixels {images.square().mean():.2f}, loss of a network that says zero {says_zero:.2f}")
verdict(min(["0.75", "1", "1.75", "2"], key=lambda guess: abs(float(guess) - says_zero)), my_prediction)

# %% [markdown]
# The target is `noise - clean`. Noise contributes 1, the image its mean square, and the two do not know of each other.
# Remember this number: a loss curve of flow matching starts near it.
#
# **In your own words:** will the loss reach 0 if the network is large enough?
# <details><summary>One answer</summary> No. At <code>x_t</code> the network cannot know which image and which noise led there.
# Many pairs lead to the same point. The best answer is their mean, and the spread around it stays as loss. </details>

# %% [markdown]
# ## 9.4 Walking back: Euler's method
#
# Suppose we know the velocity everywhere. Start in pure noise at `t = 1`. Ask for the velocity, follow it for a short time,
# ask again. That is Euler's method (1768). It is the whole sampler:


# %%
def walk_back(velocity_at, x, num_steps, step):
    """From noise at t = 1 back to t = 0, in equal steps."""
    for i in range(num_steps):
        t, t_next = 1 - i / num_steps, 1 - (i + 1) / num_steps
        v = velocity_at(x, t)  # one model call
        x = step(velocity_at, x, t, t_next, v)
    return x


# %% [markdown]
# ### Exercise 9.4 · difficulty 1 of 5 · about 4 minutes · roughly 1 line
# Write `euler_step`. `v`, the velocity at the start, has been computed already. `velocity_at` stands there because other
# methods need it; this one does not.
#
# <details><summary>Hint 1: where to start</summary> Velocity times time is a distance. Which time passes? </details>
# <details><summary>Hint 2: the sign</summary> On the way back <code>t_next</code> is smaller than <code>t</code>. So
# <code>t_next - t</code> is negative, and that is what turns the velocity round. No other minus sign is needed. </details>
# <details><summary>Hint 3: nearly there</summary> <code>x</code> plus the time that passes times <code>v</code>. </details>

# %% exercise="course_lib.flow_matching.euler_step"
from course_lib.flow_matching import euler_step

# %%
euler_step = check(euler_step)

# %% [markdown]
# Try it where the answer is known: data that follow a normal distribution with mean 0.3 and standard deviation 0.25. For
# those the best possible velocity is a formula (you find it in `lesson.gaussian_velocity`). 10,000 numbers of noise, walked
# back in 50 steps:

# %%
noise = torch.randn(10_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
samples = walk_back(lesson.gaussian_velocity, noise, 50, euler_step)
print(f"noise:   mean {noise.mean():+.3f}, standard deviation {noise.std():.3f}")
print(f"samples: mean {samples.mean():+.3f}, standard deviation {samples.std():.3f}   (wanted: +0.300, 0.250)")

# %% [markdown]
# Noise has become data, and nothing random happened on the way. The mean is right to the last digit shown that the noise
# allows; the standard deviation is a little off. Section 9.6 is about that little.

# %% [markdown]
# ## 9.5 Straight paths, curved trajectories
#
# If every line is straight, why take 50 steps? One Euler step follows a straight line without any error.
#
# To see what happens, shrink the images to a single pixel, and let the data be two points: -1 and 1. In training, each line
# leads from some noise to one of the two, at random. Such lines cross. **Can the trajectories of the sampler cross, too?**

# %% predict="9.5a" options=["yes, they follow the lines", "no, never"] answer="no, never"
my_prediction = ...

# %%
lines_cross, trajectories_cross = lesson.plot_crossing()

# %%
verdict("no, never" if trajectories_cross == 0 else "yes, they follow the lines", my_prediction)

# %% [markdown]
# Where two lines cross, both have the same `x` and the same `t`. The network sees nothing else, so it gives **one** answer
# there. The squared error makes that answer the *mean* of the velocities of all lines through this point. So:
#
# - at one point there is one velocity, and trajectories cannot cross,
# - a trajectory follows a mean whose mixture changes on the way: it bends.
#
# The paths in training are straight *given the pair*. The trajectories of the sampler are curved, because it does not know
# the pair.
#
# ### What one single step draws
# At `t = 1` there is nothing of the image in `x`. Every image of the class is equally likely. The mean velocity is then
# `x` minus the mean image. **So what does a single Euler step from pure noise draw, with a trained network?**

# %% predict="9.5b" options=["a sharp picture", "the mean of the class", "noise"] answer="the mean of the class"
my_prediction = ...

# %%
from course_lib.lessons.shared.shipped import shipped_model

correlation = lesson.plot_one_step(shipped_model("flow"))

# %%
verdict("the mean of the class" if correlation > 0.8 else "something else", my_prediction)

# %% [markdown]
# Typical outlines, no details. The network has never been shown a mean image. It came near it by minimising a squared
# error. With the *perfect* velocity the first two rows would be equal, and equal to the third: what differs is the error of
# this small network. Every sampler of this kind starts out towards the mean, and decides on the way which image it becomes.

# %% [markdown]
# Twenty steps, one at a time. Watch the pictures on the right: the mean at first, then a decision.

# %%
from course_lib.lessons.shared.explore_trajectory import explore_trajectory

explore_trajectory("flow", num_steps=20)

# %% [markdown]
# ## 9.6 Heun's method
#
# Euler looks at the velocity where a step begins and trusts it until the end. Where the trajectory bends, that is wrong in
# the same direction, step after step. Heun's method tries the step first, looks at the velocity there too, and takes the
# mean:
#
# $$x_{try} = x + h\,v(x, t), \qquad x_{next} = x + h\,\frac{v(x, t) + v(x_{try},\, t + h)}{2}$$
#
# with `h = t_next - t`. It costs two model calls a step.
#
# ### Exercise 9.5 · difficulty 2 of 5 · about 6 minutes · roughly 3 lines
# Write `heun_step`. Use `v`, and call `velocity_at(x, t)` once.
#
# <details><summary>Hint 1: where to start</summary> The first line is an Euler step. Give its result a name of its own, because you
# still need x. </details>
# <details><summary>Hint 2: the second velocity</summary> Two things change: the place <em>and</em> the time. It is
# <code>t_next</code> where the trial arrives. </details>
# <details><summary>Hint 3: nearly there</summary> Start from <code>x</code> again, with <code>(v + v_end) / 2</code> in place of
# <code>v</code>. </details>

# %% exercise="course_lib.flow_matching.heun_step"
from course_lib.flow_matching import heun_step

# %%
heun_step = check(heun_step)

# %% [markdown]
# ### Measuring the order
# A method has **order** p if twice as many steps divide the error by about `2 ** p`. We can measure that without any luck
# involved. On the Gaussian problem the sampler is an affine map, `a + b x`. Run it on `x = 0` and on `x = 1`, and you know the
# mean `a` and the standard deviation `|b|` of its samples exactly. No random numbers.
#
# **Twice as many steps with Heun: what happens to the error?**

# %% predict="9.6" options=["divided by 2", "divided by 4", "divided by 8"] answer="divided by 4"
my_prediction = ...

# %%
errors = lesson.plot_orders(walk_back, {"euler": euler_step, "heun": heun_step}, {"euler": 1, "heun": 2})

# %%
ratio = errors["heun"][80] / errors["heun"][160]
closest = min([2, 4, 8], key=lambda factor: abs(factor - ratio))
verdict(f"divided by {closest}", my_prediction)

mean, _ = lesson.mean_and_spread(walk_back, euler_step, 1)
print(f"the mean after a single Euler step: {mean:.10f}")

# %% [markdown]
# Two things to take away.
#
# - Euler is of order 1, Heun of order 2. A step of Heun costs two calls. Compare 10 steps of Euler with 5 of Heun in the
#   table: on this problem it pays off at once. An order is a promise for *small* steps only: from 5 to 10 steps, Heun gains
#   less than the factor 4.
# - The **mean** is exact after one step. The mean of all samples does move in a straight line. What bends is the rest.
#
# An order is a statement about the solver, for a velocity that is known exactly. A trained network has errors of its own,
# and no solver takes those away. We come back to that in 9.10.

# %% [markdown]
# ## 9.7 Why the model sees 1000 t
#
# Our times lie between 0 and 1. The time embedding of lesson 01 was made for 0 to 1000: its fastest frequency is 1 radian
# for each unit of t, and all others are slower. **Feed it with t between 0 and 1: how many of its 256 numbers vary
# noticeably?** (We count a standard deviation above 0.05 over the whole way.)

# %% predict="9.7" options=["all 256", "about 225", "about 130", "about 30"] answer="about 30"
my_prediction = ...

# %%
unscaled, scaled = lesson.plot_embeddings()

# %%
closest = min([256, 225, 130, 30], key=lambda number: abs(number - unscaled))
verdict("all 256" if closest == 256 else f"about {closest}", my_prediction)

# %% tags=["nbval-check-output"]
print(f"fed with t: {unscaled} of 256 numbers vary; fed with 1000 t: {scaled}")

# %% [markdown]
# Nothing would crash without the factor. The network would try to read the time off a few numbers that hardly move. With
# `1000 * t` both methods use the embedding over the same range, and the network is the same for both.

# %% [markdown]
# ## 9.8 The other direction
#
# Here, as in DDPM, `t = 0` is the image. Many papers on flow matching count the other way. This is the most common reason why
# a downloaded model draws noise.
#
# | | here (and Esser et al. 2024) | Lipman et al. 2023, Liu et al. 2023 |
# |---|---|---|
# | the image is at | `t = 0` | `s = 1` |
# | noise is at | `t = 1` | `s = 0` |
# | the path | `(1 - t) * clean + t * noise` | `s * clean + (1 - s) * noise` |
# | the velocity | `noise - clean` | `clean - noise` |
# | the model sees | `1000 * t` | here: `s` |
#
# The points of the path are the same. Two things differ: what the clock shows, and which way the arrow points.
#
# **You take their model and convert the time, and forget the sign. What does our sampler draw?**

# %% predict="9.8" options=["negatives of clothes", "clothes, mirrored", "no clothes at all"] answer="no clothes at all"
my_prediction = ...

# %% [markdown]
# ### Exercise 9.6 · difficulty 2 of 5 · about 6 minutes · roughly 3 lines
# Write `from_other_direction`. It gets a model of the papers, `other(x, s, labels)`, and returns a function
# `model(x, t, labels)` that can be used here like any other. What comes in as `t` is `1000 t`, from 0 to 1000.
#
# <details><summary>Hint 1: where to start</summary> A function inside a function: <code>def model(x, t, labels=None):</code>,
# and at the end <code>return model</code>, without brackets behind it. </details>
# <details><summary>Hint 2: the clock</summary> Divide by <code>TIME_SCALE</code> first. Then turn the clock round: where ours shows
# 0, theirs shows 1. </details>
# <details><summary>Hint 3: the arrow</summary> Ask <code>other</code> at the same x, at s, with the labels. Their answer points to
# the image; ours points away from it: a minus sign. </details>

# %% exercise="course_lib.flow_matching.from_other_direction"
from course_lib.flow_matching import from_other_direction

# %%
from_other_direction = check(from_other_direction)

# %% [markdown]
# A test with pictures. `theirs` is our trained network, wrapped so that it looks like one from those papers. Our sampler then
# gets it in four ways: turned by your function, and with one or both halves of the conversion forgotten.

# %%
theirs = lesson.model_of_the_papers(shipped_model("flow").model)
size_without_sign = lesson.plot_directions(theirs, from_other_direction)

# %%
verdict("no clothes at all" if size_without_sign > 1.2 else "negatives of clothes", my_prediction)

# %% [markdown]
# With the wrong sign the sampler walks *away* from the images, and the further it gets the larger the numbers become. That is
# a useful symptom. If your samples are noise with pixels far larger than 1, suspect the sign. If the pixels have a usual size
# and the pictures are fragments, put together wrongly, suspect the clock.
#
# And a test without pictures, for your own projects: on the Gaussian problem a flipped sign cannot hide.

# %% tags=["nbval-check-output"]
for name, sign in {"right sign": 1, "flipped sign": -1}.items():
    mean, spread = lesson.mean_and_spread(
        lambda v, x, n, step, sign=sign: walk_back(lambda x, t: sign * v(x, t), x, n, step), heun_step, 100
    )
    print(f"{name:14} mean {mean:6.2f}, standard deviation {spread:6.2f}   (wanted: 0.30, 0.25)")

# %% [markdown]
# ## 9.9 Train it
#
# Your class is complete. The network is the one from lesson 07, from your own parts where they passed. First, what to expect:
# this is how the same run went for us, with three seeds.

# %%
from course_lib.lessons.shared.expectations import expectation_strip

expectation_strip("flow")

# %% [markdown]
# **Where will the loss of your run end?** Remember where it starts, and that it cannot reach 0.

# %% predict="9.9" options=["below 0.1", "0.1 to 0.4", "0.4 to 1"] answer="0.1 to 0.4"
my_prediction = ...

# %% [markdown]
# The next cell first asks whether the run can come to a good end at all, then says how long it will take here. If your kernel
# is restarted meanwhile, run the cell again: it goes on where it stopped.

# %%
from course_lib.lessons.shared.my_parts import my_network
from course_lib.lessons.shared.training import lesson_config, train_here

config = lesson_config("flow")
trained = train_here(config, "flow", make_model=my_network(), process=FlowMatching(config.time_sampling))

# %%
expectation_strip("flow", mine="flow")
last_loss = lesson.last_loss("flow")
verdict("below 0.1" if last_loss < 0.1 else "0.1 to 0.4" if last_loss < 0.4 else "0.4 to 1", my_prediction)

# %%
lesson.show_pictures(trained, "two pictures of each class from the network you have trained, 20 Euler steps")

# %% [markdown]
# Now look closely. Which classes are good already, and which are not? A loss that hardly falls any more does not mean that
# the pictures have stopped getting better: see the strip. This is what more of the same training makes of it, from the network
# that came with the course:

# %%
lesson.show_pictures(shipped_model("flow"), "the same classes from the network that came with the course")

# %% [markdown]
# ## 9.10 Side by side
#
# Two networks came with the course: the same architecture, the same data, the same number of steps. One learned noise, one
# learned velocity. Which is better depends on what you may spend when you draw. The unit of spending is the **model call**:
# how often the network looks at each picture.
#
# The judge (lesson 11 takes it apart) is a classifier. *Class accuracy*: how often it recognises what was asked for.
# *Fréchet distance*: how far the samples are from real images as a crowd; lower is better.
#
# **Flow matching with 20 calls, against DDPM's own sampler with all 1,000: which has the smaller distance?**

# %% predict="9.10" options=["flow matching, 20 calls", "DDPM, 1000 calls"] answer="DDPM, 1000 calls"
my_prediction = ...

# %%
ddpm_1000, flow_20 = lesson.thousand_calls()
verdict("flow matching, 20 calls" if flow_20 <= ddpm_1000 else "DDPM, 1000 calls", my_prediction)

# %% [markdown]
# Fifty times the calls do buy something. The two samplers differ in one more thing than their number of steps: an ancestral step
# adds fresh noise, and what the network got wrong before is noised over and looked at again. Euler's method carries its
# errors along to the end.
#
# And the whole picture. Every point is a thousand drawn images (500 where it took 1,000 calls each), made by
# `python -m course_lib.lessons.lesson09.measure_side_by_side`.

# %%
lesson.plot_side_by_side()

# %% [markdown]
# Read it in this order:
#
# - **Few calls, at the left.** There the solver's error rules. Which curve comes down first?
# - **Many calls, at the right.** Flow matching's curve becomes level. More steps no longer help, because what is left is the
#   network's own error, which an exact walk along its velocities keeps. The ancestral curve goes on falling. From how many calls on
#   is it the lowest? Compare with the grey line of real images.
# - **Euler against Heun at the same number of calls.** The order you measured is a promise for small steps and an exact
#   velocity. Does it hold here?
# - **The bars.** Two points whose bars overlap are not different. With one seed and no bar, be careful with small gaps.
#
# Guidance (lesson 10) asks the network twice in each step. Is that a better way to spend calls than more steps?

# %%
lesson.print_guided()

# %% [markdown]
# Ten guided steps cost 20 calls as well. On their first 500 pictures flow matching has 0.34 with them: less than DDPM's 0.42 with
# 1,000 calls. The missing quality was not in more steps. It was in the question.

# %% [markdown]
# **In your own words:** these are two runs of a small network on one data set. What would you have to repeat before you say
# "flow matching is better than DDPM"?
# <details><summary>One answer</summary> The training, with other seeds: here only the sampling has been repeated, so the bars say
# nothing about luck in training. Then other data, other sizes, each method with its own best settings (schedule, time
# sampling, learning rate). What can be said from this table is what these two networks do. </details>

# %% [markdown]
# ## Recap
#
# | claim | where you measured it |
# |---|---|
# | the document: the output is *"predicted noise (DDPM) or velocity (Flow Matching)"* | 9.3: one network, another target |
# | the velocity is the derivative of the path, the same at every t | 9.2 |
# | a network that says zero has the loss 1 + mean(x²) | 9.3 |
# | paths are straight, trajectories are not, and never cross | 9.5 |
# | one step draws the mean of the class | 9.5 |
# | Euler is of order 1, Heun of order 2 | 9.6 |
# | unscaled, 33 of 256 numbers of the embedding vary | 9.7 |
# | a flipped sign makes samples that grow | 9.8 |
# | quality against model calls, both methods | 9.10 |
#
# ## Questions
#
# **1.** Given `x_t`, `t` and the network's velocity `v`, what is the clean image it believes in?
# <details><summary>Answer</summary> <code>x_t - t * v</code>: follow the velocity to t = 0. And the noise it believes in is
# <code>x_t + (1 - t) * v</code>. </details>
#
# **2.** Why is the last Euler step, to `t = 0`, not dangerous here, while DDPM treats its last step in a special way?
# <details><summary>Answer</summary> The velocity is finite at every t, and no noise is added in any step. DDPM's ancestral step adds
# noise, except in the last one. </details>
#
# **3.** A friend trains with the target `clean - noise` and samples with `x - (t_next - t) * v`. Does it work?
# <details><summary>Answer</summary> Yes. Two flipped signs cancel: it is a convention of its own. It stops working when somebody uses
# only one half of it. </details>
#
# **4.** Is it useful to make the *trajectories* straighter, and how could one?
# <details><summary>Answer</summary> Yes: straight trajectories need fewer steps. One can train again on pairs of noise and what the
# trained sampler makes of it (Liu et al. call it reflow), or choose pairs that cross less (minibatch optimal transport).
# </details>
#
# **5.** Heun with 10 steps or Euler with 20: which one costs more?
# <details><summary>Answer</summary> The same, 20 model calls. That is why the figure in 9.10 counts calls and not steps. </details>
#
# ## Further reading
# - Lipman, Chen, Ben-Hamu, Nickel, Le 2023, *Flow Matching for Generative Modeling*: equations 22 and 23 for path and
#   target; section 3 for why the mean velocity is what one wants.
# - Liu, Gong, Liu 2023, *Flow Straight and Fast*: equation 1 for the loss, section 2 for crossing lines and reflow.
# - Albergo, Vanden-Eijnden 2023, *Building Normalizing Flows with Stochastic Interpolants*: section 2, paths of any
#   shape.
# - Karras, Aittala, Aila, Laine 2022, *Elucidating the Design Space of Diffusion-Based Generative Models*: algorithm 1, Heun's
#   method, and why trajectories bend.
# - Esser et al. 2024, *Scaling Rectified Flow Transformers*: section 3.1, which times to train on; our direction of time.
#
# **Next:** lesson 10. How to make the network listen more closely to the class, why its average draws better than itself,
# and how few steps are enough.
