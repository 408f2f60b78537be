//! ECDSA-Sig-Value in DER (RFC 3279 section 2.2.3), as key stores give it, to and from the 64 raw
//! bytes of the wire (RFC 7518 section 3.4). Strict: one encoding only, nothing after it.

use super::Unspecified;

/// r ‖ s, 32 bytes each, of a P-256 signature in DER.
///
/// # Errors
/// [`Unspecified`] for anything but the one DER encoding of two positive integers below 2^256.
pub fn raw_from_der(der: &[u8]) -> Result<[u8; 64], Unspecified> {
    let (body, rest) = element(der, 0x30)?;
    let (r, body) = element(body, 0x02)?;
    let (s, body) = element(body, 0x02)?;
    if !rest.is_empty() || !body.is_empty() {
        return Err(Unspecified);
    }
    let mut raw = [0; 64];
    let (left, right) = raw.split_at_mut(32);
    put(r, left)?;
    put(s, right)?;
    Ok(raw)
}

/// The DER form of a raw signature.
pub fn raw_to_der(raw: &[u8; 64]) -> Vec<u8> {
    let mut body = Vec::with_capacity(70);
    for half in raw.chunks(32) {
        let start = half.iter().position(|&byte| byte != 0).unwrap_or(31);
        let digits = &half[start..];
        let pad = usize::from(digits[0] & 0x80 != 0);
        body.extend([0x02, (digits.len() + pad) as u8]);
        body.extend(std::iter::repeat_n(0, pad));
        body.extend(digits);
    }
    let mut der = vec![0x30, body.len() as u8];
    der.append(&mut body);
    der
}

/// The content of the element with `tag` at the front, and what follows it. Lengths of a P-256
/// signature are below 128, so the long form is never right.
fn element(bytes: &[u8], tag: u8) -> Result<(&[u8], &[u8]), Unspecified> {
    match bytes {
        [found, length, rest @ ..] if *found == tag && *length < 0x80 => rest
            .split_at_checked(usize::from(*length))
            .ok_or(Unspecified),
        _ => Err(Unspecified),
    }
}

/// A positive, minimal integer into 32 bytes.
fn put(integer: &[u8], out: &mut [u8]) -> Result<(), Unspecified> {
    let digits = match integer {
        [0, next, ..] if *next >= 0x80 => &integer[1..],
        [first, ..] if (1..0x80).contains(first) => integer,
        _ => return Err(Unspecified),
    };
    let start = out.len().checked_sub(digits.len()).ok_or(Unspecified)?;
    out[start..].copy_from_slice(digits);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn there_and_back(mut raw in proptest::array::uniform32(any::<u8>()), s in proptest::array::uniform32(any::<u8>()), zeros in 0usize..31) {
            raw[..zeros].fill(0);
            raw[31] |= 1;
            let mut whole = [1; 64];
            whole[..32].copy_from_slice(&raw);
            whole[32..].copy_from_slice(&s);
            whole[63] |= 1;
            prop_assert_eq!(raw_from_der(&raw_to_der(&whole)), Ok(whole));
        }

        #[test]
        fn garbage_is_refused_or_canonical(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(raw) = raw_from_der(&bytes) {
                prop_assert_eq!(raw_to_der(&raw), bytes);
            }
        }
    }

    #[test]
    fn other_encodings_are_refused() {
        let good = raw_to_der(&[0x11; 64]);
        assert!(raw_from_der(&good).is_ok());
        let mut trailing = good.clone();
        trailing.push(0);
        let long_form = [&[0x30, 0x81, good[1]], &good[2..]].concat();
        let zero = [0x30, 6, 2, 1, 0, 2, 1, 1].to_vec();
        let negative = [0x30, 6, 2, 1, 0x80, 2, 1, 1].to_vec();
        let padded = [0x30, 7, 2, 2, 0, 1, 2, 1, 1].to_vec();
        let too_long = [&[0x30, 39, 2, 34, 1][..], &[0; 33], &[2, 1, 1]].concat();
        for bad in [
            vec![],
            good[..good.len() - 1].to_vec(),
            trailing,
            long_form,
            zero,
            negative,
            padded,
            too_long,
        ] {
            assert_eq!(raw_from_der(&bad), Err(Unspecified), "{bad:x?}");
        }
    }
}
