//! Row 49: no oracle in the device's image. A thief has the store, the device's keys and pepper, the
//! server's signing key and all traffic after 20 approvals; every PIN opens the hidden key to 32 bytes, and
//! none of them fits anything better than the others.

use crate::challenge::Answer;
use crate::outbox::Sent;
use crate::ports::{DeviceKeys, Gesture, Order, Store, TransportError};
use crate::testkit::{Peer, Phone, Thief, Trouble, typed};
use countersign_protocol::Id;
use countersign_protocol::crypto::{
    Cost, Secret, expand, hmac, make_random, seal, sha256, stretch,
};
use countersign_protocol::encoding::decode;
use countersign_protocol::pin::HiddenKey;
use countersign_protocol::statement::Response;
use serde_json::Value;

/// The one that the thief would like to know.
const PIN: u32 = 294_817;

/// All PINs of six digits.
const ALL: u32 = 1_000_000;

/// What this test affords in place of 19 MiB and two passes.
const LITTLE: Cost = Cost::too_little_for_anything_but_tests(8, 1);

fn digits(pin: u32) -> String {
    format!("{pin:06}")
}

/// A phone that was in use: 20 approvals, some PINs typed wrong, a denial, and answers that still wait.
struct Stolen {
    phone: Phone,
    id: Id,
    /// K_pin, which the thief doesn't have.
    k_pin: Secret,
    /// What the phone keeps of it, once the hardware has unwrapped it.
    hidden: Hidden,
}

#[derive(Clone)]
struct Hidden {
    blob: [u8; 32],
    salt: [u8; 16],
    j: Id,
    pepper: Secret,
    text: String,
}

fn stolen() -> Stolen {
    let phone = Phone::before_pin();
    let (app, id) = phone.enrolled_with(&digits(PIN));
    for number in 1..=22 {
        phone.peer.ask(number, |_| {});
        let prompt = app.poll(&id, 0).unwrap().prompts.remove(0);
        let approve = |pin| Answer::Approve {
            number: Some("47".into()),
            pin: Some(typed(&digits(pin))),
        };
        if number % 7 == 0 {
            app.decide(&prompt.id, &approve(number.into())).unwrap();
        }
        let answer = match number {
            11 => Answer::Deny { reason: None },
            _ => approve(PIN),
        };
        if number > 20 {
            // These two wait in the outbox when the phone is stolen.
            let lost = Trouble::Lost(TransportError::Unreachable);
            phone.peer.trouble("responses", lost);
        }
        let sent = app.decide(&prompt.id, &answer).unwrap();
        assert_eq!(matches!(sent, Sent::Verdict(_)), number <= 20);
        phone.pass(1);
    }
    assert_eq!(app.outbox().unwrap().len(), 2);
    // Prompts that are open, too.
    phone.peer.ask(100, |_| {});
    app.poll(&id, 0).unwrap();
    drop(app);

    let k_pin = phone.peer.inner().pin_secrets().1;
    let wrapped = phone.account(&id).pin.unwrap();
    let text = phone.keys.unwrap(&id, Gesture::Free, &wrapped.0).unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let bytes = |name: &str| decode(value[name].as_str().unwrap()).unwrap();
    let salt = bytes("salt").try_into().unwrap();
    let hidden = Hidden {
        blob: bytes("blob").try_into().unwrap(),
        salt,
        j: Id::parse(value["j"].as_str().unwrap()).unwrap(),
        pepper: phone.keys.pepper(&id, &salt).unwrap(),
        text,
    };
    Stolen {
        phone,
        id,
        k_pin,
        hidden,
    }
}

impl Hidden {
    /// The same key under the same PIN at a cost that a test can pay a million times. The thief gets this
    /// one in place of the other: both together would be an oracle (protocol section 3, rule c).
    fn cheaper(&self, k_pin: &Secret) -> Self {
        let mask = self.mask(PIN);
        let blob = std::array::from_fn(|at| k_pin[at] ^ mask[at]);
        let encoded = countersign_protocol::encoding::encode;
        let text = self.text.replace(&encoded(&self.blob), &encoded(&blob));
        assert_ne!(text, self.text);
        Self {
            blob,
            text,
            ..self.clone()
        }
    }

    fn mask(&self, pin: u32) -> Secret {
        let context = [&b"cs1 pin\0"[..], self.j.as_bytes()].concat();
        let pin = digits(pin);
        stretch(pin.as_bytes(), &self.salt, &self.pepper, &context, LITTLE).unwrap()
    }

