//! Files packed by gzip, `.fits.gz`, unpacked in memory.

use std::io::{Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::FitsError;

/// How a packed file begins.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The largest image that is read, in 32-bit integers, and room for headers: a small file can claim to hold more
/// than there is memory.
const LIMIT: u64 = 300 << 20;

/// What the file holds.
pub(super) fn unpack(file: impl Read, path: &Path) -> Result<Cursor<Vec<u8>>, FitsError> {
    unpack_up_to(LIMIT, file, path)
}

fn unpack_up_to(limit: u64, file: impl Read, path: &Path) -> Result<Cursor<Vec<u8>>, FitsError> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(file)
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| FitsError::Gzip {
            path: path.to_owned(),
            source,
        })?;
    if bytes.len() as u64 > limit {
        return Err(FitsError::GzipTooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(Cursor::new(bytes))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;
    use crate::fits::{read_header, read_image, sample};

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory does not fail");
        encoder.finish().expect("memory does not fail")
    }

    #[test]
    fn a_packed_file_is_read_like_the_file_itself() -> Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::TempDir::new()?;
        let (plain, gz) = (
            directory.path().join("a.Br.fits"),
            directory.path().join("a.Br.fits.gz"),
        );
        let bytes = sample::segment(377, "2011.02.15_02:00:00_TAI", 4, 3);
        std::fs::write(&plain, &bytes)?;
        std::fs::write(&gz, packed(&bytes))?;
        assert_eq!(read_header(&gz)?.integer("HARPNUM"), Some(377));
        let (unpacked, plain) = (read_image(&gz)?, read_image(&plain)?);
        assert_eq!((unpacked.shape(), unpacked.pixels), (plain.shape(), plain.pixels));
        Ok(())
    }

    #[test]
    fn damage_and_bombs_are_refused() {
        let path = Path::new("a.Br.fits.gz");
        let whole = packed(&vec![7; 100_000]);
        assert!(unpack_up_to(100_000, whole.as_slice(), path).is_ok());
        let bomb = unpack_up_to(99_999, whole.as_slice(), path).expect_err("one byte too many");
        assert_eq!(
            bomb.to_string(),
            "`a.Br.fits.gz` is compressed by gzip and holds more than 99999 bytes, the most that is read"
        );
        let cut = unpack_up_to(100_000, &whole[..whole.len() / 2], path).expect_err("half a file");
        assert!(
            cut.to_string()
                .starts_with("`a.Br.fits.gz` is compressed by gzip and damaged: "),
            "{cut}"
        );
    }
}
