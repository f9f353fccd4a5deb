# %% [markdown]
# # Lesson 02 · Class embedding: tell the network what to draw
#
# **About 50 minutes.** After this lesson you can
#
# - say why a class goes in as a row of a table and not as a number,
# - write an embedding as a matrix product, and say why nobody computes it that way,
# - build `ClassEmbedding`, with -1 for "no class", and know which of its rows learn,
# - explain why time and class may be *added*,
# - drop labels at random, so that one network learns to draw with a class and without.
#
# You need lesson 01: what the time embedding gives, `(B, 256)`.

# %%
you_are_here("02")

# %% [markdown]
# ## 2.1 What a label is
#
# The time said *how noisy* the picture is. The class says *what* is in it: "draw me a cat".
# In a data set a class is a whole number, its **label**. The document's example is this batch of four:
#
# ```
# class_label = (B,)     # e.g., [0, 5, 3, 9] (cat, dog, bird, truck)
# ```
#
# It is about CIFAR-10. **Do you believe the four names?**

# %% predict="2.1" options=["all four fit", "two fit", "none fits"] answer="two fit"
my_prediction = ...

# %% tags=["nbval-check-output"]
from course_lib.data.cifar10 import CLASS_NAMES

written = ["cat", "dog", "bird", "truck"]
fitting = 0
for label, name in zip([0, 5, 3, 9], written, strict=True):
    fitting += CLASS_NAMES[label] == name
    print(f"label {label}: the document says {name:6} CIFAR-10 says {CLASS_NAMES[label]}")

# %%
verdict({0: "none fits", 2: "two fit", 4: "all four fit"}[fitting], my_prediction)

# %% [markdown]
# Airplane, dog, **cat**, truck. A network would have been asked for an airplane, and drawn one, without any error.
#
# Remember this one. A label carries no meaning by itself. Only the list of names does, and nothing checks it for you.
#
# ## 2.2 Why not feed the number itself?
#
# The label is a number already. So divide it by 9, feed it into a linear layer, done?
#
# Give that a fair trial with a small task: *from the label alone, draw the mean picture of its class.* A linear layer gets
# either `label / 9`, or a vector of its own for each class. We take the best weights there are, in closed form.
#
# **How much of what tells the classes apart is lost with the number?**

# %% predict="2.2" options=["almost nothing", "about half", "most of it"] answer="most of it"
my_prediction = ...

# %%
lost = lesson.number_against_table()

# %%
share = lost["from label / 9"]
verdict("almost nothing" if share < 0.2 else "about half" if share < 0.65 else "most of it", my_prediction)

# %% [markdown]
# Look at the middle row. A number lies on a line, so the ten pictures lie on a line too: all are mixes of the same two
# pictures. A sandal (5) has to lie between a coat (4) and a shirt (6), because 5 lies between 4 and 6.
#
# The order of classes is an accident, and the number makes it a law. A deeper network could undo that. It is kinder not to
# do the damage.
#
# So every class gets a **vector of its own**: a row in a table with `K` rows (classes), each `dim` wide. At the start the
# numbers in it are random. They are learned like any other weight.
#
# ## 2.3 Looking up is multiplying
#
# How does a network "take row 3" of a table? You know one operation that networks are made of: the matrix product.
# Write label 3 as a row of zeros with a single 1 at place 3. That is called **one-hot**.
#
# $$\underbrace{\begin{pmatrix}0 & 0 & 0 & 1 & 0\end{pmatrix}}_{(1,\,K)}\;
# \underbrace{\begin{pmatrix} w_0 \\ w_1 \\ w_2 \\ w_3 \\ w_4\end{pmatrix}}_{(K,\,\mathrm{dim})} = w_3$$
#
# | | shape | the document's example |
# |---|---|---|
# | labels | `(B,)` | `(4,)` |
# | one-hot rows | `(B, K)` | `(4, 10)` |
# | table | `(K, dim)` | `(10, 256)` |
# | result | `(B, dim)` | `(4, 256)` |

# %% [markdown]
# ### Exercise 2.1 · difficulty 1 of 5 · about 5 minutes · 2 lines
#
# Fill in `look_up_by_one_hot`. In: a table `(K, dim)` and labels `(B,)`. Out: `(B, dim)`.
#
# <details><summary>Hint 1: where to start</summary>
#
# First make the matrix of zeros and ones, `(B, K)`. Torch has a function for it in `torch.nn.functional`, here called `F`.
# </details>
# <details><summary>Hint 2: the first line</summary>
#
# `F.one_hot(labels, num_classes=...)`. How many classes does the table have? The result holds whole numbers; the table
# holds floats.
# </details>
# <details><summary>Hint 3: almost the answer</summary>
#
# `one_hot = F.one_hot(labels, num_classes=len(weight)).to(weight.dtype)`, and then the product of `one_hot` and `weight`,
# in this order.
# </details>

