//! The layers against candle's own operations, against numerical derivatives, and against themselves in
//! other batches and on other numbers of threads.

use candle_core::{Device, Tensor, Var};

use super::*;

/// Largest difference in units of the largest number: sums of up to a thousand products in another order.
const REORDERED: f32 = 1e-5;

type Check = std::result::Result<(), Box<dyn std::error::Error>>;

fn random(shape: &[usize], stream: u64) -> Result<Var> {
    let values = Random::new(1, stream).normals(shape.iter().product());
    Ok(Var::from_vec(values, shape, &Device::Cpu)?)
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.flatten_all()?.to_vec1()?)
}

fn assert_close(found: &Tensor, expected: &Tensor, what: &str) -> Check {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    let (found, expected) = (numbers(found)?, numbers(expected)?);
    let largest = expected.iter().fold(0f32, |most, v| most.max(v.abs()));
    let off = found
        .iter()
        .zip(&expected)
        .fold(0f32, |most, (a, b)| most.max((a - b).abs()));
    assert!(
        off <= REORDERED * largest,
        "{what}: off by {off}, largest {largest}"
    );
    Ok(())
}

/// Compares outputs and all gradients of two forms of one layer.
fn assert_same(
    inputs: &[&Var],
    what: &str,
    ours: impl Fn() -> Result<Tensor>,
    candle: impl Fn() -> Result<Tensor>,
) -> Check {
    let (ours, candle) = (ours()?, candle()?);
    assert_close(&ours, &candle, what)?;
    let weights = random(ours.dims(), 99)?.detach();
    let gradients = |out: &Tensor| Ok::<_, ModelError>((out * &weights)?.sum_all()?.backward()?);
    let (found, expected) = (gradients(&ours)?, gradients(&candle)?);
    for (i, input) in inputs.iter().enumerate() {
        let missing = || format!("{what}: no gradient for input {i}");
        let found = found.get(input).ok_or_else(missing)?;
        let expected = expected.get(input).ok_or_else(missing)?;
        assert_close(found, expected, &format!("{what}, gradient {i}"))?;
    }
    Ok(())
}

const ACTIVATIONS: [Activation; 4] = [
    Activation::None,
    Activation::LeakyRelu,
    Activation::ClippedTanh(1.0),
    Activation::ClippedTanh(1.05),
];

/// Kernel, stride, padding, rows, columns: the models' windows, and odd ones at odd sizes. The pixels that a
/// window leaves over are as many down as across: elsewhere candle's gradient has the wrong shape.
const WINDOWS: [(usize, usize, usize, usize, usize); 8] = [
    (3, 2, 1, 8, 8),
    (4, 2, 1, 6, 10),
    (3, 1, 1, 5, 4),
    (1, 1, 0, 3, 3),
    (3, 2, 1, 7, 9),
    (2, 2, 0, 5, 5),
    (5, 3, 2, 11, 8),
    (3, 3, 0, 4, 4),
];

#[test]
fn convolution_equals_candle() -> Check {
    for (kernel, stride, padding, height, width) in WINDOWS {
        for activation in ACTIVATIONS {
            let window = Window {
                kernel,
                stride,
                padding,
            };
            let x = random(&[5, 3, height, width], 0)?;
            let (weight, bias) = (random(&[4, 3, kernel, kernel], 1)?, random(&[4], 2)?);
            let layer = Conv2d::from_tensors(
                weight.as_tensor().clone(),
                bias.as_tensor().clone(),
                window,
                activation,
            );
            let what = format!("{window:?} {activation:?}");
            assert_same(
                &[&x, &weight, &bias],
                &what,
                || layer.forward(&x),
                || layer.compose(&x),
            )?;
        }
    }
    Ok(())
}

#[test]
fn transposed_convolution_equals_candle() -> Check {
    for (kernel, stride, padding, height, width) in WINDOWS {
        for activation in ACTIVATIONS {
            let window = Window {
                kernel,
                stride,
                padding,
            };
            let mut parameters = Parameters::new();
            let mut source = Random::new(3, 0);
            let layer = ConvTranspose2d::new(
                &mut parameters.fresh(&mut source),
                "up",
                (3, 2),
                window,
                activation,
                0.5,
            )?;
            let vars: Vec<_> = parameters.iter().map(|(_, var)| var.clone()).collect();
            let x = random(&[5, 3, height, width], 0)?;
            let inputs: Vec<_> = std::iter::once(&x).chain(&vars).collect();
            let what = format!("{window:?} {activation:?}");
            assert_same(&inputs, &what, || layer.forward(&x), || layer.compose(&x))?;
        }
    }
    Ok(())
}

