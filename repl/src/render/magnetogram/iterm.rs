//! iTerm2's protocol for images, which `WezTerm` and others know too: a whole PNG in one escape code.
//! <https://iterm2.com/documentation-images.html>

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The picture in so many columns, as high as its shape asks for.
pub(super) fn write(png: &[u8], columns: usize) -> String {
    format!(
        "\x1b]1337;File=inline=1;size={};width={columns};height=auto;preserveAspectRatio=1:{}\x07\n",
        png.len(),
        STANDARD.encode(png)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_holds_the_picture() {
        let png = b"\x89PNG and more";
        let text = write(png, 64);
        let (keys, data) = text.split_once(':').expect("keys and data");
        assert_eq!(
            keys,
            "\x1b]1337;File=inline=1;size=13;width=64;height=auto;preserveAspectRatio=1"
        );
        let data = data.strip_suffix("\x07\n").expect("the end");
        assert_eq!(STANDARD.decode(data).expect("base64"), png);
    }
}
