"""Home: what an autoencoder is, shown with a trained one that comes with the app."""

from pathlib import Path
from typing import Any

import streamlit as st

from aecore import runs
from aecore.config import RunConfig
from aecore.frames import read_gallery
from aecore.ui import lesson
from aecore.ui.browser_network import browser_network
from aecore.ui.explore_digit import explore_digit

SHOWN_RUN = "vanilla-mnist"
TRAIN_PAGE = Path(__file__).parent / "train.py"
DENOISE_PAGE = Path(__file__).parent / "denoise.py"
LATENT_PAGE = Path(__file__).parent / "latent.py"
FEATURES_PAGE = Path(__file__).parent / "features.py"
ANOMALIES_PAGE = Path(__file__).parent / "anomalies.py"
DISENTANGLE_PAGE = Path(__file__).parent / "disentangle.py"


@st.cache_data(show_spinner=False)
def load(token: str) -> tuple[dict[str, Any], bytes, bytes, list[int]] | None:
    """A shipped run's network, weights, pictures and labels, sorted by label; None if it is missing."""
    run = runs.shipped_run(token)
    gallery = None if run is None else read_gallery(run.frames_folder)
    if run is None or gallery is None:
        return None
    network, weights = browser_network(run)
    images, labels = gallery.by_label()
    return network, weights, images.tobytes(), labels.tolist()


def say_how_good(config: RunConfig, status: runs.Status, pictures: int) -> None:
    """Where the network and its pictures come from, and how well it does on pictures that it never saw."""
    data = config.card
    sentences = [f"A real run: trained on {config.train_size:,} images of {data.title}, not on the {pictures} above."]
    if status.test is not None and status.test_images:
        sentences.append(
            f"Mean squared error **{status.test['mse']:.4f}** per pixel, measured on {status.test_images:,} "
            f"test images of {data.title} that it never saw."
        )
    st.caption(" ".join(sentences))


def show_explorer() -> None:
    """The explorer, or one sentence if the app came without its run."""
    run = runs.shipped_run(SHOWN_RUN)
    loaded = None if run is None else load(SHOWN_RUN)
    if run is None or loaded is None:
        st.info("The trained network that belongs here is missing. Train one yourself on the Train page.")
        return
    network, weights, images, labels = loaded
    card = run.config.card
    explore_digit(network, weights, images, labels, height=card.height, width=card.width, key="home-explorer")
    say_how_good(run.config, run.status, len(labels))


def show_cards() -> None:
    """Where to go from here, and the words that other pages and books use."""
    train, denoise, latent = st.columns(3)
    features, anomalies, disentangle = st.columns(3)
    words, family = st.columns(2)
    with train, st.container(border=True, height="stretch"):
        st.markdown(
            "**Train one yourself**  \nChoose how many numbers to keep, press Train, and watch grey blurs turn into pictures."
        )
        lesson.page_link(TRAIN_PAGE, label="Open the Train page", icon=":material/play_arrow:")
    with denoise, st.container(border=True, height="stretch"):
        st.markdown(
            "**See it clean up**  \nAdd noise to a picture and slide it up: a network that never saw the clean one takes it "
            "away. Then try your own picture."
        )
        lesson.page_link(DENOISE_PAGE, label="Open the Denoise page", icon=":material/blur_on:")
    with latent, st.container(border=True, height="stretch"):
        st.markdown(
            "**Walk through the codes**  \nOn a map of all digits, every place is a picture. Drag a point, draw a digit and see "
            "where it lands, turn a 4 into a 9."
        )
        lesson.page_link(LATENT_PAGE, label="Open the Latent space page", icon=":material/explore:")
    with features, st.container(border=True, height="stretch"):
        st.markdown(
            "**Look at the units**  \nSqueeze harder and see what is lost; make units sparse and see strokes appear; train layer "
            "by layer; then classify with ten labels."
        )
        lesson.page_link(FEATURES_PAGE, label="Open the Features page", icon=":material/category:")
    with anomalies, st.container(border=True, height="stretch"):
        st.markdown(
            "**Find what is not normal**  \nA network that has only seen healthy heartbeats draws the sick ones wrong, just "
            "where they are sick. Drag the line between them; bring your own table."
        )
        lesson.page_link(ANOMALIES_PAGE, label="Open the Anomalies page", icon=":material/troubleshoot:")
    with disentangle, st.container(border=True, height="stretch"):
        st.markdown(
            "**Ask what β does**  \nTrain the same network with several βs side by side, and measure which of its numbers found "
            "size, shape, rotation and place."
        )
        lesson.page_link(DISENTANGLE_PAGE, label="Open the Disentangle page", icon=":material/tune:")
    with words, st.container(border=True, height="stretch"):
        st.markdown(
            "**The words**  \n"
            "The _encoder_ squeezes, the _decoder_ draws. The numbers between them are the _code_, also "
            "called the latent representation. What gets lost is the _reconstruction error_; training makes "
            "it small."
        )
    with family, st.container(border=True, height="stretch"):
        st.markdown(
            "**The family**  \n"
            "_Denoising_: clean up a noisy picture. _Sparse_: use few of the numbers at a time. "
            "_Variational_: make codes from which new pictures can be drawn. Each is this idea with one "
            "choice changed."
        )


def show_formulas() -> None:
    """The same in the notation of the literature, with sources."""
    with st.expander("In formulas"):
        st.markdown(
            "The **encoder** $f$ maps a picture $x$ of $D$ pixels to its **code**, or **latent "
            r"representation**, $z$ of $K$ numbers. The **decoder** $g$ maps the code to the "
            r"**reconstruction** $\hat{x}$."
        )
        st.latex(
            r"\begin{aligned} z &= f(x) \in \mathbb{R}^{K} \\ "
            r"\hat{x} &= g(z) \in \mathbb{R}^{D} \end{aligned}"
        )
        st.markdown(
            "Training looks for the $f$ and $g$ with the smallest **reconstruction error**, summed over pixels "
            "and averaged over the training pictures: the squared error, or, for pixels between 0 and 1, the "
            "binary cross-entropy."
        )
        st.latex(r"\mathcal{L}_{\text{SE}} = \lVert x - \hat{x} \rVert^2")
        st.latex(
            r"\begin{aligned} \mathcal{L}_{\text{CE}} = -\sum_{d=1}^{D} \bigl[ & x_d \log \hat{x}_d \\"
            r" {}+{} & (1 - x_d) \log (1 - \hat{x}_d) \bigr] \end{aligned}"
        )
        st.markdown(
            r"The error per pixel shown above is $\lVert x - \hat{x} \rVert^2 / D$. "
            "With $K < D$ the autoencoder is called *undercomplete*."
        )
        st.caption(
            "G. E. Hinton and R. R. Salakhutdinov (2006), Reducing the dimensionality of data with neural "
            "networks, Science 313(5786), 504-507, "
            "[doi:10.1126/science.1127647](https://doi.org/10.1126/science.1127647). "
            "I. Goodfellow, Y. Bengio and A. Courville (2016), Deep Learning, chapter 14, "
            "[deeplearningbook.org](https://www.deeplearningbook.org/contents/autoencoders.html)."
        )


st.title("What is an autoencoder?")
st.markdown(
    "An **autoencoder** is a neural network that squeezes a picture into a few numbers, and then draws the "
    "picture again from those numbers alone. Nobody tells it what the pictures show: to get them back, it "
    "has to find out what matters."
)
show_explorer()
show_cards()
show_formulas()