#[test]
fn doubling_equals_repeated_pixels_and_a_convolution() -> Check {
    for activation in ACTIVATIONS {
        let mut parameters = Parameters::new();
        let mut source = Random::new(3, 1);
        let mut fresh = parameters.fresh(&mut source);
        let layer = ConvTranspose2d::repeating(&mut fresh, "up", (3, 2), activation, 0.5)?;
        let vars: Vec<_> = parameters.iter().map(|(_, var)| var.clone()).collect();
        let x = random(&[2, 3, 4, 6], 0)?;
        let inputs: Vec<_> = std::iter::once(&x).chain(&vars).collect();
        assert_same(
            &inputs,
            &format!("{activation:?}"),
            || layer.forward(&x),
            || layer.compose(&x),
        )?;

        // Written out: pixels repeated, then the kernel, which a transposed convolution mirrors.
        let (bias, weight) = (&vars[0], &vars[1]);
        let repeated = x.upsample_nearest2d(8, 12)?;
        let kernel = weight.transpose(0, 1)?.contiguous()?.flip(&[2, 3])?;
        let sum = repeated.conv2d(&kernel.contiguous()?, 1, 1, 1, 1)?;
        let sum = sum.broadcast_add(&bias.reshape((1, (), 1, 1))?)?;
        assert_close(&layer.forward(&x)?, &activation.compose(&sum)?, "repeated")?;
    }
    Ok(())
}

#[test]
fn linear_equals_candle() -> Check {
    for rows in [1, 7, 8, 19] {
        let mut parameters = Parameters::new();
        let mut source = Random::new(4, 0);
        let layer = Linear::new(
            &mut parameters.fresh(&mut source),
            "fc",
            (13, 21),
            Activation::LeakyRelu,
            0.3,
        )?;
        let vars: Vec<_> = parameters.iter().map(|(_, var)| var.clone()).collect();
        let x = random(&[rows, 13], 0)?;
        let inputs: Vec<_> = std::iter::once(&x).chain(&vars).collect();
        assert_same(
            &inputs,
            &format!("{rows} rows"),
            || layer.forward(&x),
            || layer.compose(&x),
        )?;
    }
    Ok(())
}

#[test]
fn pixel_norm_equals_candle() -> Check {
    for shape in [[3, 6, 4, 5], [2, 2, 3, 3], [4, 10, 1, 1]] {
        let (x, style) = (random(&shape, 0)?, random(&shape[..2], 1)?);
        assert_same(
            &[&x, &style],
            &format!("{shape:?}"),
            || modulated_pixel_norm(&x, &style),
            || pixel_norm::compose(&x, &style),
        )?;
    }
    Ok(())
}

/// Step of the numerical derivatives.
const STEP: f32 = 1e-2;

/// Such a step leaves an error of about 1e-3 from rounding and curvature in single precision.
const NUMERICAL: f32 = 1e-2;

/// The derivative of the whole chain by central differences: an oracle that shares no code with candle.
#[test]
fn gradients_equal_finite_differences() -> Check {
    let window = Window {
        kernel: 4,
        stride: 2,
        padding: 1,
    };
    let mut parameters = Parameters::new();
    let mut draws = Random::new(5, 0);
    let mut source = parameters.fresh(&mut draws);
    let up = ConvTranspose2d::new(
        &mut source,
        "up",
        (3, 2),
        window,
        Activation::ClippedTanh(1.0),
        0.3,
    )?;
    let down = Conv2d::new(&mut source, "down", (2, 3), window, Activation::None, 0.3)?;
    let (x, style) = (random(&[2, 3, 4, 4], 0)?, random(&[2, 3], 1)?);
    let loss = || {
        Ok::<_, ModelError>(
            down.forward(&up.forward(&modulated_pixel_norm(&x, &style)?)?)?
                .sqr()?
                .sum_all()?,
        )
    };
    let gradients = loss()?.backward()?;

    let named = parameters.iter().map(|(name, var)| (name, var.clone()));
    for (name, var) in named
        .chain([("x", x.clone()), ("style", style.clone())])
        .collect::<Vec<_>>()
    {
        let gradient = numbers(gradients.get(&var).ok_or("no gradient")?)?;
        let scale = gradient.iter().fold(0f32, |most, g| most.max(g.abs()));
        let start = numbers(&var)?;
        for i in (0..start.len()).step_by(1 + start.len() / 7) {
            let at = |step: f32| -> Result<f32> {
                let mut moved = start.clone();
                moved[i] += step;
                var.set(&Tensor::from_vec(moved, var.shape(), &Device::Cpu)?)?;
                Ok(loss()?.to_scalar::<f32>()?)
            };
            let slope = (at(STEP)? - at(-STEP)?) / (2.0 * STEP);
            var.set(&Tensor::from_vec(start.clone(), var.shape(), &Device::Cpu)?)?;
            let off = (slope - gradient[i]).abs();
            assert!(
                off <= NUMERICAL * scale,
                "{name}[{i}]: {slope} by differences, {} here",
                gradient[i]
            );
        }
    }
    Ok(())
}

fn in_pool<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("a few threads can be started").install(work)
}

