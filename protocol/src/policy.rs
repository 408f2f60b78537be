//! Which factors are asked, and whether a challenge or a new policy is weaker than what was agreed
//! (protocol sections 5 and 6). One code for phone and server.

use crate::json::{MAX_INT, Malformed};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One thing that a response can prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Factor {
    /// This phone (signed by K_dev).
    Dev,
    /// The PIN, which only the server can check.
    Pin,
    /// The person's gesture (signed by K_uv); it includes `dev`.
    Uv,
}

/// Factors that suffice together. There are four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    /// `["dev"]`
    Dev,
    /// `["dev","pin"]`
    DevPin,
    /// `["pin","uv"]`
    PinUv,
    /// `["uv"]`
    Uv,
}

impl Alternative {
    const ALL: [Self; 4] = [Self::Dev, Self::DevPin, Self::PinUv, Self::Uv];

    /// Its factors, in the order of the wire.
    pub fn factors(self) -> &'static [Factor] {
        match self {
            Self::Dev => &[Factor::Dev],
            Self::DevPin => &[Factor::Dev, Factor::Pin],
            Self::PinUv => &[Factor::Pin, Factor::Uv],
            Self::Uv => &[Factor::Uv],
        }
    }

    /// Whether it asks for a factor.
    pub fn has(self, factor: Factor) -> bool {
        self.factors().contains(&factor)
    }

    /// Every factor of `other` is in it, or is `dev` while it has `uv`.
    pub fn covers(self, other: Self) -> bool {
        covers(self.factors(), other)
    }

    /// As a view shows it: `dev+pin`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::DevPin => "dev+pin",
            Self::PinUv => "pin+uv",
            Self::Uv => "uv",
        }
    }
}

/// Whether proving `proved` covers an alternative.
pub fn covers(proved: &[Factor], other: Alternative) -> bool {
    let given = |factor: &Factor| {
        proved.contains(factor) || (*factor == Factor::Dev && proved.contains(&Factor::Uv))
    };
    other.factors().iter().all(given)
}

impl Serialize for Alternative {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.factors().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Alternative {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let factors = Vec::<Factor>::deserialize(deserializer)?;
        let fits = |alternative: &Self| alternative.factors() == factors;
        Self::ALL
            .into_iter()
            .find(fits)
            .ok_or_else(|| serde::de::Error::custom("not an alternative"))
    }
}

/// One to four different alternatives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Alternatives(Vec<Alternative>);

impl Alternatives {
    /// Takes a list.
    ///
    /// # Errors
    /// [`Malformed`] when it is empty or says something twice.
    pub fn new(list: Vec<Alternative>) -> Result<Self, Malformed> {
        let twice = |at: usize| list[..at].contains(&list[at]);
        if list.is_empty() || (0..list.len()).any(twice) {
            return Err(Malformed("alternatives"));
        }
        Ok(Self(list))
    }

    /// `[["dev"]]`: the phone alone.
    pub fn dev() -> Self {
        Self(vec![Alternative::Dev])
    }

    /// In the order as sent.
    pub fn as_slice(&self) -> &[Alternative] {
        &self.0
    }

    /// Not below `floor`: each of these covers one of those.
    pub fn not_below(&self, floor: &Self) -> bool {
        self.0
            .iter()
            .all(|mine| floor.0.iter().any(|least| mine.covers(*least)))
    }

    /// Whether each asks for a PIN or a gesture, so that the phone alone does not suffice.
    pub fn ask_person(&self) -> bool {
        let asks = |one: &Alternative| one.has(Factor::Pin) || one.has(Factor::Uv);
        self.0.iter().all(asks)
    }

    /// Whether what was proved covers one of them.
    pub fn satisfied_by(&self, proved: &[Factor]) -> bool {
        self.0
            .iter()
            .any(|alternative| covers(proved, *alternative))
    }

    /// As a view shows them: `dev+pin|uv`.
    pub fn describe(&self) -> String {
        let names: Vec<&str> = self
            .0
            .iter()
            .map(|alternative| alternative.as_str())
            .collect();
        names.join("|")
    }
}

impl<'de> Deserialize<'de> for Alternatives {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// How a phone may answer without a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Offline {
    /// Not at all.
    None,
    /// By eight digits.
    Code,
    /// By a QR code.
    Qr,
    /// Either way.
    Both,
}

impl Offline {
    fn ways(self) -> (bool, bool) {
        (
            matches!(self, Self::Code | Self::Both),
            matches!(self, Self::Qr | Self::Both),
        )
    }

    /// As the wire and the view have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Code => "code",
            Self::Qr => "qr",
            Self::Both => "both",
        }
    }
}

/// What server and phone agreed at enrolment; it only gets weaker with the phone's approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Rises with each change.
    pub n: u64,
    /// The least that a response proves.
    pub min: Alternatives,
    /// Whether remote requests ask for the number that the browser shows.
    pub r#match: bool,
    /// The longest life of a challenge, seconds: 30 to 600.
    pub max_life: u64,
    /// The least number of digits of the PIN, 6 to 12, or 0 for none.
    pub pin: u64,
    /// Offline answers.
    pub offline: Offline,
}

