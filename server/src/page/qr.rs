//! A QR code as a drawing inside the page: black on white in every colour scheme, with its quiet zone.

use std::fmt::Write as _;

use maud::{Markup, html};
use qrcode::bits::Bits;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::ec::construct_codewords;
use qrcode::{Color, EcLevel, Version};

/// Light modules on each side (ISO/IEC 18004, section 6.3.8).
const QUIET: usize = 4;

/// The drawing, named `label` for readers. None if the content does not fit into a QR code.
pub(super) fn drawing(content: &str, label: &str) -> Option<Markup> {
    let (width, colors) = modules(content)?;
    let side = width + 2 * QUIET;
    let mut path = String::new();
    for (index, color) in colors.into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (index % width + QUIET, index / width + QUIET);
            // Writing into a String cannot fail.
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    Some(html! {
        svg.qr viewBox={ "0 0 " (side) " " (side) } role="img" aria-label=(label) shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    })
}

/// Modules on a side, and each of them. The content is taken as bytes, so that its length alone says how large the
/// code is, and a page looks the same for every request. Always by the same mask, which the code itself names to its reader: to look
/// for the prettiest of the eight, as the standard has it (section 7.8.3), took a tenth of the server's work for a
/// login, and what is drawn here is near random text on a screen.
fn modules(content: &str) -> Option<(usize, Vec<Color>)> {
    let bits = (1..=40).find_map(|version| {
        let mut bits = Bits::new(Version::Normal(version));
        bits.push_byte_data(content.as_bytes()).ok()?;
        bits.push_terminator(EcLevel::M).ok()?;
        Some(bits)
    })?;
    let version = bits.version();
    let (data, correction) = construct_codewords(&bits.into_bytes(), version, EcLevel::M).ok()?;
    let mut canvas = Canvas::new(version, EcLevel::M);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    canvas.apply_mask(MaskPattern::Checkerboard);
    Some((usize::try_from(version.width()).ok()?, canvas.into_colors()))
}

#[cfg(test)]
mod tests {
    use super::drawing;

    #[test]
    fn an_invitation_becomes_a_square_with_its_quiet_zone() {
        let svg = drawing("https://id.example/e#abc", "A \"code\"")
            .unwrap()
            .into_string();
        // Version 2 has 25 modules; the first dark one stands behind four light ones.
        assert!(svg.contains("viewBox=\"0 0 33 33\""), "{svg}");
        assert!(svg.contains("d=\"M4 4h1v1h-1z"), "{svg}");
        assert!(svg.contains("aria-label=\"A &quot;code&quot;\""), "{svg}");
        assert!(svg.contains("fill=\"#fff\"") && svg.contains("fill=\"#000\""));
    }

    /// Found by `row_33_every_name_is_asked_alike`, once in many runs: digits and capital letters took less room.
    #[test]
    fn codes_of_equally_long_content_are_equally_large() {
        let side = |content: &str| {
            let svg = drawing(content, "code").unwrap().into_string();
            svg.split('"').nth(3).map(str::to_owned)
        };
        let (letters, digits) = ("a".repeat(30), "1".repeat(30));
        assert_eq!(side(&letters).as_deref(), Some("0 0 37 37"));
        assert_eq!(side(&digits), side(&letters));
        assert_eq!(side(&"A".repeat(30)), side(&letters));
    }

    #[test]
    fn what_does_not_fit_is_not_drawn() {
        assert!(drawing(&"x".repeat(5000), "code").is_none());
    }
}
