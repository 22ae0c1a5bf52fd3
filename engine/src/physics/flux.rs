//! Fluxes of a patch in Mx: `USFLUX` = Σ|B| dA, `TPF` and `TNF` over B > 0 and B < 0, `NETFLUX` = TPF − TNF.
//!
//! These are the sums of arXiv:2502.05351 (TUF, TPF, TNF) at true scale: over every pixel, with no threshold,
//! so the noise of the magnetogram counts as well. JSOC's USFLUX, which is masked, is in
//! [`sharp`](crate::physics::sharp).

use crate::patch::Patch;

/// The fluxes of a patch in Mx; all NaN where no pixel was observed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flux {
    /// Σ|B| dA.
    pub unsigned_mx: f64,
    /// Σ B dA over B > 0.
    pub positive_mx: f64,
    /// −Σ B dA over B < 0.
    pub negative_mx: f64,
    /// Σ B dA.
    pub net_mx: f64,
}

/// Sums the fluxes of a patch.
///
/// # Examples
/// ```
/// use helioql::patch::{Grid, Patch};
/// use helioql::physics::flux::flux;
///
/// let patch = Patch::new(Grid { height: 1, width: 3, cell_mm: 1.0 }, vec![300.0, -100.0, f32::NAN])?;
/// assert_eq!(flux(&patch).unsigned_mx, 4e18); // 400 G × 1e16 cm²
/// assert_eq!(flux(&patch).net_mx, 2e18);
/// # Ok::<(), helioql::patch::Error>(())
/// ```
pub fn flux(patch: &Patch) -> Flux {
    let (mut positive, mut negative, mut observed) = (0.0, 0.0, false);
    for &b in patch.gauss() {
        let seen = b.is_finite();
        let b = if seen { f64::from(b) } else { 0.0 };
        positive += b.max(0.0);
        negative += (-b).max(0.0);
        observed |= seen;
    }
    let area = if observed { patch.cell_area_cm2() } else { f64::NAN };
    Flux {
        unsigned_mx: (positive + negative) * area,
        positive_mx: positive * area,
        negative_mx: negative * area,
        net_mx: (positive - negative) * area,
    }
}