impl Policy {
    /// The rules among its members.
    ///
    /// # Errors
    /// [`Malformed`] names the member.
    pub fn check(&self) -> Result<(), Malformed> {
        let asks_pin = self
            .min
            .0
            .iter()
            .any(|alternative| alternative.has(Factor::Pin));
        if !(1..=MAX_INT).contains(&self.n) {
            return Err(Malformed("policy.n"));
        }
        if !(30..=600).contains(&self.max_life) {
            return Err(Malformed("policy.max_life"));
        }
        match self.pin {
            0 if asks_pin => Err(Malformed("policy.pin")),
            0 | 6..=12 => Ok(()),
            _ => Err(Malformed("policy.pin")),
        }
    }

    /// Whether it asks less than `old`: an alternative that covers none of the old ones, match off,
    /// a longer life, a way offline added, a shorter PIN.
    pub fn is_weaker_than(&self, old: &Self) -> bool {
        let ((code, qr), (old_code, old_qr)) = (self.offline.ways(), old.offline.ways());
        !self.min.not_below(&old.min)
            || (old.r#match && !self.r#match)
            || self.max_life > old.max_life
            || (code && !old_code)
            || (qr && !old_qr)
            || self.pin < old.pin
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alternatives(text: &str) -> Result<Alternatives, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn the_person_is_asked_only_where_the_phone_alone_never_suffices() {
        let asks = |text: &str| alternatives(text).unwrap().ask_person();
        for each in [
            r#"[["dev","pin"]]"#,
            r#"[["uv"]]"#,
            r#"[["dev","pin"],["pin","uv"]]"#,
        ] {
            assert!(asks(each), "{each}");
        }
        for not_each in [r#"[["dev"]]"#, r#"[["uv"],["dev"]]"#] {
            assert!(!asks(not_each), "{not_each}");
        }
    }

    pub(crate) fn policy() -> Policy {
        let min = alternatives(r#"[["dev","pin"],["uv"]]"#).unwrap();
        Policy {
            n: 1,
            min,
            r#match: true,
            max_life: 120,
            pin: 6,
            offline: Offline::Code,
        }
    }

    #[test]
    fn only_the_four_alternatives_are_read() {
        for good in [
            r#"[["dev"]]"#,
            r#"[["dev","pin"],["uv"]]"#,
            r#"[["pin","uv"],["uv"],["dev"],["dev","pin"]]"#,
        ] {
            assert_eq!(
                serde_json::to_string(&alternatives(good).unwrap()).unwrap(),
                good
            );
        }
        for bad in [
            "[]",
            "[[]]",
            r#"[["pin"]]"#,
            r#"[["pin","dev"]]"#,
            r#"[["uv","dev"]]"#,
            r#"[["dev"],["dev"]]"#,
            r#"[["face"]]"#,
            r#"["dev"]"#,
        ] {
            assert!(alternatives(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn uv_includes_dev_and_pin_covers_nothing_else() {
        use Alternative::{Dev, DevPin, PinUv, Uv};
        let covered = |a: Alternative| {
            Alternative::ALL
                .into_iter()
                .filter(|b| a.covers(*b))
                .collect::<Vec<_>>()
        };
        assert_eq!(covered(Dev), [Dev]);
        assert_eq!(covered(DevPin), [Dev, DevPin]);
        assert_eq!(covered(PinUv), [Dev, DevPin, PinUv, Uv]);
        assert_eq!(covered(Uv), [Dev, Uv]);
    }

    #[test]
    fn each_way_of_asking_less_is_weaker() {
        let old = policy();
        let change = |change: fn(&mut Policy)| {
            let mut new = policy();
            new.n = 2;
            change(&mut new);
            new.is_weaker_than(&old)
        };
        assert!(!change(|_| {}));
        assert!(change(|p| p.min = Alternatives::dev()));
        assert!(change(|p| p.r#match = false));
        assert!(change(|p| p.max_life += 1));
        assert!(change(|p| p.offline = Offline::Both));
        assert!(change(|p| p.offline = Offline::Qr));
        assert!(change(|p| p.pin = 0));
        assert!(!change(|p| {
            p.min = Alternatives::new(vec![Alternative::PinUv]).unwrap();
            p.max_life = 60;
            p.pin = 8;
            p.offline = Offline::None
        }));
    }

    #[test]
    fn limits_are_kept() {
        let broken = |change: fn(&mut Policy)| {
            let mut new = policy();
            change(&mut new);
            new.check().is_err()
        };
        assert!(!broken(|_| {}));
        assert!(broken(|p| p.n = 0));
        assert!(broken(|p| p.max_life = 29));
        assert!(broken(|p| p.max_life = 601));
        assert!(broken(|p| p.pin = 5));
        assert!(broken(|p| p.pin = 13));
        assert!(broken(|p| p.pin = 0));
    }

    fn any_alternatives() -> impl Strategy<Value = Alternatives> {
        proptest::sample::subsequence(Alternative::ALL.to_vec(), 1..=4)
            .prop_map(|list| Alternatives::new(list).unwrap())
    }

    proptest! {
        #[test]
        fn what_satisfies_a_challenge_not_below_the_policy_satisfies_the_policy(challenge in any_alternatives(), floor in any_alternatives(), uv: bool, pin: bool) {
            let mut proved = vec![if uv { Factor::Uv } else { Factor::Dev }];
            if pin { proved.push(Factor::Pin) }
            if challenge.not_below(&floor) && challenge.satisfied_by(&proved) {
                prop_assert!(floor.satisfied_by(&proved));
            }
        }
    }
}
