//! From a real patch to a latent: the point of w whose patch comes nearest to it, so that STEER works on what was
//! observed.
//!
//! The search starts where the encoder says: of a fixed set of drawn patches, those whose embeddings are nearest to
//! that of the real one. From there w moves down the gradient of three differences: of the images pixel by pixel, of
//! the maps of positive and of negative flux over ever larger blocks, and of the two total fluxes. A network of a
//! hundred numbers cannot draw every grain of a region; a difference of pixels alone would rather draw none than one
//! in a wrong place, and lose the flux. The starts run in one batch, the worse half is given up on the way. w is held
//! among the latents that the generator was trained on by a penalty on its Mahalanobis distance from their mean.

use candle_core::{Device, Tensor, Var};

use crate::{
    directions::{Population, View},
    encoder::Encoder,
    generator::{Generator, evaluate::as_drawn},
    nn::{ModelError, Result},
    patch::Patch,
    physics,
    progress::Observer,
};

/// Drawn patches among which the search starts.
const DRAWN: u64 = 512;
/// Those of them that it starts from.
const STARTS: usize = 4;
/// Steps with all starts, then with the better half of those left, until the last round. On 24 validation patches a
/// third of these steps explained 0.09 of the mean square field in the median, these 0.27, from twice the starts 0.26.
const ROUNDS: [usize; 3] = [90, 90, 180];
/// Step sizes in standard deviations of the latents, at first and at last.
const RATES: (f64, f64) = (0.15, 0.02);
/// Blocks of pixels over which the images are averaged before they are compared, and the weight of each.
const IMAGE_BLOCKS: [(usize, f64); 3] = [(1, 0.5), (2, 0.5), (4, 1.0)];
/// The same for the maps of positive and of negative flux.
const FLUX_BLOCKS: [(usize, f64); 3] = [(4, 2.0), (8, 4.0), (16, 8.0)];
/// Weight of the squared difference of ln flux, of either polarity.
const FLUX: f64 = 0.5;
/// Keeps the logarithm of a patch without flux finite, as a part of the clip.
const LEAST_FLUX: f64 = 1e-3;
/// Weight of the mean squared coordinate of w in standard deviations.
const PRIOR: f64 = 2e-3;

/// What came out.
#[derive(Debug, Clone)]
pub struct Inverted {
    /// The point of w, its patch and what is measured on that.
    pub view: View,
    /// Root of the mean squared difference from the real patch as the generator could draw it (on its grid, clipped),
    /// over what was observed, in Gauss.
    pub pixel_error_gauss: f64,
    /// The part of the real patch's mean square field that the difference leaves explained: 1 − error² / field².
    pub explained: f64,
    /// The distance of the two embeddings.
    pub embedding_distance: f64,
    /// Patches drawn on the way.
    pub images: usize,
}

/// The drawn patches among which every search of one generator and encoder starts.
#[derive(Debug)]
pub struct Atlas {
    points: Vec<Vec<f32>>,
    embeddings: Vec<Vec<f32>>,
    population: Population,
}

impl Atlas {
    /// How many bytes an atlas of these models takes.
    pub(crate) fn bytes_needed(generator: &Generator, encoder: &Encoder) -> usize {
        DRAWN as usize * size_of::<f32>() * (generator.config().latent_dim + encoder.dim())
    }

    /// Draws and embeds them.
    ///
    /// # Errors
    /// When a model fails or the observer cancels.
    pub fn new(generator: &Generator, encoder: &Encoder, observer: &dyn Observer) -> Result<Self> {
        let dim = generator.config().latent_dim;
        let latents: Vec<_> = (0..DRAWN).map(|i| Generator::latent(0, i, dim)).collect();
        let points = generator.map(&latents)?;
        let mut embeddings = Vec::with_capacity(points.len());
        for points in points.chunks(64) {
            check(observer)?;
            let patches = generator.synthesize(points)?;
            embeddings.extend(encoder.embed(&patches.iter().collect::<Vec<_>>())?);
        }
        let population = Population::of(&points.iter().map(Vec::as_slice).collect::<Vec<_>>());
        Ok(Self {
            points,
            embeddings,
            population,
        })
    }

    /// The points whose embeddings are nearest.
    fn nearest(&self, embedding: &[f32], count: usize) -> Vec<&[f32]> {
        let mut order: Vec<(f32, usize)> = self
            .embeddings
            .iter()
            .enumerate()
            .map(|(i, other)| (squared(embedding, other), i))
            .collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let nearest = order.into_iter().take(count);
        nearest.map(|(_, i)| self.points[i].as_slice()).collect()
    }
}

