//! An image as the observer sees it, brought to the cylindrical equal-area projection of JSOC's CEA series.
//!
//! The target is centred on a place of the Sun: with (x, y) the angles of a pixel from the centre and the
//! sphere turned so that the centre lies on the equator, longitude is x and sin(latitude) is y (Calabretta &
//! Greisen 2002, A&A 395, 1077, section 5.2.2; Sun 2013, arXiv:1309.2392). Values are interpolated between the
//! four nearest pixels of the image. Like JSOC's `magnetogram`, the field stays that along the line of sight.

use super::Error;

/// Most pixels of a side: what a region can be, at HMI's resolution.
pub const MAX_SIDE: usize = 4096;

/// A place on the Sun in degrees: longitude, west positive, and latitude.
pub type Place = [f64; 2];

/// A grid in the cylindrical equal-area projection about a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EqualArea {
    /// The centre.
    pub centre: Place,
    /// Side of a pixel, degrees.
    pub pixel_deg: f64,
    /// Columns, from east to west.
    pub width: usize,
    /// Rows, from south to north.
    pub height: usize,
}

impl EqualArea {
    /// The grid that holds a whole image: `place_of` tells where a pixel (column, row) of it lies.
    ///
    /// # Errors
    /// [`Error::OffDisk`] if the middle of the image is not on the disk, [`Error::Extent`] if a side would take
    /// more than [`MAX_SIDE`] pixels.
    pub fn around(
        (width, height): (usize, usize),
        pixel_deg: f64,
        place_of: impl Fn([f64; 2]) -> Option<Place>,
    ) -> Result<Self, Error> {
        const SAMPLES: usize = 32;
        let middle = [(width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0];
        let centre = place_of(middle).ok_or(Error::OffDisk)?;
        let mut reach = [0.0_f64; 2];
        for row in 0..=SAMPLES {
            for column in 0..=SAMPLES {
                let at = |step: usize, middle: f64| 2.0 * middle * step as f64 / SAMPLES as f64;
                if let Some(place) = place_of([at(column, middle[0]), at(row, middle[1])]) {
                    let offset = offset_of(place, centre);
                    reach = [0, 1].map(|axis| reach[axis].max(offset[axis].abs()));
                }
            }
        }
        let side = |reach: f64| 2 * (reach / pixel_deg).ceil() as usize + 1;
        Self::new(centre, pixel_deg, [side(reach[0]), side(reach[1])])
    }

    /// A grid of `width` × `height` pixels.
    ///
    /// # Errors
    /// [`Error::Extent`] if there are none or too many, or a pixel has no size.
    pub fn new(centre: Place, pixel_deg: f64, [width, height]: [usize; 2]) -> Result<Self, Error> {
        let fits = (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height);
        if !fits || pixel_deg.is_nan() || pixel_deg <= 0.0 {
            return Err(Error::Extent {
                width,
                height,
                pixel_deg,
            });
        }
        Ok(Self {
            centre,
            pixel_deg,
            width,
            height,
        })
    }

    /// Where a pixel of the grid lies, counted from 0 in the south-east; nothing beyond the poles of the
    /// projection.
    ///
    /// # Examples
    /// ```
    /// use helioql::physics::reproject::EqualArea;
    ///
    /// let grid = EqualArea::new([30.0, 0.0], 1.0, [3, 3])?;
    /// assert_eq!(grid.place_of(1, 1), Some([30.0, 0.0]));
    /// // One pixel north: sin(latitude) is one degree in radians.
    /// assert_eq!(grid.place_of(1, 2), Some([30.0, 1_f64.to_radians().asin().to_degrees()]));
    /// # Ok::<(), helioql::physics::Error>(())
    /// ```
    pub fn place_of(&self, column: usize, row: usize) -> Option<Place> {
        let angle = |index: usize, len: usize| {
            let from_middle = index as f64 - (len as f64 - 1.0) / 2.0;
            (from_middle * self.pixel_deg).to_radians()
        };
        let (x, sine) = (angle(column, self.width), angle(row, self.height));
        if sine.abs() > 1.0 || x.abs() > std::f64::consts::PI {
            return None;
        }
        let cosine = (1.0 - sine * sine).sqrt();
        let (sin_centre, cos_centre) = self.centre[1].to_radians().sin_cos();
        let towards = cosine * x.cos();
        let latitude = (towards * sin_centre + sine * cos_centre).clamp(-1.0, 1.0).asin();
        let longitude = (cosine * x.sin()).atan2(towards * cos_centre - sine * sin_centre);
        Some([self.centre[0] + longitude.to_degrees(), latitude.to_degrees()])
    }

    /// Where a place lies in the grid, as (column, row) counted from 0, inside or not; nothing for the other
    /// half of the Sun.
    pub fn pixel_of(&self, place: Place) -> Option<[f64; 2]> {
        let [x, y] = offset_of(place, self.centre);
        let middle = |len: usize| (len as f64 - 1.0) / 2.0;
        (x.abs() < 90.0).then(|| {
            [
                x / self.pixel_deg + middle(self.width),
                y / self.pixel_deg + middle(self.height),
            ]
        })
    }
}

/// How far a place lies from the centre along the axes of the projection, degrees.
fn offset_of([longitude, latitude]: Place, centre: Place) -> [f64; 2] {
    let (sin_lon, cos_lon) = (longitude - centre[0]).to_radians().sin_cos();
    let (sin_lat, cos_lat) = latitude.to_radians().sin_cos();
    let (sin_centre, cos_centre) = centre[1].to_radians().sin_cos();
    let towards = cos_lat * cos_lon * cos_centre + sin_lat * sin_centre;
    let sine = sin_lat * cos_centre - cos_lat * cos_lon * sin_centre;
    [(cos_lat * sin_lon).atan2(towards).to_degrees(), sine.to_degrees()]
}

/// The image on the grid, row 0 south and column 0 east; NaN where the image does not reach or a pixel that
/// counts is NaN. `pixel_of` tells where a place appears in the image, as (column, row) counted from 0.
///
/// # Errors
/// [`Error::ImageSize`] if the image is not `width` × `height` pixels.
///
/// # Examples
/// ```
/// use helioql::physics::reproject::{EqualArea, equal_area};
///
/// // An image whose columns are degrees of longitude and whose rows are degrees of latitude.
/// let grid = EqualArea::new([1.5, 0.0], 1.0, [1, 1])?;
/// let found = equal_area(&[0.0, 100.0, 300.0], (3, 1), &grid, |place| Some(place))?;
/// assert_eq!(found, [200.0]);
/// # Ok::<(), helioql::physics::Error>(())
/// ```
pub fn equal_area(
    image: &[f32],
    (width, height): (usize, usize),
    grid: &EqualArea,
    pixel_of: impl Fn(Place) -> Option<[f64; 2]>,
) -> Result<Vec<f32>, Error> {
    if image.len() != width * height {
        return Err(Error::ImageSize {
            name: "image",
            expected: width * height,
            found: image.len(),
        });
    }
    let between = |[column, row]: [f64; 2]| {
        // A hair outside is the rounding of the projection.
        let inside = |at: f64, len: usize| at > -1e-6 && at < len as f64 - 1.0 + 1e-6;
        if !inside(column, width) || !inside(row, height) {
            return f32::NAN;
        }
        let part = |at: f64, len: usize| {
            let at = at.clamp(0.0, len as f64 - 1.0);
            (at.floor() as usize, at.fract())
        };
        let ((column, along), (row, up)) = (part(column, width), part(row, height));
        let corners = [
            (0, 0, (1.0 - along) * (1.0 - up)),
            (1, 0, along * (1.0 - up)),
            (0, 1, (1.0 - along) * up),
            (1, 1, along * up),
        ];
        let weighted = corners.into_iter().filter(|(_, _, weight)| *weight > 0.0);
        let sum: f64 = weighted
            .map(|(right, above, weight)| weight * f64::from(image[(row + above) * width + column + right]))
            .sum();
        sum as f32
    };
    let places = (0..grid.height).flat_map(|row| (0..grid.width).map(move |column| (column, row)));
    Ok(places
        .map(|(column, row)| {
            let pixel = grid.place_of(column, row).and_then(&pixel_of);
            pixel.map_or(f32::NAN, between)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_pixels_are_inverse_to_each_other() -> Result<(), Error> {
        let grid = EqualArea::new([40.0, -25.0], 0.5, [81, 61])?;
        for (column, row) in [(0, 0), (40, 30), (80, 60), (13, 50)] {
            let place = grid.place_of(column, row).expect("on the sphere");
            let [x, y] = grid.pixel_of(place).expect("on this half of the Sun");
            assert!((x - column as f64).abs() < 1e-9, "{x}");
            assert!((y - row as f64).abs() < 1e-9, "{y}");
        }
        Ok(())
    }

    #[test]
    fn every_pixel_has_the_same_area() -> Result<(), Error> {
        // Of a small region anywhere: |∂(lon, sin lat)/∂(x, y)| is one.
        let grid = EqualArea::new([0.0, 50.0], 0.1, [201, 201])?;
        let at = |column, row| {
            let [longitude, latitude] = grid.place_of(column, row).expect("on the sphere");
            [longitude, latitude.to_radians().sin().to_degrees()]
        };
        for (column, row) in [(100, 100), (20, 30), (180, 160)] {
            let (middle, west, north) = (at(column, row), at(column + 1, row), at(column, row + 1));
            let area = (west[0] - middle[0]) * (north[1] - middle[1])
                - (west[1] - middle[1]) * (north[0] - middle[0]);
            // Differences over a step of 0.1° are off by the square of it, in radians.
            assert!((area / 0.01 - 1.0).abs() < 0.01, "{area}");
        }
        Ok(())
    }

    #[test]
    fn an_image_that_reaches_too_far_is_refused() {
        let whole = EqualArea::around((4096, 4096), 0.03, |[x, y]| {
            Some([(x / 4095.0 - 0.5) * 160.0, (y / 4095.0 - 0.5) * 160.0])
        });
        assert!(matches!(whole, Err(Error::Extent { .. })));
        assert_eq!(EqualArea::around((10, 10), 0.03, |_| None), Err(Error::OffDisk));
    }

    #[test]
    fn missing_pixels_stay_missing() -> Result<(), Error> {
        let grid = EqualArea::new([1.0, 0.0], 1.0, [5, 1])?;
        let found = equal_area(&[1.0, 2.0, f32::NAN], (3, 1), &grid, Some)?;
        assert_eq!(found[1..3], [1.0, 2.0]);
        assert!(found[0].is_nan() && found[3].is_nan() && found[4].is_nan());
        Ok(())
    }
}
