# %% [markdown]
# # Lesson 11 · Evaluation and ablations: is it any good, and which part makes it so?
#
# **About 80 minutes.** After this lesson you can
#
# - measure whether a model draws what it was asked for, and whether it draws more than one of each,
# - compute a Fréchet distance from means and covariances, with a matrix square root of your own,
# - say how many samples such a number needs, and why it is never quite fair,
# - fool it, in four ways, and name the figure that notices,
# - read an ablation table: what each part of the network is worth, and which differences are chance.
#
# You need lesson 09 (or 08) for what the models are, and a little linear algebra: eigenvalues of a symmetric matrix.

# %%
you_are_here("11")

# %% [markdown]
# ## 11.1 Is it what I asked for?
#
# Looking at pictures is the first test, and you should always do it. It is also slow, and easily fooled by the one good
# picture among fifty. So let us hire a judge: a small classifier that was trained on 60,000 real images. It comes with the
# course.
#
# Before it may judge drawings, it has to show what it can do on *real* images that it never saw. **How many of 10,000 real
# images will it get right?**

# %% predict="11.1" options=["all of them", "about 93 %", "about 75 %"] answer="about 93 %"
my_prediction = ...

# %%
from course_lib.data import load_dataset

class_names = load_dataset("fashion-mnist").class_names
classifier, real = lesson.meet_the_judge()
held_out, rest = lesson.held_out(real)
print(f"{len(real):,} real images; {real.features.shape[1]} features each")

# %% [markdown]
# ### Exercise 11.1 · difficulty 1 of 5 · about 3 minutes · roughly 2 lines
# Write `class_accuracy`: the share of images that are taken for the class they were drawn as.
#
# <details><summary>Hint 1: where to start</summary> Compare the two tensors with <code>==</code>. What comes out, and what is
# its type? </details>
# <details><summary>Hint 2: the mean</summary> The mean of yes and no is the share of yes. torch takes means of numbers only.
# </details>
# <details><summary>Hint 3: nearly there</summary> <code>.double()</code> turns True into 1.0. At the end,
# <code>.item()</code> makes a Python number of a tensor with one element. </details>

# %% exercise="course_lib.evaluation.metrics.class_accuracy"
from course_lib.evaluation.metrics import class_accuracy

# %%
class_accuracy = check(class_accuracy)

# %%
judge_accuracy = class_accuracy(real.predicted, real.labels)
print(f"the judge is right about {judge_accuracy:.1%} of the real images")
choices = {"all of them": 1.0, "about 93 %": 0.93, "about 75 %": 0.75}
verdict(min(choices, key=lambda choice: abs(choices[choice] - judge_accuracy)), my_prediction)

# %% [markdown]
# What does it get wrong? Have a look, and decide for yourself whose fault it is.

# %%
lesson.plot_mistakes(real, class_names)

# %% [markdown]
# So real images score about 93 %, not 100 %. That is the mark to compare with. A model that scores *more* than real images
# is not better than reality. It avoids the doubtful cases: shirts that could be coats.
#
# **In your own words:** what would a model look like that scores 100 %?
# <details><summary>One answer</summary> It draws what the judge is surest of. Ten pictures are enough for that, one for each
# class, and the next section builds this model. </details>

# %% [markdown]
# ## 11.2 Ten pictures, over and over
#
# Our cheat needs no training. For every class it keeps the real image the judge is surest of, and whenever you ask for that
# class, it hands out that one.

# %%
certainty = classifier.classify(rest.features).softmax(dim=1).detach()
surest = torch.stack([(certainty[:, k] * (rest.labels == k)).argmax() for k in range(10)])
asked_for = torch.arange(len(held_out)) % 10
cheat = rest[surest[asked_for]]

print(f"real images  {class_accuracy(held_out.predicted, held_out.labels):6.1%}")
print(f"the cheat    {class_accuracy(cheat.predicted, asked_for):6.1%}")

