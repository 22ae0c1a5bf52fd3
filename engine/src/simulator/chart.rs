//! Charts: where on a sheet flux of one kind is found, and how much of it there is.
//!
//! The density of flux tubes is `cloud × attraction`: the smooth cloud that a polarity has spread into, times
//! how much network and moats draw flux to a place ([`super::attraction`]).

use rand::Rng;

use super::canvas::{Canvas, Place, Sheet};
use super::flux_tube::Population;
use super::region::{Cloud, Region};
use super::stage::Stage;
use crate::patch::CM2_PER_MM2;

/// Share of plage flux in elements too small and too many to be drawn one by one.
pub(super) const SMOOTH_SHARE: f64 = 0.175;

/// What the polarities do where they meet.
#[derive(Clone, Copy)]
pub(super) struct Meeting {
    /// How strictly they keep apart: own · own^p / (own^p + other^p) is left of each.
    pub(super) purity: i32,
    /// Mean field of both together up to which the stronger one leaves a lane too, G; 0 for none.
    pub(super) lane_gauss: f64,
}

impl Meeting {
    /// The mean field that is left of `own` beside `other`.
    fn left(self, own: f64, other: f64) -> f64 {
        let both = own + other;
        if both == 0.0 {
            return 0.0;
        }
        // Where the signs meet, the weaker one has mostly been cancelled, and where both are weak the stronger one too.
        let (wins, loses) = (own.powi(self.purity), other.powi(self.purity));
        let lane = 2.0 * own.min(other) / both * (-both / self.lane_gauss.max(f64::MIN_POSITIVE)).exp();
        (1.0 - lane) * own * wins / (wins + loses).max(f64::MIN_POSITIVE)
    }
}

/// A cloud at some stage: where it stands, which way its axis points, its flux and spread.
pub(super) struct Placed<'a> {
    cloud: &'a Cloud,
    foot: Place,
    tilt_rad: f64,
    flux_share: f64,
    spreading: f64,
}

/// The clouds of the region's own poles.
pub(super) fn region_clouds<'a>(region: &'a Region, stage: &Stage) -> Vec<Placed<'a>> {
    let (flux_share, spreading, opening) = (stage.flux, stage.spreading, stage.opening);
    let poles = region
        .bipoles
        .iter()
        .flat_map(|bipole| bipole.poles.iter().map(move |pole| (bipole, pole)));
    poles
        .map(|(bipole, pole)| {
            let (foot, tilt_rad) = (bipole.foot(pole, opening), bipole.tilt_deg.to_radians());
            Placed {
                cloud: &pole.plage,
                foot,
                tilt_rad,
                flux_share,
                spreading,
            }
        })
        .collect()
}

/// What older regions have left.
pub(super) fn remnant_clouds(region: &Region) -> Vec<Placed<'_>> {
    let placed = |cloud| Placed {
        cloud,
        foot: Place::default(),
        tilt_rad: 0.0,
        flux_share: 1.0,
        spreading: 1.0,
    };
    region.remnants.iter().map(placed).collect()
}

/// Flux of one sign, or of either, over the cells of a sheet.
pub(super) struct Chart {
    sheet: Sheet,
    /// Cumulative density over the cells, to draw places from.
    cumulative: Vec<f64>,
    /// Unsigned flux that there is, Mx.
    pub(super) flux_mx: f64,
    sign: Option<f64>,
}

