//! The critic that trains the generator: image → how real it looks, as one number.
//!
//! Convolutions k3 s2 p1 with leaky rectifier halve the image down to 4 × 4, two linear layers judge it. There is
//! no normalisation: the penalty on its gradient keeps it smooth. It judges an image alone or with its batch
//! beside it (`critic/view.rs`).

mod view;

use candle_core::Tensor;

use crate::nn::{Activation, Conv2d, Linear, Result, Source, Window};

use super::config::FIRST_SIDE;
use super::network::he;
use super::scale::Scale;

/// Width of the layer before the judgement.
const HIDDEN: usize = 128;

/// Halves an image.
const HALVE: Window = Window {
    kernel: 3,
    stride: 2,
    padding: 1,
};

/// Layers of the critic.
#[derive(Debug)]
pub struct Critic {
    /// The scale of the images and the field at ±1, where it sees them with their batch.
    sees_batch: Option<(Scale, f32)>,
    halve: Vec<Conv2d>,
    hidden: Linear,
    judge: Linear,
}

impl Critic {
    /// The critic whose convolutions end in these channels, one of them per halving; with
    /// `sees_batch`, the scale of the images and the field at ±1, it sees them with their batch.
    ///
    /// # Errors
    /// When `source` lacks a parameter or has it in another shape.
    pub fn new(
        channels: &[usize],
        sees_batch: Option<(Scale, f32)>,
        source: &mut dyn Source,
    ) -> Result<Self> {
        let leaky = Activation::LeakyRelu;
        let mut inputs = if sees_batch.is_some() { view::CHANNELS } else { 1 };
        let mut halve = Vec::with_capacity(channels.len());
        for (i, &outputs) in channels.iter().enumerate() {
            let std = he(inputs * 9);
            halve.push(Conv2d::new(
                source,
                &format!("cv.{i}"),
                (inputs, outputs),
                HALVE,
                leaky,
                std,
            )?);
            inputs = outputs;
        }
        let features = inputs * FIRST_SIDE * FIRST_SIDE;
        let hidden = Linear::new(source, "fc1", (features, HIDDEN), leaky, he(features))?;
        let judge = Linear::new(
            source,
            "fc2",
            (HIDDEN, 1),
            Activation::None,
            1.0 / (HIDDEN as f64).sqrt(),
        )?;
        Ok(Self {
            sees_batch,
            halve,
            hidden,
            judge,
        })
    }

    /// Judges images (n, 1, size, size), which are of one kind by batches of `batch`: (n) numbers, larger for more
    /// real.
    ///
    /// # Errors
    /// When the shape does not fit.
    pub fn forward(&self, images: &Tensor, batch: usize) -> Result<Tensor> {
        let mut h = match self.sees_batch {
            Some((scale, clip_gauss)) => view::view(images, batch, scale, clip_gauss)?,
            None => images.clone(),
        };
        for layer in &self.halve {
            h = layer.forward(&h)?;
        }
        Ok(self
            .judge
            .forward(&self.hidden.forward(&h.flatten_from(1)?)?)?
            .squeeze(1)?)
    }
}
