//! The scale of a network's images: Gauss to image values in [−1, 1] and back, with B clipped to ±C.

use serde::{Deserialize, Serialize};

/// How a field becomes an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// x = sign(B) √(|B|/C), B = C sign(x) x². It gives weak network fields and strong spots comparable
    /// weight; of the scales tried for our own networks, it gave the best Fréchet distance and inversion-line
    /// flux.
    #[default]
    SquareRoot,
    /// x = sign(B) (√(|B| + s) − √s) / (√(C + s) − √s): the square root for fields well above s Gauss, and
    /// nearly linear below. The plain square root is infinitely steep at 0, so that a smooth field which changes
    /// its sign becomes an image with an edge there, and the noise of quiet Sun one of two values.
    SoftenedRoot(f32),
    /// x = B/C, as in arXiv:2502.05351.
    Linear,
}

impl Scale {
    /// Gauss to image value in [−1, 1]; a pixel that was not observed becomes 0.
    ///
    /// # Examples
    /// ```
    /// use helioql::generator::scale::Scale;
    /// assert_eq!(Scale::SquareRoot.encode(-63.75, 255.0), -0.5);
    /// assert_eq!(Scale::Linear.encode(-500.0, 1000.0), -0.5);
    /// // (√(16 + 9) − √9) / (√(247 + 9) − √9)
    /// assert_eq!(Scale::SoftenedRoot(9.0).encode(16.0, 247.0), 2.0 / 13.0);
    /// assert_eq!(Scale::Linear.encode(1500.0, 1000.0), 1.0);
    /// assert_eq!(Scale::SquareRoot.encode(f32::NAN, 255.0), 0.0);
    /// ```
    pub fn encode(self, gauss: f32, clip_gauss: f32) -> f32 {
        if gauss.is_nan() {
            return 0.0;
        }
        let x = (gauss.abs() / clip_gauss).min(1.0);
        match self {
            Self::SquareRoot => x.sqrt().copysign(gauss),
            Self::SoftenedRoot(s) => {
                let level = ((x * clip_gauss + s).sqrt() - s.sqrt()) / Self::span(s, clip_gauss);
                level.copysign(gauss)
            }
            Self::Linear => x.copysign(gauss),
        }
    }

    /// Image value to Gauss.
    ///
    /// # Examples
    /// ```
    /// use helioql::generator::scale::Scale;
    /// assert_eq!(Scale::SquareRoot.decode(-0.5, 255.0), -63.75);
    /// assert_eq!(Scale::Linear.decode(-0.5, 1000.0), -500.0);
    /// assert_eq!(Scale::SoftenedRoot(9.0).decode(2.0 / 13.0, 247.0), 16.0);
    /// ```
    pub fn decode(self, x: f32, clip_gauss: f32) -> f32 {
        match self {
            Self::SquareRoot => clip_gauss * x * x.abs(),
            Self::SoftenedRoot(s) => {
                let root = x.abs() * Self::span(s, clip_gauss);
                // (root + √s)² − s, without the difference of two large numbers.
                (root * (root + 2.0 * s.sqrt())).copysign(x)
            }
            Self::Linear => clip_gauss * x,
        }
    }

    /// (a, b) of B/C = x (a |x| + b), which every scale is.
    pub(crate) fn polynomial(self, clip_gauss: f32) -> (f32, f32) {
        match self {
            Self::SquareRoot => (1.0, 0.0),
            Self::SoftenedRoot(s) => {
                let span = Self::span(s, clip_gauss);
                (span * span / clip_gauss, 2.0 * s.sqrt() * span / clip_gauss)
            }
            Self::Linear => (0.0, 1.0),
        }
    }

    /// Whether images can be made with it.
    pub(super) fn is_valid(self) -> bool {
        match self {
            Self::SoftenedRoot(s) => s > 0.0 && s.is_finite(),
            Self::SquareRoot | Self::Linear => true,
        }
    }

    /// √(C + s) − √s, the root at the clip.
    fn span(s: f32, clip_gauss: f32) -> f32 {
        (clip_gauss + s).sqrt() - s.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scale_is_a_polynomial() {
        for scale in [Scale::SquareRoot, Scale::SoftenedRoot(5.0), Scale::Linear] {
            let (a, b) = scale.polynomial(255.0);
            for x in [-1.0_f32, -0.4, 0.0, 0.03, 0.8, 1.0] {
                let (found, expected) = (x * (a * x.abs() + b), scale.decode(x, 255.0) / 255.0);
                // Single precision.
                assert!(
                    (found - expected).abs() < 1e-6,
                    "{scale:?} at {x}: {found}, expected {expected}"
                );
            }
        }
    }

    #[test]
    fn decoding_undoes_encoding() {
        for scale in [Scale::SquareRoot, Scale::SoftenedRoot(5.0), Scale::Linear] {
            for gauss in [-255.0_f32, -3.0, -0.01, 0.0, 1.0, 77.0, 255.0] {
                let again = scale.decode(scale.encode(gauss, 255.0), 255.0);
                // Single precision of numbers up to 255.
                assert!(
                    (again - gauss).abs() < 1e-4,
                    "{scale:?}: {again}, expected {gauss}"
                );
            }
        }
    }
}