#[test]
fn bits_do_not_depend_on_batch_or_threads() -> Check {
    let window = Window {
        kernel: 4,
        stride: 2,
        padding: 1,
    };
    let mut parameters = Parameters::new();
    let mut draws = Random::new(6, 0);
    let mut source = parameters.fresh(&mut draws);
    let fc = Linear::new(&mut source, "fc", (40, 24 * 36), Activation::LeakyRelu, 0.1)?;
    let style = Linear::new(&mut source, "style", (40, 24), Activation::None, 0.1)?;
    let up = ConvTranspose2d::new(&mut source, "up", (24, 10), window, Activation::LeakyRelu, 0.1)?;
    let down = Conv2d::new(&mut source, "down", (10, 30), window, Activation::LeakyRelu, 0.1)?;
    let forward = |x: &Tensor| {
        let h = fc.forward(x)?.reshape(((), 24, 6, 6))?;
        down.forward(&up.forward(&modulated_pixel_norm(&h, &style.forward(x)?)?)?)
    };
    let x = random(&[13, 40], 0)?;
    let run = || -> Result<(Vec<f32>, Vec<Vec<f32>>)> {
        let out = forward(&x)?;
        let gradients = out.sqr()?.sum_all()?.backward()?;
        let gradients = parameters
            .iter()
            .filter_map(|(_, var)| gradients.get(var))
            .map(numbers)
            .collect::<Result<_>>()?;
        Ok((numbers(&out)?, gradients))
    };
    let alone = in_pool(1, run)?;
    assert_eq!(alone.1.len(), 8, "every parameter has a gradient");
    assert!(alone == in_pool(3, run)?, "other bits on three threads");
    for row in 0..13 {
        let one = numbers(&forward(&x.narrow(0, row, 1)?)?)?;
        assert!(
            one == alone.0[row * one.len()..][..one.len()],
            "row {row} has other bits in a batch"
        );
    }
    Ok(())
}

#[test]
fn adam_equals_its_formula() -> Check {
    // By hand, β = (0.9, 0.99), ε = 0, lr 0.1, decay 0.5: after one step m̂ = g, v̂ = g², so the step is
    // lr · sign g: 2 · (1 − 0.05) − 0.1 = 1.8; a second equal gradient gives the same: 1.8 · 0.95 − 0.1.
    let mut parameters = Parameters::new();
    parameters
        .fresh(&mut Random::new(0, 0))
        .tensor("p", &[1], Init::Ones)?;
    let (_, p) = parameters.iter().next().ok_or("no parameter")?;
    p.set(&Tensor::new(&[2f32], &Device::Cpu)?)?;
    let config = adam::AdamConfig {
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 0.0,
        decay: 0.5,
    };
    let mut adam = Adam::new(config);
    for expected in [1.8f32, 1.61] {
        let gradients = (p.as_tensor() * 3.0)?.sum_all()?.backward()?;
        adam.step(&parameters, &gradients, 0.1)?;
        let found = p.to_vec1::<f32>()?[0];
        assert!(
            (found - expected).abs() < 1e-6,
            "{found}, expected {expected} up to rounding"
        );
    }
    Ok(())
}

#[test]
fn average_follows_its_parameters() -> Check {
    let mut parameters = Parameters::new();
    parameters
        .fresh(&mut Random::new(0, 0))
        .tensor("p", &[2], Init::Zeros)?;
    let average = Average::new(&parameters)?;
    let (_, p) = parameters.iter().next().ok_or("no parameter")?;
    p.set(&Tensor::new(&[4f32, -8.0], &Device::Cpu)?)?;
    average.update(&parameters, 0.75)?;
    let (_, a) = average.parameters().iter().next().ok_or("no parameter")?;
    assert_eq!(a.to_vec1::<f32>()?, [1.0, -2.0]);
    Ok(())
}

#[test]
fn parameters_survive_a_file_and_refuse_another_shape() -> Check {
    let mut parameters = Parameters::new();
    parameters
        .fresh(&mut Random::new(8, 0))
        .tensor("a.weight", &[2, 3], Init::Normal { std: 1.0 })?;
    let read = Parameters::from_safetensors(&parameters.to_safetensors("net.")?, "net.")?;
    let same = read.frozen().tensor("a.weight", &[2, 3], Init::Zeros)?;
    assert_eq!(
        numbers(&same)?,
        numbers(&parameters.frozen().tensor("a.weight", &[2, 3], Init::Zeros)?)?
    );

    let message = |name: &str, shape: &[usize]| {
        read.frozen()
            .tensor(name, shape, Init::Zeros)
            .map_err(|e| e.to_string())
            .err()
            .unwrap_or_default()
    };
    assert_eq!(
        message("a.weight", &[3, 2]),
        "tensor `a.weight` should have shape [3, 2], found [2, 3]"
    );
    assert!(message("b.weight", &[3, 2]).starts_with("weights lack the tensor `b.weight` of shape [3, 2]"));
    assert!(matches!(
        Parameters::from_safetensors(b"not a file", ""),
        Err(ModelError::Safetensors(_))
    ));
    Ok(())
}

#[test]
fn a_random_stream_continues_where_it_was_saved() {
    let mut random = Random::new(9, 2);
    random.normals(1001);
    random.coin();
    let mut restored = Random::at(random.position());
    assert_eq!(random.normals(50), restored.normals(50));
    assert_eq!(random.index(1000), restored.index(1000));
}
