"""`swift`'s estimator: every window of an image votes for a width, and the votes are joined robustly.

A window is read by its power spectra, by what an estimator of clean images makes of them (`spectrum_net`, trained
before and frozen), and by what else it shows (`witnesses`), its own brightness and contrast taken out. What the windows
of an image have in common, their median reading, says what kind of camera took it; in its light each window votes with
a width, its standard deviation, the kernel's shape and the noise by ring of frequency. A further small net says from
how well the votes agree how sure all of them together are.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from pinsharp.blur.family import render_kernels, split_width
from pinsharp.blur.field import BlurField, stacked
from pinsharp.blur.normalise import CONTRAST, GREY, brightness, full_range, normalisation
from pinsharp.blur.votes import join, scatter
from pinsharp.nets.swift.colour_spectra import MOST_WINDOWS, beyond_green
from pinsharp.nets.swift.interleaved import combed, mosaic
from pinsharp.nets.swift.looks import Judgement, Look, counts, is_white, noises_of, votes_of
from pinsharp.nets.swift.several import doubt_left, sample
from pinsharp.nets.swift.spectrum_net import SpectrumConfig, SpectrumNet
from pinsharp.nets.swift.texture import spread_windows
from pinsharp.nets.swift.witnesses import COUNT, Edges, find_edges, periodicity, structure, witnesses

LEAST_CONTRAST = 1e-4
"""Contrast of a window, in that of the image, below which it is not enlarged further: there is rounding only."""

CLEAN_STD = 0.1
"""Standard deviation of the logarithm of the width, before it is widened, above which an image is no clean one."""

AROUND = 9
"""Windows in whose light each is judged: as many as a training crop has."""

LEAST_STD = 0.01
"""Smallest standard deviation of a vote, of the logarithm of the width."""

_JUDGED = 4  # numbers that the estimator of clean images says of a window
_USUAL_LOG_NOISE = -4.5  # where training starts

MOST_REACH = 60.0
"""Pixels to each side that a rendered kernel reaches at most."""


@dataclass(frozen=True)
class WindowConfig:
    """Settings of the estimator."""

    window: int = 128  # side of the windows in pixels
    max_windows: int = 40  # most windows that are read of one image
    hidden: int = 320  # width of the hidden layers
    widen: float = 1.0  # what the standard deviation of the joined width is multiplied by, after calibration
    spectra: int = 192  # width of the hidden layers of the estimator of clean images
    noise_rings: int = 16  # rings of frequency, from 0 to half a cycle a pixel, of the noise
    kernel_size: int = 41  # side of the kernels in pixels, odd; those of wide blurs are larger
    min_sigma: float = 0.25  # smallest and largest width in pixels that is distinguished from those beyond
    max_sigma: float = 14.0


class WindowNet(nn.Module):
    """Measure the blur of normalised images by windows that vote."""

    VOTES = True
    """Whether windows are judged one by one."""

    LEAST_WINDOWS = 1
    """Fewest windows of an image that a step of training reads."""

    def __init__(self, config: WindowConfig | None = None) -> None:
        super().__init__()
        self.config = config or WindowConfig()
        spectra = SpectrumConfig(window=self.config.window, directions=8, noise_apart=True, hidden=self.config.spectra)
        self.spectra = SpectrumNet(spectra)
        self.spectra.requires_grad_(False)
        features, hidden = len(self.spectra.feature_mean) + _JUDGED + COUNT + 1, self.config.hidden
        self.read = nn.Sequential(nn.Linear(features, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        last = nn.Linear(hidden, 4 + self.config.noise_rings)
        with torch.no_grad():
            last.bias[4:].fill_(_USUAL_LOG_NOISE)
        self.conclude = nn.Sequential(
            nn.Linear(2 * hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), last
        )
        self.trust = nn.Sequential(nn.Linear(hidden + 4, 64), nn.SiLU(), nn.Linear(64, 2))
        self.register_buffer("feature_mean", torch.zeros(features))
        self.register_buffer("feature_std", torch.ones(features))
        self.feature_mean: Tensor
        self.feature_std: Tensor

    def forward(self, blurred: Tensor, hidden: Tensor | None = None) -> BlurField:
        """Measure the blur of images (B, C, H, W), in any unit; hidden pixels (B, 1, H, W) are ignored."""
        masks = [None] * len(blurred) if hidden is None else list(torch.split(hidden, 1))
        return stacked([self.estimate_parts(*one) for one in zip(torch.split(blurred, 1), masks, strict=True)])

    def estimate_parts(self, parts: Tensor, hidden: Tensor | None = None) -> BlurField:
        """Measure the one blur of several parts (N, C, H, W) of one image; hidden pixels (N, 1, H, W) are ignored."""
        with torch.autocast(device_type=parts.device.type, enabled=False):
            image = self._look(parts, hidden)
            found = replace(self._field([image]), normalisation=image.taken_out)
            is_colour = parts.shape[1] == 3
            if is_colour:
                seen = _cut_out(parts, image.places, self.config.window)
                found = replace(found, colours=beyond_green(seen, found.sigma))
            is_clean = found.is_clean == (True,)
            return replace(found, normalisation=full_range(parts)) if is_colour and is_clean else found

    def estimate_together(self, images: Iterable[tuple[Tensor, Tensor | None]]) -> BlurField:
        """Measure the one blur of several images of one camera at one focus, each as `estimate_parts` takes it.

        All have the same shape. Each is normalised by itself, then all their windows are judged in one go. They are
        taken one by one, so that no two have to be in memory. The noise is the mean of theirs.
        """
        with torch.autocast(device_type=self.feature_mean.device.type, enabled=False):
            return self._field([self._look(*image) for image in images])

    def _look(self, parts: Tensor, hidden: Tensor | None) -> Look:
        """Read the windows of one image, given as parts (N, C, H, W) of it."""
        grey = brightness(parts.float())[:, 0]  # (N, h, w)
        below = grey.flatten(0, 1)[None, None]  # one below the other
        seen = None if hidden is None else ~hidden[:, 0].flatten(0, 1)[None, None]
        taken_out = normalisation(below, seen)
        spoilt = None if hidden is None else hidden[:, 0]
        windows, places = spread_windows(grey, self.config.window, self.config.max_windows, spoilt)
        windows = taken_out.enter(windows[None])
        features, directed, edges = self._seen(windows)
        return Look(
            features,
            places,
            sample(grey),
            taken_out,
            periodicity(windows[0]),
            structure(windows[0]),
            combed(windows[0]),
            mosaic(windows[0]),
            directed[0],
            edges,
        )

    def _field(self, images: list[Look]) -> BlurField:
        """The one blur of some images that were read; it says nothing of brightness and contrast."""
        said = self.judge(
            torch.cat([image.features for image in images], dim=1), torch.cat([image.places for image in images])
        )
        share = (said.weights * said.disk_share).sum(dim=1)
        noises = noises_of(images, said)
        left = [image.taken_out.leave_noise(noise) for image, noise in zip(images, noises, strict=True)]
        is_clean = float(said.joined_std) < CLEAN_STD * self.config.widen and all(is_white(one[0]) for one in noises)
        shares = torch.stack([part.sum() for part in torch.split(said.weights[0], counts(images))])
        return BlurField(
            kernel=self.kernel(said.joined.exp(), share),
            noise=torch.stack(left).square().mean(dim=0).sqrt(),  # powers add, not amplitudes
            log_width=said.joined,
            log_width_std=said.joined_std * doubt_left([image.sample for image in images], shares),
            disk_share=share,
            is_clean=(is_clean,),
            votes=(votes_of(images, said),),
        )

    def kernel(self, width: Tensor, disk_share: Tensor) -> Tensor:
        """Render kernels (B, 1, K, K) of effective widths in pixels, split between a Gaussian and a disc.

        K is `kernel_size`, or as much as the widest needs.
        """
        sigma, radius = split_width(width, disk_share)
        reach = float((radius + 4 * sigma).max())
        return render_kernels(sigma, radius, max(self.config.kernel_size, 2 * math.ceil(min(reach, MOST_REACH)) + 1))

    def observe(self, blurred: Tensor) -> Tensor:
        """Give what is read of normalised images (B, 1, H, W) of one size: features (B, N, F)."""
        size, most = self.config.window, self.config.max_windows
        return self.features(torch.stack([spread_windows(image, size, most)[0] for image in brightness(blurred)]))

    def features(self, windows: Tensor) -> Tensor:
        """Read windows (B, N, S, S) of normalised images: features (B, N, F).

        The last feature is the logarithm of the window's contrast in that of its image.
        """
        return self._seen(windows)[0]

    def _seen(self, windows: Tensor) -> tuple[Tensor, Tensor, Edges]:
        """Features of windows (B, N, S, S), and what they show of directions: power (B, N, D, rings), and edges."""
        flat = windows.flatten(0, 1).float()
        mean = flat.mean(dim=(-2, -1), keepdim=True)
        contrast = (flat - mean).square().mean(dim=(-2, -1), keepdim=True).sqrt() / CONTRAST
        own = GREY + (flat - mean) / contrast.clamp(min=LEAST_CONTRAST)
        level = contrast.clamp(min=LEAST_CONTRAST).log()[..., 0]  # (B N, 1)
        power = self.spectra.power(own[None])
        directed, edges = self.spectra.by_direction(power), find_edges(own)
        profiles = self.spectra.features_of(power, directed)[0]
        seen = torch.cat([profiles, self._judged(profiles), witnesses(own, edges), level], dim=1)
        shape = windows.shape[:2]
        return seen.reshape(*shape, -1), directed.reshape(*shape, *directed.shape[2:]), edges

    @torch.no_grad()
    def _judged(self, profiles: Tensor) -> Tensor:
        """What the estimator of clean images says of each window, from its profiles (N, F): (N, _JUDGED)."""
        said = self.spectra.judge(profiles[:, None])
        assert said.log_width is not None
        assert said.log_width_std is not None
        assert said.disk_share is not None
        assert said.noise is not None
        return torch.stack([said.log_width, said.log_width_std.log(), said.disk_share, said.noise.log()], dim=1)

    @torch.no_grad()
    def calibrate(self, blurred: Tensor) -> None:
        """Set what the features are shifted and scaled by, from normalised images (B, 1, H, W)."""
        flat = self.observe(blurred).flatten(0, 1)
        self.feature_mean.copy_(flat.mean(dim=0))
        self.feature_std.copy_(flat.std(dim=0) + 1e-3)

    def judge(self, features: Tensor, places: Tensor | None = None) -> Judgement:
        """Let the windows of images vote, from their features (B, N, F).

        With the places (N, 4) of the windows of one image each votes in the light of those around it, not of all:
        where the width varies, they have it in common.
        """
        scaled = ((features - self.feature_mean) / self.feature_std).clamp(-8, 8)
        read = self.read(scaled)  # (B, N, hidden)
        common = read.median(dim=1, keepdim=True).values
        around = common.expand_as(read) if places is None else _around(read[0], places)[None]
        said = self.conclude(torch.cat([read, around], dim=-1))
        low, high = math.log(self.config.min_sigma), math.log(self.config.max_sigma)
        log_width = low + (high - low) * torch.sigmoid(said[..., 0])
        std = LEAST_STD + 0.2 * nn.functional.softplus(said[..., 1])
        log_noise = said[..., 4:] + features[..., -1:]  # said of windows of one contrast, each enlarged to it
        with torch.no_grad():
            location, weights = join(log_width, std)
            spread = scatter(log_width, std, location)
            surest = (weights * std.log()).sum(dim=1)
            count = -weights.square().sum(dim=1).log()  # of as many equal votes
            summary = torch.stack([location, surest, spread.clamp(1e-3, 50).log(), count], dim=1)
        correction, doubt = self.trust(torch.cat([common[:, 0], summary], dim=1)).unbind(dim=1)
        return Judgement(
            log_width=log_width,
            std=std,
            disk_share=torch.sigmoid(said[..., 2]),
            elongation=nn.functional.softplus(said[..., 3] - 3),  # training starts nearly round, at 5 %
            log_noise=log_noise,
            joined=location + 0.1 * torch.tanh(correction),  # votes decide: 10 % is the most that this net adds
            joined_std=self.config.widen * (LEAST_STD / 2 + 0.1 * nn.functional.softplus(doubt)),
            weights=weights,
        )


def _cut_out(parts: Tensor, places: Tensor, size: int) -> Tensor:
    """The most textured whole windows of the parts (N, C, H, W) of an image, at places (M, 4): (M', C, size, size)."""
    height = parts.shape[-2]
    whole = places[(places[:, 2:] == size).all(dim=1)][:MOST_WINDOWS].tolist()
    cut = [parts[top // height, :, top % height :, left:][:, :size, :size] for top, left, _, _ in whole]
    return torch.stack(cut) if cut else parts.new_zeros(0, parts.shape[1], size, size)


def _around(read: Tensor, places: Tensor) -> Tensor:
    """Median reading of the windows around each, itself included, from readings (N, hidden) at places (N, 4)."""
    centres = places[:, :2].to(read) + places[:, 2:].to(read) / 2
    nearest = torch.cdist(centres, centres).topk(min(AROUND, len(read)), dim=1, largest=False).indices  # (N, AROUND)
    return read[nearest].median(dim=1).values