# %% [markdown]
# Class accuracy cannot see it. What does the cheat lack? Its shirts are all the *same* shirt. We need a figure for how unlike
# two images of one class are.
#
# Take two different images of a class and measure the squared distance of their features. Average over all pairs. There is
# a shortcut: for independent draws, the mean squared distance of two of them is **twice the variance**.
#
# **Ten images of one class: how many pairs does the shortcut spare you?**

# %% predict="11.2" options=[10, 45, 100] answer=45
my_prediction = ...

# %%
ten = real.features[real.labels == 0][:10].double()
pairs = [(one - other).square().sum() for i, one in enumerate(ten) for other in ten[:i]]
verdict(len(pairs), my_prediction)
print(f"mean over the pairs  {torch.stack(pairs).mean():.6f}")
print(f"twice the variance   {2 * ten.var(dim=0).sum():.6f}")

# %% [markdown]
# The same to the last digit, if the variance divides by N - 1, as torch's `var` does. With N, the ten "pairs" of an image
# with itself would be counted in, each with distance zero.
#
# ### Exercise 11.2 · difficulty 2 of 5 · about 6 minutes · roughly 3 lines
# Write `diversity`: that number for each class, averaged over the classes. Every class counts alike. A class with a
# single image is left out.
#
# <details><summary>Hint 1: where to start</summary> <code>labels.unique()</code> gives the classes that occur;
# <code>features[labels == label]</code> the rows of one. </details>
# <details><summary>Hint 2: the spread of one class</summary> <code>images.var(dim=0)</code> is one variance for each feature.
# A squared distance adds up over the features. </details>
# <details><summary>Hint 3: nearly there</summary> A list comprehension with <code>if len(images) > 1</code> at its end, then
# <code>torch.stack(...).mean().item()</code>. </details>

# %% exercise="course_lib.evaluation.metrics.diversity"
from course_lib.evaluation.metrics import diversity

# %%
diversity = check(diversity)

# %%
real_diversity = diversity(real.features, real.labels)
for name, made, labels in [("real images", held_out, held_out.labels), ("the cheat", cheat, asked_for)]:
    accuracy, share = class_accuracy(made.predicted, labels), diversity(made.features, labels) / real_diversity
    print(f"{name:12} accuracy {accuracy:6.1%}   diversity {share:.2f} of real images'")

# %% [markdown]
# Accuracy without diversity is the oldest trick of generative models; it is called *mode collapse*. Guidance (lesson 10)
# pushes towards it: the higher the scale, the surer the judge, and the more alike the pictures. So never report one figure
# without the other.

# %% [markdown]
# ## 11.3 One number for both: the Fréchet distance
#
# Instead of asking picture by picture, compare the two *sets*. Take one feature only, for a start. Real images give it a bell
# curve with mean $m_1$ and standard deviation $s_1$, drawings one with $m_2$ and $s_2$. How far apart are the curves?
#
# $$d^2 = (m_1 - m_2)^2 + (s_1 - s_2)^2$$
#
# This is how far you must move the numbers of one curve to make the other, squared and averaged, if you move them as
# cleverly as possible.

# %%
lesson.plot_one_dimension()

# %% [markdown]
# (What is reported as "Fréchet distance" is this *squared* distance. So do we.)
#
# Wrong place and wrong spread both count. A model that collapses has $s_2$ too small. Noisy pictures often have it too large.
#
# Now 64 features. They have 64 means, and they hang together: where "has sleeves" is large, "has a heel" is small. That is what
# a covariance holds.
#
# | | shape | for our judge |
# |---|---|---|
# | features | `(N, D)` | `(1000, 64)` |
# | mean | `(D,)` | `(64,)` |
# | covariance | `(D, D)` | `(64, 64)` |
#
# The covariance of features i and j: take the mean off both, multiply, average over the images, with N - 1.
#
# ### Exercise 11.3 · difficulty 2 of 5 · about 6 minutes · roughly 4 lines
# Write `feature_statistics`.
#
# <details><summary>Hint 1: where to start</summary> The images are the first axis. Everything is averaged over them.
# </details>
# <details><summary>Hint 2: all pairs at once</summary> With the mean taken off, <code>distance</code> is (N, D). Which matrix
# product of it with itself is (D, D)? </details>
# <details><summary>Hint 3: nearly there</summary> <code>distance.T @ distance</code> adds up over the images; divide by
# <code>len(features) - 1</code>. </details>