# %% exercise="course_lib.class_embedding.look_up_by_one_hot"
from course_lib.class_embedding import look_up_by_one_hot

# %%
look_up_by_one_hot = check(look_up_by_one_hot)

# %%
lesson.plot_look_up(look_up_by_one_hot, torch.tensor([0, 5, 3, 9]))

# %% [markdown]
# Now the surprise about `nn.Embedding`, which the document uses: it holds a table and gives these very numbers. Only, it
# multiplies nothing. It goes to the row and copies it.

# %% tags=["nbval-check-output"]
table = nn.Embedding(10, 256)
labels = torch.tensor([0, 5, 3, 9])
print("the same numbers:", torch.equal(table(labels), look_up_by_one_hot(table.weight, labels)))
print("multiplications by one-hot:", f"{len(labels) * 10 * 256:,}", "of which by zero:", f"{len(labels) * 9 * 256:,}")
print("multiplications by nn.Embedding: 0")

# %% [markdown]
# With ten classes that is a detail. A language model has a table of 100,000 rows; there it is the difference between a
# copy and nothing getting done at all.
#
# **In your own words:** is an embedding a linear layer?
# <details><summary>One answer</summary>
#
# Yes: a `Linear(K, dim, bias=False)` whose input is one-hot. Its weight is the table on its side. What is special is only
# how it is computed, and that labels go in instead of features.
# </details>
#
# ## 2.4 No class
#
# Sometimes there is no class: you want *any* picture. In this course that is label **-1**. It is no class's number, and it
# is hard to use by accident. Or is it? **What does `nn.Embedding` do with -1?**

# %% predict="2.4a" options=["gives the last row", "raises an error", "gives zeros"] answer="raises an error"
my_prediction = ...

# %% tags=["nbval-check-output"]
no_class = torch.tensor([-1])
try:
    nn.Embedding(10, 256)(no_class)
    happened = "gives the last row"
except IndexError as error:
    happened = "raises an error"
    print("nn.Embedding:", error)
print("table.weight[-1] is the last row:", torch.equal(table.weight[no_class], table.weight[9:]))

# %%
verdict(happened, my_prediction)

# %% [markdown]
# Two ways to look up, two answers. `nn.Embedding` refuses. Plain indexing counts from the end, as Python does: your
# "no class" would be a truck, and nobody would notice.
#
# So what *should* the vector be? It will be added to the time embedding. **Which vector says nothing when it is added?**

# %% predict="2.4b" options=["ones", "zeros", "random numbers"] answer="zeros"
my_prediction = ...

# %% tags=["nbval-check-output"]
t_emb = torch.randn(256)
candidates = {"ones": torch.ones(256), "zeros": torch.zeros(256), "random numbers": torch.randn(256)}
silent = [name for name, vector in candidates.items() if torch.equal(t_emb + vector, t_emb)]
print("leaves the time embedding as it is:", silent)

# %%
verdict(silent[0], my_prediction)

# %% [markdown]
# Zeros. Without a class, the network then hears the time alone. And zeros need no row, so nothing has to be learned.
#
# ### Exercise 2.2 · difficulty 2 of 5 · about 10 minutes · 3 lines
#
# Fill in `ClassEmbedding.forward`. The table is made for you. In: labels `(B,)`, from -1 to `num_classes - 1`, in any
# mixture. Out: `(B, dim)`, zeros wherever the label is -1.
#
# `NO_CLASS` is a name for -1.
#
# <details><summary>Hint 1: where to start</summary>
#
# You can't look up -1, and you may not leave an image out. So look up *something* for it, and replace that afterwards.
# </details>
# <details><summary>Hint 2: the tools</summary>
#
# `torch.where(condition, this, that)` chooses for each image. `vectors.masked_fill(mask, 0.0)` replaces where the mask is
# True. The mask is `(B,)`, the vectors are `(B, dim)`: the mask needs a second axis of length one.
# </details>
# <details><summary>Hint 3: almost the answer</summary>
#
# `no_class = class_labels == NO_CLASS`; look up `torch.where(no_class, 0, class_labels)`; return
# `vectors.masked_fill(no_class[:, None], 0.0)`.
# </details>

