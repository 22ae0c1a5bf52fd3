//! The whole of `CREATE DIRECTIONS`: generate, measure, fit, try out.

use super::{Directions, DirectionsError, Explorer, FitOptions, Sample, Synthesis};
use crate::{
    nn::ModelError,
    progress::{Observer, Progress},
};

/// Patches made between two looks at the observer.
const CHUNK: usize = 64;
/// Directions are tried on other latents than they were fitted on.
const TRIAL_SEED: u64 = 0x9E37_79B9_7F4A_7C15;

impl Directions {
    /// Fits directions for the keywords on patches of the generator, and tries them out.
    ///
    /// # Errors
    /// As [`Directions::fit`], or when the generator fails or the observer cancels.
    pub fn train(
        generator: &dyn Synthesis,
        keywords: &[&str],
        options: &FitOptions,
        observer: &dyn Observer,
    ) -> Result<Self, DirectionsError> {
        let mut explorer = Explorer::new(generator);
        let mut samples = Vec::with_capacity(options.samples);
        while samples.len() < options.samples {
            if observer.is_cancelled() {
                return Err(ModelError::Cancelled.into());
            }
            let next = options.samples.min(samples.len() + CHUNK);
            let indices: Vec<u64> = (samples.len() as u64..next as u64).collect();
            let points = explorer.starts(options.seed, &indices)?;
            let views = explorer.look(points)?;
            samples.extend(views.into_iter().map(|v| Sample {
                w: v.w,
                quantities: v.quantities,
            }));
            observer.report(&Progress {
                task: "generating samples for directions".to_owned(),
                step: samples.len() as u64,
                steps: options.samples as u64,
                metrics: Vec::new(),
            });
        }
        let mut directions = Self::fit(&samples, keywords, options)?;
        directions.try_out(generator, options.seed ^ TRIAL_SEED, observer)?;
        Ok(directions)
    }
}
