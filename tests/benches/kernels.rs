//! Our convolutions beside candle's own on one thread: `cargo bench -p helioql-tests --bench kernels`.
//!
//! The layers are those of the 128-pixel generator and its critic, for a batch of 16. A row gives GFLOP/s of the forward
//! pass and of forward and backward together (three times the operations), the ratio of the times, and the largest
//! difference of outputs and gradients. The cost of a layer grows with the product of its channels, taps and pixels.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::{error::Error, hint::black_box, time::Instant};

use candle_core::{Device, Tensor, Var};
use helioql::nn::{Activation, Conv2d, ConvTranspose2d, Parameters, Random, Source, Window};

type Outcome<T> = Result<T, Box<dyn Error>>;

const BATCH: usize = 16;
/// Runs of which the fastest counts.
const RUNS: usize = 5;

/// A layer: channels in and out, side of its input, window, and whether it is transposed.
struct Layer {
    channels: (usize, usize),
    side: usize,
    window: Window,
    transposed: bool,
}

const HALVE: Window = Window {
    kernel: 3,
    stride: 2,
    padding: 1,
};
const DOUBLE: Window = Window {
    kernel: 4,
    stride: 2,
    padding: 1,
};

const fn layer(inputs: usize, outputs: usize, side: usize, window: Window, transposed: bool) -> Layer {
    Layer {
        channels: (inputs, outputs),
        side,
        window,
        transposed,
    }
}

const LAYERS: [Layer; 8] = [
    layer(4, 16, 128, HALVE, false),
    layer(16, 24, 64, HALVE, false),
    layer(24, 48, 32, HALVE, false),
    layer(96, 192, 8, HALVE, false),
    layer(192, 96, 4, DOUBLE, true),
    layer(96, 48, 8, DOUBLE, true),
    layer(32, 16, 32, DOUBLE, true),
    layer(16, 8, 64, DOUBLE, true),
];

impl Layer {
    /// The layer with parameters from `source`, applied to `x`.
    fn ours(&self, source: &mut dyn Source, x: &Tensor) -> Outcome<Tensor> {
        let none = Activation::None;
        Ok(if self.transposed {
            ConvTranspose2d::new(source, "l", self.channels, self.window, none, 0.1)?.forward(x)?
        } else {
            Conv2d::new(source, "l", self.channels, self.window, none, 0.1)?.forward(x)?
        })
    }

    /// The same by candle.
    fn candles(&self, weight: &Tensor, x: &Tensor) -> Outcome<Tensor> {
        let Window { padding, stride, .. } = self.window;
        Ok(if self.transposed {
            x.conv_transpose2d(weight, padding, 0, stride, 1)?
        } else {
            x.conv2d(weight, padding, stride, 1, 1)?
        })
    }

    /// Operations of a forward pass, in units of 10⁹.
    fn gflop(&self) -> f64 {
        let positions = if self.transposed {
            self.side * self.side
        } else {
            (self.side / self.window.stride).pow(2)
        };
        let (inputs, outputs) = self.channels;
        2e-9 * (BATCH * inputs * outputs * self.window.kernel.pow(2) * positions) as f64
    }

    /// Prints the row of the layer.
    fn measure(&self) -> Outcome<()> {
        let (inputs, outputs) = self.channels;
        let mut random = Random::new(1, 0);
        let pixels = random.normals(BATCH * inputs * self.side * self.side);
        let x = Var::from_vec(pixels, (BATCH, inputs, self.side, self.side), &Device::Cpu)?;
        let mut parameters = Parameters::new();
        self.ours(&mut parameters.fresh(&mut random), &x)?;
        let mut named = parameters.iter();
        let weight = named
            .find(|(name, _)| *name == "l.weight")
            .ok_or("a layer has a weight")?
            .1;
        let ours = || self.ours(&mut parameters.trainable(), &x);
        let candles = || self.candles(weight, &x);

        let difference = difference(&ours()?, &candles()?, [&x, weight])?;
        let forward = [seconds(ours)?, seconds(candles)?];
        let both = [
            seconds(|| Ok(ours()?.sum_all()?.backward()?))?,
            seconds(|| Ok(candles()?.sum_all()?.backward()?))?,
        ];
        let rate = |seconds: f64, passes: f64| passes * self.gflop() / seconds;
        let kind = if self.transposed {
            "transposed convolution"
        } else {
            "convolution"
        };
        println!(
            "{:34} {:9.1} {:9.1} {:7.1} {:9.1} {:9.1} {:7.1} {difference:10.1e}",
            format!("{kind} {inputs}→{outputs} at {}", self.side),
            rate(forward[0], 1.0),
            rate(forward[1], 1.0),
            forward[1] / forward[0],
            rate(both[0], 3.0),
            rate(both[1], 3.0),
            both[1] / both[0],
        );
        Ok(())
    }
}

fn main() -> Outcome<()> {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    println!(
        "{:34} {:>9} {:>9} {:>7} {:>9} {:>9} {:>7} {:>10}",
        "layer (batch 16, one thread)",
        "forward",
        "candle",
        "ratio",
        "with grad",
        "candle",
        "ratio",
        "difference"
    );
    LAYERS.iter().try_for_each(Layer::measure)
}

/// The largest difference of two outputs, and of the gradients of their squares, as a part of the largest value.
fn difference(ours: &Tensor, candles: &Tensor, of: [&Tensor; 2]) -> Outcome<f32> {
    let gradients = [ours, candles].map(|out| out.sqr()?.sum_all()?.backward());
    let [mine, theirs] = gradients;
    let (mine, theirs) = (mine?, theirs?);
    let mut largest = apart(ours, candles)?;
    for x in of {
        let (a, b) = (
            mine.get(x).ok_or("a gradient")?,
            theirs.get(x).ok_or("a gradient")?,
        );
        largest = largest.max(apart(a, b)?);
    }
    Ok(largest)
}

fn apart(a: &Tensor, b: &Tensor) -> Outcome<f32> {
    let most = |x: &Tensor| x.abs()?.max_all()?.to_scalar::<f32>();
    Ok(most(&(a - b)?)? / most(b)?)
}

/// The shortest of a few runs.
fn seconds<T>(run: impl Fn() -> Outcome<T>) -> Outcome<f64> {
    let mut least = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        black_box(run()?);
        least = least.min(start.elapsed().as_secs_f64());
    }
    Ok(least)
}
