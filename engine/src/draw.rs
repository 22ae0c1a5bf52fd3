//! Drawing samples: the one place where a seed becomes a patch, with or without targets. The same request
//! with the same seed gives the same bits, whatever the batch or the number of threads.

mod exec;
mod node;

use std::sync::Arc;

use rayon::prelude::*;

use crate::{
    directions::View,
    error::{Error, Result},
    generator::Generator,
    meter,
    models::{Handle, MemoKey, Named},
    physics, target,
    types::Sample,
};

pub(crate) use self::{exec::DrawExec, node::DrawNode};

/// How many samples are drawn at once.
const CHUNK: usize = 16;

/// One sample that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The quantities that its patch must have, in their base units.
    pub(crate) targets: Vec<(&'static str, f64)>,
    /// The seed.
    pub(crate) seed: i64,
    /// The largest relative difference between a target and what is measured.
    pub(crate) tolerance: f64,
}

/// The samples for `requests`, in their order.
pub(crate) fn draw(models: &Handle, generator: &str, requests: &[Request]) -> Result<Vec<Arc<Sample>>> {
    let named = models.generator(generator)?;
    let meter = meter::current();
    let mut samples = Vec::with_capacity(requests.len());
    for chunk in requests.chunks(CHUNK) {
        let drawn = chunk
            .par_iter()
            .map(|request| {
                models.check_cancelled()?;
                meter.enter(|| draw_one(models, generator, &named, request))
            })
            .collect::<Result<Vec<_>>>()?;
        samples.extend(drawn);
    }
    Ok(samples)
}

fn draw_one(
    models: &Handle,
    name: &str,
    generator: &Named<Generator>,
    request: &Request,
) -> Result<Arc<Sample>> {
    if request.seed < 0 {
        return Err(Error::Unsupported(format!(
            "seed is a whole number from 0, found {}",
            request.seed
        )));
    }
    let key = MemoKey {
        generator: generator.identity.clone(),
        targets: request
            .targets
            .iter()
            .map(|(keyword, value)| (*keyword, value.to_bits()))
            .collect(),
        seed: request.seed,
        tolerance: request.tolerance.to_bits(),
    };
    models.remember(key, || {
        let seed = request.seed as u64;
        if request.targets.is_empty() {
            let latent = Generator::latent(seed, 0, generator.config().latent_dim);
            let mapped = generator.map(&[latent])?.swap_remove(0);
            let patch = generator
                .synthesize(std::slice::from_ref(&mapped))?
                .swap_remove(0);
            let quantities = physics::measure(&patch);
            let view = View {
                w: mapped,
                patch,
                quantities,
            };
            return Ok(Sample {
                seed: Some(request.seed),
                ..Sample::new(generator.config(), view)
            });
        }
        let directions = models.directions(name)?;
        let solved = target::solve(
            &**generator,
            &directions,
            &request.targets,
            seed,
            0,
            request.tolerance,
        )?;
        let view = View {
            w: solved.w,
            patch: solved.patch,
            quantities: solved.quantities,
        };
        Ok(Sample {
            seed: Some(request.seed),
            iterations: Some(solved.iterations),
            ..Sample::new(generator.config(), view)
        })
    })
}

/// A seed for a call that gave none, small enough to be typed again.
pub(crate) fn random_seed() -> i64 {
    i64::from(rand::random::<u32>())
}