# %% exercise="course_lib.evaluation.metrics.feature_statistics"
from course_lib.evaluation.metrics import feature_statistics

# %%
feature_statistics = check(feature_statistics)

# %% tags=["nbval-check-output"]
mean, cov = feature_statistics(rest.features)
print("mean", tuple(mean.shape), " covariance", tuple(cov.shape), " symmetric:", torch.allclose(cov, cov.T))

# %% [markdown]
# That is *all* a Fréchet distance will ever see: 64 means, and 64 x 64 covariances. However many images you had, and whatever
# was in them. Keep that in mind for section 11.6.

# %% [markdown]
# ## 11.4 The root of a matrix
#
# In one dimension the spreads contribute $(s_1 - s_2)^2 = s_1^2 + s_2^2 - 2 s_1 s_2$. With covariances $C_1$, $C_2$ in
# place of $s_1^2$, $s_2^2$, the same line reads
#
# $$d^2 = |m_1 - m_2|^2 + \text{tr}\,C_1 + \text{tr}\,C_2 - 2\,\text{tr}\sqrt{C_1 C_2}$$
#
# where tr, the trace, adds up the diagonal. The new thing is $\sqrt{\;}$ of a matrix: the matrix that, **multiplied by itself**,
# gives it back. **Is that the same as the root of each number?** Try it on a small one:

# %% predict="11.4" options=["yes", "no"] answer="no"
my_prediction = ...

# %%
small = torch.tensor([[5.0, 4.0], [4.0, 5.0]])
print(small.sqrt() @ small.sqrt())
verdict("yes" if torch.allclose(small.sqrt() @ small.sqrt(), small) else "no", my_prediction)

# %% [markdown]
# Not even close off the diagonal. The way that works: a symmetric matrix stretches space along axes at right angles, its
# eigenvectors, each by a factor, its eigenvalue. The root stretches along the same axes, by the *roots* of the factors. For this
# one the factors are 9 and 1, so the root has 3 and 1:

# %%
print(torch.linalg.eigvalsh(small))
root_by_hand = torch.tensor([[2.0, 1.0], [1.0, 2.0]])  # factors 3 and 1, the same axes
print(root_by_hand @ root_by_hand)

# %% [markdown]
# ### Exercise 11.4 · difficulty 3 of 5 · about 8 minutes · roughly 3 lines
# Write `matrix_square_root` for a symmetric matrix without negative eigenvalues. Every covariance is one.
#
# <details><summary>Hint 1: where to start</summary> <code>torch.linalg.eigh</code> gives eigenvalues and eigenvectors, the
# eigenvectors as columns. Then <code>vectors @ torch.diag(values) @ vectors.T</code> is the matrix itself. </details>
# <details><summary>Hint 2: zero</summary> With fewer images than features some eigenvalues are zero, and rounding makes
# some of those -1e-17. What is the root of that? </details>
# <details><summary>Hint 3: nearly there</summary> <code>values.clamp(min=0).sqrt()</code>, put in the place of
# <code>values</code> in hint 1. </details>

# %% exercise="course_lib.evaluation.metrics.matrix_square_root"
from course_lib.evaluation.metrics import matrix_square_root

# %%
matrix_square_root = check(matrix_square_root)

