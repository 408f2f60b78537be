//! Argon2id (RFC 9106), version 0x13: what makes each guess of a PIN cost time and memory.

use super::{Secret, Unspecified};
use argon2::{Algorithm, Argon2, AssociatedData, Block, ParamsBuilder, Version};
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

/// What one computation costs. One that is read is never below [`Self::LEAST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Memory, KiB.
    m: u32,
    /// Passes over it.
    t: u32,
    /// Lanes.
    p: u32,
}

impl Cost {
    /// The least that the protocol allows: 19 MiB, two passes, one lane.
    pub const LEAST: Self = Self {
        m: 19 * 1024,
        t: 2,
        p: 1,
    };

    /// The most that is taken from a store: above it a phone would run out of memory or patience.
    const MOST: Self = Self {
        m: 256 * 1024,
        t: 64,
        p: 1,
    };

    /// What a device aims at, milliseconds a computation, and the memory it takes for that, KiB.
    const AIM: u64 = 200;
    const AIMED_MEMORY: u64 = 64 * 1024;

    /// Memory in KiB, passes, lanes.
    ///
    /// # Errors
    /// [`Unspecified`] below the least or above the most.
    pub fn new(m: u32, t: u32, p: u32) -> Result<Self, Unspecified> {
        let within = |value, least, most| (least..=most).contains(&value);
        let fits = within(m, Self::LEAST.m, Self::MOST.m)
            && within(t, Self::LEAST.t, Self::MOST.t)
            && within(p, Self::LEAST.p, Self::MOST.p);
        fits.then_some(Self { m, t, p }).ok_or(Unspecified)
    }

    /// Far too little, so that a test can afford a million computations. Nothing that hides or opens
    /// a PIN's key takes it ([`crate::pin`]).
    pub const fn too_little_for_anything_but_tests(m: u32, t: u32) -> Self {
        Self { m, t, p: 1 }
    }

    /// Whether it may hide a key.
    pub(crate) fn is_enough(self) -> bool {
        Self::new(self.m, self.t, self.p).is_ok()
    }

    /// What a device can bear on which [`Self::LEAST`] took this long: memory first, which hurts an
    /// attacker most, then passes. Never below the least, however slow the device; a clock that stood
    /// still measured nothing.
    pub fn for_device(least_took_ms: u64) -> Self {
        if least_took_ms == 0 {
            return Self::LEAST;
        }
        let least = u64::from(Self::LEAST.m) * u64::from(Self::LEAST.t);
        // KiB that are passed over in the time aimed at.
        let affordable = least * Self::AIM / least_took_ms;
        let memory = (affordable / u64::from(Self::LEAST.t))
            .clamp(u64::from(Self::LEAST.m), Self::AIMED_MEMORY);
        let passes = (affordable / memory).clamp(u64::from(Self::LEAST.t), 8);
        Self {
            m: memory as u32,
            t: passes as u32,
            p: 1,
        }
    }
}

impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Read {
            m: u32,
            t: u32,
            p: u32,
        }
        let Read { m, t, p } = Read::deserialize(deserializer)?;
        Self::new(m, t, p).map_err(|_| serde::de::Error::custom("a cost that is not allowed"))
    }
}

/// 32 bytes of a password: `secret` is Argon2's K, `context` its associated data X, up to 32 bytes.
/// The memory it worked in is wiped: it would serve to test guesses.
///
/// # Errors
/// [`Unspecified`] when the context is longer or there is not enough memory.
pub fn stretch(
    password: &[u8],
    salt: &[u8; 16],
    secret: &[u8; 32],
    context: &[u8],
    cost: Cost,
) -> Result<Secret, Unspecified> {
    let context = AssociatedData::new(context).map_err(|_| Unspecified)?;
    let params = ParamsBuilder::new()
        .m_cost(cost.m)
        .t_cost(cost.t)
        .p_cost(cost.p)
        .data(context)
        .output_len(32)
        .build()
        .map_err(|_| Unspecified)?;
    let mut memory = Vec::new();
    memory
        .try_reserve_exact(params.block_count())
        .map_err(|_| Unspecified)?;
    memory.resize(params.block_count(), Block::new());
    let mut memory = Zeroizing::new(memory.into_boxed_slice());
    let mut out = Zeroizing::new([0; 32]);
    Argon2::new_with_secret(secret, Algorithm::Argon2id, Version::V0x13, params)
        .and_then(|argon2| {
            argon2.hash_password_into_with_memory(password, salt, &mut out[..], &mut memory[..])
        })
        .map_err(|_| Unspecified)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_input_counts() {
        let cost = Cost::too_little_for_anything_but_tests(8, 1);
        let of = |password: &[u8], salt: u8, secret: u8, context: &[u8], cost| {
            *stretch(password, &[salt; 16], &[secret; 32], context, cost).unwrap()
        };
        let one = of(b"294817", 1, 2, b"context", cost);
        assert_eq!(one, of(b"294817", 1, 2, b"context", cost));
        let more = Cost::too_little_for_anything_but_tests(8, 2);
        let wider = Cost::too_little_for_anything_but_tests(16, 1);
        for other in [
            of(b"294818", 1, 2, b"context", cost),
            of(b"294817", 2, 2, b"context", cost),
            of(b"294817", 1, 3, b"context", cost),
            of(b"294817", 1, 2, b"another", cost),
            of(b"294817", 1, 2, b"context", more),
            of(b"294817", 1, 2, b"context", wider),
        ] {
            assert_ne!(one, other);
        }
        assert!(stretch(b"294817", &[1; 16], &[2; 32], &[0; 33], cost).is_err());
    }

    #[test]
    fn a_device_gets_the_cost_that_it_can_bear_and_never_less_than_the_least() {
        for slow in [u64::MAX, 100_000, 201, 200, 0] {
            assert_eq!(Cost::for_device(slow), Cost::LEAST, "{slow}");
        }
        let (phone, computer) = (Cost::for_device(100), Cost::for_device(30));
        assert_eq!((phone.m, phone.t), (38 * 1024, 2));
        assert_eq!((computer.m, computer.t), (64 * 1024, 3));
        let fastest = Cost::for_device(1);
        assert_eq!((fastest.m, fastest.t), (64 * 1024, 8));
        assert!((0..1000).all(|took| Cost::for_device(took).is_enough()));
    }

    #[test]
    fn a_stored_cost_below_the_least_or_beyond_reason_is_not_read() {
        let read = |text: &str| serde_json::from_str::<Cost>(text);
        assert_eq!(read(r#"{"m":19456,"t":2,"p":1}"#).unwrap(), Cost::LEAST);
        for bad in [
            r#"{"m":19455,"t":2,"p":1}"#,
            r#"{"m":19456,"t":1,"p":1}"#,
            r#"{"m":19456,"t":2,"p":0}"#,
            r#"{"m":19456,"t":2,"p":2}"#,
            r#"{"m":4294967295,"t":2,"p":1}"#,
            r#"{"m":19456,"t":1000000,"p":1}"#,
            r#"{"m":19456,"t":2}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let weak = Cost::too_little_for_anything_but_tests(8, 1);
        assert!(read(&serde_json::to_string(&weak).unwrap()).is_err());
    }
}