/// Finds the latent that best reproduces a patch. With the same arguments the result is the same bits.
///
/// # Errors
/// When nothing of the patch was observed, it cannot be put on the generator's grid, a model fails, or the observer
/// cancels.
pub fn invert(
    generator: &Generator,
    encoder: &Encoder,
    atlas: &Atlas,
    patch: &Patch,
    observer: &dyn Observer,
) -> Result<Inverted> {
    let config = generator.config();
    let observed: Vec<f32> = patch
        .to_grid(config.grid())?
        .gauss()
        .iter()
        .map(|b| if b.is_nan() { 0.0 } else { 1.0 })
        .collect();
    if observed.iter().all(|seen| *seen == 0.0) {
        return Err(ModelError::NothingObserved);
    }
    let real = as_drawn(std::slice::from_ref(patch), config)?.swap_remove(0);
    let embedding = encoder.embed(&[patch])?.swap_remove(0);

    let mut search = Search::new(generator, &atlas.population, &real, &observed)?;
    let starts: Vec<_> = atlas
        .nearest(&embedding, STARTS)
        .into_iter()
        .map(|point| atlas.population.whitened(point))
        .collect();
    let found = search.run(starts, observer)?;

    let w = atlas.population.at(&found);
    let drawn = generator.synthesize(std::slice::from_ref(&w))?.swap_remove(0);
    let (mut error, mut field, mut count) = (0.0, 0.0, 0.0);
    for ((a, b), seen) in drawn.gauss().iter().zip(real.gauss()).zip(&observed) {
        error += f64::from(seen * (a - b)).powi(2);
        field += f64::from(seen * b).powi(2);
        count += f64::from(*seen);
    }
    let found = encoder.embed(&[&drawn])?.swap_remove(0);
    Ok(Inverted {
        embedding_distance: f64::from(squared(&embedding, &found)).sqrt(),
        view: View {
            w,
            quantities: physics::measure(&drawn),
            patch: drawn,
        },
        pixel_error_gauss: (error / count).sqrt(),
        explained: 1.0 - error / field,
        images: search.images,
    })
}

/// The descent of several points at once.
struct Search<'a> {
    generator: &'a Generator,
    /// Columns of a square root of the latents' covariance, transposed: (dim, dim).
    root: Tensor,
    mean: Tensor,
    /// What the network should draw, before the correction of its images, and what of it was observed: (1, 1, h, w).
    image: Tensor,
    observed: Tensor,
    images: usize,
}

impl<'a> Search<'a> {
    fn new(
        generator: &'a Generator,
        population: &Population,
        real: &Patch,
        observed: &[f32],
    ) -> Result<Self> {
        let config = generator.config();
        let mut image: Vec<f32> = real.gauss().iter().map(|&b| config.encode(b)).collect();
        if let Some(finish) = &config.finish {
            image = finish.undone(&image, config.size);
        }
        let shape = (1, 1, config.size, config.size);
        let dim = population.dim();
        let narrow = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<f32>>();
        Ok(Self {
            generator,
            root: Tensor::from_vec(narrow(&population.root()), (dim, dim), &Device::Cpu)?
                .t()?
                .contiguous()?,
            mean: Tensor::from_vec(narrow(population.mean()), (1, dim), &Device::Cpu)?,
            image: Tensor::from_vec(image, shape, &Device::Cpu)?,
            observed: Tensor::from_slice(observed, shape, &Device::Cpu)?,
            images: 0,
        })
    }

