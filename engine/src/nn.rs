//! Neural-network layers on the CPU, as candle operations with forward and backward of our own.
//!
//! They stand apart from the models because the generator and the encoder share them, and because they
//! replace candle's own convolutions: lowering an image to a matrix and multiplying it with `gemm` is 4–10
//! times faster than candle's transposed convolution and convolution gradients on a CPU.
//!
//! Two promises hold for every layer:
//! - **The forward pass of one image does not depend on its batch.** Every image goes through matrix
//!   products of the same shapes, so its bits are the same alone or in a batch, on one thread or many.
//! - **Gradients do not depend on the number of threads.** Sums over the batch run over fixed groups of
//!   images in image order.

pub mod activation;
pub mod adam;
mod batch;
pub mod conv;
pub mod conv_transpose;
mod convolution;
pub mod ema;
pub mod error;
pub mod gemm;
pub mod linear;
mod lowering;
mod nearest_kernel;
pub mod parameters;
pub mod pixel_norm;
pub mod random;
mod scratch;
#[cfg(test)]
mod tests;
pub(crate) mod values;
pub mod weights;

pub use activation::Activation;
pub use adam::Adam;
pub use conv::Conv2d;
pub use conv_transpose::ConvTranspose2d;
pub use ema::Average;
pub use error::{ModelError, Result};
pub use linear::Linear;
pub use lowering::Window;
pub(crate) use parameters::default_std;
pub use parameters::{Init, Parameters, Source};
pub use pixel_norm::modulated_pixel_norm;
pub use random::Random;
pub use weights::WeightsFile;
