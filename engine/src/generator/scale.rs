//! The scale of a network's images: Gauss to image values in [−1, 1] and back, with B clipped to ±C.

/// How a field becomes an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// x = sign(B) √(|B|/C), B = C sign(x) x². It gives weak network fields and strong spots comparable
    /// weight; of the scales tried for our own networks, it gave the best Fréchet distance and inversion-line
    /// flux.
    SquareRoot,
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
    /// ```
    pub fn decode(self, x: f32, clip_gauss: f32) -> f32 {
        match self {
            Self::SquareRoot => clip_gauss * x * x.abs(),
            Self::Linear => clip_gauss * x,
        }
    }
}