# %% [markdown]
# One trap is left. $C_1 C_2$ is **not symmetric**, though both factors are, and `eigh` does not complain: it reads one triangle
# and believes that the other is its mirror image.
#
# The way out: with $R = \sqrt{C_1}$, the matrix $R\,C_2 R$ *is* symmetric, and has the same eigenvalues as $C_1 C_2$. The
# trace of the root is the sum of their roots, so it is the same, too.
#
# ### Exercise 11.5 · difficulty 3 of 5 · about 8 minutes · roughly 5 lines
# Write `gaussian_frechet` with your `matrix_square_root`.
#
# <details><summary>Hint 1: where to start</summary> Four terms: one for the means, three traces. Write each on a line of its
# own. </details>
# <details><summary>Hint 2: the shared part</summary> <code>root = matrix_square_root(cov)</code>, then the root of
# <code>root @ other_cov @ root</code>. </details>
# <details><summary>Hint 3: test it yourself</summary> With equal covariances the three traces cancel, and |m1 - m2|^2 is
# left. With D = 1 it is the formula of section 11.3. </details>

# %% exercise="course_lib.evaluation.metrics.gaussian_frechet" given=["matrix_square_root"]
from course_lib.evaluation.metrics import gaussian_frechet

# %%
gaussian_frechet = check(gaussian_frechet)

# %% [markdown]
# A number that everybody reports should come out of everybody's code. Here is yours beside that of the library torchmetrics,
# for real images against the others:

# %%
from course_lib.evaluation.metrics import frechet_distance

mine = gaussian_frechet(*feature_statistics(held_out.features), *feature_statistics(rest.features))
theirs = frechet_distance(held_out.features, rest.features)
print(f"yours {mine:.6f}   torchmetrics {theirs:.6f}")

# %% [markdown]
# With the 2,048 features of one particular network (Inception) in place of our judge's 64, this is the **FID** of every paper.
# Numbers of different judges cannot be compared: an FID of 3 and our distance of 3 have nothing to do with each other.
#
# For CIFAR-10 the library computes the FID itself, where its weights can be downloaded (lesson 12).

# %% [markdown]
# ## 11.5 How many samples does it need?
#
# Real images come from the same distribution as real images. So their distance to each other should be 0. You have seen
# above that it is not. **By what factor does it shrink if you take ten times as many images, 1,000 for 100?**

# %% predict="11.5" options=["it stays", "about 3", "about 10 or more"] answer="about 10 or more"
my_prediction = ...

# %%
by_size = lesson.measure_sample_sizes(real, feature_statistics, gaussian_frechet)
lesson.plot_sample_sizes(by_size)

# %%
fewer = 100 if 1000 in by_size else 20  # a test run has fewer images
factor = sum(by_size[fewer]) / sum(by_size[10 * fewer])
print(f"{fewer} images give {factor:.1f} times the distance of {10 * fewer}")
verdict("it stays" if factor < 2 else "about 3" if factor < 6 else "about 10 or more", my_prediction)

# %% [markdown]
# The distance is **biased**: too few samples make it too large, always in the same direction, and about in proportion to 1/n.
# Means and covariances estimated from few images are off by a little, and every little counts as a difference. (At the right
# end the other side shrinks: with 5,000 of 10,000 images taken out, only 5,000 are left to compare with.)
#
# Three rules follow.
#
# - Compare figures at the **same number** of samples only. A paper that uses 10,000 where others use 50,000 looks worse than
#   it is.
# - Give the **floor**: real images in the same number. `python -m course_lib evaluate` prints it in its first row.
# - Look at the **spread** between draws, the dots. A difference smaller than that is no difference.
#
# With 64 features, 1,000 samples do. Inception has 2,048: below about that many samples its covariance has no full rank at
# all, which is why papers draw 50,000.

# %% [markdown]
# ## 11.6 How to fool it
#
# Seven sets, all made from real images. Each is compared with real images it does not contain (but for the last one). Two judges
# measure the distance: the classifier's 64 features, and something far simpler, the mean brightness of 64 patches of 4x4 pixels.
#
# Every picture stays readable for you. **Which set will the classifier find worst?**

# %% predict="11.6" options=["a little noise", "a little blur", "mirrored", "one pixel down", "a bit brighter", "300 copied"] answer="a bit brighter"
my_prediction = ...

# %%
rows = lesson.judge_spoiled_sets(classifier, real, feature_statistics, gaussian_frechet)
lesson.plot_spoiled_sets(rows)

