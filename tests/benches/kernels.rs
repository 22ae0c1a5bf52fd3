//! Our convolutions beside candle's own on one thread: `cargo bench -p helioql-tests --bench kernels`.
//!
//! The layers are those of the 128-pixel generator and its critic, for a batch of 16. A row gives GFLOP/s of the forward
//! pass and of forward and backward together (three times the operations), the ratio of the times, and the largest
//! difference of outputs and gradients. The cost of a layer grows with the product of its channels, taps and pixels.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::{error::Error, hint::black_box, time::Instant};

use candle_core::{Device, Tensor, Var};
use helioql::nn::{Activation, Conv2d, ConvTranspose2d, Parameters, Random, Window};

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
    for layer in &LAYERS {
        let Layer {
            channels: (inputs, outputs),
            side,
            window,
            transposed,
        } = *layer;
        let mut random = Random::new(1, 0);
        let image = random.normals(BATCH * inputs * side * side);
        let image = Var::from_vec(image, (BATCH, inputs, side, side), &Device::Cpu)?;
        let mut parameters = Parameters::new();
        let name = if transposed {
            ConvTranspose2d::new(
                &mut parameters.fresh(&mut random),
                "l",
                (inputs, outputs),
                window,
                Activation::None,
                0.1,
            )?;
            "transposed convolution"
        } else {
            Conv2d::new(
                &mut parameters.fresh(&mut random),
                "l",
                (inputs, outputs),
                window,
                Activation::None,
                0.1,
            )?;
            "convolution"
        };
        let weight = parameters
            .iter()
            .find(|(name, _)| *name == "l.weight")
            .map(|(_, weight)| weight.clone())
            .ok_or("a layer has a weight")?;
        let ours = |x: &Tensor| -> Outcome<Tensor> {
            Ok(if transposed {
                let layer = ConvTranspose2d::new(
                    &mut parameters.trainable(),
                    "l",
                    (inputs, outputs),
                    window,
                    Activation::None,
                    0.1,
                )?;
                layer.forward(x)?
            } else {
                let layer = Conv2d::new(
                    &mut parameters.trainable(),
                    "l",
                    (inputs, outputs),
                    window,
                    Activation::None,
                    0.1,
                )?;
                layer.forward(x)?
            })
        };
        let candles = |x: &Tensor| -> Outcome<Tensor> {
            Ok(if transposed {
                x.conv_transpose2d(weight.as_tensor(), window.padding, 0, window.stride, 1)?
            } else {
                x.conv2d(weight.as_tensor(), window.padding, window.stride, 1, 1)?
            })
        };

        let (mine, theirs) = (ours(&image)?, candles(&image)?);
        let gradients = [&mine, &theirs].map(|out| -> Outcome<[Tensor; 2]> {
            let found = out.sqr()?.sum_all()?.backward()?;
            let of = |x: &Tensor| found.get(x).cloned().ok_or("a gradient");
            Ok([of(&image)?, of(weight.as_tensor())?])
        });
        let [mine_g, theirs_g] = gradients;
        let (mine_g, theirs_g) = (mine_g?, theirs_g?);
        let pairs = [
            (&mine, &theirs),
            (&mine_g[0], &theirs_g[0]),
            (&mine_g[1], &theirs_g[1]),
        ];
        let mut difference = 0.0_f32;
        for (a, b) in pairs {
            let scale = b.abs()?.max_all()?.to_scalar::<f32>()?;
            difference = difference.max((a - b)?.abs()?.max_all()?.to_scalar::<f32>()? / scale);
        }

        let forward = [seconds(|| ours(&image))?, seconds(|| candles(&image))?];
        let both = [
            seconds(|| Ok(ours(&image)?.sum_all()?.backward()?))?,
            seconds(|| Ok(candles(&image)?.sum_all()?.backward()?))?,
        ];
        let positions = if transposed {
            side * side
        } else {
            (side / window.stride).pow(2)
        };
        let operations = 2.0 * (BATCH * inputs * outputs * window.kernel.pow(2) * positions) as f64;
        let rate = |seconds: f64, passes: f64| passes * operations / seconds / 1e9;
        println!(
            "{:34} {:9.1} {:9.1} {:7.1} {:9.1} {:9.1} {:7.1} {:10.1e}",
            format!("{name} {inputs}→{outputs} at {side}"),
            rate(forward[0], 1.0),
            rate(forward[1], 1.0),
            forward[1] / forward[0],
            rate(both[0], 3.0),
            rate(both[1], 3.0),
            both[1] / both[0],
            difference,
        );
    }
    Ok(())
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