impl Chart {
    /// The positive and the negative flux of clouds.
    pub(super) fn of_clouds(
        clouds: &[Placed<'_>],
        days: f64,
        attraction: &[f64],
        meeting: Meeting,
        sheet: Sheet,
    ) -> [Self; 2] {
        // Mean field of each sign, as if it were smooth.
        let (mut positive, mut negative) = (Canvas::new(sheet), Canvas::new(sheet));
        for Placed {
            cloud,
            foot,
            tilt_rad,
            flux_share,
            spreading,
        } in clouds
        {
            let layer = if cloud.sign > 0.0 {
                &mut positive
            } else {
                &mut negative
            };
            let weights: f64 = cloud.clumps.iter().map(|clump| clump.weight).sum();
            for clump in &cloud.clumps {
                let (along, across) = clump.orbit.at(days);
                let place = foot.offset(*tilt_rad, along, across);
                let flux = cloud.flux_mx / CM2_PER_MM2 * flux_share * clump.weight / weights;
                layer.add_gaussian(place, flux, clump.width_mm * spreading);
            }
        }
        [(&positive, &negative, 1.0), (&negative, &positive, -1.0)].map(|(own, other, sign)| {
            let flux_mx = own.gauss.iter().map(|&b| f64::from(b)).sum::<f64>() * sheet.cell_area_cm2();
            let density =
                own.gauss
                    .iter()
                    .zip(&other.gauss)
                    .zip(attraction)
                    .map(|((&own, &other), attraction)| {
                        meeting.left(f64::from(own), f64::from(other)) * attraction
                    });
            Self::new(sheet, density, flux_mx, Some(sign))
        })
    }

    /// Flux of either sign, of that mean density, where it is drawn to.
    pub(super) fn mixed(gauss: f64, attraction: &[f64], sheet: Sheet) -> Self {
        let flux_mx = gauss * sheet.cell_area_cm2() * attraction.len() as f64;
        Self::new(sheet, attraction.iter().copied(), flux_mx, None)
    }

    fn new(sheet: Sheet, density: impl Iterator<Item = f64>, flux_mx: f64, sign: Option<f64>) -> Self {
        let cumulative = density.scan(0.0, |sum, density| {
            *sum += density;
            Some(*sum)
        });
        Self {
            sheet,
            cumulative: cumulative.collect(),
            flux_mx,
            sign,
        }
    }

    /// The same flux with no cell above that mean field, as far as there is room: what is too much goes to the
    /// cells that have some.
    pub(super) fn saturated(self, gauss: f64) -> Self {
        const ROUNDS: usize = 4;
        let Some(&total) = self.cumulative.last().filter(|&&total| total > 0.0) else {
            return self;
        };
        let to_gauss = self.flux_mx / self.sheet.cell_area_cm2() / total;
        let mut before = 0.0;
        let mut cells: Vec<f64> = self
            .cumulative
            .iter()
            .map(|&sum| to_gauss * (sum - std::mem::replace(&mut before, sum)))
            .collect();
        let whole = to_gauss * total;
        for _ in 0..ROUNDS {
            for b in &mut cells {
                *b = b.min(gauss);
            }
            let held: f64 = cells.iter().sum();
            for b in &mut cells {
                *b *= whole / held;
            }
        }
        Self::new(self.sheet, cells.into_iter(), self.flux_mx, self.sign)
    }

    /// The mean field in every cell when a share of the flux is laid out in proportion to the density, G;
    /// nothing where there is no flux, or flux of either sign.
    pub(super) fn smooth(&self, share: f64) -> Option<impl Iterator<Item = f32> + '_> {
        let total = self.cumulative.last().filter(|&&total| total > 0.0)?;
        let gauss = self.sign? * share * self.flux_mx / self.sheet.cell_area_cm2() / total;
        let mut before = 0.0;
        Some(self.cumulative.iter().map(move |&sum| {
            let b = (gauss * (sum - before)) as f32;
            before = sum;
            b
        }))
    }

    /// Hands out elements, place and signed flux, until they hold a share of the flux.
    pub(super) fn scatter<R: Rng>(
        &self,
        population: Population,
        share: f64,
        rng: &mut R,
        mut stamp: impl FnMut(Place, f64),
    ) {
        let mut placed = 0.0;
        while placed < share * self.flux_mx {
            let Some(place) = self.draw(rng) else {
                break;
            };
            let flux = population.draw(rng);
            let sign = self
                .sign
                .unwrap_or_else(|| if rng.random_bool(0.5) { 1.0 } else { -1.0 });
            stamp(place, sign * flux);
            placed += flux;
        }
    }

    /// A random place; `None` where the density is zero everywhere.
    fn draw(&self, rng: &mut impl Rng) -> Option<Place> {
        let total = self.cumulative.last().copied().filter(|&total| total > 0.0)?;
        let mark = rng.random::<f64>() * total;
        let index = self
            .cumulative
            .partition_point(|&sum| sum <= mark)
            .min(self.cumulative.len() - 1);
        let grid = self.sheet.grid;
        let middle = self.sheet.place(index / grid.width, index % grid.width);
        let mut within = || (rng.random::<f64>() - 0.5) * grid.cell_mm;
        Some(Place {
            west: middle.west + within(),
            south: middle.south + within(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_where_polarities_meet() {
        let plain = Meeting {
            purity: 1,
            lane_gauss: 0.0,
        };
        let lane = Meeting {
            lane_gauss: 300.0,
            ..plain
        };
        // Half of either where they are alike, three quarters of 30 beside 10, all where there is no other.
        for (own, other, expected) in [
            (100.0, 100.0, 50.0),
            (30.0, 10.0, 22.5),
            (30.0, 0.0, 30.0),
            (0.0, 0.0, 0.0),
        ] {
            assert!((plain.left(own, other) - expected).abs() < 1e-12, "{own} {other}");
        }
        // The lane takes exp(−200/300) of what is left of 100 beside 100, and nearly nothing of 3,000 beside 3,000.
        assert!((lane.left(100.0, 100.0) - 50.0 * (1.0 - 0.513_417)).abs() < 1e-4);
        assert!((lane.left(3000.0, 3000.0) - 1500.0).abs() < 1e-4);
        assert_eq!(lane.left(0.0, 0.0).to_bits(), 0.0_f64.to_bits());
    }
}