# %% exercise="course_lib.class_embedding.ClassEmbedding" blank=["forward"]
from course_lib.class_embedding import ClassEmbedding

# %%
ClassEmbedding = check(ClassEmbedding)

# %% tags=["nbval-check-output"]
class_embed = ClassEmbedding(10, 256)
c_emb = class_embed(torch.tensor([0, 5, -1, 9]))
for label, vector in zip([0, 5, -1, 9], c_emb, strict=True):
    print(f"label {label:2}: {'all zeros' if not vector.any() else 'a row of the table'}")

# %% [markdown]
# ## 2.5 Which rows learn?
#
# A table of ten rows, and one training step with the batch `[0, 5, 3, 3, -1]`. **How many of the ten rows get a gradient?**

# %% predict="2.5" options=["3", "4", "5", "10"] answer="3"
my_prediction = ...

# %%
labels = torch.tensor([0, 5, 3, 3, -1])
class_embed = ClassEmbedding(10, 256)
torch.manual_seed(1)
(class_embed(labels) * torch.randn(5, 256)).sum().backward()  # any loss would do
gradient = next(class_embed.parameters()).grad[:10]
lesson.plot_learning_rows(gradient, labels)

# %%
verdict(int((gradient.norm(dim=1) > 0).sum()), my_prediction)

# %% [markdown]
# Only the rows that were looked up. Class 3 stands in the batch twice, and its two gradients add up. And -1 borrowed row 0
# for a moment, but sends nothing back to it: `masked_fill` cuts that road.
#
# This has a price. A class with few pictures is looked up rarely, and its row learns slowly, however long the others train.
#
# **In your own words:** the row of a class that never occurs: what is in it after training?
# <details><summary>One answer</summary>
#
# The random numbers it started with. Ask for that class and the network gets a vector it has never heard. (With weight
# decay the row shrinks towards zero, that is towards "no class".)
# </details>
#
# ## 2.6 Time plus class
#
# The document combines the two in one line:
#
# ```python
# combined = t_emb + c_emb      # (B, 256) - elementwise addition
# ```
#
# Does that not mix them up beyond repair? If I tell you that two numbers add to 12, you can't tell me the two. Putting
# them side by side, `(B, 512)`, looks safer.
#
# With 256 numbers, there is room. Take two random vectors of that width. **How large is the cosine of their angle, on
# average?** (1: same direction. 0: at right angles.)

# %% predict="2.6a" options=["about 0.05", "about 0.3", "about 0.6"] answer="about 0.05"
my_prediction = ...

# %%
size = lesson.plot_cosines()

# %%
closest = min((0.05, 0.3, 0.6), key=lambda guess: abs(guess - size))
verdict(f"about {closest:g}", my_prediction)

# %% [markdown]
# Close to right angles, by chance alone. The typical size shrinks like $1/\sqrt{\mathrm{dim}}$.
#
# What stands at right angles can be told apart again. Let a linear layer try: it gets the *sum* of a time vector and a
# class vector and has to name the class, for times it has not met. **From what width on will it be right?**

# %% predict="2.6b" options=["never", "it needs some width, then always", "always"] answer="it needs some width, then always"
my_prediction = ...

# %%
read = lesson.plot_read_back()

# %%
verdict("it needs some width, then always" if read["added"] > 0.97 else "never", my_prediction)

# %% [markdown]
# At width 256 the sum loses nothing that the layer needs.
#
# There is also an exact reason. The first thing that every residual block would do with `[t, c]`, side by side, is a linear
# layer. That layer is one matrix for the time and one for the class:
#
# $$W\,[t, c] = W_t\,t + W_c\,c$$
#
# It *adds* as well. And a table can swallow its matrix: the rows $W_c\,c$ are a table too.

# %% tags=["nbval-check-output"]
t_emb, table = torch.randn(4, 256).double(), torch.randn(10, 256).double()
W_t, W_c = torch.randn(2, 256, 256).double()
labels = torch.tensor([0, 5, 3, 9])

side_by_side = torch.cat([t_emb, table[labels]], dim=1) @ torch.cat([W_t, W_c], dim=1).T
new_t, new_table = t_emb @ W_t.T, table @ W_c.T  # the time MLP ends in a Linear: it can swallow W_t
added = new_t + new_table[labels]
print("side by side through one linear layer = a sum:", torch.allclose(side_by_side, added))
print("weights of Linear(512, 128):", f"{512 * 128:,}", " of Linear(256, 128):", f"{256 * 128:,}")

