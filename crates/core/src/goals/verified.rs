//! Both sides were compared, lately, and are the same: what the phases after the backfill rest on.
//!
//! No apply makes it true: a comparison may run for hours, goes on after a stop by itself, and needs to read what an apply need
//! not. `s3ferry verify` makes it and keeps a receipt, and every plan of these phases asks for one.

use serde_json::json;

use crate::digest::digest;
use crate::format::{Gate, GateState};
use crate::ids::Arn;
use crate::phase::Part;
use crate::proof::{ProofSubject, Verified};
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{DeleteMarkers, Depth, RuleSpec, Share, VerifySpec};

/// The name of the gate.
pub const VERIFIED: &str = "verified";

/// What a comparison is of: both buckets, and the rules that say what the destination should have.
#[must_use]
pub fn compared(route: &Route<'_>) -> ProofSubject {
    let rule = |of: &RuleSpec| {
        let RuleSpec {
            name: _,
            prefix,
            tags,
            delete_markers,
            storage_class,
            time_control: _,
            kms,
            replica_modifications: _,
            enabled,
        } = of;
        let keys = kms.as_ref().map(|kms| {
            let keys = kms.source_keys.iter().map(Arn::as_str);
            keys.collect::<Vec<_>>()
        });
        let class = storage_class.map(|class| class.as_str());
        json!([
            prefix,
            tags,
            delete_markers == &DeleteMarkers::Mirror,
            class,
            keys,
            enabled
        ])
    };
    let rules: Vec<_> = route.migration.rules.iter().map(rule).collect();
    ProofSubject(digest(&json!({
        "proves": "verified",
        "source": route.source.arn().as_str(),
        "destination": route.destination.arn().as_str(),
        "rules": rules,
    })))
}

/// The gate of a migration whose phase asks for a comparison.
pub(super) fn gate(scene: &Scene<'_>, route: &Route<'_>) -> Option<Gate> {
    if !Part::VerifiedGoal.is_in(route.migration.phase) {
        return None;
    }
    let (state, why) = match found(scene, route) {
        Ok(why) => (GateState::Met, why),
        Err(why) => (GateState::Waiting, why),
    };
    Some(Gate {
        name: VERIFIED.to_owned(),
        state,
        why,
    })
}

/// Whether a comparison that still counts found both sides the same.
pub(super) fn is_met(scene: &Scene<'_>, route: &Route<'_>) -> bool {
    found(scene, route).is_ok()
}

fn found(scene: &Scene<'_>, route: &Route<'_>) -> Result<String, String> {
    let (verified, unread) = scene
        .comparisons
        .map_or((&[][..], 0), |of| (&of.verified, of.unread));
    if unread > 0 {
        return Err("a receipt of a comparison cannot be read and may be of one that found something: put the file back as it was, or \
                    remove it from the ledger's verifications"
            .to_owned());
    }
    let subject = compared(route);
    let mut receipts: Vec<&Verified> = verified.iter().filter(|of| of.subject == subject).collect();
    // Of two in one second that which found something counts as the later.
    receipts.sort_by(|one, other| {
        let later = other.as_of.cmp(&one.as_of);
        later.then(one.is_clean().cmp(&other.is_clean()))
    });
    judged(&receipts, &route.migration.verify)
}

/// What the receipts say, the newest first. One that found something is not made good by an older one that did not, whatever its
/// depth.
fn judged(receipts: &[&Verified], wanted: &VerifySpec) -> Result<String, String> {
    for receipt in receipts {
        let Verified {
            as_of, receipt: id, ..
        } = receipt;
        if !receipt.is_clean() {
            return Err(format!(
                "the comparison of {as_of} found {} different and {} that nobody can say of ({id})",
                versions(receipt.different),
                versions(receipt.unprovable)
            ));
        }
        if !covers(receipt, wanted) {
            continue;
        }
        if receipt.age > wanted.max_age {
            return Err(format!(
                "the comparison of {as_of} is older than verify.max_age allows"
            ));
        }
        return Ok(format!(
            "by the comparison of {as_of}: {} equal, {} as expected ({id})",
            versions(receipt.equal),
            versions(receipt.expected)
        ));
    }
    Err(match receipts.first() {
        None => "both sides were not compared yet, as the rules are now".to_owned(),
        Some(shallow) => format!(
            "the comparison of {} did not look as closely as the spec asks: depth {}{}",
            shallow.as_of,
            wanted.depth.as_str(),
            beside(wanted)
        ),
    })
}

