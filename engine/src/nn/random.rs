//! The one source of randomness: a seeded `ChaCha8` stream whose position can be saved and restored.
//!
//! candle's CPU generator cannot be seeded, and a training run that is resumed must draw exactly what the
//! uninterrupted run would have drawn.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// A seeded stream of random numbers.
#[derive(Debug, Clone)]
pub struct Random {
    seed: u64,
    stream: u64,
    rng: ChaCha8Rng,
}

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    seed: u64,
    stream: u64,
    word: u64,
}

impl Random {
    /// Stream number `stream` of `seed`; streams of one seed are independent of one another.
    ///
    /// # Examples
    /// ```
    /// use helioql::nn::Random;
    /// let draw = |stream| Random::new(7, stream).normals(3);
    /// assert_eq!(draw(0), draw(0));
    /// assert_ne!(draw(0), draw(1));
    /// ```
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self { seed, stream, rng }
    }

    /// The stream at a saved position.
    pub fn at(position: Position) -> Self {
        let mut random = Self::new(position.seed, position.stream);
        random.rng.set_word_pos(u128::from(position.word));
        random
    }

    /// Where the stream stands now.
    pub fn position(&self) -> Position {
        // 2⁶⁴ words are more than any machine draws, so the upper half of the position is always zero.
        Position {
            seed: self.seed,
            stream: self.stream,
            word: self.rng.get_word_pos() as u64,
        }
    }

    /// `count` draws from the standard normal distribution.
    pub fn normals(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.rng.sample(StandardNormal)).collect()
    }

    /// A draw from the standard normal distribution.
    pub fn normal(&mut self) -> f32 {
        self.rng.sample(StandardNormal)
    }

    /// A uniform draw from [0, 1).
    pub fn uniform(&mut self) -> f32 {
        self.rng.random()
    }

    /// A uniform draw from 0, 1, … `count` − 1.
    ///
    /// # Panics
    /// When `count` is 0.
    pub fn index(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count as u64) as usize
    }

    /// `true` with probability one half.
    pub fn coin(&mut self) -> bool {
        self.rng.random()
    }
}