    /// The best of the points in whitened coordinates.
    fn run(&mut self, mut points: Vec<Vec<f64>>, observer: &dyn Observer) -> Result<Vec<f64>> {
        let steps: usize = ROUNDS.iter().sum();
        let mut best: Vec<(f64, Vec<f64>)> = Vec::new();
        let mut descents: Vec<Descent> = points.iter().map(|point| Descent::new(point.len())).collect();
        let mut done = 0_u32;
        for round in ROUNDS {
            best = points
                .iter()
                .map(|point| (f64::INFINITY, point.clone()))
                .collect();
            for _ in 0..round {
                check(observer)?;
                let (losses, gradients) = self.slopes(&points)?;
                let part = f64::from(done) / steps as f64;
                let rate = RATES.0 * (RATES.1 / RATES.0).powf(part);
                for (i, point) in points.iter_mut().enumerate() {
                    if losses[i] < best[i].0 {
                        best[i] = (losses[i], point.clone());
                    }
                    descents[i].step(point, &gradients[i], rate);
                }
                done += 1;
            }
            // The better half goes on, each from where it stands.
            let mut order: Vec<usize> = (0..points.len()).collect();
            order.sort_by(|&a, &b| best[a].0.total_cmp(&best[b].0));
            order.truncate(points.len().div_ceil(2));
            points = order.iter().map(|&i| points[i].clone()).collect();
            descents = order.iter().map(|&i| descents[i].clone()).collect();
            best = order.iter().map(|&i| best[i].clone()).collect();
        }
        Ok(best.swap_remove(0).1)
    }

    /// The loss of each point, and its slope.
    fn slopes(&mut self, points: &[Vec<f64>]) -> Result<(Vec<f64>, Vec<Vec<f64>>)> {
        let (count, dim) = (points.len(), points[0].len());
        self.images += count;
        let flat: Vec<f32> = points.iter().flatten().map(|&u| u as f32).collect();
        let u = Var::from_vec(flat, (count, dim), &Device::Cpu)?;
        let w = u.matmul(&self.root)?.broadcast_add(&self.mean)?;
        let drawn = self.generator.images(&w)?;
        let observed = |x: &Tensor| x.broadcast_mul(&self.observed);
        let mut loss = (u.sqr()?.mean(1)? * PRIOR)?;
        let difference = observed(&drawn.broadcast_sub(&self.image)?)?;
        loss = with_blocks(loss, &difference, &IMAGE_BLOCKS)?;
        let config = self.generator.config();
        let (a, b) = config.scale().polynomial(config.clip_gauss);
        for sign in [1.0, -1.0] {
            let flux = |x: &Tensor| -> Result<Tensor> {
                let slope = x.abs()?.affine(f64::from(a), f64::from(b))?;
                Ok(observed(&((x * slope)? * sign)?.relu()?)?)
            };
            let (ours, real) = (flux(&drawn)?, flux(&self.image)?);
            loss = with_blocks(loss, &ours.broadcast_sub(&real)?, &FLUX_BLOCKS)?;
            let total =
                |x: &Tensor| -> Result<Tensor> { Ok((x.flatten_from(1)?.mean(1)? + LEAST_FLUX)?.log()?) };
            let ratio = total(&ours)?.broadcast_sub(&total(&real)?)?;
            loss = (loss + (ratio.sqr()? * FLUX)?)?;
        }
        let losses = loss.to_vec1::<f32>()?.into_iter().map(f64::from).collect();
        let gradients = loss.sum_all()?.backward()?;
        let gradient = gradients.get(&u).ok_or(ModelError::NotFinite {
            what: "the slope of a latent",
        })?;
        let rows = gradient.to_vec2::<f32>()?;
        let wide = |row: Vec<f32>| row.into_iter().map(f64::from).collect();
        Ok((losses, rows.into_iter().map(wide).collect()))
    }
}

/// Adds to the loss of each image the weighted mean squares of its differences, averaged over blocks of pixels.
fn with_blocks(loss: Tensor, differences: &Tensor, blocks: &[(usize, f64)]) -> Result<Tensor> {
    let side = differences.dim(3)?;
    // A small image has no large blocks.
    let mut blocks = blocks.iter().filter(|(block, _)| *block <= side);
    blocks.try_fold(loss, |loss, &(block, weight)| {
        let means = if block == 1 {
            differences.clone()
        } else {
            differences.avg_pool2d(block)?
        };
        Ok((loss + (means.sqr()?.flatten_from(1)?.mean(1)? * weight)?)?)
    })
}

/// Adam's moments of one point (Kingma & Ba 2014, arXiv:1412.6980).
#[derive(Clone)]
struct Descent {
    mean: Vec<f64>,
    square: Vec<f64>,
    steps: i32,
}

impl Descent {
    fn new(dim: usize) -> Self {
        Self {
            mean: vec![0.0; dim],
            square: vec![0.0; dim],
            steps: 0,
        }
    }