fn covers(receipt: &Verified, wanted: &VerifySpec) -> bool {
    let VerifySpec {
        athena: _, // It says where, and not how closely.
        depth,
        compare,
        content,
        max_age: _,
        reports: _,
        confirm: _,
    } = wanted;
    // How much content was read is said by its share, and each version of it is held against the stored checksums besides.
    let least = match depth {
        Depth::Content => Depth::Checksum,
        Depth::Listing | Depth::Checksum | Depth::Computed => *depth,
    };
    receipt.depth >= least && receipt.compared.is_superset(compare) && receipt.content >= *content
}

fn beside(wanted: &VerifySpec) -> String {
    let words = wanted.compare.iter().map(|of| of.as_str().to_owned());
    let content =
        (wanted.content > Share::NONE).then(|| format!("the content of {}", wanted.content));
    let words: Vec<String> = words.chain(content).collect();
    match words.as_slice() {
        [] => String::new(),
        words => format!(", with {}", words.join(", ")),
    }
}

fn versions(count: u64) -> String {
    match count {
        1 => "1 version".to_owned(),
        count => format!("{count} versions"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::spec::Compared;

    fn receipt(started: &str, depth: Depth) -> Verified {
        Verified {
            subject: ProofSubject(String::new()),
            receipt: format!("sha256:{started}"),
            depth,
            compared: [].into(),
            content: Share::NONE,
            as_of: started.to_owned(),
            age: 60,
            equal: 5,
            expected: 1,
            different: 0,
            unprovable: 0,
        }
    }

    fn says(receipts: &[Verified], wanted: &VerifySpec) -> Result<String, String> {
        judged(&receipts.iter().collect::<Vec<_>>(), wanted)
    }

    #[test]
    fn a_deep_recent_clean_comparison_is_enough() {
        let wanted = VerifySpec::default();
        let good = || receipt("T2", Depth::Checksum);
        let met = says(&[good()], &wanted);
        assert_eq!(
            met,
            Ok(
                "by the comparison of T2: 5 versions equal, 1 version as expected (sha256:T2)"
                    .to_owned()
            )
        );
        assert!(says(&[receipt("T3", Depth::Listing), good()], &wanted).is_ok());
        assert!(says(&[], &wanted).is_err());
        assert!(says(&[receipt("T2", Depth::Listing)], &wanted).is_err());
        let listing = VerifySpec {
            depth: Depth::Listing,
            ..VerifySpec::default()
        };
        assert!(
            says(&[good()], &listing).is_ok(),
            "what is deeper covers it"
        );
    }

    #[test]
    fn stored_checksums_are_not_computed_ones() {
        let wanted = |depth| VerifySpec {
            depth,
            ..VerifySpec::default()
        };
        let by = |depth, wanted: &VerifySpec| says(&[receipt("T2", depth)], wanted).is_ok();
        let computed = wanted(Depth::Computed);
        assert!(!by(Depth::Checksum, &computed) && !by(Depth::Listing, &computed));
        assert!(by(Depth::Computed, &computed) && by(Depth::Content, &computed));
        assert!(by(Depth::Computed, &wanted(Depth::Checksum)));
        let all = VerifySpec {
            content: Share::ALL,
            ..wanted(Depth::Content)
        };
        assert!(!by(Depth::Computed, &all), "bytes are not read by it");
    }

    #[test]
    fn each_lack_is_enough_to_wait() {
        let wanted = VerifySpec {
            compare: [Compared::Tags].into(),
            max_age: 60,
            content: Share::of_percent("1%").unwrap(),
            ..VerifySpec::default()
        };
        let good = Verified {
            compared: Compared::ALL.into(),
            content: Share::ALL,
            ..receipt("T2", Depth::Checksum)
        };
        assert!(says(std::slice::from_ref(&good), &wanted).is_ok());
        let lacking = [
            (
                "content",
                Verified {
                    content: Share::NONE,
                    ..good.clone()
                },
            ),
            (
                "age",
                Verified {
                    age: 61,
                    ..good.clone()
                },
            ),
            (
                "tags",
                Verified {
                    compared: [Compared::Class].into(),
                    ..good.clone()
                },
            ),
            (
                "depth",
                Verified {
                    depth: Depth::Listing,
                    ..good.clone()
                },
            ),
            (
                "different",
                Verified {
                    different: 1,
                    ..good.clone()
                },
            ),
            (
                "unprovable",
                Verified {
                    unprovable: 1,
                    ..good.clone()
                },
            ),
        ];
        for (what, lacking) in lacking {
            assert!(says(&[lacking], &wanted).is_err(), "{what}");
        }
        let newer = Verified {
            different: 1,
            depth: Depth::Listing,
            ..receipt("T3", Depth::Listing)
        };
        let why = says(&[newer, good], &wanted).unwrap_err();
        assert!(why.contains("T3 found 1 version different"), "{why}");
    }
}