# %%
verdict(max(rows, key=lambda name: rows[name]["network"]), my_prediction)
for name, row in rows.items():
    distances = f"classifier {row['network']:6.2f}, patches {row['patches']:6.3f}"
    print(f"{name:16} accuracy {row['accuracy']:6.1%}   distance: {distances}")

# %% [markdown]
# Go through them one by one. Each is a lesson.
#
# - **A bit brighter.** A twentieth of the range from black to white; you would not have noticed. For the classifier it is the
#   worst of all, because it never met a background that is not black. The distance measures what is unusual *for the judge*,
#   not what looks bad.
# - **Mirrored.** Perfect photographs of shoes that point the other way. All shoes in this data set point left, so the set is
#   in fact different. Whoever trains with horizontal flips on Fashion-MNIST pays this price. (On CIFAR-10, where cars drive
#   both ways, flips are free, and help.)
# - **Blur and noise.** The classifier minds both, while the patches hardly see them: 16 pixels averaged
#   hide the blur. *Judges disagree*, and a model tuned for one of them will satisfy that one.
# - **One pixel down.** The other way round: patches mind, the classifier was trained with shifts and does not.
# - **300 copied.** A "model" that hands out 300 stored images, again and again, has nearly the best distance of all spoiled
#   sets. It draws nothing. The Fréchet distance has no idea what was in the training set.
#
# Copies are found by looking for them: the distance in pixels from each drawing to its nearest real image.

# %%
few = torch.arange(len(held_out)) % 300
print(f"share of exact copies among held-out images: {lesson.nearest_share(held_out.images, rest):.0%}")
print(f"share of exact copies in '300 copied':       {lesson.nearest_share(rest.images[few], rest):.0%}")

# %% [markdown]
# ### A set that no image is in
# The last trick needs no images at all. The distance only sees mean and covariance. So draw *features* from the Gaussian with
# the real mean and covariance: your `matrix_square_root` makes them from plain noise. **What is their distance, compared with that
# of real images in the same number?**

# %% predict="11.6b" options=["much larger", "about the same", "exactly 0"] answer="about the same"
my_prediction = ...

# %%
invented = lesson.gaussian_features(real, feature_statistics, matrix_square_root)
distance = gaussian_frechet(*feature_statistics(invented), *feature_statistics(rest.features))
print(f"invented features {distance:.3f}, real images {mine:.3f}")
below_zero = [f"{(features < 0).double().mean():.0%}" for features in (invented, real.features)]
print(f"negative numbers among them: invented {below_zero[0]}, real {below_zero[1]}")
verdict("much larger" if distance > 3 * mine else "about the same" if distance > 1e-3 else "exactly 0", my_prediction)

# %% [markdown]
# The features come out of a ReLU: no image on earth gives a negative one. A fifth of these are. For the Fréchet distance the set
# is perfect. It compares two *Gaussians*, and takes your word for it that the sets are like that.
#
# **In your own words:** which three figures would you ask for before you believe that a model is good?
# <details><summary>One answer</summary> Accuracy for "what I asked for", diversity for "more than one of it", the distance for
# "as a set like real images", each beside real images in the same number; and a look at nearest neighbours, and at the pictures.
# </details>

# %% [markdown]
# ## 11.7 Your turn to judge: the model that came with the course
#
# 200 pictures for each row, 20 steps of Euler. The floor stands in the first row.

# %%
from course_lib.evaluation.classifier import judge_images

count = min(200, len(held_out))
floor = held_out[:count]
table = {"real images": (floor.features, floor.predicted, floor.labels)}
for scale in (1.0, 2.0):
    pictures, labels = lesson.draw_from_the_shipped_model(scale)
    table[f"guidance {scale:g}"] = (*judge_images(classifier, pictures), labels)

print(f"{'':14}accuracy  distance  diversity")
for name, (features, predicted, labels) in table.items():
    distance = gaussian_frechet(*feature_statistics(features), *feature_statistics(rest.features))
    share = diversity(features, labels) / real_diversity
    print(f"{name:14}{class_accuracy(predicted, labels):8.1%}{distance:10.2f}{share:11.2f}")