# %% [markdown]
# For one linear layer, then, the sum can do all that side by side can, with half the weights. Our network has many blocks,
# each with a layer of its own, and a SiLU before it. There the sum is a choice, not a theorem: all blocks share one way to
# mix time and class. It is the choice that the document makes, and it works.
#
# ## 2.7 Forgetting on purpose
#
# We want *one* network that can do both: draw a cat when asked, and draw anything when not. So it must meet label -1 while
# it trains. But every picture in the data has a class.
#
# The trick: throw some labels away. Each label becomes -1 with a small probability, often 0.1, anew in every batch.
#
# | probability | what the network learns |
# |---|---|
# | 0 | only with class; -1 stays foreign to it |
# | 0.1 | mostly with class, a little without |
# | 1 | only without |
#
# Lesson 10 turns this into *guidance*, the knob that makes pictures obey their class. It needs both.
#
# **A batch of 128, probability 0.1. How many labels are dropped?**

# %% predict="2.7" options=["13 each time", "about 13, never the same for long", "0 or 128"] answer="about 13, never the same for long"
my_prediction = ...

# %% [markdown]
# ### Exercise 2.3 · difficulty 2 of 5 · about 8 minutes · 3 lines
#
# Fill in `drop_labels`. In: labels `(B,)`, a probability, and perhaps a `torch.Generator`. Out: new labels `(B,)`. The
# labels that came in must stay as they are: somebody else may still need them.
#
# A generator is a private source of random numbers. Whoever passes one wants to be able to repeat the draws, and wants the
# global random numbers left alone. `torch.rand(..., generator=None)` draws from the global ones.
#
# <details><summary>Hint 1: where to start</summary>
#
# A uniform number from 0 to 1 is below 0.1 with probability 0.1. You need one for *each* label.
# </details>
# <details><summary>Hint 2: the draw</summary>
#
# `torch.rand(labels.shape, generator=generator)`. On a GPU it also needs `device=`: that of the generator if there is one,
# else that of the labels.
# </details>
# <details><summary>Hint 3: almost the answer</summary>
#
# With `draws` from hint 2, return `labels.masked_fill(draws < probability, NO_CLASS)`. Without an underscore at the end of
# its name, `masked_fill` makes a new tensor.
# </details>

# %% exercise="course_lib.guidance.drop_labels"
from course_lib.guidance import drop_labels

# %%
drop_labels = check(drop_labels)

# %%
counts = lesson.plot_drops(drop_labels, probability=0.1, batch=128)

# %%
different = len(set(counts)) > 2
verdict("about 13, never the same for long" if different else "13 each time", my_prediction)

# %% [markdown]
# A coin for each label, so the number varies. That is fine: the average is what counts, and a batch of one works, too.
#
# ## 2.8 One label, one picture
#
# Now put your three parts to work. The smallest generator there is: your table, 16 numbers for each class, then one linear
# layer that turns them into a picture. It is trained on real pictures, with a squared error, and one label in five dropped.
#
# It sees no noise and no time. All it can know about a picture is its label. **What will it draw for -1?**

# %% predict="2.8a" options=["black", "the class that is most frequent", "a blur of everything"] answer="a blur of everything"
my_prediction = ...

# %%
from tqdm.auto import tqdm

from course_lib.lessons.shared.show import smoke

pictures, labels = lesson.real_pictures()  # (N, 1024) and (N,)
torch.manual_seed(0)
class_embed, to_picture = ClassEmbedding(10, 16), nn.Linear(16, 1024)
parameters = [*class_embed.parameters(), *to_picture.parameters()]
optimizer = torch.optim.AdamW(parameters, lr=0.03, weight_decay=0.3)