    /// What a PIN opens, at little cost.
    fn open(&self, pin: u32) -> Secret {
        let mask = self.mask(pin);
        Secret::new(std::array::from_fn(|at| self.blob[at] ^ mask[at]))
    }
}

impl Stolen {
    /// Everything but K_pin and the secret of the offer, both of which only the server has.
    fn thief(&self, hidden: &Hidden) -> Thief {
        let mut thief = Thief::default();
        thief.take(hidden.text.as_bytes());
        thief.take(&hidden.pepper[..]);
        for (name, held) in self.phone.contents() {
            thief.take(name.as_bytes());
            thief.take(held.as_bytes());
        }
        for (room, context, sealed) in self.phone.sealed() {
            thief.take(&context);
            thief.take_sealed(&room, context, sealed);
        }
        for (key, value) in self
            .phone
            .store
            .scan(b"", Order::Rising, usize::MAX)
            .unwrap()
        {
            thief.take(&key);
            thief.take(&value);
        }
        for folder in std::fs::read_dir(self.phone.folder.path()).unwrap() {
            for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
                thief.take(&std::fs::read(file.unwrap().path()).unwrap());
            }
        }
        let account = self.phone.account(&self.id);
        for wrapped in [&account.k_push, &account.k_off] {
            let key = self.phone.keys.unwrap(&self.id, Gesture::Free, &wrapped.0);
            thief.take(&key.unwrap());
            thief.take_sealed("wrap", b"wrap".to_vec(), wrapped.0.clone());
        }
        for key in Peer::seeds() {
            thief.take(&key);
        }
        let inner = self.phone.peer.inner();
        for message in &inner.wire {
            thief.take(message.as_bytes());
        }
        for response in inner
            .responses
            .iter()
            .filter(|response| response.pin.is_some())
        {
            thief.take_response(response);
        }
        drop(inner);
        // And those that were never sent.
        for (name, held) in self.phone.contents() {
            if name.starts_with("outbox/") {
                let value: Value = serde_json::from_str(&held).unwrap();
                let text = value["response"].as_str().unwrap();
                let keys = [account.dev];
                thief.take_response(
                    &countersign_protocol::Signed::<Response>::verify(text, &keys).unwrap(),
                );
            }
        }
        thief
    }
}

#[test]
fn row_49_of_all_pins_none_fits_what_a_thief_has_better_than_another() {
    let stolen = stolen();
    let hidden = stolen.hidden.cheaper(&stolen.k_pin);
    let mut thief = stolen.thief(&hidden);
    thief.sit_down();
    let [rows, values, responses, sealed] = thief.has();
    assert!(rows > 20_000 && values > 100, "{rows} {values}");
    // 19 approvals and 3 wrong PINs were sent, 2 approvals wait.
    assert!(responses == 24 && sealed > 50, "{responses} {sealed}");
    assert_eq!(hidden.open(PIN), stolen.k_pin);

    let halves: Vec<Tally> = std::thread::scope(|scope| {
        let half = |first: u32| {
            let (hidden, thief) = (&hidden, &thief);
            scope.spawn(move || {
                let mut tally = Tally::default();
                for pin in (first..ALL).step_by(2) {
                    let key = hidden.open(pin);
                    tally.count(&key, thief.fits(&key));
                }
                tally
            })
        };
        let halves = [half(0), half(1)];
        halves.map(|half| half.join().unwrap()).into()
    });
    let tally = halves.into_iter().reduce(Tally::join).unwrap();
    // Nothing fits any of them, the right one included.
    assert_eq!((tally.keys.len(), tally.fits), (ALL as usize, 0));
    tally.looks_like_chance();
}

#[test]
fn row_49_at_the_real_cost_and_with_patience_the_right_pin_fits_no_better() {
    let stolen = stolen();
    let mut thief = stolen.thief(&stolen.hidden);
    thief.sit_down();
    let hidden: HiddenKey = serde_json::from_str(&stolen.hidden.text).unwrap();
    let open = |pin: u32| {
        let typed = typed(&digits(pin));
        hidden
            .open(&typed.pin(6).unwrap(), &stolen.hidden.pepper)
            .unwrap()
    };
    let right = open(PIN);
    assert_eq!(right, stolen.k_pin);
    assert_eq!(thief.fits_with_patience(&right), 0);
    for _ in 0..100 {
        let pin = u32::from_be_bytes(make_random().unwrap()) % ALL;
        assert_eq!(thief.fits_with_patience(&open(pin)), 0, "{pin}");
    }
}