# %% [markdown]
# Read the rows against each other: what did guidance gain, and what did it cost? The model card in `assets/weights` has the same
# figures for more samples.

# %% [markdown]
# ## 11.8 Ablations: what is each part worth?
#
# The document makes claims. *"Without \[skips\], the model performs very poorly."* *"Without this information, the model cannot
# distinguish between different noise levels!"* Attention is there to *"capture global dependencies"*. A claim about a part can be tested:
# take the part out, train again, measure. That is an **ablation**.
#
# To be fair, everything else must stay: the same steps, the same images in the same order, the same times and noise.
# We did this for you (each run takes some minutes; the command is at the end). What was changed:
#
# | network | what is different |
# |---|---|
# | full | nothing: width 16, one block a level |
# | no skips | decoder blocks get **zeros** where the skip lies |
# | no time | the time embedding is zeros |
# | no class | the class embedding is zeros |
# | no attention | none anywhere, the middle included |
# | attention at 16 and 8, at 16 | `attention_resolutions=(16, 8)` or `(16,)`; the middle keeps its own, at 8x8 |
# | one channel a group | every GroupNorm as in lesson 03's deaf block |
# | no shortcuts | residual blocks without their residual |
#
# Why zeros, and not narrower decoder blocks? Because shapes and number of parameters stay the same, so nobody can say that
# the network was only smaller. (To be honest about it: the weights that meet those zeros are there, and do nothing. Here is how
# many that are.)

# %% tags=["nbval-check-output"]
from course_lib import UNet
from course_lib.skips import decoder_channels
from course_lib.training.config import SMALL_UNET

unet = UNet(**SMALL_UNET)
total = sum(weights.numel() for weights in unet.parameters())
idle = 0
pairs = decoder_channels(SMALL_UNET["base_channels"], SMALL_UNET["channel_mults"], SMALL_UNET["num_res_blocks"])
for level, pairs_of_level in zip(unet.decoder, pairs, strict=True):
    for block, (channels_of_h, _) in zip(level.resblocks, pairs_of_level, strict=True):
        idle += block.conv1.weight[:, channels_of_h:].numel() + block.skip_conv.weight[:, channels_of_h:].numel()
print(f"{total:,} parameters; without skips {idle:,} of them meet nothing but zeros ({idle / total:.0%})")

# %% [markdown]
# **Which will be missed most?** Think of what each of them does before you answer.

# %% predict="11.8a" options=["no skips", "no time", "no attention", "no shortcuts"] answer="no skips"
my_prediction = ...

# %%
ablations = lesson.load_ablations()
lesson.ablation_table(ablations)

# %%
verdict(lesson.most_missed(ablations, ("no skips", "no time", "no attention", "no shortcuts")), my_prediction)

# %% [markdown]
# Now the question that many tables leave out. The full network was trained several times, with different seeds. Nothing
# differs between these runs but chance. **Only what is larger than the difference between seeds means anything.**

# %%
lesson.plot_ablations(ablations)

# %%
lesson.say_what_differs(ablations)

# %% [markdown]
# That rule is rough, with two or three seeds. It errs on the careful side, and it is better than none: a table with one
# run a row cannot tell you whether its second digit is a finding.
#
# Two figures stand out in the table: the distance without skips, and its loss, which stopped falling at 1.
# **Its pictures start from the same noise as those of the full network. What will they show?**

# %% predict="11.8b" options=["noise only", "blurred clothes", "the right clothes under noise", "clothes of other classes"] answer="the right clothes under noise"
my_prediction = ...

# %%
lesson.plot_ablation_grids(ablations, ("full", "no skips", "no time", "no attention"))

# %%
verdict("the right clothes under noise", my_prediction)