for _ in tqdm(range(50 if smoke() else 400), desc="training", leave=False):
    batch = torch.randint(len(labels), (64,))
    heard = drop_labels(labels[batch], 0.2)
    loss = F.mse_loss(to_picture(class_embed(heard)), pictures[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %%
distance = lesson.plot_learned_pictures(class_embed, to_picture)

# %%
verdict("a blur of everything" if distance < 0.3 else "something else", my_prediction)

# %% [markdown]
# Each label draws its class. And "no class" draws the average of everything: with a squared error and nothing else known,
# the average is the best guess there is. Zeros went in, so this picture is the bias of the linear layer.
#
# Your network will do the same with noise: *with* a class it predicts what is typical of the class, *without* one what is
# typical of everything.
#
# ### What the table has found out
#
# The ten rows started random. Nobody told the table that a sneaker is a shoe. Look at the angles between the rows now.
# **Which class will lie nearest to Trouser?**

# %% predict="2.8b" options=["Pullover", "Dress", "Coat", "Bag"] answer="Dress"
my_prediction = ...

# %%
nearest = lesson.plot_similar_classes(class_embed, "Trouser")

# %%
verdict(nearest, my_prediction)

# %% [markdown]
# Most tops lie near tops, and sandals near sneakers. Rows that should lead to similar pictures have become similar: it
# saves work for the layer behind them. To this table a trouser is a narrow, upright thing, most like a dress. It has seen
# pixels, never names, so not every neighbour is the one you would choose. Find one.
#
# That is what the word *embedding* means: things without any order are put into a space where near means alike.
#
# **In your own words:** why could no table learn this if every label were used as a number?
# <details><summary>One answer</summary>
#
# On a line a class has two neighbours, and the numbering decides which. In 16 dimensions each class can be near to several
# others at once, and training decides which.
# </details>

# %% [markdown]
# ## Recap
#
# The document's rows about the class embedding, now measured on your code:

# %% tags=["nbval-check-output"]
from course_lib import TimeEmbedding
from course_lib.document import CLASS_LABELS, EMB_DIM, FORWARD_PASS, ROLES, TIMESTEPS

row = next(role for role in ROLES if role.component == "Class Embed")
step = next(one for one in FORWARD_PASS if one.name == "time_class_embed")
t, c = torch.tensor(TIMESTEPS), torch.tensor(CLASS_LABELS)
class_embed, time_embed = ClassEmbedding(10, EMB_DIM), TimeEmbedding(EMB_DIM)
compare_rows(
    [
        ("class labels c", step.input, c.shape),
        ("class_embed(c)", row.example_output, class_embed(c).shape),
        ("time_embed(t)", step.output, time_embed(t).shape),
        ("t_emb + c_emb", step.output, (time_embed(t) + class_embed(c)).shape),
    ]
)
print("parameters of the table:", f"{sum(p.numel() for p in class_embed.parameters()):,}")

# %% [markdown]
# - A label is a name written as a number. Check the list of names: `[0, 5, 3, 9]` is airplane, dog, cat, truck.
# - An embedding is a one-hot matrix product, computed by copying rows. Only rows that were looked up learn.
# - -1 is "no class". It gives zeros, and it teaches nothing to any row.
# - Time and class are added. Wide vectors can be told apart in a sum.
# - Labels are dropped at random, each with its own draw, so that one network learns both.
#
# ## Questions
#
# <details><summary>1. What changes in ClassEmbedding for a data set of 1,000 classes?</summary>
#
# The table has 1,000 rows: 256,000 numbers at width 256. `forward` stays as it is, and costs as much as before. By one-hot
# it would cost a hundred times more.
# </details>
# <details><summary>2. Many networks give "no class" a row of its own, number K. What is different?</summary>
#
# Theirs is learned, ours is fixed at zero. Theirs can say something that zeros can't. Ours needs no row, and can be asked for
# "no class" even if it never saw one in training: it then hears the time alone. Both are used.
# </details>
# <details><summary>3. Somebody sorts the class names before training. Does the network get worse?</summary>
#
# No. Rows are random at the start, so any order is as good as any other. But a network trained with one list and asked with
# another draws the wrong class.
# </details>
# <details><summary>4. Why drop labels anew in every batch, instead of taking the labels off a tenth of the pictures once?</summary>
#
# Because then the network would never see those pictures with their class, and the "no class" half would only know that
# tenth. Drawn anew, every picture is seen both ways.
# </details>
# <details><summary>5. The time embedding ends in an MLP, the class embedding does not. Why?</summary>
#
# Sines and cosines are fixed; the MLP turns them into what the network needs. The table *is* learned. It can hold whatever an
# MLP would have made of it, since there are only ten inputs.
# </details>
#
# ## Further reading
#
# - Ho and Salimans (2022), *Classifier-Free Diffusion Guidance*. Algorithm 1 drops the label at random, as you did.
# - Dhariwal and Nichol (2021), *Diffusion Models Beat GANs on Image Synthesis*, section 3: class and time enter each residual
#   block together (there by scaling and shifting, "adaptive group normalization").
# - Vaswani and others (2017), *Attention Is All You Need*, sections 3.4 and 3.5: word vectors *plus* position vectors, the
#   same sum as here.
# - Xiao, Rasul and Vollgraf (2017), *Fashion-MNIST*: the ten classes of 2.8.
#
# **Next:** lesson 03, where every pixel is told what time it is and what it should become.
