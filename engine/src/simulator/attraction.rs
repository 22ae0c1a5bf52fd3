//! What draws flux to a place: the borders of convection cells, and away from the moats of spots.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::canvas::{Canvas, Place, Sheet};
use super::network::Network;
use super::region::Region;
use super::relief::Relief;
use super::spot;
use super::stage::Stage;

/// How much every cell draws flux, for plage and for the quiet Sun.
pub(super) struct Attraction {
    pub(super) plage: Vec<f64>,
    pub(super) quiet: Vec<f64>,
}

impl Attraction {
    pub(super) fn draw(region: &Region, stage: &Stage, sheet: Sheet) -> Self {
        // The same network at every view of a region, moved on by the days between.
        let mut rng = ChaCha8Rng::seed_from_u64(region.network_seed);
        let half = sheet.reach_mm();
        let days = stage.days + 4.0;
        let supergranules = Network::draw(&mut rng, 26.0, 5.0, half, days);
        let mut relief = |spacing_mm| Relief::draw(&mut rng, spacing_mm, 1.5 * half, days);
        let (broad, fine, strength) = (relief(9.0), relief(5.0), relief(13.0));
        let moats = moats(region, stage, sheet);
        let (mut plage, mut quiet) = (Vec::new(), Vec::new());
        for (place, moat) in sheet.places().zip(moats) {
            // The lattice of one is turned against the other's, so that neither shows.
            let turned = Place::default().offset(0.6, place.west, place.south);
            let wide = supergranules.at(place);
            let strands = (broad.strand(turned, 0.3) + 0.6 * fine.strand(place, 0.35))
                * (0.6 * strength.at(turned)).exp();
            plage.push((0.25 + wide) * (0.03 + strands) * moat);
            quiet.push((0.05 + wide) * (0.03 + strands));
        }
        Self { plage, quiet }
    }
}

/// Spots keep a moat around them free of plage: 0 in a spot, 1 from twice its radius on.
fn moats(region: &Region, stage: &Stage, sheet: Sheet) -> Vec<f64> {
    let mut cleared = Canvas::new(sheet);
    cleared.gauss.fill(1.0);
    for (_, place, radius_mm) in spot::at_stage(region, stage) {
        let moat = 1.5 * radius_mm;
        cleared.scale(place, 2.2 * radius_mm, |west, south| {
            1.0 - (-((west * west + south * south) / (moat * moat)).powi(2)).exp()
        });
    }
    cleared.gauss.iter().map(|&share| f64::from(share)).collect()
}