# %% [markdown]
# Look closely at the second block. Trousers are trousers, boots are boots. And on top lies the noise that the sampler started
# from. This network knows what clothes look like; it cannot take the noise off.
#
# Why? The velocity is *noise - clean*. The clean image is smooth and fits through the 8x8 bottleneck. The noise is another number
# in every pixel, and does not: it has to go round, through the skips. A network that predicts the clean image without a
# fault and the noise as 0 has a loss of exactly the noise's variance, which is 1. Now look at its loss again.
#
# (And at its accuracy, about 10 %: pure guessing, says the judge. You did better. It never saw noise like this.)
#
# ### Can a network tell the time without a clock?
# The document: *"Without this information, the model cannot distinguish between different noise levels!"* Can **you**? You
# would look at two noisy pictures and say which is noisier. Here is a way with no network at all. Our pictures are grey: red,
# green and blue are equal. The noise is not. So red minus green is noise alone, and its spread tells the time:

# %% tags=["nbval-check-output"]
times = [0.05, 0.2, 0.5, 0.8, 0.95]
for t, found in zip(times, lesson.read_the_clock(times), strict=True):
    print(f"true time {t:.2f}   read off one picture {found:.3f}")

# %% [markdown]
# So the information is in the picture. The clock makes it easy to find; it does not bring it. (Grey pictures make it easier than
# photographs would: keep that in mind when you read the numbers.) The question is what *our* network does with
# that. Its loss was measured time by time. **Where does the network without a clock lose most?**

# %% predict="11.8c" options=["near t = 0, the clean images", "in the middle", "near t = 1, the noise", "nowhere by more than seeds differ"] answer="near t = 0, the clean images"
my_prediction = ...

# %%
lesson.plot_loss_by_time(ablations, ("no time", "no attention"))

# %%
verdict(lesson.when_time_is_missed(ablations), my_prediction)

# %% [markdown]
# With the first seed, hiding the time raises the loss by a quarter at t = 0.05, and by 2 to 4 % at all other times (with the second
# by 16 %, and by 1 to 4 %). That makes sense: at the clean end the noise is faint, hard to measure, and the target is that very noise. Elsewhere a glance at the picture
# replaces the clock.

# %% [markdown]
# ### The deaf network, once more
# Lesson 03 built a block whose norm has one channel a group, and which hears nothing. No error, no warning. Here is a whole network
# of them: as many parameters as the full one, and a loss that is only 7 % higher. Look at its accuracy in the table.
#
# Below is its loss by time, beside those of the network without time and of the one without class. At the clean end the clock
# counts, at the noisy end the class does: where there is nothing to see, it is all there is to know. **Whom will the deaf network
# resemble?**

# %% predict="11.8d" options=["the one without time", "the one without class", "both, each at its own end"] answer="both, each at its own end"
my_prediction = ...

# %%
lesson.plot_loss_by_time(ablations, ("no time", "no class", "one channel a group"))

# %%
verdict(lesson.whom_the_deaf_resembles(ablations), my_prediction)

# %% [markdown]
# Time and class are computed, projected and added in every block, and the next norm takes them away again. A loss curve does not
# show it: 7 % is easily blamed on a learning rate. The pictures do, and so does the pre-flight check of lesson 08, before the start.
#
# ### The document's claims, and these numbers
# Here they are, each beside what was measured.

# %%
lesson.say_claims(ablations)

# %% [markdown]
# What we make of it:
#
# - **Skips: the claim holds**, and more strongly than one would think from lesson 06. In an autoencoder a missing skip costs
#   sharpness. Here it costs the picture, because what is asked for is the noise itself.
# - **Time: the claim does not hold here.** The loss rose a little, as you saw. The pictures did not get worse: with both seeds they
#   were nearer to real ones than those of the full network with the same seed, though by less than seeds differ. Others found the
#   same with large networks (Sun et al. 2025).
# - **Attention: no use could be found.** Without it the loss was lower with one seed and higher with the other. The distances say
#   nothing either. That is a finding about these small pictures, not about attention.
# - **Residuals: the loss rose without them**, by 5 to 12 %, and at all times but the cleanest by more than seeds differ. The
#   pictures' distance rose by less than that. One seed: a hint, no more.
#
# Before you take any of these lines home, three limits of this experiment.
#
# - The networks are small and were trained for minutes. A part that pays off late cannot show it here.
# - The pictures are 32x32 and show one centred thing. There is little "global" for attention to do.
# - The pictures are grey, so the time can be read off the noise, as you saw.
#
# "No difference found" is not "no difference". It says: with this budget, on this data, smaller than chance.
#
# **In your own words:** pick the line that surprised you most. What experiment would convince you that it is no accident?
# <details><summary>One answer</summary> More seeds for both networks first, then a longer run, then other data, such as CIFAR-10
# in colour. One change at a time. </details>