    fn step(&mut self, point: &mut [f64], gradient: &[f64], rate: f64) {
        const KEPT: (f64, f64) = (0.9, 0.99);
        self.steps += 1;
        let (a, b) = (1.0 - KEPT.0.powi(self.steps), 1.0 - KEPT.1.powi(self.steps));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((x, g), (mean, square)) in point.iter_mut().zip(gradient).zip(moments) {
            *mean += (1.0 - KEPT.0) * (g - *mean);
            *square += (1.0 - KEPT.1) * (g * g - *square);
            *x -= rate * (*mean / a) / ((*square / b).sqrt() + 1e-12);
        }
    }
}

fn squared(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

fn check(observer: &dyn Observer) -> Result<()> {
    if observer.is_cancelled() {
        return Err(ModelError::Cancelled);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use super::*;
    use crate::{
        generator::{Arch, Dcgan, GeneratorConfig, Head, scale::Scale},
        models::{Handle, Named},
        progress::Silent,
    };

    type Shared = (Arc<Named<Generator>>, Arc<Named<Encoder>>, Atlas);

    /// The shipped models and their atlas, made once.
    fn setting() -> &'static Shared {
        static SHARED: OnceLock<Shared> = OnceLock::new();
        SHARED.get_or_init(|| {
            let models = Handle::shipped();
            let loads = "the shipped models load, as their own tests assert";
            let generator = models.generator(crate::DEFAULT_GENERATOR).expect(loads);
            let encoder = models.encoder(crate::DEFAULT_ENCODER).expect(loads);
            let atlas = Atlas::new(&generator, &encoder, &Silent).expect("they draw and embed");
            (generator, encoder, atlas)
        })
    }

    #[test]
    fn a_drawn_patch_is_found_again_better_than_any_start() -> Result<()> {
        let (generator, encoder, atlas) = setting();
        let z = Generator::latent(77, 0, generator.config().latent_dim);
        let patch = generator.generate(&[z])?.swap_remove(0);
        let embedding = encoder.embed(&[&patch])?.swap_remove(0);
        let start = generator
            .synthesize(&[atlas.nearest(&embedding, 1)[0].to_vec()])?
            .swap_remove(0);
        let mean_square = |other: &Patch| -> f64 {
            let squares = patch
                .gauss()
                .iter()
                .zip(other.gauss())
                .map(|(a, b)| f64::from(a - b).powi(2));
            squares.sum::<f64>() / patch.gauss().len() as f64
        };
        let found = invert(generator, encoder, atlas, &patch, &Silent)?;
        assert!((found.pixel_error_gauss.powi(2) / mean_square(&found.view.patch) - 1.0).abs() < 1e-6);
        // What the generator drew itself it can draw again: of eight such patches the least had 0.96.
        assert!(
            found.explained > 0.9 && found.pixel_error_gauss < 0.4 * mean_square(&start).sqrt(),
            "{} G, {} explained; the nearest start has {} G",
            found.pixel_error_gauss,
            found.explained,
            mean_square(&start).sqrt()
        );
        let again = invert(generator, encoder, atlas, &patch, &Silent)?;
        assert_eq!(found.view.w, again.view.w, "the same bits");
        Ok(())
    }

    #[test]
    fn a_generator_of_few_pixels_is_searched_as_well() -> Result<()> {
        let (_, encoder, _) = setting();
        let config = GeneratorConfig {
            size: 8,
            latent_dim: 3,
            w_dim: 5,
            cell_mm: 24.64,
            arch: Arch::Dcgan(Dcgan {
                channels: vec![4],
                head: Head::Nearest,
                tanh_scale: 1.05,
                scale: Scale::SoftenedRoot(5.0),
                textures: Vec::new(),
            }),
            ..GeneratorConfig::for_size(64)?
        };
        let generator = Generator::untrained(&config, 1)?;
        let atlas = Atlas::new(&generator, encoder, &Silent)?;
        let patch = generator.generate(&[vec![0.5, -1.0, 0.2]])?.swap_remove(0);
        let found = invert(&generator, encoder, &atlas, &patch, &Silent)?;
        assert_eq!(found.view.patch.grid(), generator.grid());
        assert!(found.pixel_error_gauss.is_finite());
        Ok(())
    }

    #[test]
    fn a_patch_of_which_nothing_was_observed_is_refused() -> Result<()> {
        let (generator, encoder, atlas) = setting();
        let grid = generator.grid();
        let nothing = Patch::new(grid, vec![f32::NAN; grid.cells()])?;
        let refused = invert(generator, encoder, atlas, &nothing, &Silent);
        assert!(matches!(refused, Err(ModelError::NothingObserved)));
        Ok(())
    }
}
