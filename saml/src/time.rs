//! `xs:dateTime` as SAML wants it: UTC with a `Z` ([saml-core-2.0-os] 1.3.3). Times are seconds since 1970.

use jiff::Timestamp;

use crate::error::EmitError;

/// `2026-11-24T10:00:00Z`, to whole seconds.
pub(crate) fn format(seconds: u64) -> Result<String, EmitError> {
    let seconds = i64::try_from(seconds).map_err(|_| EmitError::Time)?;
    let timestamp = Timestamp::from_second(seconds).map_err(|_| EmitError::Time)?;
    Ok(timestamp.to_string())
}

/// Reads what [`format`] writes, also with a fraction of a second, which is dropped. `None` for any
/// other shape (jiff alone would take offsets, spaces and lower case) and for times before 1970.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let (whole, rest) = bytes.split_at_checked(19)?;
    let whole_fits = whole
        .iter()
        .zip(b"0000-00-00T00:00:00")
        .all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            _ => byte == shape,
        });
    let fraction = rest.strip_suffix(b"Z")?;
    let fraction_fits = match fraction.split_first() {
        None => true,
        Some((b'.', digits)) => {
            (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
        }
        Some(_) => false,
    };
    if !(whole_fits && fraction_fits) {
        return None;
    }
    let timestamp: Timestamp = text.parse().ok()?;
    u64::try_from(timestamp.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_and_read_back() {
        assert_eq!(format(0).unwrap(), "1970-01-01T00:00:00Z");
        assert_eq!(format(1_795_514_400).unwrap(), "2026-11-24T10:00:00Z");
        assert_eq!(parse("2026-11-24T10:00:00Z"), Some(1_795_514_400));
        assert_eq!(parse("2026-11-24T10:00:00.9999999Z"), Some(1_795_514_400));
        assert_eq!(format(u64::MAX), Err(EmitError::Time));
        assert_eq!(format(253_402_300_800), Err(EmitError::Time), "year 10000");
    }

    #[test]
    fn other_shapes_are_not_times() {
        for text in [
            "",
            "2026-11-24",
            "2026-11-24T10:00:00",
            "2026-11-24T10:00:00z",
            "2026-11-24t10:00:00Z",
            "2026-11-24 10:00:00Z",
            "2026-11-24T10:00:00+00:00",
            "2026-11-24T10:00:00.Z",
            "2026-11-24T10:00:00.0000000001Z",
            "2026-11-24T10:00:00Z ",
            "2026-13-24T10:00:00Z",
            "2026-11-31T10:00:00Z",
            "2026-11-24T25:00:00Z",
            "1969-12-31T23:59:59Z",
            "2026-11-24T10:00:00ZZ",
            "2026-11-24T10:00:00Z[Europe/Berlin]",
            "２026-11-24T10:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