/// Something that the phone might have said.
type Leak<'a> = &'a dyn Fn(&mut Thief);

/// The thief is no fool: give them anything to compare with, and they know the PIN.
#[test]
fn what_would_test_a_pin_is_found_by_the_same_thief() {
    let stolen = stolen();
    let hidden = stolen.hidden.cheaper(&stolen.k_pin);
    let k_pin = &stolen.k_pin;
    let response = stolen.phone.peer.inner().responses[0].clone();
    // An agreement that is known is none: the challenge's hash in place of Z, say.
    let weak_proof = {
        let mut body = response.body().clone();
        let blind = hmac(body.challenge.as_bytes(), &[&k_pin[..]]);
        let covered = Thief::covered(&response);
        body.pin = Some((*hmac(&blind[..], &[&covered])).into());
        let key = countersign_protocol::crypto::SigningKey::make_p256().unwrap();
        let key = countersign_protocol::crypto::SigningKey::from_pkcs8(&key).unwrap();
        countersign_protocol::Signed::sign(body, &key).unwrap()
    };
    let leaks: [(&str, Leak<'_>); 6] = [
        ("the key itself", &|thief| {
            thief.take(&[b"....", &k_pin[..], b"...."].concat())
        }),
        ("its hash", &|thief| thief.take(&sha256(&[&k_pin[..]]))),
        ("a check value", &|thief| {
            thief.take(&hmac(&k_pin[..], &[b"check"])[..])
        }),
        ("another key from it", &|thief| {
            let text = countersign_protocol::encoding::encode(&expand(k_pin, &[b""])[..]);
            thief.take(format!(r#"{{"kid":"{text}"}}"#).as_bytes());
            thief.take(&hmac(&k_pin[..], &[b"cs1 off\0"])[..]);
        }),
        ("something sealed by it", &|thief| {
            thief.take_sealed(
                "record",
                b"record".to_vec(),
                seal(k_pin, b"record", b"plain").unwrap(),
            );
        }),
        ("a proof without a blind", &|thief| {
            thief.take_response(&weak_proof)
        }),
    ];
    for (what, leak) in leaks {
        let mut thief = stolen.thief(&hidden);
        leak(&mut thief);
        thief.sit_down();
        let fitting: Vec<u32> = (PIN - 200..PIN + 200)
            .filter(|pin| thief.fits(&hidden.open(*pin)) > 0)
            .collect();
        assert_eq!(fitting, [PIN], "{what}");
    }
    // With patience also what is bound to something else.
    let mut thief = stolen.thief(&hidden);
    thief.take(&hmac(&k_pin[..], &[response.challenge.as_bytes()])[..]);
    thief.sit_down();
    let fitting: Vec<u32> = (PIN - 5..PIN + 5)
        .filter(|pin| thief.fits_with_patience(&hidden.open(*pin)) > 0)
        .collect();
    assert_eq!(fitting, [PIN]);
}

/// What all keys look like together.
#[derive(Default)]
struct Tally {
    /// The first eight bytes of each.
    keys: Vec<u64>,
    /// How many have a bit, by bit.
    bits: Vec<u32>,
    fits: usize,
}

impl Tally {
    fn count(&mut self, key: &Secret, fits: usize) {
        self.bits.resize(256, 0);
        for (at, bit) in self.bits.iter_mut().enumerate() {
            *bit += u32::from(key[at / 8] >> (at % 8) & 1);
        }
        self.keys
            .push(u64::from_be_bytes(key[..8].try_into().unwrap()));
        self.fits += fits;
    }

    fn join(mut self, other: Self) -> Self {
        self.keys.extend(other.keys);
        self.bits
            .iter_mut()
            .zip(other.bits)
            .for_each(|(mine, theirs)| *mine += theirs);
        self.fits += other.fits;
        self
    }

    /// Each key another one, and each bit set in half of them: within six standard deviations of 500,
    /// which one run in some millions leaves by chance.
    fn looks_like_chance(mut self) {
        self.keys.sort_unstable();
        assert!(self.keys.windows(2).all(|pair| pair[0] != pair[1]));
        for (at, count) in self.bits.iter().enumerate() {
            assert!(count.abs_diff(ALL / 2) < 3_000, "bit {at}: {count}");
        }
    }
}