# %% [markdown]
# ## Recap
#
# - **Class accuracy**: the share taken for what was asked. Real images set the mark, not 100 %.
# - **Diversity**: twice the variance within a class. Accuracy without it is collapse.
# - **Fréchet distance**: $|m_1 - m_2|^2 + \text{tr}\,C_1 + \text{tr}\,C_2 - 2\,\text{tr}\sqrt{C_1 C_2}$ of a judge's features. Biased by
#   about 1/n; compare equal numbers, and give the floor.
# - It sees means and covariances through one judge's eyes. Copies pass. What the judge does not know, it punishes.
# - **Ablation**: one part out, all else equal, several seeds. Differences count from the spread between seeds upwards.
#
# The document's rows in this light: *"Skip cat: preserve fine details"*, *"Time Embed: noise level information"*,
# *"Attention: global relationships"*. Each has a row in the table above, with a number.
#
# Make the table yourself (about an hour on one core; it can be stopped and goes on where it was):
#
# ```
# python -m course_lib.lessons.lesson11.measure_ablations --out my_ablations.json
# ```

# %% [markdown]
# ## Questions
#
# **1.** A model scores 97 % class accuracy, real images 93 %. Is the model better than reality?
# <details><summary>Answer</summary> No. It draws typical cases and leaves out those that real life has at the border of two
# classes. Its diversity will be below 1. </details>
#
# **2.** A colleague reports a distance of 1.5 with 100 samples; you have 0.6 with 1,000. Who has the better model?
# <details><summary>Answer</summary> Nobody can tell. Real images themselves had about 1.5 at 100 samples in section 11.5, so the
# colleague's may be perfect. Draw the same number for both. </details>
#
# **3.** Why must the covariance's root be taken as a matrix, and where would the root of each number be right?
# <details><summary>Answer</summary> The formula needs the matrix that gives C1 C2 as a product. Where features do not hang
# together, both matrices are diagonal, and then the root of each number on the diagonal is right. </details>
#
# **4.** The cheat of section 11.2 has ten pictures. What are its covariance and its Fréchet distance like?
# <details><summary>Answer</summary> Ten points span at most nine directions, so most eigenvalues are zero: it has the spread
# between the classes and none within. The distance sees that. It does not see it with 300 copied images, whose covariance is
# nearly right. </details>
#
# **5.** An ablation with one seed each shows distances of 1.21 and 1.15. What do you write?
# <details><summary>Answer</summary> That no difference was found: you do not know what two seeds differ by. Train the first one
# twice more. </details>
#
# ## Further reading
# - Heusel et al. 2017, *GANs Trained by a Two Time-Scale Update Rule*: equation 6, the FID.
# - Dowson and Landau 1982, *The Fréchet distance between multivariate normal distributions*: where the formula comes from.
# - Chong and Forsyth 2020, *Effectively Unbiased FID and Inception Score*: the bias, and how to extrapolate it away.
# - Kynkäänniemi et al. 2023, *The Role of ImageNet Classes in Fréchet Inception Distance*: what the judge looks at.
# - Sajjadi et al. 2018, *Assessing Generative Models via Precision and Recall*: two numbers in place of one.
# - Sun et al. 2025, *Is Noise Conditioning Necessary for Denoising Generative Models?*: networks without a clock, on purpose.
#
# **Next:** lesson 12, scaling up. The document's network on CIFAR-10, on a GPU.
