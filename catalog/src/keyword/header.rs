//! What only the header tells: which record it is, where it lies on the Sun, and the sums that the HARP
//! pipeline made in the plane of the image, which a remapped record no longer holds.

use super::{Keyword, Kind, Needs};

const HARP: &str = "Hoeksema et al. 2014";
const JSOC: &str = "JSOC hmi.sharp_cea_720s";
const WCS: &str = "Thompson 2006 (A&A 449, 791)";

/// The rows, in the order of listings.
pub const KEYWORDS: &[Keyword] = &[
    // Which record.
    row(
        "harpnum",
        "HARPNUM",
        "",
        HARP,
        "Number of the HMI active region patch.",
    )
    .kind(Kind::Integer),
    row(
        "t_rec",
        "T_REC",
        "",
        JSOC,
        "Nominal time of the record, in slots of 720 s.",
    )
    .kind(Kind::Time),
    row(
        "noaa_ar",
        "NOAA_AR",
        "",
        JSOC,
        "NOAA number of the region that matches best, NULL where none does.",
    )
    .kind(Kind::Integer),
    row(
        "noaa_ars",
        "NOAA_ARS",
        "",
        JSOC,
        "NOAA numbers of all regions in the patch, with commas.",
    )
    .kind(Kind::Text),
    row(
        "noaa_num",
        "NOAA_NUM",
        "",
        JSOC,
        "How many NOAA regions lie in the patch.",
    )
    .kind(Kind::Integer),
    row(
        "quality",
        "QUALITY",
        "",
        JSOC,
        "Quality bits of the observation; below 65536 is usable.",
    )
    .kind(Kind::Integer),
    // Where on the Sun.
    row(
        "lat_fwt",
        "LAT_FWT",
        "deg",
        HARP,
        "Stonyhurst latitude of the flux-weighted centre.",
    ),
    row(
        "lon_fwt",
        "LON_FWT",
        "deg",
        HARP,
        "Stonyhurst longitude of the flux-weighted centre, west positive.",
    ),
    row(
        "latfwtpo",
        "LATFWTPO",
        "deg",
        HARP,
        "Latitude of the flux-weighted centre of the positive polarity.",
    ),
    row(
        "lonfwtpo",
        "LONFWTPO",
        "deg",
        HARP,
        "Longitude of the flux-weighted centre of the positive polarity.",
    ),
    row(
        "latfwtne",
        "LATFWTNE",
        "deg",
        HARP,
        "Latitude of the flux-weighted centre of the negative polarity.",
    ),
    row(
        "lonfwtne",
        "LONFWTNE",
        "deg",
        HARP,
        "Longitude of the flux-weighted centre of the negative polarity.",
    ),
    derived(
        "psep_harp",
        "deg",
        "Angle on the Sun between the flux-weighted centres of the two polarities.",
    )
    .formula("great circle from (LATFWTPO, LONFWTPO) to (LATFWTNE, LONFWTNE)"),
    derived(
        "tilt_harp",
        "deg",
        "Tilt of the line between these centres, positive where the western one lies further south.",
    )
    .formula("atan2(Δlat east − west, cos(lat) Δlon west − east)"),
    row(
        "lat_min",
        "LAT_MIN",
        "deg",
        HARP,
        "Southern edge of the region, Stonyhurst.",
    ),
    row(
        "lat_max",
        "LAT_MAX",
        "deg",
        HARP,
        "Northern edge of the region, Stonyhurst.",
    ),
    row(
        "lon_min",
        "LON_MIN",
        "deg",
        HARP,
        "Eastern edge of the region, Stonyhurst.",
    ),
    row(
        "lon_max",
        "LON_MAX",
        "deg",
        HARP,
        "Western edge of the region, Stonyhurst.",
    ),
    row(
        "crval1",
        "CRVAL1",
        "deg",
        WCS,
        "Carrington longitude of the centre of the patch.",
    ),
    row(
        "crval2",
        "CRVAL2",
        "deg",
        WCS,
        "Carrington latitude of the centre of the patch.",
    ),
    row(
        "crln_obs",
        "CRLN_OBS",
        "deg",
        WCS,
        "Carrington longitude of the observer: the central meridian.",
    ),
    row(
        "crlt_obs",
        "CRLT_OBS",
        "deg",
        WCS,
        "Carrington latitude of the observer.",
    ),
    row(
        "car_rot",
        "CAR_ROT",
        "",
        WCS,
        "Number of the Carrington rotation.",
    )
    .kind(Kind::Integer),
    row(
        "dsun_obs",
        "DSUN_OBS",
        "m",
        WCS,
        "Distance from the observer to the centre of the Sun.",
    ),
    row(
        "rsun_obs",
        "RSUN_OBS",
        "arcsec",
        WCS,
        "Angular radius of the Sun, as observed.",
    ),
    row(
        "obs_vr",
        "OBS_VR",
        "m/s",
        WCS,
        "Velocity of the observer away from the Sun.",
    ),
    // What the HARP pipeline summed in the plane of the image.
    row(
        "npix",
        "NPIX",
        "pixel",
        HARP,
        "Number of image pixels in the patch.",
    ),
    row(
        "size",
        "SIZE",
        "uHem",
        HARP,
        "Projected area of the patch, as seen.",
    ),
    row(
        "area_harp",
        "AREA",
        "uHem",
        HARP,
        "De-projected area of the patch; `area` is that of strong field.",
    ),
    row(
        "nacr",
        "NACR",
        "pixel",
        HARP,
        "Number of active image pixels, those of strong field.",
    ),
    row(
        "size_acr",
        "SIZE_ACR",
        "uHem",
        HARP,
        "Projected area of the active pixels, as seen.",
    ),
    row(
        "area_acr",
        "AREA_ACR",
        "uHem",
        HARP,
        "De-projected area of the active pixels.",
    ),
    row(
        "mtot",
        "MTOT",
        "G",
        HARP,
        "Sum of the absolute line-of-sight field over the region's pixels.",
    ),
    row(
        "mnet",
        "MNET",
        "G",
        HARP,
        "Sum of the line-of-sight field over the region's pixels.",
    ),
    row(
        "mpos_tot",
        "MPOS_TOT",
        "G",
        HARP,
        "Sum of the positive line-of-sight field.",
    ),
    row(
        "mneg_tot",
        "MNEG_TOT",
        "G",
        HARP,
        "Sum of the negative line-of-sight field, as a positive number.",
    ),
    row("mmean", "MMEAN", "G", HARP, "Mean of the line-of-sight field."),
    row(
        "mstdev",
        "MSTDEV",
        "G",
        HARP,
        "Standard deviation of the line-of-sight field.",
    ),
    row("mskew", "MSKEW", "", HARP, "Skewness of the line-of-sight field."),
    row("mkurt", "MKURT", "", HARP, "Kurtosis of the line-of-sight field."),
];

const fn row(
    name: &'static str,
    card: &'static str,
    unit: &'static str,
    reference: &'static str,
    summary: &'static str,
) -> Keyword {
    Keyword::new(name, Needs::Header, unit, summary)
        .card(card)
        .reference(reference)
}

/// A quantity that follows from cards.
const fn derived(name: &'static str, unit: &'static str, summary: &'static str) -> Keyword {
    Keyword::new(name, Needs::Header, unit, summary).reference(HARP)
}
