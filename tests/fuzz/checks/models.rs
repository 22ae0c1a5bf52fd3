//! What must hold for any bytes that are taken for a model: no panic, no more memory than a network of their size
//! needs, and what is imported can be kept and loaded again.
//!
//! An input is a file of weights, unless it begins as one of two others. `{`: a model of a catalogue, its description
//! in one line and its weights behind it. A pickle: the list of tensors of a checkpoint, which is put into a zip,
//! since a checksum would keep it out of reach there.

use std::io::{Cursor, Write};

use super::engine::{
    directions::{Directions, DirectionsConfig},
    encoder::{self, Encoder, EncoderConfig},
    generator::{self, Generator, GeneratorConfig},
    nn::WeightsFile,
    patch::Patch,
};
use zip::{ZipWriter, write::SimpleFileOptions};

/// Numbers in each storage of a checkpoint.
const STORED: usize = 4096;

/// Reads the bytes as everything that they may be, and runs what can be read once.
///
/// # Panics
/// When something that must hold does not.
pub(crate) fn check(bytes: &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) if bytes.starts_with(b"{") => of_catalogue(&bytes[..end], &bytes[end + 1..]),
        _ if bytes.starts_with(&[0x80, 2]) => of_file(&checkpoint(bytes)),
        _ => of_file(bytes),
    }
}

fn of_file(bytes: &[u8]) {
    let Ok(mut file) = WeightsFile::from_bytes(bytes.to_vec()) else {
        return;
    };
    assert!(file.names().all(|name| file.shape(name).is_some()));
    if let Ok(imported) = Generator::import(&mut file, &generator::ImportOptions::default()) {
        let weights = imported.model.save().expect("what was imported can be written");
        Generator::load(imported.model.config(), &weights).expect("what was written can be read");
    }
    if let Ok(imported) = Encoder::import(&mut file, &encoder::ImportOptions::default()) {
        let weights = imported.model.save().expect("what was imported can be written");
        Encoder::load(imported.model.config(), &weights).expect("what was written can be read");
    }
}

fn of_catalogue(description: &[u8], weights: &[u8]) {
    if let Ok(config) = serde_json::from_slice::<GeneratorConfig>(description)
        && let Ok(generator) = Generator::load(&config, weights)
    {
        let z = Generator::latent(1, 1, config.latent_dim);
        let drawn = generator.generate(&[z]).expect("a latent of its length is drawn");
        assert_eq!(drawn[0].gauss().len(), config.size * config.size);
    }
    if let Ok(config) = serde_json::from_slice::<EncoderConfig>(description)
        && let Ok(encoder) = Encoder::load(&config, weights)
    {
        let blank = Patch::new(config.grid(), vec![0.0; config.grid().cells()]).expect("a full grid");
        let embedded = encoder.embed(&[&blank]).expect("a patch of its grid is embedded");
        assert_eq!(embedded[0].len(), encoder.dim());
    }
    if let Ok(config) = serde_json::from_slice::<DirectionsConfig>(description) {
        let _ = Directions::load(&config, weights);
    }
}

/// A checkpoint with this list of tensors.
fn checkpoint(pickle: &[u8]) -> Vec<u8> {
    let numbers: Vec<u8> = (0..STORED)
        .flat_map(|n| ((n % 7) as f32 / 8.0).to_le_bytes())
        .collect();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, bytes: &[u8]| {
        zip.start_file(name, SimpleFileOptions::default())
            .expect("a name");
        zip.write_all(bytes).expect("memory does not fail");
    };
    add("archive/data.pkl", pickle);
    for storage in ["0", "1"] {
        add(&format!("archive/data/{storage}"), &numbers);
    }
    zip.finish().expect("memory does not fail").into_inner()
}
