//! Amounts and decisions in words.

use s3ferry_core::format::{AccessVerdict, Change, FindingLevel, GateState, Reason, RiskLevel};

/// What is said of a plan with `--search`.
pub(crate) const SEARCHED: &str = "Every bucket, role, alarm and trail of the accounts was searched for what is this spec's (--search).";

/// A count with its noun, agreeing in number: `1 rule`, `2,000 rules`, `3 policies`.
#[must_use]
pub fn plural(count: u64, noun: &str) -> String {
    format!("{} {}", number(count), form(count, noun))
}

/// The noun in the form that goes with the count.
fn form(count: u64, noun: &str) -> String {
    if count == 1 {
        return noun.to_owned();
    }
    if let Some(stem) = noun.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'i', 'o', 'u'])
    {
        return format!("{stem}ies");
    }
    if noun.ends_with(['s', 'x', 'z']) || noun.ends_with("ch") || noun.ends_with("sh") {
        return format!("{noun}es");
    }
    format!("{noun}s")
}

/// `plural` for lengths.
pub(crate) fn count(length: usize, noun: &str) -> String {
    plural(u64::try_from(length).unwrap_or(u64::MAX), noun)
}

/// A number with commas between its thousands.
#[must_use]
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A duration in its two largest units: `45 s`, `15 min`, `1 h 30 min`, `2 d 3 h`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    let (large, small) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..3_600 => ((60, "min"), (1, "s")),
        3_600..86_400 => ((3_600, "h"), (60, "min")),
        _ => ((86_400, "d"), (3_600, "h")),
    };
    let first = format!("{} {}", number(seconds / large.0), large.1);
    match seconds % large.0 / small.0 {
        0 => first,
        rest => format!("{first} {rest} {}", small.1),
    }
}

/// A size in binary units with at most one decimal, rounded down: `512 B`, `1.5 KiB`, `100 GiB`.
#[must_use]
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if size < 1_024 {
        return format!("{size} B");
    }
    let power = size.ilog2() / 10;
    let tenths = u128::from(size) * 10 / (1_u128 << (10 * power));
    let unit = UNITS[power as usize - 1];
    match tenths % 10 {
        0 => format!("{} {unit}", tenths / 10),
        tenth => format!("{}.{tenth} {unit}", tenths / 10),
    }
}

/// Why a change is planned, as a clause.
pub(crate) const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Missing => "the spec asks for it",
        Reason::Differs => "it differs from the spec",
        Reason::LeftSpec => "it is s3ferry's and left the spec",
        Reason::Phase => "the phase of its migration does not have it",
        Reason::Adopted => "guards.adopt hands it to s3ferry",
        Reason::BrokenPrincipal => "its principal was deleted and left a dangling ID",
        Reason::Unproven => "no proof covers it as it will be",
        Reason::LeftBehind => "an earlier run left it there",
    }
}

pub(crate) const fn risk(level: RiskLevel) -> &'static str {
    match level {
        RiskLevel::Low => "low risk",
        RiskLevel::Medium => "medium risk",
        RiskLevel::High => "HIGH RISK",
    }
}

pub(crate) const fn gate(state: GateState) -> &'static str {
    match state {
        GateState::Met => "met",
        GateState::Pending => "pending",
        GateState::Waiting => "waiting",
        GateState::Blocked => "BLOCKED",
    }
}

pub(crate) const fn finding(level: FindingLevel) -> &'static str {
    match level {
        FindingLevel::Blocked => "BLOCKED",
        FindingLevel::Warning => "warning",
        FindingLevel::Note => "note",
    }
}

/// How the access changes, as a clause. A statement that comes or goes grants or takes what its table shows.
pub(crate) fn access(change: &Change, verdict: AccessVerdict) -> &'static str {
    match (verdict, change.before.is_null(), change.after.is_null()) {
        (AccessVerdict::Broader, true, _) => "newly granted",
        (AccessVerdict::Narrower, _, true) => "taken away",
        (AccessVerdict::Equal, _, _) => "the same as before",
        (AccessVerdict::Broader, _, _) => "BROADER than before",
        (AccessVerdict::Narrower, _, _) => "narrower than before",
        (AccessVerdict::Different, _, _) => "in part BROADER, in part narrower than before",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_agree_with_their_counts() {
        assert_eq!(plural(1, "policy"), "1 policy");
        assert_eq!(plural(0, "policy"), "0 policies");
        assert_eq!(plural(2_000, "rule"), "2,000 rules");
        assert_eq!(plural(2, "key"), "2 keys");
        assert_eq!(plural(2, "address"), "2 addresses");
    }

    #[test]
    fn numbers_have_commas_between_thousands() {
        assert_eq!(number(999), "999");
        assert_eq!(number(1_000), "1,000");
        assert_eq!(number(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        let shown = [0, 59, 60, 900, 3_599, 5_400, 86_400, 97_200].map(duration);
        assert_eq!(
            shown,
            [
                "0 s",
                "59 s",
                "1 min",
                "15 min",
                "59 min 59 s",
                "1 h 30 min",
                "1 d",
                "1 d 3 h"
            ]
        );
    }

    #[test]
    fn sizes_use_binary_units_and_round_down() {
        let shown = [0, 1_023, 1_024, 1_536, 107_374_182_400, u64::MAX].map(bytes);
        assert_eq!(
            shown,
            ["0 B", "1023 B", "1 KiB", "1.5 KiB", "100 GiB", "15.9 EiB"]
        );
    }
}
