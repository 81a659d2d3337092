//! Ids that look like AWS's and are the same in every run with the same seed and calls.

use std::sync::Mutex;

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &[u8] = b"0123456789abcdef";

/// A source of ids. Each part of the sandbox has its own, so that a call to one service does not
/// change the ids another service hands out.
#[derive(Debug)]
pub(crate) struct Ids {
    state: Mutex<u64>,
}

impl Ids {
    /// Starts the source of one part (`domain`) of a sandbox with this seed.
    pub(crate) fn new(seed: u64, domain: &str) -> Self {
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let state = domain.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, mix);
        Self {
            state: Mutex::new(state),
        }
    }

    /// Returns the unique id of an IAM entity: a four-letter prefix and seventeen characters.
    pub(crate) fn unique_id(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.text(UPPER, 17))
    }

    /// Returns an access key id: a four-letter prefix and sixteen characters.
    pub(crate) fn access_key_id(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.text(UPPER, 16))
    }

    /// Returns letters and digits, as in secret keys, session tokens and version ids.
    pub(crate) fn mixed(&self, length: usize) -> String {
        self.text(MIXED, length)
    }

    /// Returns an id in the form of a UUID, as in the request ids of IAM and STS.
    pub(crate) fn uuid(&self) -> String {
        let hex = self.text(HEX, 32);
        let (a, b, c, d, e) = (
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..],
        );
        format!("{a}-{b}-4{c}-a{d}-{e}")
    }

    fn text(&self, alphabet: &[u8], length: usize) -> String {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let pick = |n: u64| alphabet[(n % alphabet.len() as u64) as usize] as char;
        (0..length).map(|_| pick(next(&mut state) >> 16)).collect()
    }
}

/// SplitMix64: short, seedable and good enough for ids; nothing here is secret.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let ids = || {
            let ids = Ids::new(7, "iam");
            [
                ids.unique_id("AROA"),
                ids.mixed(40),
                ids.access_key_id("AKIA"),
                ids.uuid(),
            ]
        };
        assert_eq!(ids(), ids());
        assert_ne!(ids()[0], Ids::new(8, "iam").unique_id("AROA"));
        assert_ne!(ids()[0], Ids::new(7, "s3").unique_id("AROA"));
    }

    #[test]
    fn ids_have_their_service_s_shape() {
        let ids = Ids::new(1, "x");
        assert_eq!(ids.unique_id("AROA").len(), 21);
        assert_eq!(ids.uuid().len(), 36);
    }
}
