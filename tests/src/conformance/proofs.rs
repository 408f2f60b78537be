//! Proofs (protocol section 10): who calls, which call, and now.

use super::bend::{flip, sign};
use super::kit::{BAD_PROOF, CONFLICT, Kit, NONCE, NOT_FOUND};
use super::phone::{Phone, make_key};
use crate::harness::{During, Result};
use countersign_protocol::statement::Proof;
use countersign_protocol::{Digest, Id, Origin};

const LIST: &str = "/cs/v1/challenges?wait=0";

pub(super) fn proofs(kit: &mut Kit, phone: &Phone) -> Result<()> {
    // The newest nonce is good from here on.
    phone.state(kit)?;
    let came = kit.get(LIST)?;
    kit.refused("proof.none", &came, &[(401, "")]);
    nonces(kit, phone)?;
    bent(kit, phone)?;
    repeats(kit, phone)?;
    let other = Id::make().during("an id")?;
    let came = phone.call(kit, "GET", &format!("/cs/v1/credentials/{other}"), "")?;
    kit.refused("state.other", &came, NOT_FOUND);
    Ok(())
}

fn nonces(kit: &mut Kit, phone: &Phone) -> Result<()> {
    let id = Id::make().during("an id")?.to_string();
    for (check, nonce) in [
        ("proof.no_nonce", None),
        ("proof.nonce", Some("x".to_owned())),
        ("proof.other_nonce", Some(id)),
    ] {
        let bare = Proof {
            nonce,
            ..phone.proof(kit, "GET", LIST, "")?
        };
        let bare = sign(bare, &phone.dev)?;
        kit.nonce = None;
        let came = Phone::call_by(kit, ("GET", LIST, ""), bare.compact())?;
        kit.refused(check, &came, NONCE);
        if kit.nonce.is_none() {
            kit.judge(check, false, "no nonce to repeat with");
        }
    }
    Ok(())
}

fn bent(kit: &mut Kit, phone: &Phone) -> Result<()> {
    let good = phone.proof(kit, "GET", LIST, "")?;
    let origin = kit.wire.origin().to_owned();
    let evil = Origin::parse("https://evil.example").during("an origin")?;
    let url = |origin: &str, path: &str| format!("{origin}{path}");
    let none = Id::make().during("an id")?;
    for (check, proof) in [
        (
            "proof.aud",
            Proof {
                aud: evil,
                ..good.clone()
            },
        ),
        (
            "proof.sub",
            Proof {
                sub: none,
                ..good.clone()
            },
        ),
        (
            "proof.htm",
            Proof {
                htm: "POST".into(),
                ..good.clone()
            },
        ),
        (
            "proof.htu",
            Proof {
                htu: url(&origin, "/cs/v1/overview"),
                ..good.clone()
            },
        ),
        (
            "proof.origin",
            Proof {
                htu: url("https://evil.example", LIST),
                ..good.clone()
            },
        ),
        (
            "proof.query",
            Proof {
                htu: url(&origin, "/cs/v1/challenges?wait=1"),
                ..good.clone()
            },
        ),
        (
            "proof.bh",
            Proof {
                bh: Digest::of(&[b"{}"]),
                ..good.clone()
            },
        ),
    ] {
        let proof = sign(proof, &phone.dev)?;
        let came = Phone::call_by(kit, ("GET", LIST, ""), proof.compact())?;
        kit.refused(check, &came, BAD_PROOF);
    }
    let stranger = sign(good.clone(), &make_key()?)?;
    let came = Phone::call_by(kit, ("GET", LIST, ""), stranger.compact())?;
    kit.refused("proof.key", &came, BAD_PROOF);
    let flipped = flip(sign(good.clone(), &phone.dev)?.compact())?;
    let came = Phone::call_by(kit, ("GET", LIST, ""), &flipped)?;
    kit.refused("proof.signature", &came, BAD_PROOF);
    let (header, payload) = super::bend::open(sign(good, &phone.dev)?.compact())?;
    let header = super::bend::swap(&header, ("cs1-proof", "cs1-response"))?;
    let other = super::bend::forge(&phone.dev, &header, &payload)?;
    let came = Phone::call_by(kit, ("GET", LIST, ""), &other)?;
    kit.refused("proof.typ", &came, BAD_PROOF);
    Ok(())
}

/// A call that changes something is carried out once.
fn repeats(kit: &mut Kit, phone: &Phone) -> Result<()> {
    const ACKS: &str = "/cs/v1/acks";
    let body = |id: Id| format!("{{\"jti\":[\"{id}\"]}}");
    let first = body(Id::make().during("an id")?);
    let proof = phone.proof(kit, "POST", ACKS, &first)?;
    let signed = sign(proof.clone(), &phone.dev)?;
    let call = ("POST", ACKS, first.as_str());
    let came = Phone::call_by(kit, call, signed.compact())?;
    let again = Phone::call_by(kit, call, signed.compact())?;
    let good = (came.status, again.status) == (204, 204) && came.body == again.body;
    kit.judge("proof.repeat", good, Kit::said(&again));
    let second = body(Id::make().during("an id")?);
    let bh = Digest::of(&[second.as_bytes()]);
    let replayed = sign(Proof { bh, ..proof }, &phone.dev)?;
    let came = Phone::call_by(kit, ("POST", ACKS, &second), replayed.compact())?;
    kit.refused("proof.replay", &came, CONFLICT);
    Ok(())
}
