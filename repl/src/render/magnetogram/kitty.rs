//! kitty's graphics protocol: a PNG in base64, in pieces of at most 4096 bytes, each an escape code of its own.
//! <https://sw.kovidgoyal.net/kitty/graphics-protocol/>

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The longest piece that the protocol allows.
const PIECE: usize = 4096;

/// The picture in so many columns, as high as its shape asks for; the cursor stands at the start of the line below.
pub(super) fn write(png: &[u8], columns: usize) -> String {
    let data = STANDARD.encode(png);
    let pieces = data.len().div_ceil(PIECE);
    let mut out = String::with_capacity(data.len() + 32 * pieces);
    for (index, piece) in data.as_bytes().chunks(PIECE).enumerate() {
        // a=T shows what it is sent, q=2 keeps the terminal from answering into the next line that is typed.
        let keys = if index == 0 {
            format!("a=T,f=100,q=2,c={columns},")
        } else {
            String::new()
        };
        let more = u8::from(index + 1 < pieces);
        // Writing to a string cannot fail.
        let _ = write!(out, "\x1b_G{keys}m={more};");
        out.extend(piece.iter().map(|byte| char::from(*byte)));
        out.push_str("\x1b\\");
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_the_picture() {
        let png: Vec<u8> = (0..10_000_u32).map(|byte| (byte % 251) as u8).collect();
        let text = write(&png, 64);
        let pieces: Vec<&str> = text
            .trim_end()
            .split("\x1b\\")
            .filter(|piece| !piece.is_empty())
            .collect();
        assert_eq!(pieces.len(), 4);
        assert!(pieces[0].starts_with("\x1b_Ga=T,f=100,q=2,c=64,m=1;"));
        assert!(pieces[3].starts_with("\x1b_Gm=0;"));
        let data: String = pieces
            .iter()
            .map(|piece| {
                let data = piece.split_once(';').expect("keys and data").1;
                assert!(data.len() <= PIECE);
                data
            })
            .collect();
        assert_eq!(STANDARD.decode(data).expect("base64"), png);
    }
}
